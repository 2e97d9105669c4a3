//! What makes two findings the same one, whatever line they stand on.

use super::ObjectRef;
use plimsoll_policy::Pointer;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The pointer with list indices replaced by the names of what they point to:
/// `/spec/containers/0/image` is `/spec/containers/app/image`. An item without a name keeps its index.
///
/// Together with the rule and the container it tells whether two versions of an object have the same finding.
pub fn identity(pointer: &Pointer, object: &Value) -> String {
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

/// SHA-256 over rule, object, container and [`identity`], its first 16 bytes in hex.
pub fn fingerprint(rule: &str, object: Option<&ObjectRef>, container: Option<&str>, identity: &str) -> String {
    let object = object.map_or([""; 4], |object| {
        [&object.api_version, &object.kind, object.namespace.as_deref().unwrap_or_default(), &object.name]
    });
    let mut hash = Sha256::new();
    for part in [rule].iter().chain(&object).chain(&[container.unwrap_or_default(), identity]) {
        // The length keeps `a`, `bc` apart from `ab`, `c`.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].iter().fold(String::with_capacity(32), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
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
        let mut fingerprints = vec![
            fingerprint("latest-tag", Some(&object("a")), Some("app"), "/image"),
            fingerprint("series-tag", Some(&object("a")), Some("app"), "/image"),
            fingerprint("latest-tag", Some(&object("b")), Some("app"), "/image"),
            fingerprint("latest-tag", Some(&object("a")), Some("web"), "/image"),
            fingerprint("latest-tag", Some(&object("a")), Some("app"), "/x"),
            fingerprint("latest-tag", Some(&object("aa")), Some("pp"), "/image"),
            fingerprint("latest-tag", None, Some("app"), "/image"),
        ];
        assert_eq!(fingerprints[0], "26d497cde01ef8da9a06f883ef1f9eca", "it must not change from version to version");
        fingerprints.sort();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), 7);
    }
}
