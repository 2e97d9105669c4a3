//! One JSON object, as a text, a webhook or a live audit has it, to what policies judge.

use super::{
    FieldError, Kinds, Object, Skip, defaults,
    field::{Node, Result},
    kind::{Kind, Lookup},
    patch, view,
};
use serde_json::{Map, Value};

/// What there is to do with an object.
#[derive(Debug, Clone)]
pub enum Judge {
    /// Judge it.
    Object(Box<Object>),
    /// Leave it, for this reason.
    Skip(Skip),
}

/// Fills in the API server's defaults and makes the view that policies see.
///
/// # Errors
/// The first field that the API server would refuse.
pub fn object(value: Value, kinds: &Kinds) -> Result<Judge> {
    let Value::Object(mut root) = value else {
        return Err(FieldError { pointer: String::new(), message: "a manifest is a mapping".to_owned() });
    };
    match identify(&root, kinds)? {
        Identity::Judged { kind, api_version } => {
            judge(&mut root, kind, &api_version, kinds).map(|judged| match judged {
                Ok(workload) => Judge::Object(Box::new(Object { workload: *workload, value: Value::Object(root) })),
                Err(skip) => Judge::Skip(skip),
            })
        }
        Identity::Skip(skip) => Ok(Judge::Skip(skip)),
        Identity::List => {
            let message = "a list inside a list: move its items into the outer one";
            Err(FieldError { pointer: String::new(), message: message.to_owned() })
        }
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

type Judged = std::result::Result<Box<plimsoll_policy::Workload>, Skip>;

fn judge(root: &mut Map<String, Value>, kind: Kind<'_>, api_version: &str, kinds: &Kinds) -> Result<Judged> {
    if is_being_deleted(root) {
        return Ok(Err(Skip::BeingDeleted));
    }
    if is_owned(root, kinds) || (matches!(kind, Kind::Custom(_)) && patch::refers_to_another_workload(root)) {
        return Ok(Err(Skip::Owned));
    }
    if patch::is_patch(root, kind, api_version)? {
        return Ok(Err(Skip::KustomizePatch));
    }
    let filled = defaults::apply(kind, api_version, root);
    let workload = view::workload(&Node::root(root, &filled), kind)?;
    Ok(Ok(Box::new(workload)))
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
