//! The files below a folder: each is read, or counted with the reason why not.

use super::{
    git_index::Tracked,
    ignored::{Ignored, Rules},
    inputs::{PassedOver, Walk, is_manifest, shown},
};
use ignore::gitignore::Gitignore;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a walk finds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    pub(super) passed_over: PassedOver,
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

/// Walks a folder. Files that are not wanted are neither read nor counted.
pub(super) fn below(folder: &Path, walk: &Walk, wanted: &dyn Fn(&Path) -> bool) -> Found {
    let mut found = Found::default();
    let top = match fs::canonicalize(folder) {
        Ok(top) => top,
        Err(error) => {
            found.unreadable.push((folder.to_owned(), error.to_string()));
            return found;
        }
    };
    let rules = walk.ignore_files.then(|| Rules::of(&top));
    let global = if walk.ignore_files { Gitignore::global().0 } else { Gitignore::empty() };
    let mut walker = Walker { walk, wanted, top: folder, global, tracked: BTreeMap::new(), found };
    // A stack of its own, so that no folder is too deep.
    let mut open = vec![Folder { path: folder.to_owned(), absolute: top.clone(), rules }];
    while let Some(folder) = open.pop() {
        walker.folder(&folder, &mut open);
    }
    walker.found
}

struct Folder {
    /// As the user named the top.
    path: PathBuf,
    absolute: PathBuf,
    rules: Option<Arc<Rules>>,
}

struct Walker<'a> {
    walk: &'a Walk,
    wanted: &'a dyn Fn(&Path) -> bool,
    top: &'a Path,
    global: Gitignore,
    /// By the top folder of the repository.
    tracked: BTreeMap<PathBuf, Result<Tracked, String>>,
    found: Found,
}

/// What is at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thing {
    Folder,
    File,
    Link,
}

