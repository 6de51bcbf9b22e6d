//! Which processor this is, as far as the last bits of its sums depend on it.

use std::sync::OnceLock;

/// Its name, where the system says it, its architecture, and what of that the matrix
/// products and Fourier transforms make use of.
pub fn processor() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let name = name().map_or(String::new(), |name| format!("{name}, "));
        let parts: Vec<&str> = [std::env::consts::ARCH]
            .into_iter()
            .chain(features())
            .collect();
        format!("{name}{}", parts.join(" "))
    })
}

/// By its name sizes of caches are known, which products are cut to.
fn name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    [
        ("sse4.1", is_x86_feature_detected!("sse4.1")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_the_architecture_and_always_the_same() {
        assert!(processor().contains(std::env::consts::ARCH));
        assert_eq!(processor(), processor());
    }
}
