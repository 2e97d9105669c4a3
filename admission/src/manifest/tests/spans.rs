//! What one parse must hold: every value with its place, the same wherever the document stands.

use super::{deployment, set};
use crate::manifest::{
    Contents, Kinds, Limits, Lines, Object, Options, Tree, Written, document::documents, json_value, read, read::tree,
};
use expect_test::expect;
use plimsoll_policy::Pointer;
use proptest::prelude::*;
use serde_json::{Value, json};

fn tree_of(text: &str) -> Tree<'_> {
    let document = documents(text).next().expect("a document");
    tree(&document, &Lines::of(text), &Limits::default()).expect("it can be read")
}

fn value_of(text: &str) -> Value {
    tree_of(text).value(&Limits::default()).expect("within limits")
}

/// Whatever JSON can hold, with numbers that every reader keeps as they are.
fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["\\PC{0,8}", "[\\x00-\\x1f\"\\\\/😀a]{0,6}", Just("on".to_owned()), Just("060".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(|float: f64| json!((float * 8.0).round() / 8.0 + 0.0625)),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..5).prop_map(Value::from_iter),
        ]
    })
}

/// The pointers of everything in a value.
fn pointers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                pointers(field, &Pointer::from(pointer).step(key), found);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn json_is_read_as_json_reads_it(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(json_value(text.as_bytes()), Ok(value));
    }

    #[test]
    fn no_text_is_json_but_json(text in "[\\[\\]{}:,\" \\\\a1.eE+-]{0,12}") {
        if let Ok(value) = json_value(text.as_bytes()) {
            let expected: Option<Value> = serde_json::from_str(&text).ok();
            prop_assert!(expected.is_some(), "{text} is {value}");
        }
    }

    /// Of a scalar, quotes and all; of a collection in flow style, brackets and all.
    #[test]
    fn the_text_of_a_span_is_the_value(value in json()) {
        let text = json!({ "it": value }).to_string();
        let (tree, value) = (tree_of(&text), value_of(&text));
        let mut all = Vec::new();
        pointers(&value, "", &mut all);
        for pointer in all {
            let Written { key, value: span } = tree.written(&pointer).expect("it is there");
            let written: Value = serde_json::from_str(&text[span.start..span.end]).expect("JSON");
            prop_assert_eq!(Some(&written), value.pointer(&pointer));
            let name = key.map(|key| serde_json::from_str::<String>(&text[key.start..key.end]).expect("a string"));
            prop_assert!(name.is_none_or(|name| pointer.ends_with(Pointer::ROOT.step(name).as_str())));
        }
    }

    #[test]
    fn a_document_is_read_alike_alone_and_in_a_stream(
        choices in prop::collection::vec(0..DOCUMENTS.len(), 1..6),
        marks in prop::collection::vec(any::<bool>(), 6),
    ) {
        let mut stream = String::new();
        let mut alone = Vec::new();
        for (index, choice) in choices.iter().enumerate() {
            let first_line = stream.lines().count() + 1;
            let mark = if marks[index] { "\u{feff}" } else { "" };
            stream += &format!("{mark}---\n{}", DOCUMENTS[*choice]);
            alone.extend(told(&format!("---\n{}", DOCUMENTS[*choice]), first_line));
        }
        let mut together = told(&stream, 1);
        together.sort();
        alone.sort();
        prop_assert_eq!(together, alone);
    }
}

const DOCUMENTS: [&str; 6] = [
    "apiVersion: v1\nkind: Pod\nmetadata: {name: é}\nspec: {containers: [{name: a, image: 'a:1'}]}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostNetwork: \"no\", containers: [{name: a, image: 5}]}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: [\n",
    "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n",
    "kind: Service\napiVersion: v1\n",
    "# nothing\n",
];

/// What is found in a text that begins at this line of another one.
fn told(text: &str, first_line: usize) -> Vec<String> {
    let Contents { objects, skipped, problems, .. } = read(text, &Kinds::default(), &Options::default());
    let lines = Lines::of(text);
    let found = objects.iter().map(|found| {
        let at = lines.position(found.locate("/spec/containers/0/image").start);
        format!("{}:{} {}", at.line + first_line - 1, at.column, found.object.workload.name)
    });
    let wrong = problems.into_iter().map(|problem| {
        let at = problem.position.expect("a place");
        format!("{}:{} {}", at.line + first_line - 1, at.column, problem.message)
    });
    found.chain(wrong).chain(skipped.iter().map(ToString::to_string)).collect()
}

