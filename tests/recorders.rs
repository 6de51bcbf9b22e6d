//! Seeds as other programs write them: in place, slowly, with stops, or never to
//! the end. Each is answered once and whole.
#![cfg(unix)]

mod common;

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::gallery::{Gallery, LIVELY};
use common::pd::Patch;
use common::{pluck, skipped_without, write_seed};

/// A model that takes a second or so for an answer.
const BUSY: &str = r#"{"preset": "column-vector", "seg_len": 64, "hidden_size": 256,
    "num_unrollings": 2, "output": "mixture", "components": 4}"#;

/// Half a second of an answer, with little patience.
fn gallery() -> Gallery {
    Gallery::open_with(LIVELY, &["--seconds", "0.5", "--patience", "3"])
}

fn seconds_of(path: &Path) -> f64 {
    let recording = antiphon::audio::read::read(path).unwrap();
    recording.samples.len() as f64 / f64::from(recording.facts.sample_rate)
}

/// The bytes of a 16-bit WAV file of `seconds` at 44100 Hz.
fn wav(seconds: f64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    write_seed(&path, &pluck(220.0, seconds, 44100));
    fs::read(path).unwrap()
}

fn pause(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

fn rec(path: &Path) -> String {
    format!("rec open {}", path.display())
}

#[test]
fn pd_that_opens_at_once_and_starts_five_seconds_later() {
    if skipped_without("pd") {
        return;
    }
    let gallery = gallery();
    let _pd = Patch::recording()
        .at(200, &rec(&gallery.path("seeds/take.wav")))
        .at(5200, "rec start")
        .at(7700, "rec stop")
        .run(gallery.folder.path());
    let seed = gallery.hear_one_answer("take.wav");
    assert!(
        (seconds_of(&seed) - 2.5).abs() < 0.1,
        "{}",
        seconds_of(&seed)
    );
}

#[test]
fn pd_that_records_three_takes_to_one_name_while_the_first_is_being_answered() {
    if skipped_without("pd") {
        return;
    }
    let gallery = Gallery::open_with(BUSY, &["--seconds", "0.5"]);
    let take = gallery.path("seeds/take.wav");
    let mut patch = Patch::recording();
    for (n, milliseconds) in [(1, 200), (2, 1400), (3, 3600)] {
        patch = patch
            .at(milliseconds, &rec(&take))
            .at(milliseconds + 100, "rec start")
            .at(milliseconds + 100 + 500 * n, "rec stop");
    }
    let _pd = patch.run(gallery.folder.path());
    let mut lengths = Vec::new();
    for _ in 0..3 {
        let done = gallery.hear_until("done");
        let rosc::OscType::Int(id) = done.args[0] else {
            panic!("{done:?}");
        };
        let seed = gallery.path(&format!(".antiphon/done/{id:06}-take.wav"));
        lengths.push((seconds_of(&seed) * 2.0).round() / 2.0);
    }
    assert_eq!(lengths, [0.5, 1.0, 1.5]);
    assert_eq!(gallery.listing("predictions").len(), 6);
    assert_eq!(gallery.listing("failed"), Vec::<String>::new());
}

#[test]
fn pd_that_records_for_ninety_seconds() {
    if skipped_without("pd") {
        return;
    }
    let gallery = gallery();
    let _pd = Patch::recording()
        .at(200, &rec(&gallery.path("seeds/long.wav")))
        .at(300, "rec start")
        .at(90_300, "rec stop")
        .run(gallery.folder.path());
    pause(85.0);
    let seed = gallery.hear_one_answer("long.wav");
    assert!(
        (seconds_of(&seed) - 90.0).abs() < 0.5,
        "{}",
        seconds_of(&seed)
    );
}

#[test]
fn pd_that_is_killed_while_it_records() {
    if skipped_without("pd") {
        return;
    }
    let gallery = gallery();
    let mut pd = Patch::recording()
        .at(200, &rec(&gallery.path("seeds/take.wav")))
        .at(300, "rec start")
        .run(gallery.folder.path());
    pause(3.0);
    pd.kill();
    // What came to the disk is answered when patience is over.
    let seed = gallery.hear_one_answer("take.wav");
    assert!(seconds_of(&seed) > 1.0, "{}", seconds_of(&seed));
}

/// SuperCollider's Recorder: 32768 frames at a time, the sizes 0 until the end.
#[test]
fn supercollider_that_writes_its_header_in_the_end() {
    let gallery = gallery();
    let whole = wav(8.0);
    let mut take = File::create(gallery.path("seeds/SC_261126.wav")).unwrap();
    let mut header = whole[..44].to_vec();
    header[4..8].fill(0);
    header[40..44].fill(0);
    take.write_all(&header).unwrap();
    for block in whole[44..].chunks(32768 * 2) {
        pause(0.743);
        take.write_all(block).unwrap();
    }
    take.seek(SeekFrom::Start(0)).unwrap();
    take.write_all(&whole[..44]).unwrap();
    drop(take);
    let seed = gallery.hear_one_answer("SC_261126.wav");
    assert_eq!(fs::read(seed).unwrap(), whole);
}

/// Writes `whole` to `file` in blocks, with a stop of `stop` seconds in the
/// middle.
fn write_with_a_stop(mut file: File, whole: &[u8], stop: f64) {
    let (first, second) = whole.split_at(whole.len() / 2);
    for block in first.chunks(16384) {
        file.write_all(block).unwrap();
    }
    pause(stop);
    for block in second.chunks(16384) {
        file.write_all(block).unwrap();
    }
}

#[test]
fn a_file_that_stands_still_in_the_middle_of_its_way() {
    let whole = wav(4.0);
    for how in ["growing", "length set ahead"] {
        std::thread::scope(|scope| {
            for stop in [0.6, 2.0, 6.0, 20.0] {
                let whole = &whole;
                scope.spawn(move || {
                    let gallery = gallery();
                    let file = File::create(gallery.path("seeds/a.wav")).unwrap();
                    if how == "length set ahead" {
                        file.set_len(whole.len() as u64).unwrap();
                    }
                    write_with_a_stop(file, whole, stop);
                    let seed = gallery.hear_one_answer("a.wav");
                    assert!(fs::read(seed).unwrap() == *whole, "{how}, {stop} s");
                });
            }
        });
    }
}

/// A program that closes the file each time it writes to it, as some that sync do.
#[test]
fn a_file_that_is_closed_in_the_middle_of_its_way() {
    let whole = wav(4.0);
    let gallery = gallery();
    let path = gallery.path("seeds/a.wav");
    for block in whole.chunks(whole.len() / 4 + 1) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(block).unwrap();
        drop(file);
        pause(1.0);
    }
    let seed = gallery.hear_one_answer("a.wav");
    assert!(fs::read(seed).unwrap() == whole);
}

