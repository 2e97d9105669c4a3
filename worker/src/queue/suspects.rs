//! Jobs that were handed out time and again and never settled: each has the process for itself, so that if it ends it, no
//! neighbour of it is taken for the culprit.

use crate::{handlers::Canceller, job::Delivery};
use std::sync::Arc;

/// At most one of them is here at a time: waits until the others have ended, or runs alone.
#[derive(Default)]
pub(super) enum Suspect {
    #[default]
    None,
    Waits(Delivery, Arc<Canceller>),
    Runs,
}

impl Suspect {
    /// Has one wait, where there is none.
    pub(super) fn wait(&mut self, delivery: Delivery, canceller: Arc<Canceller>) {
        let (job, strikes) = (&delivery.job.id, delivery.strikes);
        tracing::warn!(job, strikes, "handed out before and never settled; it runs alone");
        *self = Suspect::Waits(delivery, canceller);
    }

    /// The one that waits, if it may run: nothing else does.
    pub(super) fn next(&mut self) -> Option<(Delivery, Arc<Canceller>)> {
        match std::mem::take(self) {
            Suspect::Waits(delivery, canceller) => {
                *self = Suspect::Runs;
                Some((delivery, canceller))
            }
            // It has ended.
            Suspect::Runs | Suspect::None => None,
        }
    }

    /// The one that waits, to be given back.
    pub(super) fn leave(&mut self) -> Option<Delivery> {
        match std::mem::take(self) {
            Suspect::Waits(delivery, _) => Some(delivery),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Whether others may be taken.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Suspect::None)
    }
}
