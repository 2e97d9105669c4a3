//! One JSON object, as a text, a webhook or a live audit has it, to what policies judge.

use super::{
    FieldError, FilledIn, Kinds, Object, Skip,
    api::Unfit,
    defaults,
    field::{Node, Result, Unreadable},
    kind::{CustomKind, Kind, Lookup, by_shape},
    operator, patch,
    room::{LeftOut, Room},
    view,
};
use plimsoll_policy::Pointer;
use serde_json::{Map, Value};

/// What there is to do with an object.
#[derive(Debug, Clone)]
pub enum Triage {
    /// Judge it.
    Object(Box<Object>),
    /// Leave it, for this reason.
    Skip(Skip),
}

/// More pod templates in one object are not judged.
pub(super) const MOST_TEMPLATES: usize = 1000;

/// Fills in the API server's defaults and makes the views that policies see.
///
/// What managers of fields wrote is left out: it may be deeper than anything that is judged, and says nothing.
///
/// # Errors
/// Why nothing of it can be judged: each field that the API server would refuse. Where the rest can be judged, these
/// are the object's own ([`Object::unreadable`]).
pub fn object(mut value: Value, kinds: &Kinds) -> std::result::Result<Triage, Vec<FieldError>> {
    take_object(&mut value, kinds)
}

/// As [`object`], and takes the value away only where there is something to judge. Of what is left, the API server's
/// defaults may be filled in.
///
/// # Errors
/// As [`object`].
pub fn take_object(value: &mut Value, kinds: &Kinds) -> std::result::Result<Triage, Vec<FieldError>> {
    let Value::Object(root) = value else { return Err(not_an_object()) };
    let views = triage(root, kinds, Source::Cluster, &[])?;
    Ok(views.map_or_else(Triage::Skip, |views| Triage::Object(Box::new(views.of(std::mem::take(root))))))
}

/// Fills in the API server's defaults, also of an object that is not judged. Twice is as good as once.
pub fn fill_in(value: &mut Value, kinds: &Kinds) {
    let Value::Object(root) = value else { return };
    let Ok(Identity::Judged { kind, api_version }) = identify(root, kinds) else { return };
    let templates = kind.pod_templates(root);
    if templates.len() <= MOST_TEMPLATES {
        let custom = if let Kind::Custom(custom) = kind { Some(custom) } else { None };
        operator::fill(custom, root, &templates, &[]);
        defaults::apply(kind, &api_version, &templates, root);
    }
}

/// As [`object`], of a text: it may be a patch, and the values of some images may not be in it. `unknown` are their
/// pointers.
pub(super) fn object_of_text(
    value: Value,
    kinds: &Kinds,
    unknown: &[Pointer],
) -> std::result::Result<Triage, Vec<FieldError>> {
    let Value::Object(mut root) = value else { return Err(not_an_object()) };
    let views = triage(&mut root, kinds, Source::Text, unknown)?;
    Ok(views.map_or_else(Triage::Skip, |views| Triage::Object(Box::new(views.of(root)))))
}

fn whole(message: &str) -> Vec<FieldError> {
    vec![FieldError { pointer: Pointer::ROOT, message: message.to_owned() }]
}

fn not_an_object() -> Vec<FieldError> {
    whole("a manifest is a mapping")
}

/// Where an object comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A file, where a part of an object may be written that kustomize merges into another.
    Text,
    /// The API server: there are no parts of objects.
    Cluster,
}

/// What there is to judge, or why there is nothing.
fn triage(
    root: &mut Map<String, Value>,
    kinds: &Kinds,
    source: Source,
    unknown: &[Pointer],
) -> std::result::Result<std::result::Result<Views, Skip>, Vec<FieldError>> {
    match identify(root, kinds).map_err(|error| vec![error])? {
        Identity::Judged { kind, api_version } => {
            if let Some(skip) = reason_to_skip(root, kind, &api_version, kinds) {
                return Ok(Err(skip));
            }
            if let Some(Value::Object(metadata)) = root.get_mut("metadata") {
                metadata.remove(MANAGED_FIELDS);
            }
            views(root, kind, &api_version, (kinds, source), unknown)
        }
        Identity::Skip(skip) => Ok(Err(skip)),
        Identity::List(_) => Err(whole("a list inside a list: move its items into the outer one")),
    }
}

