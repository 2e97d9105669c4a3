//! The parameters of an OpenShift `Template`: `${NAME}` inside of a string, `${{NAME}}` for any value.
//!
//! A parameter with a value is put in, as `oc process` does. What has none is generated or given on the command line,
//! and is not known here: an image is left aside, any other field that needs more than a string is told.

use super::FieldError;
use plimsoll_policy::Pointer;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Values of parameters, by name; none where the template has none.
pub(super) struct Parameters(BTreeMap<String, Option<String>>);

/// What could not be put into an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unresolved {
    /// Fields that were taken out, because their value is not known.
    pub(super) fields: Vec<FieldError>,
    /// Pointers of images that are not known.
    pub(super) images: Vec<Pointer>,
    /// Bytes of the values that were put in.
    put_in: usize,
}

/// Values may come to no more bytes than this in one object: they can be used many times.
const MOST_BYTES: usize = 1 << 20;
/// Fields of Kubernetes have no longer names, so that a pointer is short however often it is copied.
const LONGEST_NAME: usize = 253;

impl Parameters {
    pub(super) fn of(template: &Map<String, Value>) -> Self {
        let all = template.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let value = |parameter: &Value| match parameter.get("value") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let named = all.filter_map(|parameter| Some((parameter.get("name")?.as_str()?.to_owned(), value(parameter))));
        Parameters(named.collect())
    }

    /// Puts the values into an object of the template.
    pub(super) fn put_into(&self, object: &mut Value) -> Unresolved {
        let mut unresolved = Unresolved::default();
        self.value(object, &mut Pointer::ROOT.clone(), &mut unresolved);
        unresolved
    }

    fn value(&self, value: &mut Value, pointer: &mut Pointer, unresolved: &mut Unresolved) {
        let length = pointer.len();
        match value {
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut().filter(|(name, _)| name.len() <= LONGEST_NAME) {
                    pointer.push(name);
                    self.value(value, pointer, unresolved);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    pointer.push(index);
                    self.value(item, pointer, unresolved);
                    pointer.truncate(length);
                }
            }
            Value::String(text) if text.contains("${") => match self.resolve(text, MOST_BYTES - unresolved.put_in) {
                Resolved::Value(new, bytes) => {
                    unresolved.put_in += bytes;
                    *value = new;
                }
                Resolved::Image if pointer.ends_with("/image") => unresolved.images.push(pointer.clone()),
                Resolved::Image => {}
                Resolved::Missing(name) => {
                    let message = format!(
                        "`${{{{{name}}}}}` has no value in this Template: give the parameter one, or scan what \
                         `oc process` prints"
                    );
                    unresolved.fields.push(FieldError { pointer: pointer.clone(), message });
                    *value = Value::Null;
                }
            },
            _ => {}
        }
    }

    /// `most` is how many bytes there may be of values.
    fn resolve(&self, text: &str, most: usize) -> Resolved {
        if let Some(name) = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
            return match self.0.get(name).cloned().flatten() {
                // As `oc` does: JSON where it is some, else the text.
                Some(value) if value.len() <= most => {
                    let bytes = value.len();
                    Resolved::Value(serde_json::from_str(&value).unwrap_or(Value::String(value)), bytes)
                }
                _ => Resolved::Missing(name.to_owned()),
            };
        }
        let mut resolved = String::with_capacity(text.len());
        let mut put_in = 0;
        let mut is_whole = true;
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, from) = rest.split_at(start);
            resolved.push_str(before);
            let Some(end) = from.find('}') else { break };
            match self.0.get(&from[2..end]).and_then(Option::as_ref) {
                Some(value) if put_in + value.len() <= most => {
                    put_in += value.len();
                    resolved.push_str(value);
                }
                _ => {
                    is_whole &= !self.0.contains_key(&from[2..end]);
                    resolved.push_str(&from[..=end]);
                }
            }
            rest = &from[end + 1..];
        }
        resolved.push_str(rest);
        if is_whole { Resolved::Value(resolved.into(), put_in) } else { Resolved::Image }
    }
}

enum Resolved {
    /// And how many bytes of it are of parameters.
    Value(Value, usize),
    /// A string of which a part is not known: that matters where it names an image.
    Image,
    Missing(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_put_in_and_what_has_none_is_told() {
        let template = json!({ "parameters": [
            { "name": "TAG", "value": "1.2.3" },
            { "name": "REPLICAS", "value": "3" },
            { "name": "GRACE" },
            { "name": "IMAGE" },
        ] });
        let mut object = json!({
            "replicas": "${{REPLICAS}}",
            "grace": "${{GRACE}}",
            "containers": [{ "image": "app:${TAG}" }, { "image": "${IMAGE}:${TAG}" }, { "image": "${OTHER}" }],
            "name": "${IMAGE}-${TAG}",
            "open": "${TAG",
        });
        let unresolved = Parameters::of(template.as_object().unwrap()).put_into(&mut object);
        assert_eq!(
            object,
            json!({
                "replicas": 3,
                "grace": null,
                "containers": [{ "image": "app:1.2.3" }, { "image": "${IMAGE}:${TAG}" }, { "image": "${OTHER}" }],
                "name": "${IMAGE}-${TAG}",
                "open": "${TAG",
            })
        );
        assert_eq!(unresolved.images, ["/containers/1/image"]);
        let message = "`${{GRACE}}` has no value in this Template: give the parameter one, or scan what `oc process` \
                       prints";
        assert_eq!(unresolved.fields, [FieldError { pointer: "/grace".into(), message: message.into() }]);
    }
}
