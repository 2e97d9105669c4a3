//! What is wrong with a configuration or a module is an error with its place, once, and never a panic or a hang.

use nix::{sys::stat::Mode, unistd::mkfifo};
use plimsoll_tests::{
    folder, launched,
    webhook::{Authority, Webhook, eventually},
};
use std::path::Path;

/// What `plimsoll serve` comes to with this configuration: exit code, and the last line of its log.
fn start(config: &str, more: impl FnOnce(&Path)) -> (i32, String) {
    let leaf = Authority::new().leaf();
    let folder = folder([("plimsoll.yaml", config), ("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]);
    more(folder.path());
    let flags = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--tls-dir", "."];
    let flags = [&flags[..], &["--config", "plimsoll.yaml"]].concat();
    let outcome = launched(&["timeout", "30"], folder.path(), &flags, "");
    (outcome.code, outcome.stderr.lines().last().unwrap_or_default().to_owned())
}

fn nested(depth: usize) -> String {
    format!("namespaces:\n  - match: \"{}a{}\"\n    webhook: {{ mode: warn }}\n", "{".repeat(depth), "}".repeat(depth))
}

#[test]
fn a_glob_that_is_nested_too_deep_is_an_error_with_its_place() {
    for depth in [125, 400] {
        let (code, line) = start(&nested(depth), |_| {});
        assert!(code == 2 && line.contains("plimsoll.yaml:2:12") && line.contains("nested too deep"), "{code} {line}");
    }
    let (code, line) = start(&nested(1000), |_| {});
    assert!(code == 2 && line.contains("a glob has at most 1024 bytes; this one has 2001"), "{code} {line}");
}

#[tokio::test]
async fn what_does_not_load_is_counted_once_and_not_tried_again() {
    let mut webhook = Webhook::with("{}\n").await;
    let count =
        async |webhook: &Webhook| webhook.metric(r#"plimsoll_reloads_total{outcome="refused",what="policies"}"#).await;
    webhook.config.swap(&[("plimsoll.yaml", &nested(125))]);
    eventually("a refusal", async || (count(&webhook).await >= Some(1.0)).then_some(())).await;
    // Whatever would try again has done so by now: the next change is taken behind it.
    webhook.config.swap(&[("plimsoll.yaml", "profile: strict\n")]);
    webhook.logged("policies reloaded").await;
    assert_eq!(count(&webhook).await, Some(1.0), "{:#?}", webhook.log());
}

#[test]
fn a_module_is_a_regular_file_of_bounded_size() {
    for (path, why) in [
        ("/dev/zero", "/dev/zero: it is not a regular file"),
        ("fifo", "fifo: it is not a regular file"),
        (".", "it is not a regular file"),
        ("large", "large: it has more than 4 MiB"),
    ] {
        let (code, line) = start(&format!("policies: {{ other: {{ module: {path} }} }}\n"), |folder| {
            mkfifo(&folder.join("fifo"), Mode::S_IRWXU).expect("a FIFO");
            std::fs::write(folder.join("large"), vec![0; (4 << 20) + 1]).expect("a file");
        });
        assert!(code == 2 && line.contains("plimsoll.yaml:1:30") && line.contains(why), "{path}: {code} {line}");
    }
}

#[test]
fn a_configuration_is_a_regular_file_of_bounded_size() {
    let large = format!("# {}\n", "x".repeat(1 << 20));
    let (code, line) = start(&large, |_| {});
    assert!(code == 2 && line.contains("plimsoll.yaml: it has more than 1 MiB"), "{code} {line}");
    let (code, line) = start("", |folder| {
        std::fs::remove_file(folder.join("plimsoll.yaml")).expect("it is there");
        mkfifo(&folder.join("plimsoll.yaml"), Mode::S_IRWXU).expect("a FIFO");
    });
    assert!(code == 2 && line.contains("plimsoll.yaml: it is not a regular file"), "{code} {line}");
    let deep = format!("policies: {}1{}\n", "{ a: ".repeat(5000), " }".repeat(5000));
    let (code, line) = start(&deep, |_| {});
    assert!(code == 2 && line.contains("plimsoll.yaml:1:"), "{code} {line}");
}
