//! A real Prometheus that scrapes one target.

use crate::{
    collector::free_port,
    folder,
    need::need,
    webhook::{admin, eventually},
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A server that runs. Dropping it kills it.
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    _data: TempDir,
}

impl Prometheus {
    /// Scrapes `/metrics` of the target each second. None, and a skip, where there is none installed.
    pub fn start(target: SocketAddr) -> Option<Self> {
        let program = need("prometheus")?;
        let config = format!(
            "scrape_configs: [{{ job_name: plimsoll, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{{ targets: ['{target}'] }}] }}]"
        );
        let data = folder([("prometheus.yml", &*config)]);
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let child = Command::new(program)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .current_dir(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        Some(Prometheus { child, address, _data: data })
    }

    /// The value that a query gives, once it gives one that fits.
    pub async fn value(&self, query: &str, fits: impl Fn(&str) -> bool) -> String {
        let mut encoded = String::new();
        for byte in query.bytes() {
            encoded += &format!("%{byte:02X}");
        }
        let path = format!("/api/v1/query?query={encoded}");
        let mut last = Value::Null;
        let look = async || {
            let answer = admin(self.address, &path).await.filter(|answer| answer.status == 200)?.json();
            last = answer["data"]["result"][0]["value"][1].clone();
            last.as_str().filter(|value| fits(value)).map(str::to_owned)
        };
        eventually(query, look).await
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
