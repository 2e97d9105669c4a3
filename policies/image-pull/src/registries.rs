//! Settings that list registries: hosts, each with its port where the references have one, and globs.

use crate::reference::Reference;
use plimsoll_policy::glob;

/// Whether the list holds the registry of an image.
pub(crate) fn hold(registries: &[String], reference: &Reference<'_>) -> bool {
    registries.iter().any(|host| glob::matches(host, reference.repository.registry))
}

/// Refuses what cannot be a registry's host.
pub(crate) fn validate(setting: &str, registries: &[String]) -> Result<(), String> {
    let is_possible = |c: char| c.is_ascii_alphanumeric() || ".-:[]*?".contains(c);
    match registries.iter().find(|host| host.is_empty() || !host.chars().all(is_possible)) {
        None => Ok(()),
        Some(host) => Err(format!(
            "{setting}: `{host}` is not a registry's host; write it as images do, `registry.example.com:5000`, without \
             a scheme and a path"
        )),
    }
}
