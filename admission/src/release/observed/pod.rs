//! A pod, and its containers.

use super::{Uid, controller, count, text};
use k8s_openapi::{
    api::core::v1::{self, ContainerState, ContainerStateTerminated, ContainerStatus, PodCondition},
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::Timestamp,
};
use std::{collections::HashSet, time::Duration};

/// A pod.
#[derive(Debug, Clone)]
pub struct Pod {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: Uid,
    /// The ReplicaSet, StatefulSet, DaemonSet or Job that made it.
    pub owner: Option<Uid>,
    /// The hash of its revision, as StatefulSets and DaemonSets label it.
    pub revision: String,
    /// `status.phase`.
    pub phase: Phase,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it is being deleted.
    pub ending: bool,
    /// How long it may take to end; while it ends, what its deletion said.
    pub grace: Duration,
    /// Whether its containers are never restarted, or only after a failure.
    pub always_restarts: bool,
    /// Who must let go of it before it is gone.
    pub finalizers: Vec<String>,
    /// Why no node takes it.
    pub unschedulable: Option<String>,
    /// Why its sandbox is not there: of `PodReadyToStartContainers=False`.
    pub no_sandbox: Option<String>,
    /// Init containers, then the others.
    pub containers: Vec<Container>,
}

/// `status.phase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Phase {
    Pending,
    Running,
    Succeeded,
    Failed,
}

/// A container as the kubelet tells it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Container {
    pub name: String,
    pub image: String,
    pub role: Role,
    pub ready: bool,
    pub restarts: u32,
    pub state: State,
    /// How the run before ended.
    pub last: Option<Ended>,
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Must end before the next one begins.
    Init,
    /// Runs as long as the pod; also an init container that is restarted always.
    Main,
}

/// What a container does.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub enum State {
    Waiting { reason: String, message: String },
    Running,
    Ended(Ended),
}

/// How a run of a container ended.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// `Error`, `OOMKilled`, `Completed`.
    pub reason: String,
    /// What it wrote to its termination message.
    pub message: String,
    /// When this run began, by the clock of the cluster.
    pub started: Option<Timestamp>,
}

impl Pod {
    /// Whether all of its containers have ended for good.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// How often its containers were restarted, all together.
    pub fn restarts(&self) -> u32 {
        self.containers.iter().map(|container| container.restarts).fold(0, u32::saturating_add)
    }

    /// The number at the end of its name; of a StatefulSet's pod.
    pub fn ordinal(&self) -> Option<u32> {
        self.name.rsplit_once('-')?.1.parse().ok()
    }
}

impl From<&v1::Pod> for Pod {
    fn from(from: &v1::Pod) -> Self {
        let (spec, status) = (from.spec.clone().unwrap_or_default(), from.status.clone().unwrap_or_default());
        let conditions = status.conditions.unwrap_or_default();
        let is_false = |type_: &str| conditions.iter().find(|found| found.type_ == type_ && found.status == "False");
        let unschedulable = is_false("PodScheduled").filter(|found| found.reason.as_deref() == Some("Unschedulable"));
        let inits = spec.init_containers.unwrap_or_default();
        let is_sidecar = |init: &&v1::Container| init.restart_policy.as_deref() == Some("Always");
        let sidecars: HashSet<_> = inits.iter().filter(is_sidecar).map(|init| &*init.name).collect();
        let init = status.init_container_statuses.unwrap_or_default().into_iter().map(|container| {
            let role = if sidecars.contains(&*container.name) { Role::Main } else { Role::Init };
            Container::new(container, role)
        });
        let main = status.container_statuses.unwrap_or_default().into_iter();
        let grace = from.metadata.deletion_grace_period_seconds.or(spec.termination_grace_period_seconds);
        Pod {
            namespace: text(from.metadata.namespace.as_ref()),
            name: text(from.metadata.name.as_ref()),
            uid: text(from.metadata.uid.as_ref()),
            owner: controller(&from.metadata),
            revision: text(from.metadata.labels.as_ref().and_then(|all| all.get("controller-revision-hash"))),
            phase: match status.phase.as_deref() {
                Some("Running") => Phase::Running,
                Some("Succeeded") => Phase::Succeeded,
                Some("Failed") => Phase::Failed,
                _ => Phase::Pending,
            },
            ready: conditions.iter().any(|found| found.type_ == "Ready" && found.status == "True"),
            ending: from.metadata.deletion_timestamp.is_some(),
            grace: Duration::from_secs(u64::try_from(grace.unwrap_or(30)).unwrap_or(1)),
            always_restarts: spec.restart_policy.as_deref().is_none_or(|policy| policy == "Always"),
            finalizers: from.metadata.finalizers.clone().unwrap_or_default(),
            unschedulable: unschedulable.map(|found| text(found.message.as_ref())),
            no_sandbox: is_false("PodReadyToStartContainers")
                .map(|found: &PodCondition| found.message.clone().or_else(|| found.reason.clone()).unwrap_or_default()),
            containers: init.chain(main.map(|container| Container::new(container, Role::Main))).collect(),
        }
    }
}

impl Container {
    fn new(from: ContainerStatus, role: Role) -> Self {
        let state = from.state.unwrap_or_default();
        Container {
            name: from.name,
            image: from.image,
            role,
            ready: from.ready,
            restarts: count(Some(from.restart_count)),
            state: State::from(state),
            last: from.last_state.and_then(|last| last.terminated).map(Ended::from),
        }
    }

    /// How the newest run that is over ended, unless another one is under way.
    pub fn down(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            State::Waiting { .. } => self.last.as_ref(),
            State::Running => None,
        }
    }
}

impl From<ContainerState> for State {
    fn from(from: ContainerState) -> Self {
        match (from.running, from.terminated, from.waiting) {
            (Some(_), ..) => State::Running,
            (_, Some(terminated), _) => State::Ended(terminated.into()),
            (_, _, waiting) => {
                let waiting = waiting.unwrap_or_default();
                State::Waiting {
                    reason: waiting.reason.unwrap_or_default(),
                    message: waiting.message.unwrap_or_default(),
                }
            }
        }
    }
}

impl From<ContainerStateTerminated> for Ended {
    fn from(from: ContainerStateTerminated) -> Self {
        Ended {
            code: from.exit_code,
            reason: from.reason.unwrap_or_default(),
            message: from.message.unwrap_or_default(),
            started: from.started_at.map(|Time(at)| at),
        }
    }
}
