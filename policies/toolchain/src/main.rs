//! `plimsoll-toolchain builtin`, `plimsoll-toolchain component` and `plimsoll-toolchain compiler`.

use anyhow::{Context, Result, bail};
use plimsoll_toolchain::{Bytes, Compiler, Plan, Way};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "\
plimsoll-toolchain builtin [--check] [--compiler active|rustup|debian]
    builds policies/builtin/builtin.wasm and builtin.lock; --check compares instead of writing
plimsoll-toolchain component <CRATE FOLDER> [-o FILE] [--memory KIB] [--compiler active|rustup|debian]
    builds the policies of a crate into FILE, by default <crate name>.wasm in its folder;
    --memory is what an instance has at rest, 192 unless the linker says that the data need more
plimsoll-toolchain compiler [--compiler active|rustup|debian]
    finds a compiler for WebAssembly, or downloads one, and prints its name";

enum Job {
    Compiler,
    Builtin { check: bool },
    Component { folder: PathBuf, output: Option<PathBuf>, memory_kib: u32 },
}

fn main() -> ExitCode {
    match parse(env::args().skip(1)).and_then(|(job, ways)| run(job, &ways)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<(Job, Vec<Way>)> {
    let mut folder = None;
    let (mut check, mut output, mut memory_kib, mut ways) = (false, None, None, Way::ALL.to_vec());
    let job = arguments.next().unwrap_or_default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("`{argument}` needs a value\n{USAGE}"));
        match (job.as_str(), argument.as_str()) {
            (_, "--compiler") => ways = vec![value()?.parse()?],
            ("builtin", "--check") => check = true,
            ("component", "-o") => output = Some(PathBuf::from(value()?)),
            ("component", "--memory") => {
                memory_kib = Some(value()?.parse().context("`--memory` takes a number of KiB")?);
            }
            ("component", _) if folder.is_none() && !argument.starts_with('-') => {
                folder = Some(PathBuf::from(&argument));
            }
            _ => bail!("unexpected argument `{argument}`\n{USAGE}"),
        }
    }
    let job = match (job.as_str(), folder) {
        ("builtin", _) => Job::Builtin { check },
        ("compiler", _) => Job::Compiler,
        ("component", Some(folder)) => {
            Job::Component { folder, output, memory_kib: memory_kib.unwrap_or(Plan::MEMORY_KIB) }
        }
        _ => bail!("what shall be built?\n{USAGE}"),
    };
    Ok((job, ways))
}

fn run(job: Job, ways: &[Way]) -> Result<()> {
    match job {
        Job::Compiler => {
            let root = checkout(&env::current_dir()?).context("this is not within a checkout of Plimsoll")?;
            compiler(ways, &root.join("target"))?;
        }
        Job::Builtin { check: false } => {
            let root = checkout(&env::current_dir()?).context("this is not within a checkout of Plimsoll")?;
            let lock = plimsoll_toolchain::write(&root, &compiler(ways, &root.join("target"))?)?;
            println!("policies/builtin/builtin.wasm is {}", lock.bytes);
        }
        Job::Builtin { check: true } => {
            let root = checkout(&env::current_dir()?).context("this is not within a checkout of Plimsoll")?;
            match plimsoll_toolchain::check(&root, &compiler(ways, &root.join("target"))?)? {
                Bytes::Equal => println!("policies/builtin/builtin.wasm is what the sources say, byte for byte"),
                Bytes::NotCompared { committed, file } => println!(
                    "BYTES WERE NOT COMPARED: builtin.wasm was built with {committed}; this build is {}",
                    file.display()
                ),
            }
        }
        Job::Component { folder, output, memory_kib } => component(&folder, output, memory_kib, ways)?,
    }
    Ok(())
}

fn component(folder: &Path, output: Option<PathBuf>, memory_kib: u32, ways: &[Way]) -> Result<()> {
    let folder = folder.canonicalize().with_context(|| format!("{} is not there", folder.display()))?;
    // Crates within a checkout share its compiler and its build of the standard library.
    let target = checkout(&folder).unwrap_or_else(|| folder.clone()).join("target");
    let plan = Plan { folder: &folder, target: &target, memory_kib, locked: false };
    let built = plimsoll_toolchain::build(&plan, &compiler(ways, &target)?)?;
    let component = plimsoll_toolchain::encode(&built.core)?;
    let output = output.unwrap_or_else(|| folder.join(format!("{}.wasm", built.package)));
    fs::write(&output, &component).with_context(|| format!("cannot write {}", output.display()))?;
    println!("{} is {}, {} bytes", output.display(), plimsoll_toolchain::digest(&component), component.len());
    Ok(())
}

fn compiler(ways: &[Way], target: &Path) -> Result<Compiler> {
    let compiler = Compiler::find(ways, target)?;
    println!("compiler: {}", compiler.name);
    Ok(compiler)
}

/// The checkout of Plimsoll that a folder lies in.
fn checkout(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.join("policies/builtin/Cargo.toml").is_file()).map(Path::to_owned)
}
