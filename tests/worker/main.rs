//! `plimsoll-worker` through its front door: real processes, real signals, real collectors.

mod collectors;
mod environment;
mod grpc;
mod metrics;
mod otlp;
mod replay;
mod spans;
mod tls;
