//! How a handler is asked to come to an end, and why.

use crate::telemetry::Instruments;
use serde::Serialize;
use std::{
    fmt,
    future::pending,
    sync::{Arc, OnceLock, Weak},
};
use tokio::sync::watch;

/// Why a handler is asked to come to an end. One that comes later in this list makes an earlier one void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The worker must stop: return [`HandlerError::Interrupted`](super::HandlerError::Interrupted), and the job is given back.
    Stop,
    /// It had all the time that a job may have: this counts as a failure, unless the handler succeeds right now.
    TimedOut,
    /// Nobody wants the job any more: whatever it comes to, unless it succeeds right now, it is not tried again.
    Cancelled,
    /// Somebody else may be working on it by now: nothing that this handler says counts any more.
    LeaseLost,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Why::Stop => "the worker must stop",
            Why::TimedOut => "its time is over",
            Why::Cancelled => "the job was cancelled",
            Why::LeaseLost => "its lease is lost",
        })
    }
}

/// What a handler looks at while it works. Whatever works for it elsewhere, such as a thread, gets a clone: as long as there
/// is one, the worker knows that the work goes on.
#[derive(Clone, Debug)]
pub struct Cancel {
    asked: watch::Receiver<Option<Why>>,
    _works: Arc<Works>,
}

impl Cancel {
    /// Why it is to come to an end, if it is.
    pub fn why(&self) -> Option<Why> {
        *self.asked.borrow()
    }

    /// Whether it is to come to an end.
    pub fn is_cancelled(&self) -> bool {
        self.why().is_some()
    }

    /// Waits until it is to come to an end.
    pub async fn cancelled(&self) -> Why {
        match self.asked.clone().wait_for(Option::is_some).await.ok().and_then(|why| *why) {
            Some(why) => why,
            // The handler has ended: nobody asks any more.
            None => pending().await,
        }
    }
}

/// The side of those who ask.
#[derive(Debug)]
pub struct Canceller(watch::Sender<Option<Why>>);

impl Default for Canceller {
    fn default() -> Self {
        Canceller(watch::Sender::new(None))
    }
}

impl Canceller {
    /// Asks for an end. The gravest reason stays.
    pub fn ask(&self, why: Why) {
        self.0.send_if_modified(|asked| {
            let graver = Some(why) > *asked;
            *asked = (*asked).max(Some(why));
            graver
        });
    }

    /// What was asked for.
    pub fn why(&self) -> Option<Why> {
        *self.0.borrow()
    }

    /// Waits until this, or something graver, is asked for; says what.
    pub(crate) async fn asked(&self, why: Why) -> Why {
        let mut asked = self.0.subscribe();
        // It cannot be closed: we hold it.
        asked.wait_for(|asked| *asked >= Some(why)).await.ok().and_then(|asked| *asked).unwrap_or(why)
    }

    /// What the handler gets, and a look at whether it works still.
    pub(super) fn cancel(&self) -> (Cancel, Weak<Works>) {
        let works = Arc::<Works>::default();
        let weak = Arc::downgrade(&works);
        (Cancel { asked: self.0.subscribe(), _works: works }, weak)
    }
}

/// Lives as long as something works for a handler.
#[derive(Default)]
pub(super) struct Works(OnceLock<Overdue>);

/// Of a handler that goes on though nobody waits for it.
struct Overdue {
    id: String,
    instruments: Instruments,
}

impl Works {
    /// Nobody waits for it any more.
    pub(super) fn abandon(&self, id: &str, why: Why, instruments: &Instruments) {
        let overdue = Overdue { id: id.to_owned(), instruments: instruments.clone() };
        if self.0.set(overdue).is_ok() {
            tracing::warn!(job = id, because = %why, "the handler was asked to end, and goes on");
            instruments.overdue(1);
        }
    }
}

impl fmt::Debug for Works {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Works")
    }
}

impl Drop for Works {
    fn drop(&mut self) {
        if let Some(Overdue { id, instruments }) = self.0.take() {
            tracing::info!(job = id, "the handler has ended at last");
            instruments.overdue(-1);
        }
    }
}
