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

/// The local time now, to a millisecond, with how far it is from that of Greenwich.
pub fn now() -> String {
    written(jiff::ZonedDateTime::now(), "%Y-%m-%dT%H:%M:%S%.3f%:z")
}

/// The local time so many seconds after the beginning of 1970:
/// `2026-11-27 15:02:13 +01:00`.
pub fn local(seconds: f64) -> String {
    let moment = jiff::Timestamp::from_second(seconds as i64).unwrap_or_default();
    written(
        moment.to_zoned_datetime(jiff::tz::TimeZone::system()),
        "%Y-%m-%d %H:%M:%S %:z",
    )
}

fn written(time: jiff::ZonedDateTime, form: &str) -> String {
    time.strftime(form).to_string()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_a_date_and_a_zone() {
        let local = local(1_795_788_133.0);
        assert!(
            local.starts_with("2026-11-2") && local.contains(":13 "),
            "{local}"
        );
        assert!(local.as_bytes()[local.len() - 3] == b':', "{local}");
        super::local(1e300);
    }

    #[test]
    fn time_goes_on_and_the_machine_keeps_its_name() {
        let before = uptime().unwrap();
        std::thread::sleep(Duration::from_millis(2));
        assert!(uptime().unwrap() > before);
        assert_eq!(host(), host());
    }
}
