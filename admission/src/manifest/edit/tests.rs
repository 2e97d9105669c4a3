//! Every style in which a manifest can be written, and what stands in the way.

use super::{Editor, Obstacle, Splice};
use crate::manifest::{Limits, Lines, Span, document::documents, read::tree};
use expect_test::{Expect, expect};
use plimsoll_policy::Edit;
use proptest::prelude::*;
use serde_json::{Value, json};

fn set(pointer: &str, value: impl Into<Value>) -> Edit {
    Edit::Add { pointer: pointer.into(), value: value.into().to_string() }
}

fn replace(pointer: &str, value: impl Into<Value>) -> Edit {
    Edit::Replace { pointer: pointer.into(), value: value.into().to_string() }
}

fn remove(pointer: &str) -> Edit {
    Edit::Remove { pointer: pointer.into() }
}

fn value_of(text: &str) -> Option<Value> {
    let document = documents(text).next()?;
    tree(&document, &Lines::of(text), &Limits::default()).ok()?.value(&Limits::default()).ok()
}

fn splices(text: &str, item: Option<usize>, edits: &[Edit]) -> Result<(Vec<Splice>, Value), Obstacle> {
    let document = documents(text).next().expect("a document");
    let tree = tree(&document, &Lines::of(text), &Limits::default()).expect("it can be read");
    let mut editor = Editor::new(&tree, &Limits::default())?;
    editor.add(item, edits)?;
    editor.finish()
}

fn applied(text: &str, splices: &[Splice]) -> String {
    let mut all = text.to_owned();
    for Splice { span: Span { start, end }, text } in splices.iter().rev() {
        all.replace_range(start..end, text);
    }
    all
}

/// The new text, which has the value that it must have.
fn edited(text: &str, edits: &[Edit]) -> Result<String, Obstacle> {
    let (splices, intended) = splices(text, None, edits)?;
    let new = applied(text, &splices);
    assert_eq!(value_of(&new), Some(intended), "{new}");
    Ok(new)
}

fn check(text: &str, edits: &[Edit], expected: &Expect) {
    expected.assert_eq(&edited(text, edits).expect("it can be edited"));
}

const BLOCK: &str = "\
# why
spec:   # the spec
  grace: 30   # seconds
  containers:
    - name: app
      image: \"app:1\"   # pinned
      pull: 'Always'
    # the other one
    - policy: Never
      name: side
      empty:
  # at the end

last: true
";

