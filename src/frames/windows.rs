//! Input matrices and labels (dissertation 2.2.4, Figures 2.2, 2.4 and 2.5).

/// How a sequence is cut into one input matrix and one label per time step.
///
/// The sequence consists of elements of `width` values: audio samples (`width`
/// 1) or magnitude frames (`width` = bins). Every other field counts elements.
///
/// Row `r` of the input matrix at time step `t` starts at element
/// `t · ext_cursor_inc + r · int_cursor_inc`, its label `label_offset` later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowFormat {
    /// Values in one element.
    pub width: usize,
    /// Elements in a row of the input matrix.
    pub row_len: usize,
    /// Rows of the input matrix (`num_unrollings`).
    pub rows: usize,
    /// Elements between the starts of adjacent rows.
    pub int_cursor_inc: usize,
    /// Elements between the starts of adjacent matrices.
    pub ext_cursor_inc: usize,
    /// Elements from the start of the input matrix to the start of the label.
    pub label_offset: usize,
    /// Rows of the label.
    pub label_rows: usize,
    /// Elements in a row of the label.
    pub label_len: usize,
}

impl WindowFormat {
    /// Values in one input matrix, `[rows, row_len · width]`.
    pub fn input_values(&self) -> usize {
        self.rows * self.row_len * self.width
    }

    /// Values in one label, `[label_rows, label_len · width]`.
    pub fn label_values(&self) -> usize {
        self.label_rows * self.label_len * self.width
    }

    /// Elements from the first to the last of one input matrix.
    pub fn input_span(&self) -> usize {
        (self.rows - 1) * self.int_cursor_inc + self.row_len
    }

    /// Elements from the first of the input matrix to the last of its label.
    pub fn time_step_span(&self) -> usize {
        let label = self.label_offset + (self.label_rows - 1) * self.int_cursor_inc;
        self.input_span().max(label + self.label_len)
    }

    /// Elements from the first of a row to the last of its label, where rows lie so far apart
    /// that none reaches the next: each shows another part of the sound.
    pub fn span_of_a_spread_row(&self) -> Option<usize> {
        let span = self.row_len.max(self.label_offset + self.label_len);
        let is_spread = self.rows > 1 && self.int_cursor_inc >= span;
        // One label of all rows follows the last of them.
        (is_spread && self.label_rows == self.rows).then_some(span)
    }

    /// Whether each input matrix shows what the one before it did, but for one element:
    /// rows of several elements that move by one.
    pub fn slides(&self) -> bool {
        self.ext_cursor_inc == 1 && self.row_len > 1
    }

    /// Time steps in a sequence of `elements`: those whose input and label lie within it.
    pub fn time_steps(&self, elements: usize) -> usize {
        steps_of_span(self.time_step_span(), self.ext_cursor_inc, elements)
    }

    /// Input matrices in a sequence of `elements`, labels aside.
    pub fn input_matrices(&self, elements: usize) -> usize {
        steps_of_span(self.input_span(), self.ext_cursor_inc, elements)
    }

    /// The element in the middle of what row `row` of time step `t` is to predict.
    pub fn label_centre(&self, t: usize, row: usize) -> usize {
        let label_row = row.min(self.label_rows - 1);
        let start = t * self.ext_cursor_inc + self.label_offset;
        start + label_row * self.int_cursor_inc + self.label_len / 2
    }

    /// Appends the input matrix of time step `t` of `sequence` to `matrix`.
    ///
    /// # Panics
    /// If the matrix reaches beyond the sequence.
    pub fn push_input(&self, sequence: &[f32], t: usize, matrix: &mut Vec<f32>) {
        let start = t * self.ext_cursor_inc;
        self.push_rows(sequence, start, (self.rows, self.row_len), matrix);
    }

    /// Appends the label of time step `t` of `sequence` to `label`.
    ///
    /// # Panics
    /// If the label reaches beyond the sequence.
    pub fn push_label(&self, sequence: &[f32], t: usize, label: &mut Vec<f32>) {
        let start = t * self.ext_cursor_inc + self.label_offset;
        self.push_rows(sequence, start, (self.label_rows, self.label_len), label);
    }

    /// Appends `rows` rows of `len` elements, the first of them from element `start` on.
    fn push_rows(
        &self,
        sequence: &[f32],
        start: usize,
        (rows, len): (usize, usize),
        out: &mut Vec<f32>,
    ) {
        for row in 0..rows {
            let first = (start + row * self.int_cursor_inc) * self.width;
            out.extend_from_slice(&sequence[first..first + len * self.width]);
        }
    }
}

