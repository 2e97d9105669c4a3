//! For programs that read a stream: a JSON object a line, each with its `type`. The summary comes last, so that a stream
//! that was cut off can be told.

use crate::{
    finding::Report,
    report::{
        Context, Remarks,
        json::{Entry, Summary, Trouble},
    },
};
use serde::Serialize;
use std::io::{self, Write};

/// Fields beside `type` are those of `docs/schema/scan-report-1.json`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Finding(&'a Entry<'a>),
    Problem(&'a Trouble<'a>),
    Summary(&'a Summary<'a>),
}

/// Writes the report.
pub fn write(report: &Report, _: &Context<'_>, out: &mut dyn Write) -> io::Result<Remarks> {
    for finding in &report.findings {
        write_line(&Line::Finding(&finding.into()), out)?;
    }
    for problem in &report.problems {
        write_line(&Line::Problem(&problem.into()), out)?;
    }
    write_line(&Line::Summary(&report.into()), out)?;
    Ok(Remarks::new())
}

fn write_line(line: &Line<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use crate::report::{Detail, samples};
    use serde_json::Value;

    #[test]
    fn is_a_finding_a_line_and_the_summary_last() {
        let (text, remarks) = samples::written("ndjson", &samples::report(), &samples::context(Detail::Normal, &[]));
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let types: Vec<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
        assert_eq!(types.join(" "), "finding finding finding finding finding problem problem summary");
        assert_eq!((&lines[0]["rule"], &lines[0]["line"]), (&"latest-tag".into(), &14.into()));
        assert_eq!(lines[5]["message"], "`spec.replicas` is a string; write a number");
        assert_eq!((&lines[7]["deny"], &lines[7]["excepted"]), (&1.into(), &1.into()));
        assert!(remarks.is_empty());
    }
}
