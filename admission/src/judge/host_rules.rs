//! Rules of the host itself: about exceptions and files, which no policy sees.

use super::api_rules;
use plimsoll_policy::{Description, Level, Rule};
use std::borrow::Cow;

/// The name under which these rules are configured and reported.
pub const POLICY: &str = "plimsoll";

/// An exception is past its day.
pub const EXPIRED_EXCEPTION: Rule =
    Rule::new("expired-exception", Level::Warn, "an exception is past its day, and what it covered counts again");

/// An exception covers nothing.
pub const UNUSED_EXCEPTION: Rule =
    Rule::new("unused-exception", Level::Note, "an exception covers no finding of this scan").strict(Level::Warn);

/// An annotation or a comment looks like an exception and is none.
pub const INVALID_EXCEPTION: Rule =
    Rule::new("invalid-exception", Level::Warn, "an annotation or a comment looks like an exception and grants none")
        .strict(Level::Deny);

/// A baseline covers what is not there any more.
pub const UNUSED_BASELINE: Rule =
    Rule::new("unused-baseline", Level::Note, "an entry of the baseline covers nothing any more");

/// A file is an input of kustomize or Skaffold.
pub const UNRENDERED_IMAGE: Rule = Rule::new(
    "unrendered-image",
    Level::Note,
    "kustomize or Skaffold may change an image of this file: it is judged only once rendered",
);

/// A policy cannot be given so much.
pub const TOO_LARGE: Rule = Rule::new("too-large", Level::Deny, "an object holds more than policies can be given");

/// What to do about [`TOO_LARGE`].
pub const SMALLER: &str = "move long texts into a ConfigMap, and take out what nothing reads";

/// All of them.
pub const RULES: [Rule; 6] =
    [EXPIRED_EXCEPTION, UNUSED_EXCEPTION, INVALID_EXCEPTION, UNUSED_BASELINE, UNRENDERED_IMAGE, TOO_LARGE];

/// All policies of the host: this one, and that of the [`api_rules`].
pub fn descriptions() -> [Description; 2] {
    [api_rules::description(), description()]
}

/// Whether a policy is one of the host's own: no module has it, it has no settings, and it does not fail.
pub fn is_host(policy: &str) -> bool {
    [POLICY, api_rules::POLICY].contains(&policy)
}

/// The host, described as a policy is.
pub fn description() -> Description {
    Description {
        id: POLICY.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "exceptions, baselines, and what cannot be judged as it is".to_owned(),
        rules: RULES.to_vec(),
        settings: "{}".to_owned(),
        page: Cow::Borrowed(include_str!("host_rules.md")),
        wants_raw: false,
        wants_set: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_section_on_the_page() {
        let page = description().page;
        for rule in RULES {
            assert!(page.contains(&format!("\n## {}\n", rule.name)), "{}", rule.name);
            assert!(page.contains(&format!("| [`{0}`](#{0}) |", rule.name)), "{} in the table", rule.name);
        }
    }
}
