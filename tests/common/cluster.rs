//! A NATS server, workers, and the cables between them.

use std::fs::File;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::gallery::PATIENCE;

/// Seconds after which the jobs of a worker of which nothing is heard go to another.
pub const WAIT: &str = "1";

/// A NATS server that keeps its jobs on the disk, and what its workers have there.
pub struct Nats {
    folder: TempDir,
    port: u16,
    server: Option<Process>,
    /// What it is started with beside.
    arguments: Vec<String>,
}

impl Nats {
    /// One that runs.
    pub fn start() -> Nats {
        let mut nats = Nats::closed();
        nats.begin();
        nats
    }

    /// One that is still to be started.
    pub fn closed() -> Nats {
        Nats {
            folder: tempfile::tempdir().unwrap(),
            port: super::free_port().port(),
            server: None,
            arguments: Vec::new(),
        }
    }

    /// One that runs, and was started with `arguments`.
    pub fn start_with(arguments: &[&str]) -> Nats {
        let mut nats = Nats::closed();
        nats.arguments = arguments.iter().map(|word| word.to_string()).collect();
        nats.begin();
        nats
    }

    /// Starts it, and waits until it hears.
    pub fn begin(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path("nats.log"));
        let child = Command::new("nats-server")
            .args(["--addr", "0.0.0.0", "--port", &self.port.to_string()])
            .arg("--jetstream")
            .arg("--store_dir")
            .arg(self.path("nats"))
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        self.server = Some(Process(child.unwrap()));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = || self.said("nats.log");
            assert!(
                begun.elapsed() < PATIENCE,
                "nats-server hears in time: {}",
                log()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it the hard way, and starts it anew.
    pub fn begin_again(&mut self) {
        self.server = None;
        self.begin();
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A worker with more `arguments`, that says what it does in a file called `name`.
    pub fn worker(&self, name: &str, arguments: &[&str]) -> Process {
        self.worker_by(super::antiphon(), &self.url(), name, arguments)
    }

    /// The same at the end of `cable`.
    pub fn worker_at(&self, cable: &Cable, name: &str, arguments: &[&str]) -> Process {
        self.worker_by(cable.command(), &cable.url(self.port), name, arguments)
    }

    /// A worker that finds the server at `url`.
    pub fn worker_to(&self, url: &str, name: &str, arguments: &[&str]) -> Process {
        self.worker_by(super::antiphon(), url, name, arguments)
    }

    fn worker_by(
        &self,
        mut command: Command,
        url: &str,
        name: &str,
        arguments: &[&str],
    ) -> Process {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path(name));
        let child = command
            .args(["worker", "--nats", url, "--nats-wait", WAIT])
            .args(["--threads", "1", "--model-cache"])
            .arg(self.path("cache"))
            .args(arguments)
            .stderr(log.unwrap())
            .spawn();
        Process(child.unwrap())
    }

    /// What was said in the file called `name` so far.
    pub fn said(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Waits until `count` lines in the file called `name` have `word`.
    pub fn wait_for(&self, name: &str, word: &str, count: usize) {
        let begun = Instant::now();
        while self.said(name).matches(word).count() < count {
            let said = self.said(name);
            assert!(begun.elapsed() < PATIENCE, "{word} in time: {said}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A process that ends with its owner.
pub struct Process(pub Child);

impl Process {
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.0.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The cable between the server and a host, which can be cut.
pub enum Cable {
    /// To a network namespace of its own, which stands for a host.
    Namespace {
        name: String,
        ours: String,
        net: String,
    },
    /// Through a proxy that stops to carry anything, where nobody may make namespaces.
    Proxy(Proxy),
}

impl Cable {
    /// The `n`th, to the server of `nats`.
    pub fn new(n: usize, nats: &Nats) -> Cable {
        let unique = nats.port % 10_000;
        let (name, ours) = (format!("antiphon-{unique}-{n}"), format!("an{unique}x{n}"));
        let net = format!(
            "10.{}.{}",
            64 + unique % 100,
            (unique / 100) * 2 % 200 + n as u16
        );
        let theirs = format!("{ours}b");
        let made = ip(&["netns", "add", &name])
            && ip(&[
                "link", "add", &ours, "type", "veth", "peer", "name", &theirs,
            ])
            && ip(&["link", "set", &theirs, "netns", &name])
            && ip(&["addr", "add", &format!("{net}.1/24"), "dev", &ours])
            && ip(&["link", "set", &ours, "up"])
            && ip(&[
                "-n",
                &name,
                "addr",
                "add",
                &format!("{net}.2/24"),
                "dev",
                &theirs,
            ])
            && ip(&["-n", &name, "link", "set", "lo", "up"])
            && ip(&["-n", &name, "link", "set", &theirs, "up"]);
        let cable = Cable::Namespace { name, ours, net };
        match made {
            true => cable,
            // What was made of it goes.
            false => Cable::Proxy(Proxy::to(nats.port)),
        }
    }

    fn command(&self) -> Command {
        match self {
            Cable::Namespace { name, .. } => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name, env!("CARGO_BIN_EXE_antiphon")]);
                command
            }
            Cable::Proxy(_) => super::antiphon(),
        }
    }

    fn url(&self, port: u16) -> String {
        match self {
            Cable::Namespace { net, .. } => format!("nats://{net}.1:{port}"),
            Cable::Proxy(proxy) => format!("nats://127.0.0.1:{}", proxy.port),
        }
    }

    /// Cuts it, or joins it again.
    pub fn set(&self, is_whole: bool) {
        match self {
            Cable::Namespace { ours, .. } => {
                assert!(ip(&[
                    "link",
                    "set",
                    ours,
                    if is_whole { "up" } else { "down" }
                ]));
            }
            Cable::Proxy(proxy) => proxy.set(is_whole),
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        if let Cable::Namespace { name, ours, .. } = self {
            let _ = ip(&["link", "del", ours]);
            let _ = ip(&["netns", "del", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> bool {
    let done = Command::new("ip")
        .args(arguments)
        .stderr(Stdio::null())
        .status();
    done.is_ok_and(|status| status.success())
}

/// Carries connections to a port of this machine, unless it is cut.
pub struct Proxy {
    port: u16,
    is_whole: Arc<AtomicBool>,
    carried: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy {
            port: listener.local_addr().unwrap().port(),
            is_whole: Arc::new(AtomicBool::new(true)),
            carried: Arc::default(),
        };
        let (is_whole, carried) = (Arc::clone(&proxy.is_whole), Arc::clone(&proxy.carried));
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if !is_whole.load(Ordering::Relaxed) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                let copies = [&near, &far].map(|stream| stream.try_clone().unwrap());
                carried.lock().unwrap().extend(copies);
                for (mut from, mut to) in [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far, near),
                ] {
                    let is_whole = Arc::clone(&is_whole);
                    thread::spawn(move || carry(&mut from, &mut to, &is_whole));
                }
            }
        });
        proxy
    }

    fn set(&self, is_whole: bool) {
        self.is_whole.store(is_whole, Ordering::Relaxed);
        if is_whole {
            // What went through it is lost, as it would be after a long while.
            for stream in self.carried.lock().unwrap().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn carry(from: &mut TcpStream, to: &mut TcpStream, is_whole: &AtomicBool) {
    use std::io::Read;
    let mut bytes = [0; 65536];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        while !is_whole.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
