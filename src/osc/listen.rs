//! What is heard, on one port.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::speaker::Asker;
use super::understood::{Refusal, Understood, understand};
use super::{Conversation, OscError, Tally, resolve};

/// No datagram is longer.
const LONGEST_PACKET: usize = 65536;
/// How often it is asked, while nothing comes, whether to stop.
const PATIENCE: Duration = Duration::from_millis(250);
/// From one try to the next at a port that cannot be had.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// From one line of the log about dropped packets to the next, however many come.
const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(60);

/// Hears what patches want, and has it done.
pub struct Server {
    wanted: SocketAddr,
    /// None while the port cannot be had.
    socket: Option<Arc<UdpSocket>>,
    /// Whether the log was told that nothing is heard.
    is_deaf: bool,
    tally: Tally,
}

impl Server {
    /// On `address`, a HOST:PORT. Where the port cannot be had, the log is told,
    /// and [`answer`](Server::answer) tries again.
    ///
    /// # Errors
    ///
    /// Where `address` is none.
    pub fn new(address: &str) -> Result<Server, OscError> {
        let mut server = Server {
            wanted: resolve(address)?,
            socket: None,
            is_deaf: false,
            tally: Tally::default(),
        };
        server.open();
        let at = server.address();
        if !at.ip().is_loopback() {
            tracing::warn!("OSC on {at}: whoever reaches this machine can ask and command");
        }
        Ok(server)
    }

    /// Refuses to hear what is sent to `targets`: it would be antiphon's own.
    ///
    /// # Errors
    ///
    /// Where it hears one of them.
    pub fn check(&self, mut targets: impl Iterator<Item = SocketAddr>) -> Result<(), OscError> {
        let address = self.address();
        match targets.any(|target| target == address) {
            true => Err(OscError::Circle { address }),
            false => Ok(()),
        }
    }

    /// Where it listens, or would.
    pub fn address(&self) -> SocketAddr {
        let bound = self.socket.as_ref().and_then(|s| s.local_addr().ok());
        bound.unwrap_or(self.wanted)
    }

    /// Counts what is received.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Has `conversation` do what is wanted, whoever asks, until `stop` is set.
    pub fn answer(mut self, conversation: &Conversation, stop: &AtomicBool) {
        let mut dropped = Dropped::default();
        let mut buffer = vec![0; LONGEST_PACKET];
        let mut tried = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            if let Some((packet, asker)) = self.receive(&mut buffer) {
                let Understood { commands, refusals } =
                    understand(packet, conversation.speaker().prefix());
                // Before the answers, so that whoever has them finds the questions counted.
                self.tally.add(commands.len(), &refusals);
                for command in commands {
                    conversation.hear(command, &asker);
                }
                for refusal in refusals {
                    conversation.refuse(&refusal, &asker);
                    dropped.add(refusal);
                }
            } else if self.socket.is_none() {
                std::thread::sleep(PATIENCE);
                if tried.elapsed() >= BETWEEN_TRIES {
                    tried = Instant::now();
                    self.open();
                }
            }
            if let Some(complaint) = dropped.complaint(Instant::now()) {
                tracing::warn!("{complaint}");
            }
        }
    }

    fn open(&mut self) {
        let opened = UdpSocket::bind(self.wanted).and_then(|socket| {
            socket.set_read_timeout(Some(PATIENCE))?;
            Ok(socket)
        });
        match opened {
            Ok(socket) => self.socket = Some(Arc::new(socket)),
            Err(cause) => self.lose(cause),
        }
    }

    /// The next packet, if one comes soon, and who sent it.
    fn receive<'b>(&mut self, buffer: &'b mut [u8]) -> Option<(&'b [u8], Asker)> {
        let socket = Arc::clone(self.socket.as_ref()?);
        let received = socket.recv_from(buffer);
        match received {
            Err(error) if !is_idle(&error) => {
                self.lose(error);
                None
            }
            // Told only now: a port that can be had and is lost at once, again
            // and again, is two lines a second otherwise.
            alive => {
                if std::mem::take(&mut self.is_deaf) {
                    tracing::info!("OSC is heard on {} now", self.address());
                }
                let (length, sender) = alive.ok()?;
                Some((&buffer[..length], Asker::new(socket, sender)))
            }
        }
    }

    /// A socket whose network has gone does not come back; a new one may.
    fn lose(&mut self, cause: io::Error) {
        self.socket = None;
        if !std::mem::replace(&mut self.is_deaf, true) {
            let address = self.wanted;
            tracing::warn!("{}", OscError::Listen { address, cause });
        }
    }
}

fn is_idle(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// Packets, or messages of bundles, that were dropped, and when the log was last told.
#[derive(Default)]
struct Dropped {
    untold: u64,
    last: Option<Refusal>,
    told: Option<Instant>,
}

impl Dropped {
    fn add(&mut self, refusal: Refusal) {
        self.untold += 1;
        self.last = Some(refusal);
    }

    /// A line for the log, the first at once, then one for all those in between.
    fn complaint(&mut self, now: Instant) -> Option<String> {
        let told_just_now = self
            .told
            .is_some_and(|told| now.duration_since(told) < BETWEEN_COMPLAINTS);
        if told_just_now {
            return None;
        }
        let last = self.last.take()?;
        let packets = match std::mem::take(&mut self.untold) {
            1 => "an OSC message was dropped".to_owned(),
            n => format!("{n} OSC messages were dropped, the last one"),
        };
        self.told = Some(now);
        Some(format!("{packets} because {last}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_dies_is_opened_again() {
        let mut server = Server::new("127.0.0.1:0").unwrap();
        server.lose(io::ErrorKind::NetworkDown.into());
        assert!(server.is_deaf);
        assert!(server.receive(&mut [0; 16]).is_none());
        server.open();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"/a\0\0", server.address()).unwrap();
        let mut buffer = [0; 16];
        let (packet, _) = server.receive(&mut buffer).unwrap();
        assert_eq!(packet, b"/a\0\0");
        assert!(!server.is_deaf);
    }

    #[test]
    fn a_flood_of_packets_is_two_lines_in_a_minute() {
        let mut dropped = Dropped::default();
        let start = Instant::now();
        assert_eq!(dropped.complaint(start), None);
        dropped.add(Refusal::Empty);
        let first = dropped.complaint(start).unwrap();
        assert!(first.starts_with("an OSC message was dropped"), "{first}");
        for _ in 0..1000 {
            dropped.add(Refusal::TooDeep);
            assert_eq!(dropped.complaint(start + Duration::from_secs(59)), None);
        }
        let second = dropped.complaint(start + Duration::from_secs(61)).unwrap();
        assert!(
            second.starts_with("1000 OSC messages were dropped"),
            "{second}"
        );
        assert!(second.contains("bundle"), "{second}");
    }
}
