//! `antiphon service install`: the service for a folder and a model.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::bound::Bound;
use super::{ScopeChoice, ports};
use crate::bundled;
use crate::cli::check_command_line;
use crate::cli::model_choice::ModelChoice;
use crate::cli::osc_options::{DEFAULT_LISTEN, DEFAULT_OSC, OFF};
use crate::cli::output;
use crate::cli::watch::DEFAULT_ROOT;
use crate::files;
use crate::osc;
use crate::service::{
    Installed, Manager, Name, Scope, Service, UnitChange, User, Words, choose_name, write,
};
use crate::trained_model::TrainedModel;
use crate::watch::{Root, SpoolError, WhichRoot};

/// Write the service for a folder and a model, and start it
///
/// Example: sudo antiphon service install --system --root /srv/gallery -- --seconds 20
///
/// Makes the folder, writes the unit, and has systemd start it now and from now
/// on. The same again changes nothing; with other options, the service of that folder
/// changes. Another folder has a service of its own, with a name and ports of its own.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Install {
    #[command(flatten)]
    pub scope: ScopeChoice,
    /// The folder that holds seeds/, predictions/ and failed/; made if missing
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    pub root: PathBuf,
    /// What the service is called [default: antiphon for the first, then the folder's name]
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    name: Option<Name>,
    /// A model file, or the name of a bundled model: antiphon inspect lists them
    #[arg(long, default_value = bundled::DEFAULT, value_name = "MODEL")]
    model: String,
    /// Where OSC messages are sent
    #[arg(long, default_value = DEFAULT_OSC, value_name = "HOST:PORT")]
    osc: String,
    /// Where OSC messages are heard, or off
    #[arg(long, default_value = DEFAULT_LISTEN, value_name = "HOST:PORT")]
    osc_listen: String,
    /// Show how things stand on a page at this address: 127.0.0.1:7480, or 0.0.0.0:7480 for
    /// telephones too, which need the token of the link in the log
    #[arg(long, value_name = "ADDRESS")]
    page: Option<SocketAddr>,
    /// Predictions to keep, the newest, or all [default: what fits into half of the free disk]
    #[arg(long, value_name = "N|all")]
    pub keep_predictions: Option<String>,
    /// With --system: the user the patch runs as [default: the folder's owner, or who used sudo]
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    run_as: Option<String>,
    /// Print the unit and do nothing
    #[arg(long)]
    dry_run: bool,
    /// More options of `antiphon watch`, after --
    #[arg(last = true, value_name = "OPTIONS OF WATCH")]
    pub more: Vec<String>,
}

/// Installs the service that the options say.
pub fn run(install: &Install) -> anyhow::Result<()> {
    let scope = install.scope.scope();
    let root = absolute(&install.root)?;
    let model = absolute_model(&install.model)?;
    let user = match scope {
        Scope::System => Some(User::choose(install.run_as.as_deref(), &root)?),
        Scope::User => None,
    };
    let installed = Installed::all();
    let name = choose_name(scope, &root, install.name.as_ref(), &installed)?;
    let (own, others): (Vec<_>, Vec<_>) = installed
        .into_iter()
        .partition(|service| service.scope == scope && service.name == name);
    ports::check(&install.osc_listen, &others)?;
    if let Some(page) = install.page {
        ports::check_page(page, &others)?;
    }
    let bound = Bound::choose(install, own.first(), &root)?;
    let service = service(install, (&name, &root, &model), &bound, user.as_ref())?;
    if scope == Scope::System {
        check_lasts([&service.root, &service.program, Path::new(&model)])?;
    }
    let unit = service.unit()?;
    if install.dry_run {
        output::text(&unit);
        return Ok(());
    }
    let manager = Manager::new(scope, &name)?;
    match &user {
        Some(user) => prepare_as(user, &service, &manager, &model)?,
        None => prepare(&root, &model)?,
    }
    say_written(write(&manager, &unit)?, &manager);
    say!("{bound}");
    for remark in ports::remarks(&install.osc, &others) {
        say!("{remark}");
    }
    start(&manager)
}

/// What is to be run, with nothing left that depends on where it was said.
fn service(
    install: &Install,
    (name, root, model): (&Name, &Path, &str),
    bound: &Bound,
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
    words.extend(bound.options());
    words.extend(["--osc", &target, "--osc-listen", &listen]);
    let page = install.page.map(|page| page.to_string());
    if let (Some(address), Some(page)) = (install.page, &page) {
        words.extend(["--page", page]);
        if !address.ip().is_loopback() {
            beyond = vec!["any".to_owned()];
        }
    }
    words.extend(install.more.iter().map(String::as_str));
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    check_command_line(&words).unwrap_or_else(|error| error.exit());
    let program = std::env::current_exe().and_then(|path| path.canonicalize());
    Ok(Service {
        scope: install.scope.scope(),
        name: name.clone(),
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

/// Does as its user what a service needs: makes the folder, reads the model.
pub fn prepare(root: &Path, model: &str) -> anyhow::Result<()> {
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
