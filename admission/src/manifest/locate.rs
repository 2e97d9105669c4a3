//! From a JSON pointer to a line and a column of the original text.
//!
//! A scalar is at the first character of its value, a mapping or sequence at its key, and what is missing at its
//! nearest existing parent's key or at the `-` of a list item (in flow style at the item's first character). Anchors
//! and merge keys lead to where the text is.

use super::{
    Position,
    document::{Document, documents},
    field::steps,
    scalar::without_properties,
    tree::{Content, Id, Tree},
};

/// A place in a text, and how much to underline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub position: Position,
    /// How many characters, all on one line; at least 1.
    pub width: usize,
}

/// Finds many places of one document with one parse.
pub struct Locator<'a> {
    document: Option<Document<'a>>,
    tree: Option<Tree>,
}

/// Where a field of a document is, or where it belongs. For several of one document see [`Locator`].
pub fn locate(text: &str, document: usize, item: Option<usize>, pointer: &str) -> Span {
    Locator::new(text, document).locate(item, pointer)
}

impl<'a> Locator<'a> {
    /// Parses that document of the text, counted from 0 with empty ones.
    pub fn new(text: &'a str, document: usize) -> Self {
        let text = without_byte_order_mark(text);
        Self::maybe(documents(text).nth(document))
    }

    /// Parses a document.
    pub fn of(document: Document<'a>) -> Self {
        Self::maybe(Some(document))
    }

    pub(super) fn maybe(document: Option<Document<'a>>) -> Self {
        let tree = document.and_then(|document| Tree::parse(document.text));
        Self { document, tree }
    }

    /// Where a field is, or where it belongs. The pointer begins at the object, or at an item of a `List`.
    pub fn locate(&self, item: Option<usize>, pointer: &str) -> Span {
        let (Some(document), Some(tree)) = (&self.document, &self.tree) else { return self.beginning() };
        let item = item.map(|index| ["items".to_owned(), index.to_string()]);
        let mut walk = Walk::new(tree, document.text);
        for step in item.into_iter().flatten().chain(steps(pointer)) {
            if !walk.take(&step) {
                break;
            }
        }
        Span { position: document.position(walk.place.line, walk.place.column), width: walk.width }
    }

    /// The first line of the document that holds anything.
    fn beginning(&self) -> Span {
        let Some(document) = &self.document else {
            return Span { position: Position { line: 1, column: 1 }, width: 1 };
        };
        let lines = document.text.lines().enumerate();
        let mut written = lines.skip_while(|(_, line)| line.trim().is_empty() || line.starts_with(['#', '-', '%']));
        let line = written.next().map_or(1, |(index, _)| index + 1);
        Span { position: document.position(line, 1), width: 1 }
    }
}

pub(super) fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The way from the root to a node, and the place to show for it.
struct Walk<'t> {
    tree: &'t Tree,
    text: &'t str,
    node: Id,
    place: Position,
    width: usize,
}

impl<'t> Walk<'t> {
    fn new(tree: &'t Tree, text: &'t str) -> Self {
        let node = tree.root();
        let first = tree.node(node);
        Self { tree, text, node, place: first.at, width: 1 }
    }

    /// One step down; false where there is nothing.
    fn take(&mut self, step: &str) -> bool {
        match &self.tree.node(self.node).content {
            Content::Mapping(_) => self.field(step),
            Content::Sequence(items) => match step.parse().ok().and_then(|index: usize| items.get(index)) {
                Some(item) => self.item(*item),
                None => false,
            },
            Content::Scalar(_) => false,
        }
    }

    fn field(&mut self, name: &str) -> bool {
        let Some((key, value)) = self.tree.field(self.node, name) else { return false };
        let shown = if self.is_written_scalar(value) { value } else { key };
        self.show(shown);
        self.node = value;
        true
    }

    fn item(&mut self, item: Id) -> bool {
        let at = self.tree.node(item).at;
        if self.is_written_scalar(item) {
            self.show(item);
        } else {
            (self.place, self.width) = (self.dash(at).unwrap_or(at), 1);
        }
        self.node = item;
        true
    }

    fn show(&mut self, id: Id) {
        let node = self.tree.node(id);
        let line = self.line(node.at.line);
        let rest = from_column(line, node.at.column);
        let value = without_properties(rest);
        let before = rest[..rest.len() - value.len()].chars().count();
        // An anchor alone on its line.
        let value = if value.is_empty() { rest } else { value };
        self.place = Position { line: node.at.line, column: node.at.column + before };
        self.width = width(value, node.width);
    }

    fn line(&self, number: usize) -> &'t str {
        self.text.lines().nth(number - 1).unwrap_or_default()
    }

    fn is_written_scalar(&self, id: Id) -> bool {
        matches!(&self.tree.node(id).content, Content::Scalar(Some(_)))
    }

    /// The `-` of an item of a block sequence: in front of the item, or at the end of a line above it.
    fn dash(&self, item: Position) -> Option<Position> {
        let line = self.line(item.line);
        let before = &line[..line.len() - from_column(line, item.column).len()];
        if let Some(dash) = before.trim_end().strip_suffix('-') {
            return Some(Position { line: item.line, column: dash.chars().count() + 1 });
        }
        let above: Vec<&str> = self.text.lines().take(item.line - 1).collect();
        let without_comment = |line: &&'t str| match line.trim_start().starts_with('#') {
            true => "",
            false => line.split_once(" #").map_or(*line, |(text, _)| text).trim_end(),
        };
        let (index, text) = above.iter().map(without_comment).enumerate().rfind(|(_, text)| !text.is_empty())?;
        let dash = text.strip_suffix('-').filter(|dash| before.trim().is_empty() && !dash.ends_with('-'))?;
        Some(Position { line: index + 1, column: dash.chars().count() + 1 })
    }
}

fn from_column(line: &str, column: usize) -> &str {
    let start = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
    &line[start..]
}

/// Characters of a scalar on its line, quotes included.
fn width(line: &str, unquoted: usize) -> usize {
    let rest = line.trim_end().chars().count();
    let quoted = match line.chars().next() {
        Some('"') => closing(line, '"', '\\'),
        Some('\'') => closing(line, '\'', '\''),
        _ => Some(unquoted),
    };
    quoted.unwrap_or(rest).min(rest).max(1)
}

/// Characters up to and with the closing quote; what follows an escape closes nothing.
fn closing(text: &str, quote: char, escape: char) -> Option<usize> {
    let mut characters = text.chars().enumerate().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        let next_is_quote = characters.peek().is_some_and(|(_, next)| *next == quote);
        if character == escape && (escape != quote || next_is_quote) {
            characters.next();
        } else if character == quote {
            return Some(index + 1);
        }
    }
    None
}
