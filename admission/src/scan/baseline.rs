//! A baseline: the findings that were there when it was written, so that a scan reports only what is new.
//!
//! An entry is a path, a fingerprint and a count. The fingerprint does not hold the path, so that a moved file can be told,
//! and the same object in two folders has two entries. A line an entry, sorted, so that a review can read it and a merge
//! conflict is one of lines. Paths are from the folder of the baseline.

use crate::{
    finding::{Finding, LocatedProblem, Location, Place, Region, Report, Status, is_of_no_file},
    judge::host_rules::{self, UNUSED_BASELINE},
    manifest::{Lines, Position},
    paths::{from_folder, plain},
};
use plimsoll_policy::{Level, Pointer};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

const VERSION: u32 = 1;
/// A baseline of more bytes is not read.
const MOST_BYTES: u64 = 64 << 20;

/// What was there.
#[derive(Debug)]
pub struct Baseline {
    path: Arc<str>,
    folder: PathBuf,
    text: String,
    entries: Vec<Entry>,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    rule: String,
    /// For people, as is the container: the fingerprint holds both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    fingerprint: String,
    count: usize,
}

/// File and fingerprint.
type Key = (String, String);

impl Entry {
    fn key(&self) -> Key {
        (self.file.clone(), self.fingerprint.clone())
    }
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    #[serde(rename = "plimsoll-baseline")]
    version: u32,
}

impl Baseline {
    /// Reads a file; `working` is what its path is relative to.
    ///
    /// # Errors
    /// It cannot be read, or a line of it is not an entry: where, and what to do.
    pub fn read(path: &Path, working: &Path) -> Result<Self, Box<LocatedProblem>> {
        let name: Arc<str> = path.display().to_string().into();
        let whole =
            |message: String| Box::new(LocatedProblem { location: Location::whole_file(Arc::clone(&name)), message });
        let size = fs::metadata(path).map_err(|error| whole(format!("cannot be read: {error}")))?.len();
        if size > MOST_BYTES {
            return Err(whole(format!("{size} bytes, and at most {MOST_BYTES} of a baseline are read")));
        }
        let text = fs::read_to_string(path).map_err(|error| whole(format!("cannot be read: {error}")))?;
        Self::parse(path, working, text)
    }

    /// Takes a text for the contents of a file.
    ///
    /// # Errors
    /// As [`Baseline::read`], for what is written.
    pub fn parse(path: &Path, working: &Path, text: String) -> Result<Self, Box<LocatedProblem>> {
        let name: Arc<str> = path.display().to_string().into();
        let folder = folder(path, working);
        match entries(&text) {
            Ok(entries) => Ok(Baseline { path: name, folder, text, entries }),
            Err((line, message)) => {
                let region = Region::at(&Lines::of(&text), Position { line, column: 1 });
                let location = Location { region: Some(region), ..Location::whole_file(name) };
                Err(Box::new(LocatedProblem { location, message }))
            }
        }
    }

    /// Marks the findings that it has. `sources` are the paths that were read; `level` is that of the rule about entries
    /// that match nothing.
    pub fn apply(&self, report: &mut Report, sources: &[String], working: &Path, level: Level) {
        let mut left: BTreeMap<Key, usize> = BTreeMap::new();
        for entry in &self.entries {
            let left = left.entry(entry.key()).or_default();
            *left = left.saturating_add(entry.count);
        }
        let key_of = |finding: &Finding| {
            let file = named(&finding.location.place, &self.folder, working)?;
            is_for_baseline(finding).then(|| (file, finding.fingerprint.to_string()))
        };
        for finding in &mut report.findings {
            let left = key_of(finding).and_then(|key| left.get_mut(&key)).filter(|left| **left > 0);
            if let Some(left) = left {
                *left -= 1;
                finding.status = Status::Baselined;
            }
        }
        let moved = self.apply_to_moved(report, &mut left, key_of);
        let read: BTreeSet<String> =
            sources.iter().map(|source| from_folder(&self.folder, &plain(&working.join(source)))).collect();
        if level != Level::Off {
            report.findings.extend(self.unused(&left, &moved, &read, level));
        }
    }

    /// What a file that is gone had, and another one has now. Gives the new file of each entry.
    fn apply_to_moved(
        &self,
        report: &mut Report,
        left: &mut BTreeMap<Key, usize>,
        key_of: impl Fn(&Finding) -> Option<Key>,
    ) -> BTreeMap<Key, String> {
        let mut exists: BTreeMap<String, bool> = BTreeMap::new();
        let mut gone: BTreeMap<String, Vec<Key>> = BTreeMap::new();
        for (key, _) in left.iter().filter(|(_, left)| **left > 0) {
            let (file, fingerprint) = key;
            if !*exists.entry(file.clone()).or_insert_with(|| self.folder.join(file).exists()) {
                gone.entry(fingerprint.clone()).or_default().push(key.clone());
            }
        }
        let mut moved = BTreeMap::new();
        for finding in &mut report.findings {
            let Some((file, fingerprint)) = key_of(finding) else { continue };
            let from = gone.get(&fingerprint).into_iter().flatten();
            let Some(from) = from.into_iter().find(|key| left.get(*key).is_some_and(|left| *left > 0)) else {
                continue;
            };
            left.entry(from.clone()).and_modify(|left| *left -= 1);
            finding.status = Status::Baselined;
            moved.insert(from.clone(), file);
        }
        moved
    }

