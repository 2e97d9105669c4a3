//! A whole text to what can be judged, what is left aside, and what is wrong.

use super::{
    Beside, Contents, FieldError, Found, Judge, Kinds, Locator, Options, Problem, Skip,
    document::{Document, as_json, documents},
    events::nests_beyond,
    json,
    kind::Lookup,
    locate::without_byte_order_mark,
    object::{Identity, identify, object},
    patch::is_json_patch,
    sibling::sibling,
    sniff::{Sniffed, sniff},
    yaml,
};
use serde_json::{Map, Value};

/// Reads a text. Whatever the bytes are, this never panics, and one bad document never hides its neighbours.
pub fn read<'t>(text: &'t (impl AsRef<[u8]> + ?Sized), kinds: &Kinds, options: &Options) -> Contents<'t> {
    let mut reading = Reading { kinds, options, contents: Contents::default() };
    match decode(text.as_ref(), options.limits.file_bytes) {
        Ok(text) => reading.text(text),
        Err(problem) => reading.contents.problems.push(problem),
    }
    reading.contents
}

fn decode(bytes: &[u8], limit: usize) -> Result<&str, Problem> {
    let whole = |message: String| Problem { document: None, position: None, message };
    if bytes.len() > limit {
        return Err(whole(format!("{} bytes, and at most {limit} are read (limit `file_bytes`)", bytes.len())));
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(without_byte_order_mark(text)),
        Err(error) => error,
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(whole("UTF-16 text; save it as UTF-8".to_owned()));
    }
    let (valid, rest) = bytes.split_at(error.valid_up_to());
    let line = memchr::memchr_iter(b'\n', valid).count() + 1;
    let line_start = memchr::memrchr(b'\n', valid).map_or(0, |newline| newline + 1);
    let column = String::from_utf8_lossy(&valid[line_start..]).chars().count() + 1;
    let byte = rest.first().copied().unwrap_or_default();
    let position = Some(super::Position { line, column });
    Err(Problem { document: None, position, message: format!("not UTF-8: byte 0x{byte:02x}; save it as UTF-8") })
}

struct Reading<'r, 't> {
    kinds: &'r Kinds,
    options: &'r Options,
    contents: Contents<'t>,
}

/// An item of a document, and the text it came from.
#[derive(Clone, Copy)]
struct Origin<'d> {
    document: Document<'d>,
    item: Option<usize>,
}

