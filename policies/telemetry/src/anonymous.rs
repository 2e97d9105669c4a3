//! Telemetry under the name `unknown_service`.

use plimsoll_policy::{Finding, Findings, Level, Rule, Workload, agent::Agent, workload::Container};

pub(crate) const ANONYMOUS: Rule = Rule::new(
    "anonymous-telemetry",
    Level::Warn,
    "an OTLP exporter is configured, and nothing says which service it speaks for",
);

const EXPORTER: &str = "OTEL_EXPORTER_OTLP_";
const NAME: &str = "OTEL_SERVICE_NAME";
const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// What the OpenTelemetry operator sets the variables by, the name included.
const INJECTED: &str = "instrumentation.opentelemetry.io/inject-";

pub(crate) fn check(workload: &Workload, container: &Container, findings: &mut Findings<'_>) {
    let is_exporter = |name: &str, value: &Option<String>| name.starts_with(EXPORTER) && value.as_deref() != Some("");
    let exporter = container.env.iter().position(|variable| is_exporter(&variable.name, &variable.value));
    let Some(at) = exporter.filter(|_| !may_be_named(workload, container)) else { return };
    let variable = &container.env[at].name;
    let message = format!(
        "`{variable}` sends telemetry on, and neither `{NAME}` nor `service.name` says whose it is: it arrives as \
         `unknown_service`, together with that of every other program that has no name"
    );
    let help = format!("add the variable `{NAME}: {}`", workload.name.trim_end_matches('-'));
    findings
        .push(Finding::new(&ANONYMOUS, container.field(&format!("env/{at}")), message).help(help).container(container));
}

/// Whether anything gives it a name, or may do so out of sight of the manifest.
fn may_be_named(workload: &Workload, container: &Container) -> bool {
    let has = |name: &str, text: &str| {
        container.env(name).is_some_and(|variable| variable.value.as_ref().is_none_or(|value| value.contains(text)))
    };
    let is_named =
        |text: &str| ["service.name", "service_name", "service-name", NAME].iter().any(|name| text.contains(name));
    let by_options = container
        .env
        .iter()
        .any(|variable| variable.name.ends_with("_OPTIONS") && variable.value.as_deref().is_none_or(is_named));
    let is_set = container.env(NAME).is_some_and(|variable| variable.value.as_deref() != Some(""));
    // `$(NAME)` in the attributes is what another variable says.
    is_set
        || has(ATTRIBUTES, "service.name=")
        || has(ATTRIBUTES, "$(")
        || has("OTEL_SDK_DISABLED", "true")
        || container.has_env_from
        || by_options
        || container.argv().any(is_named)
        || Agent::of(container).is_some()
        || workload.pod.annotations.keys().any(|key| key.starts_with(INJECTED))
        || workload.is_unreadable(&container.field("env"))
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

    fn count(container: Container) -> usize {
        found(&Telemetry {}, &ANONYMOUS, &deployment([container])).len()
    }

    #[test]
    fn an_exporter_has_a_name() {
        for (variables, anonymous) in [
            (&[] as &[(&str, Option<&str>)], true),
            (&[(NAME, Some(""))], true),
            (&[(ATTRIBUTES, Some("deployment.environment=prod"))], true),
            (&[("OTEL_SDK_DISABLED", Some("false"))], true),
            (&[("JAVA_TOOL_OPTIONS", Some("-Xmx1g"))], true),
            (&[(NAME, Some("shop"))], false),
            (&[(NAME, None)], false),
            (&[(ATTRIBUTES, Some("service.namespace=a,service.name=shop"))], false),
            (&[(ATTRIBUTES, None)], false),
            (&[(ATTRIBUTES, Some("$(MORE)"))], false),
            (&[("OTEL_SDK_DISABLED", Some("true"))], false),
            (&[("JAVA_TOOL_OPTIONS", Some("-Dotel.service.name=shop"))], false),
        ] {
            assert_eq!(count(with(exporting("http://collector:4317"), variables)) == 1, anonymous, "{variables:?}");
        }
        assert_eq!(count(container("app")), 0);
        assert_eq!(count(with(container("app"), &[("OTEL_EXPORTER_OTLP_ENDPOINT", Some(""))])), 0);
    }

    #[test]
    fn what_may_name_it_out_of_sight_keeps_the_rule_silent() {
        assert_eq!(count(Container { has_env_from: true, ..exporting("http://collector:4317") }), 0);
        let args = ["--service_name", "shop"].map(str::to_owned).to_vec();
        assert_eq!(count(Container { args, ..exporting("http://collector:4317") }), 0);
        let mut injected = deployment([exporting("http://collector:4317")]);
        injected.pod.annotations.insert(format!("{INJECTED}java"), "true".to_owned());
        assert_eq!(found(&Telemetry {}, &ANONYMOUS, &injected), []);
    }

    #[test]
    fn says_what_arrives_and_what_to_write() {
        let found = found(&Telemetry {}, &ANONYMOUS, &deployment([exporting("http://collector:4317")]));
        let [finding] = &*found else { panic!("one finding") };
        expect![[r#"
            /spec/template/spec/containers/0/env/0: `OTEL_EXPORTER_OTLP_ENDPOINT` sends telemetry on, and neither `OTEL_SERVICE_NAME` nor `service.name` says whose it is: it arrives as `unknown_service`, together with that of every other program that has no name
            help: add the variable `OTEL_SERVICE_NAME: app`"#]].assert_eq(&format!(
            "{}: {}\nhelp: {}",
            finding.pointer,
            finding.message,
            finding.help.as_ref().unwrap()
        ));
    }
}
