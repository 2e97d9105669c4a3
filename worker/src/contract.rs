//! What this worker promises to whoever runs it: its timings and endpoints, from the running configuration.

use crate::settings::{FLUSH, Mode, RunArgs, SETTLE};
use serde_json::Value;
use std::time::Duration;

/// Prefix of the annotations.
const DOMAIN: &str = "plimsoll.dev";

/// The contract: keys and values, both as in the annotations.
#[derive(Clone, Debug)]
pub struct Contract(Vec<(&'static str, String)>);

impl Contract {
    /// Follows from the settings.
    pub fn of(settings: &RunArgs) -> Self {
        let scale = match settings.mode {
            Mode::Queue => "competing-consumers",
            Mode::Feed => "leased-partitions",
        };
        Contract(vec![
            ("role", "worker".to_owned()),
            ("scale", scale.to_owned()),
            ("shutdown-timeout", duration(settings.shutdown_timeout)),
            ("drain-delay", duration(settings.drain_delay)),
            ("flush-timeout", duration(SETTLE + FLUSH)),
            ("startup-budget", duration(settings.startup_timeout)),
            ("liveness-stall", duration(settings.liveness_stall)),
            ("livez", "/livez".to_owned()),
            ("readyz", "/readyz".to_owned()),
            ("startupz", "/startupz".to_owned()),
            ("admin-port", settings.admin.port().to_string()),
        ])
    }

    /// As annotations of a pod template, in YAML.
    pub fn annotations(&self) -> String {
        self.0.iter().map(|(key, value)| format!("{DOMAIN}/{key}: {value:?}\n")).collect()
    }

    /// As JSON on several lines, for people.
    pub fn json(&self) -> String {
        format!("{:#}\n", self.object())
    }

    /// As JSON on one line: the image label `dev.plimsoll.contract`.
    pub fn label(&self) -> String {
        format!("{}\n", self.object())
    }

    fn object(&self) -> Value {
        self.0.iter().map(|(key, value)| (*key, Value::from(value.as_str()))).collect()
    }
}

/// `1m30s`: without the spaces, as Kubernetes writes durations.
fn duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}
