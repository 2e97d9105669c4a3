//! Which files are read, and that what is passed over is said.

use super::DENIED;
use plimsoll_tests::{deployment, folder, launched, plimsoll, scan};
use serde_json::json;
use std::path::Path;

/// The files that something is denied in.
fn denied(here: &Path, args: &[&str]) -> Vec<String> {
    let denied = scan(here, args).grave();
    denied.into_iter().map(|finding| finding.split(':').next().expect("a file").to_owned()).collect()
}

#[test]
fn a_folder_is_read_in_order_and_a_named_file_whatever_its_name() {
    let app = deployment(DENIED);
    let here = folder([("b.yml", &app), ("a/z.yaml", &app), ("a.json", &app), ("c.txt", &app), ("a-b.yaml", &app)]);
    let all = ["a/z.yaml", "a-b.yaml", "a.json", "b.yml"];
    assert_eq!(denied(here.path(), &["."]), all);
    assert_eq!(denied(here.path(), &[]), all);
    assert_eq!(denied(here.path(), &["c.txt", "b.yml"]), ["c.txt", "b.yml"]);
    assert_eq!(denied(here.path(), &["b.yml", "./b.yml", "a", "./a"]), ["b.yml", "a/z.yaml"], "each once");
}

#[test]
fn one_thread_and_many_say_the_same() {
    let here = folder([]);
    for index in 0..60 {
        let text =
            if index % 7 == 0 { "kind: Pod\n  x: [\n".to_owned() } else { deployment(DENIED).repeat(1 + index % 3) };
        std::fs::write(
            here.path().join(format!("{index}.yaml")),
            text.replace("apiVersion: apps", "---\napiVersion: apps"),
        )
        .expect("a file");
    }
    let [one, many] = ["1", "8"].map(|threads| scan(here.path(), &["-j", threads, "."]));
    assert!(one.findings().len() > 60, "{one:?}");
    assert_eq!((one.code, one.stdout), (many.code, many.stdout));
}

#[test]
fn quoted_globs_are_expanded() {
    let app = deployment(DENIED);
    let here = folder([("deploy/a.yaml", &app), ("deploy/deep/b.yaml", &app), ("c.yaml", &app)]);
    for (glob, expected) in [
        ("*.yaml", ["c.yaml"].as_slice()),
        ("deploy/*.yaml", &["deploy/a.yaml"]),
        ("./deploy/**/*.yaml", &["deploy/a.yaml", "deploy/deep/b.yaml"]),
        ("**/[ab].yaml", &["deploy/a.yaml", "deploy/deep/b.yaml"]),
    ] {
        assert_eq!(denied(here.path(), &[glob]), expected, "{glob}");
    }
}

#[test]
fn what_is_excluded_or_ignored_is_not_read() {
    let app = deployment(DENIED);
    let here = folder([("a.yaml", &app), ("gen/b.yaml", &app), ("deep/gen/c.yaml", &app), (".gitignore", "gen/\n")]);
    let all = ["a.yaml", "deep/gen/c.yaml", "gen/b.yaml"];
    assert_eq!(denied(here.path(), &["."]), all, "no repository, no .gitignore");
    std::fs::create_dir(here.path().join(".git")).expect("a folder");
    assert_eq!(denied(here.path(), &["."]), ["a.yaml"]);
    assert_eq!(denied(here.path(), &["--no-ignore", "."]), all);
    for (exclude, expected) in [
        ("gen", ["a.yaml"].as_slice()),
        ("gen/", &["a.yaml"]),
        ("./gen", &["a.yaml"]),
        ("deep/**", &["a.yaml", "gen/b.yaml"]),
        ("*.yaml", &[]),
    ] {
        assert_eq!(denied(here.path(), &["--no-ignore", "--exclude", exclude, "."]), expected, "{exclude}");
    }
}

