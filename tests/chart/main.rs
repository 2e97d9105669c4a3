//! The charts of the webhook and of the worker, rendered by the real Helm and judged by the program itself; alerts and
//! dashboard, read by the real promtool. Without one of these its tests are skipped.

mod alerts;
mod refused;
mod release;
mod tools;
mod variants;
mod webhook;
mod worker;
