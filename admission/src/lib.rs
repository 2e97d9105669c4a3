//! Plimsoll keeps unfit deployments out of a Kubernetes cluster.
//!
//! From source to verdict: [`manifest`] turns text into workloads with the API server's defaults, [`engine`] runs
//! policies as WebAssembly, [`judge`] turns one workload and a set of policies into findings ([`finding`]), and a front
//! end ([`scan`], [`editor`], `webhook`) feeds it and hands the outcome to [`report`] or [`review`]. Without the feature
//! `cluster`, which is on by default, it is the scanner alone.

mod bounded_file;
pub mod cli;
pub mod clock;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod commands;
pub mod did_you_mean;
pub mod editor;
pub mod engine;
pub mod finding;
pub mod judge;
pub mod manifest;
pub mod paths;
pub mod printable;
#[cfg(feature = "cluster")]
pub mod release;
pub mod report;
pub mod review;
pub mod scan;
#[cfg(feature = "cluster")]
pub mod telemetry;
pub mod watch;
#[cfg(feature = "cluster")]
pub mod webhook;
