//! What OTLP over gRPC needs besides: a runtime that sends, apart from that of the jobs, which may be blocked.

use crate::exit::Fault;
use anyhow::{Context, Result};
use std::sync::OnceLock;
use tokio::runtime::{Builder, EnterGuard, Runtime};

/// Exporters that are built while the guard lives use it. It ends with the process: whoever waited for it might wait for
/// the name of a collector to be looked up.
pub(super) fn runtime() -> Result<EnterGuard<'static>> {
    static SENDER: OnceLock<Runtime> = OnceLock::new();
    let sender = Builder::new_multi_thread().worker_threads(1).thread_name("telemetry").enable_all().build();
    let sender = sender.context(Fault("no runtime for telemetry"))?;
    Ok(SENDER.get_or_init(|| sender).enter())
}
