//! Pages that are made from the program's own tables say what the program does.
//!
//! `ANTIPHON_WRITE_DOCS=1 cargo test --release --test documents` writes them anew.

use std::path::Path;

#[test]
fn the_page_of_hyperparameters_is_that_of_their_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hyperparameters.md");
    let made = antiphon::hyperparameters::document();
    if std::env::var_os("ANTIPHON_WRITE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == made,
        "docs/hyperparameters.md is not what the rules say; write it anew with \
         ANTIPHON_WRITE_DOCS=1 cargo test --release --test documents"
    );
}
