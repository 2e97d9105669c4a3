//! A unified diff of one file, as `git apply` and `patch -p1` read it.

use crate::printable::printable;
use anstyle::{AnsiColor, Color, Style};
use similar::{ChangeTag, TextDiff};
use std::io::{self, Write};

/// Lines around a change.
const CONTEXT: usize = 3;

const fn colored(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

const HEADER: Style = Style::new().bold();
const HUNK: Style = colored(AnsiColor::Cyan);
const REMOVED: Style = colored(AnsiColor::Red);
const ADDED: Style = colored(AnsiColor::Green);

/// Writes what changes, with colours.
///
/// # Errors
/// Those of the writer.
pub fn write(path: &str, before: &str, after: &str, out: &mut dyn Write) -> io::Result<()> {
    let diff = TextDiff::from_lines(before, after);
    let path = printable(path);
    // An absolute path would name no file behind a letter.
    let [old, new] = if path.starts_with('/') { ["", ""] } else { ["a/", "b/"] };
    writeln!(out, "{HEADER}--- {old}{path}{HEADER:#}\n{HEADER}+++ {new}{path}{HEADER:#}")?;
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        writeln!(out, "{HUNK}{}{HUNK:#}", hunk.header())?;
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Equal => (' ', Style::new()),
                ChangeTag::Delete => ('-', REMOVED),
                ChangeTag::Insert => ('+', ADDED),
            };
            line(sign, style, change.value(), out)?;
        }
    }
    Ok(())
}

fn line(sign: char, style: Style, line: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = line.strip_suffix('\n');
    let (text, end) = match text.unwrap_or(line).strip_suffix('\r') {
        Some(text) => (text, "\r"),
        None => (text.unwrap_or(line), ""),
    };
    // A tab moves no cursor back.
    let shown: Vec<_> = text.split('\t').map(printable).collect();
    writeln!(out, "{style}{sign}{}{style:#}{end}", shown.join("\t"))?;
    if line.ends_with('\n') { Ok(()) } else { writeln!(out, "\\ No newline at end of file") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn diff(before: &str, after: &str) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        write("deploy/app.yaml", before, after, &mut out).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn is_what_patch_reads() {
        let before: String = (1..=12).map(|number| format!("line {number}\n")).collect();
        let after = before.replace("line 2\n", "line two\n").replace("line 12\n", "line twelve");
        expect![[r"
            --- a/deploy/app.yaml
            +++ b/deploy/app.yaml
            @@ -1,5 +1,5 @@
             line 1
            -line 2
            +line two
             line 3
             line 4
             line 5
            @@ -9,4 +9,4 @@
             line 9
             line 10
             line 11
            -line 12
            +line twelve
            \ No newline at end of file
        "]]
        .assert_eq(&diff(&before, &after));
    }

    #[test]
    fn carriage_returns_stay_and_escapes_do_not() {
        let text = diff("a:\t1\r\n# \u{1b}[2J\n", "a:\t2\r\n# \u{1b}[2J\n");
        assert!(text.contains("-a:\t1\r\n+a:\t2\r\n # \u{fffd}[2J\n"), "{text:?}");
    }
}
