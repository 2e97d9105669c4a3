//! A job, from the moment it is put into a queue until it is settled.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime},
};

/// W3C trace context of whoever created a job, as header names and values; travels with the job.
pub type TraceContext = BTreeMap<String, String>;

/// Work to be done: what is stored in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Unique within its queue; effects are made idempotent by it. Letters, digits, `-` and `_`.
    pub id: String,
    /// The handler that does it.
    pub handler: String,
    /// What the handler gets.
    pub payload: Value,
    /// Whose trace it belongs to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trace: TraceContext,
}

impl Job {
    /// What cannot be read is a job too, one that no handler wants, and ends as a dead letter.
    pub fn unreadable(id: &str, text: String) -> Self {
        Job { id: id.to_owned(), handler: String::new(), payload: Value::String(text), trace: TraceContext::new() }
    }
}

/// How deep a payload may be nested: what stores it nests it deeper, and must be read again.
const LEVELS: usize = 64;

/// Whether a payload can be read wherever it is stored.
///
/// # Errors
/// It is nested too deep.
pub fn check_payload(payload: &Value) -> Result<(), String> {
    if levels(payload) > LEVELS { Err(format!("it is nested more than {LEVELS} levels deep")) } else { Ok(()) }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

/// What went wrong, in at most [`ErrorText::LONGEST`] bytes: handlers say what they like, and what they say is stored and
/// logged wherever the job goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct ErrorText(String);

impl ErrorText {
    /// Longest text, in bytes.
    pub const LONGEST: usize = 2048;
}

impl<T: Into<String>> From<T> for ErrorText {
    fn from(text: T) -> Self {
        const CUT: &str = " … (cut)";
        let mut text = text.into();
        if text.len() > ErrorText::LONGEST {
            text.truncate(text.floor_char_boundary(ErrorText::LONGEST - CUT.len()));
            text += CUT;
        }
        ErrorText(text)
    }
}

impl fmt::Display for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ErrorText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A job that was handed to this process, for as long as the lease lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What to do.
    pub job: Job,
    /// What to settle it with.
    pub claim: Claim,
    /// How often a handler has failed at it.
    pub attempts: u32,
    /// How often it was handed to a process, this time included.
    pub deliveries: u32,
    /// How often a process had it and never said what became of it: it died, lost the lease, or could not end the job.
    pub strikes: u32,
}

/// The right to settle one delivery. An old one, from before the lease ran out, changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The job.
    pub id: String,
    /// Fencing token: differs between two deliveries of a job.
    pub token: u64,
    /// Where the engine wants the answer; means something to the engine alone.
    pub reply: String,
}

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The job is done.
    Done,
    /// The handler failed: once more after a pause.
    Retry {
        /// The pause.
        after: Duration,
        /// What went wrong.
        error: ErrorText,
    },
    /// Nobody is to try again until somebody asks for it.
    Dead {
        /// Why not.
        reason: Reason,
        /// What went wrong last.
        error: ErrorText,
    },
    /// It was interrupted or never begun: given back at once, and neither an attempt nor a strike.
    Release,
    /// It was begun and could not be ended: given back at once, and a strike, as if its process had died of it.
    Stuck,
    /// Nobody wants it any more, and it has come to an end.
    Cancelled,
}

/// What became of a lease that was to be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It goes on.
    Held,
    /// It goes on, and nobody wants the job any more: its handler is to hear of it.
    Cancelled,
    /// It is not ours any more.
    Lost,
}

/// What became of a job that nobody wants any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It waited, and is taken out of the queue.
    TakenOut,
    /// It is being worked on: its handler hears of it when its lease is renewed. If its process dies, it is not handed out again.
    Asked,
    /// There is none of that id, or it is done, cancelled before or a dead letter.
    Missing,
}

/// Why a job is a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its handler failed as often as it may.
    Attempts,
    /// Processes that had it never said what became of it, as often as that may be: it kills or stalls them.
    Deliveries,
    /// There is no such handler, or the handler says that no retry can help.
    Rejected,
}

/// Whether a settlement counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It did.
    Applied,
    /// The lease had run out, and the job is somebody else's or settled: nothing was changed.
    Fenced,
}

/// A job that nobody is to try again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// Why.
    pub reason: Reason,
    /// What went wrong last.
    pub error: ErrorText,
    /// How often a handler failed at it.
    pub attempts: u32,
    /// The engine had no room for the payload beside the rest, so it is gone, and the job cannot be requeued.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_payload: bool,
}

impl DeadLetter {
    /// What is left of it where the whole is too large.
    #[must_use]
    pub fn cut(self) -> Self {
        let job = Job { handler: String::new(), payload: Value::Null, trace: TraceContext::new(), ..self.job };
        DeadLetter { job, without_payload: true, ..self }
    }
}

/// A dead letter, and since when it is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Buried {
    /// What it says.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// When it was written, by the clock of the engine.
    #[serde(serialize_with = "rfc3339")]
    pub since: SystemTime,
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

/// Some of the dead letters, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// As many as are worth [`Page::BYTES`], and at least one if there are any.
    pub letters: Vec<Buried>,
    /// Where the next page begins, in the engine's own words; none if this is the last.
    pub next: Option<String>,
}

impl Page {
    /// A page is full with so many bytes of letters: some may have a megabyte each.
    pub const BYTES: usize = 1 << 20;
}

/// How many jobs of a queue are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Wait for a worker.
    pub ready: u64,
    /// Are being worked on.
    pub leased: u64,
    /// Wait for their next attempt.
    pub delayed: u64,
    /// Are done.
    pub done: u64,
    /// Are dead letters.
    pub dead: u64,
    /// Were cancelled before they were done.
    pub cancelled: u64,
}

impl Counts {
    /// Jobs that still have to be done.
    pub fn open(&self) -> u64 {
        self.ready + self.leased + self.delayed
    }
}
