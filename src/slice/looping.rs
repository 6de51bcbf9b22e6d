//! A stretch made a loop: its end goes over into its beginning, at matching phase.

use crate::frames::{Complex64, Fourier};

/// The share of a loop over which its end goes over into its beginning, and the longest
/// such time in seconds.
const FADE: f64 = 0.25;
const LONGEST_FADE: f64 = 0.25;
/// The shortest share of the wanted length that a loop may have, where that matches best.
const SHORTEST_SHARE: f64 = 0.8;
/// The least and the greatest number of seconds of any loop.
pub const SHORTEST: f64 = 0.25;
pub const LONGEST: f64 = 60.0;

/// How long loops are, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lengths {
    shortest: f64,
    longest: f64,
}

impl Lengths {
    /// From half a second to four seconds.
    pub const USUAL: Lengths = Lengths {
        shortest: 0.5,
        longest: 4.0,
    };

    /// From `shortest` to `longest` seconds; `None` outside 0.25 to 60, and where there is
    /// too little between them to find an end that matches.
    pub fn new(shortest: f64, longest: f64) -> Option<Lengths> {
        let allowed = shortest >= SHORTEST
            && longest <= LONGEST
            && shortest <= SHORTEST_SHARE * longest + 1e-9;
        allowed.then_some(Lengths { shortest, longest })
    }

    /// The lengths of stretches, in seconds, of which loops can be made: so many, the
    /// shortest first.
    pub fn wanted(&self, count: usize) -> impl Iterator<Item = f64> {
        let first = self.shortest / SHORTEST_SHARE;
        let ratio = (self.longest / first).max(1.0);
        let last = (count - 1).max(1) as f64;
        (0..count).map(move |n| {
            let length = first * ratio.powf(n as f64 / last);
            length + fade(length)
        })
    }
}

/// Seconds over which the end of a loop of `length` goes over into its beginning.
fn fade(length: f64) -> f64 {
    (FADE * length).min(LONGEST_FADE)
}

/// A loop, and how well its ends match.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// After its last sample comes its first.
    pub samples: Vec<f32>,
    /// The normalised correlation of what goes over into each other, from -1 to 1.
    pub likeness: f64,
}

/// Makes a loop of `stretch`, which is as long as [`Lengths::wanted`] says.
///
/// What follows after the loop's end fades into its beginning. The end is where this is most
/// like the beginning.
pub fn make_loop(stretch: &[f32], sample_rate: u32) -> Loop {
    let seconds = stretch.len() as f64 / f64::from(sample_rate);
    // Of a stretch that is a loop and its fade.
    let fade = (seconds * FADE / (1.0 + FADE)).min(LONGEST_FADE);
    let fade = ((fade * f64::from(sample_rate)) as usize).max(1);
    let longest = stretch.len() - fade;
    let shortest = (SHORTEST_SHARE * longest as f64).ceil() as usize;
    let likeness = likenesses(&stretch[..fade], &stretch[shortest..]);
    let best = (0..likeness.len()).max_by(|a, b| likeness[*a].total_cmp(&likeness[*b]));
    let best = best.unwrap_or(0);
    let (length, likeness) = (shortest + best, likeness[best]);
    let mut samples = stretch[..length].to_vec();
    for (n, sample) in samples[..fade].iter_mut().enumerate() {
        let (beginning, end) = gains((n as f64 + 0.5) / fade as f64, likeness);
        let after = f64::from(stretch[length + n]);
        *sample = (beginning * f64::from(*sample) + end * after) as f32;
    }
    Loop { samples, likeness }
}

/// What the beginning and what comes after the end are multiplied by, `share` of the way
/// through: together they are as loud as each of them, however like each other they are.
fn gains(share: f64, likeness: f64) -> (f64, f64) {
    let beginning = 0.5 - 0.5 * (std::f64::consts::PI * share).cos();
    let end = 1.0 - beginning;
    let together =
        beginning * beginning + end * end + 2.0 * beginning * end * likeness.clamp(0.0, 1.0);
    (beginning / together.sqrt(), end / together.sqrt())
}

