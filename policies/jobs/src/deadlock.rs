//! Hooks that run after the release is ready, and are waited for by pods of that release.

use crate::{
    hook::{Hook, Operation, Tool},
    waits,
};
use plimsoll_policy::{
    Finding, Findings, Level, Member, Pointer, Rule, Set, Workload,
    contract::Contract,
    workload::{Class, Controller},
};
use std::collections::BTreeMap;

pub(crate) const DEADLOCK: Rule = Rule::new(
    "hook-deadlock",
    Level::Deny,
    "a hook that runs after the release is ready, and an init container of the release waits for it",
);

/// An init container, or a contract, that waits for a Job.
struct Waiter<'a> {
    object: u32,
    workload: &'a Workload,
    pointer: Pointer,
    /// Who waits, for a message.
    who: String,
}

/// Where a workload declares what its init containers wait for.
const AFTER: &str = "plimsoll.dev/after";

/// More places that say the same are not named.
const MOST_RELATED: usize = 5;

pub(crate) fn check(set: &Set, findings: &mut Findings<'_>) {
    let mut waiting: BTreeMap<String, Vec<Waiter<'_>>> = BTreeMap::new();
    for (object, member) in (0..).zip(&set.objects) {
        if let Some(workload) = member.workload.as_ref().filter(|workload| is_waited_for(workload)) {
            waiters(object, workload, &mut waiting);
        }
    }
    for (object, member) in (0..).zip(&set.objects) {
        let Some((hook, name)) = hook_job(member) else { continue };
        let mut follows = Vec::new();
        for waiter in waiting.get(name).into_iter().flatten() {
            if let Some(operation) = hook.follows(&waiter.workload.annotations) {
                follows.push((operation, waiter));
            }
        }
        if !follows.is_empty() {
            findings.push(finding(&hook, &follows).object(object));
        }
    }
}

/// The hook that a Job is, and the Job's name.
fn hook_job(member: &Member) -> Option<(Hook, &str)> {
    let workload = member.workload.as_ref()?;
    let Controller::Job(_) = workload.controller else { return None };
    Some((Hook::of(&workload.annotations)?, &workload.name))
}

/// Whether a release waits until its pods are ready: by default it does not wait for a Job that is no hook.
fn is_waited_for(workload: &Workload) -> bool {
    let is_job = matches!(workload.controller, Controller::Job(_) | Controller::CronJob(_));
    !is_job || Hook::of(&workload.annotations).is_some()
}

fn waiters<'a>(object: u32, workload: &'a Workload, waiting: &mut BTreeMap<String, Vec<Waiter<'a>>>) {
    let object_name = format!("{} `{}`", workload.kind, workload.name);
    let mut add = |name: String, pointer, who| {
        let all = waiting.entry(name).or_default();
        // A container that says it in several ways waits once.
        if all.last().is_none_or(|last| last.object != object) {
            all.push(Waiter { object, workload, pointer, who });
        }
    };
    for container in workload.pod.containers.iter().filter(|container| container.class == Class::Init) {
        for (name, field) in waits::of(container) {
            add(name, container.field(field), format!("init container `{}` of {object_name}", container.name));
        }
    }
    let contract = Contract::of(workload);
    for name in contract.after() {
        add(name.to_owned(), workload.pod.annotation(AFTER), format!("{object_name}, as `{AFTER}` says,"));
    }
}

