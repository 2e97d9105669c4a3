//! Paths as names: nothing here looks at a disk.

use std::path::{Component, Path, PathBuf};

/// An absolute path without `.` and `..`.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// A path as it is named from a folder, with `/` between its parts and `..` where it leads out. Both are absolute and
/// [`plain`].
pub fn from_folder(folder: &Path, path: &Path) -> String {
    let shared = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), folder.components().count() - shared);
    let down = path.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_path_from_a_folder() {
        for (folder, path, expected) in [
            ("/src/shop", "/src/shop/deploy/app.yaml", "deploy/app.yaml"),
            ("/src/shop/deploy", "/src/shop/app.yaml", "../app.yaml"),
            ("/src/shop", "/src/shopping/app.yaml", "../shopping/app.yaml"),
            ("/", "/app.yaml", "app.yaml"),
            ("/a", "/a", ""),
        ] {
            assert_eq!(from_folder(folder.as_ref(), path.as_ref()), expected);
        }
        assert_eq!(plain("/a/./b/../../c".as_ref()), Path::new("/c"));
        assert_eq!(plain("/../a".as_ref()), Path::new("/a"));
    }
}
