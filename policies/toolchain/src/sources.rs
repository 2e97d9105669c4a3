//! What the bytes of the built-in policies follow from, as one digest: the policies' sources, the versions that
//! `Cargo.lock` gives the crates they are built from, what the workspace lends them, and the choices made here.
//!
//! An unrelated change, in `admission` or in a crate that only the host uses, leaves it as it is.

use crate::{cargo, lock::digest};
use anyhow::{Context, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const BUILTIN: &str = "plimsoll-builtin";
const TOOLCHAIN: &str = "plimsoll-toolchain";
const ENCODER: &str = "wit-component";

/// Digest of everything that can change the bytes of the built-in policies of a checkout, the compiler apart.
pub fn source_digest(root: &Path) -> Result<String> {
    let lock = read(&root.join("Cargo.lock"))?;
    let workspace = read(&root.join("Cargo.toml"))?;
    let crates = crates(root)?;
    let packages = locked(&lock, &crates)?;
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name).collect();

    let mut text = format!("{}\n{}", cargo::choices(), section(&workspace, "[workspace.package]"));
    for line in section(&workspace, "[workspace.dependencies]").lines() {
        if line.split_once(" = ").is_some_and(|(name, _)| names.contains(name)) {
            text += &format!("{line}\n");
        }
    }
    for package in &packages {
        text += &format!("{} {} {}\n", package.name, package.version, package.checksum);
    }
    for (name, policy) in &crates {
        if names.contains(name.as_str()) && name != TOOLCHAIN {
            for (path, contents) in &policy.files {
                text += &format!("{path} {}\n", digest(contents));
            }
        }
    }
    Ok(digest(text.as_bytes()))
}

/// A crate below `policies/`.
struct Crate {
    manifest: String,
    /// Path in the checkout, and contents.
    files: BTreeMap<String, Vec<u8>>,
}

fn crates(root: &Path) -> Result<BTreeMap<String, Crate>> {
    let mut crates = BTreeMap::new();
    for entry in fs::read_dir(root.join("policies")).context("cannot list policies/")? {
        let entry = entry?;
        let (folder, path) = (entry.path(), format!("policies/{}", entry.file_name().to_string_lossy()));
        if !folder.join("Cargo.toml").is_file() {
            continue;
        }
        let manifest = read(&folder.join("Cargo.toml"))?;
        let mut files = BTreeMap::new();
        for part in ["Cargo.toml", "README.md", "build.rs", "src", "wit"] {
            collect(&folder.join(part), &format!("{path}/{part}"), &mut files)?;
        }
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        let name = name.with_context(|| format!("{path}/Cargo.toml has no name"))?.to_owned();
        crates.insert(name, Crate { manifest, files });
    }
    Ok(crates)
}

fn collect(file: &Path, path: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    if file.is_dir() {
        for entry in fs::read_dir(file)? {
            let entry = entry?;
            collect(&entry.path(), &format!("{path}/{}", entry.file_name().to_string_lossy()), files)?;
        }
    } else if file.is_file() {
        files.insert(path.to_owned(), fs::read(file).with_context(|| format!("cannot read {path}"))?);
    }
    Ok(())
}

/// One entry of `Cargo.lock`.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    /// Empty for a crate of this workspace.
    checksum: &'a str,
    /// `name`, or `name version` where the lock has several.
    dependencies: Vec<&'a str>,
}

/// What the built-in policies, and the encoder that finishes them, are built from. Crates that only tests of ours
/// use do not count.
fn locked<'a>(lock: &'a str, crates: &BTreeMap<String, Crate>) -> Result<BTreeSet<Package<'a>>> {
    let all: Vec<Package<'a>> = lock.split("\n[[package]]\n").skip(1).map(package).collect();
    let find = |dependency: &str| {
        let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
        all.iter().position(|package| package.name == name && (version.is_empty() || package.version == version))
    };
    let tool = find(TOOLCHAIN).with_context(|| format!("Cargo.lock has no {TOOLCHAIN}"))?;
    let encoder = all[tool].dependencies.iter().find(|name| name.split(' ').next() == Some(ENCODER));
    let mut open = vec![BUILTIN, encoder.with_context(|| format!("Cargo.lock: {TOOLCHAIN} uses no {ENCODER}"))?];
    let mut seen = BTreeSet::new();
    while let Some(dependency) = open.pop() {
        let index = find(dependency).with_context(|| format!("Cargo.lock has no {dependency}"))?;
        if seen.insert(index) {
            let for_tests = crates.get(all[index].name).map(|policy| for_tests(&policy.manifest)).unwrap_or_default();
            let name = |dependency: &&&str| !for_tests.contains(dependency.split(' ').next().unwrap_or_default());
            open.extend(all[index].dependencies.iter().filter(name));
        }
    }
    let mut packages: Vec<_> = all.into_iter().map(Some).collect();
    Ok(seen.into_iter().filter_map(|index| packages[index].take()).collect())
}

fn package(text: &str) -> Package<'_> {
    let mut package = Package::default();
    for line in text.lines() {
        let value = |key| Some(str::strip_prefix(line, key)?.trim_matches('"'));
        if let Some(name) = value("name = ") {
            package.name = name;
        } else if let Some(version) = value("version = ") {
            package.version = version;
        } else if let Some(checksum) = value("checksum = ") {
            package.checksum = checksum;
        } else if let Some(dependency) = line.strip_prefix(" \"").and_then(|line| line.strip_suffix("\",")) {
            package.dependencies.push(dependency);
        }
    }
    package
}

/// The dependencies that a manifest names only for tests.
fn for_tests(manifest: &str) -> BTreeSet<&str> {
    let (mut build, mut tests) = (BTreeSet::new(), BTreeSet::new());
    let mut list = None;
    for line in manifest.lines() {
        if line.starts_with('[') {
            list = match line {
                _ if line.ends_with("dev-dependencies]") => Some(&mut tests),
                _ if line.ends_with("dependencies]") => Some(&mut build),
                _ => None,
            };
        } else if let (Some(list), Some((name, _))) = (&mut list, line.split_once(['.', ' '])) {
            list.insert(name);
        }
    }
    &tests - &build
}

/// A section of a manifest: the lines between its heading and the next.
fn section<'a>(manifest: &'a str, heading: &str) -> &'a str {
    let after = manifest.split_once(heading).map_or("", |(_, after)| after);
    after.split_once("\n[").map_or(after, |(section, _)| section)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests;
