//! One time step of one LSTM layer for one row, and the bare product that it is made of:
//! what benchmarks compare.

use super::kernels::rows::{
    CellRows, Columns, DenseRows, Part, Precision, Processor, RowInput, RowMatrix, dense,
    step_cells,
};
use super::lstm::GATES;

/// A layer of D inputs and H units, with some weights.
pub struct BareStep {
    input: RowMatrix,
    recurrent: RowMatrix,
    x: Vec<f32>,
    rows: [RowInput; 2],
    bias: Vec<f32>,
    sums: Vec<f32>,
    cell: Vec<f32>,
    hidden: Vec<f32>,
}

impl BareStep {
    /// Of `inputs` D and `units` H, with weights of this `precision`.
    pub fn new(inputs: usize, units: usize, precision: Precision) -> BareStep {
        let matrix = |depth: usize| {
            let columns = Columns::Gates { units };
            let mut matrix = RowMatrix::new(Processor::here(), columns, precision);
            // Any will do that are not too large together.
            let scale = 1.0 / (depth as f32).sqrt();
            matrix.pack(depth, |column, k| {
                scale * (((column * 31 + k * 17) % 101) as f32 / 50.0 - 1.0)
            });
            matrix
        };
        let (input, recurrent) = (matrix(inputs), matrix(units));
        let packed = input.packed();
        BareStep {
            x: (0..inputs).map(|n| (n as f32 * 0.1).sin()).collect(),
            rows: Default::default(),
            bias: vec![0.0; packed],
            sums: vec![0.0; packed],
            cell: vec![0.0; packed / GATES],
            hidden: vec![0.0; packed / GATES],
            input,
            recurrent,
        }
    }

    /// Bytes of weights that are read.
    pub fn bytes(&self) -> usize {
        self.input.bytes() + self.recurrent.bytes()
    }

    fn take(&mut self) {
        let [x, h] = &mut self.rows;
        x.take(&self.input, &self.x);
        h.take(&self.recurrent, &self.hidden[..self.recurrent.depth()]);
    }

    /// The whole step: the next one begins with its outputs.
    pub fn step(&mut self) {
        self.take();
        let [x, h] = &self.rows;
        let parts = [Part::new(&self.input, x), Part::new(&self.recurrent, h)];
        let rows = CellRows {
            start: &self.bias,
            cell: &mut self.cell,
            hidden: &mut self.hidden,
        };
        step_cells(&parts, rows, 1);
    }

    /// The product alone of what was last [stepped](BareStep::step).
    pub fn product(&mut self) {
        let [x, h] = &self.rows;
        let parts = [Part::new(&self.input, x), Part::new(&self.recurrent, h)];
        let rows = DenseRows {
            start: &self.bias,
            squashed: 0,
            values: &mut self.sums,
        };
        dense(&parts, rows, 1);
    }
}
