//! Plain scalars as the API server's tools read them: YAML 1.1 by the Go library behind sigs.k8s.io/yaml.
//!
//! serde_yaml reads YAML 1.2 and does not tell a plain scalar from a quoted one. So the few plain scalars that the
//! two read differently are rewritten to what they mean before serde_yaml sees them, on the same line.

use super::events;
use saphyr_parser::{Event, ScalarStyle, Span};

/// What a plain scalar means where the two differ.
#[derive(Debug, Clone, PartialEq)]
enum Meaning {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text,
}

const TRUE: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
const FALSE: [&str; 8] = ["n", "N", "no", "No", "NO", "off", "Off", "OFF"];

/// The document with its plain scalars as YAML 1.2 writes them; none where there is nothing to rewrite.
pub(super) fn as_yaml_1_2(text: &str) -> Option<String> {
    if !has_candidate(text) {
        return None;
    }
    let mut rewriting = Rewriting { text, plain: String::new(), copied: 0, at: Cursor::default(), changed: false };
    // What this parser cannot read, serde_yaml reports.
    events::each(text, |event, span| rewriting.take(&event, span));
    if !rewriting.changed {
        return None;
    }
    rewriting.plain.push_str(&text[rewriting.copied..]);
    Some(rewriting.plain)
}

/// The string that a plain key becomes.
pub(super) fn key(plain: &str) -> String {
    match meaning(plain) {
        Some(Meaning::Bool(value)) => value.to_string(),
        Some(Meaning::Int(value)) => value.to_string(),
        Some(Meaning::Float(value)) => (value as f32).to_string(),
        Some(Meaning::Text) | None => plain.to_owned(),
    }
}

/// None where YAML 1.2 reads it just so.
fn meaning(plain: &str) -> Option<Meaning> {
    if TRUE.contains(&plain) {
        return Some(Meaning::Bool(true));
    }
    if FALSE.contains(&plain) {
        return Some(Meaning::Bool(false));
    }
    if !is_odd_number(plain) {
        return None;
    }
    let digits = plain.replace('_', "");
    Some(match int(&digits) {
        Some(value) => Meaning::Int(value),
        None if is_float(&digits) => digits.parse().map_or(Meaning::Text, Meaning::Float),
        None => Meaning::Text,
    })
}

/// Digits with underscores, a leading zero, or another base.
fn is_odd_number(plain: &str) -> bool {
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    let numeric = unsigned.len() < plain.len() || plain.starts_with(|first: char| first.is_ascii_digit());
    let mut bytes = unsigned.bytes();
    let based = bytes.next() == Some(b'0') && bytes.next().is_some_and(|second| second.is_ascii_alphanumeric());
    numeric && (based || unsigned.contains('_'))
}

/// As Go's ParseInt with base 0, or ParseUint, reads it.
fn int(digits: &str) -> Option<i128> {
    let (negative, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let based = |prefixes: [&str; 2], radix| {
        let rest = prefixes.iter().find_map(|prefix| unsigned.strip_prefix(prefix))?;
        Some((rest, radix))
    };
    let octal = || (unsigned.len() > 1 && unsigned.starts_with('0')).then_some((unsigned, 8));
    let (number, radix) = based(["0x", "0X"], 16)
        .or_else(|| based(["0b", "0B"], 2))
        .or_else(|| based(["0o", "0O"], 8))
        .or_else(octal)
        .unwrap_or((unsigned, 10));
    if !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(number, radix).ok()?);
    match negative {
        true => (value <= -i128::from(i64::MIN)).then_some(-value),
        false => Some(value),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(digits: &str) -> bool {
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let any = !whole.is_empty() || !fraction.is_empty();
    any && all_digits(whole) && all_digits(fraction) && !exponent.is_empty() && all_digits(exponent)
}

/// Whether some word of the text could be such a scalar: it is all that stands between a sign that begins a value and
/// one that ends it. Cheap, and now and then wrong, which costs a parse.
fn has_candidate(text: &str) -> bool {
    let separators = [' ', '\t', '\r', ',', '[', ']', '{', '}'];
    text.lines().any(|line| {
        let mut from = 0;
        line.split(separators).any(|word| {
            let (start, end) = (from, from + word.len());
            from = end + 1;
            let word = word.strip_suffix(':').unwrap_or(word);
            let first = word.bytes().next().unwrap_or_default();
            let possible = b"yYnNoO+-0123456789".contains(&first) && meaning(word).is_some();
            possible && begins_value(&line[..start]) && ends_value(&line[start + word.len()..end], &line[end..])
        })
    })
}

fn begins_value(before: &str) -> bool {
    let before = before.trim_end();
    let last_word = before.rsplit([' ', '\t']).next().unwrap_or_default();
    before.is_empty() || before.ends_with([':', '-', '[', ',', '{', '?']) || last_word.starts_with(['&', '!'])
}

fn ends_value(colon: &str, after: &str) -> bool {
    let after = after.trim_start();
    !colon.is_empty() || after.is_empty() || after.starts_with(['#', ',', ']', '}', ':'])
}

/// Text that begins with a node, without the anchor and the tag in front of it.
pub(super) fn without_properties(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with(['&', '!']) {
        let end = rest.find([' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        rest = rest[end..].trim_start_matches([' ', '\t']);
    }
    rest
}

/// Byte offsets of characters, which come in ascending order.
#[derive(Default)]
struct Cursor {
    characters: usize,
    bytes: usize,
}

impl Cursor {
    fn advance(&mut self, text: &str, characters: usize) -> Option<usize> {
        let wanted = characters.checked_sub(self.characters)?;
        let rest = text.get(self.bytes..)?;
        let step = rest.char_indices().nth(wanted).map_or(rest.len(), |(at, _)| at);
        self.characters = characters;
        self.bytes += step;
        Some(self.bytes)
    }
}

struct Rewriting<'t> {
    text: &'t str,
    plain: String,
    copied: usize,
    at: Cursor,
    changed: bool,
}

impl Rewriting<'_> {
    fn take(&mut self, event: &Event<'_>, span: Span) {
        let Event::Scalar(scalar, ScalarStyle::Plain, _, None) = event else { return };
        let Some(meaning) = meaning(scalar) else { return };
        let Some(start) = self.at.advance(self.text, span.start.index()) else { return };
        let start = self.text.len() - without_properties(&self.text[start..]).len();
        if !self.text[start..].starts_with(&**scalar) {
            return;
        }
        self.plain.push_str(&self.text[self.copied..start]);
        self.plain.push_str(&match meaning {
            Meaning::Bool(value) => value.to_string(),
            Meaning::Int(value) => value.to_string(),
            Meaning::Float(value) => format!("{value:?}"),
            Meaning::Text => format!("\"{scalar}\""),
        });
        self.copied = start + scalar.len();
        self.changed = true;
    }
}
