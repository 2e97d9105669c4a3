//! Plimsoll keeps unfit deployments out of a Kubernetes cluster.
//!
//! From source to verdict: [`manifest`] turns text into workloads with the API server's defaults, [`engine`] runs
//! policies as WebAssembly, [`evaluate`] turns one workload and a set of policies into findings, and a front end
//! ([`scan`]) feeds it and hands the outcome to [`report`].

pub mod config;
pub mod engine;
pub mod evaluate;
pub mod manifest;
pub mod report;
