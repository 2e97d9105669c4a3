//! `tests/guest` as a component, built once.

use plimsoll_toolchain::{Compiler, Plan, Way};
use std::sync::LazyLock;

/// None where there is no compiler for WebAssembly to be had. CI always has one.
pub(crate) fn component() -> Option<&'static [u8]> {
    static COMPONENT: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| {
        let target = plimsoll_tests::target();
        let compiler = match Compiler::find(&Way::ALL, &target) {
            Ok(compiler) => compiler,
            Err(error) if std::env::var_os("CI").is_none() => {
                eprintln!("SKIPPED: the hostile guest needs a compiler for WebAssembly: {error:#}");
                return None;
            }
            Err(error) => panic!("{error:#}"),
        };
        let folder = plimsoll_tests::root().join("tests/guest");
        let plan = Plan { folder: &folder, target: &target, memory_kib: Plan::MEMORY_KIB, locked: false };
        let built = plimsoll_toolchain::build(&plan, &compiler).expect("the guest builds");
        Some(plimsoll_toolchain::encode(&built.core).expect("the guest is a component"))
    });
    COMPONENT.as_deref()
}
