//! The wheel, made by maturin, and the hooks that pre-commit runs with it.

use crate::release::{VERSION, run};
use plimsoll_tests::{deployment, folder, forget_this_package, need::or_skip, program, root, target};
use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// Where `tests/setup` puts maturin, pre-commit, and the wheel of setuptools.
fn tools() -> Option<PathBuf> {
    let entries = fs::read_dir(target().join("tools")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found = entries.filter(|path| path.join("bin/maturin").is_file() && path.join("bin/pre-commit").is_file());
    or_skip("maturin and pre-commit", found.next().ok_or("tests/setup installs them"))
}

/// What maturin takes for cargo. It would build this one package, with other features and flags than the workspace, and so
/// everything once more.
const CARGO: &str = r#"#!/bin/sh
[ "$1" = rustc ] || exec "$REAL_CARGO" "$@"
cd "$ROOT" && exec "$REAL_CARGO" build --release --locked --workspace --bin plimsoll --target-dir "$TARGET" \
    --message-format json-render-diagnostics
"#;

fn wheel(tools: &Path) -> TempDir {
    // Nobody shall wait for the lock of cargo in there.
    program();
    let wheels = folder([("cargo", CARGO)]);
    let cargo = wheels.path().join("cargo");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("a program");
    let mut maturin = Command::new(tools.join("bin/maturin"));
    maturin.args(["build", "--release", "--locked", "--manifest-path", "admission/Cargo.toml"]).current_dir(root());
    // The program has its line tables here: packing these would take a minute.
    maturin.args(["--compression-method", "stored"]);
    maturin.arg("--target-dir").arg(target()).arg("--out").arg(wheels.path());
    maturin.env("REAL_CARGO", env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).env("CARGO", cargo);
    forget_this_package(&mut maturin);
    maturin.env("ROOT", root()).env("TARGET", target());
    run(&mut maturin);
    wheels
}

/// A repository, everything in it committed.
fn repository<const N: usize>(files: [(&str, &str); N]) -> TempDir {
    let repository = folder(files);
    let git = |args: &[&str]| run(Command::new("git").args(args).current_dir(repository.path()));
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "a"]);
    repository
}

/// What pre-commit says of a repository whose configuration names this hook.
fn pre_commit(tools: &Path, hooks: &Path, hook: &str, wheels: &Path) -> Output {
    let config = format!("repos: [{{ repo: {}, rev: HEAD, hooks: [{{ id: {hook} }}] }}]\n", hooks.display());
    let user = repository([
        (".pre-commit-config.yaml", &config),
        ("deploy/app.yaml", &deployment("app:latest")),
        ("chart/templates/app.yaml", "{{ if .Values.a }}\na: b\n{{ end }}\n"),
        ("package.json", "{}"),
    ]);
    let home = folder([]);
    let bin = program().parent().expect("a program stands in a folder").to_owned();
    let path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).chain([bin]).collect::<Vec<_>>();
    Command::new(tools.join("bin/pre-commit"))
        .args(["run", "--all-files", "--color", "never"])
        .current_dir(user.path())
        .env("PRE_COMMIT_HOME", home.path())
        .env("PATH", env::join_paths(path).expect("a path"))
        // A test downloads nothing, and what is not published yet could not be.
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", format!("{} {}", wheels.display(), tools.join("wheels").display()))
        .output()
        .expect("pre-commit starts")
}

#[test]
fn pre_commit_installs_the_wheel_and_stops_a_bad_manifest() {
    let Some(tools) = tools() else { return };
    let wheels = wheel(&tools);
    let read = |name: &str| fs::read_to_string(root().join(name)).expect("a file of the checkout");
    let hooks = repository([
        (".pre-commit-hooks.yaml", &read(".pre-commit-hooks.yaml")),
        ("pyproject.toml", &read("pyproject.toml")),
    ]);
    for hook in ["plimsoll", "plimsoll-system"] {
        let said = pre_commit(&tools, hooks.path(), hook, wheels.path());
        let text = String::from_utf8_lossy(&said.stdout);
        let problems = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(1), "{hook}: {text}{problems}");
        assert!(text.contains("--> deploy/app.yaml:12:18"), "{hook}: {text}");
        assert!(text.contains("1 workload in 3 documents of 3 files"), "{hook}: {text}");
    }
}

#[test]
fn what_names_a_version_names_this_one() {
    let read = |name: &str| fs::read_to_string(root().join(name)).expect("a file of the checkout");
    let hook = read("pyproject.toml");
    assert!(hook.contains(&format!("\nversion = \"{VERSION}\"\n")));
    assert!(hook.contains(&format!("\ndependencies = [\"plimsoll=={VERSION}\"]\n")));
    assert!(read("docs/gitlab-ci.yml").contains(&format!("\n    PLIMSOLL_VERSION: \"{VERSION}\"\n")));
    for chart in ["admission/chart", "worker/chart"] {
        let chart = read(&format!("{chart}/Chart.yaml"));
        assert!(chart.contains(&format!("\nversion: {VERSION}\nappVersion: {VERSION}\n")), "{chart}");
    }
}
