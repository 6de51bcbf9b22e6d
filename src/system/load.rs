//! How busy the machine is.

/// Processes that run or want to, over the last minute, 5 minutes and 15; `None` where the
/// system does not say.
pub fn average() -> Option<[f64; 3]> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let numbers = text.split_whitespace().take(3);
    let numbers: Vec<f64> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_it() {
        assert!(super::average().unwrap().iter().all(|load| *load >= 0.0));
    }
}
