//! The text of a configuration, to show places in it.

use super::{About, Complaint};
use crate::{
    finding::{LocatedProblem, Location, Place, Region},
    manifest::{Lines, Position, Problem, Single},
};
use plimsoll_policy::Pointer;
use serde_json::Value;
use std::{collections::HashSet, sync::Arc};

/// Most problems of one text that are told: each is shown with its lines.
const PROBLEMS: usize = 100;

/// The text, and its name for people.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigText {
    pub(super) path: Arc<str>,
    pub(super) text: String,
}

impl ConfigText {
    /// The value of a text that the reader of manifests has found to be one document without duplicate keys.
    pub(super) fn value(&self) -> Result<Value, Problem> {
        let problem = |error: &serde_yaml::Error| Problem {
            document: Some(0),
            position: error.location().map(|at| Position { line: at.line(), column: at.column() }),
            message: format!("not valid YAML: {error}"),
        };
        let mut value: serde_yaml::Value = serde_yaml::from_str(&self.text).map_err(|error| problem(&error))?;
        value.apply_merge().map_err(|error| problem(&error))?;
        serde_json::to_value(value).map_err(|error| Problem {
            document: Some(0),
            position: None,
            message: format!("not a configuration: {error}"),
        })
    }

    pub(super) fn problems(&self, complaints: Vec<Complaint>) -> Vec<LocatedProblem> {
        let single = Single::new(&self.text).ok();
        let mut told = HashSet::new();
        let mut problems: Vec<LocatedProblem> = complaints
            .into_iter()
            .filter(|complaint| told.insert(complaint.clone()))
            .map(|Complaint { pointer, about, message }| {
                let region = single.as_ref().map(|single| {
                    let span = match about {
                        About::Key => single.key(&pointer),
                        About::Value => single.locate(&pointer),
                    };
                    Region::of(single.lines(), span)
                });
                LocatedProblem { location: self.at(pointer, region), message }
            })
            .collect();
        problems.sort_by_key(|problem| problem.location.position());
        if let Some(last) = problems.get(PROBLEMS).cloned() {
            let more = problems.len() - PROBLEMS;
            problems.truncate(PROBLEMS);
            problems.push(LocatedProblem { message: format!("and {more} more problems, from here on"), ..last });
        }
        problems
    }

    pub(super) fn problem(&self, Problem { document: _, position, message }: Problem) -> LocatedProblem {
        let region = position.map(|position| Region::at(&Lines::of(&self.text), position));
        LocatedProblem { location: self.at(Pointer::ROOT, region), message }
    }

    /// Where a value is.
    pub(super) fn place(&self, pointer: &str) -> (Place, Region) {
        let region = match Single::new(&self.text) {
            Ok(single) => Region::of(single.lines(), single.locate(pointer)),
            Err(_) => Region::at(&Lines::of(&self.text), Position { line: 1, column: 1 }),
        };
        (Place::Configuration { path: Arc::clone(&self.path) }, region)
    }

    fn at(&self, pointer: Pointer, region: Option<Region>) -> Location {
        Location { place: Place::Configuration { path: Arc::clone(&self.path) }, pointer, region }
    }
}
