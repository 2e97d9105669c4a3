//! From pointers to places in the text.

use crate::manifest::{Limits, Lines, Position, document::documents, read};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The underlined text of a document and where it is, as far as its first line goes.
fn underlined_in(text: &str, document: usize, item: Option<usize>, pointer: &str) -> String {
    let lines = Lines::of(text);
    let document = documents(text).nth(document).expect("the document");
    let tree = read::tree(&document, &lines, &Limits::default()).expect("it can be read");
    let span = read::locate(&tree, item, pointer);
    let Position { line, column } = lines.position(span.start);
    format!("{line}:{column} {}", text[span.start..span.end].lines().next().unwrap_or_default())
}

fn underlined(text: &str, item: Option<usize>, pointer: &str) -> String {
    underlined_in(text, 0, item, pointer)
}

const BLOCK: &str = "\
# a comment
spec:
  é: {x: ü, replicas: 2}
  probe: &probe
    path: \"/ready\"   # why
  live: *probe
  merged:
    <<: [*probe, {port: 80}]
    own: 1
  empty:
  \"quoted key\": ''
  script: |
    sleep 1
  list:
  - name: a
    image: b
  -
    name: c
  - # comment
    name: d
  - e
  flow: [{name: f}, g]
  on: yes
";

/// As libyaml takes it: brackets, braces and quotes may close, and go on, left of the block they are in.
const LEFT_OF_ITS_BLOCK: &str = "\
spec:
  list:
    - args: [
      \"a\",
    ü, 060,
]
      name: c
    - text: \"x

  y
  z\"
      map: {a: 'b
c', d: e
    }
      name: f
";

#[test]
fn what_stands_left_of_its_block_moves_nothing() {
    for (pointer, expected) in [
        ("/spec/list/0/args/0", "4:7 \"a\""),
        ("/spec/list/0/args/1", "5:5 ü"),
        ("/spec/list/0/args/2", "5:8 060"),
        ("/spec/list/0/args", "3:7 args"),
        ("/spec/list/0/name", "7:13 c"),
        ("/spec/list/1/text", "8:13 \"x"),
        ("/spec/list/1/map/a", "12:16 'b"),
        ("/spec/list/1/map/d", "13:8 e"),
        ("/spec/list/1/name", "15:13 f"),
    ] {
        assert_eq!(underlined(LEFT_OF_ITS_BLOCK, None, pointer), expected, "{pointer}");
    }
}

#[test]
fn scalars_are_at_their_value_and_collections_at_their_key() {
    for (pointer, expected) in [
        ("", "2:1 s"),
        ("/spec", "2:1 spec"),
        ("/spec/é/x", "3:10 ü"),
        ("/spec/é/replicas", "3:23 2"),
        ("/spec/é", "3:3 é"),
        ("/spec/probe", "4:3 probe"),
        ("/spec/probe/path", "5:11 \"/ready\""),
        ("/spec/probe/port", "4:3 probe"),
        ("/spec/live", "6:3 live"),
        ("/spec/live/path", "5:11 \"/ready\""),
        ("/spec/live/port", "6:3 live"),
        ("/spec/merged/path", "5:11 \"/ready\""),
        ("/spec/merged/port", "8:25 80"),
        ("/spec/merged/own", "9:10 1"),
        ("/spec/merged/none", "7:3 merged"),
        ("/spec/empty", "10:3 empty"),
        ("/spec/empty/deeper/still", "10:3 empty"),
        ("/spec/quoted key", "11:17 ''"),
        ("/spec/script", "13:5 sleep 1"),
        ("/spec/list", "14:3 list"),
        ("/spec/list/0", "15:3 -"),
        ("/spec/list/0/image", "16:12 b"),
        ("/spec/list/0/none", "15:3 -"),
        ("/spec/list/1/none", "17:3 -"),
        ("/spec/list/1/name", "18:11 c"),
        ("/spec/list/2/none", "19:3 -"),
        ("/spec/list/3", "21:5 e"),
        ("/spec/list/9", "14:3 list"),
        ("/spec/flow/0/none", "22:10 {"),
        ("/spec/flow/1", "22:21 g"),
        ("/spec/true", "23:7 yes"),
        ("/none", "2:1 s"),
    ] {
        assert_eq!(underlined(BLOCK, None, pointer), expected, "{pointer}");
    }
}

