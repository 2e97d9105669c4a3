//! Which shell a command line starts, and the script that it is given on it.

use super::{base_name, launcher};
use std::borrow::Cow;

/// What is known of the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// Whatever the image has under that name: dash on Debian and Ubuntu, busybox on Alpine, bash on Red Hat.
    Sh,
    /// GNU bash.
    Bash,
    /// dash.
    Dash,
    /// The shell of busybox.
    Ash,
    /// KornShell.
    Ksh,
    /// zsh.
    Zsh,
    /// `cmd` of Windows.
    Cmd,
    /// PowerShell, of Windows or any other system.
    PowerShell,
}

impl Shell {
    /// How a message names it.
    pub fn name(self) -> &'static str {
        match self {
            Shell::Sh => "sh",
            Shell::Bash => "bash",
            Shell::Dash => "dash",
            Shell::Ash => "busybox sh",
            Shell::Ksh => "ksh",
            Shell::Zsh => "zsh",
            Shell::Cmd => "cmd",
            Shell::PowerShell => "PowerShell",
        }
    }

    /// Whether [`parse`](super::parse) reads its language.
    pub fn is_posix(self) -> bool {
        !matches!(self, Shell::Cmd | Shell::PowerShell)
    }

    /// The shell that a program is, by its name without a folder.
    pub fn named(program: &str) -> Option<Self> {
        Some(match program {
            "sh" => Shell::Sh,
            "bash" => Shell::Bash,
            "dash" => Shell::Dash,
            "ash" => Shell::Ash,
            "ksh" => Shell::Ksh,
            "zsh" => Shell::Zsh,
            _ if program.eq_ignore_ascii_case("cmd") => Shell::Cmd,
            _ if ["powershell", "pwsh"].iter().any(|name| program.eq_ignore_ascii_case(name)) => Shell::PowerShell,
            _ => return None,
        })
    }
}

/// A script given to a shell on its command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// Which shell.
    pub shell: Shell,
    /// The script. The shells of Windows take all words that are left.
    pub script: Cow<'a, str>,
    /// Which word of the command line it begins with.
    pub index: usize,
    /// The program in front of the shell, such as `tini` in `tini -- sh -c …`, if there is one.
    pub behind: Option<&'a str>,
}

/// The script of `sh -c script`, also behind [launchers](super::program); none where the command line starts anything
/// else.
pub fn invocation<T: AsRef<str>>(words: &[T]) -> Option<Invocation<'_>> {
    let rest = launcher::program(words);
    let start = words.len() - rest.len();
    let behind = words[..start].first().map(|word| base_name(word.as_ref()));
    let mut shell = Shell::named(base_name(rest.first()?.as_ref()))?;
    if shell == Shell::Sh && start > 0 && base_name(words[start - 1].as_ref()) == "busybox" {
        shell = Shell::Ash;
    }
    let option = |flags: &[&str]| {
        let at = rest.iter().position(|word| flags.iter().any(|flag| word.as_ref().eq_ignore_ascii_case(flag)))?;
        rest.get(at + 1).map(|_| at + 1)
    };
    let index = match shell {
        Shell::Cmd => option(&["/c", "/k"]),
        Shell::PowerShell => option(&["-command", "-c", "/command", "/c"]),
        _ => script_index(rest),
    }?;
    let script = if shell.is_posix() {
        Cow::Borrowed(rest[index].as_ref())
    } else {
        Cow::Owned(rest[index..].iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" "))
    };
    Some(Invocation { shell, script, index: start + index, behind })
}

/// The first word that is no option, if there was a `-c`, alone or among others (`-ec`).
fn script_index<T: AsRef<str>>(words: &[T]) -> Option<usize> {
    let mut has_command = false;
    let mut index = 1;
    while let Some(word) = words.get(index) {
        index += 1;
        match word.as_ref().as_bytes() {
            [b'-', b'-'] => break,
            b"--rcfile" | b"--init-file" => index += 1,
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
        let cases: [Case<'_>; 33] = [
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
            (&["zsh", "-c", "app"], Some((Shell::Zsh, 2))),
            (&["/bin/busybox", "sh", "-c", "app"], Some((Shell::Ash, 3))),
            (&["/usr/bin/env", "bash", "-c", "app"], Some((Shell::Bash, 3))),
            (&["env", "A=b", "-u", "C", "sh", "-c", "app"], Some((Shell::Sh, 6))),
            (&["tini", "--", "sh", "-c", "app"], Some((Shell::Sh, 4))),
            (&["/usr/bin/dumb-init", "sh", "-c", "app"], Some((Shell::Sh, 3))),
            (&["su-exec", "app:app", "sh", "-c", "app"], Some((Shell::Sh, 4))),
            (&["nice", "-n", "5", "tini", "-g", "bash", "-ec", "app"], Some((Shell::Bash, 7))),
            (&["exec", "sh", "-c", "app"], Some((Shell::Sh, 3))),
            (&["cmd", "/S", "/C", "app.exe", "--x"], Some((Shell::Cmd, 3))),
            (&[r"C:\Windows\System32\cmd.exe", "/c", "app"], Some((Shell::Cmd, 2))),
            (&["powershell.exe", "-NoProfile", "-Command", "Start-Sleep", "5"], Some((Shell::PowerShell, 3))),
            (&["pwsh", "-c", "app"], Some((Shell::PowerShell, 2))),
            (&["powershell", "-File", "a.ps1"], None),
            (&["sh", "/entrypoint.sh", "-c"], None),
            (&["sh", "-c"], None),
            (&["cmd", "/c"], None),
            (&["sh"], None),
            (&["tini", "--", "app", "sh", "-c", "x"], None),
            (&["app", "sh", "-c", "x"], None),
            (&[""], None),
            (&[], None),
        ];
        for (words, expected) in cases {
            let found = invocation(words).map(|found| (found.shell, found.index));
            assert_eq!(found, expected, "{words:?}");
        }
    }

    #[test]
    fn the_shells_of_windows_take_all_words() {
        let found = invocation(&["powershell", "-Command", "Start-Sleep", "-Seconds", "5"]).unwrap();
        assert_eq!(found.script, "Start-Sleep -Seconds 5");
    }
}
