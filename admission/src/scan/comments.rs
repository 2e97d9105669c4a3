//! Exceptions that stand in the text as comments: `# plimsoll: allow RULE until 2027-01-31: reason`.
//!
//! One behind a value, or alone above a line, covers what is found on that line; one above a document covers all of it.

use crate::{
    finding::Finding,
    judge::exceptions::{Comment, Exceptions},
    manifest::{Document, Lines, Span},
};
use jiff::civil::Date;
use memchr::memmem;

/// What every such comment has in it.
const SIGN: &str = "plimsoll:";

/// The comments of one text.
#[derive(Default)]
pub(super) struct Comments {
    all: Vec<Written>,
}

struct Written {
    span: Span,
    covers: Covers,
    comment: Comment,
    is_used: bool,
}

/// What a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Covers {
    /// The line of that number.
    Line(usize),
    /// The document of that number.
    Document(usize),
}

impl Comments {
    /// Those of all documents of a text.
    pub(super) fn of(lines: &Lines<'_>, documents: &[Document<'_>], exceptions: &Exceptions, today: Date) -> Self {
        let text = lines.text();
        let hits = memmem::find_iter(text.as_bytes(), SIGN);
        let written = |hit: usize| {
            let line_start = text[..hit].rfind('\n').map_or(0, |newline| newline + 1);
            let hash = line_start + comment_start(&text[line_start..hit])?;
            let line_end = text[hit..].find('\n').map_or(text.len(), |newline| hit + newline);
            let comment = exceptions.comment(&text[hash + 1..line_end], today)?;
            let is_alone = text[line_start..hash].trim().is_empty();
            let span = Span { start: hash, end: hash + text[hash..line_end].trim_end().len() };
            Some(Written { span, covers: covers(lines, documents, hash, is_alone), comment, is_used: false })
        };
        Comments { all: hits.filter_map(written).collect() }
    }

    /// Excepts what they cover of findings that still count.
    pub(super) fn apply(&mut self, findings: &mut [Finding]) {
        if self.all.is_empty() {
            return;
        }
        for finding in findings {
            for written in &mut self.all {
                let Comment::Grants { rule, status } = &written.comment else { continue };
                if *rule == finding.rule && written.covers.has(finding) {
                    written.is_used = true;
                    if finding.is_open() {
                        finding.status = status.clone();
                    }
                }
            }
        }
    }

    /// What there is to say of them, once all findings were looked at, and where each stands.
    pub(super) fn into_findings(self) -> impl Iterator<Item = (plimsoll_policy::Finding, Span)> {
        self.all.into_iter().filter_map(|Written { span, covers, comment, is_used }| {
            let finding = match comment {
                Comment::Grants { .. } if is_used => return None,
                Comment::Grants { rule, .. } => Comment::unused(&rule, &covers.why_unused()),
                Comment::Nothing(finding) => finding,
            };
            Some((finding, span))
        })
    }
}

impl Covers {
    fn has(self, finding: &Finding) -> bool {
        match self {
            Covers::Line(line) => finding.location.position().is_some_and(|position| position.line == line),
            Covers::Document(document) => finding.location.place.document() == Some(document),
        }
    }

    fn why_unused(self) -> String {
        match self {
            Covers::Line(line) => format!("there is no such finding on line {line}"),
            Covers::Document(_) => "the document below it has no such finding".to_owned(),
        }
    }
}

/// Where the comment begins that a line has up to here: a `#` at its beginning or behind white space.
fn comment_start(line: &str) -> Option<usize> {
    let hash = line.trim_end().strip_suffix('#')?;
    (hash.is_empty() || hash.ends_with([' ', '\t', '\u{feff}'])).then_some(hash.len())
}

fn covers(lines: &Lines<'_>, documents: &[Document<'_>], hash: usize, is_alone: bool) -> Covers {
    let line = lines.position(hash).line;
    if !is_alone {
        return Covers::Line(line);
    }
    let index = documents.partition_point(|document| document.span().start <= hash).saturating_sub(1);
    let Some(document) = documents.get(index) else { return Covers::Line(line) };
    let before = &lines.text()[document.span().start.min(hash)..hash];
    let after = &lines.text()[hash..document.span().end.max(hash)];
    let next = after.lines().position(|line| !matches!(line.trim_start().chars().next(), None | Some('#')));
    match (Document::has_nothing(before), next) {
        (true, _) => Covers::Document(document.index),
        // Behind all of a document, so above the marker of the next one.
        (false, None) => Covers::Document(document.index + 1),
        (false, Some(further)) => Covers::Line(line + further),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::exceptions::Annotations, manifest};

    #[test]
    fn covers_its_line_or_the_document_below_it() {
        let one = "# plimsoll: allow r until 2027-01-31: x";
        for (text, expected) in [
            (format!("{one}\nkind: Pod\n"), Covers::Document(0)),
            (format!("# first\n{one}\n---\nkind: Pod\n"), Covers::Document(0)),
            (format!("---\n{one}\n\nkind: Pod\n"), Covers::Document(0)),
            (format!("kind: Pod\n---\n# a\n{one}\nkind: Pod\n"), Covers::Document(1)),
            (format!("kind: Pod\n{one}\n---\nkind: Pod\n"), Covers::Document(1)),
            (format!("kind: Pod {one}\n"), Covers::Line(1)),
            (format!("kind: Pod\nspec:\n  {one}\n  # why\n\n  a: 1\n"), Covers::Line(6)),
        ] {
            let lines = Lines::of(&text);
            let documents: Vec<_> = manifest::documents(&text).collect();
            let exceptions = Exceptions::new(vec![], Annotations::Allowed, ["r".to_owned()]);
            let today = jiff::civil::date(2027, 1, 31);
            let found = Comments::of(&lines, &documents, &exceptions, today);
            let covers: Vec<_> = found.all.iter().map(|written| written.covers).collect();
            assert_eq!(covers, [expected], "{text}");
            assert_eq!(&text[found.all[0].span.start..found.all[0].span.end], one);
            let exceptions = Exceptions::new(vec![], Annotations::Ignored, ["r".to_owned()]);
            assert!(Comments::of(&lines, &documents, &exceptions, today).all.is_empty(), "nobody hears it");
        }
    }

    #[test]
    fn a_hash_inside_of_a_word_begins_no_comment() {
        for (line, expected) in
            [("a: b #", Some(5)), ("#", Some(0)), ("a: b#", None), ("a: b # ", Some(5)), ("a", None)]
        {
            assert_eq!(comment_start(line), expected, "{line}");
        }
    }
}
