//! The examples on a policy's page, which are its tests.
//!
//! A page has one section (`## rule-name`) per rule. In it, every fence whose info string is `yaml` and a verdict is
//! an example: ` ```yaml denied `, `warned`, `noted` or `allowed`; the word `strict` after it means that profile.
//! `allowed` means that the section's rule finds nothing, whatever other rules say.

use crate::Level;

/// One example of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example<'a> {
    /// The rule whose section it stands in.
    pub rule: &'a str,
    /// The worst level at which that rule must speak; `Off` for an example that is allowed.
    pub verdict: Level,
    /// Whether it is judged in the profile `strict`.
    pub strict: bool,
    /// The manifest.
    pub yaml: &'a str,
    /// Line of the page on which the manifest starts, from 1.
    pub line: usize,
}

const VERDICTS: [(&str, Level); 4] =
    [("denied", Level::Deny), ("warned", Level::Warn), ("noted", Level::Note), ("allowed", Level::Off)];

/// All examples of a page, in order.
///
/// # Errors
/// A line of the page that looks like an example and is not: an unknown verdict, no section around it, no end.
pub fn parse(page: &str) -> Result<Vec<Example<'_>>, String> {
    let mut examples = Vec::new();
    let mut rule = None;
    let mut lines = numbered(page);
    while let Some((number, offset, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            rule = Some(title.trim().trim_matches('`'));
        }
        let Some(info) = line.strip_prefix("```").map(str::trim).filter(|info| !info.is_empty()) else { continue };
        let start = offset + line.len() + 1;
        let end = lines
            .by_ref()
            .find(|(.., line)| line.trim_end() == "```")
            .map(|(_, end, _)| end)
            .ok_or_else(|| format!("line {number}: this fence has no end"))?;
        let mut words = info.split_whitespace();
        let (Some("yaml"), Some(verdict)) = (words.next(), words.next()) else { continue };
        let verdict = VERDICTS
            .iter()
            .find(|(name, _)| *name == verdict)
            .ok_or_else(|| format!("line {number}: `{verdict}` is no verdict"))?
            .1;
        let strict = match words.next() {
            None => false,
            Some("strict") => true,
            Some(other) => return Err(format!("line {number}: `{other}` is no profile")),
        };
        let rule = rule.ok_or_else(|| format!("line {number}: this example stands in no rule's section"))?;
        examples.push(Example { rule, verdict, strict, yaml: &page[start..end], line: number + 1 });
    }
    Ok(examples)
}

/// Each line with its number from 1 and its offset.
fn numbered(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut offset = 0;
    text.split('\n').enumerate().map(move |(index, line)| {
        let start = offset;
        offset += line.len() + 1;
        (index + 1, start, line)
    })
}
