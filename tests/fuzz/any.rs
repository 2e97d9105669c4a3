//! Gives what libFuzzer makes up to the target that PLIMSOLL_TARGET names: one program for all, because each links the engine.

#![no_main]

mod targets;

use libfuzzer_sys::fuzz_target;
use std::{env, sync::LazyLock};
use targets::TARGETS;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = env::var("PLIMSOLL_TARGET").unwrap_or_default();
    let known = TARGETS.map(|(name, _)| name).join(", ");
    TARGETS.iter().find(|target| target.0 == name).unwrap_or_else(|| panic!("PLIMSOLL_TARGET is one of {known}")).1
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
