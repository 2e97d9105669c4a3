use super::*;
use crate::report::{Detail, samples};
use expect_test::expect;
use serde_json::Value;

fn sarif(report: &Report, context: &Context<'_>) -> (Value, Remarks) {
    let (text, remarks) = samples::written("sarif", report, context);
    (serde_json::from_str(&text).unwrap(), remarks)
}

#[test]
fn has_what_github_reads() {
    let policy = samples::policy();
    let mut report = samples::report();
    report.findings.swap(0, 3);
    report.findings.truncate(1);
    report.problems.truncate(1);
    let (json, _) = sarif(&report, &samples::context(Detail::Normal, &[policy]));
    expect![[r#"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "runs": [
            {
              "columnKind": "unicodeCodePoints",
              "invocations": [
                {
                  "executionSuccessful": false,
                  "toolExecutionNotifications": [
                    {
                      "level": "error",
                      "locations": [
                        {
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "deploy/b.yaml",
                              "uriBaseId": "%SRCROOT%"
                            },
                            "region": {
                              "endColumn": 11,
                              "endLine": 10,
                              "startColumn": 3,
                              "startLine": 10
                            }
                          }
                        }
                      ],
                      "message": {
                        "text": "`spec.replicas` is a string; write a number"
                      }
                    }
                  ]
                }
              ],
              "originalUriBaseIds": {
                "%SRCROOT%": {
                  "uri": "file:///src/shop/"
                }
              },
              "results": [
                {
                  "level": "note",
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "deploy/app.yaml",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "endColumn": 23,
                          "endLine": 14,
                          "startColumn": 18,
                          "startLine": 14
                        }
                      }
                    }
                  ],
                  "message": {
                    "text": "Deployment shop/app, container web: image `nginx` has neither a tag nor a digest\nHelp: write `nginx:1.29.3`"
                  },
                  "partialFingerprints": {
                    "primaryLocationLineHash": "0123456789abcdef0123456789abcdef:1"
                  },
                  "ruleId": "undeclared-shutdown-timeout",
                  "ruleIndex": 0
                }
              ],
              "tool": {
                "driver": {
                  "informationUri": "https://github.com/plimsoll-dev/plimsoll",
                  "name": "plimsoll",
                  "rules": [
                    {
                      "defaultConfiguration": {
                        "level": "note"
                      },
                      "fullDescription": {
                        "text": "Nothing says how long the application needs to stop."
                      },
                      "help": {
                        "markdown": "`plimsoll explain undeclared-shutdown-timeout` prints this page with its examples.",
                        "text": "`plimsoll explain undeclared-shutdown-timeout` prints this page with its examples."
                      },
                      "id": "undeclared-shutdown-timeout",
                      "properties": {
                        "precision": "high",
                        "problem.severity": "recommendation",
                        "tags": [
                          "kubernetes",
                          "grace-period"
                        ]
                      },
                      "shortDescription": {
                        "text": "Nothing says how long the application needs to stop."
                      }
                    }
                  ],
                  "semanticVersion": "0.1.0"
                }
              }
            }
          ],
          "version": "2.1.0"
        }"#]].assert_eq(&serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn what_does_not_count_is_there_only_when_asked_for() {
    let report = samples::report();
    let mut context = samples::context(Detail::Normal, &[]);
    let rules = |json: &Value| -> Vec<String> {
        let results = json["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|result| result["ruleId"].as_str().unwrap().to_owned()).collect()
    };
    let (json, _) = sarif(&report, &context);
    assert_eq!(
        rules(&json),
        ["latest-tag", "series-tag", "undeclared-shutdown-timeout", "undeclared-shutdown-timeout"]
    );
    context.detail = Detail::Quiet;
    assert_eq!(rules(&sarif(&report, &context).0), ["latest-tag", "series-tag"]);
    context.suppressed = Suppressed::Shown;
    let (json, _) = sarif(&report, &context);
    assert_eq!(
        json["runs"][0]["results"][2]["suppressions"],
        serde_json::json!([{ "kind": "external", "justification": "excepted until 2027-01-31: single writer, see OPS-123" }])
    );
}

#[test]
fn a_place_is_one_line_however_long_the_value_is() {
    let mut finding = samples::finding("latest-tag", Level::Deny);
    let lines = crate::manifest::Lines::of("command: |\n  a\n  b\n");
    finding.location.region = Some(crate::finding::Region::of(&lines, crate::manifest::Span { start: 9, end: 18 }));
    let (json, _) =
        sarif(&Report { findings: vec![finding], ..Report::default() }, &samples::context(Detail::Normal, &[]));
    assert_eq!(
        json["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"],
        serde_json::json!({ "startLine": 1, "startColumn": 10, "endLine": 1, "endColumn": 11 })
    );
}

#[test]
fn the_least_grave_are_left_out_of_too_many() {
    let mut findings = vec![samples::finding("series-tag", Level::Warn); MOST_RESULTS];
    findings.extend(vec![samples::finding("latest-tag", Level::Deny); 2]);
    let (json, remarks) = sarif(&Report { findings, ..Report::default() }, &samples::context(Detail::Normal, &[]));
    let results = json["runs"][0]["results"].as_array().unwrap();
    assert_eq!(
        (results.len(), &results[1]["level"], &results[2]["level"]),
        (MOST_RESULTS, &"error".into(), &"warning".into())
    );
    expect!["sarif: left out the 2 least grave findings: GitHub takes 25000 of a run"].assert_eq(&remarks.join("\n"));
    let hash = &results[2]["partialFingerprints"]["primaryLocationLineHash"];
    assert_eq!(hash, "0123456789abcdef0123456789abcdef:3", "the same finding twice is told apart");
}

#[test]
fn what_has_no_file_in_the_repository_is_left_out_and_said() {
    let findings = vec![samples::of_cluster(), samples::on_standard_input()];
    let (json, remarks) = sarif(&Report { findings, ..Report::default() }, &samples::context(Detail::Normal, &[]));
    assert_eq!(json["runs"][0]["results"], serde_json::json!([]));
    let said = &json["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(said.as_str(), Some(remarks[0].as_str()));
}

#[test]
fn a_path_is_a_reference() {
    assert_eq!(encoded("a b/é:#?%.yaml"), "a%20b/%C3%A9%3A%23%3F%25.yaml");
}
