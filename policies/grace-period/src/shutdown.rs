//! S: where a container's shutdown timeout comes from. In this order:
//! an explicit flag of a known framework, its explicit variable, the annotation for the container, the annotation for
//! the pod, a generic variable with a unit, the framework's default.

use crate::{
    command::{CommandLine, Program},
    detectors::{CustomDetector, DETECTORS, Detector, GENERIC},
    recognised::{Recognised, elsewhere, obstacle, value_pointer, variable},
    unit::Unit,
};
use plimsoll_policy::{
    Duration, Pointer,
    contract::{Contract, Declared, Key},
    workload::Container,
};

pub(crate) enum Shutdown {
    Known(Known),
    Unknown(Unknown),
}

pub(crate) struct Known {
    pub(crate) length: Duration,
    /// The flag, the variable, the annotation, or whose default it is.
    pub(crate) source: String,
    pub(crate) origin: Origin,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag or a variable that a known framework reads.
    Framework,
    Annotation,
    GenericVariable,
    /// The default of a framework, which code or a file of the image may change; or one of several branches.
    Inferred,
}

/// The manifest does not say it, or says it in a way that cannot be read from here.
#[derive(Default)]
pub(crate) struct Unknown {
    pub(crate) obstacle: Option<Obstacle>,
    /// How to tell it to the framework that was recognised.
    pub(crate) advice: Option<String>,
}

/// Something in the manifest that sets S to a value which cannot be told.
pub(crate) struct Obstacle {
    pub(crate) why: String,
    pub(crate) pointer: Option<Pointer>,
}

impl Shutdown {
    /// Zero where it is unknown: a lower bound.
    pub(crate) fn length(&self) -> Duration {
        match self {
            Shutdown::Known(known) => known.length,
            Shutdown::Unknown(_) => Duration::ZERO,
        }
    }

    pub(crate) fn known(&self) -> Option<&Known> {
        match self {
            Shutdown::Known(known) => Some(known),
            Shutdown::Unknown(_) => None,
        }
    }
}

pub(crate) type Reading = Result<Known, Obstacle>;

/// What a container is, as far as its shutdown timeout depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) container: &'a Container,
    pub(crate) line: &'a CommandLine,
    /// It is meant to end by itself, so that it may well have no host for services.
    pub(crate) runs_to_completion: bool,
    /// The manifest's command and arguments are known.
    pub(crate) is_command_read: bool,
    pub(crate) custom: &'a [CustomDetector],
}

impl<'a> Subject<'a> {
    /// S, in the order of this module's first lines.
    pub(crate) fn shutdown(self, contract: &Contract) -> Shutdown {
        let recognised = self.recognised();
        let explicit = match self.line.unreadable() {
            Some((_, unreadable)) => {
                Some(obstacle(format!("the shell string cannot be read ({})", unreadable.construct)))
            }
            None if !self.is_command_read => Some(obstacle("the command cannot be read".to_owned())),
            None => merged(recognised.iter().map(|rows| explicit(rows))),
        };
        let annotation = contract.duration(Key::ShutdownTimeout, self.container).map(|declared| {
            let Declared { value: length, annotation: source, .. } = declared;
            Known { length, source, origin: Origin::Annotation }
        });
        let reading = match (explicit, annotation) {
            (Some(Ok(known)), None) => Some(Ok(known)),
            (Some(Ok(known)), Some(_)) if known.origin == Origin::Framework => Some(Ok(known)),
            (_, Some(annotation)) => Some(Ok(annotation)),
            (Some(Err(obstacle)), None) => Some(Err(obstacle)),
            (None, None) => self.generic().or_else(|| merged(recognised.iter().map(|rows| default(rows)))),
        };
        let obstacle = match reading {
            Some(Ok(known)) => return Shutdown::Known(known),
            Some(Err(obstacle)) => Some(obstacle),
            None => None,
        };
        let advice = recognised.iter().flatten().next().and_then(|recognised| recognised.row.advice());
        Shutdown::Unknown(Unknown { obstacle, advice })
    }

    /// D as a framework is told it, with the variable's name. It is only inferred: a switch at build time turns it on.
    pub(crate) fn delay(self) -> Option<(Duration, String)> {
        let recognised = self.recognised();
        let rows = || recognised.iter().flatten();
        let known = rows().find_map(|row| row.row.delays.iter().find_map(|name| row.variable_named(name)?.ok()))?;
        Some((known.length, known.source))
    }

    /// The rows that recognise each of the programs that may run.
    fn recognised(self) -> Vec<Vec<Recognised<'a>>> {
        let rows = |program: Option<&'a Program>| {
            let custom = self.custom.iter().map(CustomDetector::row);
            let recognise = |row: Detector<'a>| {
                let arguments = row.recognise(self.container, program)?;
                Some(Recognised { row, arguments, subject: self })
            };
            custom.chain(DETECTORS).filter_map(recognise).collect()
        };
        match (&*self.line.programs, &self.line.script) {
            ([], None) => vec![rows(None)],
            (programs, _) => programs.iter().map(|program| rows(Some(program))).collect(),
        }
    }

    /// A variable that any application may read. A bare number may be seconds or milliseconds.
    fn generic(self) -> Option<Reading> {
        let (at, variable) = variable(self.container, |name| GENERIC.contains(&name))?;
        let name = &variable.name;
        if self.line.changes(|changed| changed == name).is_some() {
            return Some(obstacle(format!("the command sets `{name}` itself")));
        }
        let Some(text) = &variable.value else { return Some(Err(elsewhere(self.container, at, name))) };
        if text.is_empty() {
            return None;
        }
        let Some(length) = Unit::WithUnit.parse(text) else {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let problem = if is_number { "unit unknown" } else { "not a time with a unit" };
            let why = format!("`{name}` is `{text}`: {problem}");
            return Some(Err(Obstacle { why, pointer: Some(value_pointer(self.container, at)) }));
        };
        Some(Ok(Known { length, source: name.clone(), origin: Origin::GenericVariable }))
    }
}

/// One answer of several branches. Where they differ, the longest time is inferred.
fn merged(readings: impl Iterator<Item = Option<Reading>>) -> Option<Reading> {
    let mut readings: Vec<Option<Reading>> = readings.collect();
    if readings.len() < 2 {
        return readings.pop()?;
    }
    let lengths: Vec<Option<Duration>> =
        readings.iter().map(|reading| Some(reading.as_ref()?.as_ref().ok()?.length)).collect();
    let agree = lengths.windows(2).all(|pair| pair[0] == pair[1]);
    let longest = lengths.iter().max().copied().flatten();
    let at = (0..lengths.len()).find(|&at| longest.is_some() && lengths[at] == longest);
    match at.and_then(|at| readings.swap_remove(at)) {
        Some(Ok(known)) if agree => Some(Ok(known)),
        Some(Ok(known)) => {
            Some(Ok(Known { source: format!("{}, in one branch", known.source), origin: Origin::Inferred, ..known }))
        }
        _ => readings.into_iter().flatten().next(),
    }
}

fn explicit(rows: &[Recognised<'_>]) -> Option<Reading> {
    let blocked = rows.iter().find_map(Recognised::blocked).map(obstacle);
    let flag = || rows.iter().find_map(Recognised::flag);
    blocked.or_else(flag).or_else(|| rows.iter().find_map(Recognised::variable))
}

fn default(rows: &[Recognised<'_>]) -> Option<Reading> {
    rows.iter().find_map(Recognised::default)
}

#[cfg(test)]
mod tests;
