//! How fast predictions fill the disk, and how long there is room for more. The daemon counts
//! what it delivers day by day, so that whoever asks need not look at every prediction.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::folders;
use super::retention::{Bounds, Kept};
use crate::files;
use crate::system::disk::Space;

const DAY: f64 = 86_400.0;
/// The days that the pace is taken from.
const WEEK: i64 = 7;
/// Days that are remembered: some more, for a clock that jumps and comes back.
const REMEMBERED: usize = 16;
/// Longer forecasts are no more than that.
const LONG: f64 = 3650.0;

/// What was delivered, and what is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// When counting began, in seconds since 1970.
    since: f64,
    days: Vec<Day>,
    /// How much is kept at most; nothing is said where that is all.
    #[serde(default)]
    bounds: Option<Bounds>,
    /// How much of that there was last.
    #[serde(default)]
    kept: Option<Kept>,
    /// Bytes that are left free.
    #[serde(default)]
    floor: u64,
}

/// What was delivered on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Day {
    /// Since 1970.
    day: i64,
    names: u64,
    files: u64,
    bytes: u64,
}

/// A prediction or a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// How many files it has.
    pub files: u64,
    /// What they take.
    pub bytes: u64,
}

/// How long there is room for predictions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// In days; none where the bounds of what is kept are reached before the disk is full.
    pub days: Option<f64>,
    /// What predictions take in a day.
    pub bytes_a_day: f64,
    /// Over how many days that was found out.
    pub over_days: f64,
}

impl Pace {
    /// From now on.
    pub fn begin(now: SystemTime) -> Pace {
        Pace {
            since: seconds(now),
            ..Pace::default()
        }
    }

    /// As it was written down under `root`, if it was.
    pub fn read(root: &Path) -> Option<Pace> {
        serde_json::from_slice(&fs::read(root.join(folders::PACE)).ok()?).ok()
    }

    /// Writes it down under `root`. It is nothing that has to outlive a crash.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        files::replace(&root.join(folders::PACE), &serde_json::to_vec(self)?)
    }

    /// What is kept at most, and how many bytes are left free.
    pub fn set_bounds(&mut self, bounds: Bounds, floor: u64) {
        self.bounds = (bounds != super::ALL).then_some(bounds);
        self.floor = floor;
        self.kept = self.kept.filter(|_| self.bounds.is_some());
    }

    /// How much there is now of what is kept within bounds.
    pub fn set_kept(&mut self, kept: Option<Kept>) {
        self.kept = kept;
    }

    /// Counts what was `delivered` at `time`.
    pub fn note(&mut self, delivered: Delivered, time: SystemTime) {
        self.count(delivered, 1, time);
        self.days
            .drain(..self.days.len().saturating_sub(REMEMBERED));
    }

    /// Counts a part of what was delivered at `time`, in whatever order parts are found; a
    /// name once, with the part that `is_first`.
    pub fn find(&mut self, part: Delivered, is_first: bool, time: SystemTime) {
        self.count(part, u64::from(is_first), time);
        self.days.sort_by_key(|day| day.day);
        self.days
            .drain(..self.days.len().saturating_sub(REMEMBERED));
    }

    fn count(&mut self, delivered: Delivered, names: u64, time: SystemTime) {
        let day = day_of(seconds(time));
        self.since = self.since.min(seconds(time));
        let known = self.days.iter().position(|known| known.day == day);
        let known = known.unwrap_or_else(|| {
            self.days.push(Day {
                day,
                ..Day::default()
            });
            self.days.len() - 1
        });
        let today = &mut self.days[known];
        today.names += names;
        today.files += delivered.files;
        today.bytes += delivered.bytes;
    }

    /// How long there is room, where so much `space` is left now; none where nothing was
    /// delivered for a week.
    pub fn forecast(&self, space: Space, now: SystemTime) -> Option<Forecast> {
        let now = seconds(now);
        let week = day_of(now) - WEEK + 1..=day_of(now);
        let days = self.days.iter().filter(|day| week.contains(&day.day));
        let total = days.fold(Day::default(), |sum, day| sum.with(day));
        if total.bytes == 0 {
            return None;
        }
        // What a first day brings is not known before it is over.
        let begun = self.since.max(*week.start() as f64 * DAY);
        let over_days = ((now - begun) / DAY).max(1.0);
        let room = space.free_bytes.saturating_sub(self.floor) as f64;
        let by_bytes = room / total.bytes as f64;
        let files = space.free_files.map(|files| files as f64);
        let by_files = files.map_or(f64::INFINITY, |files| files / total.files as f64);
        let is_full_first = self.growth(&total).is_none_or(|growth| growth > room);
        Some(Forecast {
            days: is_full_first.then_some(by_bytes.min(by_files) * over_days),
            bytes_a_day: total.bytes as f64 / over_days,
            over_days,
        })
    }

    /// How many bytes predictions like those of `total` will take beside what is kept, until
    /// they are as many as may be kept.
    fn growth(&self, total: &Day) -> Option<f64> {
        let (bounds, kept) = (self.bounds?, self.kept.unwrap_or_default());
        let by_bytes = bounds.bytes.saturating_sub(kept.bytes) as f64;
        let names = bounds.names.saturating_sub(kept.names) as f64;
        Some(by_bytes.min(names * total.bytes as f64 / total.names as f64))
    }
}

