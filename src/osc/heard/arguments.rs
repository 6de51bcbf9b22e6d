//! The arguments of a heard message, one after the other.

use std::vec::IntoIter;

use rosc::OscType;
use serde_json::{Number, Value};

/// What comes with a message; whole numbers that a program can only send as floats are
/// whole numbers.
pub struct Arguments {
    rest: IntoIter<OscType>,
    /// Why they could not be read.
    unreadable: Option<String>,
}

impl Arguments {
    /// Those that were read, or why they could not be.
    pub fn new(read: Result<Vec<OscType>, String>) -> Arguments {
        let (arguments, unreadable) = match read {
            Ok(arguments) => (flat(arguments), None),
            Err(why) => (Vec::new(), Some(why)),
        };
        Arguments {
            rest: arguments.into_iter(),
            unreadable,
        }
    }

    /// Whether there are no more.
    pub fn is_empty(&self) -> bool {
        self.rest.len() == 0
    }

    /// The next one, which is called `name`, as text.
    pub fn text(&mut self, name: &str) -> Result<String, String> {
        match self.next(name)? {
            OscType::String(text) => Ok(text),
            OscType::Char(letter) => Ok(letter.to_string()),
            other => match number(&other) {
                // A name that looks like a number.
                Some(number) => Ok(number.to_string()),
                None => Err(format!("{name} is to be text")),
            },
        }
    }

    /// The next one, which is called `name`: a number, a word, or what text in JSON says.
    pub fn value(&mut self, name: &str) -> Result<Value, String> {
        let argument = self.next(name)?;
        if let Some(number) = number(&argument) {
            return Ok(Value::Number(number));
        }
        match argument {
            OscType::String(text) => Ok(value_of(text)),
            OscType::Char(letter) => Ok(Value::String(letter.to_string())),
            OscType::Bool(is) => Ok(Value::Bool(is)),
            _ => Err(format!("{name} is to be a number or text")),
        }
    }

    /// The next one, if it is a whole number, however it is written.
    pub fn whole_number(&mut self) -> Option<i32> {
        let next = self.rest.as_slice().first()?;
        let number = match next {
            OscType::String(text) => text.trim().parse().ok()?,
            other => number(other)?.as_i64()?,
        };
        let number = i32::try_from(number).ok()?;
        self.rest.next();
        Some(number)
    }

    /// Refuses more.
    pub fn end(&mut self) -> Result<(), String> {
        match self.is_empty() {
            true => Ok(()),
            false => Err("more stands there than belongs to it".to_owned()),
        }
    }

    fn next(&mut self, name: &str) -> Result<OscType, String> {
        if let Some(why) = &self.unreadable {
            return Err(format!("its arguments cannot be read: {why}"));
        }
        self.rest.next().ok_or_else(|| format!("{name} is missing"))
    }
}

/// What is in arrays stands beside what is not.
fn flat(arguments: Vec<OscType>) -> Vec<OscType> {
    let flat = arguments.into_iter().flat_map(|argument| match argument {
        OscType::Array(array) => flat(array.content),
        other => vec![other],
    });
    flat.collect()
}

/// A number as it was meant: 2.0 is 2, and 0.7 of single precision is 0.7.
fn number(argument: &OscType) -> Option<Number> {
    match argument {
        OscType::Int(number) => Some((*number).into()),
        OscType::Long(number) => Some((*number).into()),
        OscType::Float(number) => meant(number.to_string().parse().ok()?),
        OscType::Double(number) => meant(*number),
        _ => None,
    }
}

fn meant(number: f64) -> Option<Number> {
    let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
    match is_whole {
        true => Some((number as i64).into()),
        false => Number::from_f64(number),
    }
}

/// Text in JSON is what it says; other text is a word.
fn value_of(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(value @ (Value::Number(_) | Value::Array(_) | Value::Object(_) | Value::Bool(_))) => {
            value
        }
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use rosc::OscArray;
    use serde_json::json;

    use super::*;

    fn one(argument: OscType) -> Arguments {
        Arguments::new(Ok(vec![argument]))
    }

    #[test]
    fn a_value_is_what_was_meant() {
        for (argument, expected) in [
            (OscType::Int(3), json!(3)),
            (OscType::Float(3.0), json!(3)),
            (OscType::Float(0.7), json!(0.7)),
            (OscType::Double(-0.25), json!(-0.25)),
            (OscType::Long(1 << 40), json!(1_i64 << 40)),
            ("0.5".into(), json!(0.5)),
            ("phrase".into(), json!("phrase")),
            ("[[0, 1], [3, 0]]".into(), json!([[0, 1], [3, 0]])),
            ("null".into(), json!("null")),
            ("\"a".into(), json!("\"a")),
        ] {
            assert_eq!(one(argument).value("value"), Ok(expected));
        }
        for none in [OscType::Float(f32::NAN), OscType::Nil, OscType::Inf] {
            assert!(one(none).value("value").is_err());
        }
    }

    #[test]
    fn a_whole_number_is_one_in_any_type() {
        for (argument, expected) in [
            (OscType::Int(3), Some(3)),
            (OscType::Float(3.0), Some(3)),
            (OscType::Double(-3.0), Some(-3)),
            (OscType::Long(3), Some(3)),
            ("3".into(), Some(3)),
            (OscType::Float(3.5), None),
            (OscType::Long(1 << 40), None),
            ("all".into(), None),
        ] {
            assert_eq!(one(argument).whole_number(), expected);
        }
    }

    #[test]
    fn arrays_are_opened_and_what_lacks_is_named() {
        let array = OscType::Array(OscArray {
            content: vec![OscType::Int(1), "a".into()],
        });
        let mut arguments = Arguments::new(Ok(vec!["key".into(), array]));
        assert_eq!(arguments.text("path"), Ok("key".to_owned()));
        assert_eq!(arguments.text("number"), Ok("1".to_owned()));
        assert!(arguments.end().is_err());
        assert_eq!(arguments.text("letter"), Ok("a".to_owned()));
        assert_eq!(arguments.end(), Ok(()));
        assert_eq!(arguments.text("path"), Err("path is missing".to_owned()));
        let mut cut = Arguments::new(Err("cut off".to_owned()));
        assert!(cut.text("path").unwrap_err().contains("cut off"));
    }
}
