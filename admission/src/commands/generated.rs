//! `plimsoll completions` and `plimsoll man`.

use super::{Exit, show};
use crate::cli;
use anyhow::{Context, Result};
use std::fs;

/// `plimsoll completions`.
///
/// # Errors
/// Standard output cannot be written.
pub fn completions(flags: &cli::Completions) -> Result<Exit> {
    show(&cli::completions(flags.shell), cli::ColorChoice::Never)?;
    Ok(Exit::Clean)
}

/// `plimsoll man`.
///
/// # Errors
/// Standard output, or a page in the folder, cannot be written.
pub fn man(flags: &cli::Man) -> Result<Exit> {
    match &flags.folder {
        None => show(&cli::man_page()?.text, cli::ColorChoice::Never)?,
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            for page in cli::man_pages()? {
                let file = folder.join(page.file);
                fs::write(&file, page.text).with_context(|| file.display().to_string())?;
            }
        }
    }
    Ok(Exit::Clean)
}
