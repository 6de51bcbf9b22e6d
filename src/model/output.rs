//! What a network's outputs mean: values, or a distribution of values that is
//! drawn from.

use super::threads::cut;

/// The meaning of the values that a head gives for one prediction of O values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The O predicted values themselves, learned by squared error (Equation 2.1).
    Value,
    /// A mixture of `components` K Gaussians over all O values at once, as in
    /// Bishop, *Mixture Density Networks* (1994): K means of O values each,
    /// then K weights and K deviations as logarithms.
    Mixture { components: usize },
    /// The same over one sample of each of O bands, whose deviations differ as bands do: K
    /// means of O values each, K weights, and K times O deviations, component by component.
    Bands { components: usize },
    /// Logarithms of the chances of `levels` mu-law levels; O is 1.
    Levels { levels: usize },
}

/// What a head's values say of one prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said<'a> {
    /// The predicted values.
    Value(&'a [f32]),
    /// A mixture of Gaussians over the predicted values.
    Mixture(Mixture<'a>),
    /// Logarithms of the chances of mu-law levels.
    Levels(&'a [f32]),
}

/// A mixture of K Gaussians over O values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture<'a> {
    means: &'a [f32],
    /// Logarithms of the chances of its components, not normalised, `[K]`.
    pub weights: &'a [f32],
    /// One of each component, or one of each of its values.
    deviations: &'a [f32],
    outputs: usize,
}

impl<'a> Mixture<'a> {
    fn new(components: usize, row: &'a [f32], outputs: usize) -> Mixture<'a> {
        let (means, rest) = row.split_at(components * outputs);
        let (weights, deviations) = rest.split_at(components);
        Mixture {
            means,
            weights,
            deviations,
            outputs,
        }
    }

    /// Mean of component `k`, `[O]`.
    pub fn mean(&self, k: usize) -> &'a [f32] {
        &self.means[k * self.outputs..][..self.outputs]
    }

    /// Standard deviations of component `k`: one, that of each value, or one of each.
    pub fn deviations(&self, k: usize) -> impl Iterator<Item = f32> + use<'a> {
        let of_one = self.deviations.len() / self.weights.len();
        let deviations = self.deviations[k * of_one..][..of_one].iter();
        deviations.map(|value| log_deviation(*value).0.exp())
    }

    /// The bounded logarithm of deviation `n`, and its slope.
    fn log_deviation(&self, n: usize) -> (f32, f32) {
        log_deviation(self.deviations[n])
    }
}

/// The bounded logarithm of a deviation that a head gives as `value`, and its slope.
fn log_deviation(value: f32) -> (f32, f32) {
    let bounded = value.clamp(*LOG_DEVIATION.start(), *LOG_DEVIATION.end());
    let slope = if bounded == value { 1.0 } else { 0.0 };
    (bounded + LOG_DEVIATION_OFFSET, slope)
}

/// Predictions and their labels.
#[derive(Clone, Copy)]
struct Rows<'a> {
    prediction: &'a [f32],
    labels: &'a [f32],
    outputs: usize,
}

impl<'a> Rows<'a> {
    fn split_at(self, row: usize, width: usize) -> (Rows<'a>, Rows<'a>) {
        let (prediction, other_prediction) = self.prediction.split_at(row * width);
        let (labels, other_labels) = self.labels.split_at(row * self.outputs);
        let rows = |prediction, labels| Rows {
            prediction,
            labels,
            ..self
        };
        (
            rows(prediction, labels),
            rows(other_prediction, other_labels),
        )
    }
}

/// Fewer values of a prediction are not worth another thread.
const LEAST_VALUES: usize = 16 * 1024;

/// Logarithm of a deviation: the head's value is bounded, then moved, so that
/// training begins with deviations of a twentieth of full scale.
const LOG_DEVIATION: std::ops::RangeInclusive<f32> = -6.0..=2.0;
const LOG_DEVIATION_OFFSET: f32 = -3.0;
/// Mu of mu-law, as telephones have it (ITU-T G.711).
const MU: f32 = 255.0;

impl Output {
    /// Values that a head gives for a prediction of `outputs` O values.
    pub fn width(self, outputs: usize) -> usize {
        match self {
            Output::Value => outputs,
            Output::Mixture { components } => components * (outputs + 2),
            Output::Bands { components } => components * (2 * outputs + 1),
            Output::Levels { levels } => levels,
        }
    }

