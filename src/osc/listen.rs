//! What is heard, on one port.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::packet::{Contents, DEEPEST, HeardMessage, MOST_MESSAGES};
use super::pattern::matches;
use super::{Announcer, OscError, Tally, resolve};
use crate::status::Counts;

/// No datagram is longer.
const LONGEST_PACKET: usize = 65536;
/// How often it is asked, while nothing comes, whether to stop.
const PATIENCE: Duration = Duration::from_millis(250);
/// From one try to the next at a port that cannot be had.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// From one line of the log about dropped packets to the next, however many come.
const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(60);
/// From one count of the folder to the next, however often somebody asks.
const BETWEEN_COUNTS: Duration = Duration::from_millis(250);
/// Characters of an unknown address that are told: a line of the log stays one line.
const TOLD: usize = 80;

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Query {
    /// `/antiphon/ping`: whether anybody is there.
    Ping,
    /// `/antiphon/status`: how many seeds are where.
    Status,
    /// `/antiphon/follow F`: how closely answers are to follow from now on, 0 to 1.
    Follow(f64),
}

/// What a message asks, or why it does not.
type Ask = fn(&HeardMessage) -> Result<Query, Refusal>;

/// All queries by their addresses.
const QUERIES: [(&str, Ask); 3] = [
    ("/antiphon/ping", |_| Ok(Query::Ping)),
    ("/antiphon/status", |_| Ok(Query::Status)),
    ("/antiphon/follow", |message| {
        let strength = message.number().filter(|f| (0.0..=1.0).contains(f));
        strength.map(Query::Follow).ok_or(Refusal::NoStrength)
    }),
];

/// Why a packet, or a message of a bundle, was dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is empty")]
    Empty,
    #[error(
        "it is no OSC: it begins neither with an address nor with #bundle (in Pd, write \
         [oscformat] before [netsend -u -b])"
    )]
    NoOsc,
    #[error("a bundle in it is cut off, or says that it is longer than it is")]
    CutOff,
    #[error("bundles lie in bundles more than {DEEPEST} deep")]
    TooDeep,
    #[error("it holds more than {MOST_MESSAGES} messages")]
    TooMany,
    #[error("/antiphon/follow goes with one number, from 0 to 1")]
    NoStrength,
    #[error(
        "antiphon does not know {0:?}; it knows /antiphon/ping, /antiphon/status and \
         /antiphon/follow"
    )]
    Unknown(String),
}

impl Refusal {
    /// A word for it, which stays the same.
    pub fn key(&self) -> &'static str {
        match self {
            Refusal::Empty => "empty",
            Refusal::NoOsc => "no-osc",
            Refusal::CutOff => "cut-off",
            Refusal::TooDeep => "too-deep",
            Refusal::TooMany => "too-many",
            Refusal::NoStrength => "no-strength",
            Refusal::Unknown(_) => "unknown",
        }
    }
}

/// What `packet` asks, in the order in which it asks, and why the rest of it is dropped.
pub fn queries(packet: &[u8]) -> (Vec<Query>, Vec<Refusal>) {
    let Contents {
        messages,
        mut refusals,
    } = match Contents::of(packet) {
        Ok(contents) => contents,
        Err(refusal) => return (vec![], vec![refusal]),
    };
    let mut queries = Vec::new();
    for message in messages {
        let pattern = message.address;
        let meant: Vec<_> = QUERIES
            .iter()
            .filter(|(a, _)| matches(pattern, a))
            .collect();
        if meant.is_empty() {
            let text = String::from_utf8_lossy(pattern);
            refusals.push(Refusal::Unknown(text.chars().take(TOLD).collect()));
        }
        let by_name = meant.len() == 1;
        for (_, ask) in meant {
            match ask(&message) {
                Ok(query) => queries.push(query),
                Err(refusal) if by_name => refusals.push(refusal),
                // A pattern that means all means those that need nothing.
                Err(_) => {}
            }
        }
    }
    (queries, refusals)
}

/// Hears a patch's queries and replies to them.
pub struct Server {
    wanted: SocketAddr,
    /// None while the port cannot be had.
    socket: Option<UdpSocket>,
    /// Whether the log was told that nothing is heard.
    is_deaf: bool,
    tally: Tally,
    /// What follows from [`Query::Follow`].
    on_follow: Box<dyn Fn(f64) + Send>,
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
            on_follow: Box::new(|_| ()),
        };
        server.open();
        let at = server.address();
        if !at.ip().is_loopback() {
            tracing::warn!("OSC on {at}: whoever reaches this machine can ask");
        }
        Ok(server)
    }

    /// The same, which has `on_follow` done where somebody says how closely answers are to
    /// follow.
    pub fn on_follow(self, on_follow: impl Fn(f64) + Send + 'static) -> Server {
        Server {
            on_follow: Box::new(on_follow),
            ..self
        }
    }

    /// Where it listens, or would.
    pub fn address(&self) -> SocketAddr {
        let bound = self.socket.as_ref().and_then(|s| s.local_addr().ok());
        bound.unwrap_or(self.wanted)
    }

    /// What is received from now on, counted.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Answers through `announcer`, whoever asks, until `stop` is set. `root`
    /// is the folder that is watched.
    pub fn answer(mut self, announcer: &Announcer, root: &Path, stop: &AtomicBool) {
        let tally = self.tally();
        let on_follow = std::mem::replace(&mut self.on_follow, Box::new(|_| ()));
        let mut answers = Replies::new(announcer, root, &tally, &on_follow);
        let mut buffer = vec![0; LONGEST_PACKET];
        let mut tried = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            if let Some(packet) = self.receive(&mut buffer) {
                answers.hear(packet);
            } else if self.socket.is_none() {
                std::thread::sleep(PATIENCE);
                if tried.elapsed() >= BETWEEN_TRIES {
                    tried = Instant::now();
                    self.open();
                }
            }
            answers.complain();
        }
    }

    fn open(&mut self) {
        let opened = UdpSocket::bind(self.wanted).and_then(|socket| {
            socket.set_read_timeout(Some(PATIENCE))?;
            Ok(socket)
        });
        match opened {
            Ok(socket) => self.socket = Some(socket),
            Err(cause) => self.lose(cause),
        }
    }

    /// The next packet, if one comes soon.
    fn receive<'b>(&mut self, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let received = self.socket.as_ref()?.recv_from(buffer);
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
                alive.ok().map(|(length, _)| &buffer[..length])
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

