//! Whole texts.

use super::deployment;
use crate::manifest::{Contents, CustomKind, Kinds, Limits, Options, PatchMark, Skip, read};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::fmt::Write;

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - name: app
        image: app:1.2.3
";

fn read_all(text: &(impl AsRef<[u8]> + ?Sized)) -> Contents<'_> {
    read(text, &Kinds::default(), &Options::default())
}

fn limited(text: &str, limits: Limits) -> Vec<String> {
    let options = Options { limits, strict_yaml: true, ..Options::default() };
    read(text, &Kinds::default(), &options).problems.into_iter().map(|problem| problem.message).collect()
}

fn told(contents: &Contents<'_>) -> String {
    let mut told = String::new();
    for found in &contents.objects {
        let workload = &found.object.workload;
        let item = found.item.map(|item| format!("[{item}]")).unwrap_or_default();
        writeln!(told, "{}{item} {} {}", found.document, workload.kind, workload.name).unwrap();
    }
    for skip in &contents.skipped {
        writeln!(told, "skipped: {skip}").unwrap();
    }
    for problem in &contents.problems {
        let place = problem.position.map(|at| format!("{}:{}", at.line, at.column)).unwrap_or_default();
        let document = problem.document.map(|document| format!(" document {document}")).unwrap_or_default();
        writeln!(told, "{place}{document}: {}", problem.message).unwrap();
    }
    told
}

fn check(text: impl AsRef<[u8]>, expected: &Expect) {
    expected.assert_eq(&told(&read_all(&text)));
}

