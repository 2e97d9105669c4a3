//! What WebAssembly costs: the built-in policies in a fresh instance against the same rules compiled natively.
//!
//! Ratios of one run on one machine; the times move with the machine, so they are printed and never a gate.

use plimsoll::{
    engine::{Engine, Question, Time},
    judge::evaluate::{Subject, evaluate},
    judge::policy_set::{PolicySet, Profile},
    manifest::{self, Kinds, Object, Triage},
};
use plimsoll_policy::{Finding, Findings, Input, Policy, Workload};
use std::{
    collections::BTreeMap,
    hint::black_box,
    num::NonZeroUsize,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

/// A Deployment as Helm charts write them: two containers and an init container, 4.6 KB of JSON.
const DEPLOYMENT: &str = include_str!("deployment.json");

/// Calls per sample, and samples per measurement, of which the fastest counts: what else the machine does only ever
/// adds. What is compared takes turns, sample by sample.
const CALLS: u32 = 20;
const SAMPLES: usize = 400;

/// The argument that makes this program measure one start of its own.
const START: &str = "--start";

/// Evaluation through WebAssembly, as a multiple of native: the bar.
const BUDGET: f64 = 2.0;

fn main() {
    if std::env::args().any(|argument| argument == START) {
        return print_start();
    }
    let set = start().expect("the built-in policies load");
    let object = object();
    let subject = Subject { workload: &object.workload, value: &object.value };
    let found = evaluate(&subject, &set);
    assert_eq!(found.failures, [], "a benchmark of failures says nothing");
    assert_eq!(found.findings.len(), native(&object.workload).len(), "both ways find the same");

    let engine = Engine::new(NonZeroUsize::MIN).expect("an engine");
    let module = engine.builtin().expect("the built-in policies load");
    let nothing = Question { workload: &object.workload, raw: None, runs: &[] };

    let [whole_native, whole_wasm, rules_native, rules_wasm, empty] = fastest([
        &|| drop(black_box(native(&self::object().workload))),
        &|| {
            let Object { workload, value, .. } = &self::object();
            drop(black_box(evaluate(&Subject { workload, value }, &set)));
        },
        &|| drop(black_box(native(&object.workload))),
        &|| drop(black_box(evaluate(&subject, &set))),
        &|| drop(black_box(module.check(&nothing, &mut Time::of(Duration::MAX)))),
    ]);
    let ratio = whole_wasm.as_secs_f64() / whole_native.as_secs_f64();
    println!("one Deployment, {} bytes of JSON, {} findings", DEPLOYMENT.len(), found.findings.len());
    println!("  JSON to findings, native             {whole_native:>10.1?}");
    println!("  JSON to findings, WebAssembly        {whole_wasm:>10.1?}   {ratio:.2} × (budget {BUDGET} ×)");
    println!("  rules alone, native                  {rules_native:>10.1?}");
    println!("  rules alone, WebAssembly             {rules_wasm:>10.1?}");
    println!("  fresh instance that judges nothing   {empty:>10.1?}");

    let starts: Vec<Duration> = (0..40).map(|_| start_of_another_process()).collect();
    println!("from nothing to the first verdict      {:>10.1?}", least(&starts));
    assert!(ratio <= BUDGET, "over budget");
}

/// Pages that were touched stay warm, so a start can be measured once per process.
fn print_start() {
    let object = object();
    let taken = time(|| {
        let set = start().expect("the built-in policies load");
        let subject = Subject { workload: &object.workload, value: &object.value };
        drop(black_box((evaluate(&subject, &set), set)));
    });
    println!("{}", taken.as_nanos());
}

fn start_of_another_process() -> Duration {
    let this = std::env::current_exe().expect("the path of this program");
    let output = Command::new(this).arg(START).output().expect("it starts");
    let nanos = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of nanoseconds");
    Duration::from_nanos(nanos)
}

/// Engine, built-in policies, their settings.
fn start() -> Result<PolicySet, Box<dyn std::error::Error>> {
    let module = Arc::new(Engine::new(NonZeroUsize::MIN)?.builtin()?);
    PolicySet::new(&[module], Profile::Default, &BTreeMap::new(), &BTreeMap::new())
        .map_err(|errors| format!("{errors:?}").into())
}

/// Parse, API defaults, view.
fn object() -> Object {
    let value = serde_json::from_str(black_box(DEPLOYMENT)).expect("JSON");
    match manifest::object(value, &Kinds::default()) {
        Ok(Triage::Object(object)) => *object,
        other => panic!("a Deployment is judged, not {other:?}"),
    }
}

fn native(workload: &Workload) -> Vec<Finding> {
    let mut found = judge::<plimsoll_grace_period::GracePeriod>(workload);
    found.extend(judge::<plimsoll_image_pull::ImagePull>(workload));
    found.extend(judge::<plimsoll_jobs::Jobs>(workload));
    found.extend(judge::<plimsoll_probes::Probes>(workload));
    found.extend(judge::<plimsoll_telemetry::Telemetry>(workload));
    found
}

/// One policy as in the profile `default`.
fn judge<P: Policy + Default>(workload: &Workload) -> Vec<Finding> {
    let off: Vec<String> = P::RULES
        .iter()
        .filter(|rule| {
            [Some(rule.levels), rule.escalated].iter().flatten().all(|l| l.default == plimsoll_policy::Level::Off)
        })
        .map(|rule| rule.name.clone().into_owned())
        .collect();
    let mut findings = Findings::new(&off);
    P::default().check(&Input::from(workload), &mut findings);
    findings.into_vec()
}

fn fastest<const N: usize>(work: [&dyn Fn(); N]) -> [Duration; N] {
    let mut samples = [const { Vec::new() }; N];
    for _ in 0..SAMPLES {
        for (samples, work) in samples.iter_mut().zip(work) {
            samples.push(time(|| (0..CALLS).for_each(|_| work())) / CALLS);
        }
    }
    samples.map(|samples| least(&samples))
}

fn least(samples: &[Duration]) -> Duration {
    samples.iter().min().copied().unwrap_or_default()
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
