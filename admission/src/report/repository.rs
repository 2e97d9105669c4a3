//! Paths as a code host has them: from the top folder of the repository, however the user named the file.

use crate::{finding::is_of_no_file, paths::plain};
use std::path::{Path, PathBuf};

/// The folder that paths are told from, and the one that the user's paths are relative to. Both are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    top: PathBuf,
    working: PathBuf,
}

impl Repository {
    /// Of a working folder: the top of its git repository, or itself outside of one.
    pub fn of(working: &Path) -> Self {
        let top = working.ancestors().find(|folder| folder.join(".git").exists());
        Repository { top: top.unwrap_or(working).to_owned(), working: working.to_owned() }
    }

    /// The top folder.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// A file's path from the top folder, with `/` between its parts; none for what is not a file there, such as
    /// standard input or what was rendered. Nothing is read: links are not followed.
    pub fn path(&self, file: &str) -> Option<String> {
        if is_of_no_file(file) {
            return None;
        }
        let path = plain(&self.working.join(file));
        let parts: Vec<_> =
            path.strip_prefix(&self.top).ok()?.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        (!parts.is_empty()).then(|| parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_top_of_the_repository() {
        let repository = Repository { top: "/src/shop".into(), working: "/src/shop/deploy".into() };
        for (file, expected) in [
            ("app.yaml", Some("deploy/app.yaml")),
            ("./a/../app.yaml", Some("deploy/app.yaml")),
            ("../plimsoll.yaml", Some("plimsoll.yaml")),
            ("/src/shop/x/app.yaml", Some("x/app.yaml")),
            ("../../other/app.yaml", None),
            ("/src/shopping/app.yaml", None),
            ("..", None),
            ("<stdin>", None),
            ("<helm deploy/chart>", None),
        ] {
            assert_eq!(repository.path(file).as_deref(), expected, "{file}");
        }
    }
}
