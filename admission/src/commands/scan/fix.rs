//! `--fix` and `--diff`: what a scan found, fixed as far as policies offer it.

use super::super::print;
use crate::{
    cli,
    finding::{Finding, Report},
    judge::Judge,
    printable::printable,
    report::diff,
    scan::{
        ScanOptions,
        fix::{self, Fixed, Why},
        inputs::Inputs,
    },
};
use anyhow::{Result, bail};
use plimsoll_policy::Level;
use std::io::{self, Write, stderr};

/// What to do with fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Write them.
    Write(cli::Fixes),
    /// Show them on standard output, instead of a report.
    Show(cli::Fixes),
}

impl Wish {
    /// None where nothing was asked for.
    ///
    /// # Errors
    /// What was asked for does not go together.
    pub(super) fn of(flags: &cli::Scan) -> Result<Option<Wish>> {
        let Some(wish) = flags.fix.map(Wish::Write).or(flags.diff.map(Wish::Show)) else { return Ok(None) };
        if flags.paths.iter().any(|path| path.as_os_str() == "-") {
            bail!("standard input cannot be fixed; name the files");
        }
        if matches!(wish, Wish::Show(_)) && flags.formats.iter().any(|output| output.file.is_none()) {
            bail!("--diff goes to standard output; send the report to a file, as in `-f json=report.json`");
        }
        Ok(Some(wish))
    }

    fn unsafe_too(self) -> bool {
        matches!(self, Wish::Write(cli::Fixes::All) | Wish::Show(cli::Fixes::All))
    }

    /// Does it, and says what came of it on standard error.
    ///
    /// # Errors
    /// The diff cannot be written.
    pub(super) fn fulfil(
        self,
        inputs: &Inputs,
        judge: &Judge,
        options: &ScanOptions,
        report: &Report,
        color: cli::ColorChoice,
    ) -> Result<Outcome> {
        let mut fixed = fix::fix(inputs, judge, options, report, self.unsafe_too());
        match self {
            Wish::Show(_) => print(color, |out| {
                fixed.texts.iter().try_for_each(|(path, change)| {
                    diff::write(&path.display().to_string(), &change.before, &change.after, out)
                })
            })?,
            Wish::Write(_) => fixed.write(),
        }
        // A terminal that is gone is no reason to fail.
        let _ = self.say(&fixed, report, &mut stderr().lock());
        Ok(Outcome {
            wrote: matches!(self, Wish::Write(_)) && !fixed.texts.is_empty(),
            failed: fixed.left.iter().any(|(_, why)| matches!(why, Why::Unwritten(_))),
        })
    }

    fn say(self, fixed: &Fixed, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let (verb, flag) = match self {
            Wish::Write(_) => ("fixed", "--fix=all"),
            Wish::Show(_) => ("would fix", "--diff=all"),
        };
        let all = fixed.gone.len() + fixed.left.len();
        writeln!(out, "{verb} {} of {}{}", fixed.gone.len(), counted(all, "finding"), in_files(fixed.texts.len()))?;
        let count = |wanted: &Why| fixed.left.iter().filter(|(_, why)| why == wanted).count();
        let silent = |finding: &&Finding| !finding.is_open() && finding.level > Level::Note;
        for (number, what) in [
            (count(&Why::Unsafe), format!("with a fix that you should look at: {flag}")),
            (count(&Why::NoFix), "without a fix".to_owned()),
            (report.findings.iter().filter(silent).count(), "excepted or in the baseline, and left alone".to_owned()),
        ] {
            if number > 0 {
                writeln!(out, "  {number} {what}")?;
            }
        }
        let told = fixed.left.iter().filter(|(_, why)| !matches!(why, Why::Unsafe | Why::NoFix));
        for (finding, why) in told.clone().take(TOLD) {
            let text = format!("{}: {}: not fixed: {why}", finding.location, finding.rule);
            writeln!(out, "  {}", printable(&text))?;
        }
        match told.count().saturating_sub(TOLD) {
            0 => Ok(()),
            more => writeln!(out, "  and {more} more"),
        }
    }
}

fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn in_files(number: usize) -> String {
    if number == 0 { String::new() } else { format!(", in {}", counted(number, "file")) }
}

/// Findings whose reason is told one by one; the rest are counted.
const TOLD: usize = 20;

/// What came of a wish.
pub(super) struct Outcome {
    /// Files are not what they were.
    pub(super) wrote: bool,
    /// A file could not be written.
    pub(super) failed: bool,
}