#[test]
fn programs_that_copy_and_convert() {
    let gallery = gallery();
    let folder = gallery.folder.path();
    let source = folder.join("source.wav");
    fs::write(&source, wav(2.0)).unwrap();
    let commands = [
        ("cp", "cp source.wav root/seeds/cp.wav"),
        (
            "mv",
            "cp source.wav moved.wav && mv moved.wav root/seeds/mv.wav",
        ),
        ("ln", "ln source.wav root/seeds/ln.wav"),
        ("rsync", "rsync source.wav root/seeds/rsync.wav"),
        (
            "rsync",
            "rsync --inplace --bwlimit=100 source.wav root/seeds/inplace.wav",
        ),
        (
            "dd",
            "dd if=source.wav of=root/seeds/dd.wav bs=1000 status=none",
        ),
        ("sox", "sox source.wav -t wav - > root/seeds/sox.wav"),
        ("sox", "sox source.wav root/seeds/rate.aiff rate 22050"),
        (
            "ffmpeg",
            "ffmpeg -v quiet -i source.wav -f wav pipe: > root/seeds/ffmpeg.wav",
        ),
        ("ffmpeg", "ffmpeg -v quiet -i source.wav root/seeds/f.wav"),
    ];
    for (program, command) in commands {
        if skipped_without(program) {
            continue;
        }
        let shell = Command::new("sh")
            .args(["-c", command])
            .current_dir(folder)
            .status();
        let code = shell.unwrap().code();
        // It sets the times of what it has closed, which may have been taken by then.
        let came_too_late = command.contains("--inplace") && code == Some(23);
        assert!(code == Some(0) || came_too_late, "{command}: {code:?}");
        let (_, name) = command.rsplit_once("root/seeds/").unwrap();
        let seed = gallery.hear_one_answer(name.split(' ').next().unwrap());
        assert!((seconds_of(&seed) - 2.0).abs() < 0.01, "{command}");
    }
}

