//! The progress of an answer, shown to whoever waits for it.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

/// Steps of the bar.
const STEPS: u64 = 1000;

/// Shows how far `answer` has come while it is made; Ctrl-C stops it.
pub fn shown<T>(
    answer: impl FnOnce(&mut dyn FnMut(f64) -> ControlFlow<()>) -> T,
) -> anyhow::Result<T> {
    let stop = super::stop_flag()?;
    let bar = indicatif::ProgressBar::new(STEPS);
    let made = answer(&mut |share| {
        bar.set_position((share * STEPS as f64) as u64);
        match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    bar.finish_and_clear();
    Ok(made)
}
