//! Sound of magnitude frames whose phases are found from them.

use super::overlap_add::OverlapAdd;
use super::phases::{Beside, Magnitudes, Phases};
use super::spectrum::Analysis;
use crate::random::Stream;

/// Makes sound of frames as they come, in one pass: phases that the magnitudes make likely
/// (see `phases.rs`), an inverse Fourier transform, and overlap-add.
///
/// Frames are the unscaled magnitudes of an [`Analysis`]. Where they are to sound more
/// than a quarter of a window apart, others come between, as many as that takes, whose
/// magnitudes run linearly from frame to frame: predicted frames, whose peaks are blurred,
/// pulse where they overlap less.
///
/// Its memory does not grow. Its sound is the same however frames are handed over, and a
/// clone goes on as the original would. It comes a frame and half a
/// window after them.
#[derive(Clone)]
pub struct PhaseLocked {
    /// Samples from frame to frame as they are to sound.
    hop_size: usize,
    /// Steps from frame to frame, and samples of one as it was heard.
    steps: usize,
    spacing: f32,
    phases: Phases,
    sound: OverlapAdd,
    /// The last of the frames that were handed over.
    last: Vec<f32>,
    /// The frame before the next that is to sound, that one, and the one after it.
    near: [Magnitudes; 3],
    /// Samples to the frame that is to sound, and from it to the one after it.
    apart: [usize; 2],
    /// How many frames were taken, of which no more than three matter.
    taken: usize,
}

impl PhaseLocked {
    /// For frames of `analysis` that are to sound `hop_size` samples apart; the first
    /// one's phases are drawn from `random`.
    pub fn new(analysis: &Analysis, hop_size: usize, random: &mut Stream) -> PhaseLocked {
        let bins = analysis.bins();
        let quarter = (analysis.window_size / 4).max(1);
        let steps = hop_size.div_ceil(quarter).max(1);
        PhaseLocked {
            hop_size,
            steps,
            spacing: analysis.hop_size as f32 / steps as f32,
            phases: Phases::new(analysis, random),
            sound: OverlapAdd::new(analysis),
            last: Vec::with_capacity(bins),
            near: std::array::from_fn(|_| Magnitudes::silent(bins)),
            apart: [0; 2],
            taken: 0,
        }
    }

    /// Takes the next frame, `[bins]`, and appends to `sound` the samples that are known
    /// then.
    pub fn push(&mut self, frame: &[f32], sound: &mut Vec<f32>) {
        if self.last.is_empty() {
            self.take(0, sound, |values| values.copy_from_slice(frame));
        } else {
            let last = std::mem::take(&mut self.last);
            let (hop_size, steps) = (self.hop_size, self.steps);
            let place = |step: usize| step * hop_size / steps;
            for step in 1..=steps {
                let samples = place(step) - place(step - 1);
                let share = step as f32 / steps as f32;
                self.take(samples, sound, |values| {
                    for (value, (from, to)) in values.iter_mut().zip(last.iter().zip(frame)) {
                        *value = from + (to - from) * share;
                    }
                });
            }
            self.last = last;
        }
        self.last.clear();
        self.last.extend_from_slice(frame);
    }

    /// Appends the rest of the sound, as far as the centre of the last frame: with all
    /// before it, `hop_size` samples for each frame but the first.
    pub fn finish(mut self, sound: &mut Vec<f32>) {
        if self.taken > 0 {
            self.step_on(0);
            self.make(false, sound);
            self.sound.finish(sound);
        }
    }

    /// The sound of `frames`, `[frames, bins]`, that follow those before, and nothing
    /// follows.
    pub fn resynthesise(mut self, frames: &[f32]) -> Vec<f32> {
        let bins = self.near[0].values.len();
        let mut sound = Vec::with_capacity(frames.len() / bins * self.hop_size);
        for frame in frames.chunks_exact(bins) {
            self.push(frame, &mut sound);
        }
        self.finish(&mut sound);
        sound
    }

    /// Takes the frame that `fill` writes, `samples` after the one before, and sounds the
    /// one before.
    fn take(&mut self, samples: usize, sound: &mut Vec<f32>, fill: impl FnOnce(&mut [f32])) {
        self.step_on(samples);
        fill(&mut self.near[2].values);
        self.near[2].have_changed();
        if self.taken > 0 {
            self.make(true, sound);
        }
        self.taken = 3.min(self.taken + 1);
    }

    /// What comes after becomes what is to sound; what comes then is `samples` after it.
    fn step_on(&mut self, samples: usize) {
        self.near.rotate_left(1);
        self.apart = [self.apart[1], samples];
    }

    /// Sounds the frame in the middle. One that misses stands for itself.
    fn make(&mut self, has_after: bool, sound: &mut Vec<f32>) {
        let [before, frame, after] = &self.near;
        let has_before = self.taken > 1;
        let step = self.apart[0];
        let beside = Beside {
            before: if has_before { before } else { frame },
            frame,
            after: if has_after { after } else { frame },
            apart: self.spacing * (f32::from(has_before) + f32::from(has_after)),
            step,
        };
        let phases = &mut self.phases;
        self.sound
            .add(step, sound, |bins| phases.advance(&beside, bins));
    }
}
