//! A part of a file, as a file of its own.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// A part of a file, as a file of its own.
pub(super) struct Section<'s, S> {
    source: &'s mut S,
    start: u64,
    len: u64,
    position: u64,
    /// Bytes that are read as others, and where.
    replaced: Option<(u64, [u8; 4])>,
}

impl<'s, S> Section<'s, S> {
    /// The `len` bytes of `source` from `start` on.
    pub fn new(source: &'s mut S, start: u64, len: u64) -> Self {
        Self {
            source,
            start,
            len,
            position: 0,
            replaced: None,
        }
    }

    /// From here on `bytes` are read in place of those at `at`.
    pub fn replace(&mut self, at: u64, bytes: [u8; 4]) {
        self.replaced = Some((at, bytes));
    }
}

impl<S: Read + Seek> Read for Section<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.position);
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        self.source
            .seek(SeekFrom::Start(self.start.saturating_add(self.position)))?;
        let read = self.source.read(&mut buffer[..wanted])?;
        if let Some((at, bytes)) = self.replaced {
            for (byte, at) in bytes.iter().zip(at..) {
                let index = at.checked_sub(self.position).map(usize::try_from);
                if let Some(Ok(index)) = index
                    && index < read
                {
                    buffer[index] = *byte;
                }
            }
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl<S: Read + Seek> Seek for Section<'_, S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let outside = || io::Error::from(ErrorKind::InvalidInput);
        self.position = target.ok_or_else(outside)?;
        Ok(self.position)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for Section<'_, S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
