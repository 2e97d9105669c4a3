//! `plimsoll doctor`: what is wrong with an installation, or soon will be; pure but for what [`crate::cluster`] reads.

mod certificate;
mod configuration;
mod hazards;
mod replicas;
mod selects;
mod webhook;

use crate::{
    cluster::{Installation, InstallationNames},
    manifest::Kinds,
};
use std::{
    io::{self, Write},
    time::SystemTime,
};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How it is.
    pub health: Health,
    /// What was seen: lower case, no full stop at the end.
    pub text: String,
    /// What to do about it.
    pub help: Option<&'static str>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Doubtful,
    /// It does not do its work, or can do harm.
    Bad,
}

impl Remark {
    fn good(text: impl Into<String>) -> Self {
        Remark { health: Health::Good, text: text.into(), help: None }
    }

    fn doubtful(text: impl Into<String>, help: &'static str) -> Self {
        Remark { health: Health::Doubtful, text: text.into(), help: Some(help) }
    }

    fn bad(text: impl Into<String>, help: &'static str) -> Self {
        Remark { health: Health::Bad, text: text.into(), help: Some(help) }
    }
}

/// Looks at everything, in the order in which it is worth mending.
///
/// `image_rules` are the rules about images: one of them warns of the Deployment that was tried, if none refuses it.
pub fn examine(
    found: &Installation,
    names: &InstallationNames,
    kinds: &Kinds,
    image_rules: &[&str],
    now: SystemTime,
) -> Vec<Remark> {
    let Some(configuration) = &found.configuration else {
        let text = format!("there is no ValidatingWebhookConfiguration {}: nothing is judged", names.name);
        return vec![Remark::bad(
            text,
            "install the chart, or apply what `plimsoll webhook manifest` prints; --name sets another name",
        )];
    };
    let mut remarks = vec![webhook::is_called(&found.probe, image_rules)];
    remarks.extend(configuration::is_narrow(configuration, kinds, names));
    remarks.extend(certificate::is_trusted(found, configuration, names, now));
    remarks.extend(replicas::are_enough(found.deployment.as_ref(), &found.budgets, names));
    remarks.extend(hazards::of_all(found));
    remarks
}

/// A line for each, and one below for what to do.
///
/// # Errors
/// The output takes no more.
pub fn write(remarks: &[Remark], out: &mut impl Write) -> io::Result<()> {
    for Remark { health, text, help } in remarks {
        let word = match health {
            Health::Good => "ok",
            Health::Doubtful => "warn",
            Health::Bad => "fail",
        };
        writeln!(out, "{word:<5} {text}")?;
        if let Some(help) = help {
            writeln!(out, "      {help}")?;
        }
    }
    Ok(())
}
