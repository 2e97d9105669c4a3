//! `--fix` and `--diff`: files in every style, what is written, and what is said of the rest.

use expect_test::{Expect, expect};
use plimsoll_tests::{Outcome, folder, launched, plimsoll};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
};

/// Stops in 45 s and is granted 30: `grace-too-short` has a safe fix. The image and the probes have nothing against
/// them but a pull policy, whose fix is unsafe.
const BLOCK: &str = "\
# The shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app   # as in DNS
spec:
  selector: { matchLabels: { app: app } }
  template:
    metadata:
      labels: { app: app }
      annotations:
        plimsoll.dev/shutdown-timeout: '45s'   # measured
    spec:
      terminationGracePeriodSeconds: 30   # the default
      containers:
        # the only one
        - image: \"app:1.2.3\"
          name: app
          imagePullPolicy: Never
          readinessProbe: { httpGet: { path: /readyz, port: 8080 } }
      # the end
";

fn fix(here: &Path, args: &[&str]) -> Outcome {
    plimsoll(here, &[&["scan", "-q"], args].concat(), "")
}

/// A file after `--fix`, and what was said.
fn fixed(text: &str, which: &str) -> (String, String) {
    let here = folder([("app.yaml", text)]);
    let outcome = fix(here.path(), &[which, "app.yaml"]);
    assert!(outcome.code < 2, "{outcome:?}");
    let new = read(here.path(), "app.yaml");
    let again = fix(here.path(), &[which, "app.yaml"]);
    assert_eq!((read(here.path(), "app.yaml"), again.code), (new.clone(), outcome.code), "{again:?}");
    assert!(again.stderr.starts_with("fixed 0 of"), "{again:?}");
    (new, outcome.stderr)
}

fn read(here: &Path, name: &str) -> String {
    fs::read_to_string(here.join(name)).expect("a file")
}

