//! `plimsoll.yaml`, as far as it changes what a scan says.

use expect_test::expect;
use plimsoll_tests::{Outcome, deployment, folder, plimsoll, scan};

/// Findings, without notes, for a Deployment with that image in the namespace `shop`, under a configuration.
fn under(config: &str, image: &str) -> Outcome {
    let app = deployment(image).replace("  name: app\nspec", "  name: app\n  namespace: shop\nspec");
    scan(folder([("plimsoll.yaml", config), ("app.yaml", &app)]).path(), &["app.yaml"])
}

/// What is wrong with a configuration.
fn refusal(config: &str) -> String {
    let here = folder([("plimsoll.yaml", config), ("app.yaml", &deployment("app:1.2.3"))]);
    let Outcome { code, stdout, stderr } =
        plimsoll(here.path(), &["scan", "--config", "plimsoll.yaml", "app.yaml"], "");
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    stderr
}

#[test]
fn is_found_upwards_from_the_working_folder() {
    let warn = "policies: { image-pull: { rules: { latest-tag: warn } } }\n";
    let here = folder([
        ("plimsoll.yaml", warn),
        ("a/b/app.yaml", &deployment("app:latest")),
        ("other/plimsoll.yaml", "{}\n"),
        ("other/app.yaml", &deployment("app:latest")),
    ]);
    let level = |folder: &str, args: &[&str]| scan(&here.path().join(folder), args).grave();
    assert_eq!(level("a/b", &["app.yaml"]), ["app.yaml:12:18 warn latest-tag"]);
    assert_eq!(level("other", &["app.yaml"]), ["app.yaml:12:18 deny latest-tag"], "the nearest one, alone");
    assert_eq!(level(".", &["other/app.yaml"]), ["other/app.yaml:12:18 warn latest-tag"], "not that of the file");
    assert_eq!(level("a", &["--config", "../other/plimsoll.yaml", "b/app.yaml"]), ["b/app.yaml:12:18 deny latest-tag"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let config = "\
profil: strict
policies:
  prbes: {}
  probes:
    rules: { missing-readines-probe: warn }
  image-pull:
    rules: { latest-tag: warning }
    settings: { immutable-tag: [semver] }
  grace-period:
    settings: { margin: 5 }
exceptions:
  - rule: lates-tag
    match: {}
    reason: because
    expires: soon
namespaces:
  - match: team-*
    policies: { probes: { settings: { min-start-windw: 1s } } }
";
    expect![[r#"
        error: unknown field `profil`; did you mean `profile`?
         --> plimsoll.yaml:1:1
          |
        1 | profil: strict
          | ^^^^^^

        error: unknown policy `prbes`; did you mean `probes`?
         --> plimsoll.yaml:3:3
          |
        3 |   prbes: {}
          |   ^^^^^

        error: unknown rule `missing-readines-probe`; did you mean `missing-readiness-probe`?
         --> plimsoll.yaml:5:14
          |
        5 |     rules: { missing-readines-probe: warn }
          |              ^^^^^^^^^^^^^^^^^^^^^^

        error: unknown level `warning`; known: deny, warn, note, off
         --> plimsoll.yaml:7:26
          |
        7 |     rules: { latest-tag: warning }
          |                          ^^^^^^^

        error: unknown setting `immutable-tag`; did you mean `immutable-tags`?
         --> plimsoll.yaml:8:17
          |
        8 |     settings: { immutable-tag: [semver] }
          |                 ^^^^^^^^^^^^^

        error: `5` has no unit; write `5s`
          --> plimsoll.yaml:10:5
           |
        10 |     settings: { margin: 5 }
           |     ^^^^^^^^

        error: unknown rule `lates-tag`; did you mean `latest-tag`?
          --> plimsoll.yaml:12:11
           |
        12 |   - rule: lates-tag
           |           ^^^^^^^^^

        error: this matches everything; name a namespace, kind, name, container or file, or set the level of the rule
          --> plimsoll.yaml:13:5
           |
        13 |     match: {}
           |     ^^^^^

        error: `soon` is not a day; write it like 2027-01-31
          --> plimsoll.yaml:15:14
           |
        15 |     expires: soon
           |              ^^^^

        error: unknown setting `min-start-windw`; did you mean `min-start-window`?
          --> plimsoll.yaml:18:39
           |
        18 |     policies: { probes: { settings: { min-start-windw: 1s } } }
           |                                       ^^^^^^^^^^^^^^^

    "#]]
    .assert_eq(&refusal(config));
}

#[test]
fn settings_that_make_no_sense_are_refused_by_the_policy_where_they_stand() {
    expect![[r#"
        error: margin: 0s is too little; it must be at least 1s
         --> plimsoll.yaml:3:5
          |
        3 |     settings:
          |     ^^^^^^^^

    "#]]
    .assert_eq(&refusal("policies:\n  grace-period:\n    settings:\n      margin: 0s\n"));
}

#[test]
fn a_module_that_is_not_to_be_had_is_said() {
    let config = "\
policies:
  missing:
    module: ./missing.wasm
  remote:
    module: oci://registry.example.com/acme/labels@sha256:00
  text:
    module: app.yaml
";
    expect![[r#"
        error: ./missing.wasm: No such file or directory (os error 2)
         --> plimsoll.yaml:3:13
          |
        3 |     module: ./missing.wasm
          |             ^^^^^^^^^^^^^^

        error: this version loads modules from files only; write the path of a .wasm file
         --> plimsoll.yaml:5:13
          |
        5 |     module: oci://registry.example.com/acme/labels@sha256:00
          |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

        error: app.yaml: this is not a WebAssembly component that can be used: it does not begin with `\0asm`
         --> plimsoll.yaml:7:13
          |
        7 |     module: app.yaml
          |             ^^^^^^^^

    "#]]
    .assert_eq(&refusal(config));
}

#[test]
fn text_that_is_no_yaml_is_said_with_its_place() {
    expect![[r#"
        error: not valid YAML: the `[` that opens here is not closed
         --> plimsoll.yaml:2:11
          |
        2 | policies: [
          |           ^

    "#]]
    .assert_eq(&refusal("profile: strict\npolicies: [\n"));
}

#[test]
fn levels_are_set_by_rule() {
    for (level, found) in
        [("deny", "deny"), ("warn", "warn"), ("note", "note"), ("off", ""), ("false", ""), ("'off'", "")]
    {
        let outcome =
            under(&format!("policies: {{ image-pull: {{ rules: {{ latest-tag: {level} }} }} }}\n"), "app:latest");
        let expected = if found.is_empty() { vec![] } else { vec![format!("app.yaml:13:18 {found} latest-tag")] };
        let of_rule: Vec<_> =
            outcome.findings().into_iter().filter(|finding| finding.ends_with(" latest-tag")).collect();
        assert_eq!((of_rule, outcome.code), (expected, i32::from(found == "deny")), "{level}");
    }
}

#[test]
fn settings_reach_the_policy() {
    let image = "app:prod";
    assert_eq!(under("{}", image).grave(), ["app.yaml:13:18 deny moving-tag-cached"]);
    let immutable = "policies: { image-pull: { settings: { immutable-tags: [semver, 'prod*'] } } }\n";
    assert_eq!(under(immutable, image).grave(), Vec::<String>::new());
    let margin = |margin| {
        under(&format!("policies: {{ grace-period: {{ settings: {{ margin: {margin} }} }} }}\n"), "app:1.2.3").grave()
    };
    assert_eq!(margin("10s"), Vec::<String>::new(), "20 + 10 fit into 30");
    assert_eq!(margin("11s"), ["app.yaml:10:5 deny grace-too-short"]);
}

#[test]
fn a_rule_that_is_off_lets_a_milder_one_speak() {
    let off = "policies: { image-pull: { rules: { latest-tag: off } } }\n";
    assert_eq!(under(off, "app:latest").grave(), ["app.yaml:13:18 warn moving-tag-always"]);
}

#[test]
fn an_exception_covers_what_it_names_until_its_day() {
    let exception = |rule: &str, name: &str, expires: &str| {
        format!(
            "exceptions:\n- {{ rule: {rule}, match: {{ namespace: s*, kind: Deployment, name: {name} }}, reason: a demo, expires: {expires} }}\n"
        )
    };
    for (config, expected) in [
        (exception("latest-tag", "app", "9999-12-31"), ["app.yaml:13:18 excepted latest-tag"].as_slice()),
        (
            exception("latest-tag", "app", "2020-01-01"),
            &["app.yaml:13:18 deny latest-tag", "plimsoll.yaml:2:101 warn expired-exception"],
        ),
        (
            exception("latest-tag", "other", "9999-12-31"),
            &["app.yaml:13:18 deny latest-tag", "plimsoll.yaml:2:11 note unused-exception"],
        ),
        (
            exception("series-tag", "app", "9999-12-31"),
            &["app.yaml:13:18 deny latest-tag", "plimsoll.yaml:2:11 note unused-exception"],
        ),
    ] {
        let found = under(&config, "app:latest").findings();
        let told: Vec<_> = found.iter().filter(|finding| !finding.ends_with("missing-liveness-probe")).collect();
        let lines = |text: &str| text.split(' ').skip(1).collect::<Vec<_>>().join(" ");
        assert_eq!(
            told.iter().map(|f| lines(f)).collect::<Vec<_>>(),
            expected.iter().map(|f| lines(f)).collect::<Vec<_>>(),
            "{config}"
        );
    }
}

#[test]
fn annotations_grant_exceptions_unless_it_is_forbidden() {
    let annotated = |day: &str| {
        deployment("app:latest").replace(
            "metadata:\n  name",
            &format!("metadata:\n  annotations: {{ allow.plimsoll.dev/latest-tag: '{day} a demo' }}\n  name"),
        )
    };
    for (config, day, expected) in [
        ("{}", "9999-12-31", ["app.yaml:13:18 excepted latest-tag"].as_slice()),
        ("{}", "2020-01-01", &["app.yaml:4:49 warn expired-exception", "app.yaml:13:18 deny latest-tag"]),
        ("{}", "someday", &["app.yaml:4:49 warn invalid-exception", "app.yaml:13:18 deny latest-tag"]),
        ("allow-annotations: false", "9999-12-31", &["app.yaml:13:18 deny latest-tag"]),
    ] {
        let here = folder([("plimsoll.yaml", config), ("app.yaml", &annotated(day))]);
        assert_eq!(scan(here.path(), &["app.yaml"]).grave(), expected, "{config} {day}");
    }
}

#[test]
fn namespaces_have_levels_and_settings_of_their_own() {
    let config = "\
policies: { image-pull: { rules: { latest-tag: warn } } }
namespaces:
- match: shop
  policies: { image-pull: { rules: { latest-tag: off, moving-tag-always: off } } }
";
    assert_eq!(under(config, "app:latest").grave(), Vec::<String>::new());
    assert_eq!(
        under(&config.replace("match: shop", "match: team-*"), "app:latest").grave(),
        ["app.yaml:13:18 warn latest-tag"]
    );
}

#[test]
fn custom_kinds_are_taught() {
    let app = deployment("app:latest").replace("apps/v1", "acme.dev/v1").replace("Deployment", "App");
    let here = folder([
        ("app.yaml", &app),
        ("taught.yaml", "workloads: [{ group: acme.dev, kind: App, podTemplate: /spec/template }]\n"),
    ]);
    assert_eq!(scan(here.path(), &["app.yaml"]).code, 2, "nothing to judge");
    assert_eq!(scan(here.path(), &["--config", "taught.yaml", "app.yaml"]).grave(), ["app.yaml:12:18 deny latest-tag"]);
}

#[test]
fn of_many_problems_the_first_hundred_are_shown() {
    let config: String = (0..500).map(|number| format!("field{number}: 1\n")).collect();
    let stderr = refusal(&config);
    assert_eq!(stderr.matches("error: ").count(), 101, "{stderr}");
    let last = stderr.rsplit("error: ").next().unwrap_or_default();
    assert!(
        last.starts_with("and 400 more problems, from here on\n") && last.contains("plimsoll.yaml:101:1"),
        "{last}"
    );
}
