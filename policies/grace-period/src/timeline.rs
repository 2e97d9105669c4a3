//! The parts of a stop, one after the other, and their sum: P + D + S + F + m.

use crate::{
    GracePeriod,
    command::CommandLine,
    prestop::{self, Bound},
    shutdown::{Shutdown, Subject},
};
use plimsoll_policy::{
    Duration, Workload,
    contract::{Contract, Key},
    workload::Container,
};
use std::fmt;

/// How one container stops.
pub(crate) struct Timeline<'a> {
    pub(crate) container: &'a Container,
    /// What it runs.
    pub(crate) line: CommandLine,
    /// P.
    pub(crate) prestop: Bound,
    /// D.
    pub(crate) drain: Part,
    /// S.
    pub(crate) shutdown: Shutdown,
    /// F.
    pub(crate) flush: Part,
    /// m.
    pub(crate) margin: Duration,
}

/// A length of time, and where it is declared; zero by default.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) length: Duration,
    pub(crate) source: Option<String>,
    /// A framework is told it, but may not be built to heed it.
    pub(crate) inferred: bool,
}

impl<'a> Timeline<'a> {
    pub(crate) fn of(
        container: &'a Container,
        workload: &Workload,
        contract: &Contract,
        settings: &GracePeriod,
    ) -> Self {
        let declared = |key| {
            let declared = contract.duration(key, container)?;
            Some(Part { length: declared.value, source: Some(declared.annotation), inferred: false })
        };
        let line = CommandLine::of(container);
        let is_unread = |field| workload.is_unreadable(&container.field(field));
        let subject = Subject {
            container,
            line: &line,
            runs_to_completion: workload.runs_to_completion(),
            is_command_read: workload.unreadable.is_empty() || !["command", "args"].into_iter().any(is_unread),
            custom: &settings.detectors,
        };
        let delay = || {
            let (length, name) = subject.delay()?;
            Some(Part { length, source: Some(format!("{name}, inferred")), inferred: true })
        };
        Timeline {
            container,
            prestop: prestop::bound(container, contract),
            drain: declared(Key::DrainDelay).or_else(delay).unwrap_or_default(),
            shutdown: subject.shutdown(contract),
            flush: declared(Key::FlushTimeout).unwrap_or_default(),
            margin: settings.margin,
            line,
        }
    }

    /// P + D + S + F, a lower bound where P has no bound or S is unknown.
    pub(crate) fn busy(&self) -> Duration {
        self.prestop.length() + self.drain.length + self.shutdown.length() + self.flush.length
    }

    /// Whether its hook never ends, so that there is no sum.
    pub(crate) fn is_endless(&self) -> bool {
        matches!(self.prestop, Bound::Endless)
    }

    /// The smallest grace that is enough: P + D + S + F + m.
    pub(crate) fn needed(&self) -> Duration {
        self.busy() + self.margin
    }

    /// The least grace that leaves time for an unknown S: P + D + F and a second. The margin is ours and does not count.
    pub(crate) fn least(&self) -> Duration {
        self.busy() + Duration::seconds(1)
    }

    /// [`needed`](Self::needed), spelled out with the source of each number.
    pub(crate) fn spelled_out(&self) -> String {
        format!("{} = {} + margin {}", self.needed(), self.parts(), self.margin)
    }

    /// [`least`](Self::least), spelled out likewise.
    pub(crate) fn least_spelled_out(&self) -> String {
        format!("{} = {} + 1s for the shutdown itself", self.least(), self.parts())
    }

    /// [`busy`](Self::busy), spelled out likewise.
    pub(crate) fn busy_spelled_out(&self) -> String {
        format!("{} = {}", self.busy(), self.parts())
    }

    fn parts(&self) -> String {
        let mut parts = vec![format!("preStop {}", self.prestop), format!("drain delay {}", self.drain)];
        if let Shutdown::Known(known) = &self.shutdown {
            parts.push(format!("shutdown timeout {} ({})", known.length, known.source));
        }
        parts.push(format!("flush {}", self.flush));
        parts.join(" + ")
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.length)?;
        match &self.source {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}
