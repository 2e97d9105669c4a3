//! A Pod without a controller: no other one takes its place.

use super::{
    super::{
        causes::{Cause, Fault},
        observed::Phase,
        plan::Part,
    },
    Judging, Node, Prerequisites, Stage, Suspect, pods,
};

impl Judging<'_> {
    pub(super) fn bare_pod(&self, part: &Part) -> Node {
        let Some(seen) = self.world.pod(&part.name) else { return self.absent(part, "the Pod is not in the cluster") };
        let node = |progress: &str, stage| Node { stage, wanted: 1, ..Node::new(part, progress) };
        match (seen.pod.phase, seen.ready) {
            (Phase::Succeeded, _) => Node { ready: 1, settled: Some(seen.seen), ..node("succeeded", Stage::Done) },
            (Phase::Failed, _) => {
                let cause = Cause::of(Fault::PodFailed, &part.name, "the pod failed").in_pod(&seen.pod);
                node("failed", Stage::Working).suspected(vec![Suspect::over(pods::with_end(cause, &seen.pod))])
            }
            (_, Some(ready)) => Node { ready: 1, settled: Some(ready), ..node("ready", Stage::Done) },
            _ => {
                let suspects = pods::suspects(self, &part.name, seen, Prerequisites::None);
                node("not ready", Stage::Working).suspected(suspects)
            }
        }
    }
}
