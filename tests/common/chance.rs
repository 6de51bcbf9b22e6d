//! How much is tried, and numbers to try it with.

/// `short`, or at full length (`make torture`) `long`.
pub fn length(short: usize, long: usize) -> usize {
    match std::env::var_os("ANTIPHON_TORTURE") {
        Some(_) => long,
        None => short,
    }
}

/// Numbers that look random and are the same each time.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}
