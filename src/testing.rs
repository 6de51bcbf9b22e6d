//! What many unit tests need.

/// `n` values from -1 to 1 that differ from `seed` to `seed`.
pub fn values(n: usize, seed: usize) -> Vec<f32> {
    let value = |i: usize| (((i + seed) * 7919) % 101) as f32 / 50.0 - 1.0;
    (0..n).map(value).collect()
}
