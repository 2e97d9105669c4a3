//! The chart of the worker.

use crate::tools::{DIGEST, Tool, parsed};
use plimsoll_tests::{
    root, scan_text,
    worker::{outcome, program},
};
use serde_json::Value;
use std::{collections::BTreeMap, process::Command};

const CHART: &str = "worker/chart";
const QUEUE: &str = "queueUrl=nats://nats.queues:4222";

/// Every way to install it that changes a pod or adds an object, and how many workloads that makes.
const VARIANTS: [(&[&str], u64); 11] = [
    (&[QUEUE], 3),
    (
        &[
            "queueUrl=tls://nats.queues:4333\\,nats-2.queues:4333",
            "natsFiles.secretName=nats",
            "natsFiles.credentials=user.creds",
            "natsFiles.ca=ca.crt",
        ],
        3,
    ),
    (&["existingSecret.name=queue", "networkPolicy.queuePort=4333"], 3),
    (&[QUEUE, "feed.enabled=false", "queue.replicas=1", "networkPolicy.enabled=false"], 2),
    (&[QUEUE, "queue.enabled=false", "feed.settings.concurrency=1"], 2),
    (&[QUEUE, "queue.intake.enabled=true", "queue.intake.drainDelaySeconds=20"], 3),
    // The sum for the grace period comes to its default.
    (&[QUEUE, "settings.shutdownTimeoutSeconds=18"], 3),
    (&[QUEUE, "telemetry.otlpEndpoint=https://collector.observability:4318", "telemetry.caConfigMap=authorities"], 3),
    (
        &[
            QUEUE,
            "queue.settings.shutdownTimeoutSeconds=95",
            "settings.startupTimeoutSeconds=3600",
            "settings.livenessStallSeconds=1",
            "feed.settings.livenessStallSeconds=125",
        ],
        3,
    ),
    (
        &[
            QUEUE,
            "queue.autoscaling.enabled=true",
            "feed.autoscaling.enabled=true",
            "podDisruptionBudget.enabled=false",
        ],
        3,
    ),
    (
        &[
            QUEUE,
            "podMonitor.enabled=true",
            "alerts.enabled=true",
            "dashboard.enabled=true",
            "settings.limits[0]=sleep:concurrency=1\\,timeout=10s",
            "settings.limits[1]=noop:attempts=2",
            "telemetry.otlpEndpoint=http://collector.observability:4318",
            "env.OTEL_TRACES_SAMPLER=always_on",
            "podAnnotations.team=platform",
            "priorityClassName=low",
            "nodeSelector.disk=fast",
        ],
        3,
    ),
];

