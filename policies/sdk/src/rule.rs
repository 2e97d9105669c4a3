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
    /// The levels of a finding marked [`Finding::second`](crate::Finding::second).
    pub second: Option<Levels>,
}

impl Rule {
    /// A rule with one level in both profiles.
    pub const fn new(name: &'static str, level: Level, summary: &'static str) -> Self {
        let levels = Levels { default: level, strict: level };
        Rule { name: Cow::Borrowed(name), summary: Cow::Borrowed(summary), levels, second: None }
    }

    /// Another level in the profile `strict`.
    pub const fn strict(mut self, level: Level) -> Self {
        self.levels.strict = level;
        self
    }

    /// Second levels, for the case that the rule weighs differently.
    pub const fn second(mut self, default: Level, strict: Level) -> Self {
        self.second = Some(Levels { default, strict });
        self
    }
}
