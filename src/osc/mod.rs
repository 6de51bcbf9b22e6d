//! What is said and heard over OSC: a doorbell that is never needed to find out
//! what happened. Said are flat messages; heard is OSC 1.0, however it is written.

mod announce;
mod listen;
mod packet;
mod pattern;
mod received;

use std::net::{SocketAddr, ToSocketAddrs};

pub use announce::Announcer;
pub use listen::{Query, Refusal, Server, queries};
pub use received::Tally;

/// Why nothing can be told or heard.
#[derive(Debug, thiserror::Error)]
pub enum OscError {
    #[error("\"{address}\" is no OSC address: write HOST:PORT, 127.0.0.1:7400 say")]
    Address { address: String },
    #[error("cannot open a socket for OSC: {cause}")]
    Socket { cause: std::io::Error },
    #[error(
        "cannot listen for OSC on {address}: {cause}; it is tried again until it can be had. \
         Another program may have the port: end it, or choose another port with --osc-listen \
         HOST:PORT, or none with --osc-listen off"
    )]
    Listen {
        address: SocketAddr,
        cause: std::io::Error,
    },
}

/// The first address that `text`, a HOST:PORT, stands for.
pub fn resolve(text: &str) -> Result<SocketAddr, OscError> {
    let address = || OscError::Address {
        address: text.to_owned(),
    };
    let mut addresses = text.to_socket_addrs().map_err(|_| address())?;
    addresses.next().ok_or_else(address)
}
