//! The life as a type: what it asks for, and when it ends.

use plimsoll_worker::{
    exit::Exit,
    life::{Action, Event, Life, State, Timings},
    settings::{FLUSH, SETTLE},
};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const TIMINGS: Timings = Timings { drain_delay: Duration::from_secs(5), shutdown_timeout: Duration::from_secs(10) };

/// A life, and what it asked for, with the seconds since its beginning.
struct Played {
    life: Life,
    began: Instant,
    now: Instant,
    asked: Vec<(u64, Action)>,
}

impl Played {
    fn new(timings: Timings) -> Self {
        let now = Instant::now();
        Played { life: Life::new(timings), began: now, now, asked: vec![] }
    }

    fn running() -> Self {
        let mut played = Played::new(TIMINGS);
        played.happens(Event::Configured);
        played.happens(Event::Started);
        played.asked.clear();
        played
    }

    fn happens(&mut self, event: Event) {
        let since = (self.now - self.began).as_secs();
        self.asked.extend(self.life.on(event, self.now).into_iter().map(|action| (since, action)));
    }

    fn seconds(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.happens(Event::Clock);
        }
    }
}

#[test]
fn an_end_in_which_everything_comes_in_time() {
    let mut played = Played::running();
    played.happens(Event::Stop);
    played.happens(Event::Idle);
    played.seconds(5);
    for event in [Event::IntakeClosed, Event::Settled, Event::Flushed] {
        played.happens(event);
    }
    let asked = [(0, Action::StopClaiming), (5, Action::CloseIntake), (5, Action::Settle), (5, Action::Flush)];
    assert_eq!(played.asked, asked);
    assert_eq!(played.life.exit(), Some(Exit::Clean));
}

#[test]
fn an_end_in_which_nothing_answers() {
    let mut played = Played::running();
    played.happens(Event::Stop);
    played.seconds(30);
    let asked = [
        (0, Action::StopClaiming),
        (5, Action::CloseIntake),
        (13, Action::Cancel),
        (15, Action::Abort),
        (15, Action::Settle),
        (17, Action::Flush),
    ];
    assert_eq!(played.asked, asked);
    assert_eq!(played.life.exit(), Some(Exit::Released));
}

#[test]
fn before_anything_was_claimed_there_is_nothing_to_drain() {
    for starting in [false, true] {
        let mut played = Played::new(TIMINGS);
        if starting {
            played.happens(Event::Configured);
        }
        played.happens(Event::Stop);
        played.seconds(1);
        assert_eq!(played.life.exit(), Some(Exit::Clean), "within a second");
        assert!(!played.asked.iter().any(|(_, action)| *action == Action::Claim));
    }
}

#[test]
fn pause_and_an_unreachable_queue_are_apart() {
    let mut played = Played::running();
    let states: Vec<_> = [Event::Unreachable, Event::Pause, Event::Reachable, Event::Resume]
        .map(|event| {
            played.happens(event);
            played.life.state()
        })
        .into();
    assert_eq!(states, [State::Degraded, State::Paused, State::Paused, State::Running]);
}

#[test]
fn a_pause_that_comes_before_the_start_is_heard() {
    let mut played = Played::new(TIMINGS);
    for event in [Event::Pause, Event::Configured, Event::Started] {
        played.happens(event);
    }
    assert_eq!(played.life.state(), State::Paused);
    assert_eq!(played.asked, [(0, Action::Start), (0, Action::Prepare)]);
    played.happens(Event::Resume);
    assert_eq!(played.asked[2..], [(0, Action::Claim)]);
}

#[test]
fn a_second_interrupt_stops_at_once() {
    let mut played = Played::running();
    played.happens(Event::Stop);
    played.happens(Event::StopHard);
    assert_eq!(played.life.exit(), Some(Exit::Forced));
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Configured),
        Just(Event::Started),
        Just(Event::Failed(Exit::Dependency)),
        Just(Event::Pause),
        Just(Event::Resume),
        Just(Event::Unreachable),
        Just(Event::Reachable),
        Just(Event::Idle),
        Just(Event::IntakeClosed),
        Just(Event::Settled),
        Just(Event::Flushed),
        Just(Event::Clock),
        Just(Event::Stop),
    ]
}

fn follows(from: State, to: State) -> bool {
    use State::{Boot, Degraded, Draining, Ended, Flushing, Paused, Running, Settling, Starting};
    match from {
        Boot => matches!(to, Starting | Flushing),
        Starting => matches!(to, Running | Paused | Flushing),
        Running | Paused | Degraded => matches!(to, Running | Paused | Degraded | Draining),
        Draining => to == Settling,
        Settling => to == Flushing,
        Flushing => to == Ended,
        Ended => false,
    }
}

proptest! {
    /// Whatever happens, in whatever order: only steps of the diagram; after a stop nothing is claimed; each step of an
    /// end is asked for once at most and in order; and the end comes within D + S + F of the stop.
    #[test]
    fn every_life_ends_in_time_and_in_order(
        before in proptest::collection::vec((any_event(), 0..3_u64), 0..30),
        after in proptest::collection::vec((any_event(), 0..3_u64), 0..30),
        delay in 0..10_u64,
        timeout in 1..20_u64,
    ) {
        let timings = Timings { drain_delay: Duration::from_secs(delay), shutdown_timeout: Duration::from_secs(timeout) };
        let mut played = Played::new(timings);
        for (event, seconds) in before {
            played.happens(event);
            played.seconds(seconds);
        }
        played.happens(Event::Stop);
        let (stop, claims) = (played.now, played.asked.len());
        for (event, seconds) in after {
            played.happens(event);
            played.seconds(seconds);
        }
        let budget = timings.drain_delay + timings.shutdown_timeout + SETTLE + FLUSH;
        let left = (stop + budget).saturating_duration_since(played.now);
        played.seconds(left.as_secs());

        prop_assert!(played.life.exit().is_some());
        let steps: Vec<_> = played.life.path().windows(2).collect();
        prop_assert!(steps.iter().all(|step| follows(step[0], step[1])), "{:?}", played.life.path());
        prop_assert!(played.asked[claims..].iter().all(|(_, action)| *action != Action::Claim));
        let end = [Action::CloseIntake, Action::Cancel, Action::Abort, Action::Settle, Action::Flush];
        let ended: Vec<_> = played.asked.iter().filter_map(|(_, action)| end.iter().position(|a| a == action)).collect();
        prop_assert!(ended.is_sorted_by(|a, b| a < b), "{:?}", played.asked);
    }
}
