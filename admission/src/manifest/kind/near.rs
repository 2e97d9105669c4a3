//! Slips in `apiVersion` and `kind`: what is nearly a kind that is judged, and is not.

use super::{BUILT_IN, Kinds, Lookup, group};

/// Kinds that Kubernetes itself has in the groups of its workloads, besides workloads.
const OTHERS: [&str; 21] = [
    "Binding",
    "ComponentStatus",
    "ConfigMap",
    "ControllerRevision",
    "Endpoints",
    "Event",
    "Ingress",
    "LimitRange",
    "List",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodSecurityPolicy",
    "ResourceQuota",
    "Scale",
    "Secret",
    "Service",
    "ServiceAccount",
    "Status",
];

/// Groups that Kubernetes itself serves: those without a dot, and all of `k8s.io`. Projects beside Kubernetes have
/// `x-k8s.io`.
pub(super) fn is_of_kubernetes(group: &str) -> bool {
    !group.contains('.') || group == "k8s.io" || group.ends_with(".k8s.io")
}

/// What is wrong with a kind that is not judged, if it is nearly one that is.
pub(super) fn mistake(api_version: &str, kind: &str, kinds: &Kinds) -> Option<Lookup<'static>> {
    if OTHERS.contains(&kind) && !group(api_version).contains('.') {
        return None;
    }
    if is_of_kubernetes(group(api_version)) {
        of_kubernetes(api_version, kind)
    } else {
        custom(api_version, kind, kinds)
    }
}

fn of_kubernetes(api_version: &str, kind: &str) -> Option<Lookup<'static>> {
    if let Some(known) = BUILT_IN.iter().find(|known| known.name == kind) {
        return Some(wrong_version(api_version, kind, known.versions[0]));
    }
    if group(api_version).contains('.') {
        return None;
    }
    let near = is_near(kind, BUILT_IN.iter().map(|known| known.name))?;
    Some(wrong_kind(api_version, kind, near))
}

fn custom(api_version: &str, kind: &str, kinds: &Kinds) -> Option<Lookup<'static>> {
    let here = group(api_version);
    let of_group = kinds.custom.iter().filter(|known| known.group == here).map(|known| known.kind.as_str());
    if let Some(near) = is_near(kind, of_group) {
        return Some(wrong_kind(api_version, kind, near));
    }
    let namesakes = kinds.custom.iter().filter(|known| known.kind == kind && known.group != here);
    let near = is_near(here, namesakes.map(|known| known.group.as_str()))?;
    Some(wrong_version(api_version, kind, near))
}

fn wrong_version(api_version: &str, kind: &str, meant: &str) -> Lookup<'static> {
    let message = format!("{api_version} has no kind {kind}; did you mean `{meant}`?");
    Lookup::Mistaken { field: "apiVersion", message }
}

fn wrong_kind(api_version: &str, kind: &str, meant: &str) -> Lookup<'static> {
    let message = format!("{api_version} has no kind `{kind}`; did you mean `{meant}`?");
    Lookup::Mistaken { field: "kind", message }
}

/// The name that a slip meant: another case, or a letter or two off in a long name.
pub(super) fn is_near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const MOST: usize = 2;
    let is_near = |known: &&str| {
        let allowed = (known.len() / 4).min(MOST);
        let is_alike = known.len().abs_diff(name.len()) <= allowed && *known != name;
        is_alike && (known.eq_ignore_ascii_case(name) || strsim::damerau_levenshtein(known, name) <= allowed)
    };
    known.filter(is_near).min_by_key(|known| strsim::damerau_levenshtein(known, name))
}
