//! `plimsoll lsp`: findings in an editor while a manifest is written, by the Language Server Protocol 3.17.
//!
//! One thread does everything, so at most one evaluation runs. A change is judged when the client has been quiet for a
//! moment, and not later than a second after it; of several changes the last text counts. Judged is the folder of the
//! file as a scan would, with the texts of the editor in place of the files.

mod actions;
mod check;
mod diagnostics;
mod documents;
mod hover;
mod places;
mod protocol;
mod uri;

pub use check::FILES;

use crate::judge::{Judge, SetupError};
use anyhow::{Context, Result};
use check::Checks;
use documents::Documents;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response, ResponseError};
use protocol::{CodeActionParams, DidChange, DidClose, DidOpen, DidSave, HoverParams, Initialize, PublishDiagnostics};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How long the client must be quiet before a change is judged.
const QUIET: Duration = Duration::from_millis(150);
/// How long a change waits at most.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The client said so.
    Properly,
    /// The client is gone.
    Abruptly,
}

/// Makes a judge of the configuration as it is now.
pub type Load<'a> = dyn Fn() -> Result<Judge, SetupError> + 'a;

/// Serves one client on standard input and output until it ends the session.
///
/// # Errors
/// The client does not speak the protocol, or there is no judge to begin with.
pub fn serve(load: &Load<'_>) -> Result<Ended> {
    let (connection, threads) = Connection::stdio();
    let outcome = session(&connection, load);
    drop(connection);
    let ended = outcome?;
    // What is wrong with the last message of a client that is gone is its own business.
    threads.join().context("the client sent what is not a message of the protocol")?;
    Ok(ended)
}

fn session(connection: &Connection, load: &Load<'_>) -> Result<Ended> {
    let Ok((id, params)) = connection.initialize_start() else { return Ok(Ended::Abruptly) };
    let params: Initialize = serde_json::from_value(params).unwrap_or_default();
    if let Some(root) = params.root() {
        std::env::set_current_dir(&root).with_context(|| root.display().to_string())?;
    }
    if connection.initialize_finish(id, capabilities()).is_err() {
        return Ok(Ended::Abruptly);
    }
    let working = std::env::current_dir().context("the working folder cannot be read")?;
    let mut server = Server::new(connection, load, working)?;
    server.run()
}

fn capabilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": FULL_TEXT, "save": true },
            "hoverProvider": true,
            "codeActionProvider": { "codeActionKinds": [actions::QUICK_FIX, actions::FIX_ALL] },
        },
        "serverInfo": { "name": "plimsoll", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// `TextDocumentSyncKind.Full`.
const FULL_TEXT: u8 = 1;

struct Server<'c> {
    connection: &'c Connection,
    load: &'c Load<'c>,
    working: PathBuf,
    documents: Documents,
    checks: Checks,
    /// The first and the last change that are not judged yet.
    changed: Option<(Instant, Instant)>,
}

/// The client is gone.
struct Gone;

impl<'c> Server<'c> {
    fn new(connection: &'c Connection, load: &'c Load<'c>, working: PathBuf) -> Result<Self> {
        let documents = Documents::default();
        let mut server =
            Server { connection, load, checks: Checks::new(working.clone()), working, documents, changed: None };
        let _ = server.reload();
        Ok(server)
    }

    fn run(&mut self) -> Result<Ended> {
        loop {
            let message = match self.due() {
                None => self.connection.receiver.recv().ok(),
                Some(due) => match self.connection.receiver.recv_deadline(due) {
                    Err(error) if error.is_timeout() => {
                        if self.check().is_err() {
                            return Ok(Ended::Abruptly);
                        }
                        continue;
                    }
                    message => message.ok(),
                },
            };
            let Some(message) = message else { return Ok(Ended::Abruptly) };
            let outcome = match message {
                Message::Request(request) => match self.connection.handle_shutdown(&request) {
                    Ok(true) => return Ok(Ended::Properly),
                    Ok(false) => self.request(request),
                    Err(_) => return Ok(Ended::Abruptly),
                },
                Message::Notification(notification) if notification.method == "exit" => return Ok(Ended::Abruptly),
                Message::Notification(notification) => self.notification(notification),
                Message::Response(_) => Ok(()),
            };
            if outcome.is_err() {
                return Ok(Ended::Abruptly);
            }
        }
    }

    /// When to judge what has changed.
    fn due(&self) -> Option<Instant> {
        let (first, last) = self.changed?;
        Some((last + QUIET).min(first + PATIENCE))
    }

    fn request(&mut self, Request { id, method, params }: Request) -> Result<(), Gone> {
        let answer = match method.as_str() {
            "textDocument/hover" => read::<HoverParams>(params).map(|params| self.hover(&params)),
            "textDocument/codeAction" => match read::<CodeActionParams>(params) {
                Ok(params) => {
                    // A fix is for the text as it is now.
                    self.check()?;
                    Ok(self.actions(&params))
                }
                Err(error) => Err(error),
            },
            other => Err(ResponseError {
                code: ErrorCode::MethodNotFound as i32,
                message: format!("`{other}` is not served"),
                data: None,
            }),
        };
        self.send(Response { id, response_result: answer })
    }

    fn notification(&mut self, Notification { method, params }: Notification) -> Result<(), Gone> {
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(params) = read::<DidOpen>(params) {
                    self.documents.open(params, &self.working);
                    self.has_changed();
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = read::<DidChange>(params) {
                    self.documents.change(params);
                    self.has_changed();
                }
            }
            "textDocument/didSave" => {
                let saved = read::<DidSave>(params).ok().and_then(|saved| uri::path(&saved.text_document.uri));
                if saved.is_some_and(|path| self.checks.is_configuration(&path)) {
                    self.reload()?;
                }
                self.has_changed();
            }
            "textDocument/didClose" => {
                if let Ok(params) = read::<DidClose>(params) {
                    self.documents.close(&params.text_document.uri);
                    self.publish(PublishDiagnostics::nothing(params.text_document.uri))?;
                    self.has_changed();
                }
            }
            // Others, and those that this version of the protocol does not know, need no answer.
            _ => {}
        }
        Ok(())
    }

    fn has_changed(&mut self) {
        let now = Instant::now();
        let first = self.changed.map_or(now, |(first, _)| first);
        self.changed = Some((first, now));
    }

    /// Judges all open documents, if anything has changed.
    fn check(&mut self) -> Result<(), Gone> {
        if self.changed.take().is_none() {
            return Ok(());
        }
        self.checks.run(&self.documents);
        for (uri, document) in self.documents.all() {
            self.publish(self.checks.diagnostics(uri, document, &self.documents))?;
        }
        Ok(())
    }

    /// Reads the configuration again; what is wrong with it is shown in it, and the last good one stays in use.
    fn reload(&mut self) -> Result<(), Gone> {
        let published = self.checks.load(self.load, &self.documents);
        for diagnostics in published {
            self.publish(diagnostics)?;
        }
        self.has_changed();
        Ok(())
    }

    fn publish(&self, diagnostics: PublishDiagnostics) -> Result<(), Gone> {
        let params = serde_json::to_value(diagnostics).unwrap_or_default();
        self.send(Notification { method: "textDocument/publishDiagnostics".to_owned(), params })
    }

    fn send(&self, message: impl Into<Message>) -> Result<(), Gone> {
        self.connection.sender.send(message.into()).map_err(|_| Gone)
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, ResponseError> {
    serde_json::from_value(params).map_err(|error| ResponseError {
        code: ErrorCode::InvalidParams as i32,
        message: error.to_string(),
        data: None,
    })
}
