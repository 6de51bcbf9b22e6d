//! The machine: its clock, and what it lets a program be told about folders.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Finding;

/// No antiphon is older: midnight of New Year 2026.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
/// Nor will one still run in 2100.
const LATEST: Duration = Duration::from_secs(4_102_444_800);
/// What Linux keeps of each kind, and how few of them get scarce beside an editor or two.
const LIMITS: [(&str, u64); 2] = [("max_user_instances", 64), ("max_user_watches", 4096)];

/// Looks at the machine.
pub fn examine() -> Vec<Finding> {
    let mut findings = vec![clock(SystemTime::now())];
    findings.extend(notifications());
    findings
}

fn clock(now: SystemTime) -> Finding {
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let year = 1970.0 + since_1970.as_secs_f64() / (365.2425 * 86400.0);
    match (EARLIEST..LATEST).contains(&since_1970) {
        true => Finding::ok("clock", format!("it is {year:.0}", year = year.floor())),
        false => Finding::fail(
            "clock",
            format!(
                "it says {year:.0}; set it, or let it be set by the network (`timedatectl \
                 set-ntp true`)",
                year = year.floor()
            ),
        ),
    }
}

/// The limits of inotify, where the system has it.
fn notifications() -> Option<Finding> {
    const WHAT: &str = "notifications";
    let limit = |name| {
        let text = fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    let found: Option<Vec<(&str, u64, u64)>> = LIMITS
        .map(|(name, fewest)| Some((name, limit(name)?, fewest)))
        .into_iter()
        .collect();
    let found = found?;
    let scarce = found.iter().find(|(_, limit, fewest)| limit < fewest);
    Some(match scarce {
        Some((name, limit, fewest)) => Finding::warn(
            WHAT,
            format!(
                "fs.inotify.{name} is only {limit}; where other programs use them up, seeds are \
                 found by looking once a second instead (`sysctl fs.inotify.{name}={}` allows \
                 more)",
                fewest * 8
            ),
        ),
        None => Finding::ok(WHAT, "the system allows enough of them"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn a_clock_that_was_never_set_is_noticed() {
        let at = |seconds| clock(UNIX_EPOCH + Duration::from_secs(seconds));
        let never = at(3600);
        assert_eq!(never.verdict, Severity::Fail);
        assert!(never.text.starts_with("it says 1970"), "{}", never.text);
        assert_eq!(at(1_800_000_000).text, "it is 2027");
        assert_eq!(at(5_000_000_000).verdict, Severity::Fail);
    }
}
