//! `plimsoll scan --cluster`, against an API server of which the test knows everything. The real one is in `make e2e`.

use expect_test::expect;
use plimsoll_tests::{Outcome, api_server::ApiServer, folder, plimsoll, scan_text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A Deployment about which there are only notes, if the image is `app:1.2.3`.
fn deployment(namespace: &str, name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "replicas": 2, "selector": { "matchLabels": { "app": name } }, "template": template(name, image) },
    })
}

fn template(name: &str, image: &str) -> Value {
    let annotations = json!({ "plimsoll.dev/shutdown-timeout": "20s" });
    let probe = json!({ "httpGet": { "path": "/readyz", "port": 8080 } });
    let container = json!({ "name": "app", "image": image, "readinessProbe": probe });
    let metadata = json!({ "labels": { "app": name }, "annotations": annotations });
    json!({ "metadata": metadata, "spec": { "containers": [container] } })
}

/// What a controller makes of it.
fn owned(kind: &str, api_version: &str, name: &str, owner: (&str, &str, &str)) -> Value {
    let (owner_version, owner_kind, owner_name) = owner;
    let owner = json!({ "apiVersion": owner_version, "kind": owner_kind, "name": owner_name, "controller": true });
    let metadata = json!({ "name": name, "namespace": "shop", "ownerReferences": [owner] });
    let spec = match kind {
        "Pod" => template(name, "app:latest")["spec"].clone(),
        _ => json!({ "selector": { "matchLabels": { "app": name } }, "template": template(name, "app:latest") }),
    };
    json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec })
}

fn service(namespace: &str, selector: &str) -> Value {
    let spec = json!({ "selector": { "app": selector }, "ports": [{ "port": 80 }] });
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "namespace": namespace }, "spec": spec })
}

fn audit(server: &ApiServer, args: &[&str]) -> Outcome {
    audit_in(&folder([]), server, args)
}

fn audit_in(here: &tempfile::TempDir, server: &ApiServer, args: &[&str]) -> Outcome {
    let kubeconfig = server.kubeconfig();
    let first = ["scan", "--cluster", "--kubeconfig", kubeconfig.to_str().expect("a path in UTF-8")];
    plimsoll(here.path(), &[&first, args].concat(), "")
}

