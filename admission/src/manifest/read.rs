//! A text to what can be judged, what is left aside, and what is wrong.
//!
//! [`read`] does all of it. A caller with several threads takes its parts: [`decode`], [`documents`] and, for each
//! document by itself, [`read_document`].

use super::{
    Beside, Contents, FieldError, Found, Kinds, Lines, Object, Options, Position, Problem, Skip, Span, Triage,
    document::{Document, as_json, documents},
    json,
    kind::Lookup,
    member::{head, is_member, kind_name, member},
    object::{Identity, identify, object_of_text},
    openshift::{Parameters, Unresolved},
    patch::{PatchMark, is_json_patch},
    sniff::{Sniffed, sniff},
    tree::{Fault, Refusal, Tree},
    yaml,
};
use plimsoll_policy::Pointer;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

/// Reads a text. Whatever the bytes are, this never panics, and one bad document never hides its neighbours.
pub fn read<'t>(bytes: &'t (impl AsRef<[u8]> + ?Sized), kinds: &Kinds, options: &Options) -> Contents<'t> {
    let mut contents = Contents::default();
    let text = match decode(bytes.as_ref(), options) {
        Ok(text) => text,
        Err(problem) => {
            contents.problems.push(problem);
            return contents;
        }
    };
    let lines = Lines::of(text);
    for document in documents(text) {
        if let Some(problem) = beyond_limit(&document, &lines, options) {
            contents.problems.push(problem);
            break;
        }
        contents.append(read_document(&document, &lines, kinds, options));
    }
    contents
}

/// Bytes to text.
///
/// # Errors
/// There are too many, or they are not UTF-8.
pub fn decode<'t>(bytes: &'t [u8], options: &Options) -> Result<&'t str, Problem> {
    let whole = |message: String| Problem { document: None, position: None, message };
    let limit = options.limits.file_bytes;
    if bytes.len() > limit {
        return Err(whole(format!("{} bytes, and at most {limit} are read (limit `file_bytes`)", bytes.len())));
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
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
    let position = Some(Position { line, column });
    Err(Problem { document: None, position, message: format!("not UTF-8: byte 0x{byte:02x}; save it as UTF-8") })
}

/// The problem of the first document that is one too many: neither it nor what follows is read.
pub fn beyond_limit(document: &Document<'_>, lines: &Lines<'_>, options: &Options) -> Option<Problem> {
    let limit = options.limits.documents;
    let message = || format!("more than {limit} documents (limit `documents`); the rest is not read");
    (document.index >= limit).then(|| document.problem(document.beginning(), lines, message()))
}

/// Reads one document of the text that the lines are of.
pub fn read_document<'t>(document: &Document<'t>, lines: &Lines<'t>, kinds: &Kinds, options: &Options) -> Contents<'t> {
    let mut reading = Reading { document, lines, kinds, options, contents: Contents::default() };
    if !document.is_empty() {
        reading.contents.documents = 1;
        reading.document();
    }
    reading.contents
}

/// The tree of a document.
pub(super) fn tree<'t>(
    document: &Document<'t>,
    lines: &Lines<'t>,
    limits: &super::Limits,
) -> Result<Tree<'t>, Refusal> {
    let bytes = document.text.len();
    if bytes > limits.document_bytes {
        let limit = limits.document_bytes;
        let message = format!("a document of {bytes} bytes, and at most {limit} are parsed (limit `document_bytes`)");
        return Err(Refusal { span: document.beginning(), message });
    }
    let body = as_json(document.text);
    let start = |body: &str| document.start + (body.as_ptr() as usize - document.text.as_ptr() as usize);
    let as_json = body.and_then(|body| json::read(body, start(body), lines, limits));
    as_json.unwrap_or_else(|| yaml::read(document, lines, limits))
}

/// A document with all that is written in it, whatever its kind.
#[derive(Debug)]
pub struct Parsed<'t> {
    /// Where each value is.
    pub tree: Tree<'t>,
    /// The values, without any defaults.
    pub value: Value,
}

