//! From a component to a module that can be asked; everything about it is doubted here, once.

use super::{
    description,
    failure::Failure,
    module::{Exports, Module},
    runtime::{Budget, Limits, Runtime},
    text::clean,
    wit,
};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};
use wasmtime::{
    Engine, Store,
    component::{
        Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Linker, Lower,
        types::ComponentItem,
    },
};

/// Why a module cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A core module, as the compiler makes it.
    #[error("this is a core WebAssembly module, not a component: build it as one, or run `wasm-tools component new`")]
    CoreModule,
    /// No component, or one that asks for what there is not.
    #[error("this is not a WebAssembly component that can be used: {0}")]
    Component(String),
    /// It has more of something than it may have.
    #[error("{0}")]
    TooLarge(String),
    /// It could not be compiled within the bounds on that.
    #[error("{0}")]
    Compile(String),
    /// It wants to reach out of its sandbox; what it asked for.
    #[error("it imports `{}`; a policy may import no function", .0.join("`, `"))]
    Imports(Vec<String>),
    /// It is a component of another kind.
    #[error("it does not have the interface `plimsoll:policy/module`: {0}")]
    Interface(String),
    /// It did not describe itself.
    #[error("it could not be asked what it is: {0}")]
    Describe(Failure),
    /// It described itself in a way that makes no sense.
    #[error("{0}")]
    Description(String),
}

pub(super) fn load(
    runtime: &Arc<Runtime>,
    component: &Component,
    pages: BTreeMap<&str, Cow<'static, str>>,
    digest: String,
) -> Result<Module, LoadError> {
    let imports = imports(component, runtime.engine());
    if !imports.is_empty() {
        return Err(LoadError::Imports(imports));
    }
    let instance = Linker::new(runtime.engine()).instantiate_pre(component).map_err(|e| refused(&e))?;
    let mut store = runtime.store(Budget::OBJECT);
    let (exports, described) = describe(&mut store, component, &instance)?;
    let descriptions = description::read(described, pages).map_err(LoadError::Description)?;
    Ok(Module { runtime: runtime.clone(), instance, exports, digest, descriptions })
}

pub(super) fn refused(error: &wasmtime::Error) -> LoadError {
    LoadError::Component(clean(&error.root_cause().to_string()))
}

/// Everything that a component asks for but types, which are names and nothing else.
fn imports(component: &Component, engine: &Engine) -> Vec<String> {
    let mut found = Vec::new();
    for (name, import) in component.component_type().imports(engine) {
        match import.ty {
            ComponentItem::ComponentInstance(interface) => {
                for (item, export) in interface.exports(engine) {
                    if !matches!(export.ty, ComponentItem::Type(_)) {
                        found.push(clean(&format!("{name}#{item}")));
                    }
                }
            }
            ComponentItem::Type(_) => {}
            _ => found.push(clean(name)),
        }
    }
    found
}

fn describe(
    store: &mut Store<Limits>,
    component: &Component,
    instance: &InstancePre<Limits>,
) -> Result<(Exports, Vec<wit::Description>), LoadError> {
    let instance = match instance.instantiate(&mut *store) {
        Ok(instance) => instance,
        Err(error) => return Err(LoadError::Describe(Failure::of(&error, store))),
    };
    let exports = Exports {
        configure: export::<wit::ConfigureArguments<'_>, wit::Configured>(store, component, &instance, "configure")?,
        check: export::<wit::CheckArguments<'_>, wit::Checked>(store, component, &instance, "check")?,
        check_set: export::<wit::CheckArguments<'_>, wit::Checked>(store, component, &instance, "check-set")?,
    };
    let describe = export::<(), wit::Described>(store, component, &instance, "describe")?;
    let described = instance
        .get_typed_func::<(), wit::Described>(&mut *store, describe)
        .and_then(|describe| describe.call(&mut *store, ()));
    match described {
        Ok((described,)) => Ok((exports, described)),
        Err(error) => Err(LoadError::Describe(Failure::of(&error, store))),
    }
}

fn export<Arguments, Answer>(
    store: &mut Store<Limits>,
    component: &Component,
    instance: &Instance,
    name: &str,
) -> Result<ComponentExportIndex, LoadError>
where
    Arguments: ComponentNamedList + Lower,
    Answer: ComponentNamedList + Lift,
{
    let index = component
        .get_export_index(None, name)
        .ok_or_else(|| LoadError::Interface(format!("it exports no function `{name}`")))?;
    match instance.get_typed_func::<Arguments, Answer>(store, index) {
        Ok(_) => Ok(index),
        Err(error) => Err(LoadError::Interface(clean(&format!("its `{name}`: {error:#}")))),
    }
}
