//! `tests/guest` as a component, built once.

use anyhow::Result;
use plimsoll_tests::need::or_skip;
use plimsoll_toolchain::{Compiler, Plan};
use std::sync::LazyLock;

/// None, and a skip, where there is no compiler for WebAssembly.
pub(crate) fn component() -> Option<&'static [u8]> {
    static COMPONENT: LazyLock<Result<Vec<u8>>> = LazyLock::new(|| {
        let target = plimsoll_tests::target();
        let compiler = Compiler::present(&target)?;
        let folder = plimsoll_tests::root().join("tests/guest");
        let plan = Plan { folder: &folder, target: &target, memory_kib: Plan::MEMORY_KIB, locked: false };
        let built = plimsoll_toolchain::build(&plan, &compiler).expect("the guest builds");
        Ok(plimsoll_toolchain::encode(&built.core).expect("the guest is a component"))
    });
    or_skip("compiler for WebAssembly", COMPONENT.as_deref())
}
