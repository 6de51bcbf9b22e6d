//! All folders where seeds are put: `seeds/`, and one in it for each voice there is.

use std::collections::HashSet;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::entrance::{Entrance, left_behind};
use super::inbox::Arriving;
use super::notifications::{Hint, Notifications};
use super::remarks::Remarks;
use super::site::Site;
use super::voices::Roll;
use crate::names::readable;

/// How often voices are looked for.
const ROLL_CALL: Duration = Duration::from_secs(1);

/// The folders where seeds are put.
pub struct Entrances {
    /// The default voice's is the first.
    all: Vec<Entrance>,
    /// The one that is looked into first: each in turn.
    first: usize,
    notifications: Option<Notifications>,
    /// Of files that should name voices.
    remarks: Remarks,
    next_roll_call: Instant,
}

impl Entrances {
    /// Those of `site`, of which `tell` hears.
    pub fn new(site: &Site, tell: impl Fn(Option<String>, Hint) + Send + 'static) -> Entrances {
        let mut notifications = Notifications::new(tell);
        let main = Entrance::new(site, None);
        if let Some(notifications) = &mut notifications {
            notifications.add(main.folder(), None);
        }
        Entrances {
            all: vec![main],
            first: 0,
            notifications,
            remarks: Remarks::default(),
            next_roll_call: Instant::now(),
        }
    }

    /// That for the seeds of `voice`, if there is such a voice.
    pub fn of(&mut self, voice: Option<&str>) -> Option<&mut Entrance> {
        let mut all = self.all.iter_mut();
        all.find(|entrance| entrance.voice.as_deref() == voice)
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entrance> {
        self.all.iter_mut()
    }

    /// The voices in the order in which their entrances are to be looked into: where there
    /// is room for some seeds only, it is another one's turn each time.
    pub fn in_turn(&mut self) -> Vec<Option<String>> {
        self.first = (self.first + 1) % self.all.len();
        let (late, early) = self.all.split_at(self.first);
        let in_turn = early.iter().chain(late);
        in_turn.map(|entrance| entrance.voice.clone()).collect()
    }

    /// What is not complete yet.
    pub fn arriving(&self, now: Instant) -> Vec<Arriving> {
        let arriving = self.all.iter().map(|entrance| entrance.inbox.arriving(now));
        arriving.flatten().collect()
    }

    /// When one has to be looked into again, whatever the system tells.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.all
            .iter()
            .filter_map(|entrance| entrance.inbox.due(now))
            .min()
    }

    /// Sentences that are to be told, each once.
    pub fn take_remarks(&mut self) -> Vec<String> {
        let entrances = self.all.iter_mut();
        let mut remarks: Vec<_> = entrances.flat_map(|e| e.inbox.take_remarks()).collect();
        remarks.extend(self.remarks.take());
        remarks
    }

    /// Finds out which voices there are, if it is time to: those that have come have
    /// entrances, and those that have gone have none any more.
    pub fn call_roll_if_due(&mut self, site: &Site, now: Instant) {
        if now < self.next_roll_call {
            return;
        }
        self.next_roll_call = now + ROLL_CALL;
        let roll = match Roll::call(site.spool.root().path()) {
            Ok(roll) => roll,
            Err(error) => {
                let text = format!("voices/ cannot be looked into: {error}; check its permissions");
                self.remarks.tell_once("".as_ref(), &text);
                return;
            }
        };
        self.let_go(site, &roll);
        let failing = roll.voices.iter().filter(|voice| !self.open(site, voice));
        let failing: Vec<OsString> = failing
            .map(|voice| format!("{voice}.json").into())
            .collect();
        self.all[0]
            .inbox
            .pass_over(roll.voices.iter().map(OsString::from).collect());
        self.remark_on(&roll, &failing);
    }

    /// Closes the entrances of voices that are not there any more.
    fn let_go(&mut self, site: &Site, roll: &Roll) {
        let is_gone = |entrance: &mut Entrance| {
            let voice = entrance.voice.as_ref();
            voice.is_some_and(|voice| !roll.voices.contains(voice))
        };
        for mut entrance in self.all.extract_if(.., is_gone) {
            let voice = entrance.voice.take().unwrap_or_default();
            tracing::info!("the voice {voice} is gone");
            if let Some(notifications) = &mut self.notifications {
                notifications.remove(entrance.folder());
            }
            for (name, unfinished) in entrance.unfinished.drain() {
                site.tell(left_behind(unfinished.id, &voice, &name));
            }
        }
        self.first = self.first.min(self.all.len() - 1);
    }

    /// Sees to it that there is an entrance for `voice`, with its folders; false where
    /// that cannot be.
    fn open(&mut self, site: &Site, voice: &str) -> bool {
        let known = self.of(Some(voice)).map(|entrance| entrance.is_there());
        if known == Some(true) {
            return true;
        }
        if let Err(error) = site.spool.root().open_voice(voice) {
            let text = format!("the voice {voice} has no folder for its seeds: {error}");
            self.remarks
                .tell_once(format!("{voice}.json").as_ref(), &text);
            return false;
        }
        match self.of(Some(voice)) {
            Some(entrance) => entrance.renew(),
            None => {
                tracing::info!("the voice {voice} is there");
                self.all.push(Entrance::new(site, Some(voice.to_owned())));
            }
        }
        if let Some(notifications) = &mut self.notifications {
            let folder = site.spool.root().seeds_of(Some(voice));
            notifications.add(&folder, Some(voice));
        }
        true
    }

    /// Tells of files that name no voice; of those that do by now it is told anew when
    /// they do no longer.
    fn remark_on(&mut self, roll: &Roll, failing: &[OsString]) {
        for file in &roll.nameless {
            let text = format!(
                "voices/{} names no voice; call it by a short plain name, without marks in front \
                 or behind",
                readable(file)
            );
            self.remarks.tell_once(file, &text);
        }
        let still: HashSet<_> = roll
            .nameless
            .iter()
            .chain(failing)
            .map(|f| f.as_os_str())
            .collect();
        self.remarks.retain(&still);
    }
}
