//! How a policy's page travels: in a custom section of the module, never in the guest's memory.
//!
//! A page is up to 30 KB that no evaluation reads. In linear memory it would be copied back for every one of them.
//! The host reads the section from the module's bytes, without running anything.

/// Name of the custom section: entries, each an id and a page, both as a length (u32, little endian) and UTF-8 text.
pub const SECTION: &str = "plimsoll:pages";

/// Length of one entry.
#[doc(hidden)]
pub const fn entry_len(id: &str, page: &str) -> usize {
    4 + id.len() + 4 + page.len()
}

/// One entry, made while compiling; `N` is its [`entry_len`].
#[doc(hidden)]
pub const fn entry<const N: usize>(id: &str, page: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let end = append(&mut bytes, 0, id);
    append(&mut bytes, end, page);
    bytes
}

const fn append(bytes: &mut [u8], at: usize, text: &str) -> usize {
    assert!(text.len() <= u32::MAX as usize);
    let length = (text.len() as u32).to_le_bytes();
    let mut index = 0;
    while index < 4 + text.len() {
        bytes[at + index] = if index < 4 { length[index] } else { text.as_bytes()[index - 4] };
        index += 1;
    }
    at + index
}

/// The first lines of the table of rules on every page.
pub const TABLE_HEAD: &str = "| rule | default | strict | what |\n| --- | --- | --- | --- |\n";

/// The table of rules at the top of a policy's page. Where a rule has escalated levels, they stand behind `/`.
#[cfg(not(target_family = "wasm"))]
pub fn table(rules: &[crate::Rule]) -> String {
    use crate::Levels;
    let row = |rule: &crate::Rule| {
        let cell = |of: fn(&Levels) -> crate::Level| match &rule.escalated {
            Some(escalated) => format!("{} / {}", of(&rule.levels).name(), of(escalated).name()),
            None => of(&rule.levels).name().to_owned(),
        };
        let (name, default, strict) = (&rule.name, cell(|levels| levels.default), cell(|levels| levels.strict));
        format!("| [`{name}`](#{name}) | {default} | {strict} | {} |\n", rule.summary)
    };
    rules.iter().map(row).fold(TABLE_HEAD.to_owned(), |table, row| table + &row)
}
