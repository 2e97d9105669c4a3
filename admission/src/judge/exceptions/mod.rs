//! Findings that somebody decided to live with, until a day.
//!
//! Where an exception was read from (configuration or annotation) makes no difference to what it does. The day is
//! handed in: there is no clock here.

mod annotation;
mod comment;
mod scope;

pub use comment::Comment;
pub use scope::{FileGlob, Scope};

use crate::{
    finding::{ObjectRef, Status},
    judge::host_rules::{EXPIRED_EXCEPTION, UNUSED_EXCEPTION},
};
use jiff::civil::Date;
use plimsoll_policy::{Finding, Pointer, Workload};
use scope::{Matched, Subject};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

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

/// Whether annotations of an object, and comments in a manifest, may grant exceptions.
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

/// When and where an object is judged, which exceptions depend on.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The day (UTC).
    pub today: Date,
    /// The file that it is written in, as a path from the folder of the configuration; none where there is no file.
    pub file: Option<&'a str>,
}

/// Which of the configured exceptions were of use; add up what [`Exceptions::apply`] returns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// They cover an object that was judged.
    matched: BTreeSet<usize>,
    /// They cover a finding.
    used: BTreeSet<usize>,
    /// Of each, the fields that matched any object.
    fields: BTreeMap<usize, Matched>,
    /// There was an object that leaves its namespace to the command line.
    without_namespace: bool,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.matched.extend(other.matched);
        self.used.extend(other.used);
        for (index, matched) in other.fields {
            self.matched_fields(index, matched);
        }
        self.without_namespace = self.without_namespace || other.without_namespace;
    }
}

impl Usage {
    fn matched_fields(&mut self, index: usize, matched: Matched) {
        let known = self.fields.entry(index).or_default();
        *known = known.and(matched);
    }
}

impl Exceptions {
    /// `rules` are the names of all rules of all policies.
    pub fn new(configured: Vec<Exception>, annotations: Annotations, rules: impl IntoIterator<Item = String>) -> Self {
        Exceptions { configured, annotations, rules: rules.into_iter().collect() }
    }

    /// Judges the findings about one workload, each given by the name of its rule and its container.
    pub fn apply<'a>(
        &self,
        workload: &Workload,
        findings: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        occasion: &Occasion<'_>,
    ) -> Applied {
        let containers: Vec<&str> = workload.pod.containers.iter().map(|container| &*container.name).collect();
        let mut usage = self.usage(&Subject {
            namespace: workload.namespace.as_deref(),
            kind: &workload.kind,
            name: &workload.name,
            containers: &containers,
            file: occasion.file,
        });
        let mut annotated = match self.annotations {
            Annotations::Allowed => annotation::read(workload, &self.rules, occasion.today),
            Annotations::Ignored => annotation::Annotated::default(),
        };
        let statuses = findings
            .into_iter()
            .map(|(rule, container)| {
                let annotated = annotated.status(rule);
                self.status(rule, container, &mut usage, occasion.today).or(annotated).unwrap_or(Status::Open)
            })
            .collect();
        Applied { statuses, findings: annotated.into_findings(), usage }
    }

    /// The same for a finding of one rule about an object that runs no pods: its annotations grant nothing.
    pub fn apply_to_other(&self, object: &ObjectRef, rule: &str, occasion: &Occasion<'_>) -> Applied {
        let ObjectRef { kind, namespace, name, .. } = object;
        let file = occasion.file;
        let mut usage = self.usage(&Subject { namespace: namespace.as_deref(), kind, name, containers: &[], file });
        let status = self.status(rule, None, &mut usage, occasion.today).unwrap_or(Status::Open);
        Applied { statuses: vec![status], findings: Vec::new(), usage }
    }

    /// What a comment grants; none where it is not for us, or none is heard.
    pub fn comment(&self, text: &str, today: Date) -> Option<Comment> {
        match self.annotations {
            Annotations::Allowed => comment::read(text, &self.rules, today),
            Annotations::Ignored => None,
        }
    }

    /// Which exceptions cover an object.
    fn usage(&self, subject: &Subject<'_>) -> Usage {
        let mut usage = Usage { without_namespace: subject.namespace.is_none(), ..Usage::default() };
        for (index, exception) in self.configured.iter().enumerate() {
            let matched = exception.scope.matched(subject);
            usage.matched_fields(index, matched);
            if matched.is_all() {
                usage.matched.insert(index);
            }
        }
        usage
    }

    fn status(&self, rule: &str, container: Option<&str>, usage: &mut Usage, today: Date) -> Option<Status> {
        let mut status = None;
        for &index in &usage.matched {
            let exception = &self.configured[index];
            if exception.rule == rule && exception.scope.has_container(container) && today <= exception.expires {
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
                let why = why_unused(index, scope, usage);
                let message = format!("the exception from `{rule}` for {scope} is unused: {why}");
                Finding::new(&UNUSED_EXCEPTION, format!("{}/rule", exception.pointer), message).help("delete it")
            })
            .collect()
    }
}

/// Why an exception may not have covered anything.
fn why_unused(index: usize, scope: &Scope, usage: &Usage) -> String {
    if usage.matched.contains(&index) {
        return "what it matches has no such finding".to_owned();
    }
    let Some(matched) = usage.fields.get(&index) else { return "nothing was judged".to_owned() };
    let missed = scope.missed(*matched);
    if missed.is_empty() {
        return "no object that was judged matches all of it".to_owned();
    }
    let is_about_namespace = missed.iter().any(|field| field.starts_with("namespace"));
    let hint = match is_about_namespace && usage.without_namespace {
        true => "; `--namespace NAME` names that of objects which do not write one",
        false => "",
    };
    format!("nothing that was judged has {}{hint}", missed.join(" or "))
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
