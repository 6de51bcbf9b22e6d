//! How much memory there is, and what becomes of what is not needed any more.

/// Bytes that the system says can be had without swapping; `None` where it does not say.
pub fn available() -> Option<u64> {
    said("/proc/meminfo", "MemAvailable:")
}

/// Bytes of the machine; `None` where the system does not say.
pub fn total() -> Option<u64> {
    said("/proc/meminfo", "MemTotal:")
}

/// Bytes that this process takes; `None` where the system does not say.
pub fn of_this_process() -> Option<u64> {
    said("/proc/self/status", "VmRSS:")
}

/// Bytes that the line of `file` says that begins with `name`, in kilobytes.
fn said(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kilobytes)
}

/// What is larger than so many bytes, such as a model's weights, is the system's own to give
/// and to take back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 128 * 1024;

/// From now on what is large goes back to the system as soon as it is freed. The C library
/// keeps it otherwise, each thread's apart: after some models have come and gone on threads of
/// their own that is several times what the process needs.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's own function")]
pub fn keep_nothing_large() {
    // SAFETY: it may be called at any time, from any thread. Where it is refused, all is as
    // before.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
}

/// Gives back to the system whatever was freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library's own function")]
pub fn give_back() {
    // SAFETY: it may be called at any time, from any thread.
    unsafe { libc::malloc_trim(0) };
}

/// Others keep less, or cannot be told.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_nothing_large() {}

/// Others keep less, or cannot be told.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

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
        assert!(total() > available());
        assert!(of_this_process().unwrap() > 100_000);
    }
}
