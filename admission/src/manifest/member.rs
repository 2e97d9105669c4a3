//! What rules about a set see of an object that runs no pods. What cannot be read of it is left out: the API server has
//! its own words for that, and no rule may guess.

use super::{
    field::{Node, Result},
    kind::group,
    view::{controller::label_selector, int_or_percent},
};
use plimsoll_policy::{
    Autoscaler, Claim, DisruptionBudget, Member, Service, ServicePort, Utilization,
    workload::{Map, Port},
};
use serde_json::Value;

/// Group and kind of the objects that are members of a set beside the workloads.
pub const MEMBERS: [(&str, &str); 5] = [
    ("", "Service"),
    ("", "PersistentVolumeClaim"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("keda.sh", "ScaledObject"),
    ("policy", "PodDisruptionBudget"),
];

/// Whether objects of that kind are members of a set.
pub(super) fn is_member(api_version: &str, kind: &str) -> bool {
    MEMBERS.contains(&(group(api_version), kind))
}

/// Group and kind as one word: `Alertmanager.monitoring.coreos.com`, `ConfigMap`.
pub(super) fn kind_name(api_version: &str, kind: &str) -> String {
    match group(api_version) {
        "" => kind.to_owned(),
        group => format!("{kind}.{group}"),
    }
}

/// API version and kind of an object, if it has both.
pub(super) fn head(value: &Value) -> Option<(&str, &str)> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    text("apiVersion").zip(text("kind"))
}

/// The namespace as written, and the object; none where it is of another kind, or has no readable `spec`.
pub fn member(value: &Value) -> Option<(Option<String>, Member)> {
    let (api_version, kind) = head(value).filter(|(api_version, kind)| is_member(api_version, kind))?;
    let text = |field: &str| {
        let text = value.get("metadata")?.get(field)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let mut member = Member {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: text("name").or_else(|| text("generateName")).unwrap_or_default(),
        ..Member::default()
    };
    let root = Node::root(value.as_object()?);
    view(&root, &mut member).ok()?;
    Some((text("namespace"), member))
}

/// Whether whoever applied an object of a cluster wrote `spec.replicas`: `kubectl apply` keeps what was written in an
/// annotation, and server-side apply says who manages which field. The value itself is there whoever wrote it.
pub fn applies_replicas(object: &Value) -> bool {
    const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let metadata = &object["metadata"];
    let applied = metadata["annotations"][LAST_APPLIED].as_str();
    let applied = applied.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let is_applied = |manager: &Value| {
        manager["operation"] == "Apply"
            && manager["subresource"].is_null()
            && manager["fieldsV1"]["f:spec"].get("f:replicas").is_some()
    };
    applied.is_some_and(|applied| !applied["spec"]["replicas"].is_null())
        || metadata["managedFields"].as_array().is_some_and(|managers| managers.iter().any(is_applied))
}

fn view(root: &Node<'_>, member: &mut Member) -> Result<()> {
    let spec = root.required_object("spec")?;
    match member.kind.as_str() {
        "Service" => member.service = Some(service(&spec)?),
        "PersistentVolumeClaim" => member.claim = Some(Claim { access_modes: spec.strings("accessModes")? }),
        "HorizontalPodAutoscaler" => member.autoscaler = Some(horizontal_pod_autoscaler(&spec)?),
        "ScaledObject" => member.autoscaler = Some(scaled_object(&spec)?),
        _ => member.budget = Some(budget(&spec, &member.api_version)?),
    }
    Ok(())
}

/// An ExternalName selects nothing, whatever it says.
fn service(spec: &Node<'_>) -> Result<Service> {
    let port = |node: &Node<'_>| {
        let target = match node.get("targetPort") {
            Some(Value::String(name)) => Some(Port::Name(name.clone())),
            Some(Value::Number(number)) => number.as_i64().map(Port::Number),
            _ => None,
        };
        Ok(ServicePort { name: node.text("name")?.map(str::to_owned), port: node.int("port", 0)?.unwrap_or(0), target })
    };
    let is_external = spec.text("type")? == Some("ExternalName");
    Ok(Service {
        selector: if is_external { Map::new() } else { spec.map("selector")? },
        headless: spec.text("clusterIP")? == Some("None"),
        ports: spec.each("ports", port)?,
    })
}

fn horizontal_pod_autoscaler(spec: &Node<'_>) -> Result<Autoscaler> {
    let target = spec.required_object("scaleTargetRef")?;
    let text = |name: &str| Ok(target.text(name)?.unwrap_or_default().to_owned());
    Ok(Autoscaler {
        target_api_version: text("apiVersion")?,
        target_kind: text("kind")?,
        target_name: text("name")?,
        min_replicas: spec.int("minReplicas", 0)?.unwrap_or(1),
        max_replicas: spec.int("maxReplicas", 0)?.unwrap_or(i64::from(i32::MAX)),
        utilization: utilization(spec)?,
    })
}

