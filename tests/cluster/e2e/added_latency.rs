//! What the webhook adds to a write.

use crate::support::{Namespace, alone, block_on, eventually, number, object};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client, api::PostParams};
use plimsoll_tests::{deployment, root};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Calls of each sort.
const CALLS: usize = 2000;

/// Of what a webhook adds that does nothing.
const BUDGET: f64 = 1.25;

/// A dry-run create in a namespace that is judged, in one where a webhook of ten lines of Go is asked that allows
/// everything, and in kube-system, where nobody is: in turn, so that all meet the same weather.
#[test]
#[ignore = "a measurement: make bench-e2e"]
fn what_a_judged_create_takes_longer_than_one_that_a_no_op_webhook_allows() {
    let (here, there) = (Namespace::new("latency"), Namespace::new("no-op"));
    let _alone = alone(&[&format!("webhook.excludeNamespaces={{{}}}", there.name())]);
    let no_op = NoOp::start();
    no_op.register(&there);
    let [without, allowed, with] = block_on(measure(["kube-system", there.name(), here.name()]));
    number("dry-run create of a Deployment     p50        p99");
    for (name, times) in [("without admission", &without), ("no-op webhook", &allowed), ("judged", &with)] {
        number(&format!("{name:30} {:>9.2?}  {:>9.2?}", at(times, 50), at(times, 99)));
    }
    let milliseconds = |times: &[Duration], percent| at(times, percent).as_secs_f64() * 1e3;
    let added = |times: &[Duration], percent| milliseconds(times, percent) - milliseconds(&without, percent);
    for (name, times) in [("the no-op adds", &allowed), ("ours adds", &with)] {
        number(&format!("{name:30} {:>7.2}ms  {:>7.2}ms", added(times, 50), added(times, 99)));
    }
    let ratio = added(&with, 50) / added(&allowed, 50);
    number(&format!("{:30} {ratio:>7.2} ×  (budget {BUDGET} ×)", "ours / the no-op, p50"));
}

async fn measure(namespaces: [&str; 3]) -> [Vec<Duration>; 3] {
    let client = Client::try_default().await.expect("a client of the cluster");
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let object = object("app:1.2.3");
    let places = namespaces.map(|name| Api::<Deployment>::namespaced(client.clone(), name));
    let mut times = [const { Vec::new() }; 3];
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

/// The webhook that does nothing, beside the API server; it ends with the test.
struct NoOp {
    process: Child,
    port: String,
    certificate: String,
}

impl NoOp {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("no-op");
        let mut go = Command::new("go");
        go.args(["build", "-o"]).arg(&program).arg("main.go").env("GO111MODULE", "off");
        let built = go.current_dir(root().join("tests/cluster/noop")).status();
        assert!(built.expect("Go is there: the cluster is built with it").success());
        let mut process = Command::new(program).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("where it listens");
        let (port, certificate) = line.trim().split_once(' ').expect("a port and a certificate");
        NoOp { process, port: port.to_owned(), certificate: certificate.to_owned() }
    }

    /// Has it asked about Deployments of a namespace, and waits until it is.
    fn register(&self, namespace: &Namespace) {
        let NoOp { port, certificate, .. } = self;
        let name = namespace.name();
        let manifest = format!(
            "{{ apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration,
               metadata: {{ name: no-op }},
               webhooks: [{{ name: no-op.plimsoll.dev, admissionReviewVersions: [v1], sideEffects: None,
                 clientConfig: {{ url: 'https://127.0.0.1:{port}/', caBundle: {certificate} }},
                 namespaceSelector: {{ matchLabels: {{ kubernetes.io/metadata.name: {name} }} }},
                 rules: [{{ apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments] }}] }}] }}"
        );
        namespace.create(&manifest).ok();
        eventually("the no-op webhook is asked", || {
            let seen = namespace.kubectl_with("create --dry-run=server -f -", &deployment("app:1.2.3")).ok();
            if seen.contains("Warning: no-op") { Ok(()) } else { Err(seen) }
        });
    }
}

impl Drop for NoOp {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
