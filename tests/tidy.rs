//! Invariants of the repository: docs/architecture.md says them, this holds them.

use anyhow::{Context, Result, ensure};
use plimsoll_tests::root;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Tracked files below `folder` that end in `ending`, relative to the root.
fn tracked(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let listing = std::process::Command::new("git").args(["ls-files", folder]).current_dir(root()).output()?;
    ensure!(listing.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    let names = String::from_utf8(listing.stdout)?;
    Ok(names
        .lines()
        .filter(|name| name.ends_with(ending))
        .map(PathBuf::from)
        .filter(|p| root().join(p).exists())
        .collect())
}

fn text(file: &Path) -> Result<String> {
    fs::read_to_string(root().join(file)).with_context(|| file.display().to_string())
}

/// The files below `folder` that mention `word` outside of comments, apart from those that may.
fn strangers(folder: &str, word: &str, may: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in tracked(folder, ".rs")? {
        let name = file.display().to_string();
        let mentions = text(&file)?.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
        if mentions && !may.iter().any(|allowed| name.starts_with(allowed)) {
            found.push(name);
        }
    }
    Ok(found)
}

#[test]
fn each_library_stays_behind_its_door() -> Result<()> {
    for (word, may) in [
        ("wasmtime::", ["admission/src/engine", "admission/build.rs"].as_slice()),
        ("clap::", &["admission/src/cli.rs", "admission/src/cli/"]),
        ("clap_complete::", &["admission/src/cli/"]),
        ("clap_mangen::", &["admission/src/cli/"]),
        // Tests of the reader write YAML with it.
        ("serde_yaml::", &["admission/src/judge/config/", "admission/src/manifest/tests/"]),
        ("granit_parser::", &["admission/src/manifest/yaml.rs"]),
        ("axum::", &["admission/src/webhook/"]),
        ("lsp_server::", &["admission/src/editor/"]),
        ("kube::", &["admission/src/cluster/", "admission/src/release/watch/", "admission/src/webhook/certificates/"]),
    ] {
        assert_eq!(strangers("admission", word, may)?, Vec::<String>::new(), "files that must not name {word}");
    }
    Ok(())
}

#[test]
fn the_worker_keeps_its_libraries_behind_doors_too() -> Result<()> {
    for (word, may) in [
        (
            "rusqlite::",
            ["worker/src/engine/sqlite/", "worker/src/handlers/sink/", "worker/src/commands/bench/"].as_slice(),
        ),
        ("async_nats::", &["worker/src/engine/nats/", "worker/src/handlers/sink/", "worker/src/commands/bench/"]),
        ("axum::", &["worker/src/health/", "worker/src/intake.rs"]),
        ("opentelemetry", &["worker/src/telemetry/"]),
        ("clap::", &["worker/src/cli.rs", "worker/src/settings.rs", "worker/src/commands/"]),
    ] {
        assert_eq!(strangers("worker/src", word, may)?, Vec::<String>::new(), "files that must not name {word}");
    }
    Ok(())
}

#[test]
fn the_worker_stands_alone() -> Result<()> {
    let manifest = text(Path::new("worker/Cargo.toml"))?;
    let dependencies = manifest.split("[dependencies]").nth(1).context("no dependencies")?;
    assert!(!dependencies.contains("plimsoll"), "the worker depends on something of this workspace");
    let page = text(Path::new("worker/README.md"))?;
    for file in tracked("worker/src", "")? {
        let part = file.strip_prefix("worker/src")?.iter().next().context("a file")?.to_string_lossy();
        let named = [format!("`src/{part}`"), format!("`src/{part}/`")].iter().any(|name| page.contains(name));
        assert!(named, "worker/README.md does not name src/{part}");
    }
    Ok(())
}

#[test]
fn policies_know_nothing_of_admission_and_admission_no_policy() -> Result<()> {
    for manifest in tracked("policies", "Cargo.toml")? {
        let depends =
            text(&manifest)?.lines().any(|line| line.starts_with("plimsoll.") || line.starts_with("plimsoll "));
        assert!(!depends, "{} depends on admission", manifest.display());
    }
    let admission = text(Path::new("admission/Cargo.toml"))?;
    for policy in ["builtin", "grace-period", "image-pull", "jobs", "probes", "rollout", "telemetry"] {
        let policy = format!("plimsoll-{policy}");
        assert!(!admission.contains(&policy), "admission depends on {policy}");
    }
    Ok(())
}

/// Folders of `admission/src` and the parts that they must not use.
const DIRECTIONS: [(&str, &[&str]); 11] = [
    (
        "manifest",
        &[
            "cli", "cluster", "commands", "editor", "engine", "finding", "judge", "release", "report", "review",
            "scan", "webhook",
        ],
    ),
    (
        "engine",
        &["cli", "cluster", "commands", "editor", "finding", "judge", "release", "report", "review", "scan", "webhook"],
    ),
    (
        "finding",
        &["cli", "cluster", "commands", "editor", "engine", "judge", "release", "report", "review", "scan", "webhook"],
    ),
    ("judge", &["cli", "cluster", "commands", "editor", "release", "report", "review", "scan", "webhook"]),
    ("report", &["cli", "cluster", "commands", "editor", "engine", "judge", "release", "review", "scan", "webhook"]),
    ("review", &["cli", "cluster", "commands", "editor", "engine", "release", "report", "scan", "webhook"]),
    ("scan", &["cli", "cluster", "commands", "editor", "engine", "release", "report", "review", "webhook"]),
    ("editor", &["cli", "cluster", "commands", "engine", "release", "review", "webhook"]),
    ("webhook", &["cli", "commands", "editor", "release", "report", "scan"]),
    ("cluster", &["cli", "commands", "editor", "release", "report", "review", "scan", "webhook"]),
    (
        "release",
        &["cli", "cluster", "commands", "editor", "engine", "finding", "judge", "report", "review", "scan", "webhook"],
    ),
];

#[test]
fn parts_of_admission_depend_in_one_direction() -> Result<()> {
    for (part, must_not) in DIRECTIONS {
        for file in tracked(&format!("admission/src/{part}"), ".rs")? {
            // Tests may show what a user would see.
            if file.ends_with("tests.rs") {
                continue;
            }
            let source = text(&file)?;
            let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let uses = code.split("crate::").skip(1).flat_map(|after| match after.strip_prefix('{') {
                Some(group) => top_level_names(group),
                None => vec![name(after)],
            });
            for used in uses {
                assert!(!must_not.contains(&used.as_str()), "{} uses {used}", file.display());
            }
        }
    }
    Ok(())
}

/// The first name of each item of a `use` group.
fn top_level_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut starts) = (0, Vec::new(), true);
    for (offset, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts = true,
            _ if starts && !character.is_whitespace() => {
                names.push(name(&group[offset..]));
                starts = false;
            }
            _ => {}
        }
    }
    names
}

