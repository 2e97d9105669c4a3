//! Which sources may be one set: the files of one folder.

use super::inputs::Source;
use std::{collections::BTreeMap, path::Path};

/// A folder of more files is no set: all of them would have to stay in memory. Each is one by itself then.
const FILES: usize = 1000;

/// The indices of the sources, those together that are files of one folder. Each is alone where nothing asks for sets.
pub(super) fn groups(sources: &[Source], wants_sets: bool) -> Vec<Vec<usize>> {
    if !wants_sets {
        return (0..sources.len()).map(|index| vec![index]).collect();
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut by_folder: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        match source {
            Source::File(path) => by_folder.entry(path.parent().unwrap_or(Path::new(""))).or_default().push(index),
            Source::Stdin | Source::Rendered(_) => groups.push(vec![index]),
        }
    }
    for files in by_folder.into_values() {
        match files.len() > FILES {
            true => groups.extend(files.into_iter().map(|index| vec![index])),
            false => groups.push(files),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_folder_are_together_unless_there_are_too_many() {
        let file = |path: &str| Source::File(path.into());
        let sources = [file("b/x.yaml"), Source::Stdin, file("a/y.yaml"), file("b/z.yaml"), file("w.yaml")];
        assert_eq!(groups(&sources, true), [vec![1], vec![4], vec![2], vec![0, 3]]);
        assert_eq!(groups(&sources, false).len(), 5);
        let many: Vec<Source> = (0..=FILES).map(|index| file(&format!("a/{index}.yaml"))).collect();
        assert_eq!(groups(&many, true).len(), FILES + 1);
        assert_eq!(groups(&many[1..], true).len(), 1);
    }
}
