//! Reports as objects of a cluster, which dashboards read: `Report` and `ClusterReport` of `openreports.io/v1alpha1`, or
//! `PolicyReport` and `ClusterPolicyReport` of the older group `wgpolicyk8s.io/v1alpha2`. One for each namespace that has
//! a workload, and one for what has no namespace.
//!
//! A result is a finding: `fail` at `deny`, `warn` at `warn`, `skip` where it is excepted, `error` for what could not be
//! judged. Workloads without any are counted as `pass`. An object of a cluster has its limits: the gravest results are
//! written, the counts are of all, and an annotation says how many were left out.

use super::{Context, Detail, Format, Remarks, counts::count, cut};
use crate::{
    finding::{Finding, Judged, LocatedProblem, ObjectRef, Place, Report, Status},
    printable::printable,
};
use plimsoll_policy::Level;
use serde_json::{Map, Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    io::{self, Write},
};

/// Most results of one report: etcd takes 1.5 MiB for an object, and each is about a kilobyte at the most.
pub const MOST_RESULTS: usize = 1000;
/// Characters of a text: three bytes each at the most, and a result has two of them.
const MOST_OF_A_TEXT: usize = 200;
/// Name of each report, and of who manages its fields.
pub const NAME: &str = "plimsoll";
/// How reports of ours are told from others.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", NAME);
/// How many results were left out.
const LEFT_OUT: &str = "plimsoll.dev/left-out";

/// Which objects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `openreports.io/v1alpha1`.
    OpenReports,
    /// `wgpolicyk8s.io/v1alpha2`.
    PolicyReport,
}

impl Api {
    /// The objects that a format writes; none for all others.
    pub fn of(format: &Format) -> Option<Self> {
        [Api::OpenReports, Api::PolicyReport].into_iter().find(|api| api.format() == format.name)
    }

    fn format(self) -> &'static str {
        match self {
            Api::OpenReports => "openreports",
            Api::PolicyReport => "policyreport",
        }
    }

    /// Group and version.
    pub fn group_version(self) -> (&'static str, &'static str) {
        match self {
            Api::OpenReports => ("openreports.io", "v1alpha1"),
            Api::PolicyReport => ("wgpolicyk8s.io", "v1alpha2"),
        }
    }

    /// Kind and resource of the report of a namespace, or of what has none.
    pub fn kind(self, has_namespace: bool) -> (&'static str, &'static str) {
        match (self, has_namespace) {
            (Api::OpenReports, true) => ("Report", "reports"),
            (Api::OpenReports, false) => ("ClusterReport", "clusterreports"),
            (Api::PolicyReport, true) => ("PolicyReport", "policyreports"),
            (Api::PolicyReport, false) => ("ClusterPolicyReport", "clusterpolicyreports"),
        }
    }
}

/// Writes a `List` of them for `kubectl apply -f -`.
pub(super) fn write_openreports(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    write(report, context, Api::OpenReports, out)
}

/// The same for the older group.
pub(super) fn write_policyreport(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    write(report, context, Api::PolicyReport, out)
}

fn write(report: &Report, context: &Context<'_>, api: Api, out: &mut dyn Write) -> io::Result<Remarks> {
    let (reports, remarks) = reports(report, api, context.detail);
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": reports });
    serde_json::to_writer_pretty(&mut *out, &list)?;
    writeln!(out)?;
    Ok(remarks)
}

/// One namespace, or what has none.
#[derive(Default)]
struct Part<'a> {
    findings: Vec<&'a Finding>,
    problems: Vec<(&'a ObjectRef, &'a LocatedProblem)>,
    pass: usize,
}

