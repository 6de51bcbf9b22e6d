//! No graphics card: the program was built without them.

use super::{CardError, Device, Opened};
use crate::model::dropout::Dropout;
use crate::model::{Adam, Network, Rates, State};
use crate::random::Stream;

/// A network on a graphics card, of which there is none.
pub enum Card {}

impl Card {
    /// # Errors
    /// [`CardError::NotBuiltIn`].
    pub fn open(_device: Device) -> Result<Opened, CardError> {
        Err(CardError::NotBuiltIn)
    }

    /// # Errors
    /// [`CardError::NotBuiltIn`].
    pub fn new(_: Device, _: &Network, _: &Adam, _: &State) -> Result<Card, CardError> {
        Err(CardError::NotBuiltIn)
    }

    /// Nothing forgets.
    pub fn forget(&mut self) {
        match *self {}
    }

    /// Nothing predicts.
    ///
    /// # Errors
    /// None.
    pub fn forward(
        &mut self,
        _frames: &[f32],
        _dropout: Option<(Dropout, &mut [Stream])>,
        _prediction: &mut Vec<f32>,
    ) -> Result<(), CardError> {
        match *self {}
    }

    /// Nothing learns.
    pub fn learn(&mut self, _d_prediction: &[f32], _rates: Rates, _largest: Option<f64>) {
        match *self {}
    }

    /// Nothing is read.
    ///
    /// # Errors
    /// None.
    pub fn read(&self, _: &mut Network, _: &mut Adam, _: &mut State) -> Result<(), CardError> {
        match *self {}
    }
}
