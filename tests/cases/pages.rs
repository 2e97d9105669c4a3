//! A rule's page is its specification: every example on it gives its verdict, natively and as WebAssembly.

use expect_test::expect;
use plimsoll::{
    engine::Engine,
    finding::{Finding, ObjectRef},
    judge::evaluate::{Subject, evaluate, evaluate_set},
    judge::policy_set::{PolicySet, Profile},
    manifest::{self, Contents, Kinds, Object},
};
use plimsoll_grace_period::GracePeriod;
use plimsoll_image_pull::ImagePull;
use plimsoll_jobs::Jobs;
use plimsoll_policy::{
    Findings, Input, Level, Member, Policy, Set,
    examples::{self, Example},
    page::{TABLE_HEAD, table},
};
use plimsoll_probes::Probes;
use plimsoll_rollout::Rollout;
use plimsoll_telemetry::Telemetry;
use plimsoll_tests::{root, scan};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZeroUsize,
    sync::Arc,
};

#[test]
fn probes_does_what_its_page_says() {
    hold::<Probes>();
}

#[test]
fn grace_period_does_what_its_page_says() {
    hold::<GracePeriod>();
}

#[test]
fn image_pull_does_what_its_page_says() {
    hold::<ImagePull>();
}

#[test]
fn rollout_does_what_its_page_says() {
    hold::<Rollout>();
}

#[test]
fn jobs_does_what_its_page_says() {
    hold::<Jobs>();
}

#[test]
fn telemetry_does_what_its_page_says() {
    hold::<Telemetry>();
}

/// Both ways to run a policy give the very same findings, and they are those that the page promises.
fn hold<P: Policy + Default>() {
    let sets = [set(Profile::Default), set(Profile::Strict)];
    let mut wrong = Vec::new();
    for example in page::<P>() {
        let (profile, set) = if example.strict { (Profile::Strict, &sets[1]) } else { (Profile::Default, &sets[0]) };
        let contents = contents(&example);
        let mut all = Vec::new();
        for object in contents.objects.iter().map(|found| &found.object) {
            let native = natively::<P>(object, profile);
            assert_eq!(as_webassembly::<P>(object, set), native, "{}, line {}", P::ID, example.line);
            all.extend(native);
        }
        let native = natively_in_set::<P>(&contents, profile);
        assert_eq!(as_webassembly_in_set::<P>(&contents, set), native, "{}, line {}", P::ID, example.line);
        all.extend(native);
        let of_rule = all.iter().filter(|judged| judged.rule == example.rule);
        let worst = of_rule.map(|judged| judged.level).max().unwrap_or(Level::Off);
        if worst != example.verdict {
            let Example { rule, verdict, line, .. } = example;
            wrong.push(format!("{} page, line {line}: {rule} says {worst:?}, not {verdict:?}", P::ID));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_tables_of_rules_are_generated() {
    for (id, page, rules) in [
        (Probes::ID, Probes::PAGE, Probes::RULES),
        (GracePeriod::ID, GracePeriod::PAGE, GracePeriod::RULES),
        (ImagePull::ID, ImagePull::PAGE, ImagePull::RULES),
        (Rollout::ID, Rollout::PAGE, Rollout::RULES),
        (Jobs::ID, Jobs::PAGE, Jobs::RULES),
        (Telemetry::ID, Telemetry::PAGE, Telemetry::RULES),
    ] {
        let start = page.find(TABLE_HEAD).unwrap_or_else(|| panic!("the page of {id} has no table of rules"));
        let length: usize =
            page[start..].split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
        let table = table(rules);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let updated = [&page[..start], &table, &page[start + length..]].concat();
            fs::write(root().join("policies").join(id).join("README.md"), updated).expect("the page is written");
        } else {
            assert_eq!(page[start..start + length], table, "policies/{id}/README.md; UPDATE_EXPECT=1 writes it");
        }
    }
}

fn page<P: Policy>() -> Vec<Example<'static>> {
    examples::parse(P::PAGE).unwrap_or_else(|error| panic!("the page of {}: {error}", P::ID))
}

fn contents<'t>(example: &Example<'t>) -> Contents<'t> {
    let options = manifest::Options { members: true, ..manifest::Options::default() };
    let contents = manifest::read(example.yaml.as_bytes(), &Kinds::default(), &options);
    let Contents { objects, problems, skipped, .. } = &contents;
    assert!(problems.is_empty() && !objects.is_empty(), "line {}: {problems:?} {skipped:?}", example.line);
    contents
}

/// All objects of an example: each stands in no namespace, and its objects before the others.
fn objects_together<'c>(contents: &'c Contents<'_>) -> (Set, Vec<(Arc<ObjectRef>, &'c Value)>) {
    let workloads = contents.objects.iter().map(|found| (found.member(), &found.object.value));
    let others = contents.members.iter().map(|beside| (beside.member.clone(), &Value::Null));
    let (objects, values): (Vec<Member>, Vec<&Value>) = workloads.chain(others).unzip();
    let name = |member: &Member| ObjectRef {
        api_version: member.api_version.clone(),
        kind: member.kind.clone(),
        namespace: None,
        name: member.name.clone(),
    };
    let named = objects.iter().map(|member| Arc::new(name(member))).zip(values).collect();
    let other_kinds = contents.other_kinds.iter().cloned().collect();
    (Set { objects, other_kinds, ..Set::default() }, named)
}

fn set(profile: Profile) -> PolicySet {
    let engine = Engine::new(NonZeroUsize::MIN).expect("an engine");
    // `make check-policies` names what it just built, maybe by another compiler than the committed module.
    let module = match std::env::var_os("PLIMSOLL_MODULE") {
        Some(path) => engine.compile(&fs::read(path).expect("a module")),
        None => engine.builtin(),
    };
    let module = Arc::new(module.expect("the policies load"));
    PolicySet::new(&[module], profile, &BTreeMap::new(), &BTreeMap::new()).expect("a set")
}

