//! What is said, to one address.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rosc::{OscMessage, OscPacket, OscType};

use super::{OscError, resolve};
use crate::answer::Heard;
use crate::status::Counts;
use crate::watch::Event;

/// Tells a patch what happens to its seeds.
pub struct Announcer {
    socket: UdpSocket,
    target: SocketAddr,
    /// Whether the log was told that nothing can be sent.
    is_mute: AtomicBool,
}

impl Announcer {
    /// Tells `target`, a HOST:PORT, which may be all machines of a network (a
    /// broadcast address) or all that want to know (a multicast one).
    pub fn new(target: &str) -> Result<Announcer, OscError> {
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
        Ok(Announcer {
            socket,
            target,
            is_mute: AtomicBool::new(false),
        })
    }

    /// Whom it tells.
    pub fn target(&self) -> SocketAddr {
        self.target
    }

    /// Tells `event`. Nobody listening is no error.
    pub fn announce(&self, event: &Event) {
        for message in messages(event) {
            self.send(message);
        }
    }

    /// Answers `/antiphon/ping`.
    pub fn pong(&self) {
        self.send(say("pong", vec![]));
    }

    /// Answers `/antiphon/follow F` with what stands from now on.
    pub fn follow(&self, strength: f64) {
        self.send(say("follow", vec![OscType::Float(strength as f32)]));
    }

    /// Tells how many seeds are where: `/antiphon/status waiting working done failed`.
    pub fn status(&self, counts: Counts) {
        let numbers = [counts.waiting, counts.working, counts.done, counts.failed];
        self.send(say("status", numbers.map(int).to_vec()));
    }

