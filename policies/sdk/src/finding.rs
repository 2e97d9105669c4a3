//! Findings, and the list that a policy pushes them onto.

use crate::{Pointer, Rule, workload::Container};

/// One thing that a policy found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// What was found, with the numbers that led to it: lower case, no full stop at the end.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Which object of the [`Set`](crate::Set) it is about; 0 in [`check`](crate::Policy::check).
    pub object: u32,
    /// The field, or where it belongs.
    pub pointer: Pointer,
    /// Name of the container, where it is about one.
    pub container: Option<String>,
    /// The rule's escalated levels apply.
    pub escalated: bool,
    /// Other places that explain it.
    pub related: Vec<Related>,
    /// Edits that fix it, applied in order; empty where there is no fix.
    pub fix: Vec<Edit>,
    /// Whether the fix may be applied without asking.
    pub fix_is: Safety,
}

/// Another place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Which object of the set; none for the finding's own.
    pub object: Option<u32>,
    /// The place.
    pub pointer: Pointer,
    /// What is there: lower case, no full stop at the end.
    pub message: String,
}

/// One JSON patch operation (RFC 6902); values are JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the RFC")]
pub enum Edit {
    Add { pointer: Pointer, value: String },
    Replace { pointer: Pointer, value: String },
    Remove { pointer: Pointer },
}

/// Whether a fix may be applied without asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Safety {
    /// It cannot change what the author meant: a number raised to a sum that the message shows.
    #[default]
    Safe,
    /// The author must look at it.
    Unsafe,
}

impl Finding {
    /// A finding of `rule` at `pointer`.
    pub fn new(rule: &Rule, pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        Finding {
            rule: rule.name.clone().into_owned(),
            message: message.into(),
            help: None,
            object: 0,
            pointer: pointer.into(),
            container: None,
            escalated: false,
            related: Vec::new(),
            fix: Vec::new(),
            fix_is: Safety::Safe,
        }
    }

    /// What to write instead.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The object of the set that it is about.
    pub fn object(mut self, object: u32) -> Self {
        self.object = object;
        self
    }

    /// The container it is about.
    pub fn container(mut self, container: &Container) -> Self {
        self.container = Some(container.name.clone());
        self
    }

    /// Marks the case that the rule weighs by its escalated levels.
    pub fn escalated(mut self) -> Self {
        self.escalated = true;
        self
    }

    /// Adds another place of the same object that explains it.
    pub fn related(mut self, pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        self.related.push(Related { object: None, pointer: pointer.into(), message: message.into() });
        self
    }

    /// Adds a place in another object of the set that explains it.
    pub fn related_to(mut self, object: u32, pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        self.related.push(Related { object: Some(object), pointer: pointer.into(), message: message.into() });
        self
    }

    /// Adds an edit that puts `value` at `pointer`, whether or not the field is written.
    pub fn set(mut self, pointer: impl Into<Pointer>, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into().to_string();
        self.fix.push(Edit::Add { pointer: pointer.into(), value });
        self
    }

    /// Adds an edit that puts `value` in the place of what is written at `pointer`, which may be an item of a list.
    pub fn replace(mut self, pointer: impl Into<Pointer>, value: impl Into<serde_json::Value>) -> Self {
        let value = value.into().to_string();
        self.fix.push(Edit::Replace { pointer: pointer.into(), value });
        self
    }

    /// Adds an edit that removes the field at `pointer`.
    pub fn remove(mut self, pointer: impl Into<Pointer>) -> Self {
        self.fix.push(Edit::Remove { pointer: pointer.into() });
        self
    }

    /// Says that the author must look at the fix before it is applied.
    pub fn unsafe_fix(mut self) -> Self {
        self.fix_is = Safety::Unsafe;
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

impl Extend<Finding> for Findings<'_> {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}
