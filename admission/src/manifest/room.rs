//! How much of an object a view may hold. What a guest is given fits into its memory, whatever the object holds: of a
//! list, a mapping or a text that is too long the beginning is kept, and what was left out is counted and said.
//!
//! Sizes are in bytes of text. What a guest makes of a byte of text, or of an item, is a few times as much.

use plimsoll_policy::Pointer;
use std::cell::{Cell, RefCell};

/// All texts and items of one pod template and its object.
const ROOM: usize = 512 << 10;

/// The same of all pod templates of an object together: each view repeats what the object has in common.
const ALL: usize = 4 << 20;

/// What an item of a list or a mapping takes beside its texts.
const ITEM: usize = 64;

/// Words of commands, their arguments and scripts, however they are written. A reader of scripts makes a thousand times
/// as much of a word that is one byte long.
const WORDS: usize = 8192;

/// Texts that are no longer are never cut, as names, images and paths are not.
const SHORT: usize = 512;

/// Containers of a pod.
pub(super) const CONTAINERS: usize = 128;

/// Most parts that are named one by one.
const NAMED: usize = 20;

/// Part of an object that policies were not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// JSON pointer of the list, mapping or text.
    pub pointer: Pointer,
    /// How much there is, and how much was kept.
    pub message: String,
}

/// What is left of the room.
#[derive(Debug)]
pub(super) struct Room {
    left: Cell<usize>,
    words: Cell<usize>,
    /// What the list or mapping that is being read leaves for what comes after it.
    kept_back: Cell<usize>,
    left_out: RefCell<Vec<LeftOut>>,
}

impl Room {
    /// For one of so many pod templates of an object.
    pub(super) fn of_one(templates: usize) -> Self {
        let share = |of_one: usize, of_all: usize| Cell::new(of_one.min(of_all / templates.max(1)));
        Room {
            left: share(ROOM, ALL),
            words: share(WORDS, WORDS * (ALL / ROOM)),
            kept_back: Cell::new(0),
            left_out: RefCell::default(),
        }
    }

    /// Reads a list or a mapping, which may take half of what is left.
    pub(super) fn half<T>(&self, read: impl FnOnce() -> T) -> T {
        let before = self.kept_back.replace(self.kept_back.get() + self.free() / 2);
        let read = read();
        self.kept_back.set(before);
        read
    }

    /// Takes the place of an item, if there is any.
    pub(super) fn item(&self) -> bool {
        let fits = self.free() > SHORT + ITEM;
        if fits {
            self.take(ITEM);
        }
        fits
    }

    /// As much of a text as there is room for.
    pub(super) fn text<'t>(&self, text: &'t str) -> &'t str {
        let most = (self.free() / 2).max(SHORT);
        let fits = &text[..text.floor_char_boundary(most)];
        self.take(fits.len());
        fits
    }

    /// As much of a part of a command as there is room for; none where there is no room at all.
    pub(super) fn command<'t>(&self, text: &'t str) -> Option<&'t str> {
        let words = self.words.get().checked_sub(1)?;
        let ends = text.bytes().enumerate().filter(|(_, byte)| b" \t\n;|&(`<".contains(byte));
        let (mut count, mut end) = (0, text.len());
        for (at, _) in ends {
            if count == words {
                end = at;
                break;
            }
            count += 1;
        }
        self.words.set(words - count);
        Some(self.text(&text[..end]))
    }

    fn free(&self) -> usize {
        self.left.get().saturating_sub(self.kept_back.get())
    }

    fn take(&self, bytes: usize) {
        self.left.set(self.left.get().saturating_sub(bytes));
    }

    /// Something did not fit.
    pub(super) fn leave_out(&self, pointer: impl FnOnce() -> Pointer, message: impl FnOnce() -> String) {
        let mut left_out = self.left_out.borrow_mut();
        if left_out.len() < NAMED {
            left_out.push(LeftOut { pointer: pointer(), message: message() });
        }
    }

    pub(super) fn into_left_out(self) -> Vec<LeftOut> {
        self.left_out.into_inner()
    }
}
