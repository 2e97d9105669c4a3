//! `plimsoll scan`: what it reads, what it says, and what its exit code means.

mod adoption;
mod any_bytes;
mod audit;
mod documents;
mod files;
mod fixing;
mod fixing_real;
mod formats;
mod html;
mod output;
mod rendered;
mod sets;
mod watching;

use plimsoll_tests::{deployment, folder, plimsoll, scan, scan_text};

const CLEAN: &str = "app:1.2.3";
const DENIED: &str = "app:latest";
const WARNED: &str = "app:1.2";

#[test]
fn the_exit_code_is_that_of_the_worst_outcome() {
    let [clean, denied, warned] = [CLEAN, DENIED, WARNED].map(deployment);
    let here = folder([
        ("clean.yaml", &clean),
        ("denied.yaml", &denied),
        ("warned.yaml", &warned),
        ("broken.yaml", "kind: Pod\n  x: [\n"),
        ("other.yaml", "{ apiVersion: v1, kind: ConfigMap, metadata: { name: c } }\n"),
        ("no-policy.yaml", "policies: { prbes: {} }\n"),
    ]);
    for (args, code) in [
        ("clean.yaml", 0),
        ("warned.yaml", 0),
        ("denied.yaml", 1),
        ("clean.yaml denied.yaml", 1),
        ("broken.yaml", 2),
        ("denied.yaml broken.yaml", 2),
        ("clean.yaml broken.yaml", 2),
        ("missing.yaml", 2),
        ("denied.yaml missing.yaml", 2),
        ("missing-*.yaml", 2),
        ("clean.yaml missing-*.yaml", 2),
        ("other.yaml", 2),
        ("--allow-empty other.yaml", 0),
        ("--allow-empty broken.yaml", 2),
        ("--allow-empty missing-*.yaml", 2),
        ("clean.yaml other.yaml", 0),
        ("--fail-on warn clean.yaml", 0),
        ("--fail-on warn warned.yaml", 1),
        ("--fail-on warn denied.yaml", 1),
        ("--fail-on deny warned.yaml", 0),
        ("--fail-on never denied.yaml", 0),
        ("--fail-on never broken.yaml", 2),
        ("--fail-on never other.yaml", 2),
        ("--fail-on note clean.yaml", 2),
        ("--config no-policy.yaml clean.yaml", 2),
        ("--config missing.yaml clean.yaml", 2),
        ("-f json=no/such/folder.json clean.yaml", 2),
        ("-f json= clean.yaml", 2),
        ("-f xml clean.yaml", 2),
        ("-j 0 clean.yaml", 2),
        ("--exclude [ clean.yaml", 2),
        ("-q --notes clean.yaml", 2),
    ] {
        let args: Vec<&str> = ["scan"].into_iter().chain(args.split(' ')).collect();
        let outcome = plimsoll(here.path(), &args, "");
        assert_eq!(outcome.code, code, "{args:?}: {outcome:?}");
    }
}

#[test]
fn an_excepted_finding_does_not_fail() {
    let allow = "metadata:\n  annotations: { allow.plimsoll.dev/latest-tag: '9999-12-31 a demo' }\n";
    let outcome = scan_text(&["--fail-on", "warn"], &deployment(DENIED).replace("metadata:\n", allow));
    assert_eq!((outcome.code, outcome.grave()), (0, vec!["<stdin>:13:18 excepted latest-tag".to_owned()]));
}

#[test]
fn nothing_to_judge_is_said() {
    let here = folder([("readme.md", "no manifest")]);
    for args in [["scan", "."].as_slice(), &["scan"], &["scan", "-"]] {
        let outcome = plimsoll(here.path(), args, "");
        assert!(outcome.stderr.starts_with("error: nothing to judge"), "{outcome:?}");
    }
}

#[test]
fn standard_input_has_a_name() {
    let outcome = scan_text(&[], &deployment(DENIED));
    assert_eq!((outcome.code, outcome.grave()), (1, vec!["<stdin>:12:18 deny latest-tag".to_owned()]));
    let named = scan_text(&["--stdin-filename", "deploy/app.yaml"], &deployment(DENIED));
    assert_eq!(named.grave(), ["deploy/app.yaml:12:18 deny latest-tag"]);
}

#[test]
fn a_level_on_the_command_line_wins() {
    for (rule, code, found) in [
        ("series-tag=off", 0, [].as_slice()),
        ("series-tag=warn", 0, &["<stdin>:12:18 warn series-tag"]),
        ("series-tag=deny", 1, &["<stdin>:12:18 deny series-tag"]),
    ] {
        let outcome = scan_text(&["--rule", rule], &deployment(WARNED));
        assert_eq!(outcome.code, code, "{rule}");
        assert_eq!(outcome.grave(), found, "{rule}");
    }
    for (rule, why) in [
        ("latest-tagg=warn", "unknown rule `latest-tagg`; did you mean `latest-tag`?"),
        ("latest-tag=wrn", "`wrn` is not a level; there are deny, warn, note and off"),
        ("latest-tag", "write it as RULE=LEVEL"),
    ] {
        let outcome = scan_text(&["--rule", rule], &deployment(CLEAN));
        assert!(outcome.code == 2 && outcome.stderr.contains(why), "{rule}: {outcome:?}");
    }
}

#[test]
fn a_profile_on_the_command_line_wins() {
    let here = folder([("plimsoll.yaml", "profile: strict\n"), ("app.yaml", &deployment(CLEAN))]);
    assert!(scan(here.path(), &["app.yaml"]).grave().contains(&"app.yaml:12:18 deny missing-digest".to_owned()));
    assert_eq!(scan(here.path(), &["--profile", "default", "app.yaml"]).grave(), Vec::<String>::new());
}
