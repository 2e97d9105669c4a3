//! What a text may hold at most. Every limit is an error that names itself.

const MEBIBYTE: usize = 1024 * 1024;

/// What a text may hold at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Size of a text in bytes.
    pub file_bytes: usize,
    /// Size in bytes of a document that is parsed. The API server takes 3 MiB; a `List` may hold several objects.
    pub document_bytes: usize,
    /// Documents in a text, empty ones counted.
    pub documents: usize,
    /// Mappings and sequences inside each other; serde_yaml and serde_json themselves stop at 128.
    pub depth: usize,
    /// Values in a document, aliases expanded.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 * MEBIBYTE,
            document_bytes: 16 * MEBIBYTE,
            documents: 100_000,
            depth: 100,
            values: 2_000_000,
        }
    }
}
