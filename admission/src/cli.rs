//! The command line: flags as plain data, nothing else. The only file that names `clap`.

use crate::{
    judge::config::OnFailure,
    judge::policy_set::Profile,
    report::{FORMATS, Format},
    webhook::configuration::FailurePolicy,
};
use clap::{
    Arg, Args, CommandFactory, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, TypedValueParser},
    error::ErrorKind,
};
use plimsoll_policy::Level;
use std::{ffi::OsStr, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

/// What the user asked for.
#[derive(Debug)]
pub enum Call {
    /// `plimsoll scan`.
    Scan(Box<Scan>),
    /// `plimsoll explain`.
    Explain(Explain),
    /// `plimsoll serve`.
    Serve(Box<Serve>),
    /// `plimsoll webhook manifest`.
    WebhookManifest(WebhookManifest),
    /// `plimsoll doctor`.
    Doctor(Doctor),
    /// `plimsoll --version`.
    Version {
        /// Also say what the built-in policies were built from.
        verbose: bool,
    },
}

/// Reads the command line; ends the process with a message and exit code 2 where it makes no sense.
pub fn parse() -> Call {
    let cli = Cli::parse();
    match cli.command {
        _ if cli.version => Call::Version { verbose: cli.verbose },
        Some(Command::Scan(flags)) => Call::Scan(flags),
        Some(Command::Explain(flags)) => Call::Explain(flags),
        Some(Command::Serve(flags)) => Call::Serve(flags),
        Some(Command::Doctor(flags)) => Call::Doctor(flags),
        Some(Command::Webhook { command: WebhookCommand::Manifest(flags) }) => Call::WebhookManifest(flags),
        None => Cli::command().error(ErrorKind::MissingSubcommand, "what to do? see `plimsoll --help`").exit(),
    }
}

/// Keeps unfit deployments out of a Kubernetes cluster.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", disable_version_flag = true, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    /// Print the version
    #[arg(short = 'V', long)]
    version: bool,
    /// With --version: also what the built-in policies were built from
    #[arg(long, requires = "version")]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge the manifests in files, folders and standard input
    ///
    /// Exit codes: 0 clean; 1 findings at or above --fail-on; 2 the job could not be done (unreadable or unparseable
    /// input, a policy that failed, nothing to judge). 2 wins over 1.
    Scan(Box<Scan>),
    /// Print a rule's or a policy's page; without a name the table of all rules
    Explain(Explain),
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
    /// Check an installation of the webhook: is it asked, trusted, narrow, and there tomorrow?
    ///
    /// Reads the cluster of the current context, and creates one unfit Deployment as a dry run. Exit codes: 0 all is
    /// well; 1 something should be mended; 2 it could not be looked at.
    Doctor(Doctor),
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Print the smallest ValidatingWebhookConfiguration for what is judged
    ///
    /// Exit codes: 0 printed; 2 it would touch what a webhook must not be asked about, or the configuration is wrong.
    Manifest(WebhookManifest),
}

/// Flags of `plimsoll scan`.
#[derive(Debug, Args)]
pub struct Scan {
    /// Files, folders, globs; `-` is standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub policies: Policies,
    /// The lowest level that makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "deny")]
    pub fail_on: FailOn,
    /// How to report, and the file to write; may be repeated
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]", default_value = FORMATS[0].name, value_parser = OutputParser)]
    pub formats: Vec<Output>,
    /// Leave out what matches this glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Look into hidden files and folders
    #[arg(long)]
    pub hidden: bool,
    /// Do not respect .gitignore and .ignore
    #[arg(long)]
    pub no_ignore: bool,
    /// Parse every document, also those of kinds that are not judged
    #[arg(long)]
    pub strict_yaml: bool,
    /// Nothing to judge is no error
    #[arg(long)]
    pub allow_empty: bool,
    /// How many threads; one per core unless given
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
    /// No summary and no notes
    #[arg(short, long)]
    pub quiet: bool,
    /// Report notes in full
    #[arg(long, conflicts_with = "quiet")]
    pub notes: bool,
    /// What to call standard input
    #[arg(long, value_name = "NAME", default_value = "<stdin>")]
    pub stdin_filename: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub color: Color,
}

