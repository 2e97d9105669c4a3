//! Pods, as `kubectl get --watch` tells of them: what was said last of each.

use super::namespace::Namespace;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::{ResourceExt, api::WatchEvent};
use std::{
    collections::HashMap,
    io::BufReader,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// The pods of a namespace, watched until this is dropped.
pub(crate) struct Pods {
    kubectl: Child,
    told: Arc<Told>,
}

#[derive(Default)]
struct Told {
    pods: Mutex<HashMap<String, Pod>>,
    more: Condvar,
}

impl Pods {
    /// Begins to watch.
    pub(crate) fn watch(here: &Namespace) -> Self {
        let args = ["-n", here.name(), "get", "pods", "--watch", "--output-watch-events", "-o", "json"];
        let spawned = Command::new("kubectl").args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut kubectl = spawned.expect("kubectl is there");
        let (stdout, told) = (kubectl.stdout.take().expect("piped"), Arc::<Told>::default());
        let listener = Arc::clone(&told);
        thread::spawn(move || listener.listen(stdout));
        Pods { kubectl, told }
    }

    /// Waits until something is so of a pod; fails after two minutes, with what was said last of it.
    #[track_caller]
    pub(crate) fn when<T>(&self, name: &str, what: &str, look: impl FnMut(&Pod) -> Option<T>) -> T {
        match self.within(Duration::from_secs(120), name, look) {
            Ok(found) => found,
            Err(last) => panic!("not within two minutes: {what} {name}\n{last:#?}"),
        }
    }

    /// Waits for some time until something is so of a pod; else what was said last of it.
    pub(crate) fn within<T>(
        &self,
        time: Duration,
        name: &str,
        mut look: impl FnMut(&Pod) -> Option<T>,
    ) -> Result<T, Option<Box<Pod>>> {
        let deadline = Instant::now() + time;
        let mut pods = self.told.pods.lock().expect("the pods");
        loop {
            if let Some(found) = pods.get(name).and_then(&mut look) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(pods.get(name).cloned().map(Box::new));
            }
            pods = self.told.more.wait_timeout(pods, left).expect("the pods").0;
        }
    }
}

impl Told {
    fn listen(&self, stdout: ChildStdout) {
        let events = serde_json::Deserializer::from_reader(BufReader::new(stdout)).into_iter::<WatchEvent<Pod>>();
        for event in events.map_while(Result::ok) {
            if let WatchEvent::Added(pod) | WatchEvent::Modified(pod) | WatchEvent::Deleted(pod) = event {
                self.hear(pod);
            }
        }
    }

    /// The API server dates the deletion anew when the kubelet ends it. The first date tells when it was asked for.
    fn hear(&self, mut pod: Pod) {
        let mut pods = self.pods.lock().expect("the pods");
        if let Some(first) = pods.get(&pod.name_any()).filter(|before| before.metadata.deletion_timestamp.is_some()) {
            pod.metadata.deletion_timestamp.clone_from(&first.metadata.deletion_timestamp);
            pod.metadata.deletion_grace_period_seconds = first.metadata.deletion_grace_period_seconds;
        }
        pods.insert(pod.name_any(), pod);
        self.more.notify_all();
    }
}

impl Drop for Pods {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

/// The state of a pod's only application container.
pub(crate) fn container(pod: &Pod) -> Option<&ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}
