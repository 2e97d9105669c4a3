//! Modules of somebody else, compiled when they are loaded: by a process of its own, because only a process can be ended
//! when it takes too long, and be given less memory than this one.

use super::{
    bounds,
    config::config,
    limits::{COMPILE_MEMORY, COMPILE_TIME, MACHINE_CODE, MODULE},
    load::{LoadError, refused},
    text::clean,
};
use nix::sys::{
    resource::{Resource, setrlimit},
    signal::Signal,
};
use std::{
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
};
use wasmtime::{CodeBuilder, Engine};

/// Name of the subcommand of this program that is that process.
pub const SUBCOMMAND: &str = "compile-module";

/// Machine code for this very machine, made by this process.
pub(super) fn here(wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    check(wasm)?;
    translate(wasm)
}

/// Machine code for this very machine, made by another process of this program.
pub(super) fn apart(wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    check(wasm)?;
    let failed = |error: io::Error| LoadError::Compile(format!("compiling it: no process for that: {error}"));
    let mut child = start().map_err(failed)?;
    let answer = ask(&mut child, wasm);
    // It has said all that it has to say, or has no more time for it.
    let killed = answer.is_none() && child.kill().is_ok();
    let status = child.wait().map_err(failed)?;
    match answer {
        Some(Ok(code)) if status.success() && code.len() <= MACHINE_CODE => Ok(code),
        Some(Ok(_)) if status.success() => Err(LoadError::Compile("compiling it makes too much code".to_owned())),
        Some(Ok(why)) if status.code() == Some(REFUSED.into()) => {
            Err(LoadError::Component(clean(&String::from_utf8_lossy(&why))))
        }
        _ => Err(LoadError::Compile(cause(killed, status))),
    }
}

/// The other process: from standard input to standard output. Returns its exit code.
pub fn serve() -> u8 {
    let refuse = |why: String| match io::stdout().write_all(why.as_bytes()) {
        Ok(()) => REFUSED,
        Err(_) => FAILED,
    };
    // What nobody waits for any more ends.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    let (seconds, bytes) = (COMPILE_TIME.as_secs(), COMPILE_MEMORY as u64);
    // A second apart, so that the kernel says that it is the time.
    let time = setrlimit(Resource::RLIMIT_CPU, seconds, seconds + 1);
    if let Err(error) = time.and_then(|()| setrlimit(Resource::RLIMIT_DATA, bytes, bytes)) {
        return refuse(format!("no limits for compiling it: {error}"));
    }
    let mut wasm = Vec::new();
    if let Err(error) = io::stdin().take(MODULE as u64).read_to_end(&mut wasm) {
        return refuse(error.to_string());
    }
    match translate(&wasm) {
        Ok(code) => match io::stdout().write_all(&code) {
            Ok(()) => 0,
            Err(_) => FAILED,
        },
        Err(LoadError::Component(why)) => refuse(why),
        Err(error) => refuse(error.to_string()),
    }
}

/// Exit code of the other process where the module is wrong; what is wrong is on standard output.
const REFUSED: u8 = 3;

/// Exit code of the other process where nobody takes what it has to say.
const FAILED: u8 = 2;

fn check(wasm: &[u8]) -> Result<(), LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
    if !wasm.starts_with(MAGIC) {
        return Err(LoadError::Component("it does not begin with `\\0asm`".to_owned()));
    }
    if wasm.starts_with(CORE_MODULE) {
        return Err(LoadError::CoreModule);
    }
    bounds::check(wasm)
}

fn translate(wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    let engine = config(None).and_then(|config| Engine::new(&config)).map_err(|e| refused(&e))?;
    CodeBuilder::new(&engine)
        .wasm_binary(wasm, None)
        .and_then(|builder| builder.compile_component_serialized())
        .map_err(|e| refused(&e))
}

fn start() -> io::Result<Child> {
    // The program that runs, also where its file was replaced since.
    let program = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    command.arg(SUBCOMMAND).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn()
}

/// What it answers; none where it takes longer than it may.
fn ask(child: &mut Child, wasm: &[u8]) -> Option<io::Result<Vec<u8>>> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return None };
    let wasm = wasm.to_vec();
    let (sent, received) = mpsc::channel();
    thread::spawn(move || {
        // It reads everything before it writes. Where it has ended already, its status says why.
        let _ = stdin.write_all(&wasm);
        drop(stdin);
        let mut answer = Vec::new();
        let read = stdout.take(MACHINE_CODE as u64 + 1).read_to_end(&mut answer);
        let _ = sent.send(read.map(|_| answer));
    });
    received.recv_timeout(COMPILE_TIME).ok()
}

fn cause(killed: bool, status: ExitStatus) -> String {
    let (seconds, mebibytes) = (COMPILE_TIME.as_secs(), COMPILE_MEMORY >> 20);
    match status.signal().map(Signal::try_from) {
        _ if killed => format!("compiling it takes longer than {seconds} s"),
        Some(Ok(Signal::SIGXCPU)) => format!("compiling it takes longer than {seconds} s"),
        // A compiler has more than one way to end where it gets no memory.
        _ => format!("compiling it failed ({status}); it may take {mebibytes} MiB of memory and {seconds} s"),
    }
}
