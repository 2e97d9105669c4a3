//! What a collector got, read from what [Rotel](plimsoll_tests::collector::Collector) prints.

use std::collections::BTreeMap;

/// All that was got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) spans: Vec<Span>,
    pub(crate) records: Vec<Record>,
    /// Exports of all metrics at once.
    pub(crate) exports: usize,
    /// Names of metrics.
    pub(crate) metrics: Vec<String>,
    /// Attributes of the resources.
    pub(crate) resources: Vec<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Trace and span.
    pub(crate) links: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) body: String,
}

impl Got {
    /// Reads it.
    pub(crate) fn read(text: &str) -> Self {
        let resources = blocks(text, &["ResourceSpans #", "ResourceLog #", "ResourceMetrics #"]);
        Got {
            spans: blocks(text, &["Span #"]).iter().map(|block| span(block)).collect(),
            records: blocks(text, &["LogRecord #"]).iter().map(|block| record(block)).collect(),
            exports: blocks(text, &["ResourceMetrics #"]).len(),
            metrics: text.lines().filter_map(|line| Some(line.strip_prefix("     -> Name: ")?.to_owned())).collect(),
            resources: resources.iter().map(|block| attributes(block, "Resource attributes:")).collect(),
        }
    }

    /// What the last words count.
    pub(crate) fn count(&self) -> usize {
        self.spans.len() + self.records.len() + self.exports
    }

    /// The spans of this name that have this message, in the order in which they ended.
    pub(crate) fn of(&self, name: &str, message: &str) -> Vec<&Span> {
        let of = |span: &&Span| span.name == name && span.attribute("messaging.message.id") == Some(message);
        self.spans.iter().filter(of).collect()
    }
}

impl Span {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// The lines from each line that begins like one of these to the next heading.
fn blocks<'a>(text: &'a str, headings: &[&str]) -> Vec<Vec<&'a str>> {
    const HEADINGS: [&str; 8] = [
        "ResourceSpans #",
        "ResourceLog #",
        "ResourceMetrics #",
        "ScopeSpans #",
        "ScopeLogs #",
        "ScopeMetrics #",
        "Span #",
        "LogRecord #",
    ];
    let begins = |line: &str, any: &[&str]| any.iter().any(|heading| line.starts_with(heading));
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if begins(line, &HEADINGS) {
            inside = begins(line, headings);
            if inside {
                blocks.push(Vec::new());
            }
        } else if let (true, Some(block)) = (inside, blocks.last_mut()) {
            block.push(line);
        }
    }
    blocks
}

/// The value of a line `name : value`.
fn value(block: &[&str], name: &str) -> String {
    let of = |line: &&str| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    };
    block.iter().find_map(of).unwrap_or_default()
}

/// The lines `-> name: Type(value)` below a heading.
fn attributes(block: &[&str], heading: &str) -> BTreeMap<String, String> {
    let below = block.iter().skip_while(|line| **line != heading).skip(1);
    let lines = below.map_while(|line| line.trim().strip_prefix("-> "));
    lines
        .filter_map(|line| {
            let (name, typed) = line.split_once(": ")?;
            let (_, value) = typed.split_once('(')?;
            Some((name.to_owned(), value.strip_suffix(')')?.to_owned()))
        })
        .collect()
}

fn span(block: &[&str]) -> Span {
    let links = block.iter().position(|line| *line == "Links:").unwrap_or(block.len());
    let (own, links) = block.split_at(links);
    let links: Vec<&str> = links.iter().filter_map(|line| line.trim().strip_prefix("-> ")).collect();
    Span {
        trace: value(own, "Trace ID"),
        id: value(own, "ID"),
        parent: value(own, "Parent ID"),
        name: value(own, "Name"),
        kind: value(own, "Kind"),
        status: value(own, "Status code"),
        attributes: attributes(own, "Attributes:"),
        links: links.chunks(4).map(|link| (value(link, "Trace ID"), value(link, "ID"))).collect(),
    }
}

fn record(block: &[&str]) -> Record {
    let body = value(block, "Body");
    Record {
        trace: value(block, "Trace ID"),
        span: value(block, "Span ID"),
        body: body.strip_prefix("Str(").and_then(|body| body.strip_suffix(')')).unwrap_or(&body).to_owned(),
    }
}
