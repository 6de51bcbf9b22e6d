//! OSC as other people's programs send it.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use antiphon::osc::{Conversation, House, Prefix, ReplyTo, Server, Speaker};
use common::daemon::Daemon;
use common::{free_port, patch};
use rosc::{OscMessage, OscType};

const PATIENCE: Duration = Duration::from_secs(60);

/// A patch that hears what the daemon says.
struct Patch(UdpSocket);

impl Patch {
    fn new() -> Patch {
        Patch::at("127.0.0.1:0")
    }

    fn at(address: &str) -> Patch {
        Patch(UdpSocket::bind(address).unwrap())
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    fn send(&self, packet: &[u8], to: &str) {
        self.0.send_to(packet, to).unwrap();
    }

    fn hear(&self) -> OscMessage {
        self.hear_within(PATIENCE).expect("an OSC message in time")
    }

    fn hear_within(&self, patience: Duration) -> Option<OscMessage> {
        patch::hear_within(&self.0, patience)
    }
}

/// A program that is ended when it is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// As OSC writes strings.
fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = text.as_ref().to_vec();
    bytes.resize((bytes.len() / 4 + 1) * 4, 0);
    bytes
}

fn message(address: &str, tags: &str, arguments: &[u8]) -> Vec<u8> {
    [
        string(address),
        string(format!(",{tags}")),
        arguments.to_vec(),
    ]
    .concat()
}

/// A ping with arguments.
fn ping_with(tags: &str, arguments: &[u8]) -> Vec<u8> {
    message("/antiphon/ping", tags, arguments)
}

fn blob(length: usize) -> Vec<u8> {
    [&(length as u32).to_be_bytes()[..], &vec![0xab; length]].concat()
}

fn bundle(time_tag: u64, elements: &[&[u8]]) -> Vec<u8> {
    let mut bundle = [string("#bundle"), time_tag.to_be_bytes().to_vec()].concat();
    for element in elements {
        bundle.extend((element.len() as u32).to_be_bytes());
        bundle.extend(*element);
    }
    bundle
}

const IMMEDIATELY: u64 = 1;
/// Midnight of the first of January 1990 and 2036, as NTP counts.
const PAST: u64 = 2_840_140_800 << 32;
const FUTURE: u64 = 4_291_747_200 << 32;

