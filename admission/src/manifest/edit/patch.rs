//! An edit of a value: as in a JSON patch, but what leads to a new field is made on the way.

use plimsoll_policy::{Edit, Pointer};
use serde_json::{Map, Value};

/// Applies an edit; none where there is no such place.
pub(super) fn apply(value: &mut Value, prefix: &Pointer, edit: &Edit) -> Option<()> {
    let (Edit::Add { pointer, .. } | Edit::Replace { pointer, .. } | Edit::Remove { pointer }) = edit;
    let mut steps: Vec<_> = prefix.steps().chain(pointer.steps()).collect();
    let last = steps.pop()?;
    let mut here = value;
    for step in steps {
        here = match here {
            Value::Object(fields) => fields.entry(step.into_owned()).or_insert_with(|| Value::Object(Map::new())),
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    match (edit, here) {
        (Edit::Remove { .. }, Value::Object(fields)) => fields.remove(&*last).map(drop),
        (Edit::Add { value, .. } | Edit::Replace { value, .. }, Value::Object(fields)) => {
            fields.insert(last.into_owned(), serde_json::from_str(value).ok()?);
            Some(())
        }
        (Edit::Replace { value, .. }, Value::Array(items)) => {
            *items.get_mut(last.parse::<usize>().ok()?)? = serde_json::from_str(value).ok()?;
            Some(())
        }
        _ => None,
    }
}
