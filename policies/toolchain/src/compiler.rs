//! A compiler that can build for WebAssembly: found, or provided.

use crate::{TARGET, command, debian};
use anyhow::{Context, Result, bail, ensure};
use std::{
    env, fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

const PROVIDE: &str = "target/release/plimsoll-toolchain compiler";

/// A compiler, and what cargo must be told to use it.
#[derive(Debug)]
pub struct Compiler {
    /// Its exact version: the same name means the same bytes.
    pub name: String,
    /// Where its standard library and its sources are.
    pub(crate) sysroot: PathBuf,
    /// The linker for WebAssembly.
    pub(crate) linker: PathBuf,
    /// Only for one that is not the active toolchain.
    pub(crate) foreign: Option<Foreign>,
}

/// A compiler beside the active toolchain. It has no standard library for WebAssembly, only the sources of one.
#[derive(Debug)]
pub(crate) struct Foreign {
    pub(crate) rustc: PathBuf,
    /// Folders with the shared libraries that it needs.
    pub(crate) libraries: Vec<PathBuf>,
}

/// A way to get a compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The active toolchain has the target.
    Active,
    /// `rustup target add`, unless `RUSTUP_AUTO_INSTALL=0` says that this machine wants no downloads by rustup.
    Rustup,
    /// Debian's `rustc-web` and its sources, unpacked below `target/`. The canonical one: it needs neither rustup
    /// nor root, and its packages are signed.
    Debian,
}

impl Way {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Way; 3] = [Way::Active, Way::Rustup, Way::Debian];

    fn take(self, target: &Path) -> Result<Compiler> {
        match self {
            Way::Active => active(),
            Way::Rustup => rustup(),
            Way::Debian => debian::provide(target, &linker(&sysroot()?)?),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Active => "active",
            Way::Rustup => "rustup",
            Way::Debian => "debian",
        })
    }
}

impl FromStr for Way {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let way = Way::ALL.into_iter().find(|way| way.to_string() == text);
        way.with_context(|| format!("`{text}` is no way to a compiler: `active`, `rustup` or `debian`"))
    }
}

impl Compiler {
    /// The first of these ways that works. `target` is a folder for build output: what must be downloaded and
    /// unpacked lies there, and is found again the next time.
    pub fn find(ways: &[Way], target: &Path) -> Result<Self> {
        let mut tried = String::new();
        for way in ways {
            match way.take(target) {
                Ok(compiler) => return Ok(compiler),
                Err(error) => tried += &format!("\n  {way}: {error:#}"),
            }
        }
        bail!(
            "no compiler for {TARGET}:{tried}\ntype `rustup target add {TARGET}`, or, on Debian 12 and later, \
             `sudo apt-get update`, and try again"
        )
    }

    /// One that is there already: nothing is downloaded.
    pub fn present(target: &Path) -> Result<Self> {
        let unpacked = || debian::unpacked(target, &linker(&sysroot()?)?);
        active().or_else(|_| unpacked()).with_context(|| format!("`{PROVIDE}` provides one"))
    }

    /// Whether this is the one that builds what is committed.
    pub fn is_canonical(&self) -> bool {
        is_canonical(&self.name)
    }
}

pub(crate) fn is_canonical(name: &str) -> bool {
    name.starts_with(debian::COMPILER)
}

/// First line of `rustc -vV`: `rustc 1.95.0 (59807616e 2026-04-14)`.
pub(crate) fn version() -> Result<String> {
    let text = command::output(&mut command::tool("rustc", &["--version"]))?;
    Ok(text.trim().to_owned())
}

fn active() -> Result<Compiler> {
    let sysroot = sysroot()?;
    let library = sysroot.join("lib/rustlib").join(TARGET);
    ensure!(library.is_dir(), "there is no {}", library.display());
    Ok(Compiler { name: version()?, linker: linker(&sysroot)?, sysroot, foreign: None })
}

fn rustup() -> Result<Compiler> {
    ensure!(
        env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0"),
        "RUSTUP_AUTO_INSTALL=0 forbids downloads by rustup"
    );
    println!("rustup target add {TARGET}");
    command::output(&mut command::tool("rustup", &["target", "add", TARGET]))?;
    active()
}

fn sysroot() -> Result<PathBuf> {
    Ok(command::output(&mut command::tool("rustc", &["--print", "sysroot"]))?.trim().into())
}

/// The linker that comes with a toolchain.
fn linker(sysroot: &Path) -> Result<PathBuf> {
    let text = command::output(&mut command::tool("rustc", &["-vV"]))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    ensure!(linker.is_file(), "the active toolchain has no linker {}", linker.display());
    Ok(linker)
}
