use super::*;
use crate::report::{Detail, samples, text};
use expect_test::expect;
use serde_json::json;

const RULES: [&str; 3] = ["latest-tag", "recreate-strategy", "missing-digest"];

fn check(text: &str, complaints: &[Complaint]) -> Result<Config, String> {
    let file = ConfigFile::parse(Path::new("deploy/plimsoll.yaml"), text.to_owned());
    file.check(RULES, complaints.to_vec()).map_err(|problems| {
        let mut out = Vec::new();
        text::write_problems(&problems, &mut out).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    })
}

fn refusal(text: &str) -> String {
    check(text, &[]).unwrap_err()
}

const FULL: &str = "\
profile: strict
allow-annotations: false
policies:
  probes:
  grace-period:
    settings: { margin: 10s, extra: 1 }
  image-pull:
    rules: { latest-tag: warn, missing-digest: off, never-pull: false, series-tag: 'off' }
    on-failure: deny
  acme-labels:
    module: ./acme-labels.wasm
  plimsoll:
    rules: { unused-exception: warn }
exceptions:
  - rule: recreate-strategy
    match: { namespace: billing, kind: Deployment, name: ledger-* }
    reason: single writer, see OPS-123
    expires: 2027-01-31
namespaces:
  - match: team-*
    policies:
      grace-period: { settings: { margin: 20s }, rules: { zero-grace: warn } }
      plimsoll: { rules: { unused-exception: off } }
  - match: '*-a'
    policies: { grace-period: { rules: { zero-grace: note } } }
  - match: legacy
    webhook: { mode: warn }
workloads:
  - { group: acme.dev, kind: App, podTemplate: /spec/template }
  - { group: acme.dev, kind: Crew, podTemplate: [/spec/leader, /spec/workers/*/template] }
webhook: { mode: enforce, on-failure: allow }
";

#[test]
fn reads_every_field() {
    let config = check(FULL, &[]).unwrap();
    assert_eq!((config.profile, config.annotations), (Some(Profile::Strict), Some(Annotations::Ignored)));
    let policies = &config.policies.choices;
    assert_eq!(
        policies.keys().collect::<Vec<_>>(),
        ["acme-labels", "grace-period", "image-pull", "plimsoll", "probes"]
    );
    assert_eq!(policies["grace-period"].settings, json!({ "margin": "10s", "extra": 1 }));
    let levels: Vec<_> = policies["image-pull"].levels.iter().map(|(rule, level)| (rule.as_str(), *level)).collect();
    let off = |rule| (rule, Level::Off);
    assert_eq!(levels, [("latest-tag", Level::Warn), off("missing-digest"), off("never-pull"), off("series-tag")]);
    assert_eq!(policies["plimsoll"].levels["unused-exception"], Level::Warn);
    assert_eq!(config.exceptions[0].scope.to_string(), "Deployment billing/ledger-*");
    let pointers: Vec<_> =
        config.workloads.iter().map(|kind| kind.pod_templates.iter().map(ToString::to_string)).collect();
    assert_eq!(
        pointers.into_iter().map(Iterator::collect::<Vec<_>>).collect::<Vec<_>>(),
        [vec!["/spec/template"], vec!["/spec/leader", "/spec/workers/*/template"]]
    );
}

#[test]
fn the_webhook_has_a_mode_by_namespace_and_an_outcome_by_policy() {
    let config = check(FULL, &[]).unwrap();
    assert_eq!(
        [Some("legacy"), Some("shop"), None].map(|name| config.mode(name)),
        [Mode::Warn, Mode::Enforce, Mode::Enforce]
    );
    let on_failure = |policy| config.webhook.on_failure(policy, OnFailure::Deny);
    assert_eq!(["image-pull", "probes"].map(on_failure), [OnFailure::Deny, OnFailure::Allow]);
    let nothing = check("profile: strict\n", &[]).unwrap();
    assert_eq!(nothing.webhook.on_failure("probes", OnFailure::Deny), OnFailure::Deny);
}