/// Where no metric is written the API server adds one: 80 % of the CPU that the pods request.
fn utilization(spec: &Node<'_>) -> Result<Vec<Utilization>> {
    let cpu =
        |field: &str| Utilization { pointer: spec.pointer().join(field), resource: "cpu".into(), container: None };
    if spec.has("targetCPUUtilizationPercentage") {
        return Ok(vec![cpu("targetCPUUtilizationPercentage")]);
    }
    if !spec.has_items("metrics") {
        return Ok(vec![cpu("metrics")]);
    }
    let metric = |node: &Node<'_>| {
        let source = match node.text("type")? {
            Some("Resource") => node.object("resource")?,
            Some("ContainerResource") => node.object("containerResource")?,
            _ => None,
        };
        let Some(source) = source else { return Ok(None) };
        let of_target = match source.object("target")? {
            Some(target) => target.text("type")? == Some("Utilization") || target.has("averageUtilization"),
            // `autoscaling/v2beta1`
            None => source.has("targetAverageUtilization"),
        };
        Ok(of_target.then_some(Utilization {
            pointer: node.pointer(),
            resource: source.text("name")?.unwrap_or_default().to_owned(),
            container: source.text("container")?.map(str::to_owned),
        }))
    };
    Ok(spec.each("metrics", metric)?.into_iter().flatten().collect())
}

/// Defaults: kedacore/keda `apis/keda/v1alpha1/scaledobject_types.go`; the metrics: `pkg/scalers/cpu_memory_scaler.go`.
fn scaled_object(spec: &Node<'_>) -> Result<Autoscaler> {
    let target = spec.required_object("scaleTargetRef")?;
    let text = |name: &str, default: &str| Ok(target.text(name)?.unwrap_or(default).to_owned());
    let trigger = |node: &Node<'_>| {
        let resource = node.text("type")?.unwrap_or_default();
        let metadata = node.object("metadata")?;
        let of_metadata = |name| metadata.as_ref().map_or(Ok(None), |metadata| metadata.text(name));
        let kind = node.text("metricType")?.or(of_metadata("type")?);
        let is_utilization = matches!(resource, "cpu" | "memory") && kind == Some("Utilization");
        Ok(is_utilization.then_some(Utilization {
            pointer: node.pointer(),
            resource: resource.to_owned(),
            container: of_metadata("containerName")?.map(str::to_owned),
        }))
    };
    Ok(Autoscaler {
        target_api_version: text("apiVersion", "apps/v1")?,
        target_kind: text("kind", "Deployment")?,
        target_name: text("name", "")?,
        min_replicas: spec.int("minReplicaCount", 0)?.unwrap_or(0),
        max_replicas: spec.int("maxReplicaCount", 0)?.unwrap_or(100),
        utilization: spec.each("triggers", trigger)?.into_iter().flatten().collect(),
    })
}