#[test]
fn what_is_passed_over_is_counted() {
    let app = deployment(DENIED);
    let here = folder([
        ("app.yaml", &app),
        (".hidden/a.yaml", &app),
        (".b.yaml", &app),
        (".git/c.yaml", &app),
        (".gitignore", ""),
        ("chart/Chart.yaml", "name: chart\n"),
        ("chart/templates/d.yaml", "{{ if }}"),
        ("templates/e.yaml", &app),
        ("patch.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: app }\nspec: { replicas: 3 }\n"),
        ("values.yaml", "image: nginx\n"),
        ("service.yaml", "{ apiVersion: v1, kind: Service, metadata: { name: s } }\n"),
    ]);
    for (link, target) in [("link.yaml", "app.yaml"), ("linked", "templates")] {
        std::os::unix::fs::symlink(target, here.path().join(link)).expect("a link");
    }
    let outcome = scan(here.path(), &["."]);
    assert_eq!(outcome.grave(), ["app.yaml:12:18 deny latest-tag", "templates/e.yaml:12:18 deny latest-tag"]);
    assert_eq!(
        outcome.report()["summary"]["skipped"],
        json!({
            "hidden folder": 1, "hidden file": 1, "symbolic link": 2, "chart folder": 1,
            "kustomize patch": 1, "not a Kubernetes object": 2, "not a workload": 1,
        })
    );
    let text = plimsoll(here.path(), &["scan"], "").stdout;
    assert!(text.contains("\nto judge a chart: helm template chart | plimsoll scan -\n"), "{text}");
    assert_eq!(denied(here.path(), &["--hidden", "."]), [".b.yaml", ".hidden/a.yaml", "app.yaml", "templates/e.yaml"]);
    assert_eq!(denied(here.path(), &["link.yaml", "linked"]), ["link.yaml", "linked/e.yaml"], "a named link is read");
}

#[test]
fn images_of_a_kustomization_are_judged_once_rendered() {
    let app = deployment(DENIED);
    let list = "resources: [./app.yaml, ../base/other.yaml]\nimages: [{ name: app, newTag: 1.2.3 }]\n";
    let here = folder([
        ("prod/kustomization.yaml", list),
        ("prod/app.yaml", &app),
        ("prod/unlisted.yaml", &app),
        (
            "base/other.yaml",
            &app.replace(
                "        - name: app\n",
                "        - name: app\n          livenessProbe: { httpGet: { path: /, port: nowhere } }\n",
            ),
        ),
    ]);
    let outcome = scan(here.path(), &["."]);
    let told: Vec<_> = outcome.findings().into_iter().filter(|finding| !finding.contains("missing-liveness")).collect();
    assert_eq!(
        told,
        [
            "base/other.yaml:1:1 note unrendered-kustomization",
            "base/other.yaml:11:9 warn missing-startup-probe",
            "base/other.yaml:12:54 deny unknown-probe-port",
            "prod/app.yaml:1:1 note unrendered-kustomization",
            "prod/unlisted.yaml:12:18 deny latest-tag",
        ]
    );
}

#[test]
fn a_folder_that_cannot_be_entered_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let here = folder([("a.yaml", &deployment(DENIED)), ("shut/b.yaml", "")]);
    let shut = here.path().join("shut");
    let mode = |mode| std::fs::set_permissions(&shut, std::fs::Permissions::from_mode(mode)).expect("a mode");
    mode(0o000);
    // Root may enter every folder, unless it gives up the capability.
    let dropped = "-dac_override,-dac_read_search";
    let setpriv = ["setpriv", "--bounding-set", dropped, "--inh-caps", dropped];
    let is_root = std::fs::read_dir(&shut).is_ok();
    let outcome = launched(if is_root { &setpriv } else { &[] }, here.path(), &["scan", "-f", "json", "."], "");
    mode(0o755);
    assert_eq!((outcome.code, outcome.grave()), (2, vec!["a.yaml:12:18 deny latest-tag".to_owned()]));
    assert!(outcome.problems()[0].contains("shut"), "{:?}", outcome.problems());
}
