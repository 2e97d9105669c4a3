//! No input makes a scan panic: neither any bytes, nor manifests with anything anywhere.

use plimsoll::{
    engine::Engine,
    judge::evaluate::{Subject, evaluate},
    judge::policy_set::{PolicySet, Profile},
    manifest::{self, Kinds, Lines},
};
use plimsoll_tests::{deployment, folder, plimsoll, scan};
use proptest::{prelude::*, sample};
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
};

static POLICIES: LazyLock<PolicySet> = LazyLock::new(|| {
    let engine = Engine::new(NonZeroUsize::new(8).expect("eight")).expect("an engine");
    let builtin = Arc::new(engine.builtin().expect("the built-in policies load"));
    PolicySet::new(&[builtin], Profile::Strict, &BTreeMap::new(), &BTreeMap::new()).expect("a set")
});

/// Everything that a scan does with a text. Returns how many objects were judged.
fn judge(bytes: &[u8]) -> usize {
    let options = manifest::Options { members: true, strict_yaml: true, ..manifest::Options::default() };
    let contents = manifest::read(bytes, &Kinds::default(), &options);
    for found in &contents.objects {
        let text = std::str::from_utf8(bytes).expect("objects come from text");
        let object = &found.object;
        let report = evaluate(&Subject { workload: &object.workload, value: &object.value }, &POLICIES);
        assert_eq!(report.failures, [], "{text}");
        let lines = Lines::of(text);
        for judged in &report.findings {
            let span = found.locate(&judged.location.pointer);
            assert!(text.get(span.start..span.end).is_some(), "{span:?} in {text}");
            let at = lines.position(span.start);
            assert!(at.column <= lines.line(at.line).chars().count() + 1, "{at:?} in {text}");
        }
    }
    contents.objects.len()
}

/// What trips readers of manifests.
const PIECES: [&str; 24] = [
    "---\n",
    "...\n",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: *a",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "\\",
    "\t",
    "\r\n",
    "# ",
    "!!binary ",
    "\u{feff}",
    "\0",
    "%YAML 1.1\n",
    "? ",
];

const VALUES: [&str; 20] = [
    "null",
    "~",
    "-1",
    "0",
    "99999999999999999999",
    "1e400",
    ".nan",
    "''",
    "\"\\0\"",
    "[]",
    "{}",
    "[[]]",
    "{ a: { b: c } }",
    "true",
    "0x10",
    "registry:5000/a:b@sha256:c",
    "{ httpGet: { port: http } }",
    "[sh, -c, 'a & b | c; wait \"']",
    "30s",
    "99999999h",
];

const KEYS: [&str; 16] = [
    "image",
    "name",
    "command",
    "args",
    "env",
    "ports",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "resources",
    "imagePullPolicy",
    "restartPolicy",
    "terminationGracePeriodSeconds",
    "initContainers",
    "annotations",
];

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        judge(&bytes);
    }

    #[test]
    fn any_text_after_a_kind(text in "\\PC{0,200}") {
        judge(format!("apiVersion: v1\nkind: Pod\n{text}").as_bytes());
    }

    #[test]
    fn a_manifest_with_pieces_put_in(
        edits in prop::collection::vec((any::<sample::Index>(), sample::select(&PIECES[..])), 1..4),
    ) {
        let mut text = deployment("app:latest");
        for (at, piece) in edits {
            let at = text.floor_char_boundary(at.index(text.len()));
            text.insert_str(at, piece);
        }
        judge(text.as_bytes());
    }

    #[test]
    fn a_container_with_anything_in_it(
        fields in prop::collection::btree_map(sample::select(&KEYS[..]), sample::select(&VALUES[..]), 1..4),
    ) {
        let fields: String = fields.iter().map(|(key, value)| format!("          {key}: {value}\n")).collect();
        let text = deployment("app:latest").replace("          image: app:latest\n", &fields);
        judge(text.as_bytes());
    }

    #[test]
    fn a_pod_with_anything_in_it(
        key in sample::select(&["terminationGracePeriodSeconds", "initContainers", "restartPolicy", "volumes", "hostNetwork", "containers"][..]),
        value in sample::select(&VALUES[..]),
    ) {
        judge(deployment("app:latest").replace("      containers:\n", &format!("      {key}: {value}\n      containers:\n")).as_bytes());
    }
}

#[test]
fn the_ordinary_manifest_is_judged() {
    assert_eq!(judge(deployment("app:latest").as_bytes()), 1);
}

#[test]
fn the_program_answers_whatever_it_is_given() {
    let deep = "[".repeat(100_000);
    let nested = format!("apiVersion: v1\nkind: Pod\nspec: {}1{}", "{ a: ".repeat(5_000), "}".repeat(5_000));
    let laughs: String = (1..20).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(10))).collect();
    let laughs = format!("apiVersion: v1\nkind: Pod\na0: &a0 x\n{laughs}");
    let (own, long) =
        ("apiVersion: v1\nkind: Pod\nspec: &a { a: *a }\n", format!("kind: Pod\nx: {}\n", "x".repeat(1 << 20)));
    let documents = "---\n".repeat(100_001) + "kind: Pod\n";
    for (name, text) in [
        ("deep", deep.as_str()),
        ("nested", &nested),
        ("laughs", &laughs),
        ("own", own),
        ("long", &long),
        ("documents", &documents),
        ("nul", "\0\0kind: Pod"),
        ("bom", "\u{feff}"),
        ("tag", "kind: !!x Pod\n- ["),
    ] {
        for text in [text.to_owned(), format!("kind: Pod\napiVersion: v1\nx: {text}")] {
            let outcome = plimsoll(folder([]).path(), &["scan", "--strict-yaml", "-"], &text);
            assert!(
                outcome.code == 2 && !outcome.stderr.contains("panicked"),
                "{name}: {} {}",
                outcome.code,
                outcome.stderr
            );
        }
    }
    let here = folder([]);
    std::fs::write(here.path().join("random.yaml"), (0..=255).cycle().take(5000).collect::<Vec<u8>>()).expect("a file");
    assert_eq!(scan(here.path(), &["."]).code, 2);
}
