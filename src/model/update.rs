//! Weight gradients, and what becomes of them block by block, while a block is
//! still in the cache.

use std::ops::Range;

use super::kernels::{self, TransposedRows};
use super::matrix::{Matrix, multiply};
use super::step::{Step, step_weights};
use super::threads::cut;
use crate::vectorised::vectorised;

/// What becomes of the gradient of some weights.
pub enum Update<'a> {
    /// It is added to these values.
    Add(&'a mut [f32]),
    /// Adam moves the weights.
    Adam {
        step: Step,
        weights: &'a mut [f32],
        mean: &'a mut [f32],
        square: &'a mut [f32],
    },
}

impl<'a> Update<'a> {
    /// The update of the first `at` weights, and that of the others.
    pub fn split_at(self, at: usize) -> (Update<'a>, Update<'a>) {
        match self {
            Update::Add(sum) => {
                let (first, rest) = sum.split_at_mut(at);
                (Update::Add(first), Update::Add(rest))
            }
            Update::Adam {
                step,
                weights,
                mean,
                square,
            } => {
                let (weights, w) = weights.split_at_mut(at);
                let (mean, m) = mean.split_at_mut(at);
                let (square, s) = square.split_at_mut(at);
                let half = |weights, mean, square| Update::Adam {
                    step,
                    weights,
                    mean,
                    square,
                };
                (half(weights, mean, square), half(w, m, s))
            }
        }
    }

    /// Without the penalty: for biases and the head.
    pub fn unpenalised(mut self) -> Self {
        if let Update::Adam { step, .. } = &mut self {
            *step = step.unpenalised();
        }
        self
    }

    /// Takes the gradient of the weights from `start` on.
    pub fn take(&mut self, start: usize, gradient: &[f32]) {
        let range = start..start + gradient.len();
        match self {
            Update::Add(sum) => {
                for (sum, g) in sum[range].iter_mut().zip(gradient) {
                    *sum += g;
                }
            }
            Update::Adam {
                step,
                weights,
                mean,
                square,
            } => step_weights(
                &mut weights[range.clone()],
                &mut mean[range.clone()],
                &mut square[range],
                gradient,
                *step,
            ),
        }
    }
}

/// Hands the whole `gradient` to `update`.
pub fn hand_over(mut update: Update, gradient: &[f32], threads: usize) {
    match cut(gradient.len(), LEAST_WEIGHTS, threads) {
        None => update.take(0, gradient),
        Some(at) => {
            let (first, rest) = update.split_at(at);
            rayon::join(
                || hand_over(first, &gradient[..at], threads / 2),
                || hand_over(rest, &gradient[at..], threads - threads / 2),
            );
        }
    }
}

/// Scales `gradient` down to the norm `largest` if it is longer.
pub fn clip(gradient: &mut [f32], largest: f64, threads: usize) {
    let scale = (largest / sum_of_squares(gradient, threads).sqrt()) as f32;
    if scale < 1.0 {
        multiply_each(gradient, scale, threads);
    }
}

fn sum_of_squares(values: &[f32], threads: usize) -> f64 {
    match cut(values.len(), LEAST_WEIGHTS, threads) {
        // Short sums in single precision, in lanes, are exact enough and vectorise.
        None => (values.chunks(1024).map(|chunk| {
            let (lanes, rest) = chunk.as_chunks::<8>();
            let mut sums = [0.0f32; 8];
            for lane in lanes {
                for (sum, value) in sums.iter_mut().zip(lane) {
                    *sum += value * value;
                }
            }
            let rest: f32 = rest.iter().map(|value| value * value).sum();
            f64::from(sums.iter().sum::<f32>() + rest)
        }))
        .sum(),
        Some(at) => {
            let (first, rest) = rayon::join(
                || sum_of_squares(&values[..at], threads / 2),
                || sum_of_squares(&values[at..], threads - threads / 2),
            );
            first + rest
        }
    }
}

fn multiply_each(values: &mut [f32], factor: f32, threads: usize) {
    match cut(values.len(), LEAST_WEIGHTS, threads) {
        None => values.iter_mut().for_each(|value| *value *= factor),
        Some(at) => {
            let (first, rest) = values.split_at_mut(at);
            rayon::join(
                || multiply_each(first, factor, threads / 2),
                || multiply_each(rest, factor, threads - threads / 2),
            );
        }
    }
}