fn steps_of_span(span: usize, increment: usize, elements: usize) -> usize {
    match elements.checked_sub(span) {
        Some(rest) => rest / increment + 1,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence whose elements say where they stand: element e of width w is e, e + 0.1, ...
    fn sequence(elements: usize, width: usize) -> Vec<f32> {
        (0..elements)
            .flat_map(|e| (0..width).map(move |v| e as f32 + v as f32 / 10.0))
            .collect()
    }

    fn input(format: &WindowFormat, sequence: &[f32], t: usize) -> Vec<f32> {
        let mut matrix = Vec::new();
        format.push_input(sequence, t, &mut matrix);
        assert_eq!(matrix.len(), format.input_values());
        matrix
    }

    fn label(format: &WindowFormat, sequence: &[f32], t: usize) -> Vec<f32> {
        let mut label = Vec::new();
        format.push_label(sequence, t, &mut label);
        assert_eq!(label.len(), format.label_values());
        label
    }

    /// Figure 2.2: num_unrollings 5, seg_len 4, the vector approach.
    const FIGURE_2_2: WindowFormat = WindowFormat {
        width: 1,
        row_len: 4,
        rows: 5,
        int_cursor_inc: 4,
        ext_cursor_inc: 4,
        label_offset: 4,
        label_rows: 5,
        label_len: 4,
    };

    #[test]
    fn figure_2_2_the_input_matrix_has_num_unrollings_rows_of_seg_len() {
        #[rustfmt::skip]
        let expected = [
             0.0,  1.0,  2.0,  3.0,
             4.0,  5.0,  6.0,  7.0,
             8.0,  9.0, 10.0, 11.0,
            12.0, 13.0, 14.0, 15.0,
            16.0, 17.0, 18.0, 19.0,
        ];
        assert_eq!(input(&FIGURE_2_2, &sequence(24, 1), 0), expected);
        assert_eq!(FIGURE_2_2.time_steps(24), 1);
        assert_eq!(FIGURE_2_2.time_steps(23), 0);
        assert_eq!(FIGURE_2_2.time_steps(28), 2);
    }

    #[test]
    fn figure_2_4_cursors_move_rows_and_matrices() {
        let format = WindowFormat {
            rows: 3,
            int_cursor_inc: 2,
            ext_cursor_inc: 3,
            label_rows: 3,
            ..FIGURE_2_2
        };
        #[rustfmt::skip]
        let at_t = [
            0.0, 1.0, 2.0, 3.0,
            2.0, 3.0, 4.0, 5.0,
            4.0, 5.0, 6.0, 7.0,
        ];
        #[rustfmt::skip]
        let at_t_plus_1 = [
            3.0, 4.0, 5.0,  6.0,
            5.0, 6.0, 7.0,  8.0,
            7.0, 8.0, 9.0, 10.0,
        ];
        assert_eq!(input(&format, &sequence(20, 1), 0), at_t);
        assert_eq!(input(&format, &sequence(20, 1), 1), at_t_plus_1);
    }

    #[test]
    fn figure_2_5_a_label_is_one_sample_for_each_row() {
        let format = WindowFormat {
            row_len: 5,
            rows: 4,
            int_cursor_inc: 5,
            ext_cursor_inc: 1,
            label_offset: 5,
            label_rows: 4,
            label_len: 1,
            width: 1,
        };
        let sequence = sequence(22, 1);
        assert_eq!(label(&format, &sequence, 0), [5.0, 10.0, 15.0, 20.0]);
        assert_eq!(label(&format, &sequence, 1), [6.0, 11.0, 16.0, 21.0]);
        assert_eq!(format.time_steps(22), 2);
        assert_eq!([0, 3].map(|row| format.label_centre(1, row)), [6, 21]);
        // All but the last label stand in the input too: the first column from the second row on.
        let matrix = input(&format, &sequence, 0);
        assert_eq!([matrix[5], matrix[10], matrix[15]], [5.0, 10.0, 15.0]);
    }

    #[test]
    fn the_transpose_approach_has_one_label_after_the_whole_matrix() {
        let format = WindowFormat {
            rows: 3,
            int_cursor_inc: 2,
            ext_cursor_inc: 1,
            label_offset: 8,
            label_rows: 1,
            label_len: 1,
            ..FIGURE_2_2
        };
        assert_eq!(format.input_span(), 8);
        assert_eq!(label(&format, &sequence(10, 1), 1), [9.0]);
        assert_eq!([0, 2].map(|row| format.label_centre(1, row)), [9, 9]);
        assert_eq!(format.time_steps(10), 2);
    }

    #[test]
    fn for_spectra_the_cursors_count_frames() {
        let format = WindowFormat {
            width: 2,
            row_len: 1,
            rows: 3,
            int_cursor_inc: 1,
            ext_cursor_inc: 1,
            label_offset: 1,
            label_rows: 3,
            label_len: 1,
        };
        let sequence = sequence(5, 2);
        assert_eq!(input(&format, &sequence, 1), [1.0, 1.1, 2.0, 2.1, 3.0, 3.1]);
        assert_eq!(label(&format, &sequence, 1), [2.0, 2.1, 3.0, 3.1, 4.0, 4.1]);
        assert_eq!(format.time_steps(5), 2);
    }
}