/// What is sent, by what it is called.
type Packets = Vec<(&'static str, Vec<u8>)>;

/// Ways to say `/antiphon/ping` once.
fn pings() -> Packets {
    [
        pings_with_arguments(),
        pings_that_are_malformed(),
        pings_in_bundles(),
        pings_by_pattern(),
    ]
    .concat()
}

fn pings_with_arguments() -> Packets {
    let everything = [
        &1_i32.to_be_bytes()[..],
        &2.5_f32.to_be_bytes(),
        &string("three"),
        &4_i64.to_be_bytes(),
        &5.5_f64.to_be_bytes(),
    ]
    .concat();
    vec![
        ("alone", ping_with("", b"")),
        ("without type tags", string("/antiphon/ping")),
        ("int", ping_with("i", &1_i32.to_be_bytes())),
        ("float, as Pd says it", ping_with("f", &1_f32.to_be_bytes())),
        ("int64", ping_with("h", &1_i64.to_be_bytes())),
        ("double", ping_with("d", &1_f64.to_be_bytes())),
        ("string", ping_with("s", &string("hello"))),
        ("symbol", ping_with("S", &string("hello"))),
        ("blob", ping_with("b", &blob(8))),
        ("blob without its padding", ping_with("b", &blob(5))),
        ("true", ping_with("T", b"")),
        ("false", ping_with("F", b"")),
        ("nil", ping_with("N", b"")),
        ("infinitum", ping_with("I", b"")),
        ("time tag", ping_with("t", &PAST.to_be_bytes())),
        ("character", ping_with("c", &u32::from('x').to_be_bytes())),
        ("colour", ping_with("r", &[255, 0, 0, 255])),
        ("MIDI", ping_with("m", &[0, 0x90, 60, 127])),
        ("many at once", ping_with("ifTshFdNI", &everything)),
        ("array", ping_with("[ii]", &[0; 8])),
        ("arrays in arrays", ping_with("[i[f[s]]]", &[0; 12])),
        ("an array that does not end", ping_with("[[ii", &[0; 8])),
        ("Latin-1", ping_with("s", &string(b"caf\xe9"))),
        (
            "Latin-1 and more",
            ping_with("si", b"\xe9\xe8\0\0\0\0\0\x01"),
        ),
    ]
}

/// Such as no specification allows and some program sends all the same.
fn pings_that_are_malformed() -> Packets {
    let ping = ping_with("", b"");
    vec![
        ("type tags that nobody knows", ping_with("xQ!", &[0; 12])),
        ("type tags without values", ping_with("iiii", b"")),
        ("a value that is cut off", ping_with("d", &[0x40, 0x16])),
        ("a string that does not end", ping_with("s", b"hell")),
        ("a blob longer than all", ping_with("b", &[255; 4])),
        ("more than its tags say", [&ping[..], b"more"].concat()),
        ("with zeros after it", [&ping[..], &[0; 64]].concat()),
        ("without any zeros", b"/antiphon/ping".to_vec()),
        ("with one zero", b"/antiphon/ping\0".to_vec()),
        (
            "its tags unpadded",
            b"/antiphon/ping,i\0\0\0\0\0\x01".to_vec(),
        ),
        ("a blob of 9000 bytes", ping_with("b", &blob(9000))),
        ("a blob of 60000 bytes", ping_with("b", &blob(60_000))),
    ]
}

fn pings_in_bundles() -> Packets {
    let ping = ping_with("", b"");
    let volume = message("/volume", "f", &0.5_f32.to_be_bytes());
    let nested = |depth| (0..depth).fold(ping.clone(), |inner, _| bundle(IMMEDIATELY, &[&inner]));
    vec![
        ("bundle", bundle(IMMEDIATELY, &[&ping])),
        ("bundle of the past", bundle(PAST, &[&ping])),
        ("bundle of the future", bundle(FUTURE, &[&ping])),
        ("bundle of no time", bundle(0, &[&ping])),
        ("bundle in a bundle", nested(2)),
        ("bundles 8 deep", nested(8)),
        ("behind another message", bundle(1, &[&volume, &ping])),
        ("before another message", bundle(1, &[&ping, &volume])),
        (
            "behind Latin-1",
            bundle(1, &[b"/caf\xe9\0\0\0,\0\0\0", &ping]),
        ),
        ("behind what is no OSC", bundle(1, &[b"text", &ping])),
        (
            "behind an empty bundle",
            bundle(1, &[&bundle(1, &[]), &ping]),
        ),
        ("behind 1000 messages", {
            let mut elements = vec![&volume[..]; 1000];
            elements.push(&ping);
            bundle(1, &elements)
        }),
        ("before an end that is cut off", {
            [&bundle(1, &[&ping])[..], &[0, 0, 1, 0, b'/']].concat()
        }),
        ("bundle with zeros after it", {
            [&bundle(1, &[&ping])[..], &[0; 8]].concat()
        }),
        ("without tags in a bundle", {
            bundle(1, &[&string("/antiphon/ping")])
        }),
    ]
}

fn pings_by_pattern() -> Packets {
    vec![
        ("?", message("/antiphon/?ing", "", b"")),
        ("*", message("/antiphon/p*", "", b"")),
        ("* in the middle", message("/a*n/p*g", "", b"")),
        ("* for a part", message("/*/ping", "", b"")),
        ("* for nothing", message("/antiphon/ping*", "", b"")),
        ("[ ]", message("/antiphon/[pq]ing", "", b"")),
        ("[ - ]", message("/antiphon/[a-z]ing", "", b"")),
        ("[! ]", message("/antiphon/[!a-o]ing", "", b"")),
        ("{ }", message("/antiphon/{dance,ping}", "", b"")),
        ("{ } without tags", string("/{antiphon,other}/ping")),
        ("all of them", message("/ant?phon/[!x]{in,on}*", "", b"")),
        ("//", message("//ping", "", b"")),
        (
            "pattern in a bundle",
            bundle(1, &[&message("/*/pi?g", "i", b"")]),
        ),
    ]
}

/// What is sent, by what it is called, and the reasons that are counted.
type Refused = Vec<(&'static str, Vec<u8>, &'static [&'static str])>;

/// What asks nothing.
fn no_questions() -> Refused {
    [messages_that_ask_nothing(), bundles_that_ask_nothing()].concat()
}

fn messages_that_ask_nothing() -> Refused {
    vec![
        ("nothing", b"".to_vec(), &["empty"]),
        ("text", b"hello antiphon\n".to_vec(), &["no-osc"]),
        ("FUDI", b"antiphon ping;\n".to_vec(), &["no-osc"]),
        ("no first slash", string("antiphon/ping"), &["no-osc"]),
        ("noise", vec![0xff; 64], &["no-osc"]),
        ("zeros", vec![0; 64], &["no-osc"]),
        (
            "another address",
            message("/volume", "f", &0.5_f32.to_be_bytes()),
            &["unknown"],
        ),
        (
            "an answer",
            message("/antiphon/pong", "", b""),
            &["unknown"],
        ),
        ("capitals", message("/Antiphon/Ping", "", b""), &["unknown"]),
        ("part of it", message("/antiphon", "", b""), &["unknown"]),
        (
            "a pattern of nothing",
            message("/antiphon/x*", "", b""),
            &["unknown"],
        ),
        (
            "a bracket left open",
            message("/antiphon/[ping", "", b""),
            &["unknown"],
        ),
        ("Latin-1", string(b"/caf\xe9"), &["unknown"]),
        ("a long address", string([b'/'; 30_000]), &["unknown"]),
        ("stars", string(b"/*".repeat(15_000)), &["unknown"]),
    ]
}

fn bundles_that_ask_nothing() -> Refused {
    let ping = ping_with("", b"");
    let volume = message("/volume", "f", &0.5_f32.to_be_bytes());
    let deep = |depth| (0..depth).fold(ping.clone(), |inner, _| bundle(IMMEDIATELY, &[&inner]));
    vec![
        ("no time tag", string("#bundle"), &["cut-off"]),
        (
            "a long element",
            bundle(1, &[])[..16]
                .iter()
                .copied()
                .chain([255; 8])
                .collect(),
            &["cut-off"],
        ),
        ("bundles 9 deep", deep(9), &["too-deep"]),
        ("bundles 3000 deep", deep(3000), &["too-deep"]),
        (
            "1025 pings",
            bundle(1, &vec![&b"/antiphon/ping\0\0"[..]; 1025]),
            &["too-many"],
        ),
        (
            "3000 scraps",
            bundle(1, &vec![&b"text"[..]; 3000]),
            &["too-many"],
        ),
        ("an empty bundle", bundle(1, &[]), &[]),
        (
            "two at once",
            bundle(1, &[&volume, b"text"]),
            &["no-osc", "unknown"],
        ),
    ]
}

#[test]
fn a_ping_is_answered_once_however_it_is_sent() {
    let (patch, port) = (Patch::new(), free_port().to_string());
    let _daemon = Daemon::start(patch.address(), &port);
    assert_eq!(patch.hear().addr, "/antiphon/ready");
    let pings = pings();
    assert!(pings.len() >= 33);
    for (name, packet) in pings {
        patch.send(&packet, &port);
        // Answered after it, so that what comes before is all that is said to the ping.
        patch.send(&message("/antiphon/status", "", b""), &port);
        let said = [patch.hear().addr, patch.hear().addr];
        assert_eq!(said, ["/antiphon/pong", "/antiphon/status"], "{name}");
    }
}

#[test]
fn a_packet_that_asks_several_things_is_answered_several_times_in_its_order() {
    let (patch, port) = (Patch::new(), free_port().to_string());
    let _daemon = Daemon::start(patch.address(), &port);
    assert_eq!(patch.hear().addr, "/antiphon/ready");
    let (ping, status) = (string("/antiphon/ping"), string("/antiphon/status"));
    patch.send(
        &bundle(FUTURE, &[&status, &bundle(PAST, &[&ping]), &ping]),
        &port,
    );
    patch.send(&string("/antiphon/*"), &port);
    for verb in ["status", "pong", "pong", "pong", "status"] {
        assert_eq!(patch.hear().addr, format!("/antiphon/{verb}"));
    }
    assert_eq!(patch.hear_within(Duration::from_millis(300)), None);
}

#[test]
fn what_asks_nothing_is_not_answered() {
    let (patch, port) = (Patch::new(), free_port().to_string());
    let daemon = Daemon::start(patch.address(), &port);
    assert_eq!(patch.hear().addr, "/antiphon/ready");
    for (name, packet, _) in no_questions() {
        patch.send(&packet, &port);
        patch.send(&message("/antiphon/status", "", b""), &port);
        assert_eq!(patch.hear().addr, "/antiphon/status", "{name}");
    }
    let said = daemon.end();
    let complaints = said.lines().filter(|line| line.contains("dropped"));
    assert_eq!(complaints.count(), 1, "{said}");
}

#[test]
fn what_is_mistyped_is_answered_by_what_may_have_been_meant() {
    let (patch, port) = (Patch::new(), free_port().to_string());
    let _daemon = Daemon::start(patch.address(), &port);
    assert_eq!(patch.hear().addr, "/antiphon/ready");
    for (packet, meant) in [
        (message("/antiphon/ping/", "", b""), "/antiphon/ping?"),
        (b"/antiphon/ping 1\n".to_vec(), "/antiphon/ping?"),
        (
            message("/antiphon/cancle", "i", &1_i32.to_be_bytes()),
            "/antiphon/cancel?",
        ),
        (
            message("/antiphon/folow", "f", &0.5_f32.to_be_bytes()),
            "/antiphon/follow?",
        ),
        (message("/antiphon/dance", "", b""), "/antiphon/help says"),
        (message("/antiphon/set", "", b""), "/antiphon/set key value"),
    ] {
        patch.send(&packet, &port);
        let answer = patch.hear();
        assert_eq!(answer.addr, "/antiphon/error");
        assert_eq!(answer.args[0], OscType::Int(0));
        let text = answer.args[1].clone().string().unwrap();
        assert!(text.contains(meant), "{text}");
    }
}

#[test]
fn what_is_dropped_is_counted_with_its_reason() {
    let patch = Patch::new();
    let speaker = Speaker::new(&[patch.address().to_string()], Prefix::default()).unwrap();
    let conversation = Conversation::new(Arc::new(Nobody), Arc::new(speaker), ReplyTo::Receivers);
    let listener = Server::new("127.0.0.1:0").unwrap();
    let (port, tally) = (listener.address().to_string(), listener.tally());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| listener.answer(&conversation, &stop));
        // Ends the thread where something below fails, too.
        let _end = Finally(&stop);
        let mut expected = tally.snapshot();
        for (name, packet, reasons) in no_questions() {
            patch.send(&packet, &port);
            patch.send(&ping_with("", b""), &port);
            assert_eq!(patch.hear().addr, "/antiphon/pong", "{name}");
            expected.packets += 2;
            expected.questions += 1;
            for reason in reasons {
                *expected.dropped.entry((*reason).to_owned()).or_default() += 1;
            }
            assert_eq!(tally.snapshot(), expected, "{name}");
        }
    });
}

