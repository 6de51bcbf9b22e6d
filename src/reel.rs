//! A long row of values, of which only the newest are in memory.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Values that are in memory at most: 2 MB.
const MOST_IN_MEMORY: usize = 1 << 19;
/// Those that stay there when older ones go to the file.
const STAY_IN_MEMORY: usize = MOST_IN_MEMORY / 4;
/// Values that are handed over at once.
const PIECE: usize = 1 << 14;

/// Why a [`Reel`] cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "what does not fit into memory cannot be kept in a temporary file in {}: {cause}; check that \
     the folder may be written and the disk has room", folder.display()
)]
pub struct ReelError {
    /// Where the file is or was to be.
    pub folder: PathBuf,
    /// What the system answered.
    pub cause: Arc<io::Error>,
}

/// A row of values: all in memory while they are few, and of many the newest, the others
/// being in a file without a name that ends with it.
#[derive(Debug)]
pub struct Reel {
    folder: PathBuf,
    file: Option<File>,
    /// Values that are in the file, the oldest ones.
    stored: usize,
    newest: Vec<f32>,
}

impl Reel {
    /// An empty one, which would have its file in `folder`.
    pub fn new(folder: &Path) -> Reel {
        Reel {
            folder: folder.to_owned(),
            file: None,
            stored: 0,
            newest: Vec::new(),
        }
    }

    /// These `values`, which are in memory however many they are.
    pub fn in_memory(values: Vec<f32>) -> Reel {
        Reel {
            newest: values,
            ..Reel::new(Path::new("."))
        }
    }

    /// An empty one in the same folder.
    pub fn beside(&self) -> Reel {
        Reel::new(&self.folder)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.stored + self.newest.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends `values`.
    pub fn push(&mut self, values: &[f32]) -> Result<(), ReelError> {
        for piece in values.chunks(PIECE) {
            self.newest.extend_from_slice(piece);
            if self.newest.len() > MOST_IN_MEMORY {
                self.store(self.newest.len() - STAY_IN_MEMORY)?;
            }
        }
        Ok(())
    }

    /// Moves the oldest `count` values in memory to the file.
    fn store(&mut self, count: usize) -> Result<(), ReelError> {
        let file = match &self.file {
            Some(file) => file,
            None => {
                let made = tempfile::tempfile_in(&self.folder);
                self.file.insert(made.map_err(in_folder(&self.folder))?)
            }
        };
        let bytes = bytemuck::cast_slice(&self.newest[..count]);
        let written = file::write_at(file, bytes, place_in_file(self.stored));
        written.map_err(in_folder(&self.folder))?;
        self.stored += count;
        self.newest.drain(..count);
        Ok(())
    }

    /// Forgets all values but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.newest.truncate(len.saturating_sub(self.stored));
        self.stored = self.stored.min(len);
    }

    /// All of it; an empty one stays.
    pub fn take(&mut self) -> Reel {
        let empty = Reel::new(&self.folder);
        std::mem::replace(self, empty)
    }

    /// Appends the values of `range` to `values`.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn read(&self, range: Range<usize>, values: &mut Vec<f32>) -> Result<(), ReelError> {
        let in_file = range.start.min(self.stored)..range.end.min(self.stored);
        if let Some(file) = self.file.as_ref().filter(|_| !in_file.is_empty()) {
            let begin = values.len();
            values.resize(begin + in_file.len(), 0.0);
            let bytes = bytemuck::cast_slice_mut(&mut values[begin..]);
            let read = file::read_at(file, bytes, place_in_file(in_file.start));
            read.map_err(in_folder(&self.folder))?;
        }
        let in_memory = range.start.max(self.stored)..range.end.max(self.stored);
        let newest = &self.newest[in_memory.start - self.stored..in_memory.end - self.stored];
        values.extend_from_slice(newest);
        Ok(())
    }

    /// Has what is in the file be lost, as a disk that fails loses it.
    #[cfg(test)]
    pub fn lose_file(&self) {
        let file = self.file.as_ref().expect("too few values for a file");
        file.set_len(0).unwrap();
    }

    /// Hands all values to `take`, piece by piece.
    pub fn each(&self, mut take: impl FnMut(&[f32])) -> Result<(), ReelError> {
        let mut piece = Vec::new();
        for begin in (0..self.len()).step_by(PIECE) {
            piece.clear();
            self.read(begin..self.len().min(begin + PIECE), &mut piece)?;
            take(&piece);
        }
        Ok(())
    }
}

