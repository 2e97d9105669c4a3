//! A namespace for one test.

use super::command::{Seen, run};
use std::path::Path;

/// A user whom the webhook lets pass, as it does the control plane: how an object comes to be older than the webhook.
const BEFORE: [&str; 4] = ["--as", "system:kube-before-the-webhook", "--as-group", "system:masters"];

/// A namespace for one test; it ends with the cluster.
pub(crate) struct Namespace(String);

impl Namespace {
    /// A new one; its name begins with this.
    pub(crate) fn new(name: &str) -> Self {
        let manifest = format!("{{ apiVersion: v1, kind: Namespace, metadata: {{ generateName: {name}- }} }}");
        let made = run(Path::new("kubectl"), &["create", "-f", "-", "-o", "name"], &manifest).ok();
        Namespace(made.trim().trim_start_matches("namespace/").to_owned())
    }

    /// One that is there.
    pub(crate) fn existing(name: &str) -> Self {
        Namespace(name.to_owned())
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Runs `kubectl` here, with arguments that blanks separate.
    pub(crate) fn kubectl(&self, args: &str) -> Seen {
        self.kubectl_with(args, "")
    }

    /// The same with a manifest on standard input.
    pub(crate) fn kubectl_with(&self, args: &str, manifest: &str) -> Seen {
        let args: Vec<&str> = ["-n", &self.0].into_iter().chain(args.split(' ')).collect();
        run(Path::new("kubectl"), &args, manifest).without(&self.0)
    }

    /// Creates what the manifest says.
    pub(crate) fn create(&self, manifest: &str) -> Seen {
        self.kubectl_with("create -f -", manifest)
    }

    /// Creates it as if the webhook had not been there yet.
    pub(crate) fn create_before_the_webhook(&self, manifest: &str) {
        let args = [&["-n", &self.0, "create", "-f", "-"], BEFORE.as_slice()].concat();
        run(Path::new("kubectl"), &args, manifest).ok();
    }

    /// `kubectl patch` of an object, such as `deployment app`, with a JSON patch.
    pub(crate) fn patch(&self, object: &str, patch: &str) -> Seen {
        let args: Vec<&str> = ["-n", &self.0, "patch"].into_iter().chain(object.split(' ')).collect();
        run(Path::new("kubectl"), &[args.as_slice(), &["--type", "json", "-p", patch]].concat(), "").without(&self.0)
    }
}
