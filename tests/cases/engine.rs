//! The engine through real WebAssembly: a bad module costs one verdict, is named, and leaves its neighbours alone.

#[path = "engine/guest.rs"]
mod guest;
#[path = "engine/quiet.rs"]
mod quiet;
#[path = "engine/refused.rs"]
mod refused;

use expect_test::expect;
use plimsoll::{
    engine::{Engine, Failure, Module, Question, Time, limits},
    finding::ObjectRef,
    judge::evaluate::{Subject, evaluate, evaluate_set},
    judge::policy_set::{Choice, PolicySet, Profile},
    manifest::{Kinds, Object, Triage, object},
};
use plimsoll_policy::{Member, Set};
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, Barrier},
    thread,
};

#[test]
fn a_bad_policy_costs_one_verdict_and_is_named() {
    let Some(module) = load(2) else { return };
    for (verb, expected) in [
        ("nothing", expect![""]),
        ("loop", expect!["hostile: it was stopped after 200 ms"]),
        ("allocate", expect!["hostile: it asked for more than 16 MiB of memory"]),
        ("recurse", expect!["hostile: it ran out of stack"]),
        ("recurse-in-memory", expect!["hostile: it trapped: out of bounds memory access"]),
        ("trap", expect!["hostile: it trapped: wasm `unreachable` instruction executed"]),
        ("panic", expect!["hostile: it panicked: this is what a bug looks like�[2J (src/lib.rs:96)"]),
        (
            "unknown-rule",
            expect![[
                r#"hostile: its answer cannot be taken: a finding of "latest-tag", which is not a rule of `hostile`"#
            ]],
        ),
        (
            "escalated",
            expect![
                "hostile: its answer cannot be taken: a finding of `bad-behaviour` is escalated, and the rule has no escalated levels"
            ],
        ),
        (
            "unknown-container",
            expect![[
                r#"hostile: its answer cannot be taken: a finding of `bad-behaviour` is about a container "nobody", which the object does not have"#
            ]],
        ),
        (
            "bad-pointer",
            expect![[
                r#"hostile: its answer cannot be taken: a finding of `bad-behaviour` points to "../../etc/passwd", which is not a JSON pointer"#
            ]],
        ),
        (
            "bad-edit",
            expect![
                "hostile: its answer cannot be taken: a finding of `bad-behaviour` has an edit whose value is not JSON: EOF while parsing an object at line 1 column 1"
            ],
        ),
        ("many-findings", expect!["hostile: its answer cannot be taken: 4097 findings; the limit is 4096"]),
        ("bad-utf8", expect!["hostile: its answer cannot be taken: invalid utf-8 sequence of 1 bytes from index 1"]),
        (
            "huge-answer",
            expect![
                "hostile: its answer cannot be taken: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted"
            ],
        ),
    ] {
        let report = evaluate(&subject(&workload()), &set(&module, verb));
        let found: Vec<&str> = report.findings.iter().map(|judged| judged.message.as_str()).collect();
        assert_eq!(found, ["saw checkout"], "{verb}: the neighbour still counts");
        let failures = report.failures.iter().map(|failure| format!("{}: {}", failure.policy, failure.cause));
        expected.assert_eq(&failures.collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn a_bad_policy_costs_its_verdict_on_a_set_alone() {
    let Some(module) = load(1) else { return };
    let object = workload();
    let name = Arc::new(ObjectRef::from(&object.workload));
    let member = Member {
        api_version: name.api_version.clone(),
        kind: name.kind.clone(),
        name: name.name.clone(),
        workload: Some(object.workload.clone()),
        ..Member::default()
    };
    let objects = Set { objects: vec![member], ..Set::default() };
    for (verb, expected) in [
        ("nothing", expect![""]),
        ("loop-in-set", expect!["hostile: it was stopped after 2000 ms"]),
        (
            "unknown-object",
            expect![
                "hostile: its answer cannot be taken: a finding of `bad-behaviour` is about object 1, which the set does not have"
            ],
        ),
    ] {
        let report = evaluate_set(&objects, &[(Arc::clone(&name), &object.value)], &set(&module, verb));
        let found: Vec<&str> = report.findings.iter().map(|found| found.finding.message.as_str()).collect();
        assert_eq!(found, ["saw checkout in a set"], "{verb}: the neighbour still counts");
        let failures = report.failures.iter().map(|failure| format!("{}: {}", failure.policy, failure.cause));
        expected.assert_eq(&failures.collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn text_is_cleaned_and_cut() {
    let Some(module) = load(1) else { return };
    let message = |verb| {
        let report = evaluate(&subject(&workload()), &set(&module, verb));
        let mut of_hostile = report.findings.into_iter().filter(|judged| judged.policy == "hostile");
        of_hostile.next().expect("a finding").message
    };
    assert_eq!(message("control-characters"), "\u{fffd}[2Jall\u{fffd} gone");
    let long = message("long-text");
    assert!(long.ends_with('…') && long.len() <= limits::TEXT, "{} bytes", long.len());
}

#[test]
fn configuring_has_a_deadline_too() {
    let Some(module) = load(1) else { return };
    let refused = module.configure("hostile", r#"{"verb":"loop-in-configure"}"#).unwrap_err();
    assert_eq!(refused, "it was stopped after 200 ms");
}

#[test]
fn says_when_there_is_no_room() {
    const CALLS: usize = 32;
    let Some(module) = load(1) else { return };
    let settings = module.configure("hostile", r#"{"verb":"loop"}"#).expect("it is configured");
    let runs = [plimsoll_policy::Run { policy: "hostile".to_owned(), settings, off: Vec::new() }];
    let object = workload();
    let (start, question) = (Barrier::new(CALLS), Question { workload: &object.workload, raw: None, runs: &runs });
    let outcomes: Vec<Failure> = thread::scope(|scope| {
        let call = || {
            start.wait();
            module.check(&question, &mut Time::of(limits::DEADLINE)).expect_err("it loops")
        };
        let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().expect("no panic")).collect()
    });
    assert!(outcomes.contains(&Failure::NoRoom), "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Failure::NoRoom | Failure::Deadline(_))), "{outcomes:?}");
}

#[test]
fn modules_may_not_share_names() {
    let Some(module) = load(1) else { return };
    let twice = PolicySet::new(&[module.clone(), module], Profile::Default, &BTreeMap::new(), &BTreeMap::new());
    let errors = twice.err().expect("refused");
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    let policies =
        ["hostile", "neighbour"].map(str::to_owned).into_iter().chain((0..14).map(|n| format!("looper-{n}")));
    let expected: Vec<String> =
        policies.map(|policy| format!("there are two policies `{policy}`; rename that of the module")).collect();
    assert_eq!(messages, expected);
}

/// The hostile guest in an engine for that many threads; none where it cannot be built.
fn load(threads: usize) -> Option<Arc<Module>> {
    let wasm = guest::component()?;
    let engine = Engine::new(NonZeroUsize::new(threads).expect("threads")).expect("an engine");
    Some(Arc::new(engine.compile(wasm).expect("the guest loads")))
}

fn set(module: &Arc<Module>, verb: &str) -> PolicySet {
    let choice = Choice { settings: serde_json::json!({ "verb": verb }), ..Choice::default() };
    let choices = BTreeMap::from([("hostile".to_owned(), choice)]);
    PolicySet::new(std::slice::from_ref(module), Profile::Default, &choices, &BTreeMap::new()).expect("a set")
}

fn workload() -> Object {
    let value = serde_json::from_str(include_str!("../bench/deployment.json")).expect("JSON");
    match object(value, &Kinds::default()) {
        Ok(Triage::Object(object)) => *object,
        other => panic!("a Deployment is judged, not {other:?}"),
    }
}

fn subject(object: &Object) -> Subject<'_> {
    Subject { workload: &object.workload, value: &object.value }
}
