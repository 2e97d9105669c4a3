//! A policy that does what a policy must not, by its setting `verb`, and a neighbour that does its work.
#![allow(unsafe_code, reason = "what a hostile guest does on purpose, and the generated exports")]

use plimsoll_policy::{Edit, Finding, Findings, Input, Level, Policy, Rule, Set};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::hint::black_box;

/// What `hostile` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// As a good policy.
    #[default]
    Nothing,
    /// Runs for ever.
    Loop,
    /// Runs for ever when it is configured.
    LoopInConfigure,
    /// Asks for memory without end.
    Allocate,
    /// Calls itself without end.
    Recurse,
    /// The same, with variables on the stack that a Rust guest keeps in its memory.
    RecurseInMemory,
    /// Executes `unreachable`.
    Trap,
    /// Panics.
    Panic,
    /// Finds a rule that it does not have.
    UnknownRule,
    /// Escalates a finding of a rule that has no escalated levels.
    Escalated,
    /// Finds something in a container that there is not.
    UnknownContainer,
    /// Points to nowhere.
    BadPointer,
    /// Mends with a value that is no JSON.
    BadEdit,
    /// Returns more findings than it may.
    ManyFindings,
    /// Returns text that is no UTF-8.
    BadUtf8,
    /// Returns the same megabytes again and again.
    HugeAnswer,
    /// Moves the cursor of whoever reads its message.
    ControlCharacters,
    /// Does not stop talking.
    LongText,
    /// Finds something in an object that the set does not have.
    UnknownObject,
    /// Runs for ever when it is asked about a set.
    LoopInSet,
    /// Traps where an annotation asks for it; elsewhere finds something in the first image.
    TrapOnRequest,
    /// Points to what looks like a line of somebody else.
    ForgedPointer,
    /// Points as far as it can, as often as it may, and has much to say.
    HugePointers,
}

/// The policy `hostile`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hostile {
    /// What it does.
    pub verb: Verb,
}

const BAD: Rule = Rule::new("bad-behaviour", Level::Warn, "what it says is not to be trusted");

impl Policy for Hostile {
    const ID: &'static str = "hostile";
    const VERSION: &'static str = "0.1.0";
    const SUMMARY: &'static str = "does what a policy must not";
    const RULES: &'static [Rule] = &[BAD];
    const PAGE: &'static str = "# hostile\n";
    const WANTS_SET: bool = true;

    fn validate(&self) -> Result<(), String> {
        match self.verb {
            Verb::LoopInConfigure => run_for_ever(),
            _ => Ok(()),
        }
    }

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        let finding = || Finding::new(&BAD, "/spec", "all is well");
        match self.verb {
            Verb::Nothing | Verb::UnknownObject | Verb::LoopInSet => {}
            Verb::Loop | Verb::LoopInConfigure => run_for_ever(),
            Verb::Allocate => allocate(),
            Verb::Recurse => findings.push(Finding { message: recurse(1).to_string(), ..finding() }),
            Verb::RecurseInMemory => findings.push(Finding { message: recurse_in_memory(1).to_string(), ..finding() }),
            Verb::Trap => core::arch::wasm32::unreachable(),
            Verb::Panic => panic!("this is what a bug looks like\u{1b}[2J"),
            Verb::UnknownRule => findings.push(Finding { rule: "latest-tag".to_owned(), ..finding() }),
            Verb::Escalated => findings.push(finding().escalated()),
            Verb::UnknownContainer => findings.push(Finding { container: Some("nobody".to_owned()), ..finding() }),
            Verb::BadPointer => findings.push(Finding { pointer: "../../etc/passwd".into(), ..finding() }),
            Verb::BadEdit => {
                let edit = Edit::Add { pointer: "/spec".into(), value: "{".to_owned() };
                findings.push(Finding { fix: vec![edit], ..finding() });
            }
            Verb::ManyFindings => (0..4097).for_each(|_| findings.push(finding())),
            Verb::BadUtf8 => findings.push(Finding { message: bad_utf8(), ..finding() }),
            Verb::HugeAnswer => huge_answer(|message| findings.push(Finding { message, ..finding() })),
            Verb::ControlCharacters => {
                findings.push(Finding { message: "\u{1b}[2Jall\0 gone".to_owned(), ..finding() })
            }
            Verb::TrapOnRequest if input.workload.annotations.contains_key("example.com/trap") => {
                core::arch::wasm32::unreachable()
            }
            Verb::TrapOnRequest => {
                let pointer = "/spec/template/spec/containers/0/image";
                findings.push(Finding { pointer: pointer.into(), ..finding() });
            }
            Verb::ForgedPointer => {
                let pointer = "/spec/a\n- latest-tag: all is well\u{1b}[2J";
                findings.push(Finding { pointer: pointer.into(), ..finding() }.remove(pointer));
            }
            Verb::HugePointers => (0..1000).for_each(|number| {
                let pointer = format!("/spec/{number}/{}/b", "a".repeat(1000));
                findings.push(Finding { pointer: pointer.into(), message: "\"long\" ".repeat(100), ..finding() });
            }),
            Verb::LongText => findings.push(Finding { message: "long ".repeat(10_000), ..finding() }),
        }
    }

    fn check_set(&self, set: &Set, findings: &mut Findings<'_>) {
        match self.verb {
            Verb::LoopInSet => run_for_ever(),
            Verb::UnknownObject => {
                let object = set.objects.len() as u32;
                findings.push(Finding::new(&BAD, "/spec", "all is well").object(object));
            }
            _ => {}
        }
    }
}

