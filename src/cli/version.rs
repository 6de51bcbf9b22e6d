//! What `antiphon --version` says.

use std::sync::LazyLock;

use crate::answer::BUILD;
use crate::generate::Provider;
use crate::system::processor::processor;

/// The version.
pub const NUMBER: &str = env!("CARGO_PKG_VERSION");
/// The commit the program was compiled from; empty where nothing said.
pub const COMMIT: &str = env!("ANTIPHON_COMMIT");

/// The version, and what else tells one build from another: its commit, its build
/// number, and what is part of it.
pub static LONG: LazyLock<String> = LazyLock::new(|| {
    let commit = match COMMIT {
        "" => "unknown: it was compiled without git",
        commit => commit,
    };
    let providers = Provider::NAMES.map(|(name, _)| name).join(", ");
    let service = match cfg!(target_os = "linux") {
        true => "by systemd, with its watchdog and journal",
        false => "set up by hand, see docs/service.md",
    };
    format!(
        "{NUMBER}\ncommit: {commit}\nbuild: {BUILD}\nprocessor: {}\nengines: the embedded one; \
         ONNX Runtime, where its library is found, on {providers}\nservice: {service}",
        processor()
    )
});
