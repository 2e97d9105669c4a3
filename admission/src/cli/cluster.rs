//! Flags of the subcommands that only a cluster needs: the feature `cluster`.

use crate::{
    judge::{config::OnFailure, policy_set::Profile},
    release::{report::Format as ReleaseFormat, verdict::Until},
    webhook::configuration::{FailurePolicy, label_name, object_name},
};
use clap::{Args, Subcommand, ValueEnum, builder::PossibleValue};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "clap would print it as what the program is")]
pub enum Cluster {
    /// Run the validating admission webhook
    ///
    /// Exit codes: 0 ended by a signal, every call answered; 1 the same, but connections had to be cut; 2 it could not
    /// begin. Logs are JSON lines on standard error. Traces and metrics go to the collector that
    /// OTEL_EXPORTER_OTLP_ENDPOINT names, if it is set.
    Serve(Box<Serve>),
    /// How the API server calls the webhook
    Webhook {
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// Watch a release to its true end: is it finished, has it failed and why, or what is it stuck on?
    ///
    /// Run it right after `helm upgrade --install`. It reads Helm's record of the newest revision, or a manifest, and
    /// watches what belongs to it. Exit codes: 0 complete; 1 failed; 2 usage; 3 timed out or stuck; 4 superseded by another
    /// revision; 5 nothing to watch; 6 the API server does not answer, or does not allow it.
    Release(Box<Release>),
    /// Check an installation of the webhook: is it called, trusted, and limited to workloads, and will it keep working?
    ///
    /// Reads the cluster of the current context, and creates one unfit Deployment as a dry run. Exit codes: 0 all is
    /// well; 1 something should be fixed; 2 the installation could not be read.
    Doctor(Doctor),
}

#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "clap would print it as what the program is")]
pub enum WebhookCommand {
    /// Print the smallest ValidatingWebhookConfiguration for what is judged
    ///
    /// Exit codes: 0 printed; 2 it would touch what a webhook must not be asked about, or the configuration is wrong.
    Manifest(WebhookManifest),
}

/// Flags of `plimsoll serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration; without one, the built-in policies with their default settings
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Which set of levels; wins over the configuration
    #[arg(long, env = "PLIMSOLL_PROFILE")]
    pub profile: Option<Profile>,
    /// Where the API server calls: TLS, `POST /validate`; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", env = "PLIMSOLL_LISTEN", default_value = "0.0.0.0:8443")]
    pub listen: SocketAddr,
    /// Where health and metrics are: plain HTTP, /livez, /readyz, /startupz, /metrics
    #[arg(long, value_name = "ADDRESS", env = "PLIMSOLL_ADMIN", default_value = "0.0.0.0:8080")]
    pub admin: SocketAddr,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub certificate: Certificate,
    /// With --tls-self-managed: the Service that the API server calls
    #[arg(long, value_name = "NAME", env = "PLIMSOLL_SERVICE", default_value = "plimsoll")]
    pub service: String,
    /// With --tls-self-managed: the ValidatingWebhookConfiguration to write the CA into
    #[arg(long, value_name = "NAME", env = "PLIMSOLL_WEBHOOK_CONFIGURATION", default_value = "plimsoll")]
    pub webhook_configuration: String,
    /// How long to keep serving after SIGTERM, until all API servers call another replica
    #[arg(long, value_name = "TIME", env = "PLIMSOLL_DRAIN_DELAY", default_value = "5s", value_parser = time)]
    pub drain_delay: Duration,
    /// How long calls in flight have after that
    #[arg(long, value_name = "TIME", env = "PLIMSOLL_SHUTDOWN_TIMEOUT", default_value = "10s", value_parser = time)]
    pub shutdown_timeout: Duration,
    /// The longest that an answer takes; less where the API server says so
    #[arg(long, value_name = "TIME", env = "PLIMSOLL_TIMEOUT", default_value = "10s", value_parser = time)]
    pub timeout: Duration,
    /// What to answer where a policy gives no verdict and the configuration does not say
    #[arg(long, value_name = "OUTCOME", env = "PLIMSOLL_ON_FAILURE", default_value = "allow")]
    pub on_failure: OnFailure,
    /// How many reviews to judge at one time; one per core that the process may use unless given
    #[arg(long, value_name = "N", env = "PLIMSOLL_CONCURRENCY")]
    pub concurrency: Option<std::num::NonZeroUsize>,
    /// How many reviews may wait; 32 for each that is judged unless given. More are refused with 429
    #[arg(long, value_name = "N", env = "PLIMSOLL_QUEUE")]
    pub queue: Option<usize>,
    /// What to log: error, warn, info, debug, or a list such as `info,plimsoll=debug`
    #[arg(long, value_name = "FILTER", env = "PLIMSOLL_LOG", default_value = "info")]
    pub log: String,
}

