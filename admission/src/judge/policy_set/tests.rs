use super::*;
use crate::{
    engine::Engine,
    judge::evaluate::{Evaluation, Subject, evaluate},
    manifest::{self, Kinds, Triage},
};
use serde_json::json;
use std::num::NonZeroUsize;

fn modules() -> Vec<Arc<Module>> {
    let engine = Engine::new(NonZeroUsize::MIN).unwrap();
    vec![Arc::new(engine.builtin().unwrap())]
}

/// The `policies` of a configuration: `{"image-pull": {"settings": …, "rules": {…}}}`.
fn choices(policies: Value) -> BTreeMap<String, Choice> {
    let policies: BTreeMap<String, Value> = serde_json::from_value(policies).unwrap();
    let choice = |policy: Value| Choice {
        settings: policy["settings"].clone(),
        levels: serde_json::from_value(policy.get("rules").cloned().unwrap_or(json!({}))).unwrap(),
    };
    policies.into_iter().map(|(id, policy)| (id, choice(policy))).collect()
}

fn overrides(levels: &[(&str, Level)]) -> BTreeMap<String, Level> {
    levels.iter().map(|(rule, level)| ((*rule).to_owned(), *level)).collect()
}

fn set(profile: Profile, policies: Value, levels: &[(&str, Level)]) -> PolicySet {
    PolicySet::new(&modules(), profile, &choices(policies), &overrides(levels)).ok().unwrap()
}

fn level(set: &PolicySet, rule: &str) -> Level {
    set.rule(rule).unwrap().level
}

#[test]
fn the_profile_gives_the_levels_that_nobody_configured() {
    let default = set(Profile::Default, json!({}), &[]);
    let strict = set(Profile::Strict, json!({}), &[]);
    let delay = "initial-delay-as-startup-budget";
    assert_eq!((level(&default, delay), level(&strict, delay)), (Level::Warn, Level::Deny));
    let second = |set: &PolicySet| set.rule("missing-startup-probe").unwrap().of(true);
    assert_eq!((second(&default), second(&strict)), (Level::Deny, Level::Deny));
    assert_eq!(level(&default, "expired-exception"), Level::Warn, "rules of the host have levels too");
}

#[test]
fn a_configured_level_replaces_both_levels_and_an_override_wins_over_it() {
    let policies = json!({"probes": {"rules": {"missing-startup-probe": "note"}}});
    let configured = set(Profile::Strict, policies.clone(), &[]);
    let rule = configured.rule("missing-startup-probe").unwrap();
    assert_eq!((rule.of(false), rule.of(true)), (Level::Note, Level::Note));
    let overridden = set(Profile::Strict, policies, &[("missing-startup-probe", Level::Warn)]);
    assert_eq!(level(&overridden, "missing-startup-probe"), Level::Warn);
}

#[test]
fn says_what_is_wrong_with_a_choice_and_where() {
    let key = |pointer: &str| ChoicePlace::Key(pointer.into());
    let value = |pointer: &str| ChoicePlace::Value(pointer.into());
    let no_levels: &[(&str, Level)] = &[];
    for (policies, levels, place, message) in [
        (
            json!({"image-pul": {}}),
            no_levels,
            key("/image-pul"),
            "unknown policy `image-pul`; did you mean `image-pull`?",
        ),
        (
            json!({"image-pull": {"rules": {"latest-tagg": "warn"}}}),
            no_levels,
            key("/image-pull/rules/latest-tagg"),
            "unknown rule `latest-tagg`; did you mean `latest-tag`?",
        ),
        (
            json!({"grace-period": {"settings": {"margn": "5s"}}}),
            no_levels,
            key("/grace-period/settings/margn"),
            "unknown setting `margn`; did you mean `margin`?",
        ),
        (
            json!({"probes": {"settings": {"min-start-window": "0s"}}}),
            no_levels,
            value("/probes/settings"),
            "`min-start-window` is 0s; it must be between 1s and 3600s",
        ),
        (
            json!({"probes": {"settings": [1]}}),
            no_levels,
            value("/probes/settings"),
            "settings are a mapping of names to values",
        ),
        (
            json!({}),
            &[("latest-tg", Level::Warn)],
            ChoicePlace::Override("latest-tg".to_owned()),
            "unknown rule `latest-tg`; did you mean `latest-tag`?",
        ),
    ] {
        let errors =
            PolicySet::new(&modules(), Profile::Default, &choices(policies), &overrides(levels)).err().unwrap();
        assert_eq!(errors, [ChoiceError { place, message: message.to_owned() }]);
    }
}

