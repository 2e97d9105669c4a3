//! Text of the manifest inside a message.

use std::fmt;

/// More than any name that a registry accepts: what is longer is an accident, and would drown the message.
const LIMIT: usize = 300;

/// In backquotes, cut where it is too long.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(LIMIT) {
            Some((end, _)) => write!(f, "`{}…`", &self.0[..end]),
            None => write!(f, "`{}`", self.0),
        }
    }
}
