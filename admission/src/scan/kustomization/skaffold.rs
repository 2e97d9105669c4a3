//! Skaffold's configurations around the files of an input: the images that Skaffold builds, and whose names it replaces
//! in every manifest that it renders or applies.

use super::{
    file::{parse, parts, text},
    touch::image_name,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

const NAMES: [&str; 2] = ["skaffold.yaml", "skaffold.yml"];

/// The images that Skaffold builds, by the folder of the configuration that says so.
#[derive(Debug, Default)]
pub(super) struct Skaffold {
    builds: BTreeMap<PathBuf, Builds>,
}

#[derive(Debug)]
struct Builds {
    path: PathBuf,
    images: BTreeSet<String>,
}

impl Skaffold {
    /// Reads those in some folders and in the folders above them, as far as the paths name these.
    pub(super) fn around(folders: &BTreeSet<PathBuf>) -> Self {
        let mut seen = BTreeSet::new();
        let mut builds = BTreeMap::new();
        for folder in folders {
            // Where one folder was seen, those above it were.
            for folder in folder.ancestors().take_while(|folder| seen.insert(folder.to_path_buf())) {
                builds.extend(Builds::in_folder(folder).map(|found| (folder.to_owned(), found)));
            }
        }
        Skaffold { builds }
    }

    /// The configuration that builds an image of a file in this folder.
    pub(super) fn building(&self, folder: &Path, image: &str) -> Option<&Path> {
        let name = image_name(image);
        let mut above = folder.ancestors().filter_map(|folder| self.builds.get(folder));
        above.find(|builds| builds.images.contains(name)).map(|builds| builds.path.as_path())
    }
}

impl Builds {
    /// Of the configuration in a folder, if there is one that can be read.
    fn in_folder(folder: &Path) -> Option<Self> {
        let (path, text) = NAMES.iter().find_map(|name| {
            let path = folder.join(name);
            text(&path).map(|text| (path, text))
        })?;
        let images: BTreeSet<String> = parts(&text).filter_map(parse).flat_map(|value| artifacts(&value)).collect();
        (!images.is_empty()).then_some(Builds { path, images })
    }
}

/// `build.artifacts[].image` of a configuration and of its profiles.
fn artifacts(value: &Value) -> Vec<String> {
    let is_skaffold = value.get("apiVersion").and_then(Value::as_str).is_some_and(|api| api.starts_with("skaffold/"));
    let profiles = value.get("profiles").and_then(Value::as_array).into_iter().flatten();
    let builds = std::iter::once(value).chain(profiles).filter(|_| is_skaffold);
    let artifacts = builds.filter_map(|part| part.pointer("/build/artifacts")?.as_array()).flatten();
    artifacts.filter_map(|artifact| artifact.get("image")?.as_str()).map(|image| image_name(image).to_owned()).collect()
}
