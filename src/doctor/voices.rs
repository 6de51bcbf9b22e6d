//! The voices of a folder: whether each can answer.

use std::path::Path;

use super::Finding;
use crate::watch::check_moves_of_voice;
use crate::watch::voices::{Roll, file_of};

const WHAT: &str = "voice";

/// Tries the voice in a file: what it is in a few words, or why it cannot answer.
pub type CheckVoice<'a> = dyn Fn(&Path) -> Result<String, String> + 'a;

/// Looks at each voice under `root`, which `check` tries, and into whose folders `probe` is
/// written.
pub fn examine(root: &Path, probe: &str, check: &CheckVoice) -> Vec<Finding> {
    let roll = match Roll::call(root) {
        Ok(roll) => roll,
        Err(error) => {
            let text = format!("voices/ cannot be looked into: {error}; check its permissions");
            return vec![Finding::fail(WHAT, text)];
        }
    };
    let nameless = roll.nameless.iter().map(|file| {
        let text = format!(
            "voices/{} names no voice; call it by a short plain name",
            file.display()
        );
        Finding::warn(WHAT, text)
    });
    let voices = roll
        .voices
        .iter()
        .map(|voice| examine_voice(root, voice, probe, check));
    voices.chain(nameless).collect()
}

fn examine_voice(root: &Path, voice: &str, probe: &str, check: &CheckVoice) -> Finding {
    match check(&file_of(root, voice)) {
        Err(why) => Finding::fail(WHAT, format!("{voice} cannot answer: {why}")),
        Ok(what) => match has_folders(root, voice, probe) {
            Err(why) => Finding::fail(WHAT, format!("{voice} gets no seeds: {why}")),
            Ok(()) => Finding::ok(WHAT, format!("{voice}: {what}")),
        },
    }
}

/// Whether files can be moved through its folders, if they are there; the watch makes
/// those that are not.
fn has_folders(root: &Path, voice: &str, probe: &str) -> Result<(), String> {
    let folders = ["seeds", "predictions"].map(|folder| root.join(folder).join(voice));
    match folders.iter().all(|folder| folder.is_dir()) {
        true => check_moves_of_voice(root, voice, probe).map_err(|error| error.to_string()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;
    use std::fs;
    #[cfg(unix)]
    use std::os::unix::fs::MetadataExt;

    /// Whether a voice's file is an object.
    fn is_text(path: &Path) -> Result<String, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        match text.ends_with('}') {
            true => Ok("an object".to_owned()),
            false => Err("no object".to_owned()),
        }
    }

    #[test]
    fn each_voice_is_named_and_a_broken_one_fails() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(examine(root, ".probe", &is_text), []);
        fs::create_dir(root.join("voices")).unwrap();
        for (name, text) in [("bells", "{}"), ("strings", "{\"model\""), ("x.tmp", "{}")] {
            fs::write(file_of(root, name), text).unwrap();
        }
        let findings = examine(root, ".probe", &is_text);
        let verdicts = findings.iter().map(|finding| finding.verdict);
        assert!(verdicts.eq([Severity::Ok, Severity::Fail, Severity::Warn]));
        for (finding, word) in findings
            .iter()
            .zip(["bells: ", "strings cannot", "x.tmp.json"])
        {
            assert!(finding.text.contains(word), "{}", finding.text);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_voice_whose_folder_is_on_another_disk_gets_no_seeds() {
        let folder = tempfile::tempdir().unwrap();
        let (root, Ok(other)) = (folder.path(), tempfile::tempdir_in("/dev/shm")) else {
            eprintln!("SKIPPED: there is no /dev/shm");
            return;
        };
        let inner = [
            "voices",
            "seeds",
            "predictions/bells",
            ".antiphon/work",
            ".antiphon/tmp",
        ];
        for inner in inner {
            fs::create_dir_all(root.join(inner)).unwrap();
        }
        fs::write(file_of(root, "bells"), "{}").unwrap();
        std::os::unix::fs::symlink(other.path(), root.join("seeds/bells")).unwrap();
        if root.join("seeds/bells").metadata().unwrap().dev() == root.metadata().unwrap().dev() {
            eprintln!("SKIPPED: /dev/shm is on the same disk as the temporary folder");
            return;
        }
        let findings = examine(root, ".probe", &is_text);
        assert_eq!(findings[0].verdict, Severity::Fail);
        assert!(
            findings[0].text.contains("seeds/bells/"),
            "{}",
            findings[0].text
        );
        fs::remove_file(root.join("seeds/bells")).unwrap();
        fs::create_dir(root.join("seeds/bells")).unwrap();
        assert_eq!(examine(root, ".probe", &is_text)[0].verdict, Severity::Ok);
    }
}
