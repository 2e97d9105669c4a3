//! What is made from the flags: the completions of a shell, and man pages.

use super::Cli;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man as Renderer;
use std::{io, path::PathBuf};

/// Flags of `plimsoll completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    pub shell: Shell,
}

/// Flags of `plimsoll man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder to write plimsoll.1, plimsoll-scan.1 and so on into; made where it is missing
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// What makes a shell complete the words of this program.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "plimsoll", &mut script);
    script
}

/// A man page.
pub struct Page {
    /// Name of its file.
    pub file: String,
    /// The page, in roff.
    pub text: Vec<u8>,
}

/// The page of the whole program.
///
/// # Errors
/// None that writing to memory could have.
pub fn man_page() -> io::Result<Page> {
    page(&all())
}

/// A page for each command, those of subcommands too.
///
/// # Errors
/// As [`man_page`].
pub fn man_pages() -> io::Result<Vec<Page>> {
    let mut pages = Vec::new();
    // Pages to come: a command is rendered before its subcommands.
    let mut left = vec![all()];
    while let Some(command) = left.pop() {
        pages.push(page(&command)?);
        left.extend(command.get_subcommands().cloned());
    }
    Ok(pages)
}

/// `plimsoll help` is left out: it has no page of its own.
fn all() -> clap::Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

fn page(command: &clap::Command) -> io::Result<Page> {
    let page =
        Renderer::new(command.clone()).source(concat!("plimsoll ", env!("CARGO_PKG_VERSION"))).manual("Plimsoll");
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok(Page { file: page.get_filename(), text })
}
