//! P: how long the preStop hook may take, and the rule about hooks that do not say.

use crate::{GRACE, Stop, hook};
use plimsoll_policy::{
    Duration, Finding, Findings, Level, Rule,
    contract::{Contract, Key},
    workload::{Container, Handler},
};
use std::fmt;

pub(crate) const UNBOUNDED: Rule =
    Rule::new("unbounded-prestop", Level::Warn, "an exec or http preStop hook without an upper bound");

/// What is known of the length of a preStop hook.
pub(crate) enum Bound {
    /// There is none.
    NoHook,
    /// It ends after that time at the latest, which this says.
    After(Duration, String),
    /// An exec or http hook, of this kind, that takes that time at least, and may take any time.
    Unbounded(&'static str, Duration),
    /// It never ends.
    Endless,
}

impl Bound {
    /// What counts in a sum: the upper bound, or else the lower one.
    pub(crate) fn length(&self) -> Duration {
        match self {
            Bound::NoHook => Duration::ZERO,
            Bound::After(length, _) | Bound::Unbounded(_, length) => *length,
            Bound::Endless => hook::ENDLESS,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::NoHook => write!(f, "0s"),
            Bound::After(length, source) => write!(f, "{length} ({source})"),
            Bound::Unbounded(kind, length) => write!(f, "{length} ({kind} hook without an upper bound)"),
            Bound::Endless => write!(f, "without end"),
        }
    }
}

pub(crate) fn bound(container: &Container, contract: &Contract) -> Bound {
    let Some(hook) = &container.pre_stop else { return Bound::NoHook };
    let declared = || contract.duration(Key::PrestopMax, container);
    let (kind, at_least) = match &hook.handler {
        Handler::Sleep { seconds } => return Bound::After(Duration::seconds(*seconds), "sleep".to_owned()),
        // The kubelet runs neither of these in a hook: it fails at once.
        Handler::Tcp { .. } | Handler::Grpc { .. } => return Bound::NoHook,
        Handler::Http(_) => ("http", Duration::ZERO),
        Handler::Unknown => ("unknown", Duration::ZERO),
        Handler::Exec { command } => match hook::bounds(command, container) {
            hook::Bounds { lower, upper: Some(upper) } => {
                let source = if lower == upper { "sleep" } else { "at most, by its command" };
                return Bound::After(
                    upper,
                    if upper == Duration::ZERO { "it waits for nothing" } else { source }.to_owned(),
                );
            }
            hook::Bounds { lower, .. } if lower == hook::ENDLESS => return Bound::Endless,
            hook::Bounds { lower, .. } => ("exec", lower),
        },
    };
    match declared() {
        Some(declared) if declared.value >= at_least => Bound::After(declared.value, declared.annotation),
        _ => Bound::Unbounded(kind, at_least),
    }
}

pub(crate) fn unbounded(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    for timeline in &stop.applications {
        let Some(hook) = &timeline.container.pre_stop else { continue };
        let Bound::Unbounded(kind, at_least) = timeline.prestop else { continue };
        let takes = if at_least == Duration::ZERO { String::new() } else { format!(" takes {at_least} at least, and") };
        let grace = match stop.knows_grace() {
            true => format!("{GRACE} {}s", stop.grace_seconds()),
            false => GRACE.to_owned(),
        };
        let message = format!(
            "this {kind} preStop hook{takes} has no upper bound: its time comes off the grace period, and the kubelet \
             cuts it off after {grace}"
        );
        let annotation = "plimsoll.dev/prestop-max: 10s";
        let help = format!("declare the longest time it takes, with the annotation `{annotation}` on the pod template");
        findings.push(Finding::new(&UNBOUNDED, &*hook.pointer, message).container(timeline.container).help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grace::{PRESTOP_OVER, TOO_SHORT},
        sample::{container, deployment, found},
    };
    use plimsoll_policy::workload::{HttpGet, Port};

    fn shell(script: &str) -> Handler {
        Handler::Exec { command: ["sh", "-c", script].map(str::to_owned).to_vec() }
    }

    fn http() -> Handler {
        let (path, scheme) = ("/drain".to_owned(), "HTTP".to_owned());
        Handler::Http(HttpGet { path, port: Port::Number(80), host: None, scheme, headers: Vec::new() })
    }

    #[test]
    fn a_hook_without_a_bound_is_reported_and_one_with_a_bound_is_counted() {
        for (hook, reported) in [
            (shell("./drain"), true),
            (http(), true),
            (shell("sleep 5; ./drain"), true),
            (shell("nginx -s quit"), false),
            (shell("timeout 20 ./drain"), false),
            (shell("sleep 5 && kill -TERM 1"), false),
            (Handler::Sleep { seconds: 5 }, false),
        ] {
            let silent = deployment(60).with(container("app").pre_stop(hook.clone()));
            assert_eq!(found(&silent.build(), &UNBOUNDED).len(), usize::from(reported), "{hook:?}");
            let declared = silent.annotate("plimsoll.dev/prestop-max", "20s");
            assert_eq!(found(&declared.build(), &UNBOUNDED), [], "{hook:?}");
        }
    }

    #[test]
    fn a_declared_bound_counts_unless_the_command_contradicts_it() {
        let hook = |script, max| {
            let given = deployment(30).with(container("app").pre_stop(shell(script)));
            given.annotate("plimsoll.dev/prestop-max", max).annotate("plimsoll.dev/shutdown-timeout", "10s").build()
        };
        assert_eq!(found(&hook("./drain", "20s"), &TOO_SHORT).len(), 1);
        assert_eq!(found(&hook("./drain", "15s"), &TOO_SHORT), []);
        assert_eq!(found(&hook("sleep 20; ./drain", "15s"), &TOO_SHORT).len(), 1);
        assert_eq!(found(&hook("sleep 20; ./drain", "15s"), &UNBOUNDED).len(), 1);
    }

    #[test]
    fn what_a_hook_takes_at_least_counts_in_every_sum() {
        for (script, expected) in [
            ("sleep 40 && ./drain", Some("40s (exec hook without an upper bound)")),
            ("echo stopping; sleep 45", Some("45s (sleep)")),
            ("! sleep 45", Some("45s (sleep)")),
            ("timeout 40 ./drain", Some("40s (at most, by its command)")),
            ("sleep infinity", Some("never ends")),
            ("sleep 29", None),
        ] {
            let workload = deployment(30).with(container("app").pre_stop(shell(script))).build();
            let over = found(&workload, &PRESTOP_OVER);
            assert_eq!(over.len(), usize::from(expected.is_some()), "{script}");
            for finding in over {
                assert!(finding.message.contains(expected.unwrap()), "{script}: {}", finding.message);
            }
        }
    }
}
