//! Findings, and the list that a policy pushes them onto.

use crate::{Rule, workload::Container};
use std::fmt::Display;

/// One thing that a policy found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// What was found, with the numbers that led to it: lower case, no full stop at the end.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// JSON pointer of the field, or of where it belongs.
    pub pointer: String,
    /// Name of the container, where it is about one.
    pub container: Option<String>,
    /// The rule's second levels apply.
    pub second: bool,
    /// Edits that mend it, applied in order.
    pub fix: Vec<Edit>,
}

/// One JSON patch operation (RFC 6902); values are JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the RFC")]
pub enum Edit {
    Add { pointer: String, value: String },
    Replace { pointer: String, value: String },
    Remove { pointer: String },
}

impl Finding {
    /// A finding of `rule` at `pointer`.
    pub fn new(rule: &Rule, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Finding {
            rule: rule.name.clone().into_owned(),
            message: message.into(),
            help: None,
            pointer: pointer.into(),
            container: None,
            second: false,
            fix: Vec::new(),
        }
    }

    /// What to write instead.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The container it is about.
    pub fn container(mut self, container: &Container) -> Self {
        self.container = Some(container.name.clone());
        self
    }

    /// Marks the case that the rule weighs by its second levels.
    pub fn second(mut self) -> Self {
        self.second = true;
        self
    }

    /// Adds an edit that puts `value` at `pointer`, whether or not the field is written.
    pub fn set(mut self, pointer: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into().to_string();
        self.fix.push(Edit::Add { pointer: pointer.into(), value });
        self
    }

    /// Adds an edit that removes the field at `pointer`.
    pub fn remove(mut self, pointer: impl Into<String>) -> Self {
        self.fix.push(Edit::Remove { pointer: pointer.into() });
        self
    }
}

/// Collects the findings of one policy about one object.
///
/// Rules that the configuration turned off are known here, so that a rule which would be silenced by a graver one
/// speaks when the graver one is off.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    off: &'a [String],
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    /// An empty list; the rules named in `off` are not collected.
    pub fn new(off: &'a [String]) -> Self {
        Findings { off, list: Vec::new() }
    }

    /// Whether anybody wants to hear of `rule`.
    pub fn wants(&self, rule: &Rule) -> bool {
        !self.off.iter().any(|off| *off == rule.name)
    }

    /// Adds a finding, unless its rule is off.
    pub fn push(&mut self, finding: Finding) {
        if !self.off.contains(&finding.rule) {
            self.list.push(finding);
        }
    }

    /// What was collected, in the order of pushing.
    pub fn into_vec(self) -> Vec<Finding> {
        self.list
    }
}

/// Escapes one step of a JSON pointer (RFC 6901): `~` as `~0`, `/` as `~1`.
pub fn escape(step: impl Display) -> String {
    step.to_string().replace('~', "~0").replace('/', "~1")
}
