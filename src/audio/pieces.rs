//! A sound that is handed over piece by piece.

use crate::reel::{Reel, ReelError};

/// A mono sound that is handed over piece by piece, as often as it is needed.
pub trait Pieces {
    /// Hands all samples to `take`, in time order.
    ///
    /// # Errors
    ///
    /// What the system answers where some of it is on the disk.
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError>;
}

impl Pieces for [f32] {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        take(self);
        Ok(())
    }
}

impl Pieces for Reel {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        Reel::each(self, take)
    }
}
