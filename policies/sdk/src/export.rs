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

    pub use super::{check, check_set, configure, describe, start};
}

use crate::{
    Edit, Findings, Input, Level, Levels, Policy, Related, Run, Safety, Set,
    request::{self, Request, SetRequest},
};
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

                fn check_set(
                    request: ::std::vec::Vec<u8>,
                ) -> ::std::result::Result<::std::vec::Vec<private::Finding>, ::std::string::String> {
                    private::start();
                    private::check_set(&request, |run, set| match run.policy.as_str() {
                        $(<$policy as $crate::Policy>::ID => $crate::Run::check_set::<$policy>(run, set),)+
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
    /// Reads the settings of a policy and lets it judge one object.
    #[doc(hidden)]
    pub fn check<P: Policy>(&self, input: Input<'_>) -> Result<Vec<crate::Finding>, String> {
        let mut findings = Findings::new(&self.off);
        self.policy::<P>()?.check(&input, &mut findings);
        Ok(findings.into_vec())
    }

    /// Reads the settings of a policy and lets it judge a set.
    #[doc(hidden)]
    pub fn check_set<P: Policy>(&self, set: &Set) -> Result<Vec<crate::Finding>, String> {
        let mut findings = Findings::new(&self.off);
        self.policy::<P>()?.check_set(set, &mut findings);
        Ok(findings.into_vec())
    }

    fn policy<P: Policy>(&self) -> Result<P, String> {
        minicbor_serde::from_slice(&self.settings).map_err(|error| format!("settings of `{}`: {error}", P::ID))
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
                escalated: rule.escalated.map(levels),
                about: P::ABOUT.to_owned(),
            })
            .collect(),
        settings: serde_json::Value::from(schemars::schema_for!(P)).to_string(),
        wants_raw: P::WANTS_RAW,
        wants_set: P::WANTS_SET,
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
    minicbor_serde::to_vec(&policy).map_err(|error| error.to_string())
}

/// Decodes a request and lets each of its policies judge, in order.
pub fn check(
    request: &[u8],
    run: impl Fn(&Run, Input<'_>) -> Result<Vec<crate::Finding>, String>,
) -> Result<Vec<wit::Finding>, String> {
    let request: Request = request::decode(request)?;
    let input = Input { workload: &request.workload, raw: request.raw.as_deref() };
    all(&request.runs, |one| run(one, input))
}

/// The same for a set.
pub fn check_set(
    request: &[u8],
    run: impl Fn(&Run, &Set) -> Result<Vec<crate::Finding>, String>,
) -> Result<Vec<wit::Finding>, String> {
    let request: SetRequest = request::decode(request)?;
    all(&request.runs, |one| run(one, &request.set))
}

fn all(runs: &[Run], run: impl Fn(&Run) -> Result<Vec<crate::Finding>, String>) -> Result<Vec<wit::Finding>, String> {
    let mut all = Vec::new();
    for one in runs {
        all.extend(run(one)?.into_iter().map(|finding| lower(&one.policy, finding)));
    }
    Ok(all)
}

fn lower(policy: &str, finding: crate::Finding) -> wit::Finding {
    wit::Finding {
        policy: policy.to_owned(),
        rule: finding.rule,
        message: finding.message,
        help: finding.help,
        object: finding.object,
        pointer: finding.pointer.into(),
        container: finding.container,
        escalated: finding.escalated,
        related: finding.related.into_iter().map(related).collect(),
        fix: finding.fix.into_iter().map(edit).collect(),
        fix_is: match finding.fix_is {
            Safety::Safe => wit::Safety::Safe,
            Safety::Unsafe => wit::Safety::Unsafe,
        },
    }
}

fn related(related: Related) -> wit::Related {
    wit::Related { object: related.object, pointer: related.pointer.into(), message: related.message }
}

fn edit(edit: Edit) -> wit::Edit {
    let (operation, pointer, value) = match edit {
        Edit::Add { pointer, value } => (wit::Operation::Add, pointer, Some(value)),
        Edit::Replace { pointer, value } => (wit::Operation::Replace, pointer, Some(value)),
        Edit::Remove { pointer } => (wit::Operation::Remove, pointer, None),
    };
    wit::Edit { operation, pointer: pointer.into(), value }
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
