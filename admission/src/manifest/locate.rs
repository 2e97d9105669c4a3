//! From a JSON pointer to a place in the text, in as many steps as the pointer has.
//!
//! A scalar is at its value, a mapping or sequence at its key, and what is missing at its nearest existing parent's
//! key or at the `-` of a list item (in flow style at the item's first character). Aliases and merge keys lead to
//! where the text is.

use super::{
    Span,
    tree::{Content, Id, Scalar, Tree},
};
use plimsoll_policy::Pointer;
use std::borrow::Cow;

/// Where a field is written, from its key to the end of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The key; none of a list item.
    pub key: Option<Span>,
    /// The value without anchor and tag; empty where nothing is written.
    pub value: Span,
}

impl Tree<'_> {
    /// Where a field is, or where it belongs.
    pub fn locate(&self, pointer: &str) -> Span {
        self.locate_from(&[], pointer)
    }

    /// As [`locate`](Self::locate), with steps in front of the pointer.
    pub(super) fn locate_from(&self, steps_before: &[&str], pointer: &str) -> Span {
        let mut walk = Walk { tree: self, node: self.root, place: self.first_character(self.root) };
        let before = steps_before.iter().map(|step| Cow::Borrowed(*step));
        for step in before.chain(Pointer::steps_of(pointer)) {
            if walk.take(&step).is_none() {
                break;
            }
        }
        walk.place
    }

    /// The key and the value of what a pointer names exactly.
    pub fn written(&self, pointer: &str) -> Option<Written> {
        let mut id = self.root;
        let mut key = None;
        for step in Pointer::steps_of(pointer) {
            (key, id) = match self.entry(id, &step) {
                Some(entry) => (Some(entry.key), entry.value),
                None => (None, self.item(id, &step)?.0),
            };
        }
        Some(Written { key, value: self.node(id).span })
    }

    fn first_character(&self, id: Id) -> Span {
        let start = self.node(id).span.start;
        let width = self.text[start..].chars().next().map_or(0, char::len_utf8);
        Span { start, end: start + width }
    }

    fn is_written_scalar(&self, id: Id) -> bool {
        let node = self.node(id);
        matches!(&node.content, Content::Scalar(scalar) if *scalar != Scalar::Null || node.span.start < node.span.end)
    }

    /// The `-` of an item of a block sequence: in front of the item, or at the end of a line above it.
    fn dash(&self, item: Id) -> Option<Span> {
        let before = &self.text[..self.node(item).span.start];
        let (line, above) = last_line(before);
        let line = without_properties(line.trim_end());
        let span = |dash: &str| Some(Span { start: dash.len(), end: dash.len() + 1 });
        if let Some(dash) = line.strip_suffix('-') {
            return span(&self.text[..offset(self.text, line) + dash.len()]);
        }
        if !line.trim().is_empty() {
            return None;
        }
        let mut rest = above;
        while let Some(text) = rest {
            let (line, above) = last_line(text);
            let content = without_comment(line);
            if !content.is_empty() {
                let dash = without_properties(content).strip_suffix('-').filter(|dash| !dash.ends_with('-'))?;
                return span(&self.text[..offset(self.text, line) + dash.len()]);
            }
            rest = above;
        }
        None
    }
}

/// The way from the root to a node, and the place to show for it.
struct Walk<'a, 't> {
    tree: &'a Tree<'t>,
    node: Id,
    place: Span,
}

impl Walk<'_, '_> {
    /// One step down; none where there is nothing.
    fn take(&mut self, step: &str) -> Option<()> {
        let tree = self.tree;
        if let Some((item, flow)) = tree.item(self.node, step) {
            self.place = match () {
                () if tree.is_written_scalar(item) => tree.node(item).span,
                () if flow => tree.first_character(item),
                () => tree.dash(item).unwrap_or_else(|| tree.first_character(item)),
            };
            self.node = item;
            return Some(());
        }
        let entry = tree.entry(self.node, step)?;
        self.place = if tree.is_written_scalar(entry.value) { tree.node(entry.value).span } else { entry.key };
        self.node = entry.value;
        Some(())
    }
}

/// The last line of a text, and what is above it.
fn last_line(text: &str) -> (&str, Option<&str>) {
    text.rsplit_once('\n').map_or((text, None), |(above, line)| (line, Some(above)))
}

pub(super) fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

fn without_comment(line: &str) -> &str {
    match line.trim_start().starts_with('#') {
        true => "",
        false => line.split_once(" #").map_or(line, |(text, _)| text).trim_end(),
    }
}

/// A line without the anchors and tags at its end.
fn without_properties(line: &str) -> &str {
    let mut rest = line;
    while let Some((before, last)) = rest.rsplit_once([' ', '\t'])
        && last.starts_with(['&', '!'])
    {
        rest = before.trim_end();
    }
    rest
}