#[test]
fn a_scalar_keeps_its_quotes_and_what_is_around_it() {
    let all = [
        set("/spec/grace", 45),
        set("/spec/containers/0/image", "app:2"),
        set("/spec/containers/0/pull", "IfNotPresent"),
        set("/spec/containers/1/policy", "on"),
        set("/spec/containers/1/empty", 5),
    ];
    check(
        BLOCK,
        &all,
        &expect![[r#"
        # why
        spec:   # the spec
          grace: 45   # seconds
          containers:
            - name: app
              image: "app:2"   # pinned
              pull: 'IfNotPresent'
            # the other one
            - policy: "on"
              name: side
              empty: 5
          # at the end

        last: true
    "#]],
    );
}

#[test]
fn a_new_field_is_the_last_of_its_mapping() {
    let probe =
        json!({ "httpGet": { "path": "/livez", "port": 8080 }, "list": ["a b", { "x": 1, "z": [] }], "none": {} });
    let all = [
        set("/spec/other", 1),
        set("/spec/containers/0/startupProbe", probe),
        set("/spec/containers/1/deep/er/field", "x: y"),
        set("/spec/containers/1/deep/er/too", true),
        set("/new", 7),
    ];
    check(
        BLOCK,
        &all,
        &expect![[r#"
        # why
        spec:   # the spec
          grace: 30   # seconds
          containers:
            - name: app
              image: "app:1"   # pinned
              pull: 'Always'
              startupProbe:
                httpGet:
                  path: /livez
                  port: 8080
                list:
                  - "a b"
                  - x: 1
                    z: []
                none: {}
            # the other one
            - policy: Never
              name: side
              empty:
              deep:
                er:
                  field: "x: y"
                  too: true
          other: 1
          # at the end

        last: true
        new: 7
    "#]],
    );
}

#[test]
fn a_field_is_removed_with_its_line() {
    let all = [remove("/spec/grace"), remove("/spec/containers/1/policy"), remove("/spec/containers/0/pull")];
    check(
        BLOCK,
        &all,
        &expect![[r#"
        # why
        spec:   # the spec
          containers:
            - name: app
              image: "app:1"   # pinned
            # the other one
            - name: side
              empty:
          # at the end

        last: true
    "#]],
    );
    let nested = "a:\n  lifecycle: # hooks\n    # stop\n    preStop:\n      exec: { command: [a] }\n  b: 1\n";
    check(
        nested,
        &[remove("/a/lifecycle/preStop")],
        &expect![[r#"
        a:
          lifecycle: {} # hooks
            # stop
          b: 1
    "#]],
    );
}

#[test]
fn line_breaks_marks_and_a_missing_end_stay() {
    for (text, edit, expected) in [
        ("a:\r\n  b: 1\r\n", set("/a/c", 2), "a:\r\n  b: 1\r\n  c: 2\r\n"),
        ("a:\r\n  b: 1", set("/a/c", 2), "a:\r\n  b: 1\r\n  c: 2"),
        ("a:\n  b: 1", set("/a/c", 2), "a:\n  b: 1\n  c: 2"),
        ("a: 1 # x", set("/c", 2), "a: 1 # x\nc: 2"),
        ("\u{feff}a: 1\n", set("/c", 2), "\u{feff}a: 1\nc: 2\n"),
        ("\u{feff}a: 1\nb: 2\n", remove("/a"), "\u{feff}b: 2\n"),
        ("a: 1\r\nb: 2\r\n", remove("/b"), "a: 1\r\n"),
        ("a: 1\r\nb: |\r\n  x\r\n\r\nc: 2\r\n", remove("/c"), "a: 1\r\nb: |\r\n  x\r\n\r\n"),
        ("- &x a: 1\n", set("/0/c", 2), "- &x a: 1\n  c: 2\n"),
        ("s: |\n  text\n\n\nt: 1\n", set("/u", 2), "s: |\n  text\n\n\nt: 1\nu: 2\n"),
    ] {
        assert_eq!(edited(text, &[edit]).as_deref(), Ok(expected), "{text:?}");
    }
}

#[test]
fn braces_keep_their_commas_and_lines() {
    for (text, edit, expected) in [
        ("{\"a\": 1}", set("/b", 2), "{\"a\": 1, \"b\": 2}"),
        ("{\"a\":1}", set("/b/c", "x"), "{\"a\":1,\"b\":{\"c\":\"x\"}}"),
        ("{\"a\":{}}\n", set("/a/b", "x"), "{\"a\":{\"b\":\"x\"}}\n"),
        ("{\n\t\"a\": 1\n}\n", set("/b/c", 2), "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": 2\n\t}\n}\n"),
        ("{\r\n  \"a\": 1\r\n}", set("/b", 2), "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}"),
        // KYAML.
        (
            "---\n{\n  a: \"x\", # why\n}\n",
            set("/b/c", "d"),
            "---\n{\n  a: \"x\", # why\n  b: {\n    c: \"d\",\n  },\n}\n",
        ),
        (
            "---\n{\n  a: [{\n    b: 1,\n  }],\n}\n",
            set("/a/0/c", 2),
            "---\n{\n  a: [{\n    b: 1,\n    c: 2,\n  }],\n}\n",
        ),
        ("a: { b: 1, }\n", set("/a/c", 2), "a: { b: 1, c: 2, }\n"),
        ("a: { b: x }\n", set("/a/c", "y"), "a: { b: x, c: \"y\" }\n"),
        ("a: { b: Always }\n", set("/a/b", "IfNotPresent"), "a: { b: IfNotPresent }\n"),
        ("a: {}\n", set("/a/c", 2), "a: {c: 2}\n"),
        ("a: { b: 1, c: 2, d: 3 }\n", remove("/a/b"), "a: { c: 2, d: 3 }\n"),
        ("a: { b: 1, c: 2, d: 3 }\n", remove("/a/c"), "a: { b: 1, d: 3 }\n"),
        ("a: { b: 1, c: 2, d: 3 }\n", remove("/a/d"), "a: { b: 1, c: 2 }\n"),
        ("a: { b: 1 }\n", remove("/a/b"), "a: {}\n"),
        ("{\n  a: 1,\n  b: 2,\n}\n", remove("/b"), "{\n  a: 1,\n}\n"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", remove("/b"), "{\n  \"a\": 1\n}\n"),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", remove("/a"), "{\n  \"b\": 2\n}\n"),
    ] {
        assert_eq!(edited(text, &[edit]).as_deref(), Ok(expected), "{text:?}");
    }
}

#[test]
fn a_change_inside_of_a_longer_string_leaves_the_rest_of_it() {
    for (text, old, new, expected) in [
        (
            "a:\n  - |-\n    set -e\n    ./app # it\n",
            "set -e\n./app # it",
            "set -e\nexec ./app # it",
            "a:\n  - |-\n    set -e\n    exec ./app # it\n",
        ),
        ("a: ['m; ./app']\n", "m; ./app", "m; exec ./app", "a: ['m; exec ./app']\n"),
        (
            "a:\n- \"m \\\"x\\\"; ./app\"\n",
            "m \"x\"; ./app",
            "m \"x\"; exec ./app",
            "a:\n- \"m \\\"x\\\"; exec ./app\"\n",
        ),
        ("a:\n- ./app\n", "./app", "exec ./app", "a:\n- exec ./app\n"),
    ] {
        assert_eq!(value_of(text).unwrap()["a"][0], old);
        assert_eq!(edited(text, &[replace("/a/0", new)]).as_deref(), Ok(expected), "{text:?}");
    }
}

#[test]
fn an_item_of_a_list_is_edited_at_its_own_place() {
    let text = "kind: List\nitems:\n- a: 1\n- a: 1\n  b: 2\n";
    let (splices, intended) = splices(text, Some(1), &[set("/a", 5), set("/c", 6)]).unwrap();
    let new = applied(text, &splices);
    assert_eq!(new, "kind: List\nitems:\n- a: 1\n- a: 5\n  b: 2\n  c: 6\n");
    assert_eq!(value_of(&new), Some(intended));
}

#[test]
fn what_would_need_a_guess_is_left_alone() {
    for (text, edit, why) in [
        ("a: &x 1\nb: *x\n", set("/a", 2), Obstacle::Shared),
        ("a: &x 1\nb: *x\n", set("/b", 2), Obstacle::Shared),
        ("a: &x { c: 1 }\nb:\n  <<: *x\n", set("/b/c", 2), Obstacle::Shared),
        ("a: &x { c: 1 }\nb:\n  <<: *x\n", set("/a/c", 2), Obstacle::Shared),
        ("a: &x\n  c: 1\nb: *x\n", set("/b/d", 2), Obstacle::Shared),
        ("a: ${{GRACE}}\n", set("/a", 2), Obstacle::Parameter),
        ("- a: 1\n  # about b\n  b: 2\n", remove("/0/a"), Obstacle::Comment),
        ("a: { b: 1, # one\n c: 2 }\n", remove("/a/c"), Obstacle::Comment),
        ("a: { b: 1 # one\n }\n", set("/a/c", 2), Obstacle::Comment),
        ("a: [1]\n", set("/a/0", 2), Obstacle::Shape),
        ("a: [1]\n", remove("/a/0"), Obstacle::Shape),
        ("a: { b: 1 }\n", set("/a", 2), Obstacle::Shape),
        ("a: 1\n", set("/a", json!({ "b": 1 })), Obstacle::Shape),
        ("a: 1\n", set("/a/b", 1), Obstacle::Shape),
        ("a:\n", set("/a/b", 1), Obstacle::Shape),
        ("a: |\n  x\n", set("/a", "y"), Obstacle::Shape),
        ("a: 1\n", remove("/b"), Obstacle::Shape),
        ("a: 1\na: 2\n", set("/b", 1), Obstacle::Unreadable),
    ] {
        assert_eq!(edited(text, &[edit]), Err(why), "{text:?}");
    }
}

proptest! {
    /// In JSON nothing stands in the way, wherever the field is.
    #[test]
    fn json_is_edited_at_any_place(fields in prop::collection::btree_map("[a-c]{1,2}", 0..3_u8, 0..4), pretty: bool, name in "[a-d]{1,2}") {
        let value = json!({ "x": fields, "y": [fields] });
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        for at in ["/x", "/y/0"] {
            let field = format!("{at}/{name}");
            prop_assert!(edited(&text, &[set(&field, 9)]).is_ok());
            prop_assert_eq!(edited(&text, &[remove(&field)]).is_ok(), fields.contains_key(&name));
        }
    }
}
