#![doc = include_str!("../README.md")]

pub mod change;
pub mod engine;
pub mod exit;
pub mod job;
pub mod life;
pub mod settings;
pub mod telemetry;
