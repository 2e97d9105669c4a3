//! The arithmetic held against small controllers that do what Kubernetes' own do: `rolling.go` of the deployment
//! controller, and the update loops of the StatefulSet and DaemonSet controllers.

use crate::{
    arithmetic::{Bounds, Rounding, lowest_of_stateful_set, scaled},
    strategy::NONE_AVAILABLE,
    tests::{daemon_set, of_strategy, stateful_set},
};
use plimsoll_policy::{
    Workload,
    testing::found,
    workload::{IntOrPercent, StatefulSetUpdate, Strategy as Update},
};
use proptest::prelude::*;

/// A Deployment in the middle of an update. All old pods are available.
#[derive(Clone, Copy, Debug)]
struct Rolling {
    replicas: i64,
    unavailable: i64,
    surge: i64,
    old: i64,
    new: i64,
    new_available: i64,
}

impl Rolling {
    fn available(self) -> i64 {
        self.old + self.new_available
    }

    /// One look of the controller: it scales the new pods up, or else the old ones down.
    fn reconcile(&mut self) -> bool {
        let room = self.replicas + self.surge - self.old - self.new;
        let up = room.min(self.replicas - self.new).max(0);
        if up > 0 {
            self.new += up;
            return true;
        }
        let least = self.replicas - self.unavailable;
        let down = (self.old + self.new - least - (self.new - self.new_available)).min(self.old).max(0);
        self.old -= down;
        down > 0
    }
}

/// The fewest pods that are available at any time. `order` says when a new pod becomes available before the controller
/// has come to rest; it always does afterwards.
fn fewest(replicas: i64, (unavailable, surge): (i64, i64), order: &[bool]) -> i64 {
    let mut rolling = Rolling { replicas, unavailable, surge, old: replicas, new: 0, new_available: 0 };
    let mut fewest = replicas;
    let mut early = order.iter().copied().chain(std::iter::repeat(false));
    while rolling.old > 0 || rolling.new_available < replicas {
        let starts = rolling.new_available < rolling.new && early.next().unwrap_or_default();
        if starts || !rolling.reconcile() {
            assert!(rolling.new_available < rolling.new, "nothing can move: {rolling:?}");
            rolling.new_available += 1;
        }
        assert!(rolling.old + rolling.new <= replicas + surge, "too many pods: {rolling:?}");
        fewest = fewest.min(rolling.available());
    }
    fewest
}

/// Pods are stopped from the last one on, and at most so many are missing.
fn fewest_in_order(pods: i64, stay: i64, most: i64) -> i64 {
    let (mut outdated, mut missing, mut fewest) = ((pods - stay).max(0), 0, pods);
    while outdated > 0 {
        if missing < most {
            (outdated, missing) = (outdated - 1, missing + 1);
        } else {
            missing -= 1;
        }
        fewest = fewest.min(pods - missing);
    }
    fewest
}

fn value(most: i64) -> impl Strategy<Value = IntOrPercent> {
    prop_oneof![(0..=most).prop_map(IntOrPercent::Int), (0..=100_i64).prop_map(IntOrPercent::Percent)]
}

fn is_zero(value: IntOrPercent) -> bool {
    matches!(value, IntOrPercent::Int(0) | IntOrPercent::Percent(0))
}

fn says_none(workload: &Workload) -> bool {
    !found(&crate::Rollout::default(), &NONE_AVAILABLE, workload).is_empty()
}

proptest! {
    /// Availability is never below what the rule promises, however pods start, and reaches it where they are slow; the
    /// rule speaks exactly where that is zero.
    #[test]
    fn a_deployment_keeps_what_the_rule_promises(
        replicas in 1..20_i64,
        max_unavailable in value(25),
        max_surge in value(25),
        order in prop::collection::vec(any::<bool>(), 0..60),
    ) {
        prop_assume!(!is_zero(max_unavailable) || !is_zero(max_surge));
        let bounds = Bounds::of(max_unavailable, max_surge, replicas);
        let limits = (bounds.unavailable, bounds.surge);
        prop_assert!(fewest(replicas, limits, &order) >= bounds.lowest(replicas));
        let worst = fewest(replicas, limits, &[]);
        prop_assert_eq!(worst, bounds.lowest(replicas));
        let workload = of_strategy(replicas, Update::RollingUpdate { max_unavailable, max_surge });
        prop_assert_eq!(says_none(&workload), worst == 0);
    }

    #[test]
    fn a_stateful_set_keeps_what_the_rule_promises(
        replicas in 2..20_i64,
        partition in 0..25_i64,
        value in prop::option::of(value(25)),
    ) {
        prop_assume!(!value.is_some_and(is_zero));
        let most = value.map_or(1, |value| scaled(value, replicas, Rounding::Down).max(1));
        let worst = fewest_in_order(replicas, partition, most);
        prop_assert_eq!(worst, lowest_of_stateful_set(replicas, partition, value));
        let update = StatefulSetUpdate::RollingUpdate { partition, max_unavailable: value };
        prop_assert_eq!(says_none(&stateful_set(replicas, update)), worst == 0);
    }

    /// Of a DaemonSet only a percentage says something about all nodes.
    #[test]
    fn a_daemon_set_keeps_what_the_rule_promises(nodes in 1..200_i64, percent in 1..=100_i64) {
        let value = IntOrPercent::Percent(percent);
        let worst = fewest_in_order(nodes, 0, scaled(value, nodes, Rounding::Up));
        let says = says_none(&daemon_set(value));
        prop_assert!(!says || worst == 0);
        prop_assert_eq!(says, percent == 100);
    }

    #[test]
    fn a_percentage_rounds_one_way(total in 0..10_000_i64, percent in 0..=100_i64) {
        let value = IntOrPercent::Percent(percent);
        let (down, up) = (scaled(value, total, Rounding::Down), scaled(value, total, Rounding::Up));
        prop_assert!(down * 100 <= total * percent && total * percent < (down + 1) * 100);
        prop_assert!(up * 100 >= total * percent && total * percent > (up - 1) * 100);
    }
}

/// The table that Kubernetes has beside `ResolveFenceposts`, and the numbers of the API's documentation.
#[test]
fn bounds_round_as_kubernetes_says() {
    use IntOrPercent::{Int, Percent};
    for (replicas, max_unavailable, max_surge, expected) in [
        (2, Percent(1), Percent(0), (1, 0)),
        (1, Percent(1), Percent(0), (1, 0)),
        (2, Percent(25), Percent(1), (0, 1)),
        (1, Percent(25), Percent(1), (0, 1)),
        (2, Percent(0), Percent(1), (0, 1)),
        (1, Percent(25), Percent(25), (0, 1)),
        (4, Percent(25), Percent(25), (1, 1)),
        (10, Percent(25), Percent(25), (2, 3)),
        (1, Int(1), Percent(25), (1, 1)),
        (3, Int(5), Int(0), (3, 0)),
    ] {
        let bounds = Bounds::of(max_unavailable, max_surge, replicas);
        assert_eq!((bounds.unavailable, bounds.surge), expected, "{replicas} {max_unavailable:?} {max_surge:?}");
    }
}
