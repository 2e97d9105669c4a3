//! What a module may consist of, counted before it is compiled: some kilobytes of nested loops take a compiler minutes,
//! and a component of many parts takes the room of its neighbours.
//!
//! What does not even parse is left to the compiler, which says what is wrong with it and compiles nothing of it.

use super::{
    limits::{FUNCTION, FUNCTIONS, LOCALS, LOOPS, MODULE, NESTING, PARTS, SECTIONS},
    load::LoadError,
};
use wasmparser::{FunctionBody, Instance, Operator, Parser, Payload, Result};

/// Refuses what has more of something than it may have.
pub(super) fn check(wasm: &[u8]) -> std::result::Result<(), LoadError> {
    at_most("bytes", wasm.len(), MODULE).map_err(LoadError::TooLarge)?;
    match count(wasm) {
        Ok(Err(what)) => Err(LoadError::TooLarge(what)),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

/// What there is too much of.
type Bounded = std::result::Result<(), String>;

fn at_most(what: &str, found: usize, most: usize) -> Bounded {
    if found <= most { Ok(()) } else { Err(format!("it has {found} {what}; a policy may have {most}")) }
}

/// Of all core modules and components inside each other together.
#[derive(Default)]
struct Counts {
    functions: usize,
    instances: usize,
    memories: usize,
    tables: usize,
    nested: usize,
}

impl Counts {
    fn check(&self) -> Bounded {
        at_most("functions", self.functions, FUNCTIONS)?;
        at_most("core instances", self.instances, PARTS)?;
        at_most("memories", self.memories, PARTS)?;
        at_most("tables", self.tables, PARTS)?;
        at_most("modules, components and their instances", self.nested, SECTIONS)
    }
}

/// An error is what does not parse.
fn count(wasm: &[u8]) -> Result<Bounded> {
    let mut counts = Counts::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => counts.nested += 1,
            Payload::ComponentInstanceSection(section) => counts.nested += section.count() as usize,
            Payload::InstanceSection(section) => {
                for instance in section {
                    counts.instances += usize::from(matches!(instance?, Instance::Instantiate { .. }));
                }
            }
            Payload::MemorySection(section) => counts.memories += section.count() as usize,
            Payload::TableSection(section) => counts.tables += section.count() as usize,
            Payload::CodeSectionStart { count, .. } => counts.functions += count as usize,
            Payload::CodeSectionEntry(body) => {
                if let Err(what) = function(&body)? {
                    return Ok(Err(what));
                }
            }
            _ => {}
        }
        if let Err(what) = counts.check() {
            return Ok(Err(what));
        }
    }
    Ok(Ok(()))
}

fn function(body: &FunctionBody<'_>) -> Result<Bounded> {
    let mut locals = 0_usize;
    for group in body.get_locals_reader()? {
        locals = locals.saturating_add(group?.0 as usize);
    }
    let bounded = at_most("bytes in one function", body.range().len(), FUNCTION)
        .and_then(|()| at_most("locals in one function", locals, LOCALS));
    if bounded.is_err() {
        return Ok(bounded);
    }
    // The blocks that are open, each with whether it is a loop.
    let (mut open, mut loops) = (Vec::new(), 0);
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        match operators.read()? {
            Operator::Loop { .. } => open.push(true),
            Operator::Block { .. } | Operator::If { .. } => open.push(false),
            Operator::End => {
                loops -= usize::from(open.pop() == Some(true));
                continue;
            }
            _ => continue,
        }
        loops += usize::from(open.last() == Some(&true));
        let bounded = at_most("loops inside each other", loops, LOOPS)
            .and_then(|()| at_most("blocks inside each other", open.len(), NESTING));
        if bounded.is_err() {
            return Ok(bounded);
        }
    }
    Ok(Ok(()))
}
