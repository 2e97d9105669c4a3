//! Helm and promtool, where they are installed.

use plimsoll_tests::{
    Outcome, folder,
    need::{in_path, need, or_skip},
    root,
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What stands for an image digest: the chart wants none in particular.
pub(crate) const DIGEST: &str = "image.digest=sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a";

/// A program that the machine has.
pub(crate) struct Tool(PathBuf);

impl Tool {
    /// Helm: as the test cluster has it, else in the path.
    pub(crate) fn helm() -> Option<Tool> {
        let folder = Command::new("tests/cluster/cluster").args(["path", "helm"]).current_dir(root()).output();
        let built =
            folder.ok().map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join("helm"));
        let found = built.filter(|file| file.is_file()).or_else(|| in_path("helm"));
        or_skip("helm", found.ok_or("`tests/cluster/cluster build helm` builds it")).map(Tool)
    }

    /// promtool, of Debian's package `prometheus`.
    pub(crate) fn promtool() -> Option<Tool> {
        need("promtool").map(Tool)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Runs it in the root of the checkout.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Outcome {
        let output = Command::new(&self.0).args(args).current_dir(root()).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Outcome { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// `helm template` with values, as `--set` has them; installed into the namespace `guard`.
    pub(crate) fn template(&self, values: &[&str]) -> Outcome {
        self.template_with(values, &json!({}))
    }

    fn template_with(&self, values: &[&str], file: &Value) -> Outcome {
        let folder = folder([("values.yaml", &file.to_string())]);
        let file = folder.path().join("values.yaml").display().to_string();
        self.template_chart(&["plimsoll", CHART, "--namespace", "guard", "--values", &file], values)
    }

    /// `helm template` with a release, a chart and flags, and with values as `--set` has them.
    pub(crate) fn template_chart(&self, what: &[&str], values: &[&str]) -> Outcome {
        let mut args = [&["template"], what].concat();
        args.extend(values.iter().flat_map(|value| ["--set", value]));
        self.run(args)
    }

    /// The objects of a rendered chart.
    pub(crate) fn objects(&self, values: &[&str]) -> Vec<Value> {
        self.objects_with(values, &json!({}))
    }

    /// The same, with a file of values.
    pub(crate) fn objects_with(&self, values: &[&str], file: &Value) -> Vec<Value> {
        parsed(values, &self.template_with(values, file))
    }
}

/// The objects of what was rendered.
#[track_caller]
pub(crate) fn parsed(values: &[&str], rendered: &Outcome) -> Vec<Value> {
    assert_eq!(rendered.code, 0, "{values:?}: {}", rendered.stderr);
    let documents = serde_yaml::Deserializer::from_str(&rendered.stdout);
    let objects = documents.map(|text| serde::Deserialize::deserialize(text).expect("a rendered object"));
    objects.filter(|object: &Value| !object.is_null()).collect()
}

/// From the root of the checkout.
pub(crate) const CHART: &str = "admission/chart";
