//! How hyperparameters depend on each other: what follows, and what does not go
//! together.

use super::error::{HyperparametersError, impossible};
use super::table::rules;
use super::{Approach, Hyperparameters, OutputKind};

impl Hyperparameters {
    /// Gives every format that is not `fixed` the value which follows from the
    /// others (section 3.1.1).
    pub(super) fn relate(&mut self, approach: Approach, fixed: impl Fn(&str) -> bool) {
        let open = |key: &str| !fixed(key);
        if open("hop_size") {
            // Frames that do not overlap by half leave some of the sound unheard.
            self.hop_size = self.hop_size.min((self.window_size / 2).max(1));
        }
        if approach == Approach::MagnitudeSpectrum && open("seg_len") {
            self.seg_len = self.bins();
        }
        if open("hidden_size") {
            self.hidden_size = self.seg_len;
        }
        if open("int_cursor_inc") {
            self.int_cursor_inc = match approach {
                Approach::Vector | Approach::Transpose => self.seg_len,
                Approach::ColumnVector | Approach::MagnitudeSpectrum => 1,
            };
        }
        if open("label_offset") {
            self.label_offset = match approach {
                Approach::Vector | Approach::ColumnVector => self.seg_len,
                Approach::Transpose => {
                    let last_row = self.num_unrollings.saturating_sub(1);
                    last_row
                        .saturating_mul(self.int_cursor_inc)
                        .saturating_add(self.seg_len)
                }
                Approach::MagnitudeSpectrum => 1,
            };
        }
        if open("ext_cursor_inc") {
            self.ext_cursor_inc = match approach {
                Approach::Vector => self.label_offset.clamp(1, self.seg_len.max(1)),
                _ => 1,
            };
        }
        if open("label_shape") {
            self.label_shape = match approach {
                Approach::Vector | Approach::MagnitudeSpectrum => {
                    [self.num_unrollings, self.seg_len]
                }
                Approach::ColumnVector => [self.num_unrollings, 1],
                Approach::Transpose => [1, 1],
            };
        }
        if open("output_shape") {
            self.output_shape = self.label_shape;
        }
    }

    /// Refuses what cannot be trained or sampled.
    ///
    /// # Errors
    /// They name key, value and what is allowed.
    pub fn validate(&self) -> Result<(), HyperparametersError> {
        let values = self.values();
        for rule in rules() {
            rule.check(&values[rule.key])?;
        }
        at_most("hop_size", self.hop_size, self.window_size)?;
        let longest = self.longest_prediction();
        at_most("seq_dream_len", self.seq_dream_len, longest)?;
        at_most("dream_length", self.dream_length, longest)?;
        self.validate_network()?;
        self.validate_span()?;
        self.validate_shapes()
    }

    fn validate_network(&self) -> Result<(), HyperparametersError> {
        if self.use_residual && self.num_layers == 1 && self.hidden_size != self.seg_len {
            return impossible(
                "use_residual",
                true,
                "false, or hidden_size equal to seg_len, or more than one layer: \
                 a layer's input is added to an output of the same width",
            );
        }
        if self.use_skip && self.approach() == Approach::Transpose {
            return impossible(
                "use_skip",
                true,
                "false in the transpose approach, whose fully connected layers see all rows at once",
            );
        }
        Ok(())
    }

    /// An input matrix and its label must fit into an hour of sound: what does
    /// not is a slip of the pen, and would fill the memory with silence.
    fn validate_span(&self) -> Result<(), HyperparametersError> {
        let rows = (self.num_unrollings - 1).saturating_mul(self.int_cursor_inc);
        let elements = rows
            .saturating_add(self.seg_len)
            .saturating_add(self.label_offset);
        let samples_each = if self.use_fft { self.hop_size } else { 1 };
        let hour = 3600 * self.sample_rate as usize;
        if elements.saturating_mul(samples_each) <= hour {
            return Ok(());
        }
        let (key, value) = if rows >= self.label_offset {
            ("int_cursor_inc", self.int_cursor_inc)
        } else {
            ("label_offset", self.label_offset)
        };
        impossible(
            key,
            value,
            "less: one input matrix and its label span at most an hour",
        )
    }

    fn validate_shapes(&self) -> Result<(), HyperparametersError> {
        let rows = self.num_unrollings;
        if self.use_fft && self.use_transpose {
            return impossible("use_transpose", true, "false where use_fft is true");
        }
        let shapes: &[[usize; 2]] = match (self.use_fft, self.use_transpose) {
            (true, _) => &[[rows, self.seg_len]],
            (_, true) => &[[1, 1]],
            _ => &[[rows, self.seg_len], [rows, 1]],
        };
        if !shapes.contains(&self.label_shape) {
            let allowed: Vec<String> = shapes.iter().map(|s| format!("{s:?}")).collect();
            return impossible(
                "label_shape",
                format!("{:?}", self.label_shape),
                &allowed.join(" or "),
            );
        }
        let single = matches!(
            self.approach(),
            Approach::ColumnVector | Approach::Transpose
        );
        if self.output == OutputKind::Levels && !single {
            return impossible(
                "output",
                "levels",
                "value or mixture, or an approach that predicts single samples",
            );
        }
        if self.output_shape != self.label_shape {
            return impossible(
                "output_shape",
                format!("{:?}", self.output_shape),
                &format!("the label_shape, {:?}", self.label_shape),
            );
        }
        if self.use_fft && self.seg_len != self.bins() {
            return impossible(
                "seg_len",
                self.seg_len,
                &format!(
                    "{}, the bins of a frame of window_size {} with zero_padding {}",
                    self.bins(),
                    self.window_size,
                    self.zero_padding
                ),
            );
        }
        Ok(())
    }
}

fn at_most(key: &'static str, value: usize, most: usize) -> Result<(), HyperparametersError> {
    if value <= most {
        return Ok(());
    }
    impossible(key, value, &format!("1 to {most}"))
}
