//! What a review says of itself, and how much memory its tree would take: told while the body arrives, byte by byte, in
//! constant memory, whatever the body holds.
//!
//! Nothing here finds a body malformed. Of what is no JSON it tells something, and [`Review::read`](super::Review::read)
//! says what is wrong.

use super::Malformed;
use crate::finding::ObjectRef;
use memchr::memchr2;
use serde_json::Value;

/// Most bytes that are kept of a text. A uid has 36, a name 253.
const TEXT: usize = 1024;

/// How deep the fields lie that are kept: `request.kind.kind`.
const DEPTH: usize = 3;

/// What a body has told so far.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    counts: Counts,
    head: Parts,
    /// How many mappings and lists are open.
    depth: usize,
    /// What is open, and the field that was read last in it; for the outer ones.
    open: [Level; DEPTH + 1],
    /// The string that is being read.
    string: Option<Text>,
    expects_key: bool,
    /// The last byte that was no white space, outside of strings.
    before: u8,
}

/// What the tree is made of.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    mappings: usize,
    lists: usize,
    fields: usize,
    items: usize,
    strings: usize,
    characters: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    is_mapping: bool,
    field: Field,
}

/// The fields on the way to what is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Field {
    #[default]
    Other,
    Request,
    Uid,
    Kind,
    Namespace,
    Name,
}

/// A string, still escaped.
#[derive(Debug, Clone, Default)]
struct Text {
    /// What is kept of it; none where it is not one of those that matter.
    kept: Option<Vec<u8>>,
    escapes: bool,
}

#[derive(Debug, Clone, Default)]
struct Parts {
    uid: Option<String>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

/// What an answer needs, where there was no time to read more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Names the call; the answer repeats it.
    pub uid: String,
    /// What it is about, as far as the review tells outside of the object.
    pub object: ObjectRef,
}

impl Outline {
    /// The next part of the body.
    pub fn add(&mut self, mut bytes: &[u8]) {
        while let Some((byte, rest)) = bytes.split_first() {
            // Nearly all bytes are in strings that do not matter.
            let plain = match self.string {
                Some(Text { kept: None, escapes: false }) => memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len()),
                _ => 0,
            };
            if plain == 0 {
                self.byte(*byte);
                bytes = rest;
            } else {
                self.counts.characters += plain;
                bytes = &bytes[plain..];
            }
        }
    }

    /// What an answer needs.
    ///
    /// # Errors
    /// There is no uid.
    pub fn head(&self) -> Result<Head, Malformed> {
        let Parts { uid, kind, namespace, name } = self.head.clone();
        let uid =
            uid.ok_or_else(|| Malformed::new(format!("request.uid: it is missing, or has more than {TEXT} bytes")))?;
        let written = |text: &String| !text.is_empty();
        let object = ObjectRef {
            api_version: String::new(),
            kind: kind.unwrap_or_default(),
            namespace: namespace.filter(written),
            name: name.unwrap_or_default(),
        };
        Ok(Head { uid, object })
    }

    /// About how many bytes of memory the review takes while it is judged.
    pub fn weight(&self) -> usize {
        // A mapping keeps its fields in nodes of eleven, half of them filled where there are many.
        const NODE: usize = 11 * (size_of::<String>() + size_of::<Value>()) + 32;
        // The least that an allocation takes.
        const ALLOCATION: usize = 32;
        // A list has room for four items at first, and for up to twice as many as it has.
        const LIST: usize = 4 * size_of::<Value>() + 16;
        let Counts { mappings, lists, fields, items, strings, characters } = self.counts;
        let nodes = mappings + fields / 6;
        nodes * NODE + lists * LIST + items * 2 * size_of::<Value>() + strings * ALLOCATION + characters
    }

    fn byte(&mut self, byte: u8) {
        if let Some(string) = &mut self.string {
            match byte {
                b'"' if !string.escapes => return self.end_string(),
                _ => string.add(byte),
            }
            self.counts.characters += 1;
            return;
        }
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => return,
            b'"' => self.begin_string(),
            b'{' | b'[' => self.begin(byte == b'{'),
            b'}' | b']' => self.end(byte),
            b',' => {
                self.counts.items += 1;
                self.expects_key = self.level().is_some_and(|level| level.is_mapping);
            }
            b':' => {
                self.counts.fields += 1;
                self.expects_key = false;
            }
            _ => {}
        }
        self.before = byte;
    }

    /// The innermost one that is open, if it may have what is kept.
    fn level(&mut self) -> Option<&mut Level> {
        self.open.get_mut(self.depth)
    }

    fn begin(&mut self, is_mapping: bool) {
        self.depth += 1;
        if let Some(level) = self.level() {
            *level = Level { is_mapping, field: Field::Other };
        }
        self.expects_key = is_mapping;
    }

    /// Those that are empty take no memory of their own.
    fn end(&mut self, byte: u8) {
        match (byte, self.before) {
            (b'}', b'{') | (b']', b'[') => {}
            (b'}', _) => self.counts.mappings += 1,
            _ => self.counts.lists += 1,
        }
        self.depth = self.depth.saturating_sub(1);
        self.expects_key = false;
    }

    fn begin_string(&mut self) {
        self.counts.strings += 1;
        let matters = self.level().is_some_and(|level| level.is_mapping);
        self.string = Some(Text { kept: matters.then(Vec::new), escapes: false });
    }

    fn end_string(&mut self) {
        let text = self.string.take().and_then(Text::read);
        let (depth, expects_key) = (self.depth, self.expects_key);
        if let Some(text) = text {
            if expects_key {
                if let Some(level) = self.level() {
                    level.field = Field::named(&text);
                }
            } else if let Some(place) = self.place(depth) {
                place.get_or_insert(text);
            }
        }
        self.before = b'"';
    }

    /// Where a text is kept that is the value of the present field.
    fn place(&mut self, depth: usize) -> Option<&mut Option<String>> {
        let path = self.open.get(1..=depth)?;
        let path: Vec<Field> = path.iter().map(|level| level.field).collect();
        match path.as_slice() {
            [Field::Request, Field::Uid] => Some(&mut self.head.uid),
            [Field::Request, Field::Namespace] => Some(&mut self.head.namespace),
            [Field::Request, Field::Name] => Some(&mut self.head.name),
            [Field::Request, Field::Kind, Field::Kind] => Some(&mut self.head.kind),
            _ => None,
        }
    }
}

