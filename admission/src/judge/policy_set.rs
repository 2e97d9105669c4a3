//! Which policies run, with which settings and levels.
//!
//! Several sets can share the modules they run: one for each namespace that has levels of its own.

use crate::{
    did_you_mean,
    engine::Module,
    judge::{api_rules, host_rules},
    manifest::api::Version,
};
use plimsoll_policy::{Description, Level, Levels, Pointer, Rule, Run};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Which levels rules have that nobody configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What breaks is denied.
    #[default]
    Default,
    /// What is not as it should be is denied.
    Strict,
}

/// What the configuration says of one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Choice {
    /// A JSON object; null stands for an empty one.
    pub settings: Value,
    /// Levels of its rules.
    pub levels: BTreeMap<String, Level>,
}

/// Why a set cannot be made as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceError {
    /// What it is about.
    pub place: ChoicePlace,
    /// What was found and what to do: lower case, no full stop at the end.
    pub message: String,
}

/// What a [`ChoiceError`] is about; pointers are JSON pointers below `policies`: `/image-pull/rules/latest-tagg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChoicePlace {
    /// The name of a field.
    Key(Pointer),
    /// What a field holds.
    Value(Pointer),
    /// A rule named outside the configuration, as with `--rule`.
    Override(String),
}

/// A rule and the levels that it has in a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLevels {
    /// Id of its policy.
    pub policy: String,
    /// The rule.
    pub rule: Rule,
    /// The level of an ordinary finding.
    pub level: Level,
    /// The level of a finding that is escalated, if that has levels of its own.
    pub escalated: Option<Level>,
}

/// Policies with their settings and levels.
pub struct PolicySet {
    groups: Vec<Group>,
    rules: Vec<RuleLevels>,
    by_name: BTreeMap<String, usize>,
    /// Whether the host's own rules about the API are asked.
    judges_api: bool,
    digest: String,
}

/// The policies of one module that have anything to look for.
pub(crate) struct Group {
    pub(crate) module: Arc<Module>,
    pub(crate) runs: Vec<Run>,
    /// Those of the runs that have rules about a set.
    pub(crate) set_runs: Vec<Run>,
    /// The policies that want to see the whole object.
    pub(crate) wants_raw: BTreeSet<String>,
}

