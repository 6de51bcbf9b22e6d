//! Where ONNX Runtime's shared library is found, when it is needed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use ort::environment::Environment;

use crate::generate::EngineError;

/// The library that was loaded.
#[derive(Clone)]
pub struct Library {
    pub path: PathBuf,
    /// The process's one.
    pub environment: Environment,
}

impl Library {
    /// The first that is found, which stays loaded.
    ///
    /// # Errors
    /// [`EngineError::NoLibrary`] with every place looked at, or
    /// [`EngineError::Library`] where it is none.
    pub fn load() -> Result<Library, EngineError> {
        static LOADED: Mutex<Option<Library>> = Mutex::new(None);
        let mut loaded = LOADED.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(library) = loaded.as_ref() {
            return Ok(library.clone());
        }
        let path = find_library()?;
        let unusable = |what: String| EngineError::Library {
            library: path.display().to_string(),
            what,
        };
        let builder = ort::init_from(&path).map_err(|e| unusable(e.to_string()))?;
        let environment = builder.build().map_err(|e| unusable(e.to_string()))?;
        tracing::info!("ONNX Runtime from {}", path.display());
        Ok(loaded.insert(Library { path, environment }).clone())
    }
}

/// `ORT_DYLIB_PATH`, then beside the executable, the system's places, and
/// Python's site-packages.
fn find_library() -> Result<PathBuf, EngineError> {
    let mut looked_in = Vec::new();
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        looked_in.push(format!("ORT_DYLIB_PATH ({})", path.display()));
        if path.is_file() {
            return Ok(path);
        }
        if let Some(library) = library_in(&path) {
            return Ok(library);
        }
    }
    for folder in beside_the_executable().into_iter().chain(system_folders()) {
        looked_in.push(folder.display().to_string());
        if let Some(library) = library_in(&folder) {
            return Ok(library);
        }
    }
    let (folders, asked) = python_folders();
    looked_in.extend(asked);
    for folder in folders {
        looked_in.push(folder.display().to_string());
        if let Some(library) = library_in(&folder) {
            return Ok(library);
        }
    }
    Err(EngineError::NoLibrary { looked_in })
}

fn beside_the_executable() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.to_owned())
}

/// Where the dynamic linker would look, as far as paths can tell.
fn system_folders() -> Vec<PathBuf> {
    let variable = if cfg!(windows) {
        "PATH"
    } else {
        "LD_LIBRARY_PATH"
    };
    let mut folders: Vec<PathBuf> = std::env::var_os(variable)
        .map(|paths| std::env::split_paths(&paths).collect())
        .unwrap_or_default();
    if cfg!(unix) {
        let usual = [
            "/usr/local/lib",
            "/usr/lib",
            "/usr/lib64",
            "/opt/homebrew/lib",
            "/opt/onnxruntime/lib",
        ];
        folders.extend(usual.map(PathBuf::from));
        folders.push(format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH).into());
    }
    folders
}

/// The folders of the package `onnxruntime` that the Pythons at hand would
/// import, and a word on each Python asked.
fn python_folders() -> (Vec<PathBuf>, Vec<String>) {
    // find_spec finds the package without loading it.
    const SCRIPT: &str = "import importlib.util as u\n\
                          s = u.find_spec('onnxruntime')\n\
                          print(s.submodule_search_locations[0] if s else '')";
    let mut pythons = Vec::new();
    if let Some(environment) = std::env::var_os("VIRTUAL_ENV") {
        pythons.push(Path::new(&environment).join("bin/python3").into_os_string());
    }
    pythons.push("python3".into());
    let (mut folders, mut asked) = (Vec::new(), Vec::new());
    for python in pythons {
        asked.push(format!("site-packages of {}", python.display()));
        let Ok(output) = Command::new(&python).args(["-c", SCRIPT]).output() else {
            continue;
        };
        let package = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !package.is_empty() {
            folders.push(Path::new(&package).join("capi"));
        }
    }
    (folders, asked)
}

/// The library in `folder`, by any of the names it goes by; of several
/// versions the one whose name sorts last.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let is_library = |name: &str| {
        let linux = name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so.");
        let mac = name.starts_with("libonnxruntime.") && name.ends_with(".dylib");
        linux || mac || name == "onnxruntime.dll"
    };
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_library))
        .map(|entry| entry.path())
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_goes_by_several_names() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(library_in(folder.path()), None);
        assert_eq!(library_in(&folder.path().join("nowhere")), None);
        for name in ["libonnxruntime_providers_shared.so", "readme.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(library_in(folder.path()), None);
        for name in ["libonnxruntime.so.1.20.0", "libonnxruntime.so.1.22.0"] {
            std::fs::write(folder.path().join(name), "").unwrap();
            assert_eq!(library_in(folder.path()), Some(folder.path().join(name)));
        }
    }
}
