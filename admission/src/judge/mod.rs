//! Everything that judges: the modules, the configuration, and the sets of policies that follow from both.

pub mod api_rules;
pub mod config;
pub mod evaluate;
pub mod exceptions;
pub mod host_rules;
pub mod policy_set;
mod times;
pub mod verdict;

pub use times::Times;

use crate::{
    bounded_file,
    engine::{Engine, Module, limits},
    finding::LocatedProblem,
    judge::config::{Complaint, Config, ConfigFile},
    judge::exceptions::{Annotations, Exceptions},
    judge::policy_set::{ChoiceError, ChoicePlace, PolicySet, Profile},
    manifest::{Kinds, api::Version},
};
use anyhow::Context;
use plimsoll_policy::{Description, Level};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

/// What the caller wants, beside the configuration.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Wins over the configuration's profile.
    pub profile: Option<Profile>,
    /// Wins over the configuration's version of Kubernetes.
    pub kubernetes: Option<Version>,
    /// Levels that win over those of the configuration.
    pub levels: BTreeMap<String, Level>,
    /// Whether annotations grant exceptions where the configuration does not say.
    pub annotations: Annotations,
    /// How many evaluations there may be at one time.
    pub threads: NonZeroUsize,
}

/// Nothing but what the configuration says, and one evaluation at a time.
impl Default for Wish {
    fn default() -> Self {
        Wish {
            profile: None,
            kubernetes: None,
            levels: BTreeMap::new(),
            annotations: Annotations::Allowed,
            threads: NonZeroUsize::MIN,
        }
    }
}

/// Judges objects by the policies that hold in their namespace.
pub struct Judge {
    /// The configuration.
    pub config: Config,
    /// Who is let off.
    pub exceptions: Exceptions,
    /// What runs pods.
    pub kinds: Kinds,
    modules: Vec<Arc<Module>>,
    profile: Profile,
    levels: BTreeMap<String, Level>,
    everywhere: Arc<PolicySet>,
    /// Sets for namespaces, by the entries of the configuration that match.
    elsewhere: Mutex<BTreeMap<Vec<usize>, SetOrWhyNot>>,
}

/// Most sets that are kept for combinations of entries.
pub const COMBINATIONS: usize = 256;

/// Entries that match one namespace may contradict each other, which shows only when it turns up.
type SetOrWhyNot = Result<Arc<PolicySet>, String>;

/// Why there is no judge.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The configuration is wrong: here. As text, a line for each.
    #[error("the configuration is wrong{}", .0.iter().map(|problem| format!("\n{problem}")).collect::<String>())]
    Config(Vec<LocatedProblem>),
    /// Something else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl Judge {
    /// Loads the modules that a configuration names and holds it against them.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration; or the engine does not start; or a rule of
    /// [`Wish::levels`] is unknown.
    pub fn new(file: ConfigFile, wish: Wish) -> Result<Judge, SetupError> {
        let profile = wish.profile.or(file.profile()).unwrap_or_default();
        let kubernetes = wish.kubernetes.or(file.kubernetes()).unwrap_or_default();
        let (modules, mut complaints) = modules(&file, wish.threads)?;
        // What a module would have brought is unknown where it did not load, so only that is complained about.
        let sets = match complaints.is_empty() {
            true => sets(&file, &modules, (profile, kubernetes), &wish.levels, &mut complaints)?,
            false => None,
        };
        let rules = rules(&modules);
        let config = file.check(rules.iter().map(String::as_str), complaints).map_err(SetupError::Config)?;
        let Sets { everywhere, elsewhere } = sets.context("no policies").map_err(SetupError::Other)?;
        let annotations = config.annotations.unwrap_or(wish.annotations);
        Ok(Judge {
            exceptions: Exceptions::new(config.exceptions.clone(), annotations, rules),
            kinds: Kinds::default().with(config.workloads.clone()).on(kubernetes),
            modules,
            profile,
            levels: wish.levels,
            everywhere,
            elsewhere: Mutex::new(elsewhere),
            config,
        })
    }

    /// The policies that hold where no namespace says otherwise.
    pub fn everywhere(&self) -> &Arc<PolicySet> {
        &self.everywhere
    }

    /// The policies that hold in a namespace. A set is kept once it is made.
    ///
    /// # Errors
    /// Several entries of the configuration match, and what they say does not go together.
    pub fn policies(&self, namespace: Option<&str>) -> Result<Arc<PolicySet>, String> {
        let matching = self.config.policies.matching(namespace);
        if matching.is_empty() {
            return Ok(Arc::clone(&self.everywhere));
        }
        let sets = || self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets().get(&matching) {
            return known.clone();
        }
        // Without the lock, because a module is asked about its settings: others judge meanwhile. Of two threads that
        // make the same set, the first to be done wins.
        let made = self.make(&matching);
        let mut sets = sets();
        // Anybody may make up namespaces, and with them combinations of entries; the last ones are made each time.
        if sets.len() >= self.config.policies.namespaces.len() + COMBINATIONS {
            return made;
        }
        sets.entry(matching).or_insert(made).clone()
    }

    fn make(&self, matching: &[usize]) -> SetOrWhyNot {
        let choices = self.config.policies.choices_of(matching);
        let set = PolicySet::new(&self.modules, self.profile, &choices, &self.levels);
        set.map(|set| Arc::new(set.on(self.kinds.kubernetes()))).map_err(|errors| {
            let messages: Vec<_> = errors.into_iter().map(|error| error.message).collect();
            format!("the entries under `namespaces` that match it do not go together: {}", messages.join("; "))
        })
    }

    /// What each policy of a module says of itself.
    pub fn descriptions(&self) -> impl Iterator<Item = &Description> {
        self.modules.iter().flat_map(|module| module.descriptions())
    }

    /// What each policy says of itself; the host's own come last.
    pub fn all_descriptions(&self) -> Vec<Description> {
        self.descriptions().cloned().chain(host_rules::descriptions()).collect()
    }
}

