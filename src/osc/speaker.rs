//! Whoever hears what happens: the receivers, and those who asked and want their answers.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

use super::receiver::{Receiver, encoded};
use super::said::{Message, messages};
use super::{OscError, Prefix};
use crate::watch::Event;

/// Jobs of which it is remembered who asked for them: more are never in work at once.
const MOST_ASKED: usize = 10_000;

/// Says what there is to say.
pub struct Speaker {
    receivers: Vec<Receiver>,
    prefix: Prefix,
    /// Who asked for which job, where answers go to whoever asks.
    asked: Mutex<HashMap<i32, Asker>>,
    /// Held while something is said: all hear all in the same order.
    speaking: Mutex<()>,
}

/// Somebody who asked, and wants the answer to come back to where it was asked from.
#[derive(Clone, Debug)]
pub struct Asker {
    /// What it was asked on: some programs hear nothing from elsewhere.
    socket: Arc<UdpSocket>,
    address: SocketAddr,
}

impl Asker {
    /// At `address`, answered through `socket`.
    pub fn new(socket: Arc<UdpSocket>, address: SocketAddr) -> Asker {
        Asker { socket, address }
    }

    fn send(&self, bytes: &[u8]) {
        // Who has gone since hears nothing.
        let _ = self.socket.send_to(bytes, self.address);
    }
}

impl Speaker {
    /// To each of `targets`, a HOST:PORT, with `prefix` in front of all addresses.
    ///
    /// # Errors
    ///
    /// Where one is no address.
    pub fn new(targets: &[String], prefix: Prefix) -> Result<Speaker, OscError> {
        let receivers = targets.iter().map(|target| Receiver::new(target));
        Ok(Speaker {
            receivers: receivers.collect::<Result<_, _>>()?,
            prefix,
            asked: Mutex::default(),
            speaking: Mutex::default(),
        })
    }

    /// What stands in front of all addresses.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Whom it tells.
    pub fn targets(&self) -> impl Iterator<Item = SocketAddr> {
        self.receivers.iter().map(Receiver::target)
    }

    /// Says what `event` is, to the receivers and to who asked for the job.
    pub fn tell(&self, event: &Event) {
        let asker = self.asker_of(event);
        for message in messages(event) {
            let bytes = encoded(message, self.prefix.as_str());
            self.send(&bytes);
            if let Some(asker) = asker.as_ref().filter(|asker| !self.reaches(asker)) {
                asker.send(&bytes);
            }
        }
    }

    /// Says `message` to the receivers.
    pub fn say(&self, message: Message) {
        self.send(&encoded(message, self.prefix.as_str()));
    }

    /// Says `message` to `asker`, or to the receivers where there is none.
    pub fn answer(&self, asker: Option<&Asker>, message: Message) {
        match asker {
            Some(asker) => asker.send(&encoded(message, self.prefix.as_str())),
            None => self.say(message),
        }
    }

    /// What becomes of the job `id` is told to `asker` too.
    pub fn remember(&self, id: i32, asker: Asker) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() < MOST_ASKED {
            asked.insert(id, asker);
        }
    }

    fn asker_of(&self, event: &Event) -> Option<Asker> {
        let id = event.id()?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        match event.is_an_end() {
            true => asked.remove(&id),
            false => asked.get(&id).cloned(),
        }
    }

    fn reaches(&self, asker: &Asker) -> bool {
        self.targets().any(|target| target == asker.address)
    }

    fn send(&self, bytes: &[u8]) {
        let _speaking = self.speaking.lock().unwrap_or_else(PoisonError::into_inner);
        for receiver in &self.receivers {
            receiver.send(bytes);
        }
    }
}
