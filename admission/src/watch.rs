//! What somebody can watch of a scan or an audit while it runs, and where its time went.

use std::{
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// A part of the work, in the order in which it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Bytes of files and standard input; pages of lists of a cluster.
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

/// Counts of a scan or an audit. All threads add to them.
#[derive(Debug, Default)]
pub struct Watch {
    of: Of,
    sources: AtomicUsize,
    done: AtomicUsize,
    documents: AtomicUsize,
    is_timed: bool,
    nanoseconds: [AtomicU64; PHASES.len()],
}

/// What is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Of {
    /// Files and streams, with documents in them.
    #[default]
    Files,
    /// Lists of a cluster, with objects in them.
    Lists,
}

/// How far it is: `12 of 40 files`, `300 documents` where there is only one, `3 of 14 lists, 2500 objects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HowFar {
    /// What is read.
    pub of: Of,
    /// How many there are; 0 while they are looked for.
    pub sources: usize,
    /// Those that are done.
    pub done: usize,
    /// Documents or objects that are done.
    pub documents: usize,
}

impl Watch {
    /// One that may take the time of each phase, which costs a little of it.
    pub fn new(of: Of, is_timed: bool) -> Self {
        Watch { of, is_timed, ..Watch::default() }
    }

    /// How far it is.
    pub fn how_far(&self) -> HowFar {
        let [sources, done, documents] = [&self.sources, &self.done, &self.documents].map(|count| count.load(Relaxed));
        HowFar { of: self.of, sources, done, documents }
    }

    /// The time of each phase, added up over all threads.
    pub fn times(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        PHASES.iter().zip(&self.nanoseconds).map(|((_, name), time)| (*name, Duration::from_nanos(time.load(Relaxed))))
    }

    /// So many sources are to be read.
    pub fn begin(&self, sources: usize) {
        self.sources.store(sources, Relaxed);
    }

    /// One of them is done.
    pub fn source_done(&self) {
        self.done.fetch_add(1, Relaxed);
    }

    /// So many documents or objects are done.
    pub fn documents_done(&self, count: usize) {
        self.documents.fetch_add(count, Relaxed);
    }

    /// Does some work of a phase.
    pub fn time<T>(&self, phase: Phase, work: impl FnOnce() -> T) -> T {
        if !self.is_timed {
            return work();
        }
        let start = Instant::now();
        let done = work();
        self.took(phase, start.elapsed());
        done
    }

    /// A phase took so much time.
    pub fn took(&self, phase: Phase, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds[phase as usize].fetch_add(nanoseconds, Relaxed);
    }
}

impl fmt::Display for HowFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HowFar { of, sources, done, documents } = self;
        match (of, sources) {
            (Of::Files, 0) => f.write_str("looking for files"),
            (Of::Files, 1) => write!(f, "{documents} documents"),
            (Of::Files, _) => write!(f, "{done} of {sources} files"),
            (Of::Lists, 0) => f.write_str("asking which kinds there are"),
            (Of::Lists, _) => write!(f, "{done} of {sources} lists, {documents} objects"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_counted_where_they_belong() {
        let watch = Watch::new(Of::Files, true);
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
        let how_far = |of, sources, done, documents| HowFar { of, sources, done, documents }.to_string();
        assert_eq!(how_far(Of::Files, 0, 0, 0), "looking for files");
        assert_eq!(how_far(Of::Files, 1, 0, 300), "300 documents");
        assert_eq!(how_far(Of::Files, 40, 12, 300), "12 of 40 files");
        assert_eq!(how_far(Of::Lists, 14, 3, 2500), "3 of 14 lists, 2500 objects");
    }
}