impl Field {
    fn named(name: &str) -> Self {
        match name {
            "request" => Field::Request,
            "uid" => Field::Uid,
            "kind" => Field::Kind,
            "namespace" => Field::Namespace,
            "name" => Field::Name,
            _ => Field::Other,
        }
    }
}

impl Text {
    fn add(&mut self, byte: u8) {
        self.escapes = byte == b'\\' && !self.escapes;
        match &mut self.kept {
            Some(kept) if kept.len() < TEXT => kept.push(byte),
            // A part of it would be another text.
            kept => *kept = None,
        }
    }

    /// None where it does not matter, is too long, or is no text.
    fn read(self) -> Option<String> {
        let quoted = [b"\"", self.kept?.as_slice(), b"\""].concat();
        serde_json::from_slice(&quoted).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const REVIEW: &str = r#"{"kind":"AdmissionReview","request":{"uid":"a\"\u0062","requestKind":{"kind":"no"},
        "kind":{"group":"apps","kind":"Deployment"},"name":"web","namespace":"shop","userInfo":{"uid":"no"},
        "object":{"kind":"no","metadata":{"name":"no","uid":"no"}},"options":{"kind":"no"}}}"#;

    fn of(text: &str) -> Outline {
        let mut outline = Outline::default();
        outline.add(text.as_bytes());
        outline
    }

    #[test]
    fn tells_what_the_answer_needs_and_nothing_of_what_lies_elsewhere() {
        let Head { uid, object } = of(REVIEW).head().unwrap();
        assert_eq!((uid.as_str(), object.to_string().as_str()), ("a\"b", "Deployment shop/web"));
    }

    #[test]
    fn it_does_not_matter_how_the_body_is_cut() {
        let mut outline = Outline::default();
        REVIEW.as_bytes().chunks(1).for_each(|byte| outline.add(byte));
        assert_eq!((outline.head(), outline.weight()), (of(REVIEW).head(), of(REVIEW).weight()));
    }

    #[test]
    fn a_uid_that_is_not_there_or_has_no_end_is_missing() {
        for text in
            ["", "{}", r#"{"uid":"a"}"#, r#"{"request":[{"uid":"a"}]}"#, r#"{"request":{"object":{"uid":"a"}}}"#]
        {
            assert!(of(text).head().is_err(), "{text}");
        }
        let long = json!({ "request": { "uid": "x".repeat(TEXT + 1) } }).to_string();
        assert!(of(&long).head().is_err());
    }

    proptest! {
        #[test]
        fn any_uid_is_read_as_serde_json_reads_it(uid: String) {
            let review = json!({ "request": { "object": { "uid": "no" }, "uid": uid } }).to_string();
            prop_assume!(review.len() < TEXT);
            prop_assert_eq!(of(&review).head().unwrap().uid, uid);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut outline = Outline::default();
            outline.add(&bytes);
            let _ = (outline.head(), outline.weight());
        }
    }
}
