//! By what findings are counted and filtered.

use super::Entry;
use crate::report::escape::escape;
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// What findings can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Level,
    Policy,
    Rule,
    Namespace,
    File,
}

const KINDS: [(Kind, &str, &str); 5] = [
    (Kind::Level, "level", "Level"),
    (Kind::Policy, "policy", "Policy"),
    (Kind::Rule, "rule", "Rule"),
    (Kind::Namespace, "namespace", "Namespace"),
    (Kind::File, "file", "File"),
];

/// The gravest first.
const LEVELS: [&str; 6] = ["error", "deny", "warn", "note", "excepted", "baselined"];
/// Values of a facet that are shown before somebody asks for more.
const SHOWN: usize = 12;

impl Kind {
    /// As attributes and the address name it.
    pub(super) fn name(self) -> &'static str {
        KINDS[self as usize].1
    }
}

/// The values of each kind, in the order in which they are shown, with how often they occur.
pub(super) struct Facets {
    values: BTreeMap<Kind, Vec<(String, usize)>>,
    numbers: BTreeMap<(Kind, String), usize>,
}

impl Facets {
    pub(super) fn of(entries: &[Entry<'_>]) -> Self {
        let mut counts: BTreeMap<Kind, BTreeMap<String, usize>> = BTreeMap::new();
        for (kind, value) in entries.iter().flat_map(Entry::values) {
            if let Some(value) = value {
                *counts.entry(kind).or_default().entry(value).or_default() += 1;
            }
        }
        let ordered = |(kind, counts): (Kind, BTreeMap<String, usize>)| {
            let mut values: Vec<_> = counts.into_iter().collect();
            match kind {
                Kind::Level => values.sort_by_key(|(name, _)| LEVELS.iter().position(|level| level == name)),
                _ => values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0))),
            }
            (kind, values)
        };
        let values: BTreeMap<Kind, Vec<(String, usize)>> = counts.into_iter().map(ordered).collect();
        let numbers = values.iter().flat_map(|(kind, values)| {
            values.iter().enumerate().map(|(number, (name, _))| ((*kind, name.clone()), number))
        });
        Facets { numbers: numbers.collect(), values }
    }

    /// By which an article names a value: names can be long.
    pub(super) fn number(&self, kind: Kind, value: &str) -> Option<usize> {
        self.numbers.get(&(kind, value.to_owned())).copied()
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, r#"<nav class="facets" aria-label="Totals and filters">"#)?;
        for (kind, name, title) in KINDS {
            let Some(values) = self.values.get(&kind) else { continue };
            writeln!(out, "<fieldset data-facet=\"{name}\"><legend>{title}</legend>")?;
            let (first, more) = values.split_at(values.len().min(SHOWN));
            write_values(name, first, 0, out)?;
            if !more.is_empty() {
                writeln!(out, "<details><summary>{} more</summary>", more.len())?;
                write_values(name, more, first.len(), out)?;
                writeln!(out, "</details>")?;
            }
            writeln!(out, "</fieldset>")?;
        }
        writeln!(out, "</nav>")
    }
}

fn write_values(facet: &str, values: &[(String, usize)], first: usize, out: &mut dyn Write) -> io::Result<()> {
    for (number, (name, count)) in (first..).zip(values) {
        let name = escape(name);
        writeln!(
            out,
            r#"<label title="{name}"><input type="checkbox" value="{name}" data-number="{number}"><span class="name {class}">{name}</span> <b>{count}</b></label>"#,
            class = if facet == "level" { &name } else { "" },
        )?;
    }
    Ok(())
}