#[test]
fn writers_that_are_killed_leave_nothing_that_waits_for_ever() {
    let gallery = gallery();
    let folder = gallery.folder.path();
    let whole = wav(2.0);
    for (id, (name, bytes)) in (1..).zip([
        ("nothing.wav", 0),
        ("header.wav", 44),
        ("half.wav", whole.len() / 2),
    ]) {
        fs::write(folder.join("part"), &whole[..bytes]).unwrap();
        let mut writer = Command::new("sh")
            .args([
                "-c",
                &format!("exec > root/seeds/{name}; cat part; exec sleep 100"),
            ])
            .current_dir(folder)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        // As long as it lives it may go on, however long it stands still.
        assert_eq!(gallery.hear_within(Duration::from_secs(4)), None, "{name}");
        writer.kill().unwrap();
        writer.wait().unwrap();
        if name == "half.wav" {
            let seed = gallery.hear_one_answer(name);
            assert!(fs::read(seed).unwrap() == whole[..bytes]);
        } else {
            assert_eq!(gallery.hear_seen(name), id);
            let reason = gallery.hear_error(id);
            assert!(reason.contains("no samples"), "{reason}");
        }
    }
    assert_eq!(
        gallery.listing("failed"),
        ["header.txt", "header.wav", "nothing.txt", "nothing.wav"]
    );
}

