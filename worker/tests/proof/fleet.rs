//! Many processes, and what can happen to them: SIGKILL, SIGTERM, SIGSTOP until the lease is somebody else's, an engine that
//! is killed and started again, a network that is cut between it and one process.

use crate::{
    cable::Cable,
    ledger::Tally,
    place::Place,
    process::{Ended, Worker},
};
use nix::sys::signal::Signal::{SIGCONT, SIGSTOP, SIGTERM};
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

/// Processes at one place, that live together through what happens.
pub(crate) struct Fleet {
    pub(crate) place: Place,
    pub(crate) random: fastrand::Rng,
    /// For whoever has to find out why.
    pub(crate) context: String,
    /// All processes that are over, with what they said.
    pub(crate) ended: Vec<Ended>,
    pub(crate) tally: Tally,
    flags: &'static [&'static str],
    processes: usize,
    living: Vec<Worker>,
    /// Were told to stop, until when they must have.
    leaving: Vec<(Worker, Instant)>,
    /// Are stopped, until they go on.
    stopped: Vec<(Worker, Instant)>,
    /// By the id of the process; where the engine is reached over a network.
    cables: BTreeMap<u32, Cable>,
}

impl Fleet {
    /// So many processes with these flags, once there are any.
    pub(crate) fn new(place: Place, seed: u64, processes: usize, flags: &'static [&'static str]) -> Self {
        let context = format!("PROOF_SEED={seed}, {processes} processes");
        println!("{context}");
        Fleet {
            place,
            random: fastrand::Rng::with_seed(seed),
            context,
            ended: vec![],
            tally: Tally::default(),
            flags,
            processes,
            living: vec![],
            leaving: vec![],
            stopped: vec![],
            cables: BTreeMap::new(),
        }
    }

    fn man(&mut self) {
        while self.living.len() < self.processes {
            let worker = match self.place.server.as_ref().map(|server| Cable::to(server.address())) {
                Some(cable) => {
                    let url = format!("nats://{}", cable.address());
                    let worker = self.place.spawn(&[self.flags, &["--queue-url", &url]].concat());
                    self.cables.insert(worker.pid(), cable);
                    worker
                }
                None => self.place.spawn(self.flags),
            };
            self.living.push(worker);
        }
    }

    /// Has things happen, and meanwhile this.
    pub(crate) fn suffer(&mut self, mut meanwhile: impl FnMut(&mut Self)) {
        self.man();
        let until = Instant::now() + CHAOS;
        while Instant::now() < until {
            self.strike();
            self.look_after();
            self.man();
            meanwhile(self);
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

    /// Nothing happens any more: everything must come to rest, and then every process to its end.
    pub(crate) fn rest(&mut self, is_over: impl Fn(&Self) -> bool) {
        let until = Instant::now() + REST;
        while !(self.stopped.is_empty() && is_over(self)) {
            assert!(Instant::now() < until, "not at rest; {}", self.context);
            self.look_after();
            self.man();
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
}