impl Walker<'_> {
    fn folder(&mut self, folder: &Folder, open: &mut Vec<Folder>) {
        let entries = match fs::read_dir(&folder.path) {
            Ok(entries) => entries,
            Err(error) => return self.found.unreadable.push((shown(&folder.path), error.to_string())),
        };
        for entry in entries {
            let (name, kind) = match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok(entry) => entry,
                Err(error) => {
                    self.found.unreadable.push((shown(&folder.path), error.to_string()));
                    continue;
                }
            };
            let thing = match kind {
                kind if kind.is_dir() => Thing::Folder,
                kind if kind.is_symlink() => Thing::Link,
                kind if kind.is_file() => Thing::File,
                _ => continue,
            };
            let (path, absolute) = (folder.path.join(&name), folder.absolute.join(&name));
            if !self.is_passed_over(&path, thing) && !self.is_ignored(folder, &path, &absolute, thing) {
                self.take(path, absolute, thing, folder.rules.as_ref(), open);
            }
        }
    }

    fn take(
        &mut self,
        path: PathBuf,
        absolute: PathBuf,
        thing: Thing,
        rules: Option<&Arc<Rules>>,
        open: &mut Vec<Folder>,
    ) {
        match thing {
            Thing::Folder => {
                let rules = rules.map(|rules| rules.below(&absolute));
                open.push(Folder { path, absolute, rules });
            }
            Thing::Link if is_manifest(&path) && (self.wanted)(&path) || path.is_dir() => {
                self.found.passed_over.count("symbolic link");
            }
            Thing::File if is_manifest(&path) && (self.wanted)(&path) => self.found.files.push(shown(&path)),
            Thing::Link | Thing::File => {}
        }
    }

    /// For what its name or its place tells.
    fn is_passed_over(&mut self, path: &Path, thing: Thing) -> bool {
        let name = path.file_name().unwrap_or_default();
        let is_folder = thing == Thing::Folder;
        if is_folder && name == ".git" {
            return true;
        }
        let counts = is_folder || (is_manifest(path) && (self.wanted)(path));
        let below = path.strip_prefix(self.top).unwrap_or(path);
        let reason = if self.walk.exclude.is_match(below) {
            if is_folder { "excluded folder" } else { "excluded file" }
        } else if name.as_bytes().starts_with(b".") && !self.walk.hidden {
            if is_folder { "hidden folder" } else { "hidden file" }
        } else if is_folder && is_chart_templates(path) {
            self.found.passed_over.charts.extend(path.parent().map(|chart| shown(chart).display().to_string()));
            "chart folder"
        } else {
            return false;
        };
        if counts {
            self.found.passed_over.count(reason);
        }
        true
    }

    fn is_ignored(&mut self, folder: &Folder, path: &Path, absolute: &Path, thing: Thing) -> bool {
        let is_folder = thing == Thing::Folder;
        let rules = folder.rules.as_ref();
        let Some(ignored) = rules.and_then(|rules| rules.ignored(absolute, is_folder, &self.global)) else {
            return false;
        };
        let counts = is_folder || (is_manifest(path) && (self.wanted)(path));
        if !counts {
            return true;
        }
        match self.is_tracked(&ignored, path, absolute, is_folder) {
            Ok(true) => return false,
            Ok(false) => self.found.passed_over.count(format!("ignored by {}", self.name(&ignored.by))),
            Err(why) => {
                let reason = format!("ignored by {} (what git tracks is not known: {why})", self.name(&ignored.by));
                self.found.passed_over.count(reason);
            }
        }
        true
    }

    /// Whether git tracks it all the same. Of a folder, the tracked files are taken, and the rest is ignored.
    fn is_tracked(&mut self, ignored: &Ignored, path: &Path, absolute: &Path, is_folder: bool) -> Result<bool, String> {
        let Some(repository) = &ignored.repository else { return Ok(false) };
        let tracked = self.tracked.entry(repository.clone()).or_insert_with(|| Tracked::of(repository));
        let tracked = tracked.as_ref().map_err(String::clone)?;
        let Ok(inside) = absolute.strip_prefix(repository) else { return Ok(false) };
        let inside = inside.as_os_str().as_bytes();
        if !is_folder {
            return Ok(tracked.has(inside));
        }
        let below =
            |file: &[u8]| path.join(PathBuf::from(std::ffi::OsString::from_vec(file[inside.len() + 1..].to_vec())));
        let files: Vec<PathBuf> = tracked.below(inside).map(below).filter(|file| is_manifest(file)).collect();
        for file in files {
            self.tracked_file(path, &file);
        }
        Ok(false)
    }

    /// A tracked file below an ignored folder, unless something else passes it over.
    fn tracked_file(&mut self, ignored: &Path, file: &Path) {
        let is_file = fs::symlink_metadata(file).is_ok_and(|data| data.is_file());
        if !is_file || !(self.wanted)(file) {
            return;
        }
        let within = file.ancestors().skip(1).take_while(|folder| *folder != ignored);
        let hides = |folder: &&Path| {
            let name = folder.file_name().unwrap_or_default().as_bytes();
            let below = folder.strip_prefix(self.top).unwrap_or(folder);
            self.walk.exclude.is_match(below)
                || (name.starts_with(b".") && !self.walk.hidden)
                || is_chart_templates(folder)
        };
        if within.into_iter().any(|folder| hides(&folder)) {
            return self.found.passed_over.count("tracked file in a folder that is passed over");
        }
        if !self.is_passed_over(file, Thing::File) {
            self.found.files.push(shown(file));
        }
    }

    /// A file that ignores others, as a path from the working directory where it is below it.
    fn name(&self, file: &Path) -> String {
        let here = std::env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
        let name = file.strip_prefix(&here).ok().or_else(|| file.file_name().map(Path::new));
        name.unwrap_or(file).display().to_string()
    }
}

/// Raw Helm templates are not YAML before they are rendered.
fn is_chart_templates(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "templates")
        && folder.parent().is_some_and(|chart| chart.join("Chart.yaml").is_file())
}
