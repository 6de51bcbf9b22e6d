//! OSC: that messages go round on this machine, and whether anybody listens.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Finding;
use crate::osc::{self, Conversation, House, Prefix, ReplyTo, Server, Speaker};

/// How long a message may take through this machine.
const PATIENCE: Duration = Duration::from_secs(2);
/// `/antiphon/ping` and `/antiphon/pong`, as OSC writes them.
const PING: &[u8] = b"/antiphon/ping\0\0,\0\0\0";
const PONG: &[u8] = b"/antiphon/pong\0\0,\0\0\0";

/// Sends a message round, and looks for the listener of `target`, a HOST:PORT.
pub fn examine(target: &str) -> Vec<Finding> {
    vec![round_trip(), listener(target)]
}

fn round_trip() -> Finding {
    const WHAT: &str = "OSC";
    match ping() {
        Ok(()) => Finding::ok(WHAT, "a ping over loopback was answered"),
        Err(what) => Finding::fail(
            WHAT,
            format!(
                "a ping over loopback was not answered ({what}); look at this machine's firewall"
            ),
        ),
    }
}

/// Only there.
struct Nobody;

impl House for Nobody {}

/// On sockets of its own: a daemon's answers go where the patch listens.
fn ping() -> Result<(), String> {
    let said = |error: io::Error| error.to_string();
    let patch = UdpSocket::bind("127.0.0.1:0").map_err(said)?;
    patch.set_read_timeout(Some(PATIENCE)).map_err(said)?;
    let heard_at = patch.local_addr().map_err(said)?.to_string();
    let speaker =
        Speaker::new(&[heard_at], Prefix::default()).map_err(|error| error.to_string())?;
    let conversation = Conversation::new(Arc::new(Nobody), Arc::new(speaker), ReplyTo::Receivers);
    let server = Server::new("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = server.address();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| server.answer(&conversation, &stop));
        let mut buffer = [0; 64];
        let heard = patch
            .send_to(PING, port)
            .and_then(|_| patch.recv_from(&mut buffer));
        stop.store(true, Ordering::Relaxed);
        let (length, _) = heard.map_err(said)?;
        match &buffer[..length] {
            PONG => Ok(()),
            _ => Err("something else came back".to_owned()),
        }
    })
}

/// Whether a program has the port: then it cannot be had a second time.
fn listener(target: &str) -> Finding {
    const WHAT: &str = "OSC listener";
    let address = match osc::resolve(target) {
        Ok(address) => address,
        Err(error) => return Finding::fail(WHAT, error.to_string()),
    };
    match UdpSocket::bind(address).map_err(|error| error.kind()) {
        Ok(_) => Finding::warn(WHAT, nobody(address)),
        Err(io::ErrorKind::AddrInUse) => {
            Finding::ok(WHAT, format!("a program listens on {address}"))
        }
        Err(_) => Finding::ok(
            WHAT,
            format!("{address} is not on this machine, so that it cannot be known who listens"),
        ),
    }
}

fn nobody(address: SocketAddr) -> String {
    format!(
        "nothing listens on {address}; open the patch, or give the port it listens on with --osc"
    )
}