struct Nobody;

impl House for Nobody {}

struct Finally<'a>(&'a AtomicBool);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_port_that_is_taken_at_the_start_is_heard_when_it_is_free() {
    let (patch, occupant) = (Patch::new(), Patch::new());
    let port = occupant.address().to_string();
    let daemon = Daemon::start(patch.address(), &port);
    assert_eq!(patch.hear().addr, "/antiphon/ready");
    std::thread::sleep(Duration::from_secs(2));
    drop(occupant);
    let freed = Instant::now();
    let answer = loop {
        patch.send(&ping_with("", b""), &port);
        if let Some(answer) = patch.hear_within(Duration::from_millis(100)) {
            break answer;
        }
        assert!(freed.elapsed() < PATIENCE, "never heard");
    };
    assert_eq!(answer.addr, "/antiphon/pong");
    assert!(
        freed.elapsed() < Duration::from_secs(5),
        "{:?}",
        freed.elapsed()
    );
    let said = daemon.end();
    for news in ["cannot listen for OSC on", "OSC is heard on"] {
        assert_eq!(said.matches(news).count(), 1, "{news}: {said}");
    }
}

#[test]
fn a_broadcast_address_is_told_and_answers_go_there() {
    let everywhere = Patch::at("0.0.0.0:0");
    let (target, port) = (everywhere.address().port(), free_port().to_string());
    let daemon = Daemon::start(format!("127.255.255.255:{target}"), &port);
    assert_eq!(everywhere.hear().addr, "/antiphon/ready");
    Patch::new().send(&ping_with("", b""), &port);
    assert_eq!(everywhere.hear().addr, "/antiphon/pong");
    let said = daemon.end();
    assert!(!said.contains("cannot send"), "{said}");
}

