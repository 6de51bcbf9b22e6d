//! How many predictions a service keeps: where nobody says, not all, since a disk that
//! nobody looks after is full one day.

use std::fmt;
use std::path::Path;

use anyhow::bail;

use super::install::Install;
use crate::cli::watch::KEEP_ALL;
use crate::service::Installed;
use crate::system::disk;
use crate::watch::bytes_of_predictions;

/// The options of `antiphon watch` that say it.
const NAMES: &str = "--keep-predictions";
const BYTES: &str = "--keep-predictions-bytes";
/// What is taken for free where the system does not tell.
const UNKNOWN: u64 = 20_000_000_000;
/// Bounds are said in gigabytes, or, below that, in these.
const MEGABYTE: u64 = 1_000_000;

/// An option of `antiphon watch`, and its value.
#[derive(Debug, PartialEq)]
pub enum Bound {
    /// Said with the other options of `antiphon watch`.
    AmongTheOptions,
    /// So many predictions, or all.
    Names(String),
    /// So many bytes of them.
    Bytes(String),
}

impl Bound {
    /// The one that `install` says; or else that which the service has, if it is `installed`;
    /// or else what the predictions under `root` take, and half of what is free there.
    pub fn choose(
        install: &Install,
        installed: Option<&Installed>,
        root: &Path,
    ) -> anyhow::Result<Bound> {
        let is_among = install.more.iter().any(|word| word.starts_with(NAMES));
        match (&install.keep_predictions, is_among) {
            (Some(_), true) => bail!("give {NAMES} once, before -- or behind it"),
            (None, true) => return Ok(Bound::AmongTheOptions),
            (Some(names), false) => return Ok(Bound::Names(names.clone())),
            (None, false) => {}
        }
        let kept = |option| installed.and_then(|service| service.value(option));
        Ok(match (kept(NAMES), kept(BYTES)) {
            (Some(names), _) => Bound::Names(names.to_owned()),
            (None, Some(bytes)) => Bound::Bytes(bytes.to_owned()),
            (None, None) => Bound::Bytes(in_words(fitting(root))),
        })
    }

    /// As options of `antiphon watch`.
    pub fn options(&self) -> Vec<&str> {
        match self {
            Bound::AmongTheOptions => Vec::new(),
            Bound::Names(names) => vec![NAMES, names],
            Bound::Bytes(bytes) => vec![BYTES, bytes],
        }
    }
}

/// What is kept, and how all would be.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::AmongTheOptions => f.write_str("Predictions are kept as the options say."),
            Bound::Names(all) if all == KEEP_ALL => f.write_str(
                "All predictions are kept: antiphon status says how long there is room for them.",
            ),
            Bound::Names(names) => write!(f, "The newest {names} predictions are kept."),
            Bound::Bytes(bytes) => write!(
                f,
                "The newest {bytes}B of predictions are kept; {NAMES} all keeps all."
            ),
        }
    }
}

/// What the predictions under `root` take, and half of what is free there: nothing that is
/// there goes at once.
fn fitting(root: &Path) -> u64 {
    let mut there = root.ancestors().filter(|folder| folder.is_dir());
    let space = there.next().and_then(|folder| disk::space(folder).ok());
    let free = space.map_or(UNKNOWN, |space| space.free_bytes);
    bytes_of_predictions(root) + free / 2
}

/// `23G`, `400M`.
fn in_words(bytes: u64) -> String {
    match bytes / MEGABYTE {
        megabytes @ 0..2000 => format!("{}M", megabytes.max(1)),
        megabytes => format!("{}G", megabytes.div_ceil(1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_round() {
        assert_eq!(in_words(0), "1M");
        assert_eq!(in_words(1_999_999_999), "1999M");
        assert_eq!(in_words(2_000_000_000), "2G");
        assert_eq!(in_words(22_500_000_000), "23G");
    }
}
