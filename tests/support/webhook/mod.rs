//! A webhook that runs, and an API server's side of the wire: what every test of `plimsoll serve` needs.

mod certificates;
mod client;
mod mounted;
mod reviews;
mod server;

pub use certificates::{Authority, Leaf};
pub use client::{Answer, Connection, admin, raw};
pub use mounted::Mounted;
pub use reviews::{create, delete, object, update};
pub(crate) use server::send;
pub use server::{Exited, Setup, Webhook};

use std::time::{Duration, Instant};

/// The longest that anything in these tests may take to come about.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Looks until there is something to see, and fails where there never is.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
