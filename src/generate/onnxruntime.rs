//! The engine on ONNX Runtime, whose shared library is looked for when it is needed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use super::{Engine, EngineError, EngineKind, Shown};
use crate::frames::WindowFormat;
use crate::model::{Architecture, Head, State};

/// Runs a model's ONNX file in ONNX Runtime.
pub struct OnnxRuntime {
    session: Session,
    architecture: Architecture,
    frames: Vec<f32>,
    /// `frames` and `conditions` of a network that has both.
    parts: [Vec<f32>; 2],
}

impl OnnxRuntime {
    /// For the model file `bytes`, whose network has the sizes `architecture`.
    ///
    /// # Errors
    /// [`EngineError::NoLibrary`] with every place looked at, or what ONNX
    /// Runtime itself says.
    pub fn new(
        bytes: &[u8],
        architecture: &Architecture,
        threads: usize,
    ) -> Result<OnnxRuntime, EngineError> {
        let session = Session::builder(&environment()?)
            .map_err(runtime)?
            .with_intra_threads(threads)
            .map_err(runtime)?
            .commit_from_memory(bytes)
            .map_err(runtime)?;
        Ok(OnnxRuntime {
            session,
            architecture: architecture.clone(),
            frames: Vec::new(),
            parts: Default::default(),
        })
    }
}

impl Engine for OnnxRuntime {
    fn name(&self) -> &'static str {
        EngineKind::OnnxRuntime.name()
    }

    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State {
        State::zero(&self.architecture, streams * windows.rows)
    }

    fn play(
        &mut self,
        shown: &Shown,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        let rows = state.rows(&self.architecture);
        let steps = shown.steps();
        shown.frames(&mut self.frames);
        let frames = self.frames.as_slice();
        self.refuse_several_matrices(rows)?;
        let (inputs, conditions) = (self.architecture.inputs, self.architecture.conditions);
        let shape_of_frames = [steps, rows, inputs];
        let shape_of_conditions = [steps, rows, conditions];
        let shape_of_state = [self.architecture.layers, rows, self.architecture.units];
        let tensor = |shape, values| TensorRef::from_array_view((shape, values)).map_err(runtime);
        let [of_frames, of_conditions] = &mut self.parts;
        let frames = match conditions {
            0 => frames,
            _ => {
                split_rows(
                    frames,
                    inputs,
                    inputs + conditions,
                    of_frames,
                    of_conditions,
                );
                of_frames
            }
        };
        let mut given = ort::inputs![
            "frames" => tensor(shape_of_frames, frames)?,
            "h" => tensor(shape_of_state, &state.h)?,
            "c" => tensor(shape_of_state, &state.c)?,
        ];
        if conditions > 0 {
            let conditions = tensor(shape_of_conditions, of_conditions)?;
            given.push(("conditions".into(), conditions.into()));
        }
        let outputs = self.session.run(given).map_err(runtime)?;
        let values = |name: &str| {
            let (_, values) = outputs[name].try_extract_tensor::<f32>().map_err(runtime)?;
            Ok(values)
        };
        let predictions = values("prediction")?;
        let last = predictions.len() - predictions.len() / steps;
        prediction.clear();
        prediction.extend_from_slice(&predictions[last..]);
        let (h, c) = (values("h_out")?.to_vec(), values("c_out")?.to_vec());
        drop(outputs);
        (state.h, state.c) = (h, c);
        Ok(())
    }
}

impl OnnxRuntime {
    /// A transpose head's file is made for the rows of one matrix.
    fn refuse_several_matrices(&self, rows: usize) -> Result<(), EngineError> {
        match self.architecture.head {
            Head::Transpose { rows: of_one } if rows != of_one => {
                let what = "the transpose approach is guided by the native engine alone";
                Err(EngineError::Runtime(what.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Takes the first `inputs` of the `width` values of each row from the others.
fn split_rows(
    rows: &[f32],
    inputs: usize,
    width: usize,
    firsts: &mut Vec<f32>,
    others: &mut Vec<f32>,
) {
    firsts.clear();
    others.clear();
    for row in rows.chunks_exact(width) {
        firsts.extend_from_slice(&row[..inputs]);
        others.extend_from_slice(&row[inputs..]);
    }
}

fn runtime<R>(error: ort::Error<R>) -> EngineError {
    EngineError::Runtime(error.to_string())
}

/// The process's one environment, made from the first library found.
fn environment() -> Result<Environment, EngineError> {
    static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);
    let mut environment = ENVIRONMENT.lock().unwrap_or_else(|e| e.into_inner());
    if environment.is_none() {
        let library = find_library()?;
        let unusable = |what: String| EngineError::Library {
            library: library.display().to_string(),
            what,
        };
        let builder = ort::init_from(&library).map_err(|e| unusable(e.to_string()))?;
        *environment = Some(builder.build().map_err(|e| unusable(e.to_string()))?);
        tracing::info!("ONNX Runtime from {}", library.display());
    }
    environment.clone().ok_or(EngineError::NoLibrary {
        looked_in: Vec::new(),
    })
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
