//! A module that was loaded: it can be configured, and asked.

use super::{
    answer::{self, Asked},
    failure::Failure,
    runtime::{Budget, Limits, Runtime},
    text::cleaned,
    time::Time,
    wit,
};
use plimsoll_policy::{
    Description, Finding, Run, Set, Workload,
    request::{RequestParts, SetRequestParts, encode},
};
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
    pub(super) check_set: ComponentExportIndex,
}

/// What a module is asked about one object.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The object, defaults applied.
    pub workload: &'a Workload,
    /// The whole object as JSON, for a policy that wants it.
    pub raw: Option<&'a str>,
    /// The policies to run, each at most once.
    pub runs: &'a [Run],
}

/// What a module is asked about all objects of one namespace of one input.
#[derive(Clone, Copy, Debug)]
pub struct SetQuestion<'a> {
    /// The objects.
    pub set: &'a Set,
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
        let (answer,): wit::Configured = self
            .call(self.exports.configure, Budget::OBJECT, (policy, settings))
            .map_err(|failure| failure.to_string())?;
        answer.map_err(cleaned)
    }

    /// Asks its policies about one object, in the time that there is. Each finding comes with the index of the run that
    /// it belongs to.
    pub fn check(&self, question: &Question<'_>, time: &mut Time) -> Result<Vec<(usize, Finding)>, Failure> {
        let Question { workload, raw, runs } = *question;
        let budget = Budget::OBJECT.within(time)?;
        time.spend(|| {
            let request = encode(&RequestParts { workload, raw, runs });
            self.ask(self.exports.check, budget, &request, Asked::Object(workload), runs)
        })
    }

    /// The same about a set.
    pub fn check_set(&self, question: &SetQuestion<'_>, time: &mut Time) -> Result<Vec<(usize, Finding)>, Failure> {
        let SetQuestion { set, runs } = *question;
        let budget = Budget::SET.within(time)?;
        time.spend(|| {
            let request = encode(&SetRequestParts { set, runs });
            self.ask(self.exports.check_set, budget, &request, Asked::Set(set), runs)
        })
    }

    fn ask(
        &self,
        export: ComponentExportIndex,
        budget: Budget,
        request: &[u8],
        asked: Asked<'_>,
        runs: &[Run],
    ) -> Result<Vec<(usize, Finding)>, Failure> {
        let (answer,): wit::Checked = self.call(export, budget, (request,))?;
        let findings = answer.map_err(|text| Failure::Reported(cleaned(text)))?;
        answer::read(findings, asked, runs, &self.descriptions).map_err(Failure::BadAnswer)
    }

    fn call<Arguments, Answer>(
        &self,
        export: ComponentExportIndex,
        budget: Budget,
        arguments: Arguments,
    ) -> Result<Answer, Failure>
    where
        Arguments: ComponentNamedList + Lower,
        Answer: ComponentNamedList + Lift,
    {
        let mut store = self.runtime.store(budget);
        let answer = self.instance.instantiate(&mut store).and_then(|instance| {
            let function = instance.get_typed_func::<Arguments, Answer>(&mut store, export)?;
            function.call(&mut store, arguments)
        });
        answer.map_err(|error| Failure::of(&error, &store))
    }
}
