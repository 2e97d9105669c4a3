//! What somebody can watch of a scan while it runs, and where its time went.

use std::{
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// A part of the work, in the order in which it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Bytes of files and standard input.
    Read,
    /// Text to objects with their defaults.
    Parse,
    /// Objects, one by one, through the policies.
    Judge,
    /// Objects of a namespace together.
    Sets,
    /// Findings to lines and columns.
    Locate,
}

const PHASES: [(Phase, &str); 5] = [
    (Phase::Read, "read"),
    (Phase::Parse, "parse"),
    (Phase::Judge, "judge"),
    (Phase::Sets, "judge sets"),
    (Phase::Locate, "locate"),
];

/// Counts of a scan. All threads add to them.
#[derive(Debug, Default)]
pub struct Watch {
    sources: AtomicUsize,
    done: AtomicUsize,
    documents: AtomicUsize,
    is_timed: bool,
    nanoseconds: [AtomicU64; PHASES.len()],
}

/// How far a scan is: `12 of 40 files`, or `300 documents` where there is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HowFar {
    /// Files and streams to read; 0 while they are looked for.
    pub sources: usize,
    /// Those that are done.
    pub done: usize,
    /// Documents that are done.
    pub documents: usize,
}

impl Watch {
    /// One that takes the time of each phase, which costs a little of it.
    pub fn timed() -> Self {
        Watch { is_timed: true, ..Watch::default() }
    }

    /// How far it is.
    pub fn how_far(&self) -> HowFar {
        let [sources, done, documents] = [&self.sources, &self.done, &self.documents].map(|count| count.load(Relaxed));
        HowFar { sources, done, documents }
    }

    /// The time of each phase, added up over all threads.
    pub fn times(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        PHASES.iter().zip(&self.nanoseconds).map(|((_, name), time)| (*name, Duration::from_nanos(time.load(Relaxed))))
    }

    pub(super) fn begin(&self, sources: usize) {
        self.sources.store(sources, Relaxed);
    }

    pub(super) fn source_done(&self) {
        self.done.fetch_add(1, Relaxed);
    }

    pub(super) fn document_done(&self) {
        self.documents.fetch_add(1, Relaxed);
    }

    pub(super) fn time<T>(&self, phase: Phase, work: impl FnOnce() -> T) -> T {
        if !self.is_timed {
            return work();
        }
        let start = Instant::now();
        let done = work();
        let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds[phase as usize].fetch_add(nanoseconds, Relaxed);
        done
    }
}

impl fmt::Display for HowFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HowFar { sources, done, documents } = self;
        match sources {
            0 => f.write_str("looking for files"),
            1 => write!(f, "{documents} documents"),
            _ => write!(f, "{done} of {sources} files"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_counted_where_they_belong() {
        let watch = Watch::timed();
        for (index, (phase, name)) in PHASES.iter().enumerate() {
            watch.time(*phase, || std::hint::black_box((0..10_000).sum::<u64>()));
            let counted: Vec<_> = watch.times().filter(|(_, time)| !time.is_zero()).map(|(name, _)| name).collect();
            assert_eq!((counted.len(), counted.last()), (index + 1, Some(name)));
        }
        let watch = Watch::default();
        watch.time(Phase::Read, || ());
        assert!(watch.times().all(|(_, time)| time.is_zero()), "nobody asked");
    }

    #[test]
    fn says_how_far_in_what_there_is_many_of() {
        let how_far = |sources, done, documents| HowFar { sources, done, documents }.to_string();
        assert_eq!(how_far(0, 0, 0), "looking for files");
        assert_eq!(how_far(1, 0, 300), "300 documents");
        assert_eq!(how_far(40, 12, 300), "12 of 40 files");
    }
}