impl<'t> Parsed<'t> {
    /// None where it cannot be read.
    pub fn of(document: &Document<'t>, lines: &Lines<'t>) -> Option<Self> {
        let limits = super::Limits::default();
        let tree = tree(document, lines, &limits).ok()?;
        let value = tree.value(&limits).ok()?;
        Some(Parsed { tree, value })
    }
}

/// The problem of a document that cannot be read at all.
pub(super) fn refused(document: &Document<'_>, lines: &Lines<'_>, refusal: &Refusal) -> Problem {
    let span = refusal.span;
    let line = lines.near(span.start);
    let at = |start: usize| Span { start: line.as_ptr() as usize - lines.text().as_ptr() as usize + start, ..span };
    if let Some(start) = line.find(ACTION) {
        return document.problem(at(start), lines, TEMPLATE);
    }
    if TEMPLATE_ACTIONS.iter().any(|action| document.text.contains(action)) {
        return document.problem(span, lines, TEMPLATE);
    }
    match line.find(|other| other != ' ') {
        Some(start) if line[start..].starts_with('\t') => document.problem(at(start), lines, yaml::TAB),
        _ => document.problem(span, lines, refusal.message.clone()),
    }
}

struct Reading<'r, 't> {
    document: &'r Document<'t>,
    lines: &'r Lines<'t>,
    kinds: &'r Kinds,
    options: &'r Options,
    contents: Contents<'t>,
}

