//! After warm-up an evaluation asks nothing of the operating system: no page fault, no system call.

use crate::{subject, workload};
use plimsoll::{
    engine::Engine,
    judge::evaluate::evaluate,
    judge::policy_set::{PolicySet, Profile},
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

#[test]
fn an_evaluation_makes_no_page_fault() {
    let (set, object) = (builtin(), workload());
    let faults = || {
        let before = page_faults();
        (0..100).for_each(|_| drop(evaluate(&subject(&object), &set)));
        page_faults() - before
    };
    // The kernel may take a page away at any time; a fault of our own would be in every round.
    let rounds: Vec<u64> = (0..20).map(|_| faults()).collect();
    assert!(rounds.contains(&0), "{rounds:?} page faults per hundred evaluations");
}

#[test]
fn an_evaluation_makes_no_system_call() {
    let (set, object) = (builtin(), workload());
    let done = Arc::new(AtomicBool::new(false));
    let (started, id) = mpsc::channel();
    let is_done = done.clone();
    thread::spawn(move || {
        (0..300).for_each(|_| drop(evaluate(&subject(&object), &set)));
        started.send(fs::read_link("/proc/thread-self").expect("Linux")).expect("the test waits");
        // From here on the kernel ends this thread at its first system call.
        seccompiler::apply_filter(&nothing_allowed()).expect("the kernel has seccomp");
        (0..100).for_each(|_| drop(evaluate(&subject(&object), &set)));
        is_done.store(true, Ordering::Release);
    });
    let thread = Path::new("/proc").join(id.recv().expect("the thread starts"));
    while thread.exists() && !done.load(Ordering::Acquire) {
        thread::yield_now();
    }
    assert!(done.load(Ordering::Acquire), "an evaluation made a system call");
}

fn builtin() -> PolicySet {
    let module = Arc::new(Engine::new(NonZeroUsize::MIN).expect("an engine").builtin().expect("it loads"));
    PolicySet::new(&[module], Profile::Default, &BTreeMap::new(), &BTreeMap::new()).expect("a set")
}

/// Minor and major faults of this thread: fields 10 and 12 of proc_pid_stat(5), counted behind the name of the thread.
fn page_faults() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    let field = |number: usize| fields.split(' ').nth(number - 3).and_then(|field| field.parse::<u64>().ok());
    field(10).zip(field(12)).map(|(minor, major)| minor + major).expect("two numbers")
}

fn nothing_allowed() -> BpfProgram {
    let architecture = std::env::consts::ARCH.try_into().expect("an architecture with seccomp");
    SeccompFilter::new(BTreeMap::new(), SeccompAction::KillThread, SeccompAction::Allow, architecture)
        .and_then(TryInto::try_into)
        .expect("an empty list")
}