/// What an object is.
pub(super) enum Identity<'k> {
    Judged {
        kind: Kind<'k>,
        api_version: String,
    },
    /// A list, with its items in this field.
    List(&'static str),
    Skip(Skip),
}

pub(super) fn identify<'k>(root: &Map<String, Value>, kinds: &'k Kinds) -> Result<Identity<'k>> {
    let node = Node::root(root);
    let text = |name: &str| root.get(name).and_then(Value::as_str);
    let has_metadata = node.has("metadata");
    // `apiVersion: 1` is written by others, with kinds of their own.
    let is_ours = |kind| (has_metadata || node.has("apiVersion")) && kinds.has_name(kind);
    let (api_version, kind) = match (text("apiVersion"), text("kind")) {
        (Some(api_version), Some(kind)) => (api_version, kind),
        (None, Some(kind)) if is_ours(kind) => {
            node.text("apiVersion")?;
            return Err(patch::missing("apiVersion"));
        }
        // Without a kind it is a manifest only in a version of Kubernetes' own: Score and others have no kind at all.
        (Some(api_version), None) if has_metadata && kinds.has_version(api_version) => {
            node.text("kind")?;
            return Err(patch::missing("kind"));
        }
        _ => return Ok(Identity::Skip(Skip::NoKind)),
    };
    match kinds.look_up(api_version, kind) {
        Lookup::Judged(kind) => Ok(Identity::Judged { kind, api_version: api_version.to_owned() }),
        Lookup::List(field) => Ok(Identity::List(field)),
        Lookup::Mistaken { field, message } if has_metadata => node.refuse(field, message),
        Lookup::Unknown => Ok(Identity::Skip(unknown(root, api_version, kind))),
        Lookup::Other | Lookup::Mistaken { .. } => Ok(Identity::Skip(Skip::OtherKind)),
    }
}

/// Its name in `metadata`.
pub(super) const MANAGED_FIELDS: &str = "managedFields";

fn unknown(root: &Map<String, Value>, api_version: &str, kind: &str) -> Skip {
    let templates: Vec<Pointer> = by_shape(root).into_iter().collect();
    if templates.is_empty() {
        return Skip::OtherKind;
    }
    Skip::UnknownKind { group: super::kind::group(api_version).to_owned(), kind: kind.to_owned(), templates }
}

fn reason_to_skip(root: &Map<String, Value>, kind: Kind<'_>, api_version: &str, kinds: &Kinds) -> Option<Skip> {
    if is_being_deleted(root) {
        return Some(Skip::BeingDeleted);
    }
    let runs_its_own = || kind.pod_templates(root).iter().any(|template| operator::has_containers(root, template));
    let refers = || matches!(kind, Kind::Custom(_)) && patch::refers_to_another_workload(root) && !runs_its_own();
    (is_owned(root, api_version, kinds) || refers()).then_some(Skip::Owned)
}

/// The views of an object, one for each pod template.
struct Views {
    first: plimsoll_policy::Workload,
    others: Vec<plimsoll_policy::Workload>,
    filled_in: FilledIn,
    not_covered: Option<Skip>,
    unreadable: Unreadable,
    unfit: Unfit,
    left_out: Vec<LeftOut>,
}

impl Views {
    fn of(self, root: Map<String, Value>) -> Object {
        let Views { first: workload, others, filled_in, not_covered, unreadable, unfit, left_out } = self;
        let (unreadable, fields) = unreadable.into_parts();
        let value = Value::Object(root);
        let mut object = Object { workload, others, value, filled_in, not_covered, unreadable, unfit, left_out };
        object.note_unreadable(&fields);
        object
    }
}

