//! `/antiphon/heard id loudness seconds pitch-classes`

use super::{Form, ID, Kind, Message, Said, float, once};
use crate::answer;
use crate::osc::table::{Argument, Count};

/// What a seed sounds like, for patches that react before the answer is there.
pub struct Heard<'a> {
    pub id: i32,
    pub heard: &'a answer::Heard,
}

const PITCH_CLASSES: Argument = Argument {
    name: "pitch-class",
    kind: Kind::Float,
    count: Count::Twelve,
    meaning: "how strong C, C sharp and so on are; the strongest has 1",
};

impl Said for Heard<'_> {
    const FORM: Form = Form::said(
        "heard",
        &[
            ID,
            once("loudness", Kind::Float, "dB below full scale, rms"),
            once("seconds", Kind::Float, "the seed's length"),
            PITCH_CLASSES,
        ],
        "the seed has been read and is being answered: how loud and long it is, and what pitches \
         are in it",
    );

    fn message(&self) -> Message {
        let answer::Heard {
            loudness,
            seconds,
            pitch_classes,
            ..
        } = *self.heard;
        let mut arguments = vec![self.id.into(), float(loudness), float(seconds)];
        arguments.extend(pitch_classes.map(float));
        Self::with(arguments)
    }
}

#[cfg(test)]
mod tests {
    use rosc::OscType;

    use super::*;

    #[test]
    fn twelve_pitch_classes_come_last() {
        let heard = answer::Heard {
            loudness: -20.5,
            loudest: -10.0,
            seconds: 4.0,
            pitch_classes: std::array::from_fn(|n| n as f64 / 11.0),
        };
        let message = Heard {
            id: 3,
            heard: &heard,
        }
        .message();
        let arguments = message.arguments;
        assert_eq!(arguments.len(), 15);
        assert_eq!(arguments[1], OscType::Float(-20.5));
        assert_eq!(arguments[14], OscType::Float(1.0));
    }
}