/// Without the time that it took.
fn untimed(text: &str) -> String {
    let words = text.split(' ').collect::<Vec<_>>();
    let is_time = |index: usize| words.get(index + 1).is_some_and(|unit| unit.starts_with("ms"));
    words.iter().enumerate().map(|(index, word)| if is_time(index) { "N" } else { word }).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_runs_is_judged_at_its_owner_and_located_by_name() {
    let server = ApiServer::with([
        deployment("shop", "app", "app:latest"),
        owned("ReplicaSet", "apps/v1", "app-1", ("apps/v1", "Deployment", "app")),
        owned("Pod", "v1", "app-1-x", ("apps/v1", "ReplicaSet", "app-1")),
        owned("Pod", "v1", "app-1-y", ("apps/v1", "ReplicaSet", "app-1")),
        // Nobody judges what this one is made from.
        owned("Pod", "v1", "thing-0", ("example.com/v1alpha1", "Oldie", "thing")),
        deployment("shop", "fit", "app:1.2.3"),
    ]);
    let outcome = audit(&server, &["--rule", "missing-liveness-probe=off"]);
    expect![[r#"
        deny[latest-tag]: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
        --> Deployment shop/app
         |
         = object: Deployment shop/app, container app
         = field: /spec/template/spec/containers/0/image
         = help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)

        deny[latest-tag]: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
        --> Pod shop/thing-0
         |
         = object: Pod shop/thing-0, container app
         = field: /spec/containers/0/image
         = help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)

        note[undeclared-shutdown-timeout]: 1 finding in 1 workload: nothing says how long the container needs to stop; --notes shows it

        2 deny, 1 note: 3 workloads of 6 objects in 1 namespace of test, N ms; not judged: judged at its owner (3)
        if they were created now, the webhook would refuse 2 of 3 workloads
        `plimsoll explain latest-tag` says why it matters and how to fix it
    "#]].assert_eq(&untimed(&outcome.stdout));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
}

#[test]
fn a_list_of_many_pages_is_read_to_its_end() {
    let pods = (0..600).map(|index| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": format!("pod-{index:03}"), "namespace": "shop" },
            "spec": template("pod", "app:latest")["spec"],
        })
    });
    let server = ApiServer::with(pods);
    let report = audit(&server, &["-f", "json"]).report();
    assert_eq!(report["summary"]["workloads"], 600);
    let objects: BTreeSet<String> = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| finding["object"]["name"].to_string())
        .collect();
    assert_eq!(objects.len(), 600);
    let pages: Vec<String> = server.asked().into_iter().filter(|asked| asked.contains("/pods?")).collect();
    expect![[r#"
        GET /api/v1/namespaces/shop/pods?&limit=250
        GET /api/v1/namespaces/shop/pods?&limit=250&continue=250
        GET /api/v1/namespaces/shop/pods?&limit=250&continue=500"#]]
    .assert_eq(&pages.join("\n"));
}

#[test]
fn a_list_that_the_api_server_gives_up_is_begun_again_and_nothing_counts_twice() {
    let pods: Vec<Value> = (0..300).map(|index| deployment("shop", &format!("app-{index:03}"), "app:latest")).collect();
    let server = ApiServer::with(pods);
    let undisturbed = audit(&server, &["-f", "json"]).findings();
    let second_page = "/apis/apps/v1/namespaces/shop/deployments?&limit=250&continue";
    server.refuse(second_page, 410, 2);
    let outcome = audit(&server, &["-f", "json"]);
    assert_eq!((outcome.code, outcome.findings()), (1, undisturbed));

    server.refuse(second_page, 410, usize::MAX);
    let outcome = audit(&server, &["-f", "json"]);
    assert_eq!((outcome.code, &outcome.report()["summary"]["workloads"]), (2, &json!(250)));
    expect![[r#""deployments.apps in the namespace shop: the API server gave the list up 3 times before its end; judged are the 250 objects of the last time""#]].assert_eq(&problems(&outcome));
}

fn problems(outcome: &Outcome) -> String {
    let report = outcome.report();
    let messages = report["problems"].as_array().expect("a list").iter().map(|problem| problem["message"].to_string());
    messages.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_may_not_be_listed_is_named_with_what_to_grant_and_the_rest_is_judged() {
    let server = ApiServer::with([
        deployment("shop", "app", "app:latest"),
        service("shop", "nothing"),
        owned("Pod", "v1", "thing-0", ("example.com/v1alpha1", "Oldie", "thing")),
    ]);
    server.refuse("/api/v1/namespaces/shop/pods", 403, usize::MAX);
    server.refuse("/apis/batch/v1/", 403, usize::MAX);
    let outcome = audit(&server, &[]);
    assert_eq!(outcome.code, 2);
    expect![[r#"
        deny[latest-tag]: `app:latest` is the image that was pushed last: the manifest does not say which version runs, and a rollback brings back the same name
        --> Deployment shop/app
         |
         = object: Deployment shop/app, container app
         = field: /spec/template/spec/containers/0/image
         = help: name the release in the tag, or pin it: `app@sha256:…` (`crane digest app:latest` prints it)

        error: pods in the namespace shop cannot be listed: /api/v1/namespaces/shop/pods is refused: user "me" may not; a Role in shop that grants it has `apiGroups: [""]`, `resources: [pods]`, `verbs: [list]`
        --> pods in the namespace shop

        error: jobs.batch in the namespace shop cannot be listed: /apis/batch/v1/namespaces/shop/jobs is refused: user "me" may not; a Role in shop that grants it has `apiGroups: ["batch"]`, `resources: [jobs]`, `verbs: [list]`
        --> jobs.batch in the namespace shop

        error: cronjobs.batch in the namespace shop cannot be listed: /apis/batch/v1/namespaces/shop/cronjobs is refused: user "me" may not; a Role in shop that grants it has `apiGroups: ["batch"]`, `resources: [cronjobs]`, `verbs: [list]`
        --> cronjobs.batch in the namespace shop

        note[missing-liveness-probe]: 1 finding in 1 workload: no application container of the pod has a liveness probe; --notes shows it

        3 errors, 1 deny, 1 note: 1 workload of 1 object in 1 namespace of test, N ms
        if they were created now, the webhook would refuse 1 of 1 workload
        `plimsoll explain latest-tag` says why it matters and how to fix it
    "#]].assert_eq(&untimed(&outcome.stdout));
    server.refuse("/api/v1/pods", 403, usize::MAX);
    let problems = problems(&audit(&server, &["-A", "-f", "json"]));
    assert!(
        problems.contains("pods in all namespaces cannot be listed") && problems.contains("ClusterRole"),
        "{problems}"
    );
}

#[test]
fn a_cluster_that_cannot_be_asked_is_an_error() {
    let server = ApiServer::with([]);
    let nowhere = audit(&server, &["--context", "nowhere"]);
    assert_eq!((nowhere.code, nowhere.stdout.as_str()), (2, ""));
    assert!(nowhere.stderr.starts_with("error: the kinds that the API server has: "), "{}", nowhere.stderr);
    let mistaken = audit(&server, &["--context", "nwhere"]);
    expect![[r#"
        error: the kubeconfig: failed to load current context: nwhere
    "#]]
    .assert_eq(&mistaken.stderr);
    let here = folder([]);
    let missing = plimsoll(here.path(), &["scan", "--cluster", "--kubeconfig", "missing"], "");
    expect![[r#"
        error: failed to read kubeconfig from '"missing"': No such file or directory (os error 2)
    "#]]
    .assert_eq(&missing.stderr);
}

#[test]
fn rules_about_a_set_see_the_objects_of_a_namespace() {
    let mut managed = deployment("shop", "app", "app:1.2.3");
    let fields = json!({ "f:spec": { "f:replicas": {} } });
    managed["metadata"]["managedFields"] = json!([{ "manager": "argocd", "operation": "Apply", "fieldsV1": fields }]);
    let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "app" });
    let scaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "app", "namespace": "shop" },
        "spec": { "scaleTargetRef": target, "maxReplicas": 5, "metrics": [{ "type": "Pods", "pods": {} }] },
    });
    let server = ApiServer::with([managed, scaler, service("shop", "nothing"), service("pay", "nothing")]);
    let found = |server: &ApiServer| {
        let report = audit(server, &["-A", "-f", "json"]).report();
        let of_set = ["replicas-and-autoscaler", "service-selects-nothing"];
        let findings = report["findings"].as_array().expect("a list").iter();
        let found = findings.filter(|finding| of_set.contains(&finding["rule"].as_str().unwrap_or_default()));
        found.map(|finding| format!("{} {}", finding["object"]["namespace"], finding["rule"])).collect::<Vec<_>>()
    };
    // In `pay` there is no workload, and so nothing to say of its Service.
    assert_eq!(found(&server), [r#""shop" "replicas-and-autoscaler""#, r#""shop" "service-selects-nothing""#]);
    // Whoever scaled it did not write it into a manifest.
    let mut scaled = deployment("shop", "app", "app:1.2.3");
    scaled["metadata"]["managedFields"] =
        json!([{ "manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": fields }]);
    server.put(scaled);
    assert_eq!(found(&server), [r#""shop" "service-selects-nothing""#]);
    // What is not known may be what the Service selects.
    server.refuse("/apis/apps/v1/daemonsets", 403, 1);
    assert_eq!(found(&server), [] as [&str; 0]);
}

#[test]
fn the_namespace_is_that_of_the_context_unless_others_are_named() {
    let names = ["shop", "pay", "kube-system"];
    let server = ApiServer::with(names.map(|namespace| deployment(namespace, "app", "app:latest")));
    let judged = |args: &[&str]| {
        let outcome = audit(&server, &[args, &["-f", "json"]].concat());
        let summary = outcome.report()["summary"].clone();
        (summary["cluster"]["namespaces"].clone(), summary["skipped"].clone(), outcome.code)
    };
    assert_eq!(judged(&[]), (json!(["shop"]), json!({}), 1));
    assert_eq!(judged(&["-n", "pay", "-n", "kube-system"]), (json!(["kube-system", "pay"]), json!({}), 1));
    let left_out = json!({ "in kube-system, which the webhook is not asked about: -n kube-system judges it": 1 });
    assert_eq!(judged(&["-A"]), (json!(["pay", "shop"]), left_out, 1));
    // One that is empty is counted, and one that is not there is a mistake.
    server.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "empty" } }));
    assert_eq!(
        judged(&["-n", "shop", "-n", "empty"]),
        (json!(["shop"]), json!({ "nothing in the namespace empty": 1 }), 1)
    );
    let outcome = audit(&server, &["-n", "shop", "-n", "shpo", "-f", "json"]);
    assert_eq!((outcome.code, problems(&outcome).as_str()), (2, r#""there is no namespace shpo""#));
    assert_eq!(audit(&server, &["-n", "empty"]).code, 2);
    assert_eq!(audit(&server, &["-n", "empty", "--allow-empty"]).code, 0);
}

#[test]
fn only_what_the_api_server_has_is_listed_and_custom_kinds_are_judged() {
    let mut crew = deployment("shop", "crew", "app:latest");
    (crew["apiVersion"], crew["kind"]) = ("example.com/v1".into(), "Crew".into());
    let server = ApiServer::with([crew]);
    let here =
        folder([("plimsoll.yaml", "workloads: [{ group: example.com, kind: Crew, podTemplate: /spec/template }]\n")]);
    let outcome = audit_in(&here, &server, &["-f", "json"]);
    assert!(outcome.findings().iter().any(|finding| finding.contains("latest-tag")), "{outcome:?}");
    let lists: Vec<String> = server.asked().into_iter().filter(|asked| asked.contains('?')).collect();
    assert!(lists.iter().any(|list| list.contains("/crews?")), "{lists:?}");
    assert!(
        !lists.iter().any(|list| ["rollouts", "numbers", "oldies"].iter().any(|kind| list.contains(kind))),
        "{lists:?}"
    );
}

#[test]
fn exceptions_profile_and_levels_are_those_of_the_configuration() {
    let mut annotated = deployment("shop", "app", "app:latest");
    annotated["metadata"]["annotations"] = json!({ "allow.plimsoll.dev/latest-tag": "2999-01-31 vendor image" });
    let server = ApiServer::with([annotated, deployment("pay", "ledger", "app:latest")]);
    let config = "\
exceptions:
  - { rule: latest-tag, match: { namespace: pay, name: ledger }, reason: vendor image, expires: 2999-01-31 }
namespaces:
  - { match: shop, policies: { image-pull: { rules: { latest-tag: warn } } } }
";
    let found = |config: &str| {
        let outcome = audit_in(&folder([("plimsoll.yaml", config)]), &server, &["-A", "-f", "json"]);
        let found = outcome.findings().into_iter().filter(|finding| finding.contains("latest-tag"));
        (found.collect::<Vec<_>>(), outcome.report()["summary"]["cluster"]["wouldBeRefused"].clone())
    };
    let said = |[ledger, app]: [&str; 2]| {
        vec![format!("Deployment pay/ledger {ledger} latest-tag"), format!("Deployment shop/app {app} latest-tag")]
    };
    // Annotations grant nothing unless the configuration says so, as at the webhook.
    assert_eq!(found(config), (said(["excepted", "warn"]), json!(0)));
    let heard = format!("allow-annotations: true\n{config}");
    assert_eq!(found(&heard).0, said(["excepted", "excepted"]));
    assert_eq!(found("{}").1, 2);
}

#[test]
fn the_findings_are_those_of_the_same_objects_in_a_file() {
    let objects = [
        deployment("shop", "app", "app:latest"),
        deployment("shop", "fit", "app:1.2.3"),
        service("shop", "nothing"),
        json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "app", "namespace": "shop" },
            "spec": { "minAvailable": 2, "selector": { "matchLabels": { "app": "app" } } },
        }),
    ];
    let server = ApiServer::with(objects.clone());
    let text: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let found = |outcome: &Outcome| {
        let report = outcome.report();
        let findings = report["findings"].as_array().expect("a list").iter();
        let fields = ["rule", "level", "message", "object", "container", "pointer", "fingerprint"];
        findings.map(|finding| fields.map(|field| finding[field].to_string()).join(" ")).collect::<BTreeSet<_>>()
    };
    let (live, written) = (found(&audit(&server, &["-f", "json"])), found(&scan_text(&[], &text)));
    assert_eq!(live, written);
    assert!(live.len() > 4, "{live:#?}");
}

#[test]
fn every_format_has_what_it_can_of_a_cluster() {
    let server = ApiServer::with([deployment("shop", "app", "app:latest")]);
    for format in ["text", "json", "ndjson", "junit", "github", "markdown", "html", "openreports", "policyreport"] {
        let outcome = audit(&server, &["-f", format]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{format}");
        assert!(
            outcome.stdout.contains("latest-tag") && outcome.stdout.contains("Deployment"),
            "{format}: {}",
            outcome.stdout
        );
    }
    for format in ["sarif", "gitlab"] {
        let outcome = audit(&server, &["-f", format]);
        let said = format!("warning: {format}: left out ");
        assert!(
            outcome.stderr.starts_with(&said) && outcome.stderr.contains("an object of a cluster"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn reports_are_written_and_stale_ones_of_ours_removed() {
    let server = ApiServer::with(["shop", "pay"].map(|namespace| deployment(namespace, "app", "app:latest")));
    let of_others = json!({
        "apiVersion": "openreports.io/v1alpha1", "kind": "Report",
        "metadata": { "name": "kyverno", "namespace": "gone", "labels": { "app.kubernetes.io/managed-by": "kyverno" } },
    });
    let mut stale = of_others.clone();
    stale["metadata"]["name"] = "plimsoll".into();
    stale["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "plimsoll".into();
    server.put(of_others);
    server.put(stale);
    let apply = |args: &[&str]| audit(&server, &[args, &["-f", "openreports", "--apply"]].concat());
    let outcome = apply(&["-A"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert_eq!(outcome.stderr, "openreports: 2 written, 1 removed\n");
    for (namespace, name, is_there) in
        [("shop", "plimsoll", true), ("pay", "plimsoll", true), ("gone", "plimsoll", false), ("gone", "kyverno", true)]
    {
        assert_eq!(server.get("reports", namespace, name).is_some(), is_there, "{namespace} {name}");
    }
    let asked = server.asked();
    let written = asked.iter().find(|asked| asked.starts_with("PATCH")).expect("a patch");
    assert!(written.contains("fieldManager=plimsoll") && written.contains("force=true"), "{written}");
    let report = server.get("reports", "shop", "plimsoll").expect("a report");
    assert!(report["results"].to_string().contains("latest-tag"), "{report}");

    // Not all could be read: nothing is overwritten or removed.
    server.put(deployment("new", "app", "app:latest"));
    server.refuse("/apis/apps/v1/statefulsets", 403, 1);
    let outcome = apply(&["-A"]);
    assert_eq!((outcome.code, server.get("reports", "new", "plimsoll")), (2, None));
    expect![[r#"
        error: --apply: nothing is written, because not all could be read: statefulsets.apps in all namespaces cannot be listed: /apis/apps/v1/statefulsets is refused: user "me" may not; a ClusterRole that grants it has `apiGroups: ["apps"]`, `resources: [statefulsets]`, `verbs: [list]`; or name namespaces with -n
    "#]].assert_eq(&outcome.stderr);
    // An audit of one namespace leaves the others alone, and there may be a report for people beside it.
    let outcome = apply(&["-n", "new", "-f", "text"]);
    assert!(outcome.stdout.contains("deny[latest-tag]"), "{outcome:?}");
    assert!(server.get("reports", "new", "plimsoll").is_some() && server.get("reports", "shop", "plimsoll").is_some());
    // The kind is not there.
    server.refuse("/apis/openreports.io/", 404, usize::MAX);
    let outcome = apply(&[]);
    assert_eq!(outcome.code, 2);
    expect![[r#"
        error: --apply: reports.openreports.io in the namespace shop: /apis/openreports.io/v1alpha1/namespaces/shop/reports/plimsoll is refused: user "me" may not; the CRDs of openreports.io must be installed
    "#]].assert_eq(&outcome.stderr);
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let here = folder([]);
    let said = |args: &[&str]| {
        let outcome = plimsoll(here.path(), &[&["scan"], args].concat(), "");
        assert_eq!(outcome.code, 2, "{args:?}");
        outcome.stderr.lines().next().unwrap_or_default().to_owned()
    };
    let all = [
        said(&["--cluster", "deploy"]),
        said(&["--cluster", "--baseline", "x"]),
        said(&["-A"]),
        said(&["--cluster", "-A", "-n", "shop"]),
        said(&["--cluster", "--apply"]),
        said(&["-f", "openreports"]),
        said(&["-n", "a", "-n", "b"]),
    ];
    expect![[r#"
        error: the argument '--cluster' cannot be used with '[PATH]...'
        error: the argument '--cluster' cannot be used with '--baseline <FILE>'
        error: the following required arguments were not provided:
        error: the argument '--all-namespaces' cannot be used with '--namespace <NAME>'
        error: --apply: name what to write, with -f openreports or -f policyreport
        error: -f openreports is a report about objects of a cluster: it needs --cluster
        error: --namespace: objects that do not write a namespace get one, not several"#]]
    .assert_eq(&all.join("\n"));
}

/// The kinds that are known and what they are called, as the file grants them.
#[test]
fn the_role_of_an_audit_has_what_is_listed_and_nothing_else() {
    let kinds = plimsoll::manifest::Kinds::default();
    let mut groups: std::collections::BTreeMap<String, BTreeSet<String>> = std::collections::BTreeMap::new();
    let judged = kinds.resources().map(|(group, _, resource)| (group.to_owned(), resource));
    let of_sets =
        plimsoll::manifest::MEMBERS.map(|(group, kind)| (group.to_owned(), format!("{}s", kind.to_lowercase())));
    for (group, resource) in judged.chain(of_sets).chain([(String::new(), "limitranges".to_owned())]) {
        groups.entry(group).or_default().insert(resource);
    }
    let rule = |(group, resources): (String, BTreeSet<String>)| {
        let resources = resources.into_iter().collect::<Vec<_>>().join(", ");
        format!("  - {{ apiGroups: [{group:?}], resources: [{resources}], verbs: [list] }}\n")
    };
    let rules: String = groups.into_iter().map(rule).collect();
    let role = format!("{ROLE_HEAD}{rules}{ROLE_TAIL}");
    expect_test::expect_file!["../../../docs/audit-role.yaml"].assert_eq(&role);
}

const ROLE_HEAD: &str = "\
# What `plimsoll scan --cluster` may read: docs/audit.md. Written by a test: `UPDATE_EXPECT=1 cargo test --release
# --locked --workspace --test front_door -- the_role_of_an_audit`.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: plimsoll-audit }
rules:
";

const ROLE_TAIL: &str = "  # Whether a namespace that was named and has nothing is there at all.
  - { apiGroups: [\"\"], resources: [namespaces], verbs: [get] }
---
# What `--apply` needs beside that.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: plimsoll-audit-reports }
rules:
  - { apiGroups: [openreports.io], resources: [clusterreports, reports], verbs: [create, delete, list, patch] }
  - apiGroups: [wgpolicyk8s.io]
    resources: [clusterpolicyreports, policyreports]
    verbs: [create, delete, list, patch]
";

#[test]
fn ten_thousand_pods_that_are_judged_at_their_owner_take_no_more_memory_than_a_page() {
    let peak = |count: usize| {
        let pods = (0..count).map(|index| {
            let mut pod = owned("Pod", "v1", &format!("app-1-{index:05}"), ("apps/v1", "ReplicaSet", "app-1"));
            pod["metadata"]["annotations"] = json!({ "padding": "x".repeat(2000) });
            pod
        });
        let server = ApiServer::with(pods.chain([deployment("shop", "app", "app:latest")]));
        let (outcome, peak) = measured(&server);
        assert_eq!(outcome["summary"]["cluster"]["objects"], count + 1);
        assert_eq!(outcome["summary"]["skipped"], json!({ "judged at its owner": count }));
        peak
    };
    let (few, many) = (peak(1_000), peak(10_000));
    assert!(many < few + 16 * 1024, "{few} KiB for 1 000 pods, {many} KiB for 10 000");
}

/// A report, and the most memory that it took in KiB: read until the process is gone.
fn measured(server: &ApiServer) -> (Value, u64) {
    use std::{
        fs,
        process::{Command, Stdio},
    };
    let mut child = Command::new(plimsoll_tests::program());
    child.args(["scan", "--cluster", "-f", "json", "-j", "2", "--kubeconfig"]).arg(server.kubeconfig());
    let child = child.stdout(Stdio::piped()).spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let watching = std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = fs::read_to_string(&status) {
            let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:")) else { break };
            peak = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(peak);
            std::thread::yield_now();
        }
        peak
    });
    let output = child.wait_with_output().expect("the program ends");
    let report = serde_json::from_slice(&output.stdout).expect("a report");
    (report, watching.join().expect("a peak"))
}
