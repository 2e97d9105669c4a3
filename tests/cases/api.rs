//! The host's rules about the API: what a version of Kubernetes knows.

use expect_test::expect;
use plimsoll::{
    judge::{api_rules, host_rules},
    manifest::api::Version,
};
use plimsoll_policy::{Level, examples};
use plimsoll_tests::{Outcome, folder, need, plimsoll, root, scan, scan_text};
use std::{fs, process::Command};

/// The findings of these rules, each as `line:column level rule message`.
fn found(args: &[&str], manifest: &str) -> Vec<String> {
    let outcome = scan_text(&[args, &["--rule", "gated-field=note"]].concat(), manifest);
    let report = outcome.report();
    let findings = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["policy"] == "api");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let line = |finding: &serde_json::Value| {
        let (line, column) = (&finding["line"], &finding["column"]);
        format!("{line}:{column} {} {}: {}", text(&finding["level"]), text(&finding["rule"]), text(&finding["message"]))
    };
    findings.map(line).collect()
}

#[test]
fn the_rules_do_what_their_page_says() {
    let page = api_rules::description().page;
    for example in examples::parse(&page).expect("a page") {
        let profile = if example.strict { "strict" } else { "default" };
        let report = scan_text(&["--profile", profile], example.yaml).report();
        let findings = report["findings"].as_array().expect("findings").iter();
        let worst = findings.filter(|finding| finding["rule"] == example.rule).map(|finding| match &finding["level"] {
            level if level == "deny" => Level::Deny,
            level if level == "warn" => Level::Warn,
            _ => Level::Note,
        });
        assert_eq!(worst.fold(Level::Off, Level::max), example.verdict, "{}, line {}", example.rule, example.line);
    }
}

const MISPLACED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  lables: { app: app }
spec:
  selector: { matchLabels: { app: app } }
  terminationGracePeriodSeconds: 60
  template:
    metadata: { labels: { app: app } }
    spec:
      containers:
        - name: app
          image: app:1.2.3
          livenesProbe:
            httpGet: { path: /livez, port: 8080 }
          readinessProbe: { httpGet: { path: /readyz, port: 8080 }, periodSecond: 5 }
";

