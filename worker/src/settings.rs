//! What can be set, by flag or environment; the flag wins.

mod contradictions;

use crate::{
    engine::{Address, Files, Url},
    handlers::{Handlers, LimitsOf},
    retry::LONGEST,
};
use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// Settling what ended, after the work and before the last telemetry.
pub const SETTLE: Duration = Duration::from_secs(2);

/// Sending the last telemetry.
pub const FLUSH: Duration = Duration::from_secs(5);

/// How long something may take.
///
/// # Errors
/// It is something else; says what to write.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 30s, 500ms or 1m30s"))?;
    if duration > LONGEST { Err("must be 3days or less".to_owned()) } else { Ok(duration) }
}

/// A moment, like 2026-11-30T20:00:00Z.
///
/// # Errors
/// It is something else; says what to write.
pub fn moment(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339(text).map_err(|error| format!("{error}; write it like 2026-11-30T20:00:00Z"))
}

/// How long ago something was. Unlike what the worker waits for it may be years.
///
/// # Errors
/// It is something else; says what to write.
pub fn age(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 30m, 2h or 7days"))
}

/// How long something may take that takes some time.
///
/// # Errors
/// It is something else; says what to write.
pub(crate) fn positive(text: &str) -> Result<Duration, String> {
    duration(text)
        .and_then(|duration| if duration.is_zero() { Err("must be more than 0s".into()) } else { Ok(duration) })
}

/// A name that every engine takes.
///
/// # Errors
/// It is something else; says what to write.
pub fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match text.len() {
        1..=64 if text.chars().all(fits) => Ok(text.to_owned()),
        _ => Err("write 1 to 64 letters, digits, `-` or `_`".to_owned()),
    }
}

/// Where the queue is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Queue")]
pub struct QueueArgs {
    /// Engine and place: sqlite:///path/to/file, nats://host:4222, or several servers with commas; tls:// demands TLS.
    /// A login goes before the host, its special characters as %XX: nats://user:p%40ss@host, nats://token@host
    #[arg(
        long,
        env = "WORKER_QUEUE_URL",
        default_value = "sqlite://worker.db",
        hide_env_values = true,
        value_name = "URL",
        global = true
    )]
    pub queue_url: String,
    /// Name of the queue or feed; with SQLite the file is the queue, and this its name in telemetry
    #[arg(long, env = "WORKER_QUEUE", default_value = "jobs", value_parser = name, global = true)]
    pub queue: String,
    /// For a NATS server that knows us by credentials, as `nsc` writes them
    #[arg(long, env = "WORKER_NATS_CREDS", value_name = "FILE", global = true)]
    pub nats_creds: Option<PathBuf>,
    /// For a NATS server that knows us by an nkey: its seed
    #[arg(long, env = "WORKER_NATS_NKEY", value_name = "FILE", global = true)]
    pub nats_nkey: Option<PathBuf>,
    /// Authorities that may have signed the certificate of the NATS server, in PEM; the system's if it is not given
    #[arg(long, env = "WORKER_NATS_CA", value_name = "FILE", global = true)]
    pub nats_ca: Option<PathBuf>,
    /// For a NATS server that knows us by a certificate, in PEM; with --nats-key
    #[arg(long, env = "WORKER_NATS_CERT", value_name = "FILE", global = true)]
    pub nats_cert: Option<PathBuf>,
    /// The key of that certificate, in PEM
    #[arg(long, env = "WORKER_NATS_KEY", value_name = "FILE", global = true)]
    pub nats_key: Option<PathBuf>,
}

impl QueueArgs {
    /// As one value.
    ///
    /// # Errors
    /// The URL is wrong, or does not go together with a file; says how, without the URL: there may be a password in it.
    pub fn address(&self) -> anyhow::Result<Address> {
        let url = self.queue_url.parse().map_err(|error| anyhow!("--queue-url: {error}"))?;
        let identity = match (self.nats_cert.clone(), self.nats_key.clone()) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => bail!("--nats-cert and --nats-key: one is of no use without the other"),
        };
        let files = Files {
            credentials: self.nats_creds.clone(),
            nkey: self.nats_nkey.clone(),
            ca: self.nats_ca.clone(),
            identity,
        };
        let url = match url {
            Url::Nats(servers) => Url::Nats(servers.with(files).map_err(|error| anyhow!(error))?),
            Url::Sqlite(_) if files != Files::default() => {
                bail!(
                    "--nats-creds, --nats-nkey, --nats-ca and --nats-cert are for a --queue-url with nats:// or tls://"
                )
            }
            Url::Sqlite(file) => Url::Sqlite(file),
        };
        Ok(Address { url, name: self.queue.clone() })
    }
}

/// What a worker works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Jobs, each for one of the competing consumers
    Queue,
    /// An ordered change feed, its partitions divided among the replicas
    Feed,
}

