//! From the first byte to the last: health, the drain, and the exit code.

use crate::failures;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plimsoll_tests::{
    deployment,
    need::or_skip,
    plimsoll, program,
    webhook::{Setup, Webhook, create, eventually, object, raw},
};
use serde_json::Value;
use std::{fs, process::Command, time::Duration};
use tokio::io::AsyncWriteExt;

fn body() -> String {
    create(&object(&deployment("app:1.2.3"))).to_string()
}

async fn is_unready(webhook: &Webhook) {
    eventually("unready", async || (webhook.admin("/readyz").await.0 == 503).then_some(())).await;
}

#[tokio::test]
async fn whoever_listens_is_alive_started_and_ready() {
    let webhook = Webhook::with("").await;
    for path in ["/livez", "/startupz", "/readyz"] {
        assert_eq!(webhook.admin(path).await, (200, "ok\n".to_owned()), "{path}");
    }
    assert_eq!(webhook.admin("/validate").await.0, 404);
}

#[test]
fn what_it_cannot_begin_with_is_exit_code_two_and_told() {
    let folder = plimsoll_tests::folder([]);
    let outcome = plimsoll(
        folder.path(),
        &["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--tls-dir", "none"],
        "",
    );
    let last = outcome.stderr.lines().last().unwrap_or_default();
    let line: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    assert_eq!((outcome.code, line["message"].as_str()), (2, Some("cannot serve")));
    assert!(line["error"].as_str().is_some_and(|text| text.contains("none/tls.crt")), "{line}");
}

#[tokio::test]
async fn the_drain_serves_on_says_close_and_ends_with_zero() {
    let flags = ["--drain-delay", "60s"];
    let webhook = Webhook::start(Setup { flags: &flags, ..Setup::default() }).await;
    let mut kept = webhook.connect().await;
    assert!(!kept.post("/validate", body()).await.expect("an answer").closes());
    webhook.signal(Signal::SIGTERM);
    is_unready(&webhook).await;
    assert_eq!(webhook.admin("/readyz").await.1, "not ready: draining\n");
    assert_eq!(webhook.admin("/livez").await.0, 200, "a drain must not be cut short by liveness");
    assert_eq!(webhook.metric("plimsoll_ready").await, Some(0.0));
    // Old connections and new ones are served, and told to go.
    for connection in [&mut kept, &mut webhook.connect().await] {
        let answer = connection.post("/validate", body()).await.expect("an answer");
        assert_eq!((answer.status, answer.closes()), (200, true));
    }
    // A second signal: no more delay.
    webhook.signal(Signal::SIGTERM);
    let exited = webhook.exited().await;
    assert_eq!(exited.code, Some(0), "{:#?}", exited.log);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_is_answered_and_what_never_ends_is_cut() {
    let Some(config) = failures::config("loop", "") else { return };
    // The loop takes 400 ms: longer than the delay, shorter than what follows it.
    let webhook = Webhook::start(Setup { config: &config, ..Setup::default() }).await;
    let mut connection = webhook.connect().await;
    let call = tokio::spawn(async move { connection.post("/validate", body()).await });
    eventually("in flight", async || (webhook.metric("plimsoll_in_flight").await == Some(1.0)).then_some(())).await;
    webhook.signal(Signal::SIGTERM);
    assert_eq!(webhook.exited().await.code, Some(0));
    assert_eq!(call.await.expect("a task").expect("an answer").status, 200);

    let flags = ["--shutdown-timeout", "50ms"];
    let webhook = Webhook::start(Setup { config: &config, flags: &flags, ..Setup::default() }).await;
    let mut connection = webhook.connect().await;
    let call = tokio::spawn(async move { connection.post("/validate", body()).await });
    eventually("in flight", async || (webhook.metric("plimsoll_in_flight").await == Some(1.0)).then_some(())).await;
    webhook.signal(Signal::SIGTERM);
    let exited = webhook.exited().await;
    assert_eq!(exited.code, Some(1), "{:#?}", exited.log);
    assert!(call.await.expect("a task").is_err(), "the call was cut");
}

#[tokio::test]
async fn connections_that_say_nothing_do_not_hold_up_the_end() {
    let webhook = Webhook::with("").await;
    let mut used = webhook.connect().await;
    used.post("/validate", body()).await.expect("an answer");
    let _unused = webhook.connect().await;
    let _silent = tokio::net::TcpStream::connect(webhook.address).await.expect("a connection");
    webhook.signal(Signal::SIGTERM);
    let exited = tokio::time::timeout(Duration::from_secs(9), webhook.exited()).await.expect("before it is forced");
    assert_eq!(exited.code, Some(0), "{:#?}", exited.log);
}

#[tokio::test]
async fn a_head_that_never_ends_does_not_make_the_end_a_forced_one() {
    let webhook = Webhook::with("").await;
    let mut connection = raw(webhook.address, &webhook.client).await;
    connection.write_all(b"POST /validate HTTP/1.1\r\nhost: web").await.expect("it is sent");
    connection.flush().await.expect("it is sent");
    webhook.review(&create(&object(&deployment("app:1.2.3")))).await;
    webhook.signal(Signal::SIGTERM);
    let exited = tokio::time::timeout(Duration::from_secs(9), webhook.exited()).await.expect("before it is forced");
    assert_eq!(exited.code, Some(0), "{:#?}", exited.log);
}

#[tokio::test]
async fn as_the_first_process_of_its_namespace_it_hears_signals_all_the_same() {
    let launcher = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"];
    let may = Command::new(launcher[0]).args(&launcher[1..]).arg("true").status().is_ok_and(|status| status.success());
    let Some(()) = or_skip("PID namespace", may.then_some(()).ok_or("this system forbids `unshare`")) else { return };
    let webhook = Webhook::start(Setup { launcher: &launcher, ..Setup::default() }).await;
    let launched = webhook.process();
    let children = fs::read_to_string(format!("/proc/{launched}/task/{launched}/children")).expect("procfs");
    let child: i32 = children.trim().parse().expect("one child");
    let command = fs::read(format!("/proc/{child}/cmdline")).expect("procfs");
    assert!(command.starts_with(program().as_os_str().as_encoded_bytes()));
    let status = fs::read_to_string(format!("/proc/{child}/status")).expect("procfs");
    let inside = status.lines().find(|line| line.starts_with("NSpid:")).and_then(|line| line.split('\t').next_back());
    assert_eq!(inside, Some("1"), "{status}");
    kill(Pid::from_raw(child), Signal::SIGTERM).expect("it runs");
    assert_eq!(webhook.exited().await.code, Some(0));
}
