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
            "kustomize patch (no container with an image)": 1, "not a Kubernetes object": 2, "not a workload": 1,
        })
    );
    let text = plimsoll(here.path(), &["scan"], "").stdout;
    assert!(text.contains("\nto judge a chart: plimsoll scan --helm chart\n"), "{text}");
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
            "base/other.yaml:1:1 note unrendered-image",
            "base/other.yaml:11:9 warn missing-startup-probe",
            "base/other.yaml:12:54 deny unknown-probe-port",
            "prod/app.yaml:1:1 note unrendered-image",
            "prod/unlisted.yaml:12:18 deny latest-tag",
        ]
    );
}

/// The images that are denied where a kustomization has these lines, and an app and a sidecar are `latest`.
fn denied_beside(kustomization: &str, patch: &str) -> Vec<String> {
    let app = deployment(DENIED) + "        - name: side\n          image: side:latest\n";
    let here = folder([
        ("base/kustomization.yaml", "resources: [app.yaml]\n"),
        ("base/app.yaml", &app),
        ("prod/kustomization.yaml", &format!("resources: [../base]\n{kustomization}")),
        ("prod/patch.yaml", patch),
        ("prod/part/kustomization.yaml", "kind: Component\nimages: [{ name: side, newTag: 1.2.3 }]\n"),
    ]);
    let outcome = scan(here.path(), &["."]);
    assert!(outcome.problems().is_empty(), "{outcome:?}");
    let report = outcome.report();
    let findings = report["findings"].as_array().expect("findings").iter();
    let latest = findings.filter(|finding| finding["rule"] == "latest-tag" && finding["level"] == "deny");
    latest.map(|finding| finding["container"].as_str().expect("a container").to_owned()).collect()
}

#[test]
fn an_image_is_left_to_the_rendered_text_where_something_may_change_it() {
    let part = |containers: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: app }}\nspec: {{ template: {{ spec: {{ containers: \
             [{containers}] }} }} }}\n"
        )
    };
    let image = part("{ name: app, image: 'app:1.2.3' }");
    let resources = part("{ name: app, resources: {} }");
    let operation = "- { op: replace, path: /spec/template/spec/containers/1/image, value: side:1.2.3 }\n";
    let replacement = |path: &str| {
        format!(
            "replacements: [{{ source: {{ kind: ConfigMap, name: c }}, targets: [{{ select: {{ kind: Deployment }}, fieldPaths: \
             [{path}] }}] }}]\n"
        )
    };
    for (kustomization, patch, expected) in [
        ("", "", ["app", "side"].as_slice()),
        ("images: [{ name: app, newTag: 1.2.3 }]\n", "", &["side"]),
        ("images: [{ name: other, newTag: 1.2.3 }]\n", "", &["app", "side"]),
        ("patches: [{ path: patch.yaml }]\n", &image, &["side"]),
        ("patches: [{ path: patch.yaml }]\n", &resources, &["app", "side"]),
        ("patches: [{ path: patch.yaml, target: { kind: StatefulSet } }]\n", &image, &["app", "side"]),
        ("patches: [{ path: patch.yaml, target: { kind: Deployment } }]\n", operation, &["app"]),
        ("patchesStrategicMerge: [patch.yaml]\n", &image, &["side"]),
        ("patchesJson6902: [{ path: patch.yaml, target: { kind: Deployment, name: app } }]\n", operation, &["app"]),
        ("components: [part]\n", "", &["app"]),
        ("components: ['https://example.com/part']\n", "", &[]),
        (&replacement("spec.template.spec.containers.0.image"), "", &[]),
        (&replacement("metadata.labels.tag"), "", &["app", "side"]),
    ] {
        assert_eq!(denied_beside(kustomization, patch), expected, "{kustomization}{patch}");
    }
}

