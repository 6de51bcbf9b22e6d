//! What is said over OSC: flat messages to one address, a doorbell that is
//! never needed to find out what happened.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};

use rosc::{OscMessage, OscPacket, OscType};

use crate::watch::Event;

/// Tells a patch what happens to its seeds.
pub struct Announcer {
    socket: UdpSocket,
    target: SocketAddr,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum OscError {
    #[error("\"{target}\" is no OSC address: write HOST:PORT, 127.0.0.1:7400 say")]
    Address { target: String },
    #[error("cannot open a socket for OSC: {0}")]
    Socket(std::io::Error),
}

impl Announcer {
    /// Tells `target`, a HOST:PORT.
    pub fn new(target: &str) -> Result<Announcer, OscError> {
        let address = || OscError::Address {
            target: target.to_owned(),
        };
        let target = target
            .to_socket_addrs()
            .map_err(|_| address())?
            .next()
            .ok_or_else(address)?;
        // Bound to loopback where that reaches the target, so that nobody
        // beyond this machine can send anything to the socket.
        let any_port = match (target, target.ip().is_loopback()) {
            (SocketAddr::V4(_), true) => "127.0.0.1:0",
            (SocketAddr::V4(_), false) => "0.0.0.0:0",
            (SocketAddr::V6(_), true) => "[::1]:0",
            (SocketAddr::V6(_), false) => "[::]:0",
        };
        Ok(Announcer {
            socket: UdpSocket::bind(any_port).map_err(OscError::Socket)?,
            target,
        })
    }

    /// Tells `event`. Nobody listening is no error.
    pub fn announce(&self, event: &Event) {
        let Some(message) = message(event) else {
            return;
        };
        let packet = OscPacket::Message(message);
        let sent = match rosc::encoder::encode(&packet) {
            Ok(bytes) => self
                .socket
                .send_to(&bytes, self.target)
                .map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            tracing::debug!("OSC to {}: {error}", self.target);
        }
    }
}

/// `/antiphon/ready`, `/seen id name`, `/done id path seconds`, `/error id text`;
/// what concerns no job has the id 0.
fn message(event: &Event) -> Option<OscMessage> {
    let (verb, args) = match event {
        Event::Ready => ("ready", vec![]),
        Event::Seen { id, name } => ("seen", vec![OscType::Int(*id), name.as_str().into()]),
        Event::Done { id, path, seconds } => {
            let path = path.to_string_lossy().into_owned();
            (
                "done",
                vec![
                    OscType::Int(*id),
                    path.into(),
                    OscType::Float(*seconds as f32),
                ],
            )
        }
        Event::Failed { id, reason } => ("error", vec![OscType::Int(*id), reason.as_str().into()]),
        Event::Trouble { reason } => ("error", vec![OscType::Int(0), reason.as_str().into()]),
        Event::Alive => return None,
    };
    Some(OscMessage {
        addr: format!("/antiphon/{verb}"),
        args,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_flat_messages_of_ints_floats_and_strings() {
        let done = message(&Event::Done {
            id: 3,
            path: "/tmp/a.0001.wav".into(),
            seconds: 10.0,
        })
        .unwrap();
        assert_eq!(done.addr, "/antiphon/done");
        let expected = [
            OscType::Int(3),
            OscType::String("/tmp/a.0001.wav".to_owned()),
            OscType::Float(10.0),
        ];
        assert_eq!(done.args, expected);
        let ready = message(&Event::Ready).unwrap();
        assert_eq!(
            (ready.addr.as_str(), ready.args.len()),
            ("/antiphon/ready", 0)
        );
        assert_eq!(message(&Event::Alive), None);
    }

    #[test]
    fn a_target_that_is_no_address_is_refused() {
        for target in ["nonsense", "localhost", "127.0.0.1:port", ":"] {
            let error = Announcer::new(target).err().unwrap();
            assert!(error.to_string().contains("HOST:PORT"), "{error}");
        }
    }

    #[test]
    fn nobody_listening_is_no_error() {
        Announcer::new("127.0.0.1:9")
            .unwrap()
            .announce(&Event::Ready);
    }
}
