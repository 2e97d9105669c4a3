//! The pages of a module's policies, read from its bytes without running anything. The bytes need not be trusted.

use plimsoll_policy::page::SECTION;
use std::collections::BTreeMap;
use wasmparser::{Parser, Payload};

/// The pages in a component's bytes, by the id of their policy.
pub(super) fn read(component: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let mut pages = BTreeMap::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| format!("this is not a WebAssembly component: {}", error.message()))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            entries(section.data(), &mut pages).ok_or_else(|| format!("its section `{SECTION}` is damaged"))?;
        }
    }
    Ok(pages)
}

/// Entries of an id and a page, both as a length (u32, little endian) and UTF-8 text.
fn entries(mut rest: &[u8], pages: &mut BTreeMap<String, String>) -> Option<()> {
    while !rest.is_empty() {
        let id = text(&mut rest)?;
        pages.insert(id, text(&mut rest)?);
    }
    Some(())
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first_chunk()?;
    let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_policy::page::{entry, entry_len};
    use proptest::prelude::*;

    const FIRST: [u8; entry_len("probes", "# p")] = entry("probes", "# p");
    const SECOND: [u8; entry_len("grace", "## größe")] = entry("grace", "## größe");

    /// A core module with one custom section; the parser reads sections of modules and components alike.
    fn module(contents: &[u8]) -> Vec<u8> {
        let length = [contents.len() as u8 + 1 + SECTION.len() as u8];
        [b"\0asm\x01\0\0\0\0", &length[..], &[SECTION.len() as u8], SECTION.as_bytes(), contents].concat()
    }

    #[test]
    fn reads_the_entries_that_the_macro_writes() {
        let pages = read(&module(&[&FIRST[..], &SECOND].concat())).unwrap();
        let expected = [("grace", "## größe"), ("probes", "# p")];
        assert_eq!(pages, expected.map(|(id, page)| (id.to_owned(), page.to_owned())).into());
    }

    #[test]
    fn refuses_what_is_damaged() {
        let damaged = "its section `plimsoll:pages` is damaged";
        assert_eq!(read(&module(&FIRST[..9])).unwrap_err(), damaged);
        assert_eq!(read(&module(b"\xff\xff\xff\xff")).unwrap_err(), damaged);
        assert!(read(b"").is_err() && read(&module(&FIRST)[..20]).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), entries in prop::collection::vec(any::<u8>(), 0..50)) {
            let _ = read(&[b"\0asm\x0d\0\x01\0", &bytes[..]].concat());
            let _ = read(&module(&entries));
        }
    }
}
