//! From a core module to a component that imports no function.

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// The exports of the world in `policies/sdk/wit`.
const EXPORTS: [&str; 3] = ["describe", "configure", "check"];

/// Makes a component of a core module that exports policies.
///
/// # Errors
/// The module imports something, or does not export what the world of a policy has.
pub fn encode(core: &[u8]) -> Result<Vec<u8>> {
    let (imports, exports) = interface(core)?;
    if !imports.is_empty() {
        bail!("a policy can read its object and nothing else, but this module imports {}", imports.join(", "));
    }
    if let Some(missing) = EXPORTS.iter().find(|name| !exports.contains(*name)) {
        bail!("the module does not export `{missing}`: write `plimsoll_policy::export!(MyPolicy);` in its lib.rs");
    }
    ComponentEncoder::default().validate(true).module(core)?.encode().context("cannot make a component of the module")
}

/// What a module imports, in words, and the names of what it exports.
fn interface(core: &[u8]) -> Result<(Vec<String>, Vec<&str>)> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(core) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    imports.push(format!("`{}` from `{}`", import.name, import.module));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export?.name);
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn refused(core: &[u8], reason: &Expect) {
        reason.assert_eq(&encode(core).unwrap_err().to_string());
    }

    #[test]
    fn names_what_a_module_imports() {
        // (module (import "env" "getenv" (func)))
        refused(
            b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0e\x01\x03env\x06getenv\0\0",
            &expect!["a policy can read its object and nothing else, but this module imports `getenv` from `env`"],
        );
    }

    #[test]
    fn asks_for_the_export_of_a_module_without() {
        refused(
            b"\0asm\x01\0\0\0",
            &expect![
                "the module does not export `describe`: write `plimsoll_policy::export!(MyPolicy);` in its lib.rs"
            ],
        );
    }
}
