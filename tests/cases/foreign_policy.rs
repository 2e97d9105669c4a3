//! A policy in a repository of somebody else can do all that a built-in one can.

use anyhow::Result;
use expect_test::expect;
use plimsoll::{
    engine::Engine,
    judge::evaluate::{Subject, evaluate},
    judge::policy_set::{PolicySet, Profile},
    manifest::{self, Kinds},
};
use plimsoll_policy::{Level, examples};
use plimsoll_tests::{folder, need::or_skip, plimsoll, root, scan, target};
use plimsoll_toolchain::{Compiler, Plan};
use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

const FOLDER: &str = "docs/examples/policy-acme-labels";

/// The module, built once. None, and a skip, where there is no compiler for WebAssembly.
fn module() -> Option<&'static Path> {
    static MODULE: LazyLock<Result<PathBuf>> = LazyLock::new(|| {
        let compiler = Compiler::present(&target())?;
        let plan = Plan { folder: &root().join(FOLDER), target: &target(), memory_kib: Plan::MEMORY_KIB, locked: true };
        let built = plimsoll_toolchain::build(&plan, &compiler).expect("it builds");
        let component = plimsoll_toolchain::encode(&built.core).expect("a component");
        let file = target().join("policies/acme-labels.wasm");
        fs::write(&file, component).expect("a file");
        Ok(file)
    });
    or_skip("compiler for WebAssembly", MODULE.as_deref())
}

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: shell
  labels: { acme.example/team: jane }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 45
  containers: [{ name: shell, image: 'shell:1.4.2' }]
";

fn config(module: &Path, settings: &str) -> String {
    format!("policies:\n  acme-labels:\n    module: {}\n{settings}", module.display())
}

#[test]
fn finds_what_its_page_says() {
    let Some(module) = module() else { return };
    let engine = Engine::new(NonZeroUsize::MIN).expect("an engine");
    let module = engine.compile(&fs::read(module).expect("it was built")).expect("it loads");
    let page = fs::read_to_string(root().join(FOLDER).join("README.md")).expect("a page");
    assert_eq!(module.descriptions()[0].page, page);
    let set = PolicySet::new(&[Arc::new(module)], Profile::Default, &BTreeMap::new(), &BTreeMap::new()).expect("a set");
    let examples = examples::parse(&page).expect("examples");
    assert!(!examples.is_empty());
    for example in examples {
        let contents = manifest::read(example.yaml.as_bytes(), &Kinds::default(), &manifest::Options::default());
        let object = &contents.objects[0].object;
        let report = evaluate(&Subject { workload: &object.workload, value: &object.value }, &set);
        assert_eq!(report.failures, []);
        let of_rule = report.findings.iter().filter(|judged| judged.rule == example.rule);
        let worst = of_rule.map(|judged| judged.level).max().unwrap_or(Level::Off);
        assert_eq!(worst, example.verdict, "line {}: {}", example.line, example.rule);
    }
}

#[test]
fn is_loaded_by_a_configuration_and_judges_beside_the_built_in_ones() {
    let Some(module) = module() else { return };
    let beside =
        folder([("pod.yaml", POD), ("plimsoll.yaml", "policies: { acme-labels: { module: ./rules/acme.wasm } }\n")]);
    fs::create_dir(beside.path().join("rules"))
        .and_then(|()| fs::copy(module, beside.path().join("rules/acme.wasm")))
        .expect("a copy");
    let outcome = scan(beside.path(), &["--rule", "series-tag=off", "pod.yaml"]);
    assert_eq!(outcome.grave(), ["pod.yaml:5:32 deny missing-acme-label", "pod.yaml:6:1 warn missing-priority-class"]);

    let explained = plimsoll(beside.path(), &["explain", "missing-acme-label"], "");
    assert!(explained.code == 0 && explained.stdout.contains("Alerts are routed by the label"), "{explained:?}");
}

#[test]
fn levels_and_settings_and_exceptions_hold_for_it_too() {
    let Some(module) = module() else { return };
    let settings = "    rules: { missing-priority-class: off }
    settings: { required: [{ key: acme.example/team }, { key: acme.example/tier }] }
exceptions:
- { rule: missing-acme-label, match: { name: shell }, reason: for a day, expires: 9999-12-31 }
";
    let here = folder([("pod.yaml", POD), ("plimsoll.yaml", &config(module, settings))]);
    let outcome = scan(here.path(), &["pod.yaml"]);
    assert_eq!(outcome.grave(), ["pod.yaml:5:3 excepted missing-acme-label"]);
}

#[test]
fn settings_that_it_does_not_know_are_refused() {
    let Some(module) = module() else { return };
    let settings = "    settings: { requird: [] }\n    rules: { missing-acme-lable: warn }\n";
    let here = folder([("pod.yaml", POD), ("plimsoll.yaml", &config(module, settings))]);
    let outcome = plimsoll(here.path(), &["scan", "--config", "plimsoll.yaml", "pod.yaml"], "");
    assert_eq!(outcome.code, 2, "{outcome:?}");
    expect![[r#"
        error: unknown setting `requird`; did you mean `required`?
         --> plimsoll.yaml:4:17
          |
        4 |     settings: { requird: [] }
          |                 ^^^^^^^

        error: unknown rule `missing-acme-lable`; did you mean `missing-acme-label`?
         --> plimsoll.yaml:5:14
          |
        5 |     rules: { missing-acme-lable: warn }
          |              ^^^^^^^^^^^^^^^^^^

    "#]]
    .assert_eq(&outcome.stderr);
}

#[test]
fn a_module_that_no_compiler_can_take_is_an_error_with_its_place() {
    let loops = format!("(component (core module (func {}{})))", "loop ".repeat(2000), "end ".repeat(2000));
    let here = folder([("pod.yaml", POD), ("plimsoll.yaml", "policies: { acme-labels: { module: bomb.wasm } }\n")]);
    fs::write(here.path().join("bomb.wasm"), wat::parse_str(loops).expect("the test's own text")).expect("a file");
    let outcome = plimsoll(here.path(), &["scan", "--config", "plimsoll.yaml", "pod.yaml"], "");
    assert_eq!(outcome.code, 2, "{outcome:?}");
    expect![[r#"
        error: bomb.wasm: it has 65 loops inside each other; a policy may have 64
         --> plimsoll.yaml:1:36
          |
        1 | policies: { acme-labels: { module: bomb.wasm } }
          |                                    ^^^^^^^^^

    "#]]
    .assert_eq(&outcome.stderr);
}