impl<'t> Reading<'_, 't> {
    fn document(&mut self) {
        if let Some(skip) = self.skip_unparsed(self.document.text) {
            return self.contents.skipped.push(skip);
        }
        let limits = &self.options.limits;
        let read = tree(self.document, self.lines, limits);
        let read = read.and_then(|tree| tree.value(limits).map(|value| (Arc::new(tree), value)));
        match read {
            Ok((tree, value)) => self.value(&tree, value),
            Err(refusal) => self.contents.problems.push(refused(self.document, self.lines, &refusal)),
        }
    }

    /// The reason to leave a document aside that its bytes tell already.
    fn skip_unparsed(&mut self, text: &str) -> Option<Skip> {
        if self.options.strict_yaml {
            return None;
        }
        match sniff(text) {
            Sniffed::Unsure => is_json_with_comments(text).then_some(Skip::NoKind),
            Sniffed::NoKind => Some(Skip::NoKind),
            Sniffed::Head { api_version: None, kind } => {
                let wanted = self.options.members || self.kinds.has_name(&kind) || may_have_containers(text);
                (!wanted).then_some(Skip::OtherKind)
            }
            Sniffed::Head { api_version: Some(api_version), kind } => {
                let may_matter = match self.kinds.look_up(&api_version, &kind) {
                    Lookup::Other => false,
                    Lookup::Unknown => may_have_containers(text),
                    Lookup::Judged(_) | Lookup::List(_) | Lookup::Mistaken { .. } => true,
                };
                if may_matter || self.options.members && is_member(&api_version, &kind) {
                    return None;
                }
                self.other_kind(&api_version, &kind);
                Some(Skip::OtherKind)
            }
        }
    }

    fn value(&mut self, tree: &Arc<Tree<'t>>, value: Value) {
        match value {
            Value::Object(_) | Value::Array(_) if let Some(field) = self.options.patch => {
                self.faults(&tree.faults);
                self.contents.skipped.push(Skip::KustomizePatch(PatchMark::Listed(field)));
            }
            Value::Object(root) => self.root(tree, root),
            Value::Array(items) if is_json_patch(&items) => {
                self.contents.skipped.push(Skip::KustomizePatch(PatchMark::Operations));
            }
            Value::Array(_) | Value::Null => self.contents.skipped.push(Skip::NoKind),
            _ => {
                let message = "plain text; a manifest is a mapping with apiVersion and kind";
                let problem = self.document.problem(tree.locate(""), self.lines, message);
                self.contents.problems.push(problem);
            }
        }
    }

    fn root(&mut self, tree: &Arc<Tree<'t>>, mut root: Map<String, Value>) {
        match identify(&root, self.kinds) {
            Ok(Identity::List(field)) => match root.remove(field) {
                Some(Value::Array(items)) => self.items(tree, field, &root, items),
                None | Some(Value::Null) => self.faults(&tree.faults),
                Some(_) => {
                    let error = FieldError { pointer: Pointer::ROOT.step(field), message: "must be a list".into() };
                    self.refuse(tree, None, &error);
                }
            },
            Ok(_) => self.judge(tree, None, Value::Object(root), tree.faults.clone(), &Unresolved::default()),
            Err(error) => {
                self.faults(&tree.faults);
                self.refuse(tree, None, &error);
            }
        }
    }

    /// The items of a `DeploymentList` may leave out what the list says; those of an OpenShift `Template` get the values
    /// of its parameters.
    fn items(&mut self, tree: &Arc<Tree<'t>>, field: &str, list: &Map<String, Value>, items: Vec<Value>) {
        let text = |field: &str| list.get(field).and_then(Value::as_str).unwrap_or_default();
        let kind = text("kind").strip_suffix("List").unwrap_or_default();
        let (mut faults, of_list) = by_item(&tree.faults, field);
        let parameters = (field == OBJECTS).then(|| Parameters::of(list));
        self.faults(&of_list);
        for (index, mut item) in items.into_iter().enumerate() {
            if let Value::Object(fields) = &mut item
                && !kind.is_empty()
                && !fields.contains_key("kind")
                && !fields.contains_key("apiVersion")
            {
                fields.insert("kind".to_owned(), kind.into());
                fields.insert("apiVersion".to_owned(), text("apiVersion").into());
            }
            let unresolved = parameters.as_ref().map(|parameters| parameters.put_into(&mut item)).unwrap_or_default();
            self.judge(tree, Some(index), item, faults.remove(&index).unwrap_or_default(), &unresolved);
        }
    }

    fn put_into_namespace(&self, object: &mut Object) {
        let Some(namespace) = &self.options.namespace else { return };
        for workload in std::iter::once(&mut object.workload).chain(&mut object.others) {
            workload.namespace.get_or_insert_with(|| namespace.clone());
        }
    }

    fn judge(
        &mut self,
        tree: &Arc<Tree<'t>>,
        item: Option<usize>,
        value: Value,
        faults: Vec<Fault>,
        unresolved: &Unresolved,
    ) {
        let member = self.options.members.then(|| member(&value)).flatten();
        let head = head(&value).map(|(api_version, kind)| (api_version.to_owned(), kind.to_owned()));
        self.faults(&faults);
        let has_faults = !faults.is_empty();
        match object_of_text(value, self.kinds, &unresolved.images) {
            Ok(Triage::Object(mut object)) => {
                self.put_into_namespace(&mut object);
                self.contents.skipped.extend(object.not_covered.clone());
                self.contents.skipped.extend(unresolved.images.iter().map(|_| Skip::ImageParameter));
                for error in &unresolved.fields {
                    self.refuse(tree, item, error);
                }
                for error in &object.unreadable {
                    self.refuse(tree, item, error);
                }
                let unresolved = unresolved.fields.iter().map(|error| error.pointer.clone());
                let fields: Vec<Pointer> = unresolved.chain(faults.into_iter().map(|fault| fault.pointer)).collect();
                object.note_unreadable(&fields);
                let (tree, document, template) = (Arc::clone(tree), self.document.index, self.document.template());
                self.contents.objects.push(Found { tree, document, item, template, object: *object });
            }
            // What lacks something because it cannot be read is not a patch.
            Ok(Triage::Skip(Skip::KustomizePatch(_))) if has_faults => {}
            Ok(Triage::Skip(skip)) => {
                match (member, head, &skip) {
                    (Some((namespace, member)), _, Skip::OtherKind) if !has_faults => {
                        let (tree, document, template) =
                            (Arc::clone(tree), self.document.index, self.document.template());
                        let namespace = namespace.or_else(|| self.options.namespace.clone());
                        self.contents.members.push(Beside { tree, document, item, template, namespace, member });
                    }
                    (_, Some((api_version, kind)), Skip::OtherKind | Skip::UnknownKind { .. }) => {
                        self.other_kind(&api_version, &kind);
                    }
                    _ => {}
                }
                self.contents.skipped.push(skip);
            }
            Err(errors) => errors.iter().for_each(|error| self.refuse(tree, item, error)),
        }
    }

    fn other_kind(&mut self, api_version: &str, kind: &str) {
        if self.options.members {
            self.contents.other_kinds.insert(kind_name(api_version, kind));
        }
    }

    fn faults(&mut self, faults: &[Fault]) {
        for fault in faults {
            self.problem(fault.span, &fault.message);
        }
    }

    fn refuse(&mut self, tree: &Tree<'_>, item: Option<usize>, error: &FieldError) {
        let span = locate(tree, item, &error.pointer);
        self.problem(span, error.to_string().trim_start_matches(": "));
    }

    fn problem(&mut self, span: Span, message: &str) {
        // `${{NAME}}` is a parameter of an OpenShift `Template`.
        let line = self.lines.near(span.start).replace("${{", "");
        let message = if line.contains(ACTION) { TEMPLATE } else { message };
        let problem = self.document.problem(span, self.lines, message);
        self.contents.problems.push(problem);
    }
}

