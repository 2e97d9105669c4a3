//! Exceptions on the object itself: `allow.plimsoll.dev/<rule>: "2027-01-31 reason"` on the workload's own metadata.

use super::parse_day;
use crate::{
    did_you_mean,
    finding::Status,
    judge::host_rules::{self, EXPIRED_EXCEPTION, INVALID_EXCEPTION, UNUSED_EXCEPTION},
};
use jiff::civil::Date;
use plimsoll_policy::{Finding, Pointer, Workload};
use std::collections::BTreeSet;

const PREFIX: &str = "allow.plimsoll.dev/";

/// What the annotations of one workload grant, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Annotated {
    granted: Vec<Granted>,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Granted {
    rule: String,
    reason: String,
    expires: Date,
    pointer: Pointer,
    used: bool,
}

pub(super) fn read(workload: &Workload, rules: &BTreeSet<String>, today: Date) -> Annotated {
    let mut annotated = Annotated::default();
    for (annotation, text) in &workload.annotations {
        let Some(rule) = annotation.strip_prefix(PREFIX) else { continue };
        let pointer = Pointer::ROOT.join("metadata/annotations").step(annotation);
        annotated.read(rule, text, pointer, rules, today);
    }
    annotated.refuse_on_pod_template(workload);
    annotated
}

impl Annotated {
    fn read(&mut self, rule: &str, text: &str, pointer: Pointer, rules: &BTreeSet<String>, today: Date) {
        match parse(rule, text, rules) {
            Err((why, help)) => self.findings.push(invalid(pointer, why).help(help)),
            Ok((expires, _)) if expires < today => {
                let message = format!("the exception from `{rule}` ended on {expires}: findings count again");
                let finding = Finding::new(&EXPIRED_EXCEPTION, pointer, message);
                self.findings.push(finding.help("fix what it covered and delete it, or write a new day"));
            }
            Ok((expires, reason)) => {
                let (rule, reason) = (rule.to_owned(), reason.to_owned());
                self.granted.push(Granted { rule, reason, expires, pointer, used: false });
            }
        }
    }

    /// A bare pod is its own template.
    fn refuse_on_pod_template(&mut self, workload: &Workload) {
        let pod = &workload.pod;
        if pod.pointer.is_empty() {
            return;
        }
        for annotation in pod.annotations.keys().filter(|annotation| annotation.starts_with(PREFIX)) {
            let why = "it stands on the pod template".to_owned();
            let finding = invalid(pod.annotation(annotation), why);
            self.findings.push(finding.help("move it to the metadata of the workload"));
        }
    }

    pub(super) fn status(&mut self, rule: &str) -> Option<Status> {
        let granted = self.granted.iter_mut().find(|granted| granted.rule == rule)?;
        granted.used = true;
        Some(Status::Excepted { reason: granted.reason.clone(), expires: granted.expires.to_string() })
    }

    /// Everything there is to say of these annotations, once all findings were looked at.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings;
        for granted in self.granted.into_iter().filter(|granted| !granted.used) {
            let message = format!("the exception from `{}` is unused: there is no such finding", granted.rule);
            findings.push(Finding::new(&UNUSED_EXCEPTION, granted.pointer, message).help("delete it"));
        }
        findings
    }
}

/// The day and the reason; or what is wrong, and what to do.
fn parse<'a>(rule: &str, text: &'a str, rules: &BTreeSet<String>) -> Result<(Date, &'a str), (String, &'static str)> {
    const REWRITE: &str = r#"write it like "2027-01-31 reason""#;
    can_be_excepted(rule, rules)?;
    let (day, reason) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let expires = parse_day(day).map_err(|why| (why, REWRITE))?;
    match reason.trim() {
        "" => Err(("it gives no reason".to_owned(), REWRITE)),
        reason => Ok((expires, reason)),
    }
}

/// Whether exceptions may name a rule; or why not, and what to do.
pub(super) fn can_be_excepted(rule: &str, rules: &BTreeSet<String>) -> Result<(), (String, &'static str)> {
    const RENAME: &str = "name a rule that `plimsoll explain` lists";
    if host_rules::RULES.iter().any(|host| host.name == rule) {
        return Err((format!("`{rule}` cannot be excepted"), "set its level in plimsoll.yaml"));
    }
    if !rules.contains(rule) {
        return Err((did_you_mean::unknown("rule", rule, rules.iter().map(String::as_str)), RENAME));
    }
    Ok(())
}

fn invalid(pointer: Pointer, why: impl std::fmt::Display) -> Finding {
    Finding::new(&INVALID_EXCEPTION, pointer, format!("this grants no exception: {why}"))
}