/// The objects, and what is in none of them.
pub fn reports(report: &Report, api: Api, detail: Detail) -> (Vec<Value>, Remarks) {
    let mut parts: BTreeMap<Option<&str>, Part<'_>> = BTreeMap::new();
    let mut unfit: HashSet<&ObjectRef> = HashSet::new();
    let mut left_out = 0;
    for finding in report.findings.iter().filter(|finding| is_result(finding, detail)) {
        let Some(object) = finding.object.as_deref() else {
            left_out += 1;
            continue;
        };
        unfit.insert(object);
        parts.entry(object.namespace.as_deref()).or_default().findings.push(finding);
    }
    for problem in &report.problems {
        let Place::Object(object) = &problem.location.place else {
            left_out += 1;
            continue;
        };
        unfit.insert(object);
        parts.entry(object.namespace.as_deref()).or_default().problems.push((object, problem));
    }
    for Judged { object, .. } in &report.judged {
        let part = parts.entry(object.namespace.as_deref()).or_default();
        part.pass += usize::from(!unfit.contains(object));
    }
    let why = "because no object of the cluster is what it is about";
    let remark = || format!("{}: left out {}, {why}", api.format(), count(left_out, "result"));
    let remarks = (left_out > 0).then(remark).into_iter().collect();
    (parts.into_iter().map(|(namespace, part)| part.object(namespace, api)).collect(), remarks)
}

/// Notes are nothing to act on.
fn is_result(finding: &Finding, detail: Detail) -> bool {
    finding.status != Status::Baselined && (finding.level > Level::Note || detail == Detail::Notes)
}

impl Part<'_> {
    fn object(mut self, namespace: Option<&str>, api: Api) -> Value {
        self.findings.sort_by_key(|finding| (!finding.is_open(), Reverse(finding.level)));
        let all = self.findings.len() + self.problems.len();
        let problems = self.problems.iter().map(|(object, problem)| of_problem(object, problem));
        let results = problems.chain(self.findings.iter().map(|finding| of_finding(finding)));
        let results: Vec<Value> = results.take(MOST_RESULTS).collect();
        let mut counts = BTreeMap::from([("pass", self.pass), ("error", self.problems.len())]);
        for finding in &self.findings {
            *counts.entry(result(finding)).or_default() += 1;
        }
        for name in ["fail", "warn", "skip"] {
            counts.entry(name).or_default();
        }
        let (group, version) = api.group_version();
        let mut metadata = json!({ "name": NAME, "labels": { MANAGED_BY.0: MANAGED_BY.1 } });
        metadata["namespace"] = namespace.map_or(Value::Null, Value::from);
        if all > results.len() {
            metadata["annotations"] = json!({ LEFT_OUT: (all - results.len()).to_string() });
        }
        let mut object = json!({
            "apiVersion": format!("{group}/{version}"),
            "kind": api.kind(namespace.is_some()).0,
            "metadata": written(metadata),
            "summary": counts,
            "results": results,
        });
        if api == Api::OpenReports {
            object["source"] = NAME.into();
        }
        object
    }
}

fn of_problem(object: &ObjectRef, problem: &LocatedProblem) -> Value {
    json!({
        "source": NAME,
        "policy": NAME,
        "rule": "not-judged",
        "category": "workload",
        "severity": "high",
        "result": "error",
        "message": said(&problem.message),
        "resources": [reference(object)],
    })
}

fn of_finding(finding: &Finding) -> Value {
    let Finding { policy, rule, message, help, container, location, fingerprint, status, .. } = finding;
    let (reason, expires) = match status {
        Status::Excepted { reason, expires } => (Some(said(reason)), Some(expires.clone())),
        Status::Open | Status::Baselined => (None, None),
    };
    let properties = json!({
        "container": container,
        "field": (!location.pointer.is_empty()).then(|| location.pointer.to_string()),
        "fingerprint": fingerprint.to_string(),
        "help": help.as_deref().map(said),
        "exceptedBecause": reason,
        "exceptedUntil": expires,
    });
    json!({
        "source": NAME,
        "policy": policy,
        "rule": rule,
        "category": "workload",
        "severity": severity(finding.level),
        "result": result(finding),
        "message": said(message),
        "resources": finding.object.iter().map(|object| reference(object)).collect::<Vec<_>>(),
        "properties": written(properties),
    })
}

fn reference(object: &ObjectRef) -> Value {
    let ObjectRef { api_version, kind, namespace, name } = object;
    written(json!({ "apiVersion": api_version, "kind": kind, "namespace": namespace, "name": name }))
}

