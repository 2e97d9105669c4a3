//! One JSON document to a tree: what JSON writes otherwise than YAML (pairs of escapes for one character, tabs
//! between values) is read as JSON reads it.

use super::{
    Limits, Lines, Span,
    build::{Builder, Result, Told},
    scalar::float,
    tree::{Scalar, Tree},
};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::borrow::Cow;

/// Reads `body`, a part of the text that `lines` are of. None where it is no JSON: it may be YAML in flow style still.
pub(super) fn read<'t>(body: &'t str, start: usize, lines: &Lines<'t>, limits: &Limits) -> Option<Result<Tree<'t>>> {
    let mut reading = Reading { body, start, at: 0, builder: Builder::new(lines, body.len(), limits) };
    match reading.all() {
        Some(Ok(())) => Some(Ok(reading.builder.finish())),
        Some(Err(refusal)) => Some(Err(refusal)),
        None => None,
    }
}

/// Mappings and sequences inside each other in a JSON text that stands for itself: an object is a part of it.
const DEPTH: usize = 200;

/// A JSON text that stands for itself, such as the body of a call, without what managers of fields wrote.
///
/// # Errors
/// What is wrong with it.
pub fn json_value(bytes: &[u8]) -> std::result::Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let (lines, limits) = (Lines::of(text), Limits { depth: DEPTH, ..Limits::default() });
    match read(text, 0, &lines, &limits) {
        Some(tree) => tree.and_then(|tree| tree.value(&limits)).map_err(|refusal| refusal.message),
        // It tells the line and column of what is no JSON.
        None => match serde_json::from_slice::<IgnoredAny>(bytes) {
            Err(error) => Err(error.to_string()),
            Ok(_) => Err("not a JSON value".to_owned()),
        },
    }
}

struct Reading<'t, 'l> {
    body: &'t str,
    /// Offset of the body in the whole text.
    start: usize,
    at: usize,
    builder: Builder<'t, 'l>,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value, or the end of a list that has none.
    ValueOrEnd,
    /// A key, or the end of a mapping that has none.
    KeyOrEnd,
    CommaOrEnd,
}

impl<'t> Reading<'t, '_> {
    /// None where this is no JSON.
    fn all(&mut self) -> Option<Result> {
        let mut open = Vec::new();
        let mut next = Next::Value;
        loop {
            next = match self.step(next, &mut open)? {
                Ok(next) => next,
                Err(refusal) => return Some(Err(refusal)),
            };
            if next == Next::CommaOrEnd && open.is_empty() {
                self.blanks();
                return (self.at == self.body.len()).then_some(Ok(()));
            }
        }
    }

    fn step(&mut self, next: Next, open: &mut Vec<u8>) -> Option<Result<Next>> {
        self.blanks();
        let byte = *self.body.as_bytes().get(self.at)?;
        let span = self.span(self.at, self.at + 1);
        let step = match (next, byte) {
            (Next::Value | Next::ValueOrEnd, b'{') => {
                open.push(b'}');
                self.at += 1;
                self.builder.open_mapping(span, None).map(|()| Next::KeyOrEnd)
            }
            (Next::Value | Next::ValueOrEnd, b'[') => {
                open.push(b']');
                self.at += 1;
                self.builder.open_sequence(span, None).map(|()| Next::ValueOrEnd)
            }
            (Next::ValueOrEnd, b']') | (Next::KeyOrEnd, b'}') | (Next::CommaOrEnd, b']' | b'}') => {
                open.pop().filter(|closing| *closing == byte)?;
                self.at += 1;
                self.builder.close(Some(span.end)).map(|()| Next::CommaOrEnd)
            }
            (Next::CommaOrEnd, b',') => {
                self.at += 1;
                self.blanks();
                match open.last()? {
                    b'}' => return self.key(),
                    _ => Ok(Next::Value),
                }
            }
            (Next::KeyOrEnd, b'"') => return self.key(),
            (Next::Value | Next::ValueOrEnd, _) => {
                let from = self.at;
                let scalar = self.scalar()?;
                self.tell(scalar, from).map(|()| Next::CommaOrEnd)
            }
            _ => return None,
        };
        Some(step)
    }

    fn key(&mut self) -> Option<Result<Next>> {
        let from = self.at;
        let name = self.string()?;
        if let Err(refusal) = self.tell(Scalar::Text(name), from) {
            return Some(Err(refusal));
        }
        self.blanks();
        (self.body.as_bytes().get(self.at) == Some(&b':')).then(|| {
            self.at += 1;
            Ok(Next::Value)
        })
    }

    fn tell(&mut self, scalar: Scalar<'t>, from: usize) -> Result {
        self.builder.scalar(Told { scalar, span: self.span(from, self.at), merges: false, anchor: None })
    }

    fn scalar(&mut self) -> Option<Scalar<'t>> {
        let rest = &self.body[self.at..];
        if rest.starts_with('"') {
            return self.string().map(Scalar::Text);
        }
        let length = rest.find(|other: char| !matches!(other, 'a'..='z' | 'E' | '0'..='9' | '+' | '-' | '.'));
        let word = &rest[..length.unwrap_or(rest.len())];
        self.at += word.len();
        match word {
            "null" => Some(Scalar::Null),
            "true" => Some(Scalar::Bool(true)),
            "false" => Some(Scalar::Bool(false)),
            _ => {
                let number: serde_json::Number = serde_json::from_str(word).ok()?;
                let is_whole = number.is_i64() || number.is_u64();
                Some(if is_whole { Scalar::Number(number) } else { float(number.as_f64()?) })
            }
        }
    }

    fn string(&mut self) -> Option<Cow<'t, str>> {
        let rest = self.body[self.at..].strip_prefix('"')?;
        let mut length = 0;
        let mut has_escapes = false;
        loop {
            let stop = rest.as_bytes()[length..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
            length += stop;
            match rest.as_bytes()[length] {
                b'"' => break,
                // What follows a backslash closes nothing.
                b'\\' => (has_escapes, length) = (true, (length + 2).min(rest.len())),
                _ => return None,
            }
        }
        let quoted = &self.body[self.at..self.at + length + 2];
        self.at += quoted.len();
        match has_escapes {
            false => Some(Cow::Borrowed(&rest[..length])),
            true => serde_json::from_str(quoted).ok().map(Cow::Owned),
        }
    }

    fn blanks(&mut self) {
        let rest = &self.body.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span { start: self.start + from, end: self.start + to }
    }
}
