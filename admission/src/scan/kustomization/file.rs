//! One `kustomization.yaml`: what it lists, and what it may change.

use super::{
    normal,
    touch::{Patch, Target, Touch},
};
use crate::manifest::{Limits, Single};
use serde_json::Value;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a kustomization lists, as paths from the working directory.
#[derive(Debug)]
pub(super) struct Kustomization {
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
    /// Files, and folders of other kustomizations.
    pub(super) resources: Vec<PathBuf>,
    pub(super) components: Vec<PathBuf>,
    /// Files that are patches, and the field that lists them.
    pub(super) patches: Vec<(PathBuf, &'static str)>,
    /// What may change an image: its own, and those of its components.
    pub(super) touches: Vec<Touch>,
    own: usize,
    /// Whether objects come from anywhere else than the files beside it.
    pub(super) reaches_out: bool,
}

impl Kustomization {
    /// The one in a folder, if there is one that can be read.
    pub(super) fn in_folder(folder: &Path) -> Option<Self> {
        let (path, text) = NAMES.iter().find_map(|name| {
            let path = folder.join(name);
            text(&path).map(|text| (path, text))
        })?;
        let value = parse(&text)?;
        let paths = |field: &str| texts(&value, field).map(|name| normal(&folder.join(name))).collect::<Vec<_>>();
        let mut reader = Reader { folder, value: &value, patches: Vec::new(), touches: Vec::new() };
        reader.read();
        let Reader { patches, touches, .. } = reader;
        let resources = [paths("resources"), paths("bases")].concat();
        let is_beside = |path: &PathBuf| path.parent() == Some(folder) && path.is_file();
        let others = ["components", "helmCharts", "helmChartInflationGenerator", "generators"];
        Some(Kustomization {
            path,
            folder: folder.to_owned(),
            reaches_out: !resources.iter().all(is_beside)
                || others.iter().any(|field| !items(&value, field).is_empty()),
            resources,
            components: paths("components"),
            patches: with_files(patches, paths("components")),
            own: touches.len(),
            touches,
        })
    }

    /// What it may change itself, without its components.
    pub(super) fn own_touches(&self) -> Vec<Touch> {
        self.touches[..self.own].to_vec()
    }
}

/// A component is a folder; a file in its place is merged as a patch is.
fn with_files(mut patches: Vec<(PathBuf, &'static str)>, components: Vec<PathBuf>) -> Vec<(PathBuf, &'static str)> {
    patches.extend(components.into_iter().filter(|path| path.is_file()).map(|path| (path, "components")));
    patches
}

struct Reader<'a> {
    folder: &'a Path,
    value: &'a Value,
    patches: Vec<(PathBuf, &'static str)>,
    touches: Vec<Touch>,
}

impl Reader<'_> {
    fn read(&mut self) {
        for image in items(self.value, "images") {
            self.touches.extend(image.get("name").and_then(Value::as_str).map(|name| Touch::Image(name.to_owned())));
        }
        for field in ["patches", "patchesJson6902"] {
            for patch in items(self.value, field) {
                let target = Target::of(patch.get("target"));
                match (patch.get("path").and_then(Value::as_str), patch.get("patch").and_then(Value::as_str)) {
                    (Some(path), _) => self.file(path, field, target),
                    (None, Some(text)) => self.patch(text, field, &target),
                    (None, None) => {}
                }
            }
        }
        for patch in texts(self.value, "patchesStrategicMerge") {
            // A path, or the patch itself.
            if patch.contains('\n') {
                self.patch(patch, "patchesStrategicMerge", &Target::default());
            } else {
                self.file(patch, "patchesStrategicMerge", Target::default());
            }
        }
        self.replacements();
        if !items(self.value, "transformers").is_empty() {
            self.touches.push(Touch::Anything("transformers"));
        }
    }

    fn file(&mut self, path: &str, field: &'static str, target: Target) {
        let path = normal(&self.folder.join(path));
        match text(&path) {
            Some(text) => self.patch(&text, field, &target),
            None => self.touches.push(Touch::Patch { field, target, patch: Patch::Unknown }),
        }
        self.patches.push((path, field));
    }

    fn patch(&mut self, text: &str, field: &'static str, target: &Target) {
        for part in parts(text) {
            let patch = parse(part).map_or(Patch::Unknown, |value| Patch::of(&value));
            let target = if target.is_given { target.clone() } else { Target::of_patch(part) };
            self.touches.push(Touch::Patch { field, target, patch });
        }
    }

    fn replacements(&mut self) {
        for replacement in items(self.value, "replacements") {
            let Some(path) = replacement.get("path").and_then(Value::as_str) else {
                self.touches.extend(replaced(replacement));
                continue;
            };
            match text(&self.folder.join(path)).as_deref().and_then(parse) {
                Some(Value::Array(all)) => self.touches.extend(all.iter().flat_map(replaced)),
                Some(one) => self.touches.extend(replaced(&one)),
                None => self.touches.push(Touch::Anything("replacements")),
            }
        }
    }
}

fn replaced(replacement: &Value) -> Vec<Touch> {
    let touch = |target: &Value| {
        let may_be_image = texts(target, "fieldPaths").any(may_lead_to_image);
        may_be_image.then(|| Touch::Patch {
            field: "replacements",
            target: Target::of(target.get("select")),
            patch: Patch::Unknown,
        })
    };
    items(replacement, "targets").iter().filter_map(touch).collect()
}

/// `spec.template.spec.containers.[name=app].image`, or what holds it.
fn may_lead_to_image(path: &str) -> bool {
    let mut steps = path.rsplit('.');
    let is_list = |step: &str| ["containers", "initContainers"].contains(&step);
    let last = steps.next().unwrap_or_default();
    is_list(last) || ["image", "spec", "template"].contains(&last) || steps.next().is_some_and(is_list)
}

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn texts<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a str> {
    items(value, field).iter().filter_map(Value::as_str)
}

/// The documents of a patch or of a configuration: several may stand in one file.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("\n---");
    parts.map(|part| part.strip_prefix("---").unwrap_or(part)).filter(|part| !part.trim().is_empty())
}

pub(super) fn parse(text: &str) -> Option<Value> {
    Single::new(text).and_then(|single| single.value()).ok()
}

/// A file of no more bytes than a scan reads of one.
pub(super) fn text(path: &Path) -> Option<String> {
    let limit = Limits::default().file_bytes as u64;
    let file = fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    let mut text = String::new();
    file.take(limit).read_to_string(&mut text).ok()?;
    Some(text)
}
