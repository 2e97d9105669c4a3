//! Runs a program that renders, with an end: of its time, and of what it may print.

use crate::manifest::Limits;
use anyhow::{Result, anyhow, bail};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    env,
    io::{self, Read},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take that renders: a chart or a remote base may have to be fetched.
pub const TIME: Duration = Duration::from_secs(120);
/// Bytes of what a program says on standard error that are shown.
const SAID: usize = 8 * 1024;

/// A program with words in front of the others.
pub(super) fn with_words(program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words);
    command
}

/// Whether a program is in `PATH`.
pub(super) fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// What a program prints.
///
/// # Errors
/// It is not there, fails, takes too long, or prints too much: with what it said.
pub(super) fn output(command: &mut Command) -> Result<Vec<u8>> {
    output_within(command, TIME, Limits::default().file_bytes)
}

fn output_within(command: &mut Command, time: Duration, most: usize) -> Result<Vec<u8>> {
    let name = shown(command);
    let deadline = Instant::now() + time;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!("`{name}`: this program is not there; install it, or put it into PATH"),
        _ => anyhow!("`{name}` cannot be run: {error}"),
    })?;
    // One byte more than it may print is enough to see that it prints too much.
    let printed = read(child.stdout.take(), most + 1);
    let said = read(child.stderr.take(), SAID);
    let text = printed.recv_timeout(time).ok();
    let status = text.as_ref().filter(|text| text.len() <= most).and_then(|_| ended(&mut child, deadline));
    if status.is_none() {
        end(&mut child);
    }
    match (text, status) {
        (Some(text), _) if text.len() > most => bail!("`{name}` prints more than {most} bytes; none of it is read"),
        (Some(text), Some(status)) if status.success() => Ok(text),
        (_, Some(status)) => {
            let said = said.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
            bail!("`{name}` failed ({status}):\n{}", String::from_utf8_lossy(&said).trim())
        }
        _ => bail!("`{name}` has not come to its end within {} s, and was stopped", time.as_secs()),
    }
}

/// Reads a stream to its end on a thread of its own; what is beyond the most is read and forgotten.
fn read(stream: Option<impl Read + Send + 'static>, most: usize) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(stream) = stream {
            let mut stream = stream.take(most as u64);
            let _ = stream.read_to_end(&mut text);
            let is_full = text.len() == most;
            let _ = sender.send(text);
            if is_full {
                let _ = io::copy(&mut stream.into_inner(), &mut io::sink());
            }
        }
    });
    receiver
}

/// A program that has closed its output is about to end.
fn ended(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    const EVERY: Duration = Duration::from_millis(2);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(EVERY),
            _ => return None,
        }
    }
}

/// With whatever it has started.
fn end(child: &mut Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    let _ = child.wait();
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str, most: usize, time: Duration) -> Result<Vec<u8>> {
        output_within(Command::new("sh").args(["-c", script]), time, most)
    }

    #[test]
    fn what_a_program_prints_is_bounded_in_bytes_and_time() {
        let long = Duration::from_secs(60);
        assert_eq!(of("echo yes; echo no >&2", 4, long).unwrap(), b"yes\n");
        let said = |result: Result<Vec<u8>>| result.unwrap_err().to_string();
        assert!(said(of("echo yes", 3, long)).contains("prints more than 3 bytes"));
        assert!(said(of("yes", 1000, long)).contains("prints more than 1000 bytes"));
        assert_eq!(
            said(of("echo why >&2; exit 3", 9, long)),
            "`sh -c echo why >&2; exit 3` failed (exit status: 3):\nwhy"
        );
        let slow = Duration::from_millis(50);
        assert!(said(of("sleep 60", 9, slow)).contains("has not come to its end"));
        assert!(said(of("exec >&-; sleep 60", 9, slow)).contains("has not come to its end"));
        assert!(said(output(&mut Command::new("no-such-program"))).contains("is not there"));
        // As much on standard error as never fits into a pipe.
        assert_eq!(of("head -c 1000000 /dev/zero >&2; echo yes", 4, long).unwrap(), b"yes\n");
    }
}
