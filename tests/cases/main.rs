//! Behaviour through the front door. One program for all of it, because each one links the engine.

mod api;
mod builtin;
mod config;
mod first_module;
mod foreign_policy;
mod fuzz;
mod lsp;
mod pages;
mod release;
mod rules_page;
mod scan;
mod security;
mod semantics;
mod situations;
mod webhook_manifest;
