//! P: how long the preStop hook may take, and the rule about hooks that do not say.

use crate::{
    GRACE, Stop, Unit,
    shell::{self, Command},
};
use plimsoll_policy::{
    Duration, Finding, Findings, Level, Rule,
    contract::{Contract, Key},
    workload::{Container, Handler},
};
use std::fmt;

pub(crate) const UNBOUNDED: Rule =
    Rule::new("unbounded-prestop", Level::Warn, "an exec or http preStop hook that declares no upper bound");

/// What is known of the length of a preStop hook.
pub(crate) enum Bound {
    /// There is none.
    NoHook,
    /// It ends after that time, which this says.
    After(Duration, String),
    /// An exec or http hook, of this kind, that may take any time; counts as zero.
    Unbounded(&'static str),
}

impl Bound {
    pub(crate) fn length(&self) -> Duration {
        match self {
            Bound::After(length, _) => *length,
            Bound::NoHook | Bound::Unbounded(_) => Duration::ZERO,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::NoHook => write!(f, "0s"),
            Bound::After(length, source) => write!(f, "{length} ({source})"),
            Bound::Unbounded(kind) => write!(f, "0s ({kind} hook without a bound)"),
        }
    }
}

pub(crate) fn bound(container: &Container, contract: &Contract) -> Bound {
    let Some(hook) = &container.pre_stop else { return Bound::NoHook };
    let (kind, sleep) = match &hook.handler {
        Handler::Sleep { seconds } => return Bound::After(Duration::seconds(*seconds), "sleep".to_owned()),
        Handler::Exec { command } => ("exec", sleep_of(command)),
        Handler::Http(_) => ("http", None),
        // The kubelet runs neither of these in a hook: it fails at once.
        Handler::Tcp { .. } | Handler::Grpc { .. } => return Bound::NoHook,
        Handler::Unknown => ("unknown", None),
    };
    if let Some(length) = sleep {
        return Bound::After(length, "sleep".to_owned());
    }
    match contract.duration(Key::PrestopMax, container) {
        Some(declared) => Bound::After(declared.value, declared.annotation),
        None => Bound::Unbounded(kind),
    }
}

/// The length of `sleep N`, plain or as the whole of a shell string.
fn sleep_of(command: &[String]) -> Option<Duration> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let Some(script) = shell::interpreter::find(&words) else { return sleep_argument(&words) };
    let [item] = &*shell::parse(script.text)? else { return None };
    let Command::Simple(simple) = &item.command else { return None };
    if simple.words.iter().any(|word| word.dynamic) || item.end == shell::End::Background {
        return None;
    }
    let words: Vec<&str> = simple.words.iter().map(|word| &*word.text).collect();
    match &*words {
        ["exec", rest @ ..] => sleep_argument(rest),
        words => sleep_argument(words),
    }
}

fn sleep_argument(words: &[&str]) -> Option<Duration> {
    let [program, length] = words else { return None };
    (shell::base_name(program) == "sleep").then(|| sleep_length(length))?
}

/// A number with the suffixes that `sleep` understands; none is seconds.
pub(crate) fn sleep_length(text: &str) -> Option<Duration> {
    let scale = match text.as_bytes().last()? {
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => 1,
    };
    let number = text.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or(text);
    let leading_zero = if number.starts_with('.') { "0" } else { "" };
    let seconds = Unit::Seconds.parse(&format!("{leading_zero}{number}"))?;
    Some(Duration::millis(seconds.as_millis().saturating_mul(scale)))
}

pub(crate) fn unbounded(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    for timeline in &stop.applications {
        let (Bound::Unbounded(kind), Some(hook)) = (&timeline.prestop, &timeline.container.pre_stop) else { continue };
        let message = format!(
            "this {kind} preStop hook declares no upper bound: its time comes off the grace period, and the kubelet \
             cuts it off after {GRACE} {}s",
            stop.grace_seconds(),
        );
        let annotation = "plimsoll.dev/prestop-max: 10s";
        let help = format!("declare the longest time it takes, with the annotation `{annotation}` on the pod template");
        findings.push(Finding::new(&UNBOUNDED, &*hook.pointer, message).container(timeline.container).help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found};

    fn exec(command: &[&str]) -> Handler {
        Handler::Exec { command: command.iter().map(|&word| word.to_owned()).collect() }
    }

    #[test]
    fn understands_a_sleep_and_nothing_that_only_looks_like_one() {
        let cases: [(&[&str], Option<u64>); 21] = [
            (&["sleep", "5"], Some(5000)),
            (&["/bin/sleep", "5s"], Some(5000)),
            (&["sleep", "0.5"], Some(500)),
            (&["sleep", ".5"], Some(500)),
            (&["sleep", "2m"], Some(120_000)),
            (&["sleep", "1h"], Some(3_600_000)),
            (&["sleep", "1d"], Some(86_400_000)),
            (&["sh", "-c", "sleep 10"], Some(10_000)),
            (&["/bin/sh", "-c", "  sleep 10 ; # endpoints lag"], Some(10_000)),
            (&["bash", "-ec", "exec sleep 10"], Some(10_000)),
            (&["/bin/bash", "-c", "/bin/sleep '10'"], Some(10_000)),
            (&["sleep", "infinity"], None),
            (&["sleep", "1", "2"], None),
            (&["sleep", "5ms"], None),
            (&["sleep"], None),
            (&["sh", "-c", "sleep $DELAY"], None),
            (&["sh", "-c", "sleep 5; nginx -s quit"], None),
            (&["sh", "-c", "sleep 5 && sleep 5"], None),
            (&["sh", "-c", "sleep 5 &"], None),
            (&["sh", "-c", "if true; then sleep 5; fi"], None),
            (&["nginx", "-s", "quit"], None),
        ];
        for (command, millis) in cases {
            let owned: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
            assert_eq!(sleep_of(&owned), millis.map(Duration::millis), "{command:?}");
        }
    }

    #[test]
    fn an_exec_hook_without_a_bound_is_reported_and_one_with_a_bound_is_counted() {
        let hook = exec(&["sh", "-c", "nginx -s quit"]);
        let silent = deployment(30).with(container("app").pre_stop(hook.clone()));
        assert_eq!(found(&silent.build(), &UNBOUNDED).len(), 1);
        let declared = silent.annotate("plimsoll.dev/prestop-max", "20s");
        assert_eq!(found(&declared.build(), &UNBOUNDED), []);
        let too_long = declared.annotate("plimsoll.dev/shutdown-timeout", "10s");
        assert_eq!(found(&too_long.build(), &crate::grace::TOO_SHORT).len(), 1);
        assert_eq!(found(&too_long.grace(35).build(), &crate::grace::TOO_SHORT), []);
    }
}
