//! The rows of an array of time steps, shared out to threads.
#![allow(unsafe_code)]

use std::marker::PhantomData;

/// Some rows of every time step of an array `[T, R, W]`, held for writing while
/// another thread holds the other rows.
pub struct StepRows<'a> {
    start: *mut f32,
    steps: usize,
    /// Values from one time step to the next.
    stride: usize,
    /// Values of these rows in one time step.
    len: usize,
    array: PhantomData<&'a mut [f32]>,
}

// SAFETY: it is a `&mut [f32]` of the values it covers, and covers no value
// that another one covers (see `split`).
unsafe impl Send for StepRows<'_> {}

impl<'a> StepRows<'a> {
    /// All rows of `values`, which hold `steps` time steps.
    pub fn new(values: &'a mut [f32], steps: usize) -> Self {
        let stride = values.len() / steps;
        assert_eq!(values.len(), steps * stride, "whole time steps");
        StepRows {
            start: values.as_mut_ptr(),
            steps,
            stride,
            len: stride,
            array: PhantomData,
        }
    }

    /// The first `at` values of each time step, and the others.
    pub fn split(self, at: usize) -> (Self, Self) {
        assert!(at <= self.len);
        // SAFETY: `at` is at most `len`, so this stays within the array or at its end.
        let rest = unsafe { self.start.add(at) };
        let others = StepRows {
            start: rest,
            len: self.len - at,
            ..self
        };
        (StepRows { len: at, ..self }, others)
    }

    /// These rows at time step `t`.
    pub fn step(&mut self, t: usize) -> &mut [f32] {
        assert!(t < self.steps);
        // SAFETY: `len` values from `start + t · stride` on lie within the array
        // that `new` borrowed, and no other `StepRows` covers them. The borrow
        // of `self` keeps them from being lent twice.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(t * self.stride), self.len) }
    }

    /// These rows at time step `t` to read and at `t + 1` to write.
    pub fn two_steps(&mut self, t: usize) -> (&[f32], &mut [f32]) {
        assert!(t + 1 < self.steps);
        assert!(self.len <= self.stride);
        // SAFETY: as in `step`; the two do not overlap, `len` being at most `stride`.
        unsafe {
            let before = self.start.add(t * self.stride);
            (
                std::slice::from_raw_parts(before, self.len),
                std::slice::from_raw_parts_mut(before.add(self.stride), self.len),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_steps_are_disjoint_and_complete() {
        let mut values: Vec<f32> = (0..24).map(|i| i as f32).collect(); // [T 3, R 4, W 2]
        let (mut first, mut others) = StepRows::new(&mut values, 3).split(2);
        assert_eq!(first.step(2), [16.0, 17.0]);
        assert_eq!(others.step(1), [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]);
        let (before, after) = first.two_steps(0);
        after.copy_from_slice(before);
        assert_eq!(values[8..10], [0.0, 1.0]);
    }
}
