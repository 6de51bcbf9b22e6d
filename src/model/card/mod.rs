//! A network that learns on a graphics card: the passes forward and backward, and Adam. What
//! its predictions cost is the processor's to say, by the same loss as everywhere.

#[cfg(not(feature = "gpu"))]
mod none;
#[cfg(feature = "gpu")]
mod tensors;

#[cfg(not(feature = "gpu"))]
pub use none::Card;
#[cfg(feature = "gpu")]
pub use tensors::Card;

use serde::{Deserialize, Serialize};

/// What a network learns on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics card, by Vulkan, Metal or DirectX 12.
    Gpu,
}

impl Device {
    /// All, by name.
    pub const NAMES: [(&'static str, Device); 2] = [("cpu", Device::Cpu), ("gpu", Device::Gpu)];

    /// That which is called `name`.
    pub fn of(name: &str) -> Option<Device> {
        let named = Device::NAMES.into_iter().find(|(known, _)| *known == name);
        named.map(|(_, device)| device)
    }
}

/// What a network can learn on, beside the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What it is called.
    pub name: String,
    /// Whether it is a card: there are drivers by which the processor does as one.
    pub is_card: bool,
}

/// Why a network cannot learn on a graphics card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The program cannot use any.
    #[error(
        "this antiphon was built without graphics cards, as cargo build --release --features gpu builds \
         it with them; --device cpu trains on the processor"
    )]
    NotBuiltIn,
    /// There is none, or its driver is missing.
    #[error("no graphics card can be used: {0}; --device cpu trains on the processor")]
    None(String),
    /// It did not do what it was to do.
    #[error(
        "the graphics card failed: {0}; antiphon train --resume goes on from the last checkpoint, with \
         --device cpu on the processor"
    )]
    Failed(String),
}
