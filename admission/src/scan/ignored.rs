//! Which files and folders `.gitignore`, `.ignore` and their like leave out, and which of these files says so.
//!
//! As in ripgrep: the file nearest to a path decides, `.ignore` before `.gitignore`; git's own files count in a
//! repository only, and end at its top folder.

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder, Glob},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The rules in a folder and in all above it.
#[derive(Debug)]
pub(super) struct Rules {
    above: Option<Arc<Rules>>,
    folder: PathBuf,
    /// `.ignore`.
    plain: Gitignore,
    /// `.gitignore`.
    git: Gitignore,
    /// `.git/info/exclude`.
    exclude: Gitignore,
    is_repository: bool,
}

/// What leaves a path out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ignored {
    /// The file that says so.
    pub(super) by: PathBuf,
    /// The top folder of the repository, where it is one of git's files.
    pub(super) repository: Option<PathBuf>,
}

impl Rules {
    /// Those that hold in a folder, given as an absolute path.
    pub(super) fn of(folder: &Path) -> Arc<Rules> {
        let mut folders: Vec<&Path> = folder.ancestors().collect();
        let top = folders.pop().unwrap_or(folder);
        folders.iter().rev().fold(Arc::new(Rules::new(None, top)), |rules, folder| rules.below(folder))
    }

    /// Those that hold in a folder of this one.
    pub(super) fn below(self: &Arc<Self>, folder: &Path) -> Arc<Rules> {
        Arc::new(Rules::new(Some(Arc::clone(self)), folder))
    }

    fn new(above: Option<Arc<Rules>>, folder: &Path) -> Self {
        Rules {
            above,
            plain: read(folder, ".ignore"),
            git: read(folder, ".gitignore"),
            exclude: read(folder, ".git/info/exclude"),
            is_repository: folder.join(".git").exists(),
            folder: folder.to_owned(),
        }
    }

    /// Whether a path in this folder is left out. `global` are the rules of the user.
    pub(super) fn ignored(&self, path: &Path, is_folder: bool, global: &Gitignore) -> Option<Ignored> {
        let levels = || std::iter::successors(Some(self), |rules| rules.above.as_deref());
        let top = levels().find(|rules| rules.is_repository);
        let plain = levels().map(|rules| rules.plain.matched(path, is_folder)).find(|found| !found.is_none());
        let found = plain.unwrap_or(Match::None);
        if !found.is_none() {
            return by(&found, None);
        }
        let top = top?;
        let in_repository = || levels().take_while(|rules| rules.folder.starts_with(&top.folder));
        let git = in_repository().map(|rules| rules.git.matched(path, is_folder)).find(|found| !found.is_none());
        let found = git.unwrap_or(Match::None);
        let found = found.or(top.exclude.matched(path, is_folder)).or(global.matched(path, is_folder));
        by(&found, Some(&top.folder))
    }
}

fn by(found: &Match<&Glob>, repository: Option<&Path>) -> Option<Ignored> {
    match found {
        Match::Ignore(glob) => {
            let by = glob.from().map(Path::to_owned).unwrap_or_default();
            Some(Ignored { by, repository: repository.map(Path::to_owned) })
        }
        Match::None | Match::Whitelist(_) => None,
    }
}

/// Lines that are not globs are passed over, as git does.
fn read(folder: &Path, name: &str) -> Gitignore {
    let path = folder.join(name);
    if !path.is_file() {
        return Gitignore::empty();
    }
    let mut builder = GitignoreBuilder::new(folder);
    builder.add(path);
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
