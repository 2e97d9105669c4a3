//! What one container's image and pull policy say.

use crate::{
    invalid::Invalid,
    quote::Quoted,
    reference::Reference,
    rules::{
        INVALID_IMAGE_REFERENCE, LATEST_TAG, MISSING_DIGEST, MOVING_TAG_ALWAYS, MOVING_TAG_CACHED,
        NEEDLESS_ALWAYS_PULL, NEVER_PULL, SERIES_TAG,
    },
    tag::{Class, Pattern},
};
use plimsoll_policy::{
    Finding, Findings, Rule,
    workload::{Container, PullPolicy},
};

/// The finding about an image that does not parse.
pub(crate) fn refuse(container: &Container, invalid: &Invalid<'_>) -> Finding {
    at_image(&INVALID_IMAGE_REFERENCE, container, invalid.message(&container.image))
        .help(invalid.help(&container.image))
}

/// Judges what an image names, and how often it is pulled.
pub(crate) fn check(
    container: &Container,
    reference: &Reference<'_>,
    immutable: &[Pattern],
    findings: &mut Findings<'_>,
) {
    let always = *container.pull_policy == PullPolicy::Always;
    let tag = reference.tag.unwrap_or("latest");
    let class = if reference.digest.is_some() { Class::Immutable } else { Class::of(tag, immutable) };
    if class == Class::Immutable && always {
        findings.push(needless_always_pull(container, reference));
    }
    if reference.digest.is_some() {
        return;
    }
    // The first that applies and that somebody wants to hear of.
    let rules: [(&Rule, bool, Describe); 5] = [
        (&LATEST_TAG, tag == "latest", latest_tag),
        (&MOVING_TAG_CACHED, class == Class::Moving && !always, moving_tag_cached),
        (&MOVING_TAG_ALWAYS, class == Class::Moving && always, moving_tag_always),
        (&SERIES_TAG, class == Class::Series, series_tag),
        (&MISSING_DIGEST, true, missing_digest),
    ];
    let first = rules.iter().find(|(rule, applies, _)| *applies && findings.wants(rule));
    if let Some((_, _, describe)) = first {
        findings.push(describe(container, reference));
    }
}

/// Never, whatever the image.
pub(crate) fn check_pull_policy(container: &Container, findings: &mut Findings<'_>) {
    if *container.pull_policy != PullPolicy::Never {
        return;
    }
    let image = Quoted(&container.image);
    let pointer = container.field("imagePullPolicy");
    let message = format!("imagePullPolicy is Never: the pod starts only on nodes onto which somebody has put {image}");
    let finding = Finding::new(&NEVER_PULL, &pointer, message)
        .container(container)
        .help("write `imagePullPolicy: IfNotPresent`: a node that has the image does not pull it either")
        .set(pointer, "IfNotPresent");
    findings.push(finding);
}

type Describe = fn(&Container, &Reference<'_>) -> Finding;

fn latest_tag(container: &Container, reference: &Reference<'_>) -> Finding {
    let image = Quoted(&container.image);
    let registry = reference.repository.registry;
    let message = match (reference.tag, registry.rsplit_once(':')) {
        (Some(_), _) => {
            format!("{image} is whatever was pushed last: nobody can tell which code runs, or roll it back")
        }
        (None, Some((_, port))) if !port.ends_with(']') => format!(
            "{image} has no tag (`:{port}` is the registry's port), which means `latest`: whatever was pushed last"
        ),
        (None, _) => format!("{image} has no tag, which means `latest`: whatever was pushed last"),
    };
    at_image(&LATEST_TAG, container, message)
        .help(format!("name the release in the tag, or pin it: {}", pin(container, reference)))
}

fn moving_tag_cached(container: &Container, reference: &Reference<'_>) -> Finding {
    let tag = effective_tag(reference);
    let consequence = match *container.pull_policy {
        PullPolicy::Never => "is Never, so no node ever picks up what is pushed again",
        _ => {
            "is IfNotPresent, so a node that has an older image under this tag keeps it while other nodes pull the new one"
        }
    };
    let message = format!("the tag `{tag}` moves, and imagePullPolicy {consequence}");
    at_image(&MOVING_TAG_CACHED, container, message)
        .help(format!("give each build a tag of its own, or pin it: {}", pin(container, reference)))
}

fn moving_tag_always(container: &Container, reference: &Reference<'_>) -> Finding {
    let tag = effective_tag(reference);
    let message = format!(
        "the tag `{tag}` moves, and imagePullPolicy is Always: a pod that starts later runs other code than its neighbours"
    );
    at_image(&MOVING_TAG_ALWAYS, container, message)
        .help(format!("give each build a tag of its own, or pin it: {}", pin(container, reference)))
}

fn series_tag(container: &Container, reference: &Reference<'_>) -> Finding {
    let tag = effective_tag(reference);
    let message = format!("the tag `{tag}` names a series: the next patch release moves it, and nodes then differ");
    at_image(&SERIES_TAG, container, message)
        .help(format!("name the patch release too, or pin it: {}", pin(container, reference)))
}

fn missing_digest(container: &Container, reference: &Reference<'_>) -> Finding {
    let message = format!("{} is not pinned by digest: its tag can be pushed again", Quoted(&container.image));
    at_image(&MISSING_DIGEST, container, message).help(format!("pin it: {}", pin(container, reference)))
}

fn needless_always_pull(container: &Container, reference: &Reference<'_>) -> Finding {
    let why = match (reference.digest, reference.tag) {
        (None, Some(tag)) => format!("the tag `{tag}` names one build"),
        _ => "the digest names one image".to_owned(),
    };
    let policy = container.field("imagePullPolicy");
    let pointer = if container.pull_policy.written { policy.clone() } else { container.field("image") };
    let message =
        format!("{why}, so imagePullPolicy Always gains nothing, and no pod starts while the registry is away");
    Finding::new(&NEEDLESS_ALWAYS_PULL, pointer, message)
        .container(container)
        .help("write `imagePullPolicy: IfNotPresent`")
        .set(policy, "IfNotPresent")
}

fn at_image(rule: &Rule, container: &Container, message: String) -> Finding {
    Finding::new(rule, container.field("image"), message).container(container)
}

fn effective_tag<'a>(reference: &Reference<'a>) -> &'a str {
    reference.tag.unwrap_or("latest")
}

/// What to write in order to pin an image that has no digest yet, and where to get the digest.
fn pin(container: &Container, reference: &Reference<'_>) -> String {
    let image = container.image.as_str();
    let with_digest = match reference.tag {
        // A digest beside `latest` would be right, and would still read like a moving target.
        Some("latest") => format!("{}@sha256:…", image.strip_suffix(":latest").unwrap_or(image)),
        _ => format!("{image}@sha256:…"),
    };
    format!("{} ({} prints it)", Quoted(&with_digest), Quoted(&format!("crane digest {image}")))
}
