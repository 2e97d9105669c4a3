//! Whether two versions of an object have the same value in the same place.

use plimsoll_policy::Pointer;
use serde_json::Value;

/// Whether what a pointer into `new` leads to is in `old` as well: the same value, or in both nothing. Items of lists
/// are found by their names, so that an order says nothing.
pub(super) fn unchanged(pointer: &Pointer, old: &Value, new: &Value) -> bool {
    let (mut old, mut new) = (old, new);
    for step in pointer.steps() {
        match (child(old, new, &step), new_child(new, &step)) {
            (Some(inside), Some(of_new)) => (old, new) = (inside, of_new),
            (inside, of_new) => return inside.is_none() && of_new.is_none(),
        }
    }
    old == new
}

fn new_child<'a>(new: &'a Value, step: &str) -> Option<&'a Value> {
    match new {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => new.get(step).filter(|value| !value.is_null()),
    }
}

fn child<'a>(old: &'a Value, new: &Value, step: &str) -> Option<&'a Value> {
    let Value::Array(items) = old else { return new_child(old, step) };
    let name = |item: &Value| item.get("name").and_then(Value::as_str).map(str::to_owned);
    let wanted = new_child(new, step).and_then(name);
    let here = items.get(step.parse::<usize>().ok()?);
    match wanted {
        None => here,
        // Usually it has not moved.
        Some(_) if here.and_then(name) == wanted => here,
        Some(wanted) => items.iter().find(|item| item.get("name").and_then(Value::as_str) == Some(&wanted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_found_by_name_and_values_are_compared() {
        let old = json!({ "replicas": 1, "containers": [
            { "name": "a", "image": "a:1", "env": [{ "name": "X", "value": "1" }] },
            { "name": "b", "image": "b:1", "args": ["x"] },
        ]});
        let new = json!({ "replicas": 2, "containers": [
            { "name": "b", "image": "b:2", "args": ["x", "y"] },
            { "name": "a", "image": "a:1", "env": [{ "name": "X", "value": "1" }], "probe": null },
            { "name": "c", "image": "b:1" },
        ]});
        for (pointer, same) in [
            ("", false),
            ("/replicas", false),
            ("/missing/in/both", true),
            ("/containers/0/image", false),
            ("/containers/0/args/0", true),
            ("/containers/0/args/1", false),
            ("/containers/1/image", true),
            ("/containers/1/env/0/value", true),
            ("/containers/1/probe", true),
            ("/containers/2/image", false),
            ("/containers/2/probe", false),
            ("/containers/7/image", true),
        ] {
            assert_eq!(unchanged(&pointer.into(), &old, &new), same, "{pointer}");
        }
    }
}
