//! Why a finding is still there.

use super::{is_in_file, is_unsafe};
use crate::{finding::Finding, manifest::Obstacle};
use std::{fmt, fs, path::Path};

/// Why a finding is still there. Reads as the end of `deploy/app.yaml:12:3: RULE: not fixed: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its rule offers nothing.
    NoFix,
    /// Somebody must look at the fix.
    Unsafe,
    /// The document was rendered from this template.
    Rendered(String),
    /// The file is a symbolic link.
    Link,
    /// The text cannot be edited there.
    Obstacle(Obstacle),
    /// The edited text would not be read as it is meant.
    Misread,
    /// With the edit the finding would still be there.
    Stays,
    /// With the edit there would be another finding, of this rule.
    Brings(String),
    /// There was more to try than is tried.
    TooMuch,
    /// The file could not be written.
    Unwritten(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NoFix => f.write_str("its rule offers no fix"),
            Why::Unsafe => f.write_str("its fix is unsafe: look at it, or ask for all fixes"),
            Why::Rendered(template) => write!(f, "this text was rendered: change {template}"),
            Why::Link => f.write_str("the file is a symbolic link: name the file that it leads to"),
            Why::Obstacle(obstacle) => obstacle.fmt(f),
            Why::Misread => f.write_str("the edited document would not have the intended value"),
            Why::Stays => f.write_str("its fix alone does not resolve it"),
            Why::Brings(rule) => write!(f, "its fix would bring `{rule}`"),
            Why::Unwritten(error) => write!(f, "the file could not be written: {error}"),
            Why::TooMuch => f.write_str("too many fixes at once: run this again"),
        }
    }
}

/// Why a fix is not even tried.
pub(super) fn not_tried(finding: &Finding, unsafe_too: bool) -> Option<Why> {
    let path = finding.location.place.path()?;
    if let Some(template) = &finding.template {
        return Some(Why::Rendered(template.path.to_string()));
    }
    if finding.fix.is_none() || !is_in_file(finding) {
        return Some(Why::NoFix);
    }
    if fs::symlink_metadata(Path::new(&**path)).is_ok_and(|data| data.is_symlink()) {
        return Some(Why::Link);
    }
    (is_unsafe(finding) && !unsafe_too).then_some(Why::Unsafe)
}