/// The faults of each item of a `List`, with pointers that begin at the item, and those of the list itself.
fn by_item(faults: &[Fault], list: &str) -> (BTreeMap<usize, Vec<Fault>>, Vec<Fault>) {
    let mut of_items: BTreeMap<usize, Vec<Fault>> = BTreeMap::new();
    let mut of_list = Vec::new();
    let prefix = format!("/{list}/");
    for fault in faults {
        let below = fault.pointer.strip_prefix(&prefix).map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len())));
        match below.and_then(|(index, pointer)| Some((index.parse().ok()?, pointer))) {
            Some((index, pointer)) => {
                of_items.entry(index).or_default().push(Fault { pointer: pointer.into(), ..fault.clone() });
            }
            None => of_list.push(fault.clone()),
        }
    }
    (of_items, of_list)
}

/// Where a field of an object is, or of an item of a `List`.
pub(super) fn locate(tree: &Tree<'_>, item: Option<usize>, pointer: &str) -> Span {
    match item {
        Some(index) => tree.locate_from(&[list(tree), &index.to_string()], pointer),
        None => tree.locate(pointer),
    }
}

/// Whether the text has that field.
pub(super) fn is_written(tree: &Tree<'_>, item: Option<usize>, pointer: &str) -> bool {
    match item {
        Some(index) => tree.written(&format!("/{}/{index}{pointer}", list(tree))).is_some(),
        None => tree.written(pointer).is_some(),
    }
}

/// The field with the objects of a list, or of an OpenShift `Template`.
pub(super) fn list(tree: &Tree<'_>) -> &'static str {
    if tree.entry(tree.root, "items").is_some() { "items" } else { OBJECTS }
}

/// What to do about a document that is a template still.
const TEMPLATE: &str = "this is a template, not a manifest; render it and scan what comes out";

/// What begins an action of a template.
const ACTION: &str = "{{";

/// What only a template has: two braces alone are often in an argument or an annotation.
const TEMPLATE_ACTIONS: [&str; 5] = ["{{-", "{{ .", "{{.", "{{ include", "{{ if"];

/// Whether it can have a pod template, as far as its bytes tell.
fn may_have_containers(text: &str) -> bool {
    ["containers", "image"].iter().all(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// Where an OpenShift `Template` has its objects.
const OBJECTS: &str = "objects";

/// What `tsconfig.json` and its like are: no YAML, and nothing wrong with them. A manifest has both words.
fn is_json_with_comments(text: &str) -> bool {
    let text = text.trim_start();
    let begins_alike = ["{", "//", "/*"].iter().any(|start| text.starts_with(start)) && !text.starts_with("{{");
    begins_alike
        && ["//", "/*"].iter().any(|comment| text.contains(comment))
        && !["kind", "apiVersion"].iter().any(|word| text.contains(word))
}
