//! `plimsoll lsp`: serves an editor.

use super::{Exit, load};
use crate::{
    cli,
    editor::{self, Ended},
    judge::Wish,
};
use anyhow::Result;
use std::{num::NonZeroUsize, thread::available_parallelism};

/// `plimsoll lsp`.
///
/// # Errors
/// The client does not speak the protocol.
pub fn lsp(flags: &cli::Policies) -> Result<Exit> {
    let threads = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let wish = Wish { threads, ..Wish::default() };
    match editor::serve(&|| load(flags, &wish))? {
        Ended::Properly => Ok(Exit::Clean),
        Ended::Abruptly => Ok(Exit::Forced),
    }
}
