//! High, medium or low for each criterion, as in Table 5.1.
//!
//! Every limit stands in this file. They were set on two guitar recordings, on
//! what the bundled models make of them, and on recordings spoilt on purpose,
//! so that the answers are the ones the dissertation gives in chapter 5:
//! vectors that do not join and low noise are medium for criterion 1, all
//! pitches blended into one evolving mass is medium for criterion 2, a
//! sine and pink noise are low for it, several seconds of the training audio
//! unchanged are low for criterion 3.

use std::fmt;

use serde::Serialize;

use super::clicks::Click;
use super::literal::RepeatedPiece;
use super::measures::Measures;

/// How well a prediction meets a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Score {
    /// It fails.
    Low,
    /// It can be used.
    Medium,
    /// It is met.
    High,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Score::Low => "Low",
            Score::Medium => "Medium",
            Score::High => "High",
        })
    }
}

/// The score for one criterion, and what kept it from being High.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CriterionScore {
    /// The lowest that any measure gives.
    pub score: Score,
    /// In words, what is not as it should be, the worst first; empty for High.
    pub reasons: Vec<String>,
}

/// The scores for the three criteria of 1.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Relatively free from artifacts.
    pub criterion_1: CriterionScore,
    /// Obviously resembles the input.
    pub criterion_2: CriterionScore,
    /// Does not match the input literally.
    pub criterion_3: CriterionScore,
}

/// From where on a measure is High, and from where on Medium.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// What is measured, as [`Measures`] calls it.
    pub measure: &'static str,
    /// The criterion that it tells of, from 1 to 3.
    pub criterion: u8,
    /// What is better.
    pub better: Better,
    /// The worst value that is High.
    pub high: f64,
    /// The worst value that is Medium.
    pub medium: f64,
    /// What the measure says.
    pub meaning: &'static str,
}

/// Which values of a measure are the better ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    More,
    Less,
}

