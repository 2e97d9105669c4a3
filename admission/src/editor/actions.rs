//! Fixes as code actions. Each is tried and judged again before it is offered, as `scan --fix` does.

use super::{
    Server,
    documents::Document,
    places::Places,
    protocol::{CodeAction, CodeActionParams, Diagnostic, TextEdit, WorkspaceEdit},
};
use crate::{
    finding::{Finding, Report},
    scan::fix::{self, Change},
};
use plimsoll_policy::{Edit, Level, Pointer, Safety};
use serde_json::Value;
use std::path::Path;

pub(super) const QUICK_FIX: &str = "quickfix";
pub(super) const FIX_ALL: &str = "source.fixAll.plimsoll";

/// A longer value is not part of a title.
const LONGEST_VALUE: usize = 40;

impl Server<'_> {
    pub(super) fn actions(&self, params: &CodeActionParams) -> Value {
        let uri = &params.text_document.uri;
        let Some(document) = self.documents.get(uri) else { return Value::Array(Vec::new()) };
        let mut actions = Vec::new();
        if is_wanted(params, QUICK_FIX) {
            actions.extend(self.quick_fixes(params, uri, document));
        }
        // Only who asks for it gets it: it would be offered everywhere.
        if params.context.only.is_some() && is_wanted(params, FIX_ALL) {
            let safe = |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe);
            let findings = self.checks.findings(document).iter().filter(safe).cloned().collect();
            let title = "Apply all safe fixes".to_owned();
            let edit = self.edit(uri, document, findings, false);
            actions.extend(edit.map(|edit| CodeAction {
                title,
                kind: FIX_ALL,
                diagnostics: Vec::new(),
                is_preferred: false,
                edit,
            }));
        }
        serde_json::to_value(actions).unwrap_or_default()
    }

    fn quick_fixes(&self, params: &CodeActionParams, uri: &str, document: &Document) -> Vec<CodeAction> {
        let places = Places::of(&document.text);
        let (start, end) = (places.byte(params.range.start), places.byte(params.range.end));
        let touches = |finding: &&Finding| {
            finding
                .location
                .region
                .as_ref()
                .is_some_and(|region| region.bytes.start <= end && start <= region.bytes.end)
        };
        let here = self.checks.findings(document).iter().filter(touches);
        here.filter_map(|finding| {
            let fix = finding.fix.as_ref()?;
            let is_safe = fix.safety == Safety::Safe;
            let edit = self.edit(uri, document, vec![finding.clone()], true)?;
            let diagnostics: Vec<Diagnostic> = vec![self.checks.diagnostic(finding, document, &self.documents)];
            let title = format!("{}{}", title(&fix.edits), if is_safe { "" } else { " (review it)" });
            Some(CodeAction { title, kind: QUICK_FIX, diagnostics, is_preferred: is_safe, edit })
        })
        .collect()
    }

    /// What resolves these findings; none where nothing does.
    fn edit(
        &self,
        uri: &str,
        document: &Document,
        mut findings: Vec<Finding>,
        unsafe_too: bool,
    ) -> Option<WorkspaceEdit> {
        let (judge, path) = (self.checks.judge()?, document.path.as_ref()?);
        // A note is fixed where somebody asks for it.
        findings.iter_mut().for_each(|finding| finding.level = finding.level.max(Level::Warn));
        let inputs = self.checks.inputs(path.parent().unwrap_or(Path::new("")), std::slice::from_ref(path));
        let report = Report { findings, ..Report::default() };
        let mut fixed = fix::fix(&inputs, judge, &self.checks.options(&self.documents), &report, unsafe_too);
        let edit = smallest(&fixed.texts.remove(path)?);
        Some(WorkspaceEdit { changes: [(uri.to_owned(), vec![edit])].into() })
    }
}

/// Kinds have parts: who asks for `source` gets `source.fixAll` too.
fn is_wanted(params: &CodeActionParams, kind: &str) -> bool {
    let is_of = |wanted: &String| {
        kind.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    params.context.only.as_ref().is_none_or(|only| only.iter().any(is_of))
}

/// From the first byte that changes to the last.
fn smallest(Change { before, after }: &Change) -> TextEdit {
    let same = |(one, other): &(char, char)| one == other;
    let start: usize = before.chars().zip(after.chars()).take_while(same).map(|(one, _)| one.len_utf8()).sum();
    let (old, new) = (&before[start..], &after[start..]);
    let end: usize = old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(one, _)| one.len_utf8()).sum();
    let range = Places::of(before).range(&(start..before.len() - end));
    TextEdit { range, new_text: new[..new.len() - end].to_owned() }
}

/// What the edits do: "Set `terminationGracePeriodSeconds` to 50".
fn title(edits: &[Edit]) -> String {
    let all: Vec<String> = edits.iter().map(one).collect();
    let mut title = all.join(" and ");
    title[..1].make_ascii_uppercase();
    title
}

fn one(edit: &Edit) -> String {
    match edit {
        Edit::Remove { pointer } => format!("remove `{}`", field(pointer)),
        Edit::Add { pointer, value } | Edit::Replace { pointer, value } => match value.as_str() {
            value if value.starts_with('{') => format!("add `{}`", field(pointer)),
            value if value.len() > LONGEST_VALUE => format!("change `{}`", field(pointer)),
            value => format!("set `{}` to {}", field(pointer), value.trim_matches('"')),
        },
    }
}

/// The last step that is a name.
fn field(pointer: &Pointer) -> String {
    let names = pointer.steps().filter(|step| step.parse::<usize>().is_err());
    names.last().map(std::borrow::Cow::into_owned).unwrap_or_default()
}
