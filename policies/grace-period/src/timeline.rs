//! The parts of a stop, one after the other, and their sum: P + D + S + F + m.

use crate::{
    GracePeriod,
    prestop::{self, Bound},
    shutdown::{self, Shutdown},
};
use plimsoll_policy::{
    Duration,
    contract::{Contract, Key},
    workload::Container,
};
use std::fmt::{self, Write};

/// How one container stops.
pub(crate) struct Timeline<'a> {
    pub(crate) container: &'a Container,
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

/// A length of time, and who says so; nobody does where it is zero by default.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) length: Duration,
    pub(crate) source: Option<String>,
}

impl<'a> Timeline<'a> {
    pub(crate) fn of(container: &'a Container, contract: &Contract, settings: &GracePeriod) -> Self {
        let declared = |key| {
            contract.duration(key, container).map_or_else(Part::default, |declared| Part {
                length: declared.value,
                source: Some(declared.annotation),
            })
        };
        Timeline {
            container,
            prestop: prestop::bound(container, contract),
            drain: declared(Key::DrainDelay),
            shutdown: shutdown::find(container, contract, &settings.detectors),
            flush: declared(Key::FlushTimeout),
            margin: settings.margin,
        }
    }

    /// P + D + S + F, a lower bound where P has no bound or S is unknown.
    pub(crate) fn busy(&self) -> Duration {
        self.prestop.length() + self.drain.length + self.shutdown.length() + self.flush.length
    }

    /// The smallest grace that is enough: P + D + S + F + m.
    pub(crate) fn needed(&self) -> Duration {
        self.busy() + self.margin
    }

    /// [`needed`](Self::needed), spelled out with the source of each number.
    pub(crate) fn spelled_out(&self) -> String {
        let mut sum = self.needed().to_string();
        let mut add = |sign: &str, part: fmt::Arguments<'_>| {
            write!(sum, " {sign} {part}").expect("writing to a string does not fail");
        };
        add("=", format_args!("preStop {}", self.prestop));
        add("+", format_args!("drain delay {}", self.drain));
        if let Shutdown::Known(known) = &self.shutdown {
            add("+", format_args!("shutdown timeout {} ({})", known.length, known.source));
        }
        add("+", format_args!("flush {}", self.flush));
        add("+", format_args!("margin {}", self.margin));
        sum
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