    /// How many of them, from the first, go through a tanh.
    pub fn squashed(self, outputs: usize) -> usize {
        match self {
            Output::Value => outputs,
            Output::Mixture { components } | Output::Bands { components } => components * outputs,
            Output::Levels { .. } => 0,
        }
    }

    /// The loss of `prediction`, the head's values for some predictions of
    /// `outputs` values each, given the `labels`, and its gradient: mean squared
    /// error, or negative log-likelihood per value.
    pub fn loss(
        self,
        prediction: &[f32],
        labels: &[f32],
        outputs: usize,
        gradient: &mut Vec<f32>,
        threads: usize,
    ) -> f64 {
        gradient.resize(prediction.len(), 0.0);
        let scale = 1.0 / labels.len() as f32;
        let rows = Rows {
            prediction,
            labels,
            outputs,
        };
        self.sum_of_losses(rows, gradient, scale, threads) / labels.len() as f64
    }

    /// The gradient's rows are multiplied by `scale`.
    fn sum_of_losses(self, rows: Rows, gradient: &mut [f32], scale: f32, threads: usize) -> f64 {
        let width = self.width(rows.outputs);
        let count = rows.labels.len() / rows.outputs;
        if let Some(at) = cut(count, LEAST_VALUES.div_ceil(width), threads) {
            let (first, rest) = rows.split_at(at, width);
            let (d_first, d_rest) = gradient.split_at_mut(at * width);
            let (first, rest) = rayon::join(
                || self.sum_of_losses(first, d_first, scale, threads / 2),
                || self.sum_of_losses(rest, d_rest, scale, threads - threads / 2),
            );
            return first + rest;
        }
        let labels = rows.labels.chunks_exact(rows.outputs);
        let predictions = rows.prediction.chunks_exact(width).zip(labels);
        let mut sum = 0.0;
        for ((row, label), d) in predictions.zip(gradient.chunks_exact_mut(width)) {
            sum += match self {
                Output::Value => squared_error(row, label, d),
                Output::Mixture { components } => mixture_loss(components, row, label, d),
                Output::Bands { components } => bands_loss(components, row, label, d),
                Output::Levels { .. } => levels_loss(row, label[0], d),
            };
            d.iter_mut().for_each(|d| *d *= scale);
        }
        sum
    }

    /// The loss of predicting silence for all `labels`, of `outputs` values each: of a
    /// mixture, one Gaussian about zero as wide as the labels are loud, as far as it can be;
    /// of levels, the chances with which they occur.
    pub fn loss_of_silence(self, labels: &[f32], outputs: usize) -> f64 {
        match self {
            Output::Value => mean_square(labels.iter()),
            Output::Mixture { .. } => about_zero(mean_square(labels.iter())),
            Output::Bands { .. } => {
                let band = |band| labels.iter().skip(band).step_by(outputs);
                let losses = (0..outputs).map(|n| about_zero(mean_square(band(n))));
                losses.sum::<f64>() / outputs as f64
            }
            Output::Levels { levels } => entropy(labels, levels),
        }
    }

    /// The least loss that there is: every value as it comes, as surely as can be said.
    pub fn loss_of_a_copy(self) -> f64 {
        match self {
            Output::Value | Output::Levels { .. } => 0.0,
            Output::Mixture { .. } | Output::Bands { .. } => {
                f64::from(*LOG_DEVIATION.start() + LOG_DEVIATION_OFFSET)
            }
        }
    }

    /// What the head's values `row` say of one prediction of `outputs` values.
    pub fn said(self, row: &[f32], outputs: usize) -> Said<'_> {
        match self {
            Output::Value => Said::Value(row),
            Output::Mixture { components } | Output::Bands { components } => {
                Said::Mixture(Mixture::new(components, row, outputs))
            }
            Output::Levels { .. } => Said::Levels(row),
        }
    }
}

fn mean_square<'a>(values: impl Iterator<Item = &'a f32> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    values.map(|value| f64::from(*value).powi(2)).sum::<f64>() / count
}

/// The loss, constants aside, of the Gaussian about zero that fits values of this mean
/// square best.
fn about_zero(mean_square: f64) -> f64 {
    let bounds = [LOG_DEVIATION.start(), LOG_DEVIATION.end()];
    let [least, most] = bounds.map(|bound| f64::from(bound + LOG_DEVIATION_OFFSET));
    let log_deviation = (0.5 * mean_square.ln()).clamp(least, most);
    log_deviation + 0.5 * mean_square * (-2.0 * log_deviation).exp()
}

