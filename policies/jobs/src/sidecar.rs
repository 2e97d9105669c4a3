//! Jobs that never complete, because a container beside the work never ends.

use plimsoll_policy::{
    Finding, Findings, Level, Rule, Workload,
    agent::Agent,
    workload::{Container, Controller},
};

pub(crate) const HELD: Rule = Rule::new(
    "job-held-by-sidecar",
    Level::Warn,
    "an ordinary container of a Job never ends, so the Job never completes",
);

/// What a container that knows of the others says to end them. A proxy with `--quitquitquit` waits for such a call.
const ENDINGS: [&str; 5] = ["quitquitquit", "pkill", "killall", "kill ", "/shutdown"];

pub(crate) fn check(workload: &Workload, findings: &mut Findings<'_>) {
    if !matches!(workload.controller, Controller::Job(_) | Controller::CronJob(_)) {
        return;
    }
    let applications: Vec<&Container> = workload.pod.applications().collect();
    if applications.len() < 2 || applications.iter().any(|container| says_to_end(container)) {
        return;
    }
    let endless: Vec<Option<&str>> = applications.iter().map(|container| why_endless(container)).collect();
    // Where nothing else runs, the container is the work.
    if endless.iter().all(Option::is_some) {
        return;
    }
    for (container, why) in applications.into_iter().zip(endless) {
        let Some(why) = why else { continue };
        let message = format!(
            "`{}` {why}: the pod never ends, and the Job never completes, also when its work is done",
            container.name
        );
        let help = "move it to `initContainers` with `restartPolicy: Always`: the kubelet ends such a sidecar when the \
                    other containers have ended";
        findings.push(Finding::new(&HELD, container.pointer.clone(), message).help(help).container(container));
    }
}

fn says_to_end(container: &Container) -> bool {
    container.argv().any(|word| ENDINGS.iter().any(|ending| word.contains(ending)))
}

fn why_endless(container: &Container) -> Option<&'static str> {
    match Agent::of(container) {
        _ if container.never_ends() => Some("never ends by its command"),
        Some(Agent::Proxy) => Some("is a proxy, which never ends by itself"),
        Some(Agent::Collector | Agent::LogShipper) => Some("is an agent, which never ends by itself"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Jobs, testing::running};
    use plimsoll_policy::{
        testing::{container, deployment, found, job},
        workload::Class,
    };

    fn held(containers: impl IntoIterator<Item = Container>) -> Vec<String> {
        found(&Jobs::default(), &HELD, &job(containers)).into_iter().filter_map(|finding| finding.container).collect()
    }

    fn proxy() -> Container {
        running("proxy", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1", &[])
    }

    #[test]
    fn what_never_ends_beside_the_work_holds_the_job() {
        let work = || container("work");
        assert_eq!(held([work(), proxy()]), ["proxy"]);
        assert_eq!(held([work(), running("shell", "busybox:1.36.1", &["sleep", "infinity"])]), ["shell"]);
        assert_eq!(held([work(), running("pause", "registry.k8s.io/pause:3.10", &[])]), ["pause"]);
        let logs = running("logs", "busybox:1.36.1", &["sh", "-c", "tail -F /log/app.log"]);
        assert_eq!(held([work(), logs]), ["logs"]);
        assert_eq!(held([work(), running("shell", "busybox:1.36.1", &["sleep", "30"])]), [""; 0]);
        assert_eq!(held([work(), Container { class: Class::Sidecar, ..proxy() }]), [""; 0]);
        assert_eq!(held([work(), work()]), [""; 0]);
    }

    #[test]
    fn what_is_told_to_end_or_is_the_work_itself_holds_nothing() {
        assert_eq!(held([proxy()]), [""; 0]);
        let script = "migrate; curl -X POST localhost:9091/quitquitquit";
        assert_eq!(held([running("work", "registry.example/m:1.2.3", &["sh", "-c", script]), proxy()]), [""; 0]);
        let listening = Container { args: vec!["--quitquitquit".to_owned()], ..proxy() };
        assert_eq!(held([container("work"), listening]), [""; 0]);
        assert_eq!(found(&Jobs::default(), &HELD, &deployment([container("work"), proxy()])), []);
    }
}
