//! Slices: loops cut out of predictions, one for each band of pitch, which a patch raises
//! when it hears that band (dissertation 6.2.2).
//!
//! A prediction's `course` says how strong each band is in each frame; the `stretch`
//! in which a band sustains most clearly is made a loop (`looping`), and all loops are
//! written beside a `table`.

mod bands;
mod choice;
mod course;
mod filling;
mod folder;
mod looping;
mod peaks;
mod pitch;
mod prediction;
mod seed;
mod stretch;
mod table;

pub use bands::{Bands, BandsError, HIGHEST_HZ, LOWEST_HZ, MOST_BANDS};
pub use choice::{Slice, choose, choose_one};
pub use filling::{TRIES, Try, fill};
pub use folder::{SliceLevel, is_slices, level, write_slices};
pub use looping::Lengths;
pub use prediction::{Prediction, at_one_rate};
pub use table::{Row, TABLE, UnreadableRow, file_name, parse};
