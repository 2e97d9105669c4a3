//! An API server that does what a test says: lists, watches with bookmarks, selects by label, refuses, forgets versions,
//! cuts connections and says things twice.

use axum::{
    Router,
    body::Body,
    extract::{Query, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use plimsoll_tests::{Outcome, launched};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Condvar, Mutex, MutexGuard},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};

/// An API server. It ends with this.
pub(super) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
    folder: tempfile::TempDir,
}

#[derive(Default)]
struct Shared {
    state: Mutex<Store>,
    /// Somebody asked for something.
    asked: Condvar,
    version: watch::Sender<u64>,
}

#[derive(Default)]
struct Store {
    version: u64,
    resources: BTreeMap<String, Resource>,
    logs: HashMap<String, String>,
    requests: Vec<String>,
    /// Each event is sent twice.
    repeats: bool,
}

#[derive(Default)]
struct Resource {
    objects: BTreeMap<String, Value>,
    events: Vec<(u64, Value)>,
    /// What every request is refused with.
    refused: Option<(u16, String)>,
    /// Watches of older versions are gone.
    forgotten: u64,
    /// Open watches end when this grows.
    cuts: u64,
    watches: usize,
}

impl Server {
    /// Starts one without objects.
    pub(super) fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let shared = Arc::new(Shared::default());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, app).await });
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{ "name": "test", "cluster": { "server": format!("http://{address}") } }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test", "namespace": "shop" } }],
            "users": [{ "name": "test", "user": {} }],
        });
        let folder = plimsoll_tests::folder([("kubeconfig", &config.to_string())]);
        Server { shared, address, runtime: Some(runtime), folder }
    }

    /// Creates or changes an object.
    pub(super) fn put(&self, object: &Value) -> &Self {
        self.change(object, |resource, name, object| {
            let known = resource.objects.insert(name.to_owned(), object.clone()).is_some();
            if known { "MODIFIED" } else { "ADDED" }
        });
        self
    }

    /// Deletes an object; this is its last state.
    pub(super) fn delete(&self, object: &Value) -> &Self {
        self.change(object, |resource, name, _| {
            resource.objects.remove(name);
            "DELETED"
        });
        self
    }

    fn change(&self, object: &Value, change: impl FnOnce(&mut Resource, &str, &Value) -> &'static str) {
        let mut store = self.store();
        store.version += 1;
        let version = store.version;
        let mut object = object.clone();
        object["metadata"]["resourceVersion"] = version.to_string().into();
        let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
        let resource = store.resources.entry(path(&object)).or_default();
        let kind = change(resource, &name, &object);
        resource.events.push((version, json!({ "type": kind, "object": object })));
        drop(store);
        self.shared.version.send_replace(version);
    }

    /// What a container last wrote.
    pub(super) fn log(&self, pod: &str, text: &str) -> &Self {
        self.store().logs.insert(pod.to_owned(), text.to_owned());
        self
    }

    /// Refuses a resource such as `events`.
    pub(super) fn refuse(&self, resource: &str, code: u16) -> &Self {
        let message = format!("{resource} is forbidden: User \"ci\" cannot list resource \"{resource}\"");
        self.store().resources.entry(path_of(resource)).or_default().refused = Some((code, message));
        self
    }

    /// Says each change twice.
    pub(super) fn repeat(&self) -> &Self {
        self.store().repeats = true;
        self
    }

    /// Ends the open watches of a resource, and forgets its versions: 410 Gone.
    pub(super) fn forget(&self, resource: &str) -> &Self {
        let mut store = self.store();
        let version = store.version;
        let resource = store.resources.entry(path_of(resource)).or_default();
        resource.forgotten = version + 1;
        resource.cuts += 1;
        drop(store);
        self.shared.version.send_modify(|_| {});
        self
    }

    /// Ends the open watches of a resource, as a restart of the API server does.
    pub(super) fn cut(&self, resource: &str) -> &Self {
        self.store().resources.entry(path_of(resource)).or_default().cuts += 1;
        self.shared.version.send_modify(|_| {});
        self
    }

    /// Waits until a resource was watched so many times.
    pub(super) fn until_watched(&self, resource: &str, times: usize) -> &Self {
        let path = path_of(resource);
        let is_early = |store: &mut Store| store.resources.entry(path.clone()).or_default().watches < times;
        drop(self.shared.asked.wait_while(self.store(), is_early).expect("the store"));
        self
    }

    /// Everything that was asked for, without versions.
    pub(super) fn requests(&self) -> Vec<String> {
        let mut requests = self.store().requests.clone();
        requests.sort();
        requests.dedup();
        requests
    }

    /// Runs `plimsoll release` against it.
    pub(super) fn release(&self, args: &[&str], stdin: &str) -> Outcome {
        self.release_with("OTEL_EXPORTER_OTLP_ENDPOINT=", args, stdin)
    }

    /// The same with a variable of its environment.
    pub(super) fn release_with(&self, variable: &str, args: &[&str], stdin: &str) -> Outcome {
        let kubeconfig = format!("KUBECONFIG={}", self.folder.path().join("kubeconfig").display());
        let args = [&["release"], args].concat();
        let launcher = ["env", "-u", "HTTP_PROXY", &kubeconfig, variable];
        let outcome = launched(&launcher, self.folder.path(), &args, stdin);
        let address = self.address.to_string();
        Outcome { stderr: outcome.stderr.replace(&address, "ADDRESS"), ..outcome }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.state.lock().expect("the store")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The list that an object is in.
fn path(object: &Value) -> String {
    let kind = object["kind"].as_str().expect("a kind").to_ascii_lowercase();
    path_of(&format!("{kind}s"))
}

fn path_of(resource: &str) -> String {
    let group = match resource {
        "pods" | "secrets" | "events" => "/api/v1",
        "jobs" => "/apis/batch/v1",
        _ => "/apis/apps/v1",
    };
    format!("{group}/namespaces/shop/{resource}")
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, Query(query): Query<HashMap<String, String>>) -> Response {
    let is_watch = query.contains_key("watch");
    let labels = query.get("labelSelector").cloned().unwrap_or_default();
    let path = uri.path().to_owned();
    let mut store = shared.state.lock().expect("the store");
    let verb = if is_watch { "watch" } else { "list" };
    store.requests.push(format!("{verb} {path} {labels}").trim_end().to_owned());
    if let Some(pod) = path.strip_suffix("/log") {
        let pod = pod.rsplit('/').next().unwrap_or_default();
        let key = if query.contains_key("previous") { format!("{pod} previous") } else { pod.to_owned() };
        let text = store.logs.get(&key).cloned();
        return text.map_or_else(|| refusal(404, "no log"), IntoResponse::into_response);
    }
    let version = store.version;
    let resource = store.resources.entry(path.clone()).or_default();
    if let Some((code, message)) = &resource.refused {
        return refusal(*code, message);
    }
    if !is_watch {
        let items: Vec<Value> = resource.objects.values().filter(|object| selects(&labels, object)).cloned().collect();
        return json!({ "kind": "List", "metadata": { "resourceVersion": version.to_string() }, "items": items })
            .to_string()
            .into_response();
    }
    let from: u64 = query.get("resourceVersion").and_then(|version| version.parse().ok()).unwrap_or_default();
    if from < resource.forgotten && resource.forgotten > 0 && from < version {
        resource.watches += 1;
        shared.asked.notify_all();
        let status =
            json!({ "kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version" });
        return format!("{}\n", json!({ "type": "ERROR", "object": status })).into_response();
    }
    resource.watches += 1;
    let cuts = resource.cuts;
    drop(store);
    shared.asked.notify_all();
    events(shared, path, labels, from, cuts)
}

/// The events of a resource after a version, as they come, with a bookmark first.
fn events(shared: Arc<Shared>, path: String, labels: String, from: u64, cuts: u64) -> Response {
    let versions = shared.version.subscribe();
    let lines = stream::unfold((shared, versions, from, true), move |(shared, mut versions, from, is_first)| {
        let (path, labels) = (path.clone(), labels.clone());
        async move {
            if is_first {
                let metadata = json!({ "resourceVersion": from.to_string() });
                let bookmark =
                    json!({ "type": "BOOKMARK", "object": { "kind": "X", "apiVersion": "v1", "metadata": metadata } });
                return Some((Ok::<_, std::io::Error>(format!("{bookmark}\n")), (shared, versions, from, false)));
            }
            loop {
                versions.borrow_and_update();
                {
                    let store = shared.state.lock().expect("the store");
                    let resource = &store.resources[&path];
                    if resource.cuts > cuts {
                        return None;
                    }
                    let new: Vec<_> = resource.events.iter().filter(|(version, _)| *version > from).collect();
                    if let Some((last, _)) = new.last() {
                        let times = if store.repeats { 2 } else { 1 };
                        let of_label = new.iter().filter(|(_, event)| selects(&labels, &event["object"]));
                        let text: String = of_label.map(|(_, event)| format!("{event}\n").repeat(times)).collect();
                        let last = *last;
                        drop(store);
                        return Some((Ok(text), (shared, versions, last, false)));
                    }
                }
                versions.changed().await.ok()?;
            }
        }
    });
    Body::from_stream(lines).into_response()
}

/// Whether an object has the labels `a=b,c=d`.
fn selects(labels: &str, object: &Value) -> bool {
    let mut wanted = labels.split(',').filter_map(|label| label.split_once('='));
    wanted.all(|(name, value)| object["metadata"]["labels"][name] == value)
}

fn refusal(code: u16, message: &str) -> Response {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message });
    (StatusCode::from_u16(code).expect("a code"), status.to_string()).into_response()
}