/// Fewer weights are not worth another thread.
const LEAST_WEIGHTS: usize = 16 * 1024;

/// Memory for blocks of gradients, kept from step to step.
#[derive(Clone)]
pub struct Scratch {
    packed: [Vec<f32>; 2],
    /// For each thread that may work on a gradient.
    parts: Vec<ThreadMemory>,
    sums: Vec<f32>,
}

impl Scratch {
    /// For gradients that `threads` threads may work on.
    pub fn new(threads: usize) -> Scratch {
        Scratch {
            packed: Default::default(),
            parts: vec![ThreadMemory::default(); threads.max(1)],
            sums: Vec::new(),
        }
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new(1)
    }
}

/// What one thread works in.
#[derive(Clone, Default)]
struct ThreadMemory {
    left: TransposedRows,
    block: Vec<f32>,
}

/// Gradients in one block: with the weights, means and squares they meet they
/// share the L2 cache.
const BLOCK_VALUES: usize = 24 * 1024;
/// Rows of one block at most.
const BLOCK_ROWS: usize = 4 * kernels::TILE_ROWS;

/// The gradient `aᵀ · b` of weights `[m, n]`, of `b [k, n]` and an `a [k, m]`.
pub struct Gradient<'a> {
    update: Update<'a>,
    b: &'a [f32],
    packed_b: &'a [f32],
    n: usize,
}

impl<'a> Gradient<'a> {
    /// The gradient that is handed to `update`.
    pub fn new(update: Update<'a>, (b, n): (&'a [f32], usize)) -> Self {
        Gradient {
            update,
            b,
            packed_b: &[],
            n,
        }
    }

    fn pack(&mut self, memory: &'a mut Vec<f32>) {
        if kernels::available() {
            kernels::pack_columns(self.b, self.n, memory);
            self.packed_b = memory;
        }
    }

    /// That of the first `at` rows of weights, and that of the others.
    fn split_at(self, at: usize) -> (Self, Self) {
        let (first, rest) = self.update.split_at(at * self.n);
        let part = |update| Gradient { update, ..self };
        (part(first), part(rest))
    }

    /// Makes the rows `rows` and hands them to the update, whose first row is `first`.
    fn take(&mut self, left: Left, rows: Range<usize>, first: usize, memory: &mut ThreadMemory) {
        let ThreadMemory {
            left: packed,
            block,
        } = memory;
        let n = self.n;
        block.resize(rows.len() * n, 0.0);
        let at = (rows.start - first) * n;
        if kernels::available() {
            packed.multiply(block, (self.packed_b, n));
        } else {
            let k = left.a.len() / left.m;
            let a = Matrix::new(left.a, k, left.m).t().rows(rows);
            multiply(block, false, a, Matrix::new(self.b, k, n), 1);
        }
        self.update.take(at, block);
    }
}

/// Makes the gradients of weights that have `a [k, m]` in common.
pub fn update_weights<'a>(
    mut gradient: Gradient<'a>,
    mut other: Option<Gradient<'a>>,
    (a, m): (&[f32], usize),
    scratch: &'a mut Scratch,
) {
    let [packed, packed_other] = &mut scratch.packed;
    match &mut other {
        Some(other) if scratch.parts.len() > 1 => {
            rayon::join(|| gradient.pack(packed), || other.pack(packed_other));
        }
        Some(other) => {
            gradient.pack(packed);
            other.pack(packed_other);
        }
        None => gradient.pack(packed),
    }
    Left { a, m }.update_rows(gradient, other, 0..m, &mut scratch.parts);
}

/// What weight gradients have on their left, `a [k, m]`.
#[derive(Clone, Copy)]
struct Left<'a> {
    a: &'a [f32],
    m: usize,
}