/// What the webhook shows to the API server.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Certificate {
    /// A folder with tls.crt and tls.key; client-ca.crt there lets only its clients call
    #[arg(long, value_name = "DIR", env = "PLIMSOLL_TLS_DIR")]
    pub tls_dir: Option<PathBuf>,
    /// Make certificates, keep them in this Secret, and tell the API server to trust them
    #[arg(long, value_name = "SECRET", env = "PLIMSOLL_TLS_SELF_MANAGED")]
    pub tls_self_managed: Option<String>,
}

/// A time above zero or zero, with its unit.
fn time(text: &str) -> Result<Duration, String> {
    let time: plimsoll_policy::Duration = text.parse().map_err(|error| format!("{error}"))?;
    Ok(Duration::from_millis(time.as_millis()))
}

/// What the API server takes for a URL of a webhook: https, and nothing behind the path.
fn https(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = |char: char| char.is_ascii_graphic() && !matches!(char, '@' | '?' | '#' | '"' | '\\');
    match !host.is_empty() && rest.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => {
            Err("not a URL of a webhook; write https://HOST:PORT/validate, without user, query and fragment".to_owned())
        }
    }
}

/// Flags of `plimsoll webhook manifest`.
#[derive(Debug, Args)]
pub struct WebhookManifest {
    /// The configuration; else plimsoll.yaml in this folder or the nearest one above
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name of the ValidatingWebhookConfiguration; with --static, the end `.static.k8s.io` is added
    #[arg(long, default_value = "plimsoll", value_parser = object_name)]
    pub name: String,
    /// Where the webhook runs; left alone like kube-system
    #[arg(long, default_value = "plimsoll", value_parser = label_name)]
    pub namespace: String,
    /// The Service in front of it
    #[arg(long, value_name = "NAME", default_value = "plimsoll", value_parser = label_name, conflicts_with = "url")]
    pub service: String,
    /// A file for the folder `staticManifestsDir` of the API server (Kubernetes 1.37), which nobody can delete from inside
    /// the cluster
    #[arg(long = "static", requires = "url")]
    pub is_static: bool,
    /// With --static: where the API server reaches the webhook, such as https://10.0.0.1:8443/validate
    #[arg(long, requires = "is_static", value_parser = https)]
    pub url: Option<String>,
    /// What becomes of a call that gets no answer: ignore or fail
    #[arg(long, value_name = "POLICY", default_value = "ignore")]
    pub failure_policy: FailurePolicy,
    /// PEM of the CA that signed its certificate; left out where cert-manager or `serve` itself writes it
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
}

