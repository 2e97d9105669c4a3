//! `plimsoll.yaml`: found, read, checked once.
//!
//! [`ConfigFile`] is what is written, with everything that is wrong with it. [`ConfigFile::check`] adds what only the
//! loaded policies can tell, and makes a [`Config`] of it, which nobody has to doubt.

mod config_text;
mod entry;
mod file;
pub(super) mod glob;
mod webhook;

pub use entry::{About, Complaint};
pub use glob::LENGTH as GLOB_BYTES;
pub use webhook::{Mode, OnFailure, Webhook};

use crate::{
    bounded_file, did_you_mean,
    finding::{self, LocatedProblem},
    judge::exceptions::{Annotations, Exception},
    judge::host_rules,
    judge::policy_set::{Choice, ChoiceError, ChoicePlace, Profile},
    manifest::{CustomKind, Single, api::Version},
};
use config_text::ConfigText;
use globset::GlobMatcher;
use plimsoll_policy::{Finding, Level, Pointer};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

/// Name of the file.
pub const FILE_NAME: &str = "plimsoll.yaml";

/// Most bytes of it; a ConfigMap has no more.
pub const FILE_BYTES: usize = 1 << 20;

/// What is written, not yet held against the policies that there are.
#[derive(Debug, Default)]
pub struct ConfigFile {
    source: ConfigText,
    value: Value,
    written: file::Written,
    complaints: Vec<Complaint>,
    /// It did not even parse.
    broken: Option<LocatedProblem>,
}

/// A configuration that makes sense. The default is what holds without a file.
#[derive(Debug, Default)]
pub struct Config {
    /// The profile, if it says so.
    pub profile: Option<Profile>,
    /// What it changes about policies.
    pub policies: Policies,
    /// Exceptions.
    pub exceptions: Vec<Exception>,
    /// Whether annotations and comments may grant exceptions, if it says so.
    pub annotations: Option<Annotations>,
    /// Globs of files that a scan of a folder leaves out.
    pub exclude: Vec<String>,
    /// Custom kinds with a pod template.
    pub workloads: Vec<CustomKind>,
    /// How the webhook answers.
    pub webhook: Webhook,
    source: ConfigText,
}

/// What is changed about policies, by their ids.
pub type Choices = BTreeMap<String, Choice>;

/// What is changed about policies, and where.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// For all namespaces.
    pub choices: Choices,
    /// For some; all that match apply, a later one over an earlier one.
    pub namespaces: Vec<NamespaceChoices>,
}

/// What is changed about policies for some namespaces.
#[derive(Debug, Clone)]
pub struct NamespaceChoices {
    /// Which.
    pub pattern: GlobMatcher,
    /// What is changed.
    pub choices: Choices,
    /// What the webhook does with findings at `deny` there, if it says so.
    pub mode: Option<Mode>,
    /// JSON pointer of the entry.
    pub pointer: Pointer,
}

/// A module that brings policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModulePath {
    /// The file.
    pub path: PathBuf,
    /// Where it is named, as a JSON pointer.
    pub pointer: Pointer,
}

/// The configuration in this folder, or in the nearest one above; as a path from this folder, as people would name it.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let height = folder.ancestors().position(|folder| folder.join(FILE_NAME).is_file())?;
    let mut path: PathBuf = std::iter::repeat_n("..", height).collect();
    path.push(FILE_NAME);
    Some(path)
}

