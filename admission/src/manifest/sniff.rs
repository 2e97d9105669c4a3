//! The top-level `apiVersion` and `kind` of a document by its bytes, so that most documents need no parse.
//!
//! Sure only where the shape of the text leaves no doubt: a block mapping at column 0 whose keys are plain words.
//! Then every key of the top level is at the beginning of a line, and whatever is nested is indented. Flow style,
//! quoted keys, anchors and merge keys at column 0, or a second `kind` make it unsure, and the document is parsed.

use super::document::as_json;
use memchr::{memchr, memchr_iter};
use serde::Deserialize;
use std::borrow::Cow;

/// What the bytes of a document tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniffed<'a> {
    /// Its kind, and its API version if that is plain to see.
    Head { api_version: Option<Cow<'a, str>>, kind: Cow<'a, str> },
    /// A mapping with neither.
    NoKind,
    /// It takes a parse to know.
    Unsure,
}

pub(super) fn sniff(text: &str) -> Sniffed<'_> {
    if let Some(json) = as_json(text) {
        return sniff_json(json);
    }
    let Some(head) = Head::of(text) else { return Sniffed::Unsure };
    if has_lone_carriage_return(text.as_bytes()) {
        return Sniffed::Unsure;
    }
    match head {
        Head { kind: Some(kind), api_version } => {
            Sniffed::Head { api_version: api_version.map(Cow::from), kind: kind.into() }
        }
        Head { kind: None, api_version: None } if is_block_mapping(text) => Sniffed::NoKind,
        Head { .. } => Sniffed::Unsure,
    }
}

#[derive(Default)]
struct Head<'a> {
    api_version: Option<&'a str>,
    kind: Option<&'a str>,
}

impl<'a> Head<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut head = Head::default();
        let mut started = false;
        let line_starts = memchr_iter(b'\n', bytes).map(|newline| newline + 1);
        for start in std::iter::once(0).chain(line_starts) {
            match bytes.get(start) {
                None | Some(b'#' | b'\n' | b'\r') => {}
                Some(b' ' | b'\t') if started => {}
                Some(b' ') if is_blank(line(text, start)) => {}
                Some(b'-') if started && !bytes[start..].starts_with(b"---") => {}
                Some(b'-') if !started && is_blank(line(text, start).strip_prefix("---")?) => {}
                Some(b'.') if is_blank(line(text, start).strip_prefix("...")?) => {}
                Some(b'A'..=b'Z' | b'a'..=b'z' | b'_') => {
                    started = true;
                    head.take(&text[start..])?;
                }
                Some(_) => return None,
            }
        }
        Some(head)
    }

    /// Takes the line if it is one of the two keys; none where it is not plain to read.
    fn take(&mut self, rest: &'a str) -> Option<()> {
        let field = if rest.starts_with("kind") {
            &mut self.kind
        } else if rest.starts_with("apiVersion") {
            &mut self.api_version
        } else {
            return Some(());
        };
        let (key, value) = line(rest, 0).split_once(':')?;
        if key.trim_end() != "kind" && key.trim_end() != "apiVersion" {
            return Some(());
        }
        if field.is_some() || !value.starts_with([' ', '\t']) {
            return None;
        }
        *field = Some(plain(value)?);
        Some(())
    }
}

/// A value that reads the same in every YAML: a plain or simply quoted word.
fn plain(value: &str) -> Option<&str> {
    let value = value.split_once(" #").map_or(value, |(value, _)| value).trim();
    let unquoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let word = unquoted.unwrap_or(value);
    let simple = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./-".contains(&byte));
    (simple && word.starts_with(|first: char| first.is_ascii_alphabetic())).then_some(word)
}

/// A mapping as far as column 0 tells: every line there that is not a list item or a comment has a key.
fn is_block_mapping(text: &str) -> bool {
    let mut keys = 0;
    for line in text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'))
    {
        if !line.ends_with(':') && !line.contains(": ") && !line.contains(":\t") {
            return false;
        }
        keys += 1;
    }
    keys > 0
}

fn line(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    let end = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
    rest[..end].trim_end_matches('\r')
}

fn is_blank(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

/// YAML takes it for a line break, and we do not.
fn has_lone_carriage_return(bytes: &[u8]) -> bool {
    memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

#[derive(Deserialize)]
struct JsonHead<'a> {
    #[serde(borrow, rename = "apiVersion")]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
}

fn sniff_json(json: &str) -> Sniffed<'_> {
    match serde_json::from_str(json) {
        Ok(JsonHead { api_version, kind: Some(kind) }) => Sniffed::Head { api_version, kind },
        Ok(JsonHead { api_version: None, kind: None }) => Sniffed::NoKind,
        _ => Sniffed::Unsure,
    }
}
