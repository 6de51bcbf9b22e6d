//! The page: where models are made, heard and watched, in a browser.
//!
//! ```text
//! request ──> gate ──> sounds, settings, runs, answers, plans, gallery ──> folders under the root
//!                                                └─> process: antiphon train, antiphon generate
//! folders ──> events ──> whoever listens
//! ```
//!
//! `docs/http.md` says what can be asked. The folders under the root are all that is kept:
//! a server that ends loses nothing, and what it began goes on.

mod answers;
mod assets;
mod bundled_examples;
mod events;
mod facts;
mod gallery;
mod gate;
mod jobs;
mod known;
mod listing;
mod look;
mod metrics;
mod noise;
mod pictures;
mod place;
mod plans;
mod process;
mod refusal;
mod request;
mod routes;
mod runs;
mod server;
mod settings;
mod site;
mod sounds;
mod strangers;
mod token;
mod uploads;

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gate::Gate;
use place::Place;
use process::Program;
use refusal::Refusal;
pub use server::ServerError;
pub use site::PageKind;
use site::Site;
pub use strangers::upload;
use token::Token;
use tokio::sync::Semaphore;

use crate::system::network;

/// How often something that waits is looked for, besides when something is over.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Threads for what takes time, beside those that converse.
const THREADS: usize = 8;
/// Threads that converse in a studio; a gallery has one.
const CONVERSING: usize = 2;
/// The memory of a thread's stack, which is small since there are many.
const STACK: usize = 2 << 20;

/// What is served where.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder that everything lies in.
    pub root: PathBuf,
    pub kind: PageKind,
    /// Where to listen.
    pub address: SocketAddr,
    /// This program, which trains and answers.
    pub program: PathBuf,
    /// Threads for measuring.
    pub threads: usize,
    /// The version, and the commit.
    pub version: (&'static str, &'static str),
}

/// A page that can be opened, once it is served.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<Token>,
    site: Arc<Site>,
}

impl Server {
    /// Listens. Whoever asks is answered once it is served.
    ///
    /// # Errors
    ///
    /// [`ServerError`].
    pub fn new(setup: Setup) -> Result<Server, ServerError> {
        let failed = |what: &Path| {
            let what = what.display().to_string();
            move |cause| ServerError::Folder { what, cause }
        };
        fs::create_dir_all(&setup.root).map_err(failed(&setup.root))?;
        let root = setup.root.canonicalize().map_err(failed(&setup.root))?;
        let listener = server::listen(setup.address)?;
        let address = listener.local_addr().unwrap_or(setup.address);
        let token = match address.ip().is_loopback() {
            true => None,
            false => Some(Token::of(&root).map_err(failed(&root))?),
        };
        if setup.kind == PageKind::Studio {
            for folder in [
                place::RECORDINGS,
                place::SETTINGS,
                place::SEEDS,
                place::ANSWERS,
                place::JOBS,
            ] {
                let folder = root.join(folder);
                fs::create_dir_all(&folder).map_err(failed(&folder))?;
                uploads::clear(&folder);
            }
        }
        let program = Program {
            path: setup.program,
        };
        let place = Place::new(root);
        let site = Site::new(place, setup.kind, program, setup.threads, setup.version);
        Ok(Server {
            listener,
            address,
            token,
            site: Arc::new(site),
        })
    }

    /// What a browser opens; beyond this machine with the token.
    pub fn link(&self) -> String {
        let port = self.address.port();
        let Some(token) = &self.token else {
            return format!("http://{}/", self.address);
        };
        let ip = self.address.ip();
        let host = match ip.is_unspecified() {
            true => network::own_address(ip.is_ipv6()),
            false => ip,
        };
        let address = SocketAddr::new(host, port);
        format!("http://{address}/?token={}", token.as_str())
    }

    /// The link as a picture for a telephone's camera, of characters.
    pub fn code(&self) -> Option<String> {
        self.token.as_ref()?;
        let code = qrcode::QrCode::new(self.link()).ok()?;
        Some(code.render::<qrcode::render::unicode::Dense1x2>().build())
    }

    /// Answers until `stop` is set.
    ///
    /// # Errors
    ///
    /// Where the system has no threads.
    pub fn serve(self, stop: &Arc<AtomicBool>) -> io::Result<()> {
        let mut runtime = match self.site.kind {
            PageKind::Studio => tokio::runtime::Builder::new_multi_thread(),
            PageKind::Gallery { .. } => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = runtime
            .worker_threads(CONVERSING)
            .max_blocking_threads(THREADS)
            .thread_stack_size(STACK)
            .thread_name("page")
            .enable_all()
            .build()?;
        if self.site.kind == PageKind::Studio {
            self.begin_what_waits(stop);
        }
        let control = self.site.kind != PageKind::Gallery { control: false };
        let gate = Arc::new(Gate::new(self.address, self.token, control));
        let pages = routes::routes(&self.site, gate);
        let served = runtime.block_on(async {
            tokio::spawn(events::tell(Arc::clone(&self.site)));
            server::serve(self.listener, pages, stop).await
        });
        // Nobody waits for a disk that hangs.
        runtime.shutdown_background();
        served
    }

    fn begin_what_waits(&self, stop: &Arc<AtomicBool>) {
        let (site, stop) = (Arc::clone(&self.site), Arc::clone(stop));
        let beginner = thread::spawn(move || {
            let mut turn = None;
            while !stop.load(Ordering::Relaxed) {
                // Of several studios of one folder one begins things.
                turn = turn.or_else(|| jobs::take_turn(&site.place));
                if turn.is_some() {
                    let begin = || {
                        jobs::begin_next(&site);
                        answers::begin_next(&site);
                    };
                    if panic::catch_unwind(panic::AssertUnwindSafe(begin)).is_err() {
                        tracing::warn!("the page cannot begin what waits; it tries again");
                    }
                }
                thread::park_timeout(BETWEEN_LOOKS);
            }
        });
        self.site.set_beginner(beginner.thread().clone());
    }
}

/// Does what takes the machine's time, in a turn that is over when the work is: whoever asked
/// may be gone by then.
async fn blocking_in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let turn = Arc::clone(turns).acquire_owned().await;
    let turn = turn.map_err(Refusal::broken)?;
    blocking(move || {
        let _turn = turn;
        work()
    })
    .await
}

/// Does what takes time beside the conversations.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Refusal::broken(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_lasts_as_long_as_its_work_though_nobody_waits_any_more() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let turns = Arc::new(Semaphore::new(1));
            let (begun, begins) = std::sync::mpsc::channel();
            let (end, ends) = std::sync::mpsc::channel::<()>();
            let work = move || {
                let _ = begun.send(());
                let _ = ends.recv();
                Ok(())
            };
            let asked = tokio::spawn({
                let turns = Arc::clone(&turns);
                async move { blocking_in_turn(&turns, work).await }
            });
            while begins.try_recv().is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            asked.abort();
            assert!(asked.await.unwrap_err().is_cancelled());
            assert_eq!(turns.available_permits(), 0);
            end.send(()).unwrap();
            while turns.available_permits() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
}
