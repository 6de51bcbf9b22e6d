//! A sound that is as loud at all frequencies, and has little in common with what it was.

/// How much of its sound an all-pass feeds back: after ten times its delay, 30 dB less is left.
const FEEDBACK: f64 = 0.5;
/// What rings on below this, -600 dB, is silence.
const SILENT: f64 = 1e-30;

/// A delay, and all-passes one after the other (Schroeder, *Improved quasi-stereophony and
/// "colorless" artificial reverberation*, 1961). Its memory does not grow.
#[derive(Clone, Debug)]
pub struct AllPasses {
    delay: Delay,
    all_passes: Vec<AllPass>,
}

impl AllPasses {
    /// With these delays in seconds, at `sample_rate` Hz.
    pub fn new(delay: f64, all_passes: &[f64], sample_rate: u32) -> AllPasses {
        let samples = |seconds: f64| ((seconds * f64::from(sample_rate)).round() as usize).max(1);
        let all_passes = all_passes.iter();
        AllPasses {
            delay: Delay::new(samples(delay)),
            all_passes: all_passes
                .map(|s| AllPass(Delay::new(samples(*s))))
                .collect(),
        }
    }

    /// Goes on with `sample`.
    pub fn next(&mut self, sample: f64) -> f64 {
        let delayed = self.delay.next(sample);
        let all_passes = self.all_passes.iter_mut();
        all_passes.fold(delayed, |sound, all_pass| all_pass.next(sound))
    }
}

/// A sound as it was some samples ago.
#[derive(Clone, Debug)]
struct Delay {
    /// As many as it lags behind, the oldest at `at`.
    kept: Vec<f64>,
    at: usize,
}

impl Delay {
    /// By `samples`, at least 1.
    fn new(samples: usize) -> Delay {
        Delay {
            kept: vec![0.0; samples],
            at: 0,
        }
    }

    fn oldest(&self) -> f64 {
        self.kept[self.at]
    }

    /// Takes `sample` in, and gives the oldest.
    fn next(&mut self, sample: f64) -> f64 {
        let oldest = std::mem::replace(&mut self.kept[self.at], sample);
        self.at = (self.at + 1) % self.kept.len();
        oldest
    }
}

/// Schroeder's: `y[n] = x[n - d] - g x[n] + g y[n - d]`.
#[derive(Clone, Debug)]
struct AllPass(Delay);

impl AllPass {
    fn next(&mut self, sample: f64) -> f64 {
        let fed_back = audible(sample + FEEDBACK * self.0.oldest());
        self.0.next(fed_back) - FEEDBACK * fed_back
    }
}

/// `sample`, or silence where nothing but arithmetic on the smallest of numbers, which is
/// slow, is left of a sound.
pub fn audible(sample: f64) -> f64 {
    if sample.abs() > SILENT { sample } else { 0.0 }
}
