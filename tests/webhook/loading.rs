//! What is wrong with a configuration or a module is an error with its place, once, and never a panic or a hang.

use nix::{
    sys::{
        signal::{Signal, kill},
        stat::Mode,
    },
    unistd::{Pid, mkfifo},
};
use plimsoll_tests::{
    folder, launched, program,
    webhook::{Authority, Webhook, eventually},
};
use std::{
    path::Path,
    process::{Command, Stdio},
};

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
    format!(
        "namespaces:\n  - match: \"{}a{}\"\n    webhook: {{ mode: warn }}\n",
        "{b,".repeat(depth),
        "}".repeat(depth)
    )
}

#[test]
fn a_glob_that_is_nested_too_deep_is_an_error_with_its_place() {
    for depth in [125, 250] {
        let (code, line) = start(&nested(depth), |_| {});
        assert!(code == 2 && line.contains("plimsoll.yaml:2:12") && line.contains("nested too deep"), "{code} {line}");
    }
    let (code, line) = start(&nested(500), |_| {});
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

/// A component of functions that are within every bound, and that no compiler can do in time or in the memory that it has.
fn bomb() -> Vec<u8> {
    let nested = [[3, 0x40].repeat(64), vec![0x0b; 64]].concat();
    let body = [vec![0], nested.repeat((250 << 10) / nested.len()), vec![0x0b]].concat();
    let body = [leb(body.len()), body].concat();
    let count = 15;
    let section = |id: u8, content: Vec<u8>| [vec![id], leb(content.len()), content].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, vec![1, 0x60, 0, 0]),
        section(3, [leb(count), vec![0; count]].concat()),
        section(10, [leb(count), body.repeat(count)].concat()),
    ];
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, module.concat())].concat()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        bytes.push(if number == 0 { byte } else { byte | 0x80 });
        if number == 0 {
            return bytes;
        }
    }
}

#[test]
fn a_module_that_takes_too_much_to_compile_is_refused() {
    let (code, line) = start("policies: { other: { module: bomb.wasm } }\n", |folder| {
        std::fs::write(folder.join("bomb.wasm"), bomb()).expect("a file");
    });
    assert!(code == 2 && line.contains("bomb.wasm: compiling it "), "{code} {line}");
}

#[tokio::test]
async fn a_signal_is_obeyed_while_a_module_is_compiled() {
    let leaf = Authority::new().leaf();
    let config = "policies: { other: { module: bomb.wasm } }\n";
    let folder = folder([("plimsoll.yaml", config), ("tls.crt", &leaf.chain), ("tls.key", &leaf.key)]);
    std::fs::write(folder.path().join("bomb.wasm"), bomb()).expect("a file");
    let flags =
        ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--tls-dir", ".", "--config", "plimsoll.yaml"];
    let mut child = Command::new(program())
        .args(flags)
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let compiler = eventually("a process that compiles", async || of_parent(child.id())).await;
    kill(Pid::from_raw(child.id().try_into().expect("an id")), Signal::SIGTERM).expect("it runs");
    let status = eventually("its end", async || child.try_wait().expect("a child")).await;
    assert_eq!(status.code(), Some(0));
    eventually("the end of what it started", async || (!is_running(compiler)).then_some(())).await;
}

/// A process whose parent is that one.
fn of_parent(parent: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").expect("procfs").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.into_iter().find(|id| stat(*id).is_some_and(|fields| fields[1] == parent.to_string()))
}

fn is_running(process: u32) -> bool {
    stat(process).is_some_and(|fields| fields[0] != "Z")
}

/// State, parent and so on, of proc_pid_stat(5).
fn stat(process: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
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