/// The state of a conversation.
struct Replies<'a> {
    announcer: &'a Announcer,
    root: &'a Path,
    counts: Option<(Instant, Counts)>,
    tally: &'a Tally,
    on_follow: &'a dyn Fn(f64),
    dropped: Dropped,
}

impl<'a> Replies<'a> {
    fn new(
        announcer: &'a Announcer,
        root: &'a Path,
        tally: &'a Tally,
        on_follow: &'a dyn Fn(f64),
    ) -> Self {
        Replies {
            announcer,
            root,
            counts: None,
            tally,
            on_follow,
            dropped: Dropped::default(),
        }
    }

    fn hear(&mut self, packet: &[u8]) {
        let (queries, refusals) = queries(packet);
        // Before the answers, so that whoever has them finds the queries counted.
        self.tally.add(queries.len(), &refusals);
        for query in queries {
            match query {
                Query::Ping => self.announcer.pong(),
                Query::Follow(strength) => {
                    (self.on_follow)(strength);
                    self.announcer.follow(strength);
                }
                Query::Status => {
                    if let Some(counts) = self.counts() {
                        self.announcer.status(counts);
                    }
                }
            }
        }
        for refusal in refusals {
            self.dropped.add(refusal);
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

    fn bundle(elements: &[&[u8]]) -> Vec<u8> {
        let mut bundle = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
        for element in elements {
            bundle.extend((element.len() as u32).to_be_bytes());
            bundle.extend(*element);
        }
        bundle
    }

    #[test]
    fn the_two_queries_are_understood_with_whatever_arguments() {
        assert_eq!(
            queries(b"/antiphon/ping\0\0,\0\0\0"),
            (vec![Query::Ping], vec![])
        );
        assert_eq!(
            queries(b"/antiphon/status\0\0\0\0,f\0\0\x3f\x80\0\0"),
            (vec![Query::Status], vec![])
        );
    }

    #[test]
    fn following_goes_with_a_number() {
        let half = b"/antiphon/follow\0\0\0\0,f\0\0\x3f\0\0\0";
        assert_eq!(queries(half), (vec![Query::Follow(0.5)], vec![]));
        for wrong in [
            &b"/antiphon/follow\0\0\0\0"[..],
            b"/antiphon/follow\0\0\0\0,f\0\0\x40\0\0\0",
            b"/antiphon/follow\0\0\0\0,s\0\0all\0",
        ] {
            assert_eq!(queries(wrong), (vec![], vec![Refusal::NoStrength]));
        }
    }

    #[test]
    fn a_packet_asks_all_that_it_means_in_its_order() {
        let packet = bundle(&[
            b"/antiphon/status\0\0\0\0",
            b"/volume\0,f\0\0\x3f\x80\0\0",
            b"/antiphon/*\0",
        ]);
        assert_eq!(
            queries(&packet),
            (
                vec![Query::Status, Query::Ping, Query::Status],
                vec![Refusal::Unknown("/volume".to_owned())]
            )
        );
    }

    #[test]
    fn what_is_no_query_is_refused_with_its_reason() {
        let long = [b"/".as_slice(), &[b'x'; 1000]].concat();
        for (packet, refusal) in [
            (&b""[..], Refusal::Empty),
            (b"ping", Refusal::NoOsc),
            (b"#bundle\0", Refusal::CutOff),
            (
                b"/antiphon/dance\0",
                Refusal::Unknown("/antiphon/dance".to_owned()),
            ),
            (
                b"/caf\xe9\0\0\0",
                Refusal::Unknown("/caf\u{fffd}".to_owned()),
            ),
            (&long, Refusal::Unknown(format!("/{}", "x".repeat(79)))),
        ] {
            assert_eq!(queries(packet), (vec![], vec![refusal]));
        }
    }

    #[test]
    fn a_socket_that_dies_is_opened_again() {
        let mut server = Server::new("127.0.0.1:0").unwrap();
        server.lose(io::ErrorKind::NetworkDown.into());
        assert!(server.is_deaf);
        assert_eq!(server.receive(&mut [0; 16]), None);
        server.open();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"/a\0\0", server.address()).unwrap();
        assert_eq!(server.receive(&mut [0; 16]), Some(&b"/a\0\0"[..]));
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
