//! A disk as networks have them: slow, told of nothing that others do, failing at times.
//!
//! It shows a folder, which another computer is played to have: what a test does in that
//! folder itself is what others do. Nobody is notified of it, attributes are remembered for a
//! second, renames cannot be told to replace nothing, and locks may be refused.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, InitFlags, KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr,
    ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};

/// How long attributes are remembered, as NFS does.
const REMEMBERED: Duration = Duration::from_secs(1);

/// What is wrong with the disk now.
#[derive(Default)]
pub struct Faults {
    /// One of so many calls fails; none at 0.
    pub one_of: AtomicUsize,
    /// Milliseconds that each call takes.
    pub delay: AtomicU64,
    calls: AtomicUsize,
    struck: AtomicUsize,
}

impl Faults {
    /// From now on one of `one_of` calls fails, and each takes `delay` milliseconds.
    pub fn set(&self, one_of: usize, delay: u64) {
        self.one_of.store(one_of, Ordering::Relaxed);
        self.delay.store(delay, Ordering::Relaxed);
    }

    /// How many calls have failed.
    pub fn struck(&self) -> usize {
        self.struck.load(Ordering::Relaxed)
    }

    fn strike(&self) -> Result<(), Errno> {
        std::thread::sleep(Duration::from_millis(self.delay.load(Ordering::Relaxed)));
        let (call, one_of) = (
            self.calls.fetch_add(1, Ordering::Relaxed),
            self.one_of.load(Ordering::Relaxed),
        );
        if call.checked_rem(one_of) != Some(0) {
            return Ok(());
        }
        let struck = self.struck.fetch_add(1, Ordering::Relaxed);
        Err([Errno::EIO, Errno::ESTALE][struck % 2])
    }
}

/// The disk, until it is dropped.
pub struct NetworkDisk {
    pub faults: Arc<Faults>,
    _session: BackgroundSession,
}

impl NetworkDisk {
    /// Shows the folder `behind` at `mounted`; `None`, and why is said, where nothing can be
    /// mounted here.
    pub fn mount(behind: &Path, mounted: &Path, has_locks: bool) -> Option<NetworkDisk> {
        let faults = Arc::new(Faults::default());
        let disk = Disk {
            faults: Arc::clone(&faults),
            has_locks,
            paths: Mutex::new(HashMap::from([(INodeNo::ROOT.0, vec![behind.to_owned()])])),
            files: Mutex::default(),
            next: AtomicU64::new(1),
        };
        match fuser::spawn_mount(disk, mounted, &Config::default()) {
            Ok(session) => Some(NetworkDisk {
                faults,
                _session: session,
            }),
            Err(why) => {
                eprintln!("SKIPPED: no filesystem of the test's own can be mounted here: {why}");
                None
            }
        }
    }
}

struct Disk {
    faults: Arc<Faults>,
    has_locks: bool,
    /// Where each inode is in the folder behind, by all names that it has been seen under:
    /// while a file has two, it is whichever is left.
    paths: Mutex<HashMap<u64, Vec<PathBuf>>>,
    files: Mutex<HashMap<u64, Arc<File>>>,
    next: AtomicU64,
}

impl Disk {
    fn path(&self, inode: INodeNo) -> Result<PathBuf, Errno> {
        self.faults.strike()?;
        let paths = self.paths.lock().unwrap();
        let names = paths.get(&inode.0).ok_or(Errno::ESTALE)?;
        let is_it = |path: &&PathBuf| match fs::symlink_metadata(path) {
            Ok(found) => inode == INodeNo::ROOT || found.ino() == inode.0,
            Err(_) => false,
        };
        names.iter().find(is_it).cloned().ok_or(Errno::ESTALE)
    }

    fn child(&self, parent: INodeNo, name: &OsStr) -> Result<PathBuf, Errno> {
        Ok(self.path(parent)?.join(name))
    }

    /// The attributes of what is at `path`, which is known by its inode from then on.
    fn known(&self, path: &Path) -> Result<FileAttr, Errno> {
        let attributes = attributes(&fs::symlink_metadata(path)?);
        let mut paths = self.paths.lock().unwrap();
        let names = paths.entry(attributes.ino.0).or_default();
        names.retain(|name| name != path);
        names.push(path.to_owned());
        Ok(attributes)
    }

