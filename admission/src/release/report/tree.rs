//! The release as a tree on a terminal, drawn anew in place after each change. Never higher or wider than the terminal.

use super::{
    super::{
        part::{Node, Stage},
        record::Record,
        verdict::Picture,
        world::Moment,
    },
    Show, lines,
};
use crate::printable::printable;
use anstyle::{AnsiColor, Style};
use std::io::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns and rows of the terminal.
type Size = (usize, usize);

/// Draws on a terminal.
pub struct Tree<W> {
    out: W,
    name: String,
    /// Asked anew for each picture: a window may change.
    size: fn() -> Size,
    is_coloured: bool,
    /// Lines of the last picture.
    drawn: usize,
    notes: Vec<String>,
}

impl<W: Write> Tree<W> {
    /// For the release of a name.
    pub fn new(out: W, name: String, size: fn() -> Size, is_coloured: bool) -> Self {
        Tree { out, name, size, is_coloured, drawn: 0, notes: Vec::new() }
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            // Up to the first line of the picture, and everything below away.
            let _ = write!(self.out, "\x1b[{}A\r\x1b[J", self.drawn);
            self.drawn = 0;
        }
    }

    fn painted(&self, style: Style, text: &str) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

impl<W: Write> Show for Tree<W> {
    fn change(&mut self, picture: &Picture, record: Option<&Record>, now: Moment) {
        let (columns, rows) = (self.size)();
        self.erase();
        let phase = serde_json::to_value(picture.phase).unwrap_or_default();
        let revision = record.map(|record| format!(" revision {}", record.revision)).unwrap_or_default();
        let head = format!("{}{revision}: {} ({} s)", self.name, phase.as_str().unwrap_or_default(), now.as_secs());
        let mut lines = vec![cut(&head, columns)];
        for (node, is_last) in shown(&picture.nodes, rows.saturating_sub(self.notes.len() + 3)) {
            let branch = if is_last { "└─" } else { "├─" };
            let (mark, style) = mark(node.stage);
            let text = cut(&format!("{}: {}", node.name, lines::described(node)), columns.saturating_sub(5));
            lines.push(format!("{branch} {} {text}", self.painted(style, mark)));
        }
        let hidden = picture.nodes.len() + 1 - lines.len();
        if hidden > 0 {
            lines.push(cut(&format!("   and {hidden} more"), columns));
        }
        lines.extend(self.notes.iter().map(|note| cut(note, columns)));
        self.drawn = lines.len();
        let _ = writeln!(self.out, "{}", lines.join("\n"));
        let _ = self.out.flush();
    }

    fn note(&mut self, text: &str) {
        self.notes.push(format!("note: {text}"));
    }

    fn finish(&mut self) {
        self.erase();
        let _ = self.out.flush();
    }
}

/// What fits: parts that are not done first, in their order.
fn shown(nodes: &[Node], rows: usize) -> Vec<(&Node, bool)> {
    let open = nodes.iter().enumerate().filter(|(_, node)| node.stage != Stage::Done || node.old > 0);
    let done = nodes.iter().enumerate().filter(|(_, node)| node.stage == Stage::Done && node.old == 0);
    let mut places: Vec<usize> = open.chain(done).map(|(place, _)| place).take(rows.max(1)).collect();
    places.sort_unstable();
    let last = places.last().copied();
    places.into_iter().map(|place| (&nodes[place], Some(place) == last)).collect()
}

fn mark(stage: Stage) -> (&'static str, Style) {
    let coloured = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match stage {
        Stage::Done => ("✓", coloured(AnsiColor::Green)),
        Stage::Failed => ("✗", coloured(AnsiColor::Red)),
        Stage::Stuck => ("!", coloured(AnsiColor::Red)),
        Stage::Waiting => ("·", Style::new().dimmed()),
        Stage::Absent | Stage::Working => ("…", coloured(AnsiColor::Yellow)),
    }
}

/// At most so many columns, so that no line wraps.
fn cut(text: &str, columns: usize) -> String {
    let text = printable(text);
    if text.width() < columns {
        return text.into_owned();
    }
    let mut left = columns.saturating_sub(2);
    let kept = text.chars().take_while(|character| {
        let width = character.width().unwrap_or_default();
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    });
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{
        name::{Kind, ObjectName},
        verdict::Phase,
    };
    use expect_test::expect;
    use std::time::Duration;

    fn node(name: &str, stage: Stage, progress: &str) -> Node {
        Node {
            name: ObjectName { kind: Kind::Deployment, namespace: "shop".to_owned(), name: name.to_owned() },
            stage,
            progress: progress.to_owned(),
            ready: 0,
            wanted: 1,
            old: 0,
            cause: None,
            blocked_by: Vec::new(),
            settled: None,
        }
    }

    fn drawn(size: fn() -> Size, is_coloured: bool, nodes: Vec<Node>) -> String {
        let mut out = Vec::new();
        let mut tree = Tree::new(&mut out, "shop".to_owned(), size, is_coloured);
        let picture = Picture { phase: Phase::Rolling, nodes, end: None, root: None };
        tree.note("events of namespace shop are not shown");
        tree.change(&picture, None, Duration::from_secs(3));
        String::from_utf8(out).unwrap()
    }

    fn many() -> Vec<Node> {
        let part = |number: u32| {
            let stage = if number < 3 { Stage::Done } else { Stage::Working };
            node(&format!("web-{number}"), stage, "0 of 1 new pods ready, \u{1b}[31m and 日本語 more")
        };
        (0..6).map(part).collect()
    }

    #[test]
    fn is_a_tree() {
        let nodes = vec![node("a", Stage::Done, "1 of 1 new pods ready"), node("b", Stage::Waiting, "waits")];
        expect![[r#"
            shop: rolling (3 s)
            ├─ ✓ Deployment shop/a: 1 of 1 new pods ready
            └─ · Deployment shop/b: waits
            note: events of namespace shop are not shown
        "#]]
        .assert_eq(&drawn(|| (80, 24), false, nodes));
    }

    #[test]
    fn is_never_wider_or_higher_than_the_terminal() {
        for size in [(|| (40, 7)) as fn() -> Size, || (12, 5), || (1, 1)] {
            let (columns, rows) = size();
            let text = drawn(size, false, many());
            assert!(text.lines().all(|line| line.width() <= columns.max(6)), "{text}");
            assert!(text.lines().count() <= rows.max(4), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
        let text = drawn(|| (60, 7), false, many());
        assert!(text.contains("web-3") && text.contains("and 3 more"), "open parts come first: {text}");
    }

    #[test]
    fn is_drawn_anew_in_place_and_erased_at_the_end() {
        let mut out = Vec::new();
        let mut tree = Tree::new(&mut out, "shop".to_owned(), || (80, 24), true);
        let picture = Picture { phase: Phase::Rolling, nodes: many(), end: None, root: None };
        tree.change(&picture, None, Duration::ZERO);
        tree.change(&picture, None, Duration::ZERO);
        tree.finish();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("\u{1b}[7A\r\u{1b}[J").count(), 2, "{text:?}");
        assert!(text.contains("\u{1b}[32m✓"), "{text:?}");
    }
}