fn finding(hook: &Hook, follows: &[(Operation, &Waiter<'_>)]) -> Finding {
    let (operation, first) = &follows[0];
    let (tool, of_tool) = match hook.tool {
        Tool::Helm => ("Helm", "`pre-install,pre-upgrade`"),
        Tool::Argo => ("Argo CD", "`PreSync`"),
    };
    let during = match (hook.tool, operation) {
        (Tool::Argo, _) => "a sync",
        (Tool::Helm, Operation::Install) => "an install",
        (Tool::Helm, Operation::Upgrade) => "an upgrade",
    };
    let waits = if hook.tool == Tool::Helm { " with `--wait` or `--atomic`" } else { "" };
    let message = format!(
        "in {during}{waits}, {tool} runs this hook (`{}`) only when {} `{}` is ready, and {} waits for this Job: both \
         wait until the deadline of the release",
        hook.written, first.workload.kind, first.workload.name, first.who,
    );
    let help = format!(
        "make it {of_tool}, or an ordinary Job of the release, with the revision in its name: then it runs beside the \
         pods that wait for it"
    );
    let related = |finding: Finding, (_, waiter): &(Operation, &Waiter<'_>)| {
        finding.related_to(waiter.object, waiter.pointer.clone(), format!("{} waits for it", waiter.who))
    };
    let finding = Finding::new(&DEADLOCK, hook.annotation(), message).help(help);
    follows.iter().take(MOST_RELATED).fold(finding, related)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Jobs, testing};
    use expect_test::expect;
    use plimsoll_policy::{
        Policy,
        testing::{container, deployment},
        workload::Container,
    };

    fn waiting(name: &str) -> Workload {
        let command =
            ["kubectl", "wait", "--for=condition=complete", &format!("job/{name}")].map(str::to_owned).to_vec();
        let wait = Container { class: Class::Init, command, ..container("wait") };
        deployment([container("app"), wait])
    }

    fn set(workloads: Vec<Workload>) -> Set {
        let member = |workload: Workload| Member {
            api_version: workload.api_version.clone(),
            kind: workload.kind.clone(),
            name: workload.name.clone(),
            workload: Some(workload),
            ..Member::default()
        };
        Set { objects: workloads.into_iter().map(member).collect(), ..Set::default() }
    }

    fn found(workloads: Vec<Workload>) -> Vec<Finding> {
        let mut findings = Findings::new(&[]);
        Jobs::default().check_set(&set(workloads), &mut findings);
        findings.into_vec()
    }

    #[test]
    fn a_hook_after_the_release_is_not_waited_for_by_the_release() {
        let hook = |events: &str| testing::hook(events).name("migrate").build();
        let count = |events: &str, other: Workload| found(vec![other, hook(events)]).len();
        assert_eq!(count("post-install,post-upgrade", waiting("migrate")), 1);
        assert_eq!(count("post-upgrade", waiting("migrate")), 1);
        assert_eq!(count("pre-install,pre-upgrade", waiting("migrate")), 0);
        assert_eq!(count("post-install", waiting("another")), 0);
        assert_eq!(count("test", waiting("migrate")), 0);
        assert_eq!(count("post-install", deployment([container("app")])), 0);
        let mut contract = deployment([container("app")]);
        contract.pod.annotations.insert("plimsoll.dev/after".to_owned(), "seed, migrate".to_owned());
        assert_eq!(count("post-install", contract), 1);
        let ordinary = testing::plain().name("migrate").build();
        assert_eq!(found(vec![waiting("migrate"), ordinary]), []);
    }

    #[test]
    fn says_who_waits_for_whom() {
        let hook = testing::hook("post-install,post-upgrade").name("migrate").build();
        let argo = testing::plain().name("seed").annotate("argocd.argoproj.io/hook", "PostSync").build();
        let other = Workload { name: "web".to_owned(), ..waiting("migrate") };
        let all = found(vec![waiting("migrate"), other, waiting("seed"), hook, argo]);
        let shown: Vec<String> = all
            .iter()
            .map(|finding| {
                let related =
                    finding.related.iter().map(|r| format!("\n  see {:?} {}: {}", r.object, r.pointer, r.message));
                let help = finding.help.as_deref().unwrap_or_default();
                format!(
                    "{} {}: {}\n  help: {help}{}",
                    finding.object,
                    finding.pointer,
                    finding.message,
                    related.collect::<String>()
                )
            })
            .collect();
        expect![[r#"
            3 /metadata/annotations/helm.sh~1hook: in an install with `--wait` or `--atomic`, Helm runs this hook (`post-install,post-upgrade`) only when Deployment `app` is ready, and init container `wait` of Deployment `app` waits for this Job: both wait until the deadline of the release
              help: make it `pre-install,pre-upgrade`, or an ordinary Job of the release, with the revision in its name: then it runs beside the pods that wait for it
              see Some(0) /spec/template/spec/initContainers/0/command: init container `wait` of Deployment `app` waits for it
              see Some(1) /spec/template/spec/initContainers/0/command: init container `wait` of Deployment `web` waits for it
            4 /metadata/annotations/argocd.argoproj.io~1hook: in a sync, Argo CD runs this hook (`PostSync`) only when Deployment `app` is ready, and init container `wait` of Deployment `app` waits for this Job: both wait until the deadline of the release
              help: make it `PreSync`, or an ordinary Job of the release, with the revision in its name: then it runs beside the pods that wait for it
              see Some(2) /spec/template/spec/initContainers/0/command: init container `wait` of Deployment `app` waits for it"#]].assert_eq(&shown.join("\n"));
    }
}
