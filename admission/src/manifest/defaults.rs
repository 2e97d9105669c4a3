//! The API server's defaults, in one place: tables of fields and values, and where each table applies.
//!
//! Removed API versions get the defaults of the version that replaced them.

use super::{kind::Kind, quantity::thousandths};
use plimsoll_policy::Pointer;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

mod image;

type Fields = Map<String, Value>;

/// What to fill in, and what counts as unset besides nothing and null.
#[derive(Clone, Copy)]
enum Default {
    Int(i64),
    /// 0 counts as unset.
    NonZero(i64),
    /// The empty string counts as unset.
    Text(&'static str),
    Percent(&'static str),
}

type Row = (&'static str, Default);

const REPLICAS: Row = ("replicas", Default::Int(1));
const MIN_READY: Row = ("minReadySeconds", Default::Int(0));
const REVISIONS: Row = ("revisionHistoryLimit", Default::Int(10));
const ROLLING_UPDATE: &[Row] = &[("type", Default::Text("RollingUpdate"))];

const DEPLOYMENT: &[Row] = &[REPLICAS, MIN_READY, REVISIONS, ("progressDeadlineSeconds", Default::Int(600))];
const DEPLOYMENT_ROLLING: &[Row] =
    &[("maxUnavailable", Default::Percent("25%")), ("maxSurge", Default::Percent("25%"))];
const STATEFUL_SET: &[Row] = &[REPLICAS, MIN_READY, REVISIONS, ("podManagementPolicy", Default::Text("OrderedReady"))];
const STATEFUL_SET_ROLLING: &[Row] = &[("partition", Default::Int(0))];
const DAEMON_SET: &[Row] = &[MIN_READY, REVISIONS];
const DAEMON_SET_ROLLING: &[Row] = &[("maxUnavailable", Default::Int(1)), ("maxSurge", Default::Int(0))];
const REPLICA_SET: &[Row] = &[REPLICAS, MIN_READY];
const CRON_JOB: &[Row] = &[
    ("concurrencyPolicy", Default::Text("Allow")),
    ("successfulJobsHistoryLimit", Default::Int(3)),
    ("failedJobsHistoryLimit", Default::Int(1)),
];
const POD: &[Row] = &[("terminationGracePeriodSeconds", Default::Int(30)), ("restartPolicy", Default::Text("Always"))];
const CONTAINER: &[Row] = &[
    ("terminationMessagePath", Default::Text("/dev/termination-log")),
    ("terminationMessagePolicy", Default::Text("File")),
];
/// Of an image with a tag or a digest; see [`image`].
const PULL_POLICY: &[Row] = &[("imagePullPolicy", Default::Text("IfNotPresent"))];
const PORT: &[Row] = &[("protocol", Default::Text("TCP"))];
const PROBE: &[Row] = &[
    ("initialDelaySeconds", Default::Int(0)),
    ("periodSeconds", Default::NonZero(10)),
    ("timeoutSeconds", Default::NonZero(1)),
    ("successThreshold", Default::NonZero(1)),
    ("failureThreshold", Default::NonZero(3)),
];
const HTTP_GET: &[Row] = &[("path", Default::Text("/")), ("scheme", Default::Text("HTTP"))];

const JOB: &[Row] = &[("parallelism", Default::Int(1)), ("backoffLimit", Default::Int(6))];

/// The default of a field by its name alone, for a field that is written and cannot be read.
pub(super) fn default_of(name: &str) -> Option<Value> {
    let tables = [
        DEPLOYMENT,
        STATEFUL_SET,
        STATEFUL_SET_ROLLING,
        DEPLOYMENT_ROLLING,
        CRON_JOB,
        JOB,
        ROLLING_UPDATE,
        POD,
        CONTAINER,
        PULL_POLICY,
        PORT,
        PROBE,
        HTTP_GET,
    ];
    let row = tables.into_iter().flatten().find(|(known, _)| *known == name)?;
    Some(match row.1 {
        Default::Int(value) | Default::NonZero(value) => value.into(),
        Default::Text(value) | Default::Percent(value) => value.into(),
    })
}

/// An object to be filled. What has a wrong type is passed over: the view refuses it.
struct Site<'a> {
    object: &'a mut Fields,
}

impl Site<'_> {
    fn fill(&mut self, rows: &[Row]) {
        for (name, default) in rows {
            match *default {
                Default::Int(value) => self.set(name, value.into()),
                Default::Text(value) => {
                    self.clear(name, |found| found.as_str() == Some(""));
                    self.set(name, value.into());
                }
                Default::Percent(value) => self.set(name, value.into()),
                Default::NonZero(value) if self.object.get(*name).and_then(Value::as_i64) == Some(0) => {
                    // It was written, if only to mean the default.
                    self.object.insert((*name).to_owned(), value.into());
                }
                Default::NonZero(value) => self.set(name, value.into()),
            }
        }
    }

    /// Fills in a field that is not there.
    fn set(&mut self, name: &str, value: Value) {
        if self.object.get(name).is_none_or(Value::is_null) {
            self.object.insert(name.to_owned(), value);
        }
    }

    fn clear(&mut self, name: &str, is_unset: impl Fn(&Value) -> bool) {
        if self.object.get(name).is_some_and(is_unset) {
            self.object.remove(name);
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn is(&self, name: &str, text: &str) -> bool {
        self.get(name).and_then(Value::as_str) == Some(text)
    }

    fn at(&mut self, name: &str) -> Option<Site<'_>> {
        let object = self.object.get_mut(name)?.as_object_mut()?;
        Some(Site { object })
    }

    /// As [`at`](Self::at), and made where there is nothing.
    fn made(&mut self, name: &str) -> Option<Site<'_>> {
        self.set(name, json!({}));
        self.at(name)
    }

    fn each(&mut self, name: &str, mut fill: impl FnMut(Site<'_>)) {
        let Some(Value::Array(items)) = self.object.get_mut(name) else { return };
        for item in items {
            if let Value::Object(object) = item {
                fill(Site { object });
            }
        }
    }

    fn item(&mut self, list: &str, index: usize) -> Option<Site<'_>> {
        let object = self.object.get_mut(list)?.get_mut(index)?.as_object_mut()?;
        Some(Site { object })
    }
}

/// Fills in the defaults of an object of that kind with pod templates at these pointers.
pub(super) fn apply(kind: Kind<'_>, api_version: &str, templates: &[Pointer], object: &mut Fields) {
    let mut root = Site { object };
    if let Some(spec) = root.at("spec") {
        controller(kind, api_version, spec);
    }
    for template in templates {
        pod_template(template, &mut root);
    }
}

fn controller(kind: Kind<'_>, api_version: &str, mut spec: Site<'_>) {
    match kind {
        Kind::Deployment => {
            spec.fill(DEPLOYMENT);
            rolling(&mut spec, "strategy", "Recreate", DEPLOYMENT_ROLLING);
        }
        Kind::StatefulSet => {
            spec.fill(STATEFUL_SET);
            rolling(&mut spec, "updateStrategy", "OnDelete", STATEFUL_SET_ROLLING);
        }
        Kind::DaemonSet => {
            spec.fill(DAEMON_SET);
            rolling(&mut spec, "updateStrategy", "OnDelete", DAEMON_SET_ROLLING);
        }
        Kind::ReplicaSet | Kind::ReplicationController => spec.fill(REPLICA_SET),
        Kind::Job => job(&mut spec),
        Kind::CronJob => {
            spec.fill(CRON_JOB);
            if let Some(mut job_spec) = spec.at("jobTemplate").as_mut().and_then(|template| template.at("spec")) {
                job(&mut job_spec);
            }
        }
        Kind::Pod | Kind::PodTemplate | Kind::Custom(_) => {}
    }
    selector(kind, api_version, &mut spec);
}

/// A type that cannot be read counts as the default.
fn rolling(spec: &mut Site<'_>, strategy: &'static str, other_type: &str, rows: &[Row]) {
    let Some(mut strategy) = spec.made(strategy) else { return };
    strategy.fill(ROLLING_UPDATE);
    if !strategy.is("type", other_type)
        && let Some(mut update) = strategy.made("rollingUpdate")
    {
        update.fill(rows);
    }
}

fn job(spec: &mut Site<'_>) {
    if !spec.has("completions") && !spec.has("parallelism") {
        spec.set("completions", 1.into());
    }
    spec.set("parallelism", 1.into());
    let backoff_limit = if spec.has("backoffLimitPerIndex") { UNLIMITED } else { 6 };
    spec.set("backoffLimit", backoff_limit.into());
}

/// What the API server stores for "no limit": as many as 32 bits hold.
pub(super) const UNLIMITED: i64 = i32::MAX as i64;

/// Versions in which a workload's selector may be left out.
pub(super) fn defaults_selector(kind: Kind<'_>, api_version: &str) -> bool {
    kind == Kind::ReplicationController || matches!(api_version, "extensions/v1beta1" | "apps/v1beta1")
}

fn selector(kind: Kind<'_>, api_version: &str, spec: &mut Site<'_>) {
    if spec.has("selector") || !defaults_selector(kind, api_version) {
        return;
    }
    let Some(labels) = spec.get("template").and_then(|template| template.pointer("/metadata/labels")) else { return };
    let labels = labels.clone();
    let selector = if kind == Kind::ReplicationController { labels } else { json!({ "matchLabels": labels }) };
    spec.set("selector", selector);
}

fn pod_template(pointer: &str, root: &mut Site<'_>) {
    let path: Vec<_> = Pointer::steps_of(pointer).collect();
    descend(root, &path, &|template| {
        if let Some(spec) = template.at("spec") {
            pod(spec);
        }
    });
}

fn descend(site: &mut Site<'_>, path: &[Cow<'_, str>], fill: &dyn Fn(&mut Site<'_>)) {
    let Some((step, rest)) = path.split_first() else { return fill(site) };
    let item = rest.split_first().and_then(|(index, rest)| Some((index.parse().ok()?, rest)));
    match item {
        Some((index, rest)) if site.get(step).is_some_and(Value::is_array) => {
            if let Some(mut inner) = site.item(step, index) {
                descend(&mut inner, rest, fill);
            }
        }
        _ => {
            if let Some(mut inner) = site.at(step) {
                descend(&mut inner, rest, fill);
            }
        }
    }
}

fn pod(mut spec: Site<'_>) {
    spec.fill(POD);
    let host_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        spec.each(list, |item| container(item, host_network));
    }
    spec.each("volumes", |mut volume| {
        if let Some(mut image) = volume.at("image") {
            pull_policy(&mut image, "reference", "pullPolicy");
        }
    });
}

