//! What rules about a set see of an object that runs no pods.

use super::kind::group;
use plimsoll_policy::{Member, Service, workload::Map};
use serde_json::Value;

/// Group and kind of the objects that are members of a set beside the workloads: those that a rule about sets reads.
const KINDS: [(&str, &str); 1] = [("", "Service")];

/// Whether objects of that kind are members of a set.
pub(super) fn is_member(api_version: &str, kind: &str) -> bool {
    KINDS.contains(&(group(api_version), kind))
}

/// The namespace as written, and the object; none where it is of another kind.
pub(super) fn member(value: &Value) -> Option<(Option<String>, Member)> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let metadata = |field: &str| text(&format!("/metadata/{field}")).filter(|text| !text.is_empty());
    let (api_version, kind) = (text("/apiVersion")?, text("/kind")?);
    if !is_member(&api_version, &kind) {
        return None;
    }
    let is_service = api_version == "v1" && kind == "Service";
    let member = Member {
        service: is_service.then(|| Service { selector: strings(value.pointer("/spec/selector")) }),
        workload: None,
        name: metadata("name").or_else(|| metadata("generateName")).unwrap_or_default(),
        api_version,
        kind,
    };
    Some((metadata("namespace"), member))
}

fn strings(value: Option<&Value>) -> Map {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
