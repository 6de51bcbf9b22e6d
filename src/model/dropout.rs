//! Dropout: connections left out at random while learning.

use rand::RngExt;

use crate::random::Stream;

/// Chances that a connection is **kept** (Table 4.1's meaning of `input_dropout`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Of a layer's inputs.
    pub input_keep: f64,
    /// Of a layer's outputs to the layer above; its own state stays whole.
    pub output_keep: f64,
}

/// 0 for a dropped connection, 1 / `keep` for a kept one, so that the mean
/// stays; each stream draws for its share of the rows of each of `steps` steps.
pub fn draw_mask(mask: &mut [f32], steps: usize, keep: f64, streams: &mut [Stream]) {
    let kept = (1.0 / keep) as f32;
    let share = mask.len() / (steps * streams.len());
    for rows in mask.chunks_exact_mut(share * streams.len()) {
        for (share, random) in rows.chunks_exact_mut(share).zip(streams.iter_mut()) {
            share.fill_with(|| if random.random_bool(keep) { kept } else { 0.0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn dropout_keeps_its_share_and_the_mean() {
        let mut mask = vec![0.0; 100_000];
        draw_mask(&mut mask, 10, 0.25, &mut [stream(1, "dropout")]);
        let kept = mask.iter().filter(|m| **m == 4.0).count() as f64 / 1e5;
        assert!((kept - 0.25).abs() < 0.01, "{kept}");
        assert!(mask.iter().all(|m| *m == 0.0 || *m == 4.0));
    }

    #[test]
    fn each_stream_draws_for_its_own_rows() {
        let masks = |streams: &[&str], rows: usize| {
            let mut mask = vec![0.0; 3 * rows * 7];
            let mut streams: Vec<_> = streams.iter().map(|name| stream(1, name)).collect();
            draw_mask(&mut mask, 3, 0.5, &mut streams);
            mask
        };
        let (a, b, both) = (masks(&["a"], 2), masks(&["b"], 2), masks(&["a", "b"], 4));
        for step in 0..3 {
            let (mine, others) = both[step * 28..][..28].split_at(14);
            assert_eq!(mine, &a[step * 14..][..14]);
            assert_eq!(others, &b[step * 14..][..14]);
        }
    }
}
