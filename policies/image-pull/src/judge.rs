//! What one image's reference and pull policy say.

use crate::{
    ImagePull,
    image::Image,
    invalid::Invalid,
    quote::Quoted,
    reference::Reference,
    registries,
    rules::{
        INVALID_IMAGE_REFERENCE, LATEST_TAG, MISSING_DIGEST, MOVING_TAG_ALWAYS, MOVING_TAG_CACHED,
        NEEDLESS_ALWAYS_PULL, NEVER_PULL, SERIES_TAG,
    },
    tag::Class,
};
use plimsoll_policy::{Finding, Findings, Rule, workload::PullPolicy};

/// An image that parses, and what is known of the tag beside its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) image: Image<'a>,
    pub(crate) reference: Reference<'a>,
    /// Knative replaces the tag by a digest when it makes a Revision: the tag cannot move under a running pod.
    pub(crate) is_resolved: bool,
    /// How often it is pulled, where that can be read.
    pub(crate) policy: Option<PullPolicy>,
}

/// The finding about an image that does not parse.
pub(crate) fn refuse(image: Image<'_>, invalid: &Invalid<'_>) -> Finding {
    image.finding(&INVALID_IMAGE_REFERENCE, invalid.message(image.text())).help(invalid.help(image.text()))
}

/// Judges what an image names, and how often it is pulled.
pub(crate) fn check(named: &Named<'_>, settings: &ImagePull, findings: &mut Findings<'_>) {
    let always = named.policy == Some(PullPolicy::Always);
    let cached = named.policy.is_some_and(|policy| policy != PullPolicy::Always);
    let (tag, class) = (named.tag(), named.class(settings));
    if class == Class::Immutable && always {
        findings.push(needless_always_pull(named));
    }
    if named.reference.digest.is_some() {
        return;
    }
    // The first that applies and that the configuration has not turned off.
    let rules: [(&Rule, bool, Describe); 5] = [
        (&LATEST_TAG, tag == "latest", latest_tag),
        (&MOVING_TAG_CACHED, class == Class::Moving && cached, moving_tag_cached),
        (&MOVING_TAG_ALWAYS, class == Class::Moving && always, moving_tag_always),
        (&SERIES_TAG, class == Class::Series, series_tag),
        (&MISSING_DIGEST, true, missing_digest),
    ];
    let first = rules.iter().find(|(rule, applies, _)| *applies && findings.wants(rule));
    if let Some((rule, _, describe)) = first {
        findings.push(named.finding(rule, describe(named)));
    }
}

/// Judges the pull policy Never, which is wrong for every image.
pub(crate) fn check_pull_policy(image: Image<'_>, findings: &mut Findings<'_>) {
    if image.pull_policy() != PullPolicy::Never {
        return;
    }
    let (field, pointer) = (image.policy_field(), image.policy_pointer());
    let message = format!(
        "{field} is Never: the pod starts only on nodes that have {} already, because it was loaded there by hand",
        Quoted(image.text())
    );
    let finding = image
        .finding_at(&NEVER_PULL, pointer.clone(), message)
        .help(format!("write `{field}: IfNotPresent`: a node that has the image does not pull it either"))
        .set(pointer, "IfNotPresent")
        .unsafe_fix();
    findings.push(finding);
}

