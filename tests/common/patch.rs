//! What a patch hears.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use rosc::{OscMessage, OscPacket};

/// The next OSC message that comes to `socket`, if there is one in time.
pub fn hear_within(socket: &UdpSocket, patience: Duration) -> Option<OscMessage> {
    let mut buffer = [0; 65536];
    let length = receive_within(socket, patience, &mut buffer)?;
    match rosc::decoder::decode_udp(&buffer[..length]).unwrap() {
        (_, OscPacket::Message(message)) => Some(message),
        (_, OscPacket::Bundle(_)) => panic!("bundles are never sent"),
    }
}

/// The length of the next packet that comes to `socket`, if there is one in time.
fn receive_within(socket: &UdpSocket, patience: Duration, buffer: &mut [u8]) -> Option<usize> {
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = left.max(Duration::from_millis(1));
        socket.set_read_timeout(Some(left)).unwrap();
        match socket.recv_from(buffer) {
            Ok((length, _)) => return Some(length),
            // A test that was stopped and goes on hears no signal, but its waiting ends.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
