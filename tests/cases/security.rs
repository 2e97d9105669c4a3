//! `docs/security.md` has the numbers that the code has.

use plimsoll::{
    cluster::audit,
    editor,
    engine::limits,
    judge::{self, config, evaluate::SET_OBJECTS},
    manifest::Limits,
    release::bounds as release,
    report::policy_report,
    scan::{fix, rendered},
    webhook::{body, connections, evaluations},
};
use plimsoll_tests::root;
use std::{fs, time::Duration};

fn bytes(count: usize) -> String {
    match count {
        _ if count.is_multiple_of(1 << 20) => format!("{} MiB", count >> 20),
        _ if count.is_multiple_of(1 << 10) && count > 4096 => format!("{} KiB", count >> 10),
        _ => count.to_string(),
    }
}

fn time(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

#[test]
fn the_page_has_the_bounds_that_hold() {
    let page = fs::read_to_string(root().join("docs/security.md")).expect("the page");
    for (row, value) in [
        ("one body", bytes(body::BODY)),
        ("all bodies that are being read or judged, without the first 32 KiB of each", bytes(body::BODIES)),
        ("trees of all large reviews together", bytes(evaluations::TREES)),
        (
            "connections of the webhook",
            format!("{}, or half of the files that the process may open", connections::WEBHOOK),
        ),
        ("connections of the admin port", format!("{}, or an eighth of these files", connections::ADMIN)),
        ("bytes of a module, which is a regular file", bytes(limits::MODULE)),
        ("functions", limits::FUNCTIONS.to_string()),
        ("bytes of one function", bytes(limits::FUNCTION)),
        ("locals of one function", limits::LOCALS.to_string()),
        ("loops inside each other", limits::LOOPS.to_string()),
        ("blocks inside each other", limits::NESTING.to_string()),
        ("core instances, memories, tables, each", limits::PARTS.to_string()),
        ("modules, components and their instances inside it", limits::SECTIONS.to_string()),
        ("time to compile it", time(limits::COMPILE_TIME)),
        ("memory to compile it, in a process of its own", bytes(limits::COMPILE_MEMORY)),
        ("machine code", bytes(limits::MACHINE_CODE)),
        ("time of a call about one object", time(limits::DEADLINE)),
        ("memory of a call about one object", bytes(limits::MEMORY)),
        ("time of all calls of a module about one object", time(limits::MODULE_TIME)),
        ("bytes of an object that a policy is given whole", bytes(limits::RAW)),
        ("time of a call about a set", time(limits::SET_DEADLINE)),
        ("memory of a call about a set", bytes(limits::SET_MEMORY)),
        ("stack of a call", bytes(limits::STACK)),
        ("findings of one object", limits::FINDINGS.to_string()),
        ("bytes of a text that it returns", limits::TEXT.to_string()),
        ("`plimsoll.yaml`, which is a regular file", bytes(config::FILE_BYTES)),
        ("one glob in it", format!("{} bytes, and as deep as it can be compiled", config::GLOB_BYTES)),
        ("mappings and lists inside each other", Limits::default().depth.to_string()),
        ("objects of a page of a list", audit::PAGE.to_string()),
        ("how often a list is begun that the API server gives up", audit::ATTEMPTS.to_string()),
        ("objects of a set", SET_OBJECTS.to_string()),
        ("results of one report that is written into a cluster", policy_report::MOST_RESULTS.to_string()),
        ("time of `helm` or `kustomize`", time(rendered::TIME)),
        ("bytes that `helm` or `kustomize` print", bytes(Limits::default().file_bytes)),
        ("a manifest of a release, or Helm's record unpacked", bytes(usize::try_from(release::MANIFEST).unwrap())),
        ("events of a release that are remembered", release::EVENTS.to_string()),
        ("pods of a release that ended and are remembered", release::DEPARTED.to_string()),
        ("the end of one log", format!("{} lines, {}", release::LOG_LINES, bytes(release::LOG_BYTES as usize))),
        ("sets of policies that are kept for combinations of namespaces", judge::COMBINATIONS.to_string()),
        ("rounds in which the fixes of one folder are tried", fix::ROUNDS.to_string()),
        ("files of a folder that are judged together with one that is open in an editor", editor::FILES.to_string()),
        ("how long a change in an editor waits at most", time(editor::PATIENCE)),
    ] {
        let line = format!("| {row} | {value} |");
        assert!(page.lines().any(|found| found.starts_with(&line)), "docs/security.md lacks: {line}");
    }
}
