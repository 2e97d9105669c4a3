//! Manifests that a program renders: a chart by `helm template`, a kustomization by `kustomize build` or `kubectl
//! kustomize`. It is the user's own program, and what it says when it fails is shown.
//!
//! A finding in what was rendered is told at the file that has to be changed: of a chart, the template that Helm names
//! stays beside the place in the rendered text; of a kustomization, the place is in the file of the base, if the field is
//! there with the same value.

mod command;
mod origins;

pub use command::TIME;

use crate::{
    finding::{Finding, Template},
    manifest::api::Version,
    paths::{from_folder, plain},
};
use anyhow::{Context, Result, bail};
use origins::Origins;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// How to render a chart.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    /// A folder, an archive, or whatever else Helm takes.
    pub chart: String,
    /// Files of values.
    pub values: Vec<PathBuf>,
    /// Single values: `key=value`.
    pub set: Vec<String>,
    /// The namespace of the release.
    pub namespace: Option<String>,
    /// The version of Kubernetes that it is rendered for.
    pub kubernetes: Option<Version>,
}

/// What was rendered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rendered {
    /// `<helm deploy/chart>`: it is in no file.
    pub name: String,
    /// All documents.
    pub text: Vec<u8>,
    from: From,
}

/// What it was rendered from, so far as it is here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    /// The folder of a chart, as the user named it; none where it is an archive, or elsewhere.
    Chart(Option<PathBuf>),
    /// The folder that origins are told from; absolute.
    Kustomization(PathBuf),
}

/// Renders a chart.
///
/// # Errors
/// Helm is not there, fails, takes too long, or prints too much.
pub fn chart(chart: &Chart) -> Result<Rendered> {
    let mut helm = Command::new("helm");
    helm.args(["template", &chart.chart]);
    for file in &chart.values {
        helm.arg("--values").arg(file);
    }
    for value in &chart.set {
        helm.args(["--set", value]);
    }
    helm.args(chart.namespace.iter().flat_map(|name| ["--namespace", name]));
    if let Some(version) = chart.kubernetes {
        helm.args(["--kube-version", &version.to_string()]);
    }
    let text = command::output(&mut helm)?;
    let folder = Path::new(&chart.chart).is_dir().then(|| PathBuf::from(&chart.chart));
    Ok(Rendered { name: format!("<helm {}>", chart.chart), text, from: From::Chart(folder) })
}

/// Renders the kustomization of a folder. A kustomization around it asks for the origin of each object.
///
/// # Errors
/// There is neither kustomize nor kubectl, or it fails, takes too long, or prints too much.
pub fn kustomization(folder: &Path) -> Result<Rendered> {
    let target = fs::canonicalize(folder).with_context(|| format!("--kustomize {}", folder.display()))?;
    if !target.is_dir() {
        bail!("--kustomize {}: this is a file; name the folder of the kustomization", folder.display());
    }
    let around = wrapper(&target).context("a temporary folder for a kustomization around it")?;
    let root = fs::canonicalize(around.path())?;
    let mut kustomize = match command::is_there("kustomize") {
        true => command::with_words("kustomize", &["build"]),
        false => command::with_words("kubectl", &["kustomize"]),
    };
    let text = command::output(kustomize.arg(&root))?;
    Ok(Rendered { name: format!("<kustomize {}>", folder.display()), text, from: From::Kustomization(root) })
}

/// Kustomize takes no absolute path of a folder.
fn wrapper(target: &Path) -> Result<TempDir> {
    let around = tempfile::Builder::new().prefix("plimsoll-").tempdir()?;
    let root = fs::canonicalize(around.path())?;
    let target = serde_json::to_string(&from_folder(&root, target))?;
    // JSON is YAML, and quotes whatever a path may have.
    let text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nbuildMetadata: [originAnnotations]\nresources: [{target}]\n"
    );
    fs::write(root.join("kustomization.yaml"), text)?;
    Ok(around)
}

impl Rendered {
    /// Tells findings at what they were rendered from. Paths are named from the working folder, and so many lines around
    /// a place are kept.
    pub(super) fn trace_back(&self, findings: &mut [Finding], working: &Path, lines_around: usize) {
        match &self.from {
            From::Chart(None) => {}
            From::Chart(Some(folder)) => {
                findings.iter_mut().filter_map(|finding| finding.template.as_mut()).for_each(|it| in_chart(it, folder));
            }
            From::Kustomization(root) => {
                if let Ok(text) = std::str::from_utf8(&self.text) {
                    Origins { text, name: &self.name, root, working, lines_around }.trace_back(findings);
                }
            }
        }
        // What fixes the rendered object may not fit to what it was rendered from.
        findings.iter_mut().for_each(|finding| finding.fix = None);
    }
}

/// Helm writes the name of the chart instead of its folder. Subcharts may be archives.
fn in_chart(template: &mut Template, folder: &Path) {
    let Some((_, below)) = template.path.split_once('/') else { return };
    let file = folder.join(below);
    if file.is_file() && plain(Path::new(below)) == Path::new(below) {
        *template = Template { path: file.display().to_string().into(), is_file: true };
    }
}
