//! Where reports go: standard output, or files that are there only once they are whole.

use super::super::{BUFFER, print};
#[cfg(feature = "cluster")]
use crate::report::policy_report;
use crate::{
    cli,
    finding::Report,
    report::{Context, Remarks},
};
use anstream::StripStream;
use anyhow::{Context as _, Result, bail};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Refuses what could not work, before anything is scanned.
///
/// # Errors
/// Two reports would go to one place, or a file could not be written.
pub(super) fn check(outputs: &[cli::Output], baseline: Option<&Path>) -> Result<()> {
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        bail!("two reports would both go to standard output; send one to a file, as in `-f json=report.json`");
    }
    let mut seen = BTreeSet::new();
    let reports =
        outputs.iter().filter_map(|output| Some((format!("-f {:?}=", output.format), output.file.as_deref()?)));
    for (flag, path) in reports.chain(baseline.map(|path| ("--write-baseline ".to_owned(), path))) {
        let name = || format!("{flag}{}", path.display());
        let folder = folder_of(path);
        if path.is_dir() {
            bail!("{}: this is a folder; name a file in it", name());
        }
        if !folder.is_dir() {
            bail!("{}: the folder `{}` does not exist", name(), folder.display());
        }
        if !seen.insert(place(path)) {
            bail!("{}: another report goes to this file", name());
        }
    }
    Ok(())
}

/// Refuses formats that are objects of a cluster, where files are scanned.
///
/// # Errors
/// There is one.
pub(super) fn refuse_reports_of_objects(outputs: &[cli::Output]) -> Result<()> {
    #[cfg(feature = "cluster")]
    if let Some(output) = outputs.iter().find(|output| policy_report::Api::of(output.format).is_some()) {
        bail!("-f {:?} is a report about objects of a cluster: it needs --cluster", output.format);
    }
    let _ = outputs;
    Ok(())
}

/// Writes all reports: files first, and none of them unless all could be written.
///
/// # Errors
/// A report could not be written; files are then what they were.
pub(super) fn write(
    report: &Report,
    outputs: &[cli::Output],
    context: &Context<'_>,
    color: cli::ColorChoice,
) -> Result<Remarks> {
    let mut remarks = Remarks::new();
    let mut whole = Vec::new();
    for output in outputs {
        let Some(path) = &output.file else { continue };
        let written = to_file(path, |out| (output.format.write)(report, context, out));
        let (said, file) = written.with_context(|| path.display().to_string())?;
        remarks.extend(said);
        whole.push((file, path));
    }
    for (file, path) in whole {
        keep(file, path)?;
    }
    for output in outputs.iter().filter(|output| output.file.is_none()) {
        print(color, |out| {
            remarks.extend((output.format.write)(report, context, out)?);
            Ok(())
        })?;
    }
    Ok(remarks)
}

/// Writes a file that is there only once it is whole.
///
/// # Errors
/// It could not be written; it is then what it was.
pub(super) fn save(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let ((), file) = to_file(path, write).with_context(|| path.display().to_string())?;
    keep(file, path)
}

fn keep(file: Option<NamedTempFile>, path: &Path) -> Result<()> {
    let kept = file.map_or(Ok(()), |file| file.persist(place(path)).map(drop).map_err(|error| error.error));
    kept.with_context(|| path.display().to_string())
}

/// A temporary file beside the path, to be renamed; none for a device or a pipe, which is written at once.
fn to_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> io::Result<(T, Option<NamedTempFile>)> {
    let is_special = fs::metadata(path).is_ok_and(|data| !data.is_file());
    if is_special {
        return Ok((buffered(File::options().write(true).open(path)?, write)?, None));
    }
    let place = place(path);
    // As the umask makes it, not for the owner alone.
    let mut builder = tempfile::Builder::new();
    let file =
        builder.prefix(".plimsoll-").permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder_of(&place))?;
    let written = buffered(file.as_file().try_clone()?, write)?;
    Ok((written, Some(file)))
}

fn buffered<T>(to: File, write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
    let mut out = BufWriter::with_capacity(BUFFER, StripStream::new(to));
    let written = write(&mut out)?;
    out.flush()?;
    Ok(written)
}

/// Where a link leads, so that it stays a link.
fn place(path: &Path) -> PathBuf {
    let of_folder = || Some(fs::canonicalize(folder_of(path)).ok()?.join(path.file_name()?));
    fs::canonicalize(path).ok().or_else(of_folder).unwrap_or_else(|| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
