//! Follows one resource of one namespace: a list, then watches that go on where the last one stopped.
//!
//! This is done here and not with a library because a verdict must know when each kind was listed anew, and what kind of
//! refusal it met ([decision 60](../../../../docs/decisions/0060-lists-and-watches-by-hand.md)).

use super::{
    super::{
        helm_secret,
        observed::{Event, Job, Object, Pod, Revision, Uid, Workload},
        plan::Plan,
        world::Moment,
    },
    helm::{self, Seen},
    resources::{RESOURCES, Resource},
};
use futures_util::{StreamExt, pin_mut};
use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet},
        batch::v1 as batch,
        core::v1 as core,
    },
};
use kube::{
    Api, Client, Error, ResourceExt,
    api::{ListParams, WatchEvent, WatchParams},
};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeSet,
    fmt::Debug,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

/// What was heard of one source.
pub(super) enum Heard {
    Seen(Vec<Object>),
    Lost(Vec<Uid>),
    Records(Vec<Seen>),
    /// All of it was listed in this round.
    Listed {
        source: usize,
        round: u64,
    },
    /// It did not work, and is tried again.
    Failed {
        source: usize,
        message: String,
    },
    /// It is not allowed.
    Denied {
        source: usize,
        message: String,
    },
}

/// How long one watch lasts, in seconds. It goes on where it stopped, so this bounds how long a connection that died
/// unnoticed is believed.
const WATCH_SECONDS: u32 = 45;

/// How long the API server may be silent in a watch.
pub const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 15);

/// Objects of one answer to a list.
const PAGE: u32 = 500;

/// Between tries: doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// All sources that are followed. They end with this.
pub(super) struct Following {
    client: Client,
    outbox: mpsc::Sender<Heard>,
    sources: Vec<(Resource, String, Instant)>,
    round: watch::Sender<u64>,
    tasks: JoinSet<()>,
}

impl Following {
    pub(super) fn new(client: Client, outbox: mpsc::Sender<Heard>) -> Self {
        Following { client, outbox, sources: Vec::new(), round: watch::Sender::new(0), tasks: JoinSet::new() }
    }

    /// Follows Helm's records of a release.
    pub(super) fn records(&mut self, namespace: &str, name: &str) -> usize {
        let labels = format!("owner=helm,name={name}");
        let api = Api::<core::Secret>::namespaced(self.client.clone(), namespace);
        let fields = format!("type={}", helm_secret::TYPE);
        let select = Select { labels: Some(labels), fields: Some(fields) };
        self.follow(RESOURCES[0], namespace, api, select, |secret| Heard::Records(vec![helm::seen(secret)]))
    }

    /// Follows the kinds that a plan needs, and says which sources that are.
    pub(super) fn begin(&mut self, plan: &Plan) -> Vec<usize> {
        let mut begun = Vec::new();
        for namespace in plan.namespaces() {
            let here = plan.parts.iter().filter(|part| part.name.namespace == namespace);
            let kinds: Vec<_> = here.map(|part| part.name.kind).collect();
            for resource in RESOURCES {
                if resource.for_kinds.iter().any(|kind| kinds.contains(kind)) {
                    begun.extend(self.resource(resource, namespace));
                }
            }
        }
        begun
    }

    fn resource(&mut self, resource: Resource, namespace: &str) -> Option<usize> {
        let all = Select::default();
        let client = self.client.clone();
        macro_rules! follow {
            ($kind:ty, $view:ty, $object:ident) => {
                self.follow(resource, namespace, Api::<$kind>::namespaced(client, namespace), all, |object: $kind| {
                    Heard::Seen(vec![Object::$object(<$view>::from(&object))])
                })
            };
        }
        Some(match resource.name {
            "deployments" => follow!(Deployment, Workload, Workload),
            "statefulsets" => follow!(StatefulSet, Workload, Workload),
            "daemonsets" => follow!(DaemonSet, Workload, Workload),
            "replicasets" => follow!(ReplicaSet, Revision, Revision),
            "controllerrevisions" => follow!(ControllerRevision, Revision, Revision),
            "jobs" => follow!(batch::Job, Job, Job),
            "pods" => follow!(core::Pod, Pod, Pod),
            "events" => follow!(core::Event, Event, Event),
            _ => return None,
        })
    }

    fn follow<K>(
        &mut self,
        resource: Resource,
        namespace: &str,
        api: Api<K>,
        select: Select,
        heard: fn(K) -> Heard,
    ) -> usize
    where
        K: kube::Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + 'static,
    {
        let source = self.sources.len();
        self.sources.push((resource, namespace.to_owned(), Instant::now()));
        let mut round = self.round.subscribe();
        round.mark_unchanged();
        let one = Source { source, api, select, heard, outbox: self.outbox.clone(), round, known: BTreeSet::new() };
        self.tasks.spawn(one.run());
        source
    }

    /// Lists all but the records again, and says which sources that are.
    pub(super) fn list_again(&mut self) -> BTreeSet<usize> {
        self.round.send_modify(|round| *round += 1);
        for (.., begun) in &mut self.sources {
            *begun = Instant::now();
        }
        (0..self.sources.len()).filter(|source| !self.is_records(*source)).collect()
    }

