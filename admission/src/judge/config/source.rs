//! The text of a configuration, to show places in it.

use super::{About, Complaint};
use crate::{
    finding::{Excerpt, FileProblem, Place},
    manifest::{Places, Position, Problem, Single, Span},
};
use std::collections::HashSet;

/// A name for people, and the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
    fn places(&self) -> Option<Places<'_>> {
        Single::new(&self.text).ok().map(|single| single.places())
    }

    pub(super) fn problems(&self, complaints: Vec<Complaint>) -> Vec<FileProblem> {
        let places = self.places();
        let mut told = HashSet::new();
        let mut problems: Vec<FileProblem> = complaints
            .into_iter()
            .filter(|complaint| told.insert(complaint.clone()))
            .map(|Complaint { pointer, about, message }| {
                let span = places.as_ref().map(|places| match about {
                    About::Key => places.key(&pointer),
                    About::Value => places.value(&pointer),
                });
                let excerpt = span.map(|span| self.excerpt(span));
                FileProblem {
                    file: self.name.clone(),
                    problem: Problem { document: Some(0), position: span.map(|span| span.position), message },
                    excerpt: excerpt.unwrap_or_default(),
                }
            })
            .collect();
        problems.sort_by_key(|problem| problem.problem.position);
        problems
    }

    pub(super) fn problem(&self, problem: Problem) -> FileProblem {
        let excerpt = problem.position.map(|position| self.excerpt(Span { position, width: 1 }));
        FileProblem { file: self.name.clone(), problem, excerpt: excerpt.unwrap_or_default() }
    }

    /// Where a value is.
    pub(super) fn place(&self, pointer: &str) -> Place {
        let start = Span { position: Position { line: 1, column: 1 }, width: 1 };
        let span = self.places().map_or(start, |places| places.value(pointer));
        let Position { line, column } = span.position;
        Place { file: self.name.clone(), document: 0, item: None, line, column, excerpt: self.excerpt(span) }
    }

    fn excerpt(&self, span: Span) -> Excerpt {
        let line = self.text.lines().nth(span.position.line - 1).unwrap_or_default();
        Excerpt::of(line, span.position.column, span.width)
    }
}
