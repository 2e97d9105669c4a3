//! An API server that tells what a test has put into it, a page at a time, and refuses what the test says: discovery,
//! lists with continue tokens, metadata of one object, server-side apply and deletion. Plain HTTP; nothing is validated.

use http_body_util::{BodyExt, Collected, Full};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

/// Group, version, resource, kind, and whether its objects are in namespaces.
type Kind = (&'static str, &'static str, &'static str, &'static str, bool);

const KINDS: [Kind; 22] = [
    ("", "v1", "limitranges", "LimitRange", true),
    ("", "v1", "namespaces", "Namespace", false),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true),
    ("", "v1", "pods", "Pod", true),
    ("", "v1", "podtemplates", "PodTemplate", true),
    ("", "v1", "replicationcontrollers", "ReplicationController", true),
    ("", "v1", "services", "Service", true),
    ("apps", "v1", "daemonsets", "DaemonSet", true),
    ("apps", "v1", "deployments", "Deployment", true),
    ("apps", "v1", "replicasets", "ReplicaSet", true),
    ("apps", "v1", "statefulsets", "StatefulSet", true),
    ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true),
    ("batch", "v1", "cronjobs", "CronJob", true),
    ("batch", "v1", "jobs", "Job", true),
    ("example.com", "v1", "crews", "Crew", true),
    ("example.com", "v1alpha1", "oldies", "Oldie", true),
    ("metrics.example.com", "v1", "numbers", "Number", true),
    ("openreports.io", "v1alpha1", "clusterreports", "ClusterReport", false),
    ("openreports.io", "v1alpha1", "reports", "Report", true),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true),
    ("wgpolicyk8s.io", "v1alpha2", "clusterpolicyreports", "ClusterPolicyReport", false),
    ("wgpolicyk8s.io", "v1alpha2", "policyreports", "PolicyReport", true),
];

/// Resource, namespace, name.
type Key = (String, String, String);

/// Runs until it is dropped.
pub struct ApiServer {
    state: Arc<Mutex<State>>,
    folder: TempDir,
    _runtime: Runtime,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<Key, Value>,
    /// By the beginning of the path.
    refused: Vec<(String, StatusCode, usize)>,
    asked: Vec<String>,
}

impl ApiServer {
    /// With these objects; the namespaces that they are in are there, too.
    pub fn with(objects: impl IntoIterator<Item = Value>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<Mutex<State>>::default();
        runtime.spawn(serve(listener, Arc::clone(&state)));
        let server = ApiServer { state, folder: kubeconfig(address), _runtime: runtime };
        objects.into_iter().for_each(|object| server.put(object));
        server
    }

    /// A kubeconfig with the contexts `test`, whose namespace is `shop`, and `nowhere`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Adds an object, or replaces it.
    pub fn put(&self, object: Value) {
        let kind = KINDS.iter().find(|(.., kind, _)| object["kind"] == *kind).expect("a kind that is served");
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let mut state = self.state();
        if kind.4 {
            let name = text("namespace");
            let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
            state.objects.entry(("namespaces".to_owned(), String::new(), name)).or_insert(namespace);
        }
        let namespace = if kind.4 { text("namespace") } else { String::new() };
        state.objects.insert((kind.2.to_owned(), namespace, text("name")), object);
    }

    /// Answers requests whose path and query begin with this by a status, so many times.
    pub fn refuse(&self, beginning: &str, status: u16, times: usize) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.state().refused.push((beginning.to_owned(), status, times));
    }

    /// What was asked, in order: method, path and query.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// The object of a resource; none where it is not there.
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        self.state().objects.get(&(resource.to_owned(), namespace.to_owned(), name.to_owned())).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the state")
    }
}