impl PolicySet {
    /// A set that runs every policy of the modules.
    ///
    /// `overrides` are levels of rules that win over those of `choices`. The rules of the host itself
    /// ([`host_rules`]) have their levels here as well.
    ///
    /// # Errors
    /// Everything that is wrong with the choices, not only the first.
    pub fn new(
        modules: &[Arc<Module>],
        profile: Profile,
        choices: &BTreeMap<String, Choice>,
        overrides: &BTreeMap<String, Level>,
    ) -> Result<Self, Vec<ChoiceError>> {
        let host = host_rules::descriptions();
        let described: Vec<&Description> =
            modules.iter().flat_map(|module| module.descriptions()).chain(&host).collect();
        let mut errors = duplicates(&described);
        errors.extend(unknown_names(&described, choices, overrides));

        let levels = |description: &Description| rule_levels(description, profile, choices, overrides);
        let rules: Vec<RuleLevels> = described.iter().flat_map(|description| levels(description)).collect();
        let mut groups = Vec::new();
        for module in modules {
            match Group::new(module, choices, levels) {
                Ok(group) => groups.push(group),
                Err(wrong) => errors.extend(wrong),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let by_name = rules.iter().enumerate().map(|(index, levels)| (levels.rule.name.to_string(), index)).collect();
        let digest = digest(&groups, &rules, Version::default());
        Ok(PolicySet { groups, rules, by_name, judges_api: true, digest })
    }

    /// The same set for objects that are for a version of Kubernetes, which the digest tells.
    pub fn on(self, kubernetes: Version) -> Self {
        let digest = digest(&self.groups, &self.rules, kubernetes);
        PolicySet { digest, ..self }
    }

    /// Every rule with its levels, in the order of modules, policies and rules; those of the host come last.
    pub fn rules(&self) -> &[RuleLevels] {
        &self.rules
    }

    /// The rule of that name, with its levels.
    pub fn rule(&self, name: &str) -> Option<&RuleLevels> {
        self.by_name.get(name).map(|index| &self.rules[*index])
    }

    /// The level of ordinary findings of a rule; off for one that is unknown.
    pub fn level(&self, rule: &str) -> Level {
        self.rule(rule).map_or(Level::Off, |levels| levels.level)
    }

    /// The same set with one of its policies only; none where it has no such policy.
    pub fn only(&self, policy: &str) -> Option<PolicySet> {
        self.rules.iter().any(|rule| rule.policy == policy).then(|| PolicySet {
            groups: self.groups.iter().map(|group| group.only(policy)).collect(),
            rules: self.rules.clone(),
            by_name: self.by_name.clone(),
            judges_api: policy == api_rules::POLICY,
            digest: self.digest.clone(),
        })
    }

    /// Whether a policy has rules about a set of objects.
    pub fn wants_set(&self) -> bool {
        self.groups.iter().any(|group| !group.set_runs.is_empty())
    }

    /// `sha256:…` over modules, settings, levels and the version of Kubernetes: two sets with the same digest judge alike.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(crate) fn judges_api(&self) -> bool {
        self.judges_api
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

impl RuleLevels {
    /// The level of a finding.
    pub fn of(&self, escalated: bool) -> Level {
        self.escalated.filter(|_| escalated).unwrap_or(self.level)
    }

    fn is_off(&self) -> bool {
        self.level == Level::Off && self.escalated.unwrap_or(Level::Off) == Level::Off
    }
}

impl Group {
    fn only(&self, policy: &str) -> Group {
        let of_policy = |runs: &[Run]| runs.iter().filter(|run| run.policy == policy).cloned().collect();
        let (runs, set_runs) = (of_policy(&self.runs), of_policy(&self.set_runs));
        Group { module: self.module.clone(), runs, set_runs, wants_raw: self.wants_raw.clone() }
    }

    fn new(
        module: &Arc<Module>,
        choices: &BTreeMap<String, Choice>,
        levels: impl Fn(&Description) -> Vec<RuleLevels>,
    ) -> Result<Self, Vec<ChoiceError>> {
        let (mut runs, mut errors) = (Vec::new(), Vec::new());
        let (mut set_runs, mut wants_raw) = (Vec::new(), BTreeSet::new());
        for description in module.descriptions() {
            let settings = match configure(module, description, choices.get(&description.id)) {
                Ok(settings) => settings,
                Err(wrong) => {
                    errors.extend(wrong);
                    continue;
                }
            };
            let (off, on): (Vec<_>, Vec<_>) = levels(description).into_iter().partition(RuleLevels::is_off);
            if on.is_empty() {
                continue;
            }
            wants_raw.extend(description.wants_raw.then(|| description.id.clone()));
            let off = off.into_iter().map(|levels| levels.rule.name.into_owned()).collect();
            let run = Run { policy: description.id.clone(), settings, off };
            set_runs.extend(description.wants_set.then(|| run.clone()));
            runs.push(run);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Group { module: module.clone(), runs, set_runs, wants_raw })
    }
}

fn duplicates(described: &[&Description]) -> Vec<ChoiceError> {
    let (mut policies, mut rules) = (BTreeSet::new(), BTreeMap::new());
    let mut errors = Vec::new();
    for description in described {
        let id = description.id.as_str();
        if !policies.insert(id) {
            errors.push(ChoiceError {
                place: ChoicePlace::Key(Pointer::ROOT.step(id)),
                message: format!("there are two policies `{id}`; rename that of the module"),
            });
            continue;
        }
        for rule in &description.rules {
            if let Some(other) = rules.insert(rule.name.as_ref(), id) {
                let message = format!("the rule `{}` belongs to `{other}` and to `{id}`; rename one", rule.name);
                errors.push(ChoiceError { place: ChoicePlace::Key(Pointer::ROOT.step(id)), message });
            }
        }
    }
    errors
}

fn unknown_names(
    described: &[&Description],
    choices: &BTreeMap<String, Choice>,
    overrides: &BTreeMap<String, Level>,
) -> Vec<ChoiceError> {
    let mut errors = Vec::new();
    for (id, choice) in choices {
        let pointer = Pointer::ROOT.step(id);
        let Some(description) = described.iter().find(|description| description.id == *id) else {
            let message = did_you_mean::unknown("policy", id, described.iter().map(|known| known.id.as_str()));
            errors.push(ChoiceError { place: ChoicePlace::Key(pointer), message });
            continue;
        };
        for (rule, message) in unknown_rules(choice.levels.keys(), &[description]) {
            errors.push(ChoiceError { place: ChoicePlace::Key(pointer.join("rules").step(rule)), message });
        }
    }
    for (rule, message) in unknown_rules(overrides.keys(), described) {
        errors.push(ChoiceError { place: ChoicePlace::Override(rule.to_owned()), message });
    }
    errors
}

/// Names that are no rule of the policies, and what to say of each.
fn unknown_rules<'a>(names: impl Iterator<Item = &'a String>, described: &[&Description]) -> Vec<(&'a str, String)> {
    let known: BTreeSet<&str> =
        described.iter().flat_map(|description| &description.rules).map(|rule| rule.name.as_ref()).collect();
    names
        .filter(|name| !known.contains(name.as_str()))
        .map(|name| (name.as_str(), did_you_mean::unknown("rule", name, known.iter().copied())))
        .collect()
}

/// A configured level replaces both levels of a rule.
fn rule_levels(
    description: &Description,
    profile: Profile,
    choices: &BTreeMap<String, Choice>,
    overrides: &BTreeMap<String, Level>,
) -> Vec<RuleLevels> {
    let configured = choices.get(&description.id).map(|choice| &choice.levels);
    let of_profile = |levels: Levels| match profile {
        Profile::Default => levels.default,
        Profile::Strict => levels.strict,
    };
    let one = |rule: &Rule| {
        let name = rule.name.as_ref();
        let fixed = overrides.get(name).or_else(|| configured?.get(name)).copied();
        RuleLevels {
            policy: description.id.clone(),
            rule: rule.clone(),
            level: fixed.unwrap_or_else(|| of_profile(rule.levels)),
            escalated: rule.escalated.map(|levels| fixed.unwrap_or_else(|| of_profile(levels))),
        }
    };
    description.rules.iter().map(one).collect()
}

/// Settings in the module's own form.
fn configure(module: &Module, description: &Description, choice: Option<&Choice>) -> Result<Vec<u8>, Vec<ChoiceError>> {
    let none = Map::new();
    let pointer = Pointer::ROOT.step(&description.id).join("settings");
    let settings = match choice.map_or(&Value::Null, |choice| &choice.settings) {
        Value::Null => &none,
        Value::Object(settings) => settings,
        _ => {
            let message = "settings are a mapping of names to values".to_owned();
            return Err(vec![ChoiceError { place: ChoicePlace::Value(pointer), message }]);
        }
    };
    let unknown = unknown_settings(settings, &description.settings, &pointer);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let text = Value::from(settings.clone()).to_string();
    module
        .configure(&description.id, &text)
        .map_err(|message| vec![ChoiceError { place: ChoicePlace::Value(pointer), message }])
}

/// Settings that the schema does not name, unless it is open for any.
fn unknown_settings(settings: &Map<String, Value>, schema: &str, pointer: &Pointer) -> Vec<ChoiceError> {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    if schema["additionalProperties"] != Value::Bool(false) {
        return Vec::new();
    }
    let none = Map::new();
    let known = schema["properties"].as_object().unwrap_or(&none);
    let unknown = settings.keys().filter(|name| !known.contains_key(*name));
    let error = |name: &String| ChoiceError {
        place: ChoicePlace::Key(pointer.step(name)),
        message: did_you_mean::unknown("setting", name, known.keys().map(String::as_str)),
    };
    unknown.map(error).collect()
}

fn digest(groups: &[Group], rules: &[RuleLevels], kubernetes: Version) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    for group in groups {
        add(group.module.digest().as_bytes());
        for run in &group.runs {
            add(run.policy.as_bytes());
            add(&run.settings);
        }
    }
    for levels in rules {
        add(levels.rule.name.as_bytes());
        add(levels.level.name().as_bytes());
        add(levels.escalated.map_or("", Level::name).as_bytes());
    }
    add(kubernetes.to_string().as_bytes());
    format!("sha256:{:x}", hash.finalize())
}

#[cfg(test)]
mod tests;