#[test]
fn a_safe_fix_changes_one_number_and_the_rest_is_reported() {
    let here = folder([("app.yaml", BLOCK)]);
    let outcome = plimsoll(here.path(), &["scan", "--fix", "app.yaml"], "");
    assert_eq!(outcome.code, 1);
    expect![[r#"
        fixed 1 of 2 findings, in 1 file
          1 with a fix that you should look at: --fix=all
    "#]]
    .assert_eq(&outcome.stderr);
    assert!(outcome.stdout.contains("deny[never-pull]") && !outcome.stdout.contains("grace-too-short"), "{outcome:?}");
    let grace = "terminationGracePeriodSeconds: ";
    let expected = BLOCK.replace(&format!("{grace}30"), &format!("{grace}50"));
    assert_eq!(read(here.path(), "app.yaml"), expected);
    let all = fix(here.path(), &["--fix=all", "app.yaml"]);
    assert_eq!((all.code, all.stderr.as_str()), (0, "fixed 1 of 1 finding, in 1 file\n"));
    assert_eq!(read(here.path(), "app.yaml"), expected.replace("Never", "IfNotPresent"));
}

#[test]
fn a_diff_is_shown_and_nothing_is_written() {
    let here = folder([("deploy/app.yaml", BLOCK)]);
    let outcome = plimsoll(here.path(), &["scan", "--diff=all"], "");
    assert_eq!((outcome.code, read(here.path(), "deploy/app.yaml").as_str()), (1, BLOCK));
    assert_eq!(outcome.stderr, "would fix 2 of 2 findings, in 1 file\n");
    expect![[r#"
        --- a/deploy/app.yaml
        +++ b/deploy/app.yaml
        @@ -11,11 +11,11 @@
               annotations:
                 plimsoll.dev/shutdown-timeout: '45s'   # measured
             spec:
        -      terminationGracePeriodSeconds: 30   # the default
        +      terminationGracePeriodSeconds: 50   # the default
               containers:
                 # the only one
                 - image: "app:1.2.3"
                   name: app
        -          imagePullPolicy: Never
        +          imagePullPolicy: IfNotPresent
                   readinessProbe: { httpGet: { path: /readyz, port: 8080 } }
               # the end
    "#]]
    .assert_eq(&outcome.stdout);
    let colored = plimsoll(here.path(), &["scan", "--diff", "--color", "always"], "");
    assert!(colored.stdout.contains("\u{1b}[32m+      termination"), "{colored:?}");
    // It is what others read.
    let patched = launched(
        &["sh", "-c", "\"$@\" > fix.patch 2> /dev/null; git apply fix.patch", "sh"],
        here.path(),
        &["scan", "--diff"],
        "",
    );
    assert_eq!(patched.code, 0, "{patched:?}");
    assert_eq!(read(here.path(), "deploy/app.yaml"), BLOCK.replace("Seconds: 30", "Seconds: 50"));
}

#[test]
fn every_style_keeps_its_bytes() {
    let crlf = BLOCK.replace('\n', "\r\n");
    let marked = format!("\u{feff}{BLOCK}");
    let endless = BLOCK.trim_end().to_owned();
    for text in [&crlf, &marked, &endless] {
        let expected = text.replace("Seconds: 30", "Seconds: 50").replace("Never", "IfNotPresent");
        assert_eq!(fixed(text, "--fix=all").0, expected);
    }
    let json = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app"},"spec":{"selector":{"matchLabels":{"app":"app"}},
 "template":{"metadata":{"labels":{"app":"app"},"annotations":{"plimsoll.dev/shutdown-timeout":"45s"}},"spec":{"containers":[
 {"name":"app","image":"app:1.2.3","readinessProbe":{"httpGet":{"path":"/readyz","port":8080}}}]}}}}"#;
    let expected = json.replace("}}}]}}}}", "}}}],\"terminationGracePeriodSeconds\":50}}}}");
    assert_eq!(fixed(json, "--fix").0, expected);
    let kyaml = "\
---
{
  apiVersion: \"apps/v1\",
  kind: \"Deployment\",
  metadata: { name: \"app\" },
  spec: {
    selector: { matchLabels: { app: \"app\" } },
    template: {
      metadata: { labels: { app: \"app\" }, annotations: { \"plimsoll.dev/shutdown-timeout\": \"45s\" } },
      spec: {
        containers: [{
          name: \"app\", # it
          image: \"app:1.2.3\",
          readinessProbe: { httpGet: { path: \"/readyz\", port: 8080 } },
          livenessProbe: { httpGet: { path: \"/livez\", port: 8080 } },
        }],
      },
    },
  },
}
";
    let (new, _) = fixed(kyaml, "--fix=all");
    expect![[r#"
        @@ -13,7 +13,16 @@
                   image: "app:1.2.3",
                   readinessProbe: { httpGet: { path: "/readyz", port: 8080 } },
                   livenessProbe: { httpGet: { path: "/livez", port: 8080 } },
        +          startupProbe: {
        +            failureThreshold: 6,
        +            httpGet: {
        +              path: "/livez",
        +              port: 8080,
        +            },
        +            periodSeconds: 5,
        +          },
                 }],
        +        terminationGracePeriodSeconds: 50,
               },
             },
           },
    "#]]
    .assert_eq(&difference(kyaml, &new));
}

/// What `diff -u` says of two texts, without its heads.
fn difference(before: &str, after: &str) -> String {
    let here = folder([("before", before), ("after", after)]);
    let diff = std::process::Command::new("diff").args(["-u", "before", "after"]).current_dir(here.path()).output();
    let text = String::from_utf8(diff.expect("diff runs").stdout).expect("UTF-8");
    text.lines().skip(2).map(|line| format!("{line}\n")).collect()
}

/// A Deployment that needs 50 s, with lines before and behind its containers.
fn item(name: &str, indent: &str, [before, behind]: [&str; 2]) -> String {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  selector: {{ matchLabels: {{ a: {name} }} }}\n  \
         template:\n    metadata: {{ labels: {{ a: {name} }}, annotations: {{ plimsoll.dev/shutdown-timeout: 45s }} }}\n    spec:\n{before}      \
         containers:\n      - name: {name}\n        image: app:1.2.3\n        readinessProbe: {{ httpGet: {{ path: /readyz, port: 8080 }} }}\n{behind}"
    );
    text.lines().map(|line| format!("{indent}{line}\n")).collect()
}

#[test]
fn documents_and_items_of_lists_are_fixed_each_at_its_place() {
    let stream = |behind: &str| {
        let [a, b, v, w] =
            [("a", "  "), ("b", "  "), ("v", ""), ("w", "")].map(|(name, indent)| item(name, indent, ["", behind]));
        let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}# b\n- {}", a.trim_start(), b.trim_start());
        format!("{v}---\n# nothing\n---\n{list}---\n{w}")
    };
    let (new, said) = fixed(&stream(""), "--fix");
    assert_eq!(said, "fixed 4 of 4 findings, in 1 file\n");
    assert_eq!(difference(&stream("      terminationGracePeriodSeconds: 50\n"), &new), "");
}

#[test]
fn what_is_not_fixed_is_said_with_the_reason() {
    let here = folder([
        (
            "alias.yaml",
            &item(
                "a",
                "",
                ["      terminationGracePeriodSeconds: &grace 30\n      activeDeadlineSeconds: *grace\n", ""],
            ),
        ),
        ("rendered.yaml", &format!("---\n# Source: shop/templates/app.yaml\n{}", item("b", "", ["", ""]))),
        ("real.yaml", &item("c", "", ["", ""])),
        (
            "excepted.yaml",
            &item("d", "", ["", ""]).replace(
                "name: d }",
                "name: d, annotations: { allow.plimsoll.dev/grace-too-short: 9999-12-31 a demo } }",
            ),
        ),
        ("no-fix.yaml", &item("e", "", ["", ""]).replace("45s", "20s").replace("1.2.3", "latest")),
    ]);
    symlink("real.yaml", here.path().join("link.yaml")).expect("a link");
    let names = ["alias.yaml", "rendered.yaml", "link.yaml", "excepted.yaml", "no-fix.yaml"];
    let before = names.map(|name| read(here.path(), name));
    let outcome = fix(here.path(), &[&["--fix"], names.as_slice()].concat());
    expect![[r#"
        fixed 0 of 4 findings
          1 without a fix
          1 excepted or in the baseline, and left alone
          alias.yaml:9:45: grace-too-short: not fixed: the value is behind an anchor, an alias or a merge key: other places would change too
          rendered.yaml:10:5: grace-too-short: not fixed: this text was rendered: change shop/templates/app.yaml
          link.yaml:8:5: grace-too-short: not fixed: the file is a symbolic link: name the file that it leads to
    "#]].assert_eq(&outcome.stderr);
    assert_eq!(names.map(|name| read(here.path(), name)), before);
    assert!(fs::symlink_metadata(here.path().join("link.yaml")).expect("a link").is_symlink());
}

#[test]
fn what_a_baseline_has_is_left_alone() {
    let here = folder([("app.yaml", BLOCK)]);
    assert_eq!(fix(here.path(), &["--write-baseline", "known", "app.yaml"]).code, 0);
    let outcome = fix(here.path(), &["--baseline", "known", "--fix=all", "app.yaml"]);
    assert_eq!((outcome.code, read(here.path(), "app.yaml").as_str()), (0, BLOCK));
    expect![[r#"
        fixed 0 of 0 findings
          2 excepted or in the baseline, and left alone
    "#]]
    .assert_eq(&outcome.stderr);
}

#[test]
fn a_file_keeps_its_permissions_and_is_not_written_where_it_cannot_be() {
    let here = folder([("app.yaml", BLOCK), ("dir/x.yaml", BLOCK)]);
    let file = here.path().join("app.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("permissions");
    let before = fs::metadata(&file).expect("a file");
    assert_eq!(fix(here.path(), &["--fix=all", "app.yaml"]).code, 0);
    let after = fs::metadata(&file).expect("a file");
    assert_eq!((after.mode(), after.uid()), (before.mode(), before.uid()));
    assert_eq!(fs::read_dir(here.path()).expect("a folder").count(), 2, "a temporary file is left");
    // A unit that may not write, root or not: the folder is on a file system that is mounted read-only.
    let _ = plimsoll_tests::need::need("unshare").map(|_| {
        let script = "mount --bind dir dir && mount -o remount,ro,bind dir && exec \"$@\"";
        let args = ["scan", "-q", "--fix", "dir/x.yaml"];
        let outcome = launched(&["unshare", "-rm", "sh", "-c", script, "sh"], here.path(), &args, "");
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(
            outcome.stderr.contains("dir/x.yaml:14:38: grace-too-short: not fixed: the file could not be written: "),
            "{outcome:?}"
        );
    });
}

#[test]
fn standard_input_is_not_fixed() {
    let here = folder([("app.yaml", BLOCK)]);
    for (args, why) in [
        (["--fix", "-"].as_slice(), "error: standard input cannot be fixed; name the files\n"),
        (&["--diff", "app.yaml", "-"], "error: standard input cannot be fixed; name the files\n"),
        (
            &["--diff", "-f", "json", "app.yaml"],
            "error: --diff goes to standard output; send the report to a file, as in `-f json=report.json`\n",
        ),
    ] {
        let outcome = plimsoll(here.path(), &[&["scan"], args].concat(), BLOCK);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (2, why), "{args:?}");
    }
    for args in [["--fix", "--diff"], ["--fix=most", "."], ["--diff=", "."]] {
        assert_eq!(plimsoll(here.path(), &[&["scan"], args.as_slice()].concat(), "").code, 2, "{args:?}");
    }
    assert_eq!(plimsoll(here.path(), &["scan", "--diff", "-f", "json=r.json", "app.yaml"], "").code, 1);
    assert!(read(here.path(), "r.json").contains("grace-too-short"));
}

fn check(text: &str, which: &str, expected: &Expect) {
    let (new, _) = fixed(text, which);
    expected.assert_eq(&difference(text, &new));
}

#[test]
fn unsafe_fixes_add_probes_and_exec() {
    let text = item("a", "", ["      terminationGracePeriodSeconds: 60\n", ""]).replace(
        "        readinessProbe",
        "        command:\n        - sh\n        - -c\n        - |  # as ever\n          set -e\n          ./migrate app\n          ./app --port=8080 > /dev/null\n        livenessProbe:\n          tcpSocket: { port: 8080 }\n          initialDelaySeconds: 60\n        readinessProbe",
    );
    check(
        &text,
        "--fix=all",
        &expect![[r#"
        @@ -16,8 +16,12 @@
                 - |  # as ever
                   set -e
                   ./migrate app
        -          ./app --port=8080 > /dev/null
        +          exec ./app --port=8080 > /dev/null
                 livenessProbe:
                   tcpSocket: { port: 8080 }
        -          initialDelaySeconds: 60
                 readinessProbe: { httpGet: { path: /readyz, port: 8080 } }
        +        startupProbe:
        +          failureThreshold: 17
        +          periodSeconds: 5
        +          tcpSocket:
        +            port: 8080
    "#]],
    );
}
