//! Pages that are made from the program's own tables say what the program does.
//!
//! `ANTIPHON_WRITE_DOCS=1 cargo test --release --test documents` writes them anew.

use std::path::Path;
use std::process::Command;

use antiphon::judge::{LIMITS, Limit, Score};

/// Checks that `page` is what `make` makes of it, or writes it so.
fn check(page: &str, make: impl FnOnce(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let made = make(&written);
    if std::env::var_os("ANTIPHON_WRITE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    assert!(
        written == made,
        "{page} is not what the program does; write it anew with ANTIPHON_WRITE_DOCS=1 cargo test \
         --release --test documents"
    );
}

#[test]
fn the_page_of_hyperparameters_is_that_of_their_rules() {
    check("docs/hyperparameters.md", |_| {
        antiphon::hyperparameters::document()
    });
}

#[test]
fn the_page_of_osc_has_the_table_of_messages() {
    let table = antiphon::osc::in_markdown();
    let marks = ["<!-- antiphon osc -->\n", "<!-- end -->\n"];
    check("docs/osc.md", |page| with_table(page, marks, &table));
}

/// `page` with `table` between these marks.
fn with_table(page: &str, [begin, end]: [&str; 2], table: &str) -> String {
    let (before, rest) = page.split_once(begin).expect("where the table begins");
    let (_, after) = rest.split_once(end).expect("where the table ends");
    format!("{before}{begin}\n{table}\n{end}{after}")
}

/// What the program prints of its limits.
fn limits() -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_antiphon"));
    let printed = program.args(["judge", "--limits"]).output().unwrap();
    String::from_utf8(printed.stdout).unwrap()
}

#[test]
fn the_page_of_sound_has_the_limits_by_which_predictions_are_judged() {
    let table = limits();
    let marks = [
        "<!-- antiphon judge --limits -->\n",
        "<!-- end of the limits -->\n",
    ];
    check("docs/sound.md", |page| with_table(page, marks, &table));
}

/// The columns that are scored, and what the limits call them.
const SCORED: [(&str, &str); 4] = [
    ("alive", "alive"),
    ("resemble", "resemble"),
    ("chroma", "chroma"),
    ("flat", "flat_ratio"),
];

/// The figures of a cell that count: its median, or several of them.
fn medians(cell: &str) -> Vec<f64> {
    let medians = cell.split(['(', ',']).next().unwrap_or_default();
    medians
        .split(" to ")
        .filter_map(|median| median.trim().parse().ok())
        .collect()
}

/// The score of a row by its medians, as it is written.
fn score(columns: &[&str], cells: &[&str]) -> String {
    let limit = |name: &str| -> Limit {
        let known = LIMITS.into_iter().find(|limit| limit.measure == name);
        known.expect("a measure that has limits")
    };
    let score_of = |(column, measure): &(&'static str, &str)| {
        let at = columns.iter().position(|name| name == column)?;
        let values = medians(cells[at]).into_iter();
        let scores = values.map(|value| limit(measure).score(value));
        Some((*column, scores.min()?))
    };
    let scores: Vec<(&str, Score)> = SCORED.iter().filter_map(score_of).collect();
    let Some(lowest) = scores.iter().map(|(_, score)| *score).min() else {
        return String::new();
    };
    let why = scores.iter().filter(|(_, score)| *score == lowest);
    let why: Vec<&str> = why.map(|(column, _)| *column).collect();
    match lowest {
        Score::High => "High".to_owned(),
        score => format!("{score} ({})", why.join(", ")),
    }
}

/// The page is not to call good what the program calls a failure, or the other way round.
#[test]
fn figures_on_the_page_of_sound_are_scored_by_the_same_limits() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sound.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (mut columns, mut rows): (Vec<&str>, usize) = (Vec::new(), 0);
    for line in page.lines() {
        let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            columns.clear();
            continue;
        };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        if columns.is_empty() {
            columns = cells;
        } else if columns.last() == Some(&"score") && !row.starts_with("---") {
            assert_eq!(*cells.last().unwrap(), score(&columns, &cells), "{line}");
            rows += 1;
        }
    }
    assert!(rows > 50, "{rows} rows");
}
