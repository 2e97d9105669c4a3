//! The targets of `make fuzz`, on their committed inputs and on changed ones.

#[path = "../fuzz/targets.rs"]
mod targets;

use plimsoll_tests::root;
use proptest::{collection, prelude::*, sample::Index};
use std::fs;
use targets::TARGETS;

/// What trips readers, of text and of bytes.
const PIECES: [&[u8]; 20] = [
    b"\n---\n",
    b"- ",
    b": ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a ",
    b"*a",
    b"<<: *a",
    b"\"",
    b"\\",
    b"\t",
    b"# plimsoll: allow ",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"18446744073709551615",
    b"\r\n",
    b"\xe2\x80\xa8",
];

/// The inputs of a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("an input")).collect()
}

/// Something that is done to an input, somewhere.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, Vec<u8>),
    Replace(Index, u8),
    Cut(Index, Index),
    Repeat(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let piece = prop_oneof![
        any::<Index>().prop_map(|which| PIECES[which.index(PIECES.len())].to_vec()),
        collection::vec(any::<u8>(), 1..6),
    ];
    prop_oneof![
        (any::<Index>(), piece).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Cut(from, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ]
}

fn apply(change: &Change, input: &mut Vec<u8>) {
    let place = |at: &Index| at.index(input.len() + 1);
    let part = |one: &Index, other: &Index| place(one).min(place(other))..place(one).max(place(other));
    match change {
        Change::Insert(at, piece) => {
            let at = place(at);
            input.splice(at..at, piece.iter().copied());
        }
        Change::Replace(at, byte) => {
            let at = place(at);
            if let Some(old) = input.get_mut(at) {
                *old = *byte;
            }
        }
        Change::Cut(from, to) => {
            let part = part(from, to);
            input.drain(part);
        }
        Change::Repeat(from, to) => {
            let part = part(from, to);
            input.extend_from_within(part);
        }
    }
}

#[test]
fn each_target_keeps_its_promise_on_its_inputs() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "{name} has no inputs");
        inputs.iter().for_each(|input| target(input));
    }
}

#[test]
fn no_change_of_an_input_breaks_a_promise() {
    let corpora = TARGETS.map(|(name, target)| (target, corpus(name)));
    proptest!(|(which in any::<Index>(), changes in collection::vec(change(), 1..5))| {
        for (target, inputs) in &corpora {
            let mut input = which.get(inputs).clone();
            changes.iter().for_each(|change| apply(change, &mut input));
            target(&input);
        }
    });
}
