//! A matrix as products of a few rows read it.

use serde::{Deserialize, Serialize};

use super::lines::Lines;
use super::processor::Processor;

/// In which numbers weights are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    F32,
    /// 8 bit with a scale for each column; inputs of 16 bit with one for each row; sums
    /// of 32 bit, which are exact.
    I8,
}

/// Largest magnitude of a weight in 8 bit.
const LARGEST_I8: f32 = 127.0;

/// Which column of a matrix is which column of a [`RowMatrix`], whose blocks hold some
/// registers of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The four gates of `units` units, gate by gate: a block has the four gates of as
    /// many units as a register has numbers.
    Gates { units: usize },
    /// As they are, this many.
    InOrder(usize),
}

impl Columns {
    /// Registers in one block.
    pub fn registers(self, width: usize) -> usize {
        match self {
            Columns::Gates { .. } => 4,
            Columns::InOrder(columns) if columns <= width => 1,
            Columns::InOrder(columns) if columns <= 2 * width => 2,
            Columns::InOrder(_) => 4,
        }
    }

    /// Blocks of all of them.
    pub fn blocks(self, width: usize) -> usize {
        match self {
            Columns::Gates { units } => units.div_ceil(width),
            Columns::InOrder(columns) => columns.div_ceil(self.registers(width) * width),
        }
    }

    /// Packed columns, those that only fill a block among them.
    pub fn packed(self, width: usize) -> usize {
        self.blocks(width) * self.registers(width) * width
    }

    /// Which column is packed at `index`; none where it only fills a block.
    pub fn at(self, index: usize, width: usize) -> Option<usize> {
        match self {
            Columns::Gates { units } => {
                let (block, within) = (index / (4 * width), index % (4 * width));
                let (gate, unit) = (within / width, block * width + within % width);
                (unit < units).then_some(gate * units + unit)
            }
            Columns::InOrder(columns) => (index < columns).then_some(index),
        }
    }
}

/// A matrix of `depth` inputs and some columns, in blocks.
#[derive(Clone)]
pub struct RowMatrix {
    pub(super) processor: Processor,
    pub(super) columns: Columns,
    pub(super) depth: usize,
    pub(super) weights: Lines,
    /// Of a matrix in 8 bit, for each packed column; empty of one in f32.
    pub(super) scales: Vec<f32>,
    /// The largest 16-bit input with which no sum overflows.
    pub(super) largest_input: f32,
    precision: Precision,
}

impl RowMatrix {
    /// For products on `processor`, yet without weights.
    ///
    /// # Panics
    /// If this machine's cannot be taken for one.
    pub fn new(processor: Processor, columns: Columns, precision: Precision) -> RowMatrix {
        assert!(processor <= Processor::here(), "{processor:?} is not here");
        RowMatrix {
            processor,
            columns,
            depth: 0,
            weights: Lines::default(),
            scales: Vec::new(),
            largest_input: 0.0,
            precision,
        }
    }

    /// Takes the weights of `depth` inputs: `weight(column, input)`.
    pub fn pack(&mut self, depth: usize, weight: impl Fn(usize, usize) -> f32) {
        self.depth = depth;
        match self.precision {
            Precision::F32 => self.pack_f32(weight),
            Precision::I8 => self.pack_i8(weight),
        }
    }

    /// Inputs.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// In which numbers its weights are.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Bytes that one product reads.
    pub fn bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// Packed columns.
    pub fn packed(&self) -> usize {
        self.columns.packed(self.processor.width())
    }

    /// Which column is packed at `index`; none where it only fills a block.
    pub fn column(&self, index: usize) -> Option<usize> {
        self.columns.at(index, self.processor.width())
    }

    /// Whether it has all the weights and scales that products read.
    pub(super) fn is_packed(&self) -> bool {
        let (weights, packed) = (&self.weights, self.packed());
        match self.precision {
            Precision::F32 => weights.values::<f32>().len() >= packed * self.depth,
            Precision::I8 => {
                let all = packed * self.even_depth();
                weights.values::<i8>().len() >= all && self.scales.len() == packed
            }
        }
    }

    pub(super) fn registers(&self) -> usize {
        self.columns.registers(self.processor.width())
    }

    pub(super) fn blocks(&self) -> usize {
        self.columns.blocks(self.processor.width())
    }

    /// Inputs with the one that fills the last pair.
    pub(super) fn even_depth(&self) -> usize {
        self.depth.next_multiple_of(2)
    }

    /// `[blocks, depth, columns of a block]`
    fn pack_f32(&mut self, weight: impl Fn(usize, usize) -> f32) {
        let width = self.processor.width();
        let of_block = self.registers() * width;
        self.weights.clear_to::<f32>(self.packed() * self.depth);
        let blocks = self.weights.values_mut::<f32>();
        // Column by column, as weights of gates lie in memory.
        for index in 0..self.columns.packed(width) {
            let Some(column) = self.columns.at(index, width) else {
                continue;
            };
            let (block, within) = (index / of_block, index % of_block);
            let start = block * of_block * self.depth + within;
            for input in 0..self.depth {
                blocks[start + input * of_block] = weight(column, input);
            }
        }
    }

    /// `[blocks, pairs of inputs, columns of a block, 2]`
    fn pack_i8(&mut self, weight: impl Fn(usize, usize) -> f32) {
        let width = self.processor.width();
        let (of_block, depth) = (self.registers() * width, self.even_depth());
        let packed = self.packed();
        self.weights.clear_to::<i8>(packed * depth);
        self.scales.clear();
        self.scales.resize(packed, 0.0);
        let blocks = self.weights.values_mut::<i8>();
        let mut largest_sum = 1.0;
        for index in 0..packed {
            let Some(column) = self.columns.at(index, width) else {
                continue;
            };
            let inputs = 0..self.depth;
            let weights = || inputs.clone().map(|input| weight(column, input));
            let largest = weights().map(f32::abs).fold(0.0, f32::max);
            // Nothing, or not a number where a weight is none, so that damage shows.
            let nothing: f32 = weights().map(|weight| weight * 0.0).sum();
            let scale = largest / LARGEST_I8;
            self.scales[index] = scale + nothing;
            if largest == 0.0 {
                continue;
            }
            let (block, within) = (index / of_block, index % of_block);
            let mut sum = 0.0;
            for input in inputs.clone() {
                let level = (weight(column, input) / scale).round();
                sum += level.abs();
                let pair = (block * depth / 2 + input / 2) * of_block;
                blocks[2 * (pair + within) + input % 2] = level as i8;
            }
            largest_sum = f32::max(largest_sum, sum);
        }
        // A little less than what a sum holds: `largest_sum` is rounded.
        self.largest_input = (2_147_000_000.0 / largest_sum).min(32767.0).floor();
    }
}
