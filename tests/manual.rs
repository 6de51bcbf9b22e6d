//! The manual and the shells' completions say what the command line says.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{run, stderr};

/// What the program prints for `arguments`.
fn said(arguments: &[&str]) -> String {
    printed(run(arguments))
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The words after antiphon of each command that some `--help` lists, none for antiphon
/// itself.
fn commands() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while next < found.len() {
        let command = found[next].clone();
        for name in listed(&help(&command)) {
            found.push([&command[..], &[name]].concat());
        }
        next += 1;
    }
    found
}

fn help(command: &[String]) -> String {
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    said(&[&arguments[..], &["--help"]].concat())
}

/// The commands under "Commands:", but for `help`.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let of_commands = lines.take_while(|line| !line.is_empty());
    let names = of_commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

/// The long options that a help or a page has at the beginning of a line.
fn options(text: &str) -> BTreeSet<String> {
    let long = |line: &str| {
        let line = line.trim_start().strip_prefix("-h, ").unwrap_or(line);
        let line = line.trim_start().strip_prefix("-V, ").unwrap_or(line);
        let name = line.trim_start().strip_prefix("--")?;
        let ends = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        Some(name.split(ends).next()?.to_owned())
    };
    text.lines().filter_map(long).collect()
}

/// A page without what `man` is told by it.
fn plain(page: &str) -> String {
    ["\\fB", "\\fI", "\\fR"]
        .iter()
        .fold(page.replace("\\-", "-"), |page, font| {
            page.replace(font, "")
        })
}

/// Writes the manual into `folder`.
fn write_manual(folder: &Path) {
    said(&["man", "--output", folder.to_str().unwrap()]);
}

#[test]
fn every_command_has_a_page_with_every_option() {
    let folder = tempfile::tempdir().unwrap();
    write_manual(folder.path());
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    let named = |command: &Vec<String>| {
        let words = std::iter::once("antiphon").chain(command.iter().map(String::as_str));
        format!("{}.1", words.collect::<Vec<_>>().join("-"))
    };
    let entries = fs::read_dir(folder.path()).unwrap();
    let pages: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(pages, commands.iter().map(named).collect());
    for command in &commands {
        let page = fs::read_to_string(folder.path().join(named(command))).unwrap();
        assert_eq!(
            options(&plain(&page)),
            options(&help(command)),
            "{command:?}"
        );
    }
}

#[test]
fn a_page_can_be_printed_and_none_is_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    write_manual(folder.path());
    let page = folder.path().join("antiphon-bench-generate.1");
    let written = fs::read_to_string(&page).unwrap();
    assert_eq!(said(&["man", "bench", "generate"]), written);
    assert!(said(&["man"]).contains("antiphon 0.1.0"));

    let again = ["man", "--output", folder.path().to_str().unwrap()];
    let refused = run(again);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--force"), "{}", stderr(&refused));
    said(&[&again[..], &["--force"]].concat());

    let unknown = run(["man", "waltz"]);
    assert_eq!(unknown.status.code(), Some(1));
    let words = "there is no command waltz";
    assert!(stderr(&unknown).contains(words), "{}", stderr(&unknown));
}

#[test]
fn another_program_finds_no_error_in_the_pages() {
    let Some(mandoc) = common::tool("mandoc") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    write_manual(folder.path());
    for page in fs::read_dir(folder.path()).unwrap() {
        let mut lint = Command::new(&mandoc);
        lint.args(["-T", "lint", "-W", "error"]);
        let output = lint.arg(page.unwrap().path()).output().unwrap();
        let found = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{found}");
    }
}

#[test]
fn shells_understand_their_completions_which_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("antiphon");
        let script = said(&["completions", shell]);
        for name in commands().iter().flatten() {
            assert!(script.contains(name.as_str()), "{shell}: {name}");
        }
        fs::write(&path, script).unwrap();
        if let Some(program) = common::tool(shell) {
            let parsed = Command::new(program).arg("-n").arg(&path).output().unwrap();
            assert!(parsed.status.success(), "{shell}: {}", stderr(&parsed));
        }
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("antiphon");
    fs::write(&script, said(&["completions", "bash"])).unwrap();
    let complete = |words: &str| {
        let asked = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _antiphon antiphon \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; \
             echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let output = Command::new("bash").args(["-c", &asked]).output().unwrap();
        printed(output).trim().to_owned()
    };
    assert_eq!(complete("antiphon gen"), "generate");
    assert_eq!(complete("antiphon service inst"), "install");
    assert_eq!(complete("antiphon watch --nic"), "--nice");
    assert_eq!(complete("antiphon completions f"), "fish");
}

#[test]
fn the_readme_lists_every_command() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    for name in commands().iter().filter_map(|command| command.first()) {
        let row = format!("| `antiphon {name}");
        assert!(readme.contains(&row), "{row}");
    }
}

#[test]
fn the_version_says_which_build_it_is() {
    let short = said(&["-V"]);
    assert_eq!(short.trim_end(), "antiphon 0.1.0");
    let long = said(&["--version"]);
    assert!(long.starts_with(&short), "{long}");
    for key in ["commit", "build", "processor", "engines", "service"] {
        let line = |line: &str| line.starts_with(&format!("{key}: "));
        assert!(long.lines().any(line), "no {key}: {long}");
    }
    assert!(long.contains(antiphon::answer::BUILD), "{long}");
    let git = Command::new("git").args(["rev-parse", "HEAD"]).output();
    if let Some(output) = git.ok().filter(|output| output.status.success()) {
        let commit = String::from_utf8(output.stdout).unwrap();
        assert!(
            long.contains(&format!("commit: {}", commit.trim())),
            "{long}"
        );
    }
}
