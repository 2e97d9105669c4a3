#![doc = include_str!("../README.md")]

mod image;
mod invalid;
mod judge;
mod mixed;
mod quote;
mod reference;
mod registries;
mod rules;
mod tag;
#[cfg(test)]
mod tests;

use image::Image;
use judge::Named;
use plimsoll_policy::{Findings, Input, Policy, Rule, about};
use reference::Reference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tag::Pattern;

/// The policy `image-pull`, and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImagePull {
    /// Tags that name one build: `semver`, `hash`, `stamp`, and globs (`*`, `?`). Replaces the default.
    immutable_tags: Vec<Pattern>,
    /// Registries that never move a tag: hosts with their port, and globs (`*`, `?`). Replaces the default.
    immutable_registries: Vec<String>,
    /// Registries whose tags Knative does not resolve to a digest: what the ConfigMap `config-deployment` of Knative
    /// Serving lists under `registries-skipping-tag-resolving`. Replaces the default, which is Knative's.
    knative_unresolved_registries: Vec<String>,
}

impl Default for ImagePull {
    fn default() -> Self {
        ImagePull {
            immutable_tags: vec![Pattern::Semver, Pattern::Hash, Pattern::Stamp],
            immutable_registries: vec!["registry.k8s.io".to_owned()],
            knative_unresolved_registries: ["kind.local", "ko.local", "dev.local"].map(str::to_owned).into(),
        }
    }
}

impl Policy for ImagePull {
    const ID: &'static str = "image-pull";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "every pod of a workload runs the code that its manifest names";
    const RULES: &'static [Rule] = rules::ALL;
    const PAGE: &'static str = include_str!("../README.md");
    const ABOUT: &'static str = about::IMAGE;

    fn validate(&self) -> Result<(), String> {
        self.immutable_tags.iter().try_for_each(Pattern::validate)?;
        registries::validate("immutable-registries", &self.immutable_registries)?;
        registries::validate("knative-unresolved-registries", &self.knative_unresolved_registries)
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let workload = input.workload;
        let (pod, is_knative) = (&workload.pod, workload.is_knative());
        let reads_all = workload.unreadable.is_empty();
        let mut images = Vec::with_capacity(pod.containers.len());
        for image in Image::all(pod) {
            match Reference::parse(image.text()) {
                Ok(reference) => {
                    // Knative resolves the images of containers; it allows no image volumes.
                    let is_resolved = is_knative
                        && matches!(image, Image::Container(_))
                        && !registries::hold(&self.knative_unresolved_registries, &reference);
                    let is_read = reads_all || !workload.is_unreadable(&image.policy_pointer());
                    let policy = is_read.then(|| image.pull_policy());
                    let named = Named { image, reference, is_resolved, policy };
                    judge::check(&named, self, findings);
                    images.push(named);
                }
                Err(invalid) => findings.push(judge::refuse(image, &invalid)),
            }
            judge::check_pull_policy(image, findings);
        }
        mixed::check(images, findings);
    }
}