    pub(super) fn round(&self) -> u64 {
        *self.round.borrow()
    }

    pub(super) fn is_records(&self, source: usize) -> bool {
        self.sources[source].0 == RESOURCES[0]
    }

    pub(super) fn name(&self, source: usize) -> (Resource, String) {
        (self.sources[source].0, self.sources[source].1.clone())
    }

    /// How long a source has been asked for a list.
    pub(super) fn age(&self, source: usize, begun: Instant, now: Moment) -> Duration {
        (begun + now).saturating_duration_since(self.sources[source].2)
    }
}

#[derive(Default)]
struct Select {
    labels: Option<String>,
    fields: Option<String>,
}

struct Source<K> {
    source: usize,
    api: Api<K>,
    select: Select,
    heard: fn(K) -> Heard,
    outbox: mpsc::Sender<Heard>,
    round: watch::Receiver<u64>,
    known: BTreeSet<Uid>,
}

/// Why following stops.
enum Stop {
    /// Nobody listens, or it is not allowed.
    Ended,
    /// What was known is too old.
    Gone,
    /// It may work the next time.
    Failed(String),
}

impl<K> Source<K>
where
    K: kube::Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    async fn run(mut self) {
        let mut version: Option<String> = None;
        let mut wait = FIRST_WAIT;
        loop {
            let step = match &mut version {
                None => self.list().await.map(|listed| version = Some(listed)),
                Some(version) => self.watch(version).await,
            };
            match step {
                Ok(()) => wait = FIRST_WAIT,
                Err(Stop::Ended) => return,
                Err(Stop::Gone) => version = None,
                Err(Stop::Failed(message)) => {
                    if self.tell(Heard::Failed { source: self.source, message }).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Lists everything, page by page. What was known and is not listed is gone.
    async fn list(&mut self) -> Result<String, Stop> {
        let round = *self.round.borrow_and_update();
        let mut params = ListParams {
            label_selector: self.select.labels.clone(),
            field_selector: self.select.fields.clone(),
            limit: Some(PAGE),
            ..ListParams::default()
        };
        let mut listed = BTreeSet::new();
        loop {
            let page = match self.api.list(&params).await {
                Ok(page) => page,
                Err(error) => return Err(self.stop(error).await),
            };
            for object in page.items {
                listed.extend(object.uid());
                self.tell((self.heard)(object)).await?;
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params.continue_token = Some(token),
                None => {
                    let lost: Vec<Uid> = self.known.difference(&listed).cloned().collect();
                    self.known = listed;
                    self.tell(Heard::Lost(lost)).await?;
                    self.tell(Heard::Listed { source: self.source, round }).await?;
                    return Ok(page.metadata.resource_version.unwrap_or_default());
                }
            }
        }
    }

    /// Watches until the stream ends, and leaves the version from which to go on.
    async fn watch(&mut self, version: &mut String) -> Result<(), Stop> {
        let params = WatchParams {
            label_selector: self.select.labels.clone(),
            field_selector: self.select.fields.clone(),
            timeout: Some(WATCH_SECONDS),
            bookmarks: true,
            ..WatchParams::default()
        };
        let stream = match self.api.watch(&params, version).await {
            Ok(stream) => stream,
            Err(error) => return Err(self.stop(error).await),
        };
        pin_mut!(stream);
        let mut round = self.round.clone();
        loop {
            let event = tokio::select! {
                event = stream.next() => event,
                _ = round.changed() => return Err(Stop::Gone),
            };
            match event {
                None => return Ok(()),
                Some(Err(error)) => return Err(self.stop(error).await),
                Some(Ok(WatchEvent::Error(status))) if status.code == 410 => return Err(Stop::Gone),
                Some(Ok(WatchEvent::Error(status))) => return Err(Stop::Failed(status.message)),
                Some(Ok(WatchEvent::Bookmark(bookmark))) => *version = bookmark.metadata.resource_version,
                Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                    *version = object.resource_version().unwrap_or_default();
                    self.known.extend(object.uid());
                    self.tell((self.heard)(object)).await?;
                }
                Some(Ok(WatchEvent::Deleted(object))) => {
                    *version = object.resource_version().unwrap_or_default();
                    let lost: Vec<Uid> = object.uid().into_iter().collect();
                    lost.iter().for_each(|uid| {
                        self.known.remove(uid);
                    });
                    // Its last state says how it ended.
                    self.tell((self.heard)(object)).await?;
                    self.tell(Heard::Lost(lost)).await?;
                }
            }
        }
    }

    async fn tell(&self, heard: Heard) -> Result<(), Stop> {
        self.outbox.send(heard).await.map_err(|_| Stop::Ended)
    }

    async fn stop(&self, error: Error) -> Stop {
        match error {
            Error::Api(status) if status.code == 410 => Stop::Gone,
            Error::Api(status) if matches!(status.code, 401 | 403) => {
                let _ = self.tell(Heard::Denied { source: self.source, message: status.message }).await;
                Stop::Ended
            }
            Error::Api(status) => Stop::Failed(status.message),
            other => Stop::Failed(innermost(&other)),
        }
    }
}

/// The last error of a chain: the others repeat it, or say only that something failed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
