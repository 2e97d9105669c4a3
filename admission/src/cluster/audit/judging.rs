//! Objects of a page to findings, one by one, on all threads.

use super::{
    AuditOptions, Namespaces, Outcome, SYSTEM,
    lists::{List, Role},
};
use crate::{
    finding::{Finding, Judged, LocatedProblem, Location, ObjectRef, Place},
    judge::{Judge, evaluate::PolicyFailure, exceptions::Occasion},
    manifest::{self, FieldError, Object, Triage},
    watch::Phase,
};
use plimsoll_policy::{Level, Pointer};
use rayon::prelude::*;
use serde_json::Value;
use std::sync::Arc;

/// How objects are judged.
pub(super) struct Judging<'a> {
    pub(super) judge: &'a Judge,
    pub(super) options: &'a AuditOptions,
    pub(super) wants_sets: bool,
}

impl Judging<'_> {
    /// All objects of a page, in order.
    pub(super) fn page(&self, list: &List, items: Vec<Value>) -> Outcome {
        let count = items.len();
        let all: Vec<Outcome> = items.into_par_iter().map(|item| self.item(list, item)).collect();
        self.options.watch.documents_done(count);
        let mut outcome = Outcome::default();
        all.into_iter().for_each(|of_item| outcome.append(of_item));
        outcome
    }

    fn item(&self, list: &List, mut item: Value) -> Outcome {
        let mut outcome = Outcome::default();
        let name = identify(list, &mut item);
        let is_left_out = self.options.namespaces == Namespaces::All && name.namespace.as_deref() == Some(SYSTEM);
        match list.role {
            Role::Judged if is_left_out => {
                outcome.leave(format!("in {SYSTEM}, which the webhook is not asked about: -n {SYSTEM} judges it"));
            }
            _ if is_left_out => {}
            Role::Judged => {
                outcome.objects = 1;
                outcome.namespaces.extend(name.namespace.clone());
                self.judged(item, &name, &mut outcome);
            }
            Role::Member => outcome.sets.add_member(&name, &item),
            Role::Sign => outcome.sets.add_sign(&name),
        }
        outcome
    }

    fn judged(&self, item: Value, name: &Arc<ObjectRef>, outcome: &mut Outcome) {
        let writes_replicas = self.wants_sets && manifest::applies_replicas(&item);
        let triage = self.options.watch.time(Phase::Parse, || manifest::object(item, &self.judge.kinds));
        match triage {
            Ok(Triage::Object(object)) => self.object(*object, name, writes_replicas, outcome),
            Ok(Triage::Skip(skip)) => outcome.skip(&skip),
            Err(errors) => {
                outcome.problems.extend(errors.iter().map(|error| unreadable(name, error)));
                outcome.sets.has_gap_at(name);
            }
        }
    }

    fn object(&self, object: Object, name: &Arc<ObjectRef>, writes_replicas: bool, outcome: &mut Outcome) {
        let Judging { judge, options, wants_sets } = self;
        let set = match judge.policies(name.namespace.as_deref()) {
            Ok(set) => set,
            Err(why) => return outcome.problems.push(refusal(name, format!("{name} is not judged: {why}"))),
        };
        outcome.workloads = 1;
        if options.needs.workloads {
            outcome.judged.push(Judged { object: (**name).clone(), place: Place::Object(Arc::clone(name)) });
        }
        let occasion = Occasion { today: options.today, file: None };
        let verdict = options.watch.time(Phase::Judge, || judge.judge_object(&object, &set, &occasion));
        outcome.usage += verdict.usage;
        let refuses = |finding: &Finding| finding.is_open() && finding.level == Level::Deny;
        outcome.refused = usize::from(verdict.findings.iter().any(refuses));
        outcome.findings.extend(verdict.findings);
        for PolicyFailure { policy, cause } in verdict.failures {
            let message = format!("the policy `{policy}` gave no verdict on {name}: {cause}");
            outcome.problems.push(refusal(name, message));
        }
        outcome.problems.extend(object.unreadable.iter().map(|error| unreadable(name, error)));
        object.not_covered.iter().for_each(|skip| outcome.skip(skip));
        if !outcome.problems.is_empty() {
            outcome.sets.has_gap_at(name);
        }
        if *wants_sets {
            outcome.sets.add_workload(name, object, writes_replicas);
        }
    }
}

/// The items of a list leave out what the list says of each.
fn identify(list: &List, item: &mut Value) -> Arc<ObjectRef> {
    if let Value::Object(root) = item {
        root.entry("apiVersion").or_insert_with(|| list.resource.api_version.clone().into());
        root.entry("kind").or_insert_with(|| list.resource.kind.clone().into());
    }
    let metadata = |field: &str| item["metadata"][field].as_str().map(str::to_owned);
    Arc::new(ObjectRef {
        api_version: list.resource.api_version.clone(),
        kind: list.resource.kind.clone(),
        namespace: metadata("namespace"),
        name: metadata("name").unwrap_or_default(),
    })
}

fn unreadable(name: &Arc<ObjectRef>, error: &FieldError) -> LocatedProblem {
    let message = format!("{name}: {}", error.to_string().trim_start_matches(": "));
    let place = Place::Object(Arc::clone(name));
    LocatedProblem { location: Location::without_text(place, error.pointer.clone()), message }
}

pub(super) fn refusal(name: &Arc<ObjectRef>, message: String) -> LocatedProblem {
    LocatedProblem { location: Location::without_text(Place::Object(Arc::clone(name)), Pointer::ROOT), message }
}
