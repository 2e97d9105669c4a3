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
    pub(super) escalated: Option<Levels>,
    pub(super) about: String,
}

#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Description {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) summary: String,
    pub(super) rules: Vec<Rule>,
    pub(super) settings: String,
    #[component(name = "wants-raw")]
    pub(super) wants_raw: bool,
    #[component(name = "wants-set")]
    pub(super) wants_set: bool,
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
    pub(super) object: u32,
    pub(super) pointer: String,
    pub(super) container: Option<String>,
    pub(super) escalated: bool,
    pub(super) related: Vec<Related>,
    pub(super) fix: Vec<Edit>,
    #[component(name = "fix-is")]
    pub(super) fix_is: Safety,
}

#[derive(Clone, ComponentType, Lift)]
#[component(record)]
pub(super) struct Related {
    pub(super) object: Option<u32>,
    pub(super) pointer: String,
    pub(super) message: String,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "the derived `Lift` makes them from numbers; tests also by name")]
pub(super) enum Safety {
    #[component(name = "safe")]
    Safe,
    #[component(name = "unsafe")]
    Unsafe,
}

pub(super) type Described = (Vec<Description>,);
/// Id of the policy, settings as JSON.
pub(super) type ConfigureArguments<'a> = (&'a str, &'a str);
pub(super) type Configured = (Result<Vec<u8>, String>,);
/// The encoded request, of an object or of a set.
pub(super) type CheckArguments<'a> = (&'a [u8],);
pub(super) type Checked = (Result<Vec<Finding>, String>,);