/// The normalised correlation of `head` with what begins at each sample of `rest` and is as
/// long; 0 where one of them is silent.
fn likenesses(head: &[f32], rest: &[f32]) -> Vec<f64> {
    let places = rest.len() + 1 - head.len();
    let fourier = Fourier::new((rest.len() + head.len()).next_power_of_two());
    let spectrum = |samples: &[f32]| {
        let mut values = vec![Complex64::default(); fourier.len()];
        for (value, sample) in values.iter_mut().zip(samples) {
            value.re = f64::from(*sample);
        }
        fourier.forward(&mut values);
        values
    };
    let mut product = spectrum(rest);
    for (value, head) in product.iter_mut().zip(spectrum(head)) {
        *value *= head.conj();
    }
    fourier.inverse(&mut product);
    let energy = |samples: &[f32]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let (of_head, mut of_place) = (energy(head), energy(&rest[..head.len()]));
    let mut likenesses = Vec::with_capacity(places);
    for place in 0..places {
        let scale = (of_head * of_place).sqrt() * fourier.len() as f64;
        likenesses.push(match scale > 1e-12 {
            true => product[place].re / scale,
            false => 0.0,
        });
        if let Some(next) = rest.get(place + head.len()) {
            of_place += f64::from(*next).powi(2) - f64::from(rest[place]).powi(2);
            of_place = of_place.max(0.0);
        }
    }
    likenesses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, signal, sine};

    const RATE: u32 = 11025;

    fn sharpest(samples: &[f32]) -> f32 {
        let second = |s: &[f32]| (s[0] - 2.0 * s[1] + s[2]).abs();
        samples.windows(3).map(second).fold(0.0, f32::max)
    }

    /// The sharpest moment around the join, beside the sharpest of the rest.
    fn click(made: &Loop) -> f32 {
        let (end, beginning) = (&made.samples[made.samples.len() - 9..], &made.samples[..9]);
        sharpest(&[end, beginning].concat()) / sharpest(&made.samples)
    }

    #[test]
    fn a_sine_whose_period_divides_nothing_goes_on_without_a_click() {
        for hz in [81.7, 233.081, 1511.3] {
            let samples = signal(&sine(0.5, hz, RATE, 20_000), RATE).samples;
            let made = make_loop(&samples, RATE);
            assert!(made.likeness > 0.999 - hz / 1e5, "{hz}: {}", made.likeness);
            assert!(click(&made) < 1.01, "{hz}: {}", click(&made));
            let sum: f32 = made.samples.iter().map(|s| s * s).sum();
            let rms = (sum / made.samples.len() as f32).sqrt();
            assert!((rms - 0.5 / 2f32.sqrt()).abs() < 0.003, "{rms}");
            let peak = made.samples.iter().fold(0f32, |peak, s| peak.max(s.abs()));
            assert!(peak < 0.51, "no swelling where it fades: {peak}");
        }
    }

    #[test]
    fn what_is_unlike_itself_stays_as_loud_where_it_fades() {
        let samples = signal(&noise("fade", 20_000), RATE).samples;
        let made = make_loop(&samples, RATE);
        assert!(made.likeness.abs() < 0.2, "{}", made.likeness);
        let rms = |samples: &[f32]| {
            (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
        };
        let fading = rms(&made.samples[..2000]);
        assert!((fading - 1.0).abs() < 0.1, "{fading}");
        assert!(click(&made) < 1.05);
    }

    #[test]
    fn lengths_lie_between_the_shortest_and_the_longest() {
        let lengths = Lengths::new(0.5, 4.0).unwrap();
        assert_eq!(lengths, Lengths::USUAL);
        for stretch in lengths.wanted(8) {
            let samples = vec![0.1; (stretch * f64::from(RATE)) as usize];
            let seconds = make_loop(&samples, RATE).samples.len() as f64 / f64::from(RATE);
            assert!((0.4999..=4.0).contains(&seconds), "{seconds}");
        }
        for (shortest, longest) in [(0.1, 4.0), (1.0, 1.0), (2.0, 1.0), (1.0, 61.0)] {
            assert_eq!(
                Lengths::new(shortest, longest),
                None,
                "{shortest} {longest}"
            );
        }
        assert!(Lengths::new(0.8, 1.0).is_some());
    }

    #[test]
    fn likenesses_are_those_of_the_definition() {
        let samples = signal(&noise("likeness", 300), RATE).samples;
        let (head, rest) = (&samples[..40], &samples[50..]);
        for (place, likeness) in likenesses(head, rest).iter().enumerate() {
            let there = &rest[place..place + 40];
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let expected = dot(head, there) / (dot(head, head) * dot(there, there)).sqrt();
            assert!((likeness - f64::from(expected)).abs() < 1e-4);
        }
        assert_eq!(likenesses(&[0.0; 4], &[0.0; 8]), [0.0; 5]);
    }
}