#[test]
fn namespaces_lay_their_choices_over_the_others_in_order() {
    let config = check(FULL, &[]).unwrap();
    for (namespace, matching, margin, zero_grace) in [
        (None, vec![], "10s", None),
        (Some("shop"), vec![], "10s", None),
        (Some("team-b"), vec![0], "20s", Some(Level::Warn)),
        (Some("team-a"), vec![0, 1], "20s", Some(Level::Note)),
    ] {
        assert_eq!(config.policies.matching(namespace), matching, "{namespace:?}");
        let choices = config.policies.choices_of(&matching);
        let grace_period = &choices["grace-period"];
        assert_eq!(grace_period.settings, json!({ "margin": margin, "extra": 1 }), "{namespace:?}");
        assert_eq!(grace_period.levels.get("zero-grace").copied(), zero_grace, "{namespace:?}");
    }
}

#[test]
fn modules_are_found_from_the_folder_of_the_file() {
    let file = ConfigFile::parse(Path::new("deploy/plimsoll.yaml"), FULL.to_owned());
    let path = PathBuf::from("deploy/./acme-labels.wasm");
    assert_eq!(file.modules(), [ModulePath { path, pointer: "/policies/acme-labels/module".into() }]);
}

#[test]
fn nothing_is_a_configuration() {
    for text in ["", "# nothing yet\n", "policies:\nexceptions:\n"] {
        assert!(check(text, &[]).is_ok(), "{text:?}");
    }
}

