//! The webhook under load, over TLS on loopback, against its budgets: `cargo bench --workspace --bench load`.
//!
//! The generator shares the machine with the server, so figures are lower than those of a machine of its own; ratios
//! compare rows of one run, which take turns.

#[path = "load/closed.rs"]
mod closed;
#[path = "../cases/engine/guest.rs"]
mod guest;
#[path = "load/open.rs"]
mod open;
#[path = "load/process.rs"]
mod process;

use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, delete, object},
};
use process::Usage;
use std::time::{Duration, Instant};

/// As many as keep two threads busy and a few waiting.
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() {
    // Built before the clock starts.
    plimsoll_tests::program();
    let start = Instant::now();
    let server = Webhook::start(Setup::default()).await;
    // Looked for every ten milliseconds; making the certificate is included.
    budget("start to listening, ms", start.elapsed().as_secs_f64() * 1e3, 50.0);
    let usage = Usage::of(server.process());
    budget("memory at rest, MiB", usage.resident_mib(), 64.0);

    let peak = closed_loop(&server).await;
    budget("memory after load, MiB", usage.resident_mib(), 64.0);
    half_of_peak(&server, peak).await;
    overload().await;
}

/// A typical Deployment of about 4 KB, with all that the policies look at.
fn typical() -> serde_json::Value {
    let mut typical = object(&deployment("registry.example.com/shop/app:1.2.3"));
    typical["metadata"]["annotations"] = serde_json::json!({ "note": "x".repeat(3000) });
    typical
}

/// All policies against the same server answering without evaluating: a DELETE with the same object.
async fn closed_loop(server: &Webhook) -> f64 {
    let judged = create(&typical()).to_string();
    let unjudged = delete(&typical()).to_string();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let usage = Usage::of(server.process());
    let (mut cpu, mut calls) = (Duration::ZERO, 0);
    for _ in 0..ROUNDS {
        let before = usage.cpu();
        let round = closed::run(server, &judged, CONNECTIONS, ROUND).await;
        cpu += usage.cpu() - before;
        calls += round.calls();
        with.push(round);
        without.push(closed::run(server, &unjudged, CONNECTIONS, ROUND).await);
    }
    let of = |rounds: &[closed::Round], figure: fn(&closed::Round) -> f64| median(rounds.iter().map(figure).collect());
    println!("{:<36} {:>12} {:>12} {:>7}", "closed loop", "all policies", "none", "ratio");
    let row = |what: &str, figure: fn(&closed::Round) -> f64| {
        let (ours, theirs) = (of(&with, figure), of(&without, figure));
        println!("{what:<36} {ours:>12.1} {theirs:>12.1} {:>7.2}", ours / theirs);
        ours / theirs
    };
    at_least("  of calls per second", row("  calls per second", closed::Round::per_second), 0.6);
    row("  p50, µs", |round| round.micros(0.5));
    budget("  of p99", row("  p99, µs", |round| round.micros(0.99)), 2.0);
    row("  p99.9, µs", |round| round.micros(0.999));
    println!("  CPU of the server per call {:>10.1} µs", cpu.as_secs_f64() * 1e6 / calls as f64);
    of(&with, closed::Round::per_second)
}

/// Arrivals at fixed times, whatever the server does; a latency counts from the time of the arrival.
async fn half_of_peak(server: &Webhook, peak: f64) {
    let body = create(&typical()).to_string();
    let load = open::Load { rate: peak / 2.0, time: Duration::from_secs(10), connections: 64 };
    let outcome = open::run(server, &body, "/validate?timeout=3s", load).await;
    println!("open loop at half of the peak, {:.0} calls per second", load.rate);
    println!("  p50 {:>10.1?}   p99 {:>10.1?}", outcome.accepted(0.5), outcome.accepted(0.99));
    budget("  p99.9, ms", outcome.accepted(0.999).as_secs_f64() * 1e3, 10.0);
    budget("  dropped", (outcome.failed + outcome.shed()) as f64, 0.0);
}

/// Every verdict takes the 200 ms of the engine's deadline, so that capacity is small; ten times that arrives.
async fn overload() {
    let Some(component) = guest::component() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let module = folder.path().join("guest.wasm");
    std::fs::write(&module, component).expect("a file");
    let config = format!("policies: {{ hostile: {{ module: {}, settings: {{ verb: loop }} }} }}", module.display());
    let flags = ["--concurrency", "4", "--queue", "4"];
    let server = Webhook::start(Setup { config: &config, flags: &flags, ..Setup::default() }).await;
    let body = create(&typical()).to_string();
    let capacity = closed::run(&server, &body, 4, Duration::from_secs(3)).await.per_second();
    let load = open::Load { rate: capacity * 10.0, time: Duration::from_secs(5), connections: 64 };
    let outcome = open::run(&server, &body, "/validate?timeout=3s", load).await;
    println!("overload: ten times the capacity of {capacity:.0} calls per second");
    println!("  answered {:>6}   shed {:>6}   failed {}", outcome.answered(), outcome.shed(), outcome.failed);
    at_least("  answered of the capacity", outcome.answered() as f64 / (capacity * 5.0), 0.9);
    budget("  shed after, p99, ms", outcome.refused(0.99).as_secs_f64() * 1e3, 10.0);
    // One evaluation ahead in the queue of each thread, and its own.
    let longest = 2.0 * 4.0 / capacity * 1e3 + 100.0;
    budget("  answered after, p99, ms", outcome.accepted(0.99).as_secs_f64() * 1e3, longest);
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn budget(what: &str, figure: f64, most: f64) {
    println!("{what:<36} {figure:>12.2}   ≤ {most:.2} {}", if figure <= most { "met" } else { "MISSED" });
}

fn at_least(what: &str, figure: f64, least: f64) {
    println!("{what:<36} {figure:>12.2}   ≥ {least:.2} {}", if figure >= least { "met" } else { "MISSED" });
}
