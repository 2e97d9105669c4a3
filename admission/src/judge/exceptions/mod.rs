//! Findings that somebody decided to live with, until a day.
//!
//! Where an exception was read from (configuration or annotation) makes no difference to what it does. The day is
//! handed in: there is no clock here.

mod annotation;

use crate::{
    finding::{ObjectRef, Status},
    judge::host_rules::{EXPIRED_EXCEPTION, UNUSED_EXCEPTION},
};
use globset::GlobMatcher;
use jiff::civil::Date;
use plimsoll_policy::{Finding, Pointer, Workload};
use std::{collections::BTreeSet, fmt, ops::AddAssign};

/// An exception of the configuration.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The rule that it is about.
    pub rule: String,
    /// The objects that it covers.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    /// JSON pointer of it in the configuration.
    pub pointer: Pointer,
}

/// Which objects; what is left out matches everything.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the names are those of the object's metadata")]
pub struct Scope {
    pub namespace: Option<GlobMatcher>,
    pub kind: Option<GlobMatcher>,
    pub name: Option<GlobMatcher>,
}

/// Whether annotations of an object may grant exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annotations {
    /// They are heard.
    Allowed,
    /// They are like any other annotation.
    Ignored,
}

/// All exceptions. What they come to depends on the day (UTC), which every question names.
#[derive(Debug)]
pub struct Exceptions {
    configured: Vec<Exception>,
    annotations: Annotations,
    rules: BTreeSet<String>,
}

/// What exceptions make of the findings about one workload.
#[derive(Debug)]
pub struct Applied {
    /// One for each finding, in order.
    pub statuses: Vec<Status>,
    /// Findings of host rules about annotations of this workload.
    pub findings: Vec<Finding>,
    /// Which of the configured ones were of use.
    pub usage: Usage,
}

/// Which of the configured exceptions were of use; add up what [`Exceptions::apply`] returns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// They cover an object that was judged.
    matched: BTreeSet<usize>,
    /// They cover a finding.
    used: BTreeSet<usize>,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.matched.extend(other.matched);
        self.used.extend(other.used);
    }
}

impl Exceptions {
    /// `rules` are the names of all rules of all policies.
    pub fn new(configured: Vec<Exception>, annotations: Annotations, rules: impl IntoIterator<Item = String>) -> Self {
        Exceptions { configured, annotations, rules: rules.into_iter().collect() }
    }

    /// Judges the findings about one workload, given by the names of their rules.
    pub fn apply<'a>(&self, workload: &Workload, rules: impl IntoIterator<Item = &'a str>, today: Date) -> Applied {
        let mut usage = Usage::default();
        for (index, exception) in self.configured.iter().enumerate() {
            if exception.scope.covers(workload) {
                usage.matched.insert(index);
            }
        }
        let mut annotated = match self.annotations {
            Annotations::Allowed => annotation::read(workload, &self.rules, today),
            Annotations::Ignored => annotation::Annotated::default(),
        };
        let statuses = rules
            .into_iter()
            .map(|rule| {
                let annotated = annotated.status(rule);
                self.status(rule, &mut usage, today).or(annotated).unwrap_or(Status::Open)
            })
            .collect();
        Applied { statuses, findings: annotated.into_findings(), usage }
    }

    /// The same for a finding of one rule about an object that runs no pods: its annotations grant nothing.
    pub fn apply_to_other(&self, object: &ObjectRef, rule: &str, today: Date) -> Applied {
        let ObjectRef { kind, namespace, name, .. } = object;
        let mut usage = Usage::default();
        let all = self.configured.iter().enumerate();
        usage.matched.extend(
            all.filter(|(_, exception)| exception.scope.matches(namespace.as_deref(), kind, name))
                .map(|(index, _)| index),
        );
        let status = self.status(rule, &mut usage, today).unwrap_or(Status::Open);
        Applied { statuses: vec![status], findings: Vec::new(), usage }
    }

    fn status(&self, rule: &str, usage: &mut Usage, today: Date) -> Option<Status> {
        let mut status = None;
        for &index in &usage.matched {
            let exception = &self.configured[index];
            if exception.rule == rule && today <= exception.expires {
                usage.used.insert(index);
                let (reason, expires) = (exception.reason.clone(), exception.expires.to_string());
                status.get_or_insert(Status::Excepted { reason, expires });
            }
        }
        status
    }

    /// A finding for each configured exception that is past its day; pointers are into the configuration.
    pub fn expired(&self, today: Date) -> Vec<Finding> {
        let expired = self.configured.iter().filter(|exception| exception.expires < today);
        expired
            .map(|exception| {
                let message = format!(
                    "the exception from `{}` for {} ended on {}: findings count again",
                    exception.rule, exception.scope, exception.expires
                );
                Finding::new(&EXPIRED_EXCEPTION, format!("{}/expires", exception.pointer), message)
                    .help("fix what it covered and delete it, or write a new day")
            })
            .collect()
    }

    /// A finding for each configured exception that holds and covered nothing.
    pub fn unused(&self, usage: &Usage, today: Date) -> Vec<Finding> {
        let holding = self.configured.iter().enumerate().filter(|(_, exception)| today <= exception.expires);
        holding
            .filter(|(index, _)| !usage.used.contains(index))
            .map(|(index, exception)| {
                let Exception { rule, scope, .. } = exception;
                let why = if usage.matched.contains(&index) {
                    "what it matches has no such finding"
                } else {
                    "it matches nothing that was judged"
                };
                let message = format!("the exception from `{rule}` for {scope} is unused: {why}");
                Finding::new(&UNUSED_EXCEPTION, format!("{}/rule", exception.pointer), message).help("delete it")
            })
            .collect()
    }
}

impl Scope {
    /// Whether it covers a workload. One without a namespace has an empty one: only `*` matches that.
    pub fn covers(&self, workload: &Workload) -> bool {
        self.matches(workload.namespace.as_deref(), &workload.kind, &workload.name)
    }

    fn matches(&self, namespace: Option<&str>, kind: &str, name: &str) -> bool {
        let namespace = namespace.unwrap_or_default();
        [(&self.namespace, namespace), (&self.kind, kind), (&self.name, name)]
            .iter()
            .all(|(glob, text)| glob.as_ref().is_none_or(|glob| glob.is_match(text)))
    }
}

/// `Deployment billing/ledger`, with `*` for what is left out.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [namespace, kind, name] =
            [&self.namespace, &self.kind, &self.name].map(|glob| glob.as_ref().map_or("*", |glob| glob.glob().glob()));
        write!(f, "{kind} {namespace}/{name}")
    }
}

/// A day as people write it: `2027-01-31`.
///
/// # Errors
/// It is no such day; the text says what to write.
pub fn parse_day(text: &str) -> Result<Date, String> {
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = text.parse().ok().filter(|_| is_plain);
    day.ok_or_else(|| format!("`{text}` is not a day; write it like 2027-01-31"))
}

#[cfg(test)]
mod tests;
