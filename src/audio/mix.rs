//! Many channels become one.
//!
//! The mean of the channels is what is heard, unless they cancel: a stereo
//! recording with one side inverted has a mean of nothing, or of rounding noise.
//! There the loudest channel is taken.

use super::limit::Limit;

/// Float recordings of reverberation end in numbers down here, -600 dB and
/// below, on which arithmetic is several times slower than on silence.
const DENORMAL_TAIL: f32 = 1e-30;

/// What no recording reaches, even one in the numbers of 32-bit integers; sums of
/// such samples would not stay finite. It is the work of a filter that blew up.
pub(super) const LOUDEST: f32 = 1e10;

/// From this absolute value on a sample counts as clipped.
const FULL_SCALE: f32 = 0.999;

/// The variance of the mean, times the channels, over the channels' mean
/// variance: 1 for channels that have nothing in common, their number for equal
/// ones, 0 for two that cancel, 0.2 where one is inverted and half as loud.
/// Below this they are taken to cancel.
const CANCELLED: f64 = 0.3;

/// How the channels of a recording became one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixed {
    /// There is but one.
    Mono,
    /// The mean of all.
    Mean,
    /// The channels cancel, so the loudest alone, counted from 1.
    Loudest(u16),
}

/// Mixes block after block, and measures.
pub(super) struct Mixer {
    channels: usize,
    only: Option<usize>,
    each: Vec<Moments>,
    mixed: Moments,
    frames: u64,
    /// Samples that were taken for silence, over all channels.
    pub non_finite: usize,
    /// The frame of the first of them.
    pub first_non_finite: Option<u64>,
    /// Samples at full scale, over all channels.
    pub clipped: usize,
    /// Samples that were cut off at the peak.
    pub limit: Limit,
    /// The largest sample of any channel.
    pub peak: f32,
}

/// Sums from which a mean and a variance follow.
#[derive(Clone, Copy, Default)]
struct Moments {
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, sample: f64) {
        self.sum += sample;
        self.squares += sample * sample;
    }

    fn mean(self, count: f64) -> f64 {
        self.sum / count
    }

    fn variance(self, count: f64) -> f64 {
        (self.squares / count - self.mean(count).powi(2)).max(0.0)
    }
}

impl Mixer {
    /// Of all `channels`, or of the one of them that is given, from 0.
    pub fn new(channels: u16, only: Option<usize>) -> Self {
        Self {
            channels: usize::from(channels),
            only,
            each: vec![Moments::default(); usize::from(channels)],
            mixed: Moments::default(),
            frames: 0,
            non_finite: 0,
            first_non_finite: None,
            clipped: 0,
            limit: Limit::new(usize::from(channels)),
            peak: 0.0,
        }
    }

    /// Mixes whole frames into `mono`, in place of what it holds, taking samples
    /// that are not numbers for silence.
    pub fn mix(&mut self, interleaved: &[f32], mono: &mut Vec<f32>) {
        mono.clear();
        for frame in interleaved.chunks_exact(self.channels) {
            let mut sum = 0.0;
            for (channel, (sample, moments)) in frame.iter().zip(&mut self.each).enumerate() {
                let size = sample.abs();
                // No comparison holds for what is not a number.
                if size <= LOUDEST {
                    self.limit.hear(channel, *sample);
                    let sample = f64::from(*sample);
                    moments.add(sample);
                    self.peak = self.peak.max(size);
                    self.clipped += usize::from(size >= FULL_SCALE);
                    if self.only.is_none_or(|only| only == channel) {
                        sum += sample;
                    }
                } else {
                    self.first_non_finite.get_or_insert(self.frames);
                    self.non_finite += 1;
                }
            }
            let parts = self.only.map_or(self.channels, |_| 1);
            let mean = (sum / parts as f64) as f32;
            let audible = mean.abs() > DENORMAL_TAIL;
            let mean = if audible { mean } else { 0.0 };
            self.mixed.add(f64::from(mean));
            self.frames += 1;
            mono.push(mean);
        }
    }

    /// Frames that were mixed.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether there was nothing but what is no number.
    pub fn heard_nothing_finite(&self) -> bool {
        self.non_finite as u64 == self.frames * self.channels as u64
    }

    /// The loudest channel where the channels cancel. Constants play no part.
    pub fn loudest_where_cancelled(&self) -> Option<usize> {
        if self.channels < 2 || self.frames == 0 {
            return None;
        }
        let frames = self.frames as f64;
        let variances: Vec<f64> = self.each.iter().map(|c| c.variance(frames)).collect();
        let channels = self.channels as f64;
        let mean = variances.iter().sum::<f64>() / channels;
        let cancelled = self.mixed.variance(frames) * channels < CANCELLED * mean;
        let loudest = (0..self.channels).max_by(|a, b| variances[*a].total_cmp(&variances[*b]));
        loudest.filter(|_| cancelled)
    }

    /// The mixed sound's mean, and its rms around that.
    pub fn mean_and_deviation(&self) -> (f64, f64) {
        let frames = self.frames.max(1) as f64;
        let deviation = self.mixed.variance(frames).sqrt();
        (self.mixed.mean(frames), deviation)
    }
}
