//! How a policy's page travels: in a custom section of the module, never in the guest's memory.
//!
//! A page is up to 30 KB that no evaluation reads. In linear memory it would be copied back for every one of them.
//! The host reads the section from the module's bytes, without running anything: [`read`].

/// Name of the custom section: entries, each an id and a page, both as a length (u32, little endian) and UTF-8 text.
pub const SECTION: &str = "plimsoll:pages";

const CORE_MODULE: u8 = 1;
const CUSTOM: u8 = 0;

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

/// The pages in a component's bytes: id and text, in no particular order. The bytes need not be trusted.
///
/// # Errors
/// The bytes are no component, or the section is not what [`export!`](crate::export) writes.
pub fn read(component: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut pages = Vec::new();
    for (id, module) in sections(component).ok_or("this is no WebAssembly component")? {
        if id != CORE_MODULE {
            continue;
        }
        for (id, section) in sections(module).ok_or("its core module is damaged")? {
            if id != CUSTOM {
                continue;
            }
            let mut rest = section;
            let name = number(&mut rest).and_then(|length| take(&mut rest, length));
            if name == Some(SECTION.as_bytes()) {
                entries(rest, &mut pages).ok_or_else(|| format!("its section `{SECTION}` is damaged"))?;
            }
        }
    }
    Ok(pages)
}

fn entries(mut rest: &[u8], pages: &mut Vec<(String, String)>) -> Option<()> {
    while !rest.is_empty() {
        let id = text(&mut rest)?;
        pages.push((id, text(&mut rest)?));
    }
    Some(())
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = take(rest, 4)?.try_into().expect("four bytes were taken");
    let text = take(rest, u32::from_le_bytes(length) as usize)?;
    String::from_utf8(text.to_vec()).ok()
}

/// The sections of a module or component: identifier and contents.
fn sections(binary: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut rest = binary.strip_prefix(b"\0asm")?;
    take(&mut rest, 4)?;
    let mut sections = Vec::new();
    while let Some((&id, after)) = rest.split_first() {
        rest = after;
        let length = number(&mut rest)?;
        sections.push((id, take(&mut rest, length)?));
    }
    Some(sections)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// An unsigned 32-bit number in LEB128.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).ok().map(|value| value as usize);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

    fn section(id: u8, contents: &[&[u8]]) -> Vec<u8> {
        let contents = contents.concat();
        let length = [contents.len() as u8 & 0x7f | 0x80, (contents.len() >> 7) as u8];
        [&[id][..], &length, &contents].concat()
    }

    fn component(pages: &[u8]) -> Vec<u8> {
        let custom = section(CUSTOM, &[&[SECTION.len() as u8], SECTION.as_bytes(), pages]);
        let other = section(CUSTOM, &[b"\x04name", b"whatever"]);
        let module = section(CORE_MODULE, &[HEADER, &other, &custom]);
        [HEADER, &section(7, &[b"types"]), &module].concat()
    }

    #[test]
    fn reads_the_entries_that_the_macro_writes() {
        const FIRST: [u8; entry_len("probes", "# p")] = entry("probes", "# p");
        const SECOND: [u8; entry_len("grace", "## größe")] = entry("grace", "## größe");
        let pages = read(&component(&[&FIRST[..], &SECOND].concat())).unwrap();
        let expected = [("probes", "# p"), ("grace", "## größe")];
        assert_eq!(pages, expected.map(|(id, page)| (id.to_owned(), page.to_owned())));
    }

    #[test]
    fn refuses_what_is_damaged() {
        const ENTRY: [u8; entry_len("a", "b")] = entry("a", "b");
        for (bytes, expected) in [
            (Vec::new(), "this is no WebAssembly component"),
            (component(&ENTRY)[..20].to_vec(), "this is no WebAssembly component"),
            (component(&ENTRY[..9]), "its section `plimsoll:pages` is damaged"),
            (component(b"\xff\xff\xff\xff"), "its section `plimsoll:pages` is damaged"),
            ([HEADER, &section(CORE_MODULE, &[b"junk"])].concat(), "its core module is damaged"),
        ] {
            assert_eq!(read(&bytes).unwrap_err(), expected);
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), entries in prop::collection::vec(any::<u8>(), 0..50)) {
            let _ = read(&[HEADER, &bytes].concat());
            let _ = read(&component(&entries));
        }
    }
}
