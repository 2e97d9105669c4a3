//! The live audit: what runs in a cluster, judged as the webhook would judge it if it were created now.
//!
//! Lists are read page by page, and of what is not judged nothing is kept. Objects whose owner is judged are counted, by
//! the knowledge that the webhook has of owners. The objects of a namespace are a set, as those of a file are.

mod judging;
mod lists;
mod pages;
mod sets;
mod trouble;

pub use pages::{ATTEMPTS, PAGE};
pub(super) use trouble::said;

use crate::{
    finding::{Audited, Finding, Judged, LocatedProblem, Needs, ObjectRef, Report},
    judge::{Judge, exceptions::Usage},
    manifest::Skip,
    watch::Watch,
};
use anyhow::{Context, Result};
use jiff::civil::Date;
use kube::{Client, api::Api};
use pages::Reader;
use sets::Sets;
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
    time::Instant,
};

/// The namespace that the webhook is never asked about. An audit of all namespaces leaves it out, too.
const SYSTEM: &str = "kube-system";

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespaces {
    /// Everywhere but in `kube-system`.
    All,
    /// In these.
    These(BTreeSet<String>),
}

/// How to audit.
#[derive(Debug, Clone)]
pub struct AuditOptions {
    /// Where to look.
    pub namespaces: Namespaces,
    /// What the cluster is called.
    pub cluster: String,
    /// How many objects at one time.
    pub threads: NonZeroUsize,
    /// The day that exceptions are held against (UTC).
    pub today: Date,
    /// What the report must hold beyond findings.
    pub needs: Needs,
    /// Where to say how far it is.
    pub watch: Arc<Watch>,
}

/// Lists and judges everything. What cannot be listed is a problem of the report, and the rest is judged.
///
/// # Errors
/// The API server cannot be asked which kinds it has.
pub async fn audit(client: &Client, judge: &Judge, options: &AuditOptions) -> Result<Report> {
    let start = Instant::now();
    let wants_sets = judge.everywhere().wants_set();
    let known = lists::find(client, &judge.kinds, wants_sets, &options.namespaces).await;
    let lists::Known { lists, problems } = known.context("the kinds that the API server has")?;
    options.watch.begin(lists.len());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.get()).build()?;
    let reader = Reader { client, judging: judging::Judging { judge, options, wants_sets }, pool: &pool };
    let mut all = Outcome { problems, ..Outcome::default() };
    for list in &lists {
        all.append(reader.read(list).await);
        options.watch.source_done();
    }
    all.append(missing(client, &options.namespaces, &all).await);
    let of_sets = pool.install(|| std::mem::take(&mut all.sets).judge(judge, options));
    all.append(of_sets);
    Ok(all.into_report(judge, options, start))
}

/// What came of a part of the cluster.
#[derive(Default)]
struct Outcome {
    findings: Vec<Finding>,
    problems: Vec<LocatedProblem>,
    judged: Vec<Judged>,
    skipped: BTreeMap<String, usize>,
    advice: BTreeSet<String>,
    usage: Usage,
    sets: Sets,
    namespaces: BTreeSet<String>,
    objects: usize,
    workloads: usize,
    refused: usize,
}

impl Outcome {
    fn append(&mut self, later: Outcome) {
        self.findings.extend(later.findings);
        self.problems.extend(later.problems);
        self.judged.extend(later.judged);
        for (reason, count) in later.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        self.advice.extend(later.advice);
        self.usage += later.usage;
        self.sets.append(later.sets);
        self.namespaces.extend(later.namespaces);
        self.objects += later.objects;
        self.workloads += later.workloads;
        self.refused += later.refused;
    }

    fn skip(&mut self, skip: &Skip) {
        self.advice.extend(skip.advice());
        self.leave(skip.to_string());
    }

    fn leave(&mut self, reason: String) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// In the order of namespaces, kinds, names and rules, whatever the order of the lists.
    fn into_report(mut self, judge: &Judge, options: &AuditOptions, start: Instant) -> Report {
        let place = |object: &ObjectRef| (object.namespace.clone(), object.kind.clone(), object.name.clone());
        self.findings.sort_by_cached_key(|finding| {
            let object = finding.object.as_deref().map(place);
            (object, finding.location.pointer.clone(), finding.rule.clone())
        });
        self.judged.sort_by_cached_key(|judged| place(&judged.object));
        self.findings.extend(judge.about_exceptions(&self.usage, options.today));
        let mut report = Report { policies: judge.everywhere().digest().to_owned(), ..Report::default() };
        report.summary.workloads = self.workloads;
        report.summary.skipped = self.skipped;
        report.summary.advice = self.advice;
        report.summary.cluster = Some(Audited {
            name: options.cluster.clone(),
            namespaces: self.namespaces.into_iter().collect(),
            objects: self.objects,
            refused: self.refused,
        });
        (report.findings, report.problems, report.judged) = (self.findings, self.problems, self.judged);
        report.summary.elapsed = start.elapsed();
        report
    }
}

/// Namespaces that were asked for and have nothing: one that is not there is a mistake.
async fn missing(client: &Client, namespaces: &Namespaces, found: &Outcome) -> Outcome {
    let mut outcome = Outcome::default();
    let Namespaces::These(names) = namespaces else { return outcome };
    for name in names.difference(&found.namespaces) {
        let api = Api::<k8s_openapi::api::core::v1::Namespace>::all(client.clone());
        match api.get_metadata_opt(name).await {
            Ok(None) => outcome.problems.push(trouble::no_namespace(name)),
            Ok(Some(_)) => outcome.leave(format!("nothing in the namespace {name}")),
            Err(_) => outcome.leave(format!("nothing in the namespace {name}, if there is one")),
        }
    }
    outcome
}
