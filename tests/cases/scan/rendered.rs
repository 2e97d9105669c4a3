//! `--helm` and `--kustomize`: real charts and overlays, by the programs that people have.

use expect_test::expect;
use plimsoll_tests::{Outcome, folder, need, plimsoll, root};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A chart, and an overlay over a base.
fn here() -> TempDir {
    folder([
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n"),
        ("chart/values.yaml", "image: app:latest\n"),
        ("chart/templates/app.yaml", CHART),
        ("chart/charts/cache/Chart.yaml", "apiVersion: v2\nname: cache\nversion: 0.1.0\n"),
        ("chart/charts/cache/templates/cache.yaml", &deployment("cache", "cache:latest")),
        ("production.yaml", "image: app:1.2.3\n"),
        ("overlay/kustomization.yaml", OVERLAY),
        ("base/kustomization.yaml", "resources: [apps.yaml]\n"),
        ("base/apps.yaml", &format!("{}---\n{}", deployment("web", "web:latest"), deployment("api", "api:latest"))),
    ])
}

const CHART: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }}-app }
spec:
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app }, annotations: { plimsoll.dev/shutdown-timeout: 20s } }
    spec:
      containers:
        - name: app
          image: {{ .Values.image }}
          readinessProbe: { httpGet: { path: /readyz, port: 8080 } }
";

/// It gives names a prefix, puts a container in front of the others of one object, and moves an image.
const OVERLAY: &str = "\
resources: [../base]
namePrefix: prod-
images: [{ name: api, newTag: stable }]
patches:
  - target: { kind: Deployment, name: web }
    patch: |
      - { op: add, path: /spec/template/spec/containers/0, value: { name: proxy, image: 'proxy:latest' } }
";

/// The image is on line 11.
fn deployment(name: &str, image: &str) -> String {
    CHART
        .replace("{{ .Release.Name }}-app", name)
        .replace("app: app", &format!("app: {name}"))
        .replace("{{ .Values.image }}", image)
}

/// The folders of Helm and kubectl, built by `tests/cluster/cluster`, in front of `PATH`; a skip where one is missing.
fn tools() -> Option<std::ffi::OsString> {
    let part = |name: &str| -> Result<PathBuf, String> {
        let script = root().join("tests/cluster/cluster");
        let output = Command::new(script).args(["path", name]).output().map_err(|error| error.to_string())?;
        let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let missing = || format!("`tests/cluster/cluster build {name}` makes it");
        path.is_dir().then_some(path).ok_or_else(missing)
    };
    let helm = need::or_skip("helm", part("helm"))?;
    let kubectl = match need::in_path("kubectl") {
        Some(_) => None,
        None => Some(need::or_skip("kubectl", part("kubernetes"))?),
    };
    let before = std::env::var_os("PATH").unwrap_or_default();
    let folders = [helm].into_iter().chain(kubectl).chain(std::env::split_paths(&before));
    std::env::join_paths(folders).ok()
}

fn scan(here: &Path, args: &[&str]) -> Option<Outcome> {
    let path = format!("PATH={}", tools()?.to_string_lossy());
    Some(plimsoll_tests::launched(&["env", &path], here, &[&["scan"], args].concat(), ""))
}

/// The first finding, and what follows all of them.
fn told(outcome: &Outcome) -> String {
    let blocks: Vec<&str> = outcome.stdout.split("\n\n").filter(|block| block.starts_with("deny")).collect();
    blocks.join("\n\n")
}

