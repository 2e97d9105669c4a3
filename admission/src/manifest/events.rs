//! The events of a document with their places. The parser's own loop recurses, so that a deep document would end the
//! process; this one does not.

use saphyr_parser::{Event, Parser, Span};

/// Deeper than any document that is judged.
const DEEPEST: usize = 256;

/// Takes the events of the first document of a text, in order. None where the parser gave up on the way.
pub(super) fn each<'t>(text: &'t str, mut take: impl FnMut(Event<'t>, Span)) -> Option<()> {
    let mut depth = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::DocumentEnd | Event::StreamEnd => return Some(()),
            Event::SequenceStart(..) | Event::MappingStart(..) if depth == DEEPEST => return None,
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            _ => {}
        }
        take(event, span);
    }
    Some(())
}

/// Whether there are more brackets and braces open at once than a document of that depth has, with room for those
/// inside strings. Parsers of YAML take the square of that number of steps.
pub(super) fn nests_beyond(text: &str, depth: usize) -> bool {
    let most = depth.saturating_mul(4);
    let mut open = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > most
    })
}
