//! One JSON object, as a text, a webhook or a live audit has it, to what policies judge.

use super::{
    FieldError, Kinds, Object, Skip, defaults,
    field::{Node, Result, Unreadable},
    kind::{Kind, Lookup},
    patch, view,
};
use serde_json::{Map, Value};

/// What there is to do with an object.
#[derive(Debug, Clone)]
pub enum Triage {
    /// Judge it.
    Object(Box<Object>),
    /// Leave it, for this reason.
    Skip(Skip),
}

/// Fills in the API server's defaults and makes the view that policies see.
///
/// What managers of fields wrote is left out: it may be deeper than anything that is judged, and says nothing.
///
/// # Errors
/// Why nothing of it can be judged: each field that the API server would refuse. Where the rest can be judged, these
/// are the object's own ([`Object::unreadable`]).
pub fn object(value: Value, kinds: &Kinds) -> std::result::Result<Triage, Vec<FieldError>> {
    let whole = |message: &str| vec![FieldError { pointer: String::new(), message: message.to_owned() }];
    let Value::Object(root) = value else { return Err(whole("a manifest is a mapping")) };
    match identify(&root, kinds).map_err(|error| vec![error])? {
        Identity::Judged { kind, api_version } => judge(root, kind, &api_version, kinds),
        Identity::Skip(skip) => Ok(Triage::Skip(skip)),
        Identity::List => Err(whole("a list inside a list: move its items into the outer one")),
    }
}

/// What an object is.
pub(super) enum Identity<'k> {
    Judged { kind: Kind<'k>, api_version: String },
    List,
    Skip(Skip),
}

pub(super) fn identify<'k>(root: &Map<String, Value>, kinds: &'k Kinds) -> Result<Identity<'k>> {
    let nothing = defaults::Filled::default();
    let node = Node::root(root, &nothing);
    // Others have an `apiVersion` of their own: it is the number 1 in what provisions Grafana.
    if !node.has("kind") && !node.has("metadata") {
        return Ok(Identity::Skip(Skip::NoKind));
    }
    let (api_version, kind) = match (node.text("apiVersion")?, node.text("kind")?) {
        (Some(api_version), Some(kind)) => (api_version, kind),
        (None, Some(kind)) if node.has("metadata") && kinds.has_name(kind) => return Err(patch::missing("apiVersion")),
        (Some(_), None) if node.has("metadata") => return Err(patch::missing("kind")),
        (None, Some(_)) if node.has("metadata") => return Ok(Identity::Skip(Skip::OtherKind)),
        _ => return Ok(Identity::Skip(Skip::NoKind)),
    };
    match kinds.look_up(api_version, kind) {
        Lookup::Judged(kind) => Ok(Identity::Judged { kind, api_version: api_version.to_owned() }),
        Lookup::List => Ok(Identity::List),
        Lookup::Other => Ok(Identity::Skip(Skip::OtherKind)),
        Lookup::WrongVersion(versions) => {
            let served = versions.first().copied().unwrap_or_default();
            node.refuse("apiVersion", format!("{api_version} has no kind {kind}; did you mean `{served}`?"))
        }
    }
}

fn judge(
    mut root: Map<String, Value>,
    kind: Kind<'_>,
    api_version: &str,
    kinds: &Kinds,
) -> std::result::Result<Triage, Vec<FieldError>> {
    if let Some(skip) = reason_to_skip(&root, kind, api_version, kinds) {
        return Ok(Triage::Skip(skip));
    }
    if let Some(Value::Object(metadata)) = root.get_mut("metadata") {
        metadata.remove(MANAGED_FIELDS);
    }
    let filled = defaults::apply(kind, api_version, &mut root);
    let unreadable = Unreadable::default();
    let node = Node::root(&root, &filled).noting(&unreadable);
    match view::workload(&node, kind) {
        Ok(workload) => {
            let (unreadable, unknown) = unreadable.into_parts();
            Ok(Triage::Object(Box::new(Object { workload, value: Value::Object(root), unreadable, unknown })))
        }
        Err(error) => {
            unreadable.add(error);
            Err(unreadable.into_parts().0)
        }
    }
}

/// Its name in `metadata`.
pub(super) const MANAGED_FIELDS: &str = "managedFields";

fn reason_to_skip(root: &Map<String, Value>, kind: Kind<'_>, api_version: &str, kinds: &Kinds) -> Option<Skip> {
    if is_being_deleted(root) {
        return Some(Skip::BeingDeleted);
    }
    if is_owned(root, kinds) || (matches!(kind, Kind::Custom(_)) && patch::refers_to_another_workload(root)) {
        return Some(Skip::Owned);
    }
    // A field of the wrong type makes no patch of an object: the view tells what is wrong with it.
    patch::is_patch(root, kind, api_version).unwrap_or(false).then_some(Skip::KustomizePatch)
}

fn is_being_deleted(root: &Map<String, Value>) -> bool {
    root.get("metadata").and_then(|metadata| metadata.get("deletionTimestamp")).is_some_and(|time| !time.is_null())
}

/// Whether a controller of a kind that is judged owns it.
fn is_owned(root: &Map<String, Value>, kinds: &Kinds) -> bool {
    let owners = root.get("metadata").and_then(|metadata| metadata.get("ownerReferences")).and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| {
        let text = |field: &str| owner.get(field).and_then(Value::as_str).unwrap_or_default();
        owner.get("controller") == Some(&Value::Bool(true)) && kinds.judges(text("apiVersion"), text("kind"))
    })
}
