//! Endpoints that the exporter cannot reach as they are written.

use plimsoll_policy::{Finding, Findings, Level, Rule, workload::Container};

pub(crate) const MISMATCH: Rule = Rule::new(
    "otlp-endpoint-mismatch",
    Level::Deny,
    "an OTLP endpoint without a scheme, or with the port of another protocol than the exporter speaks",
);

const EXPORTER: &str = "OTEL_EXPORTER_OTLP_";

/// The ports of a collector's OTLP receiver, and the protocol that each speaks.
const PORTS: [(&str, &str); 2] = [("4317", "grpc"), ("4318", "http")];

/// Targets that gRPC resolves by itself.
const GRPC_TARGETS: [&str; 5] = ["unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:"];

pub(crate) fn check(container: &Container, findings: &mut Findings<'_>) {
    for (at, variable) in container.env.iter().enumerate() {
        let Some(signal) = signal(&variable.name) else { continue };
        let Some(value) = variable.value.as_deref().map(str::trim).filter(|value| !value.is_empty()) else { continue };
        // What the kubelet puts in may be anything: `$(COLLECTOR)`, `http://$(HOST):4317`.
        let told = protocol(container, signal);
        let protocol = told.as_ref().map(|(_, protocol)| *protocol);
        let wrong = if value.starts_with("$(") {
            None
        } else if has_scheme(value) {
            told.and_then(|(told, protocol)| wrong_port(value, &told, protocol))
        } else {
            Some(without_scheme(&variable.name, value, protocol))
        };
        if let Some((message, help)) = wrong {
            let pointer = container.field(&format!("env/{at}/value"));
            findings.push(Finding::new(&MISMATCH, pointer, message).help(help).container(container));
        }
    }
}

/// `TRACES_` for `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`; empty for the endpoint of all signals.
fn signal(name: &str) -> Option<&str> {
    name.strip_prefix(EXPORTER)?
        .strip_suffix("ENDPOINT")
        .filter(|signal| matches!(*signal, "" | "TRACES_" | "METRICS_" | "LOGS_"))
}

/// What the exporter is told to speak, `grpc` or `http`, and by which variable; none where it is its own default, which
/// differs by SDK.
fn protocol(container: &Container, signal: &str) -> Option<(String, &'static str)> {
    let names = [format!("{EXPORTER}{signal}PROTOCOL"), format!("{EXPORTER}PROTOCOL")];
    let name = names.into_iter().find(|name| container.env(name).is_some())?;
    match container.env(&name)?.value.as_deref()?.trim() {
        "grpc" => Some((name, "grpc")),
        "http/protobuf" | "http/json" => Some((name, "http")),
        _ => None,
    }
}

fn has_scheme(value: &str) -> bool {
    value.contains("://") || GRPC_TARGETS.iter().any(|target| value.starts_with(target))
}

fn without_scheme(name: &str, value: &str, protocol: Option<&str>) -> (String, String) {
    let path = if protocol == Some("http") && value.ends_with(":4317") {
        value.replace(":4317", ":4318")
    } else {
        value.to_owned()
    };
    (
        format!(
            "`{name}` is `{value}`, without a scheme: most SDKs refuse it or take the host for the scheme, and send \
             nothing"
        ),
        format!("write `http://{path}`, or `https://` where the collector has a certificate"),
    )
}

fn wrong_port(value: &str, told: &str, protocol: &str) -> Option<(String, String)> {
    let authority = value.split_once("://")?.1.split(['/', '?']).next()?;
    let port = authority.rsplit_once(':')?.1;
    let (_, spoken) = PORTS.iter().find(|(known, _)| *known == port)?;
    let (right, _) = PORTS.iter().find(|(_, spoken)| *spoken == protocol)?;
    let other = match protocol {
        "grpc" => "http/protobuf",
        _ => "grpc",
    };
    (*spoken != protocol).then(|| {
        (
            format!("the exporter speaks {protocol}, and port {port} of a collector takes {spoken}: nothing arrives"),
            format!("write port {right}, or `{told}: {other}`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Telemetry,
        testing::{exporting, with},
    };
    use expect_test::expect;
    use plimsoll_policy::testing::{container, deployment, found};

    fn messages(container: Container) -> Vec<String> {
        let found = found(&Telemetry {}, &MISMATCH, &deployment([container]));
        found.into_iter().map(|finding| format!("{} ({})", finding.message, finding.help.unwrap())).collect()
    }

    #[test]
    fn an_endpoint_is_a_url_with_the_port_of_its_protocol() {
        for (endpoint, protocol, wrong) in [
            ("http://collector:4317", None, false),
            ("http://collector:4318", None, false),
            ("http://collector:4317", Some("grpc"), false),
            ("http://collector:4318", Some("http/protobuf"), false),
            ("https://collector.example/v1", Some("http/protobuf"), false),
            ("http://collector:4318", Some("grpc"), true),
            ("http://collector:4317/", Some("http/protobuf"), true),
            ("http://collector:4317/v1/traces", Some("http/json"), true),
            ("http://[::1]:4318", Some("grpc"), true),
            ("http://collector:4317", Some("kafka"), false),
            ("collector:4317", None, true),
            ("collector:4317", Some("grpc"), true),
            ("10.0.0.1:4318", Some("http/protobuf"), true),
            ("collector", None, true),
            ("$(COLLECTOR)", None, false),
            ("http://$(HOST_IP):4317", Some("grpc"), false),
            ("http://$(HOST_IP):4318", Some("grpc"), true),
            ("unix:///run/otel.sock", Some("grpc"), false),
            ("dns:collector:4317", Some("grpc"), false),
            ("", None, false),
        ] {
            let protocol = protocol.map(|protocol| ("OTEL_EXPORTER_OTLP_PROTOCOL", Some(protocol)));
            let app = with(exporting(endpoint), &protocol.into_iter().collect::<Vec<_>>());
            assert_eq!(messages(app).len(), usize::from(wrong), "{endpoint} {protocol:?}");
        }
    }

    #[test]
    fn each_signal_has_its_own_endpoint_and_protocol() {
        let app = with(
            container("app"),
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", Some("grpc")),
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Some("http://collector:4317")),
                ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", Some("http/protobuf")),
                ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", Some("http://collector:4317/v1/metrics")),
                ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", Some("collector:4317")),
                ("OTEL_EXPORTER_JAEGER_ENDPOINT", Some("collector:14250")),
            ],
        );
        expect![[r#"
            the exporter speaks http, and port 4317 of a collector takes grpc: nothing arrives (write port 4318, or `OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: grpc`)
            `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` is `collector:4317`, without a scheme: most SDKs refuse it or take the host for the scheme, and send nothing (write `http://collector:4317`, or `https://` where the collector has a certificate)"#]].assert_eq(&messages(app).join("\n"));
    }
}