    /// A finding for each entry of which something is left, where its file was read or is gone.
    fn unused(
        &self,
        left: &BTreeMap<Key, usize>,
        moved: &BTreeMap<Key, String>,
        read: &BTreeSet<String>,
        level: Level,
    ) -> Vec<Finding> {
        let lines = Lines::of(&self.text);
        let said = |(index, entry): (usize, &Entry)| {
            let Entry { file, rule, object, fingerprint, .. } = entry;
            let key = entry.key();
            let about = object.as_ref().map(|object| format!(" of {object}")).unwrap_or_default();
            let left = left.get(&key).copied().unwrap_or_default();
            let why = match moved.get(&key) {
                Some(now) => format!("`{rule}`{about} in `{file}` is in `{now}` now, and stays covered"),
                None if left == 0 => return None,
                None if read.contains(file) => format!("`{rule}`{about} is not found in `{file}` any more"),
                None if self.folder.join(file).exists() => return None,
                None => format!("`{rule}`{about}: there is no file `{file}` any more"),
            };
            // The head is the first line.
            let region = Region::at(&lines, Position { line: index + 2, column: 1 });
            let place = Place::File { path: Arc::clone(&self.path), document: None, item: None };
            let found = plimsoll_policy::Finding::new(&UNUSED_BASELINE, Pointer::ROOT, why)
                .help("write the baseline again: --write-baseline FILE");
            let text = format!("{file} {fingerprint}");
            Some(Finding::of_text(host_rules::POLICY, level, found, (place, region), &text))
        };
        self.entries.iter().enumerate().filter_map(said).collect()
    }
}

/// Writes a baseline of a report for a file, and marks its findings as covered.
///
/// # Errors
/// Those of the stream.
pub fn write(report: &mut Report, file: &Path, working: &Path, out: &mut dyn Write) -> io::Result<()> {
    let folder = folder(file, working);
    let mut entries: BTreeMap<(String, String), Entry> = BTreeMap::new();
    for finding in report.findings.iter_mut().filter(|finding| is_in_baseline(finding)) {
        let Some(file) = named(&finding.location.place, &folder, working) else { continue };
        finding.status = Status::Baselined;
        let fingerprint = finding.fingerprint.to_string();
        let entry = entries.entry((file.clone(), fingerprint.clone())).or_insert_with(|| Entry {
            file,
            rule: finding.rule.clone(),
            object: finding.object.as_ref().map(ToString::to_string),
            container: finding.container.clone(),
            fingerprint,
            count: 0,
        });
        entry.count += 1;
    }
    let mut entries: Vec<Entry> = entries.into_values().collect();
    entries.sort();
    serde_json::to_writer(&mut *out, &Head { version: VERSION })?;
    writeln!(out)?;
    for entry in entries {
        serde_json::to_writer(&mut *out, &entry)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The lines of the file. Errors say which line, and what is wrong with it.
fn entries(text: &str) -> Result<Vec<Entry>, (usize, String)> {
    const REWRITE: &str = "write it again with --write-baseline";
    let mut lines = text.lines().enumerate();
    let head = lines.next().and_then(|(_, line)| serde_json::from_str::<Head>(line).ok());
    match head {
        Some(Head { version: VERSION }) => {}
        Some(Head { version }) => {
            return Err((1, format!("a baseline of version {version}; this program reads {VERSION}")));
        }
        None => return Err((1, format!("not a baseline; {REWRITE}"))),
    }
    let entry = |(index, line): (usize, &str)| {
        let entry: Result<Entry, _> = serde_json::from_str(line);
        entry.map_err(|error| {
            // Its own place counts from the beginning of the line.
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default();
            (index + 1, format!("not an entry of a baseline: {why}; {REWRITE}"))
        })
    };
    lines.map(entry).collect()
}

/// Findings about exceptions and the baseline itself are never in one.
fn is_in_baseline(finding: &Finding) -> bool {
    finding.policy != host_rules::POLICY && !matches!(finding.status, Status::Excepted { .. })
}

fn is_for_baseline(finding: &Finding) -> bool {
    finding.is_open() && is_in_baseline(finding)
}

/// A file as a baseline names it; none for what is in no file.
fn named(place: &Place, folder: &Path, working: &Path) -> Option<String> {
    let path = place.path()?;
    Some(match is_of_no_file(path) {
        true => path.to_string(),
        false => from_folder(folder, &plain(&working.join(&**path))),
    })
}

fn folder(file: &Path, working: &Path) -> PathBuf {
    plain(&working.join(file)).parent().unwrap_or(working).to_owned()
}