#[test]
fn an_image_that_skaffold_builds_is_left_to_the_rendered_text() {
    let skaffold = "apiVersion: skaffold/v4beta1\nkind: Config\nbuild: { artifacts: [{ image: app }] }\nprofiles:\n- \
                    build: { artifacts: [{ image: host:5000/side }] }\n";
    let app = deployment(DENIED) + "        - name: side\n          image: host:5000/side:latest\n";
    let unknown = ["shop/k8s/app.yaml", "shop/k8s/app.yaml", "shop/other.yaml"];
    for (configuration, expected) in [
        (skaffold, ["shop/other.yaml"].as_slice()),
        (&format!("{skaffold}---\n{}", skaffold.replace("app", "other")), &[]),
        (&skaffold.replace("skaffold/v4beta1", "acme.example/v1"), &unknown),
        ("{", &unknown),
    ] {
        let here = folder([
            ("shop/skaffold.yaml", configuration),
            ("shop/k8s/app.yaml", &app),
            ("shop/other.yaml", &deployment(DENIED).replace("app:latest", "other:latest")),
        ]);
        assert_eq!(denied(here.path(), &["shop"]), expected, "{configuration}");
    }
}

#[test]
fn what_a_kustomization_lists_as_a_patch_is_not_judged() {
    let app = deployment(DENIED);
    let here = folder([
        ("kustomization.yaml", "resources: [app.yaml]\npatches: [{ path: whole.yaml }, { path: job.yaml }]\n"),
        ("app.yaml", &app),
        ("whole.yaml", &app),
        (
            "job.yaml",
            "apiVersion: batch/v1\nkind: Job\nmetadata: { name: j }\nspec: { template: { spec: { containers: [{ name: a, image: a }] } } }\n",
        ),
    ]);
    let outcome = scan(here.path(), &["."]);
    assert_eq!((outcome.problems(), outcome.code), (Vec::new(), 0), "one of them may change the image");
    let report = outcome.report();
    assert_eq!(report["summary"]["workloads"], 1);
    assert_eq!(report["summary"]["skipped"]["kustomize patch (listed under `patches`)"], 2);
}

#[test]
fn what_git_tracks_is_read_though_it_is_ignored() {
    let app = deployment(DENIED);
    for (format, version) in [("sha1", "2"), ("sha1", "4"), ("sha256", "2"), ("sha256", "4")] {
        let here = folder([
            (".gitignore", "gen/\n*.local.yaml\n"),
            ("gen/a.yaml", &app),
            ("gen/deep/b.yaml", &app),
            ("gen/new.yaml", &app),
            ("c.local.yaml", &app),
            ("d.local.yaml", &app),
            ("e.yaml", &app),
            (".ignore", "f.yaml\n"),
            ("f.yaml", &app),
        ]);
        let git = |args: &[&str]| {
            let mut command = std::process::Command::new("git");
            let output = command.current_dir(here.path()).args(args).env("GIT_CONFIG_GLOBAL", "/dev/null").output();
            output.is_ok_and(|output| output.status.success())
        };
        if !git(&["init", "-q", &format!("--object-format={format}")]) {
            eprintln!("SKIPPED: there is no git here that makes a repository of {format}");
            continue;
        }
        assert!(git(&["add", "-f", "gen/a.yaml", "gen/deep/b.yaml", "c.local.yaml", "f.yaml"]));
        assert!(git(&["update-index", "--index-version", version]));
        let outcome = scan(here.path(), &["."]);
        let expected = ["c.local.yaml", "e.yaml", "gen/a.yaml", "gen/deep/b.yaml"];
        assert_eq!(denied(here.path(), &["."]), expected, "{format} {version}");
        assert_eq!(
            outcome.report()["summary"]["skipped"],
            json!({ "ignored by .gitignore": 2, "ignored by .ignore": 1 })
        );
        std::fs::write(here.path().join(".git/index"), "DIRC").expect("an index");
        let outcome = scan(here.path(), &["."]);
        let skipped = outcome.report()["summary"]["skipped"].to_string();
        assert!(skipped.contains("what git tracks is not known: the index of git ends in the middle"), "{skipped}");
    }
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
