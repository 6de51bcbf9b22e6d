//! `antiphon service`: the daemon as a service of systemd.

mod bound;
mod install;
mod list;
mod ports;

use std::path::PathBuf;

use anyhow::bail;

use crate::service::{Installed, Manager, Name, Scope, choose_installed, remove};

/// Have the daemon start with the machine, and again whenever it ends
///
/// Example: antiphon service install --user --root ~/gallery --model mine.onnx
///
/// A machine has a service for each of its rooms: `--name` says which is meant, where there
/// are several.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Install(install::Install),
    Uninstall(Uninstall),
    List(list::List),
    #[command(hide = true)]
    Prepare(Prepare),
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct ScopeChoice {
    /// A service of yours, begun when you log in
    #[arg(long)]
    user: bool,
    /// A service of the system, begun with the machine; needs root
    #[arg(long)]
    system: bool,
}

/// Stop the service and remove it; the folder stays as it is
///
/// Example: antiphon service uninstall --user --name room2
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
struct Uninstall {
    #[command(flatten)]
    scope: ScopeChoice,
    /// Which service: antiphon service list has the names [default: the only one]
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    name: Option<Name>,
}

/// What `install` has the service's user do: make the folder, read the model.
#[derive(clap::Args)]
struct Prepare {
    #[arg(long)]
    root: PathBuf,
    #[arg(long)]
    model: String,
}

impl ScopeChoice {
    fn scope(&self) -> Scope {
        match self.system {
            true => Scope::System,
            false => Scope::User,
        }
    }
}

/// Installs, removes or lists services.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.action {
        Action::Prepare(prepare) => install::prepare(&prepare.root, &prepare.model),
        _ if !cfg!(target_os = "linux") => {
            bail!("only systemd's services are installed; docs/service.md says how it goes here")
        }
        Action::Install(install) => install::run(&install),
        Action::Uninstall(uninstall) => run_uninstall(uninstall.scope.scope(), uninstall.name),
        Action::List(list) => list::run(&list),
    }
}

fn run_uninstall(scope: Scope, name: Option<Name>) -> anyhow::Result<()> {
    let name = choose_installed(name, &Installed::of(scope))?;
    let manager = Manager::new(scope, &name)?;
    if !manager.unit().exists() {
        say!("There is no {}.", manager.unit().display());
        return Ok(());
    }
    if Manager::runs() {
        Manager::run(&manager.to_stop())?;
    }
    remove(&manager)?;
    say!("Removed: {}", manager.unit().display());
    if Manager::runs() {
        Manager::run(&manager.to_forget())?;
    }
    say!("The folder with its sounds stays as it is.");
    Ok(())
}
