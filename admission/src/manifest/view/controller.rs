//! What keeps the pods going.

use super::{defaulted_int_or_percent, int_or_percent};
use crate::manifest::{
    defaults::UNLIMITED,
    field::{Node, Result},
    kind::Kind,
};
use plimsoll_policy::workload::{
    Controller, CronJob, DaemonSet, DaemonSetUpdate, Deployment, IntOrPercent, Job, Operator, ReplicaSet, Requirement,
    Rollout, RolloutStrategy, Selector, StatefulSet, StatefulSetUpdate, Strategy,
};

/// Group and kind of the custom kind whose rollouts are judged.
const ARGO_ROLLOUT: (&str, &str) = ("argoproj.io", "Rollout");

pub(super) fn controller(root: &Node<'_>, kind: Kind<'_>) -> Result<Controller> {
    if matches!(kind, Kind::Pod | Kind::PodTemplate) {
        return Ok(Controller::Pod);
    }
    if let Kind::Custom(custom) = kind {
        return match custom.is(ARGO_ROLLOUT.0, ARGO_ROLLOUT.1) {
            true => rollout(&root.required_object("spec")?).map(Controller::Rollout),
            false => Ok(Controller::Custom),
        };
    }
    let spec = root.required_object("spec")?;
    Ok(match kind {
        Kind::Deployment => Controller::Deployment(deployment(&spec)?),
        Kind::StatefulSet => Controller::StatefulSet(stateful_set(&spec)?),
        Kind::DaemonSet => Controller::DaemonSet(daemon_set(&spec)?),
        Kind::Job => Controller::Job(job(&spec)?),
        Kind::CronJob => Controller::CronJob(cron_job(&spec)?),
        _ => Controller::ReplicaSet(replica_set(&spec, kind)?),
    })
}

fn deployment(spec: &Node<'_>) -> Result<Deployment> {
    let min_ready_seconds = spec.defaulted_int("minReadySeconds", 0)?;
    let progress_deadline_seconds = spec.defaulted_int("progressDeadlineSeconds", 0)?;
    if progress_deadline_seconds <= min_ready_seconds {
        let message = format!("must be greater than minReadySeconds ({min_ready_seconds})");
        spec.check(spec.refuse("progressDeadlineSeconds", message))?;
    }
    Ok(Deployment {
        replicas: spec.defaulted_int("replicas", 0)?,
        selector: selector(spec)?,
        strategy: strategy(spec)?,
        min_ready_seconds,
        progress_deadline_seconds,
    })
}

fn strategy(spec: &Node<'_>) -> Result<Strategy> {
    let unknown = || {
        let quarter = || IntOrPercent::Percent(25);
        Strategy::RollingUpdate { max_unavailable: quarter(), max_surge: quarter() }
    };
    let read = match spec.object("strategy")? {
        Some(strategy) => strategy_of(&strategy).map(Some),
        None => Ok(None),
    };
    Ok(spec.or_without("strategy", read)?.unwrap_or_else(unknown))
}

fn strategy_of(strategy: &Node<'_>) -> Result<Strategy> {
    let recreates = strategy.defaulted_one_of("type", &[("RollingUpdate", false), ("Recreate", true)])?;
    if recreates {
        if strategy.has("rollingUpdate") {
            let message = "`rollingUpdate` does not go with type `Recreate`: remove it";
            strategy.check(strategy.refuse("rollingUpdate", message))?;
        }
        return Ok(Strategy::Recreate);
    }
    let update = strategy.required_object("rollingUpdate")?;
    let max_unavailable = unavailable(&update)?;
    let max_surge = surge(&update)?;
    if is_zero(max_unavailable) && is_zero(max_surge) {
        let message = "must not be 0 when maxSurge is 0: nothing could ever move";
        update.check(update.refuse("maxUnavailable", message))?;
    }
    Ok(Strategy::RollingUpdate { max_unavailable, max_surge })
}

