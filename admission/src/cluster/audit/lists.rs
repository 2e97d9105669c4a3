//! Which lists to read: the kinds that are judged, and those that rules about a set need, as far as the API server has
//! them.

use super::{Namespaces, trouble};
use crate::{
    finding::LocatedProblem,
    manifest::{Kinds, MEMBERS},
};
use kube::{
    Client, Error, Resource,
    api::DynamicObject,
    core::GroupVersion,
    discovery::{self, ApiCapabilities, ApiGroup, ApiResource, Scope, verbs},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// What there is to read.
pub(super) struct Known {
    pub(super) lists: Vec<List>,
    /// Groups that the API server has and does not tell of.
    pub(super) problems: Vec<LocatedProblem>,
}

/// All objects of one kind, everywhere or in one namespace.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) resource: Arc<ApiResource>,
    /// None for all namespaces, and for a kind that has none.
    pub(super) namespace: Option<String>,
    pub(super) role: Role,
}

/// Why a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Its objects are judged.
    Judged,
    /// Its objects are members of a set.
    Member,
    /// Rules about a set ask whether a namespace has one.
    Sign,
}

/// Kinds of which it matters to rules about a set that there is one: it gives containers the requests that they do not
/// write.
const SIGNS: [(&str, &str); 1] = [("", "LimitRange")];

/// Group and kind, with what they are read for.
type Wanted = BTreeMap<String, Vec<(String, Role)>>;

/// Asks the API server what it has.
///
/// # Errors
/// It does not say.
pub(super) async fn find(
    client: &Client,
    kinds: &Kinds,
    wants_sets: bool,
    namespaces: &Namespaces,
) -> Result<Known, Error> {
    let mut served: BTreeMap<String, Vec<String>> = BTreeMap::from([(String::new(), vec!["v1".to_owned()])]);
    for group in client.list_api_groups().await?.groups {
        // The preferred version first: what it does not have, another one may.
        let preferred = group.preferred_version.map(|version| version.version);
        let others = group.versions.into_iter().map(|version| version.version);
        let mut seen = BTreeSet::new();
        let versions = preferred.into_iter().chain(others).filter(|version| seen.insert(version.clone())).collect();
        served.insert(group.name, versions);
    }
    let mut known = Known { lists: Vec::new(), problems: Vec::new() };
    for (group, kinds) in wanted(kinds, wants_sets) {
        let Some(versions) = served.get(&group) else { continue };
        match resources(client, &group, versions, kinds).await {
            Ok(found) => known.lists.extend(found.into_iter().flat_map(|found| lists(found, namespaces))),
            Err(error) if group.is_empty() => return Err(error),
            Err(error) => known.problems.push(trouble::no_group(&group, &error)),
        }
    }
    known.lists.sort_by_key(|list| list.role);
    Ok(known)
}

fn wanted(kinds: &Kinds, wants_sets: bool) -> Wanted {
    let judged = kinds.iter().map(|name| (name, Role::Judged));
    let of_sets = MEMBERS.into_iter().map(|name| (name, Role::Member)).chain(SIGNS.map(|name| (name, Role::Sign)));
    let mut wanted = Wanted::new();
    for ((group, kind), role) in judged.chain(of_sets.filter(|_| wants_sets)) {
        let of_group = wanted.entry(group.to_owned()).or_default();
        // What is configured may be known already.
        if of_group.iter().all(|(known, _)| known != kind) {
            of_group.push((kind.to_owned(), role));
        }
    }
    wanted
}

type Found = (ApiResource, ApiCapabilities, Role);

async fn resources(
    client: &Client,
    group: &str,
    versions: &[String],
    mut wanted: Vec<(String, Role)>,
) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for version in versions {
        if wanted.is_empty() {
            break;
        }
        let of_version = discovery::pinned_group(client, &GroupVersion::gv(group, version)).await?;
        wanted.retain(|(kind, role)| match listed(&of_version, kind) {
            Some((resource, capabilities)) => {
                found.push((resource, capabilities, *role));
                false
            }
            None => true,
        });
    }
    Ok(found)
}

fn listed(group: &ApiGroup, kind: &str) -> Option<(ApiResource, ApiCapabilities)> {
    group.recommended_kind(kind).filter(|(_, capabilities)| capabilities.supports_operation(verbs::LIST))
}

/// One for everywhere, or one for each namespace. A kind that has no namespaces is read only for everywhere.
fn lists((resource, capabilities, role): Found, namespaces: &Namespaces) -> Vec<List> {
    let resource = Arc::new(resource);
    let list = |namespace: Option<String>| List { resource: Arc::clone(&resource), namespace, role };
    match (namespaces, capabilities.scope) {
        (Namespaces::All, _) => vec![list(None)],
        (Namespaces::These(_), Scope::Cluster) => Vec::new(),
        (Namespaces::These(names), Scope::Namespaced) => names.iter().map(|name| list(Some(name.clone()))).collect(),
    }
}

impl List {
    /// Its path on the API server.
    pub(super) fn path(&self) -> String {
        DynamicObject::url_path(&self.resource, self.namespace.as_deref())
    }

    /// `deployments.apps`.
    pub(super) fn name(&self) -> String {
        match self.resource.group.as_str() {
            "" => self.resource.plural.clone(),
            group => format!("{}.{group}", self.resource.plural),
        }
    }
}

/// `deployments.apps in the namespace shop`.
impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} in the namespace {namespace}", self.name()),
            None => write!(f, "{} in all namespaces", self.name()),
        }
    }
}
