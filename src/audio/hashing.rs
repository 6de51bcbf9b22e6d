//! A file that is hashed while it is read.

use std::io::{self, Read, Seek, SeekFrom};

use crate::files::Hash;

/// How many bytes of a gap are hashed at a time.
const BLOCK: usize = 64 * 1024;

/// Reads in any order and hashes every byte once, in the order of the file.
///
/// What a decoder leaves out when it seeks ahead is read in passing, so that
/// nothing but the hash is kept. The file ends where it ended when it was
/// opened: what is written behind that meanwhile is neither read nor hashed.
pub struct Hashing<R> {
    inner: R,
    len: u64,
    hash: Hash,
    /// Bytes from the beginning that the hash holds.
    hashed: u64,
    /// Where reading goes on.
    position: u64,
    /// Where the inner reader stands.
    inner_position: u64,
}

impl<R: Read + Seek> Hashing<R> {
    /// Of `inner`, which stands at its beginning and holds `len` bytes.
    pub fn new(inner: R, len: u64) -> Self {
        Self {
            inner,
            len,
            hash: Hash::default(),
            hashed: 0,
            position: 0,
            inner_position: 0,
        }
    }

    /// What is read from.
    pub fn inner(&self) -> &R {
        &self.inner
    }

    /// The SHA-256 of the whole file, in hexadecimal.
    ///
    /// # Errors
    ///
    /// Those of reading what no decoder asked for.
    pub fn finish(mut self) -> io::Result<String> {
        self.hash_up_to(self.len)?;
        Ok(self.hash.finish())
    }

    fn hash_up_to(&mut self, end: u64) -> io::Result<()> {
        if self.hashed >= end {
            return Ok(());
        }
        let mut block = vec![0; BLOCK];
        while self.hashed < end {
            let wanted = (end - self.hashed).min(BLOCK as u64) as usize;
            let read = self.read_at(self.hashed, &mut block[..wanted])?;
            if read == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Reads at `position`, which is no further than what is hashed.
    fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(position);
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        if self.inner_position != position {
            self.inner.seek(SeekFrom::Start(position))?;
            self.inner_position = position;
        }
        let read = self.inner.read(&mut buffer[..wanted])?;
        self.inner_position += read as u64;
        let known = (self.hashed.saturating_sub(position)).min(read as u64) as usize;
        self.hash.update(&buffer[known..read]);
        self.hashed = self.hashed.max(position + read as u64);
        Ok(read)
    }
}

impl<R: Read + Seek> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.hash_up_to(self.position.min(self.len))?;
        let read = self.read_at(self.position, buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<R> Seek for Hashing<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let before_the_beginning = || io::Error::from(io::ErrorKind::InvalidInput);
        self.position = target.ok_or_else(before_the_beginning)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sha256;
    use std::io::Cursor;

    #[test]
    fn in_whatever_order_it_is_read_the_hash_is_the_files() {
        let bytes: Vec<u8> = (0..200_000_u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        let ways: [&[(i64, usize)]; 5] = [
            &[],
            &[(0, 200_000)],
            &[(0, 12), (150_000, 4), (30, 100_000), (90_000, 60_000)],
            &[(-8, 8), (0, 1), (199_999, 9)],
            &[(300_000, 5), (100, 100)],
        ];
        for way in ways {
            let mut hashing = Hashing::new(Cursor::new(&bytes), bytes.len() as u64);
            for (at, len) in way {
                let to = match u64::try_from(*at) {
                    Ok(at) => SeekFrom::Start(at),
                    Err(_) => SeekFrom::End(*at),
                };
                let start = hashing.seek(to).unwrap() as usize;
                let mut read = Vec::new();
                hashing
                    .by_ref()
                    .take(*len as u64)
                    .read_to_end(&mut read)
                    .unwrap();
                let end = (start + len).min(bytes.len());
                assert_eq!(read, bytes.get(start..end).unwrap_or_default());
            }
            assert_eq!(hashing.finish().unwrap(), sha256(&bytes), "{way:?}");
        }
    }

    #[test]
    fn what_is_written_behind_the_end_meanwhile_is_not_read() {
        let mut hashing = Hashing::new(Cursor::new(b"taken, and more"), 5);
        let mut read = String::new();
        hashing.read_to_string(&mut read).unwrap();
        assert_eq!(read, "taken");
        assert_eq!(hashing.finish().unwrap(), sha256(b"taken"));
    }
}
