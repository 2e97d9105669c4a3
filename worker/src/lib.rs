#![doc = include_str!("../README.md")]

mod aside;
pub mod change;
pub mod cli;
mod commands;
pub mod contract;
pub mod ends;
pub mod engine;
pub mod exit;
pub mod feed;
pub mod handlers;
pub mod health;
pub mod heartbeat;
pub mod held;
pub mod hooks;
mod intake;
pub mod job;
pub mod keeper;
pub mod last_words;
pub mod life;
pub mod orders;
pub mod queue;
pub mod reach;
pub mod retry;
pub mod settings;
pub mod signals;
pub mod telemetry;
pub mod worker;
