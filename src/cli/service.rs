//! `antiphon service`: the daemon as a service of systemd.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::model_choice::ModelChoice;
use super::osc_options::{DEFAULT_LISTEN, DEFAULT_OSC, OFF};
use super::output;
use super::watch::DEFAULT_ROOT;
use crate::bundled;
use crate::files;
use crate::osc;
use crate::service::{Manager, Scope, Service, UnitChange, User, Words, remove, write};
use crate::trained_model::TrainedModel;
use crate::watch::{Root, SpoolError, WhichRoot};

/// Have the daemon start with the machine, and again whenever it ends
///
/// Example: antiphon service install --user --root ~/gallery --model mine.onnx
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Install(Install),
    Uninstall(Uninstall),
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

/// Write the service for a folder and a model, and start it
///
/// Example: sudo antiphon service install --system --root /srv/gallery -- --seconds 20
///
/// Makes the folder, writes the unit, and has systemd start it now and from now
/// on. The same again changes nothing; with other options, the service changes.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
struct Install {
    #[command(flatten)]
    scope: ScopeChoice,
    /// The folder that holds seeds/, predictions/ and failed/; made if missing
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    root: PathBuf,
    /// A model file, or the name of a bundled model: antiphon inspect lists them
    #[arg(long, default_value = bundled::DEFAULT, value_name = "MODEL")]
    model: String,
    /// Where OSC messages are sent
    #[arg(long, default_value = DEFAULT_OSC, value_name = "HOST:PORT")]
    osc: String,
    /// Where OSC messages are heard, or off
    #[arg(long, default_value = DEFAULT_LISTEN, value_name = "HOST:PORT")]
    osc_listen: String,
    /// With --system: the user the patch runs as [default: the folder's owner, or who used sudo]
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    run_as: Option<String>,
    /// Print the unit and do nothing
    #[arg(long)]
    dry_run: bool,
    /// More options of `antiphon watch`, after --
    #[arg(last = true, value_name = "OPTIONS OF WATCH")]
    more: Vec<String>,
}

/// Stop the service and remove it; the folder stays as it is
///
/// Example: antiphon service uninstall --user
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
struct Uninstall {
    #[command(flatten)]
    scope: ScopeChoice,
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

/// Installs or removes the service.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.action {
        Action::Prepare(prepare) => run_prepare(&prepare.root, &prepare.model),
        _ if !cfg!(target_os = "linux") => {
            bail!("only systemd's services are installed; docs/service.md says how it goes here")
        }
        Action::Install(install) => run_install(&install),
        Action::Uninstall(uninstall) => run_uninstall(uninstall.scope.scope()),
    }
}

fn run_install(install: &Install) -> anyhow::Result<()> {
    let scope = install.scope.scope();
    let root = absolute(&install.root)?;
    let model = absolute_model(&install.model)?;
    let user = match scope {
        Scope::System => Some(User::choose(install.run_as.as_deref(), &root)?),
        Scope::User => None,
    };
    let service = service(install, &root, &model, user.as_ref())?;
    if scope == Scope::System {
        check_lasts([&service.root, &service.program, Path::new(&model)])?;
    }
    let unit = service.unit()?;
    if install.dry_run {
        output::text(&unit);
        return Ok(());
    }
    let manager = Manager::new(scope)?;
    match &user {
        Some(user) => prepare_as(user, &service, &manager, &model)?,
        None => run_prepare(&root, &model)?,
    }
    say_written(write(&manager, &unit)?, &manager);
    start(&manager)
}

/// What is to be run, with nothing left that depends on where it was said.
fn service(
    install: &Install,
    root: &Path,
    model: &str,
    user: Option<&User>,
) -> anyhow::Result<Service> {
    let root_text = root
        .to_str()
        .context("the folder's name is not UTF-8; rename it")?;
    let (target, mut beyond) = reachable(&install.osc)?;
    let listen = match install.osc_listen.as_str() {
        OFF => OFF.to_owned(),
        address => {
            let (address, from_beyond) = reachable(address)?;
            if !from_beyond.is_empty() {
                beyond = vec!["any".to_owned()];
            }
            address
        }
    };
    let mut words = vec!["watch", "--existing", "--root", root_text, "--model", model];
    words.extend(["--osc", &target, "--osc-listen", &listen]);
    words.extend(install.more.iter().map(String::as_str));
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    super::check_command_line(&words).unwrap_or_else(|error| error.exit());
    let program = std::env::current_exe().and_then(|path| path.canonicalize());
    Ok(Service {
        scope: install.scope.scope(),
        program: program.context("cannot find out where this program is")?,
        arguments: Words(words),
        root: root.to_owned(),
        user: user.map(|user| user.name.clone()),
        beyond,
    })
}

