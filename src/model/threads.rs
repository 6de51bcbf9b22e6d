//! Work split over threads, always in the same way, so that results do not
//! depend on which thread comes first.

use std::ops::Range;

/// Runs `work` on one of the threads that share it, if there are several: from there
/// they are asked for help many times at less cost than from outside.
pub fn among_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    match threads {
        0 | 1 => work(),
        _ => rayon::scope(|_| work()),
    }
}

/// Weights that are read at one step, from which on several threads share them.
const SHARED_WORK: usize = 1 << 22;

/// The threads, `threads` or one, that a step is worth which reads so many `weights`.
pub fn threads_worth(weights: usize, threads: usize) -> usize {
    if weights < SHARED_WORK { 1 } else { threads }
}

/// Runs `work` on `range`, cut into `threads` parts at multiples of `unit` from
/// its start.
pub fn split_range(
    range: Range<usize>,
    unit: usize,
    threads: usize,
    work: &(impl Fn(Range<usize>) + Sync),
) {
    match cut(range.len(), unit, threads) {
        None => work(range),
        Some(at) => {
            let middle = range.start + at;
            rayon::join(
                || split_range(range.start..middle, unit, threads / 2, work),
                || split_range(middle..range.end, unit, threads - threads / 2, work),
            );
        }
    }
}

/// Where to cut `len` things in two for `threads` threads: `threads / 2` of
/// them take what is before. `None` if there is nothing to share.
pub fn cut(len: usize, unit: usize, threads: usize) -> Option<usize> {
    if threads < 2 {
        return None;
    }
    let units = len.div_ceil(unit);
    let at = units * (threads / 2) / threads * unit;
    (at > 0 && at < len).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn parts_are_disjoint_and_complete() {
        for threads in 1..5 {
            for len in [0, 1, 7, 24, 25] {
                let seen = Mutex::new(vec![0; len]);
                split_range(0..len, 6, threads, &|range| {
                    assert_eq!(range.start % 6, 0);
                    seen.lock().unwrap()[range].iter_mut().for_each(|n| *n += 1);
                });
                assert_eq!(*seen.lock().unwrap(), vec![1; len]);
            }
        }
    }
}