/// A value of ours as YAML.
///
/// # Errors
/// It has what YAML has not.
pub fn yaml(value: &impl serde::Serialize) -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(value)
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read at all, or is larger than [`FILE_BYTES`].
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(Self::parse(path, bounded_file::read_text(path, FILE_BYTES)?))
    }

    /// Takes a text for the contents of a file; paths in it are relative to the folder of that.
    pub fn parse(path: &Path, text: String) -> Self {
        let source = ConfigText { path: path.display().to_string().into(), text };
        let value = Single::new(&source.text).and_then(|_| source.value());
        match value {
            Ok(value) => {
                let (written, complaints) = file::read(&value, path.parent().unwrap_or(Path::new("")));
                ConfigFile { source, value, written, complaints, broken: None }
            }
            Err(problem) => {
                let broken = Some(source.problem(problem));
                ConfigFile { source, broken, ..ConfigFile::default() }
            }
        }
    }

    /// What is written of the profile.
    pub fn profile(&self) -> Option<Profile> {
        self.written.profile
    }

    /// What is written of the version of Kubernetes.
    pub fn kubernetes(&self) -> Option<Version> {
        self.written.kubernetes
    }

    /// What is written of policies.
    pub fn policies(&self) -> &Policies {
        &self.written.policies
    }

    /// The modules to load.
    pub fn modules(&self) -> &[ModulePath] {
        &self.written.modules
    }

    /// What a set of policies complains of, if this file is where it comes from. `namespace` is the entry of
    /// [`Policies::namespaces`] that the set was made with.
    pub fn complaint(&self, error: &ChoiceError, namespace: Option<usize>) -> Option<Complaint> {
        let (about, pointer) = match &error.place {
            ChoicePlace::Key(pointer) => (About::Key, pointer),
            ChoicePlace::Value(pointer) => (About::Value, pointer),
            ChoicePlace::Override(_) => return None,
        };
        let here = namespace.and_then(|index| self.written.policies.namespaces.get(index)).and_then(|entry| {
            let pointer = Pointer::from(format!("{}/policies{pointer}", entry.pointer));
            pointer.find(&self.value).map(|_| pointer.clone())
        });
        let pointer = here.unwrap_or_else(|| Pointer::from(format!("/policies{pointer}")));
        Some(Complaint { pointer, about, message: error.message.clone() })
    }

    /// Holds it against the rules that there are. `complaints` are those of the sets of policies about
    /// [`Self::policies`], and of the engine about [`Self::modules`].
    ///
    /// # Errors
    /// Everything that is wrong, in the order of lines.
    pub fn check<'a>(
        mut self,
        rules: impl IntoIterator<Item = &'a str>,
        complaints: impl IntoIterator<Item = Complaint>,
    ) -> Result<Config, Vec<LocatedProblem>> {
        if let Some(broken) = self.broken {
            return Err(vec![broken]);
        }
        self.complaints.extend(complaints);
        self.check_exceptions(&rules.into_iter().collect());
        if self.complaints.is_empty() {
            let file::Written {
                profile,
                kubernetes: _,
                policies,
                exceptions,
                annotations,
                exclude,
                workloads,
                webhook,
                modules: _,
                excepted: _,
            } = self.written;
            return Ok(Config {
                profile,
                policies,
                exceptions,
                annotations,
                exclude,
                workloads,
                webhook,
                source: self.source,
            });
        }
        Err(self.source.problems(self.complaints))
    }

    fn check_exceptions(&mut self, rules: &BTreeSet<&str>) {
        for (rule, pointer) in &self.written.excepted {
            let message = if host_rules::RULES.iter().any(|host| host.name == *rule) {
                format!("`{rule}` cannot be excepted; set its level under policies: plimsoll: rules:")
            } else if rules.contains(rule.as_str()) {
                continue;
            } else {
                did_you_mean::unknown("rule", rule, rules.iter().copied())
            };
            self.complaints.push(Complaint::value(pointer.as_str(), message));
        }
    }
}

impl Policies {
    /// The entries of [`Policies::namespaces`] that match a namespace, by index: equal lists mean equal choices.
    pub fn matching(&self, namespace: Option<&str>) -> Vec<usize> {
        let namespace = namespace.unwrap_or_default();
        let entries = self.namespaces.iter().enumerate();
        entries.filter(|(_, entry)| entry.pattern.is_match(namespace)).map(|(index, _)| index).collect()
    }

    /// What is changed where these entries match.
    pub fn choices_of(&self, matching: &[usize]) -> Choices {
        let mut choices = self.choices.clone();
        for entry in matching.iter().filter_map(|index| self.namespaces.get(*index)) {
            overlay(&mut choices, &entry.choices);
        }
        choices
    }
}

/// Puts some choices over others: field by field of the settings, rule by rule.
fn overlay(under: &mut Choices, over: &Choices) {
    for (id, choice) in over {
        let under = under.entry(id.clone()).or_default();
        under.levels.extend(choice.levels.iter().map(|(rule, level)| (rule.clone(), *level)));
        match (&mut under.settings, &choice.settings) {
            (Value::Object(under), Value::Object(over)) => under.extend(over.clone()),
            (_, Value::Null) => {}
            (under, over) => *under = over.clone(),
        }
    }
}

impl Config {
    /// The folder that it stands in, as the user named it; the working folder where there is no configuration.
    pub fn folder(&self) -> &Path {
        Path::new(&*self.source.path).parent().unwrap_or(Path::new(""))
    }

    /// What the webhook does with findings at `deny` in a namespace; a later entry wins over an earlier one.
    pub fn mode(&self, namespace: Option<&str>) -> Mode {
        let matching = self.policies.matching(namespace).into_iter().rev();
        let here = matching.filter_map(|index| self.policies.namespaces.get(index)?.mode).next();
        here.or(self.webhook.mode).unwrap_or_default()
    }

    /// What it means in a namespace that a policy gives no verdict; `otherwise` where nothing is written. In the mode
    /// `warn` nothing refuses.
    pub fn on_failure(&self, policy: &str, namespace: Option<&str>, otherwise: OnFailure) -> OnFailure {
        match self.mode(namespace) {
            Mode::Warn => OnFailure::Allow,
            Mode::Enforce => self.webhook.on_failure(policy, otherwise),
        }
    }

    /// Turns a finding about the configuration, such as an exception that has ended, into one for the report.
    pub fn finding(&self, finding: Finding, level: Level) -> finding::Finding {
        // The message tells two exceptions from the same rule apart, however they are ordered.
        let text = finding.message.clone();
        let place = self.source.place(&finding.pointer);
        finding::Finding::of_text(host_rules::POLICY, level, finding, place, &text)
    }
}

#[cfg(test)]
mod tests;
