//! From policies to a WebAssembly component: the generated bindings, and what stands between them and [`Policy`].

/// What [`export!`](crate::export) expands to; not for use by hand.
#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated bindings")]
pub mod __private {
    wit_bindgen::generate!({
        world: "module",
        path: "wit",
        pub_export_macro: true,
        export_macro_name: "export_component",
    });

    pub use super::{check, configure, describe, start};
}

use crate::{Edit, Findings, Input, Level, Levels, Policy, REQUEST_VERSION, Request, Run};
use __private::plimsoll::policy::types as wit;

/// Exports one or more policies as one WebAssembly module: `plimsoll_policy::export!(MyPolicy);`, in the `lib.rs` of a
/// crate with `crate-type = ["cdylib", "rlib"]`.
///
/// Compiled for anything else than WebAssembly it expands to nothing.
#[macro_export]
macro_rules! export {
    ($($policy:ty),+ $(,)?) => {
        const _: () = {
            use $crate::__private as private;
            struct Module;

            impl private::Guest for Module {
                fn describe() -> ::std::vec::Vec<private::Description> {
                    private::start();
                    ::std::vec![$(private::describe::<$policy>()),+]
                }

                fn configure(
                    policy: ::std::string::String,
                    settings: ::std::string::String,
                ) -> ::std::result::Result<::std::vec::Vec<u8>, ::std::string::String> {
                    private::start();
                    match policy.as_str() {
                        $(<$policy as $crate::Policy>::ID => private::configure::<$policy>(&settings),)+
                        other => Err(::std::format!("this module has no policy `{other}`")),
                    }
                }

                fn check(
                    request: ::std::vec::Vec<u8>,
                ) -> ::std::result::Result<::std::vec::Vec<private::Finding>, ::std::string::String> {
                    private::start();
                    private::check(&request, |run, input| match run.policy.as_str() {
                        $(<$policy as $crate::Policy>::ID => $crate::Run::check::<$policy>(run, input),)+
                        other => Err(::std::format!("this module has no policy `{other}`")),
                    })
                }
            }

            private::export_component!(Module with_types_in private);

            $(const _: () = {
                use $crate::{Policy, page::{entry, entry_len}};
                // Without `#[used]`, which would keep a second copy in linear memory.
                #[unsafe(link_section = "plimsoll:pages")]
                static PAGE: [u8; entry_len(<$policy as Policy>::ID, <$policy as Policy>::PAGE)] =
                    entry(<$policy as Policy>::ID, <$policy as Policy>::PAGE);
            };)+
        };
    };
}

impl Run {
    /// Unpacks the settings of a policy and lets it judge.
    #[doc(hidden)]
    pub fn check<P: Policy>(&self, input: Input<'_>) -> Result<Vec<crate::Finding>, String> {
        let policy: P =
            postcard::from_bytes(&self.settings).map_err(|error| format!("settings of `{}`: {error}", P::ID))?;
        let mut findings = Findings::new(&self.off);
        policy.check(&input, &mut findings);
        Ok(findings.into_vec())
    }
}

/// Called first by every export.
pub fn start() {
    crate::panic::record();
}

/// Everything that is constant about a policy.
pub fn describe<P: Policy>() -> wit::Description {
    wit::Description {
        id: P::ID.to_owned(),
        version: P::VERSION.to_owned(),
        summary: P::SUMMARY.to_owned(),
        rules: P::RULES
            .iter()
            .map(|rule| wit::Rule {
                name: rule.name.clone().into_owned(),
                summary: rule.summary.clone().into_owned(),
                levels: levels(rule.levels),
                second: rule.second.map(levels),
            })
            .collect(),
        settings: serde_json::Value::from(schemars::schema_for!(P)).to_string(),
        request: REQUEST_VERSION,
        wants_raw: P::WANTS_RAW,
        wants_siblings: P::WANTS_SIBLINGS,
    }
}

/// Reads settings (JSON) and packs them.
pub fn configure<P: Policy>(settings: &str) -> Result<Vec<u8>, String> {
    let policy: P = serde_json::from_str(settings).map_err(|error| {
        let text = error.to_string();
        // Of JSON that nobody has seen: the person who wrote the settings wrote YAML.
        text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
    })?;
    policy.validate()?;
    postcard::to_allocvec(&policy).map_err(|error| error.to_string())
}

/// Unpacks a request and lets each of its policies judge, in order.
pub fn check(
    request: &[u8],
    run: impl Fn(&Run, Input<'_>) -> Result<Vec<crate::Finding>, String>,
) -> Result<Vec<wit::Finding>, String> {
    let request = Request::unpack(request)?;
    let input = Input { workload: &request.workload, raw: request.raw.as_deref(), siblings: &request.siblings };
    let mut all = Vec::new();
    for one in &request.runs {
        all.extend(run(one, input)?.into_iter().map(|finding| lower(&one.policy, finding)));
    }
    Ok(all)
}

fn lower(policy: &str, finding: crate::Finding) -> wit::Finding {
    wit::Finding {
        policy: policy.to_owned(),
        rule: finding.rule,
        message: finding.message,
        help: finding.help,
        pointer: finding.pointer,
        container: finding.container,
        second: finding.second,
        fix: finding.fix.into_iter().map(edit).collect(),
    }
}

fn edit(edit: Edit) -> wit::Edit {
    let (operation, pointer, value) = match edit {
        Edit::Add { pointer, value } => (wit::Operation::Add, pointer, Some(value)),
        Edit::Replace { pointer, value } => (wit::Operation::Replace, pointer, Some(value)),
        Edit::Remove { pointer } => (wit::Operation::Remove, pointer, None),
    };
    wit::Edit { operation, pointer, value }
}

fn levels(levels: Levels) -> wit::Levels {
    wit::Levels { default: level(levels.default), strict: level(levels.strict) }
}

fn level(level: Level) -> wit::Level {
    match level {
        Level::Off => wit::Level::Off,
        Level::Note => wit::Level::Note,
        Level::Warn => wit::Level::Warn,
        Level::Deny => wit::Level::Deny,
    }
}