fn unavailable(update: &Node<'_>) -> Result<IntOrPercent> {
    let value = update.defaulted("maxUnavailable", defaulted_int_or_percent(update, "maxUnavailable")?)?;
    if matches!(value, IntOrPercent::Percent(percent) if percent > 100) {
        update.check(update.refuse("maxUnavailable", "must not be over 100%"))?;
    }
    Ok(value)
}

fn surge(update: &Node<'_>) -> Result<IntOrPercent> {
    update.defaulted("maxSurge", defaulted_int_or_percent(update, "maxSurge")?)
}

fn is_zero(value: IntOrPercent) -> bool {
    matches!(value, IntOrPercent::Int(0) | IntOrPercent::Percent(0))
}

fn stateful_set(spec: &Node<'_>) -> Result<StatefulSet> {
    spec.one_of("podManagementPolicy", &[("OrderedReady", ()), ("Parallel", ())])?;
    Ok(StatefulSet {
        replicas: spec.defaulted_int("replicas", 0)?,
        selector: selector(spec)?,
        update_strategy: stateful_set_update(spec)?,
        min_ready_seconds: spec.defaulted_int("minReadySeconds", 0)?,
    })
}

const UPDATE_TYPES: [(&str, bool); 2] = [("RollingUpdate", true), ("OnDelete", false)];

fn stateful_set_update(spec: &Node<'_>) -> Result<StatefulSetUpdate> {
    let unknown = || StatefulSetUpdate::RollingUpdate { partition: 0, max_unavailable: None };
    let read = match spec.object("updateStrategy")? {
        Some(strategy) => stateful_set_update_of(&strategy).map(Some),
        None => Ok(None),
    };
    Ok(spec.or_without("updateStrategy", read)?.unwrap_or_else(unknown))
}

fn stateful_set_update_of(strategy: &Node<'_>) -> Result<StatefulSetUpdate> {
    if !strategy.defaulted_one_of("type", &UPDATE_TYPES)? {
        if strategy.has("rollingUpdate") {
            let message = "`rollingUpdate` does not go with type `OnDelete`: remove it";
            strategy.check(strategy.refuse("rollingUpdate", message))?;
        }
        return Ok(StatefulSetUpdate::OnDelete);
    }
    let update = strategy.required_object("rollingUpdate")?;
    let max_unavailable = int_or_percent(&update, "maxUnavailable")?;
    if max_unavailable.is_some_and(is_zero) {
        update.check(update.refuse("maxUnavailable", "must not be 0"))?;
    }
    Ok(StatefulSetUpdate::RollingUpdate { partition: update.defaulted_int("partition", 0)?, max_unavailable })
}

fn daemon_set(spec: &Node<'_>) -> Result<DaemonSet> {
    Ok(DaemonSet {
        selector: selector(spec)?,
        update_strategy: daemon_set_update(spec)?,
        min_ready_seconds: spec.defaulted_int("minReadySeconds", 0)?,
    })
}

fn daemon_set_update(spec: &Node<'_>) -> Result<DaemonSetUpdate> {
    let count = |value| IntOrPercent::Int(value);
    let unknown = || DaemonSetUpdate::RollingUpdate { max_unavailable: count(1), max_surge: count(0) };
    let read = match spec.object("updateStrategy")? {
        Some(strategy) => daemon_set_update_of(&strategy).map(Some),
        None => Ok(None),
    };
    Ok(spec.or_without("updateStrategy", read)?.unwrap_or_else(unknown))
}

fn daemon_set_update_of(strategy: &Node<'_>) -> Result<DaemonSetUpdate> {
    if !strategy.defaulted_one_of("type", &UPDATE_TYPES)? {
        return Ok(DaemonSetUpdate::OnDelete);
    }
    let update = strategy.required_object("rollingUpdate")?;
    let max_unavailable = unavailable(&update)?;
    let max_surge = surge(&update)?;
    update.check(match (is_zero(max_unavailable), is_zero(max_surge)) {
        (true, true) => update.refuse("maxUnavailable", "must not be 0 when maxSurge is 0: nothing could ever move"),
        (false, false) => {
            let message = "a DaemonSet takes maxSurge only with maxUnavailable 0, which defaults to 1: write it";
            update.refuse("maxSurge", message)
        }
        _ => Ok(()),
    })?;
    Ok(DaemonSetUpdate::RollingUpdate { max_unavailable, max_surge })
}

