//! `plimsoll explain`: a rule's page in the terminal, or the table of all rules.

mod markdown;
mod page;

use super::{Exit, judge, show};
use crate::{cli, judge::Wish};
use anyhow::Result;

/// `plimsoll explain`.
///
/// # Errors
/// There is no such rule or policy.
pub fn explain(flags: &cli::Explain) -> Result<Exit> {
    let Some(judge) = judge(&flags.policies, &Wish::default(), flags.color.color)? else {
        return Ok(Exit::Failed);
    };
    let policies = judge.all_descriptions();
    let mut text = Vec::new();
    match &flags.name {
        None => page::write_table(&policies, &mut text)?,
        Some(name) => page::write(page::find(name, &policies).map_err(anyhow::Error::msg)?, &mut text)?,
    }
    show(&text, flags.color.color)?;
    Ok(Exit::Clean)
}
