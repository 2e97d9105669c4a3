//! Settings that are right each for itself and cannot hold together. The first is told: both names, both values, what to do.

use super::{Mode, RunArgs};
use crate::handlers::Limits;
use std::{fmt, time::Duration};

/// A setting and its value.
struct Set {
    name: String,
    value: String,
}

/// Two settings of which one must change.
pub(super) struct Contradiction {
    one: Set,
    other: Set,
    why: &'static str,
    remedy: &'static str,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Contradiction { one, other, why, remedy } = self;
        let [one, other] = [one, other].map(|set| format!("{} {}", set.name, set.value).trim_end().to_owned());
        write!(f, "{one} and {other} contradict each other: {why}; {remedy}")
    }
}

fn set(name: impl Into<String>, value: &impl ToString) -> Set {
    Set { name: name.into(), value: value.to_string() }
}

fn time(name: impl Into<String>, value: Duration) -> Set {
    set(name, &humantime::format_duration(value))
}

const FORGOTTEN: &str = "a job may wait or run for longer than its effect is remembered, and would take effect twice";

/// Among the settings.
pub(super) fn of(settings: &RunArgs) -> Option<Contradiction> {
    let RunArgs { keep, lease, max_backoff, job_timeout, .. } = *settings;
    let table = [
        (settings.backoff > max_backoff).then(|| Contradiction {
            one: time("--backoff", settings.backoff),
            other: time("--max-backoff", max_backoff),
            why: "the first pause would be longer than the longest",
            remedy: "raise --max-backoff or lower --backoff",
        }),
        (settings.mode == Mode::Queue && settings.max_deliveries == 1 && settings.concurrency > 1).then(|| {
            Contradiction {
                one: set("--max-deliveries", &1),
                other: set("--concurrency", &settings.concurrency),
                why: "one job that ends its process would make dead letters of its neighbours",
                remedy: "set --max-deliveries to 2 or more, or --concurrency to 1",
            }
        }),
        (settings.intake.is_none() && !settings.drain_delay.is_zero()).then(|| Contradiction {
            one: time("--drain-delay", settings.drain_delay),
            other: set("no --intake", &""),
            why: "nothing is taken in over HTTP, so there is nothing to wait for",
            remedy: "set --intake, or no --drain-delay",
        }),
        settings.intake.filter(|intake| *intake == settings.admin && intake.port() != 0).map(|intake| Contradiction {
            one: set("--intake", &intake),
            other: set("--admin", &settings.admin),
            why: "two listeners cannot have one address",
            remedy: "give one of them another port",
        }),
        (keep < max_backoff).then(|| forgets(keep, time("--max-backoff", max_backoff))),
        (keep < lease).then(|| forgets(keep, time("--lease", lease))),
        outlasts(keep, job_timeout).then(|| forgets(keep, time("--job-timeout", job_timeout))),
    ];
    table.into_iter().flatten().next()
}

/// Between the settings and the limits of a handler.
pub(super) fn of_handler(settings: &RunArgs, name: &str, limits: Limits) -> Option<Contradiction> {
    let named = |what: &str| format!("the {what} of handler {name}");
    let wide = limits.concurrency.filter(|slots| *slots > settings.concurrency).map(|slots| Contradiction {
        one: set(named("concurrency"), &slots),
        other: set("--concurrency", &settings.concurrency),
        why: "there would never be so many jobs at a time",
        remedy: "raise --concurrency or lower that of the handler",
    });
    let long = limits.timeout.filter(|limit| outlasts(settings.keep, *limit));
    wide.or(long.map(|limit| forgets(settings.keep, time(named("timeout"), limit))))
}

/// Its lease is renewed for twice its time at most.
fn outlasts(keep: Duration, job_timeout: Duration) -> bool {
    keep < 2 * job_timeout
}

fn forgets(keep: Duration, other: Set) -> Contradiction {
    let remedy = "raise --keep, for a time-out to twice of it";
    Contradiction { one: time("--keep", keep), other, why: FORGOTTEN, remedy }
}
