//! Files that a configuration names: regular ones, of a bounded size. A device may have no end, and opening a FIFO waits
//! for a writer.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

/// What a regular file of at most so many bytes holds.
///
/// # Errors
/// It cannot be read, is something else than a regular file, or has more bytes.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    // Asked before it is opened, because opening a FIFO may wait for ever.
    if !fs::metadata(path)?.is_file() {
        return refuse("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    // What grows while it is read, or tells no size, is cut one byte behind the limit.
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() {
        length if length > most => refuse(format!("it has more than {} MiB", most >> 20)),
        _ => Ok(bytes),
    }
}

/// The same as text.
///
/// # Errors
/// As [`read`]; or it is not UTF-8.
pub(crate) fn read_text(path: &Path, most: usize) -> io::Result<String> {
    String::from_utf8(read(path, most)?).or_else(|_| refuse("it is not UTF-8 text".to_owned()))
}

fn refuse<T>(why: String) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidData, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_largest_size_is_read_and_one_byte_more_is_refused() {
        let file = std::env::temp_dir().join(format!("plimsoll-bounded-{}", std::process::id()));
        fs::write(&file, vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(read(&file, 1 << 20).unwrap().len(), 1 << 20);
        fs::write(&file, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert_eq!(read(&file, 1 << 20).unwrap_err().to_string(), "it has more than 1 MiB");
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn what_has_no_end_is_not_read() {
        for path in ["/dev/zero", "/"] {
            let refusal = read(Path::new(path), 1 << 20).unwrap_err().to_string();
            assert_eq!(refusal, "it is not a regular file", "{path}");
        }
    }
}
