//! JSON pointers as Kubernetes writes paths of fields.

use plimsoll_policy::Pointer;
use serde_json::Value;

/// `/spec/template/spec/containers/0/image` is `spec.template.spec.containers[0].image`; a key that is no plain name
/// stands in brackets: `metadata.annotations[plimsoll.dev/role]`. Empty for the whole object.
pub(super) fn field_path(pointer: &Pointer, object: &Value) -> String {
    let mut path = String::with_capacity(pointer.len());
    let mut here = Some(object);
    for step in pointer.steps() {
        let in_list = here.is_some_and(Value::is_array);
        here = match here {
            Some(Value::Array(items)) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            Some(value) => value.get(&*step),
            None => None,
        };
        let is_plain = step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        match (in_list || !is_plain, path.is_empty()) {
            (true, _) => path += &format!("[{step}]"),
            (_, true) => path += &step,
            _ => path += &format!(".{step}"),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn writes_paths_as_kubernetes_does() {
        let object = json!({ "spec": { "containers": [{ "command": ["a"] }] }, "metadata": { "annotations": {} } });
        for (pointer, expected) in [
            ("", ""),
            ("/spec/containers/0/image", "spec.containers[0].image"),
            ("/spec/containers/0/command/0", "spec.containers[0].command[0]"),
            ("/metadata/annotations/plimsoll.dev~1role", "metadata.annotations[plimsoll.dev/role]"),
            ("/spec/replicas", "spec.replicas"),
        ] {
            assert_eq!(field_path(&pointer.into(), &object), expected);
        }
    }
}
