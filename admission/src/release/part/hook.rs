//! What Helm knows of its hooks.

use super::{
    super::{
        name::ObjectName,
        plan::Part,
        record::{HookRun, Record, Status},
    },
    Judging,
};

impl Judging<'_> {
    /// Whether a hook needs no look any more: Helm deletes hooks, and says `deployed` once all of them have succeeded.
    pub(super) fn hook_is_past(&self, part: &Part) -> bool {
        if part.hook.is_none() {
            return false;
        }
        match &self.world.record {
            Some(record) => succeeded(record, &part.name),
            // With a manifest alone nobody says whether it will come.
            None => self.world.job(&part.name).is_none() && self.world.pod(&part.name).is_none(),
        }
    }

    /// Whether Helm says that a hook succeeded.
    pub(super) fn hook_succeeded(&self, name: &ObjectName) -> bool {
        self.world.record.as_ref().is_some_and(|record| record.hooks.get(name) == Some(&HookRun::Succeeded))
    }
}

fn succeeded(record: &Record, name: &ObjectName) -> bool {
    record.status == Status::Deployed || record.hooks.get(name) == Some(&HookRun::Succeeded)
}
