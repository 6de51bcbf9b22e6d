//! The dial of following, turned while seeds are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How closely answers are to follow from now on, shared by whoever turns it and whoever
/// answers.
#[derive(Clone, Debug)]
pub struct FollowDial(Arc<AtomicU64>);

impl Default for FollowDial {
    /// One that nobody has turned.
    fn default() -> FollowDial {
        FollowDial(Arc::new(AtomicU64::new(f64::NAN.to_bits())))
    }
}

impl FollowDial {
    /// Turns it to `strength`, from 0 to 1.
    pub fn turn(&self, strength: f64) {
        self.0.store(strength.to_bits(), Ordering::Relaxed);
    }

    /// Where it stands; `None` until somebody turns it.
    pub fn value(&self) -> Option<f64> {
        Some(f64::from_bits(self.0.load(Ordering::Relaxed))).filter(|value| !value.is_nan())
    }
}
