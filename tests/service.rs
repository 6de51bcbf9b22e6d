//! The daemon as a service: its units as systemd reads them, and what it tells systemd.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use antiphon::service::{Name, Scope, Service, Words};
use common::stderr;

const PATIENCE: Duration = Duration::from_secs(60);

/// The exposure that `systemd-analyze security` may find, of 100: 2.0 on its scale to 10.
const MOST_EXPOSURE: &str = "20";

/// Runs systemd-analyze; none, and a word why, where there is none.
fn analyze(arguments: &[&str], unit: &Path) -> Option<Output> {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .arg(unit)
        .env("XDG_RUNTIME_DIR", unit.parent().unwrap())
        .output();
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("SKIPPED: this machine has no systemd-analyze");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// `antiphon service` as a user whose home is `home`.
fn service(home: &Path, arguments: &[&str]) -> Output {
    service_of(common::antiphon(), home, arguments)
}

fn service_of(mut program: Command, home: &Path, arguments: &[&str]) -> Output {
    program
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .arg("service")
        .args(arguments);
    loop {
        match program.output() {
            // A program that was copied a moment ago is still open for writing in whatever
            // another test begins just then.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            output => return output.unwrap(),
        }
    }
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let line = |line: &'a str| line.strip_prefix(key)?.strip_prefix('=');
    unit.lines()
        .find_map(line)
        .unwrap_or_else(|| panic!("no {key} in {unit}"))
}

/// Needs a name that systemd has to be told about three times.
fn odd_folder(parent: &Path) -> PathBuf {
    let folder = parent.join("a work $5 \"100%\"");
    fs::create_dir(&folder).unwrap();
    folder
}

/// A service of the program under a name full of traps.
fn odd_service(scope: Scope, folder: &Path) -> Service {
    // Quotes are no traps here, since systemd runs no program with one in its name.
    let program = folder.parent().unwrap().join("100% of $5").join("antiphon");
    fs::create_dir(program.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_antiphon"), &program).unwrap();
    let root = folder.to_str().unwrap().to_owned();
    Service {
        scope,
        name: Name::default(),
        program,
        arguments: Words(vec!["watch".to_owned(), "--root".to_owned(), root]),
        root: folder.to_owned(),
        user: Some("gallery".to_owned()),
        beyond: vec!["192.168.1.5".to_owned()],
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    for (scope, manager) in [(Scope::System, "--system"), (Scope::User, "--user")] {
        let folder = tempfile::tempdir().unwrap();
        let odd = odd_folder(folder.path());
        let unit = folder.path().join("antiphon.service");
        fs::write(&unit, odd_service(scope, &odd).unit().unwrap()).unwrap();
        let Some(output) = analyze(&["verify", "--man=no", manager], &unit) else {
            return;
        };
        let about_ours = |line: &&str| line.contains("antiphon");
        let said = stderr(&output);
        let said: Vec<&str> = said.lines().filter(about_ours).collect();
        assert!(said.is_empty(), "{said:?}");
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_service_of_the_system_is_exposed_to_little() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("antiphon.service");
    let odd = odd_folder(folder.path());
    fs::write(&unit, odd_service(Scope::System, &odd).unit().unwrap()).unwrap();
    let threshold = format!("--threshold={MOST_EXPOSURE}");
    let arguments = ["security", "--no-pager", "--offline=true", &threshold];
    let Some(output) = analyze(&arguments, &unit) else {
        return;
    };
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("Overall exposure level"), "{report}");
    assert!(output.status.success(), "{report}");
}

#[test]
fn a_dry_run_prints_the_unit_and_leaves_everything_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let arguments = [
        "install",
        "--user",
        "--root",
        "a b%c",
        "--dry-run",
        "--",
        "--seconds",
        "20",
    ];
    let unit = stdout(&service(home.path(), &arguments));
    let command = value(&unit, "ExecStart");
    let root = home.path().canonicalize().unwrap().join("a b%%c");
    assert!(
        command.contains(&format!("--root \"{}\"", root.display())),
        "{command}"
    );
    assert!(
        command.ends_with("--osc-listen 127.0.0.1:7401 --seconds 20"),
        "{command}"
    );
    assert!(command.contains(" watch --existing "), "{command}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

/// The options that the daemon is started with.
fn options(unit: &str) -> Vec<&str> {
    let words = value(unit, "ExecStart").split(' ');
    words.filter(|word| word.starts_with("--")).collect()
}

#[test]
fn the_units_in_the_repository_are_what_is_installed() {
    let home = tempfile::tempdir().unwrap();
    let installed = stdout(&install(home.path(), &["--root", "a", "--dry-run"]));
    let kept = include_str!("../systemd/user/antiphon.service");
    let rest = |unit: &str| {
        let lines = unit.lines().filter(|line| !line.starts_with("ExecStart="));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(rest(&installed), rest(kept));
    let of_system = include_str!("../systemd/antiphon.service");
    for unit in [kept, of_system] {
        assert_eq!(options(&installed), options(unit));
    }
}

#[test]
fn a_service_of_the_system_is_its_users_and_talks_to_whom_it_must() {
    let home = tempfile::tempdir().unwrap();
    // A service of the system is refused a program in /tmp, where this checkout may be.
    let lasting = tempfile::tempdir_in("/dev/shm").unwrap();
    let program = lasting.path().join("antiphon");
    fs::copy(env!("CARGO_BIN_EXE_antiphon"), &program).unwrap();
    let arguments = [
        "install",
        "--system",
        "--run-as",
        "nobody",
        "--root",
        "/srv/a b",
        "--osc",
        "192.168.1.5:9000",
        "--osc-listen",
        "off",
        "--dry-run",
    ];
    let unit = stdout(&service_of(Command::new(program), home.path(), &arguments));
    assert_eq!(value(&unit, "User"), "nobody");
    assert_eq!(value(&unit, "ReadWritePaths"), "\"-/srv/a b\"");
    assert_eq!(value(&unit, "IPAddressAllow"), "localhost 192.168.1.5");
    assert!(value(&unit, "ExecStart").ends_with("--osc 192.168.1.5:9000 --osc-listen off"));

    for (page, allowed) in [
        ("127.0.0.1:7480", "localhost"),
        ("0.0.0.0:7480", "localhost any"),
    ] {
        let arguments = [
            "install",
            "--system",
            "--run-as",
            "nobody",
            "--root",
            "/srv/a",
            "--dry-run",
        ];
        let arguments = [&arguments[..], &["--page", page]].concat();
        let program = Command::new(lasting.path().join("antiphon"));
        let unit = stdout(&service_of(program, home.path(), &arguments));
        assert_eq!(value(&unit, "IPAddressAllow"), allowed);
        assert!(value(&unit, "ExecStart").ends_with(&format!("--page {page}")));
    }
}

#[test]
fn what_could_not_run_is_not_installed() {
    let home = tempfile::tempdir().unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["install", "--root", "x"], 2, "--user"),
        (&["install", "--user", "--system"], 2, "cannot be used with"),
        (
            &["install", "--user", "--", "--second", "20"],
            2,
            "--second",
        ),
        (
            &["install", "--user", "--model", "waltz"],
            1,
            "there is no model waltz",
        ),
        (&["install", "--user", "--osc", "nonsense"], 1, "HOST:PORT"),
        (
            &[
                "install", "--system", "--run-as", "nobody", "--root", "/tmp/x",
            ],
            1,
            "/tmp/x is where files do not last",
        ),
        (
            &[
                "install",
                "--system",
                "--run-as",
                "no such user",
                "--root",
                "/srv/x",
            ],
            1,
            "no user",
        ),
    ];
    for (arguments, status, words) in cases {
        let output = service(home.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(words),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

/// Where systemd runs, an installation would start a service on the machine of
/// whoever runs the tests.
fn skipped_where_systemd_runs() -> bool {
    let runs = Path::new("/run/systemd/system").exists();
    if runs {
        eprintln!("SKIPPED: systemd runs here, and would start the service that is tested");
    }
    runs
}

#[test]
fn an_installation_can_be_repeated_changed_and_removed() {
    if skipped_where_systemd_runs() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let install = ["install", "--user", "--root", "gallery"];
    let said = stdout(&service(home.path(), &install));
    assert!(said.starts_with("Written: "), "{said}");
    assert!(
        said.contains("systemctl --user enable antiphon.service"),
        "{said}"
    );
    assert!(home.path().join("gallery/seeds").is_dir());
    let unit = home.path().join(".config/systemd/user/antiphon.service");
    let first = fs::read_to_string(&unit).unwrap();

    let said = stdout(&service(home.path(), &install));
    assert!(said.starts_with("Unchanged: "), "{said}");
    let said = stdout(&service(
        home.path(),
        &[&install[..], &["--model", "vector"]].concat(),
    ));
    assert!(said.starts_with("Changed: "), "{said}");
    let second = fs::read_to_string(&unit).unwrap();
    assert_eq!(
        first.replace("--model magnitude-spectrum", "--model vector"),
        second
    );

    let said = stdout(&service(home.path(), &["uninstall", "--user"]));
    assert!(said.starts_with("Removed: "), "{said}");
    assert!(!unit.exists() && home.path().join("gallery/seeds").is_dir());
    let said = stdout(&service(home.path(), &["uninstall", "--user"]));
    assert!(said.starts_with("There is no "), "{said}");
}

/// Installs for the user whose home is `home`: `rest` comes after `install --user`.
fn install(home: &Path, rest: &[&str]) -> Output {
    service(home, &[&["install", "--user"], rest].concat())
}

/// `antiphon status` as a user whose home is `home`.
fn status(home: &Path, arguments: &[&str]) -> Output {
    common::antiphon()
        .current_dir(home)
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .arg("status")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn each_room_has_a_service_of_its_own() {
    if skipped_where_systemd_runs() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let units = home.path().join(".config/systemd/user");
    let unit = |name: &str| fs::read_to_string(units.join(name)).unwrap();
    stdout(&install(home.path(), &["--root", "gallery"]));
    let first = unit("antiphon.service");

    let refused = install(home.path(), &["--root", "Room 2"]);
    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said.contains("hears OSC at 127.0.0.1:7401 already"),
        "{said}"
    );
    assert!(said.contains("--osc-listen 127.0.0.1:7403"), "{said}");
    assert!(!home.path().join("Room 2").exists());

    let ports = ["--osc-listen", "127.0.0.1:7403"];
    let said = stdout(&install(
        home.path(),
        &[&["--root", "Room 2"], &ports[..]].concat(),
    ));
    assert!(said.contains("enable antiphon-room-2.service"), "{said}");
    assert!(said.contains("sends OSC to 127.0.0.1:7400 too"), "{said}");
    let second = unit("antiphon-room-2.service");
    assert_eq!(
        value(&second, "Description"),
        "antiphon answers sounds of room-2"
    );
    assert_eq!(unit("antiphon.service"), first);

    let third = [
        "--root",
        "c",
        "--osc-listen",
        "off",
        "--page",
        "127.0.0.1:7480",
    ];
    stdout(&install(
        home.path(),
        &[&third[..], &["--name", "attic"]].concat(),
    ));
    let said = stdout(&install(home.path(), &third));
    assert!(said.starts_with("Unchanged: "), "{said}");

    let page = [
        "--root",
        "d",
        "--osc-listen",
        "off",
        "--page",
        "0.0.0.0:7480",
    ];
    let refused = stderr(&install(home.path(), &page));
    assert!(
        refused.contains("c has its page at 0.0.0.0:7480 already"),
        "{refused}"
    );

    for (arguments, words) in [
        (["--root", "d", "--name", "attic"], "attic is that of "),
        (
            ["--root", "d", "--name", "antiphon"],
            "antiphon is that of ",
        ),
        (
            ["--root", "c", "--name", "other"],
            "c has the service attic already",
        ),
        (
            ["--root", "d", "--osc-listen", "0.0.0.0:7403"],
            "the service room-2 of",
        ),
    ] {
        let refused = install(home.path(), &arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&refused).contains(words), "{}", stderr(&refused));
    }
    let refused = install(home.path(), &["--root", "d", "--name", "a/b"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(unit("antiphon.service"), first);

    let refused = service(home.path(), &["uninstall", "--user"]);
    assert!(
        stderr(&refused).contains("antiphon, attic, room-2"),
        "{}",
        stderr(&refused)
    );
    for name in ["room-2", "antiphon"] {
        let said = stdout(&service(
            home.path(),
            &["uninstall", "--user", "--name", name],
        ));
        assert!(said.starts_with("Removed: "), "{said}");
    }
    let left: Vec<_> = fs::read_dir(&units)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["antiphon-attic.service"]);
}

#[test]
fn all_services_are_listed_and_their_status_is_that_of_the_worst() {
    if skipped_where_systemd_runs() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let output = status(home.path(), &["--all"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("service install"));
    stdout(&install(home.path(), &["--root", "a 1"]));
    stdout(&install(
        home.path(),
        &["--root", "b", "--osc-listen", "off"],
    ));

    let listed = stdout(&service(home.path(), &["list"]));
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].starts_with("antiphon        user    not running  /"),
        "{listed}"
    );
    assert!(
        lines[0].ends_with("a 1, hears OSC at 127.0.0.1:7401"),
        "{listed}"
    );
    assert!(
        lines[1].starts_with("b ") && lines[1].ends_with("b, hears no OSC"),
        "{listed}"
    );
    let listed = stdout(&service(home.path(), &["list", "--json"]));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[1]["name"], "b");

    let output = status(home.path(), &["--all", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said[0]["name"], "antiphon");
    assert_eq!(
        (&said[1]["state"], &said[1]["waiting"]),
        (&"not-running".into(), &0.into())
    );
    let text = status(home.path(), &["--all"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("service  b, of this user\n"), "{text}");
    assert!(
        text.contains("systemctl --user start antiphon-b.service"),
        "{text}"
    );

    // Whoever looks for the folder of one that is away has something to find.
    fs::rename(home.path().join("b"), home.path().join("away")).unwrap();
    let output = status(home.path(), &["--all"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("no folder that antiphon watches"), "{text}");
}

#[test]
fn a_service_keeps_as_many_predictions_as_the_disk_has_room_for() {
    if skipped_where_systemd_runs() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let unit = home.path().join(".config/systemd/user/antiphon.service");
    let command = || value(&fs::read_to_string(&unit).unwrap(), "ExecStart").to_owned();
    let said = stdout(&install(home.path(), &["--root", "a"]));
    assert!(
        said.contains(" of predictions are kept; --keep-predictions all keeps"),
        "{said}"
    );
    let first = command();
    assert!(first.contains(" --keep-predictions-bytes "), "{first}");
    let said = stdout(&install(home.path(), &["--root", "a", "--model", "vector"]));
    assert!(said.starts_with("Changed: "), "{said}");
    assert_eq!(command(), first.replace("magnitude-spectrum", "vector"));

    let all = ["--root", "a", "--keep-predictions", "all"];
    let said = stdout(&install(home.path(), &all));
    assert!(said.contains("All predictions are kept"), "{said}");
    assert!(
        command().contains(" --keep-predictions all "),
        "{}",
        command()
    );
    let said = stdout(&install(home.path(), &["--root", "a"]));
    assert!(said.starts_with("Unchanged: "), "{said}");
    stdout(&install(
        home.path(),
        &["--root", "a", "--", "--keep-predictions-bytes", "3G"],
    ));
    let changed = command();
    assert!(
        changed.ends_with(" --keep-predictions-bytes 3G"),
        "{changed}"
    );
    assert_eq!(
        changed.matches("--keep-predictions").count(),
        1,
        "{changed}"
    );
    let refused = install(home.path(), &["--root", "a", "--keep-predictions", "many"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("or all"), "{}", stderr(&refused));
}

/// A daemon that systemd started, as it must believe.
struct Supervised {
    folder: tempfile::TempDir,
    manager: UnixDatagram,
    daemon: Child,
}

impl Supervised {
    fn start() -> Supervised {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("notify");
        let manager = UnixDatagram::bind(&socket).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let daemon = common::antiphon()
            .args([
                "watch",
                "--model",
                "transpose",
                "--osc-listen",
                "off",
                "--root",
            ])
            .arg(folder.path().join("root"))
            .args(["--osc", "127.0.0.1:9"])
            .env("NOTIFY_SOCKET", &socket)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Supervised {
            folder,
            manager,
            daemon,
        }
    }

    /// What systemd is told next.
    fn hear(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.manager.recv(&mut buffer).expect("a word in time");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    fn hear_until(&self, word: &str) -> String {
        loop {
            let heard = self.hear();
            if heard.lines().any(|line| line == word) {
                return heard;
            }
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[test]
fn systemd_hears_when_the_daemon_is_ready_what_it_does_and_when_it_stops() {
    let mut supervised = Supervised::start();
    let ready = supervised.hear_until("READY=1");
    assert!(ready.contains("STATUS=0 answered"), "{ready}");
    for _ in 0..2 {
        supervised.hear_until("WATCHDOG=1");
    }
    let seeds = supervised.folder.path().join("root/seeds");
    fs::write(seeds.join("letter.wav"), "this is a letter, not a sound").unwrap();
    supervised.hear_until("STATUS=letter.wav is to be answered");
    supervised.hear_until("STATUS=0 answered and 1 failed since the start");
    let pid = supervised.daemon.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    supervised.hear_until("STOPPING=1");
    assert!(supervised.daemon.wait().unwrap().success());
}

#[test]
fn lines_for_the_journal_begin_with_their_priority() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let file = fs::File::create(&log).unwrap();
    let metadata = fs::metadata(&log).unwrap();
    use std::os::unix::fs::MetadataExt;
    let stream = format!("{}:{}", metadata.dev(), metadata.ino());
    let seed = folder.path().join("seed.wav");
    common::write_seed(&seed, &common::pluck(220.0, 0.3, 22050));
    let status = common::antiphon()
        .args([
            "generate",
            "--model",
            "vector",
            "--seconds",
            "0.1",
            "--seed",
        ])
        .arg(&seed)
        .arg("--output")
        .arg(folder.path().join("answer.wav"))
        .env("JOURNAL_STREAM", stream)
        .stderr(file)
        .status()
        .unwrap();
    assert!(status.success());
    let lines = fs::read_to_string(&log).unwrap();
    assert!(lines.starts_with("<6>seed.wav: resampled"), "{lines}");
}
