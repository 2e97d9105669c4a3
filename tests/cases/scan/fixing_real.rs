//! `--fix=all` on every manifest of this repository, held against other programs' eyes: libyaml says what changed, and
//! a line is gone only where an edit named its field.

use plimsoll_tests::{folder, plimsoll, root};
use serde::Deserialize;
use serde_json::Value;
use serde_yaml::Deserializer;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The manifests of the examples, and of all rule pages.
fn manifests() -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![root().join("docs/examples"), root().join("policies")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match () {
                () if path.is_dir() && name != "target" => folders.push(path),
                () if name.ends_with(".yaml") => all.push(read(&path)),
                () if name == "README.md" => all.extend(fences(&read(&path))),
                () => {}
            }
        }
    }
    all.sort();
    all
}

fn fences(page: &str) -> Vec<String> {
    let parts = page.split("\n```yaml").skip(1);
    parts.filter_map(|part| Some(part.split_once('\n')?.1.split("\n```").next()?.to_owned() + "\n")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a text")
}

/// A manifest in other styles.
fn styles(text: &str) -> Vec<(&'static str, String)> {
    let mut styles =
        vec![("block", text.to_owned()), ("crlf", text.replace('\n', "\r\n")), ("bom", format!("\u{feff}{text}"))];
    if let Some([value]) = values(text).as_deref() {
        styles.push(("json", serde_json::to_string_pretty(value).expect("JSON")));
        styles.push(("tight", value.to_string()));
    }
    styles
}

/// What libyaml reads, which does not know the mark of a text that is UTF-8; none where it refuses.
fn values(text: &str) -> Option<Vec<Value>> {
    Deserializer::from_str(text.trim_start_matches('\u{feff}'))
        .map(|document| Value::deserialize(document).ok())
        .collect()
}

/// Where two values differ, as far down as they have the same fields.
fn differences(before: &Value, after: &Value, pointer: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => differences(a, b, &pointer, found),
                    _ => found.push(pointer),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{pointer}/{index}"), found);
            }
        }
        (a, b) if a != b => found.push(pointer.to_owned()),
        _ => {}
    }
}

/// All names and texts of a value.
fn words(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(name.clone());
            words(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}

/// Lines of the first text that the second has not, as `diff` finds them. What gets a comma or a line break is there.
fn lost(before: &str, after: &str) -> Vec<String> {
    let here = folder([("before", before), ("after", after)]);
    let diff = Command::new("diff").args(["-U0", "before", "after"]).current_dir(here.path()).output();
    let text = String::from_utf8(diff.expect("diff runs").stdout).expect("UTF-8");
    let lines: Vec<&str> = text.lines().skip(2).collect();
    let bare = |line: &str| line.trim_end().trim_end_matches(',').to_owned();
    let added =
        |line: &str| lines.iter().any(|other| other.strip_prefix('+').is_some_and(|other| bare(other) == bare(line)));
    let lost = lines.iter().filter_map(|line| line.strip_prefix('-')).filter(|line| !added(line));
    lost.map(str::to_owned).collect()
}

/// The pointers that the fixes of a report edit, by file and document.
fn edited(report: &Value) -> BTreeMap<(String, u64), Vec<String>> {
    let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for finding in report["findings"].as_array().expect("findings") {
        let prefix = finding["item"].as_u64().map(|item| format!("/items/{item}")).unwrap_or_default();
        for edit in finding["fix"].as_array().expect("edits") {
            let file =
                (finding["file"].as_str().unwrap_or_default().to_owned(), finding["document"].as_u64().unwrap_or(0));
            all.entry(file).or_default().push(format!("{prefix}{}", edit["path"].as_str().expect("a pointer")));
        }
    }
    all
}

#[test]
fn only_what_an_edit_names_changes_in_every_manifest_of_this_repository() {
    let here = tempfile::tempdir().expect("a folder");
    let mut before: BTreeMap<PathBuf, String> = BTreeMap::new();
    for (number, manifest) in manifests().iter().enumerate() {
        for (style, text) in styles(manifest) {
            // Each is an input by itself.
            let path = PathBuf::from(format!("{number}-{style}/app.yaml"));
            fs::create_dir(here.path().join(path.parent().expect("a folder"))).expect("a folder");
            fs::write(here.path().join(&path), &text).expect("a file");
            before.insert(path, text);
        }
    }
    let report = plimsoll(here.path(), &["scan", "-f", "json", "--profile", "strict"], "").report();
    let edits = edited(&report);
    let outcome = plimsoll(here.path(), &["scan", "-q", "--profile", "strict", "--fix=all"], "");
    let mut changed = 0;
    for (path, old) in &before {
        let new = read(&here.path().join(path));
        if new == *old {
            continue;
        }
        changed += 1;
        let edits =
            |document: usize| edits.get(&(path.display().to_string(), document as u64)).cloned().unwrap_or_default();
        let (Some(was), Some(is)) = (values(old), values(&new)) else {
            panic!("{}: libyaml refuses it", path.display())
        };
        assert_eq!(was.len(), is.len(), "{}", path.display());
        let mut names = Vec::new();
        for (document, (was, is)) in was.iter().zip(&is).enumerate() {
            let mut found = Vec::new();
            differences(was, is, "", &mut found);
            for pointer in found {
                // What is removed takes all that is in it along.
                if let (Some(removed), None) = (was.pointer(&pointer), is.pointer(&pointer)) {
                    words(removed, &mut names);
                    names.extend(["{", "[", "]", "}"].map(str::to_owned));
                }
                if let (Some(Value::String(old)), Some(_)) = (was.pointer(&pointer), is.pointer(&pointer)) {
                    names.extend(old.lines().filter(|line| !line.is_empty()).map(str::to_owned));
                }
                let is_meant = |edit: &String| edit.starts_with(&pointer) || pointer.starts_with(edit.as_str());
                assert!(
                    edits(document).iter().any(is_meant),
                    "{}: {pointer} is no field of an edit\n{new}",
                    path.display()
                );
            }
            names.extend(
                edits(document)
                    .iter()
                    .flat_map(|edit| edit.split('/').filter(|step| step.len() > 2).map(|step| step.replace("~1", "/"))),
            );
        }
        for line in lost(old, &new) {
            assert!(names.iter().any(|name| line.contains(name.as_str())), "{}: lost {line:?}\n{new}", path.display());
        }
        let ends =
            |text: &str| (text.matches("\r\n").count() == text.matches('\n').count(), text.starts_with('\u{feff}'));
        assert_eq!(ends(&new), ends(old), "{}", path.display());
    }
    assert!(changed > 200, "{changed} of {} files changed\n{}", before.len(), outcome.stderr);
    let again = plimsoll(here.path(), &["scan", "-q", "--profile", "strict", "--diff=all"], "");
    assert_eq!(again.stdout, "", "what is fixed stays fixed");
    assert!(again.stderr.starts_with("would fix 0 of"), "{}", again.stderr);
}
