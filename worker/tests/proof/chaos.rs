//! Many processes, and what can happen to them: SIGKILL, SIGTERM, SIGSTOP until the lease is somebody else's, jobs that end
//! their process, an engine that is killed and started again, a network that is cut between it and one process.

use crate::{
    cable::Cable,
    ledger::{self, Expected, Tally},
    place::Place,
    process::{Ended, Worker},
};
use nix::sys::signal::Signal::{SIGCONT, SIGSTOP, SIGTERM};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    mem, thread,
    time::{Duration, Instant},
};

const LEASE: Duration = Duration::from_secs(1);

/// S + F, and something for a machine that does other things too.
const END: Duration = Duration::from_secs(1 + 7 + 4);

/// How long things happen; and how long it may take to come to rest after that.
const CHAOS: Duration = Duration::from_secs(9);
const REST: Duration = Duration::from_secs(90);

/// A handler that finds its engine gone has failed: so many attempts that this alone buries no job.
const FLAGS: [&str; 14] = [
    "--lease",
    "1s",
    "--concurrency",
    "4",
    "--shutdown-timeout",
    "1s",
    "--backoff",
    "20ms",
    "--max-backoff",
    "100ms",
    "--max-attempts",
    "12",
    "--max-deliveries",
    "10",
];

struct Fleet {
    place: Place,
    random: fastrand::Rng,
    context: String,
    living: Vec<Worker>,
    /// Were told to stop, until when they must have.
    leaving: Vec<(Worker, Instant)>,
    /// Are stopped, until they go on.
    stopped: Vec<(Worker, Instant)>,
    ended: Vec<Ended>,
    /// By the id of the process; where the engine is reached over a network.
    cables: BTreeMap<u32, Cable>,
    tally: Tally,
}

/// Lets it happen to so many processes, and closes the books.
pub(crate) fn round(place: Place, seed: u64, processes: usize) -> Tally {
    let context = format!("PROOF_SEED={seed}, {processes} processes");
    println!("{context}");
    let mut fleet = Fleet {
        place,
        random: fastrand::Rng::with_seed(seed),
        context,
        living: vec![],
        leaving: vec![],
        stopped: vec![],
        ended: vec![],
        cables: BTreeMap::new(),
        tally: Tally::default(),
    };
    let expected = fleet.enqueue();
    fleet.man(processes);
    fleet.suffer(processes);
    fleet.rest(processes, &expected);
    let mut tally = ledger::close(&fleet.place, &expected, &fleet.ended, &fleet.context);
    tally += fleet.tally;
    tally
}

impl Fleet {
    /// Jobs of all kinds, in any order; whether each must succeed.
    fn enqueue(&mut self) -> Expected {
        let mut batches: Vec<(&str, Value, usize, bool)> = vec![
            ("fail", json!({ "times": 1 }), 40, true),
            ("fail", json!({ "times": 3 }), 20, true),
            ("fail", json!({ "times": 1000 }), 10, false),
            ("panic", json!({}), 5, false),
            ("nobody", json!({}), 5, false),
            ("exit", json!({ "code": 3 }), 2, false),
            ("checksum", json!({ "rounds": 20_000 }), 40, true),
        ];
        for ms in [0, 1, 10, 50, 100, 200, 400, 900] {
            batches.push(("sleep", json!({ "ms": ms }), 30, true));
            batches.push(("sleep", json!({ "ms": ms, "stubborn": true }), 15, true));
        }
        self.random.shuffle(&mut batches);
        let mut expected = Expected::new();
        for (handler, payload, count, good) in batches {
            expected.extend(self.place.enqueue(handler, &payload, count).into_iter().map(|id| (id, good)));
        }
        expected
    }

    fn man(&mut self, processes: usize) {
        while self.living.len() < processes {
            let worker = match self.place.server.as_ref().map(|server| Cable::to(server.address())) {
                Some(cable) => {
                    let url = format!("nats://{}", cable.address());
                    let worker = self.place.spawn(&[&FLAGS[..], &["--queue-url", &url]].concat());
                    self.cables.insert(worker.pid(), cable);
                    worker
                }
                None => self.place.spawn(&FLAGS),
            };
            self.living.push(worker);
        }
    }