fn objects(helm: &Tool, values: &[&str]) -> Vec<Value> {
    parsed(values, &helm.template_chart(&["work", CHART, "--namespace", "work"], values))
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

#[test]
fn passes_a_strict_scan_without_so_much_as_a_note() {
    let Some(helm) = Tool::helm() else { return };
    for (values, workloads) in VARIANTS {
        let rendered = helm.template_chart(&["work", CHART], &[values, &[DIGEST]].concat());
        assert_eq!(rendered.code, 0, "{values:?}: {}", rendered.stderr);
        let outcome = scan_text(&["--profile", "strict"], &rendered.stdout);
        assert_eq!(outcome.findings(), Vec::<String>::new(), "{values:?}");
        assert_eq!(outcome.problems(), Vec::<String>::new(), "{values:?}");
        assert_eq!(outcome.report()["summary"]["workloads"], workloads, "{values:?}");
    }
}

#[test]
fn lint_finds_nothing() {
    let Some(helm) = Tool::helm() else { return };
    for (values, _) in VARIANTS {
        let values = values.iter().flat_map(|value| ["--set", value]);
        let outcome = helm.run(["lint", "--strict", CHART].into_iter().chain(values));
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    }
}

/// What the worker itself says in the environment of a container.
fn contract(container: &Value) -> BTreeMap<String, String> {
    let variables = container["env"].as_array().expect("variables").iter();
    let variables = variables.map(|variable| (&variable["name"], variable["value"].as_str()));
    // What comes from a Secret or from the downward API is no setting of the contract.
    let known = variables.filter_map(|(name, value)| Some((name.as_str()?, value?)));
    let outcome = outcome(Command::new(program()).args(["contract", "--annotations"]).env_clear().envs(known));
    assert_eq!(outcome.code, 0, "{outcome:?}");
    serde_yaml::from_str(&outcome.stdout).expect("YAML")
}

#[test]
fn the_annotations_are_what_the_worker_says_in_that_environment() {
    let Some(helm) = Tool::helm() else { return };
    for (values, workloads) in VARIANTS {
        let objects = objects(&helm, values);
        let deployments = of_kind(&objects, "Deployment");
        assert_eq!(deployments.len() as u64, workloads - 1, "{values:?}");
        for deployment in deployments {
            let template = &deployment["spec"]["template"];
            let annotations = template["metadata"]["annotations"].as_object().expect("annotations").iter();
            let annotations = annotations.filter(|(key, _)| key.starts_with("plimsoll.dev/"));
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let written: BTreeMap<_, _> = annotations.map(|(key, value)| (key.clone(), text(value))).collect();
            assert_eq!(written, contract(&template["spec"]["containers"][0]), "{values:?}");
        }
    }
}

#[test]
fn nobody_can_call_it_and_it_cannot_call_the_api_server() {
    let Some(helm) = Tool::helm() else { return };
    for (values, workloads) in VARIANTS {
        let objects = objects(&helm, values);
        for kind in ["Service", "Ingress", "ServiceAccount", "Role"] {
            assert_eq!(of_kind(&objects, kind).len(), 0, "{kind} with {values:?}");
        }
        let pods = objects.iter().map(|object| &object["spec"]["template"]["spec"]).filter(|pod| !pod.is_null());
        let without_token = pods.filter(|pod| pod["automountServiceAccountToken"] == false).count() as u64;
        assert_eq!(without_token, workloads, "{values:?}");
    }
}

#[test]
fn a_budget_is_there_only_where_one_pod_may_go() {
    let Some(helm) = Tool::helm() else { return };
    let objects = objects(&helm, &[QUEUE, "queue.replicas=1"]);
    let budgets: Vec<_> = of_kind(&objects, "PodDisruptionBudget").iter().map(|it| &it["metadata"]["name"]).collect();
    assert_eq!(budgets, ["work-plimsoll-worker-feed"]);
}

/// A NetworkPolicy that forgot the queue would stop all work.
#[test]
fn the_network_policy_lets_the_worker_out_to_the_port_of_its_queue() {
    let Some(helm) = Tool::helm() else { return };
    for (queue, port) in
        [("queueUrl=nats://nats", 4222), ("queueUrl=tls://nats:5222", 5222), ("queueUrl=nats://[fd00::1]", 4222)]
    {
        let objects = objects(&helm, &[queue]);
        let ports = &of_kind(&objects, "NetworkPolicy")[0]["spec"]["egress"][0]["ports"];
        let found = ports.as_array().is_some_and(|ports| ports.iter().any(|known| known["port"] == port));
        assert!(found, "{queue}: {ports}");
    }
}

#[test]
fn the_longest_names_fit() {
    let Some(helm) = Tool::helm() else { return };
    let release = format!("fullnameOverride={}", "a".repeat(53));
    for object in objects(&helm, &[QUEUE, &release, "podMonitor.enabled=true"]) {
        let name = object["metadata"]["name"].as_str().expect("a name");
        assert!(name.len() <= 63, "{} {name}", object["kind"]);
    }
}

#[test]
fn chart_and_program_have_one_version() {
    let chart = std::fs::read_to_string(root().join(CHART).join("Chart.yaml")).expect("a chart");
    let chart: Value = serde_yaml::from_str(&chart).expect("YAML");
    let ours = env!("CARGO_PKG_VERSION");
    assert_eq!((chart["version"].as_str(), chart["appVersion"].as_str()), (Some(ours), Some(ours)));
}

/// Values that would make workers that do not work, or not as was asked, and what Helm's message must name.
const REFUSED: [(&[&str], &str); 20] = [
    (&[], "give queueUrl (nats://host:4222), or existingSecret.name"),
    (&["queueUrl=sqlite:///data/jobs.db"], "queueUrl"),
    (&["queueUrl=nats.queues:4222"], "queueUrl"),
    (&["queueUrl=nats://user:password@nats.queues:4222"], "queueUrl"),
    (&[QUEUE, "natsFiles.ca=ca.crt"], "natsFiles"),
    (&[QUEUE, "existingSecret.name=queue"], "'not' failed"),
    (&[QUEUE, "queue.replica=3"], "replica"),
    (&[QUEUE, "queue.intake.port=8080"], "port"),
    (&[QUEUE, "feed.intake.enabled=true"], "intake"),
    (&[QUEUE, "settings.shutdownTimeoutSeconds=30s"], "shutdownTimeoutSeconds"),
    (&[QUEUE, "settings.shutdownTimeout=30"], "shutdownTimeout"),
    (&[QUEUE, "feed.settings.livenessStallSeconds=0"], "livenessStallSeconds"),
    (&[QUEUE, "queue.settings.backoffSeconds=400"], "backoffSeconds of queue is longer than its maxBackoffSeconds"),
    (&[QUEUE, "settings.maxDeliveries=1"], "maxDeliveries of queue is 1, and concurrency is not"),
    (&[QUEUE, "settings.limits[0]=call"], "limits"),
    (&[QUEUE, "env.WORKER_SHUTDOWN_TIMEOUT=60s"], "WORKER_SHUTDOWN_TIMEOUT"),
    (&[QUEUE, "podAnnotations.plimsoll\\.dev/role=web"], "plimsoll.dev/role"),
    (&[QUEUE, "telemetry.otlpEndpoint=http://collector:4317"], "otlpEndpoint"),
    (&[QUEUE, "telemetry.otlpEndpoint=https://collector:4318"], "give telemetry.caConfigMap"),
    (&[QUEUE, "image.digest=sha256:12"], "digest"),
];

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let Some(helm) = Tool::helm() else { return };
    for (values, named) in REFUSED {
        let outcome = helm.template_chart(&["work", CHART], values);
        assert!(outcome.code != 0 && outcome.stderr.contains(named), "{values:?}: {outcome:?}");
    }
}