/// Flags of `plimsoll release`.
#[derive(Debug, Args)]
pub struct Release {
    /// Name of the Helm release
    #[arg(required_unless_present = "manifest")]
    pub name: Option<String>,
    /// The namespace of the release, and of objects that name none; the context's unless given
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Watch this revision, which may still have to appear; the newest one unless given
    #[arg(long, value_name = "N", conflicts_with = "manifest")]
    pub revision: Option<u32>,
    /// Watch the objects of a rendered manifest instead of a Helm release; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub manifest: Option<PathBuf>,
    /// A Job that every workload waits for, beside those that init containers name; may be repeated
    #[arg(long, value_name = "JOB")]
    pub after: Vec<String>,
    /// How long all of it may take
    #[arg(long, value_name = "TIME", default_value = "20m", value_parser = time)]
    pub timeout: Duration,
    /// How long the release, and each part of it, may take to appear
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub appear_timeout: Duration,
    /// How long everything must stay ready without a restart
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub stable_for: Duration,
    /// Do not wait until the last old pod is gone
    #[arg(long)]
    pub no_drained: bool,
    /// What is enough: a new pod of each workload, half of them, or all of them, stable, and no old one left
    #[arg(long, value_name = "PART", default_value = "complete")]
    pub until: Until,
    /// How to report the end; changes go to standard error, with text and ndjson to standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub format: ReleaseFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub access: ClusterAccess,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub color: super::Color,
}

impl ValueEnum for Until {
    fn value_variants<'a>() -> &'a [Self] {
        &[Until::Available, Until::Half, Until::Complete]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Until::Available => "available",
            Until::Half => "half",
            Until::Complete => "complete",
        }))
    }
}

impl ValueEnum for ReleaseFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[ReleaseFormat::Text, ReleaseFormat::Json, ReleaseFormat::Ndjson, ReleaseFormat::Junit, ReleaseFormat::Github]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            ReleaseFormat::Text => PossibleValue::new("text").help("for people: lines in CI, a tree on a terminal"),
            ReleaseFormat::Json => PossibleValue::new("json").help("one document at the end"),
            ReleaseFormat::Ndjson => {
                PossibleValue::new("ndjson").help("a JSON line for each change, and one at the end")
            }
            ReleaseFormat::Junit => PossibleValue::new("junit").help("a test case for each part"),
            ReleaseFormat::Github => PossibleValue::new("github").help("annotations of GitHub Actions"),
        })
    }
}

/// Flags of `plimsoll doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The configuration of the webhook, for the kinds that it is asked about; else plimsoll.yaml in this folder or the
    /// nearest one above
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name of the ValidatingWebhookConfiguration and of the Deployment
    #[arg(long, default_value = "plimsoll")]
    pub name: String,
    /// Where the webhook runs
    #[arg(short, long, default_value = "plimsoll")]
    pub namespace: String,
    /// The Secret with its certificate; NAME-tls unless given
    #[arg(long, value_name = "SECRET")]
    pub secret: Option<String>,
    /// Where to try the unfit Deployment
    #[arg(long, value_name = "NAMESPACE", default_value = "default")]
    pub probe_namespace: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub access: ClusterAccess,
}

/// Which cluster, and as whom.
#[derive(Debug, Args)]
pub struct ClusterAccess {
    /// The kubeconfig; else the files of KUBECONFIG, or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Another context than the current one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// Flags of `plimsoll scan --cluster`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Judge what runs in the cluster of the current context: what would the webhook refuse?
    #[arg(long, conflicts_with_all = [
        "paths", "helm", "kustomize", "fix", "diff", "baseline", "write_baseline", "exclude", "hidden", "no_ignore", "strict_yaml", "stdin_filename",
    ])]
    pub cluster: bool,
    /// With --cluster: all namespaces but kube-system, which the webhook is never asked about
    #[arg(short = 'A', long, requires = "cluster", conflicts_with = "namespaces")]
    pub all_namespaces: bool,
    /// With --cluster and `-f openreports` or `-f policyreport`: write these reports into the cluster, and remove those that
    /// are stale
    #[arg(long, requires = "cluster")]
    pub apply: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub access: ClusterAccess,
}

impl ValueEnum for FailurePolicy {
    fn value_variants<'a>() -> &'a [Self] {
        &[FailurePolicy::Ignore, FailurePolicy::Fail]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            FailurePolicy::Ignore => "ignore",
            FailurePolicy::Fail => "fail",
        }))
    }
}

impl ValueEnum for OnFailure {
    fn value_variants<'a>() -> &'a [Self] {
        &[OnFailure::Allow, OnFailure::Deny]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            OnFailure::Allow => "allow",
            OnFailure::Deny => "deny",
        }))
    }
}
