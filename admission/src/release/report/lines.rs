//! One line for each change, as a log of CI keeps them.

use super::{
    super::{
        part::Node,
        record::Record,
        verdict::{Phase, Picture},
        world::Moment,
    },
    Show,
};
use crate::printable::printable;
use serde_json::json;
use std::{collections::BTreeMap, io::Write};

/// Writes lines, or JSON lines.
pub struct Lines<W> {
    out: W,
    is_json: bool,
    phase: Option<Phase>,
    told: BTreeMap<String, String>,
}

impl<W: Write> Lines<W> {
    /// Lines for people.
    pub fn plain(out: W) -> Self {
        Lines { out, is_json: false, phase: None, told: BTreeMap::new() }
    }

    /// Lines for programs.
    pub fn json(out: W) -> Self {
        Lines { is_json: true, ..Lines::plain(out) }
    }

    /// Whoever reads may have gone; that does not change the verdict.
    fn line(&mut self, now: Moment, plain: &str, json: &serde_json::Value) {
        let _ = match self.is_json {
            true => writeln!(self.out, "{json}"),
            false => writeln!(self.out, "{:>4}s  {}", now.as_secs(), printable(plain)),
        };
        let _ = self.out.flush();
    }
}

impl<W: Write> Show for Lines<W> {
    fn change(&mut self, picture: &Picture, record: Option<&Record>, now: Moment) {
        if self.phase != Some(picture.phase) {
            self.phase = Some(picture.phase);
            let revision = record.map(|record| format!(" (revision {})", record.revision)).unwrap_or_default();
            let phase = serde_json::to_value(picture.phase).unwrap_or_default();
            let json = json!({ "change": { "elapsedSeconds": now.as_secs(), "phase": phase } });
            self.line(now, &format!("{}{revision}", phase.as_str().unwrap_or_default()), &json);
        }
        for node in &picture.nodes {
            let (name, state) = (node.name.to_string(), state(node));
            if self.told.get(&name) != Some(&state) {
                let json = json!({ "change": { "elapsedSeconds": now.as_secs(), "part": node } });
                self.line(now, &format!("{name}: {}", described(node)), &json);
                self.told.insert(name, state);
            }
        }
    }

    fn note(&mut self, text: &str) {
        self.line(Moment::ZERO, &format!("note: {text}"), &json!({ "note": text }));
    }
}

/// What makes a new line: the same fault in other words does not.
fn state(node: &Node) -> String {
    let fault = node.cause.as_ref().map(|cause| (cause.fault, &cause.container));
    format!("{:?} {} {fault:?}", node.stage, node.progress)
}

/// What a part does, with what keeps it.
pub(super) fn described(node: &Node) -> String {
    match &node.cause {
        Some(cause) => {
            let container = cause.container.as_ref().map(|name| format!("container {name} ")).unwrap_or_default();
            format!("{}; {}: {container}{}", node.progress, cause.fault.code(), cause.message)
        }
        None => node.progress.clone(),
    }
}