/// What was found, and what to write instead.
type Describe = fn(&Named<'_>) -> (String, String);

impl<'a> Named<'a> {
    /// The tag that the kubelet asks for, where there is no digest.
    fn tag(&self) -> &'a str {
        self.reference.tag.unwrap_or("latest")
    }

    fn class(&self, settings: &ImagePull) -> Class {
        let never_moved = registries::hold(&settings.immutable_registries, &self.reference);
        if self.reference.digest.is_some() || (never_moved && self.tag() != "latest") {
            return Class::Immutable;
        }
        match Class::of(self.tag(), &settings.immutable_tags) {
            // The versions of pause images have two numbers, and no third that a patch release would raise.
            Class::Series if self.image.is_pause() => Class::Immutable,
            class => class,
        }
    }

    /// A finding about the tag: a warning at most where Knative resolves it.
    fn finding(&self, rule: &Rule, (message, help): (String, String)) -> Finding {
        if self.is_resolved {
            let message = format!(
                "{message} (a warning, because Knative resolves the tag to a digest when it makes a Revision: the \
                 next Revision may run another image under the same tag)"
            );
            return self.image.finding(rule, message).help(help);
        }
        self.image.finding(rule, message).help(help).escalated()
    }

    /// What to write in order to pin an image that has no digest yet, and where to get the digest.
    fn pin(&self) -> String {
        let image = self.image.text();
        let with_digest = match self.reference.tag {
            // A digest beside `latest` would be right, and would still read like a moving target.
            Some("latest") => format!("{}@sha256:…", image.strip_suffix(":latest").unwrap_or(image)),
            _ => format!("{image}@sha256:…"),
        };
        format!("{} ({} prints it)", Quoted(&with_digest), Quoted(&format!("crane digest {image}")))
    }
}

fn latest_tag(named: &Named<'_>) -> (String, String) {
    let image = Quoted(named.image.text());
    let registry = named.reference.repository.registry;
    let message = match (named.reference.tag, registry.rsplit_once(':')) {
        (Some(_), _) => {
            format!(
                "{image} is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name"
            )
        }
        (None, Some((_, port))) if !port.ends_with(']') => format!(
            "{image} has no tag (`:{port}` is the registry's port), which means `latest`: the image that was pushed last"
        ),
        (None, _) => format!("{image} has no tag, which means `latest`: the image that was pushed last"),
    };
    (message, format!("name the release in the tag, or pin it: {}", named.pin()))
}

fn moving_tag_cached(named: &Named<'_>) -> (String, String) {
    let (tag, field) = (named.tag(), named.image.policy_field());
    let consequence = match named.image.pull_policy() {
        PullPolicy::Never => "is Never, so no node picks up what is pushed again",
        _ => {
            "is IfNotPresent: a node that has an older image under this tag keeps it, while other nodes pull the new one"
        }
    };
    let message = format!("the tag `{tag}` moves, and {field} {consequence}");
    (message, format!("give each build a tag of its own, or pin it: {}", named.pin()))
}

fn moving_tag_always(named: &Named<'_>) -> (String, String) {
    let (tag, field) = (named.tag(), named.image.policy_field());
    let message = format!(
        "the tag `{tag}` moves, and {field} is Always: a pod that starts later runs other code than the pods beside it"
    );
    (message, format!("give each build a tag of its own, or pin it: {}", named.pin()))
}

fn series_tag(named: &Named<'_>) -> (String, String) {
    let message =
        format!("the tag `{}` names a series: the next patch release moves it, and nodes then differ", named.tag());
    (message, format!("name the patch release too, or pin it: {}", named.pin()))
}

fn missing_digest(named: &Named<'_>) -> (String, String) {
    let message = format!("{} is not pinned by digest: its tag can be pushed again", Quoted(named.image.text()));
    (message, format!("pin it: {}", named.pin()))
}

fn needless_always_pull(named: &Named<'_>) -> Finding {
    let why = match (named.reference.digest, named.reference.tag) {
        (None, Some(tag)) => format!("the tag `{tag}` names one build"),
        _ => "the digest names one image".to_owned(),
    };
    let (field, pointer) = (named.image.policy_field(), named.image.policy_pointer());
    let message =
        format!("{why}, so {field} Always gains nothing, and no pod starts while the registry cannot be reached");
    named
        .image
        .finding_at(&NEEDLESS_ALWAYS_PULL, pointer.clone(), message)
        .help(format!("write `{field}: IfNotPresent`"))
        .set(pointer, "IfNotPresent")
        .unsafe_fix()
}
