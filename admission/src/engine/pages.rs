//! The pages of a module's policies, read from its bytes without running anything. The bytes need not be trusted.

use plimsoll_policy::page::SECTION;
use std::{collections::BTreeMap, str};
use wasmparser::{Chunk, Parser, Payload};

/// Pages by the id of their policy, where they lie in the component.
pub(super) type Pages<'a> = BTreeMap<&'a str, &'a str>;

/// The pages in a component's bytes. Code, which is most of it, is stepped over.
pub(super) fn read(component: &[u8]) -> Result<Pages<'_>, String> {
    let mut pages = Pages::new();
    let (mut rest, mut parser, mut around) = (component, Parser::new(0), Vec::new());
    loop {
        let chunk = parser.parse(rest, true);
        let chunk = chunk.map_err(|error| format!("this is not a WebAssembly component: {}", error.message()))?;
        // With all bytes at hand, there is no other kind of chunk.
        let Chunk::Parsed { consumed, payload } = chunk else { return Ok(pages) };
        rest = &rest[consumed..];
        match payload {
            Payload::CodeSectionStart { size, .. } => {
                parser.skip_section();
                rest = rest.get(size as usize..).unwrap_or_default();
            }
            Payload::ModuleSection { parser: inner, .. } | Payload::ComponentSection { parser: inner, .. } => {
                around.push(std::mem::replace(&mut parser, inner));
            }
            Payload::CustomSection(section) if section.name() == SECTION => {
                entries(section.data(), &mut pages).ok_or_else(|| format!("its section `{SECTION}` is damaged"))?;
            }
            Payload::End(_) => match around.pop() {
                Some(outer) => parser = outer,
                None => return Ok(pages),
            },
            _ => {}
        }
    }
}

/// Entries of an id and a page, both as a length (u32, little endian) and UTF-8 text.
fn entries<'a>(mut rest: &'a [u8], pages: &mut Pages<'a>) -> Option<()> {
    while !rest.is_empty() {
        let id = text(&mut rest)?;
        pages.insert(id, text(&mut rest)?);
    }
    Some(())
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_first_chunk()?;
    let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = after;
    str::from_utf8(text).ok()
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
        let module = module(&[&FIRST[..], &SECOND].concat());
        assert_eq!(read(&module).unwrap(), [("grace", "## größe"), ("probes", "# p")].into());
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
