//! The interface of a module as the host reads it: `policies/sdk/wit/policy.wit`, declared by hand.
//!
//! Generated bindings would check three exports per instance; an evaluation needs one.

use wasmtime::component::{ComponentType, Lift};

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "the derived `Lift` makes them from numbers; tests also by name")]
pub(super) enum Level {
    #[component(name = "off")]
    Off,
    #[component(name = "note")]
    Note,
    #[component(name = "warn")]
    Warn,
    #[component(name = "deny")]
    Deny,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(record)]
pub(super) struct Levels {
    pub(super) default: Level,
    pub(super) strict: Level,
}

#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) levels: Levels,
    pub(super) second: Option<Levels>,
}

#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Description {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) summary: String,
    pub(super) rules: Vec<Rule>,
    pub(super) settings: String,
    pub(super) request: u8,
    #[component(name = "wants-raw")]
    pub(super) wants_raw: bool,
    #[component(name = "wants-siblings")]
    pub(super) wants_siblings: bool,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "the derived `Lift` makes them from numbers; tests also by name")]
pub(super) enum Operation {
    #[component(name = "add")]
    Add,
    #[component(name = "replace")]
    Replace,
    #[component(name = "remove")]
    Remove,
}

#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Edit {
    pub(super) operation: Operation,
    pub(super) pointer: String,
    pub(super) value: Option<String>,
}

#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Finding {
    pub(super) policy: String,
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) pointer: String,
    pub(super) container: Option<String>,
    pub(super) second: bool,
    pub(super) fix: Vec<Edit>,
}

pub(super) type Described = (Vec<Description>,);
/// Id of the policy, settings as JSON.
pub(super) type ConfigureArguments<'a> = (&'a str, &'a str);
pub(super) type Configured = (Result<Vec<u8>, String>,);
/// The packed request.
pub(super) type CheckArguments<'a> = (&'a [u8],);
pub(super) type Checked = (Result<Vec<Finding>, String>,);
