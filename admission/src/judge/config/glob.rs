//! Globs, checked when they are read.

use globset::{ErrorKind, Glob, GlobMatcher, GlobSet};

/// Longest glob, in bytes; no name in Kubernetes has more than 253.
pub const LENGTH: usize = 1024;

/// What matches as a text says; or what is wrong with the text.
pub(super) fn matcher(text: &str) -> Result<GlobMatcher, String> {
    compiled(text, Glob::new)
}

/// The same for a glob that is read in another way.
pub(in crate::judge) fn compiled(
    text: &str,
    read: impl FnOnce(&str) -> Result<Glob, globset::Error>,
) -> Result<GlobMatcher, String> {
    if text.len() > LENGTH {
        return Err(format!("a glob has at most {LENGTH} bytes; this one has {}", text.len()));
    }
    let refused = |error: globset::Error| match error.kind() {
        // The text of this one repeats an expression that the user never wrote.
        ErrorKind::Regex(_) => format!("`{text}` is not a glob: it is nested too deep"),
        kind => format!("`{text}` is not a glob: {kind}"),
    };
    let glob = read(text).map_err(refused)?;
    // `compile_matcher` panics where a set tells what is wrong.
    GlobSet::builder().add(glob.clone()).build().map_err(refused)?;
    Ok(glob.compile_matcher())
}