fn views(
    root: &mut Map<String, Value>,
    kind: Kind<'_>,
    api_version: &str,
    (kinds, source): (&Kinds, Source),
    unknown: &[Pointer],
) -> std::result::Result<std::result::Result<Views, Skip>, Vec<FieldError>> {
    let templates = match kind.pod_templates(root) {
        templates if templates.len() > MOST_TEMPLATES => {
            let message = format!("more than {MOST_TEMPLATES} pod templates (limit `templates`)");
            return Err(vec![FieldError { pointer: "/spec".into(), message }]);
        }
        templates => templates,
    };
    if source == Source::Text
        && !templates.is_empty()
        && let Some(mark) = patch::mark(root, kind, &templates)
    {
        return Ok(Err(Skip::KustomizePatch(mark)));
    }
    let (templates, custom) = match kind {
        Kind::Custom(custom) => (with_containers(root, custom, templates), Some(custom)),
        _ => (templates, None),
    };
    if templates.is_empty() {
        return Ok(Err(without_templates(root, custom)));
    }
    let unreadable = Unreadable::default();
    if let Err(error) = patch::require_selector(&Node::root(root), kind, api_version) {
        unreadable.add(error);
    }
    let not_covered = custom.and_then(|custom| not_covered(root, custom));
    // Before the defaults: an older version does not know all of these.
    let unfit = match kind {
        Kind::Custom(_) => Unfit::default(),
        _ => Unfit::of(root, kinds.kubernetes()),
    };
    let filled_in = operator::fill(custom, root, &templates, unknown);
    defaults::apply(kind, api_version, &templates, root);
    let node = Node::root(root).noting(&unreadable);
    let (mut views, mut left_out) = (Vec::new(), Vec::new());
    for template in &templates {
        let room = Room::of_one(templates.len());
        match view::workload(&node.within(&room), kind, template) {
            Ok(view) => views.push(view),
            Err(error) => unreadable.add(error),
        }
        left_out.extend(room.into_left_out());
    }
    let mut views = views.into_iter();
    match views.next() {
        Some(first) => {
            let others = views.collect();
            Ok(Ok(Views { first, others, filled_in, not_covered, unreadable, unfit, left_out }))
        }
        None => Err(unreadable.into_parts().0),
    }
}

/// The templates of which there is anything to judge: where the operator brings its own container, one may be empty.
fn with_containers(root: &Map<String, Value>, custom: &CustomKind, mut templates: Vec<Pointer>) -> Vec<Pointer> {
    if custom.nature.image {
        templates.retain(|template| operator::has_containers(root, template));
    }
    templates
}

fn without_templates(root: &Map<String, Value>, custom: Option<&CustomKind>) -> Skip {
    let Some(custom) = custom else { return Skip::OtherKind };
    not_covered(root, custom).unwrap_or_else(|| Skip::NoPodTemplate {
        group: custom.group.clone(),
        kind: custom.kind.clone(),
        pointers: custom.pod_templates.iter().map(ToString::to_string).collect(),
    })
}

/// Pod templates that no pointer of the kind leads to.
fn not_covered(root: &Map<String, Value>, custom: &CustomKind) -> Option<Skip> {
    let is_covered = |shape: &Pointer| custom.pod_templates.iter().any(|pointer| pointer.covers(shape));
    let templates: Vec<Pointer> = by_shape(root).into_iter().filter(|shape| !is_covered(shape)).collect();
    let (group, kind) = (custom.group.clone(), custom.kind.clone());
    (!templates.is_empty()).then_some(Skip::NotCovered { group, kind, templates })
}

fn is_being_deleted(root: &Map<String, Value>) -> bool {
    root.get("metadata").and_then(|metadata| metadata.get("deletionTimestamp")).is_some_and(|time| !time.is_null())
}

/// Whether a controller made it whose own kind is judged.
fn is_owned(root: &Map<String, Value>, api_version: &str, kinds: &Kinds) -> bool {
    let kind = root.get("kind").and_then(Value::as_str).unwrap_or_default();
    let owners = root.get("metadata").and_then(|metadata| metadata.get("ownerReferences")).and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| {
        let text = |field: &str| owner.get(field).and_then(Value::as_str).unwrap_or_default();
        let is_controller = owner.get("controller") == Some(&Value::Bool(true));
        is_controller && kinds.makes((text("apiVersion"), text("kind")), (api_version, kind))
    })
}
