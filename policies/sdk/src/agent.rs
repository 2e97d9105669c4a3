//! Proxies and agents that are put beside an application, known by the name of their image.

use crate::{
    glob,
    image::Parts,
    shell,
    workload::{Class, Container, PodTemplate},
};

/// What a container beside an application is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// It carries the application's connections.
    Proxy,
    /// It takes the application's spans and metrics, and sends them on.
    Collector,
    /// It reads what the application writes, and sends that on.
    LogShipper,
}

/// The last part of an image's name, or the last two; `*` stands for any text.
static IMAGES: [(&str, Agent); 41] = [
    ("alloydb-auth-proxy", Agent::Proxy),
    ("cloud-sql-proxy", Agent::Proxy),
    ("cloudsql-docker/gce-proxy", Agent::Proxy),
    ("consul-dataplane", Agent::Proxy),
    ("daprd", Agent::Proxy),
    ("envoy", Agent::Proxy),
    ("haproxy", Agent::Proxy),
    ("kuma-dp", Agent::Proxy),
    ("kube-rbac-proxy", Agent::Proxy),
    ("linkerd/proxy", Agent::Proxy),
    ("nginx", Agent::Proxy),
    ("nginx-unprivileged", Agent::Proxy),
    ("oauth2-proxy", Agent::Proxy),
    ("pgbouncer", Agent::Proxy),
    ("proxyv2", Agent::Proxy),
    ("squid", Agent::Proxy),
    ("traefik", Agent::Proxy),
    ("alloy", Agent::Collector),
    ("aws-otel-collector", Agent::Collector),
    ("aws-xray-daemon", Agent::Collector),
    ("cloudwatch-agent", Agent::Collector),
    ("datadog/agent", Agent::Collector),
    ("datadoghq/agent", Agent::Collector),
    ("grafana-agent", Agent::Collector),
    ("grafana/agent", Agent::Collector),
    ("jaeger-agent", Agent::Collector),
    ("opentelemetry-collector*", Agent::Collector),
    ("otel-collector*", Agent::Collector),
    ("otelcol*", Agent::Collector),
    ("rotel", Agent::Collector),
    ("splunk-otel-collector", Agent::Collector),
    ("statsd-exporter", Agent::Collector),
    ("telegraf", Agent::Collector),
    ("elastic-agent", Agent::LogShipper),
    ("filebeat", Agent::LogShipper),
    ("fluent-bit", Agent::LogShipper),
    ("aws-for-fluent-bit", Agent::LogShipper),
    ("fluentd", Agent::LogShipper),
    ("promtail", Agent::LogShipper),
    ("timberio/vector", Agent::LogShipper),
    ("vector", Agent::LogShipper),
];

impl Agent {
    /// The agent that runs in a container; none where a shell string decides what runs there.
    pub fn of(container: &Container) -> Option<Agent> {
        let argv: Vec<&str> = container.argv().collect();
        if shell::invocation(&argv).is_some() {
            return None;
        }
        let name = Parts::of(&container.image).name;
        let steps = |count| name.rmatch_indices('/').nth(count).map_or(name, |(at, _)| &name[at + 1..]);
        let is = |pattern: &str| glob::matches(pattern, steps(pattern.matches('/').count()));
        IMAGES.iter().find(|(pattern, _)| is(pattern)).map(|(_, agent)| *agent)
    }
}

impl PodTemplate {
    /// The application containers that do something and are no agents.
    pub fn without_agents(&self) -> impl Iterator<Item = &Container> {
        self.working().filter(|container| container.class == Class::Application && Agent::of(container).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn agents_are_known_by_their_image() {
        for (image, expected) in [
            ("gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1", Some(Agent::Proxy)),
            ("gcr.io/cloudsql-docker/gce-proxy:1.33.2", Some(Agent::Proxy)),
            ("acme/gce-proxy:1.0.0", None),
            ("cr.l5d.io/linkerd/proxy:edge-25.1.1", Some(Agent::Proxy)),
            ("linkerd/proxy", Some(Agent::Proxy)),
            ("acme/proxy:1.0.0", None),
            ("nginx", Some(Agent::Proxy)),
            ("otel/opentelemetry-collector-contrib:0.110.0", Some(Agent::Collector)),
            ("registry:5000/otelcol", Some(Agent::Collector)),
            ("gcr.io/datadoghq/agent:7.60.0", Some(Agent::Collector)),
            ("acme/agent:1.0.0", None),
            ("fluent/fluent-bit@sha256:12", Some(Agent::LogShipper)),
            ("registry.example/app:1.4.2", None),
        ] {
            let container = Container { image: image.to_owned(), ..testing::container("c") };
            assert_eq!(Agent::of(&container), expected, "{image}");
        }
    }

    #[test]
    fn a_shell_string_may_end_it() {
        let command =
            ["sh", "-c", "cloud_sql_proxy & until test -f /done; do sleep 1; done"].map(str::to_owned).to_vec();
        let container = Container { image: "gce-proxy".to_owned(), command, ..testing::container("c") };
        assert_eq!(Agent::of(&container), None);
    }
}