impl Limit {
    const fn new(
        (measure, criterion): (&'static str, u8),
        better: Better,
        (high, medium): (f64, f64),
        meaning: &'static str,
    ) -> Limit {
        Limit {
            measure,
            criterion,
            better,
            high,
            medium,
            meaning,
        }
    }

    /// The score of a prediction of which this is measured, and nothing else.
    pub fn score(&self, value: f64) -> Score {
        let is_worse = |limit: f64| match self.better {
            Better::More => value < limit,
            Better::Less => value > limit,
        };
        match (is_worse(self.medium), is_worse(self.high)) {
            (true, _) => Score::Low,
            (false, true) => Score::Medium,
            (false, false) => Score::High,
        }
    }
}

/// The halves of a recording reach 1.8 times each other; white noise, 5 and more.
const CLICK_RATIO: Limit = Limit::new(
    ("click_ratio", 1),
    Better::Less,
    (2.0, 5.0),
    "how sharp the waveform's sharpest corners are, as a ratio",
);

/// Clicks in a second. A few clicks hide below the percentile of the click
/// ratio; one in two seconds is easily cut out, ten a second are a texture.
const CLICKS_PER_SECOND: Limit = Limit::new(
    ("clicks", 1),
    Better::Less,
    (0.5, 10.0),
    "clicks in a second",
);

/// The halves of a recording reach 4 times each other; noise 40 dB down or
/// vectors in random order 7 to 19 times; noise 20 dB down 85 to 204 times.
const FLAT_RATIO: Limit = Limit::new(
    ("flat_ratio", 1),
    Better::Less,
    (5.0, 75.0),
    "how noisy the spectrum is, as a ratio",
);

/// In dB against the training audio: turned up by 30 dB, the noise
/// of 16 bits is heard; by 50 dB, that of a quiet room is drowned in it.
const LEVEL_DB: Limit = Limit::new(
    ("level_db", 1),
    Better::More,
    (-30.0, -50.0),
    "how loud it is beside the training audio, in dB",
);

/// Rests belong to music (Audio Example 5.6 has more of them than its input);
/// a prediction that is mostly silent does not.
const SILENT: Limit = Limit::new(
    ("silent", 1),
    Better::Less,
    (0.25, 0.6),
    "the share of it that is silent",
);

/// One sample in a thousand at full scale is inaudible; one in twenty is a
/// distortion of its own.
const CLIP: Limit = Limit::new(
    ("clip", 1),
    Better::Less,
    (0.001, 0.05),
    "the share of samples at full scale",
);

/// An offset is filtered out easily, unless there is hardly anything else.
const DC: Limit = Limit::new(
    ("dc", 1),
    Better::Less,
    (0.5, 0.95),
    "an offset beside its rms, whatever its sign",
);

/// Vectors in random order have 1; noise 20 dB down, a blend of all
/// pitches and the bundled spectrum model's answers 0.35 to 0.65; pink noise 0.
const RESEMBLE: Limit = Limit::new(
    ("resemble", 2),
    Better::More,
    (0.7, 0.25),
    "how near its mel spectra are to the training audio's",
);

/// A recording with all its phases exchanged, which is Audio
/// Example 5.8's mass of sound, has 0.2 and a drone 0.01: "for the score to be
/// low, the pitch content would need to be almost completely consistent".
const ALIVE: Limit = Limit::new(
    ("alive", 2),
    Better::More,
    (0.35, 0.1),
    "how much the spectrum changes over time, as a ratio",
);

/// The same music two semitones higher has 0.6 to 0.65, and
/// resembles obviously.
const CHROMA: Limit = Limit::new(
    ("chroma", 2),
    Better::More,
    (0.5, 0.2),
    "how alike the pitch classes are",
);

/// Share of repeated pieces. Half a recording has up to 0.19 in common with the
/// other half without being a copy, since notes come again; for that reason the
/// largest correlation alone says little, and has no limit here.
const LITERAL: Limit = Limit::new(
    ("literal", 3),
    Better::Less,
    (0.2, 0.6),
    "the share of it that stands in the training audio",
);

/// The longest repeated stretch in seconds. "Several seconds of the training
/// audio unchanged" fail; a phrase of two or three is a quotation.
const LONGEST_SECONDS: Limit = Limit::new(
    ("longest", 3),
    Better::Less,
    (2.0, 4.0),
    "its longest stretch that stands there, in seconds",
);

/// All of them: the one yardstick, by which `antiphon judge` and the documents score.
pub const LIMITS: [Limit; 12] = [
    CLICK_RATIO,
    CLICKS_PER_SECOND,
    FLAT_RATIO,
    LEVEL_DB,
    SILENT,
    CLIP,
    DC,
    RESEMBLE,
    ALIVE,
    CHROMA,
    LITERAL,
    LONGEST_SECONDS,
];

/// [`LIMITS`] as a table in Markdown.
pub fn limits_in_markdown() -> String {
    let mut text = String::from(
        "| criterion | measure | says | High | Medium | Low |\n|---|---|---|---|---|---|\n",
    );
    for limit in LIMITS {
        let (high, medium) = (limit.high, limit.medium);
        let [bound, below] = match limit.better {
            Better::More => ["at least", "below"],
            Better::Less => ["at most", "above"],
        };
        text.push_str(&format!(
            "| {} | {} | {} | {bound} {high} | {bound} {medium} | {below} {medium} |\n",
            limit.criterion, limit.measure, limit.meaning
        ));
    }
    text
}

impl Verdict {
    /// The scores for a prediction that was measured.
    pub fn of(measures: &Measures, clicks: &[Click], repeated: &[RepeatedPiece]) -> Verdict {
        let m = measures;
        let clicks_per_second = clicks.len() as f64 / m.seconds;
        let longest = repeated
            .iter()
            .map(|piece| piece.end - piece.start)
            .fold(0.0, f64::max);
        let mut criterion_2 = Findings::default();
        if let Some(resemble) = m.resemble {
            criterion_2.weigh(resemble, &RESEMBLE, || {
                format!("timbre away from the training audio's (resemble {resemble:.2})")
            });
        }
        Verdict {
            criterion_1: Findings::default()
                .weigh(m.click_ratio, &CLICK_RATIO, || {
                    format!("{:.1} times as sharp as the training audio", m.click_ratio)
                })
                .weigh(clicks_per_second, &CLICKS_PER_SECOND, || {
                    format!("{clicks_per_second:.1} clicks a second")
                })
                .weigh(m.flat_ratio, &FLAT_RATIO, || {
                    format!("{:.0} times as noisy as the training audio", m.flat_ratio)
                })
                .weigh(m.level_db, &LEVEL_DB, || {
                    format!("{:.0} dB quieter than the training audio", -m.level_db)
                })
                .weigh(m.silent, &SILENT, || {
                    format!("{:.0} % silent", 100.0 * m.silent)
                })
                .weigh(m.clip, &CLIP, || format!("{:.1} % clipped", 100.0 * m.clip))
                .weigh(m.dc.abs(), &DC, || format!("offset of {:.2} rms", m.dc))
                .score(),
            criterion_2: criterion_2
                .weigh(m.alive, &ALIVE, || {
                    format!("hardly changes in time (alive {:.2})", m.alive)
                })
                .weigh(m.chroma, &CHROMA, || {
                    format!("other pitches (chroma {:.2})", m.chroma)
                })
                .score(),
            criterion_3: Findings::default()
                .weigh(m.literal, &LITERAL, || {
                    format!("{:.0} % stands in the training audio", 100.0 * m.literal)
                })
                .weigh(longest, &LONGEST_SECONDS, || {
                    format!("{longest:.1} s of the training audio unchanged")
                })
                .score(),
        }
    }