fn kubeconfig(address: SocketAddr) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [
            { "name": "here", "cluster": { "server": format!("http://{address}") } },
            { "name": "nowhere", "cluster": { "server": "http://127.0.0.1:1" } },
        ],
        "users": [{ "name": "me", "user": {} }],
        "contexts": [
            { "name": "test", "context": { "cluster": "here", "user": "me", "namespace": "shop" } },
            { "name": "nowhere", "context": { "cluster": "nowhere", "user": "me" } },
        ],
    });
    std::fs::write(folder.path().join("kubeconfig"), config.to_string()).expect("a kubeconfig");
    folder
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let answer = service_fn(move |request| answer(request, Arc::clone(&state)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn answer(request: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let (status, value) = state.lock().expect("the state").answer(&head.method, &head.uri, &body);
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

impl State {
    fn answer(&mut self, method: &Method, uri: &Uri, body: &[u8]) -> (StatusCode, Value) {
        let asked = uri.to_string();
        self.asked.push(format!("{method} {asked}"));
        let refused =
            self.refused.iter_mut().find(|(beginning, _, left)| *left > 0 && asked.starts_with(beginning.as_str()));
        if let Some((_, code, left)) = refused {
            *left -= 1;
            return status(*code, &format!("{} is refused: user \"me\" may not", uri.path()));
        }
        match uri.path().trim_matches('/').split('/').collect::<Vec<_>>().as_slice() {
            ["apis"] => (StatusCode::OK, groups()),
            ["api", version] => (StatusCode::OK, resources("", version)),
            ["apis", group, version] => (StatusCode::OK, resources(group, version)),
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => self.object(method, uri, rest, body),
            _ => status(StatusCode::NOT_FOUND, "no such path"),
        }
    }

    fn object(&mut self, method: &Method, uri: &Uri, path: &[&str], body: &[u8]) -> (StatusCode, Value) {
        let (namespace, resource, name) = match path {
            ["namespaces", namespace, resource] => (*namespace, *resource, None),
            ["namespaces", namespace, resource, name] => (*namespace, *resource, Some(*name)),
            [resource] => ("", *resource, None),
            [resource, name] => ("", *resource, Some(*name)),
            _ => return status(StatusCode::NOT_FOUND, "no such path"),
        };
        let Some(name) = name else { return self.list(uri, namespace, resource) };
        let key = (resource.to_owned(), namespace.to_owned(), name.to_owned());
        match *method {
            Method::PATCH => {
                let object: Value = serde_json::from_slice(body).unwrap_or_default();
                self.objects.insert(key, object.clone());
                (StatusCode::OK, object)
            }
            Method::DELETE => match self.objects.remove(&key) {
                Some(object) => (StatusCode::OK, object),
                None => status(StatusCode::NOT_FOUND, "no such object"),
            },
            _ => match self.objects.get(&key) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => status(StatusCode::NOT_FOUND, "no such object"),
            },
        }
    }

    /// Items leave out their version and kind, as those of Kubernetes' own kinds do.
    fn list(&self, uri: &Uri, namespace: &str, resource: &str) -> (StatusCode, Value) {
        let query = |name: &str| {
            let mut pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let label = query("labelSelector").map(|text| text.replace("%2F", "/").replace("%3D", "="));
        let is_selected = |object: &Value| {
            let wanted = label.as_deref().and_then(|text| text.split_once('='));
            wanted.is_none_or(|(key, value)| object["metadata"]["labels"][key] == value)
        };
        let of_resource = self.objects.iter().filter(|((known, at, _), object)| {
            known == resource && (namespace.is_empty() || namespace == at) && is_selected(object)
        });
        let from: usize = query("continue").and_then(|token| token.parse().ok()).unwrap_or(0);
        let limit = query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        let mut rest = of_resource.skip(from);
        let items: Vec<Value> = rest.by_ref().take(limit).map(|(_, object)| without_type(object)).collect();
        let token = rest.next().map(|_| (from + limit).to_string()).unwrap_or_default();
        let metadata = json!({ "resourceVersion": "7", "continue": token });
        (StatusCode::OK, json!({ "apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items }))
    }
}

fn without_type(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
    }
    object
}

fn groups() -> Value {
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (group, version, ..) in KINDS.iter().filter(|(group, ..)| !group.is_empty()) {
        let version = json!({ "groupVersion": format!("{group}/{version}"), "version": version });
        let versions = groups.entry(group).or_default();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    let group = |(name, versions): (&str, Vec<Value>)| json!({ "name": name, "preferredVersion": versions[0], "versions": versions });
    let groups: Vec<Value> = groups.into_iter().map(group).collect();
    json!({ "apiVersion": "v1", "kind": "APIGroupList", "groups": groups })
}

fn resources(group: &str, version: &str) -> Value {
    let of_version = KINDS.iter().filter(|kind| (kind.0, kind.1) == (group, version));
    let resource = |(_, _, plural, kind, namespaced): &Kind| {
        let verbs = ["delete", "get", "list", "patch", "watch"];
        json!({ "name": plural, "singularName": "", "kind": kind, "namespaced": namespaced, "verbs": verbs })
    };
    let resources: Vec<Value> = of_version.map(resource).collect();
    let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({ "apiVersion": "v1", "kind": "APIResourceList", "groupVersion": version, "resources": resources })
}

fn status(code: StatusCode, message: &str) -> (StatusCode, Value) {
    let reason = match code {
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::GONE => "Expired",
        _ => "InternalError",
    };
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": reason, "code": code.as_u16(),
        "message": message,
    });
    (code, status)
}
