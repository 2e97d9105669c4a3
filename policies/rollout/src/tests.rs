//! What the page does not show: kinds and numbers at the edges of the rules.

use crate::{Rollout, autoscalers, budgets, drain, overlap, placement, services, strategy};
use plimsoll_policy::{
    Autoscaler, DisruptionBudget, Finding, Findings, Member, Policy, Rule, Service, ServicePort, Set, Utilization,
    Workload,
    testing::{self, container, deployment, found},
    workload::{
        Controller, DaemonSet, DaemonSetUpdate, Deployment, IntOrPercent, Map, Operator, Requirement, RolloutStrategy,
        Selector, StatefulSet, StatefulSetUpdate, Strategy,
    },
};

fn labels(entries: &[(&str, &str)]) -> Map {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn of_strategy(replicas: i64, strategy: Strategy) -> Workload {
    let mut workload = deployment([container("app")]);
    let Controller::Deployment(spec) = &workload.controller else { unreachable!("a Deployment") };
    workload.controller = Controller::Deployment(Deployment { replicas, strategy, ..spec.clone() });
    workload
}

pub(crate) fn stateful_set(replicas: i64, update_strategy: StatefulSetUpdate) -> Workload {
    let set = StatefulSet { replicas, selector: Selector::default(), update_strategy, min_ready_seconds: 0 };
    Workload { kind: "StatefulSet".into(), controller: Controller::StatefulSet(set), ..deployment([container("app")]) }
}

pub(crate) fn daemon_set(max_unavailable: IntOrPercent) -> Workload {
    let update_strategy = DaemonSetUpdate::RollingUpdate { max_unavailable, max_surge: IntOrPercent::Int(0) };
    let set = DaemonSet { selector: Selector::default(), update_strategy, min_ready_seconds: 0 };
    Workload { kind: "DaemonSet".into(), controller: Controller::DaemonSet(set), ..deployment([container("app")]) }
}

fn rollout(replicas: i64, strategy: RolloutStrategy) -> Workload {
    let rollout = plimsoll_policy::workload::Rollout {
        replicas,
        selector: Selector::default(),
        strategy,
        min_ready_seconds: 0,
        progress_deadline_seconds: 600,
    };
    let (api_version, kind) = ("argoproj.io/v1alpha1".into(), "Rollout".into());
    Workload { api_version, kind, controller: Controller::Rollout(rollout), ..deployment([container("app")]) }
}

fn count(rule: &Rule, workload: &Workload) -> usize {
    found(&Rollout::default(), rule, workload).len()
}

#[test]
fn nothing_is_available_of_no_replicas_and_that_is_meant() {
    let none = Strategy::RollingUpdate { max_unavailable: IntOrPercent::Int(1), max_surge: IntOrPercent::Int(1) };
    assert_eq!(count(&strategy::NONE_AVAILABLE, &of_strategy(0, none.clone())), 0);
    assert_eq!(count(&strategy::NONE_AVAILABLE, &of_strategy(1, none)), 1);
    assert_eq!(count(&strategy::RECREATE, &of_strategy(0, Strategy::Recreate)), 0);
}

#[test]
fn an_argo_rollout_is_bounded_as_a_deployment_is() {
    let canary = |max_unavailable, max_surge| RolloutStrategy::Canary { max_unavailable, max_surge };
    let all = canary(IntOrPercent::Int(2), IntOrPercent::Int(1));
    assert_eq!(count(&strategy::NONE_AVAILABLE, &rollout(2, all.clone())), 1);
    assert_eq!(count(&strategy::NONE_AVAILABLE, &rollout(3, all)), 0);
    assert_eq!(count(&strategy::NONE_AVAILABLE, &rollout(1, RolloutStrategy::Full)), 0);
}

#[test]
fn a_stateful_set_of_one_replica_is_replaced_in_place() {
    let update = |max_unavailable| StatefulSetUpdate::RollingUpdate { partition: 0, max_unavailable };
    for max_unavailable in [None, Some(IntOrPercent::Int(1)), Some(IntOrPercent::Percent(100))] {
        assert_eq!(count(&strategy::NONE_AVAILABLE, &stateful_set(1, update(max_unavailable))), 0);
    }
    assert_eq!(count(&strategy::NONE_AVAILABLE, &stateful_set(2, update(Some(IntOrPercent::Percent(100))))), 1);
}

// Rules about a set.

fn of_workload(name: &str, pod: Map) -> Member {
    let mut workload = deployment([container("app")]);
    let Controller::Deployment(spec) = &mut workload.controller else { unreachable!("a Deployment") };
    spec.selector.match_labels = pod.clone();
    (workload.name, workload.pod.labels) = (name.to_owned(), pod);
    member("apps/v1", "Deployment", name, |member| member.workload = Some(workload))
}

fn member(api_version: &str, kind: &str, name: &str, view: impl FnOnce(&mut Member)) -> Member {
    let (api_version, kind, name) = (api_version.to_owned(), kind.to_owned(), name.to_owned());
    let mut member = Member { api_version, kind, name, ..Member::default() };
    view(&mut member);
    member
}

fn replicas(mut workload: Member, count: i64) -> Member {
    if let Some(Workload { controller: Controller::Deployment(spec), .. }) = &mut workload.workload {
        spec.replicas = count;
    }
    workload
}

fn autoscaler(target: &str, min_replicas: i64, max_replicas: i64) -> Member {
    let utilization = vec![Utilization { pointer: "/spec/metrics".into(), resource: "cpu".into(), container: None }];
    let autoscaler = Autoscaler {
        target_api_version: "apps/v1".into(),
        target_kind: "Deployment".into(),
        target_name: target.into(),
        min_replicas,
        max_replicas,
        utilization,
    };
    member("autoscaling/v2", "HorizontalPodAutoscaler", target, |member| member.autoscaler = Some(autoscaler))
}

fn budget(selector: Selector, min_available: Option<IntOrPercent>, max_unavailable: Option<IntOrPercent>) -> Member {
    let budget = DisruptionBudget { selector: Some(selector), min_available, max_unavailable };
    member("policy/v1", "PodDisruptionBudget", "budget", |member| member.budget = Some(budget))
}

fn of_app(value: &str) -> Selector {
    Selector { match_labels: labels(&[("app", value)]), ..Selector::default() }
}

fn in_set(rule: &Rule, objects: Vec<Member>) -> Vec<Finding> {
    in_whole(rule, &Set { objects, ..Set::default() })
}

fn in_whole(rule: &Rule, set: &Set) -> Vec<Finding> {
    let mut findings = Findings::new(&[]);
    Rollout::default().check_set(set, &mut findings);
    findings.into_vec().into_iter().filter(|finding| finding.rule == rule.name).collect()
}

#[test]
fn a_budget_blocks_where_it_needs_all_pods_that_there_are() {
    use IntOrPercent::{Int, Percent};
    for (count, min_available, max_unavailable, expected) in [
        (1, Some(Int(1)), None, true),
        (2, Some(Int(1)), None, false),
        (2, Some(Int(3)), None, true),
        (3, Some(Percent(67)), None, true),
        (3, Some(Percent(66)), None, false),
        (1, Some(Percent(1)), None, true),
        (5, Some(Percent(0)), None, false),
        (3, None, Some(Int(0)), true),
        (3, None, Some(Percent(0)), true),
        (1, None, Some(Percent(1)), false),
        (0, None, Some(Int(0)), false),
        (0, Some(Int(1)), None, false),
        (3, None, None, false),
    ] {
        let objects = vec![
            replicas(of_workload("app", labels(&[("app", "app")])), count),
            budget(of_app("app"), min_available, max_unavailable),
        ];
        let found = in_set(&budgets::BLOCKS, objects);
        assert_eq!(found.len(), usize::from(expected), "{count} {min_available:?} {max_unavailable:?}");
        assert!(found.iter().all(|finding| finding.escalated && finding.related.len() == 1));
    }
}

#[test]
fn the_autoscaler_says_how_many_pods_there_are() {
    for (fewest, most, needed, expected) in
        [(1, 5, 1, Some(false)), (0, 5, 1, Some(false)), (2, 5, 1, None), (2, 5, 5, Some(true)), (1, 1, 1, Some(true))]
    {
        let objects = vec![
            replicas(of_workload("app", labels(&[("app", "app")])), 1),
            autoscaler("app", fewest, most),
            budget(of_app("app"), Some(IntOrPercent::Int(needed)), None),
        ];
        let found = in_set(&budgets::BLOCKS, objects);
        assert_eq!(found.first().map(|finding| finding.escalated), expected, "{fewest} to {most}, {needed} needed");
    }
}

#[test]
fn what_the_set_does_not_know_is_not_counted_as_missing() {
    let apart = || {
        vec![of_workload("app", labels(&[("app", "app")])), budget(of_app("other"), Some(IntOrPercent::Int(1)), None)]
    };
    let of_other_kinds = |kinds: &[&str]| Set {
        objects: apart(),
        other_kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        ..Set::default()
    };
    let count = |set: Set| in_whole(&budgets::UNMATCHED, &set).len();
    assert_eq!(count(of_other_kinds(&["ConfigMap", "ServiceMonitor.monitoring.coreos.com"])), 1);
    assert_eq!(count(of_other_kinds(&["Alertmanager.monitoring.coreos.com"])), 0);
    assert_eq!(count(Set { incomplete: true, ..of_other_kinds(&[]) }), 0);
}

#[test]
fn selectors_with_expressions_are_read() {
    let requirement = |operator, values: &[&str]| Requirement {
        key: "app".into(),
        operator,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    for (requirement, expected) in [
        (requirement(Operator::In, &["app", "web"]), 0),
        (requirement(Operator::In, &["web"]), 1),
        (requirement(Operator::Exists, &[]), 0),
        (requirement(Operator::DoesNotExist, &[]), 1),
    ] {
        let selector = Selector { expressions: vec![requirement], ..Selector::default() };
        let objects =
            vec![of_workload("app", labels(&[("app", "app")])), budget(selector, Some(IntOrPercent::Int(0)), None)];
        assert_eq!(in_set(&budgets::UNMATCHED, objects).len(), expected);
    }
}

#[test]
fn selectors_overlap_where_each_selects_the_pods_of_the_other() {
    let shared = labels(&[("app", "shop")]);
    let wide = labels(&[("app", "shop"), ("tier", "web")]);
    let overlaps = |objects| in_set(&overlap::OVERLAPPING, objects);
    let found = overlaps(vec![
        of_workload("a", shared.clone()),
        of_workload("b", shared.clone()),
        of_workload("c", shared.clone()),
    ]);
    assert_eq!(
        found.iter().map(|finding| (finding.object, finding.related[0].object)).collect::<Vec<_>>(),
        [(1, Some(0)), (2, Some(0))]
    );
    assert_eq!(overlaps(vec![of_workload("a", shared.clone()), of_workload("a", shared.clone())]), []);
    assert_eq!(overlaps(vec![of_workload("a", shared), of_workload("b", wide)]), []);
}

#[test]
fn requests_are_asked_of_every_container_that_runs() {
    let of = |change: fn(&mut Workload)| {
        let mut app = of_workload("app", labels(&[("app", "app")]));
        app.workload.iter_mut().for_each(change);
        in_set(&autoscalers::REQUESTS, vec![app, autoscaler("app", 1, 5)])
    };
    assert_eq!(of(|_| {}).len(), 1);
    assert_eq!(of(|app| app.pod.containers[0].cpu_request_millis = Some(100)), []);
    assert_eq!(of(|app| app.pod.has_cpu_request = true), []);
    let with_sidecar = of(|app| {
        app.pod.containers[0].cpu_request_millis = Some(100);
        let class = plimsoll_policy::workload::Class::Sidecar;
        testing::add(&mut app.pod, plimsoll_policy::workload::Container { class, ..container("proxy") });
    });
    assert_eq!(with_sidecar[0].container.as_deref(), Some("proxy"));
    let elsewhere = in_set(&autoscalers::REQUESTS, vec![of_workload("app", Map::new()), autoscaler("other", 1, 5)]);
    assert_eq!(elsewhere, []);
}

#[test]
fn a_limit_range_may_fill_in_the_requests() {
    let objects = vec![of_workload("app", labels(&[("app", "app")])), autoscaler("app", 1, 5)];
    let other_kinds = vec!["LimitRange".to_owned()];
    assert_eq!(in_whole(&autoscalers::REQUESTS, &Set { objects, other_kinds, ..Set::default() }), []);
}

#[test]
fn a_service_sends_requests_through_a_port_that_is_not_for_metrics() {
    let drains = |service: Service| {
        let objects = vec![
            of_workload("app", labels(&[("app", "app")])),
            member("v1", "Service", "app", |member| member.service = Some(service)),
        ];
        in_set(&drain::NONE, objects).len()
    };
    let port = |name: &str| ServicePort { name: Some(name.to_owned()), port: 80, target: None };
    let service = |ports, headless| Service { selector: labels(&[("app", "app")]), headless, ports };
    assert_eq!(drains(service(vec![port("http")], false)), 1);
    assert_eq!(drains(service(vec![port("http-metrics")], false)), 0);
    assert_eq!(drains(service(vec![port("http-metrics"), port("http")], false)), 1);
    assert_eq!(drains(service(vec![port("http")], true)), 0);
    let named =
        |name| member("v1", "Service", name, |member| member.service = Some(service(vec![port("http")], false)));
    let of_metrics = vec![of_workload("app", labels(&[("app", "app")])), named("app-metrics-service")];
    assert_eq!(in_set(&drain::NONE, of_metrics), []);
    assert_eq!(drains(Service { selector: labels(&[("app", "other")]), ..service(vec![port("http")], false) }), 0);
}

#[test]
fn a_workload_of_two_services_is_told_once_whichever_is_first() {
    let service = |name, headless| {
        let ports = vec![ServicePort { name: None, port: 80, target: None }];
        let service = Service { selector: labels(&[("app", "app")]), headless, ports };
        member("v1", "Service", name, |member| member.service = Some(service))
    };
    for services in [[service("a", true), service("b", false)], [service("a", false), service("b", false)]] {
        let objects = [vec![of_workload("app", labels(&[("app", "app")]))], services.into()].concat();
        assert_eq!(in_set(&drain::NONE, objects).len(), 1);
    }
}

#[test]
fn a_claim_of_one_node_holds_a_rolling_singleton() {
    use plimsoll_policy::Claim;
    let of = |count, modes: &[&str]| {
        let mut app = replicas(of_workload("app", labels(&[("app", "app")])), count);
        app.workload.iter_mut().for_each(|app| drop(app.pod.claims.insert("data".into(), "data".into())));
        let access_modes = modes.iter().map(|mode| (*mode).to_owned()).collect();
        let claim = member("v1", "PersistentVolumeClaim", "data", |member| member.claim = Some(Claim { access_modes }));
        in_set(&placement::CANNOT_PLACE, vec![app, claim]).len()
    };
    assert_eq!(of(1, &["ReadWriteOnce"]), 1);
    assert_eq!(of(1, &["ReadWriteOnce", "ReadWriteMany"]), 0);
    assert_eq!(of(2, &["ReadWriteOnce"]), 0);
}

#[test]
fn a_service_without_selector_has_endpoints_from_elsewhere() {
    let service = member("v1", "Service", "app", |member| member.service = Some(Service::default()));
    let objects = vec![of_workload("app", labels(&[("app", "app")])), service];
    assert_eq!(in_set(&services::SELECTS_NOTHING, objects), []);
}

#[test]
fn settings_are_checked() {
    let rollout: Rollout = serde_json::from_str(r#"{"metrics-ports": [""]}"#).expect("settings");
    assert_eq!(rollout.validate(), Err("metrics-ports: an empty name matches no port; remove it".to_owned()));
}
