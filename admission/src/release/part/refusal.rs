//! Pods that the API server does not create.

use super::{
    super::{
        causes::{Cause, Fault, Patience},
        name::ObjectName,
        world::Moment,
    },
    Judging, Suspect,
};
use std::time::Duration;

/// How long a refusal may outlast the pod that gave its room up: controllers try again at growing distances.
const RETRY: Duration = Duration::from_secs(60);

impl Judging<'_> {
    /// A refusal. One by a quota may pass while old pods of the same workload make room.
    pub(super) fn refused(&self, name: &ObjectName, why: &str, since: Moment, has_room_to_come: bool) -> Suspect {
        let fault = kind(why);
        let cause = Cause::of(fault, name, format!("its pods are not created: {why}"));
        let departed = self.world.departed().iter().filter(|gone| gone.pod.namespace == name.namespace);
        let last = departed.map(|gone| gone.at).max();
        let made_room = last.is_some_and(|at| self.now.saturating_sub(at) < RETRY);
        match fault.patience() {
            Patience::None if fault == Fault::RefusedByQuota && (has_room_to_come || made_room) => {
                Suspect::passing(cause)
            }
            _ => Suspect::since(cause, since, self.now),
        }
    }
}

/// Who refused. What cannot be told may pass.
fn kind(why: &str) -> Fault {
    // A service account that is created a moment later, a webhook that does not answer.
    let passes = ["error looking up service account", "failed calling webhook", "no API token found"];
    let refuses = ["is forbidden", "denied the request", "violates PodSecurity", "is invalid"];
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    match () {
        () if why.contains("exceeded quota") => Fault::RefusedByQuota,
        () if has(&passes) => Fault::NotCreated,
        () if has(&refuses) => Fault::RefusedByAdmission,
        () => Fault::NotCreated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_refused_is_known_by_the_message() {
        for (why, fault) in [
            (
                "pods \"web-1\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2",
                Fault::RefusedByQuota,
            ),
            ("admission webhook \"validate.plimsoll.dev\" denied the request: latest-tag", Fault::RefusedByAdmission),
            ("pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\"", Fault::RefusedByAdmission),
            ("Pod \"web-1\" is invalid: spec.containers[0].image: Required value", Fault::RefusedByAdmission),
            ("pods \"web-1\" is forbidden: error looking up service account shop/web: not found", Fault::NotCreated),
            ("Internal error occurred: failed calling webhook \"x\": connection refused", Fault::NotCreated),
        ] {
            assert_eq!(kind(why), fault, "{why}");
        }
    }
}
