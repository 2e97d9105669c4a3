//! Sample workloads for the tests of policies, with the API server's defaults. Native only: a guest has no tests.
//!
//! Take the one that is nearest and change what the test is about:
//! `deployment([Container { image: "nginx".to_owned(), ..container("app") }])`.

use crate::{
    Finding, Findings, Input, Policy, Rule, Workload,
    workload::{
        Class, Container, Controller, Deployment, Handler, Hook, IntOrPercent, Job, Map, PodTemplate, Probe,
        PullPolicy, ReplicaSet, RestartPolicy, Selector, Strategy,
    },
};

/// An application container that has nothing but a name and an image with an immutable tag.
pub fn container(name: &str) -> Container {
    Container {
        pointer: Default::default(),
        class: Class::Application,
        name: name.to_owned(),
        image: "registry.example/app:1.4.2".to_owned(),
        restart_policy: None,
        has_restart_rules: false,
        pull_policy: PullPolicy::IfNotPresent,
        command: Vec::new(),
        args: Vec::new(),
        env: Vec::new(),
        has_env_from: false,
        ports: Vec::new(),
        liveness: None,
        readiness: None,
        startup: None,
        post_start: None,
        pre_stop: None,
        cpu_limit_millis: None,
        cpu_request_millis: None,
        mounts: Vec::new(),
        has_memory_request: false,
    }
}

/// A probe with the defaults.
pub fn probe(handler: Handler) -> Probe {
    Probe {
        pointer: Default::default(),
        handler,
        initial_delay_seconds: 0,
        period_seconds: 10,
        timeout_seconds: 1,
        success_threshold: 1,
        failure_threshold: 3,
        grace_period_seconds: None,
    }
}

/// A hook.
pub fn hook(handler: Handler) -> Hook {
    Hook { pointer: Default::default(), handler }
}

/// A Deployment `app` of one replica.
pub fn deployment(containers: impl IntoIterator<Item = Container>) -> Workload {
    let controller = Controller::Deployment(Deployment {
        replicas: 1,
        selector: Selector::default(),
        strategy: Strategy::RollingUpdate {
            max_unavailable: IntOrPercent::Percent(25),
            max_surge: IntOrPercent::Percent(25),
        },
        min_ready_seconds: 0,
        progress_deadline_seconds: 600,
    });
    workload("apps/v1", "Deployment", controller, pod_template("/spec/template", containers))
}

/// A ReplicaSet `app` of one replica.
pub fn replica_set(containers: impl IntoIterator<Item = Container>) -> Workload {
    let controller =
        Controller::ReplicaSet(ReplicaSet { replicas: 1, selector: Selector::default(), min_ready_seconds: 0 });
    workload("apps/v1", "ReplicaSet", controller, pod_template("/spec/template", containers))
}

/// A Job `app` with restartPolicy Never.
pub fn job(containers: impl IntoIterator<Item = Container>) -> Workload {
    let controller = Controller::Job(Job {
        backoff_limit: Some(6),
        completions: Some(1),
        parallelism: 1,
        active_deadline_seconds: None,
        ttl_seconds_after_finished: None,
    });
    let template = pod_template("/spec/template", containers);
    workload("batch/v1", "Job", controller, PodTemplate { restart_policy: RestartPolicy::Never, ..template })
}

/// A bare Pod `app`.
pub fn pod(containers: impl IntoIterator<Item = Container>) -> Workload {
    workload("v1", "Pod", Controller::Pod, pod_template("", containers))
}

/// An object of a custom kind with a pod template at `/spec/template`.
pub fn custom(containers: impl IntoIterator<Item = Container>) -> Workload {
    workload("acme.example/v1", "Runner", Controller::Custom, pod_template("/spec/template", containers))
}

fn workload(api_version: &str, kind: &str, controller: Controller, pod: PodTemplate) -> Workload {
    Workload {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: None,
        name: "app".to_owned(),
        labels: Map::new(),
        annotations: Map::new(),
        controller,
        pod,
        unreadable: Vec::new(),
    }
}

fn pod_template(pointer: &str, containers: impl IntoIterator<Item = Container>) -> PodTemplate {
    let mut pod = PodTemplate {
        pointer: pointer.into(),
        labels: Map::new(),
        annotations: Map::new(),
        grace_period_seconds: 30,
        restart_policy: RestartPolicy::Always,
        host_network: false,
        cpu_limit_millis: None,
        claims: Map::new(),
        image_volumes: Vec::new(),
        containers: Vec::new(),
        has_cpu_request: false,
        has_memory_request: false,
        nodes: Vec::new(),
    };
    for container in containers {
        add(&mut pod, container);
    }
    pod
}

/// Adds a container at the end of its list, and writes the pointers of what it has.
pub fn add(pod: &mut PodTemplate, mut container: Container) {
    let list = match container.class {
        Class::Application => "containers",
        Class::Sidecar | Class::Init => "initContainers",
        Class::Ephemeral => "ephemeralContainers",
    };
    let list = pod.spec(list);
    let index = pod.containers.iter().filter(|other| other.pointer.starts_with(&*list)).count();
    container.pointer = list.step(index);
    let pointer = container.pointer.clone();
    for (field, probe) in [
        ("livenessProbe", &mut container.liveness),
        ("readinessProbe", &mut container.readiness),
        ("startupProbe", &mut container.startup),
    ] {
        if let Some(probe) = probe {
            probe.pointer = pointer.join(field);
        }
    }
    for (field, hook) in
        [("lifecycle/postStart", &mut container.post_start), ("lifecycle/preStop", &mut container.pre_stop)]
    {
        if let Some(hook) = hook {
            hook.pointer = pointer.join(field);
        }
    }
    pod.containers.push(container);
}

/// Everything that a policy finds in a workload; rules named in `off` are off.
pub fn findings(policy: &impl Policy, workload: &Workload, off: &[String]) -> Vec<Finding> {
    let mut findings = Findings::new(off);
    policy.check(&Input::from(workload), &mut findings);
    findings.into_vec()
}

/// What one rule of a policy finds in a workload.
pub fn found(policy: &impl Policy, rule: &Rule, workload: &Workload) -> Vec<Finding> {
    findings(policy, workload, &[]).into_iter().filter(|finding| finding.rule == rule.name).collect()
}
