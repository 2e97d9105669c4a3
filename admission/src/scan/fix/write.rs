//! A changed file to the disk: whole or not at all, with the permissions and the owner that it had.

use super::Change;
use std::{
    fs::{self, Metadata},
    io::{self, Error, Write},
    os::unix::fs::{MetadataExt, fchown},
    path::Path,
};

/// Writes one file.
///
/// # Errors
/// It could not be written, or is not what was read: it is then what it was.
pub(super) fn write(path: &Path, Change { before, after }: &Change) -> io::Result<()> {
    let data = fs::symlink_metadata(path)?;
    if !data.is_file() {
        return Err(Error::other("not a regular file"));
    }
    if fs::read(path)? != before.as_bytes() {
        return Err(Error::other("somebody changed it meanwhile; run this again"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let mut file = builder.prefix(".plimsoll-").permissions(data.permissions()).tempfile_in(folder)?;
    file.write_all(after.as_bytes())?;
    // The umask may have taken something away.
    file.as_file().set_permissions(data.permissions())?;
    keep_owner(&data, file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn keep_owner(data: &Metadata, file: &fs::File) -> io::Result<()> {
    let new = file.metadata()?;
    let is_same = (new.uid(), new.gid()) == (data.uid(), data.gid());
    if is_same { Ok(()) } else { fchown(file, Some(data.uid()), Some(data.gid())) }
}
