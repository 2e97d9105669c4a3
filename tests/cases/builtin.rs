//! The built-in policies are committed as WebAssembly: they are what their lock and their sources say.

use plimsoll::engine::Engine;
use plimsoll_grace_period::GracePeriod;
use plimsoll_image_pull::ImagePull;
use plimsoll_jobs::Jobs;
use plimsoll_policy::Policy;
use plimsoll_probes::Probes;
use plimsoll_rollout::Rollout;
use plimsoll_telemetry::Telemetry;
use plimsoll_tests::root;
use plimsoll_toolchain::{Lock, digest, source_digest};
use std::{fs, num::NonZeroUsize};

/// Every check copies what the module keeps in memory, and every start of the program reads it. A policy takes 60 to 300 KB, its
/// page included; the whole catalogue must stay below this.
const LARGEST: usize = 1_600_000;

fn bytes() -> Vec<u8> {
    fs::read(root().join("policies/builtin/builtin.wasm")).expect("it is committed")
}

#[test]
fn they_are_built_from_these_sources() {
    let lock = Lock::read(root()).expect("a lock");
    let sources = source_digest(root()).expect("the sources");
    assert_eq!(lock.sources, sources, "the policies changed: type `make policies` and commit what it writes");
}

#[test]
fn they_are_the_bytes_that_the_lock_names() {
    assert_eq!(Lock::read(root()).expect("a lock").bytes, digest(&bytes()));
}

#[test]
fn they_are_what_the_program_runs() {
    let engine = Engine::new(NonZeroUsize::MIN).expect("an engine");
    let builtin = engine.builtin().expect("they load");
    assert_eq!(builtin.digest(), digest(&bytes()));
    let ids: Vec<&str> = builtin.descriptions().iter().map(|policy| policy.id.as_str()).collect();
    assert_eq!(ids, [GracePeriod::ID, ImagePull::ID, Jobs::ID, Probes::ID, Rollout::ID, Telemetry::ID]);
}

/// A module from elsewhere is refused if it imports a function; the same door lets these pass.
#[test]
fn they_import_nothing() {
    let engine = Engine::new(NonZeroUsize::MIN).expect("an engine");
    assert_eq!(engine.compile(&bytes()).err(), None);
}

#[test]
fn they_are_small() {
    assert!(bytes().len() <= LARGEST, "{} bytes", bytes().len());
}
