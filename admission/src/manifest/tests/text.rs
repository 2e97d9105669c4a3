//! Where documents begin and end, and what their bytes tell of their kind.

use crate::manifest::{
    Lines,
    document::documents,
    sniff::{Sniffed, sniff},
};

fn split(text: &str) -> Vec<(usize, &str)> {
    let lines = Lines::of(text);
    documents(text).map(|document| (lines.position(document.start).line, document.text)).collect()
}

#[test]
fn documents_begin_at_their_marker() {
    for (text, expected) in [
        ("", vec![]),
        ("\n# nothing\n", vec![]),
        ("a: 1\n", vec![(1, "a: 1\n")]),
        ("---\na: 1\n---\nb: 2\n", vec![(1, "---\na: 1\n"), (3, "---\nb: 2\n")]),
        ("a: 1\n---\n---\nb: 2\n", vec![(1, "a: 1\n"), (2, "---\n"), (3, "---\nb: 2\n")]),
        ("a: 1\n---\n", vec![(1, "a: 1\n"), (2, "---\n")]),
        ("# head\n---\na: 1\n", vec![(1, "# head\n---\na: 1\n")]),
        ("--- # note\na: 1\n--- text\n", vec![(1, "--- # note\na: 1\n"), (3, "--- text\n")]),
        ("a: 1\r\n---\r\nb: 2\r\n", vec![(1, "a: 1\r\n"), (2, "---\r\nb: 2\r\n")]),
        (
            "%YAML 1.1\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n",
            vec![(1, "%YAML 1.1\n---\na: 1\n...\n"), (5, "%YAML 1.1\n---\nb: 2\n")],
        ),
        ("a: 1\n...\n", vec![(1, "a: 1\n...\n")]),
        ("a: 1\n...\n# end\n---\nb: 2", vec![(1, "a: 1\n...\n"), (3, "# end\n---\nb: 2")]),
        ("a: |\n  ---\n  x\n----\n---x\n", vec![(1, "a: |\n  ---\n  x\n----\n---x\n")]),
        ("\u{feff}a: 1\n", vec![(1, "a: 1\n")]),
        ("\u{feff}# why\n---\na: 1\n", vec![(1, "# why\n---\na: 1\n")]),
        ("a: 1\n\u{feff}---\nb: 2\n", vec![(1, "a: 1\n"), (2, "---\nb: 2\n")]),
        ("a: 1\n---\n\u{feff}b: 2\n", vec![(1, "a: 1\n"), (3, "b: 2\n")]),
        ("a: |\n  x\n---\ny: 1", vec![(1, "a: |\n  x\n"), (3, "---\ny: 1")]),
    ] {
        assert_eq!(split(text), expected, "{text:?}");
    }
}

#[test]
fn json_values_follow_each_other_without_a_marker() {
    let text = "{\"a\":\n1}\n {\"b\":2}{\"c\":3}\n";
    let found: Vec<_> = documents(text).map(|it| (it.index, it.start, it.text)).collect();
    assert_eq!(found, [(0, 0, "{\"a\":\n1}"), (1, 10, "{\"b\":2}"), (2, 17, "{\"c\":3}")]);
    assert_eq!(split("{a: 1}\n"), [(1, "{a: 1}\n")], "flow style YAML is one document");
    assert_eq!(split("{\"a\":1}\n---\n{\"b\":2}"), [(1, "{\"a\":1}\n"), (2, "---\n{\"b\":2}")]);
}

#[test]
fn a_broken_json_value_hides_no_later_one() {
    let found = split("{\"a\":1}\n{\"b\":\n{\"c\":3}\n");
    assert_eq!(found, [(1, "{\"a\":1}"), (2, "{\"b\":\n"), (3, "{\"c\":3}\n")]);
}

fn head<'a>(api_version: &'a str, kind: &'a str) -> Sniffed<'a> {
    let api_version = (!api_version.is_empty()).then_some(api_version.into());
    Sniffed::Head { api_version, kind: kind.into() }
}

#[test]
fn the_kind_is_sure_only_where_nothing_else_could_be_it() {
    for (text, expected) in [
        ("apiVersion: apps/v1\nkind: Deployment\n", head("apps/v1", "Deployment")),
        ("---\n# note\n\nkind: \"Pod\" # why\r\napiVersion: 'v1'\r\n", head("v1", "Pod")),
        ("data:\n  kind: Pod\nkind: ConfigMap\n", head("", "ConfigMap")),
        ("items:\n- kind: Pod\nkind: ConfigMapList\n", head("", "ConfigMapList")),
        ("data: |\n  kind: Pod\nkind: ConfigMap", head("", "ConfigMap")),
        ("kinds: Pod\nkindred: Pod\nkind: Secret\n", head("", "Secret")),
        ("{\"kind\": \"Pod\", \"spec\": {\"kind\": 5}}", head("", "Pod")),
        ("image:\n  tag: x\nreplicas: 1\n", Sniffed::NoKind),
        ("{\"a\": {\"kind\": \"Pod\"}}", Sniffed::NoKind),
        ("kind: Pod\nkind: ConfigMap\n", Sniffed::Unsure),
        ("\"kind\": Pod\nx: \"\nkind: ConfigMap\"\n", Sniffed::Unsure),
        ("? kind\n: Pod\n", Sniffed::Unsure),
        ("  kind: Pod\n  x: '\nkind: ConfigMap'\n", Sniffed::Unsure),
        ("{kind: Pod}\n", Sniffed::Unsure),
        ("<<: *pod\nx: 1\n", Sniffed::Unsure),
        ("kind: !!str Pod\n", Sniffed::Unsure),
        ("kind: >-\n  Pod\n", Sniffed::Unsure),
        ("kind: *kind\n", Sniffed::Unsure),
        ("kind:Pod\n", Sniffed::Unsure),
        ("x: 1\rkind: Pod\n", Sniffed::Unsure),
        ("apiVersion: v1\nspec: {}\n", Sniffed::Unsure),
        ("--- |\nkind: ConfigMap\n", Sniffed::Unsure),
        ("- kind: Pod\n", Sniffed::Unsure),
        ("A readme of two\nlines: really\n", Sniffed::Unsure),
        ("{\"kind\": \"Pod\", \"kind\": \"ConfigMap\"}", Sniffed::Unsure),
    ] {
        assert_eq!(sniff(text), expected, "{text:?}");
    }
}
