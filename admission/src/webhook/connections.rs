//! Bounds on connections: so many, and when one more comes, one goes that never said anything, or was silent for longest.
//!
//! Whoever keeps connections open and says nothing, or begins heads that never end, so costs nobody else anything: not
//! descriptors, which both ports share, and not the place of a caller who has something to say.

use axum_server::accept::Accept;
use nix::sys::resource::{Resource, getrlimit};
use std::{
    collections::HashMap,
    future::{Future, Ready, ready},
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, futures::OwnedNotified},
};

/// Most connections of the webhook. Each costs up to 100 KiB.
pub const WEBHOOK: u64 = 512;

/// Most connections of the admin port: the kubelet and Prometheus use one each.
pub const ADMIN: u64 = 64;

/// The connections of one port. Clones share them.
#[derive(Debug, Clone)]
pub struct Connections {
    open: Arc<Mutex<Open>>,
    most: usize,
    start: Instant,
}

#[derive(Debug, Default)]
struct Open {
    /// By their numbers, which are never used twice.
    entries: HashMap<u64, Arc<Entry>>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    /// When something was read or written last, in milliseconds since the start.
    active: AtomicU64,
    /// Whether anything was ever written to it.
    answered: AtomicBool,
    closed: Arc<Notify>,
}

impl Connections {
    /// Of the webhook.
    pub(super) fn of_webhook() -> Self {
        Connections::at_most(WEBHOOK.min(descriptors() / 2))
    }

    /// Of the admin port.
    pub(super) fn of_admin() -> Self {
        Connections::at_most(ADMIN.min(descriptors() / 8))
    }

    fn at_most(most: u64) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
        Connections { open: Arc::default(), most, start: Instant::now() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes one more, and closes the one that was silent for longest where that is one too many.
    fn take<S>(&self, stream: S) -> Connection<S> {
        let closed = Arc::new(Notify::new());
        let active = AtomicU64::new(self.now());
        let entry = Arc::new(Entry { active, answered: AtomicBool::new(false), closed: Arc::clone(&closed) });
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.entries.len() >= self.most {
            open.close_one();
        }
        let id = open.next;
        open.next += 1;
        open.entries.insert(id, Arc::clone(&entry));
        drop(open);
        Connection { stream, id, entry, all: self.clone(), closed: Box::pin(closed.notified_owned()) }
    }
}

impl Open {
    /// One that never said anything, if there is one; else the one that was silent for longest.
    fn close_one(&mut self) {
        let rank = |(id, entry): &(&u64, &Arc<Entry>)| {
            (entry.answered.load(Ordering::Relaxed), entry.active.load(Ordering::Relaxed), **id)
        };
        let silent = self.entries.iter().min_by_key(rank);
        if let Some(id) = silent.map(|(id, _)| *id)
            && let Some(entry) = self.entries.remove(&id)
        {
            entry.closed.notify_one();
        }
    }
}

/// How many files the process may have open.
fn descriptors() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(now, _)| now)
}

impl<S, Service> Accept<S, Service> for Connections {
    type Stream = Connection<S>;
    type Service = Service;
    type Future = Ready<io::Result<(Connection<S>, Service)>>;

    fn accept(&self, stream: S, service: Service) -> Self::Future {
        ready(Ok((self.take(stream), service)))
    }
}

/// A connection that is counted.
pub struct Connection<S> {
    stream: S,
    id: u64,
    entry: Arc<Entry>,
    all: Connections,
    closed: Pin<Box<OwnedNotified>>,
}

impl<S> Connection<S> {
    /// An error where it had to make room.
    fn poll_closed(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.closed.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "closed to make room for another")),
            Poll::Pending => Ok(()),
        }
    }

    fn is_active(&self) {
        self.entry.active.store(self.all.now(), Ordering::Relaxed);
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(1..)) = written {
            self.is_active();
            self.entry.answered.store(true, Ordering::Relaxed);
        }
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        self.all.open.lock().unwrap_or_else(PoisonError::into_inner).entries.remove(&self.id);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_closed(context)?;
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if read.is_ready() {
            self.is_active();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, from);
        self.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, from);
        self.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
