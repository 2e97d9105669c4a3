//! How long a probe lets a process be silent, or fail, before the kubelet stops it.
//!
//! Period p, timeout t, failureThreshold n, initialDelay d. A probe that is not answered takes all of t, and the next
//! one waits for it: q = max(p, t).
//!
//! - **Silent window** (n−1)·q + t: the shortest silence that kills. The worst case is a process that falls silent
//!   just as a probe starts; otherwise up to p is added.
//! - **Failing window** max(0, d−1) + (n−1)·p: what a start is guaranteed that answers with failure (connection
//!   refused, 503). Such an answer is not waited for. The second less is because the kubelet reads the start time in
//!   whole seconds, so a container that started at 0.999 s counts as started at 0.

use plimsoll_policy::{Duration, workload::Probe};

/// Both windows of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) silent: Duration,
    pub(crate) failing: Duration,
}

impl Windows {
    pub(crate) fn of(probe: &Probe) -> Self {
        let (d, p, t) = (probe.initial_delay_seconds, probe.period_seconds, probe.timeout_seconds);
        let n = probe.failure_threshold;
        Windows { silent: Duration::seconds(silent(p, t, n)), failing: Duration::seconds(failing(d, p, n)) }
    }

    /// For people who ask how long a running process may be silent.
    pub(crate) fn of_silence(self) -> String {
        format!("{} of silence (a failing start: {})", self.silent, self.failing)
    }

    /// For people who ask how long a start may take.
    pub(crate) fn of_start(self) -> String {
        format!("{} of failed answers (of silence: {})", self.failing, self.silent)
    }
}

fn silent(p: i64, t: i64, n: i64) -> i64 {
    n.saturating_sub(1).max(0).saturating_mul(p.max(t)).saturating_add(t)
}

fn failing(d: i64, p: i64, n: i64) -> i64 {
    let looks = n.saturating_sub(1).max(0).saturating_mul(p);
    d.saturating_sub(1).max(0).saturating_add(looks)
}

/// The smallest failureThreshold that makes the silent window of a probe at least `wanted`.
pub(crate) fn threshold_for_silence(probe: &Probe, wanted: Duration) -> u64 {
    let t = probe.timeout_seconds;
    threshold(wanted.saturating_sub(Duration::seconds(t)), t.max(probe.period_seconds))
}

/// The smallest failureThreshold that makes the failing window of a probe at least `wanted`.
pub(crate) fn threshold_for_start(probe: &Probe, wanted: Duration) -> u64 {
    let delay = probe.initial_delay_seconds.saturating_sub(1);
    threshold(wanted.saturating_sub(Duration::seconds(delay)), probe.period_seconds)
}

/// The same for a probe without delay that looks every `p` seconds.
pub(crate) fn threshold(wanted: Duration, p: i64) -> u64 {
    let period = Duration::seconds(p.max(1)).as_millis();
    wanted.as_millis().div_ceil(period).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ProbeExt, http};
    use proptest::prelude::*;

    /// Tenths of a second: the resolution of the simulated clock.
    const SECOND: i64 = 10;

    /// When a kubelet that looks at `phase`, `phase + p`, … stops a process. `answers(at)` is none for silence.
    ///
    /// Its ticker holds one tick back while a probe runs and drops the others; `d` counts from `started`.
    fn killed_at(
        (d, p, t, n): (i64, i64, i64, i64),
        phase: i64,
        started: i64,
        answers: impl Fn(i64) -> Option<bool>,
    ) -> i64 {
        let (p, t) = (p * SECOND, t * SECOND);
        // The start time as the kubelet reads it.
        let recorded = started - started % SECOND;
        let (mut free, mut failures) = (0, 0);
        let mut tick = phase;
        loop {
            let at = tick.max(free);
            // Of the ticks that passed while the last probe ran, one is left.
            tick = phase + ((at - phase) / p + 1) * p;
            if at < started || at - recorded < d * SECOND {
                continue;
            }
            let answer = answers(at);
            free = if answer.is_none() { at + t } else { at };
            failures = if answer == Some(true) { 0 } else { failures + 1 };
            if failures == n {
                return free;
            }
        }
    }

    proptest! {
        #[test]
        fn a_silent_process_is_killed_at_the_earliest_after_the_silent_window(p in 1..12i64, t in 1..12i64, n in 1..6i64) {
            let window = silent(p, t, n) * SECOND;
            let quiet = 3 * p * SECOND;
            let survived = (0..p * SECOND).map(|phase| {
                killed_at((0, p, t, n), phase, 0, |at| (at < quiet).then_some(true)) - quiet
            });
            let (earliest, latest) = (survived.clone().min().unwrap(), survived.max().unwrap());
            prop_assert_eq!(earliest, window);
            prop_assert!(latest < window + p * SECOND);
        }

        #[test]
        fn a_failing_start_is_killed_at_the_earliest_after_the_failing_window(d in 0..9i64, p in 1..6i64, n in 1..6i64) {
            let window = failing(d, p, n) * SECOND;
            let earliest = (0..p * SECOND)
                .flat_map(|phase| (0..SECOND).map(move |started| (phase, started)))
                .map(|(phase, started)| killed_at((d, p, 1, n), phase, started, |_| Some(false)) - started)
                .min()
                .unwrap();
            // With a delay the bound is approached, not reached: the start is recorded less than a second early.
            prop_assert_eq!(earliest, window + i64::from(d > 0));
        }

        #[test]
        fn the_proposed_threshold_is_the_smallest_that_suffices(d in 0..90i64, p in 1..90i64, t in 1..90i64, wanted in 0..900_000u64) {
            let wanted = Duration::millis(wanted);
            let probe = |n: u64| http("/", 80).delay(d).period(p).timeout(t).threshold(i64::try_from(n).unwrap());
            let n = threshold_for_silence(&probe(1), wanted);
            prop_assert!(Windows::of(&probe(n)).silent >= wanted);
            prop_assert!(n == 1 || Windows::of(&probe(n - 1)).silent < wanted);
            let n = threshold_for_start(&probe(1), wanted);
            prop_assert!(Windows::of(&probe(n)).failing >= wanted);
            prop_assert!(n == 1 || Windows::of(&probe(n - 1)).failing < wanted);
        }

        #[test]
        fn no_number_in_a_manifest_overflows(d: i64, p: i64, t: i64, n: i64, wanted: u64) {
            let probe = http("/", 80).delay(d).period(p).timeout(t).threshold(n);
            Windows::of(&probe);
            threshold_for_silence(&probe, Duration::millis(wanted));
            threshold_for_start(&probe, Duration::millis(wanted));
        }
    }

    #[test]
    fn agrees_with_what_was_seen_on_a_kubelet() {
        // Period, timeout, threshold; the shortest of three runs, in tenths of a second.
        for (p, t, n, shortest) in [(1, 1, 5, 52), (1, 3, 3, 92), (2, 1, 3, 55), (3, 2, 1, 27), (5, 1, 2, 61)] {
            assert!(silent(p, t, n) * SECOND <= shortest, "{p} {t} {n}");
        }
        for (d, p, n, seen) in [(3, 1, 2, 369), (0, 2, 3, 495)] {
            assert!(failing(d, p, n) * 100 <= seen, "{d} {p} {n}");
        }
        assert_eq!((silent(10, 1, 3), failing(0, 10, 3), failing(0, 10, 30)), (21, 20, 290));
    }
}
