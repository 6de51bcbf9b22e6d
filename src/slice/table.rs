//! The table of slices, `bands.txt`, which Max's `coll` and Pd's `text` read.

/// Its name in a folder of slices.
pub const TABLE: &str = "bands.txt";

/// A line of it: `1, 110.00 band-01.wav 2.3150 -18.4 112.31;`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The band, counted from 1, from low to high.
    pub index: usize,
    /// The middle of the band, in Hz.
    pub centre: f64,
    /// The slice's file, in the same folder.
    pub file: String,
    /// How long it lasts.
    pub seconds: f64,
    /// Its rms in dB below full scale.
    pub level: f64,
    /// Its own strongest pitch, in Hz.
    pub pitch: f64,
}

/// What is no line of such a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is none of a table of slices: {text}")]
pub struct UnreadableRow {
    /// Counted from 1.
    pub line: usize,
    pub text: String,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Row {
            index,
            centre,
            file,
            seconds,
            level,
            pitch,
        } = self;
        write!(
            f,
            "{index}, {centre:.2} {file} {seconds:.4} {level:.1} {pitch:.2};"
        )
    }
}

/// The file of the band with this index, counted from 1.
pub fn file_name(index: usize) -> String {
    format!("band-{index:02}.wav")
}

/// The rows of the table `text`.
///
/// # Errors
/// The first line that is none.
pub fn parse(text: &str) -> Result<Vec<Row>, UnreadableRow> {
    let lines = text.lines().enumerate();
    lines
        .map(|(n, text)| {
            row(text).ok_or_else(|| UnreadableRow {
                line: n + 1,
                text: text.to_owned(),
            })
        })
        .collect()
}

fn row(line: &str) -> Option<Row> {
    let (index, rest) = line.strip_suffix(';')?.split_once(", ")?;
    let words: Vec<&str> = rest.split(' ').collect();
    let [centre, file, seconds, level, pitch] = words[..] else {
        return None;
    };
    Some(Row {
        index: index.parse().ok()?,
        centre: centre.parse().ok()?,
        file: file.to_owned(),
        seconds: seconds.parse().ok()?,
        level: level.parse().ok()?,
        pitch: pitch.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_coll_reads() {
        let row = Row {
            index: 1,
            centre: 110.0,
            file: file_name(1),
            seconds: 2.315,
            level: -18.4,
            pitch: 112.31,
        };
        let line = "1, 110.00 band-01.wav 2.3150 -18.4 112.31;";
        assert_eq!(row.to_string(), line);
        assert_eq!(parse(&format!("{line}\n")).unwrap(), [row]);
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(file_name(12), "band-12.wav");
    }

    #[test]
    fn what_is_no_row_is_named() {
        for text in [
            "hello",
            "1 110.00 a.wav 1 2 3;",
            "1, 2 a.wav 3 4;",
            "1, 2 a.wav 3 4 5",
        ] {
            let refused = parse(&format!("1, 2 a.wav 3 4 5;\n{text}")).unwrap_err();
            assert_eq!(refused.line, 2, "{text}");
        }
    }
}
