//! What the life of the process tells its loops: one value that they watch.

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
