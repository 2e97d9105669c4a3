//! The pages of the rules that the report names, as HTML. A page of a foreign policy is a stranger's text: HTML in it is
//! shown as text, and only links to other sites are links.

use super::Entry;
use crate::{
    printable::printable,
    report::{Context, escape::escape, rule_page},
};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::{
    collections::BTreeSet,
    io::{self, Write},
};

/// Bytes of a page that are shown; ours have about a tenth.
const MOST_BYTES: usize = 64 * 1024;

pub(super) fn write_pages(entries: &[Entry<'_>], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let rules: BTreeSet<&str> =
        entries.iter().filter_map(Entry::finding).map(|finding| finding.rule.as_str()).collect();
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section class=\"rules\" id=\"rules\"><h2>Rules</h2>")?;
    for name in rules {
        write_page(name, context, out)?;
    }
    writeln!(out, "</section>")
}

fn write_page(name: &str, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let id = escape(name);
    writeln!(out, "<section class=\"page\" id=\"rule-{id}\"><h3>{id}</h3>")?;
    if let Some((policy, rule)) = context.rule_of(name) {
        writeln!(
            out,
            "<p class=\"summary\">{} <small>policy {}</small></p>",
            escape(&rule.summary),
            escape(&policy.id)
        )?;
        let section = rule_page::section(&policy.page, name).map(rule_page::without_examples).unwrap_or_default();
        writeln!(out, "{}", to_html(&section[..section.floor_char_boundary(MOST_BYTES)]))?;
    }
    writeln!(out, "<p class=\"more\"><code>plimsoll explain {id}</code> shows examples.</p></section>")
}

fn to_html(markdown: &str) -> String {
    let markdown: Vec<_> = markdown.lines().map(printable).collect();
    let markdown = markdown.join("\n");
    let mut open = Vec::new();
    let events = Parser::new_ext(&markdown, Options::ENABLE_TABLES).filter_map(|event| harmless(event, &mut open));
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

/// No HTML of the text's own, no image, and no link but to another site. `open` has, for each open link, whether it is kept.
fn harmless<'a>(event: Event<'a>, open: &mut Vec<bool>) -> Option<Event<'a>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let is_kept = dest_url.starts_with("https://");
            open.push(is_kept);
            is_kept.then_some(event)
        }
        Event::End(TagEnd::Link) => open.pop().unwrap_or(false).then_some(event),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_brings_no_html_and_no_image_of_its_own() {
        let page = "a <b onclick=x>b</b> ![i](https://e.example/i.png) [l](https://e.example) [j](javascript:x) [r](../r.md)\n\n<script>x</script>\n";
        assert_eq!(
            to_html(page),
            "<p>a &lt;b onclick=x&gt;b&lt;/b&gt; i <a href=\"https://e.example\">l</a> j r</p>\n&lt;script&gt;x&lt;/script&gt;"
        );
    }
}
