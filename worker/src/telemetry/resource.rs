//! Whose telemetry it is.

use super::{NAME, environment::set};
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::{Resource, resource::EnvResourceDetector};

/// What a pod says of itself through the downward API, and the attribute that it becomes.
const POD: [(&str, &str); 5] = [
    ("POD_NAMESPACE", "k8s.namespace.name"),
    ("POD_NAME", "k8s.pod.name"),
    ("POD_UID", "k8s.pod.uid"),
    ("NODE_NAME", "k8s.node.name"),
    ("CONTAINER_NAME", "k8s.container.name"),
];

/// What the pod says, `OTEL_SERVICE_NAME` and the version win over `OTEL_RESOURCE_ATTRIBUTES`, and these over what would
/// be the name of the service and of its instance otherwise.
pub(super) fn resource(instance: &str) -> Resource {
    let given = Resource::builder_empty().with_detector(Box::new(EnvResourceDetector::new())).build();
    let given = |key: &'static str| given.get(&Key::new(key)).map(|value| value.to_string());
    let service = set("OTEL_SERVICE_NAME").or_else(|| given("service.name")).unwrap_or_else(|| NAME.to_owned());
    let instance = container().or_else(|| given("service.instance.id")).unwrap_or_else(|| instance.to_owned());
    let pod = POD.iter().filter_map(|(variable, attribute)| Some(KeyValue::new(*attribute, set(variable)?)));
    Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance))
        .with_attributes(pod)
        .build()
}

/// Where it runs, in the form that the conventions give to the instance of a service in Kubernetes.
fn container() -> Option<String> {
    Some(format!("{}.{}.{}", set("POD_NAMESPACE")?, set("POD_NAME")?, set("CONTAINER_NAME")?))
}
