//! What time it is for the server. Hosts do not agree on it, and a pause is no longer because a host's clock is wrong.

use super::Nats;
use crate::engine::Result;
use async_nats::jetstream::message::PublishMessage;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// How long a look at the server's clock is good for; after it the two may have drifted apart.
const GOOD: Duration = Duration::from_secs(60);

/// The key of the bucket that is written to see when.
const CLOCK: &str = "clock";

/// When the server's clock was last looked at, and what it said. The host's own clock has no part in it: it may be set.
#[derive(Default)]
pub(super) struct Clock(Mutex<Option<(Instant, SystemTime)>>);

impl Clock {
    fn now(&self) -> Option<SystemTime> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(at, _)| at.elapsed() < GOOD).map(|(at, time)| time + at.elapsed())
    }

    fn set(&self, at: Instant, time: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, time));
    }
}

impl Nats {
    /// The time of the server, as exact as a message is fast. The server stamps what it stores, and tells the time in no
    /// other way.
    pub(super) async fn server_time(&self) -> Result<SystemTime> {
        loop {
            if let Some(time) = self.clock.now() {
                return Ok(time);
            }
            let asked = Instant::now();
            let Some(stored) = self.connection.put(self.names.key(CLOCK), PublishMessage::build()).await? else {
                continue;
            };
            let middle = asked + asked.elapsed() / 2;
            // Not there any more if another has written it since: once more.
            if let Some(message) = self.connection.at(&self.names.leases, stored.sequence).await? {
                self.clock.set(middle, message.time.into());
            }
        }
    }
}