/// Which policies judge, and how strictly.
#[derive(Debug, Args)]
pub struct Policies {
    /// The configuration; else plimsoll.yaml in this folder or the nearest one above
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which set of levels; wins over the configuration
    #[arg(long)]
    pub profile: Option<Profile>,
    /// A rule's level (deny, warn, note or off); wins over the configuration; may be repeated
    #[arg(long = "rule", value_name = "RULE=LEVEL")]
    pub rules: Vec<RuleLevel>,
}

/// Flags of `plimsoll serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration; none stands for the built-in policies as they are
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
    /// How long to serve on after SIGTERM, until everybody knows that calls should go elsewhere
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

/// Flags of `plimsoll webhook manifest`.
#[derive(Debug, Args)]
pub struct WebhookManifest {
    /// The configuration; else plimsoll.yaml in this folder or the nearest one above
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name of the ValidatingWebhookConfiguration
    #[arg(long, default_value = "plimsoll")]
    pub name: String,
    /// Where the webhook runs; left alone like kube-system
    #[arg(long, default_value = "plimsoll")]
    pub namespace: String,
    /// The Service in front of it
    #[arg(long, value_name = "NAME", default_value = "plimsoll")]
    pub service: String,
    /// What becomes of a call that gets no answer: ignore or fail
    #[arg(long, value_name = "POLICY", default_value = "ignore")]
    pub failure_policy: FailurePolicy,
    /// PEM of the CA that signed its certificate; left out where cert-manager or `serve` itself writes it
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
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
    /// Another context than the current one
    #[arg(long)]
    pub context: Option<String>,
}

/// Flags of `plimsoll explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A rule or a policy
    pub name: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub policies: Policies,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub color: Color,
}

/// Whether to colour.
#[derive(Debug, Args)]
pub struct Color {
    /// When to use colour; `auto` asks the terminal and NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// The lowest level that makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FailOn {
    Deny,
    Warn,
    Never,
}

impl FailOn {
    /// The lowest level that counts.
    pub fn level(self) -> Option<Level> {
        match self {
            FailOn::Deny => Some(Level::Deny),
            FailOn::Warn => Some(Level::Warn),
            FailOn::Never => None,
        }
    }
}

/// `RULE=LEVEL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLevel {
    /// Name of the rule.
    pub rule: String,
    /// Its level.
    pub level: Level,
}

impl FromStr for RuleLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rule, level) = text.split_once('=').ok_or("write it as RULE=LEVEL, as in `latest-tag=warn`")?;
        let level = [Level::Off, Level::Note, Level::Warn, Level::Deny]
            .into_iter()
            .find(|known| known.name() == level)
            .ok_or_else(|| format!("`{level}` is no level; there are deny, warn, note and off"))?;
        Ok(RuleLevel { rule: rule.to_owned(), level })
    }
}

/// A format, and the file it goes to; standard output unless given.
#[derive(Debug, Clone)]
pub struct Output {
    /// How to print.
    pub format: &'static Format,
    /// Where to.
    pub file: Option<PathBuf>,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        if file == Some("") {
            return Err(format!("`{text}` does not name a file"));
        }
        Ok(Output { format: Format::named(name)?, file: file.map(PathBuf::from) })
    }
}

/// Reads an [`Output`], and lists the formats in the help.
#[derive(Clone)]
struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&Arg>, value: &OsStr) -> Result<Output, clap::Error> {
        TypedValueParser::parse_ref(&str::parse::<Output>, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.summary))))
    }
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

impl ValueEnum for Profile {
    fn value_variants<'a>() -> &'a [Self] {
        &[Profile::Default, Profile::Strict]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Profile::Default => "default",
            Profile::Strict => "strict",
        }))
    }
}