#[test]
fn a_chart_is_rendered_and_its_findings_name_the_template() {
    let here = here();
    let Some(outcome) = scan(here.path(), &["--helm", "chart"]) else { return };
    expect![[r#"
        deny[latest-tag]: `cache:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> <helm chart>:13:18
           |
        13 |           image: cache:latest
           |                  ^^^^^^^^^^^^
           |
           = object: Deployment cache, container app
           = rendered from: chart/charts/cache/templates/cache.yaml
           = help: name the release in the tag, or pin it: `cache@sha256:…` (`crane digest cache:latest` prints it)

        deny[latest-tag]: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> <helm chart>:28:18
           |
        28 |           image: app:latest
           |                  ^^^^^^^^^^
           |
           = object: Deployment release-name-app, container app
           = rendered from: chart/templates/app.yaml
           = help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)"#]].assert_eq(&told(&outcome));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    // As Helm takes values, and in its order: what is set wins over files.
    let codes: Vec<i32> = [
        ["--values", "production.yaml", "--exclude", "x"],
        ["--set", "image=app:1.2.3", "--exclude", "x"],
        ["--values", "production.yaml", "--set", "image=app:latest"],
    ]
    .iter()
    .filter_map(|flags| scan(here.path(), &[&["--helm", "chart", "-f", "json"], flags.as_slice()].concat()))
    .map(|outcome| outcome.grave().len() as i32)
    .collect();
    assert_eq!(codes, [1, 1, 2], "the subchart has one of its own");
}

#[test]
fn a_template_stands_for_what_was_rendered_where_a_format_needs_a_file() {
    let here = here();
    let Some(outcome) = scan(here.path(), &["--helm", "chart", "-f", "sarif"]) else { return };
    let sarif: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("SARIF");
    let results = sarif["runs"][0]["results"].as_array().expect("results").iter();
    let place = |result: &serde_json::Value| {
        let place = &result["locations"][0]["physicalLocation"];
        format!("{} {}", place["artifactLocation"]["uri"], place["region"]["startLine"])
    };
    let places: std::collections::BTreeSet<String> = results.map(place).collect();
    let expected = ["\"chart/charts/cache/templates/cache.yaml\" 1", "\"chart/templates/app.yaml\" 1"];
    assert_eq!(places.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn what_helm_says_is_shown() {
    let here = here();
    fs::write(here.path().join("chart/templates/app.yaml"), "{{ .Values.image | nonsense }}").expect("a file");
    let Some(outcome) = scan(here.path(), &["--helm", "chart"]) else { return };
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(
        outcome.stderr.starts_with("error: `helm template chart` failed (exit status: 1):\n"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("nonsense"), "{}", outcome.stderr);
    let path = ["env", "PATH=/nowhere"];
    let outcome = plimsoll_tests::launched(&path, here.path(), &["scan", "--helm", "chart"], "");
    expect![[r#"
        error: `helm template chart`: this program is not there; install it, or put it into PATH
    "#]]
    .assert_eq(&outcome.stderr);
}

#[test]
fn an_overlay_is_rendered_and_its_findings_are_in_the_base_where_the_field_is() {
    let here = here();
    let Some(outcome) = scan(here.path(), &["--kustomize", "overlay", "--rule", "moving-tag-cached=deny"]) else {
        return;
    };
    expect![[r#"
        deny[moving-tag-cached]: the tag `stable` moves, and imagePullPolicy is IfNotPresent: a node that has an older image under this tag keeps it, while other nodes pull the new one
          --> <kustomize overlay>:20:16
           |
        20 |       - image: api:stable
           |                ^^^^^^^^^^
           |
           = object: Deployment prod-api, container app
           = rendered from: base/apps.yaml
           = help: give each build a tag of its own, or pin it: `api:stable@sha256:…` (`crane digest api:stable` prints it)

        deny[latest-tag]: `proxy:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> <kustomize overlay>:46:16
           |
        46 |       - image: proxy:latest
           |                ^^^^^^^^^^^^
           |
           = object: Deployment prod-web, container proxy
           = rendered from: base/apps.yaml
           = help: name the release in the tag, or pin it: `proxy@sha256:…` (`crane digest proxy:latest` prints it)

        deny[latest-tag]: `web:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> base/apps.yaml:11:18
           |
        11 |           image: web:latest
           |                  ^^^^^^^^^^
           |
           = object: Deployment prod-web, container app
           = help: name the release in the tag, or pin it: `web@sha256:…` (`crane digest web:latest` prints it)"#]].assert_eq(&told(&outcome));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    // Everything that names a file does so from here.
    let Some(outcome) = scan(&here.path().join("base"), &["--kustomize", "../overlay", "-f", "json"]) else { return };
    assert!(
        outcome.grave().iter().any(|finding| finding.starts_with("apps.yaml:11:18 deny latest-tag")),
        "{outcome:?}"
    );
}

#[test]
fn what_kustomize_says_is_shown() {
    let here = here();
    fs::write(here.path().join("overlay/kustomization.yaml"), "resources: [../bass]\n").expect("a file");
    let Some(outcome) = scan(here.path(), &["--kustomize", "overlay"]) else { return };
    assert!(outcome.code == 2 && outcome.stderr.contains("bass"), "{outcome:?}");
    let Some(outcome) = scan(here.path(), &["--kustomize", "overlay/kustomization.yaml"]) else { return };
    assert_eq!(
        outcome.stderr,
        "error: --kustomize overlay/kustomization.yaml: this is a file; name the folder of the kustomization\n"
    );
}

#[test]
fn a_folder_that_is_a_chart_says_what_to_run() {
    let here = here();
    let outcome = plimsoll(here.path(), &["scan", "chart", "--allow-empty"], "");
    assert!(outcome.stdout.contains("to judge a chart: plimsoll scan --helm chart\n"), "{outcome:?}");
}