fn as_webassembly<P: Policy>(object: &Object, set: &PolicySet) -> Vec<Finding> {
    let report = evaluate(&Subject { workload: &object.workload, value: &object.value }, set);
    assert_eq!(report.failures, []);
    report.findings.into_iter().filter(|judged| judged.policy == P::ID).collect()
}

fn as_webassembly_in_set<P: Policy>(contents: &Contents<'_>, set: &PolicySet) -> Vec<Finding> {
    let (objects, values) = objects_together(contents);
    let report = evaluate_set(&objects, &values, set);
    assert_eq!(report.failures, []);
    report.findings.into_iter().map(|found| found.finding).filter(|judged| judged.policy == P::ID).collect()
}

fn natively<P: Policy + Default>(object: &Object, profile: Profile) -> Vec<Finding> {
    let off = off::<P>(profile);
    let mut findings = Findings::new(&off);
    P::default().check(&Input::from(&object.workload), &mut findings);
    let name = Arc::new(ObjectRef::from(&object.workload));
    stated::<P>(findings, profile, |_| (Arc::clone(&name), &object.value))
}

fn natively_in_set<P: Policy + Default>(contents: &Contents<'_>, profile: Profile) -> Vec<Finding> {
    let (objects, values) = objects_together(contents);
    let off = off::<P>(profile);
    let mut findings = Findings::new(&off);
    P::default().check_set(&objects, &mut findings);
    stated::<P>(findings, profile, |object| values[object as usize].clone())
}

/// Names of the rules that are off.
fn off<P: Policy>(profile: Profile) -> Vec<String> {
    let names = P::RULES.iter().map(|rule| rule.name.as_ref());
    let is_off = |rule: &&str| [false, true].iter().all(|second| level::<P>(profile, rule, *second) == Level::Off);
    names.filter(is_off).map(str::to_owned).collect()
}

fn level<P: Policy>(profile: Profile, rule: &str, second: bool) -> Level {
    let rule = P::RULES.iter().find(|known| known.name == rule).expect("a policy finds by its own rules");
    let levels = rule.escalated.filter(|_| second).unwrap_or(rule.levels);
    match profile {
        Profile::Default => levels.default,
        Profile::Strict => levels.strict,
    }
}

fn stated<'v, P: Policy>(
    findings: Findings<'_>,
    profile: Profile,
    object: impl Fn(u32) -> (Arc<ObjectRef>, &'v Value),
) -> Vec<Finding> {
    let judged = findings.into_vec().into_iter().map(|found| {
        let level = level::<P>(profile, &found.rule, found.escalated);
        let (name, value) = object(found.object);
        Finding::of_object(P::ID, level, found, &name, value)
    });
    judged.filter(|judged| judged.level != Level::Off).collect()
}

#[test]
fn every_rule_has_an_example_that_it_finds_and_one_that_it_allows() {
    fn lacking<P: Policy>() -> Vec<String> {
        let examples = page::<P>();
        let names: BTreeSet<&str> = P::RULES.iter().map(|rule| rule.name.as_ref()).collect();
        let strangers = examples.iter().filter(|example| !names.contains(example.rule));
        let mut lacking: Vec<String> = strangers.map(|e| format!("{} is no rule of {}", e.rule, P::ID)).collect();
        for rule in names {
            for (what, fires) in [("finds", true), ("allows", false)] {
                if !examples.iter().any(|e| e.rule == rule && (e.verdict != Level::Off) == fires) {
                    lacking.push(format!("{rule} has no example that it {what}"));
                }
            }
        }
        lacking
    }
    let lacking = [
        lacking::<GracePeriod>(),
        lacking::<ImagePull>(),
        lacking::<Jobs>(),
        lacking::<Probes>(),
        lacking::<Rollout>(),
        lacking::<Telemetry>(),
    ]
    .concat();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn the_situations_are_denied_before_and_clean_after() {
    for folder in ["a-timer-worker", "b-queue-and-feed", "c-three-probes", "d-zero-downtime", "e-release"] {
        let situation = root().join("docs/examples").join(folder);
        let before = scan(&situation, &["before"]);
        assert_eq!(before.code, 1, "{folder}: {:?}", before.findings());
        let after = scan(&situation, &["--fail-on", "warn", "after"]);
        assert_eq!((after.code, after.grave()), (0, vec![]), "{folder}");
    }
}

#[test]
fn the_last_manifest_of_zero_downtime_is_denied_with_the_sum() {
    let outcome = scan(&root().join("docs/examples/d-zero-downtime"), &["before/3-drain-delay.yaml"]);
    assert_eq!(outcome.grave(), ["before/3-drain-delay.yaml:25:38 deny grace-too-short"]);
    let report = outcome.report();
    expect!["terminationGracePeriodSeconds 50s is less than 55s = preStop 0s + drain delay 5s (plimsoll.dev/drain-delay) + shutdown timeout 45s (DOTNET_SHUTDOWNTIMEOUTSECONDS) + flush 0s + margin 5s"].assert_eq(report["findings"][0]["message"].as_str().expect("a message"));
}

#[test]
fn every_tracked_page_of_a_policy_is_held_here() {
    let known: BTreeSet<&str> =
        [GracePeriod::ID, ImagePull::ID, Jobs::ID, Probes::ID, Rollout::ID, Telemetry::ID].into();
    let folders = fs::read_dir(root().join("policies")).expect("the policies");
    let with_page = folders.flatten().filter(|folder| folder.path().join("README.md").is_file());
    let names: BTreeSet<String> = with_page.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names, known.into_iter().map(str::to_owned).collect());
}
