//! The webhook finds what a scan finds: the same workloads go both ways.
//!
//! They are the examples of this repository and those of the rules' pages; where PLIMSOLL_CORPUS names a folder, what is
//! in there too.

use plimsoll::{
    judge::{api_rules, host_rules},
    manifest::{self, Contents, Kinds, Object},
};
use plimsoll_grace_period::GracePeriod;
use plimsoll_image_pull::ImagePull;
use plimsoll_jobs::Jobs;
use plimsoll_policy::{Policy, examples};
use plimsoll_probes::Probes;
use plimsoll_rollout::Rollout;
use plimsoll_telemetry::Telemetry;
use plimsoll_tests::{
    deployment, root, scan,
    webhook::{Webhook, create},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A finding as both fronts show it: level, rule, field; and container, where the front says it.
type Seen = BTreeSet<(String, String, String, String)>;

/// Rules about several objects, or which have something to say about several too: the webhook sees one at a time.
const ABOUT_SETS: [&str; 9] = [
    "autoscaler-without-requests",
    "hook-deadlock",
    "no-drain-delay",
    "overlapping-selectors",
    "pdb-blocks-drain",
    "replicas-and-autoscaler",
    "rollout-cannot-place",
    "service-selects-nothing",
    "unmatched-pdb",
];

/// Every manifest, copied into one folder.
fn manifests() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder =
        plimsoll_tests::folder([("latest.yaml", &deployment("app:latest")), ("clean.yaml", &deployment("app:1.2.3"))]);
    for (id, page) in [
        (GracePeriod::ID, GracePeriod::PAGE),
        (ImagePull::ID, ImagePull::PAGE),
        (Jobs::ID, Jobs::PAGE),
        (Probes::ID, Probes::PAGE),
        (Rollout::ID, Rollout::PAGE),
        (Telemetry::ID, Telemetry::PAGE),
    ] {
        for example in examples::parse(page).expect("a page") {
            fs::write(folder.path().join(format!("{id}-{}.yaml", example.line)), example.yaml).expect("a file");
        }
    }
    for policy in host_rules::descriptions() {
        for example in examples::parse(&policy.page).expect("a page") {
            fs::write(folder.path().join(format!("{}-{}.yaml", policy.id, example.line)), example.yaml)
                .expect("a file");
        }
    }
    let corpus = std::env::var_os("PLIMSOLL_CORPUS").map(PathBuf::from);
    for (number, file) in
        files(&root().join("docs/examples")).into_iter().chain(corpus.iter().flat_map(|c| files(c))).enumerate()
    {
        fs::copy(file, folder.path().join(format!("example-{number}.yaml"))).expect("a copy");
    }
    let all = files(folder.path());
    (folder, all)
}

/// The YAML files in a folder and those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// As Kubernetes writes paths of fields.
fn field(pointer: &str, object: &Value) -> String {
    let mut path = String::new();
    let mut here = Some(object);
    for step in pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")) {
        let is_item = here.is_some_and(Value::is_array);
        here = here.and_then(|here| if is_item { here.get(step.parse::<usize>().ok()?) } else { here.get(&step) });
        let plain = step.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        path += &if is_item || !plain { format!("[{step}]") } else { format!(".{step}") };
    }
    path.trim_start_matches('.').to_owned()
}

/// What a scan finds in one object of a file.
fn scanned(report: &Value, file: &Path, document: usize, object: &Object, with_containers: bool) -> Seen {
    let of_object = |finding: &&Value| {
        let name = &finding["object"]["name"];
        text(&finding["file"]) == file.file_name().expect("a name").to_string_lossy()
            && finding["document"] == document
            && (name.is_null() || *name == object.value["metadata"]["name"])
            && finding["status"] == "open"
            && finding["level"] != "note"
            && !ABOUT_SETS.contains(&text(&finding["rule"]).as_str())
    };
    let seen = |finding: &Value| {
        let container = if with_containers { text(&finding["container"]) } else { String::new() };
        (text(&finding["level"]), text(&finding["rule"]), field(&text(&finding["pointer"]), &object.value), container)
    };
    report["findings"].as_array().expect("a list").iter().filter(of_object).map(seen).collect()
}

