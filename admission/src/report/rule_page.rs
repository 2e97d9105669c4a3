//! Parts of a policy's page: the section about one rule, and what stands in it.

/// What stands under the heading `## rule`, up to the next heading as high.
pub fn section<'a>(page: &'a str, rule: &str) -> Option<&'a str> {
    part(page, &["# ", "## "], |title| title.trim_matches('`') == rule)
}

/// What stands under a heading `### title` of a section.
pub fn paragraph<'a>(section: &'a str, title: &str) -> Option<&'a str> {
    part(section, &["# ", "## ", "### "], |heading| heading == title)
}

/// A section without its examples.
pub fn without_examples(section: &str) -> &str {
    match section.find("\n### Examples") {
        Some(end) => section[..end].trim(),
        None => section,
    }
}

/// From behind a heading to the next one of these levels. A line in a fence is no heading.
fn part<'a>(page: &'a str, levels: &[&str], wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
    let mut start = None;
    let mut offset = 0;
    let mut in_fence = false;
    for line in page.split_inclusive('\n') {
        let begin = offset;
        offset += line.len();
        in_fence ^= line.starts_with("```");
        let title = levels.iter().find_map(|level| line.strip_prefix(level)).filter(|_| !in_fence);
        match (title, start) {
            (Some(_), Some(start)) => return Some(page[start..begin].trim()),
            (Some(title), None) if wanted(title.trim()) => start = Some(offset),
            _ => {}
        }
    }
    start.map(|start| page[start..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "# p\n\n## `a`\n\n### What\n\nThis.\n\n### Why\n\n```yaml\n## b\n```\n\n### Examples\n\nx\n\n## b\n\nB.\n";

    #[test]
    fn a_section_ends_at_the_next_heading_as_high() {
        let a = section(PAGE, "a").unwrap();
        assert_eq!(paragraph(a, "What"), Some("This."));
        assert_eq!(paragraph(a, "Why"), Some("```yaml\n## b\n```"));
        assert_eq!(paragraph(a, "Fix"), None);
        assert!(without_examples(a).ends_with("```") && a.ends_with('x'));
        assert_eq!((section(PAGE, "b"), section(PAGE, "c")), (Some("B."), None));
    }
}
