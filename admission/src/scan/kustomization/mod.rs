//! The kustomizations of an input: which files they list as patches, and which images of the other files they may
//! change; and the images that Skaffold replaces. What they make of it all, only kustomize and Skaffold know.

mod file;
mod skaffold;
mod touch;

use crate::scan::inputs::Source;
use file::Kustomization;
use plimsoll_policy::{Workload, workload::Container};
use skaffold::Skaffold;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Component, Path, PathBuf},
};

/// What the kustomizations of an input say of its files.
#[derive(Debug, Default)]
pub struct Kustomizations {
    all: Vec<Kustomization>,
    /// Files that are listed as patches, and the field that lists each.
    patches: BTreeMap<PathBuf, &'static str>,
    /// Files that are listed as resources, and the kustomizations that lead to each.
    resources: BTreeMap<PathBuf, Vec<usize>>,
    skaffold: Skaffold,
}

impl Kustomizations {
    /// Reads the kustomizations among some sources and in their folders, and the components that those name. One that
    /// does not parse lists nothing here; it is reported where it is scanned.
    pub fn of(sources: &[Source]) -> Self {
        let folders = sources.iter().filter_map(file).map(|path| normal(path.parent().unwrap_or(Path::new(""))));
        let folders: BTreeSet<PathBuf> = folders.collect();
        let skaffold = Skaffold::around(&folders);
        let all = read(folders);
        let mut patches = BTreeMap::new();
        for kustomization in &all {
            patches.extend(kustomization.patches.iter().map(|(path, field)| (path.clone(), *field)));
        }
        let leading = leading(&all);
        let mut resources: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for (index, kustomization) in all.iter().enumerate() {
            for path in &kustomization.resources {
                resources.entry(path.clone()).or_default().extend(&leading[index]);
            }
        }
        for lists in resources.values_mut() {
            lists.sort_unstable();
            lists.dedup();
        }
        Kustomizations { all, patches, resources, skaffold }
    }

    /// The field of a kustomization that lists a file as a patch.
    pub fn patch(&self, source: &Source) -> Option<&'static str> {
        if self.patches.is_empty() {
            return None;
        }
        self.patches.get(&normal(file(source)?)).copied()
    }

    /// Whether the kustomization in the folder of a file takes objects from elsewhere too.
    pub fn reaches_out(&self, source: &Source) -> bool {
        let Some(folder) = file(source).and_then(|path| normal(path).parent().map(Path::to_owned)) else {
            return false;
        };
        self.all.iter().any(|kustomization| kustomization.folder == folder && kustomization.reaches_out)
    }

    /// What leads to a file.
    pub fn leading_to(&self, source: &Source) -> Leading<'_> {
        let Some(path) = file(source).map(normal) else { return Leading::default() };
        let leading = self.resources.get(&path).into_iter().flatten().map(|index| &self.all[*index]);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Leading { all: leading.collect(), skaffold: Some((&self.skaffold, folder)) }
    }
}

/// What one file goes through before it is applied: the kustomizations that lead to it, and Skaffold.
#[derive(Debug, Default, Clone)]
pub struct Leading<'a> {
    all: Vec<&'a Kustomization>,
    /// With the folder of the file.
    skaffold: Option<(&'a Skaffold, PathBuf)>,
}

impl Leading<'_> {
    /// Where the image of a container may be another once it is rendered: the file that may change it, with the field
    /// that does.
    pub fn change(&self, workload: &Workload, container: &Container) -> Option<String> {
        let kustomized = self.all.iter().find_map(|kustomization| {
            let field = kustomization.touches.iter().find_map(|touch| touch.field(workload, container))?;
            Some(format!("`{field}` of {}", kustomization.path.display()))
        });
        kustomized.or_else(|| {
            let (skaffold, folder) = self.skaffold.as_ref()?;
            let path = skaffold.building(folder, &container.image)?;
            Some(format!("`build.artifacts` of {}", path.display()))
        })
    }
}

/// Those in the folders, and then those of the components that they name, wherever they are.
fn read(folders: BTreeSet<PathBuf>) -> Vec<Kustomization> {
    let mut all: Vec<Kustomization> = folders.iter().filter_map(|folder| Kustomization::in_folder(folder)).collect();
    let mut seen = folders;
    let mut next = 0;
    while let Some(kustomization) = all.get(next) {
        let components: Vec<PathBuf> =
            kustomization.components.iter().filter(|folder| seen.insert((*folder).clone())).cloned().collect();
        all.extend(components.iter().filter_map(|folder| Kustomization::in_folder(folder)));
        next += 1;
    }
    with_components(&mut all);
    all
}

/// What a component changes, it changes in all resources of the kustomization that names it.
fn with_components(all: &mut [Kustomization]) {
    let by_folder: BTreeMap<PathBuf, usize> = by_folder(all);
    for index in 0..all.len() {
        let mut touches = Vec::new();
        for component in reachable(index, |index| all[index].components.clone(), &by_folder) {
            touches.extend(all[component].own_touches());
        }
        if all[index].components.iter().any(|component| !by_folder.contains_key(component)) {
            touches.push(touch::Touch::Anything("components"));
        }
        all[index].touches.extend(touches);
    }
}

/// For each kustomization: itself and all whose resources lead to it.
fn leading(all: &[Kustomization]) -> Vec<Vec<usize>> {
    let by_folder = by_folder(all);
    let mut parents: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
    for (index, kustomization) in all.iter().enumerate() {
        let listed = kustomization.resources.iter().chain(&kustomization.components);
        for child in listed.filter_map(|path| by_folder.get(path)) {
            parents[*child].push(index);
        }
    }
    (0..all.len()).map(|index| closure(index, |index| parents[index].clone())).collect()
}

fn by_folder(all: &[Kustomization]) -> BTreeMap<PathBuf, usize> {
    all.iter().enumerate().map(|(index, kustomization)| (kustomization.folder.clone(), index)).collect()
}

/// Everything that is reached from a kustomization by folders, without itself.
fn reachable(start: usize, next: impl Fn(usize) -> Vec<PathBuf>, by_folder: &BTreeMap<PathBuf, usize>) -> Vec<usize> {
    let known = |index| next(index).iter().filter_map(|folder| by_folder.get(folder).copied()).collect::<Vec<_>>();
    closure(start, known).into_iter().filter(|index| *index != start).collect()
}

fn closure(start: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut seen = BTreeSet::from([start]);
    let mut open = VecDeque::from([start]);
    while let Some(index) = open.pop_front() {
        open.extend(next(index).into_iter().filter(|found| seen.insert(*found)));
    }
    seen.into_iter().collect()
}

fn file(source: &Source) -> Option<&Path> {
    match source {
        Source::Stdin | Source::Rendered(_) => None,
        Source::File(path) => Some(path),
    }
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
