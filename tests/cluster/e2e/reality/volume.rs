//! A volume of the node, in which the queue appears when the test wants it to.

use plimsoll_tests::{folder, worker};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, process::Command};
use tempfile::TempDir;

/// A folder that pods mount; what is called `later` in it becomes the folder of the queue.
pub(super) struct Volume(TempDir);

impl Volume {
    /// One with a migrated queue that is not yet where the worker looks for it.
    pub(super) fn new() -> Self {
        let volume = folder([("later/queue.db", "")]);
        let later = volume.path().join("later");
        let url = format!("sqlite://{}", later.join("queue.db").display());
        let migrate = worker::outcome(Command::new(worker::program()).args(["migrate", "--queue-url", &url]));
        assert_eq!(migrate.code, 0, "{migrate:?}");
        for path in [volume.path(), &later, &later.join("queue.db")] {
            // The worker of the image is another user.
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("a file of the test");
        }
        Volume(volume)
    }

    /// Has the only worker of a pod wait for it.
    pub(super) fn mount(&self, pod: &mut Value) {
        let spec = &mut pod["spec"];
        spec["initContainers"] = json!([]);
        spec["volumes"] = json!([{ "name": "data", "hostPath": { "path": self.0.path() } }]);
        spec["containers"][0]["env"][0]["value"] = json!("sqlite:///data/queue/queue.db");
    }

    /// From now on the worker finds its queue.
    pub(super) fn appear(&self) {
        let path = self.0.path();
        fs::rename(path.join("later"), path.join("queue")).expect("a folder of the test");
    }
}
