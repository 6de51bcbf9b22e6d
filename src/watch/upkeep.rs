//! What is old goes. A thread of its own looks for it: among very many files that takes its
//! time, in which seeds are not to wait.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::retention::{self, Applied};
use super::site::Site;
use crate::system::memory;

/// How often old files are looked for.
const OFTEN: Duration = Duration::from_secs(10);
/// To look for them takes no more of the time than one part in so many, unless it is worth it:
/// otherwise what arrives meanwhile could be more each time.
const SHARE: u32 = 50;

/// Looks for old files, again and again.
pub struct Upkeep {
    next: Instant,
    look: Option<JoinHandle<Look>>,
}

/// A look that is over.
struct Look {
    applied: Applied,
    took: Duration,
}

impl Upkeep {
    /// Nothing has been looked for so far.
    pub fn new() -> Upkeep {
        Upkeep {
            next: Instant::now(),
            look: None,
        }
    }

    /// Hears of a look that is over, and has the next one begin when it is due.
    pub fn go_on(&mut self, site: &Site) {
        if let Some(look) = self.look.take_if(|look| look.is_finished()) {
            self.hear(look, site);
        }
        if self.look.is_none() && Instant::now() >= self.next {
            self.look = Some(begin(site));
        }
    }

    /// Waits for a look that goes on: the root is its until then.
    pub fn end(self, site: &Site) {
        if let Some(look) = self.look {
            // What went wrong was told where it went wrong.
            let _ = look.join();
        }
        site.account.borrow_mut().write_down();
    }

    fn hear(&mut self, look: JoinHandle<Look>, site: &Site) {
        memory::give_back();
        let Ok(Look { applied, took }) = look.join() else {
            self.next = Instant::now() + OFTEN;
            return;
        };
        site.account.borrow_mut().balance(applied.predictions);
        let pause = match applied.was_mostly_old {
            true => OFTEN,
            false => OFTEN.max(took * SHARE),
        };
        self.next = Instant::now() + pause;
    }
}

fn begin(site: &Site) -> JoinHandle<Look> {
    let spool = Arc::clone(&site.spool);
    let (retention, floor) = (site.setup.retention, site.setup.free_space_floor);
    thread::spawn(move || {
        let begun = Instant::now();
        let applied = retention.apply(spool.root());
        if spool.check_space(floor).is_err() {
            retention::make_room(spool.root());
        }
        let took = begun.elapsed();
        Look { applied, took }
    })
}