/// However it looked, what went on changing after it was claimed is answered anew.
#[test]
fn a_claimed_seed_that_goes_on_changing_is_answered_when_it_is_whole() {
    let gallery = Gallery::open_with(BUSY, &["--seconds", "0.5"]);
    let whole = wav(2.0);
    // Half of it, with a header that agrees.
    let mut half = whole[..whole.len() / 2].to_vec();
    let data = (half.len() - 44) as u32;
    half[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    half[40..44].copy_from_slice(&data.to_le_bytes());
    fs::write(gallery.path("seeds/a.wav"), half).unwrap();
    let id = gallery.hear_seen("a.wav");
    let claimed = gallery.path(&format!(".antiphon/work/{id:06}/a.wav"));
    let mut writer = File::options().write(true).open(claimed).unwrap();
    pause(1.0);
    writer.write_all(&whole).unwrap();
    pause(3.0);
    drop(writer);
    gallery.hear_done(id);
    assert_eq!(
        gallery.hear_within(Duration::from_secs(1)),
        None,
        "one answer"
    );
    let seed = gallery.path(&format!(".antiphon/done/{id:06}-a.wav"));
    assert!(fs::read(&seed).unwrap() == whole);
    let sidecar = fs::read(gallery.path("predictions/a.0001.json")).unwrap();
    let sidecar: serde_json::Value = serde_json::from_slice(&sidecar).unwrap();
    assert_eq!(sidecar["seed_sha256"], antiphon::files::sha256(&whole));
}

#[test]
fn what_programs_leave_beside_a_sound_stays_where_it_is() {
    let gallery = gallery();
    let whole = wav(1.0);
    let sounds = [
        "~syncthing~a.wav.tmp",
        ".syncthing.a.wav.tmp",
        "a.wav.crdownload",
        "a.wav.partial",
        "a.wav.filepart",
        "a.wav.part",
        "a.wav~",
        "a.wav.bak",
        ".a.wav.X81hqz",
        "#a.wav#",
    ];
    let others = [
        "a.wav.asd",
        "a.wav.reapeaks",
        "a.pkf",
        "a.wav.sfk",
        "Thumbs.db",
        "desktop.ini",
        ".DS_Store",
        "._a.wav",
        "readme.txt",
        "cover.jpg",
        "a.wav.md5",
        "a.als",
    ];
    for name in sounds {
        fs::write(gallery.path("seeds").join(name), &whole).unwrap();
    }
    for name in others {
        fs::write(gallery.path("seeds").join(name), "not a sound at all").unwrap();
    }
    fs::write(gallery.path("seeds/a.wav"), &whole).unwrap();
    gallery.hear_one_answer("a.wav");
    pause(4.0);
    assert_eq!(gallery.hear_within(Duration::from_millis(500)), None);
    assert_eq!(gallery.listing("seeds").len(), sounds.len() + others.len());
    assert_eq!(gallery.listing("failed"), Vec::<String>::new());
    // A download that has come to its end is renamed.
    let [part, sound] = ["a.wav.crdownload", "b.wav"].map(|n| gallery.path("seeds").join(n));
    fs::rename(part, sound).unwrap();
    gallery.hear_one_answer("b.wav");
}

#[test]
fn a_name_in_latin_1_is_told_as_one_that_can_be_opened() {
    use std::os::unix::ffi::OsStrExt;
    let gallery = gallery();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.wav");
    fs::write(gallery.path("seeds").join(name), wav(1.0)).unwrap();
    let id = gallery.hear_seen("café.wav");
    let path = gallery.hear_done(id);
    assert!(path.exists(), "{path:?}");
    assert_eq!(path.file_name().unwrap(), "café.0001.wav");
}

#[test]
fn a_folder_that_was_dropped_in_is_told_of_once() {
    let gallery = gallery();
    fs::create_dir(gallery.path("seeds/takes")).unwrap();
    fs::write(gallery.path("seeds/takes/a.wav"), wav(1.0)).unwrap();
    let text = gallery.hear_error(0);
    assert!(text.starts_with("takes is a folder"), "{text}");
    assert_eq!(gallery.hear_within(Duration::from_secs(3)), None);
    assert!(gallery.path("seeds/takes/a.wav").exists());
}

/// A gallery whose daemon is somebody whom permissions bind, which root is not.
fn gallery_of_nobody() -> Option<Gallery> {
    use std::os::unix::fs::chown;
    const NOBODY: u32 = 65534;
    let mut gallery = Gallery::closed_with(LIVELY, &["--seconds", "0.5"]);
    let is_root = chown(gallery.folder.path(), Some(NOBODY), Some(NOBODY)).is_ok();
    if !is_root {
        gallery.start();
        return Some(gallery);
    }
    if skipped_without("setpriv") {
        return None;
    }
    chown(gallery.path(""), Some(NOBODY), Some(NOBODY)).unwrap();
    chown(gallery.path("seeds"), Some(NOBODY), Some(NOBODY)).unwrap();
    gallery.start_as(NOBODY);
    Some(gallery)
}

/// A recorder that keeps its header true, and another user's file: who has it open is
/// not told, and only notifications say that it was not closed.
#[test]
fn a_recording_of_another_user_is_complete_when_it_is_closed() {
    use std::os::unix::fs::MetadataExt;
    let Some(gallery) = gallery_of_nobody() else {
        return;
    };
    let whole = wav(2.0);
    let path = gallery.path("seeds/a.wav");
    let mut recording = File::create(&path).unwrap();
    if recording.metadata().unwrap().uid() != 0 {
        eprintln!("SKIPPED: the daemon is the user who records, since that is not root");
        return;
    }
    for part in 1..=3 {
        let bytes = 44 + (whole.len() - 44) * part / 3 / 2 * 2;
        let data = (bytes - 44) as u32;
        let mut so_far = whole[..bytes].to_vec();
        so_far[4..8].copy_from_slice(&(data + 36).to_le_bytes());
        so_far[40..44].copy_from_slice(&data.to_le_bytes());
        recording.seek(SeekFrom::Start(0)).unwrap();
        recording.write_all(&so_far).unwrap();
        // Longer than whatever rests, and than this recorder has paused.
        let pause = Duration::from_secs(2 * part as u64);
        assert_eq!(gallery.hear_within(pause), None, "part {part}");
    }
    drop(recording);
    let seed = gallery.hear_one_answer("a.wav");
    assert!(fs::read(seed).unwrap() == whole);
}

#[test]
fn a_folder_that_may_not_be_looked_into_is_told_of_once() {
    use std::os::unix::fs::PermissionsExt;
    let Some(gallery) = gallery_of_nobody() else {
        return;
    };
    let seeds = gallery.path("seeds");
    let may = |mode| fs::set_permissions(&seeds, fs::Permissions::from_mode(mode)).unwrap();
    may(0o333);
    let text = gallery.hear_error(0);
    assert!(text.starts_with("cannot look into"), "{text}");
    assert_eq!(
        gallery.hear_within(Duration::from_secs(4)),
        None,
        "told once"
    );
    may(0o755);
    assert_eq!(gallery.hear().addr, "/antiphon/ready");
    fs::write(seeds.join("a.wav"), wav(1.0)).unwrap();
    gallery.hear_one_answer("a.wav");
}

#[test]
fn a_file_that_may_not_be_read_stays_and_is_answered_when_it_may() {
    use std::os::unix::fs::PermissionsExt;
    let Some(gallery) = gallery_of_nobody() else {
        return;
    };
    let path = gallery.path("seeds/a.wav");
    let may = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    fs::write(gallery.path("seeds/.a.wav"), wav(1.0)).unwrap();
    fs::set_permissions(
        gallery.path("seeds/.a.wav"),
        fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    fs::rename(gallery.path("seeds/.a.wav"), &path).unwrap();
    let text = gallery.hear_error(0);
    assert!(text.starts_with("a.wav cannot be read"), "{text}");
    assert_eq!(
        gallery.hear_within(Duration::from_secs(3)),
        None,
        "told once"
    );
    assert!(path.exists());
    may(0o644);
    gallery.hear_one_answer("a.wav");
}