fn run_for_ever() -> ! {
    loop {
        black_box(());
    }
}

fn allocate() {
    loop {
        std::mem::forget(black_box(vec![1_u8; 64 << 10]));
    }
}

/// What is left to do after the call cannot be turned into a loop.
fn recurse(depth: u32) -> u32 {
    if depth == 0 { 0 } else { recurse(depth.wrapping_add(2)).rotate_left(depth) ^ depth }
}

fn recurse_in_memory(depth: u32) -> u32 {
    let variables = black_box([depth; 64]);
    if depth == 0 { 0 } else { recurse_in_memory(depth.wrapping_add(2)) ^ variables[5] }
}

fn bad_utf8() -> String {
    // SAFETY: none; the host has to notice. Nothing in the guest looks at the text.
    unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) }
}

fn huge_answer(mut push: impl FnMut(String)) {
    let mut text = std::mem::ManuallyDrop::new("huge ".repeat(200_000));
    for _ in 0..20 {
        // SAFETY: none for all but the first; the guest is gone before one of them is dropped.
        push(unsafe { String::from_raw_parts(text.as_mut_ptr(), text.len(), text.len()) });
    }
}

/// The policy `neighbour`: finds one thing in each object.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Neighbour {}

const SEEN: Rule = Rule::new("seen", Level::Deny, "the object was seen");

impl Policy for Neighbour {
    const ID: &'static str = "neighbour";
    const VERSION: &'static str = "0.1.0";
    const SUMMARY: &'static str = "does its work next to a bad one";
    const RULES: &'static [Rule] = &[SEEN];
    const PAGE: &'static str = "# neighbour\n";
    const WANTS_SET: bool = true;

    fn check(&self, input: &Input<'_>, findings: &mut Findings<'_>) {
        findings.push(Finding::new(&SEEN, "/metadata/name", format!("saw {}", input.workload.name)));
    }

    fn check_set(&self, set: &Set, findings: &mut Findings<'_>) {
        for (index, member) in set.objects.iter().enumerate() {
            findings.push(Finding::new(&SEEN, "/metadata/name", format!("saw {} in a set", member.name)).object(index as u32));
        }
    }
}

/// Policies that run for ever, once their rule has a level.
macro_rules! loopers {
    ($($name:ident $id:literal $rule:literal)*) => {$(
        #[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $name {}

        impl Policy for $name {
            const ID: &'static str = $id;
            const VERSION: &'static str = "0.1.0";
            const SUMMARY: &'static str = "runs for ever";
            const RULES: &'static [Rule] = &[Rule::new($rule, Level::Off, "it runs for ever")];
            const PAGE: &'static str = "# looper\n";

            fn check(&self, _: &Input<'_>, _: &mut Findings<'_>) {
                run_for_ever()
            }
        }
    )*};
}

loopers! {
    Looper0 "looper-0" "loop-0"
    Looper1 "looper-1" "loop-1"
    Looper2 "looper-2" "loop-2"
    Looper3 "looper-3" "loop-3"
    Looper4 "looper-4" "loop-4"
    Looper5 "looper-5" "loop-5"
    Looper6 "looper-6" "loop-6"
    Looper7 "looper-7" "loop-7"
    Looper8 "looper-8" "loop-8"
    Looper9 "looper-9" "loop-9"
    Looper10 "looper-10" "loop-10"
    Looper11 "looper-11" "loop-11"
    Looper12 "looper-12" "loop-12"
    Looper13 "looper-13" "loop-13"
}

plimsoll_policy::export!(
    Hostile,
    Neighbour,
    Looper0,
    Looper1,
    Looper2,
    Looper3,
    Looper4,
    Looper5,
    Looper6,
    Looper7,
    Looper8,
    Looper9,
    Looper10,
    Looper11,
    Looper12,
    Looper13,
);