/// Without the fields that are null: the API server would refuse them, or forget them.
fn written(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into(),
        other => other,
    }
}

fn said(text: &str) -> String {
    cut(&printable(text), MOST_OF_A_TEXT)
}

fn result(finding: &Finding) -> &'static str {
    match (&finding.status, finding.level) {
        (Status::Excepted { .. } | Status::Baselined, _) => "skip",
        (Status::Open, Level::Deny) => "fail",
        (Status::Open, _) => "warn",
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Deny => "high",
        Level::Warn => "medium",
        Level::Note | Level::Off => "low",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use expect_test::expect;

    #[test]
    fn is_an_object_for_each_namespace() {
        let mut report = samples::audit();
        report
            .findings
            .push(Finding { location: report.findings[0].location.clone(), ..samples::excepted("latest-tag") });
        let (objects, remarks) = reports(&report, Api::OpenReports, Detail::Normal);
        expect![[r#"
            {
              "apiVersion": "openreports.io/v1alpha1",
              "kind": "Report",
              "metadata": {
                "labels": {
                  "app.kubernetes.io/managed-by": "plimsoll"
                },
                "name": "plimsoll",
                "namespace": "shop"
              },
              "results": [
                {
                  "category": "workload",
                  "message": "image `nginx` has neither a tag nor a digest",
                  "policy": "image-pull",
                  "properties": {
                    "container": "web",
                    "field": "/spec/template/spec/containers/0/image",
                    "fingerprint": "0123456789abcdef0123456789abcdef",
                    "help": "write `nginx:1.29.3`"
                  },
                  "resources": [
                    {
                      "apiVersion": "apps/v1",
                      "kind": "Deployment",
                      "name": "app",
                      "namespace": "shop"
                    }
                  ],
                  "result": "fail",
                  "rule": "latest-tag",
                  "severity": "high",
                  "source": "plimsoll"
                },
                {
                  "category": "workload",
                  "message": "image `nginx` has neither a tag nor a digest",
                  "policy": "image-pull",
                  "properties": {
                    "container": "web",
                    "exceptedBecause": "single writer, see OPS-123",
                    "exceptedUntil": "2027-01-31",
                    "field": "/spec/template/spec/containers/0/image",
                    "fingerprint": "0123456789abcdef0123456789abcdef",
                    "help": "write `nginx:1.29.3`"
                  },
                  "resources": [
                    {
                      "apiVersion": "apps/v1",
                      "kind": "Deployment",
                      "name": "app",
                      "namespace": "shop"
                    }
                  ],
                  "result": "skip",
                  "rule": "latest-tag",
                  "severity": "high",
                  "source": "plimsoll"
                }
              ],
              "source": "plimsoll",
              "summary": {
                "error": 0,
                "fail": 1,
                "pass": 0,
                "skip": 1,
                "warn": 0
              }
            }
            ["openreports: left out 1 result, because no object of the cluster is what it is about"]"#]]
        .assert_eq(&format!("{:#}\n{remarks:?}", objects[0]));
    }

    #[test]
    fn a_report_has_an_end_and_says_what_is_behind_it() {
        let mut report = samples::audit();
        report.findings = vec![report.findings[0].clone(); MOST_RESULTS + 7];
        let (objects, _) = reports(&report, Api::PolicyReport, Detail::Normal);
        assert_eq!(objects[0]["results"].as_array().unwrap().len(), MOST_RESULTS);
        assert_eq!(objects[0]["metadata"]["annotations"][LEFT_OUT], "7");
        assert_eq!(objects[0]["summary"]["fail"], MOST_RESULTS + 7);
    }

    #[test]
    fn the_largest_report_fits_into_etcd() {
        let long = "\u{1}".repeat(100_000);
        let mut finding = samples::of_cluster();
        (finding.message, finding.help) = (long.clone(), Some(long.clone()));
        let report = Report { findings: vec![finding; MOST_RESULTS], ..Report::default() };
        let (objects, _) = reports(&report, Api::OpenReports, Detail::Normal);
        let bytes = objects[0].to_string().len();
        assert!(bytes < 3 << 19, "{bytes}");
    }
}
