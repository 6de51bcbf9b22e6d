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
            self.format.hop_size = self
                .format
                .hop_size
                .min((self.format.window_size / 2).max(1));
        }
        if approach == Approach::MagnitudeSpectrum && open("seg_len") {
            self.format.seg_len = self.bins();
        }
        if open("hidden_size") {
            self.network.hidden_size = self.format.seg_len;
        }
        let row_elements = self.format.seg_len / self.format.bands.max(1);
        if open("int_cursor_inc") {
            self.format.int_cursor_inc = match approach {
                Approach::Vector => self.format.seg_len,
                Approach::Transpose => row_elements,
                Approach::ColumnVector | Approach::MagnitudeSpectrum => 1,
            };
        }
        if open("label_offset") {
            self.format.label_offset = match approach {
                Approach::Vector => self.format.seg_len,
                Approach::ColumnVector => row_elements,
                Approach::Transpose => {
                    let last_row = self.format.num_unrollings.saturating_sub(1);
                    last_row
                        .saturating_mul(self.format.int_cursor_inc)
                        .saturating_add(row_elements)
                }
                Approach::MagnitudeSpectrum => 1,
            };
        }
        if open("ext_cursor_inc") {
            self.format.ext_cursor_inc = match approach {
                Approach::Vector => self
                    .format
                    .label_offset
                    .clamp(1, self.format.seg_len.max(1)),
                _ => 1,
            };
        }
        if open("label_shape") {
            self.format.label_shape = match approach {
                Approach::Vector | Approach::MagnitudeSpectrum => {
                    [self.format.num_unrollings, self.format.seg_len]
                }
                Approach::ColumnVector => [self.format.num_unrollings, self.format.bands],
                Approach::Transpose => [1, self.format.bands],
            };
        }
        if open("output_shape") {
            self.format.output_shape = self.format.label_shape;
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
        at_most("hop_size", self.format.hop_size, self.format.window_size)?;
        let longest = self.longest_prediction();
        at_most("seq_dream_len", self.dreams.seq_dream_len, longest)?;
        at_most("dream_length", self.dreams.dream_length, longest)?;
        self.validate_network()?;
        self.validate_span()?;
        self.validate_shapes()
    }

    fn validate_network(&self) -> Result<(), HyperparametersError> {
        if self.network.use_residual
            && self.network.num_layers == 1
            && self.network.hidden_size != self.row_width()
        {
            return impossible(
                "use_residual",
                true,
                "false, or hidden_size equal to seg_len (and what stands beside it), or more than one layer: \
                 a layer's input is added to an output of the same width",
            );
        }
        if self.network.use_skip && self.approach() == Approach::Transpose {
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
        let rows = (self.format.num_unrollings - 1).saturating_mul(self.format.int_cursor_inc);
        let elements = rows
            .saturating_add(self.format.seg_len / self.format.bands)
            .saturating_add(self.format.label_offset);
        let samples_each = self.format.samples_per_element();
        let hour = 3600 * self.format.sample_rate as usize;
        if elements.saturating_mul(samples_each) <= hour {
            return Ok(());
        }
        let (key, value) = if rows >= self.format.label_offset {
            ("int_cursor_inc", self.format.int_cursor_inc)
        } else {
            ("label_offset", self.format.label_offset)
        };
        impossible(
            key,
            value,
            "less: one input matrix and its label span at most an hour",
        )
    }

    fn validate_shapes(&self) -> Result<(), HyperparametersError> {
        let rows = self.format.num_unrollings;
        if self.format.use_fft && self.format.use_transpose {
            return impossible("use_transpose", true, "false where use_fft is true");
        }
        self.validate_bands()?;
        let shapes: &[[usize; 2]] = match (self.format.use_fft, self.format.use_transpose) {
            (true, _) => &[[rows, self.format.seg_len]],
            (_, true) => &[[1, self.format.bands]],
            _ => &[[rows, self.format.seg_len], [rows, self.format.bands]],
        };
        if !shapes.contains(&self.format.label_shape) {
            let allowed: Vec<String> = shapes.iter().map(|s| format!("{s:?}")).collect();
            return impossible(
                "label_shape",
                format!("{:?}", self.format.label_shape),
                &allowed.join(" or "),
            );
        }
        let single = matches!(
            self.approach(),
            Approach::ColumnVector | Approach::Transpose
        );
        let single = single && self.format.bands == 1;
        if self.network.output == OutputKind::Levels && !single {
            return impossible(
                "output",
                "levels",
                "value or mixture, or an approach that predicts single samples",
            );
        }
        if self.format.output_shape != self.format.label_shape {
            return impossible(
                "output_shape",
                format!("{:?}", self.format.output_shape),
                &format!("the label_shape, {:?}", self.format.label_shape),
            );
        }
        if self.format.use_fft && self.format.seg_len != self.bins() {
            return impossible(
                "seg_len",
                self.format.seg_len,
                &format!(
                    "{}, the bins of a frame of window_size {} with zero_padding {}",
                    self.bins(),
                    self.format.window_size,
                    self.format.zero_padding
                ),
            );
        }
        Ok(())
    }

    /// Bands are for the approaches that predict single samples, and vectors hold whole
    /// steps of them.
    fn validate_bands(&self) -> Result<(), HyperparametersError> {
        let (bands, seg_len) = (self.format.bands, self.format.seg_len);
        if bands == 1 {
            return Ok(());
        }
        let single = matches!(
            self.approach(),
            Approach::ColumnVector | Approach::Transpose
        );
        if !single {
            return impossible(
                "bands",
                bands,
                "1; bands are for the column vector and transpose approaches, which predict samples one by one",
            );
        }
        if !seg_len.is_multiple_of(bands) {
            return impossible(
                "seg_len",
                seg_len,
                &format!("a multiple of {bands}, so that a vector has whole steps of the bands"),
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
