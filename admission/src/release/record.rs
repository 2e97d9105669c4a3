//! What Helm says of a release.

use super::name::ObjectName;
use std::collections::BTreeMap;

/// The record of one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// From 1.
    pub revision: u32,
    /// How far Helm is.
    pub status: Status,
    /// In Helm's words: `Upgrade complete`.
    pub description: String,
    /// How its hooks went.
    pub hooks: BTreeMap<ObjectName, HookRun>,
    /// A later revision, once there is one.
    pub newer: Option<u32>,
}

/// How far Helm is with a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `pending-install`, `pending-upgrade`, `pending-rollback`: objects are applied, hooks run, or `--wait` waits.
    Pending,
    /// Everything was applied, and all hooks succeeded.
    Deployed,
    /// Helm gave up.
    Failed,
    /// A later one replaced it, or it was uninstalled.
    Replaced,
}

/// How a hook went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum HookRun {
    Running,
    Succeeded,
    Failed,
}