fn replica_set(spec: &Node<'_>, kind: Kind<'_>) -> Result<ReplicaSet> {
    let selector = match kind {
        Kind::ReplicationController => Selector { match_labels: spec.map("selector")?, ..Selector::default() },
        _ => selector(spec)?,
    };
    Ok(ReplicaSet {
        replicas: spec.defaulted_int("replicas", 0)?,
        selector,
        min_ready_seconds: spec.defaulted_int("minReadySeconds", 0)?,
    })
}

fn job(spec: &Node<'_>) -> Result<Job> {
    let backoff_limit = spec.defaulted_int("backoffLimit", 0)?;
    let unlimited = spec.has("backoffLimitPerIndex") && backoff_limit == UNLIMITED;
    Ok(Job {
        backoff_limit: (!unlimited).then_some(backoff_limit),
        completions: spec.int("completions", 0)?,
        parallelism: spec.defaulted_int("parallelism", 0)?,
        active_deadline_seconds: spec.int_between("activeDeadlineSeconds", 0, i64::MAX)?,
        ttl_seconds_after_finished: spec.int("ttlSecondsAfterFinished", 0)?,
    })
}

fn cron_job(spec: &Node<'_>) -> Result<CronJob> {
    let policies = [("Allow", ()), ("Forbid", ()), ("Replace", ())];
    spec.one_of("concurrencyPolicy", &policies)?;
    let template = spec.required_object("jobTemplate")?;
    Ok(CronJob { job: job(&template.required_object("spec")?)? })
}

/// The defaults are those of argo-rollouts `utils/defaults/defaults.go`: its API server fills in none.
fn rollout(spec: &Node<'_>) -> Result<Rollout> {
    Ok(Rollout {
        replicas: spec.int("replicas", 0)?.unwrap_or(1),
        selector: selector(spec)?,
        strategy: rollout_strategy(spec)?,
        min_ready_seconds: spec.int("minReadySeconds", 0)?.unwrap_or(0),
        progress_deadline_seconds: spec.int("progressDeadlineSeconds", 0)?.unwrap_or(600),
    })
}

fn rollout_strategy(spec: &Node<'_>) -> Result<RolloutStrategy> {
    let Some(strategy) = spec.object("strategy")? else { return Ok(RolloutStrategy::Full) };
    let Some(canary) = strategy.object("canary")? else { return Ok(RolloutStrategy::Full) };
    if canary.object("trafficRouting")?.is_some() {
        return Ok(RolloutStrategy::Full);
    }
    let quarter = || IntOrPercent::Percent(25);
    Ok(RolloutStrategy::Canary {
        max_unavailable: int_or_percent(&canary, "maxUnavailable")?.unwrap_or_else(quarter),
        max_surge: int_or_percent(&canary, "maxSurge")?.unwrap_or_else(quarter),
    })
}

const OPERATORS: [(&str, Operator); 4] = [
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
];

fn selector(spec: &Node<'_>) -> Result<Selector> {
    let Some(selector) = spec.object("selector")? else { return Ok(Selector::default()) };
    label_selector(&selector)
}

/// A selector of labels, as workloads and PodDisruptionBudgets have it.
pub(in crate::manifest) fn label_selector(selector: &Node<'_>) -> Result<Selector> {
    let requirement = |node: &Node<'_>| {
        let Some(operator) = node.one_of("operator", &OPERATORS)? else {
            return node.refuse("operator", "`operator` is missing");
        };
        Ok(Requirement { key: node.required_text("key")?.to_owned(), operator, values: node.strings("values")? })
    };
    Ok(Selector {
        match_labels: selector.map("matchLabels")?,
        expressions: selector.each("matchExpressions", requirement)?,
    })
}
