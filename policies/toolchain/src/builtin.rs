//! The built-in policies: built and committed, or built and compared.

use crate::{Compiler, Lock, Plan, build, compiler::is_canonical, digest, encode, source_digest};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

const COMPONENT: &str = "policies/builtin/builtin.wasm";

/// How the committed bytes stand to those just built.
#[derive(Debug)]
pub enum Bytes {
    /// They are the same.
    Equal,
    /// Another compiler built the committed ones, so that nothing follows from a difference.
    NotCompared {
        /// That compiler.
        committed: String,
        /// What was built now.
        file: PathBuf,
    },
}

/// Builds the component and its lock into a checkout.
pub fn write(root: &Path, compiler: &Compiler) -> Result<Lock> {
    let sources = source_digest(root)?;
    let component = component(root, compiler)?;
    ensure!(sources == source_digest(root)?, "the policies changed while they were built: try again");
    let lock = Lock { sources, bytes: digest(&component), compiler: compiler.name.clone() };
    for (path, contents) in [(COMPONENT, component), (Lock::PATH, lock.to_string().into_bytes())] {
        fs::write(root.join(path), contents).with_context(|| format!("cannot write {path}"))?;
    }
    if !compiler.is_canonical() {
        println!("note: what is committed is built by Debian's rustc-web; CI will ask for its bytes");
    }
    Ok(lock)
}

/// Builds the component and compares it with what is committed.
///
/// # Errors
/// The lock or the committed component is not what the sources say.
pub fn check(root: &Path, compiler: &Compiler) -> Result<Bytes> {
    let lock = Lock::read(root)?;
    ensure!(
        lock.sources == source_digest(root)?,
        "the policies changed: type `make policies` and commit what it writes"
    );
    let committed = fs::read(root.join(COMPONENT)).with_context(|| format!("cannot read {COMPONENT}"))?;
    ensure!(lock.bytes == digest(&committed), "{COMPONENT} is not the file that its lock names: type `make policies`");
    let built = component(root, compiler)?;
    let file = root.join("target/policies/builtin.wasm");
    fs::write(&file, &built).with_context(|| format!("cannot write {}", file.display()))?;
    if lock.compiler == compiler.name {
        ensure!(
            built == committed,
            "the same sources and the same compiler gave other bytes: compare {COMPONENT} with {}",
            file.display()
        );
        return Ok(Bytes::Equal);
    }
    // Otherwise a change of the compiler in the lock would be enough to commit bytes that nobody compares.
    if compiler.is_canonical() && !is_canonical(&lock.compiler) {
        bail!(
            "{COMPONENT} was built by {}, and here is the canonical compiler: type `make policies`, or commit {}",
            lock.compiler,
            file.display()
        );
    }
    Ok(Bytes::NotCompared { committed: lock.compiler, file })
}

fn component(root: &Path, compiler: &Compiler) -> Result<Vec<u8>> {
    let folder = root.join("policies/builtin");
    let plan = Plan { folder: &folder, target: &root.join("target"), memory_kib: Plan::MEMORY_KIB, locked: true };
    encode(&build(&plan, compiler)?.core)
}
