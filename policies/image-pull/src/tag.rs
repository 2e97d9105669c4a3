//! What a tag says of itself: whether another image will be pushed under it.
//!
//! A tag is a promise, not a fact: only a digest settles what is pulled. The classes are read off the tag's tokens,
//! the parts between `-` and `_`; a token may have pieces, the parts between `.`.

use plimsoll_policy::glob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a tag says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Names one build.
    Immutable,
    /// Names a series of releases: the next patch release moves it.
    Series,
    /// Names the build that was pushed last.
    Moving,
}

/// A tag that names one build: a class of tags, or a glob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) enum Pattern {
    /// Three or more numbers: `1.27.4`, `v0.31.2-debug`.
    Semver,
    /// 7 to 40 hexadecimal digits, or 64: `sha-1a2b3c4`.
    Hash,
    /// A date or a time: `2024-01-31`, `20240131.2`.
    Stamp,
    /// `*` is any text, `?` any character.
    Glob(String),
}

const CLASSES: [(&str, Pattern); 3] = [("semver", Pattern::Semver), ("hash", Pattern::Hash), ("stamp", Pattern::Stamp)];

const MOVING_WORDS: [&str; 6] = ["snapshot", "dev", "nightly", "latest", "edge", "canary"];

impl Class {
    /// Judges a tag. A glob is the operator's own word and goes before all else.
    pub(crate) fn of(tag: &str, immutable: &[Pattern]) -> Self {
        if immutable.iter().any(|entry| matches!(entry, Pattern::Glob(glob) if glob::matches(glob, tag))) {
            return Class::Immutable;
        }
        if tokens(tag).any(is_moving_word) {
            return Class::Moving;
        }
        if immutable.iter().any(|entry| entry.holds(tag)) {
            return Class::Immutable;
        }
        if tokens(tag).any(|token| matches!(numbers(token), 1 | 2)) { Class::Series } else { Class::Moving }
    }
}

impl Pattern {
    fn holds(&self, tag: &str) -> bool {
        match self {
            Pattern::Semver => tokens(tag).any(|token| numbers(token) >= 3),
            Pattern::Hash => tokens(tag).any(is_hash),
            Pattern::Stamp => has_iso_date(tag) || tokens(tag).any(has_stamp),
            Pattern::Glob(glob) => glob::matches(glob, tag),
        }
    }

    /// Refuses what can never match, and a class that is not written as it should be.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let Pattern::Glob(glob) = self else { return Ok(()) };
        let class = CLASSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(glob));
        if let Some((name, _)) = class {
            return Err(format!("immutable-tags: there is no class `{glob}`; did you mean `{name}`?"));
        }
        let is_possible = |c: char| c.is_ascii_alphanumeric() || "_.-*?".contains(c);
        if glob.is_empty() || !glob.chars().all(is_possible) {
            return Err(format!(
                "immutable-tags: `{glob}` matches no tag; write `semver`, `hash`, `stamp` or a glob of letters, digits, `_.-*?`"
            ));
        }
        Ok(())
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let class = CLASSES.into_iter().find(|(name, _)| *name == text);
        class.map_or(Pattern::Glob(text), |(_, class)| class)
    }
}

impl From<Pattern> for String {
    fn from(entry: Pattern) -> Self {
        match entry {
            Pattern::Semver => "semver".to_owned(),
            Pattern::Hash => "hash".to_owned(),
            Pattern::Stamp => "stamp".to_owned(),
            Pattern::Glob(glob) => glob,
        }
    }
}

fn tokens(tag: &str) -> impl Iterator<Item = &str> {
    tag.split(['-', '_'])
}

/// The last piece counts: `1.2.3.SNAPSHOT` moves, and the pre-release `dev.3` is one build.
fn is_moving_word(token: &str) -> bool {
    let last = token.rsplit('.').next().unwrap_or(token);
    MOVING_WORDS.iter().any(|word| word.eq_ignore_ascii_case(last))
}

/// How many numbers a token begins with: 3 in `v1.27.4`, `3.13.0rc1` and `4.8.3.Final`, 1 in `3.x`, 0 in `alpine3.20`.
fn numbers(token: &str) -> usize {
    without_v(token).split('.').take_while(|piece| is_number(piece)).count()
}

/// Digits; a pre-release or an update may follow without a separator: `0rc1`, `8u392`.
fn is_number(piece: &str) -> bool {
    let word = piece.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let digits_follow = !rest.is_empty() && is_digits(rest) && rest.len() < word.len();
    word.len() < piece.len() && (word.is_empty() || digits_follow)
}

/// A commit, or a SHA-256 of the content; `git describe` puts a `g` before it. Digits alone are a number, letters
/// alone a word.
fn is_hash(token: &str) -> bool {
    let hex = token.strip_prefix('g').unwrap_or(token);
    matches!(hex.len(), 7..=40 | 64)
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
        && hex.bytes().any(|b| b.is_ascii_digit())
        && hex.bytes().any(|b| b.is_ascii_alphabetic())
}

/// A date, a date and time, or seconds since 1970, maybe with a counter after it: `20240131`, `20240131.2`,
/// `20240131T163633Z`.
fn has_stamp(token: &str) -> bool {
    without_v(token).split('.').any(|piece| {
        let is_stamp = (8..=14).contains(&piece.len()) && is_digits(piece);
        let is_date_and_time = piece.split_once('T').is_some_and(|(date, _)| date.len() == 8 && is_digits(date));
        is_stamp || is_date_and_time
    })
}

/// `YYYY-MM-DD` anywhere; its dashes separate tokens, so it is looked for in the whole tag.
fn has_iso_date(tag: &str) -> bool {
    let bytes = tag.as_bytes();
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    bytes.windows(10).enumerate().any(|(start, date)| {
        let has_shape = date.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
        let starts_here = start == 0 || !is_digit(start - 1);
        has_shape
            && starts_here
            && !is_digit(start + 10)
            && matches!(&date[5..7], b"10" | b"11" | b"12" | [b'0', b'1'..=b'9'])
    })
}

fn without_v(token: &str) -> &str {
    token.strip_prefix(['v', 'V']).unwrap_or(token)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
#[path = "tag_tests.rs"]
mod tests;