    fn keep(&self, file: File) -> FileHandle {
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        self.files.lock().unwrap().insert(handle, Arc::new(file));
        FileHandle(handle)
    }

    fn file(&self, handle: FileHandle) -> Result<Arc<File>, Errno> {
        self.faults.strike()?;
        let files = self.files.lock().unwrap();
        files.get(&handle.0).cloned().ok_or(Errno::ESTALE)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        fs::rename(from, to)?;
        for path in self.paths.lock().unwrap().values_mut().flatten() {
            if let Ok(inner) = path.strip_prefix(from) {
                *path = match inner == Path::new("") {
                    true => to.to_owned(),
                    false => to.join(inner),
                };
            }
        }
        Ok(())
    }

    fn set_attributes(
        &self,
        inode: INodeNo,
        handle: Option<FileHandle>,
        size: Option<u64>,
        modified: Option<TimeOrNow>,
        mode: Option<u32>,
    ) -> Result<FileAttr, Errno> {
        let path = self.path(inode)?;
        let file = match handle.map(|handle| self.file(handle)).transpose()? {
            Some(file) => Some(file),
            None if size.is_some() => Some(Arc::new(File::options().write(true).open(&path)?)),
            None => None,
        };
        if let (Some(size), Some(file)) = (size, &file) {
            file.set_len(size)?;
        }
        if let Some(mode) = mode {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        }
        if let Some(time) = modified {
            let time = match time {
                TimeOrNow::Now => SystemTime::now(),
                TimeOrNow::SpecificTime(time) => time,
            };
            let file = file.map_or_else(|| File::open(&path).map(Arc::new), Ok)?;
            file.set_modified(time)?;
        }
        match file_of(&path) {
            Ok(attributes) => Ok(attributes),
            Err(error) => Err(error.into()),
        }
    }
}

fn file_of(path: &Path) -> io::Result<FileAttr> {
    fs::symlink_metadata(path).map(|metadata| attributes(&metadata))
}

