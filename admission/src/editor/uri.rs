//! `file:` addresses and paths.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::path::{Path, PathBuf};

/// What RFC 3986 lets stand in a path as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of a file on this machine; none of any other address.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let path = percent_decode_str(path).decode_utf8().ok()?;
    path.starts_with('/').then(|| PathBuf::from(&*path))
}

/// The address of a file by its absolute path.
pub(super) fn of(path: &Path) -> String {
    format!("file://{}", utf8_percent_encode(&path.to_string_lossy(), ESCAPED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_escaped_and_read_back() {
        for (file, address) in [("/a/b.yaml", "file:///a/b.yaml"), ("/é b/#1%.yaml", "file:///%C3%A9%20b/%231%25.yaml")]
        {
            assert_eq!(of(Path::new(file)), address);
            assert_eq!(path(address), Some(PathBuf::from(file)));
        }
        assert_eq!(path("file://localhost/a"), Some(PathBuf::from("/a")));
        for other in ["untitled:1", "file://host/a", "file://", "http://a/b", "file:///%ff"] {
            assert_eq!(path(other), None, "{other}");
        }
    }
}
