//! Where a rendered object of a kustomization comes from: the file of a base, and the place of a field in it.
//!
//! Kustomize writes the file into an annotation. A field is found there if it has the same value: what a patch or a
//! transformer has changed has to be changed elsewhere, and then the place in the rendered text stays.

use crate::{
    finding::{Finding, Location, Place, Region, Template},
    manifest::{Document, Limits, Lines, Parsed, documents},
    paths::{from_folder, plain},
};
use plimsoll_policy::Pointer;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The annotation, which is YAML of its own.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// What is needed to follow findings back.
pub(super) struct Origins<'a> {
    /// What was rendered.
    pub(super) text: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// The folder that origins are told from; absolute.
    pub(super) root: &'a Path,
    /// The folder that paths are named from.
    pub(super) working: &'a Path,
    pub(super) lines_around: usize,
}

/// A file of a base.
struct Base {
    /// As the user would name it.
    path: Arc<str>,
    text: String,
}

impl Origins<'_> {
    pub(super) fn trace_back(&self, findings: &mut [Finding]) {
        let lines = Lines::of(self.text);
        let documents: Vec<Document<'_>> = documents(self.text).collect();
        let mut by_document: BTreeMap<usize, Vec<&mut Finding>> = BTreeMap::new();
        for finding in findings {
            match &finding.location.place {
                Place::File { path, document: Some(document), item: None } if **path == *self.name => {
                    by_document.entry(*document).or_default().push(finding);
                }
                _ => {}
            }
        }
        let mut bases: BTreeMap<PathBuf, Option<Base>> = BTreeMap::new();
        for (document, findings) in by_document {
            let rendered = documents.get(document).and_then(|document| Parsed::of(document, &lines));
            let Some(rendered) = rendered else { continue };
            let Some(file) = self.origin(&rendered.value) else { continue };
            let base = bases.entry(file).or_insert_with_key(|file| self.base(file));
            if let Some(base) = base {
                base.take(findings, &rendered.value, self.lines_around);
            }
        }
    }

    /// None where it was not in a file of this machine: generated, or of a base elsewhere.
    fn origin(&self, rendered: &Value) -> Option<PathBuf> {
        let text = rendered["metadata"]["annotations"][ORIGIN].as_str()?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let path = field("path")?.trim_matches(['"', '\'']);
        field("repo").is_none().then(|| plain(&self.root.join(path)))
    }

    fn base(&self, file: &Path) -> Option<Base> {
        let size = fs::metadata(file).ok()?.len();
        let fits = usize::try_from(size).is_ok_and(|size| size <= Limits::default().file_bytes);
        let text = fits.then(|| fs::read_to_string(file).ok()).flatten()?;
        let named = from_folder(self.working, file);
        Some(Base { path: named.into(), text })
    }
}

impl Base {
    fn take(&self, findings: Vec<&mut Finding>, rendered: &Value, lines_around: usize) {
        let lines = Lines::of(&self.text);
        let found = self.object(&lines, rendered);
        for finding in findings {
            finding.template = Some(Template { path: Arc::clone(&self.path), is_file: true });
            let Some((document, parsed)) = &found else { continue };
            if let Some(pointer) = same_field(&finding.location.pointer, rendered, &parsed.value) {
                let region = Region::with_lines_around(&lines, parsed.tree.locate(&pointer), lines_around);
                let place = Place::File { path: Arc::clone(&self.path), document: Some(*document), item: None };
                // The pointer stays that of the rendered object, as the fingerprint does.
                let pointer = finding.location.pointer.clone();
                finding.location = Location { place, pointer, region: Some(region) };
                finding.template = None;
            }
        }
    }

    /// The only object of that kind in the file, or the only one of them whose name is in the rendered one: kustomize may
    /// have put something before and behind it.
    fn object<'t>(&'t self, lines: &Lines<'t>, rendered: &Value) -> Option<(usize, Parsed<'t>)> {
        let is_alike = |value: &Value| ["apiVersion", "kind"].iter().all(|field| value[*field] == rendered[*field]);
        let parsed = documents(&self.text).filter_map(|document| Some((document.index, Parsed::of(&document, lines)?)));
        let mut all: Vec<(usize, Parsed<'t>)> = parsed.filter(|(_, parsed)| is_alike(&parsed.value)).collect();
        let name = rendered["metadata"]["name"].as_str().unwrap_or_default();
        let is_named = |parsed: &Parsed<'_>, same: fn(&str, &str) -> bool| {
            parsed.value["metadata"]["name"].as_str().is_some_and(|known| same(name, known))
        };
        let tests: [fn(&str, &str) -> bool; 2] = [|name, known| name == known, |name, known| name.contains(known)];
        for same in tests {
            let mut matching = all.iter().enumerate().filter(|(_, (_, parsed))| is_named(parsed, same));
            if let (Some((index, _)), None) = (matching.next(), matching.next()) {
                return Some(all.swap_remove(index));
            }
        }
        None
    }
}

/// The pointer to the same field with the same value in another version of the object; none where it is another one.
/// Items of lists that have names are found by them. A field that is in neither is at the pointer that it would have.
fn same_field(pointer: &Pointer, rendered: &Value, base: &Value) -> Option<String> {
    let (mut here, mut there) = (Some(rendered), Some(base));
    let mut found = Pointer::ROOT;
    for step in pointer.steps() {
        let item = here.and_then(Value::as_array).and_then(|items| items.get(step.parse::<usize>().ok()?));
        let name = item.and_then(|item| item["name"].as_str());
        let index = name.and_then(|name| there?.as_array()?.iter().position(|item| item["name"] == name));
        let step = match (name, index) {
            (Some(_), Some(index)) => index.to_string(),
            (Some(_), None) => return None,
            (None, _) => step.into_owned(),
        };
        here = item.or_else(|| here?.get(&step));
        there = there.and_then(|there| match there {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            other => other.get(&step),
        });
        if here.is_some() != there.is_some() {
            return None;
        }
        found = found.step(step);
    }
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
    let is_same = match (here, there) {
        (Some(here), Some(there)) => here == there || !is_scalar(here) && !is_scalar(there),
        (here, there) => here.is_none() && there.is_none(),
    };
    is_same.then(|| found.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_the_same_by_names_and_value() {
        let rendered = json!({ "spec": {
            "replicas": 3,
            "containers": [{ "name": "proxy", "image": "p:1" }, { "name": "app", "image": "a:1", "args": ["x"] }],
        }});
        let base = json!({ "spec": {
            "replicas": 1,
            "containers": [{ "name": "app", "image": "a:1", "args": ["x"] }],
        }});
        for (pointer, expected) in [
            ("/spec/containers/1/image", Some("/spec/containers/0/image")),
            ("/spec/containers/1/args/0", Some("/spec/containers/0/args/0")),
            ("/spec/containers/1/livenessProbe", Some("/spec/containers/0/livenessProbe")),
            ("/spec/containers/1/livenessProbe/httpGet", Some("/spec/containers/0/livenessProbe/httpGet")),
            ("/spec/containers/0/image", None),
            ("/spec/replicas", None),
            ("/spec/containers", Some("/spec/containers")),
            ("/spec/strategy", Some("/spec/strategy")),
            ("", Some("")),
        ] {
            assert_eq!(same_field(&pointer.into(), &rendered, &base).as_deref(), expected, "{pointer}");
        }
    }
}