    /// The scores for a prediction without sound: it is an artifact, resembles
    /// nothing and repeats nothing.
    pub fn broken() -> Verdict {
        let because = |score, reason: Option<&str>| CriterionScore {
            score,
            reasons: reason.map(str::to_owned).into_iter().collect(),
        };
        let reason = Some("silent, or not finite numbers");
        Verdict {
            criterion_1: because(Score::Low, reason),
            criterion_2: because(Score::Low, reason),
            criterion_3: because(Score::High, None),
        }
    }
}

/// What the measures of one criterion say.
#[derive(Default)]
struct Findings(Vec<(Score, String)>);

impl Findings {
    /// Adds what `value` says, in words where it is not High.
    fn weigh(&mut self, value: f64, limit: &Limit, words: impl Fn() -> String) -> &mut Findings {
        let score = limit.score(value);
        if score < Score::High {
            self.0.push((score, words()));
        }
        self
    }

    fn score(&mut self) -> CriterionScore {
        self.0.sort_by_key(|(score, _)| *score);
        CriterionScore {
            score: self.0.first().map_or(Score::High, |(score, _)| *score),
            reasons: self.0.drain(..).map(|(_, words)| words).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Measures {
        Measures {
            seconds: 10.0,
            click_ratio: 1.0,
            flat_ratio: 1.0,
            level_db: 0.0,
            silent: 0.0,
            clip: 0.0,
            dc: 0.0,
            alive: 1.0,
            resemble: Some(1.0),
            chroma: 1.0,
            literal: 0.0,
            max_ncc: 0.5,
        }
    }

    fn scores(measures: Measures) -> [Score; 3] {
        let verdict = Verdict::of(&measures, &[], &[]);
        [
            verdict.criterion_1,
            verdict.criterion_2,
            verdict.criterion_3,
        ]
        .map(|c| c.score)
    }

    #[test]
    fn each_measure_lowers_its_own_criterion() {
        use Score::{High, Low, Medium};
        let with = |change: fn(&mut Measures)| {
            let mut measures = good();
            change(&mut measures);
            scores(measures)
        };
        assert_eq!(scores(good()), [High, High, High]);
        assert_eq!(with(|m| m.click_ratio = 3.0), [Medium, High, High]);
        assert_eq!(with(|m| m.flat_ratio = 100.0), [Low, High, High]);
        assert_eq!(with(|m| m.level_db = -40.0), [Medium, High, High]);
        assert_eq!(with(|m| m.level_db = 20.0), [High, High, High]);
        assert_eq!(with(|m| m.silent = 0.7), [Low, High, High]);
        assert_eq!(with(|m| m.clip = 0.01), [Medium, High, High]);
        assert_eq!(with(|m| m.dc = -0.99), [Low, High, High]);
        assert_eq!(with(|m| m.resemble = Some(0.5)), [High, Medium, High]);
        assert_eq!(with(|m| m.resemble = Some(-3.0)), [High, Low, High]);
        assert_eq!(with(|m| m.resemble = None), [High, High, High]);
        assert_eq!(with(|m| m.alive = 0.01), [High, Low, High]);
        assert_eq!(with(|m| m.chroma = 0.3), [High, Medium, High]);
        assert_eq!(with(|m| m.literal = 0.4), [High, High, Medium]);
        assert_eq!(with(|m| m.literal = 1.0), [High, High, Low]);
    }

    #[test]
    fn clicks_and_long_copies_count_whatever_the_shares_say() {
        let clicks: Vec<Click> = (0..20)
            .map(|n| Click {
                seconds: 0.5 * f64::from(n),
                size: 9.0,
            })
            .collect();
        let copy = RepeatedPiece {
            start: 2.0,
            end: 7.0,
            training_start: 31.0,
            correlation: 0.99,
        };
        let verdict = Verdict::of(&good(), &clicks, &[copy]);
        assert_eq!(verdict.criterion_1.score, Score::Medium);
        assert_eq!(verdict.criterion_1.reasons, ["2.0 clicks a second"]);
        assert_eq!(verdict.criterion_3.score, Score::Low);
        assert_eq!(
            verdict.criterion_3.reasons,
            ["5.0 s of the training audio unchanged"]
        );
    }

    #[test]
    fn the_worst_reason_comes_first() {
        let mut measures = good();
        measures.flat_ratio = 20.0;
        measures.silent = 0.9;
        let verdict = Verdict::of(&measures, &[], &[]);
        assert_eq!(verdict.criterion_1.score, Score::Low);
        assert_eq!(
            verdict.criterion_1.reasons,
            ["90 % silent", "20 times as noisy as the training audio"]
        );
    }
}
