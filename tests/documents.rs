//! Pages that are made from the program's own tables say what the program does.
//!
//! `ANTIPHON_WRITE_DOCS=1 cargo test --release --test documents` writes them anew.

use std::path::Path;

/// Where a table begins and ends in a page that has more than that.
const BEGIN: &str = "<!-- antiphon osc -->\n";
const END: &str = "<!-- end -->\n";

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
    check("docs/osc.md", |page| {
        let (before, rest) = page.split_once(BEGIN).expect("where the table begins");
        let (_, after) = rest.split_once(END).expect("where the table ends");
        let table = antiphon::osc::in_markdown();
        format!("{before}{BEGIN}\n{table}\n{END}{after}")
    });
}