fn budget(spec: &Node<'_>, api_version: &str) -> Result<DisruptionBudget> {
    let selector = spec.object("selector")?.map(|selector| label_selector(&selector)).transpose()?;
    let selects_nothing_if_empty = api_version == "policy/v1beta1";
    Ok(DisruptionBudget {
        selector: selector.filter(|selector| !(selects_nothing_if_empty && selector.is_empty())),
        min_available: int_or_percent(spec, "minAvailable")?,
        max_unavailable: int_or_percent(spec, "maxUnavailable")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_policy::workload::IntOrPercent;
    use serde_json::json;

    fn of(value: &Value) -> Member {
        member(value).expect("a member").1
    }

    fn autoscaler(api_version: &str, kind: &str, spec: &Value) -> Autoscaler {
        let value = json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": "x" }, "spec": spec });
        of(&value).autoscaler.expect("an autoscaler")
    }

    fn measured(autoscaler: &Autoscaler) -> Vec<String> {
        let text =
            |it: &Utilization| format!("{} {} {}", it.pointer, it.resource, it.container.as_deref().unwrap_or("pod"));
        autoscaler.utilization.iter().map(text).collect()
    }

    #[test]
    fn an_autoscaler_measures_utilization_in_every_version_of_its_api() {
        let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop" });
        for (api_version, field, value, expected) in [
            (
                "autoscaling/v1",
                "targetCPUUtilizationPercentage",
                json!(50),
                "/spec/targetCPUUtilizationPercentage cpu pod",
            ),
            ("autoscaling/v2", "none", json!(null), "/spec/metrics cpu pod"),
            (
                "autoscaling/v2",
                "metrics",
                json!([
                    { "type": "Pods", "pods": {} },
                    { "type": "Resource", "resource": { "name": "memory", "target": { "type": "Utilization" } } },
                ]),
                "/spec/metrics/1 memory pod",
            ),
            (
                "autoscaling/v2",
                "metrics",
                json!([{ "type": "ContainerResource", "containerResource": {
                    "name": "cpu", "container": "app", "target": { "averageUtilization": 60 } } }]),
                "/spec/metrics/0 cpu app",
            ),
            (
                "autoscaling/v2beta1",
                "metrics",
                json!([{ "type": "Resource", "resource": { "name": "cpu", "targetAverageUtilization": 50 } }]),
                "/spec/metrics/0 cpu pod",
            ),
        ] {
            let spec = json!({ "scaleTargetRef": target, "maxReplicas": 5, field: value });
            let found = autoscaler(api_version, "HorizontalPodAutoscaler", &spec);
            assert_eq!(measured(&found), [expected], "{api_version}");
            assert_eq!((found.min_replicas, found.max_replicas), (1, 5));
        }
        let by_value =
            json!([{ "type": "Resource", "resource": { "name": "cpu", "target": { "averageValue": "1" } } }]);
        let spec = json!({ "scaleTargetRef": target, "minReplicas": 0, "metrics": by_value });
        let found = autoscaler("autoscaling/v2", "HorizontalPodAutoscaler", &spec);
        assert_eq!((measured(&found), found.min_replicas), (vec![], 0));
    }

    #[test]
    fn a_scaled_object_has_the_defaults_of_keda() {
        let triggers = json!([
            { "type": "cpu", "metricType": "Utilization", "metadata": { "value": "50", "containerName": "app" } },
            { "type": "memory", "metadata": { "type": "Utilization", "value": "50" } },
            { "type": "cpu", "metricType": "AverageValue", "metadata": { "value": "1" } },
            { "type": "kafka", "metadata": {} },
        ]);
        let spec = json!({ "scaleTargetRef": { "name": "shop" }, "triggers": triggers });
        let found = autoscaler("keda.sh/v1alpha1", "ScaledObject", &spec);
        assert_eq!(measured(&found), ["/spec/triggers/0 cpu app", "/spec/triggers/1 memory pod"]);
        assert_eq!((found.target_api_version.as_str(), found.target_kind.as_str()), ("apps/v1", "Deployment"));
        assert_eq!((found.min_replicas, found.max_replicas), (0, 100));
    }

    #[test]
    fn an_empty_selector_of_a_budget_means_all_pods_in_v1_and_none_before() {
        let labels = Map::from([("app".to_owned(), "shop".to_owned())]);
        for (api_version, selector, selects) in [
            ("policy/v1", json!({}), true),
            ("policy/v1beta1", json!({}), false),
            ("policy/v1", json!(null), false),
            ("policy/v1", json!({ "matchLabels": { "app": "shop" } }), true),
            ("policy/v1", json!({ "matchExpressions": [{ "key": "app", "operator": "Exists" }] }), true),
            ("policy/v1", json!({ "matchExpressions": [{ "key": "app", "operator": "DoesNotExist" }] }), false),
        ] {
            let spec = json!({ "selector": selector, "minAvailable": "50%" });
            let value = json!({ "apiVersion": api_version, "kind": "PodDisruptionBudget", "spec": spec });
            let budget = of(&value).budget.expect("a budget");
            assert_eq!(budget.selects(&labels), selects, "{api_version} {selector}");
            assert_eq!(budget.min_available, Some(IntOrPercent::Percent(50)));
        }
    }

    #[test]
    fn replicas_are_applied_by_whoever_wrote_them() {
        let annotated = |written: &str| {
            let last = "kubectl.kubernetes.io/last-applied-configuration";
            json!({ "metadata": { "annotations": { last: written } }, "spec": { "replicas": 3 } })
        };
        let managed = |operation: &str, subresource: Option<&str>| {
            let fields = json!({ "f:spec": { "f:replicas": {} } });
            let manager = json!({ "operation": operation, "subresource": subresource, "fieldsV1": fields });
            json!({ "metadata": { "managedFields": [manager] }, "spec": { "replicas": 3 } })
        };
        for (object, expected) in [
            (annotated(r#"{"spec":{"replicas":3}}"#), true),
            (annotated(r#"{"spec":{}}"#), false),
            (annotated("no JSON"), false),
            (managed("Apply", None), true),
            (managed("Apply", Some("scale")), false),
            (managed("Update", None), false),
            (json!({ "spec": { "replicas": 3 } }), false),
        ] {
            assert_eq!(applies_replicas(&object), expected, "{object}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_member() {
        for spec in [json!(null), json!({ "scaleTargetRef": 1 }), json!({ "scaleTargetRef": {}, "minReplicas": "two" })]
        {
            let value = json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": spec });
            assert_eq!(member(&value), None, "{spec}");
        }
        assert_eq!(member(&json!({ "apiVersion": "v1", "kind": "ConfigMap", "spec": {} })), None);
    }
}
