//! Which files a `kustomization.yaml` lists: what it makes of them, only kustomize knows.

use crate::{manifest::Single, scan::inputs::Source};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files that the kustomizations beside some sources list.
#[derive(Debug, Default)]
pub struct Listed {
    files: BTreeSet<PathBuf>,
}

impl Listed {
    /// Reads the kustomizations in the folders of these sources. One that does not parse lists nothing here; it is
    /// reported where it is scanned.
    pub fn beside(sources: &[Source]) -> Self {
        let folders: BTreeSet<&Path> = sources.iter().filter_map(file).filter_map(Path::parent).collect();
        let files = folders.into_iter().flat_map(listed_in).collect();
        Listed { files }
    }

    /// Whether one of them lists this source.
    pub fn contains(&self, source: &Source) -> bool {
        !self.files.is_empty() && file(source).is_some_and(|path| self.files.contains(&normal(path)))
    }
}

fn file(source: &Source) -> Option<&Path> {
    match source {
        Source::File(path) => Some(path),
        Source::Stdin => None,
    }
}

fn listed_in(folder: &Path) -> Vec<PathBuf> {
    let text = NAMES.iter().find_map(|name| fs::read_to_string(folder.join(name)).ok());
    let value = text.and_then(|text| Single::new(&text).and_then(|single| single.value()).ok());
    let resources = value.as_ref().and_then(|value| value.get("resources")).and_then(Value::as_array);
    resources.into_iter().flatten().filter_map(Value::as_str).map(|name| normal(&folder.join(name))).collect()
}

/// The path without `.` and `..`, so that two ways to write it are equal.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_to_write_a_path_are_equal() {
        for (written, expected) in [
            ("./a/../b.yaml", "b.yaml"),
            ("base/./app.yaml", "base/app.yaml"),
            ("../base/app.yaml", "../base/app.yaml"),
        ] {
            assert_eq!(normal(Path::new(written)), Path::new(expected));
        }
    }
}