/// The built-in module and those that the configuration names, with a complaint for each that does not load.
fn modules(file: &ConfigFile, threads: NonZeroUsize) -> anyhow::Result<(Vec<Arc<Module>>, Vec<Complaint>)> {
    let engine = Engine::new(threads)?;
    let mut modules = vec![Arc::new(engine.builtin().context("the built-in policies do not load")?)];
    let mut complaints = Vec::new();
    for named in file.modules() {
        match load(&engine, &named.path) {
            Ok(module) => modules.push(Arc::new(module)),
            Err(error) => complaints.push(Complaint::value(&named.pointer, format!("{error:#}"))),
        }
    }
    Ok((modules, complaints))
}

fn load(engine: &Engine, path: &std::path::Path) -> anyhow::Result<Module> {
    let wasm = bounded_file::read(path, limits::MODULE).with_context(|| path.display().to_string())?;
    engine.compile_apart(&wasm).with_context(|| path.display().to_string())
}

struct Sets {
    everywhere: Arc<PolicySet>,
    elsewhere: BTreeMap<Vec<usize>, SetOrWhyNot>,
}

/// The set for everywhere and one for each entry under `namespaces`; none where there is something to complain about.
fn sets(
    file: &ConfigFile,
    modules: &[Arc<Module>],
    (profile, kubernetes): (Profile, Version),
    levels: &BTreeMap<String, Level>,
    complaints: &mut Vec<Complaint>,
) -> anyhow::Result<Option<Sets>> {
    // Thousands of namespaces say the same: one set serves them all.
    let mut made = HashMap::<_, Arc<PolicySet>>::new();
    let mut set = |matching: &[usize]| {
        let choices = file.policies().choices_of(matching);
        if let Some(same) = made.get(&choices) {
            return Ok::<_, Vec<ChoiceError>>(Arc::clone(same));
        }
        let set = Arc::new(PolicySet::new(modules, profile, &choices, levels)?.on(kubernetes));
        made.insert(choices, Arc::clone(&set));
        Ok(set)
    };
    let everywhere = set(&[]);
    let mut errors = Vec::new();
    let mut elsewhere = BTreeMap::new();
    for entry in 0..file.policies().namespaces.len() {
        match set(&[entry]) {
            Ok(set) => drop(elsewhere.insert(vec![entry], Ok(set))),
            Err(wrong) => errors.extend(wrong.into_iter().map(|error| (error, Some(entry)))),
        }
    }
    let everywhere = match everywhere {
        Ok(set) if errors.is_empty() => return Ok(Some(Sets { everywhere: set, elsewhere })),
        Ok(_) => Vec::new(),
        Err(wrong) => wrong,
    };
    refuse_overrides(&everywhere)?;
    let mut seen = BTreeSet::new();
    let all = everywhere.into_iter().map(|error| (error, None)).chain(errors);
    let new = all.filter_map(|(error, namespace)| file.complaint(&error, namespace));
    // What is wrong everywhere is wrong in each namespace as well.
    complaints.extend(new.filter(|complaint| seen.insert((complaint.pointer.clone(), complaint.message.clone()))));
    Ok(None)
}

/// The rules that exceptions can name.
fn rules(modules: &[Arc<Module>]) -> Vec<String> {
    let described = modules.iter().flat_map(|module| module.descriptions()).flat_map(|policy| &policy.rules);
    described.chain(&api_rules::RULES).map(|rule| rule.name.clone().into_owned()).collect()
}

fn refuse_overrides(errors: &[ChoiceError]) -> anyhow::Result<()> {
    let wrong: Vec<_> = errors
        .iter()
        .filter(|error| matches!(error.place, ChoicePlace::Override(_)))
        .map(|e| e.message.as_str())
        .collect();
    anyhow::ensure!(wrong.is_empty(), "--rule: {}", wrong.join("; "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn entries_that_say_the_same_share_a_set() {
        let entry = |name: &str, level: &str| {
            format!("- {{ match: '{name}', policies: {{ image-pull: {{ rules: {{ latest-tag: {level} }} }} }} }}\n")
        };
        let config = format!("namespaces:\n{}{}{}", entry("a", "warn"), entry("b", "warn"), entry("c", "off"));
        let judge = judge(config);
        let set = |namespace| judge.policies(Some(namespace)).unwrap();
        assert!(Arc::ptr_eq(&set("a"), &set("b")) && !Arc::ptr_eq(&set("a"), &set("c")));
    }

    fn judge(config: String) -> Judge {
        let file = ConfigFile::parse(Path::new("plimsoll.yaml"), config);
        let (levels, threads) = (BTreeMap::new(), NonZeroUsize::MIN);
        let wish = Wish { profile: None, levels, kubernetes: None, annotations: Annotations::Ignored, threads };
        Judge::new(file, wish).unwrap()
    }

    #[test]
    fn namespaces_that_are_made_up_do_not_fill_the_memory() {
        let entry = |letter: char| format!("- {{ match: '*{letter}*', webhook: {{ mode: warn }} }}\n");
        let config = format!("namespaces:\n{}", ('a'..='i').map(entry).collect::<String>());
        let judge = judge(config);
        for number in 0..512_u32 {
            let letters = ('a'..='i').enumerate().filter(|(bit, _)| number >> bit & 1 == 1).map(|(_, letter)| letter);
            let namespace: String = letters.collect();
            assert!(judge.policies(Some(&namespace)).is_ok());
        }
        assert_eq!(judge.elsewhere.into_inner().unwrap().len(), 9 + COMBINATIONS);
    }
}
