//! What rules about several documents see of one.

use plimsoll_policy::Sibling;
use serde_json::Value;

/// None where it is no object with an API version and a kind.
pub(super) fn sibling(value: &Value) -> Option<Sibling> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Some(Sibling {
        api_version: text("/apiVersion")?,
        kind: text("/kind")?,
        namespace: text("/metadata/namespace").filter(|namespace| !namespace.is_empty()),
        name: text("/metadata/name").unwrap_or_default(),
        raw: value.to_string(),
    })
}
