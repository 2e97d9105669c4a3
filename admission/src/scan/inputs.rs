//! Which files a scan reads: files, folders and globs that the user named, to a sorted list of sources.
//!
//! What is passed over on the way is counted, never dropped in silence. `.gitignore` is respected as git does: a file that git
//! tracks is read.

use super::{
    rendered::Rendered,
    walk::{self, Found},
};
use anyhow::{Context, Result};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What to look at and what to leave out.
#[derive(Debug)]
pub struct Walk {
    /// Look into hidden files and folders.
    pub hidden: bool,
    /// Respect .gitignore and .ignore.
    pub ignore_files: bool,
    /// Leave out what matches.
    pub exclude: GlobSet,
}

/// One text to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// What a program rendered.
    Rendered(Arc<Rendered>),
}

impl Source {
    /// As reports name it; `stdin` is the name of standard input.
    pub fn name(&self, stdin: &str) -> String {
        match self {
            Source::Stdin => stdin.to_owned(),
            Source::File(path) => path.display().to_string(),
            Source::Rendered(rendered) => rendered.name.clone(),
        }
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Source::File(path) => Some(path),
            Source::Stdin | Source::Rendered(_) => None,
        }
    }
}

/// Folders and files that a scan passes over.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// How many, by reason. `.git` is not worth a word, nor is a file that is not named like a manifest.
    pub counts: BTreeMap<String, usize>,
    /// Helm charts, whose raw templates are not YAML.
    pub charts: Vec<String>,
}

/// What a scan reads and what it passes over.
#[derive(Debug, Default)]
pub struct Inputs {
    /// In the order in which they are reported.
    pub sources: Vec<Source>,
    /// Folders and files that were passed over.
    pub passed_over: PassedOver,
    /// Paths that cannot be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Compiles globs of `--exclude` and of the configuration. A glob without a slash matches at any depth.
///
/// # Errors
/// The glob that does not parse.
pub fn exclude<'a>(globs: impl IntoIterator<Item = &'a String>) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let compiled = |text: &str| Glob::new(text).with_context(|| format!("--exclude {glob}"));
        let trimmed = glob.strip_prefix("./").unwrap_or(glob).trim_end_matches('/');
        set.add(compiled(trimmed)?);
        set.add(compiled(&format!("**/{trimmed}"))?);
    }
    Ok(set.build()?)
}

impl Inputs {
    /// Finds everything to read below the paths that the user named. A named file is read whatever its name is.
    pub fn find(paths: &[PathBuf], walk: &Walk) -> Inputs {
        let mut inputs = Inputs::default();
        for path in paths {
            if path == Path::new("-") {
                inputs.sources.push(Source::Stdin);
            } else if path.is_dir() {
                inputs.add_folder(path, walk, |_| true);
            } else if let Some((base, glob)) = as_glob(path) {
                inputs.add_glob(path, &base, &glob, walk);
            } else {
                inputs.sources.push(Source::File(shown(path)));
            }
        }
        let mut seen = BTreeSet::new();
        inputs.sources.retain(|source| seen.insert(source.clone()));
        inputs
    }

    /// What is read, by the names that reports use. `stdin` is that of standard input.
    pub fn paths(&self, stdin: &str) -> Vec<String> {
        self.sources.iter().map(|source| source.name(stdin)).collect()
    }

    fn add_glob(&mut self, path: &Path, base: &Path, glob: &Glob, walk: &Walk) {
        let matcher = glob.compile_matcher();
        let before = self.sources.len();
        self.add_folder(base, walk, |file| matcher.is_match(file));
        if self.sources.len() == before {
            self.unreadable.push((path.to_owned(), "no file matches".to_owned()));
        }
    }

    fn add_folder(&mut self, folder: &Path, walk: &Walk, wanted: impl Fn(&Path) -> bool) {
        let Found { mut files, passed_over, unreadable } = walk::below(folder, walk, &wanted);
        files.sort();
        self.sources.extend(files.into_iter().map(Source::File));
        self.passed_over.add(passed_over);
        self.unreadable.extend(unreadable);
    }
}

impl PassedOver {
    pub(super) fn count(&mut self, reason: impl Into<String>) {
        *self.counts.entry(reason.into()).or_default() += 1;
    }

    fn add(&mut self, other: PassedOver) {
        for (reason, count) in other.counts {
            *self.counts.entry(reason).or_default() += count;
        }
        self.charts.extend(other.charts);
    }
}

/// Whether a file is named like a manifest.
pub fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// A path as people write it: without a leading `./`.
pub(super) fn shown(path: &Path) -> PathBuf {
    match path.strip_prefix(".") {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_owned(),
        _ => path.to_owned(),
    }
}

/// The folder to walk and the glob to match, for a path that does not exist and has a wildcard: shells leave such a
/// one alone when it is quoted.
fn as_glob(path: &Path) -> Option<(PathBuf, Glob)> {
    let text = path.to_str()?;
    if path.exists() || !text.contains(['*', '?', '[', '{']) {
        return None;
    }
    let literal: PathBuf = path
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    let base = if literal.as_os_str().is_empty() { PathBuf::from(".") } else { literal };
    let text = if base == Path::new(".") { format!("./{}", text.trim_start_matches("./")) } else { text.to_owned() };
    Some((base, globset::GlobBuilder::new(&text).literal_separator(true).build().ok()?))
}
