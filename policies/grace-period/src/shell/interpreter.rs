//! Which shell a command line starts, and the script that it is given with `-c`.

use super::base_name;

/// What is known of the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// Whatever the image has under that name: dash on Debian and Ubuntu, busybox on Alpine, bash on Red Hat.
    Sh,
    Bash,
    Dash,
    /// The shell of busybox.
    Ash,
}

impl Shell {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Shell::Sh => "sh",
            Shell::Bash => "bash",
            Shell::Dash => "dash",
            Shell::Ash => "busybox sh",
        }
    }
}

/// A script given to a shell on its command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Script<'a> {
    pub(crate) shell: Shell,
    pub(crate) text: &'a str,
    /// Which word of the command line it is.
    pub(crate) index: usize,
}

/// The script of `sh -c script`; none where the command line starts anything else.
pub(crate) fn find<'a>(words: &[&'a str]) -> Option<Script<'a>> {
    let skipped = wrapper_length(words);
    let shell = match base_name(words.get(skipped)?) {
        "sh" if skipped > 0 && base_name(words[skipped - 1]) == "busybox" => Shell::Ash,
        "sh" => Shell::Sh,
        "bash" => Shell::Bash,
        "dash" => Shell::Dash,
        "ash" => Shell::Ash,
        _ => return None,
    };
    let index = script_index(words, skipped + 1)?;
    Some(Script { shell, text: words[index], index })
}

/// Words before the shell's own name: `busybox sh`, `env A=b sh`.
fn wrapper_length(words: &[&str]) -> usize {
    match words.first().map(|word| base_name(word)) {
        Some("busybox") => 1,
        Some("env") => 1 + words[1..].iter().take_while(|word| word.contains('=') && !word.starts_with('-')).count(),
        _ => 0,
    }
}

/// The first word that is no option, if there was a `-c`, alone or among others (`-ec`).
fn script_index(words: &[&str], first: usize) -> Option<usize> {
    let mut has_command = false;
    let mut index = first;
    while let Some(word) = words.get(index) {
        index += 1;
        match word.as_bytes() {
            [b'-', b'-'] => break,
            [b'-', b'-', ..] if matches!(*word, "--rcfile" | "--init-file") => index += 1,
            [b'-', b'-', ..] => {}
            [b'-', flags @ ..] if !flags.is_empty() => {
                has_command |= flags.contains(&b'c');
                // Each `o` takes the name of an option: `-euo pipefail`.
                index += flags.iter().filter(|flag| matches!(flag, b'o' | b'O')).count();
            }
            [b'+', flags @ ..] => index += flags.iter().filter(|flag| matches!(flag, b'o' | b'O')).count(),
            _ => {
                index -= 1;
                break;
            }
        }
    }
    (has_command && index < words.len()).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_script() {
        type Case<'a> = (&'a [&'a str], Option<(Shell, usize)>);
        let cases: [Case<'_>; 19] = [
            (&["sh", "-c", "app"], Some((Shell::Sh, 2))),
            (&["/bin/sh", "-ec", "app"], Some((Shell::Sh, 2))),
            (&["/bin/sh", "-exc", "app", "--", "x"], Some((Shell::Sh, 2))),
            (&["/bin/bash", "-lc", "app"], Some((Shell::Bash, 2))),
            (&["bash", "-euo", "pipefail", "-c", "app"], Some((Shell::Bash, 4))),
            (&["bash", "-euo", "pipefail", "-xc", "--", "app"], Some((Shell::Bash, 5))),
            (&["bash", "-eo", "pipefail", "-O", "extglob", "-c", "app"], Some((Shell::Bash, 6))),
            (&["bash", "--norc", "--rcfile", "/x", "-c", "app"], Some((Shell::Bash, 5))),
            (&["bash", "-c", "-e", "app"], Some((Shell::Bash, 3))),
            (&["dash", "+e", "-c", "app"], Some((Shell::Dash, 3))),
            (&["ash", "-c", "app"], Some((Shell::Ash, 2))),
            (&["/bin/busybox", "sh", "-c", "app"], Some((Shell::Ash, 3))),
            (&["/usr/bin/env", "bash", "-c", "app"], Some((Shell::Bash, 3))),
            (&["env", "A=b", "sh", "-c", "app"], Some((Shell::Sh, 4))),
            (&["sh", "/entrypoint.sh", "-c"], None),
            (&["sh", "-c"], None),
            (&["sh"], None),
            (&["tini", "--", "sh", "-c", "app"], None),
            (&[], None),
        ];
        for (words, expected) in cases {
            let found = find(words).map(|script| (script.shell, script.index));
            assert_eq!(found, expected, "{words:?}");
        }
    }
}
