//! For machines: one JSON document, version 1, as `docs/schema/scan-report-1.json` describes it.

use crate::{
    finding::{
        self, Audited, Finding, Fingerprint, Fix, LocatedProblem, Location, ObjectRef, Related, Report, Status, Tally,
    },
    manifest::Position,
    report::{Context, Remarks},
};
use plimsoll_policy::{Edit, Level, Safety};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

const VERSION: u32 = 1;

/// Writes the report.
pub fn write(report: &Report, _: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    serde_json::to_writer_pretty(&mut *out, &Document::from(report))?;
    writeln!(out)?;
    Ok(Remarks::new())
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    plimsoll: &'static str,
    policies: &'a str,
    #[serde(serialize_with = "one_by_one")]
    findings: &'a [Finding],
    problems: Vec<Trouble<'a>>,
    summary: Summary<'a>,
}

/// Thousands of findings are not all turned into entries before the first is written.
fn one_by_one<S: Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(Entry::from))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    rule: &'a str,
    policy: &'a str,
    level: Level,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<Exception<'a>>,
    message: &'a str,
    help: Option<&'a str>,
    object: Option<Object<'a>>,
    container: Option<&'a str>,
    pointer: &'a str,
    #[serde(flatten)]
    part: Part<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    fingerprint: Fingerprint,
    related: Vec<Beside<'a>>,
    fix: Vec<Operation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_is: Option<&'static str>,
}

/// Part of a file. All are null where there is none, as for an object of a cluster.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    file: Option<&'a str>,
    document: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
}

#[derive(Serialize)]
struct Beside<'a> {
    message: &'a str,
    pointer: &'a str,
    #[serde(flatten)]
    part: Part<'a>,
}

#[derive(Serialize)]
struct Exception<'a> {
    reason: &'a str,
    expires: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

/// RFC 6902.
#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

#[derive(Serialize)]
pub(super) struct Trouble<'a> {
    #[serde(flatten)]
    part: Part<'a>,
    message: &'a str,
}

#[derive(Serialize)]
pub(super) struct Summary<'a> {
    files: usize,
    documents: usize,
    workloads: usize,
    skipped: &'a BTreeMap<String, usize>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    advice: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<Cluster<'a>>,
    deny: usize,
    warn: usize,
    note: usize,
    excepted: usize,
    baselined: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster<'a> {
    name: &'a str,
    namespaces: &'a [String],
    objects: usize,
    would_be_refused: usize,
}

impl<'a> From<&'a Report> for Document<'a> {
    fn from(report: &'a Report) -> Self {
        Document {
            version: VERSION,
            plimsoll: env!("CARGO_PKG_VERSION"),
            policies: &report.policies,
            findings: &report.findings,
            problems: report.problems.iter().map(Trouble::from).collect(),
            summary: Summary::from(report),
        }
    }
}

impl<'a> From<&'a Report> for Summary<'a> {
    fn from(report: &'a Report) -> Self {
        let Tally { deny, warn, note, excepted, baselined } = report.tally();
        let finding::Summary {
            files,
            documents,
            workloads,
            ref skipped,
            charts: _,
            ref advice,
            ref cluster,
            elapsed: _,
        } = report.summary;
        let cluster = cluster.as_ref().map(|Audited { name, namespaces, objects, refused }| Cluster {
            name,
            namespaces,
            objects: *objects,
            would_be_refused: *refused,
        });
        Summary { files, documents, workloads, skipped, advice, cluster, deny, warn, note, excepted, baselined }
    }
}

impl<'a> From<&'a Finding> for Entry<'a> {
    fn from(finding: &'a Finding) -> Self {
        let (status, exception) = match &finding.status {
            Status::Open => ("open", None),
            Status::Excepted { reason, expires } => ("excepted", Some(Exception { reason, expires })),
            Status::Baselined => ("baselined", None),
        };
        Entry {
            rule: &finding.rule,
            policy: &finding.policy,
            level: finding.level,
            status,
            exception,
            message: &finding.message,
            help: finding.help.as_deref(),
            object: finding.object.as_deref().map(Object::from),
            container: finding.container.as_deref(),
            pointer: &finding.location.pointer,
            part: Part::from(&finding.location),
            template: finding.template.as_ref().map(|template| &*template.path),
            fingerprint: finding.fingerprint,
            related: finding.related.iter().map(Beside::from).collect(),
            fix: finding.fix.iter().flat_map(|fix| &fix.edits).map(Operation::from).collect(),
            fix_is: finding.fix.as_ref().map(safety),
        }
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn safety(fix: &Fix) -> &'static str {
    match fix.safety {
        Safety::Safe => "safe",
        Safety::Unsafe => "unsafe",
    }
}

impl<'a> From<&'a Location> for Part<'a> {
    fn from(Location { place, region, .. }: &'a Location) -> Self {
        let start = region.as_ref().map(|region| region.start);
        let end = region.as_ref().map(|region| region.end);
        let (line, column) = (|Position { line, .. }| line, |Position { column, .. }| column);
        Part {
            file: place.path().map(AsRef::as_ref),
            document: place.document(),
            item: place.item(),
            line: start.map(line),
            column: start.map(column),
            end_line: end.map(line),
            end_column: end.map(column),
        }
    }
}

impl<'a> From<&'a Related> for Beside<'a> {
    fn from(Related { message, location }: &'a Related) -> Self {
        Beside { message, pointer: &location.pointer, part: Part::from(location) }
    }
}

