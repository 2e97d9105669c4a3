//! Plimsoll keeps unfit deployments out of a Kubernetes cluster.
//!
//! From source to verdict: [`manifest`] turns text into workloads with the API server's defaults, [`engine`] runs
//! policies as WebAssembly, [`evaluate`] turns one workload and a set of policies into findings, and a front end
//! ([`scan`]) feeds it and hands the outcome to [`report`].

pub mod cli;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod did_you_mean;
pub mod doctor;
pub mod engine;
pub mod evaluate;
pub mod exceptions;
pub mod explain;
pub mod host_rules;
pub mod inputs;
pub mod judge;
pub mod kustomization;
pub mod manifest;
pub mod policy_set;
pub mod report;
pub mod review;
pub mod scan;
pub mod telemetry;
pub mod verdict;
pub mod webhook;
