//! Which findings refuse, which warn, and what it comes to.

use super::{Operation, Review, before::Before, decision::Decision};
use crate::{
    finding::ObjectRef,
    judge::Judge,
    judge::config::OnFailure,
    judge::exceptions::Occasion,
    judge::host_rules,
    judge::policy_set::PolicySet,
    judge::verdict::Verdict,
    manifest::{self, Object, Triage},
};
use jiff::civil::Date;
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// On what terms a review is judged.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The one policy to run; none stands for all.
    pub only: Option<String>,
    /// What it means that a policy gives no verdict, where the configuration does not say.
    pub on_failure: OnFailure,
    /// The day that exceptions are held against (UTC).
    pub today: Date,
}

impl Terms {
    fn on_failure(&self, policy: &str, judge: &Judge) -> OnFailure {
        judge.config.webhook.on_failure(policy, self.on_failure)
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
    let Review { operation, namespace, object, old_object, .. } = review;
    let read = |value: Value| read(value, namespace.as_deref(), judge);
    let object = match read(object) {
        Ok(None) => return decision,
        Ok(Some(object)) => object,
        // As with findings, an UPDATE is not refused for what was so before.
        Err(why) if operation == Operation::Update && read(old_object).is_err() => {
            return decision.unjudged(why, OnFailure::Allow);
        }
        Err(why) => return decision.unjudged(why, terms.on_failure(host_rules::POLICY, judge)),
    };
    let set = match terms.policies(namespace.as_deref(), judge) {
        Ok(set) => set,
        Err(why) => return decision.unjudged(why, terms.on_failure(host_rules::POLICY, judge)),
    };
    decision.policies = Some(set.digest().to_owned());
    let mode = judge.config.mode(namespace.as_deref());
    let on_failure = |policy: &str| terms.on_failure(policy, judge);
    decision.weigh(verdict(&object, judge, &set, terms), &object, mode, on_failure);
    if operation == Operation::Update
        && decision.has_refusing_finding()
        && let Ok(Some(old)) = read(old_object)
    {
        decision.forgive(&Before::new(verdict(&old, judge, &set, terms)));
    }
    decision.conclude();
    decision
}

/// The decision where no policy came to a verdict in time.
pub fn undecided(uid: String, why: &str, judge: &Judge, terms: &Terms) -> Decision {
    let of_set = judge.everywhere().rules().iter().map(|rule| rule.policy.as_str());
    let asked: BTreeSet<&str> = match &terms.only {
        Some(policy) => BTreeSet::from([policy.as_str()]),
        None => of_set.filter(|policy| *policy != host_rules::POLICY).collect(),
    };
    let refuses = asked.iter().any(|policy| terms.on_failure(policy, judge) == OnFailure::Deny);
    let on_failure = if refuses { OnFailure::Deny } else { OnFailure::Allow };
    let object =
        ObjectRef { api_version: String::new(), kind: "this".to_owned(), namespace: None, name: "object".to_owned() };
    let names = asked.into_iter().collect::<Vec<_>>().join(", ");
    Decision::about(uid, object).unjudged(format!("no verdict of {names}: {why}"), on_failure)
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

/// The object with the scanner's defaults; none where there is nothing to judge.
fn read(mut value: Value, namespace: Option<&str>, judge: &Judge) -> Result<Option<Object>, String> {
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
    match manifest::object(value, &judge.kinds) {
        Ok(Triage::Object(object)) => Ok(Some(*object)),
        Ok(Triage::Skip(_)) => Ok(None),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

fn verdict(object: &Object, judge: &Judge, set: &PolicySet, terms: &Terms) -> Verdict {
    judge.judge_object(object, set, &Occasion { today: terms.today, file: None })
}
