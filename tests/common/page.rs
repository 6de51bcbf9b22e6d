//! A page that is served, and whoever asks it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// As long as anything takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder, and the server of a page about it.
pub struct Page {
    pub folder: TempDir,
    pub address: SocketAddr,
    /// The token of the printed link.
    pub token: Option<String>,
    command: Vec<String>,
    server: Option<Child>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Page {
    /// `antiphon studio` with these options beside its folder and, unless they say another,
    /// a port of this machine.
    pub fn studio(options: &[&str]) -> Page {
        let mut words = vec!["studio"];
        if !options.contains(&"--listen") {
            words.extend(["--listen", "127.0.0.1:0"]);
        }
        Page::begin(&[&words, options].concat())
    }

    /// `antiphon watch` with a page and these options.
    pub fn gallery(options: &[&str]) -> Page {
        let words = ["watch", "--osc-listen", "off", "--page", "127.0.0.1:0"];
        Page::begin(&[&words, options].concat())
    }

    fn begin(words: &[&str]) -> Page {
        let mut page = Page {
            folder: tempfile::tempdir().unwrap(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: None,
            command: words.iter().map(|word| word.to_string()).collect(),
            server: None,
        };
        page.start();
        page
    }

    /// Starts the server, again after [`Page::kill`].
    pub fn start(&mut self) {
        let mut command = super::antiphon();
        command.args(&self.command).arg("--root").arg(self.root());
        let mut server = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stderr.take().unwrap());
        let mut heard = String::new();
        let link = loop {
            let before = heard.len();
            assert_ne!(said.read_line(&mut heard).unwrap(), 0, "{heard}");
            if let Some((_, link)) = heard[before..].split_once("http://") {
                break link.trim().to_owned();
            }
        };
        // Whoever says something is not to wait for a reader.
        thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let (address, query) = link.split_once('/').unwrap();
        self.address = address.parse().unwrap();
        // Whoever has opened it finds it at the same port when it is started again.
        for word in self.command.iter_mut().filter(|word| word.ends_with(":0")) {
            *word = word.replace(":0", &format!(":{}", self.address.port()));
        }
        self.token = query.strip_prefix("?token=").map(str::to_owned);
        self.server = Some(server);
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, inner: &str) -> PathBuf {
        self.root().join(inner)
    }

    /// The number of the server's process.
    pub fn process(&self) -> u32 {
        self.server.as_ref().unwrap().id()
    }

    /// Ends the server as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.address.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// What is answered to these bytes, until the connection ends.
    pub fn raw(&self, bytes: &[u8]) -> Answered {
        let mut stream = self.connect();
        // Who is refused need not be listened to.
        let _ = stream.write_all(bytes);
        answered(stream)
    }

    /// What is answered to `method path` with these header lines and this body.
    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answered {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|line| line.starts_with("Host:")) {
            head += &format!("Host: 127.0.0.1:{}\r\n", self.address.port());
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        headers
            .iter()
            .for_each(|line| head += &format!("{line}\r\n"));
        self.raw(&[format!("{head}\r\n").as_bytes(), body].concat())
    }

    pub fn get(&self, path: &str) -> Answered {
        self.ask("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, json: Value) -> Answered {
        self.send("POST", path, json)
    }

    pub fn send(&self, method: &str, path: &str, json: Value) -> Answered {
        let kind = "Content-Type: application/json";
        self.ask(method, path, &[kind], json.to_string().as_bytes())
    }

    /// Asks `path` until `is_so` holds of what is answered.
    pub fn wait(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.get(path).json();
            if is_so(&state) {
                return state;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {state:#}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Page {
    /// Ends what outlives the server, too.
    fn drop(&mut self) {
        self.kill();
        for entry in std::fs::read_dir(self.path("studio/jobs"))
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "pid")
            {
                let process = std::fs::read_to_string(entry.path()).unwrap_or_default();
                let _ = Command::new("kill").args(["-9", process.trim()]).output();
            }
        }
    }
}

fn answered(mut stream: TcpStream) -> Answered {
    let mut bytes = Vec::new();
    // A server that has refused may end the connection before all is sent.
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = bytes.split_at(end.map_or(bytes.len(), |end| end + 4));
    let head = String::from_utf8_lossy(head).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut answered = Answered {
        status: status.unwrap_or(0),
        body: body.to_vec(),
        head,
    };
    if answered.header("transfer-encoding") == Some("chunked") {
        answered.body = joined(&answered.body);
    }
    answered
}

/// A body that came in chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&chunks[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        body.extend_from_slice(&chunks[end + 2..end + 2 + length]);
        chunks = &chunks[end + 4 + length..];
    }
    body
}
