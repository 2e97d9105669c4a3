//! JSON pointers (RFC 6901): the one way in which findings, fixes and the host name a field.

use serde_json::Value;
use std::{
    borrow::Cow,
    fmt::{self, Display},
    ops::Deref,
};

/// A JSON pointer: `/spec/template/spec/containers/0/image`; empty for the whole object.
///
/// A policy may make one of any text; the host refuses a finding whose pointer [`parse`](Pointer::parse) does not take.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(String);

impl Pointer {
    /// The whole object.
    pub const ROOT: Pointer = Pointer(String::new());

    /// Takes a text that is empty, or steps that each begin with `/` and have `~` only before `0` or `1`.
    pub fn parse(text: String) -> Option<Pointer> {
        let escapes = || text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        (text.is_empty() || text.starts_with('/') && escapes()).then_some(Pointer(text))
    }

    /// One step further, to a key or an index; escaped as the RFC wants it.
    pub fn step(&self, step: impl Display) -> Pointer {
        Pointer(format!("{self}/{}", escape(step)))
    }

    /// Goes one step further. [`truncate`](Pointer::truncate) to the length before goes back.
    pub fn push(&mut self, step: impl Display) {
        self.0.push('/');
        self.0.push_str(&escape(step));
    }

    /// Goes back to where it had this many bytes.
    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// Some steps further, written as a path that needs no escapes: `lifecycle/preStop`.
    pub fn join(&self, path: &str) -> Pointer {
        Pointer(format!("{self}/{path}"))
    }

    /// Whether it is another pointer, or leads below that.
    pub fn is_within(&self, other: &Pointer) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }

    /// The steps, without their escapes.
    pub fn steps(&self) -> impl Iterator<Item = Cow<'_, str>> {
        Pointer::steps_of(&self.0)
    }

    /// The same of a pointer as text.
    pub fn steps_of(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
        text.split('/').skip(1).map(unescape)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it points to.
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0)
    }
}

/// Escapes one step: `~` as `~0`, `/` as `~1`.
fn escape(step: impl Display) -> String {
    step.to_string().replace('~', "~0").replace('/', "~1")
}

fn unescape(step: &str) -> Cow<'_, str> {
    match step.contains('~') {
        true => Cow::Owned(step.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(step),
    }
}

impl Deref for Pointer {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Pointer {
    fn from(text: String) -> Self {
        Pointer(text)
    }
}

impl From<&str> for Pointer {
    fn from(text: &str) -> Self {
        Pointer(text.to_owned())
    }
}

impl From<&Pointer> for Pointer {
    fn from(pointer: &Pointer) -> Self {
        pointer.clone()
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

impl PartialEq<str> for Pointer {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<String> for Pointer {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for Pointer {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl<C> minicbor::Encode<C> for Pointer {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Pointer {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(Pointer(d.str()?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_is_empty_or_has_steps() {
        for (text, valid) in [
            ("", true),
            ("/", true),
            ("/spec/a~1b~0", true),
            ("spec", false),
            ("/spec/~2", false),
            ("/spec/~", false),
            ("#/spec", false),
        ] {
            assert_eq!(Pointer::parse(text.to_owned()).is_some(), valid, "{text}");
        }
    }

    #[test]
    fn steps_are_escaped_and_walked_back() {
        let annotations = Pointer::ROOT.join("metadata/annotations");
        let pointer = annotations.step("a/b~c");
        assert_eq!(pointer, "/metadata/annotations/a~1b~0c");
        assert_eq!(pointer.steps().collect::<Vec<_>>(), ["metadata", "annotations", "a/b~c"]);
        let object = json!({ "metadata": { "annotations": { "a/b~c": "here" } } });
        assert_eq!(pointer.find(&object), Some(&json!("here")));
    }

    #[test]
    fn a_field_is_within_those_around_it() {
        for (inner, outer, expected) in [
            ("/spec/a/0", "/spec/a", true),
            ("/spec/a", "/spec/a", true),
            ("/spec/a", "", true),
            ("/spec/ab", "/spec/a", false),
            ("/spec", "/spec/a", false),
        ] {
            assert_eq!(Pointer::from(inner).is_within(&outer.into()), expected, "{inner} {outer}");
        }
    }
}
