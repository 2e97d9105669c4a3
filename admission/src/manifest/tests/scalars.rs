//! The difference between YAML 1.2 and what the API server's tools read, held by a table that they made themselves.

use crate::manifest::{Limits, Lines, document::documents, yaml};
use serde_json::{Value, json};

const TABLE: &str = include_str!("scalars.tsv");

fn parse(text: &str) -> Option<Value> {
    let document = documents(text).next()?;
    let tree = yaml::read(&document, &Lines::of(text), &Limits::default()).ok()?;
    tree.faults.is_empty().then(|| tree.value(&Limits::default()).ok()).flatten()
}

fn rows() -> impl Iterator<Item = [&'static str; 3]> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect::<Vec<_>>().try_into().expect("three columns"))
}

#[test]
fn plain_scalars_are_read_as_the_api_servers_tools_read_them() {
    for [scalar, value, _] in rows() {
        let expected = serde_json::from_str::<Value>(value).ok();
        let [plain, in_flow] = [format!("v: {scalar}\n"), format!("v: {scalar} # why\nl: [{scalar}]\n")];
        let read = parse(&plain).map(|read| read["v"].clone());
        assert_eq!(read.as_ref().map(normal), expected.as_ref().map(normal), "{scalar}");
        if let Some(value) = expected.filter(|_| !scalar.contains(',')) {
            let read = parse(&in_flow).unwrap_or_default();
            assert_eq!([normal(&read["v"]), normal(&read["l"][0])], [normal(&value), normal(&value)], "{scalar}");
        }
    }
}

/// Go prints 1e20 with all its digits.
fn normal(value: &Value) -> Value {
    let beyond_64_bits = value.as_number().filter(|number| number.as_i64().is_none() && number.as_u64().is_none());
    beyond_64_bits.and_then(serde_json::Number::as_f64).map_or(value.clone(), |float| json!(float))
}

#[test]
fn plain_keys_become_the_same_strings() {
    // Floats as keys print with an exponent in Go; such a key is refused instead.
    let with_exponent =
        |key: &str| key.contains("e+") || key.contains("e-") || key.contains("inf") || key.contains("nan");
    for [scalar, _, key] in rows().filter(|[_, _, key]| !with_exponent(key)) {
        let expected = serde_json::from_str::<String>(key).ok();
        let read = parse(&format!("{scalar}: v\n"));
        let found = read.as_ref().and_then(Value::as_object).and_then(|fields| fields.keys().next().cloned());
        assert_eq!(found, expected, "{scalar}");
    }
}

#[test]
fn scalars_left_of_their_block_are_read_alike() {
    let read = parse("v:\n  w: [\n060, ü,\non\n]\n  x: 060\n");
    assert_eq!(read, Some(json!({ "v": { "w": [48, "ü", true], "x": 48 } })));
}

#[test]
fn quoted_and_tagged_scalars_stay_strings() {
    for scalar in ["\"yes\"", "'060'", "!!str on", "|-\n  on"] {
        let value = parse(&format!("w: on\nv: {scalar}\n")).unwrap_or_default();
        assert!(value["v"].is_string(), "{scalar}: {value}");
        assert_eq!(value["w"], json!(true));
    }
}

#[test]
fn words_that_only_look_like_them_are_left_alone() {
    let text = "a: turn it on\nb: yes\n  please\nc: [no, 'off', \"é\", 0x1F] # on\né: &x on\nd: *x\n";
    let expected = json!({"a": "turn it on", "b": "yes please", "c": [false, "off", "é", 31], "é": true, "d": true});
    assert_eq!(parse(text), Some(expected));
}
