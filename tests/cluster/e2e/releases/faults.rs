//! The faults, one chart each. `WORKER` is the worker's image; `localhost/pause:1.0.0` is there, runs, and is ready.

/// A release with a fault, or without.
pub(super) struct Fault {
    /// For the table.
    pub(super) name: &'static str,
    /// What `kubectl` does in the namespace first.
    pub(super) prepare: &'static [&'static str],
    /// A version that is released before.
    pub(super) before: Option<Before>,
    /// The objects.
    pub(super) chart: &'static str,
    /// What `kubectl rollout status` waits for.
    pub(super) workload: &'static str,
    /// More flags.
    pub(super) flags: &'static [&'static str],
    /// The exit code that is right.
    pub(super) code: i32,
    /// What must be said.
    pub(super) says: &'static str,
}

/// A version that is released before.
#[derive(Clone, Copy)]
pub(super) struct Before {
    pub(super) chart: &'static str,
    /// Until this command of `kubectl` succeeds.
    pub(super) until: &'static str,
}

macro_rules! deployment {
    ($pod:literal) => {
        concat!(
            "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 2
",
            $pod,
            "\n"
        )
    };
}

/// Runs and is ready.
pub(super) const PLAIN: &str =
    deployment!("      containers: [{ name: app, image: localhost/pause:1.0.0, imagePullPolicy: IfNotPresent }]");

/// Has an image that is not there.
pub(super) const MISSING: &str = deployment!("      containers: [{ name: app, image: localhost/shop:9 }]");

/// Its pods are held by a finalizer that nobody removes.
const HELD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }, finalizers: [plimsoll.dev/test] }
    spec:
      terminationGracePeriodSeconds: 2
      containers: [{ name: app, image: localhost/pause:1.0.0, imagePullPolicy: IfNotPresent }]
";

const OTHER: &str = deployment!(
    "      containers: [{ name: app, image: localhost/pause:1.0.0, imagePullPolicy: IfNotPresent, env: [{ name: A, value: B }] }]"
);

/// Its pods wait for a Job, by name; what waits does so until it is killed.
macro_rules! waits_for_a_job {
    ($annotations:literal, $job:literal) => {
        concat!(
            deployment!(
                "
      initContainers:
        - { name: wait-for, image: localhost/pause:1.0.0, imagePullPolicy: IfNotPresent, env: [{ name: JOB, value: migrate }] }
      containers: [{ name: app, image: localhost/pause:1.0.0, imagePullPolicy: IfNotPresent }]"
            ),
            "---
apiVersion: batch/v1
kind: Job
metadata: { name: migrate, annotations: ",
            $annotations,
            " }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: migrate, image: 'WORKER', imagePullPolicy: IfNotPresent, args: [",
            $job,
            "] }]
"
        )
    };
}

macro_rules! stateful_set {
    ($image:literal) => {
        concat!(
            "
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: web
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: '",
            $image,
            "', imagePullPolicy: IfNotPresent }] }
"
        )
    };
}

const BASE: Fault = Fault {
    name: "",
    prepare: &[],
    before: None,
    chart: PLAIN,
    workload: "deployment/web",
    flags: &[],
    code: 0,
    says: "complete",
};

const ROLLED_OUT: Before = Before { chart: PLAIN, until: "wait deployment/web --for=condition=Available --timeout=1s" };

/// Those of docs/release.md.
pub(super) const FAULTS: [Fault; 14] = [
    Fault { name: "none: a first release", ..BASE },
    Fault { name: "none: an upgrade", before: Some(ROLLED_OUT), chart: OTHER, ..BASE },
    Fault {
        name: "the migration fails",
        chart: waits_for_a_job!("{}", "nonsense"),
        code: 1,
        says: "blocked by it: Deployment",
        ..BASE
    },
    Fault {
        name: "the process crashes",
        chart: deployment!(
            "      containers: [{ name: app, image: WORKER, imagePullPolicy: IfNotPresent, args: [nonsense] }]"
        ),
        code: 1,
        says: "unrecognized subcommand",
        ..BASE
    },
    Fault {
        name: "the process ends by itself",
        chart: deployment!(
            "      containers: [{ name: app, image: WORKER, imagePullPolicy: IfNotPresent, args: [contract] }]"
        ),
        code: 1,
        says: "ends-by-itself",
        ..BASE
    },
    Fault {
        name: "the image is not there",
        before: Some(ROLLED_OUT),
        chart: MISSING,
        code: 1,
        says: "image-not-pulled",
        ..BASE
    },
    Fault {
        name: "a ConfigMap is not there",
        chart: deployment!(
            "      containers: [{ name: app, image: localhost/pause:1.0.0, imagePullPolicy: IfNotPresent, envFrom: [{ configMapRef: { name: gone } }] }]"
        ),
        code: 1,
        says: "configmap \"gone\" not found",
        ..BASE
    },
    Fault {
        name: "no node takes the pod",
        chart: deployment!(
            "      nodeSelector: { disk: none }\n      containers: [{ name: app, image: localhost/pause:1.0.0 }]"
        ),
        code: 1,
        says: "unschedulable",
        ..BASE
    },
    Fault {
        name: "a quota refuses the pods",
        prepare: &["create quota small --hard=pods=1"],
        code: 1,
        says: "exceeded quota: small",
        ..BASE
    },
    Fault {
        name: "admission refuses the pods",
        prepare: &["label namespace NAMESPACE pod-security.kubernetes.io/enforce=restricted"],
        code: 1,
        says: "violates PodSecurity",
        ..BASE
    },
    Fault {
        name: "a hook that the pods wait for",
        chart: waits_for_a_job!("{ helm.sh/hook: post-install }", "contract"),
        code: 3,
        says: "hook-deadlock",
        ..BASE
    },
    Fault {
        name: "an old pod does not die",
        before: Some(Before { chart: HELD, ..ROLLED_OUT }),
        chart: OTHER,
        code: 3,
        says: "old-pod-stays",
        ..BASE
    },
    Fault {
        name: "a StatefulSet that is fixed, and its old pod is broken",
        before: Some(Before { chart: stateful_set!("localhost/shop:9"), until: "get pod/web-0" }),
        chart: stateful_set!("localhost/pause:1.0.0"),
        workload: "statefulset/web",
        code: 3,
        says: "applying the fix will not replace it",
        ..BASE
    },
    Fault {
        name: "the pod is never ready",
        chart: deployment!(
            "      containers: [{ name: app, image: localhost/pause:1.0.0, imagePullPolicy: IfNotPresent, readinessProbe: { tcpSocket: { port: 9 }, periodSeconds: 1 } }]"
        ),
        flags: &["--timeout", "30s"],
        code: 3,
        says: "Readiness probe failed",
        ..BASE
    },
];
