//! Options that say where a NATS server is, and what is known of jobs there.

use std::path::PathBuf;
use std::time::Duration;

use crate::cluster::{Access, ClusterError, Server};
use crate::system::clock;

/// Where the NATS server is.
#[derive(Clone, clap::Args)]
pub struct NatsOptions {
    /// The NATS server: nats://HOST:4222, tls:// where it is encrypted, with USER:PASSWORD@ or
    /// TOKEN@ before the host where it asks for that
    #[arg(long, value_name = "URL")]
    nats: String,
    #[command(flatten)]
    login: LoginOptions,
}

/// How a NATS server lets somebody in, and is known.
#[derive(Clone, clap::Args)]
pub struct LoginOptions {
    /// A file of credentials, as nsc makes them
    #[arg(long, value_name = "FILE")]
    nats_creds: Option<PathBuf>,
    /// Certificates in a PEM file by which the server is known, beside those of the system
    #[arg(long, value_name = "FILE")]
    nats_ca: Option<PathBuf>,
    /// How long a worker of which nothing is heard has its job, before another gets it;
    /// whoever is the first on a server says so for all
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS", value_parser = parse_wait)]
    nats_wait: f64,
}

impl NatsOptions {
    /// The server, as `what` connects to it: it is waited for where it is not there.
    pub fn server(&self, what: &str) -> Result<Server, ClusterError> {
        self.login.server(&self.nats, what)
    }
}

impl LoginOptions {
    /// The server at `url`.
    pub fn server(&self, url: &str, what: &str) -> Result<Server, ClusterError> {
        let access = Access::new(url, self.nats_creds.clone(), self.nats_ca.clone())?;
        let name = format!("antiphon {what} {}", own_name());
        Server::reach(&access, &name, Duration::from_secs_f64(self.nats_wait))
    }
}

/// This machine and process.
pub fn own_name() -> String {
    let host = clock::host().unwrap_or_else(|| "unnamed".to_owned());
    format!("{host}/{}", std::process::id())
}

fn parse_wait(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (1.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("allowed: 1 to 3600".to_owned()),
    }
}
