//! The documents that are open in the editor.

use super::{
    protocol::{DidChange, DidOpen},
    uri,
};
use crate::paths::from_folder;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The documents that are open, by their address.
#[derive(Default)]
pub(super) struct Documents(BTreeMap<String, Document>);

/// A text as the editor has it.
pub(super) struct Document {
    pub(super) version: i32,
    pub(super) text: String,
    /// As a scan of the working folder names it; none of what is not a file.
    pub(super) path: Option<PathBuf>,
}

impl Documents {
    pub(super) fn open(&mut self, DidOpen { text_document }: DidOpen, working: &Path) {
        let path = uri::path(&text_document.uri).map(|path| PathBuf::from(from_folder(working, &path)));
        let document = Document { version: text_document.version, text: text_document.text, path };
        self.0.insert(text_document.uri, document);
    }

    /// Of a document that is not open nothing is known.
    pub(super) fn change(&mut self, DidChange { text_document, content_changes }: DidChange) {
        if let Some(document) = self.0.get_mut(&text_document.uri)
            && let Some(last) = content_changes.into_iter().next_back()
        {
            document.version = text_document.version;
            document.text = last.text;
        }
    }

    pub(super) fn close(&mut self, uri: &str) {
        self.0.remove(uri);
    }

    pub(super) fn get(&self, uri: &str) -> Option<&Document> {
        self.0.get(uri)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &Document)> {
        self.0.iter()
    }

    /// The text of a file, if it is open.
    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        let document = self.0.values().find(|document| document.path.as_deref() == Some(path))?;
        Some(&document.text)
    }
}
