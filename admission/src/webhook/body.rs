//! Bodies, read in bounded memory: what is there of all of them together is counted, from their first bytes until their
//! reviews are answered.
//!
//! The beginning of a body is not counted, so that small reviews come through while large ones, or callers who send
//! slowly, have taken all that there is; of these there are as many as there may be connections.

use crate::review::Outline;
use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use http_body_util::BodyExt;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Largest body, in bytes: an object has up to 3 MiB, and an UPDATE carries two.
pub const BODY: usize = 7 << 20;

/// Most bytes of all bodies together, without their beginnings.
pub const BODIES: usize = 32 << 20;

/// How many bytes of a body are not counted; most reviews have less.
const BEGINNING: usize = 32 << 10;

/// How long to take what is not kept.
const DISCARD: Duration = Duration::from_millis(500);

/// What is counted at one time, in bytes.
const PIECE: usize = 4 << 10;

/// A body, and its share of the memory for bodies.
#[derive(Debug)]
pub struct Received {
    /// What was sent.
    pub bytes: Vec<u8>,
    /// What it says of itself.
    pub outline: Outline,
    /// Given back when this is dropped.
    share: Option<OwnedSemaphorePermit>,
}

/// The memory for bodies.
#[derive(Debug)]
pub struct Bodies {
    pieces: Arc<Semaphore>,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRead {
    /// It has more than [`BODY`].
    TooLarge,
    /// Others have taken all the memory for bodies.
    NoRoom,
    /// The caller is gone, or sends no body.
    Broken(String),
}

impl NotRead {
    /// The status, and why.
    pub fn refusal(&self) -> (StatusCode, String) {
        match self {
            NotRead::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {} MiB\n", BODY >> 20))
            }
            NotRead::NoRoom => (
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "plimsoll reads {} MiB of reviews at a time; the API server does what failurePolicy says\n",
                    BODIES >> 20
                ),
            ),
            NotRead::Broken(why) => (StatusCode::BAD_REQUEST, format!("the body cannot be read: {why}\n")),
        }
    }
}

impl Bodies {
    /// Nothing is being read yet.
    pub fn new() -> Self {
        Bodies { pieces: Arc::new(Semaphore::new(BODIES / PIECE)) }
    }

    /// Reads a body of which `declared` bytes were announced, if the caller has said so.
    ///
    /// # Errors
    /// Why not; at once where far too much is announced, and within half a second of what is too much.
    pub async fn read(&self, mut body: Body, declared: Option<u64>) -> Result<Received, NotRead> {
        if declared.is_some_and(|bytes| bytes > BODY as u64) {
            if declared.is_some_and(|bytes| bytes <= 2 * BODY as u64) {
                discard(body).await;
            }
            return Err(NotRead::TooLarge);
        }
        let declared = declared.and_then(|bytes| usize::try_from(bytes).ok());
        let mut received = Received { bytes: Vec::new(), outline: Outline::default(), share: None };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| NotRead::Broken(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            if let Err(why) = self.make_room(&mut received, data.len(), declared) {
                drop(received);
                discard(body).await;
                return Err(why);
            }
            received.bytes.extend_from_slice(&data);
            received.outline.add(&data);
        }
        Ok(received)
    }

    /// Room for so many more bytes, counted before it is there.
    fn make_room(&self, received: &mut Received, more: usize, declared: Option<usize>) -> Result<(), NotRead> {
        let length = received.bytes.len() + more;
        if length > BODY {
            return Err(NotRead::TooLarge);
        }
        if length <= received.bytes.capacity() {
            return Ok(());
        }
        // Twice as much as before, so that the work is linear; never more than what is to come, where that is known.
        let capacity = (2 * received.bytes.capacity()).max(length).max(PIECE).min(declared.unwrap_or(BODY).max(length));
        self.count(received, capacity)?;
        received.bytes.reserve_exact(capacity - received.bytes.len());
        Ok(())
    }

    fn count(&self, received: &mut Received, capacity: usize) -> Result<(), NotRead> {
        let has = received.share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = capacity.saturating_sub(BEGINNING).div_ceil(PIECE).saturating_sub(has);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| NotRead::TooLarge)?;
        let share = Arc::clone(&self.pieces).try_acquire_many_owned(more).map_err(|_| NotRead::NoRoom)?;
        match &mut received.share {
            Some(has) => has.merge(share),
            none => *none = Some(share),
        }
        Ok(())
    }
}

/// Takes what is still to come, for a moment: whoever is still sending would see a broken connection and no answer.
async fn discard(mut body: Body) {
    let rest = async {
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
            if length > 2 * BODY {
                return;
            }
        }
    };
    // Whether it has ended or not, the answer goes out now.
    let _ = timeout(DISCARD, rest).await;
}

impl Default for Bodies {
    fn default() -> Self {
        Bodies::new()
    }
}
