//! `antiphon worker`: seeds that came from elsewhere answered here.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context;

use super::log_line::LogFormat;
use super::nats_options::{NatsOptions, own_name};
use crate::cluster::{Cache, Terms, work};
use crate::system;

/// Answer seeds that other machines send through a NATS server
///
/// Example: antiphon worker --nats nats://192.168.1.10:4222
///
/// Run as many as you like, on as many machines. Ctrl-C or SIGTERM ends it; what it is in the
/// middle of goes to another worker. docs/distributed.md says how to begin.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    nats: NatsOptions,
    /// The folder where models are kept that were fetched once [default: antiphon in the
    /// user's cache folder]
    #[arg(long, value_name = "DIR")]
    model_cache: Option<PathBuf>,
    /// Seeds answered at the same time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: u16,
    /// Threads of all workers together [default: the machine's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// To so many workers a seed is given, one after the other, before it fails
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    deliveries: u64,
    /// How far other programs go first, from 0 to 19
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=19))]
    nice: i32,
    /// How the log on standard error is written; a line has the local time, unless the
    /// journal of systemd keeps it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Answers until it is told to stop.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    system::memory::keep_nothing_large();
    let folder = match &arguments.model_cache {
        Some(folder) => folder.clone(),
        None => cache_folder().context(
            "neither XDG_CACHE_HOME nor HOME says where the user's cache is; say it with \
             --model-cache",
        )?,
    };
    let cache = Cache::open(&folder.join("models"))?;
    let own = Own::make(&folder.join("work"))?;
    if let Err(error) = system::be_nice(arguments.nice) {
        tracing::warn!("cannot let other programs go first: {error}");
    }
    let stop = super::stop_flag()?;
    let server = arguments.nats.server("worker")?;
    let threads = arguments
        .threads
        .map_or_else(super::all_threads, usize::from);
    let terms = |number: u16| Terms {
        name: own_name(),
        threads: (threads / usize::from(arguments.workers)).max(1),
        deliveries: arguments.deliveries,
        scratch: own.folder.join(number.to_string()),
    };
    if !server.wait_for(std::time::Duration::from_secs(2)) {
        tracing::warn!("the NATS server at {} is not there; waiting", server.url());
    }
    thread::scope(|scope| {
        for number in 0..arguments.workers {
            let (terms, server, cache, stop) = (terms(number), &server, &cache, &*stop);
            scope.spawn(move || work(server, cache, &terms, stop));
        }
    });
    tracing::info!("stopped; nothing is left in work");
    Ok(())
}

fn cache_folder() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|folder| !folder.is_empty());
    let cache = folder("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(folder("HOME")?).join(".cache")));
    cache.map(|cache| cache.join("antiphon"))
}

/// A folder of this process alone.
struct Own {
    folder: PathBuf,
    /// Locked as long as the process lives.
    _lock: File,
}

impl Own {
    /// One in `folder`, where those of processes that were killed are removed.
    fn make(folder: &Path) -> anyhow::Result<Own> {
        let cannot = || format!("cannot work in {}", folder.display());
        std::fs::create_dir_all(folder).with_context(cannot)?;
        for entry in std::fs::read_dir(folder).with_context(cannot)? {
            let left = entry.with_context(cannot)?.path();
            let lock = File::open(left.join("lock"));
            if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
                // Whoever else finds it does the same.
                let _ = std::fs::remove_dir_all(&left);
            }
        }
        let own = tempfile::Builder::new()
            .prefix("worker-")
            .tempdir_in(folder);
        let own = own.with_context(cannot)?.keep();
        let lock = File::create(own.join("lock")).with_context(cannot)?;
        lock.try_lock().with_context(cannot)?;
        Ok(Own {
            folder: own,
            _lock: lock,
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // The next process removes what is left.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
