//! The trait a policy implements.

use crate::{Findings, Rule, Sibling, Workload};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

/// One subject: a few rules about it, and the settings they share.
///
/// The implementing type *is* the settings: derive `Serialize`, `Deserialize` and `JsonSchema`, with
/// `#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]`, and give it a `Default`. Its fields may be
/// of any type that postcard can read back (no `#[serde(flatten)]`, no untagged enum).
pub trait Policy: Serialize + DeserializeOwned + JsonSchema {
    /// Name in configuration and reports, in kebab case.
    const ID: &'static str;
    /// Version of the policy: `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// One line: what it is about.
    const SUMMARY: &'static str;
    /// Its rules.
    const RULES: &'static [Rule];
    /// Its page in markdown, usually `include_str!("../README.md")`: see [`examples`](crate::examples).
    const PAGE: &'static str;
    /// Whether [`Input::raw`] is filled in. It costs time: ask only for what [`Workload`] does not have.
    const WANTS_RAW: bool = false;
    /// Whether [`Input::siblings`] is filled in. It costs time: every document of the input is parsed then.
    const WANTS_SIBLINGS: bool = false;

    /// Refuses settings that parse but make no sense, in one line for the person who wrote them.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }

    /// Judges one object.
    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>);
}

/// What a policy may look at.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The object, defaults applied.
    pub workload: &'a Workload,
    /// The whole object as JSON, for a policy that wants it.
    pub raw: Option<&'a str>,
    /// The other documents of the same input, for a policy that wants them.
    pub siblings: &'a [Sibling],
}

impl<'a> From<&'a Workload> for Input<'a> {
    fn from(workload: &'a Workload) -> Self {
        Input { workload, raw: None, siblings: &[] }
    }
}

/// What a module says of one of its policies: [`Policy`]'s constants, as the host keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Name in configuration and reports.
    pub id: String,
    /// Version of the policy.
    pub version: String,
    /// One line: what it is about.
    pub summary: String,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// JSON Schema of its settings, as text.
    pub settings: String,
    /// Its page in markdown.
    pub page: String,
    /// The version of the packed request that it reads.
    pub request: u8,
    /// Whether it wants the whole object.
    pub wants_raw: bool,
    /// Whether it wants the other documents.
    pub wants_siblings: bool,
}
