//! Releases with real faults under real controllers, a real kubelet and Helm 4: what `plimsoll release` says of each, and what
//! `helm --wait` and `kubectl rollout status` say beside it. All of them at once, each in a namespace of its own.
//!
//! `UPDATE_PAGES=1` writes the table into docs/release.md; else only the claims are held, for the seconds differ.

mod faults;
mod page;

use crate::support::{Namespace, Seen, eventually, number, run};
use faults::{FAULTS, Fault, MISSING, PLAIN};
use plimsoll_tests::{folder, program};
use std::{path::Path, thread};

/// How long the other tools wait.
const OTHERS: &str = "--timeout=150s";

/// What three tools said of one release.
struct Said {
    fault: &'static Fault,
    plimsoll: Seen,
    helm: Seen,
    kubectl: Seen,
}

#[test]
fn each_fault_is_named_in_time() {
    let program = program();
    let said: Vec<Said> = thread::scope(|scope| {
        let playing: Vec<_> = FAULTS.iter().map(|fault| scope.spawn(|| play(program, fault))).collect();
        playing.into_iter().map(|one| one.join().expect("it is played to its end")).collect()
    });
    for one in &said {
        number(&format!("{}: {}", one.fault.name, one.plimsoll));
    }
    let wrong: Vec<String> = said.iter().filter(|one| !one.is_right()).map(|one| one.plimsoll.to_string()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    page::keep(&said);
}

#[test]
fn a_newer_revision_supersedes() {
    let here = Namespace::new("superseded");
    install(&here, MISSING, &[]).ok();
    thread::scope(|scope| {
        let plimsoll = scope.spawn(|| watch(program(), &here, &["--revision", "1"]));
        install(&here, PLAIN, &[]).ok();
        let plimsoll = plimsoll.join().expect("it ends");
        assert_eq!(plimsoll.code, Some(4), "{plimsoll}");
    });
    // The broken pod of revision 1 is replaced, and the release becomes complete.
    let complete = watch(program(), &here, &[]);
    assert_eq!(complete.code, Some(0), "{complete}");
}

impl Said {
    fn is_right(&self) -> bool {
        self.plimsoll.code == Some(self.fault.code) && self.plimsoll.text.contains(self.fault.says)
    }
}

/// Plays a fault: the version before it if there is one, then the release, which three tools wait for.
fn play(program: &Path, fault: &'static Fault) -> Said {
    let here = Namespace::new("release");
    fault.prepare.iter().for_each(|command| drop(here.kubectl(&command.replace("NAMESPACE", here.name())).ok()));
    if let Some(before) = fault.before {
        install(&here, before.chart, &[]).ok();
        eventually("the version before", || {
            let seen = here.kubectl(before.until);
            if seen.succeeded { Ok(()) } else { Err(seen) }
        });
    }
    let revision = if fault.before.is_some() { "2" } else { "1" };
    thread::scope(|scope| {
        let helm = scope.spawn(|| install(&here, fault.chart, &["--wait", OTHERS]));
        let kubectl = scope.spawn(|| rollout_status(&here, fault.workload, revision));
        let plimsoll = watch(program, &here, &[&["--revision", revision], fault.flags].concat());
        let (helm, kubectl) = (helm.join().expect("helm ends"), kubectl.join().expect("kubectl ends"));
        Said { fault, plimsoll, helm, kubectl }
    })
}

fn watch(program: &Path, here: &Namespace, flags: &[&str]) -> Seen {
    run(program, &[&["release", "shop", "-n", here.name()], flags].concat(), "")
}

/// Asked once Helm has applied this revision: before that it fails, or speaks of the one before.
fn rollout_status(here: &Namespace, workload: &str, generation: &str) -> Seen {
    eventually("the workload", || {
        let seen = here.kubectl(&format!("get {workload} -o jsonpath={{.metadata.generation}}"));
        if seen.succeeded && seen.text == generation { Ok(()) } else { Err(seen) }
    });
    here.kubectl(&format!("rollout status {workload} {OTHERS}"))
}

/// `helm upgrade --install` of a chart with these objects.
fn install(here: &Namespace, objects: &str, flags: &[&str]) -> Seen {
    let chart = "apiVersion: v2\nname: shop\nversion: 0.1.0\n";
    let objects = objects.replace("WORKER", concat!("localhost/plimsoll-worker:", env!("CARGO_PKG_VERSION")));
    let objects = objects.replace("NAMESPACE", here.name());
    let chart = folder([("Chart.yaml", chart), ("templates/all.yaml", objects.as_str())]);
    let path = chart.path().to_str().expect("UTF-8");
    run(Path::new("helm"), &[&["upgrade", "--install", "shop", path, "-n", here.name()], flags].concat(), "")
}
