//! What is heard, on one port.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rosc::{OscPacket, OscType};

use super::{Announcer, OscError, resolve};
use crate::status::Counts;

/// The longest packet that is looked at: what one frame of an Ethernet carries.
const LONGEST_PACKET: usize = rosc::decoder::MTU;
/// How long the end is not noticed at most.
const PATIENCE: Duration = Duration::from_millis(250);
/// The log tells of dropped packets so often at most.
const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(60);
/// The folder is counted so often at most, however often somebody asks.
const BETWEEN_COUNTS: Duration = Duration::from_millis(250);

/// What somebody wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// `/antiphon/ping`: whether anybody is there.
    Ping,
    /// `/antiphon/status`: how many seeds are where.
    Status,
}

/// Why a packet was dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is longer than {LONGEST_PACKET} bytes")]
    TooLong,
    #[error("it is a bundle or has an array in it; send single messages")]
    Nested,
    #[error("it is no OSC message: {0}")]
    Malformed(String),
    #[error("antiphon does not know {0:?}")]
    Unknown(String),
}

/// What the packet `bytes` asks.
pub fn question(bytes: &[u8]) -> Result<Question, Refusal> {
    if bytes.len() > LONGEST_PACKET {
        return Err(Refusal::TooLong);
    }
    // Before it is decoded: bundles may lie in bundles, as deep as they like.
    if bytes.starts_with(b"#bundle") {
        return Err(Refusal::Nested);
    }
    let malformed = |what: &dyn ToString| Refusal::Malformed(what.to_string());
    let (rest, packet) = rosc::decoder::decode_udp(bytes).map_err(|error| malformed(&error))?;
    let message = match packet {
        OscPacket::Message(message) if rest.is_empty() => message,
        OscPacket::Message(_) => return Err(malformed(&"something follows it")),
        OscPacket::Bundle(_) => return Err(Refusal::Nested),
    };
    let is_array = |argument: &OscType| matches!(argument, OscType::Array(_));
    if message.args.iter().any(is_array) {
        return Err(Refusal::Nested);
    }
    match message.addr.as_str() {
        "/antiphon/ping" => Ok(Question::Ping),
        "/antiphon/status" => Ok(Question::Status),
        _ => Err(Refusal::Unknown(message.addr.chars().take(80).collect())),
    }
}

/// Hears a patch's questions.
pub struct Listener {
    socket: UdpSocket,
    address: SocketAddr,
}

impl Listener {
    /// On `address`, a HOST:PORT.
    ///
    /// # Errors
    ///
    /// [`OscError::Listen`] where the port cannot be had, which is no reason to
    /// stop answering seeds.
    pub fn bind(address: &str) -> Result<Listener, OscError> {
        let address = resolve(address)?;
        let listen = |cause| OscError::Listen { address, cause };
        let socket = UdpSocket::bind(address).map_err(listen)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(listen)?;
        let address = socket.local_addr().map_err(listen)?;
        Ok(Listener { socket, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers through `announcer`, whoever asks, until `stop` is set. `root`
    /// is the folder that is watched.
    pub fn answer(&self, announcer: &Announcer, root: &Path, stop: &AtomicBool) {
        let mut answers = Answers::new(announcer, root);
        // One byte more, to tell what is too long from what is just as long as it may be.
        let mut buffer = [0; LONGEST_PACKET + 1];
        while !stop.load(Ordering::Relaxed) {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, _)) => answers.hear(&buffer[..length]),
                Err(error) if is_idle(&error) => {}
                Err(error) => {
                    tracing::debug!("OSC on {}: {error}", self.address);
                    std::thread::sleep(PATIENCE);
                }
            }
            answers.complain();
        }
    }
}

fn is_idle(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// The state of a conversation.
struct Answers<'a> {
    announcer: &'a Announcer,
    root: &'a Path,
    counts: Option<(Instant, Counts)>,
    dropped: Dropped,
}

impl<'a> Answers<'a> {
    fn new(announcer: &'a Announcer, root: &'a Path) -> Self {
        Answers {
            announcer,
            root,
            counts: None,
            dropped: Dropped::default(),
        }
    }

    fn hear(&mut self, packet: &[u8]) {
        match question(packet) {
            Ok(Question::Ping) => self.announcer.pong(),
            Ok(Question::Status) => {
                if let Some(counts) = self.counts() {
                    self.announcer.status(counts);
                }
            }
            Err(refusal) => self.dropped.add(refusal),
        }
    }

    fn counts(&mut self) -> Option<Counts> {
        if let Some((at, counts)) = self.counts
            && at.elapsed() < BETWEEN_COUNTS
        {
            return Some(counts);
        }
        let counts = Counts::of(self.root)
            .inspect_err(|error| tracing::debug!("{error}"))
            .ok()?;
        self.counts = Some((Instant::now(), counts));
        Some(counts)
    }

    fn complain(&mut self) {
        if let Some(complaint) = self.dropped.complaint(Instant::now()) {
            tracing::warn!("{complaint}");
        }
    }
}

/// Packets that were dropped, and when the log was last told.
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
            1 => "an OSC packet was dropped".to_owned(),
            n => format!("{n} OSC packets were dropped, the last one"),
        };
        self.told = Some(now);
        Some(format!("{packets} because {last}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_questions_are_understood_with_whatever_arguments() {
        assert_eq!(question(b"/antiphon/ping\0\0,\0\0\0"), Ok(Question::Ping));
        // Pd's way of saying a number, and a packet without type tags.
        assert_eq!(
            question(b"/antiphon/ping\0\0,f\0\0\x3f\x80\0\0"),
            Ok(Question::Ping)
        );
        assert_eq!(
            question(b"/antiphon/status\0\0\0\0,\0\0\0"),
            Ok(Question::Status)
        );
    }

    #[test]
    fn what_is_no_question_is_refused_with_its_reason() {
        let bundle = b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\x14/antiphon/ping\0\0,\0\0\0";
        assert_eq!(question(bundle), Err(Refusal::Nested));
        let array = b"/antiphon/ping\0\0,[]\0";
        assert_eq!(question(array), Err(Refusal::Nested));
        assert_eq!(question(&[b'/'; 1537]), Err(Refusal::TooLong));
        assert!(matches!(question(b""), Err(Refusal::Malformed(_))));
        assert!(matches!(
            question(b"/antiphon/ping"),
            Err(Refusal::Malformed(_))
        ));
        let more = b"/antiphon/ping\0\0,\0\0\0more";
        assert!(matches!(question(more), Err(Refusal::Malformed(_))));
        let unknown = question(b"/antiphon/dance\0,\0\0\0");
        assert_eq!(unknown, Err(Refusal::Unknown("/antiphon/dance".to_owned())));
    }

    #[test]
    fn a_flood_of_packets_is_two_lines_in_a_minute() {
        let mut dropped = Dropped::default();
        let start = Instant::now();
        assert_eq!(dropped.complaint(start), None);
        dropped.add(Refusal::TooLong);
        let first = dropped.complaint(start).unwrap();
        assert!(first.starts_with("an OSC packet was dropped"), "{first}");
        for _ in 0..1000 {
            dropped.add(Refusal::Nested);
            assert_eq!(dropped.complaint(start + Duration::from_secs(59)), None);
        }
        let second = dropped.complaint(start + Duration::from_secs(61)).unwrap();
        assert!(
            second.starts_with("1000 OSC packets were dropped"),
            "{second}"
        );
        assert!(second.contains("bundle"), "{second}");
    }
}
