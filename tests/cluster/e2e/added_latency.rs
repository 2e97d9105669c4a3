//! What the webhook adds to a write.

use crate::support::{Namespace, block_on, number, object, shared};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client, api::PostParams};
use std::time::{Duration, Instant};

/// Calls of each sort.
const CALLS: usize = 2000;

/// A dry-run create in a namespace that is judged and in kube-system, which is not, in turn: so that both meet the same
/// weather.
#[test]
#[ignore = "a measurement: make bench-e2e"]
fn what_a_judged_create_takes_longer_than_one_without_admission() {
    let _shared = shared();
    let here = Namespace::new("latency");
    let [without, with] = block_on(measure(here.name()));
    number("dry-run create of a Deployment     p50        p99");
    for (name, times) in [("without admission", &without), ("judged", &with)] {
        number(&format!("{name:30} {:>9.2?}  {:>9.2?}", at(times, 50), at(times, 99)));
    }
    let added = |percent| at(&with, percent).as_secs_f64() * 1e3 - at(&without, percent).as_secs_f64() * 1e3;
    number(&format!("{:30} {:>7.2}ms  {:>7.2}ms", "added", added(50), added(99)));
}

async fn measure(namespace: &str) -> [Vec<Duration>; 2] {
    let client = Client::try_default().await.expect("a client of the cluster");
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let object = object("app:1.2.3");
    let places = ["kube-system", namespace].map(|name| Api::<Deployment>::namespaced(client.clone(), name));
    let mut times = [Vec::with_capacity(CALLS), Vec::with_capacity(CALLS)];
    for _ in 0..CALLS {
        for (place, times) in places.iter().zip(&mut times) {
            let start = Instant::now();
            place.create(&dry_run, &object).await.expect("a fit Deployment passes");
            times.push(start.elapsed());
        }
    }
    times.iter_mut().for_each(|times| times.sort_unstable());
    times
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}
