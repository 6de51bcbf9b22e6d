//! `antiphon service list`: which services there are.

use std::path::PathBuf;

use serde::Serialize;

use super::ports;
use crate::cli::output;
use crate::service::{Installed, Name, Scope};
use crate::status::{State, Status};

/// Say which services are installed, for which folders, and how they are
///
/// Example: antiphon service list --json
///
/// Those of the system, and yours. `antiphon status --all` says more of each.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A service, as it is listed.
#[derive(Serialize)]
struct Line {
    name: Name,
    scope: Scope,
    state: State,
    root: PathBuf,
    osc_listen: Option<String>,
}

/// Prints a line for each service.
pub fn run(list: &List) -> anyhow::Result<()> {
    let lines: Vec<Line> = Installed::all().iter().map(Line::of).collect();
    if list.json {
        output::json(&lines)?;
    } else if lines.is_empty() {
        say!("No service is installed; antiphon service install --user --root DIR does that.");
    } else {
        lines.iter().for_each(Line::print);
    }
    Ok(())
}

impl Line {
    fn of(service: &Installed) -> Line {
        let status = Status::in_time(&service.root);
        Line {
            name: service.name.clone(),
            scope: service.scope,
            state: status.map_or_else(|error| error.state(), |status| status.state),
            root: service.root.clone(),
            osc_listen: ports::heard_at(service).map(str::to_owned),
        }
    }

    fn print(&self) {
        let (name, scope) = (self.name.to_string(), self.scope.to_string());
        let hears = match &self.osc_listen {
            Some(address) => format!("hears OSC at {address}"),
            None => "hears no OSC".to_owned(),
        };
        say!(
            "{name:<15} {scope:<6}  {:<11}  {}, {hears}",
            self.state,
            self.root.display()
        );
    }
}