impl Left<'_> {
    /// Makes rows `rows` of gradients, which are theirs, with a thread for each of `parts`.
    fn update_rows(
        self,
        mut gradient: Gradient,
        mut other: Option<Gradient>,
        rows: Range<usize>,
        parts: &mut [ThreadMemory],
    ) {
        if let Some(at) = cut(rows.len(), kernels::TILE_ROWS, parts.len()) {
            let middle = rows.start + at;
            let (first, rest) = gradient.split_at(at);
            let (other_first, other_rest) = other.map(|other| other.split_at(at)).unzip();
            let (mine, others) = parts.split_at_mut(parts.len() / 2);
            rayon::join(
                || self.update_rows(first, other_first, rows.start..middle, mine),
                || self.update_rows(rest, other_rest, middle..rows.end, others),
            );
            return;
        }
        let widest = other.iter().fold(gradient.n, |n, other| n.max(other.n));
        let tiles = (BLOCK_VALUES / (widest * kernels::TILE_ROWS)).max(1);
        let height = BLOCK_ROWS.min(tiles * kernels::TILE_ROWS);
        for start in rows.clone().step_by(height) {
            let these = start..(start + height).min(rows.end);
            if kernels::available() {
                parts[0].left.pack((self.a, self.m), these.clone());
            }
            gradient.take(self, these.clone(), rows.start, &mut parts[0]);
            if let Some(other) = &mut other {
                other.take(self, these, rows.start, &mut parts[0]);
            }
        }
    }
}

vectorised! {
    /// Adds `row` to `sums`.
    pub fn add_row(sums: &mut [f32], row: &[f32]) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
}

/// Hands the sum of the rows of `d [_, n]` to `update`: the gradient of a bias.
pub fn update_bias(mut update: Update, d: &[f32], n: usize, scratch: &mut Scratch) {
    let Scratch { sums, parts, .. } = scratch;
    sums.clear();
    sums.resize(n, 0.0);
    sum_rows(sums, (d, n), 0, parts.len());
    update.take(0, sums);
}

/// Adds of all rows of `d [_, n]` the values from `first` on, as many as there are sums.
fn sum_rows(sums: &mut [f32], (d, n): (&[f32], usize), first: usize, threads: usize) {
    match cut(sums.len(), LEAST_SUMS, threads).filter(|_| d.len() >= 2 * LEAST_WEIGHTS) {
        None => {
            for row in d.chunks_exact(n) {
                add_row(sums, &row[first..first + sums.len()]);
            }
        }
        Some(at) => {
            let (sums, others) = sums.split_at_mut(at);
            rayon::join(
                || sum_rows(sums, (d, n), first, threads / 2),
                || sum_rows(others, (d, n), first + at, threads - threads / 2),
            );
        }
    }
}

/// Values of a row that one thread sums at least: whole lines of the cache.
const LEAST_SUMS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn a_gradient_is_scaled_to_the_bound() {
        let mut gradient = [3.0, 4.0];
        clip(&mut gradient, 10.0, 1);
        assert_eq!(gradient, [3.0, 4.0]);
        clip(&mut gradient, 1.0, 1);
        assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] - 0.8).abs() < 1e-6);
        let mut long: Vec<f32> = (0..100_003).map(|n| (n % 17) as f32 - 8.0).collect();
        clip(&mut long, 2.0, 3);
        let squares: f64 = long.iter().map(|g| f64::from(*g).powi(2)).sum();
        assert!((squares.sqrt() - 2.0).abs() < 1e-5);
    }

    #[test]
    fn blocks_and_threads_make_the_gradient_that_one_product_makes() {
        let (m, n, k) = (100, 37, 11);
        let (a, b) = (values(k * m, 0), values(k * n, 7));
        let mut expected = vec![1.0; m * n];
        let (left, right) = (Matrix::new(&a, k, m).t(), Matrix::new(&b, k, n));
        multiply(&mut expected, true, left, right, 1);
        for threads in [1, 2, 3] {
            let mut sum = vec![1.0; m * n];
            let mut scratch = Scratch::new(threads);
            let mut again = vec![1.0; m * n];
            let gradient = Gradient::new(Update::Add(&mut sum), (&b, n));
            let other = Gradient::new(Update::Add(&mut again), (&b, n));
            update_weights(gradient, Some(other), (&a, m), &mut scratch);
            for (sum, expected) in sum.iter().zip(&expected) {
                assert!((sum - expected).abs() < 1e-4);
            }
            assert_eq!(sum, again);
        }
    }
}
