//! What the life of the process tells its loops: one value that they watch. And whether they have heard it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::watch;

/// What is to be done now. From `Stop` on it only goes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Take nothing; there may be more later.
    Hold,
    /// Take work and do it.
    Work,
    /// Take nothing more, finish what there is.
    Stop,
    /// Ask what still runs to come to an end.
    Cancel,
    /// End what still runs.
    Abort,
}

/// The side of the loops.
pub type Orders = watch::Receiver<Order>;

/// Returns once it has come to `order` or beyond.
pub async fn reached(orders: &mut Orders, order: Order) {
    // An error means that nobody gives orders any more: then everything is over as well.
    let _gone = orders.wait_for(|now| *now >= order).await;
}

/// Returns once there is an order other than to work.
pub async fn no_work(orders: &mut Orders) {
    let _gone = orders.wait_for(|now| *now != Order::Work).await;
}

/// The loops that may take work. Each is one of them before it reads its order, and stays one until it has taken what that
/// order lets it take: so once the order is another and there is none of them, nothing more is taken.
#[derive(Clone, Debug, Default)]
pub struct Takers(Arc<AtomicUsize>);

impl Takers {
    /// Becomes one of them.
    #[must_use]
    pub fn join(&self) -> Taker {
        self.0.fetch_add(1, Ordering::SeqCst);
        Taker(self.0.clone())
    }

    /// Whether there is one.
    pub fn any(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Taker(Arc<AtomicUsize>);

impl Drop for Taker {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
