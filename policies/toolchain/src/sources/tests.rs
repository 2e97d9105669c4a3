use super::*;
use tempfile::TempDir;

const FILES: [(&str, &str); 7] = [
    (
        "Cargo.toml",
        "[workspace.package]\nedition = \"2024\"\n\n[workspace.dependencies]\npostcard = \"1.1\"\nwasmtime = \"48\"\n\n[profile.release]\n",
    ),
    (
        "Cargo.lock",
        r#"version = 4

[[package]]
name = "plimsoll"
version = "0.1.0"
dependencies = [
 "wasmtime",
]

[[package]]
name = "plimsoll-builtin"
version = "0.1.0"
dependencies = [
 "postcard 1.1.3",
 "proptest",
]

[[package]]
name = "plimsoll-toolchain"
version = "0.1.0"
dependencies = [
 "anyhow",
 "wit-component 0.263.0",
]

[[package]]
name = "anyhow"
version = "1.0.104"

[[package]]
name = "postcard"
version = "0.7.3"

[[package]]
name = "postcard"
version = "1.1.3"
dependencies = [
 "cobs",
]

[[package]]
name = "cobs"
version = "0.3.0"

[[package]]
name = "proptest"
version = "1.12.0"

[[package]]
name = "wasmtime"
version = "48.0.8"

[[package]]
name = "wit-component"
version = "0.258.3"

[[package]]
name = "wit-component"
version = "0.263.0"
"#,
    ),
    (
        "policies/builtin/Cargo.toml",
        "[package]\nname = \"plimsoll-builtin\"\n[dependencies]\npostcard.workspace = true\n[dev-dependencies]\nproptest.workspace = true\n",
    ),
    ("policies/builtin/src/lib.rs", "export!"),
    ("policies/builtin/builtin.wasm", "bytes"),
    ("policies/toolchain/Cargo.toml", "[package]\nname = \"plimsoll-toolchain\"\n"),
    ("admission/src/main.rs", "fn main() {}"),
];

/// The digest of the files above, with one text replaced in one of them.
fn digest_with(path: &str, from: &str, to: &str) -> String {
    let root = TempDir::new().unwrap();
    for (name, contents) in FILES {
        let file = root.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let contents = if name == path { contents.replacen(from, to, 1) } else { contents.to_owned() };
        fs::write(file, contents).unwrap();
    }
    source_digest(root.path()).unwrap()
}

#[test]
fn changes_with_what_can_change_the_bytes() {
    let before = digest_with("", "", "");
    for (path, from, to) in [
        ("policies/builtin/src/lib.rs", "export!", "export! "),
        ("policies/builtin/Cargo.toml", "postcard.workspace", "postcard.version"),
        ("Cargo.toml", "2024", "2021"),
        ("Cargo.toml", "1.1", "1.2"),
        ("Cargo.lock", "1.1.3\"\ndep", "1.1.3\"\nchecksum = \"00\"\ndep"),
        ("Cargo.lock", "0.3.0", "0.3.1"),
        ("Cargo.lock", "\"0.263.0\"\n", "\"0.263.0\"\nchecksum = \"00\"\n"),
    ] {
        let after = digest_with(path, from, to);
        assert_ne!(after, before, "{path}: {from}");
    }
}

#[test]
fn stays_with_what_cannot() {
    let before = digest_with("", "", "");
    for (path, from, to) in [
        ("policies/builtin/builtin.wasm", "bytes", "other"),
        ("admission/src/main.rs", "main", "other"),
        ("Cargo.toml", "48", "49"),
        ("Cargo.lock", "48.0.8", "48.0.9"),
        ("Cargo.lock", "0.258.3", "0.258.4"),
        ("Cargo.lock", "0.7.3", "0.7.4"),
        ("Cargo.lock", "1.0.104", "1.0.105"),
        ("Cargo.lock", "1.12.0", "1.13.0"),
    ] {
        assert_eq!(digest_with(path, from, to), before, "{path}: {from}");
    }
}

#[test]
fn says_what_is_missing() {
    let error = source_digest(TempDir::new().unwrap().path()).unwrap_err();
    assert!(error.to_string().ends_with("Cargo.lock"), "{error}");
}
