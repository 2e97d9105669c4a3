//! Rules and the levels they have in each profile.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a finding leads to, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not looked for.
    Off,
    /// True, but nothing that the author of this manifest must act on today.
    Note,
    /// An API warning.
    Warn,
    /// Refused by the webhook; exit code 1 of a scan.
    Deny,
}

impl Level {
    /// The name that configuration and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Note => "note",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
}

/// A level for each profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// In the profile `default`.
    pub default: Level,
    /// In the profile `strict`.
    pub strict: Level,
}

/// A rule, named after the bad pattern in kebab case. Names are unique across all policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `latest-tag`, so that "allow `latest-tag`" reads well.
    pub name: Cow<'static, str>,
    /// One line: what it finds.
    pub summary: Cow<'static, str>,
    /// The levels of an ordinary finding.
    pub levels: Levels,
    /// The levels of a finding that is [`escalated`](crate::Finding::escalated).
    pub escalated: Option<Levels>,
    /// What it is about: its policy's [`ABOUT`](crate::Policy::ABOUT), by which the host asks for rules without naming a
    /// policy.
    pub about: Cow<'static, str>,
}

/// Words for what a rule is about; a policy may use others, which mean nothing to the host.
pub mod about {
    /// The image and how it is pulled: not judged where something else still fills in images.
    pub const IMAGE: &str = "image";
    /// The probes of containers: not judged where an operator fills them in.
    pub const PROBE: &str = "probe";
    /// Anything else in the workload.
    pub const WORKLOAD: &str = "workload";
}

impl Rule {
    /// A rule with one level in both profiles.
    pub const fn new(name: &'static str, level: Level, summary: &'static str) -> Self {
        let levels = Levels { default: level, strict: level };
        Rule {
            name: Cow::Borrowed(name),
            summary: Cow::Borrowed(summary),
            levels,
            escalated: None,
            about: Cow::Borrowed(about::WORKLOAD),
        }
    }

    /// Another level in the profile `strict`.
    pub const fn strict(mut self, level: Level) -> Self {
        self.levels.strict = level;
        self
    }

    /// Escalated levels, for the case that the rule weighs differently.
    pub const fn escalated(mut self, default: Level, strict: Level) -> Self {
        self.escalated = Some(Levels { default, strict });
        self
    }
}
