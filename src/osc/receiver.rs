//! One receiver: an address that messages are sent to.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};

use rosc::{OscMessage, OscPacket};

use super::said::Message;
use super::table::ROOT;
use super::{OscError, resolve};

/// Where messages are sent.
pub struct Receiver {
    socket: UdpSocket,
    target: SocketAddr,
    /// Whether the log was told that nothing can be sent.
    is_mute: AtomicBool,
}

impl Receiver {
    /// At `target`, a HOST:PORT, which may be all machines of a network (a
    /// broadcast address) or all that want to know (a multicast one).
    pub fn new(target: &str) -> Result<Receiver, OscError> {
        let target = resolve(target)?;
        // Bound to loopback where that reaches the target, so that nobody
        // beyond this machine can send anything to the socket.
        let any_port = match (target, target.ip().is_loopback()) {
            (SocketAddr::V4(_), true) => "127.0.0.1:0",
            (SocketAddr::V4(_), false) => "0.0.0.0:0",
            (SocketAddr::V6(_), true) => "[::1]:0",
            (SocketAddr::V6(_), false) => "[::]:0",
        };
        let socket = UdpSocket::bind(any_port)
            .and_then(|socket| socket.set_broadcast(true).map(|()| socket))
            .map_err(|cause| OscError::Socket { cause })?;
        Ok(Receiver {
            socket,
            target,
            is_mute: AtomicBool::new(false),
        })
    }

    /// Whom it is.
    pub fn target(&self) -> SocketAddr {
        self.target
    }

    /// Sends a message. Nobody listening is no error.
    pub fn send(&self, bytes: &[u8]) {
        let sent = self.socket.send_to(bytes, self.target);
        match self.news(sent) {
            Some(Ok(())) => tracing::info!("OSC to {} can be sent again", self.target),
            Some(Err(error)) => tracing::warn!(
                "cannot send OSC to {}: {error}; each message is tried all the same, and answers \
                 appear as ever. Look at this machine's network, or at --osc",
                self.target
            ),
            None => {}
        }
    }

    /// What of `sent` is new to the log: the first failure, and the first success after it.
    fn news<E>(&self, sent: Result<usize, E>) -> Option<Result<(), E>> {
        let was_mute = self.is_mute.swap(sent.is_err(), Ordering::Relaxed);
        (was_mute != sent.is_err()).then_some(sent.map(drop))
    }
}

/// `message` as it is sent, with `prefix` in front of its address.
pub fn encoded(message: Message, prefix: &str) -> Vec<u8> {
    let message = OscMessage {
        addr: format!("{prefix}{ROOT}{}", message.verb),
        args: message.arguments,
    };
    rosc::encoder::encode(&OscPacket::Message(message)).expect("flat messages can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_no_address_is_refused() {
        for target in ["nonsense", "localhost", "127.0.0.1:port", ":"] {
            let error = Receiver::new(target).err().unwrap();
            assert!(error.to_string().contains("HOST:PORT"), "{error}");
        }
    }

    #[test]
    fn nobody_listening_is_no_error() {
        Receiver::new("127.0.0.1:9").unwrap().send(b"/a\0\0");
    }

    #[test]
    fn only_the_first_failure_and_the_first_success_after_it_are_news() {
        let receiver = Receiver::new("127.0.0.1:9").unwrap();
        let sends = [Ok(20), Err("a"), Err("b"), Ok(20), Ok(20), Err("c")];
        let news = sends.map(|sent| receiver.news(sent));
        let expected = [
            None,
            Some(Err("a")),
            None,
            Some(Ok(())),
            None,
            Some(Err("c")),
        ];
        assert_eq!(news, expected);
    }

    #[test]
    fn all_machines_of_a_network_are_told() {
        let patch = UdpSocket::bind("0.0.0.0:0").unwrap();
        patch
            .set_read_timeout(Some(std::time::Duration::from_secs(10)))
            .unwrap();
        let port = patch.local_addr().unwrap().port();
        let receiver = Receiver::new(&format!("127.255.255.255:{port}")).unwrap();
        let ready = Message {
            verb: "ready",
            arguments: vec![],
        };
        receiver.send(&encoded(ready, "/room2"));
        let mut buffer = [0; 64];
        let (length, _) = patch.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"/room2/antiphon/ready\0\0\0,\0\0\0");
    }
}
