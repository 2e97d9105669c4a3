//! Containers that stay stopped in a pod whose other containers keep running.

use plimsoll_policy::{
    Finding, Findings, Level, Rule, Workload,
    workload::{Container, RestartPolicy},
};

pub(crate) const NEVER_RESTARTED: Rule = Rule::new(
    "never-restarted",
    Level::Deny,
    "a container of a long-running workload is not restarted, because of its own `restartPolicy`",
);

pub(crate) fn check(workload: &Workload, working: &[&Container], findings: &mut Findings<'_>) {
    if workload.runs_to_completion() {
        return;
    }
    for container in working {
        never_restarted(container, findings);
    }
}

fn never_restarted(container: &Container, findings: &mut Findings<'_>) {
    let (policy, when) = match container.restart_policy {
        None | Some(RestartPolicy::Always) => return,
        Some(RestartPolicy::Never) => ("Never", "after any end, also after a liveness kill,"),
        Some(RestartPolicy::OnFailure) => {
            ("OnFailure", "after an end with exit code 0, as when it handles a liveness kill cleanly,")
        }
    };
    let unless = if container.has_restart_rules { ", unless one of its `restartPolicyRules` says so" } else { "" };
    let message = format!(
        "the container's own `restartPolicy: {policy}` goes before the pod's Always: {when} the kubelet does not start \
         it again{unless}, and the pod keeps running without it"
    );
    let field = container.field("restartPolicy");
    let help = "remove `restartPolicy` from the container; work that ends belongs in a Job or an init container";
    findings.push(
        Finding::new(&NEVER_RESTARTED, field.clone(), message)
            .help(help)
            .container(container)
            .remove(field)
            .unsafe_fix(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ContainerExt, container, deployment, fires, found, job, shown};
    use expect_test::expect;
    use plimsoll_policy::workload::Class;

    fn with(policy: RestartPolicy) -> Container {
        Container { restart_policy: Some(policy), ..container("app") }
    }

    #[test]
    fn an_application_must_come_back_after_it_ended() {
        for (container, denied) in [
            (container("app"), false),
            (with(RestartPolicy::Always), false),
            (with(RestartPolicy::OnFailure), true),
            (with(RestartPolicy::Never), true),
            (with(RestartPolicy::Always).class(Class::Sidecar), false),
            (with(RestartPolicy::Never).class(Class::Init), false),
            (
                Container { command: vec!["sleep".to_owned(), "infinity".to_owned()], ..with(RestartPolicy::Never) },
                false,
            ),
        ] {
            assert_eq!(fires(&NEVER_RESTARTED, container.clone()), denied, "{container:?}");
        }
        assert_eq!(found(&NEVER_RESTARTED, &job([with(RestartPolicy::Never)])), []);
    }

    #[test]
    fn says_which_end_is_for_good() {
        let rules = Container { name: "rules".to_owned(), has_restart_rules: true, ..with(RestartPolicy::Never) };
        let pod = deployment([with(RestartPolicy::Never), with(RestartPolicy::OnFailure), rules]);
        expect![[r#"
            app: the container's own `restartPolicy: Never` goes before the pod's Always: after any end, also after a liveness kill, the kubelet does not start it again, and the pod keeps running without it
              at /spec/template/spec/containers/0/restartPolicy
              help: remove `restartPolicy` from the container; work that ends belongs in a Job or an init container
              fix: Remove { pointer: "/spec/template/spec/containers/0/restartPolicy" }
            app: the container's own `restartPolicy: OnFailure` goes before the pod's Always: after an end with exit code 0, as when it handles a liveness kill cleanly, the kubelet does not start it again, and the pod keeps running without it
              at /spec/template/spec/containers/1/restartPolicy
              help: remove `restartPolicy` from the container; work that ends belongs in a Job or an init container
              fix: Remove { pointer: "/spec/template/spec/containers/1/restartPolicy" }
            rules: the container's own `restartPolicy: Never` goes before the pod's Always: after any end, also after a liveness kill, the kubelet does not start it again, unless one of its `restartPolicyRules` says so, and the pod keeps running without it
              at /spec/template/spec/containers/2/restartPolicy
              help: remove `restartPolicy` from the container; work that ends belongs in a Job or an init container
              fix: Remove { pointer: "/spec/template/spec/containers/2/restartPolicy" }
        "#]].assert_eq(&shown(&found(&NEVER_RESTARTED, &pod)));
    }
}
