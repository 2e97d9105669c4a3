//! Every row of "API defaults" in the design's kubernetes.md.

use super::{deployment, job, judged, of_kind, pod, set};
use crate::manifest::Object;
use plimsoll_policy::workload::{
    Controller, DaemonSetUpdate, Handler, ImageVolume, IntOrPercent, PullPolicy, RestartPolicy, StatefulSetUpdate,
    Strategy,
};
use serde_json::{Value, json};

fn cron_job() -> Value {
    let mut value = of_kind("batch/v1", "CronJob");
    value["spec"] = json!({ "schedule": "* * * * *", "jobTemplate": { "spec": job()["spec"] } });
    value
}

fn replication_controller() -> Value {
    let mut value = of_kind("v1", "ReplicationController");
    value["spec"].as_object_mut().unwrap().remove("selector");
    value
}

fn probed(probe: Value) -> Value {
    let mut value = pod();
    value["spec"]["containers"][0]["readinessProbe"] = probe;
    value
}

/// Each row as the whole object carries it: object, pointer, value.
#[test]
fn the_whole_object_carries_every_default() {
    let spec = "/spec/template/spec";
    let rows = [
        (deployment(), format!("{spec}/terminationGracePeriodSeconds"), json!(30)),
        (deployment(), format!("{spec}/restartPolicy"), json!("Always")),
        (deployment(), "/spec/replicas".into(), json!(1)),
        (of_kind("apps/v1", "StatefulSet"), "/spec/replicas".into(), json!(1)),
        (of_kind("apps/v1", "ReplicaSet"), "/spec/replicas".into(), json!(1)),
        (replication_controller(), "/spec/replicas".into(), json!(1)),
        (
            deployment(),
            "/spec/strategy".into(),
            json!({ "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "25%", "maxSurge": "25%" } }),
        ),
        (deployment(), "/spec/progressDeadlineSeconds".into(), json!(600)),
        (deployment(), "/spec/minReadySeconds".into(), json!(0)),
        (deployment(), "/spec/revisionHistoryLimit".into(), json!(10)),
        (
            of_kind("apps/v1", "StatefulSet"),
            "/spec/updateStrategy".into(),
            json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }),
        ),
        (of_kind("apps/v1", "StatefulSet"), "/spec/podManagementPolicy".into(), json!("OrderedReady")),
        (
            of_kind("apps/v1", "DaemonSet"),
            "/spec/updateStrategy".into(),
            json!({ "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 1, "maxSurge": 0 } }),
        ),
        (job(), "/spec/backoffLimit".into(), json!(6)),
        (job(), "/spec/completions".into(), json!(1)),
        (job(), "/spec/parallelism".into(), json!(1)),
        (cron_job(), "/spec/concurrencyPolicy".into(), json!("Allow")),
        (cron_job(), "/spec/successfulJobsHistoryLimit".into(), json!(3)),
        (cron_job(), "/spec/failedJobsHistoryLimit".into(), json!(1)),
        (
            probed(json!({ "httpGet": { "port": 80 } })),
            "/spec/containers/0/readinessProbe".into(),
            json!({
                "initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1,
                "failureThreshold": 3, "httpGet": { "path": "/", "scheme": "HTTP", "port": 80 },
            }),
        ),
        (pod(), "/spec/containers/0/imagePullPolicy".into(), json!("IfNotPresent")),
        (pod(), "/spec/containers/0/terminationMessagePolicy".into(), json!("File")),
        (pod(), "/spec/containers/0/terminationMessagePath".into(), json!("/dev/termination-log")),
    ];
    for (value, pointer, expected) in rows {
        let kind = value["kind"].clone();
        assert_eq!(judged(value).value.pointer(&pointer), Some(&expected), "{kind} {pointer}");
    }
}

/// What is there already stays, and nothing is added by a second pass: a webhook sees the defaults filled in.
#[test]
fn filled_in_once_is_filled_in_for_good() {
    let probe = probed(json!({ "tcpSocket": { "port": "http" } }));
    for value in
        [deployment(), of_kind("apps/v1", "StatefulSet"), of_kind("apps/v1", "DaemonSet"), job(), cron_job(), probe]
    {
        let once = judged(value).value;
        assert_eq!(judged(once.clone()).value, once);
    }
}

#[test]
fn the_view_of_a_deployment_has_what_counts() {
    let Object { workload, .. } = judged(deployment());
    let Controller::Deployment(spec) = &workload.controller else { panic!("{workload:?}") };
    let quarter = IntOrPercent::Percent(25);
    assert_eq!(spec.replicas, 1);
    assert_eq!(spec.strategy, Strategy::RollingUpdate { max_unavailable: quarter, max_surge: quarter });
    assert_eq!(spec.progress_deadline_seconds, 600);
    assert_eq!(workload.pod.grace_period_seconds, 30);
    assert_eq!(workload.pod.restart_policy, RestartPolicy::Always);
    assert_eq!(workload.pod.pointer, "/spec/template");
    let container = &workload.pod.containers[0];
    assert_eq!(container.pull_policy, PullPolicy::IfNotPresent);
    assert_eq!(container.pointer, "/spec/template/spec/containers/0");

    let mut written = deployment();
    set(&mut written, "/spec/strategy/rollingUpdate/maxSurge", json!(2));
    set(&mut written, "/spec/template/spec/terminationGracePeriodSeconds", json!(30));
    let Object { workload, .. } = judged(written);
    let Controller::Deployment(spec) = &workload.controller else { panic!("{workload:?}") };
    let max_surge = IntOrPercent::Int(2);
    assert_eq!(spec.strategy, Strategy::RollingUpdate { max_unavailable: quarter, max_surge });
    assert_eq!(workload.pod.grace_period_seconds, 30);
}

#[test]
fn the_other_controllers_get_theirs() {
    let Controller::StatefulSet(set) = judged(of_kind("apps/v1", "StatefulSet")).workload.controller else { panic!() };
    let update = StatefulSetUpdate::RollingUpdate { partition: 0, max_unavailable: None };
    assert_eq!(set.update_strategy, update);
    let Controller::DaemonSet(set) = judged(of_kind("apps/v1", "DaemonSet")).workload.controller else { panic!() };
    let one_by_one =
        DaemonSetUpdate::RollingUpdate { max_unavailable: IntOrPercent::Int(1), max_surge: IntOrPercent::Int(0) };
    assert_eq!(set.update_strategy, one_by_one);
    let Controller::CronJob(cron) = judged(cron_job()).workload.controller else { panic!() };
    assert_eq!(cron.job.backoff_limit, Some(6));
}

#[test]
fn the_limits_of_a_job_depend_on_each_other() {
    // What is written, and then backoffLimit, completions and parallelism as they count.
    for (written, backoff, completions, parallelism) in [
        (json!({}), Some(6), Some(1), 1),
        (json!({ "parallelism": 3 }), Some(6), None, 3),
        (json!({ "completions": 5 }), Some(6), Some(5), 1),
        (json!({ "backoffLimitPerIndex": 1, "completions": 2 }), None, Some(2), 1),
        (json!({ "backoffLimitPerIndex": 1, "backoffLimit": 2147483647, "completions": 2 }), None, Some(2), 1),
        (json!({ "backoffLimitPerIndex": 1, "backoffLimit": 4, "completions": 2 }), Some(4), Some(2), 1),
    ] {
        let mut value = job();
        value["spec"].as_object_mut().unwrap().extend(written.as_object().unwrap().clone());
        let Controller::Job(job) = judged(value).workload.controller else { panic!() };
        let found = (job.backoff_limit, job.completions, job.parallelism);
        assert_eq!(found, (backoff, completions, parallelism), "{written}");
    }
}

#[test]
fn zero_in_a_probe_means_its_default_and_zero_grace_means_zero() {
    let mut value = probed(json!({
        "exec": { "command": ["true"] }, "periodSeconds": 0, "timeoutSeconds": 0, "successThreshold": 0,
        "failureThreshold": 0,
    }));
    value["spec"]["terminationGracePeriodSeconds"] = json!(0);
    let pod = judged(value).workload.pod;
    assert_eq!(pod.grace_period_seconds, 0);
    let probe = pod.containers[0].readiness.clone().unwrap();
    let found = [probe.period_seconds, probe.timeout_seconds, probe.success_threshold, probe.failure_threshold];
    assert_eq!(found, [10, 1, 1, 3]);
}

#[test]
fn removed_versions_get_the_defaults_of_their_successor() {
    let mut daemon_set = of_kind("extensions/v1beta1", "DaemonSet");
    daemon_set["spec"].as_object_mut().unwrap().remove("selector");
    let Object { workload, value, .. } = judged(daemon_set);
    let Controller::DaemonSet(set) = workload.controller else { panic!() };
    assert!(matches!(set.update_strategy, DaemonSetUpdate::RollingUpdate { .. }));
    assert_eq!(set.selector.match_labels, workload.pod.labels);
    assert_eq!(value["spec"]["selector"], json!({ "matchLabels": { "app": "app" } }));
    assert_eq!(workload.api_version, "extensions/v1beta1");
}

#[test]
fn a_replication_controller_selects_by_its_own_template() {
    let Object { workload, value, .. } = judged(replication_controller());
    let Controller::ReplicaSet(set) = workload.controller else { panic!() };
    assert_eq!(set.selector.match_labels, workload.pod.labels);
    assert_eq!(value["spec"]["selector"], json!({ "app": "app" }));
}

#[test]
fn what_kubernetes_sets_at_the_pod_counts_for_its_template_too() {
    let mut value = deployment();
    let container = "/spec/template/spec/containers/0";
    set(&mut value, "/spec/template/spec/hostNetwork", json!(true));
    set(&mut value, &format!("{container}/ports"), json!([{ "containerPort": 80 }]));
    set(&mut value, &format!("{container}/resources"), json!({ "limits": { "cpu": "500m" } }));
    let container = judged(value).workload.pod.containers.remove(0);
    assert_eq!(container.ports[0].host_port, Some(80));
    assert_eq!(container.cpu_request_millis, Some(500));
}

#[test]
fn the_view_has_what_a_container_and_its_pod_say_of_restarts_cpu_and_image_volumes() {
    let mut value = deployment();
    let pod = "/spec/template/spec";
    set(&mut value, &format!("{pod}/resources"), json!({ "limits": { "cpu": "200m" } }));
    set(&mut value, &format!("{pod}/containers/0/restartPolicy"), json!("OnFailure"));
    set(&mut value, &format!("{pod}/containers/0/restartPolicyRules"), json!([{ "action": "Restart" }]));
    let volumes = json!([
        { "name": "tmp", "emptyDir": {} },
        { "name": "a", "image": { "reference": "models" } },
        { "name": "b", "image": { "reference": "models:1.2", "pullPolicy": "Never" } },
        { "name": "c", "image": {} },
    ]);
    set(&mut value, &format!("{pod}/volumes"), volumes);
    let pod = judged(value).workload.pod;
    let container = &pod.containers[0];
    assert_eq!((pod.cpu_limit_millis, container.cpu_limit_millis), (Some(200), None));
    assert_eq!((container.restart_policy, container.has_restart_rules), (Some(RestartPolicy::OnFailure), true));
    let volume = |index: usize, name: &str, reference: &str, pull_policy| ImageVolume {
        pointer: format!("/spec/template/spec/volumes/{index}/image").into(),
        name: name.to_owned(),
        reference: reference.to_owned(),
        pull_policy,
    };
    let expected = [
        volume(1, "a", "models", PullPolicy::Always),
        volume(2, "b", "models:1.2", PullPolicy::Never),
        volume(3, "c", "", PullPolicy::Always),
    ];
    assert_eq!(pod.image_volumes, expected);
}

#[test]
fn knative_fills_in_names_ports_and_grace() {
    let mut service = of_kind("serving.knative.dev/v1", "Service");
    service["spec"]["template"]["spec"] = json!({
        "timeoutSeconds": 60,
        "containers": [{
            "image": "app:1", "ports": [{ "containerPort": 9000 }],
            "readinessProbe": { "httpGet": { "path": "/ready" } }, "livenessProbe": { "periodSeconds": 5 },
        }],
    });
    let workload = judged(service).workload;
    assert_eq!(workload.controller, Controller::Custom);
    assert_eq!(workload.pod.grace_period_seconds, 60);
    let container = &workload.pod.containers[0];
    assert_eq!(container.name, "user-container");
    let asked = |handler: &Handler| match handler {
        Handler::Http(http) => http.port.to_string(),
        Handler::Tcp { port, .. } => port.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(container.readiness.as_ref().map(|probe| asked(&probe.handler)), Some("9000".to_owned()));
    assert_eq!(container.liveness.as_ref().map(|probe| asked(&probe.handler)), Some("9000".to_owned()));
}

#[test]
fn knative_names_containers_and_probes_the_one_that_serves() {
    let named = |containers: Value, inits: Value| {
        let mut service = of_kind("serving.knative.dev/v1", "Configuration");
        service["spec"]["template"]["spec"] =
            json!({ "timeoutSeconds": 0, "containers": containers, "initContainers": inits });
        let pod = judged(service).workload.pod;
        assert_eq!(pod.grace_period_seconds, 300, "0 is the default");
        let shown = |container: &plimsoll_policy::workload::Container| {
            format!("{}{}", container.name, if container.readiness.is_some() { " probed" } else { "" })
        };
        pod.containers.iter().map(shown).collect::<Vec<_>>()
    };
    let image = json!({ "image": "app:1.2.3" });
    let serving = json!({ "image": "app:1.2.3", "ports": [{ "containerPort": 8080 }] });
    let taken = json!({ "image": "app:1.2.3", "name": "user-container-0" });
    assert_eq!(named(json!([image]), json!([])), ["user-container probed"]);
    assert_eq!(named(json!([serving, image]), json!([])), ["user-container-0 probed", "user-container-1"]);
    assert_eq!(
        named(json!([serving, taken]), json!([image])),
        ["user-container-1 probed", "user-container-0", "init-container"]
    );
}

#[test]
fn an_operator_fills_in_what_its_row_says() {
    let mut ray = of_kind("ray.io/v1", "RayCluster");
    let template = ray["spec"]["template"].clone();
    ray["spec"] = json!({
        "headGroupSpec": { "template": template },
        "workerGroupSpecs": [{ "template": template }, { "template": template }],
    });
    let ray = judged(ray);
    let pointers: Vec<_> = ray.workloads().map(|workload| workload.pod.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/spec/headGroupSpec/template", "/spec/workerGroupSpecs/0/template", "/spec/workerGroupSpecs/1/template"]
    );
    assert!(ray.workloads().all(|workload| workload.pod.containers[0].liveness.is_some()));
    assert!(ray.filled_in.has("/spec/workerGroupSpecs/1/template/spec/containers/0/livenessProbe/periodSeconds"));
    assert!(!ray.filled_in.has("/spec/workerGroupSpecs/1/template/spec/containers/0/image"));

    let mut search = of_kind("elasticsearch.k8s.elastic.co/v1", "Elasticsearch");
    search["spec"] = json!({ "nodeSets": [
        { "podTemplate": { "spec": { "containers": [{ "name": "elasticsearch" }] } } },
        { "podTemplate": { "metadata": {} } },
    ] });
    let search = judged(search);
    assert_eq!(search.workloads().count(), 1, "an empty template has nothing to judge");
    assert_eq!(search.workload.pod.grace_period_seconds, 180);
    assert!(search.filled_in.has("/spec/nodeSets/0/podTemplate/spec/containers/0/image"));
    assert!(search.workload.pod.containers[0].readiness.is_some());

    let mut job = of_kind("batch.volcano.sh/v1alpha1", "Job");
    job["spec"] = json!({ "tasks": [{ "template": template }] });
    assert!(judged(job).workload.runs_to_completion());
}
