//! `builtin.lock`: what `builtin.wasm` is, and what it was built from.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{fmt, fs, path::Path};

/// The lock beside the built-in policies. Digests are written `sha256:` and hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// [`source_digest`](crate::source_digest) of the checkout that it was built from.
    pub sources: String,
    /// [`digest`] of the component.
    pub bytes: String,
    /// [`Compiler::name`](crate::Compiler::name).
    pub compiler: String,
}

impl Lock {
    /// Where it lies in a checkout.
    pub const PATH: &str = "policies/builtin/builtin.lock";

    /// Reads that of a checkout.
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join(Self::PATH);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is damaged: type `make policies`", path.display()))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'));
            line.map(str::to_owned)
        };
        Some(Lock { sources: value("sources")?, bytes: value("bytes")?, compiler: value("compiler")? })
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Written by `make policies`: what builtin.wasm is, and what it was built from.")?;
        let Lock { sources, bytes, compiler } = self;
        write!(f, "sources = \"{sources}\"\nbytes = \"{bytes}\"\ncompiler = \"{compiler}\"\n")
    }
}

/// The SHA-256 of bytes, as a lock writes it.
pub fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let lock = Lock { sources: digest(b"a"), bytes: digest(b"b"), compiler: "rustc 1.95.0 (59807616e)".to_owned() };
        assert_eq!(Lock::parse(&lock.to_string()), Some(lock));
        assert_eq!(Lock::parse("sources = \"sha256:00\"\n"), None);
    }
}
