//! Whether the queue can be reached: what the last call told, whoever made it. While all slots are busy nothing is claimed,
//! and renewals and settlements are all that there is.

use crate::{
    engine::{Error, Result},
    life::Event,
};
use std::sync::{Mutex, PoisonError, mpsc::Sender};

/// Tells the life whenever that changes.
pub struct Reach {
    events: Sender<Event>,
    /// What was told last; under one lock with the telling, so that the life hears it in this order.
    reachable: Mutex<bool>,
}

impl Reach {
    /// Of a queue that has been found.
    pub fn new(events: Sender<Event>) -> Self {
        Reach { events, reachable: Mutex::new(true) }
    }

    /// A call ended. What the engine refuses it has heard.
    pub fn heard<T>(&self, answer: &Result<T>) {
        self.is(!matches!(answer, Err(Error::Unreachable(_) | Error::NotMigrated(_))));
    }

    /// It is reachable, or not.
    pub fn is(&self, reachable: bool) {
        let mut before = self.reachable.lock().unwrap_or_else(PoisonError::into_inner);
        if *before != reachable {
            *before = reachable;
            let _gone = self.events.send(if reachable { Event::Reachable } else { Event::Unreachable });
        }
    }
}
