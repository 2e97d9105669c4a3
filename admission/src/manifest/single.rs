//! A text that holds one document, as a configuration does.

use super::{
    Limits, Locator, Position, Problem, Span,
    document::{Document, documents},
    locate::without_byte_order_mark,
    tree::{Content, Tree},
    yaml,
};
use serde_json::Value;

/// The one document of a text.
pub struct Single<'a> {
    document: Option<Document<'a>>,
}

impl<'a> Single<'a> {
    /// Finds it. Only comments, or nothing at all, is a document without a value.
    ///
    /// # Errors
    /// There is a second one.
    pub fn new(text: &'a str) -> Result<Self, Problem> {
        let mut written = documents(without_byte_order_mark(text)).filter(|document| !document.is_empty());
        let document = written.next();
        match written.next() {
            Some(second) => {
                Err(second.problem(second.position(1, 1), "a second document begins here; only one is read"))
            }
            None => Ok(Single { document }),
        }
    }

    /// Its value.
    ///
    /// # Errors
    /// It does not parse.
    pub fn value(&self) -> Result<Value, Problem> {
        self.document.map_or(Ok(Value::Null), |document| yaml::parse(&document, &Limits::default()))
    }

    /// Where values and keys of it are.
    pub fn places(&self) -> Places<'a> {
        Places {
            tree: self.document.and_then(|document| Tree::parse(document.text)),
            document: self.document,
            values: Locator::maybe(self.document),
        }
    }
}

/// Where the values and the keys of a document are.
pub struct Places<'a> {
    document: Option<Document<'a>>,
    tree: Option<Tree>,
    values: Locator<'a>,
}

impl Places<'_> {
    /// Where a value is, or where it belongs: see [`Locator::locate`].
    pub fn value(&self, pointer: &str) -> Span {
        self.values.locate(None, pointer)
    }

    /// Where the key of a field is; its value's place where it has none.
    pub fn key(&self, pointer: &str) -> Span {
        self.find_key(pointer).unwrap_or_else(|| self.value(pointer))
    }

    fn find_key(&self, pointer: &str) -> Option<Span> {
        let (tree, document) = (self.tree.as_ref()?, self.document?);
        let mut node = tree.root();
        let mut key = None;
        for step in pointer.split('/').skip(1) {
            match &tree.node(node).content {
                Content::Sequence(items) => (key, node) = (None, *items.get(step.parse::<usize>().ok()?)?),
                _ => {
                    let (name, value) = tree.field(node, &step.replace("~1", "/").replace("~0", "~"))?;
                    (key, node) = (Some(name), value);
                }
            }
        }
        let key = tree.node(key?);
        let Position { line, column } = key.at;
        Some(Span { position: document.position(line, column), width: key.width })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# why\n---\na:\n  - b: 1\n    c/d: x\n";

    #[test]
    fn finds_values_and_keys() {
        let single = Single::new(TEXT).unwrap();
        assert_eq!(single.value(), Ok(serde_json::json!({ "a": [{ "b": 1, "c/d": "x" }] })));
        let places = single.places();
        for (pointer, key, value) in
            [("/a/0/b", (4, 5, 1), (4, 8, 1)), ("/a/0/c~1d", (5, 5, 3), (5, 10, 1)), ("/a", (3, 1, 1), (3, 1, 1))]
        {
            let of = |span: Span| (span.position.line, span.position.column, span.width);
            assert_eq!((of(places.key(pointer)), of(places.value(pointer))), (key, value), "{pointer}");
        }
    }

    #[test]
    fn nothing_is_a_document_without_a_value() {
        for text in ["", "# only\n# comments\n", "\u{feff}"] {
            assert_eq!(Single::new(text).unwrap().value(), Ok(Value::Null), "{text:?}");
        }
    }

    #[test]
    fn refuses_a_second_document() {
        let problem = Single::new("a: 1\n---\nb: 2\n").err().unwrap();
        assert_eq!(problem.position, Some(Position { line: 2, column: 1 }));
    }
}
