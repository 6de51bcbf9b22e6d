//! Ports of several services on one machine: only one program hears at a port.

use std::net::SocketAddr;

use anyhow::bail;

use crate::cli::osc_options::{DEFAULT_LISTEN, DEFAULT_OSC, OFF};
use crate::osc;
use crate::service::Installed;

/// Whether a service can hear at `listen` beside the `others`.
pub fn check(listen: &str, others: &[Installed]) -> anyhow::Result<()> {
    if listen == OFF {
        return Ok(());
    }
    let address = osc::resolve(listen)?;
    let taken: Vec<(SocketAddr, &Installed)> = others
        .iter()
        .filter_map(|other| Some((osc::resolve(heard_at(other)?).ok()?, other)))
        .collect();
    match taken.iter().find(|(other, _)| is_shared(address, *other)) {
        Some((_, other)) => bail!(
            "the service {} of {} hears OSC at {listen} already, and two cannot; give this one \
             another port with --osc-listen {}, say, or --osc-listen off",
            other.name,
            other.root.display(),
            free(address, &taken)
        ),
        None => Ok(()),
    }
}

/// Whether a service can have its page at `page` beside those of the `others`.
pub fn check_page(page: SocketAddr, others: &[Installed]) -> anyhow::Result<()> {
    let has_it = |other: &&Installed| {
        let address = other.value("--page").and_then(|page| page.parse().ok());
        address.is_some_and(|address| is_shared(page, address))
    };
    match others.iter().find(has_it) {
        Some(other) => bail!(
            "the service {} of {} has its page at {page} already; give this one another port with \
             --page",
            other.name,
            other.root.display()
        ),
        None => Ok(()),
    }
}

/// What is to be said of `others` that send to the port `target` too.
pub fn remarks(target: &str, others: &[Installed]) -> Vec<String> {
    let told = |other: &&Installed| other.value("--osc").unwrap_or(DEFAULT_OSC) == target;
    let remark = |other: &Installed| {
        format!(
            "The service {} sends OSC to {target} too: a patch there hears both. Give this one \
             another port with --osc, if it has a patch of its own.",
            other.name
        )
    };
    others.iter().filter(told).map(remark).collect()
}

/// Where `service` hears, if it does.
pub fn heard_at(service: &Installed) -> Option<&str> {
    let listen = service.value("--osc-listen").unwrap_or(DEFAULT_LISTEN);
    Some(listen).filter(|listen| *listen != OFF)
}

fn is_shared(a: SocketAddr, b: SocketAddr) -> bool {
    let meets = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && meets
}

/// The next address after `address` that is nobody's: patches hear at the ports between.
fn free(address: SocketAddr, taken: &[(SocketAddr, &Installed)]) -> SocketAddr {
    let mut free = address;
    while taken.iter().any(|(other, _)| is_shared(free, *other)) {
        free.set_port(free.port().checked_add(2).unwrap_or(1025));
    }
    free
}
