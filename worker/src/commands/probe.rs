//! `probe`: what the kubelet asks, for an image that has no other program.

use super::{client, say};
use crate::exit::Exit;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

#[derive(Args)]
pub(crate) struct Probe {
    /// Which endpoint
    #[arg(value_enum, default_value = "readyz")]
    endpoint: Endpoint,
    /// Its admin address
    #[arg(long, env = "WORKER_ADMIN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    admin: SocketAddr,
}

#[derive(Clone, Copy, ValueEnum)]
enum Endpoint {
    Startupz,
    Readyz,
    Livez,
}

impl Probe {
    pub(crate) fn run(&self) -> Result<Exit> {
        let path = match self.endpoint {
            Endpoint::Startupz => "startupz",
            Endpoint::Readyz => "readyz",
            Endpoint::Livez => "livez",
        };
        let url = format!("http://{}/{path}", reachable(self.admin));
        let answer = client()?.get(&url).send().with_context(|| format!("{url}: no answer; --admin says where"))?;
        let well = answer.status().is_success();
        say(answer.text()?.trim_end())?;
        Ok(if well { Exit::Clean } else { Exit::Dependency })
    }
}

/// Where a server that listens everywhere can be found from here.
pub(super) fn reachable(mut admin: SocketAddr) -> SocketAddr {
    if admin.ip().is_unspecified() {
        admin.set_ip(if admin.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    admin
}
