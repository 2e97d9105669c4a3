//! Cargo, told everything that could change the bytes: what a machine's own configuration says does not count.

use crate::{TARGET, compiler::Compiler};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What to build, and where.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The folder of the crate.
    pub folder: &'a Path,
    /// A folder for build output.
    pub target: &'a Path,
    /// Memory of an instance at rest; a multiple of 64.
    pub memory_kib: u32,
    /// Whether `Cargo.lock` must be there and fit.
    pub locked: bool,
}

impl Plan<'_> {
    /// Stack, data and room for one ordinary evaluation. The engine keeps this much of each slot resident.
    pub const MEMORY_KIB: u32 = 192;
}

/// A built crate.
#[derive(Debug)]
pub struct Built {
    /// Name of the package.
    pub package: String,
    /// The core module, which [`encode`](crate::encode) makes a component of.
    pub core: Vec<u8>,
}

/// Of the shadow stack, in bytes. It lies below the data, so an overflow traps.
const STACK: u32 = 32 * 1024;

/// Cargo's profile `policy`, given on the command line because another repository does not have it.
const PROFILE: [&str; 14] = [
    "inherits='release'",
    "opt-level=3",
    "debug=false",
    "debug-assertions=false",
    // A panic costs one verdict, a wrong number is a wrong verdict.
    "overflow-checks=true",
    "strip=true",
    "lto='fat'",
    "codegen-units=1",
    "panic='abort'",
    "incremental=false",
    // What a workspace says of its own release profile does not count.
    "package.'*'.opt-level=3",
    "package.'*'.debug=false",
    "package.'*'.codegen-units=1",
    // Macros run once.
    "build-override.opt-level=0",
];

/// What the linker is told.
fn link_arguments(memory_kib: u32) -> [String; 2] {
    [format!("-zstack-size={STACK}"), format!("--initial-memory={}", u64::from(memory_kib) * 1024)]
}

/// All that is chosen here and can change the bytes, as text for the digest of the sources.
pub(crate) fn choices() -> String {
    format!("{PROFILE:?} {:?}", link_arguments(Plan::MEMORY_KIB))
}

/// Builds a crate into a core module.
pub fn build(plan: &Plan<'_>, compiler: &Compiler) -> Result<Built> {
    let folder = plan.folder.canonicalize().with_context(|| format!("cannot find {}", plan.folder.display()))?;
    let manifest = folder.join("Cargo.toml");
    ensure!(manifest.is_file(), "{} has no Cargo.toml", folder.display());
    println!("building {} (minutes the first time, seconds later)", folder.display());
    let output = command(plan, &folder, compiler)?.output().context("cannot run `cargo`")?;
    ensure!(output.status.success(), "cargo could not build {}", folder.display());
    artifact(&String::from_utf8_lossy(&output.stdout), &manifest)
}

fn command(plan: &Plan<'_>, folder: &Path, compiler: &Compiler) -> Result<Command> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit());
    cargo.args(["build", "--quiet", "--lib", "--message-format=json-render-diagnostics"]);
    cargo.args(["--profile", "policy", "--target", TARGET]).arg("--target-dir").arg(plan.target.join("policies"));
    if plan.locked {
        cargo.arg("--locked");
    }
    for line in PROFILE {
        cargo.args(["--config", &format!("profile.policy.{line}")]);
    }
    for name in ["RUSTC", "RUSTDOC", "RUSTFLAGS", "CARGO_BUILD_RUSTC", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    cargo.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "").env("CARGO_INCREMENTAL", "0");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(plan, folder, compiler)?);
    // Not among the flags: cargo hashes those into the names of symbols, and with them into their order.
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &compiler.linker);
    if let Some(foreign) = &compiler.foreign {
        cargo.env("RUSTC", &foreign.rustc).env("RUSTC_BOOTSTRAP", "1");
        cargo.env("LD_LIBRARY_PATH", env::join_paths(&foreign.libraries)?);
        cargo.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features="]);
    }
    Ok(cargo)
}

/// Compiler flags, in cargo's encoding. They win over every other source of flags.
fn flags(plan: &Plan<'_>, folder: &Path, compiler: &Compiler) -> Result<OsString> {
    let mut flags: Vec<OsString> =
        link_arguments(plan.memory_kib).map(|argument| format!("-Clink-arg={argument}").into()).into();
    // The last one that fits wins, so what lies within another comes after it.
    let remapped = [
        (plan.target.parent().unwrap_or(folder).to_owned(), "/plimsoll"),
        (folder.to_owned(), "/policy"),
        (cargo_home()?, "/cargo"),
        (compiler.sysroot.clone(), "/rustc"),
    ];
    for (from, to) in remapped {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flags.push(flag);
    }
    Ok(flags.join(std::ffi::OsStr::new("\u{1f}")))
}

fn cargo_home() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    home.context("neither CARGO_HOME nor a home folder is known")
}

/// Finds the module in cargo's messages.
fn artifact(messages: &str, manifest: &Path) -> Result<Built> {
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).with_context(|| format!("cargo printed `{line}`"))?;
        if message["reason"] != "compiler-artifact"
            || message["manifest_path"].as_str().map(Path::new) != Some(manifest)
        {
            continue;
        }
        let files = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if let Some(file) = files.into_iter().find(|file| file.ends_with(".wasm")) {
            let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
            let core = fs::read(file).with_context(|| format!("cannot read {file}"))?;
            return Ok(Built { package: name, core });
        }
    }
    bail!("{} builds no module: it needs `crate-type = [\"cdylib\", \"rlib\"]` below `[lib]`", manifest.display())
}
