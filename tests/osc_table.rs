//! Every message of the table, sent and heard by other people's programs.

mod common;

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::gallery::{Gallery, LIVELY, PATIENCE};
use common::{free_port, pluck, write_seed};

/// An argument as another program sends it: its type and its text.
type Argument<'a> = (char, &'a str);

/// A program that sends a message to a port, by the verb and its arguments.
type Send<'a> = dyn Fn(&str, &[Argument]) + 'a;

/// A program that prints all that it hears into a file, until it is dropped.
struct Listener {
    child: Child,
    printed: PathBuf,
}

impl Listener {
    /// Runs `command`, which listens on `port`, and waits until it does.
    fn start(mut command: Command, port: SocketAddr, printed: PathBuf) -> Listener {
        let file = File::create(&printed).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let listener = Listener { child, printed };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let begun = Instant::now();
        while !listener.text().contains("witness") {
            assert!(begun.elapsed() < PATIENCE, "{}", listener.text());
            let _ = socket.send_to(b"/witness\0\0\0\0,\0\0\0", port);
            std::thread::sleep(Duration::from_millis(50));
        }
        listener
    }

    fn text(&self) -> String {
        let bytes = std::fs::read(&self.printed).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The verbs of all that was heard of antiphon.
    fn verbs(&self) -> BTreeSet<String> {
        // Pd prints an address in words.
        let text = self.text().replace("antiphon ", "/antiphon/");
        let verbs = text.split("/antiphon/").skip(1);
        let verbs = verbs.map(|rest| rest.chars().take_while(char::is_ascii_lowercase).collect());
        let said = table("said");
        verbs.filter(|verb| said.contains(verb)).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The verbs of the table that are said, or heard.
fn table(direction: &str) -> BTreeSet<String> {
    let output = common::run(["osc", "--json"]);
    let table: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines = table.as_array().unwrap().iter();
    let lines = lines.filter(|line| line["direction"] == direction);
    let verb = |line: &serde_json::Value| {
        let address = line["address"].as_str().unwrap();
        address.strip_prefix("/antiphon/").unwrap().to_owned()
    };
    lines.map(verb).collect()
}

/// Has `send` say all that can be said to a daemon, so that the daemon says all it can.
/// `make_listener` makes what hears it at the first port, of a daemon at the second, and
/// prints it into a file in the folder.
fn converse(
    make_listener: impl Fn(SocketAddr, SocketAddr, &Path) -> Listener,
    make_sender: impl Fn(SocketAddr) -> Box<Send<'static>>,
) {
    let (port, heard_at) = (free_port(), free_port());
    let [listen, receiver] = [port, heard_at].map(|address| address.to_string());
    let mut gallery = Gallery::closed_with(
        LIVELY,
        &[
            "--seconds",
            "0.5",
            "--skip-silent",
            "--osc-listen",
            &listen,
            "--osc",
            &receiver,
        ],
    );
    let listener = make_listener(heard_at, port, gallery.folder.path());
    gallery.start();
    let send = make_sender(port);
    let sound = gallery.folder.path().join("a.wav");
    write_seed(&sound, &pluck(220.0, 0.2, 11025));
    let sound = sound.to_str().unwrap();
    let silence = gallery.folder.path().join("silence.wav");
    let nothing = antiphon::audio::Signal {
        samples: vec![0.0; 5000],
        sample_rate: 11025,
    };
    write_seed(&silence, &nothing);
    let sent = std::cell::RefCell::new(BTreeSet::new());
    let ask = |verb: &str, arguments: &[Argument], answer: &str| {
        sent.borrow_mut().insert(verb.to_owned());
        send(verb, arguments);
        gallery.hear_until(answer)
    };
    ask("ping", &[], "pong");
    ask("status", &[], "status");
    ask("help", &[], "help");
    ask("log", &[('s', "info")], "log");
    ask("get", &[('s', "seconds")], "value");
    ask("follow", &[('f', "0.5")], "value");
    ask("model", &[('s', "vector")], "model");
    ask("voice", &[('s', "default")], "voice");
    ask("set", &[('s', "variations"), ('f', "2")], "value");
    ask(
        "generate",
        &[('s', sound), ('s', "seconds"), ('f', "0.3")],
        "set",
    );
    ask("reset", &[], "reset");
    ask("generate", &[('s', sound)], "done");
    ask("generate", &[('s', silence.to_str().unwrap())], "skipped");
    // So long that it is still being made when it is cancelled.
    ask(
        "generate",
        &[('s', sound), ('s', "seconds"), ('f', "3000")],
        "progress",
    );
    ask("cancel", &[('s', "all")], "cancelled");
    ask("replay", &[('f', "0")], "replayed");
    send("dance", &[]);
    gallery.hear_until("error");
    assert_eq!(*sent.borrow(), table("heard"));

    let begun = Instant::now();
    while listener.verbs() != table("said") {
        assert!(
            begun.elapsed() < PATIENCE,
            "{:?} in {}",
            listener.verbs(),
            listener.text()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs `command` to its end.
fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

#[test]
fn python_osc_sends_and_hears_every_message() {
    let python = common::python();
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/osc_tool.py");
    let script = {
        let (python, tool) = (python.clone(), tool.clone());
        move || {
            let mut command = Command::new(&python);
            command.arg(&tool);
            command
        }
    };
    let sender = script.clone();
    converse(
        |port, _, folder| {
            let mut command = script();
            command.args(["listen", &port.port().to_string()]);
            Listener::start(command, port, folder.join("printed"))
        },
        |port| {
            let sender = sender.clone();
            Box::new(move |verb, arguments| {
                let types: String = arguments.iter().map(|(kind, _)| kind).collect();
                let mut command = sender();
                let port = port.port().to_string();
                command.args(["send", &port, &format!("/antiphon/{verb}"), &types]);
                run(command.args(arguments.iter().map(|(_, text)| text)));
            })
        },
    );
}

#[test]
fn liblo_sends_and_hears_every_message() {
    let (Some(oscsend), Some(oscdump)) = (common::tool("oscsend"), common::tool("oscdump")) else {
        return;
    };
    converse(
        |port, _, folder| {
            let mut command = Command::new(&oscdump);
            command.args(["-L", &port.port().to_string()]);
            Listener::start(command, port, folder.join("printed"))
        },
        |port| {
            let oscsend = oscsend.clone();
            Box::new(move |verb, arguments| {
                let types: String = arguments.iter().map(|(kind, _)| kind).collect();
                let mut command = Command::new(&oscsend);
                let port = port.port().to_string();
                command.args(["127.0.0.1", &port, &format!("/antiphon/{verb}"), &types]);
                run(command.args(arguments.iter().map(|(_, text)| text)));
            })
        },
    );
}

/// Prints what it hears, and sends to the daemon what it is told in words.
const PD: &str = "#N canvas 0 0 600 300 10;
#X obj 10 10 netreceive -u -b HEARD;
#X obj 10 40 oscparse;
#X obj 10 70 list trim;
#X obj 10 100 print heard;
#X obj 300 10 netreceive -u WORDS;
#X obj 300 40 oscformat;
#X obj 300 70 list prepend send;
#X obj 300 100 list trim;
#X obj 300 130 netsend -u -b;
#X obj 450 10 loadbang;
#X msg 450 40 connect 127.0.0.1 DAEMON;
#X connect 0 0 1 0;
#X connect 1 0 2 0;
#X connect 2 0 3 0;
#X connect 4 0 5 0;
#X connect 5 0 6 0;
#X connect 6 0 7 0;
#X connect 7 0 8 0;
#X connect 9 0 10 0;
#X connect 10 0 8 0;
";

#[test]
fn pd_sends_and_hears_every_message() {
    let Some(pd) = common::tool("pd") else {
        return;
    };
    let words = free_port();
    converse(
        |heard, daemon, folder| {
            let patch = PD
                .replace("HEARD", &heard.port().to_string())
                .replace("WORDS", &words.port().to_string())
                .replace("DAEMON", &daemon.port().to_string());
            let path = folder.join("conversation.pd");
            std::fs::write(&path, patch).unwrap();
            let mut command = Command::new(&pd);
            command.args(["-nogui", "-noaudio", "-nomidi", "-stderr", "-open"]);
            command.arg(path);
            Listener::start(command, heard, folder.join("printed"))
        },
        |_| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            Box::new(move |verb, arguments| {
                let arguments: Vec<_> = arguments.iter().map(|(_, text)| *text).collect();
                let said = match arguments[..] {
                    [] => "bang;\n".to_owned(),
                    _ => format!("list {};\n", arguments.join(" ")),
                };
                for words_of in [format!("set antiphon {verb};\n"), said] {
                    socket.send_to(words_of.as_bytes(), words).unwrap();
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        },
    );
}
