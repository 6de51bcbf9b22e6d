//! `antiphon completions`: what a shell completes the command line with.

use std::io::Write;

use clap_complete::Shell;

/// Print what a shell completes commands, options and their values with
///
/// Example: antiphon completions bash > ~/.local/share/bash-completion/completions/antiphon
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the shell's script.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let mut command = super::command();
    clap_complete::generate(arguments.shell, &mut command, "antiphon", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(())
}
