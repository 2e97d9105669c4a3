//! `plimsoll --version`.

use super::{Exit, show};
use crate::{cli, engine::Engine};
use anyhow::Result;
use std::num::NonZeroUsize;

/// `plimsoll --version`.
///
/// # Errors
/// The built-in policies do not load.
pub fn version(verbose: bool) -> Result<Exit> {
    let mut text = format!("plimsoll {}\n", env!("CARGO_PKG_VERSION"));
    if verbose {
        let builtin = Engine::new(NonZeroUsize::MIN)?.builtin()?;
        text += &format!("built-in policies {}\n", builtin.digest());
        for line in include_str!("../../../policies/builtin/builtin.lock").lines().filter(|line| !line.starts_with('#'))
        {
            text += &format!("  {line}\n");
        }
    }
    show(text.as_bytes(), cli::ColorChoice::Never)?;
    Ok(Exit::Clean)
}