#[test]
fn a_field_that_does_not_exist_is_found_at_its_place() {
    let found = found(&[], MISPLACED).join("\n");
    expect![[r#"
        5:3 warn unknown-field: `metadata` has no field `lables`; did you mean `labels`?
        8:34 warn unknown-field: the Deployment's spec has no field `terminationGracePeriodSeconds`; it belongs to the pod's spec
        15:11 warn unknown-field: a container has no field `livenesProbe`; did you mean `livenessProbe`?
        17:83 warn unknown-field: `readinessProbe` has no field `periodSecond`; did you mean `periodSeconds`?"#]]
    .assert_eq(&found);
    let report = scan_text(&[], MISPLACED).report();
    let containers = report["findings"].as_array().expect("findings").iter().filter(|f| f["rule"] == "unknown-field");
    let containers: Vec<_> = containers.map(|finding| finding["container"].as_str()).collect();
    assert_eq!(containers, [None, None, Some("app"), Some("app")]);
}

const NEW_FIELDS: &str = "\
apiVersion: batch/v1
kind: Job
metadata: { name: job }
spec:
  backoffLimitPerIndex: 1
  template:
    spec:
      restartPolicy: Never
      hostUsers: false
      initContainers: [{ name: proxy, image: 'proxy:1.2.3', restartPolicy: Always }]
      containers:
        - name: job
          image: job:1.2.3
          lifecycle: { preStop: { sleep: { seconds: 5 } } }
";

#[test]
fn a_version_decides_which_fields_are_known() {
    assert_eq!(found(&[], NEW_FIELDS), [] as [&str; 0], "the newest knows them all");
    assert_eq!(found(&["--kubernetes", "v1.36.4"], NEW_FIELDS), [] as [&str; 0]);
    expect![[r#"
        9:18 note gated-field: the feature gate UserNamespacesSupport is off in Kubernetes 1.29 by default, and `hostUsers` is dropped then
        14:35 note gated-field: the feature gate PodLifecycleSleepAction is off in Kubernetes 1.29 by default, and `sleep` is dropped then"#]]
    .assert_eq(&found(&["--kubernetes", "1.29"], NEW_FIELDS).join("\n"));
    expect![[r#"
        5:25 warn unknown-field: the Job's spec has no field `backoffLimitPerIndex` in Kubernetes 1.25: it is known from 1.28 on
        9:18 note gated-field: the feature gate UserNamespacesSupport is off in Kubernetes 1.25 by default, and `hostUsers` is dropped then
        10:76 warn unknown-field: a container has no field `restartPolicy` in Kubernetes 1.25: it is known from 1.28 on
        14:35 warn unknown-field: `lifecycle.preStop` has no field `sleep` in Kubernetes 1.25: it is known from 1.29 on
        14:53 warn unknown-field: `lifecycle.preStop.sleep` has no field `seconds` in Kubernetes 1.25: it is known from 1.29 on"#]]
    .assert_eq(&found(&["--kubernetes", "1.25"], NEW_FIELDS).join("\n"));
}

const CRON_JOB: &str = "\
apiVersion: batch/v1beta1
kind: CronJob
metadata: { name: job, clusterName: east }
spec:
  schedule: '0 3 * * *'
  jobTemplate:
    spec: { template: { spec: { restartPolicy: Never, containers: [{ name: job, image: 'job:1.2.3' }] } } }
";

#[test]
fn a_version_decides_what_is_no_longer_served() {
    assert_eq!(found(&["--kubernetes", "1.24"], CRON_JOB), [] as [&str; 0]);
    expect![[r#"
        1:13 deny removed-api-version: `batch/v1beta1` is not served since Kubernetes 1.25
        3:37 warn unknown-field: `metadata` has no field `clusterName` any more: it was removed in Kubernetes 1.25"#]]
    .assert_eq(&found(&["--kubernetes", "1.25"], CRON_JOB).join("\n"));
}

#[test]
fn a_default_is_never_an_unknown_field() {
    let workload = |kind: &str| {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{ name: app }}\nspec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    metadata: {{ labels: {{ a: b }} }}\n    spec: {{ containers: [{{ name: app, image: 'app:1.2.3', livenessProbe: {{ tcpSocket: {{ port: 1 }} }} }}] }}\n"
        )
    };
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
        assert_eq!(found(&["--kubernetes", &Version::OLDEST.to_string()], &workload(kind)), [] as [&str; 0], "{kind}");
    }
}

#[test]
fn the_configuration_says_the_version_and_the_flag_wins() {
    let found = |config: &str, args: &[&str]| {
        let here = folder([("plimsoll.yaml", config), ("job.yaml", CRON_JOB)]);
        scan(here.path(), &[args, &["job.yaml"]].concat()).grave()
    };
    let removed = "job.yaml:1:13 deny removed-api-version";
    assert_eq!(found("kubernetes: '1.24'\n", &[]), [] as [&str; 0]);
    assert!(found("kubernetes: '1.35'\n", &[]).contains(&removed.to_owned()));
    assert!(found("kubernetes: '1.24'\n", &["--kubernetes", "1.25"]).contains(&removed.to_owned()));
    assert_eq!(found("kubernetes: '1.25'\n", &["--kubernetes", "1.24"]), [] as [&str; 0]);
}

#[test]
fn levels_and_exceptions_hold_as_for_any_policy() {
    let config = "\
policies: { api: { rules: { removed-api-version: warn, unknown-field: off } } }
exceptions:
  - { rule: removed-api-version, match: { kind: CronJob }, reason: until the upgrade, expires: 2999-01-01 }
";
    let here = folder([("plimsoll.yaml", config), ("job.yaml", CRON_JOB)]);
    let findings = scan(here.path(), &["job.yaml"]).grave();
    assert_eq!(findings, ["job.yaml:1:13 excepted removed-api-version"]);
}

#[test]
fn a_wrong_version_is_one_error() {
    let of_flag = |version: &str| {
        let Outcome { code, stderr, .. } = plimsoll(root(), &["scan", "--kubernetes", version, "docs/examples"], "");
        assert_eq!(code, 2);
        stderr.lines().next().unwrap_or_default().to_owned()
    };
    expect!["error: invalid value '1.99' for '--kubernetes <VERSION>': Kubernetes 1.99 is not known here; this program knows 1.21 to 1.37"].assert_eq(&of_flag("1.99"));
    expect!["error: invalid value 'new' for '--kubernetes <VERSION>': `new` is not a version of Kubernetes; write it like 1.37"].assert_eq(&of_flag("new"));
    let here = folder([("plimsoll.yaml", "kubernetes: 1.30\n"), ("job.yaml", CRON_JOB)]);
    let Outcome { code, stderr, .. } = plimsoll(here.path(), &["scan", "job.yaml"], "");
    assert_eq!(code, 2);
    expect![[r#"
        error: put the version in quotes, as in "1.30": YAML reads 1.30 without quotes as 1.3
         --> plimsoll.yaml:1:13
          |
        1 | kubernetes: 1.30
          |             ^^^^

    "#]]
    .assert_eq(&stderr);
}

/// Offline: with the modules that are in Go's cache.
#[test]
fn the_table_of_fields_is_what_its_generator_writes() {
    let here = root().join("admission/src/manifest/api");
    let table = fs::read_to_string(here.join("fields.txt")).expect("the table");
    let cluster = fs::read_to_string(root().join("tests/cluster/kubernetes/go.mod")).expect("a go.mod");
    let (_, version) = table.split_once("k8s.io/api v0.").expect("its version");
    let version = version.split(' ').next().expect("a version");
    assert!(
        cluster.contains(&format!("k8s.io/kubernetes v1.{version}\n")),
        "tests/cluster has another than 1.{version}"
    );
    let Some(go) = need::need("go") else { return };
    let run = Command::new(go).args(["run", "generate.go"]).env("GOPROXY", "off").current_dir(&here).output();
    let run = run.expect("go runs");
    let generated = match run.status.success() {
        true => Ok(String::from_utf8_lossy(&run.stdout).into_owned()),
        false => Err("`go run admission/src/manifest/api/generate.go` fetches them, once"),
    };
    let Some(generated) = need::or_skip("modules of Kubernetes' API", generated) else { return };
    assert!(generated == table, "fields.txt is stale; write it with `go run generate.go > fields.txt`");
}

#[test]
fn these_are_policies_of_the_host() {
    assert!(host_rules::descriptions().iter().all(|description| host_rules::is_host(&description.id)));
}
