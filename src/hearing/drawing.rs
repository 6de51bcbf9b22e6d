//! The input matrix, its cursors and its label, drawn in characters, as the
//! dissertation's Figures 2.2, 2.4 and 2.5 draw them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::frames::WindowFormat;

/// Widest line, in characters.
const WIDTH: usize = 80;
/// Width of the column that says what a line shows.
const NAME_WIDTH: usize = 14;
/// Matrices of more rows are drawn by their first two and their last.
const MOST_ROWS: usize = 5;

/// One line of the drawing, over elements of the sequence.
enum Line {
    /// A row of an input matrix.
    Row(String, Range<usize>),
    /// A row of the label.
    Label(String, Range<usize>),
    /// Rows that are not drawn.
    Omission,
    Empty,
    /// A distance, from one element to another.
    Distance(&'static str, Range<usize>),
}

/// Draws one input matrix, its label and the first row of the next matrix over
/// a line of time. `unit` is what the cursors count: samples or frames. No
/// line is longer than 80 characters.
pub fn draw_windows(windows: &WindowFormat, unit: &str) -> String {
    let lines = lines(windows);
    let positions: BTreeSet<usize> = lines
        .iter()
        .filter_map(Line::range)
        .flat_map(|range| [range.start, range.end])
        .collect();
    let farthest = positions.last().copied().unwrap_or(0);
    let number = farthest.to_string().len().max("from".len());
    let before = NAME_WIDTH + 2 * (1 + number) + 2;
    // A distance ends on the first character of what begins there.
    let axis = Axis::new(&positions, WIDTH - before - 1);

    let scale = if axis.to_scale { "" } else { ", not to scale" };
    let mut text = format!("Input matrix (#) and label (=), in {unit}{scale}\n\n");
    text += &format!("{:NAME_WIDTH$} {:>number$} {:>number$}\n", "", "from", "to");
    for line in &lines {
        let numbers = match line {
            Line::Row(_, range) | Line::Label(_, range) => {
                format!("{:>number$} {:>number$}", range.start, range.end - 1)
            }
            Line::Distance(_, range) => {
                format!("{:>number$} {:>number$}", "", range.len())
            }
            Line::Omission | Line::Empty => String::new(),
        };
        let line = format!(
            "{:NAME_WIDTH$} {numbers}  {}",
            line.name(),
            axis.drawn(line)
        );
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn lines(windows: &WindowFormat) -> Vec<Line> {
    let row = |matrix: usize, row: usize| {
        let start = matrix * windows.ext_cursor_inc + row * windows.int_cursor_inc;
        start..start + windows.row_len
    };
    let label = |row: usize| {
        let start = windows.label_offset + row * windows.int_cursor_inc;
        start..start + windows.label_len
    };
    let last = windows.rows - 1;
    let mut lines = Vec::new();
    for r in 0..windows.rows {
        if windows.rows > MOST_ROWS && (2..last).contains(&r) {
            if r == 2 {
                lines.push(Line::Omission);
            }
            continue;
        }
        lines.push(Line::Row(format!("row {r}"), row(0, r)));
        if windows.label_rows == windows.rows {
            lines.push(Line::Label(format!("label {r}"), label(r)));
        }
    }
    if windows.label_rows < windows.rows {
        lines.push(Line::Label("label".to_owned(), label(0)));
    }
    lines.push(Line::Row("row 0, t + 1".to_owned(), row(1, 0)));
    lines.push(Line::Empty);
    if windows.rows > 1 {
        lines.push(Line::Distance("int_cursor_inc", 0..windows.int_cursor_inc));
    }
    lines.push(Line::Distance("ext_cursor_inc", 0..windows.ext_cursor_inc));
    lines.push(Line::Distance("label_offset", 0..windows.label_offset));
    lines
}

impl Line {
    fn name(&self) -> &str {
        match self {
            Line::Row(name, _) | Line::Label(name, _) => name,
            Line::Distance(name, _) => name,
            Line::Omission => "...",
            Line::Empty => "",
        }
    }

    fn range(&self) -> Option<&Range<usize>> {
        match self {
            Line::Row(_, range) | Line::Label(_, range) | Line::Distance(_, range) => Some(range),
            Line::Omission | Line::Empty => None,
        }
    }
}

/// Where elements of the sequence stand in a line of characters.
struct Axis {
    columns: BTreeMap<usize, usize>,
    to_scale: bool,
}

impl Axis {
    /// Gives each of `positions` a column of its own, in their order, the last
    /// one at most `width`.
    ///
    /// Distances are drawn to scale where the smallest can still be seen, and
    /// else by a power of them: equal distances between neighbours stay equal,
    /// longer ones longer, but a second does not hide a sample.
    fn new(positions: &BTreeSet<usize>, width: usize) -> Axis {
        let pairs = positions.iter().zip(positions.iter().skip(1));
        let gaps: Vec<f64> = pairs.map(|(a, b)| (b - a) as f64).collect();
        let drawn = |power: f64| -> Vec<f64> {
            let powers: Vec<f64> = gaps.iter().map(|gap| gap.powf(power)).collect();
            let scale = width as f64 / powers.iter().sum::<f64>();
            // Whole characters for each element, where there are as many.
            let scale = if scale >= 1.0 { scale.floor() } else { scale };
            powers.iter().map(|p| (p * scale).floor()).collect()
        };
        let legible = |drawn: &Vec<f64>, least| drawn.iter().all(|columns| *columns >= least);
        let true_to_scale = Some(drawn(1.0)).filter(|drawn| legible(drawn, 1.0));
        let to_scale = true_to_scale.is_some();
        let columns = true_to_scale
            .or_else(|| {
                let powers = [0.5, 0.25, 0.125].into_iter();
                powers.map(drawn).find(|drawn| legible(drawn, 2.0))
            })
            .unwrap_or_else(|| drawn(0.0));
        let mut column = 0;
        let ends = columns.iter().map(|columns| {
            column += *columns as usize;
            column
        });
        Axis {
            columns: positions
                .iter()
                .copied()
                .zip(std::iter::once(0).chain(ends))
                .collect(),
            to_scale,
        }
    }

    fn drawn(&self, line: &Line) -> String {
        let Some(range) = line.range() else {
            return String::new();
        };
        let (from, to) = (self.columns[&range.start], self.columns[&range.end]);
        let bar = match line {
            Line::Row(..) => "#".repeat(to - from),
            Line::Label(..) => "=".repeat(to - from),
            _ => format!("|{}|", "-".repeat(to - from - 1)),
        };
        " ".repeat(from) + &bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hearing::Hearing;
    use crate::hyperparameters::{Hyperparameters, Preset};

    fn drawing(json: &str) -> String {
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let unit = hyperparameters.format.elements();
        format!(
            "\n{}",
            draw_windows(
                Hearing::untrained(&hyperparameters).training_windows(),
                unit
            )
        )
    }

    #[test]
    fn vector_as_in_figure_2_2() {
        let expected = r#"
Input matrix (#) and label (=), in samples

               from   to
row 0             0    3  ########
label 0           4    7          ========
row 1             4    7          ########
label 1           8   11                  ========
row 2             8   11                  ########
label 2          12   15                          ========
row 3            12   15                          ########
label 3          16   19                                  ========
row 4            16   19                                  ########
label 4          20   23                                          ========
row 0, t + 1      4    7          ########

int_cursor_inc         4  |-------|
ext_cursor_inc         4  |-------|
label_offset           4  |-------|
"#;
        let json = r#"{"preset": "vector", "seg_len": 4, "num_unrollings": 5}"#;
        assert_eq!(drawing(json), expected);
    }

    #[test]
    fn column_vector_as_in_figure_2_5() {
        let expected = r#"
Input matrix (#) and label (=), in samples

               from   to
row 0             0    4  ##########
label 0           5    5            ==
row 1             5    9            ##########
label 1          10   10                      ==
row 2            10   14                      ##########
label 2          15   15                                ==
row 3            15   19                                ##########
label 3          20   20                                          ==
row 0, t + 1      1    5    ##########

int_cursor_inc         5  |---------|
ext_cursor_inc         1  |-|
label_offset           5  |---------|
"#;
        let json = r#"{"preset": "column-vector", "seg_len": 5, "num_unrollings": 4, "int_cursor_inc": 5}"#;
        assert_eq!(drawing(json), expected);
    }

    #[test]
    fn transpose_with_overlapping_rows_has_one_label_at_the_end() {
        let expected = r#"
Input matrix (#) and label (=), in samples

               from   to
row 0             0    5  ########################
row 1             3    8              ########################
row 2             6   11                          ########################
label            12   12                                                  ====
row 0, t + 1      1    6      ########################

int_cursor_inc         3  |-----------|
ext_cursor_inc         1  |---|
label_offset          12  |-----------------------------------------------|
"#;
        let json =
            r#"{"preset": "transpose", "seg_len": 6, "num_unrollings": 3, "int_cursor_inc": 3}"#;
        assert_eq!(drawing(json), expected);
    }

    #[test]
    fn magnitude_spectrum_counts_frames() {
        let expected = r#"
Input matrix (#) and label (=), in frames

               from   to
row 0             0    0  ##########
label 0           1    1            ==========
row 1             1    1            ##########
label 1           2    2                      ==========
row 2             2    2                      ##########
label 2           3    3                                ==========
row 3             3    3                                ##########
label 3           4    4                                          ==========
row 0, t + 1      1    1            ##########

int_cursor_inc         1  |---------|
ext_cursor_inc         1  |---------|
label_offset           1  |---------|
"#;
        let json = r#"{"preset": "magnitude-spectrum", "num_unrollings": 4}"#;
        assert_eq!(drawing(json), expected);
    }

    #[test]
    fn rows_far_apart_are_not_to_scale_and_those_in_the_middle_left_out() {
        let expected = r#"
Input matrix (#) and label (=), in samples, not to scale

                  from      to
row 0                0     255  ##
label 0            256     511    ==
row 1            20000   20255              ##
label 1          20256   20511                ==
...
row 63         1260000 1260255                                        ##
label 63       1260256 1260511                                          ==
row 0, t + 1       256     511    ##

int_cursor_inc           20000  |-----------|
ext_cursor_inc             256  |-|
label_offset               256  |-|
"#;
        let json = r#"{"preset": "vector", "seg_len": 256, "num_unrollings": 64, "int_cursor_inc": 20000}"#;
        assert_eq!(drawing(json), expected);
    }

    #[test]
    fn a_single_row_has_no_distance_to_the_next() {
        let text = drawing(r#"{"preset": "vector", "num_unrollings": 1}"#);
        assert!(text.contains("row 0") && !text.contains("row 1"), "{text}");
        assert!(!text.contains("int_cursor_inc"), "{text}");
    }

    #[test]
    fn no_line_is_too_long_and_no_bar_vanishes() {
        let extreme = [
            r#"{"preset": "transpose", "ext_cursor_inc": 1099511627776}"#,
            r#"{"preset": "column-vector", "sample_rate": 384000, "num_unrollings": 5, "seg_len": 60000, "hidden_size": 8,
                "int_cursor_inc": 300000000, "ext_cursor_inc": 1099511627776, "label_offset": 150000000}"#,
            r#"{"preset": "column-vector", "num_unrollings": 5, "seg_len": 65536, "hidden_size": 8, "int_cursor_inc": 7, "ext_cursor_inc": 3}"#,
        ];
        let presets = Preset::ALL.map(|preset| format!(r#"{{"preset": "{preset}"}}"#));
        for json in presets.iter().map(String::as_str).chain(extreme) {
            let text = drawing(json);
            assert!(text.lines().all(|line| line.len() <= WIDTH), "{json}{text}");
            let bars = text
                .lines()
                .filter(|l| l.starts_with("row") || l.starts_with("label"));
            for bar in bars {
                assert!(bar.ends_with(['#', '=', '|']), "{json}{text}");
            }
        }
    }
}
