//! The job for GitLab: its script, run as a runner runs it.

use plimsoll_tests::{deployment, folder, program, root};
use serde_json::Value as Json;
use serde_yaml::Value;
use std::{env, fs, process::Command};

#[test]
fn the_job_reports_in_both_of_gitlabs_formats() {
    let text = fs::read_to_string(root().join("docs/gitlab-ci.yml")).expect("a file of the checkout");
    let pipeline: Value = serde_yaml::from_str(&text).expect("YAML");
    let job = &pipeline["plimsoll"];
    let lines = job["script"].as_sequence().expect("a script").iter().map(|line| line.as_str().expect("a line"));
    let script = lines.collect::<Vec<_>>().join("\n");
    let variables = job["variables"].as_mapping().expect("variables");
    let variables =
        variables.iter().map(|(name, value)| (name.as_str().expect("a name"), value.as_str().unwrap_or("")));

    let repository = folder([("deploy/app.yaml", &deployment("app:latest")), ("plimsoll.yaml", "profile: default\n")]);
    let bin = program().parent().expect("a program stands in a folder").to_owned();
    let path = env::join_paths([bin, "/usr/bin".into(), "/bin".into()]).expect("a path");
    let status = Command::new("sh")
        .args(["-e", "-c", &script])
        .current_dir(repository.path())
        .envs(variables)
        .env("PLIMSOLL_PATHS", "*/*.yaml")
        .env("PATH", path)
        .output()
        .expect("a shell starts")
        .status;
    assert_eq!(status.code(), Some(1));

    let reports = &job["artifacts"]["reports"];
    let read = |kind: &str| fs::read_to_string(repository.path().join(reports[kind].as_str().expect("a file")));
    let quality: Json = serde_json::from_str(&read("codequality").expect("a report")).expect("JSON");
    assert!(quality.as_array().expect("a list").iter().any(|finding| finding["check_name"] == "latest-tag"));
    let junit = read("junit").expect("a report");
    assert!(roxmltree::Document::parse(&junit).expect("XML").descendants().any(|node| node.has_tag_name("failure")));
}
