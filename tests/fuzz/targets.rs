//! What is fuzzed: what takes text or bytes of somebody else. A target panics where its reader breaks a promise.
//!
//! `tests/cases/fuzz.rs` runs these on the committed inputs and on changed ones, on the ordinary toolchain; `make fuzz` runs them
//! for as long as one wants, guided by coverage.

use plimsoll::{
    engine::Engine,
    finding::Report,
    judge::{
        config::ConfigFile,
        exceptions::{Annotations, Exceptions, parse_day},
    },
    manifest::{self, Contents, Found, Kinds, Lines, Options, Single, Triage, documents, json_value},
    review::{Outline, Review},
    scan::baseline::Baseline,
};
use plimsoll_policy::{
    Duration, Level, Pointer, Workload,
    image::Parts,
    request::{Request, RequestParts, Run, SetRequest, decode, encode},
    shell,
};
use serde_json::Value;
use std::{num::NonZeroUsize, path::Path, sync::LazyLock};

/// Name, and what is done with bytes.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them; each has a folder of inputs in `corpus`.
pub(crate) const TARGETS: [Target; 12] = [
    ("baseline", baseline),
    ("comment", comment),
    ("configuration", configuration),
    ("documents", documents_of),
    ("duration", duration),
    ("image", image),
    ("locator", locator),
    ("module", module),
    ("review", review),
    ("shell", shell_string),
    ("view", view),
    ("yaml", yaml),
];

/// The text, if it is one.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// An AdmissionReview. Its outline, told while it arrives in pieces, has the uid that the whole has.
fn review(bytes: &[u8]) {
    let mut outline = Outline::default();
    bytes.chunks(7).for_each(|piece| outline.add(piece));
    outline.weight();
    if let (Ok(review), Ok(head)) = (Review::read(bytes), outline.head()) {
        assert_eq!(review.uid, head.uid);
    }
}

/// Any object: its view gets through the encoding unchanged. And any bytes as a request.
fn view(bytes: &[u8]) {
    if let Ok(value) = json_value(bytes)
        && let Ok(Triage::Object(object)) = manifest::object(value, &Kinds::default())
    {
        object.workloads().for_each(through_the_encoding);
    }
    if let Ok(request) = decode::<Request>(bytes) {
        let once = encode(&request);
        assert_eq!(encode(&decode::<Request>(&once).expect("what we encode")), once);
    }
    if let Ok(request) = decode::<SetRequest>(bytes) {
        let once = encode(&request);
        assert_eq!(encode(&decode::<SetRequest>(&once).expect("what we encode")), once);
    }
}

fn through_the_encoding(workload: &Workload) {
    let runs = [Run { policy: "probes".to_owned(), settings: vec![0], off: Vec::new() }];
    let bytes = encode(&RequestParts { workload, raw: None, runs: &runs });
    let request: Request = decode(&bytes).expect("what we encode");
    assert_eq!(request.workload, *workload);
}

/// A module: it is refused, or it loads and has policies.
fn module(bytes: &[u8]) {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(NonZeroUsize::MIN).expect("an engine"));
    if let Ok(module) = ENGINE.compile(bytes) {
        assert!(!module.descriptions().is_empty());
    }
}

fn configuration(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let file = ConfigFile::parse(Path::new("plimsoll.yaml"), text.to_owned());
    if let Err(problems) = file.check([], []) {
        assert!(problems.iter().all(|problem| !problem.message.is_empty()));
    }
}

/// Documents are in order, within the text, and leave out nothing but markers and blanks.
fn documents_of(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let mut end = 0;
    for (index, document) in documents(text).enumerate() {
        let span = document.span();
        assert_eq!(document.index, index);
        assert!(end <= span.start && text.get(span.start..span.end).is_some(), "{span:?} after {end}");
        document.template();
        end = span.end;
    }
}

fn read(bytes: &[u8]) -> Contents<'_> {
    manifest::read(bytes, &Kinds::default(), &Options { members: true, strict_yaml: true, ..Options::default() })
}

/// Every field of every object is somewhere in the text, and the place of each problem too.
fn locator(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (lines, contents) = (Lines::of(text), read(bytes));
    for found in &contents.objects {
        each_field(&found.object.value, &Pointer::default(), &mut |pointer| located(found, pointer, text, &lines));
    }
    for position in contents.problems.iter().filter_map(|problem| problem.position) {
        assert!(lines.byte(position) <= text.len());
    }
}

fn located(found: &Found<'_>, pointer: &Pointer, text: &str, lines: &Lines<'_>) {
    for pointer in [pointer, &pointer.step("missing")] {
        let span = found.locate(pointer.as_str());
        assert!(text.get(span.start..span.end).is_some(), "{pointer:?} at {span:?}");
        assert_eq!(lines.byte(lines.position(span.start)), span.start);
    }
}

fn each_field(value: &Value, pointer: &Pointer, take: &mut impl FnMut(&Pointer)) {
    take(pointer);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| each_field(value, &pointer.step(key), take)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| each_field(value, &pointer.step(index), take));
        }
        _ => {}
    }
}

/// What is read has the same value when it is written as JSON and read again.
fn yaml(bytes: &[u8]) {
    read(bytes);
    let Some(text) = text(bytes) else { return };
    let Ok(value) = Single::new(text).and_then(|document| document.value()) else { return };
    let json = value.to_string();
    let again = Single::new(&json).and_then(|document| document.value());
    assert_eq!(again, Ok(value), "{json}");
}

/// The parts of a reference are all of it.
fn image(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let parts = Parts::of(text);
    let mut whole = parts.name.to_owned();
    whole.extend(parts.tag.map(|tag| format!(":{tag}")));
    whole.extend(parts.digest.map(|digest| format!("@{digest}")));
    assert_eq!(whole, text);
    parts.base_name();
    parts.is_pause();
}

/// What is written of a duration is that duration.
fn duration(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(read) = text.parse::<Duration>() else { return };
    assert_eq!(read.to_string().parse::<Duration>(), Ok(read));
}

fn baseline(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (file, working) = (Path::new("baseline.jsonl"), Path::new("/nowhere"));
    match Baseline::parse(file, working, text.to_owned()) {
        Ok(baseline) => baseline.apply(&mut Report::default(), &["app.yaml".to_owned()], working, Level::Warn),
        Err(problem) => assert!(!problem.message.is_empty()),
    }
}

/// A comment that may grant an exception.
fn comment(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let exceptions = Exceptions::new(Vec::new(), Annotations::Allowed, ["latest-tag".to_owned()]);
    exceptions.comment(text, parse_day("2026-11-30").expect("a day"));
}

/// A script that a container runs.
fn shell_string(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(items) = shell::parse(text) {
        shell::all_commands(&items);
        shell::functions(&items);
        shell::has_background(&items);
    }
}
