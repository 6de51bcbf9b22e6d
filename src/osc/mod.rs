//! What is said and heard over OSC: a doorbell that is never needed to find out
//! what happened. Said are flat messages; heard is OSC 1.0, however it is written.

mod conversation;
mod heard;
mod house;
mod listen;
mod packet;
mod pattern;
mod prefix;
mod received;
mod receiver;
mod said;
mod speaker;
mod table;
mod understood;

use std::net::{SocketAddr, ToSocketAddrs};

pub use conversation::{Conversation, ReplyTo};
pub use heard::Command;
pub use house::{House, LogLevel, Wanted};
pub use listen::Server;
pub use prefix::Prefix;
pub use received::Tally;
pub use said::{Log, Message, Said, Status};
pub use speaker::{Asker, Speaker};
pub use table::{in_markdown, table};
pub use understood::{Refusal, Understood, understand};

/// Why nothing can be told or heard.
#[derive(Debug, thiserror::Error)]
pub enum OscError {
    #[error("\"{address}\" is no OSC address: write HOST:PORT, 127.0.0.1:7400 say")]
    Address { address: String },
    #[error(
        "\"{prefix}\" cannot stand in front of OSC addresses: write a slash and letters, \
         /room2 say"
    )]
    Prefix { prefix: String },
    #[error(
        "OSC is heard on {address} and would be sent there, so that antiphon would talk to \
         itself; give --osc the port that the patch listens on"
    )]
    Circle { address: SocketAddr },
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
