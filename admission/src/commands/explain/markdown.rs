//! Markdown as a policy's page uses it, for a terminal: headings, fences, tables, inline code, bold and links. Anything
//! else stays as it is written, which markdown is made for.

use super::page::BOLD;
use crate::printable::printable;
use anstyle::{AnsiColor, Style};
use std::{
    fmt::Write as _,
    io::{self, Write},
};

const CODE: Style = AnsiColor::Cyan.on_default();
const DIMMED: Style = Style::new().dimmed();

/// Writes a page, or a part of one.
pub(super) fn write(markdown: &str, out: &mut impl Write) -> io::Result<()> {
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            write_code(info, code, out)?;
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(line) = lines.next_if(|line| line.starts_with('|')) {
                if !is_rule(line) {
                    rows.push(cells(line));
                }
            }
            write_table(&rows, out)?;
        } else if let Some(title) = heading(line) {
            writeln!(out, "{BOLD}{}{BOLD:#}", printable(title.trim_matches('`')))?;
            writeln!(out, "{BOLD}{}{BOLD:#}", "─".repeat(title.trim_matches('`').chars().count()))?;
        } else {
            writeln!(out, "{}", inline(line).styled)?;
        }
    }
    Ok(())
}

/// Writes rows in columns, the first row as their heads. The last column is as wide as it likes.
pub(super) fn write_table<Cell: AsRef<str>>(rows: &[impl AsRef<[Cell]>], out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<Vec<Inline>> =
        rows.iter().map(|row| row.as_ref().iter().map(|cell| inline(cell.as_ref())).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    for (index, row) in rows.iter().enumerate() {
        let head = if index == 0 { BOLD } else { Style::new() };
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let gap = if column + 1 == row.len() { 0 } else { widths[column] + 2 - cell.width };
            line += &format!("{head}{}{head:#}{:gap$}", cell.styled, "");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// `yaml denied strict` is code in YAML, to be denied in the profile `strict`.
fn write_code<'a>(info: &str, code: impl Iterator<Item = &'a str>, out: &mut impl Write) -> io::Result<()> {
    if let Some((_, verdict)) = info.trim().split_once(' ') {
        let verdict = verdict.replace(" strict", " in profile strict");
        writeln!(out, "{DIMMED}{}:{DIMMED:#}", printable(&verdict))?;
    }
    for line in code {
        writeln!(out, "{}", format!("    {}", printable(line)).trim_end())?;
    }
    Ok(())
}

fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    (title.len() < line.len()).then(|| title.strip_prefix(' ')).flatten().map(str::trim)
}

fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// The line between the heads of a table and its rows.
fn is_rule(row: &str) -> bool {
    row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// A line of text with styles, and how wide it is without them.
#[derive(Default)]
struct Inline {
    styled: String,
    width: usize,
}

fn inline(line: &str) -> Inline {
    let line = printable(line);
    let mut inline = Inline::default();
    let mut rest = &*line;
    while !rest.is_empty() {
        rest = inline.code(rest).or_else(|| inline.bold(rest)).or_else(|| inline.link(rest)).unwrap_or_else(|| {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let (plain, after) = rest.split_at(rest[first..].find(['`', '*', '[']).map_or(rest.len(), |at| first + at));
            inline.push(Style::new(), plain);
            after
        });
    }
    inline
}

impl Inline {
    fn push(&mut self, style: Style, text: &str) {
        write!(self.styled, "{style}{text}{style:#}").expect("a string takes everything");
        self.width += text.chars().count();
    }

    /// The backticks stay: without colour nothing else would tell it apart.
    fn code<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let end = rest.strip_prefix('`')?.find('`')? + 2;
        self.push(CODE, &rest[..end]);
        Some(&rest[end..])
    }

    fn bold<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let (text, after) = rest.strip_prefix("**")?.split_once("**")?;
        self.push(BOLD, text);
        Some(after)
    }

    /// Where a link within the page leads is of no use in a terminal.
    fn link<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let (text, after) = rest.strip_prefix('[')?.split_once("](")?;
        let (target, after) = after.split_once(')')?;
        let text = inline(text);
        self.styled += &text.styled;
        self.width += text.width;
        if !target.starts_with('#') {
            self.push(DIMMED, &format!(" <{target}>"));
        }
        Some(after)
    }
}
