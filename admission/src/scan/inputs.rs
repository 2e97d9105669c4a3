//! Which files a scan reads: files, folders and globs that the user named, to a sorted list of sources.
//!
//! What is passed over on the way is counted, never dropped in silence. `.gitignore` is respected as ripgrep does.

use anyhow::{Context, Result};
use globset::{Glob, GlobSet, GlobSetBuilder};
use ignore::{DirEntry, WalkBuilder};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
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
}

/// Folders and files that a scan passes over.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Folders whose name begins with a dot; `.git` is not worth a word.
    pub hidden_folders: usize,
    /// Manifests whose name begins with a dot.
    pub hidden_files: usize,
    /// Manifests and folders that are symbolic links: what they point to is read under its own name.
    pub symbolic_links: usize,
    /// Helm charts, whose raw templates are no YAML.
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

/// Compiles `--exclude`. A glob without a slash matches at any depth.
///
/// # Errors
/// The glob that does not parse.
pub fn exclude(globs: &[String]) -> Result<GlobSet> {
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

    fn add_glob(&mut self, path: &Path, base: &Path, glob: &Glob, walk: &Walk) {
        let matcher = glob.compile_matcher();
        let before = self.sources.len();
        self.add_folder(base, walk, |file| matcher.is_match(file));
        if self.sources.len() == before {
            self.unreadable.push((path.to_owned(), "no file matches".to_owned()));
        }
    }

    fn add_folder(&mut self, folder: &Path, walk: &Walk, wanted: impl Fn(&Path) -> bool) {
        let passed_over = Arc::new(Mutex::new(PassedOver::default()));
        let mut files = Vec::new();
        for entry in walker(folder, walk, Arc::clone(&passed_over)) {
            match entry {
                Ok(entry) if !wanted(entry.path()) => {}
                Ok(entry) if entry.path_is_symlink() && entry.depth() > 0 => {
                    if is_manifest(entry.path()) || entry.path().is_dir() {
                        lock(&passed_over).symbolic_links += 1;
                    }
                }
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    if is_manifest(entry.path()) {
                        files.push(Source::File(shown(entry.path())));
                    }
                }
                Ok(_) => {}
                Err(error) => self.unreadable.push((folder.to_owned(), error.to_string())),
            }
        }
        files.sort();
        self.sources.append(&mut files);
        self.passed_over.add(&lock(&passed_over));
    }
}

impl PassedOver {
    fn add(&mut self, other: &PassedOver) {
        self.hidden_folders += other.hidden_folders;
        self.hidden_files += other.hidden_files;
        self.symbolic_links += other.symbolic_links;
        self.charts.extend(other.charts.iter().cloned());
    }
}

fn walker(folder: &Path, walk: &Walk, passed_over: Arc<Mutex<PassedOver>>) -> ignore::Walk {
    let (hidden, exclude) = (walk.hidden, walk.exclude.clone());
    let root = folder.to_owned();
    let decide = move |entry: &DirEntry| {
        if entry.depth() == 0 {
            return true;
        }
        let path = entry.path();
        let name = entry.file_name().to_string_lossy();
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let below = path.strip_prefix(&root).unwrap_or(path);
        if exclude.is_match(below) || (is_folder && name == ".git") {
            return false;
        }
        if name.starts_with('.') && !hidden {
            match is_folder {
                true => lock(&passed_over).hidden_folders += 1,
                false if is_manifest(path) => lock(&passed_over).hidden_files += 1,
                false => {}
            }
            return false;
        }
        if is_folder && is_chart_templates(path) {
            lock(&passed_over).charts.push(chart_of(path));
            return false;
        }
        true
    };
    WalkBuilder::new(folder)
        .hidden(false)
        .parents(walk.ignore_files)
        .ignore(walk.ignore_files)
        .git_ignore(walk.ignore_files)
        .git_global(walk.ignore_files)
        .git_exclude(walk.ignore_files)
        .filter_entry(decide)
        .build()
}

/// Raw Helm templates are no YAML before they are rendered.
fn is_chart_templates(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "templates")
        && folder.parent().is_some_and(|chart| chart.join("Chart.yaml").is_file())
}

fn chart_of(templates: &Path) -> String {
    templates.parent().map(shown).unwrap_or_default().display().to_string()
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// A path as people write it: without a leading `./`.
fn shown(path: &Path) -> PathBuf {
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

fn lock(passed_over: &Mutex<PassedOver>) -> std::sync::MutexGuard<'_, PassedOver> {
    passed_over.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