/// The pull policy that the image of a container, or of a volume, implies.
fn pull_policy(site: &mut Site<'_>, image: &str, policy: &'static str) {
    let image = site.get(image).and_then(Value::as_str).unwrap_or_default();
    let implied = image::default_pull_policy(image);
    site.fill(&[(policy, Default::Text(implied))]);
}

fn container(mut container: Site<'_>, host_network: bool) {
    container.fill(CONTAINER);
    pull_policy(&mut container, "image", "imagePullPolicy");
    container.each("ports", |mut port| {
        port.fill(PORT);
        if host_network && let Some(number) = port.get("containerPort").cloned() {
            port.clear("hostPort", |found| found.as_i64() == Some(0));
            port.set("hostPort", number);
        }
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(mut probe) = container.at(name) {
            probe.fill(PROBE);
            http_get(probe);
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(hook) = container.at("lifecycle").as_mut().and_then(|lifecycle| lifecycle.at(hook)) {
            http_get(hook);
        }
    }
    cpu_request(&mut container);
}

fn http_get(mut handler: Site<'_>) {
    if let Some(mut http) = handler.at("httpGet") {
        http.fill(HTTP_GET);
    }
}

/// A limit without a request is the request too.
fn cpu_request(container: &mut Site<'_>) {
    let Some(mut resources) = container.at("resources") else { return };
    let limit = resources.get("limits").and_then(|limits| limits.get("cpu"));
    let known = limit.filter(|limit| thousandths(limit).is_ok_and(|millis| millis >= 0));
    let Some(limit) = known.cloned() else { return };
    if let Some(mut requests) = resources.made("requests") {
        requests.set("cpu", limit);
    }
}
