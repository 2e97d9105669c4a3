//! Modules that are refused when they are loaded, each with what is wrong with it.

use expect_test::{Expect, expect};
use plimsoll::engine::Engine;
use std::num::NonZeroUsize;

#[test]
fn a_module_that_imports_is_refused_with_the_names_of_what_it_asked_for() {
    refused(
        r#"(component
             (import "acme:spy/net" (instance (export "send" (func (param "bytes" (list u8))))))
             (import "now" (func (result u64)))
             (import "acme:names/types" (instance (type $level (enum "off" "on")) (export "level" (type (eq $level)))))
             (import "wasi:io/streams@0.2.0" (instance (export "stream" (type (sub resource))))))"#,
        &expect![
            "it imports `acme:spy/net#send`, `now`, `wasi:io/streams@0.2.0#stream`; a policy may import no function"
        ],
    );
}

#[test]
fn what_is_no_policy_module_is_refused() {
    refused(
        "(module)",
        &expect![
            "this is a core WebAssembly module, not a component: build it as one, or run `wasm-tools component new`"
        ],
    );
    refused(
        "(component)",
        &expect!["it does not have the interface `plimsoll:policy/module`: it exports no function `configure`"],
    );
    refused(
        r#"(component
             (core module $core (func (export "f")))
             (core instance $core (instantiate $core))
             (func (export "configure") (canon lift (core func $core "f"))))"#,
        &expect![
            "it does not have the interface `plimsoll:policy/module`: its `configure`: failed to convert function to given type: type mismatch with parameters: expected 2-tuple, found 0-tuple"
        ],
    );
    let error = Engine::new(NonZeroUsize::MIN).expect("an engine").compile(b"%PDF-1.7").err().expect("refused");
    expect![[r"this is not a WebAssembly component that can be used: it does not begin with `\0asm`"]]
        .assert_eq(&error.to_string());
}

#[test]
fn a_module_that_begins_with_more_than_it_may_have_is_refused() {
    for (declares, expected) in [
        ("(memory 257)", expect!["it could not be asked what it is: it asked for more than 16 MiB of memory"]),
        (
            "(table 4097 funcref)",
            expect![
                "this is not a WebAssembly component that can be used: table index 0 has a minimum element size of 4097 which exceeds the limit of 4096"
            ],
        ),
        (
            "(memory 1) (memory 1)",
            expect!["this is not a WebAssembly component that can be used: multiple memories (at offset 0x14)"],
        ),
        (
            "(func v128.const i64x2 0 0 drop)",
            expect![
                "this is not a WebAssembly component that can be used: Invalid input WebAssembly code at offset 33: SIMD support is not enabled"
            ],
        ),
    ] {
        refused(&format!("(component (core module $core {declares}) (core instance (instantiate $core)))"), &expected);
    }
}

#[test]
fn a_module_of_more_than_a_compiler_can_take_is_refused_before_it_is_compiled() {
    let nested = |open: &str, depth: usize| format!("(func {}{})", open.repeat(depth), "end ".repeat(depth));
    for (declares, expected) in [
        (nested("loop ", 65), expect!["it has 65 loops inside each other; a policy may have 64"]),
        (nested("block ", 2001), expect!["it has 2001 blocks inside each other; a policy may have 2000"]),
        (
            format!("(func (local{}))", " i32".repeat(5001)),
            expect!["it has 5001 locals in one function; a policy may have 5000"],
        ),
        (
            format!("(func {})", "nop ".repeat(256 << 10)),
            expect!["it has 262146 bytes in one function; a policy may have 262144"],
        ),
        ("(func)".repeat(20_001), expect!["it has 20001 functions; a policy may have 20000"]),
        ("(table 1 funcref)".repeat(5), expect!["it has 5 tables; a policy may have 4"]),
    ] {
        refused(&format!("(component (core module {declares}))"), &expected);
    }
    let memory = "(core module (memory 1))".repeat(5);
    refused(&format!("(component {memory})"), &expect!["it has 5 memories; a policy may have 4"]);
    let instances = "(core instance (instantiate $m))".repeat(16);
    refused(
        &format!("(component (core module $m) {instances})"),
        &expect!["it has 16 core instances; a policy may have 4"],
    );
    refused(
        &format!("(component {})", "(component)".repeat(33)),
        &expect!["it has 33 modules, components and their instances; a policy may have 32"],
    );
}

/// Each component makes two instances of the one inside it: the text is short, and the instances are many.
#[test]
fn instances_of_instances_are_counted_when_they_are_made() {
    let mut component = "(component (core module $m) (core instance (instantiate $m)))".to_owned();
    for _ in 0..3 {
        component = format!(
            "(component {} (instance (instantiate $c)) (instance (instantiate $c)))",
            component.replacen("(component", "(component $c", 1)
        );
    }
    refused(
        &component,
        &expect![
            "this is not a WebAssembly component that can be used: The component transitively contains 8 core module instances, which exceeds the configured maximum of 4 in the pooling allocator"
        ],
    );
}

#[test]
fn what_is_allowed_is_allowed_to_the_last_one() {
    let nested = |open: &str, depth: usize| format!("(func {}{})", open.repeat(depth), "end ".repeat(depth));
    let declares = format!("{}{}", nested("loop ", 64), nested("block ", 2000));
    refused(
        &format!("(component (core module {declares}))"),
        &expect!["it does not have the interface `plimsoll:policy/module`: it exports no function `configure`"],
    );
}

fn refused(wat: &str, expected: &Expect) {
    let wasm = wat::parse_str(wat).expect("the test's own text");
    let error = Engine::new(NonZeroUsize::MIN).expect("an engine").compile(&wasm).err().expect("refused");
    expected.assert_eq(&error.to_string());
}
