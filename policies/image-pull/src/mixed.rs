//! One repository in several versions inside one pod.
//!
//! Ephemeral containers are left out: a person who debugs puts them into a pod that already runs, and nothing that the
//! author of the manifest writes changes them.

use crate::{image::Image, judge::Named, quote::Quoted, reference::Reference, rules::MIXED_IMAGE_VERSIONS};
use plimsoll_policy::{Findings, workload::Class};

/// Reports each repository once, at the first image that departs from the one before it in the pod.
pub(crate) fn check(mut images: Vec<Named<'_>>, findings: &mut Findings<'_>) {
    images.retain(|named| !matches!(named.image, Image::Container(container) if container.class == Class::Ephemeral));
    // Stable: within a repository, the images stay in the order of the pod.
    images.sort_by_key(|named| named.reference.repository);
    let repositories = images.chunk_by(|a, b| a.reference.repository == b.reference.repository);
    for (first, departing) in repositories.filter_map(departure) {
        let message = format!(
            "the pod has two versions of one repository: {} in {first}, {} in {departing}",
            Quoted(first.text()),
            Quoted(departing.text()),
        );
        let finding = departing
            .finding(&MIXED_IMAGE_VERSIONS, message)
            .help("write the same image in both, and change them together");
        findings.push(finding);
    }
}

fn departure<'a>(images: &[Named<'a>]) -> Option<(Image<'a>, Image<'a>)> {
    let [first, rest @ ..] = images else { return None };
    let departing = rest.iter().find(|other| version(&other.reference) != version(&first.reference))?;
    Some((first.image, departing.image))
}

/// A digest settles what is pulled, also beside a tag. A tag alone is never known to be a digest.
fn version<'a>(reference: &Reference<'a>) -> &'a str {
    reference.digest.or(reference.tag).unwrap_or("latest")
}
