//! The rules and their levels.

use plimsoll_policy::{Level::*, Rule};

pub(crate) const INVALID_IMAGE_REFERENCE: Rule =
    Rule::new("invalid-image-reference", Deny, "the image does not parse: no node can pull it");
// The rules about tags are a warning at most where Knative resolves the tag: those are their first levels, and the
// second ones are for tags that stay tags.

pub(crate) const LATEST_TAG: Rule =
    Rule::new("latest-tag", Warn, "no tag and no digest, or the tag `latest`").escalated(Deny, Deny);
pub(crate) const MOVING_TAG_CACHED: Rule =
    Rule::new("moving-tag-cached", Warn, "a moving tag that nodes keep: what is pushed again is not picked up")
        .escalated(Deny, Deny);
pub(crate) const MOVING_TAG_ALWAYS: Rule =
    Rule::new("moving-tag-always", Warn, "a moving tag that is pulled at each start: different pods, different code")
        .escalated(Warn, Deny);
pub(crate) const SERIES_TAG: Rule =
    Rule::new("series-tag", Warn, "a tag such as `1.27`, which the next patch release moves").escalated(Warn, Deny);
pub(crate) const MISSING_DIGEST: Rule =
    Rule::new("missing-digest", Off, "not pinned by digest").strict(Warn).escalated(Off, Deny);
pub(crate) const NEVER_PULL: Rule = Rule::new("never-pull", Deny, "imagePullPolicy Never");
pub(crate) const NEEDLESS_ALWAYS_PULL: Rule =
    Rule::new("needless-always-pull", Off, "Always for an image that cannot change: each start needs the registry")
        .strict(Warn);
pub(crate) const MIXED_IMAGE_VERSIONS: Rule =
    Rule::new("mixed-image-versions", Warn, "one repository with different tags or digests inside one pod");

pub(crate) const ALL: &[Rule] = &[
    INVALID_IMAGE_REFERENCE,
    LATEST_TAG,
    MOVING_TAG_CACHED,
    MOVING_TAG_ALWAYS,
    SERIES_TAG,
    MISSING_DIGEST,
    NEVER_PULL,
    NEEDLESS_ALWAYS_PULL,
    MIXED_IMAGE_VERSIONS,
];
