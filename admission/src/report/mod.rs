//! Renderers: one file per format, and the table of them. The table also feeds the command line's help and errors.

mod counts;
pub mod diff;
mod escape;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod ndjson;
#[cfg(feature = "cluster")]
pub mod policy_report;
mod repository;
pub mod rule_page;
pub mod sarif;
pub mod text;

#[cfg(test)]
pub(crate) mod samples;

pub use repository::Repository;

use crate::finding::{Finding, Needs, Report};
use plimsoll_policy::{Description, Level, Rule};
use std::{
    cmp::Reverse,
    fmt,
    io::{self, Write},
};

/// A way to write a report.
pub struct Format {
    /// As the command line names it.
    pub name: &'static str,
    /// What it is for, as a line of help.
    pub summary: &'static str,
    /// What the report must hold for it.
    pub needs: Needs,
    /// Writes a report. With ANSI styles, if the format has any: the caller removes them where they are not wanted.
    pub write: fn(&Report, &Context<'_>, &mut dyn Write) -> io::Result<Remarks>,
}

/// What a format had to leave out, and why: one line each, for standard error.
pub type Remarks = Vec<String>;

const NOTHING: Needs = Needs { lines_around: 0, workloads: false };

/// All formats, the default one first.
pub const FORMATS: &[Format] = &[
    Format {
        name: "text",
        summary: "for people: each finding with its line, then a summary",
        needs: NOTHING,
        write: text::write,
    },
    Format {
        name: "json",
        summary: "for programs: one document, as docs/schema/scan-report-1.json describes it",
        needs: NOTHING,
        write: json::write,
    },
    Format {
        name: "ndjson",
        summary: "for programs that read a stream: one finding a line, the summary last",
        needs: NOTHING,
        write: ndjson::write,
    },
    Format {
        name: "sarif",
        summary: "for code scanning: open findings as SARIF 2.1.0",
        needs: NOTHING,
        write: sarif::write,
    },
    Format {
        name: "junit",
        summary: "for test reports: a case for each finding and each workload without one",
        needs: Needs { lines_around: 0, workloads: true },
        write: junit::write,
    },
    Format {
        name: "github",
        summary: "for a step of GitHub Actions: the gravest findings as annotations",
        needs: NOTHING,
        write: github::write,
    },
    Format {
        name: "gitlab",
        summary: "for GitLab's code quality report: open findings",
        needs: NOTHING,
        write: gitlab::write,
    },
    Format {
        name: "markdown",
        summary: "for a comment on a pull request: a table, bounded in length",
        needs: NOTHING,
        write: markdown::write,
    },
    Format {
        name: "html",
        summary: "for a browser: one page with search and filters, which loads nothing",
        needs: Needs { lines_around: 2, workloads: false },
        write: html::write,
    },
    #[cfg(feature = "cluster")]
    Format {
        name: "openreports",
        summary: "for dashboards, with --cluster: a Report of openreports.io per namespace",
        needs: Needs { lines_around: 0, workloads: true },
        write: policy_report::write_openreports,
    },
    #[cfg(feature = "cluster")]
    Format {
        name: "policyreport",
        summary: "the same as a PolicyReport of the older group wgpolicyk8s.io",
        needs: Needs { lines_around: 0, workloads: true },
        write: policy_report::write_policyreport,
    },
];

/// What a renderer may use beside the report.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// How much to show, where the format leaves a choice.
    pub detail: Detail,
    /// The policies that judged, the host's own rules included.
    pub policies: &'a [Description],
    /// Where paths are told from, in formats for code hosts.
    pub repository: &'a Repository,
    /// The lowest level that makes the scan fail; none where no finding does.
    pub fails_from: Option<Level>,
    /// What becomes of findings that do not count, in a format whose readers may not know that.
    pub suppressed: Suppressed,
}

/// How much to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Findings and problems; no notes, no summary.
    Quiet,
    /// Notes as one line per rule, and a summary.
    Normal,
    /// Notes in full, and a summary.
    Notes,
}

/// What becomes of findings that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppressed {
    /// They are left out: GitHub would show them as open.
    LeftOut,
    /// They are there, and say that they do not count.
    Shown,
}

impl Format {
    /// The format of that name.
    ///
    /// # Errors
    /// There is none; the text names those that there are.
    pub fn named(name: &str) -> Result<&'static Format, String> {
        let names = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
        let found = FORMATS.iter().find(|format| format.name == name);
        found.ok_or_else(|| format!("`{name}` is not a format; there are {}", names()))
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<'a> Context<'a> {
    /// The rule of that name.
    pub fn rule(&self, name: &str) -> Option<&'a Rule> {
        self.rule_of(name).map(|(_, rule)| rule)
    }

    /// The same, with its policy.
    pub fn rule_of(&self, name: &str) -> Option<(&'a Description, &'a Rule)> {
        let rules = self.policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
        rules.into_iter().find(|(_, rule)| rule.name == name)
    }

    /// Whether a finding is worth a reviewer's attention: it counts, and it is no note unless notes are asked for.
    fn is_for_review(&self, finding: &Finding) -> bool {
        finding.is_open() && (finding.level > Level::Note || self.detail == Detail::Notes)
    }

    /// Whether a finding belongs in a list of all that is open.
    fn is_listed(&self, finding: &Finding) -> bool {
        finding.is_open() && (finding.level > Level::Note || self.detail != Detail::Quiet)
    }

    /// Whether it makes the scan fail.
    fn fails(&self, finding: &Finding) -> bool {
        finding.is_open() && self.fails_from.is_some_and(|lowest| finding.level >= lowest)
    }
}

/// The gravest first; the order stays among equals.
fn gravest_first(findings: &mut [&Finding]) {
    findings.sort_by_key(|finding| Reverse(finding.level));
}

/// What to say of findings and problems that have no file in the repository, which a format must name.
fn without_a_file(format: &str, count: usize) -> Remarks {
    match count {
        0 => Remarks::new(),
        _ => vec![format!(
            "{format}: left out {}, because an object of a cluster, standard input, or what is outside of the repository, \
             is not a file of it (--stdin-filename names standard input)",
            counts::count(count, "finding")
        )],
    }
}

/// Cut to so many characters, with `…` where something is missing.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some(_) => text.chars().take(characters.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name_and_an_unknown_one_names_them_all() {
        for format in FORMATS {
            assert_eq!(Format::named(format.name).map(|found| found.name), Ok(format.name));
        }
        assert_eq!(
            Format::named("xml").map(|found| found.name).unwrap_err(),
            format!(
                "`xml` is not a format; there are {}",
                FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
            )
        );
    }
}