fn attributes(metadata: &fs::Metadata) -> FileAttr {
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => FileType::Directory,
        kind if kind.is_symlink() => FileType::Symlink,
        _ => FileType::RegularFile,
    };
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    FileAttr {
        ino: INodeNo(metadata.ino()),
        size: metadata.len(),
        blocks: metadata.blocks(),
        atime: modified,
        mtime: modified,
        ctime: modified,
        crtime: modified,
        kind,
        perm: (metadata.mode() & 0o7777) as u16,
        nlink: metadata.nlink() as u32,
        uid: metadata.uid(),
        gid: metadata.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn tried<T>(what: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    what()
}

/// Answers with `done`, or says why not.
macro_rules! answer {
    ($reply:ident, $tried:expr, $done:expr) => {
        match tried(|| $tried) {
            Ok(value) => $done($reply, value),
            Err(error) => $reply.error(error),
        }
    };
}

impl Filesystem for Disk {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // Otherwise the system keeps locks of its own.
        if !self.has_locks {
            let _ = config.add_capabilities(InitFlags::FUSE_FLOCK_LOCKS);
        }
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        answer!(
            reply,
            self.child(parent, name).and_then(|path| self.known(&path)),
            |reply: ReplyEntry, found| reply.entry(&REMEMBERED, &found, Generation(0))
        );
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        answer!(
            reply,
            {
                let found = file_of(&self.path(inode)?)?;
                Ok(match inode {
                    INodeNo::ROOT => FileAttr {
                        ino: inode,
                        ..found
                    },
                    _ => found,
                })
            },
            |reply: ReplyAttr, found| reply.attr(&REMEMBERED, &found)
        );
    }

    fn setattr(
        &self,
        _: &Request,
        inode: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        handle: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        answer!(
            reply,
            self.set_attributes(inode, handle, size, modified, mode),
            |reply: ReplyAttr, found| reply.attr(&REMEMBERED, &found)
        );
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        answer!(
            reply,
            {
                let path = self.child(parent, name)?;
                fs::create_dir(&path)?;
                self.known(&path)
            },
            |reply: ReplyEntry, made| reply.entry(&REMEMBERED, &made, Generation(0))
        );
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer!(
            reply,
            Ok(fs::remove_file(self.child(parent, name)?)?),
            |reply: ReplyEmpty, ()| reply.ok()
        );
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer!(
            reply,
            Ok(fs::remove_dir(self.child(parent, name)?)?),
            |reply: ReplyEmpty, ()| reply.ok()
        );
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        answer!(
            reply,
            {
                if !flags.is_empty() {
                    return Err(Errno::EINVAL);
                }
                let from = self.child(parent, name)?;
                self.rename(&from, &self.child(new_parent, new_name)?)
            },
            |reply: ReplyEmpty, ()| reply.ok()
        );
    }

    fn link(
        &self,
        _: &Request,
        inode: INodeNo,
        new_parent: INodeNo,
        new_name: &OsStr,
        reply: ReplyEntry,
    ) {
        answer!(
            reply,
            {
                let path = self.child(new_parent, new_name)?;
                fs::hard_link(self.path(inode)?, &path)?;
                self.known(&path)
            },
            |reply: ReplyEntry, made| reply.entry(&REMEMBERED, &made, Generation(0))
        );
    }

    fn open(&self, _: &Request, inode: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        answer!(
            reply,
            {
                let path = self.path(inode)?;
                let writes = flags.0 & 3 != 0;
                let mut options = OpenOptions::new();
                options.read(true).write(writes);
                Ok(self.keep(options.open(path)?))
            },
            |reply: ReplyOpen, handle| reply.opened(handle, FopenFlags::empty())
        );
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        answer!(
            reply,
            {
                // As the system's own headers have it.
                let is_new = flags & 0o200 != 0;
                let path = self.child(parent, name)?;
                let mut options = OpenOptions::new();
                options.read(true).write(true).mode(mode & !umask);
                let file = options.create(true).create_new(is_new).open(&path)?;
                Ok((self.known(&path)?, self.keep(file)))
            },
            |reply: ReplyCreate, (made, handle)| reply.created(
                &REMEMBERED,
                &made,
                Generation(0),
                handle,
                FopenFlags::empty()
            )
        );
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        answer!(
            reply,
            {
                let file = self.file(handle)?;
                let mut bytes = vec![0; size as usize];
                let mut read = 0;
                while read < bytes.len() {
                    match file.read_at(&mut bytes[read..], offset + read as u64)? {
                        0 => break,
                        more => read += more,
                    }
                }
                bytes.truncate(read);
                Ok(bytes)
            },
            |reply: ReplyData, bytes: Vec<u8>| reply.data(&bytes)
        );
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        answer!(
            reply,
            {
                self.file(handle)?.write_all_at(data, offset)?;
                Ok(data.len() as u32)
            },
            |reply: ReplyWrite, written| reply.written(written)
        );
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.files.lock().unwrap().remove(&handle.0);
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer!(reply, self.faults.strike(), |reply: ReplyEmpty, ()| reply
            .ok());
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer!(reply, self.faults.strike(), |reply: ReplyEmpty, ()| reply
            .ok());
    }

    fn readdir(
        &self,
        _: &Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let listed = || -> Result<Vec<fs::DirEntry>, Errno> {
            let entries: io::Result<Vec<_>> = fs::read_dir(self.path(inode)?)?.collect();
            Ok(entries?)
        };
        match listed() {
            Ok(mut entries) => {
                entries.sort_by_key(fs::DirEntry::file_name);
                for (n, entry) in entries.iter().enumerate().skip(offset as usize) {
                    let Ok(found) = file_of(&entry.path()) else {
                        continue;
                    };
                    let name = entry.file_name();
                    if reply.add(found.ino, n as u64 + 1, found.kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(error) => reply.error(error),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        const MANY: u64 = 1 << 30;
        reply.statfs(MANY, MANY, MANY, MANY, MANY, 4096, 255, 4096);
    }

    fn setlk(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: LockOwner,
        _: u64,
        _: u64,
        _: i32,
        _: u32,
        _: bool,
        reply: ReplyEmpty,
    ) {
        reply.error(Errno::ENOLCK);
    }
}
