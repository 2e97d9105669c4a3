//! Hooks of Helm and Argo CD: when in a release an object is made, in which order, and when it is deleted.
//!
//! Sources: helm.sh, "Chart Hooks"; argo-cd.readthedocs.io, "Sync Phases and Waves" and "Helm", which maps Helm's hooks.

use plimsoll_policy::{Pointer, workload::Map};

const HELM: &str = "helm.sh/hook";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";
const HELM_DELETE: &str = "helm.sh/hook-delete-policy";
const ARGO: &str = "argocd.argoproj.io/hook";
const ARGO_WAVE: &str = "argocd.argoproj.io/sync-wave";
const ARGO_DELETE: &str = "argocd.argoproj.io/hook-delete-policy";

/// An object that is a hook: not a test, which runs only when a person asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) tool: Tool,
    /// The annotation's value, as written.
    pub(crate) written: String,
    /// Its words, in lower case.
    events: Vec<String>,
    /// Its place among the hooks of the same phase: Helm's weight, Argo CD's wave.
    weight: i64,
    deletes_failed: bool,
}

/// Who runs a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Helm,
    Argo,
}

/// A part of a release. Each begins when all of the one before is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Before,
    /// The objects that are no hooks.
    Main,
    After,
}

/// What a release may be: Argo CD knows one that is both.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Install,
    Upgrade,
}

impl Hook {
    /// The hook that an object with these annotations is. Where both tools are addressed, Argo CD heeds its own.
    pub(crate) fn of(annotations: &Map) -> Option<Hook> {
        let argo = annotations.get(ARGO).map(|text| (Tool::Argo, text, ARGO_WAVE, ARGO_DELETE, "hookfailed"));
        let helm = || annotations.get(HELM).map(|text| (Tool::Helm, text, HELM_WEIGHT, HELM_DELETE, "hook-failed"));
        let (tool, text, weight, delete, failed) = argo.or_else(helm)?;
        let events: Vec<String> = words(text).filter(|event| !is_test(event)).collect();
        let deletes_failed = annotations.get(delete).is_some_and(|text| words(text).any(|policy| policy == failed));
        let (written, weight) = (text.clone(), number(annotations, weight));
        (!events.is_empty()).then_some(Hook { tool, written, events, weight, deletes_failed })
    }

    /// The annotation that makes it a hook.
    pub(crate) fn annotation(&self) -> Pointer {
        annotation(match self.tool {
            Tool::Helm => HELM,
            Tool::Argo => ARGO,
        })
    }

    /// The annotation that says when it is deleted, if that may be right after it failed.
    pub(crate) fn deletes_failed(&self) -> Option<Pointer> {
        self.deletes_failed.then(|| {
            annotation(match self.tool {
                Tool::Helm => HELM_DELETE,
                Tool::Argo => ARGO_DELETE,
            })
        })
    }

    /// When it runs; nothing where it takes no part in that operation.
    fn phase(&self, operation: Operation) -> Option<Phase> {
        let has = |event: &str| self.events.iter().any(|other| other == event);
        let [before, after] = match operation {
            Operation::Install => ["pre-install", "post-install"],
            Operation::Upgrade => ["pre-upgrade", "post-upgrade"],
        };
        match self.tool {
            Tool::Helm if has(after) => Some(Phase::After),
            Tool::Helm if has(before) => Some(Phase::Before),
            Tool::Argo if has("postsync") => Some(Phase::After),
            Tool::Argo if has("sync") => Some(Phase::Main),
            Tool::Argo if has("presync") => Some(Phase::Before),
            _ => None,
        }
    }

    /// The operation in which it is made only after an object is ready that has these annotations.
    pub(crate) fn follows(&self, annotations: &Map) -> Option<Operation> {
        let other = Hook::of(annotations);
        [Operation::Install, Operation::Upgrade].into_iter().find(|operation| {
            let Some(phase) = self.phase(*operation) else { return false };
            let (other_phase, other_weight) = match &other {
                Some(other) => match other.phase(*operation) {
                    Some(phase) => (phase, Some(other.weight)),
                    None => return false,
                },
                // Helm makes all that is no hook at once.
                None => (Phase::Main, (self.tool == Tool::Argo).then(|| number(annotations, ARGO_WAVE))),
            };
            phase > other_phase || phase == other_phase && other_weight.is_some_and(|other| self.weight > other)
        })
    }
}

fn annotation(key: &str) -> Pointer {
    Pointer::ROOT.join("metadata/annotations").step(key)
}

fn is_test(event: &str) -> bool {
    matches!(event, "test" | "test-success" | "test-failure" | "skip")
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
}

/// 0 where it is not written or not a number, as both tools take it.
fn number(annotations: &Map, key: &str) -> i64 {
    annotations.get(key).and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(pairs: &[(&str, &str)]) -> Map {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_test_is_no_hook() {
        for (key, value, expected) in [
            (HELM, "post-install", true),
            (HELM, "pre-install, pre-upgrade", true),
            (HELM, "test", false),
            (HELM, "test-success", false),
            (HELM, "pre-upgrade,test", true),
            (HELM, "", false),
            (ARGO, "PostSync", true),
            (ARGO, "Skip", false),
            ("helm.sh/hook-weight", "5", false),
        ] {
            assert_eq!(Hook::of(&annotations(&[(key, value)])).is_some(), expected, "{key}: {value}");
        }
    }

    #[test]
    fn a_hook_follows_what_is_made_before_it() {
        let plain: &[(&str, &str)] = &[];
        for (hook, other, expected) in [
            (&[(HELM, "post-install,post-upgrade")] as &[_], plain, true),
            (&[(HELM, "post-install")], plain, true),
            (&[(HELM, "pre-install,post-upgrade")], plain, true),
            (&[(HELM, "pre-install,pre-upgrade")], plain, false),
            (&[(HELM, "post-delete")], plain, false),
            (&[(HELM, "post-install"), (HELM_WEIGHT, "5")], &[(HELM, "post-install")], true),
            (&[(HELM, "post-install")], &[(HELM, "post-install")], false),
            (&[(HELM, "post-install")], &[(HELM, "pre-install")], true),
            (&[(HELM, "post-install")], &[(HELM, "post-upgrade")], false),
            (&[(ARGO, "PostSync")], plain, true),
            (&[(ARGO, "PreSync")], plain, false),
            (&[(ARGO, "Sync")], plain, false),
            (&[(ARGO, "Sync"), (ARGO_WAVE, "2")], &[(ARGO_WAVE, "1")], true),
            (&[(ARGO, "Sync"), (ARGO_WAVE, "-1")], plain, false),
        ] {
            let hook_of = Hook::of(&annotations(hook)).unwrap();
            assert_eq!(hook_of.follows(&annotations(other)).is_some(), expected, "{hook:?} {other:?}");
        }
    }
}
