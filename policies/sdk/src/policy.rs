//! The trait a policy implements.

use crate::{Findings, Rule, Set, Workload, about};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use std::borrow::Cow;

/// One subject: a few rules about it, and the settings they share.
///
/// The implementing type *is* the settings: derive `Serialize`, `Deserialize` and `JsonSchema`, with
/// `#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]`, and give it a `Default`.
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
    /// Whether [`check_set`](Policy::check_set) is called. It costs time: every document of the input is read then.
    const WANTS_SET: bool = false;
    /// What its rules are about: one of [`about`], or another word, which means nothing to the host.
    const ABOUT: &'static str = about::WORKLOAD;

    /// Refuses settings that parse but make no sense, in one line for the person who wrote them.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }

    /// Judges one object.
    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>);

    /// Judges all objects of one namespace of one input together, if [`WANTS_SET`](Policy::WANTS_SET). Findings name
    /// their object: [`Finding::object`](crate::Finding::object). Never called at the webhook.
    fn check_set(&self, _set: &Set, _findings: &mut Findings<'_>) {}
}

/// What a policy may look at.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The object, defaults applied.
    pub workload: &'a Workload,
    /// The whole object as JSON, for a policy that wants it.
    pub raw: Option<&'a str>,
}

impl<'a> From<&'a Workload> for Input<'a> {
    fn from(workload: &'a Workload) -> Self {
        Input { workload, raw: None }
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
    pub page: Cow<'static, str>,
    /// Whether it wants the whole object.
    pub wants_raw: bool,
    /// Whether it has rules about a set of objects.
    pub wants_set: bool,
}
