//! The three probes that a container may have.

use plimsoll_policy::{
    Workload,
    workload::{Container, Handler, Probe},
};

/// What the kubelet does with a probe's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Startup,
    Liveness,
    Readiness,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Startup => "startup",
            Kind::Liveness => "liveness",
            Kind::Readiness => "readiness",
        }
    }
}

/// The probes that a container has.
pub(crate) fn all(container: &Container) -> impl Iterator<Item = (Kind, &Probe)> {
    let startup = container.startup.iter().map(|probe| (Kind::Startup, probe));
    startup.chain(steady(container))
}

/// The probes that are asked as long as the container runs.
pub(crate) fn steady(container: &Container) -> impl Iterator<Item = (Kind, &Probe)> {
    let liveness = container.liveness.iter().map(|probe| (Kind::Liveness, probe));
    let readiness = container.readiness.iter().map(|probe| (Kind::Readiness, probe));
    liveness.chain(readiness)
}

/// Whether a probe of the container, or a field of one, could not be read: what the view has there is a default.
pub(crate) fn has_unread(workload: &Workload, container: &Container) -> bool {
    let is_unread = |field| workload.is_unreadable(&container.field(field));
    !workload.unreadable.is_empty() && ["startupProbe", "livenessProbe", "readinessProbe"].into_iter().any(is_unread)
}

/// The command of an exec probe; empty for any other.
pub(crate) fn command(probe: &Probe) -> &[String] {
    match &probe.handler {
        Handler::Exec { command } => command,
        _ => &[],
    }
}

/// The field of a probe that holds its handler.
pub(crate) const fn handler_field(handler: &Handler) -> &'static str {
    match handler {
        Handler::Http(_) => "httpGet",
        Handler::Tcp { .. } => "tcpSocket",
        Handler::Grpc { .. } => "grpc",
        Handler::Exec { .. } => "exec",
        Handler::Sleep { .. } => "sleep",
        // No such field, so a finding there is located at the probe.
        Handler::Unknown => "unknown",
    }
}
