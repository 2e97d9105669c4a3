//! The text of a configuration, to show places in it.

use super::{About, Complaint};
use crate::{
    finding::{Excerpt, FileProblem, Place},
    manifest::{Lines, Position, Problem, Single, Span},
};
use serde_json::Value;
use std::collections::HashSet;

/// A name for people, and the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
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

    pub(super) fn problems(&self, complaints: Vec<Complaint>) -> Vec<FileProblem> {
        let single = Single::new(&self.text).ok();
        let mut told = HashSet::new();
        let mut problems: Vec<FileProblem> = complaints
            .into_iter()
            .filter(|complaint| told.insert(complaint.clone()))
            .map(|Complaint { pointer, about, message }| {
                let span = single.as_ref().map(|single| match about {
                    About::Key => single.key(&pointer),
                    About::Value => single.locate(&pointer),
                });
                let place = single
                    .as_ref()
                    .zip(span)
                    .map(|(single, span)| (single.lines().position(span.start), Excerpt::of(single.lines(), span)));
                let (position, excerpt) = place.unzip();
                FileProblem {
                    file: self.name.clone(),
                    problem: Problem { document: Some(0), position, message },
                    excerpt: excerpt.unwrap_or_default(),
                }
            })
            .collect();
        problems.sort_by_key(|problem| problem.problem.position);
        problems
    }

    pub(super) fn problem(&self, problem: Problem) -> FileProblem {
        let lines = Lines::of(&self.text);
        let start = problem.position.map(|position| lines.byte(position));
        let excerpt = start.map(|start| Excerpt::of(&lines, Span { start, end: start })).unwrap_or_default();
        FileProblem { file: self.name.clone(), problem, excerpt }
    }

    /// Where a value is.
    pub(super) fn place(&self, pointer: &str) -> Place {
        let lines = Lines::of(&self.text);
        let span = Single::new(&self.text).map_or(Span { start: 0, end: 0 }, |single| single.locate(pointer));
        let Position { line, column } = lines.position(span.start);
        let excerpt = Excerpt::of(&lines, span);
        Place { file: self.name.clone(), document: 0, item: None, line, column, excerpt }
    }
}