#[test]
fn a_target_that_cannot_be_reached_is_one_line_in_the_log() {
    // Nothing can be sent to port 0.
    let port = free_port().to_string();
    let daemon = Daemon::start("127.0.0.1:0", &port);
    let patch = Patch::new();
    for _ in 0..20 {
        patch.send(&ping_with("", b""), &port);
    }
    std::thread::sleep(Duration::from_millis(500));
    let said = daemon.end();
    assert_eq!(
        said.matches("cannot send OSC to 127.0.0.1:0").count(),
        1,
        "{said}"
    );
}

#[test]
fn python_osc_is_understood_and_understands() {
    let (port, own) = (free_port(), free_port());
    let _daemon = Daemon::start(own, port);
    let output = Command::new(common::python())
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/python/osc_conversation.py"
        ))
        .args([port, own].map(|address| address.port().to_string()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
}

#[test]
fn liblo_is_understood() {
    let Some(oscsend) = common::tool("oscsend") else {
        return;
    };
    let (patch, port) = (Patch::new(), free_port());
    let _daemon = Daemon::start(patch.address(), port);
    assert_eq!(patch.hear().addr, "/antiphon/ready");
    let send = |what: &str| {
        let sent = Command::new(&oscsend)
            .args(["127.0.0.1", &port.port().to_string()])
            .args(what.split(' '))
            .status();
        assert!(sent.unwrap().success(), "{what}");
    };
    for ping in [
        "/antiphon/ping",
        "/antiphon/ping ihfd 1 2 3.5 4.5",
        "/antiphon/ping sScm hello symbol x 00903c7f",
        "/antiphon/ping TFNI",
        "/antiphon/p*",
        "/*/[pq]ing s hello",
    ] {
        send(ping);
        assert_eq!(patch.hear().addr, "/antiphon/pong", "{ping}");
    }
    send("/antiphon/status i 1");
    let status = patch.hear();
    assert_eq!(status.addr, "/antiphon/status");
    assert_eq!(status.args[..4], [0; 4].map(OscType::Int));
    assert_eq!(patch.hear_within(Duration::from_millis(100)), None);
}

/// Asks for a pong, for the status when that has come, and tells a witness what
/// the status was.
fn pd_patch(daemon: SocketAddr, own: SocketAddr, witness: SocketAddr) -> String {
    let [daemon, own, witness] = [daemon, own, witness].map(|address| address.port());
    let objects = [
        format!("obj 10 10 netreceive -u -b {own}"),
        "obj 10 40 oscparse".to_owned(),
        "obj 10 70 list trim".to_owned(),
        "obj 10 100 route antiphon".to_owned(),
        "obj 10 130 route pong status".to_owned(),
        "obj 200 10 loadbang".to_owned(),
        format!("msg 200 40 connect 127.0.0.1 {daemon}"),
        format!("msg 400 40 connect 127.0.0.1 {witness}"),
        "obj 600 40 delay 100".to_owned(),
        "msg 600 70 1 two 3.5".to_owned(),
        "obj 600 100 oscformat antiphon ping".to_owned(),
        "obj 10 160 oscformat antiphon status".to_owned(),
        "obj 200 190 list prepend send".to_owned(),
        "obj 200 220 list trim".to_owned(),
        "obj 200 250 netsend -u -b".to_owned(),
        "obj 400 160 oscformat witness".to_owned(),
        "obj 400 190 list prepend send".to_owned(),
        "obj 400 220 list trim".to_owned(),
        "obj 400 250 netsend -u -b".to_owned(),
    ];
    let connections = [
        "0 0 1 0",
        "1 0 2 0",
        "2 0 3 0",
        "3 0 4 0", // what is heard
        "5 0 6 0",
        "5 0 7 0",
        "5 0 8 0",
        "6 0 14 0",
        "7 0 18 0", // at the start
        "8 0 9 0",
        "9 0 10 0",
        "10 0 12 0", // the ping
        "4 0 11 0",
        "11 0 12 0",
        "12 0 13 0",
        "13 0 14 0", // the status
        "4 1 15 0",
        "15 0 16 0",
        "16 0 17 0",
        "17 0 18 0", // the witness
    ];
    let mut text = "#N canvas 0 0 800 300 10;\n".to_owned();
    text.extend(objects.map(|object| format!("#X {object};\n")));
    text.extend(connections.map(|connection| format!("#X connect {connection};\n")));
    text
}

#[test]
fn pd_is_understood_and_understands() {
    let Some(pd) = common::tool("pd") else {
        return;
    };
    let (witness, port, own) = (Patch::new(), free_port(), free_port());
    let _daemon = Daemon::start(own, port);
    let folder = tempfile::tempdir().unwrap();
    let patch: PathBuf = folder.path().join("conversation.pd");
    std::fs::write(&patch, pd_patch(port, own, witness.address())).unwrap();
    let child = Command::new(pd)
        .args(["-nogui", "-noaudio", "-nomidi", "-open"])
        .arg(&patch)
        .stdin(Stdio::null())
        .spawn();
    let _pd = Program(child.unwrap());
    let told = witness.hear();
    assert_eq!(told.addr, "/witness");
    // Pd knows only floats.
    assert_eq!(told.args[..4], [0.0; 4].map(OscType::Float));
}
