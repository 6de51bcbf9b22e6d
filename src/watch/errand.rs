//! What a claimed seed asks of whoever answers it.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::answers::Order;
use super::claim::Claim;
use super::spool::Spool;
use super::worker::Terms;

/// An order with all that it names.
pub struct Errand {
    seed: PathBuf,
    voice: Option<String>,
    prediction: PathBuf,
    set: PathBuf,
    stream_of: String,
    asked: Map<String, Value>,
}

impl Errand {
    /// That of `claim`, as its folder and what was answered before say now.
    pub fn of(spool: &Spool, claim: &Claim) -> Errand {
        Errand {
            seed: claim.seed(),
            voice: claim.voice().map(str::to_owned),
            prediction: claim.unpublished_prediction(),
            set: claim.unpublished_set(),
            stream_of: stream_of(spool, claim),
            asked: claim.asked(),
        }
    }

    /// The order itself.
    pub fn order(&self, terms: &Terms) -> Order<'_> {
        Order {
            seed: &self.seed,
            voice: self.voice.as_deref(),
            prediction: &self.prediction,
            set: &self.set,
            stream_of: &self.stream_of,
            asked: &self.asked,
            longest_seed: terms.longest_seed,
        }
    }

    /// Whether the same is asked of both, apart from their seeds.
    pub fn is_like(&self, other: &Errand) -> bool {
        self.voice == other.voice && self.asked == other.asked
    }
}

/// Each answer draws from a stream of its own, which depends on nothing but the
/// seed, its name, and how many predictions of that name there are: the same
/// recording heard twice gets two answers, and an answer that was interrupted
/// comes out the same.
fn stream_of(spool: &Spool, claim: &Claim) -> String {
    format!("{} {}", spool.next_number(claim), claim.name().display())
}
