//! Time that goes on evenly, whatever is done to the clock, and whose time it is.

use std::time::Duration;

/// Since this machine began, without the time that it slept; none where the system does
/// not tell.
#[cfg(unix)]
pub fn uptime() -> Option<Duration> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).ok()?;
    Some(Duration::new(seconds, u32::try_from(now.tv_nsec).ok()?))
}

/// No other system tells.
#[cfg(not(unix))]
pub fn uptime() -> Option<Duration> {
    None
}

/// What this machine is called; none where the system does not tell.
#[cfg(unix)]
pub fn host() -> Option<String> {
    let system = rustix::system::uname();
    Some(system.nodename().to_string_lossy().into_owned())
}

/// No other system tells.
#[cfg(not(unix))]
pub fn host() -> Option<String> {
    None
}

/// `2026-11-27 14:02:13 UTC`, of so many seconds since 1970.
pub fn utc(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date so many days after 1 January 1970. Years are counted from March here, so that
/// the day that some have more is their last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (400 * era + year_of_era + u64::from(month < 3), month, day)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_a_date() {
        assert_eq!(utc(0.0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399.9), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400.0), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_795_788_133.0), "2026-11-27 14:02:13 UTC");
        assert_eq!(utc(4_107_542_400.0), "2100-03-01 00:00:00 UTC");
    }

    #[test]
    fn time_goes_on_and_the_machine_keeps_its_name() {
        let before = uptime().unwrap();
        std::thread::sleep(Duration::from_millis(2));
        assert!(uptime().unwrap() > before);
        assert_eq!(host(), host());
    }
}
