//! A collector beside the application that stops when the application does.

use plimsoll_policy::{Finding, Findings, Level, Rule, Workload, agent::Agent};

pub(crate) const OUTLIVED: Rule = Rule::new(
    "collector-outlived",
    Level::Warn,
    "a collector is an ordinary container: it stops with the application, whose last telemetry is lost",
);

pub(crate) fn check(workload: &Workload, findings: &mut Findings<'_>) {
    // A Job that has one never completes, which is another rule's.
    if workload.runs_to_completion() {
        return;
    }
    let pod = &workload.pod;
    let Some(application) = pod.without_agents().next() else { return };
    let collectors = pod.applications().filter(|container| Agent::of(container) == Some(Agent::Collector));
    // A hook holds its SIGTERM back.
    for collector in collectors.filter(|collector| collector.pre_stop.is_none()) {
        let message = format!(
            "this collector gets SIGTERM at the same moment as `{}`, and ends first where it has nothing left to do: \
             what the application sends while it stops is lost, and that is what says how it stopped",
            application.name
        );
        let help = "move it to `initContainers` with `restartPolicy: Always`: such a sidecar is stopped after the \
                    applications";
        findings.push(Finding::new(&OUTLIVED, collector.pointer.clone(), message).help(help).container(collector));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Telemetry;
    use plimsoll_policy::{
        testing::{container, deployment, found, hook, job},
        workload::{Class, Container, Handler},
    };

    fn collector() -> Container {
        Container { image: "otel/opentelemetry-collector:0.110.0".to_owned(), ..container("collector") }
    }

    #[test]
    fn a_collector_outlives_the_applications() {
        let count = |containers: Vec<Container>| found(&Telemetry {}, &OUTLIVED, &deployment(containers)).len();
        assert_eq!(count(vec![container("app"), collector()]), 1);
        assert_eq!(count(vec![container("app"), Container { class: Class::Sidecar, ..collector() }]), 0);
        assert_eq!(count(vec![collector()]), 0);
        assert_eq!(count(vec![collector(), collector()]), 0);
        let held = Container { pre_stop: Some(hook(Handler::Sleep { seconds: 10 })), ..collector() };
        assert_eq!(count(vec![container("app"), held]), 0);
        let shipper = Container { image: "fluent/fluent-bit:3.1.9".to_owned(), ..container("logs") };
        assert_eq!(count(vec![container("app"), shipper]), 0);
        assert_eq!(found(&Telemetry {}, &OUTLIVED, &job([container("app"), collector()])), []);
    }
}
