//! Randomness: named streams of one seeded generator.
//!
//! Everything random in antiphon (initial weights, dropout masks, oscillator
//! phases) draws from a stream named after its use, so that adding a draw in
//! one place never changes what another place gets, and the same random seed
//! gives the same bytes.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// The generator behind every stream: portable, seekable, the same on every machine.
pub type Stream = ChaCha8Rng;

/// The stream called `name` of the generator seeded with `random_seed`.
pub fn stream(random_seed: u64, name: &str) -> Stream {
    let mut hash = Sha256::new();
    hash.update(random_seed.to_le_bytes());
    hash.update(name.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn a_stream_repeats_itself_and_differs_from_its_neighbours() {
        let draw = |seed, name| stream(seed, name).next_u64();
        assert_eq!(draw(1, "phases"), draw(1, "phases"));
        assert_ne!(draw(1, "phases"), draw(1, "dropout"));
        assert_ne!(draw(1, "phases"), draw(2, "phases"));
    }
}
