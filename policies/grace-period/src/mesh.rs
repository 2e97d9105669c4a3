//! Proxies of service meshes, which are injected into the pod later: an annotation of the pod says how long each waits
//! before it stops.

use crate::{GRACE, Stop, unit::Unit};
use plimsoll_policy::{Duration, Finding, Findings, Level, Rule};

pub(crate) const OUTLIVES: Rule =
    Rule::new("mesh-outlives-grace", Level::Warn, "a mesh's proxy is told to wait longer than the grace period allows");

/// An annotation that makes a proxy wait after the pod was told to stop.
struct Wait {
    mesh: &'static str,
    annotation: &'static str,
    /// The field, where the annotation is a YAML text.
    field: Option<&'static str>,
    unit: Unit,
    /// What the proxy does when it has waited: another annotation, and its default.
    then: Option<(&'static str, Duration)>,
}

/// Each was read in the mesh's documentation or source, which stands above it.
static WAITS: [Wait; 4] = [
    // docs.dapr.io, "Dapr arguments and annotations": the block comes first, then the graceful shutdown, 5 s by default.
    Wait {
        mesh: "Dapr",
        annotation: "dapr.io/block-shutdown-duration",
        field: None,
        unit: Unit::WithUnit,
        then: Some(("dapr.io/graceful-shutdown-seconds", Duration::seconds(5))),
    },
    // istio.io, "Global Mesh Options", ProxyConfig.terminationDrainDuration: how long the agent waits before it ends Envoy.
    Wait {
        mesh: "Istio",
        annotation: "proxy.istio.io/config",
        field: Some("terminationDrainDuration"),
        unit: Unit::WithUnit,
        then: None,
    },
    // linkerd.io, "Graceful Pod Shutdown": a preStop hook of the proxy that sleeps.
    Wait {
        mesh: "Linkerd",
        annotation: "config.alpha.linkerd.io/proxy-wait-before-exit-seconds",
        field: None,
        unit: Unit::WholeSeconds,
        then: None,
    },
    // kuma.io, "Kubernetes annotations": the drain time of the sidecar.
    Wait { mesh: "Kuma", annotation: "kuma.io/sidecar-drain-time", field: None, unit: Unit::WithUnit, then: None },
];

/// A proxy that needs all of the grace loses the race against SIGKILL, as any other process.
pub(crate) fn check(stop: &Stop<'_>, findings: &mut Findings<'_>) {
    let annotations = &stop.workload.pod.annotations;
    for wait in &WAITS {
        let Some((needed, spelled_out)) = annotations.get(wait.annotation).and_then(|text| wait.needed(stop, text))
        else {
            continue;
        };
        if needed < stop.grace {
            continue;
        }
        let (mesh, grace) = (wait.mesh, stop.grace_seconds());
        let message = format!(
            "{mesh}'s proxy waits {spelled_out} before it stops, and {GRACE} is {grace}s: it is killed while it waits, \
             with what it still carries"
        );
        let enough = (needed + Duration::seconds(5)).ceil_seconds();
        let pointer = stop.workload.pod.annotation(wait.annotation);
        findings.push(
            Finding::new(&OUTLIVES, pointer, message)
                .help(format!("{GRACE}: {enough} or more, or a shorter wait"))
                .related(stop.grace_pointer(), format!("{GRACE} {grace}s"))
                .set(stop.grace_pointer(), enough),
        );
    }
}

impl Wait {
    /// How long the proxy takes, and how that adds up; none where the annotation does not say it.
    fn needed(&self, stop: &Stop<'_>, text: &str) -> Option<(Duration, String)> {
        let text = match self.field {
            Some(field) => field_of(text, field)?,
            None => text,
        };
        let wait = self.unit.parse(text.trim())?;
        let Some((annotation, default)) = self.then else { return Some((wait, wait.to_string())) };
        let written = stop.workload.pod.annotations.get(annotation);
        let then = written.and_then(|text| Unit::WholeSeconds.parse(text.trim())).unwrap_or(default);
        let source = if written.is_some() { format!("`{annotation}`") } else { "its default".to_owned() };
        Some((wait + then, format!("{} = {wait} + {then} ({source})", wait + then)))
    }
}

/// The scalar of a top-level key, in a text that is a YAML or JSON mapping.
fn field_of<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (_, after) = text.match_indices(key).map(|(at, _)| text.split_at(at + key.len())).find(|(before, after)| {
        let before = before[..before.len() - key.len()].trim_end_matches(['"', '\'']);
        let is_key = after.trim_start_matches(['"', '\'']).trim_start().starts_with(':');
        is_key && before.chars().next_back().is_none_or(|c| "\n{, ".contains(c))
    })?;
    let value = after.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim_start();
    let value = value.split(['\n', ',', '}', '#']).next()?.trim();
    Some(value.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{container, deployment, found, messages};
    use expect_test::expect;

    fn meshed(grace: i64, annotations: &[(&str, &str)]) -> plimsoll_policy::Workload {
        let given = deployment(grace).with(container("app"));
        annotations.iter().fold(given, |given, (key, value)| given.annotate(key, value)).build()
    }

    #[test]
    fn a_proxy_must_be_done_before_the_grace_is_over() {
        for (annotation, value, enough) in [
            ("config.alpha.linkerd.io/proxy-wait-before-exit-seconds", "40", 41),
            ("proxy.istio.io/config", "terminationDrainDuration: 60s", 61),
            ("proxy.istio.io/config", "{\"terminationDrainDuration\":\"45s\",\"concurrency\":2}", 46),
            ("proxy.istio.io/config", "concurrency: 2\nterminationDrainDuration: \"20s\" # long\n", 21),
            ("kuma.io/sidecar-drain-time", "30s", 31),
            ("dapr.io/block-shutdown-duration", "1m", 66),
        ] {
            let count = |grace| found(&meshed(grace, &[(annotation, value)]), &OUTLIVES).len();
            assert_eq!((count(enough - 1), count(enough)), (1, 0), "{annotation}: {value}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_is_not_about_stopping_says_nothing() {
        for (annotation, value) in [
            ("proxy.istio.io/config", "drainDuration: 90s"),
            ("proxy.istio.io/config", "x-terminationDrainDuration: 90s"),
            ("proxy.istio.io/config", "terminationDrainDuration"),
            ("proxy.istio.io/config", "terminationDrainDuration: ${DRAIN}"),
            ("config.alpha.linkerd.io/proxy-wait-before-exit-seconds", "soon"),
            ("dapr.io/graceful-shutdown-seconds", "90"),
        ] {
            assert_eq!(found(&meshed(30, &[(annotation, value)]), &OUTLIVES), [], "{annotation}: {value}");
        }
    }

    #[test]
    fn spells_out_what_dapr_adds_up_to() {
        let block = ("dapr.io/block-shutdown-duration", "60s");
        let shown = [
            messages(&meshed(30, &[block]), &OUTLIVES),
            messages(&meshed(30, &[block, ("dapr.io/graceful-shutdown-seconds", "30")]), &OUTLIVES),
        ];
        expect![[r#"
            Dapr's proxy waits 65s = 60s + 5s (its default) before it stops, and terminationGracePeriodSeconds is 30s: it is killed while it waits, with what it still carries
            Dapr's proxy waits 90s = 60s + 30s (`dapr.io/graceful-shutdown-seconds`) before it stops, and terminationGracePeriodSeconds is 30s: it is killed while it waits, with what it still carries"#]].assert_eq(&shown.join("\n"));
    }
}