    fn send(&self, message: OscMessage) {
        let sent = match rosc::encoder::encode(&OscPacket::Message(message)) {
            Ok(bytes) => self
                .socket
                .send_to(&bytes, self.target)
                .map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
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

/// `/antiphon/ready`, `/seen id name`, `/done id path seconds`, `/error id text`;
/// `/variation id n path seconds` for each of a set, then `/set id n path`. What
/// concerns no job has the id 0.
fn messages(event: &Event) -> Vec<OscMessage> {
    let message = match event {
        Event::Ready => say("ready", vec![]),
        Event::Seen { id, name, .. } => say("seen", vec![OscType::Int(*id), name.as_str().into()]),
        Event::Heard { id, heard, .. } => of_heard(*id, heard),
        Event::Progress {
            id, percent, eta, ..
        } => {
            let percent = OscType::Int(*percent);
            say("progress", vec![OscType::Int(*id), percent, float(*eta)])
        }
        Event::Done {
            id, path, seconds, ..
        } => say("done", vec![OscType::Int(*id), text(path), float(*seconds)]),
        Event::SetDone {
            id,
            path,
            variations,
            ..
        } => return of_set(*id, path, variations),
        Event::Failed { id, reason, .. } => {
            say("error", vec![OscType::Int(*id), reason.as_str().into()])
        }
        Event::Trouble { reason: text } | Event::Remark { text } => {
            say("error", vec![OscType::Int(0), text.as_str().into()])
        }
        Event::Alive { .. } => return Vec::new(),
    };
    vec![message]
}

/// `/antiphon/heard id loudness seconds`, and twelve pitch classes, C first.
fn of_heard(id: i32, heard: &Heard) -> OscMessage {
    let classes = heard.pitch_classes.map(float);
    let mut arguments = vec![
        OscType::Int(id),
        float(heard.loudness),
        float(heard.seconds),
    ];
    arguments.extend(classes);
    say("heard", arguments)
}

/// The set comes last: whoever hears of it has heard of all its variations.
fn of_set(id: i32, path: &Path, variations: &[(PathBuf, f64)]) -> Vec<OscMessage> {
    let variation = |(n, (path, seconds)): (usize, &(PathBuf, f64))| {
        let arguments = vec![OscType::Int(id), int(n + 1), text(path), float(*seconds)];
        say("variation", arguments)
    };
    let mut messages: Vec<_> = variations.iter().enumerate().map(variation).collect();
    let arguments = vec![OscType::Int(id), int(variations.len()), text(path)];
    messages.push(say("set", arguments));
    messages
}

fn text(path: &Path) -> OscType {
    path.to_string_lossy().into_owned().into()
}

fn float(number: f64) -> OscType {
    OscType::Float(number as f32)
}

fn int(number: usize) -> OscType {
    OscType::Int(i32::try_from(number).unwrap_or(i32::MAX))
}

fn say(verb: &str, args: Vec<OscType>) -> OscMessage {
    OscMessage {
        addr: format!("/antiphon/{verb}"),
        args,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_flat_messages_of_ints_floats_and_strings() {
        let done = messages(&Event::Done {
            id: 3,
            voice: None,
            path: "/tmp/a.0001.wav".into(),
            seconds: 10.0,
        });
        let expected = [
            OscType::Int(3),
            "/tmp/a.0001.wav".to_owned().into(),
            OscType::Float(10.0),
        ];
        assert_eq!(done, [say("done", expected.to_vec())]);
        assert_eq!(messages(&Event::Ready), [say("ready", vec![])]);
        let alive = Event::Alive {
            arriving: Vec::new(),
        };
        assert_eq!(messages(&alive), []);
    }

    #[test]
    fn what_was_heard_and_progress_are_flat_messages_as_well() {
        let (id, voice) = (3, None);
        let progress = messages(&Event::Progress {
            id,
            voice: voice.clone(),
            percent: 25,
            eta: 1.5,
        });
        let expected = vec![OscType::Int(3), OscType::Int(25), OscType::Float(1.5)];
        assert_eq!(progress, [say("progress", expected)]);
        let mut heard = Heard {
            loudness: -18.5,
            seconds: 4.0,
            pitch_classes: [0.0; 12],
        };
        heard.pitch_classes[4] = 1.0;
        let heard = messages(&Event::Heard { id, voice, heard });
        let mut expected = vec![OscType::Int(3), OscType::Float(-18.5), OscType::Float(4.0)];
        expected.extend(vec![OscType::Float(0.0); 12]);
        expected[3 + 4] = OscType::Float(1.0);
        assert_eq!(heard, [say("heard", expected)]);
    }

    #[test]
    fn a_set_is_told_of_after_its_variations() {
        let set = messages(&Event::SetDone {
            id: 3,
            voice: None,
            path: "/tmp/a.0001".into(),
            variations: vec![
                ("/tmp/a.0001/01.wav".into(), 1.5),
                ("/tmp/a.0001/02.wav".into(), 2.0),
            ],
        });
        let variation = |n: i32, path: &str, seconds: f32| {
            let arguments = [
                OscType::Int(3),
                OscType::Int(n),
                path.into(),
                OscType::Float(seconds),
            ];
            say("variation", arguments.to_vec())
        };
        let expected = [
            variation(1, "/tmp/a.0001/01.wav", 1.5),
            variation(2, "/tmp/a.0001/02.wav", 2.0),
            say(
                "set",
                vec![OscType::Int(3), OscType::Int(2), "/tmp/a.0001".into()],
            ),
        ];
        assert_eq!(set, expected);
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

    #[test]
    fn only_the_first_failure_and_the_first_success_after_it_are_news() {
        let announcer = Announcer::new("127.0.0.1:9").unwrap();
        let sends = [Ok(20), Err("a"), Err("b"), Ok(20), Ok(20), Err("c")];
        let news = sends.map(|sent| announcer.news(sent));
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
        let announcer = Announcer::new(&format!("127.255.255.255:{port}")).unwrap();
        announcer.announce(&Event::Ready);
        let mut buffer = [0; 64];
        let (length, _) = patch.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"/antiphon/ready\0,\0\0\0");
    }
}
