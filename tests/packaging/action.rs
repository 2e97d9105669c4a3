//! The action for GitHub: its script, with the files and variables that a runner gives it, and a release on this machine.

use crate::release::{VERSION, releases, target};
use plimsoll_tests::{deployment, folder, root};
use serde_yaml::Value;
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

/// What a step of the action left behind.
struct Step {
    code: i32,
    log: String,
    outputs: String,
    summary: String,
    /// The runner's folder for temporary files.
    temporary: TempDir,
}

/// Runs the script in a repository, with the defaults of action.yml and other inputs.
fn step(repository: &Path, inputs: &[(&str, &str)]) -> Step {
    let temporary = folder([]);
    let file = |name: &str| temporary.path().join(name);
    let output = Command::new(root().join(".github/action/scan"))
        .current_dir(repository)
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("RUNNER_OS", "Linux"), ("ACTION_REF", "main")])
        .env("RUNNER_ARCH", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" })
        .env("RUNNER_TEMP", temporary.path())
        .envs([("GITHUB_OUTPUT", file("output")), ("GITHUB_STEP_SUMMARY", file("summary"))])
        .env("PLIMSOLL_RELEASES", format!("file://{}", releases().display()))
        .envs([("INPUT_PATHS", "."), ("INPUT_VERSION", VERSION), ("INPUT_FAIL_ON", "deny")])
        .envs([("INPUT_CONFIG", ""), ("INPUT_PROFILE", ""), ("INPUT_BASELINE", "")])
        .envs(inputs.iter().copied())
        .output()
        .expect("bash starts");
    let read = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
    let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let (outputs, summary) = (read("output"), read("summary"));
    Step { code: output.status.code().unwrap_or(-1), log, outputs, summary, temporary }
}

#[test]
fn it_annotates_summarises_and_leaves_a_report_behind() {
    let repository = folder([("deploy/app.yaml", &deployment("app:latest"))]);
    let step = step(repository.path(), &[]);
    assert_eq!(step.code, 1, "{}", step.log);
    assert!(step.log.contains("::error title=deny%3A latest-tag,file=deploy/app.yaml,line=12"), "{}", step.log);
    assert!(step.summary.contains("latest-tag"), "{}", step.summary);
    let sarif = step.temporary.path().join("plimsoll/plimsoll.sarif");
    assert_eq!(step.outputs, format!("exit-code=1\nsarif={}\n", sarif.display()));
    assert!(fs::read_to_string(sarif).expect("a report").contains("latest-tag"));
}

#[test]
fn its_inputs_are_flags_and_never_run() {
    let files = [
        ("deploy/my app.yaml", &*deployment("app:latest")),
        ("other/app.yaml", &deployment("app:latest")),
        ("strict.yaml", "profile: strict\n"),
    ];
    let repository = folder(files);
    let passes = step(repository.path(), &[("INPUT_PATHS", "deploy/my app.yaml\n"), ("INPUT_FAIL_ON", "never")]);
    assert_eq!((passes.code, passes.log.matches("latest-tag,").count()), (0, 1), "{}", passes.log);

    let inputs = [("INPUT_PATHS", "$(touch run)\n`touch run`\n;touch run"), ("INPUT_CONFIG", "$(touch run)")];
    let hostile = step(repository.path(), &inputs);
    assert_eq!(hostile.code, 2);
    assert!(hostile.log.contains("$(touch run)"), "{}", hostile.log);
    assert!(!repository.path().join("run").exists(), "an input was run");
}

#[test]
fn a_release_that_is_not_there_or_not_whole_is_not_run() {
    let repository = folder([("app.yaml", &*deployment("app:1.2.3"))]);
    let missing = step(repository.path(), &[("INPUT_VERSION", "9.9.9")]);
    assert_eq!(missing.code, 2);
    assert!(missing.log.contains("9.9.9") && missing.log.contains("is there such a release?"), "{}", missing.log);

    let wrong = step(repository.path(), &[("INPUT_VERSION", "0.1.0 --insecure")]);
    assert!(wrong.log.contains("::error title=plimsoll::`version` is not a version"), "{}", wrong.log);

    let other = folder([]);
    let (archive, place) = (format!("plimsoll-{}.tar.gz", target()), other.path().join(format!("download/v{VERSION}")));
    fs::create_dir_all(&place).expect("a folder");
    fs::write(place.join(&archive), "something else").expect("an archive");
    let checksum = format!("download/v{VERSION}/{archive}.sha256");
    fs::copy(releases().join(&checksum), other.path().join(&checksum)).expect("a checksum");
    let place = format!("file://{}", other.path().display());
    let changed = step(repository.path(), &[("PLIMSOLL_RELEASES", &place)]);
    assert_eq!(changed.code, 2);
    assert!(changed.log.contains("is not what its checksum says"), "{}", changed.log);
}

#[test]
fn the_tag_of_the_action_is_the_version_unless_another_is_asked_for() {
    let repository = folder([("app.yaml", &*deployment("app:1.2.3"))]);
    let tag = format!("v{VERSION}");
    assert_eq!(step(repository.path(), &[("INPUT_VERSION", ""), ("ACTION_REF", &tag)]).code, 0);
    let newest = step(repository.path(), &[("INPUT_VERSION", "")]);
    assert!(newest.log.contains("/latest/download/"), "{}", newest.log);
}

#[test]
fn each_input_reaches_the_script_and_each_action_is_pinned() {
    let action: Value = serde_yaml::from_str(&read("action.yml")).expect("YAML");
    let script = read(".github/action/scan");
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    for (name, _) in action["inputs"].as_mapping().expect("inputs") {
        let name = name.as_str().expect("a name");
        let variable = format!("INPUT_{}", name.replace('-', "_").to_uppercase());
        let reaches = steps[0]["env"].get(&*variable).is_some() && script.contains(&variable);
        assert!(reaches || name == "upload-sarif", "{name} reaches nothing");
    }
    for step in steps {
        assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "text in a script would be run");
    }
    let names = ["release", "release-files", "publish-images", "publish-wheels"];
    for file in
        names.map(|name| format!(".github/workflows/{name}.yml")).iter().map(String::as_str).chain(["action.yml"])
    {
        for line in read(file).lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            let commit = used.split('@').nth(1).and_then(|rest| rest.split([' ', '"']).next()).unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit || used.trim_matches('"').starts_with("$/"), "{file}: {used} is not pinned");
        }
    }
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a file of the checkout")
}
