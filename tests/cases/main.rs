//! Behaviour through the front door. One program for all of it, because each one links the engine.

mod builtin;
mod config;
mod first_module;
mod foreign_policy;
mod pages;
mod scan;
mod security;
mod semantics;
mod webhook_manifest;