/// Settings of `run`; `contract` prints what follows from them.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// What to work on
    #[arg(long, env = "WORKER_MODE", value_enum, default_value = "queue", help_heading = "Work")]
    pub mode: Mode,
    /// Jobs at a time
    #[arg(long, env = "WORKER_CONCURRENCY", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Work")]
    pub concurrency: u16,
    /// Jobs begun per second at most; 0 for no limit
    #[arg(long, env = "WORKER_RATE_LIMIT", default_value_t = 0, value_name = "PER SECOND", help_heading = "Work")]
    pub rate_limit: u32,
    /// Longest time that a job or a change may take
    #[arg(long, env = "WORKER_JOB_TIMEOUT", default_value = "5m", value_parser = positive, help_heading = "Work")]
    pub job_timeout: Duration,
    /// How often a handler may fail at a job before it is a dead letter
    #[arg(long, env = "WORKER_MAX_ATTEMPTS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Work")]
    pub max_attempts: u32,
    /// How often a job may be handed out and never settled, because its process died or could not end it, before it is a
    /// dead letter. Failures and stops do not count
    #[arg(long, env = "WORKER_MAX_DELIVERIES", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Work")]
    pub max_deliveries: u32,
    /// What a handler may have where it differs: its jobs at a time in this process, the time and the attempts of a job, like
    /// call:concurrency=2,timeout=10s,attempts=8. May be given for several, in the environment with `;` between them
    #[arg(
        long,
        env = "WORKER_LIMITS",
        value_delimiter = ';',
        value_name = "HANDLER:LIMIT=VALUE,…",
        help_heading = "Work"
    )]
    pub limits: Vec<LimitsOf>,
    /// Pause before the second attempt, at most; doubles each time
    #[arg(long, env = "WORKER_BACKOFF", default_value = "1s", value_parser = duration, help_heading = "Work")]
    pub backoff: Duration,
    /// Longest pause between two attempts
    #[arg(long, env = "WORKER_MAX_BACKOFF", default_value = "5m", value_parser = duration, help_heading = "Work")]
    pub max_backoff: Duration,
    /// How long a job or partition stays with a process that does not renew; the same for all replicas
    #[arg(long, env = "WORKER_LEASE", default_value = "30s", value_parser = a_second, help_heading = "Work")]
    pub lease: Duration,
    /// How long done jobs, changes that were worked off, and effects of the sample handlers are kept, and so how long an id is
    /// remembered; the same for all replicas
    #[arg(long, env = "WORKER_KEEP", default_value = "7days", value_parser = age, help_heading = "Work")]
    pub keep: Duration,

    /// Have the samples that misbehave too: exit, hang, interrupt, panic. Any job may end the process then
    #[arg(long, env = "WORKER_CHAOS", help_heading = "Work")]
    pub chaos: bool,

    /// Longest start, until the queue must have been found
    #[arg(long, env = "WORKER_STARTUP_TIMEOUT", default_value = "30s", value_parser = positive, help_heading = "Life")]
    pub startup_timeout: Duration,
    /// S: longest time from the signal, or the end of the drain delay, until no job runs any more
    #[arg(long, env = "WORKER_SHUTDOWN_TIMEOUT", default_value = "15s", value_parser = positive, help_heading = "Life")]
    pub shutdown_timeout: Duration,
    /// D: how long jobs are still taken in over HTTP after the signal; needs --intake
    #[arg(long, env = "WORKER_DRAIN_DELAY", default_value = "0s", value_parser = duration, help_heading = "Life")]
    pub drain_delay: Duration,

    /// Address of /startupz, /readyz, /livez, /metrics, /contract and /status; port 0 picks a free one
    #[arg(
        long,
        env = "WORKER_ADMIN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT",
        help_heading = "HTTP"
    )]
    pub admin: SocketAddr,
    /// Liveness fails when a main loop has not turned for this long
    #[arg(long, env = "WORKER_LIVENESS_STALL", default_value = "10s", value_parser = a_second, help_heading = "HTTP")]
    pub liveness_stall: Duration,
    /// Take jobs in here too, by POST /jobs; none if it is not given
    #[arg(long, env = "WORKER_INTAKE", value_name = "ADDRESS:PORT", help_heading = "HTTP")]
    pub intake: Option<SocketAddr>,

    /// Who holds leases; must differ between processes. Host name, process id and a random number if it is not given
    #[arg(long, env = "WORKER_OWNER", value_parser = name, help_heading = "Identity")]
    pub owner: Option<String>,
    /// Where the last words are written, if the file is there
    #[arg(
        long,
        env = "WORKER_LAST_WORDS",
        default_value = "/dev/termination-log",
        value_name = "FILE",
        help_heading = "Life"
    )]
    pub last_words: PathBuf,
}

impl RunArgs {
    /// What no flag alone can tell.
    ///
    /// # Errors
    /// Two settings contradict each other.
    pub fn check(&self) -> anyhow::Result<()> {
        contradictions::of(self).map_or(Ok(()), |found| bail!("{found}"))
    }

    /// The handlers with the limits that are set for them.
    ///
    /// # Errors
    /// There is no such handler, or its limits contradict a setting.
    pub fn limit(&self, handlers: Handlers) -> anyhow::Result<Handlers> {
        let limit =
            |handlers: Handlers, LimitsOf { handler, limits }: &LimitsOf| handlers.with_limits(handler, *limits);
        let handlers = self.limits.iter().try_fold(handlers, limit);
        let handlers = handlers.map_err(|error| anyhow!("--limits: {error}"))?;
        let mut found = handlers.limits().filter_map(|(name, limits)| contradictions::of_handler(self, name, limits));
        found.next().map_or(Ok(()), |found| bail!("{found}"))?;
        drop(found);
        Ok(handlers)
    }
}

/// For what is renewed or looked at several times a second.
fn a_second(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < Duration::from_secs(1) { Err("must be 1s or more".to_owned()) } else { Ok(time) }
}
