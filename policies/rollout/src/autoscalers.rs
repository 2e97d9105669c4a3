//! Autoscalers and the workloads that they scale.

use crate::pods::Pods;
use plimsoll_policy::{Autoscaler, Finding, Findings, Level, Member, Rule, Utilization, Workload, workload::Container};

pub(crate) const REPLICAS: Rule =
    Rule::new("replicas-and-autoscaler", Level::Warn, "the manifest writes the replicas that an autoscaler owns");
pub(crate) const REQUESTS: Rule = Rule::new(
    "autoscaler-without-requests",
    Level::Deny,
    "an autoscaler compares with requests that the pods do not have, and so never scales",
);

/// What fills in the requests of pods that have none.
const LIMIT_RANGE: &str = "LimitRange";

pub(crate) fn check(pods: &Pods<'_>, findings: &mut Findings<'_>) {
    let has_defaults = pods.set.other_kinds.iter().any(|kind| kind == LIMIT_RANGE);
    for (index, member) in pods.members() {
        let Some(autoscaler) = &member.autoscaler else { continue };
        let Some((object, workload)) = pods.of_autoscaler(autoscaler) else { continue };
        if pods.set.objects[object as usize].writes_replicas {
            findings.push(replicas((object, workload), (index, member)));
        }
        if !has_defaults {
            let metrics = autoscaler.utilization.iter();
            findings.extend(metrics.filter_map(|metric| without_request(metric, (object, workload), (index, member))));
        }
    }
}

fn replicas((object, workload): (u32, &Workload), (index, member): (u32, &Member)) -> Finding {
    let count = workload.scale().map_or(0, |(_, replicas)| replicas);
    let message = format!(
        "{} `{}` sets the replicas, and the manifest writes {count}: each time it is applied, the scale is reset",
        member.kind, member.name
    );
    Finding::new(&REPLICAS, "/spec/replicas", message)
        .object(object)
        .related_to(index, TARGET, "scales this")
        .help("remove replicas from the manifest")
        .remove("/spec/replicas")
        // What applies it next may set the scale to one for a moment.
        .unsafe_fix()
}

const TARGET: &str = "/spec/scaleTargetRef/name";

fn without_request(
    metric: &Utilization,
    (object, workload): (u32, &Workload),
    (index, member): (u32, &Member),
) -> Option<Finding> {
    let container = lacking(metric, workload)?;
    let Utilization { resource, pointer, .. } = metric;
    let message = format!(
        "{} `{}` scales by the {resource} that pods use of what they request, and `{}` requests none: it never computes \
         a scale",
        member.kind, member.name, container.name
    );
    let finding = Finding::new(&REQUESTS, container.field("resources/requests").step(resource), message)
        .object(object)
        .container(container)
        .related_to(index, pointer, "compares with requests")
        .help(format!("resources: {{requests: {{{resource}: …}}}} in every container"));
    Some(finding)
}

/// The container that keeps a metric from being computed: the kubelet's numbers are added up over all containers that
/// run as long as the pod, and one without a request is an error (`calculatePodRequests` in Kubernetes'
/// `pkg/controller/podautoscaler/replica_calculator.go`). Requests of the pod as a whole go first.
fn lacking<'a>(metric: &Utilization, workload: &'a Workload) -> Option<&'a Container> {
    let pod = &workload.pod;
    let of_pod = match metric.resource.as_str() {
        "cpu" => pod.has_cpu_request,
        "memory" => pod.has_memory_request,
        _ => return None,
    };
    let requests = |container: &Container| match metric.resource.as_str() {
        "cpu" => container.cpu_request_millis.is_some(),
        _ => container.has_memory_request,
    };
    match &metric.container {
        Some(name) => pod.long_running().find(|container| container.name == *name && !requests(container)),
        None if of_pod => None,
        None => pod.long_running().find(|container| !requests(container)),
    }
}

/// The fewest and the most pods of a workload, as far as the set knows.
pub(crate) fn scale(workload: &Workload, autoscaler: Option<&Autoscaler>) -> Option<(i64, i64)> {
    let (_, replicas) = workload.scale()?;
    Some(match autoscaler {
        // At 0 there is nothing to evict.
        Some(autoscaler) => (autoscaler.min_replicas.max(1), autoscaler.max_replicas.max(1)),
        None => (replicas, replicas),
    })
}