#[test]
fn says_everything_that_is_wrong_at_once() {
    let text = "\
profil: strict
policies:
  image-pull:
    rule: {}
    rules: { latest-tag: warning, missing-digest: true }
  acme:
    module: oci://registry.example/acme@sha256:00
  plimsoll:
    settings: {}
exceptions:
  - rule: lates-tag
    match: {}
    expires: 31.01.2027
  - rule: expired-exception
    match: { names: x }
    reason: ''
    expires: 2027-02-29
  - latest-tag
namespaces:
  - match: 'team-['
    policies: { acme: { module: ./x.wasm } }
workloads:
  - { group: acme.dev, kind: App, podTemplate: spec.template }
  - { group: acme.dev, kind: App, podTemplate: [/spec/a, 5, ''] }
  - { group: acme.dev, kind: Crew, podTemplate: [] }
  - { group: argoproj.io, kind: Rollout, podTemplate: /spec/pod }
  - { group: apps, kind: Deployment, podTemplate: /spec/template }
";
    expect![[r#"
        error: unknown field `profil`; did you mean `profile`?
         --> deploy/plimsoll.yaml:1:1
          |
        1 | profil: strict
          | ^^^^^^

        error: unknown field `rule`; did you mean `rules`?
         --> deploy/plimsoll.yaml:4:5
          |
        4 |     rule: {}
          |     ^^^^

        error: unknown level `warning`; known: deny, warn, note, off
         --> deploy/plimsoll.yaml:5:26
          |
        5 |     rules: { latest-tag: warning, missing-digest: true }
          |                          ^^^^^^^

        error: expected a level (deny, warn, note or off), found true
         --> deploy/plimsoll.yaml:5:51
          |
        5 |     rules: { latest-tag: warning, missing-digest: true }
          |                                                   ^^^^

        error: this version loads modules from files only; write the path of a .wasm file
         --> deploy/plimsoll.yaml:7:13
          |
        7 |     module: oci://registry.example/acme@sha256:00
          |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

        error: unknown field `settings`; known: rules
         --> deploy/plimsoll.yaml:9:5
          |
        9 |     settings: {}
          |     ^^^^^^^^

        error: `reason` is missing
          --> deploy/plimsoll.yaml:11:3
           |
        11 |   - rule: lates-tag
           |   ^

        error: unknown rule `lates-tag`; did you mean `latest-tag`?
          --> deploy/plimsoll.yaml:11:11
           |
        11 |   - rule: lates-tag
           |           ^^^^^^^^^

        error: this matches everything; name a namespace, kind, name, container or file, or set the level of the rule
          --> deploy/plimsoll.yaml:12:5
           |
        12 |     match: {}
           |     ^^^^^

        error: `31.01.2027` is not a day; write it like 2027-01-31
          --> deploy/plimsoll.yaml:13:14
           |
        13 |     expires: 31.01.2027
           |              ^^^^^^^^^^

        error: `expired-exception` cannot be excepted; set its level under policies: plimsoll: rules:
          --> deploy/plimsoll.yaml:14:11
           |
        14 |   - rule: expired-exception
           |           ^^^^^^^^^^^^^^^^^

        error: unknown field `names`; did you mean `name`?
          --> deploy/plimsoll.yaml:15:14
           |
        15 |     match: { names: x }
           |              ^^^^^

        error: this is empty
          --> deploy/plimsoll.yaml:16:13
           |
        16 |     reason: ''
           |             ^^

        error: `2027-02-29` is not a day; write it like 2027-01-31
          --> deploy/plimsoll.yaml:17:14
           |
        17 |     expires: 2027-02-29
           |              ^^^^^^^^^^

        error: expected a mapping, found text
          --> deploy/plimsoll.yaml:18:5
           |
        18 |   - latest-tag
           |     ^^^^^^^^^^

        error: `team-[` is not a glob: unclosed character class; missing ']'
          --> deploy/plimsoll.yaml:20:12
           |
        20 |   - match: 'team-['
           |            ^^^^^^^^

        error: unknown field `module`; known: settings, rules
          --> deploy/plimsoll.yaml:21:25
           |
        21 |     policies: { acme: { module: ./x.wasm } }
           |                         ^^^^^^

        error: `spec.template` is not a JSON pointer; write it like /spec/template, with `*` for each item of a list
          --> deploy/plimsoll.yaml:23:48
           |
        23 |   - { group: acme.dev, kind: App, podTemplate: spec.template }
           |                                                ^^^^^^^^^^^^^

        error: App of group `acme.dev` has an entry already; write all its pointers there: podTemplate: [A, B]
          --> deploy/plimsoll.yaml:24:30
           |
        24 |   - { group: acme.dev, kind: App, podTemplate: [/spec/a, 5, ''] }
           |                              ^^^

        error: expected text, found a number
          --> deploy/plimsoll.yaml:24:58
           |
        24 | …roup: acme.dev, kind: App, podTemplate: [/spec/a, 5, ''] }
           |                                                    ^

        error: the list is empty; name at least one pointer
          --> deploy/plimsoll.yaml:25:36
           |
        25 |   - { group: acme.dev, kind: Crew, podTemplate: [] }
           |                                    ^^^^^^^^^^^

        error: Rollout of group `argoproj.io` is judged already; remove this entry
          --> deploy/plimsoll.yaml:26:33
           |
        26 |   - { group: argoproj.io, kind: Rollout, podTemplate: /spec/pod }
           |                                 ^^^^^^^

        error: Deployment of group `apps` is judged already; remove this entry
          --> deploy/plimsoll.yaml:27:26
           |
        27 |   - { group: apps, kind: Deployment, podTemplate: /spec/template }
           |                          ^^^^^^^^^^

    "#]]
    .assert_eq(&refusal(text));
}

#[test]
fn shows_what_sets_of_policies_complain_of_where_it_is_written() {
    let text = "\
policies:
  probes:
    settings: { margni: 5s }
namespaces:
  - match: team-*
    policies: { probes: { settings: { margin: 5 } } }
";
    let file = ConfigFile::parse(Path::new("plimsoll.yaml"), text.to_owned());
    let error = |place, message: &str| ChoiceError { place, message: message.to_owned() };
    let key = ChoicePlace::Key("/probes/settings/margni".into());
    let value = ChoicePlace::Value("/probes/settings/margin".into());
    let complaints: Vec<Complaint> = [
        // The set of the namespace complains of it once more.
        (error(key.clone(), "unknown setting `margni`"), None),
        (error(key, "unknown setting `margni`"), Some(0)),
        (error(value, "`5` has no unit"), Some(0)),
        (error(ChoicePlace::Override("probs".to_owned()), "unknown rule `probs`"), None),
    ]
    .iter()
    .filter_map(|(error, namespace)| file.complaint(error, *namespace))
    .collect();
    expect![[r#"
        error: unknown setting `margni`
         --> deploy/plimsoll.yaml:3:17
          |
        3 |     settings: { margni: 5s }
          |                 ^^^^^^

        error: `5` has no unit
         --> deploy/plimsoll.yaml:6:47
          |
        6 |     policies: { probes: { settings: { margin: 5 } } }
          |                                               ^

    "#]]
    .assert_eq(&check(text, &complaints).unwrap_err());
}

#[test]
fn refuses_what_is_no_mapping_or_no_yaml() {
    expect![[r#"
        error: expected a mapping, found a list
         --> deploy/plimsoll.yaml:1:1
          |
        1 | - profile
          | ^

    "#]]
    .assert_eq(&refusal("- profile\n"));
    expect![[r#"
        error: not valid YAML: the `[` that opens here is not closed
         --> deploy/plimsoll.yaml:1:10
          |
        1 | profile: [
          |          ^

    "#]]
    .assert_eq(&refusal("profile: [\n"));
    expect![[r#"
        error: duplicate key `profile`: it is on line 1 already; keep one of the two
         --> deploy/plimsoll.yaml:2:1
          |
        2 | profile: default
          | ^

    "#]]
    .assert_eq(&refusal("profile: strict\nprofile: default\n"));
    expect![[r#"
        error: a second document begins here; only one is read
         --> deploy/plimsoll.yaml:2:1
          |
        2 | ---
          | ^

    "#]]
    .assert_eq(&refusal("profile: strict\n---\nprofile: default\n"));
    expect![[r#"
        error: unknown mode `wran`; did you mean `warn`?
         --> deploy/plimsoll.yaml:1:18
          |
        1 | webhook: { mode: wran, on-failur: deny }
          |                  ^^^^

        error: unknown field `on-failur`; did you mean `on-failure`?
         --> deploy/plimsoll.yaml:1:24
          |
        1 | webhook: { mode: wran, on-failur: deny }
          |                        ^^^^^^^^^

    "#]]
    .assert_eq(&refusal("webhook: { mode: wran, on-failur: deny }\n"));
}

#[test]
fn is_found_in_the_nearest_folder_above() {
    let folder = std::env::temp_dir().join(format!("plimsoll-config-{}", std::process::id()));
    let deep = folder.join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(folder.join(FILE_NAME), "").unwrap();
    assert_eq!(find(&deep), Some(PathBuf::from("../../plimsoll.yaml")));
    std::fs::write(folder.join("a").join(FILE_NAME), "").unwrap();
    assert_eq!(find(&deep), Some(PathBuf::from("../plimsoll.yaml")));
    assert_eq!(find(&folder), Some(PathBuf::from("plimsoll.yaml")));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn findings_about_it_have_a_place_in_it() {
    let config = check(FULL, &[]).unwrap();
    let exceptions = crate::judge::exceptions::Exceptions::new(config.exceptions.clone(), Annotations::Ignored, []);
    let expired = exceptions.expired(jiff::civil::date(2027, 2, 1));
    let findings = expired.into_iter().map(|finding| config.finding(finding, Level::Warn)).collect();
    let mut out = Vec::new();
    let report = crate::finding::Report { findings, ..Default::default() };
    text::write(&report, &samples::context(Detail::Quiet, &[]), &mut out).unwrap();
    expect![[r#"
        warn[expired-exception]: the exception from `recreate-strategy` for Deployment billing/ledger-* ended on 2027-01-31: findings count again
          --> deploy/plimsoll.yaml:18:14
           |
        18 |     expires: 2027-01-31
           |              ^^^^^^^^^^
           |
           = help: fix what it covered and delete it, or write a new day

    "#]].assert_eq(&anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string());
}
