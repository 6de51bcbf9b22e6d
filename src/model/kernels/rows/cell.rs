//! One time step of an LSTM layer for a few rows: gates, cells and outputs.
#![allow(unsafe_code)]

use std::ops::Range;

use super::activation::{sigmoid, tanh};
use super::places::Places;
use super::processor::for_each_processor;
use super::product::{MOST_ROWS, Part};
use crate::model::kernels::lanes::Lanes;
use crate::model::lstm::{CELL_GATE, FORGET_GATE, GATES, INPUT_GATE, OUTPUT_GATE};
use crate::model::threads::split_range;

/// What is added to a cell's state and taken off again: it leaves nothing of states so
/// small that processors take long over them.
const ABOVE_DENORMALS: f32 = 1e-25;

/// What a step of R rows reads and writes beside the weights; a row of cells and of
/// outputs has as many values as there are packed columns for each gate.
pub struct CellRows<'a> {
    /// What the gates' sums begin with, packed: one row for all, or one for each.
    pub start: &'a [f32],
    /// `[R, H]`: the cells' states before the step, and after.
    pub cell: &'a mut [f32],
    /// `[R, H]`: becomes the outputs.
    pub hidden: &'a mut [f32],
}

/// A step as the kernel sees it.
#[derive(Clone, Copy)]
struct Step<'a> {
    parts: &'a [Part<'a>],
    start: &'a [f32],
    /// Values from one row of `start` to the next; 0 where there is one for all.
    start_stride: usize,
    cell: Places,
    hidden: Places,
    /// Values of a row of cells.
    units: usize,
    rows: usize,
}

/// Makes the step whose gates are the sums of `parts`: Equations (1.6) to (1.11).
///
/// # Panics
/// If lengths do not agree.
pub fn step_cells(parts: &[Part], rows: CellRows, threads: usize) {
    let matrix = parts[0].matrix;
    let (processor, packed) = (matrix.processor, matrix.packed());
    let units = packed / GATES;
    let count = rows.cell.len() / units;
    Part::check(parts, count);
    assert_eq!(matrix.registers(), GATES);
    assert_eq!(rows.cell.len(), count * units);
    assert_eq!(rows.hidden.len(), count * units);
    let start_stride = match rows.start.len() == packed {
        true => 0,
        false => packed,
    };
    assert_eq!(rows.start.len(), packed.max(count * start_stride));
    let step = Step {
        parts,
        start: rows.start,
        start_stride,
        cell: Places::of(rows.cell),
        hidden: Places::of(rows.hidden),
        units,
        rows: count,
    };
    split_range(0..matrix.blocks(), 1, threads, &|blocks: Range<usize>| {
        // SAFETY: lengths were compared above, and each thread has blocks of its own.
        // The matrix was made for this machine.
        unsafe { run(processor, step, blocks) };
    });
}

for_each_processor! {
    /// # Safety
    /// The machine is such a `processor`; the lengths of `step` agree; nobody else
    /// writes to these `blocks`.
    unsafe fn run(step: Step, blocks: Range<usize>) = run_blocks
}

/// # Safety
/// As [`run`], and [`Lanes`].
#[inline(always)]
unsafe fn run_blocks<L: Lanes>(step: Step, blocks: Range<usize>) {
    for block in blocks {
        let mut row = 0;
        while row < step.rows {
            let rows = (step.rows - row).min(MOST_ROWS);
            // SAFETY: by contract.
            unsafe {
                match rows {
                    1 => run_block::<L, 1>(step, block, row),
                    2 => run_block::<L, 2>(step, block, row),
                    3 => run_block::<L, 3>(step, block, row),
                    _ => run_block::<L, MOST_ROWS>(step, block, row),
                }
            }
            row += rows;
        }
    }
}

/// # Safety
/// As [`run_blocks`].
#[inline(always)]
unsafe fn run_block<L: Lanes, const R: usize>(step: Step, block: usize, first: usize) {
    // SAFETY: the block, and `R` rows from `first` on, exist by contract.
    unsafe {
        let mut sums = [[L::splat(0.0); GATES]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            let start = (first + r) * step.start_stride + block * GATES * L::WIDTH;
            let start = step.start.as_ptr().add(start);
            for (gate, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(start.add(gate * L::WIDTH));
            }
        }
        for part in step.parts {
            part.add::<L, R, GATES>(block, first, &mut sums);
        }
        let tiny = L::splat(ABOVE_DENORMALS);
        for (r, sums) in sums.iter().enumerate() {
            let place = (first + r) * step.units + block * L::WIDTH;
            let cell = step.cell.at(place);
            let kept = L::multiply(sigmoid::<L>(sums[FORGET_GATE]), L::load(cell));
            let candidate = tanh::<L>(sums[CELL_GATE]);
            let state = L::multiply_add(sigmoid::<L>(sums[INPUT_GATE]), candidate, kept);
            let state = L::subtract(L::add(state, tiny), tiny);
            let output = L::multiply(sigmoid::<L>(sums[OUTPUT_GATE]), tanh::<L>(state));
            L::store(cell, state);
            L::store(step.hidden.at(place), output);
        }
    }
}
