//! The images of a pod: of its containers, and of its image volumes.

use plimsoll_policy::{
    Finding, Pointer, Rule,
    image::Parts,
    workload::{Container, ImageVolume, PodTemplate, PullPolicy},
};
use std::fmt;

/// An image, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Image<'a> {
    /// `image` of a container.
    Container(&'a Container),
    /// `image.reference` of a volume.
    Volume(&'a ImageVolume),
}

impl<'a> Image<'a> {
    /// All images of a pod: those of its containers first.
    pub(crate) fn all(pod: &'a PodTemplate) -> impl Iterator<Item = Self> {
        pod.containers.iter().map(Image::Container).chain(pod.image_volumes.iter().map(Image::Volume))
    }

    /// The reference, as written.
    pub(crate) fn text(self) -> &'a str {
        match self {
            Image::Container(container) => &container.image,
            Image::Volume(volume) => &volume.reference,
        }
    }

    pub(crate) fn pull_policy(self) -> PullPolicy {
        match self {
            Image::Container(container) => container.pull_policy,
            Image::Volume(volume) => volume.pull_policy,
        }
    }

    /// The name of the field that holds the pull policy.
    pub(crate) fn policy_field(self) -> &'static str {
        match self {
            Image::Container(_) => "imagePullPolicy",
            Image::Volume(_) => "pullPolicy",
        }
    }

    /// JSON pointer of the pull policy.
    pub(crate) fn policy_pointer(self) -> Pointer {
        match self {
            Image::Container(container) => container.field(self.policy_field()),
            Image::Volume(volume) => volume.field(self.policy_field()),
        }
    }

    /// Whether it is a pause image, whose tags are versions of two numbers.
    pub(crate) fn is_pause(self) -> bool {
        Parts::of(self.text()).is_pause()
    }

    /// A finding of `rule` at the reference.
    pub(crate) fn finding(self, rule: &Rule, message: String) -> Finding {
        match self {
            Image::Container(container) => self.finding_at(rule, container.field("image"), message),
            Image::Volume(volume) => self.finding_at(rule, volume.field("reference"), message),
        }
    }

    /// A finding of `rule` at another field.
    pub(crate) fn finding_at(self, rule: &Rule, pointer: Pointer, message: String) -> Finding {
        let finding = Finding::new(rule, pointer, message);
        match self {
            Image::Container(container) => finding.container(container),
            Image::Volume(_) => finding,
        }
    }
}

/// Where it stands, for a message.
impl fmt::Display for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Image::Container(container) => write!(f, "container `{}`", container.name),
            Image::Volume(volume) => write!(f, "volume `{}`", volume.name),
        }
    }
}