fn place_in_file(values: usize) -> u64 {
    (values * size_of::<f32>()) as u64
}

fn in_folder(folder: &Path) -> impl FnOnce(io::Error) -> ReelError {
    |cause| ReelError {
        folder: folder.to_owned(),
        cause: Arc::new(cause),
    }
}

/// Files at any place, whoever reads elsewhere in them at the same time.
#[cfg(unix)]
mod file {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    pub fn write_at(file: &File, bytes: &[u8], place: u64) -> io::Result<()> {
        file.write_all_at(bytes, place)
    }

    pub fn read_at(file: &File, bytes: &mut [u8], place: u64) -> io::Result<()> {
        file.read_exact_at(bytes, place)
    }
}

/// Files at any place, whoever reads elsewhere in them at the same time.
#[cfg(windows)]
mod file {
    use std::fs::File;
    use std::io;
    use std::os::windows::fs::FileExt;

    pub fn write_at(file: &File, mut bytes: &[u8], mut place: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = file.seek_write(bytes, place)?;
            (bytes, place) = (&bytes[written..], place + written as u64);
        }
        Ok(())
    }

    pub fn read_at(file: &File, mut bytes: &mut [u8], mut place: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match file.seek_read(bytes, place)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => (bytes, place) = (&mut bytes[read..], place + read as u64),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(n: usize) -> f32 {
        (n % 8_191) as f32
    }

    fn filled(folder: &Path, len: usize) -> Reel {
        let mut reel = Reel::new(folder);
        let values: Vec<f32> = (0..len).map(value).collect();
        reel.push(&values).unwrap();
        reel
    }

    #[test]
    fn what_was_pushed_is_read_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        for len in [0, 1, 1000, MOST_IN_MEMORY, 3 * MOST_IN_MEMORY + 7] {
            let reel = filled(folder.path(), len);
            assert_eq!(reel.len(), len);
            assert!(reel.newest.len() <= MOST_IN_MEMORY + PIECE);
            assert_eq!(reel.file.is_some(), len > MOST_IN_MEMORY);
            let mut n = 0;
            let is_next = |read: &f32| {
                n += 1;
                *read == value(n - 1)
            };
            let mut all = Vec::new();
            reel.each(|piece| all.extend_from_slice(piece)).unwrap();
            assert!(all.len() == len && all.iter().all(is_next));
            let seam = reel.stored;
            for range in [
                0..len.min(3),
                seam.saturating_sub(2)..len.min(seam + 2),
                len..len,
            ] {
                let mut values = vec![-1.0];
                reel.read(range.clone(), &mut values).unwrap();
                let expected: Vec<f32> = range.map(value).collect();
                assert_eq!((values[0], &values[1..]), (-1.0, &expected[..]));
            }
        }
        // Files without a name leave nothing.
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_is_forgotten_makes_room_for_other_values() {
        let folder = tempfile::tempdir().unwrap();
        let len = 2 * MOST_IN_MEMORY + 5;
        for kept in [0, 5, MOST_IN_MEMORY, len - 3] {
            let mut reel = filled(folder.path(), len);
            reel.truncate(kept);
            assert_eq!(reel.len(), kept);
            let others = vec![-2.0; MOST_IN_MEMORY];
            reel.push(&others).unwrap();
            let mut all = Vec::new();
            reel.each(|piece| all.extend_from_slice(piece)).unwrap();
            assert_eq!(all.len(), kept + others.len());
            assert!((0..kept).all(|n| all[n] == value(n)));
            assert!(all[kept..].iter().all(|value| *value == -2.0));
        }
    }

    #[test]
    fn a_folder_that_is_not_there_matters_to_many_values_alone() {
        let nowhere = Path::new("/nowhere/at/all");
        let mut reel = filled(nowhere, 1000);
        let refused = reel.push(&vec![0.0; 2 * MOST_IN_MEMORY]).unwrap_err();
        assert!(refused.to_string().contains("/nowhere/at/all"), "{refused}");
    }

    #[test]
    fn what_is_lost_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let reel = filled(folder.path(), MOST_IN_MEMORY + PIECE);
        reel.lose_file();
        let mut values = Vec::new();
        reel.read(reel.stored..reel.len(), &mut values).unwrap();
        assert!(reel.read(0..1, &mut values).is_err());
        assert!(reel.each(|_| ()).is_err());
    }
}
