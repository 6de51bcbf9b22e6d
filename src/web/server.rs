//! Connections: how many there may be, and how long each may take.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Connections at the same time.
const MOST_CONNECTIONS: usize = 256;
/// Until the headers of a request are there.
const HEADERS: Duration = Duration::from_secs(10);
/// The longest headers, in bytes.
const LONGEST_HEADERS: usize = 16 * 1024;
/// How often it is looked whether the server is to end.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Until a connection is accepted after one could not be: there may be no file left to open.
const AFTER_TROUBLE: Duration = Duration::from_millis(200);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken, or is none of this machine's.
    #[error(
        "cannot listen on {address}: {cause}; choose another port, or end what listens there \
         (another antiphon?)"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system answered.
        cause: io::Error,
    },
    /// A folder of the page's cannot be made.
    #[error("cannot make {what}: {cause}; check that the folder may be written")]
    Folder {
        /// Which.
        what: String,
        /// What the system answered.
        cause: io::Error,
    },
}

/// Listens on `address`.
///
/// # Errors
///
/// [`ServerError::Listen`].
pub fn listen(address: SocketAddr) -> Result<TcpListener, ServerError> {
    let listen = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|cause| ServerError::Listen { address, cause })
}

/// Answers whoever connects until `stop` is set. It is for a runtime.
///
/// # Errors
///
/// Those of the runtime.
pub async fn serve(listener: TcpListener, pages: Router, stop: &AtomicBool) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let accepted = tokio::time::timeout(BETWEEN_LOOKS, listener.accept()).await;
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let stream = match accepted {
            Err(_) => continue,
            Ok(Ok((stream, _))) => stream,
            Ok(Err(error)) => {
                tracing::warn!("the page cannot take a connection: {error}");
                tokio::time::sleep(AFTER_TROUBLE).await;
                continue;
            }
        };
        match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => {
                let pages = pages.clone();
                tokio::spawn(async move {
                    converse(stream, pages).await;
                    drop(place);
                });
            }
            Err(_) => drop(tokio::spawn(turn_away(stream))),
        }
    }
}

/// What goes wrong with a connection is its other end's affair.
async fn converse(stream: TcpStream, pages: Router) {
    let _ = stream.set_nodelay(true);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(LONGEST_HEADERS)
        .half_close(false);
    let service = TowerToHyperService::new(pages);
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn turn_away(mut stream: TcpStream) {
    let text = format!(
        "HTTP/1.1 {} Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        StatusCode::SERVICE_UNAVAILABLE.as_u16()
    );
    let _ = stream.write_all(text.as_bytes()).await;
}
