//! What could not be read of a cluster: what, why, and what to do.

use super::lists::List;
use crate::finding::{LocatedProblem, Location, Place};
use kube::Error;
use plimsoll_policy::Pointer;

/// A list that could not be read, or not to its end: after so many objects.
pub(super) fn unread(list: &List, error: &Error, objects: usize) -> LocatedProblem {
    let after = match objects {
        0 => String::new(),
        some => format!(" after {some} objects"),
    };
    let why = match error {
        Error::Api(status) if status.is_forbidden() => format!("{}; {}", status.message, grant(list)),
        error => said(error),
    };
    at(list, format!("{list} cannot be listed{after}: {why}"))
}

fn grant(list: &List) -> String {
    let (group, resource) = (&list.resource.group, &list.resource.plural);
    let rule = format!("`apiGroups: [\"{group}\"]`, `resources: [{resource}]`, `verbs: [list]`");
    match &list.namespace {
        Some(namespace) => format!("a Role in {namespace} that grants it has {rule}"),
        None => format!("a ClusterRole that grants it has {rule}; or name namespaces with -n"),
    }
}

/// A list that changed so fast, or was read so slowly, that the API server gave it up each time.
pub(super) fn expired(list: &List, times: usize, objects: usize) -> LocatedProblem {
    let message = format!(
        "{list}: the API server gave the list up {times} times before its end; judged are the {objects} objects of the \
         last time"
    );
    at(list, message)
}

/// A group that the API server has and does not tell of.
pub(super) fn no_group(group: &str, error: &Error) -> LocatedProblem {
    let message = format!("the API server does not say which kinds are in the group {group}: {}", said(error));
    problem(group, message)
}

/// A namespace that was asked for.
pub(super) fn no_namespace(name: &str) -> LocatedProblem {
    problem(&format!("namespace {name}"), format!("there is no namespace {name}"))
}

/// An error in the words of the API server, where it has any.
pub(in crate::cluster) fn said(error: &Error) -> String {
    match error {
        Error::Api(status) if !status.message.is_empty() => format!("{} ({})", status.message, status.code),
        error => error.to_string(),
    }
}

fn at(list: &List, message: String) -> LocatedProblem {
    problem(&list.to_string(), message)
}

fn problem(place: &str, message: String) -> LocatedProblem {
    LocatedProblem { location: Location::without_text(Place::List(place.into()), Pointer::ROOT), message }
}