    fn suffer(&mut self, processes: usize) {
        let until = Instant::now() + CHAOS;
        while Instant::now() < until {
            self.strike();
            self.look_after();
            self.man(processes);
            thread::sleep(Duration::from_millis(self.random.u64(20..250)));
        }
    }

    fn strike(&mut self) {
        let victim = self.random.usize(..self.living.len());
        match self.random.u8(..24) {
            0..6 => {
                self.tally.kills += 1;
                let mut worker = self.living.swap_remove(victim);
                worker.kill();
                self.ended.push(worker.ended());
            }
            6..12 => {
                self.tally.terms += 1;
                let worker = self.living.swap_remove(victim);
                worker.signal(SIGTERM);
                self.leaving.push((worker, Instant::now() + END));
            }
            12..18 if self.stopped.len() < 4 => {
                self.tally.zombies += 1;
                let worker = self.living.swap_remove(victim);
                worker.signal(SIGSTOP);
                let past_the_lease = LEASE + Duration::from_millis(self.random.u64(100..1500));
                self.stopped.push((worker, Instant::now() + past_the_lease));
            }
            20.. => {
                if let Some(cable) = self.cables.get(&self.living[victim].pid()) {
                    self.tally.cuts += 1;
                    cable.cut(Duration::from_millis(self.random.u64(100..2500)));
                }
            }
            18..20 => {
                let down = Duration::from_millis(self.random.u64(..500));
                if let Some(server) = &mut self.place.server {
                    self.tally.restarts += 1;
                    server.kill();
                    thread::sleep(down);
                    server.resume();
                }
            }
            _ => {}
        }
    }

    /// Lets zombies go on, and gathers what has ended.
    fn look_after(&mut self) {
        let now = Instant::now();
        for (worker, until) in mem::take(&mut self.stopped) {
            if until <= now {
                worker.signal(SIGCONT);
                self.living.push(worker);
            } else {
                self.stopped.push((worker, until));
            }
        }
        for (mut worker, until) in mem::take(&mut self.leaving) {
            if worker.is_over() {
                let ended = worker.ended();
                // 3: one of its jobs asked for it.
                let heard = matches!(ended.code, Some(0 | 3 | 75));
                // Told before the first statement of `main`.
                let unborn = ended.code.is_none() && ended.log.is_empty();
                assert!(heard || unborn, "{}: {ended:#?}", self.context);
                self.ended.push(ended);
            } else {
                assert!(now < until, "told to stop, and has not; {}: {:#?}", self.context, worker.log());
                self.leaving.push((worker, until));
            }
        }
        for mut worker in mem::take(&mut self.living) {
            if worker.is_over() {
                let ended = worker.ended();
                assert_eq!(ended.code, Some(3), "{}: {ended:#?}", self.context);
                self.ended.push(ended);
            } else {
                self.living.push(worker);
            }
        }
    }

    /// Nothing happens any more: everything must come to its end.
    fn rest(&mut self, processes: usize, expected: &Expected) {
        let until = Instant::now() + REST;
        loop {
            self.look_after();
            self.man(processes);
            let at_rest = self.place.status_if_any().is_some_and(|status| {
                (status.ready, status.leased, status.delayed) == (0, 0, 0) && self.stopped.is_empty()
            });
            if at_rest && !self.requeue(expected) {
                break;
            }
            assert!(Instant::now() < until, "not at rest; {}: {:?}", self.context, self.place.status());
            thread::sleep(Duration::from_millis(100));
        }
        for worker in self.living.drain(..) {
            worker.signal(SIGTERM);
            self.leaving.push((worker, Instant::now() + END));
        }
        while !self.leaving.is_empty() {
            self.look_after();
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A job that ends its process takes its neighbours with it, time and again, until it is a dead letter, and they may be
    /// too. With the culprit gone an operator puts them back, and they must be done.
    fn requeue(&self, expected: &Expected) -> bool {
        let letters = self.place.succeed(&["dead", "list"]);
        let letters = letters.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let innocent: Vec<_> = letters
            .filter(|letter| letter["reason"] == "deliveries")
            .map(|letter| letter["id"].as_str().unwrap().to_owned())
            .filter(|id| expected[id])
            .collect();
        for id in &innocent {
            self.place.succeed(&["dead", "requeue", id]);
        }
        !innocent.is_empty()
    }
}