#[test]
fn byte_order_marks_carriage_returns_and_earlier_documents_move_nothing() {
    let windows = format!("\u{feff}{}", BLOCK.replace('\n', "\r\n"));
    assert_eq!(underlined(&windows, None, "/spec/list/0/image"), "16:12 b");
    let later = format!("a: 1\n---\n---\n{BLOCK}");
    assert_eq!(underlined_in(&later, 2, None, "/spec/list/0/image"), "19:12 b");
    let joined = format!("a: 1\n---\n\u{feff}{BLOCK}");
    assert_eq!(underlined_in(&joined, 1, None, "/spec/list/0/image"), "18:12 b");
}

#[test]
fn items_of_a_list_have_pointers_of_their_own() {
    let text = "kind: List\nitems:\n- spec: {a: 1}\n- spec:\n    b: 2\n";
    assert_eq!(underlined(text, Some(1), "/spec/b"), "5:8 2");
    assert_eq!(underlined(text, Some(1), "/none"), "4:1 -");
    assert_eq!(underlined(text, Some(0), "/spec/none"), "3:3 spec");
}

#[test]
fn json_with_tabs_escapes_and_several_values_is_located() {
    let json =
        "{\n\t\"a\": {\n\t\t\"b/c\": \"\\ud83d\\ude00\\/\",\n\t\t\"d\":\t[1, {\"e\": null}]\n\t}\n} {\"x\": 5}\n";
    assert_eq!(underlined(json, None, "/a/b~1c"), "3:10 \"\\ud83d\\ude00\\/\"");
    assert_eq!(underlined(json, None, "/a/d/0"), "4:9 1");
    assert_eq!(underlined(json, None, "/a/d/1/none"), "4:12 {");
    assert_eq!(underlined(json, None, "/a"), "2:2 \"a\"");
    assert_eq!(underlined_in(json, 1, None, "/x"), "6:9 5");
}

/// Without words such as `on`, which plain are other keys.
fn key() -> impl Strategy<Value = String> {
    prop::sample::select(&["name", "a/b", "m~n", "é", "with space", "x", "kind"][..]).prop_map(str::to_owned)
}

/// Values whose scalars are all different, so that the text found tells which one it is.
fn value() -> impl Strategy<Value = Value> {
    let leaf = Just(Value::Null);
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 1..4).prop_map(Value::from_iter),
        ]
    });
    tree.prop_filter("a document is a collection", |value| !value.is_null()).prop_map(|mut value| {
        number(&mut value, &mut 1000);
        value
    })
}

fn number(value: &mut Value, next: &mut i64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| number(item, next)),
        Value::Object(fields) => fields.values_mut().for_each(|field| number(field, next)),
        leaf => {
            *next += 1;
            *leaf = if *next % 2 == 0 { json!(*next) } else { json!(format!("v{next}é")) };
        }
    }
}

fn leaves(value: &Value, pointer: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                leaves(field, &plimsoll_policy::Pointer::from(pointer).step(key), found);
            }
        }
        Value::String(text) => found.push((pointer.to_owned(), text.clone())),
        leaf => found.push((pointer.to_owned(), leaf.to_string())),
    }
}

/// Block style with comments, blank lines and quoted keys.
fn block(value: &Value, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(_) | Value::Object(_) => {
                        *text += &format!("{pad}- # item\n");
                        block(item, indent + 2, text);
                    }
                    leaf => *text += &format!("{pad}- {leaf} # leaf\n\n"),
                }
            }
        }
        Value::Object(fields) => entries(fields, indent, text),
        leaf => *text += &format!("{pad}{leaf}\n"),
    }
}

fn entries(fields: &Map<String, Value>, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    for (key, field) in fields {
        match field {
            Value::Array(_) | Value::Object(_) => {
                *text += &format!("{pad}# about {key}\n{pad}'{key}':\n");
                block(field, indent + 1, text);
            }
            leaf => *text += &format!("{pad}\"{key}\": {leaf}\n"),
        }
    }
}

proptest! {
    #[test]
    fn a_scalar_is_found_however_it_is_written(value in value()) {
        let mut commented = String::new();
        block(&value, 0, &mut commented);
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let texts = [
            serde_yaml::to_string(&value).unwrap(),
            serde_json::to_string(&value).unwrap(),
            pretty.replace("  ", "\t"),
            pretty.replace('\n', "\r\n"),
            pretty,
            format!("# head\n--- # start\n{commented}"),
            commented,
        ];
        let mut expected = Vec::new();
        leaves(&value, "", &mut expected);
        for text in texts {
            for (pointer, leaf) in &expected {
                let found = underlined(&text, None, pointer);
                prop_assert!(found.trim_end_matches('"').ends_with(leaf), "{pointer}: {found}, not {leaf}, in\n{text}");
            }
        }
    }
}
