//! Partitions divided among replicas that come and go.

use plimsoll_worker::{
    change::{Lease, Versioned},
    feed::assignment::{Assignment, Step},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const LEASE: Duration = Duration::from_secs(30);
const TURN: Duration = Duration::from_secs(1);

/// Replicas and their leases, with the compare-and-set of an engine.
struct World {
    leases: Vec<Versioned<Lease>>,
    replicas: BTreeMap<String, (Assignment, BTreeSet<u32>)>,
    now: Instant,
    /// Hand-overs so far.
    moves: usize,
}

impl World {
    fn new(partitions: usize) -> Self {
        World {
            leases: vec![Versioned::default(); partitions],
            replicas: BTreeMap::new(),
            now: Instant::now(),
            moves: 0,
        }
    }

    fn join(&mut self, name: &str) {
        self.replicas.insert(name.to_owned(), (Assignment::new(name.to_owned(), LEASE), BTreeSet::new()));
    }

    fn write(&mut self, partition: u32, owner: Option<&str>, wanted_by: Option<&str>) {
        let lease = &mut self.leases[partition as usize];
        lease.value = Lease { owner: owner.map(str::to_owned), wanted_by: wanted_by.map(str::to_owned) };
        lease.revision += 1;
    }

    fn turn(&mut self) {
        self.now += TURN;
        for name in self.replicas.keys().cloned().collect::<Vec<_>>() {
            let (mut assignment, mut mine) = self.replicas.remove(&name).unwrap();
            for step in assignment.steps(&self.leases, &mine, self.now) {
                match step {
                    Step::Renew(partition) => self.write(partition, Some(&name), None),
                    Step::Take(partition) => {
                        self.write(partition, Some(&name), None);
                        mine.insert(partition);
                    }
                    Step::Ask(partition) => {
                        let owner = self.leases[partition as usize].value.owner.clone();
                        self.write(partition, owner.as_deref(), Some(&name));
                    }
                    Step::HandOver(partition) => {
                        let to = self.leases[partition as usize].value.wanted_by.clone();
                        self.write(partition, to.as_deref(), None);
                        mine.remove(&partition);
                        self.moves += 1;
                    }
                }
            }
            mine.retain(|partition| self.leases[*partition as usize].value.owner.as_ref() == Some(&name));
            self.replicas.insert(name, (assignment, mine));
        }
    }

    fn turns(&mut self, turns: u32) {
        (0..turns).for_each(|_| self.turn());
    }

    fn shares(&self) -> Vec<usize> {
        self.replicas.values().map(|(_, mine)| mine.len()).collect()
    }

    fn is_divided(&self) -> bool {
        let mut all: Vec<_> = self.replicas.values().flat_map(|(_, mine)| mine.iter().copied()).collect();
        all.sort_unstable();
        all.into_iter().eq(0..self.leases.len() as u32)
    }
}

#[test]
fn the_first_replica_takes_everything_and_the_second_gets_half() {
    let mut world = World::new(8);
    world.join("a");
    world.turn();
    assert_eq!(world.shares(), [8]);
    world.join("b");
    world.turns(20);
    assert_eq!((world.shares(), world.moves), (vec![4, 4], 4));
}

#[test]
fn leases_of_a_dead_replica_run_out_and_not_before() {
    let mut world = World::new(4);
    world.join("a");
    world.turn();
    world.replicas.remove("a");
    world.join("b");
    world.turns(29);
    assert_eq!(world.shares(), [0]);
    world.turns(4);
    assert_eq!(world.shares(), [4]);
}

#[test]
fn only_one_partition_is_asked_for_at_a_time() {
    let mut world = World::new(8);
    world.join("a");
    world.turn();
    let mut other = Assignment::new("b".to_owned(), LEASE);
    let mine = BTreeSet::new();
    assert_eq!(other.steps(&world.leases, &mine, world.now), [Step::Ask(0)]);
    world.write(0, Some("a"), Some("b"));
    assert_eq!(other.steps(&world.leases, &mine, world.now), []);
}

proptest! {
    /// Whoever comes and goes, in the end each partition has one owner, shares differ by one at most, and it stays so.
    #[test]
    fn replicas_come_to_rest_in_equal_shares(
        partitions in 1..24_usize,
        changes in proptest::collection::vec((0..6_u8, any::<bool>(), 0..40_u32), 1..12),
    ) {
        let mut world = World::new(partitions);
        world.join("survivor");
        for (name, comes, turns) in changes {
            let name = format!("replica-{name}");
            if comes && !world.replicas.contains_key(&name) { world.join(&name) } else { world.replicas.remove(&name); }
            world.turns(turns);
        }
        world.turns(40 + 4 * partitions as u32);
        prop_assert!(world.is_divided());
        // A replica without a lease is not known to others, so with more replicas than partitions some have none.
        let shares = world.shares();
        prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1, "{:?}", shares);
        let moves = world.moves;
        world.turns(100);
        prop_assert_eq!(world.moves, moves);
    }
}
