//! Where something is: in a file, in an object of a cluster, in the configuration.

use super::{Around, Excerpt, ObjectRef};
use crate::manifest::{Lines, Position, Span};
use plimsoll_policy::Pointer;
use std::{fmt, ops::Range, sync::Arc};

/// What standard input is called unless the user names it.
pub const STANDARD_INPUT: &str = "<stdin>";

/// Whether a name is of a text that is in no file: standard input, or what a program rendered.
pub fn is_of_no_file(name: &str) -> bool {
    name.starts_with('<') && name.ends_with('>')
}

/// A field, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// What it is in.
    pub place: Place,
    /// JSON pointer into the object (in a `List`: into the item) or into the configuration.
    pub pointer: Pointer,
    /// The part of the text; none where there is no text, or where it is about the whole file.
    pub region: Option<Region>,
}

/// What a location is in. Names are shared: thousands of findings can be about one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A document of a file.
    File {
        /// As the user named it, or [`STANDARD_INPUT`].
        path: Arc<str>,
        /// Number of the document, from 0, empty ones counted; none for the file as a whole.
        document: Option<usize>,
        /// Index in a `List`.
        item: Option<usize>,
    },
    /// An object without a text: of a cluster, or of an admission review.
    Object(Arc<ObjectRef>),
    /// A list of a cluster that could not be read, or not to its end: `deployments.apps in the namespace shop`.
    List(Arc<str>),
    /// The configuration.
    Configuration {
        /// As the user named it.
        path: Arc<str>,
    },
}

/// Part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Bytes of the whole text.
    pub bytes: Range<usize>,
    /// The first character.
    pub start: Position,
    /// The place after the last character.
    pub end: Position,
    /// The line that it begins on: kept, because standard input cannot be read again.
    pub excerpt: Excerpt,
    /// The lines around that one, where a format shows them.
    pub around: Around,
}

/// Another place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// Where.
    pub location: Location,
}

/// What could not be read, parsed or judged, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedProblem {
    /// Where.
    pub location: Location,
    /// What is wrong and what to do: lower case, no full stop at the end.
    pub message: String,
}

impl Location {
    /// A file as a whole.
    pub fn whole_file(path: impl Into<Arc<str>>) -> Self {
        let place = Place::File { path: path.into(), document: None, item: None };
        Location { place, pointer: Pointer::ROOT, region: None }
    }

    /// A place without a text.
    pub fn without_text(place: Place, pointer: Pointer) -> Self {
        Location { place, pointer, region: None }
    }

    /// The first character in the text, where there is one.
    pub fn position(&self) -> Option<Position> {
        self.region.as_ref().map(|region| region.start)
    }
}

impl Region {
    /// A range of bytes.
    pub fn of(lines: &Lines<'_>, span: Span) -> Self {
        Region {
            bytes: span.start..span.end,
            start: lines.position(span.start),
            end: lines.position(span.end),
            excerpt: Excerpt::of(lines, span),
            around: Around::default(),
        }
    }

    /// A range of bytes, with so many lines before and after its first one.
    pub fn with_lines_around(lines: &Lines<'_>, span: Span, count: usize) -> Self {
        let region = Region::of(lines, span);
        Region { around: Around::of(lines, region.start.line, count), ..region }
    }

    /// One character, or the end of a line.
    pub fn at(lines: &Lines<'_>, position: Position) -> Self {
        let start = lines.byte(position);
        let character = lines.text()[start..].chars().next().filter(|character| !"\r\n".contains(*character));
        Region::of(lines, Span { start, end: start + character.map_or(0, char::len_utf8) })
    }
}

impl Place {
    /// The file; none for what is of a cluster.
    pub fn path(&self) -> Option<&Arc<str>> {
        match self {
            Place::File { path, .. } | Place::Configuration { path } => Some(path),
            Place::Object(_) | Place::List(_) => None,
        }
    }

    /// Number of the document in the file; none for the file as a whole, and where there is no file.
    pub fn document(&self) -> Option<usize> {
        match self {
            Place::File { document, .. } => *document,
            Place::Configuration { .. } => Some(0),
            Place::Object(_) | Place::List(_) => None,
        }
    }

    /// Index in a `List`.
    pub fn item(&self) -> Option<usize> {
        match self {
            Place::File { item, .. } => *item,
            Place::Object(_) | Place::List(_) | Place::Configuration { .. } => None,
        }
    }
}

/// `deploy/app.yaml:14:38`, `deploy/app.yaml`, or `Deployment shop/app`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.position()) {
            (Place::Object(object), _) => write!(f, "{object}"),
            (Place::List(list), _) => f.write_str(list),
            (Place::File { path, .. } | Place::Configuration { path }, None) => f.write_str(path),
            (Place::File { path, .. } | Place::Configuration { path }, Some(Position { line, column })) => {
                write!(f, "{path}:{line}:{column}")
            }
        }
    }
}

/// `deploy/app.yaml:14:38: what is wrong`.
impl fmt::Display for LocatedProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_bytes_and_both_ends() {
        let text = "\u{feff}é: x\r\n  a: éé\n";
        let lines = Lines::of(text);
        for (line, column, expected, width) in [(1, 1, "é", 1), (1, 4, "x", 1), (1, 5, "", 0), (2, 6, "é", 1)] {
            let region = Region::at(&lines, Position { line, column });
            assert_eq!(&text[region.bytes], expected, "{line}:{column}");
            assert_eq!(
                (region.start, region.end),
                (Position { line, column }, Position { line, column: column + width })
            );
        }
        let two_lines = Region::of(&lines, Span { start: 3, end: text.len() - 1 });
        assert_eq!((two_lines.start.line, two_lines.end), (1, Position { line: 2, column: 8 }));
    }

    #[test]
    fn reads_as_compilers_write_places() {
        let object = ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "app".to_owned(),
        };
        let region = Region::at(&Lines::of("a: é\n"), Position { line: 1, column: 4 });
        let path: Arc<str> = "a.yaml".into();
        for (place, region, expected) in [
            (Place::File { path: path.clone(), document: Some(0), item: None }, Some(region.clone()), "a.yaml:1:4"),
            (Place::File { path: path.clone(), document: None, item: None }, None, "a.yaml"),
            (Place::Configuration { path }, Some(region), "a.yaml:1:4"),
            (Place::Object(Arc::new(object)), None, "Deployment shop/app"),
        ] {
            assert_eq!(Location { place, pointer: Pointer::ROOT, region }.to_string(), expected);
        }
    }
}
