#![doc = include_str!("../README.md")]

mod glob;
mod image;
mod invalid;
mod mixed;
mod quote;
mod reference;
mod rules;
mod tag;
#[cfg(test)]
mod tests;

use plimsoll_policy::{Findings, Input, Policy, Rule};
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
}

impl Default for ImagePull {
    fn default() -> Self {
        ImagePull { immutable_tags: vec![Pattern::Semver, Pattern::Hash, Pattern::Stamp] }
    }
}

impl Policy for ImagePull {
    const ID: &'static str = "image-pull";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "every pod of a workload runs the code that its manifest names";
    const RULES: &'static [Rule] = rules::ALL;
    const PAGE: &'static str = include_str!("../README.md");

    fn validate(&self) -> Result<(), String> {
        self.immutable_tags.iter().try_for_each(Pattern::validate)
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let containers = &input.workload.pod.containers;
        let mut images = Vec::with_capacity(containers.len());
        for container in containers {
            match Reference::parse(&container.image) {
                Ok(reference) => {
                    image::check(container, &reference, &self.immutable_tags, findings);
                    images.push((container, reference));
                }
                Err(invalid) => findings.push(image::refuse(container, &invalid)),
            }
            image::check_pull_policy(container, findings);
        }
        mixed::check(images, findings);
    }
}