/// That of the levels that `labels` fall into.
fn entropy(labels: &[f32], levels: usize) -> f64 {
    let mut counts = vec![0_usize; levels];
    for label in labels {
        counts[to_level(*label, levels)] += 1;
    }
    let chances = counts.into_iter().filter(|count| *count > 0);
    let chances = chances.map(|count| count as f64 / labels.len() as f64);
    chances.map(|chance| chance * (1.0 / chance).ln()).sum()
}

fn squared_error(row: &[f32], label: &[f32], d: &mut [f32]) -> f64 {
    let mut sum = 0.0;
    for ((d, prediction), label) in d.iter_mut().zip(row).zip(label) {
        let error = prediction - label;
        sum += f64::from(error * error);
        *d = 2.0 * error;
    }
    sum
}

/// -log Σ w_k N(label; mean_k, deviation_k²), constants aside.
fn mixture_loss(components: usize, row: &[f32], label: &[f32], d: &mut [f32]) -> f64 {
    let outputs = label.len();
    let mixture = Mixture::new(components, row, outputs);
    let weights = mixture.weights;
    let (d_means, d_rest) = d.split_at_mut(components * outputs);
    let (d_weights, d_deviations) = d_rest.split_at_mut(components);
    let log_weights_sum = log_sum_exp(weights.iter().copied());

    // d_weights holds the errors, then the logarithms of the joint densities,
    // d_deviations the inverse variances.
    for k in 0..components {
        let error: f32 = squares(mixture.mean(k), label);
        let (log_deviation, _) = mixture.log_deviation(k);
        let inverse_variance = (-2.0 * log_deviation).exp();
        d_deviations[k] = error * inverse_variance;
        d_weights[k] = weights[k]
            - log_weights_sum
            - 0.5 * error * inverse_variance
            - outputs as f32 * log_deviation;
    }
    let log_likelihood = log_sum_exp(d_weights.iter().copied());
    for k in 0..components {
        let responsibility = (d_weights[k] - log_likelihood).exp();
        d_weights[k] = (weights[k] - log_weights_sum).exp() - responsibility;
        let (log_deviation, slope) = mixture.log_deviation(k);
        d_deviations[k] = slope * responsibility * (outputs as f32 - d_deviations[k]);
        let pull = responsibility * (-2.0 * log_deviation).exp();
        let means = mixture.mean(k).iter().zip(label);
        for (d, (mean, label)) in d_means[k * outputs..].iter_mut().zip(means) {
            *d = pull * (mean - label);
        }
    }
    -f64::from(log_likelihood)
}

/// -log Σ w_k Π_o N(label_o; mean_ko, deviation_ko²), constants aside.
fn bands_loss(components: usize, row: &[f32], label: &[f32], d: &mut [f32]) -> f64 {
    let outputs = label.len();
    let mixture = Mixture::new(components, row, outputs);
    let weights = mixture.weights;
    let (d_means, d_rest) = d.split_at_mut(components * outputs);
    let (d_weights, d_deviations) = d_rest.split_at_mut(components);
    let log_weights_sum = log_sum_exp(weights.iter().copied());

    // d_weights holds the logarithms of the joint densities, d_deviations the inverse
    // variances.
    for (k, d_weight) in d_weights.iter_mut().enumerate() {
        *d_weight = weights[k] - log_weights_sum;
        let of_values = mixture.mean(k).iter().zip(label).enumerate();
        for (o, (mean, label)) in of_values {
            let n = k * outputs + o;
            let (log_deviation, _) = mixture.log_deviation(n);
            d_deviations[n] = (-2.0 * log_deviation).exp();
            *d_weight -= 0.5 * (mean - label).powi(2) * d_deviations[n] + log_deviation;
        }
    }
    let log_likelihood = log_sum_exp(d_weights.iter().copied());
    for (k, d_weight) in d_weights.iter_mut().enumerate() {
        let responsibility = (*d_weight - log_likelihood).exp();
        *d_weight = (weights[k] - log_weights_sum).exp() - responsibility;
        for (o, label) in label.iter().enumerate() {
            let n = k * outputs + o;
            let error = mixture.mean(k)[o] - label;
            let (_, slope) = mixture.log_deviation(n);
            let pull = responsibility * d_deviations[n];
            d_means[n] = pull * error;
            d_deviations[n] = slope * (responsibility - pull * error * error);
        }
    }
    -f64::from(log_likelihood)
}