#[test]
fn names_everything_that_is_wrong() {
    let policies = json!({"nobody": {}, "probes": {"rules": {"x": "warn", "y": "warn"}}});
    let errors = PolicySet::new(&modules(), Profile::Default, &choices(policies), &overrides(&[("z", Level::Off)]));
    assert_eq!(errors.err().unwrap().len(), 4);
}

#[test]
fn the_digest_tells_sets_apart_that_judge_differently() {
    let digest = |policies, levels: &[(&str, Level)]| set(Profile::Default, policies, levels).digest().to_owned();
    let plain = digest(json!({}), &[]);
    assert!(plain.starts_with("sha256:") && plain.len() == 71, "{plain}");
    assert_eq!(digest(json!({"probes": {}}), &[("never-pull", Level::Deny)]), plain, "as it is anyway");
    assert_ne!(digest(json!({"grace-period": {"settings": {"margin": "7s"}}}), &[]), plain);
    assert_ne!(digest(json!({}), &[("latest-tag", Level::Warn)]), plain);
    assert_ne!(set(Profile::Strict, json!({}), &[]).digest(), plain);
    let on = |version: &str| set(Profile::Default, json!({}), &[]).on(version.parse().unwrap());
    assert_ne!(on("1.36").digest(), plain);
    assert_eq!(on("1.37").digest(), plain, "as it is anyway");
}

#[test]
fn findings_have_the_levels_of_the_set_and_rules_that_are_off_find_nothing() {
    let of_latest_tag = |set: &PolicySet| -> Vec<Level> {
        judge(set).findings.iter().filter(|f| f.rule == "latest-tag").map(|f| f.level).collect()
    };
    assert_eq!(of_latest_tag(&set(Profile::Default, json!({}), &[])), [Level::Deny]);
    assert_eq!(of_latest_tag(&set(Profile::Default, json!({}), &[("latest-tag", Level::Note)])), [Level::Note]);
    assert_eq!(of_latest_tag(&set(Profile::Default, json!({}), &[("latest-tag", Level::Off)])), []);
}

#[test]
fn a_policy_whose_rules_are_all_off_does_not_run() {
    let set = set(Profile::Default, json!({}), &[]);
    let all: Vec<(&str, Level)> = set.rules().iter().map(|levels| (levels.rule.name.as_ref(), Level::Off)).collect();
    let silent = self::set(Profile::Default, json!({}), &all);
    assert!(silent.groups().iter().all(|group| group.runs.is_empty()));
    assert_eq!(judge(&silent), Evaluation::default());
}

#[test]
fn what_is_found_in_a_helm_test_are_notes() {
    let set = set(Profile::Strict, json!({}), &[("latest-tag", Level::Deny)]);
    let levels = |hook: &str| {
        let found = judge_with(&set, &json!({"helm.sh/hook": hook})).findings;
        found.iter().map(|judged| judged.level).collect::<BTreeSet<_>>()
    };
    for hook in ["test", "test-success", "Test, test-success"] {
        assert_eq!(levels(hook), BTreeSet::from([Level::Note]), "{hook}");
    }
    for hook in ["pre-install", "test,post-install", "tests", ""] {
        assert!(levels(hook).contains(&Level::Deny), "{hook}");
    }
}

/// A Deployment whose image is `nginx`.
fn judge(set: &PolicySet) -> Evaluation {
    judge_with(set, &json!({}))
}

/// The same with annotations of its own.
fn judge_with(set: &PolicySet, annotations: &Value) -> Evaluation {
    let labels = json!({"app": "web"});
    let pod = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "annotations": annotations},
        "spec": {"selector": {"matchLabels": labels}, "template": pod},
    });
    match manifest::object(deployment, &Kinds::default()) {
        Ok(Triage::Object(object)) => evaluate(&Subject { workload: &object.workload, value: &object.value }, set),
        other => panic!("a Deployment is judged, not {other:?}"),
    }
}