fn name(text: &str) -> String {
    text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

#[test]
fn only_main_uses_commands() -> Result<()> {
    let may = ["admission/src/commands/", "admission/src/main.rs"];
    assert_eq!(strangers("admission/src", "commands::", &may)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn evaluation_is_pure() -> Result<()> {
    let mut pure = tracked("admission/src/review", ".rs")?;
    pure.push(PathBuf::from("admission/src/judge/evaluate.rs"));
    pure.push(PathBuf::from("admission/src/judge/verdict.rs"));
    pure.push(PathBuf::from("worker/src/retry.rs"));
    pure.extend(tracked("admission/src/release/part", ".rs")?);
    pure.extend(tracked("admission/src/release/observed", ".rs")?);
    for file in ["causes", "plan", "trouble", "verdict", "world"] {
        pure.push(PathBuf::from(format!("admission/src/release/{file}.rs")));
    }
    for file in pure {
        let source = text(&file)?;
        for impure in ["async ", "std::fs", "std::net", "::now()", "SystemTime", "std::env", "println!"] {
            assert!(!source.contains(impure), "{} says `{impure}`", file.display());
        }
    }
    Ok(())
}

#[test]
fn unsafe_code_stands_where_the_page_says() -> Result<()> {
    let may = [
        "admission/src/engine",
        "admission/src/webhook/release_memory.rs",
        "policies/sdk/src/export.rs",
        "policies/sdk/src/alloc.rs",
        "policies/builtin/src/lib.rs",
        "tests/",
    ];
    assert_eq!(strangers(".", "unsafe ", &may)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn every_allowed_lint_has_its_reason() -> Result<()> {
    for file in tracked(".", ".rs")? {
        let source = text(&file)?;
        for attribute in ["[allow(", "[expect("] {
            for (offset, _) in
                source.match_indices(&format!("#{attribute}")).chain(source.match_indices(&format!("#!{attribute}")))
            {
                let end = source[offset..].find(")]").map_or(source.len(), |length| offset + length);
                assert!(source[offset..end].contains("reason ="), "{}: {}", file.display(), &source[offset..end]);
            }
        }
    }
    Ok(())
}

#[test]
fn the_code_map_names_what_is_there() -> Result<()> {
    let page = text(Path::new("docs/architecture.md"))?;
    let map = page.split("## Code map").nth(1).and_then(|rest| rest.split("## ").next()).context("no code map")?;
    let mut folder = PathBuf::new();
    for row in map.lines().filter(|line| line.starts_with("| `")) {
        let names = row.split('|').nth(1).context("a row without a cell")?;
        for name in names.split(',').map(|name| name.trim().trim_matches('`')) {
            let here = folder.join(name);
            let exists = |path: &Path| root().join(path).exists() || root().join(path).with_extension("rs").exists();
            if exists(Path::new(name)) {
                folder = Path::new(name).parent().unwrap_or(Path::new("")).to_owned();
            } else {
                assert!(exists(&here), "docs/architecture.md names {name}, which is not there");
            }
        }
    }
    Ok(())
}

#[test]
fn the_code_map_leaves_nothing_out() -> Result<()> {
    let page = text(Path::new("docs/architecture.md"))?;
    for folder in ["admission/src", "policies"] {
        for file in tracked(folder, "")? {
            let part = file.strip_prefix(folder)?.iter().next().context("a file in the folder")?.to_string_lossy();
            let name = part.trim_end_matches(".rs").trim_end_matches(".md");
            let named =
                |suffix| page.contains(&format!("`{name}{suffix}`")) || page.contains(&format!("/{name}{suffix}`"));
            assert!(named("") || named(".rs") || name == "lib", "docs/architecture.md does not name {folder}/{part}");
        }
    }
    Ok(())
}

#[test]
fn the_page_of_the_contract_has_every_key() -> Result<()> {
    let page = text(Path::new("docs/contract.md"))?;
    for key in plimsoll_policy::contract::keys() {
        assert!(page.contains(&format!("\n| `{key}` |")), "docs/contract.md has no row for {key}");
    }
    Ok(())
}

#[test]
fn the_top_level_shows_no_other_folder() -> Result<()> {
    let known = ["admission", "docs", "policies", "tests", "worker", ".ci", ".github"];
    for file in tracked(".", "")? {
        let Some(first) = file.parent().and_then(|parent| parent.iter().next()) else { continue };
        assert!(known.iter().any(|name| first == *name), "{} is not a folder of this project", first.display());
    }
    Ok(())
}

#[test]
fn links_in_documents_lead_somewhere() -> Result<()> {
    for page in tracked(".", ".md")? {
        let folder = page.parent().unwrap_or(Path::new("")).to_owned();
        let source = text(&page)?;
        for (offset, _) in source.match_indices("](") {
            let target = source[offset + 2..].split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            assert!(root().join(&folder).join(file).exists(), "{}: dead link {target}", page.display());
        }
    }
    Ok(())
}

#[test]
fn no_path_of_a_machine_is_committed() -> Result<()> {
    for file in tracked(".", "")? {
        let Ok(source) = text(&file) else { continue };
        for home in ["/root/", "/work/main", "/home/"] {
            // dist's workflow says where Homebrew is.
            let here = ["tests/tidy.rs", ".github/workflows/release.yml"].iter().any(|may| file == Path::new(may))
                || file.ends_with("Cargo.lock");
            assert!(here || !source.contains(home), "{} contains {home}", file.display());
        }
    }
    Ok(())
}

#[test]
fn each_decision_has_a_number_of_its_own() -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for file in tracked("docs/decisions", ".md")? {
        let name = file.file_name().context("a name")?.to_string_lossy().into_owned();
        let Some(number) = name.get(..4).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        assert!(seen.insert(number.to_owned()), "{} takes the number of another", file.display());
    }
    Ok(())
}