impl<'t> Reading<'_, 't> {
    fn text(&mut self, text: &'t str) {
        let limit = self.options.limits.documents;
        for document in documents(text) {
            if document.index >= limit {
                let message = format!("more than {limit} documents (limit `documents`); the rest is not read");
                return self.contents.problems.push(document.problem(document.position(1, 1), message));
            }
            if !document.is_empty() {
                self.contents.documents += 1;
                self.document(document);
            }
        }
    }

    fn document(&mut self, document: Document<'t>) {
        let parsed = match self.skip_unparsed(document.text) {
            Some(skip) => return self.contents.skipped.push(skip),
            None => self.parse(&document),
        };
        match parsed {
            Ok(value) => self.value(document, value),
            Err(problem) => self.contents.problems.push(problem),
        }
    }

    /// The reason to leave a document aside that its bytes tell already.
    fn skip_unparsed(&self, text: &str) -> Option<Skip> {
        if self.options.strict_yaml {
            return None;
        }
        match sniff(text) {
            Sniffed::Unsure => is_json_with_comments(text).then_some(Skip::NoKind),
            Sniffed::NoKind => Some(Skip::NoKind),
            Sniffed::Head { api_version: None, kind } => {
                (!self.options.siblings && !self.kinds.has_name(&kind)).then_some(Skip::OtherKind)
            }
            Sniffed::Head { api_version: Some(api_version), kind } => {
                let wanted = self.options.siblings && kind != CUSTOM_RESOURCE_DEFINITION;
                let other = self.kinds.look_up(&api_version, &kind) == Lookup::Other;
                (other && !wanted).then_some(Skip::OtherKind)
            }
        }
    }

    fn parse(&self, document: &Document<'_>) -> Result<Value, Problem> {
        let limits = &self.options.limits;
        let bytes = document.text.len();
        if bytes > limits.document_bytes {
            let limit = limits.document_bytes;
            let message =
                format!("a document of {bytes} bytes, and at most {limit} are parsed (limit `document_bytes`)");
            return Err(document.problem(document.position(1, 1), message));
        }
        if nests_beyond(document.text, limits.depth) {
            let message = "far more brackets open than mappings and sequences may be inside each other (limit `depth`)";
            return Err(document.problem(document.position(1, 1), message));
        }
        let as_json = as_json(document.text).and_then(|body| json::parse(document, body, limits));
        as_json.unwrap_or_else(|| yaml::parse(document, limits))
    }

    fn value(&mut self, document: Document<'t>, value: Value) {
        let origin = Origin { document, item: None };
        match value {
            Value::Object(root) => self.root(origin, root),
            Value::Array(items) if is_json_patch(&items) => self.contents.skipped.push(Skip::KustomizePatch),
            Value::Array(_) | Value::Null => self.contents.skipped.push(Skip::NoKind),
            _ => {
                let message = "plain text; a manifest is a mapping with apiVersion and kind";
                let problem = document.problem(Locator::of(document).locate(None, "").position, message);
                self.contents.problems.push(problem);
            }
        }
    }

    fn root(&mut self, origin: Origin<'t>, mut root: Map<String, Value>) {
        match identify(&root, self.kinds) {
            Ok(Identity::List) => match root.remove("items") {
                Some(Value::Array(items)) => self.items(origin.document, &root, items),
                None | Some(Value::Null) => {}
                Some(_) => {
                    self.refuse(origin, &FieldError { pointer: "/items".into(), message: "must be a list".into() });
                }
            },
            Ok(_) => self.judge(origin, Value::Object(root)),
            Err(error) => self.refuse(origin, &error),
        }
    }

    /// The items of a `DeploymentList` may leave out what the list says.
    fn items(&mut self, document: Document<'t>, list: &Map<String, Value>, items: Vec<Value>) {
        let text = |field: &str| list.get(field).and_then(Value::as_str).unwrap_or_default();
        let kind = text("kind").strip_suffix("List").unwrap_or_default();
        for (index, mut item) in items.into_iter().enumerate() {
            if let Value::Object(fields) = &mut item
                && !kind.is_empty()
                && !fields.contains_key("kind")
                && !fields.contains_key("apiVersion")
            {
                fields.insert("kind".to_owned(), kind.into());
                fields.insert("apiVersion".to_owned(), text("apiVersion").into());
            }
            self.judge(Origin { document, item: Some(index) }, item);
        }
    }

    fn judge(&mut self, origin: Origin<'t>, value: Value) {
        let Origin { document, item } = origin;
        if self.options.siblings
            && let Some(sibling) = sibling(&value)
        {
            self.contents.siblings.push(Beside { document: document.index, item, sibling });
        }
        match object(value, self.kinds) {
            Ok(Judge::Object(object)) => {
                self.contents.objects.push(Found { source: document, document: document.index, item, object: *object });
            }
            Ok(Judge::Skip(skip)) => self.contents.skipped.push(skip),
            Err(error) => self.refuse(origin, &error),
        }
    }

    fn refuse(&mut self, Origin { document, item }: Origin<'t>, error: &FieldError) {
        let position = Locator::of(document).locate(item, &error.pointer).position;
        let line = document.text.lines().nth(position.line - document.line).unwrap_or_default();
        let message = if line.contains("{{") { yaml::CHART_TEMPLATE.to_owned() } else { error.to_string() };
        self.contents.problems.push(document.problem(position, message.trim_start_matches(": ")));
    }
}

/// What `tsconfig.json` and its like are: no YAML, and nothing wrong with them. A manifest has both words.
fn is_json_with_comments(text: &str) -> bool {
    let text = text.trim_start();
    let begins_alike = ["{", "//", "/*"].iter().any(|start| text.starts_with(start)) && !text.starts_with("{{");
    begins_alike
        && ["//", "/*"].iter().any(|comment| text.contains(comment))
        && !["kind", "apiVersion"].iter().any(|word| text.contains(word))
}

/// Schemas, and nearly all bytes of an install manifest: no rule compares them with anything.
const CUSTOM_RESOURCE_DEFINITION: &str = "CustomResourceDefinition";