#[test]
fn a_bad_document_never_hides_its_neighbours() {
    let text = format!(
        "{DEPLOYMENT}---\n{}---\n{}---\n{DEPLOYMENT}",
        DEPLOYMENT.replace("image: app:1.2.3", "image: \"app"),
        DEPLOYMENT.replace("name: app\n", "name: 5\n"),
    );
    check(
        text,
        &expect![[r#"
            0 Deployment app
            2 Deployment app
            3 Deployment app
            23:16 document 1: not valid YAML: the quote that opens here is not closed
            34:15 document 2: /spec/template/spec/containers/0/name: must be a string, and is the number 5; put it in quotes
        "#]],
    );
}

#[test]
fn says_what_is_wrong_and_where() {
    let deployment = |from: &str, to: &str| DEPLOYMENT.replace(from, to);
    let texts = [
        deployment("      containers:", "\tcontainers:"),
        deployment("name: app}", "name: [app}"),
        deployment("image: app", "image: {{ .Values.image }}"),
        deployment("        image: app:1.2.3", "        name: app\n        image: app:1.2.3"),
        deployment("  template:", "  selector: {}\n  template:"),
        deployment("metadata: {name: app}", "metadata: {name: app, labels: {istio: on}}"),
        deployment("image: app:1.2.3", "image: *image"),
        deployment("image: app:1.2.3", "image: app\u{1}"),
        deployment("kind: Deployment", "kind: Deployment\n<<: 5"),
        deployment("image: app:1.2.3", "image: .inf"),
        "{{- if .Values.on }}\nkind: Deployment\n{{- end }}\n".to_owned(),
        "Plimsoll is a line\npainted on a hull\n".to_owned(),
        "just: a\nreadme file\n".to_owned(),
        "{\"kind\": \"Pod\", \"apiVersion\": \"v1\", \"kind\": \"Pod\"}".to_owned(),
        "{\"kind\": \"Pod\", \"apiVersion\": \"v1\"".to_owned(),
    ];
    let mut all = String::new();
    for text in texts {
        all += &told(&read_all(&text));
    }
    expect![[r#"
        9:1 document 0: a tab indents this line, and YAML takes spaces only
        3:18 document 0: not valid YAML: the `[` that opens here is closed by a `}`
        11:16 document 0: this is a template, not a manifest; render it and scan what comes out
        0 Deployment app
        11:9 document 0: duplicate key `name`: it is on line 10 already; keep one of the two
        0 Deployment app
        6:3 document 0: duplicate key `selector`: it is on line 5 already; keep one of the two
        0 Deployment app
        3:39 document 0: /metadata/labels/istio: must be a string, and is true; put it in quotes (YAML reads a plain yes, no, on, off, y or n as true or false)
        11:16 document 0: unknown anchor: no `&image` stands before this
        11:19 document 0: not valid YAML: control characters are not allowed
        3:5 document 0: `<<` merges a mapping or a list of mappings, and this is neither
        11:16 document 0: the API server takes no infinity and no NaN
        1:1 document 0: this is a template, not a manifest; render it and scan what comes out
        1:1 document 0: plain text; a manifest is a mapping with apiVersion and kind
        2:1 document 0: not valid YAML: a colon and a space are missing behind a key
        1:37 document 0: duplicate key `kind`: it is on line 1 already; keep one of the two
        1:1 document 0: not valid YAML: the `{` that opens here is not closed
    "#]].assert_eq(&all);
}

#[test]
fn what_is_not_utf_8_is_a_problem_of_that_file_alone() {
    check(
        b"a: 1\nb: \xc3\xa9\xff\n",
        &expect![[r#"
        2:5: not UTF-8: byte 0xff; save it as UTF-8
    "#]],
    );
    check(
        b"\xff\xfea\0:\0",
        &expect![[r#"
        : UTF-16 text; save it as UTF-8
    "#]],
    );
}

#[test]
fn byte_order_mark_and_carriage_returns_change_nothing() {
    let text = format!("\u{feff}{}", DEPLOYMENT.replace('\n', "\r\n"));
    let plain = read_all(DEPLOYMENT).objects.remove(0).object.workload;
    assert_eq!(read_all(&text).objects.remove(0).object.workload, plain);
}

#[test]
fn only_workloads_are_parsed_unless_asked() {
    let broken = "kind: ConfigMap\napiVersion: v1\ndata: [\n";
    assert_eq!(read_all(broken).skipped, [Skip::OtherKind]);
    let strict = Options { strict_yaml: true, ..Options::default() };
    assert_eq!(read(broken, &Kinds::default(), &strict).problems.len(), 1);
}

#[test]
fn documents_that_are_no_objects_are_left_aside() {
    let text =
        "replicas: 1\nimage: {}\n---\n- op: replace\n  path: /spec\n- op: remove\n  path: /x\n---\n- just: a list\n";
    assert_eq!(read_all(&text).skipped, [Skip::NoKind, Skip::KustomizePatch(PatchMark::Operations), Skip::NoKind]);
    assert_eq!(read_all("---\n# nothing\n---\n").documents, 0);
    for other in [
        "apiVersion: 1\ndatasources: []\n",
        "{\n  \"compilerOptions\": {\n    /* Bundler mode */\n    \"lib\": [\"es6\"], // or dom\n  }\n}\n",
        "// generated: do not edit\n{ \"include\": [] }\n",
    ] {
        let read = read_all(other);
        assert_eq!((read.skipped, read.problems), (vec![Skip::NoKind], vec![]), "{other}");
    }
}

#[test]
fn a_broken_manifest_is_not_taken_for_something_else() {
    for broken in ["{ a: [", "{ \"apiVersion\": \"v1\", // why\n", "kind: Pod\napiVersion: 1\n", "{{- if .x }} // {\n"]
    {
        assert_eq!(read_all(broken).problems.len(), 1, "{broken}");
    }
}

#[test]
fn lists_are_opened() {
    let item = serde_json::to_string(&deployment()).unwrap();
    let mut bare = deployment();
    bare.as_object_mut().unwrap().retain(|field, _| field != "kind" && field != "apiVersion");
    let text = format!(
        "kind: List\napiVersion: v1\nitems:\n- {item}\n- {{apiVersion: v1, kind: Service}}\n- {{apiVersion: v1, kind: List}}\n\
         - text\n---\nkind: DeploymentList\napiVersion: apps/v1\nitems: [{bare}]\n---\nkind: List\napiVersion: v1\nitems: 5\n"
    );
    check(
        text,
        &expect![[r#"
        0[0] Deployment app
        1[0] Deployment app
        skipped: not a workload
        6:1 document 0: a list inside a list: move its items into the outer one
        7:3 document 0: a manifest is a mapping
        15:8 document 2: /items: must be a list
    "#]],
    );
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let text = DEPLOYMENT
        .replace("      - name: app\n", "      - <<: [{image: no}, {image: never}]\n        name: &n app\n")
        + "      - {name: second, image: *n}\n";
    let pod = read_all(&text).objects.remove(0).object.workload.pod;
    let images: Vec<_> = pod.containers.iter().map(|container| container.image.as_str()).collect();
    assert_eq!(images, ["app:1.2.3", "app"]);
}

#[test]
fn custom_kinds_are_taught() {
    let pointers = vec!["/spec/workload/pod".parse().unwrap(), "/spec/others/*".parse().unwrap()];
    let custom = CustomKind::new("example.com".into(), "App".into(), pointers, None);
    let kinds = Kinds::default().with([custom]);
    let text = "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a}\nspec:\n  workload:\n    pod:\n      spec:\n        \
                containers: [{name: a, image: 'a:1'}]\n";
    let contents = read(&text, &kinds, &Options::default());
    assert_eq!(contents.objects[0].object.workload.pod.pointer, "/spec/workload/pod");
    let unknown = read_all(&text).skipped.remove(0);
    assert_eq!(unknown.to_string(), "custom kind with a pod template: example.com/App");
    assert_eq!(
        unknown.advice().unwrap(),
        "workloads: [{ group: example.com, kind: App, podTemplate: /spec/workload/pod }]"
    );
    let elsewhere = text.replace("workload:", "otherwise:");
    let skipped = read(&elsewhere, &kinds, &Options::default()).skipped;
    assert_eq!(skipped[0].to_string(), "pod template outside of the pointers of example.com/App: /spec/otherwise/pod");
    let none = "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a}\nspec: {}\n";
    let skipped = read(none, &kinds, &Options::default()).skipped;
    assert_eq!(skipped[0].to_string(), "example.com/App without a pod template at /spec/workload/pod, /spec/others/*");
}

#[test]
fn an_openshift_template_is_opened() {
    let text = "\
apiVersion: template.openshift.io/v1
kind: Template
metadata: {name: t}
parameters: [{name: TAG, value: 1.2.3}, {name: GRACE}, {name: IMAGE}]
objects:
- apiVersion: apps.openshift.io/v1
  kind: DeploymentConfig
  metadata: {name: web}
  spec:
    template:
      spec:
        terminationGracePeriodSeconds: ${{GRACE}}
        containers: [{name: a, image: 'app:${TAG}'}, {name: b, image: '${IMAGE}'}]
- {apiVersion: v1, kind: Service, metadata: {name: s}}
";
    let contents = read_all(text);
    assert_eq!(contents.skipped, [Skip::ImageParameter, Skip::OtherKind]);
    assert_eq!(contents.objects[0].object.workload.pod.containers[0].image, "app:1.2.3");
    assert!(contents.objects[0].object.filled_in.has("/spec/template/spec/containers/1/image"));
    let problem = &contents.problems[0];
    assert_eq!(problem.position.unwrap().line, 12);
    assert!(problem.message.contains("`${{GRACE}}` has no value"), "{problem:?}");
}

#[test]
fn slips_are_told_and_other_formats_left_aside() {
    for (text, expected) in [
        (
            "apiVersion: apps/v1\nkind: deployment\nmetadata: {name: a}\n",
            "2:7 /kind: apps/v1 has no kind `deployment`; did you mean `Deployment`?",
        ),
        (
            "apiVersion: app/v1\nkind: Pod\nmetadata: {name: a}\n",
            "1:13 /apiVersion: app/v1 has no kind Pod; did you mean `v1`?",
        ),
        ("kind: Pod\nmetadata: {name: a}\n", "1:1 /apiVersion: `apiVersion` is missing"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "1:1 /kind: `kind` is missing"),
        ("apiVersion: score.dev/v1b1\nmetadata: {name: a}\ncontainers: {}\n", "not a Kubernetes object"),
        ("apiVersion: 1\nkind: datasources\n", "not a Kubernetes object"),
        ("kind: helm-release\napiVersion: 1.1\nbuild: {}\n", "not a Kubernetes object"),
        ("kind: pipeline\nmetadata: {name: a}\n", "not a workload"),
    ] {
        let contents = read_all(text);
        let problems = contents.problems.iter().map(|problem| {
            let at = problem.position.unwrap();
            format!("{}:{} {}", at.line, at.column, problem.message)
        });
        let all: Vec<_> = problems.chain(contents.skipped.iter().map(ToString::to_string)).collect();
        assert_eq!(all, [expected], "{text}");
    }
}

#[test]
fn what_a_kustomization_lists_as_a_patch_is_one() {
    let options = Options { patch: Some("patches"), ..Options::default() };
    let text = format!("{DEPLOYMENT}---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: x}}\n");
    let contents = read(&text, &Kinds::default(), &options);
    let reasons: Vec<_> = contents.skipped.iter().map(ToString::to_string).collect();
    assert_eq!((contents.objects.len(), contents.problems.len()), (0, 0));
    assert_eq!(reasons, ["kustomize patch (listed under `patches`)"; 2]);
}

#[test]
fn a_service_is_a_member_of_a_set() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {selector: {app: a}}\n";
    let text = format!("{DEPLOYMENT}---\n{service}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\n");
    let options = Options { members: true, ..Options::default() };
    let contents = read(&text, &Kinds::default(), &options);
    let members: Vec<_> = contents.members.iter().map(|it| (it.document, it.member.name.as_str())).collect();
    assert_eq!(members, [(1, "s")]);
    let [service] = &contents.members[..] else { panic!("one member") };
    assert_eq!(service.namespace.as_deref(), Some("shop"));
    assert!(service.member.service.as_ref().is_some_and(|it| it.selects(&[("app".into(), "a".into())].into())));
    assert_eq!((contents.objects.len(), contents.skipped), (1, vec![Skip::OtherKind; 2]));
}

#[test]
fn each_limit_is_an_error_that_names_itself() {
    let limits = Limits::default;
    let bomb = format!(
        "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [{0},{0}]\nc: &c [{1},{1}]\nd: [{2},{2}]\n",
        ["*a"; 9].join(","),
        ["*b"; 9].join(","),
        ["*c"; 9].join(","),
    );
    let deep = "[".repeat(50) + &"]".repeat(50);
    let json = format!("{{\"a\":{deep}}}");
    let rows = [
        limited("a: 1\n", Limits { file_bytes: 4, ..limits() }),
        limited("a: 1\n", Limits { document_bytes: 4, ..limits() }),
        limited("a: 1\n---\nb: 1\n---\nc: 1\n", Limits { documents: 1, ..limits() }),
        limited(&deep, Limits { depth: 49, ..limits() }),
        limited(&json, Limits { depth: 49, ..limits() }),
        limited(&"[".repeat(300), limits()),
        limited(&"[".repeat(500), limits()),
        limited("[1, 2, 3]", Limits { values: 3, ..limits() }),
        limited(&bomb, Limits { values: 1000, ..limits() }),
        limited(&deep, Limits { depth: 50, ..limits() }),
    ];
    expect![[r#"
        5 bytes, and at most 4 are read (limit `file_bytes`)
        a document of 5 bytes, and at most 4 are parsed (limit `document_bytes`)
        more than 1 documents (limit `documents`); the rest is not read
        more than 49 mappings and sequences inside each other (limit `depth`)
        more than 49 mappings and sequences inside each other (limit `depth`)
        more than 100 mappings and sequences inside each other (limit `depth`)
        more than 100 mappings and sequences inside each other (limit `depth`)
        more than 3 values with aliases expanded (limit `values`)
        more than 1000 values with aliases expanded (limit `values`)
    "#]]
    .assert_eq(&rows.map(|told| told.join("; ")).join("\n"));
}

/// Whatever is repeated costs time in proportion and no stack: with the square of it, this test would not end.
#[test]
fn what_is_hostile_is_read_in_no_time() {
    const TIMES: usize = 200_000;
    for piece in ["[", "- ", "{a: ", "? ", "&a ", "!x ", "---\n", "...\n", "{}\n", "\"", "on\n", "{\n", "'", "a: |\n"] {
        read_strictly(piece.repeat(TIMES).as_bytes());
        read_strictly(format!("a: on\na: off\nb:\n {}", piece.repeat(TIMES)).as_bytes());
    }
}

/// Lines of manifests, whole and broken, in any order.
const PIECES: [&str; 24] = [
    "---\n",
    "...\n",
    "kind: Deployment\n",
    "apiVersion: apps/v1\n",
    "kind: List\n",
    "apiVersion: v1\n",
    "items:\n",
    "- ",
    "spec:\n",
    "  template:\n",
    "{",
    "}",
    "[",
    "\"",
    "'",
    "&a ",
    "*a",
    "<<: ",
    "\t",
    "\r",
    "|\n",
    "# é\n",
    "\u{feff}",
    "!!x ",
];

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_strictly(&bytes);
    }

    #[test]
    fn no_text_makes_it_panic(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        read_strictly(pieces.concat().as_bytes());
    }

    #[test]
    fn no_broken_deployment_makes_it_panic(at in 0..DEPLOYMENT.len(), piece in prop::sample::select(&PIECES[..])) {
        let mut text = DEPLOYMENT.to_owned();
        text.insert_str(at, piece);
        read_strictly(text.as_bytes());
    }
}

fn read_strictly(bytes: &[u8]) {
    let options = Options { members: true, strict_yaml: true, ..Options::default() };
    for found in read(bytes, &Kinds::default(), &options).objects {
        found.locate("/spec/template/spec/containers/0/none");
    }
}