/// The address `text` as the service is to be given it, and what must be let
/// through for it. Beyond this machine it is a number: the service asks nobody
/// for names.
fn reachable(text: &str) -> anyhow::Result<(String, Vec<String>)> {
    let address = osc::resolve(text)?;
    Ok(match address.ip().is_loopback() {
        true => (text.to_owned(), vec![]),
        false => (address.to_string(), vec![address.ip().to_string()]),
    })
}

/// A service of the system has a /tmp of its own, and everybody's is emptied now and then.
fn check_lasts(paths: [&Path; 3]) -> anyhow::Result<()> {
    let is_emptied = |path: &&Path| path.starts_with("/tmp") || path.starts_with("/var/tmp");
    match paths.into_iter().find(is_emptied) {
        Some(path) => bail!(
            "{} is where files do not last; put it elsewhere",
            path.display()
        ),
        None => Ok(()),
    }
}

fn absolute(root: &Path) -> anyhow::Result<PathBuf> {
    let absolute = std::path::absolute(root)
        .with_context(|| format!("cannot tell where {} is", root.display()))?;
    // What is still to be made is where it was said to be.
    Ok(absolute.canonicalize().unwrap_or(absolute))
}

/// The model's name, or its file's absolute path.
fn absolute_model(name: &str) -> anyhow::Result<String> {
    check_model(name)?;
    match Path::new(name).canonicalize() {
        Ok(path) => Ok(path
            .to_str()
            .context("the model's name is not UTF-8; rename it")?
            .to_owned()),
        Err(_) => Ok(name.to_owned()),
    }
}

fn check_model(name: &str) -> anyhow::Result<()> {
    let model = ModelChoice::find(name)?;
    TrainedModel::from_bytes(&model.bytes, Path::new(name))?;
    Ok(())
}

/// As the service will be run: by its user, with this program and this model.
fn prepare_as(
    user: &User,
    service: &Service,
    manager: &Manager,
    model: &str,
) -> anyhow::Result<()> {
    let unit = manager.unit();
    files::check_writable(&unit).with_context(|| {
        format!(
            "cannot write {}; a service of the system is installed by root, so use sudo",
            unit.display()
        )
    })?;
    user.make_folder(&service.root)?;
    let root = service
        .root
        .to_str()
        .context("the folder's name is not UTF-8; rename it")?;
    let arguments = ["service", "prepare", "--root", root, "--model", model];
    user.run(&service.program, &arguments)?;
    say!("The service will run as {}.", user.name);
    Ok(())
}

fn run_prepare(root: &Path, model: &str) -> anyhow::Result<()> {
    check_model(model)?;
    std::fs::create_dir_all(root)
        .with_context(|| format!("cannot make the folder {}", root.display()))?;
    match Root::open(root, &WhichRoot::Any) {
        // A daemon that runs has made its folders.
        Ok(_) | Err(SpoolError::Locked { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn say_written(written: UnitChange, manager: &Manager) {
    let unit = manager.unit();
    match written {
        UnitChange::New => say!("Written: {}", unit.display()),
        UnitChange::Changed => say!("Changed: {}", unit.display()),
        UnitChange::AsItWas => say!("Unchanged: {}", unit.display()),
    }
}

fn start(manager: &Manager) -> anyhow::Result<()> {
    if !Manager::runs() {
        say!("systemd does not run here. Where it does, these start the service:");
        print_commands(&manager.to_start());
        return Ok(());
    }
    Manager::run(&manager.to_start())?;
    say!("The service runs. Its log: {}", manager.to_read_the_log());
    if let Some(hint) = manager.to_start_without_a_session() {
        say!("It starts when you log in. To start it with the machine: {hint}");
    }
    Ok(())
}

fn print_commands(commands: &[Words]) {
    for command in commands {
        say!("  {command}");
    }
}

fn run_uninstall(scope: Scope) -> anyhow::Result<()> {
    let manager = Manager::new(scope)?;
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
