//! What makes two findings the same one, whatever line they stand on.

use super::ObjectRef;
use plimsoll_policy::Pointer;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// The same for the same finding on other lines: rule, object, container, and pointer with names instead of list
/// indices. Shown as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Of a finding about a field of an object.
    pub fn of_field(rule: &str, object: &ObjectRef, container: Option<&str>, pointer: &Pointer, value: &Value) -> Self {
        let ObjectRef { api_version, kind, namespace, name } = object;
        let namespace = namespace.as_deref().unwrap_or_default();
        let identity = identity(pointer, value);
        hash([rule, api_version, kind, namespace, name, container.unwrap_or_default(), &identity])
    }

    /// Of a finding about no object, told from others of the same rule by a text.
    pub fn of_text(rule: &str, text: &str) -> Self {
        hash([rule, "", "", "", "", "", text])
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The first 16 bytes of SHA-256.
fn hash(parts: [&str; 7]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps `a`, `bc` apart from `ab`, `c`.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    Fingerprint(first)
}

/// The pointer with list indices replaced by the names of what they point to:
/// `/spec/containers/0/image` is `/spec/containers/app/image`. An item without a name keeps its index.
fn identity(pointer: &Pointer, object: &Value) -> String {
    let mut identity = Pointer::ROOT;
    let mut here = Some(object);
    for step in pointer.steps() {
        let item = here.and_then(Value::as_array).and_then(|items| items.get(step.parse::<usize>().ok()?));
        here = item.or_else(|| here?.get(&*step));
        let name = item.and_then(|item| item.get("name")?.as_str());
        identity = identity.step(name.unwrap_or(&step));
    }
    identity.into()
}

/// What a fingerprint needs of an object: its fields and lists, and of all scalars only the names of items. It takes a
/// fraction of the memory.
pub fn only_names(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key != "name" || !value.is_string() {
                    only_names(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(only_names),
        scalar => *scalar = Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_replace_indices() {
        let object = json!({ "spec": {
            "containers": [{ "name": "app", "command": ["a", "b"], "env": [{ "name": "A/B" }] }],
            "annotations": { "plimsoll.dev/role": "worker" },
        }});
        for (pointer, expected) in [
            ("/spec/containers/0/livenessProbe", "/spec/containers/app/livenessProbe"),
            ("/spec/containers/0/env/0/value", "/spec/containers/app/env/A~1B/value"),
            ("/spec/containers/0/command/1", "/spec/containers/app/command/1"),
            ("/spec/containers/7/image", "/spec/containers/7/image"),
            ("/spec/annotations/plimsoll.dev~1role", "/spec/annotations/plimsoll.dev~1role"),
            ("", ""),
        ] {
            assert_eq!(identity(&pointer.into(), &object), expected);
            let mut names = object.clone();
            only_names(&mut names);
            assert_eq!(identity(&pointer.into(), &names), expected);
            assert!(!names.to_string().contains("worker"), "{names}");
        }
    }

    #[test]
    fn every_part_counts() {
        let object = |name: &str| ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: None,
            name: name.to_owned(),
        };
        let of = |rule: &str, name: &str, container: &str, pointer: &str| {
            Fingerprint::of_field(rule, &object(name), Some(container), &pointer.into(), &Value::Null)
        };
        let mut fingerprints = vec![
            of("latest-tag", "a", "app", "/image"),
            of("series-tag", "a", "app", "/image"),
            of("latest-tag", "b", "app", "/image"),
            of("latest-tag", "a", "web", "/image"),
            of("latest-tag", "a", "app", "/x"),
            of("latest-tag", "aa", "pp", "/image"),
            Fingerprint::of_text("latest-tag", "/image"),
        ];
        let first = fingerprints[0].to_string();
        assert_eq!(first, "26d497cde01ef8da9a06f883ef1f9eca", "it must not change from version to version");
        fingerprints.sort();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), 7);
    }
}
