//! The five reports that the product was born from (`docs/examples`), and all that is said of their manifests: every
//! finding that they deserve, and no other.

use expect_test::{Expect, expect};
use plimsoll_tests::{plimsoll, root};

/// What a person sees of the folder `before` of a report.
fn before(report: &str, expected: &Expect) {
    let folder = root().join("docs/examples").join(report);
    let outcome = plimsoll(&folder, &["scan", "--color", "never", "before"], "");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{report}");
    expected.assert_eq(&without_time(&outcome.stdout));
}

/// How long a scan took is different each time.
fn without_time(text: &str) -> String {
    let without = |line: &str| match line.split_once(" of ") {
        Some((found, rest)) if found.contains(" in ") && rest.contains(" file") => {
            let (files, rest) = rest.split_once(", ").unwrap_or((rest, ""));
            let skipped = rest.split_once(';').map(|(_, skipped)| format!(";{skipped}")).unwrap_or_default();
            format!("{found} of {files}{skipped}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(without).collect()
}

#[test]
fn a_timer_worker() {
    before(
        "a-timer-worker",
        &expect![[r#"
        warn[grace-too-short]: terminationGracePeriodSeconds 30s is less than 35s = preStop 0s + drain delay 0s + shutdown timeout 30s (default of .NET, inferred) + flush 0s + margin 5s
          --> before/deployment.yaml:26:5
           |
        26 |     spec:
           |     ^^^^
           |
           = object: Deployment invoice-timer, container invoice-timer
           = help: terminationGracePeriodSeconds: 35

        warn[implicit-grace-period]: this worker has terminationGracePeriodSeconds 30s, the default of every pod: it was not chosen for this worker's longest job
          --> before/deployment.yaml:26:5
           |
        26 |     spec:
           |     ^^^^
           |
           = object: Deployment invoice-timer, container invoice-timer
           = help: terminationGracePeriodSeconds: 35, what its contract adds up to, or more

        deny[missing-readiness-probe]: no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
          --> before/deployment.yaml:28:9
           |
        28 |         - name: invoice-timer
           |         ^
           |
           = object: Deployment invoice-timer, container invoice-timer
           = help: add `readinessProbe: { httpGet: { path: /readyz, port: http } }`

        deny[latest-tag]: `registry.example.com/billing/invoice-timer:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
          --> before/deployment.yaml:29:18
           |
        29 |           image: registry.example.com/billing/invoice-timer:latest
           |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           |
           = object: Deployment invoice-timer, container invoice-timer
           = help: name the release in the tag, or pin it: `registry.example.com/billing/invoice-timer@sha256:…` (`crane digest registry.example.com/billing/invoice-timer:latest` prints it)

        warn[initial-delay-as-startup-budget]: liveness waits 45s on every start, however short, and a longer one is still killed after 64s of failed answers (of silence: 21s)
          --> before/deployment.yaml:44:34
           |
        44 |             initialDelaySeconds: 45
           |                                  ^^
           |
           = object: Deployment invoice-timer, container invoice-timer
           = help: remove `initialDelaySeconds` and add a `startupProbe` with the handler of the liveness probe, `periodSeconds: 5` and `failureThreshold: 14`

        deny[liveness-kills-stalls]: liveness kills after 21s of silence (a failing start: 64s): it must outlast the 90s that `plimsoll.dev/liveness-stall` allows
          --> before/deployment.yaml:47:31
           |
        47 |             failureThreshold: 3
           |                               ^
           |
           = object: Deployment invoice-timer, container invoice-timer
           = help: write `failureThreshold: 10`

        3 deny, 3 warn: 1 workload in 1 document of 1 file
        `plimsoll explain missing-readiness-probe` says why it matters and how to fix it
    "#]],
    );
}

#[test]
fn b_queue_and_feed() {
    before(
        "b-queue-and-feed",
        &expect![[r#"
            deny[removed-api-version]: `extensions/v1beta1` is not served since Kubernetes 1.16
             --> before/feed-processor.yaml:2:13
              |
            2 | apiVersion: extensions/v1beta1
              |             ^^^^^^^^^^^^^^^^^^
              |
              = object: Deployment feed-processor
              = help: apiVersion: apps/v1; what else changes is in the deprecation guide of Kubernetes

            deny[none-available]: maxUnavailable 1 of 1 replica: an update may leave no pod available
              --> before/feed-processor.yaml:12:23
               |
            12 |       maxUnavailable: 1
               |                       ^
               |
               = object: Deployment feed-processor
               = help: maxUnavailable: 0 and maxSurge: 1

            deny[invalid-contract]: `plimsoll.dev/shutdown-timeout` is not valid: `45` has no unit; write `45s`
              --> before/feed-processor.yaml:20:40
               |
            20 |         plimsoll.dev/shutdown-timeout: "45"
               |                                        ^^^^
               |
               = object: Deployment feed-processor
               = help: write a value that can be read; this one is ignored

            warn[grace-too-short]: terminationGracePeriodSeconds 30s is less than 35s = preStop 0s + drain delay 0s + shutdown timeout 30s (default of .NET, inferred) + flush 0s + margin 5s
              --> before/feed-processor.yaml:21:5
               |
            21 |     spec:
               |     ^^^^
               |
               = object: Deployment feed-processor, container feed-processor
               = help: terminationGracePeriodSeconds: 35

            warn[implicit-grace-period]: this worker has terminationGracePeriodSeconds 30s, the default of every pod: it was not chosen for this worker's longest job
              --> before/feed-processor.yaml:21:5
               |
            21 |     spec:
               |     ^^^^
               |
               = object: Deployment feed-processor, container feed-processor
               = help: terminationGracePeriodSeconds: 35, what its contract adds up to, or more

            deny[missing-readiness-probe]: no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
              --> before/feed-processor.yaml:23:9
               |
            23 |         - name: feed-processor
               |         ^
               |
               = object: Deployment feed-processor, container feed-processor
               = help: add `readinessProbe: { httpGet: { path: /readyz, port: 8080 } }`

            deny[moving-tag-cached]: the tag `dev` moves, and imagePullPolicy is IfNotPresent: a node that has an older image under this tag keeps it, while other nodes pull the new one
              --> before/feed-processor.yaml:24:18
               |
            24 |           image: registry.example.com/orders/processor:dev
               |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = object: Deployment feed-processor, container feed-processor
               = help: give each build a tag of its own, or pin it: `registry.example.com/orders/processor:dev@sha256:…` (`crane digest registry.example.com/orders/processor:dev` prints it)

            deny[removed-api-version]: `extensions/v1beta1` is not served since Kubernetes 1.16
             --> before/queue-processor.yaml:2:13
              |
            2 | apiVersion: extensions/v1beta1
              |             ^^^^^^^^^^^^^^^^^^
              |
              = object: Deployment queue-processor
              = help: apiVersion: apps/v1; what else changes is in the deprecation guide of Kubernetes

            warn[overlapping-selectors]: Deployment `feed-processor` and this Deployment select each other's pods
             --> before/queue-processor.yaml:6:1
              |
            6 | spec:
              | ^^^^
              |
              = object: Deployment queue-processor
              = see: before/feed-processor.yaml:6:1: the other selector
              = help: a label in selector and pod template that only the pods of one workload have

            deny[none-available]: maxUnavailable 1 of 1 replica: an update may leave no pod available
              --> before/queue-processor.yaml:12:23
               |
            12 |       maxUnavailable: 1
               |                       ^
               |
               = object: Deployment queue-processor
               = help: maxUnavailable: 0 and maxSurge: 1

            warn[grace-too-short]: terminationGracePeriodSeconds 30s is less than 35s = preStop 0s + drain delay 0s + shutdown timeout 30s (default of .NET, inferred) + flush 0s + margin 5s
              --> before/queue-processor.yaml:19:5
               |
            19 |     spec:
               |     ^^^^
               |
               = object: Deployment queue-processor, container queue-processor
               = help: terminationGracePeriodSeconds: 35

            warn[implicit-grace-period]: this worker has terminationGracePeriodSeconds 30s, the default of every pod: it was not chosen for this worker's longest job
              --> before/queue-processor.yaml:19:5
               |
            19 |     spec:
               |     ^^^^
               |
               = object: Deployment queue-processor, container queue-processor
               = help: terminationGracePeriodSeconds: 35, what its contract adds up to, or more

            deny[missing-readiness-probe]: no container of the pod has a readiness probe: it counts as ready as soon as it runs, so a broken version replaces a good one
              --> before/queue-processor.yaml:21:9
               |
            21 |         - name: queue-processor
               |         ^
               |
               = object: Deployment queue-processor, container queue-processor
               = help: add `readinessProbe: { httpGet: { path: /readyz, port: 8080 } }`

            deny[moving-tag-cached]: the tag `dev` moves, and imagePullPolicy is IfNotPresent: a node that has an older image under this tag keeps it, while other nodes pull the new one
              --> before/queue-processor.yaml:22:18
               |
            22 |           image: registry.example.com/orders/processor:dev
               |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = object: Deployment queue-processor, container queue-processor
               = help: give each build a tag of its own, or pin it: `registry.example.com/orders/processor:dev@sha256:…` (`crane digest registry.example.com/orders/processor:dev` prints it)

            deny[shell-swallows-signals]: `sh` stays in front of the application and passes no SIGTERM on: `echo` runs after it
              --> before/queue-processor.yaml:24:18
               |
            24 |           args: ["dotnet Orders.Processor.dll --mode queue; echo stopped"]
               |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = object: Deployment queue-processor, container queue-processor
               = help: let `exec` start the application as the last command, or start it without a shell

            note[missing-liveness-probe]: 2 findings in 2 workloads: no application container of the pod has a liveness probe; --notes shows them

            10 deny, 5 warn, 2 note: 2 workloads in 2 documents of 2 files
            `plimsoll explain removed-api-version` says why it matters and how to fix it
        "#]],
    );
}

#[test]
fn c_three_probes() {
    before(
        "c-three-probes",
        &expect![[r#"
            warn[no-drain-delay]: plimsoll.dev/role is `web`, and neither a preStop hook nor a drain delay keeps the pod serving until its Services have forgotten it
              --> before/deployment.yaml:22:9
               |
            22 |         - name: catalog-api
               |         ^
               |
               = object: Deployment catalog-api
               = help: lifecycle: {preStop: {sleep: {seconds: 5}}}; or, where the application goes on serving by itself, `plimsoll.dev/drain-delay: 5s`

            warn[series-tag]: the tag `3.8` names a series: the next patch release moves it, and nodes then differ
              --> before/deployment.yaml:23:18
               |
            23 |           image: registry.example.com/shop/catalog-api:3.8
               |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = object: Deployment catalog-api, container catalog-api
               = help: name the patch release too, or pin it: `registry.example.com/shop/catalog-api:3.8@sha256:…` (`crane digest registry.example.com/shop/catalog-api:3.8` prints it)

            deny[startup-window-too-short]: the startup probe kills after 290s of failed answers (of silence: 291s): less than the 300s of `plimsoll.dev/startup-budget`
              --> before/deployment.yaml:37:31
               |
            37 |             failureThreshold: 30
               |                               ^^
               |
               = object: Deployment catalog-api, container catalog-api
               = help: write `failureThreshold: 31`: the first look counts, so n looks span n − 1 periods

            warn[same-probe-endpoint]: liveness and readiness ask the same endpoint: liveness kills after 11s of silence (a failing start: 10s), readiness takes the pod out after 21s of silence
              --> before/deployment.yaml:39:13
               |
            39 |             httpGet:
               |             ^^^^^^^
               |
               = object: Deployment catalog-api, container catalog-api
               = help: give liveness an endpoint that answers 200 as long as the process can answer, or write `failureThreshold: 8` for it: one and a half times the silence that readiness allows

            warn[dependency-in-liveness]: liveness asks /health/ready for readiness, which may depend on other systems: when that fails, every replica is restarted for it, at the same time
              --> before/deployment.yaml:40:21
               |
            40 |               path: /health/ready
               |                     ^^^^^^^^^^^^^
               |
               = object: Deployment catalog-api, container catalog-api
               = help: ask an endpoint that answers 200 as long as the process can answer, such as /livez, and leave the rest to readiness

            deny[liveness-before-readiness]: the process is killed before it is ever taken out: liveness kills after 11s of silence (a failing start: 10s), readiness takes the pod out after 21s of silence
              --> before/deployment.yaml:44:31
               |
            44 |             failureThreshold: 3
               |                               ^
               |
               = object: Deployment catalog-api, container catalog-api
               = help: write `failureThreshold: 8` for liveness: one and a half times the silence that readiness allows

            2 deny, 4 warn: 1 workload in 2 documents of 1 file; not judged: not a workload (1)
            `plimsoll explain startup-window-too-short` says why it matters and how to fix it
        "#]],
    );
}

#[test]
fn d_zero_downtime() {
    before(
        "d-zero-downtime",
        &expect![[r#"
            deny[recreate-strategy]: Recreate stops all 3 pods before the first new one starts: each update is an outage
              --> before/1-recreate.yaml:12:11
               |
            12 |     type: Recreate
               |           ^^^^^^^^
               |
               = object: Deployment checkout
               = help: strategy: {type: RollingUpdate}; or, if two versions must never run at one time, say so with `plimsoll.dev/scale: singleton` in the pod template's annotations and run one replica

            deny[grace-too-short]: terminationGracePeriodSeconds 30s is less than 35s = preStop 0s + drain delay 0s + shutdown timeout 30s (DOTNET_SHUTDOWNTIMEOUTSECONDS) + flush 0s + margin 5s
              --> before/1-recreate.yaml:19:5
               |
            19 |     spec:
               |     ^^^^
               |
               = object: Deployment checkout, container checkout
               = help: terminationGracePeriodSeconds: 35

            warn[no-drain-delay]: plimsoll.dev/role is `web`, and neither a preStop hook nor a drain delay keeps the pod serving until its Services have forgotten it
              --> before/1-recreate.yaml:21:9
               |
            21 |         - name: checkout
               |         ^
               |
               = object: Deployment checkout
               = help: lifecycle: {preStop: {sleep: {seconds: 5}}}; or, where the application goes on serving by itself, `plimsoll.dev/drain-delay: 5s`

            warn[no-drain-delay]: plimsoll.dev/role is `web`, and neither a preStop hook nor a drain delay keeps the pod serving until its Services have forgotten it
              --> before/2-longer-grace.yaml:25:9
               |
            25 |         - name: checkout
               |         ^
               |
               = object: Deployment checkout
               = help: lifecycle: {preStop: {sleep: {seconds: 5}}}; or, where the application goes on serving by itself, `plimsoll.dev/drain-delay: 5s`

            deny[grace-too-short]: terminationGracePeriodSeconds 50s is less than 55s = preStop 0s + drain delay 5s (plimsoll.dev/drain-delay) + shutdown timeout 45s (DOTNET_SHUTDOWNTIMEOUTSECONDS) + flush 0s + margin 5s
              --> before/3-drain-delay.yaml:25:38
               |
            25 |       terminationGracePeriodSeconds: 50
               |                                      ^^
               |
               = object: Deployment checkout, container checkout
               = help: terminationGracePeriodSeconds: 55

            3 deny, 2 warn: 3 workloads in 6 documents of 3 files; not judged: not a workload (3)
            `plimsoll explain recreate-strategy` says why it matters and how to fix it
        "#]],
    );
}

#[test]
fn e_release() {
    before(
        "e-release",
        &expect![[r#"
            warn[missing-release-labels]: Helm makes this, and its pods do not have the label `app.kubernetes.io/instance`: nothing tells the pods of one release from those of another
              --> before/release.yaml:18:7
               |
            18 |       labels:
               |       ^^^^^^
               |
               = object: Deployment shop-api
               = rendered from: shop/templates/api.yaml
               = help: app.kubernetes.io/instance: {{ .Release.Name }} in the labels of the pod template

            warn[anonymous-telemetry]: `OTEL_EXPORTER_OTLP_ENDPOINT` sends telemetry on, and neither `OTEL_SERVICE_NAME` nor `service.name` says whose it is: it arrives as `unknown_service`, together with that of every other program that has no name
              --> before/release.yaml:36:13
               |
            36 |             - name: OTEL_EXPORTER_OTLP_ENDPOINT
               |             ^
               |
               = object: Deployment shop-api, container api
               = rendered from: shop/templates/api.yaml
               = help: add the variable `OTEL_SERVICE_NAME: shop-api`

            deny[otlp-endpoint-mismatch]: `OTEL_EXPORTER_OTLP_ENDPOINT` is `collector.observability:4317`, without a scheme: most SDKs refuse it or take the host for the scheme, and send nothing
              --> before/release.yaml:37:22
               |
            37 |               value: collector.observability:4317
               |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = object: Deployment shop-api, container api
               = rendered from: shop/templates/api.yaml
               = help: write `http://collector.observability:4317`, or `https://` where the collector has a certificate

            deny[hook-deadlock]: in an install with `--wait` or `--atomic`, Helm runs this hook (`post-install,post-upgrade`) only when Deployment `shop-api` is ready, and init container `wait-for-migration` of Deployment `shop-api` waits for this Job: both wait until the deadline of the release
              --> before/release.yaml:73:19
               |
            73 |     helm.sh/hook: post-install,post-upgrade
               |                   ^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = object: Job shop-migrate
               = rendered from: shop/templates/migrate.yaml
               = see: before/release.yaml:31:11: init container `wait-for-migration` of Deployment `shop-api` waits for it
               = help: make it `pre-install,pre-upgrade`, or an ordinary Job of the release, with the revision in its name: then it runs beside the pods that wait for it

            warn[unbounded-job]: this migration has no time after which it is given up: one that hangs holds up the release until the release's own deadline, and then still runs
              --> before/release.yaml:74:1
               |
            74 | spec:
               | ^^^^
               |
               = object: Job shop-migrate
               = rendered from: shop/templates/migrate.yaml
               = help: activeDeadlineSeconds: what the longest migration takes, and less than 1200, the release's deadline

            deny[job-outlasts-release]: backoffLimit 8: between its attempts alone this Job waits 1830s (10s, doubled each time, 600s at most), longer than a release is waited for (1200s)
              --> before/release.yaml:75:17
               |
            75 |   backoffLimit: 8
               |                 ^
               |
               = object: Job shop-migrate
               = rendered from: shop/templates/migrate.yaml
               = help: backoffLimit: 6 or less, or activeDeadlineSeconds: 1200 or less

            deny[evidence-deleted]: ttlSecondsAfterFinished 60s: this Job is deleted, with its pods and their logs, while the release may still be waited for (1200s): a tool that waits for it finds nothing
              --> before/release.yaml:76:28
               |
            76 |   ttlSecondsAfterFinished: 60
               |                            ^^
               |
               = object: Job shop-migrate
               = rendered from: shop/templates/migrate.yaml
               = help: ttlSecondsAfterFinished: 1200 or more, or nothing at all

            warn[logs-lost-on-failure]: restartPolicy OnFailure: at the limit of its retries the Job's pod is deleted, and the logs that say why the migration failed are gone
              --> before/release.yaml:85:22
               |
            85 |       restartPolicy: OnFailure
               |                      ^^^^^^^^^
               |
               = object: Job shop-migrate
               = rendered from: shop/templates/migrate.yaml
               = help: restartPolicy: Never: each attempt is a pod of its own, and all of them stay

            warn[job-held-by-sidecar]: `cloud-sql-proxy` is a proxy, which never ends by itself: the pod never ends, and the Job never completes, also when its work is done
              --> before/release.yaml:90:9
               |
            90 |         - name: cloud-sql-proxy
               |         ^
               |
               = object: Job shop-migrate, container cloud-sql-proxy
               = rendered from: shop/templates/migrate.yaml
               = help: move it to `initContainers` with `restartPolicy: Always`: the kubelet ends such a sidecar when the other containers have ended

            4 deny, 5 warn: 2 workloads in 2 documents of 1 file
            `plimsoll explain otlp-endpoint-mismatch` says why it matters and how to fix it
        "#]],
    );
}
