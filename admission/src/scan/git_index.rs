//! Which files git tracks, from the index of a repository. Git reads a file that it tracks whatever `.gitignore` says.
//!
//! The format is that of `gitformat-index(5)`, versions 2 to 4; only the paths are read. A repository whose index is
//! split or written otherwise is refused, never guessed at.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// An index of more bytes is not read.
const MOST_BYTES: u64 = 512 << 20;

/// Paths of tracked files, from the top of the repository, in the order of their bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tracked {
    paths: Vec<Vec<u8>>,
}

impl Tracked {
    /// Reads the index of the repository whose top folder this is.
    ///
    /// # Errors
    /// Why it cannot be told what is tracked.
    pub(super) fn of(top: &Path) -> Result<Self, String> {
        let folder = git_folder(top).ok_or("its folder is not to be found")?;
        let file = match fs::File::open(folder.join("index")) {
            Ok(file) => file,
            // A repository without a commit has none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Tracked::default()),
            Err(error) => return Err(error.to_string()),
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(format!("it has more than {MOST_BYTES} bytes"));
        }
        Ok(Tracked { paths: paths(&bytes, id_length(&folder))? })
    }

    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.paths.binary_search_by(|tracked| tracked.as_slice().cmp(path)).is_ok()
    }

    /// Tracked files below a folder.
    pub(super) fn below(&self, folder: &[u8]) -> impl Iterator<Item = &[u8]> {
        let prefix = [folder, b"/"].concat();
        let start = self.paths.partition_point(|path| path.as_slice() < prefix.as_slice());
        self.paths[start..].iter().map(Vec::as_slice).take_while(move |path| path.starts_with(&prefix))
    }
}

/// `.git` is a folder, or a file that says where it is: in a submodule or a linked worktree.
fn git_folder(top: &Path) -> Option<PathBuf> {
    let git = top.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    let path = text.trim_end().strip_prefix("gitdir: ")?;
    Some(top.join(path))
}

/// Bytes of an object's id: 32 where the repository says SHA-256.
fn id_length(folder: &Path) -> usize {
    let common = fs::read_to_string(folder.join("commondir")).ok().map(|path| folder.join(path.trim_end()));
    let config = fs::read_to_string(common.as_deref().unwrap_or(folder).join("config")).unwrap_or_default();
    let is_sha256 = |line: &str| {
        let line = line.to_lowercase();
        line.trim_start().starts_with("objectformat") && line.contains("sha256")
    };
    if config.lines().any(is_sha256) { 32 } else { 20 }
}

/// Times, device, inode, mode, owner and size of a file.
const STAT: usize = 40;
const MODE: usize = 24;
/// Linux opens no longer ones.
const LONGEST_PATH: usize = 4096;
const EXTENDED: u16 = 0x4000;
const FILE_TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

struct Reader<'a> {
    rest: &'a [u8],
}

const CUT_OFF: &str = "the index of git ends in the middle";

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, String> {
        Ok(self.take(4)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Up to a zero byte, which is taken too.
    fn text(&mut self) -> Result<&'a [u8], String> {
        let end = memchr::memchr(0, self.rest).ok_or(CUT_OFF)?;
        let text = self.take(end)?;
        self.take(1)?;
        Ok(text)
    }

    /// As git writes offsets: seven bits a byte, and each byte but the last adds one.
    fn offset(&mut self) -> Result<usize, String> {
        let mut value = 0_usize;
        loop {
            let byte = self.take(1)?[0];
            value = value.checked_shl(7).map(|value| value | usize::from(byte & 0x7f)).ok_or(CUT_OFF)?;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            value = value.checked_add(1).ok_or(CUT_OFF)?;
        }
    }
}

fn paths(bytes: &[u8], id_length: usize) -> Result<Vec<Vec<u8>>, String> {
    let mut reader = Reader { rest: bytes };
    if reader.take(4)? != b"DIRC" {
        return Err("this is not an index of git".to_owned());
    }
    let version = reader.number()?;
    if !(2..=4).contains(&version) {
        return Err(format!("an index of version {version} is not read"));
    }
    let count = reader.number()?;
    let mut paths = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    for _ in 0..count {
        let start = reader.rest.len();
        let stat = reader.take(STAT)?;
        let mode = stat[MODE..MODE + 4].iter().fold(0, |mode, byte| mode << 8 | u32::from(*byte));
        reader.take(id_length)?;
        let flags = reader.take(2)?.iter().fold(0, |flags, byte| flags << 8 | u16::from(*byte));
        if flags & EXTENDED != 0 {
            reader.take(2)?;
        }
        if version == 4 {
            let kept = last.len().checked_sub(reader.offset()?).ok_or(CUT_OFF)?;
            last.truncate(kept);
            last.extend_from_slice(reader.text()?);
        } else {
            last = reader.text()?.to_vec();
            // With its zero byte, an entry is filled up to a multiple of eight.
            let length = start - reader.rest.len();
            reader.take(length.next_multiple_of(8) - length)?;
        }
        if last.len() > LONGEST_PATH {
            return Err("a path in the index of git is too long".to_owned());
        }
        if mode & FILE_TYPE == REGULAR && paths.last() != Some(&last) {
            paths.push(last.clone());
        }
    }
    refuse_split(&mut reader)?;
    Ok(paths)
}

/// A split index holds only what changed since another one.
fn refuse_split(reader: &mut Reader<'_>) -> Result<(), String> {
    // After the extensions there is a checksum, of 20 or 32 bytes.
    while reader.rest.len() > 32 {
        let name = reader.take(4)?;
        let length = reader.number()? as usize;
        if name == b"link" {
            return Err("a split index is not read".to_owned());
        }
        reader.take(length)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of version 2 with one file.
    fn index(path: &str) -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
        let mut entry = vec![0; STAT + 20];
        entry[MODE..MODE + 4].copy_from_slice(&0o100_644_u32.to_be_bytes());
        entry.extend([0, path.len() as u8]);
        entry.extend(path.as_bytes());
        entry.resize((entry.len() + 1).next_multiple_of(8), 0);
        bytes.extend(entry);
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn an_index_is_whole_or_refused() {
        let bytes = index("a/b.yaml");
        assert_eq!(paths(&bytes, 20), Ok(vec![b"a/b.yaml".to_vec()]));
        for end in [3, 8, 11, 40, 75, 80] {
            assert!(paths(&bytes[..end], 20).is_err(), "cut off at {end}");
        }
        let split = [&bytes[..bytes.len() - 20], b"link\0\0\0\x14".as_slice(), &[0; 40]].concat();
        assert_eq!(paths(&split, 20), Err("a split index is not read".to_owned()));
        assert_eq!(paths(b"DIRC\0\0\0\x05\0\0\0\0", 20), Err("an index of version 5 is not read".to_owned()));
        assert!(paths(b"no index", 20).is_err());
    }
}
