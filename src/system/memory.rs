//! How much memory there is.

/// Bytes that the system says can be had without swapping; `None` where it does not say.
pub fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kilobytes)
}

/// A number of bytes as a person says it.
pub fn in_words(bytes: u64) -> String {
    let gigabytes = bytes as f64 / 1e9;
    if gigabytes >= 1.0 {
        format!("{gigabytes:.1} GB of memory")
    } else {
        format!("{:.0} MB of memory", bytes as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_in_the_unit_that_a_person_would_choose() {
        assert_eq!(in_words(14_400_000), "14 MB of memory");
        assert_eq!(in_words(2_345_000_000), "2.3 GB of memory");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_how_much_there_is() {
        assert!(available().unwrap() > 1_000_000);
    }
}
