//! The objects of each namespace together, once all were judged by themselves.

use super::{
    AuditOptions, Outcome,
    judging::refusal,
    lists::{List, Role},
};
use crate::{
    finding::{ObjectRef, Place, only_names},
    judge::{
        Judge,
        evaluate::{PolicyFailure, SET_OBJECTS, SetFinding},
        exceptions::Occasion,
    },
    manifest::{self, Object},
    watch::Phase,
};
use plimsoll_policy::{Member, Set};
use rayon::prelude::*;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// By namespace.
#[derive(Default)]
pub(super) struct Sets {
    by_namespace: BTreeMap<Option<String>, Gathered>,
    /// Something is missing in every namespace.
    everywhere: bool,
    /// A kind that could not be listed, and so may be in every namespace.
    signs: BTreeSet<String>,
}

/// The objects of one namespace.
#[derive(Default)]
struct Gathered {
    members: Vec<(Arc<ObjectRef>, Value, Member)>,
    signs: BTreeSet<String>,
    incomplete: bool,
}

impl Sets {
    pub(super) fn append(&mut self, later: Sets) {
        for (namespace, gathered) in later.by_namespace {
            let Gathered { members, signs, incomplete } = gathered;
            let known = self.by_namespace.entry(namespace).or_default();
            known.members.extend(members);
            known.signs.extend(signs);
            known.incomplete |= incomplete;
        }
        self.signs.extend(later.signs);
        self.everywhere |= later.everywhere;
    }

    /// An object that was judged. Of its text only what fingerprints need is kept.
    pub(super) fn add_workload(&mut self, name: &Arc<ObjectRef>, object: Object, writes_replicas: bool) {
        let member = object.member(writes_replicas);
        let mut value = object.value;
        only_names(&mut value);
        self.of(&name.namespace).members.push((Arc::clone(name), value, member));
    }

    /// An object that runs no pods; what cannot be read of it is left out.
    pub(super) fn add_member(&mut self, name: &Arc<ObjectRef>, item: &Value) {
        let Some((_, member)) = manifest::member(item) else { return };
        self.of(&name.namespace).members.push((Arc::clone(name), Value::Null, member));
    }

    pub(super) fn add_sign(&mut self, name: &ObjectRef) {
        self.of(&name.namespace).signs.insert(name.kind.clone());
    }

    /// Something of that list is not known. That a kind is not there is then not known either.
    pub(super) fn has_gap(&mut self, list: &List) {
        let sign = (list.role == Role::Sign).then(|| list.resource.kind.clone());
        match &list.namespace {
            Some(_) => {
                let gathered = self.of(&list.namespace);
                gathered.incomplete = true;
                gathered.signs.extend(sign);
            }
            None => {
                self.everywhere = true;
                self.signs.extend(sign);
            }
        }
    }

    /// That object could not be read, or not whole.
    pub(super) fn has_gap_at(&mut self, name: &ObjectRef) {
        self.of(&name.namespace).incomplete = true;
    }

    fn of(&mut self, namespace: &Option<String>) -> &mut Gathered {
        self.by_namespace.entry(namespace.clone()).or_default()
    }

    /// One set for each namespace that has a workload.
    pub(super) fn judge(self, judge: &Judge, options: &AuditOptions) -> Outcome {
        let Sets { by_namespace, everywhere, signs } = self;
        let with_workloads = by_namespace.into_iter().filter(|(_, gathered)| gathered.has_workload());
        let sets: Vec<_> = with_workloads.collect();
        let judged = |(namespace, mut gathered): (Option<String>, Gathered)| {
            gathered.incomplete |= everywhere;
            gathered.signs.extend(signs.iter().cloned());
            gathered.judge(namespace, judge, options)
        };
        let mut outcome = Outcome::default();
        let all: Vec<Outcome> = sets.into_par_iter().map(judged).collect();
        all.into_iter().for_each(|of_set| outcome.append(of_set));
        outcome
    }
}

impl Gathered {
    fn has_workload(&self) -> bool {
        self.members.iter().any(|(_, _, member)| member.workload.is_some())
    }

    fn judge(self, namespace: Option<String>, judge: &Judge, options: &AuditOptions) -> Outcome {
        let mut outcome = Outcome::default();
        // That the levels of a namespace contradict each other is told with its objects.
        let Ok(policies) = judge.policies(namespace.as_deref()) else { return outcome };
        let Gathered { members, signs, incomplete } = self;
        let (first, count) = (Arc::clone(&members[0].0), members.len());
        if count > SET_OBJECTS {
            let message = format!("rules about a set: {count} objects, and at most {SET_OBJECTS} are judged");
            outcome.problems.push(refusal(&first, message));
            return outcome;
        }
        let (named, objects): (Vec<_>, Vec<Member>) =
            members.into_iter().map(|(name, value, member)| ((name, value), member)).unzip();
        let values: Vec<(Arc<ObjectRef>, &Value)> =
            named.iter().map(|(name, value)| (Arc::clone(name), value)).collect();
        let set = Set { namespace, objects, other_kinds: signs.into_iter().collect(), incomplete };
        let occasion = |_| Occasion { today: options.today, file: None };
        let (evaluation, usage) =
            options.watch.time(Phase::Sets, || judge.judge_set(&set, &values, &policies, occasion));
        outcome.usage += usage;
        for SetFinding { related, mut finding, .. } in evaluation.findings {
            for (place, index) in finding.related.iter_mut().zip(related) {
                place.location.place = Place::Object(Arc::clone(&values[index].0));
            }
            outcome.findings.push(finding);
        }
        for PolicyFailure { policy, cause } in evaluation.failures {
            let message = format!("the policy `{policy}` gave no verdict on the set of {first}: {cause}");
            outcome.problems.push(refusal(&first, message));
        }
        outcome
    }
}