impl Day {
    fn with(self, other: &Day) -> Day {
        Day {
            day: other.day,
            names: self.names + other.names,
            files: self.files + other.files,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Forecast {
    /// Whether the disk is full within so many `days`.
    pub fn is_within(&self, days: f64) -> bool {
        self.days.is_some_and(|left| left < days)
    }
}

/// `room for 41 days at the last week's pace`.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.days {
            None => return f.write_str("room for all predictions that are kept"),
            Some(LONG..) => f.write_str("room for more than 10 years")?,
            Some(days) if days < 2.0 => write!(f, "room for {:.0} hours", days * 24.0)?,
            Some(days) => write!(f, "room for {days:.0} days")?,
        }
        match self.over_days {
            over if over < 2.0 => f.write_str(" at the last day's pace"),
            over if over < 6.0 => write!(f, " at the pace of the last {over:.0} days"),
            _ => f.write_str(" at the last week's pace"),
        }
    }
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

fn day_of(seconds: f64) -> i64 {
    (seconds / DAY) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::ALL;
    use std::time::Duration;

    const GIGABYTE: u64 = 1_000_000_000;

    fn day(day: f64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64(day * DAY)
    }

    fn space(free_bytes: u64, free_files: Option<u64>) -> Space {
        Space {
            free_bytes,
            total_bytes: 1000 * GIGABYTE,
            free_files,
        }
    }

    /// Ten predictions of 100 MB a day, from day 100 on, for so many days.
    fn pace(days: usize) -> Pace {
        let mut pace = Pace::begin(day(100.0));
        for n in 0..10 * days {
            let delivered = Delivered {
                files: 2,
                bytes: GIGABYTE / 10,
            };
            pace.note(delivered, day(100.0 + n as f64 / 10.0));
        }
        pace
    }

    fn days(pace: &Pace, space: Space, now: f64) -> f64 {
        pace.forecast(space, day(now)).unwrap().days.unwrap()
    }

    #[test]
    fn the_pace_is_that_of_the_last_week_or_of_as_many_days_as_there_were() {
        let room = space(41 * GIGABYTE, None);
        for count in [3, 7, 30] {
            let pace = pace(count);
            let left = days(&pace, room, 100.0 + count as f64 - 0.001);
            assert!((left - 41.0).abs() < 0.1, "{count}: {left}");
            assert!(pace.days.len() <= REMEMBERED);
        }
        let week = pace(30).forecast(room, day(129.999)).unwrap();
        assert_eq!(week.to_string(), "room for 41 days at the last week's pace");
        // Nothing was delivered for a week.
        assert_eq!(pace(3).forecast(room, day(115.0)), None);
    }

    #[test]
    fn a_few_at_first_are_those_of_a_day() {
        let forecast = pace(1).forecast(space(41 * GIGABYTE, None), day(100.95));
        let said = forecast.unwrap().to_string();
        assert_eq!(said, "room for 41 days at the last day's pace");
    }

    #[test]
    fn what_is_left_free_is_no_room_and_files_may_run_out_first() {
        let mut pace = pace(7);
        pace.set_bounds(ALL, 31 * GIGABYTE);
        let left = days(&pace, space(41 * GIGABYTE, None), 106.999);
        assert!((left - 10.0).abs() < 0.1, "{left}");
        let left = days(&pace, space(41 * GIGABYTE, Some(100)), 106.999);
        assert!((left - 5.0).abs() < 0.1, "{left}");
    }

    #[test]
    fn what_is_kept_within_bounds_fills_no_disk_that_has_room_for_it() {
        let mut pace = pace(7);
        let room = space(5 * GIGABYTE, None);
        for (bounds, is_full) in [
            (Bounds { names: 100, ..ALL }, false),
            (Bounds { names: 200, ..ALL }, true),
            (
                Bounds {
                    bytes: 11 * GIGABYTE,
                    ..ALL
                },
                false,
            ),
            (
                Bounds {
                    bytes: 20 * GIGABYTE,
                    ..ALL
                },
                true,
            ),
        ] {
            pace.set_bounds(bounds, 0);
            pace.set_kept(Some(Kept {
                names: 70,
                bytes: 7 * GIGABYTE,
            }));
            let forecast = pace.forecast(room, day(106.999)).unwrap();
            assert_eq!(forecast.is_within(14.0), is_full, "{bounds:?}: {forecast}");
        }
    }

    #[test]
    fn a_clock_that_jumps_makes_no_nonsense() {
        let pace = pace(7);
        let room = space(41 * GIGABYTE, None);
        assert_eq!(pace.forecast(room, day(0.0)), None);
        assert_eq!(pace.forecast(room, day(10_000.0)), None);
        // Back by hours: the days before are there still.
        let left = days(&pace, room, 105.2);
        assert!((30.0..50.0).contains(&left), "{left}");
    }
}
