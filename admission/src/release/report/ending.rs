//! The end of a release, with all that explains it.

use super::{
    super::{
        causes::Cause,
        part::{Node, Stage},
        record::Record,
        verdict::{End, Phase},
        watch::{Evidence, Origin, Outcome, Target},
        world::Moment,
    },
    OldPod, old_pods,
};
use serde::Serialize;

/// The end of a release.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending<'a> {
    /// Of this form of report.
    pub version: u32,
    /// What was watched: the release's name, or the manifest's.
    pub release: &'a str,
    /// The namespace of it.
    pub namespace: &'a str,
    /// Whether that is a manifest, and not a release of Helm.
    #[serde(skip)]
    pub is_manifest: bool,
    /// Helm's revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// How it ended.
    pub end: End,
    /// Where it was.
    pub phase: Phase,
    /// The exit code of the program.
    pub exit_code: u8,
    /// How long it was watched.
    #[serde(rename = "elapsedSeconds", serialize_with = "seconds")]
    pub elapsed: Moment,
    /// In one line.
    pub summary: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'a Cause>,
    /// Parts that wait for the part of the cause.
    pub blocked: Vec<&'a Node>,
    /// Other parts that have a fault.
    pub others: Vec<&'a Cause>,
    /// Every part.
    pub parts: &'a [Node],
    /// How old pods ended.
    pub old_pods: Vec<OldPod>,
    /// What else explains it.
    pub evidence: &'a Evidence,
}

fn seconds<S: serde::Serializer>(elapsed: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(elapsed.as_secs())
}

/// Of the JSON document.
const VERSION: u32 = 1;

impl<'a> Ending<'a> {
    /// Of an outcome of watching a target, which is called `release`.
    pub fn new(outcome: &'a Outcome, target: &'a Target, release: &'a str, exit_code: u8) -> Self {
        let picture = &outcome.picture;
        let end = picture.end.unwrap_or(End::TimedOut);
        let cause = picture.root.as_ref();
        let is_root = |node: &Node| cause.is_some_and(|cause| cause.object == node.name);
        let waits = |node: &&Node| cause.is_some_and(|cause| node.blocked_by.contains(&cause.object));
        let others = picture.nodes.iter().filter(|node| !is_root(node) && node.stage != Stage::Done);
        let record = outcome.world.record.as_ref();
        Ending {
            version: VERSION,
            release,
            namespace: &target.namespace,
            is_manifest: matches!(target.origin, Origin::Manifest(_)),
            revision: record.map(|record| record.revision),
            end,
            phase: picture.phase,
            exit_code,
            elapsed: outcome.at,
            summary: summary(end, outcome, record),
            cause,
            blocked: picture.nodes.iter().filter(waits).collect(),
            others: others.filter_map(|node| node.cause.as_ref()).collect(),
            parts: &picture.nodes,
            old_pods: old_pods::old_pods(picture, &outcome.world),
            evidence: &outcome.evidence,
        }
    }
}

fn summary(end: End, outcome: &Outcome, record: Option<&Record>) -> String {
    let picture = &outcome.picture;
    let first = picture.nodes.iter().find(|node| node.stage != Stage::Done || node.old > 0);
    let part = || match (&picture.root, first) {
        (Some(cause), _) => format!("{}: {}", cause.object, cause.fault.code()),
        (None, Some(node)) => format!("{}: {}", node.name, node.progress),
        (None, None) => "Helm is not done with it".to_owned(),
    };
    match end {
        End::Complete => "complete".to_owned(),
        End::Failed => format!("failed: {}", part()),
        End::Stuck => format!("stuck: {}", part()),
        End::TimedOut => format!("timed out, waiting for {}", part()),
        End::Superseded => match record.and_then(|record| record.newer) {
            Some(newer) => format!("superseded by revision {newer}"),
            None => "superseded: another revision replaced it, or it was uninstalled".to_owned(),
        },
        End::NothingToWatch => "nothing to watch".to_owned(),
    }
}
