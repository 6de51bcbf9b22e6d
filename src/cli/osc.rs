//! `antiphon osc`: the messages that a patch can send and will hear.

use super::output;
use crate::osc::{in_markdown, table};

/// Show all OSC messages: what is said, and what is heard
///
/// Example: antiphon osc
///
/// What antiphon watch says goes to 127.0.0.1:7400, and it hears at 127.0.0.1:7401,
/// unless its options say otherwise.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Prints the table.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.json {
        true => output::json(&table()),
        false => {
            output::text(&in_markdown());
            Ok(())
        }
    }
}