/// What an answer says: causes refuse, warnings warn. The message alone names containers.
fn answered(response: &Value, with_containers: bool) -> Seen {
    let mut seen = Seen::new();
    for cause in response["status"]["details"]["causes"].as_array().into_iter().flatten() {
        seen.insert(("deny".to_owned(), text(&cause["reason"]), text(&cause["field"]), String::new()));
    }
    for warning in response["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let (rule, rest) = warning.split_once(": ").expect("the rule comes first");
        let (field, _) = rest.split_once(": ").expect("then the field");
        seen.insert(("warn".to_owned(), rule.to_owned(), field.to_owned(), String::new()));
    }
    if !with_containers {
        return seen;
    }
    let message = text(&response["status"]["message"]);
    let mut rule = "";
    let mut spelled_out = Seen::new();
    for line in message.lines() {
        if let Some(rest) = line.strip_prefix("- ") {
            rule = rest.split(": ").next().expect("a rule");
        } else if let Some(place) = line.strip_prefix("    at ") {
            let (field, container) = place.split_once(" (container ").unwrap_or((place, ""));
            let container = container.trim_end_matches(')').to_owned();
            spelled_out.insert(("deny".to_owned(), rule.to_owned(), field.to_owned(), container));
        }
    }
    spelled_out
}

/// An object as it is written, read by another reader.
fn written(bytes: &[u8], document: usize, item: Option<usize>) -> Value {
    let document = serde_yaml::Deserializer::from_slice(bytes).nth(document).expect("a document");
    let mut value = serde_yaml::Value::deserialize(document).expect("YAML");
    value.apply_merge().expect("merges");
    let value = serde_json::to_value(value).expect("JSON");
    item.map_or(value.clone(), |item| value["items"][item].clone())
}

async fn compare(config: &str, with_containers: bool) {
    let (folder, files) = manifests();
    fs::write(folder.path().join("config"), config).expect("a file");
    let report = scan(folder.path(), &["--config", "config", "--allow-empty", "."]).report();
    let webhook = Webhook::with(config).await;
    let (mut objects, mut findings) = (0, 0);
    for file in files {
        let bytes = fs::read(&file).expect("a file");
        let Contents { objects: found, .. } = manifest::read(&bytes, &Kinds::default(), &manifest::Options::default());
        for found in found {
            let response = webhook.review(&create(&written(&bytes, found.document, found.item))).await;
            let expected = scanned(&report, &file, found.document, &found.object, with_containers);
            let mut seen = answered(&response, with_containers);
            seen.retain(|(_, rule, ..)| !ABOUT_SETS.contains(&rule.as_str()));
            let too_many = response["warnings"].as_array().is_some_and(|warnings| warnings.len() == 16);
            assert!(too_many || seen == expected, "{}: {seen:#?}, not {expected:#?}", file.display());
            objects += 1;
            findings += expected.len();
        }
    }
    assert!(objects > 100 && findings > 50, "{objects} objects, {findings} findings");
}

#[tokio::test]
async fn in_the_default_profile() {
    compare("allow-annotations: true\n", false).await;
}

#[tokio::test]
async fn in_the_strict_profile() {
    compare("allow-annotations: true\nprofile: strict\n", false).await;
}

/// Notes too, and the container of each.
#[tokio::test]
async fn with_every_rule_at_deny() {
    let mut config = "allow-annotations: true\npolicies:\n".to_owned();
    for (id, rules) in [
        (GracePeriod::ID, GracePeriod::RULES),
        (ImagePull::ID, ImagePull::RULES),
        (Jobs::ID, Jobs::RULES),
        (Probes::ID, Probes::RULES),
        (Rollout::ID, Rollout::RULES),
        (Telemetry::ID, Telemetry::RULES),
        (api_rules::POLICY, &api_rules::RULES),
    ] {
        let levels: Vec<String> = rules.iter().map(|rule| format!("{}: deny", rule.name)).collect();
        config += &format!("  {id}: {{ rules: {{ {} }} }}\n", levels.join(", "));
    }
    compare(&config, true).await;
}
