//! How loud a sound is, and where it is silent.

/// Blocks that are silent or not last this share of a second.
const BLOCKS_PER_SECOND: usize = 10;

/// The samples divided by their rms; `None` of silence.
pub fn at_unit_rms(samples: &[f32]) -> Option<Vec<f64>> {
    let rms = rms(samples);
    let unit = || samples.iter().map(|s| f64::from(*s) / rms).collect();
    (rms > 0.0).then(unit)
}

fn rms(samples: &[f32]) -> f64 {
    let energy: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt()
}

/// Root mean square around the mean: how loud it is, since DC is no sound.
pub fn loudness(samples: &[f32]) -> f64 {
    let n = samples.len().max(1) as f64;
    let mean = samples.iter().map(|s| f64::from(*s)).sum::<f64>() / n;
    let energy: f64 = samples.iter().map(|s| (f64::from(*s) - mean).powi(2)).sum();
    (energy / n).sqrt()
}

/// The share of whole blocks with a loudness below `limit`; a sound shorter than a
/// block is one.
pub fn silent(samples: &[f32], limit: f64, sample_rate: u32) -> f64 {
    let block = (sample_rate as usize / BLOCKS_PER_SECOND).min(samples.len());
    let blocks: Vec<f64> = samples.chunks_exact(block).map(loudness).collect();
    share(&blocks, |level| *level < limit)
}

/// The share of `values` that `counts`.
pub fn share<T>(values: &[T], counts: impl Fn(&T) -> bool) -> f64 {
    values.iter().filter(|value| counts(value)).count() as f64 / values.len() as f64
}
