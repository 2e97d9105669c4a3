//! A text that holds one document, as a configuration does.

use super::{
    Limits, Lines, Problem, Span,
    document::{Document, documents},
    read::{refused, tree},
    tree::Tree,
};
use serde_json::Value;

/// The one document of a text.
pub struct Single<'t> {
    lines: Lines<'t>,
    /// None where there are only comments, or nothing at all.
    tree: Option<Tree<'t>>,
}

impl<'t> Single<'t> {
    /// Reads it.
    ///
    /// # Errors
    /// It does not parse, or there is a second one.
    pub fn new(text: &'t str) -> Result<Self, Problem> {
        let lines = Lines::of(text);
        let mut written = documents(text).filter(|document| !document.is_empty());
        let document = written.next();
        if let Some(second) = written.next() {
            return Err(second.problem(second.beginning(), &lines, "a second document begins here; only one is read"));
        }
        let tree = document.map(|document| whole(&document, &lines)).transpose()?;
        Ok(Single { lines, tree })
    }

    /// Its value; null where there is none.
    ///
    /// # Errors
    /// Its aliases expand to more than may be read.
    pub fn value(&self) -> Result<Value, Problem> {
        let Some(tree) = &self.tree else { return Ok(Value::Null) };
        tree.value(&Limits::default()).map_err(|refusal| Problem {
            document: Some(0),
            position: Some(self.lines.position(refusal.span.start)),
            message: refusal.message,
        })
    }

    /// The lines of the text.
    pub fn lines(&self) -> &Lines<'t> {
        &self.lines
    }

    /// Where a value is, or where it belongs: see [`Tree::locate`].
    pub fn locate(&self, pointer: &str) -> Span {
        self.tree.as_ref().map_or(Span { start: 0, end: 0 }, |tree| tree.locate(pointer))
    }

    /// Where the key of a field is; its value's place where it has none.
    pub fn key(&self, pointer: &str) -> Span {
        let written = self.tree.as_ref().and_then(|tree| tree.written(pointer));
        written.and_then(|written| written.key).unwrap_or_else(|| self.locate(pointer))
    }
}

/// The tree of a document in which every field can be read.
fn whole<'t>(document: &Document<'t>, lines: &Lines<'t>) -> Result<Tree<'t>, Problem> {
    let tree = tree(document, lines, &Limits::default()).map_err(|refusal| refused(document, lines, &refusal))?;
    match tree.faults.first() {
        Some(fault) => Err(document.problem(fault.span, lines, fault.message.clone())),
        None => Ok(tree),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Position;

    const TEXT: &str = "# why\n---\na:\n  - b: 1\n    c/d: x\n";

    #[test]
    fn finds_values_and_keys() {
        let single = Single::new(TEXT).unwrap();
        assert_eq!(single.value(), Ok(serde_json::json!({ "a": [{ "b": 1, "c/d": "x" }] })));
        for (pointer, key, value) in [("/a/0/b", "b", "1"), ("/a/0/c~1d", "c/d", "x"), ("/a", "a", "a")] {
            let of = |span: Span| &TEXT[span.start..span.end];
            assert_eq!((of(single.key(pointer)), of(single.locate(pointer))), (key, value), "{pointer}");
        }
    }

    #[test]
    fn nothing_is_a_document_without_a_value() {
        for text in ["", "# only\n# comments\n", "\u{feff}"] {
            assert_eq!(Single::new(text).unwrap().value(), Ok(Value::Null), "{text:?}");
        }
    }

    #[test]
    fn refuses_a_second_document_and_a_key_that_comes_twice() {
        for text in ["a: 1\n---\nb: 2\n", "a: 1\na: 2\n"] {
            let problem = Single::new(text).err().unwrap();
            assert_eq!(problem.position, Some(Position { line: 2, column: 1 }), "{text}");
        }
    }
}
