//! The charts of the webhook and of the worker, rendered by the real Helm and judged by the program itself; alerts and
//! dashboard, read by the real promtool. Where one of these is not installed, its tests say so and pass.

mod alerts;
mod refused;
mod tools;
mod variants;
mod webhook;
mod worker;