impl<'a> From<&'a ObjectRef> for Object<'a> {
    fn from(object: &'a ObjectRef) -> Self {
        let ObjectRef { api_version, kind, namespace, name } = object;
        Object { api_version, kind, namespace: namespace.as_deref(), name }
    }
}

impl<'a> From<&'a Edit> for Operation<'a> {
    fn from(edit: &'a Edit) -> Self {
        let (op, path, value) = match edit {
            Edit::Add { pointer, value } => ("add", pointer, Some(value)),
            Edit::Replace { pointer, value } => ("replace", pointer, Some(value)),
            Edit::Remove { pointer } => ("remove", pointer, None),
        };
        // A value is JSON text by contract; one that is not was meant as a string.
        let value = value.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())));
        Operation { op, path, value }
    }
}

impl<'a> From<&'a LocatedProblem> for Trouble<'a> {
    fn from(LocatedProblem { location, message }: &'a LocatedProblem) -> Self {
        Trouble { part: Part::from(location), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Detail, samples};
    use expect_test::expect;

    fn json(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &samples::context(Detail::Normal, &[]), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn has_everything_that_a_report_has() {
        let mut report = samples::report();
        report.findings.truncate(3);
        expect![[r#"
            {
              "version": 1,
              "plimsoll": "0.1.0",
              "policies": "sha256:00",
              "findings": [
                {
                  "rule": "latest-tag",
                  "policy": "image-pull",
                  "level": "deny",
                  "status": "open",
                  "message": "image `nginx` has neither a tag nor a digest",
                  "help": "write `nginx:1.29.3`",
                  "object": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "namespace": "shop",
                    "name": "app"
                  },
                  "container": "web",
                  "pointer": "/spec/template/spec/containers/0/image",
                  "file": "deploy/app.yaml",
                  "document": 1,
                  "line": 14,
                  "column": 18,
                  "endLine": 14,
                  "endColumn": 23,
                  "fingerprint": "0123456789abcdef0123456789abcdef",
                  "related": [],
                  "fix": []
                },
                {
                  "rule": "series-tag",
                  "policy": "image-pull",
                  "level": "warn",
                  "status": "open",
                  "message": "image `nginx` has neither a tag nor a digest",
                  "help": null,
                  "object": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "namespace": "shop",
                    "name": "app"
                  },
                  "container": null,
                  "pointer": "/spec/template/spec/containers/0/image",
                  "file": "deploy/app.yaml",
                  "document": 1,
                  "line": 14,
                  "column": 18,
                  "endLine": 14,
                  "endColumn": 23,
                  "fingerprint": "0123456789abcdef0123456789abcdef",
                  "related": [],
                  "fix": [
                    {
                      "op": "add",
                      "path": "/spec/replicas",
                      "value": 2
                    },
                    {
                      "op": "remove",
                      "path": "/spec/paused"
                    }
                  ],
                  "fixIs": "unsafe"
                },
                {
                  "rule": "recreate-strategy",
                  "policy": "image-pull",
                  "level": "deny",
                  "status": "excepted",
                  "exception": {
                    "reason": "single writer, see OPS-123",
                    "expires": "2027-01-31"
                  },
                  "message": "image `nginx` has neither a tag nor a digest",
                  "help": "write `nginx:1.29.3`",
                  "object": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "namespace": "shop",
                    "name": "app"
                  },
                  "container": "web",
                  "pointer": "/spec/template/spec/containers/0/image",
                  "file": "deploy/app.yaml",
                  "document": 1,
                  "line": 14,
                  "column": 18,
                  "endLine": 14,
                  "endColumn": 23,
                  "fingerprint": "0123456789abcdef0123456789abcdef",
                  "related": [],
                  "fix": []
                }
              ],
              "problems": [
                {
                  "file": "deploy/b.yaml",
                  "document": 2,
                  "line": 10,
                  "column": 3,
                  "endLine": 10,
                  "endColumn": 11,
                  "message": "`spec.replicas` is a string; write a number"
                },
                {
                  "file": "deploy/c.yaml",
                  "document": null,
                  "line": null,
                  "column": null,
                  "endLine": null,
                  "endColumn": null,
                  "message": "not UTF-8"
                }
              ],
              "summary": {
                "files": 3,
                "documents": 30,
                "workloads": 5,
                "skipped": {
                  "kustomize patch": 2,
                  "not a workload": 23
                },
                "deny": 1,
                "warn": 1,
                "note": 0,
                "excepted": 1,
                "baselined": 0
              }
            }
        "#]]
        .assert_eq(&json(&report));
    }

    #[test]
    fn a_finding_without_a_text_has_no_file_and_a_related_place_has_its_own() {
        let finding = serde_json::to_value(Entry::from(&samples::of_cluster())).unwrap();
        expect![[r#"
            null null [
              {
                "column": 3,
                "document": 0,
                "endColumn": 11,
                "endLine": 120,
                "file": "deploy/service.yaml",
                "line": 120,
                "message": "its Service",
                "pointer": "/spec/selector"
              }
            ]"#]]
        .assert_eq(&format!("{} {} {:#}", finding["file"], finding["line"], finding["related"]));
    }

    #[test]
    fn has_the_same_shape_when_all_is_well() {
        expect![[r#"
            {
              "version": 1,
              "plimsoll": "0.1.0",
              "policies": "",
              "findings": [],
              "problems": [],
              "summary": {
                "files": 0,
                "documents": 0,
                "workloads": 0,
                "skipped": {},
                "deny": 0,
                "warn": 0,
                "note": 0,
                "excepted": 0,
                "baselined": 0
              }
            }
        "#]]
        .assert_eq(&json(&Report::default()));
    }
}
