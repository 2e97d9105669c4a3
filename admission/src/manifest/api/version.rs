//! A version of Kubernetes.

use std::{fmt, str::FromStr};

/// A minor version of Kubernetes 1, one of those that the table of fields covers; the newest unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    minor: u8,
}

/// Why a text is not such a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// It is written otherwise.
    #[error("`{0}` is not a version of Kubernetes; write it like {newest}", newest = Version::NEWEST)]
    NotOne(String),
    /// It is none of those that are known.
    #[error("Kubernetes {0} is not known here; this program knows {oldest} to {newest}", oldest = Version::OLDEST, newest = Version::NEWEST)]
    NotKnown(String),
}

impl Version {
    /// The oldest that is known.
    pub const OLDEST: Version = Version { minor: 21 };
    /// The newest that is known.
    pub const NEWEST: Version = Version { minor: 37 };

    /// The minor version: 37 of 1.37.
    pub fn minor(self) -> u8 {
        self.minor
    }
}

impl Default for Version {
    fn default() -> Self {
        Version::NEWEST
    }
}

/// `1.37`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// `1.37`, and what clusters say of themselves: `v1.37.2`, `v1.33.4-gke.1245000`, `1.32+`.
impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let not_one = || VersionError::NotOne(text.chars().take(LONGEST).collect());
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let plain = text.strip_prefix('v').unwrap_or(text);
        let (major, rest) = plain.split_once('.').ok_or_else(not_one)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (minor, patch) = rest.split_at(end);
        let (Some(major), Some(minor)) = (number(major), number(minor)) else { return Err(not_one()) };
        if !matches!(patch.chars().next(), None | Some('.' | '+' | '-')) {
            return Err(not_one());
        }
        let known = u32::from(Self::OLDEST.minor)..=u32::from(Self::NEWEST.minor);
        match u8::try_from(minor) {
            Ok(minor) if major == 1 && known.contains(&u32::from(minor)) => Ok(Version { minor }),
            _ => Err(VersionError::NotKnown(format!("{major}.{minor}"))),
        }
    }
}

/// No more characters of a wrong version are worth showing.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_and_clusters_write() {
        for (text, expected) in [
            ("1.37", Ok("1.37")),
            ("1.30", Ok("1.30")),
            ("v1.35.2", Ok("1.35")),
            ("v1.33.4-gke.1245000", Ok("1.33")),
            ("1.32+", Ok("1.32")),
            ("1.20", Err("Kubernetes 1.20 is not known here; this program knows 1.21 to 1.37")),
            ("1.38", Err("Kubernetes 1.38 is not known here; this program knows 1.21 to 1.37")),
            ("1.293", Err("Kubernetes 1.293 is not known here; this program knows 1.21 to 1.37")),
            ("2.30", Err("Kubernetes 2.30 is not known here; this program knows 1.21 to 1.37")),
            ("latest", Err("`latest` is not a version of Kubernetes; write it like 1.37")),
            ("1", Err("`1` is not a version of Kubernetes; write it like 1.37")),
            ("1.", Err("`1.` is not a version of Kubernetes; write it like 1.37")),
            ("1.x", Err("`1.x` is not a version of Kubernetes; write it like 1.37")),
            ("1.30rc", Err("`1.30rc` is not a version of Kubernetes; write it like 1.37")),
            ("+1.30", Err("`+1.30` is not a version of Kubernetes; write it like 1.37")),
            ("", Err("`` is not a version of Kubernetes; write it like 1.37")),
        ] {
            let read = text.parse::<Version>().map(|version| version.to_string()).map_err(|error| error.to_string());
            assert_eq!(read, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}
