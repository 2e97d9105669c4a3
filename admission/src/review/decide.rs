//! Which findings refuse, which warn, and what it comes to.

use super::{Head, Operation, Review, before::Before, decision::Decision, unchanged::unchanged};
use crate::{
    judge::config::OnFailure,
    judge::exceptions::Occasion,
    judge::host_rules,
    judge::policy_set::PolicySet,
    judge::{Judge, Times},
    manifest::{self, FieldError, Triage},
};
use jiff::civil::Date;
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// On what terms a review is judged.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The one policy to run; none stands for all.
    pub only: Option<String>,
    /// What it means that a policy gives no verdict, where the configuration does not say.
    pub on_failure: OnFailure,
    /// The day that exceptions are held against (UTC).
    pub today: Date,
    /// The time that judging may take.
    pub time: Duration,
}

impl Terms {
    fn on_failure(&self, policy: &str, namespace: Option<&str>, judge: &Judge) -> OnFailure {
        judge.config.on_failure(policy, namespace, self.on_failure)
    }

    /// The policies that hold in a namespace, or the one that was asked for.
    fn policies(&self, namespace: Option<&str>, judge: &Judge) -> Result<Arc<PolicySet>, String> {
        let all = judge.policies(namespace)?;
        let one = self.only.as_deref().and_then(|policy| all.only(policy));
        Ok(one.map_or(all, Arc::new))
    }
}

/// Judges a review.
pub fn decide(review: Review, judge: &Judge, terms: &Terms) -> Decision {
    let mut decision = Decision::new(&review);
    if !may_be_judged(&review) {
        return decision;
    }
    let Review { operation, namespace, mut object, mut old_object, .. } = review;
    let namespace = namespace.as_deref();
    let on_failure = |policy: &str| terms.on_failure(policy, namespace, judge);
    let object = match read(&mut object, namespace, judge) {
        Ok(Triage::Object(object)) => *object,
        Ok(Triage::Skip(skip)) => return decision.skipped(&skip, judge, || on_failure(host_rules::POLICY)),
        Err(errors) => {
            // As with findings, an UPDATE is not refused for what was so before.
            let is_old = operation == Operation::Update && was_so_before(&errors, old_object, &mut object, judge);
            let outcome = if is_old { OnFailure::Allow } else { on_failure(host_rules::POLICY) };
            let why = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            return decision.unjudged(why, outcome);
        }
    };
    let set = match terms.policies(namespace, judge) {
        Ok(set) => set,
        Err(why) => return decision.unjudged(why, on_failure(host_rules::POLICY)),
    };
    decision.policies = Some(set.digest().to_owned());
    let mode = judge.config.mode(namespace);
    let occasion = Occasion { today: terms.today, file: None };
    // An UPDATE may take two looks.
    let time = if operation == Operation::Update { terms.time / 2 } else { terms.time };
    let verdict = |object| judge.judge_object_in(object, &set, &occasion, &mut Times::object_within(time));
    decision.weigh(verdict(&object), &object, mode, on_failure);
    if let Some(skip) = &object.not_covered {
        decision.not_covered(skip, judge, || on_failure(host_rules::POLICY));
    }
    if operation == Operation::Update && decision.has_refusing_finding() {
        let before = match read(&mut old_object, namespace, judge) {
            Ok(Triage::Object(old)) => Before::judged(&verdict(&old), *old, &set, mode),
            Ok(Triage::Skip(_)) | Err(_) => {
                manifest::fill_in(&mut old_object, &judge.kinds);
                Before::unjudged(old_object)
            }
        };
        decision.forgive(before, &set, &object.value);
    }
    decision.conclude();
    decision
}

/// Whether everything that cannot be read of the new object is in the old one as well.
fn was_so_before(errors: &[FieldError], mut old: Value, new: &mut Value, judge: &Judge) -> bool {
    manifest::fill_in(&mut old, &judge.kinds);
    manifest::fill_in(new, &judge.kinds);
    errors.iter().all(|error| unchanged(&error.pointer, &old, new))
}

/// The decision where no policy came to a verdict: in time, or at all.
pub fn undecided(head: Head, why: &str, judge: &Judge, terms: &Terms) -> Decision {
    let of_set = judge.everywhere().rules().iter().map(|rule| rule.policy.as_str());
    let asked: BTreeSet<&str> = match &terms.only {
        Some(policy) => BTreeSet::from([policy.as_str()]),
        None => of_set.filter(|policy| !host_rules::is_host(policy)).collect(),
    };
    let on_failure = |policy: &&str| terms.on_failure(policy, head.object.namespace.as_deref(), judge);
    let refuses = asked.iter().any(|policy| on_failure(policy) == OnFailure::Deny);
    let on_failure = if refuses { OnFailure::Deny } else { OnFailure::Allow };
    let names = asked.into_iter().collect::<Vec<_>>().join(", ");
    Decision::about(head.uid, head.object).unjudged(format!("no verdict of {names}: {why}"), on_failure)
}

/// Everything else is allowed without a look.
fn may_be_judged(review: &Review) -> bool {
    let changes = match review.operation {
        Operation::Create => true,
        Operation::Update => changes_more_than_metadata(&review.object, &review.old_object),
        Operation::Delete | Operation::Connect => false,
    };
    changes && review.subresource.is_none()
}

fn changes_more_than_metadata(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else { return true };
    let rest = |name: &&String| !matches!(name.as_str(), "metadata" | "status");
    let names = new.keys().chain(old.keys()).filter(rest);
    names.into_iter().any(|name| new.get(name) != old.get(name))
}

/// The object with the scanner's defaults. It is left where it is if there is nothing to judge.
fn read(value: &mut Value, namespace: Option<&str>, judge: &Judge) -> Result<Triage, Vec<FieldError>> {
    // A name that the API server is going to make up, and a namespace that it knows from the path.
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        if !metadata.contains_key("name")
            && let Some(prefix) = metadata.get("generateName").and_then(Value::as_str).map(str::to_owned)
        {
            metadata.insert("name".to_owned(), prefix.into());
        }
        if let Some(namespace) = namespace {
            metadata.entry("namespace").or_insert_with(|| namespace.into());
        }
    }
    manifest::take_object(value, &judge.kinds)
}
