//! Workers that Helm installed from their chart, in a namespace of their own, with a NATS server beside them. The tests
//! reach that server through its Service, as the pods do.

use super::{
    command::{eventually, run},
    namespace::Namespace,
};
use plimsoll_tests::{folder, root, worker::Queue};
use serde_json::Value;
use std::path::Path;

/// Workers, and what they work on.
pub(crate) struct Fleet {
    /// Where they are.
    pub(crate) here: Namespace,
    /// Their queue.
    pub(crate) queue: Queue,
    /// What Helm said of it.
    pub(crate) notes: String,
    values: Vec<String>,
}

impl Fleet {
    /// Installs the chart with values, as `--set` has them.
    pub(crate) fn install(name: &str, values: &[&str]) -> Self {
        let here = Namespace::new(name);
        here.create(include_str!("../nats.yaml")).ok();
        here.kubectl("rollout status deployment nats --timeout 60s").ok();
        let url = format!("nats://{}:4222", here.kubectl("get service nats -o jsonpath={.spec.clusterIP}").ok());
        let values = [vec![format!("queueUrl={url}")], owned(values)].concat();
        let notes = upgrade(&here, &values);
        // The chart's Job has migrated it by now; once more changes nothing.
        Fleet { here, queue: Queue::at(url, folder([])), notes, values }
    }

    /// `helm upgrade` with values on top of the first ones; waits until it is rolled out.
    pub(crate) fn upgrade(&self, values: &[&str]) {
        upgrade(&self.here, &[self.values.clone(), owned(values)].concat());
    }

    /// The pods that are not being deleted.
    pub(crate) fn pods(&self) -> Vec<Value> {
        let list = self.here.kubectl("get pods -l app.kubernetes.io/name=plimsoll-worker -o json").ok();
        let mut list: Value = serde_json::from_str(&list).expect("JSON of kubectl");
        let pods = list["items"].as_array_mut().expect("a list").drain(..);
        let is_worker = |pod: &Value| pod["spec"]["restartPolicy"] == "Always";
        pods.filter(|pod| is_worker(pod) && pod["metadata"]["deletionTimestamp"].is_null()).collect()
    }

    /// `kubectl delete` of one of them, with more arguments.
    pub(crate) fn delete_one(&self, args: &str) {
        let pods = self.pods();
        let name = pods[0]["metadata"]["name"].as_str().expect("a name");
        self.here.kubectl(&format!("delete pod {name} {args}")).ok();
    }

    /// Waits until nothing is left to do; where the jobs are then.
    pub(crate) fn settled(&self) -> Value {
        eventually("no job is left to do", || {
            let status = self.queue.status();
            let left = ["ready", "leased", "delayed"].iter().any(|place| status[place] != 0);
            if left { Err(status) } else { Ok(status) }
        })
    }
}

fn upgrade(here: &Namespace, values: &[String]) -> String {
    let chart = root().join("worker/chart");
    let chart = chart.to_str().expect("a path in UTF-8");
    let mut args = vec!["upgrade", "--install", "work", chart, "-n", here.name(), "--reset-values"];
    args.extend(["--wait", "--timeout", "2m"]);
    args.extend(values.iter().flat_map(|value| ["--set", value]));
    let seen = run(Path::new("helm"), &args, "");
    assert!(seen.succeeded, "{seen}\n{}", here.kubectl("describe pods"));
    seen.text
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
