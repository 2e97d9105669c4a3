//! The events of a document with their places. The parser's own loop recurses, so that a deep document would end the
//! process; this one does not.

use super::padding::Padding;
use saphyr_parser::{Event, Parser, ScanError, Span};

/// Deeper than any document that is judged.
const DEEPEST: usize = 256;

/// Takes the events of the first document of a text, in order. None where the parser gave up on the way.
pub(super) fn each(text: &str, mut take: impl FnMut(Event<'_>, Span)) -> Option<()> {
    let mut padding = Padding::none(text);
    loop {
        let padded = padding.padded();
        let mut events = Vec::new();
        let end = collect(&padded, &mut events);
        if let Err(Stop::Refused(error)) = &end
            && padding.mend(error)
        {
            continue;
        }
        events.into_iter().for_each(|(event, span)| take(event, padding.original(span)));
        return end.ok();
    }
}

enum Stop {
    Refused(ScanError),
    TooDeep,
}

fn collect<'t>(text: &'t str, events: &mut Vec<(Event<'t>, Span)>) -> Result<(), Stop> {
    let mut depth = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(Stop::Refused)?;
        match event {
            Event::DocumentEnd | Event::StreamEnd => return Ok(()),
            Event::SequenceStart(..) | Event::MappingStart(..) if depth == DEEPEST => return Err(Stop::TooDeep),
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            _ => {}
        }
        events.push((event, span));
    }
    Ok(())
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
