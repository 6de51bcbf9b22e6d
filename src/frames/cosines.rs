//! Vectors of samples as sums of cosines.

use std::fmt;
use std::sync::Arc;

use rustdct::{DctPlanner, TransformType2And3};

/// Makes vectors of samples amplitudes of cosines (the discrete cosine transform, type II),
/// each as a share of the largest that it has, and makes samples of those again.
///
/// What is a little wrong with each share is a little wrong with each frequency as it sounds:
/// of samples, what is wrong with them all alike is noise of all frequencies.
#[derive(Clone)]
pub struct Cosines {
    transform: Arc<dyn TransformType2And3<f32>>,
    /// The largest amplitude of each, `[len]`; above 0.
    largest: Arc<[f32]>,
}

/// Neighbours on each side that share the largest amplitude of a cosine, as a share of all:
/// what one lacked by chance, it may have another time.
const NEIGHBOURS: usize = 128;
/// The least that the largest amplitude of a cosine counts as, as a share of the largest of
/// all: 80 dB.
const LEAST: f32 = 1e-4;

impl Cosines {
    /// Of vectors as long as `largest`, whose cosines have these largest amplitudes.
    pub fn new(largest: &[f32]) -> Cosines {
        Cosines {
            transform: DctPlanner::new().plan_dct2(largest.len()),
            largest: largest.into(),
        }
    }

    /// The largest amplitudes of the cosines of vectors of `len` samples in `recordings`,
    /// none of them 0.
    pub fn largest_of(recordings: &[Vec<f32>], len: usize) -> Vec<f32> {
        let unscaled = Cosines::new(&vec![1.0; len]);
        let mut largest = vec![0.0f32; len];
        let mut vector = vec![0.0; len];
        for recording in recordings {
            for samples in recording.windows(len).step_by(len.div_ceil(2)) {
                vector.copy_from_slice(samples);
                unscaled.of_samples(&mut vector);
                for (largest, amplitude) in largest.iter_mut().zip(&vector) {
                    *largest = largest.max(amplitude.abs());
                }
            }
        }
        let reach = len.div_ceil(NEIGHBOURS);
        let of_all = largest.iter().copied().fold(0.0, f32::max);
        let least = if of_all > 0.0 { LEAST * of_all } else { 1.0 };
        let near = |n: usize| &largest[n.saturating_sub(reach)..(n + reach + 1).min(len)];
        (0..len)
            .map(|n| near(n).iter().copied().fold(least, f32::max))
            .collect()
    }

    /// Makes shares of the samples in `vector`.
    pub fn of_samples(&self, vector: &mut [f32]) {
        self.transform.process_dct2(vector);
        for (amplitude, largest) in vector.iter_mut().zip(&*self.largest) {
            *amplitude /= largest;
        }
    }

    /// Makes samples of the shares in `vector`.
    pub fn to_samples(&self, vector: &mut [f32]) {
        // Type III undoes type II, but for a factor.
        let factor = 2.0 / vector.len() as f32;
        for (amplitude, largest) in vector.iter_mut().zip(&*self.largest) {
            *amplitude *= largest * factor;
        }
        self.transform.process_dct3(vector);
    }
}

impl fmt::Debug for Cosines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosines({})", self.largest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use rand::RngExt;
    use std::f64::consts::PI;

    fn noise(len: usize) -> Vec<f32> {
        let mut random = stream(1, "noise");
        (0..len).map(|_| random.random_range(-1.0..1.0)).collect()
    }

    #[test]
    fn they_are_the_sums_that_define_them() {
        for len in [2, 12, 64] {
            let samples = noise(len);
            let mut vector = samples.clone();
            Cosines::new(&vec![1.0; len]).of_samples(&mut vector);
            for (k, amplitude) in vector.iter().enumerate() {
                let cosine = |n: usize| (PI * k as f64 * (n as f64 + 0.5) / len as f64).cos();
                let sum: f64 = (0..len).map(|n| f64::from(samples[n]) * cosine(n)).sum();
                assert!((f64::from(*amplitude) - sum).abs() < 1e-4, "{k} of {len}");
            }
        }
    }

    #[test]
    fn samples_come_back_whatever_the_largest_are() {
        let samples = noise(96);
        let largest: Vec<f32> = (1..=96).map(|k| 3.0 / k as f32).collect();
        let cosines = Cosines::new(&largest);
        let mut vector = samples.clone();
        cosines.of_samples(&mut vector);
        cosines.to_samples(&mut vector);
        for (got, expected) in vector.iter().zip(&samples) {
            assert!((got - expected).abs() < 1e-5, "{got}, {expected}");
        }
    }

    #[test]
    fn no_vector_of_the_recordings_has_more_than_the_largest() {
        let recordings = [noise(300), noise(1000), vec![0.5; 10]];
        let largest = Cosines::largest_of(&recordings, 64);
        let cosines = Cosines::new(&largest);
        let mut vector = recordings[1][64..128].to_vec();
        cosines.of_samples(&mut vector);
        assert!(vector.iter().all(|share| share.abs() <= 1.0));
        assert!(vector.iter().any(|share| share.abs() > 0.3));
        // Silence divides by 1.
        assert_eq!(Cosines::largest_of(&[vec![0.0; 100]], 4), [1.0; 4]);
        assert_eq!(Cosines::largest_of(&[], 4), [1.0; 4]);
    }
}
