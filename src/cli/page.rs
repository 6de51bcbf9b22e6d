//! What `studio` and `watch --page` have in common.

use std::io::{IsTerminal, stderr};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;

use super::{all_threads, version};
use crate::web::{PageKind, Server, Setup};

/// Where the page is when nobody chooses.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:7480";

/// Of a page of this `kind` about `root`, at `address`.
pub fn setup(root: PathBuf, kind: PageKind, address: SocketAddr) -> anyhow::Result<Setup> {
    Ok(Setup {
        root,
        kind,
        address,
        program: std::env::current_exe().context("cannot find this program's own file")?,
        threads: all_threads(),
        version: (version::NUMBER, version::COMMIT),
    })
}

/// Prints, where somebody sits at a terminal, a code by which a telephone opens the page.
pub fn show_code(server: &Server) {
    if let Some(code) = server.code().filter(|_| stderr().is_terminal()) {
        code.lines().for_each(|line| tell!("{line}"));
    }
}
