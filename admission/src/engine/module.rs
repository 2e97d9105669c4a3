//! A module that was loaded: it can be configured, and asked.

use super::{
    answer,
    failure::Failure,
    runtime::{Limits, Runtime},
    text::cleaned,
    wit,
};
use plimsoll_policy::{Description, Finding, Request, Run, Sibling, Workload};
use std::sync::Arc;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower};

/// One or more policies in one WebAssembly component. Every call runs in a fresh instance, which is gone afterwards.
pub struct Module {
    pub(super) runtime: Arc<Runtime>,
    pub(super) instance: InstancePre<Limits>,
    pub(super) exports: Exports,
    pub(super) digest: String,
    pub(super) descriptions: Vec<Description>,
}

pub(super) struct Exports {
    pub(super) configure: ComponentExportIndex,
    pub(super) check: ComponentExportIndex,
}

/// What a module is asked about one object.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The object, defaults applied.
    pub workload: &'a Workload,
    /// The whole object as JSON, for a policy that wants it.
    pub raw: Option<&'a str>,
    /// The other documents of the same input, for a policy that wants them.
    pub siblings: &'a [Sibling],
    /// The policies to run, each at most once.
    pub runs: &'a [Run],
}

impl Module {
    /// Digest of the component's bytes: `sha256:…`.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What it says of its policies, in its order.
    pub fn descriptions(&self) -> &[Description] {
        &self.descriptions
    }

    /// Checks settings (JSON) of a policy; returns them in the module's own form, or what is wrong with them.
    pub fn configure(&self, policy: &str, settings: &str) -> Result<Vec<u8>, String> {
        let (answer,): wit::Configured =
            self.call(self.exports.configure, (policy, settings)).map_err(|failure| failure.to_string())?;
        answer.map_err(cleaned)
    }

    /// Asks its policies. Each finding comes with the index of the run that it belongs to.
    pub fn check(&self, question: &Question<'_>) -> Result<Vec<(usize, Finding)>, Failure> {
        let Question { workload, raw, siblings, runs } = *question;
        let request = Request::pack_parts(workload, raw, siblings, runs);
        let (answer,): wit::Checked = self.call(self.exports.check, (request.as_slice(),))?;
        let findings = answer.map_err(|text| Failure::Reported(cleaned(text)))?;
        answer::read(findings, question, &self.descriptions).map_err(Failure::BadAnswer)
    }

    fn call<Arguments, Answer>(&self, export: ComponentExportIndex, arguments: Arguments) -> Result<Answer, Failure>
    where
        Arguments: ComponentNamedList + Lower,
        Answer: ComponentNamedList + Lift,
    {
        let mut store = self.runtime.store();
        let answer = self.instance.instantiate(&mut store).and_then(|instance| {
            let function = instance.get_typed_func::<Arguments, Answer>(&mut store, export)?;
            function.call(&mut store, arguments)
        });
        answer.map_err(|error| Failure::of(&error, &store))
    }
}
