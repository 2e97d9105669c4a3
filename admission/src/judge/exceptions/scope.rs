//! Which findings an exception covers.

use crate::judge::config::glob;
use globset::{Glob, GlobBuilder, GlobMatcher};
use std::fmt;

/// Which objects, containers and files; what is left out matches everything.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the names are those of the fields of `match`")]
pub struct Scope {
    pub namespace: Option<GlobMatcher>,
    pub kind: Option<GlobMatcher>,
    pub name: Option<GlobMatcher>,
    pub container: Option<GlobMatcher>,
    pub file: Option<FileGlob>,
}

/// A glob for paths from the folder of the configuration. Without a slash it matches the name of a file in any folder.
#[derive(Debug, Clone)]
pub struct FileGlob {
    written: String,
    matcher: GlobMatcher,
}

impl FileGlob {
    /// Compiles it.
    ///
    /// # Errors
    /// It is not a glob.
    pub fn new(written: &str) -> Result<Self, String> {
        let matcher = glob::compiled(written, |written| {
            let anchored = written.trim_start_matches("./");
            let anchored = if anchored.contains('/') { anchored.to_owned() } else { format!("**/{anchored}") };
            GlobBuilder::new(&anchored).literal_separator(true).build()
        })?;
        Ok(FileGlob { written: written.to_owned(), matcher })
    }
}

/// What exceptions look at of an object that was judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) namespace: Option<&'a str>,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) containers: &'a [&'a str],
    /// From the folder of the configuration; none where there is no file.
    pub(super) file: Option<&'a str>,
}

/// The fields of a scope that something matched, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Matched(u8);

const FIELDS: [&str; 5] = ["namespace", "kind", "name", "container", "file"];

impl Matched {
    const ALL: Matched = Matched((1 << FIELDS.len()) - 1);

    pub(super) fn and(self, other: Matched) -> Matched {
        Matched(self.0 | other.0)
    }

    pub(super) fn is_all(self) -> bool {
        self == Matched::ALL
    }
}

impl Scope {
    /// Which fields match an object; one that is left out does.
    pub(super) fn matched(&self, subject: &Subject<'_>) -> Matched {
        let is = |glob: &Option<GlobMatcher>, text: &str| glob.as_ref().is_none_or(|glob| glob.is_match(text));
        let container = |glob: &GlobMatcher| subject.containers.iter().any(|container| glob.is_match(container));
        let file = |glob: &FileGlob| subject.file.is_some_and(|file| glob.matcher.is_match(file));
        let matched = [
            // An object without a namespace has an empty one: only `*` matches that.
            is(&self.namespace, subject.namespace.unwrap_or_default()),
            is(&self.kind, subject.kind),
            is(&self.name, subject.name),
            self.container.as_ref().is_none_or(container),
            self.file.as_ref().is_none_or(file),
        ];
        Matched(matched.iter().enumerate().map(|(bit, is)| u8::from(*is) << bit).sum())
    }

    /// Whether a finding about a container, or about the whole object, is meant.
    pub(super) fn has_container(&self, container: Option<&str>) -> bool {
        self.container.as_ref().is_none_or(|glob| container.is_some_and(|name| glob.is_match(name)))
    }

    /// The fields that nothing matched, as `namespace `billing``.
    pub(super) fn missed(&self, matched: Matched) -> Vec<String> {
        let written = self.written();
        let bits = FIELDS.iter().enumerate().filter(|(bit, _)| matched.0 & (1 << bit) == 0);
        bits.filter_map(|(bit, name)| Some(format!("{name} `{}`", written[bit]?))).collect()
    }

    fn written(&self) -> [Option<&str>; FIELDS.len()] {
        let file = self.file.as_ref().map(|glob| glob.written.as_str());
        [text(&self.namespace), text(&self.kind), text(&self.name), text(&self.container), file]
    }
}

fn text(glob: &Option<GlobMatcher>) -> Option<&str> {
    glob.as_ref().map(GlobMatcher::glob).map(Glob::glob)
}

/// `Deployment billing/ledger, container app, file deploy/*.yaml`, with `*` for what is left out of the object.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [namespace, kind, name, container, file] = self.written();
        write!(f, "{} {}/{}", kind.unwrap_or("*"), namespace.unwrap_or("*"), name.unwrap_or("*"))?;
        container.map_or(Ok(()), |container| write!(f, ", container {container}"))?;
        file.map_or(Ok(()), |file| write!(f, ", file {file}"))
    }
}