/// Squared distance, summed in eight lanes, which vectorises.
fn squares(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            lanes[lane] += (a[lane] - b[lane]).powi(2);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b).powi(2));
    lanes.iter().sum::<f32>() + rest.sum::<f32>()
}

/// Cross-entropy of the level that `label` falls into.
fn levels_loss(row: &[f32], label: f32, d: &mut [f32]) -> f64 {
    let sum = log_sum_exp(row.iter().copied());
    for (d, value) in d.iter_mut().zip(row) {
        *d = (value - sum).exp();
    }
    let level = to_level(label, row.len());
    d[level] -= 1.0;
    f64::from(sum - row[level])
}

fn log_sum_exp(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let largest = values.clone().fold(f32::NEG_INFINITY, f32::max);
    largest
        + values
            .map(|value| (value - largest).exp())
            .sum::<f32>()
            .ln()
}

/// The mu-law level of a sample.
fn to_level(sample: f32, levels: usize) -> usize {
    let sample = sample.clamp(-1.0, 1.0);
    let compressed = sample.signum() * (MU * sample.abs()).ln_1p() / MU.ln_1p();
    let steps = (levels - 1) as f32;
    (0.5 * (compressed + 1.0) * steps).round() as usize
}

/// The sample in the middle of mu-law level `level` of `levels`.
pub fn from_level(level: usize, levels: usize) -> f32 {
    let compressed = 2.0 * level as f32 / (levels - 1) as f32 - 1.0;
    compressed.signum() * ((compressed.abs() * MU.ln_1p()).exp_m1()) / MU
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::random::stream;

    fn values(n: usize, name: &str) -> Vec<f32> {
        let mut random = stream(1, name);
        (0..n).map(|_| random.random_range(-0.9..0.9)).collect()
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for (output, outputs, step) in [
            (Output::Value, 3, 1e-2),
            (Output::Mixture { components: 4 }, 3, 1e-2),
            (Output::Mixture { components: 2 }, 19, 1e-2),
            // Which component is the likeliest changes within less.
            (Output::Bands { components: 3 }, 4, 1e-3),
            (Output::Levels { levels: 16 }, 1, 1e-2),
        ] {
            let mut prediction = values(5 * output.width(outputs), "prediction");
            let labels = values(5 * outputs, "labels");
            let (mut gradient, mut unused) = (Vec::new(), Vec::new());
            output.loss(&prediction, &labels, outputs, &mut gradient, 1);
            for i in 0..prediction.len() {
                let before = prediction[i];
                let mut loss_at = |value: f32| {
                    prediction[i] = value;
                    output.loss(&prediction, &labels, outputs, &mut unused, 1)
                };
                let slope =
                    (loss_at(before + step) - loss_at(before - step)) / f64::from(2.0 * step);
                prediction[i] = before;
                let error = (slope - f64::from(gradient[i])).abs();
                assert!(
                    error < 2e-2 * slope.abs().max(0.5),
                    "{output:?} {i}: {slope} {}",
                    gradient[i]
                );
            }
        }
    }

    /// What is said of silence and of a copy is what such predictions have.
    #[test]
    fn silence_and_a_copy_have_the_losses_that_are_said() {
        let outputs = 4;
        let labels = values(40 * outputs, "labels");
        let labels: Vec<f32> = labels.iter().map(|label| 0.1 * label).collect();
        let loss_of = |output: Output, row: &dyn Fn(&[f32]) -> Vec<f32>| {
            let rows: Vec<f32> = labels.chunks(outputs).flat_map(row).collect();
            output.loss(&rows, &labels, outputs, &mut Vec::new(), 1)
        };
        let mean_square = mean_square(labels.iter());
        let width = 0.5 * mean_square.ln() as f32 - LOG_DEVIATION_OFFSET;
        let silent = |_: &[f32]| [vec![0.0; outputs], vec![0.0, width]].concat();
        let copied = |label: &[f32]| [label, &[0.0, -20.0]].concat();
        let mixture = Output::Mixture { components: 1 };
        let said = mixture.loss_of_silence(&labels, outputs);
        assert!((loss_of(mixture, &silent) - said).abs() < 1e-4, "{said}");
        assert!((loss_of(mixture, &copied) - mixture.loss_of_a_copy()).abs() < 1e-4);
        // Bands of their own widths fit better, if at all.
        let bands = Output::Bands { components: 1 };
        assert!(bands.loss_of_silence(&labels, outputs) <= said);
        let nothing = |_: &[f32]| vec![0.0; outputs];
        let of_nothing = loss_of(Output::Value, &nothing);
        assert!((of_nothing - Output::Value.loss_of_silence(&labels, outputs)).abs() < 1e-6);
        let levels = Output::Levels { levels: 16 };
        assert_eq!(levels.loss_of_silence(&[0.0; 9], 1), 0.0);
        assert!((levels.loss_of_silence(&[-1.0, 1.0], 1) - 2_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn threads_share_the_rows() {
        let output = Output::Mixture { components: 3 };
        let (outputs, rows) = (40, 1001);
        let prediction = values(rows * output.width(outputs), "prediction");
        let labels = values(rows * outputs, "labels");
        let (mut one, mut three) = (Vec::new(), Vec::new());
        let expected = output.loss(&prediction, &labels, outputs, &mut one, 1);
        let loss = output.loss(&prediction, &labels, outputs, &mut three, 3);
        assert!((loss - expected).abs() < 1e-9 * expected.abs());
        assert_eq!(one, three);
    }

    /// Written out as in Bishop's paper, one density at a time.
    #[test]
    fn the_mixtures_likelihood_is_the_sum_of_its_densities() {
        let (components, outputs) = (3, 2);
        let output = Output::Mixture { components };
        let row = values(output.width(outputs), "row");
        let label = values(outputs, "label");
        let loss = output.loss(&row, &label, outputs, &mut Vec::new(), 1);
        let weight_sum: f64 = (0..3).map(|k| f64::from(row[6 + k]).exp()).sum();
        let mut likelihood = 0.0;
        for k in 0..components {
            let deviation = (f64::from(row[9 + k]) - 3.0).exp();
            let density: f64 = (0..outputs)
                .map(|o| {
                    let error = f64::from(label[o] - row[k * outputs + o]);
                    (-0.5 * (error / deviation).powi(2)).exp() / deviation
                })
                .product();
            likelihood += f64::from(row[6 + k]).exp() / weight_sum * density;
        }
        let expected = -likelihood.ln() / outputs as f64;
        assert!(
            (loss - expected).abs() < 1e-3 * expected.abs(),
            "{loss} {expected}"
        );
    }

    #[test]
    fn bands_whose_deviations_are_alike_are_a_mixture_and_others_weigh_their_errors() {
        let (components, outputs) = (3, 4);
        let [mixture, bands] = [Output::Mixture { components }, Output::Bands { components }];
        let row = values(mixture.width(outputs), "row");
        let label = values(outputs, "label");
        let (shared, deviations) = row.split_at(components * (outputs + 1));
        let each = deviations.iter().flat_map(|d| [*d; 4]);
        let mut spread: Vec<f32> = shared.iter().copied().chain(each).collect();
        assert_eq!(spread.len(), bands.width(outputs));
        let loss =
            |output: Output, row: &[f32]| output.loss(row, &label, outputs, &mut Vec::new(), 1);
        let alike = loss(mixture, &row);
        assert!((alike - loss(bands, &spread)).abs() < 1e-4 * alike.abs());
        let Said::Mixture(said) = bands.said(&spread, outputs) else {
            panic!("a mixture");
        };
        assert_eq!(said.deviations(1).count(), outputs);
        assert_eq!(said.mean(2), &row[8..12]);
        // One component, right but for its last band, in which it is unsure.
        let one = Output::Bands { components: 1 };
        spread = [&label[..], &[0.0, -2.0, -2.0, -2.0, -2.0]].concat();
        spread[3] += 0.3;
        let sure = loss(one, &spread);
        spread[8] = 1.5;
        assert!(loss(one, &spread) < sure - 10.0);
    }

    #[test]
    fn levels_are_mu_law() {
        for levels in [16, 256] {
            assert_eq!(
                (to_level(-1.0, levels), to_level(1.0, levels)),
                (0, levels - 1)
            );
            for level in 0..levels {
                assert_eq!(to_level(from_level(level, levels), levels), level);
            }
        }
        assert!((from_level(to_level(0.01, 256), 256) - 0.01).abs() < 5e-4);
    }
}
