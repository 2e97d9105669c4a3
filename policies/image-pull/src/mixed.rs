//! One repository in several versions inside one pod.
//!
//! Ephemeral containers are left out: they are put into a pod that already runs, by somebody who debugs it, and
//! nothing that the author of the manifest writes changes them.

use crate::{quote::Quoted, reference::Reference, rules::MIXED_IMAGE_VERSIONS};
use plimsoll_policy::{
    Finding, Findings,
    workload::{Class, Container},
};

/// Reports each repository once, at the first container that departs from the one before it in the pod.
pub(crate) fn check(mut images: Vec<(&Container, Reference<'_>)>, findings: &mut Findings<'_>) {
    images.retain(|(container, _)| container.class != Class::Ephemeral);
    // Stable: within a repository, the containers stay in the order of the pod.
    images.sort_by_key(|(_, reference)| reference.repository);
    let repositories = images.chunk_by(|(_, a), (_, b)| a.repository == b.repository);
    for (first, departing) in repositories.filter_map(departure) {
        let message = format!(
            "the pod runs two versions of one repository: {} in container `{}`, {} in container `{}`",
            Quoted(&first.image),
            first.name,
            Quoted(&departing.image),
            departing.name,
        );
        let finding = Finding::new(&MIXED_IMAGE_VERSIONS, departing.field("image"), message)
            .container(departing)
            .help("write the same image in both, and change them together");
        findings.push(finding);
    }
}

fn departure<'a>(images: &[(&'a Container, Reference<'_>)]) -> Option<(&'a Container, &'a Container)> {
    let [(first, reference), rest @ ..] = images else { return None };
    let (departing, _) = rest.iter().find(|(_, other)| version(other) != version(reference))?;
    Some((first, departing))
}

/// A digest settles what is pulled, whatever tag stands beside it. A tag alone is never known to be a digest.
fn version<'a>(reference: &Reference<'a>) -> &'a str {
    reference.digest.or(reference.tag).unwrap_or("latest")
}