#[test]
fn keys_and_values_are_found_with_their_whole_text() {
    let text = "a: &x !!str  b c  # why\nlist:\n- x: 1\n  'y': [2,\n    3]\n# end\n- |\n  text\n\nz: *x\n";
    let tree = tree_of(text);
    let mut told = String::new();
    for pointer in ["/a", "/list", "/list/0", "/list/0/y", "/list/0/y/1", "/list/1", "/z", ""] {
        let Written { key, value } = tree.written(pointer).unwrap();
        let key = key.map(|key| &text[key.start..key.end]);
        told += &format!("{pointer}: {key:?} {:?}\n", &text[value.start..value.end]);
    }
    expect![[r#"
        /a: Some("a") "b c"
        /list: Some("list") "x: 1\n  'y': [2,\n    3]\n# end\n- |\n  text"
        /list/0: None "x: 1\n  'y': [2,\n    3]"
        /list/0/y: Some("'y'") "[2,\n    3]"
        /list/0/y/1: None "3"
        /list/1: None "text"
        /z: Some("z") "b c"
        : None "a: &x !!str  b c  # why\nlist:\n- x: 1\n  'y': [2,\n    3]\n# end\n- |\n  text\n\nz: *x"
    "#]]
    .assert_eq(&told);
    assert_eq!(tree.written("/none"), None);
}

#[test]
fn all_that_cannot_be_read_is_told_at_once_and_the_rest_is_judged() {
    let mut value = deployment();
    let spec = "/spec/template/spec";
    set(&mut value, &format!("{spec}/terminationGracePeriodSeconds"), json!(-1));
    set(&mut value, "/spec/replicas", json!("3"));
    set(&mut value, "/spec/strategy", json!("Recreate"));
    set(
        &mut value,
        &format!("{spec}/containers/0"),
        json!({
            "name": "app", "image": "app:1", "args": ["-p", 80], "resources": { "limits": { "cpu": "1E" } },
            "livenessProbe": { "httpGet": { "port": 80 }, "periodSeconds": "10s" },
            "readinessProbe": { "httpGet": {} },
            "env": [{ "name": "A", "value": 1 }, { "name": "B", "value": "b" }],
        }),
    );
    let text = serde_yaml::to_string(&value).unwrap();
    let contents = read(&text, &Kinds::default(), &Options::default());
    let mut told: Vec<_> = contents
        .problems
        .iter()
        .map(|problem| format!("{} {}", problem.position.unwrap().line, problem.message))
        .collect();
    told.sort();
    expect![[r#"
        10 /spec/strategy: must be a mapping, and is the string "Recreate"
        19 /spec/template/spec/containers/0/args/1: must be a string, and is the number 80; put it in quotes
        22 /spec/template/spec/containers/0/env/0/value: must be a string, and is the number 1; put it in quotes
        29 /spec/template/spec/containers/0/livenessProbe/periodSeconds: must be a whole number, and is the string "10s"
        32 /spec/template/spec/containers/0/readinessProbe/httpGet/port: `port` is missing
        35 /spec/template/spec/containers/0/resources/limits/cpu: "1E" is more than any machine has: not judged
        36 /spec/template/spec/terminationGracePeriodSeconds: must be at least 0, and is -1
        6 /spec/replicas: must be a whole number, and is the string "3"; remove the quotes"#]]
    .assert_eq(&told.join("\n"));
    let Object { workload, .. } = &contents.objects[0].object;
    let container = &workload.pod.containers[0];
    assert_eq!((workload.pod.grace_period_seconds, container.cpu_limit_millis), (30, None));
    assert_eq!(container.liveness.as_ref().map(|probe| probe.period_seconds), Some(10));
    assert_eq!(container.env.iter().map(|variable| variable.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert!(container.readiness.is_none() && container.args.is_empty());
    let readiness = format!("{spec}/containers/0/readinessProbe").into();
    assert!(workload.unreadable.contains(&readiness), "{:?}", workload.unreadable);
}

#[test]
fn what_managers_of_fields_wrote_may_be_as_deep_as_it_likes() {
    let fields = "{\"f:a\":".repeat(3000) + "1" + &"}".repeat(3000);
    let mut value = deployment();
    set(&mut value, "/metadata/managedFields", json!("MANAGED"));
    let json = value.to_string().replace("\"MANAGED\"", &format!("[{fields}]"));
    let list = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{json},{json}]}}");
    for (text, objects) in [(&json, 1), (&list, 2)] {
        let contents = read(text, &Kinds::default(), &Options::default());
        assert_eq!((contents.problems, contents.objects.len()), (vec![], objects));
    }
    let review = json_value(format!("{{\"request\":{{\"object\":{json}}}}}").as_bytes()).unwrap();
    assert_eq!(review["request"]["object"]["metadata"], json!({ "name": "app", "managedFields": null }));
    let elsewhere = json.replace("managedFields", "other");
    assert_eq!(read(&elsewhere, &Kinds::default(), &Options::default()).problems.len(), 1);
}

#[test]
fn a_list_costs_what_its_items_cost() {
    let item = "- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{name: a, image: 5}]}\n";
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}", item.repeat(20_000));
    let contents = read(&list, &Kinds::default(), &Options::default());
    assert_eq!((contents.objects.len(), contents.problems.len()), (20_000, 20_000));
    let ports = (1..=4_000).map(|port| json!({ "containerPort": port, "protocol": 6 })).collect::<Vec<_>>();
    let mut value = deployment();
    set(&mut value, "/spec/template/spec/containers/0/ports", json!(ports));
    let text = value.to_string();
    assert_eq!(read(&text, &Kinds::default(), &Options::default()).problems.len(), 4_000);
}

/// As libyaml has it, which the API server's tools are made after.
#[test]
fn tabs_may_stand_inside_a_line_and_not_in_front_of_it() {
    let is_read = |text: &str| {
        let document = documents(text).next().expect("a document");
        tree(&document, &Lines::of(text), &Limits::default()).is_ok()
    };
    for taken in ["a:\tb\n", "a: b\t# why\n", "a: |\n  \tb\n  c\n", "a: \"b\n\tc\"\n", "{\n\t\"a\": 1\n}"] {
        assert!(is_read(taken), "{taken:?}");
    }
    for refused in ["a:\n\tb: 1\n", "a:\n  b:\n \tc: 1\n", "-\ta\n", "a:\n  - b\n\t- c\n", "a: b\u{1}\n", ": a\n"] {
        assert!(!is_read(refused), "{refused:?}");
    }
}
