//! Debian's compiler, unpacked into a folder: no root, no rustup, no change to the system.
//!
//! `rustc-web` follows current Rust for Debian's browsers. Its standard library is for the host only, so that of
//! WebAssembly is built from `rust-web-src`.

use crate::{
    command::{output, tool},
    compiler::{Compiler, Foreign, version},
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) const COMPILER: &str = "rustc-web";
const PACKAGES: [&str; 3] = [COMPILER, "libstd-rust-web-dev", "rust-web-src"];

pub(crate) fn provide(target: &Path, linker: &Path) -> Result<Compiler> {
    if !stamp(target).is_file() {
        unpack(&folder(target))?;
    }
    unpacked(target, linker)
}

fn folder(target: &Path) -> PathBuf {
    target.join("debian-rustc")
}

/// The list of what is unpacked.
fn stamp(target: &Path) -> PathBuf {
    folder(target).join("packages")
}

pub(crate) fn unpacked(target: &Path, linker: &Path) -> Result<Compiler> {
    let (folder, stamp) = (folder(target), stamp(target));
    let packages = fs::read_to_string(&stamp).with_context(|| format!("cannot read {}", stamp.display()))?;
    let compiler = packages.lines().find(|line| line.starts_with(COMPILER));
    let compiler = compiler.with_context(|| format!("{} names no {COMPILER}", stamp.display()))?;
    let foreign = Foreign { rustc: folder.join("usr/bin/rustc"), libraries: libraries(&folder)? };
    let mut run = Command::new(&foreign.rustc);
    let libraries = std::env::join_paths(&foreign.libraries)?;
    output(run.arg("--version").env("LD_LIBRARY_PATH", libraries))
        .with_context(|| format!("remove {} to unpack it again", folder.display()))?;
    Ok(Compiler {
        name: format!("{compiler}, linked by rust-lld of {}", version()?),
        sysroot: folder.join("usr"),
        linker: linker.to_owned(),
        foreign: Some(foreign),
    })
}

/// Downloads and unpacks what is missing on this machine, then writes a list of it, last: a run that was cut short
/// begins again.
fn unpack(folder: &Path) -> Result<()> {
    let packages = packages()?;
    let _ = fs::remove_dir_all(folder);
    let archives = folder.join("archives");
    fs::create_dir_all(&archives).with_context(|| format!("cannot create {}", archives.display()))?;
    let names: Vec<_> = packages.iter().map(|package| format!("{}={}", package.name, package.version)).collect();
    println!("apt-get download {}", names.join(" "));
    output(tool("apt-get", &["--quiet", "download"]).args(&names).current_dir(&archives))?;
    println!("dpkg -x into {}", folder.display());
    for archive in fs::read_dir(&archives)? {
        output(tool("dpkg", &["-x"]).arg(archive?.path()).arg(folder))?;
    }
    fs::remove_dir_all(&archives)?;
    let lines = packages.iter().map(|package| format!("{} {} {}\n", package.name, package.version, package.arch));
    fs::write(folder.join("packages"), lines.collect::<String>())?;
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Package {
    name: String,
    version: String,
    arch: String,
}

/// What `apt-get install` would install. `--reinstall`, because a compiler of the system has no stable path.
fn packages() -> Result<Vec<Package>> {
    let simulate =
        || output(tool("apt-get", &["--simulate", "--no-install-recommends", "--reinstall", "install"]).args(PACKAGES));
    let plan = match simulate() {
        Ok(plan) => plan,
        Err(error) if is_root() => {
            println!("apt-get update");
            output(&mut tool("apt-get", &["update"])).with_context(|| format!("after {error:#}"))?;
            simulate()?
        }
        Err(error) => bail!("{error:#}; `sudo apt-get update` may help"),
    };
    let packages = planned(&plan);
    for name in PACKAGES {
        ensure!(packages.iter().any(|package| package.name == name), "apt-get does not offer {name}");
    }
    Ok(packages)
}

/// Reads `Inst rustc-web [old version] (1.96.0+dfsg1-1~deb12u2 Debian-Security:12/oldstable-security [amd64])`.
fn planned(plan: &str) -> Vec<Package> {
    let read = |line| {
        let (name, rest) = str::strip_prefix(line, "Inst ")?.split_once(' ')?;
        let (version, rest) = rest.split_once('(')?.1.split_once(' ')?;
        let arch = rest.split_once('[')?.1.split_once(']')?.0;
        Some(Package { name: name.to_owned(), version: version.to_owned(), arch: arch.to_owned() })
    };
    plan.lines().filter_map(read).collect()
}

fn is_root() -> bool {
    output(&mut tool("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// `usr/lib/x86_64-linux-gnu` and the like.
fn libraries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut libraries = Vec::new();
    for parent in ["usr/lib", "lib"].map(|parent| folder.join(parent)) {
        for entry in fs::read_dir(parent).into_iter().flatten() {
            let path = entry?.path();
            if path.to_string_lossy().ends_with("-linux-gnu") {
                libraries.push(path);
            }
        }
    }
    libraries.sort();
    Ok(libraries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_apt_would_install() {
        let plan = "\
The following NEW packages will be installed:
  libllvm22 rustc-web
Inst libllvm22 (1:22.1.8-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
Inst rust-web-src [1.85.0] (1.96.0+dfsg1-1~deb12u2 Debian-Security:12/oldstable-security [all]) [broken ]
Conf libllvm22 (1:22.1.8-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
";
        let expected =
            [("libllvm22", "1:22.1.8-1~deb12u1", "amd64"), ("rust-web-src", "1.96.0+dfsg1-1~deb12u2", "all")];
        let found = planned(plan);
        let found: Vec<_> = found.iter().map(|p| (p.name.as_str(), p.version.as_str(), p.arch.as_str())).collect();
        assert_eq!(found, expected);
    }
}
