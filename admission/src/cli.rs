//! The command line: flags as plain data, nothing else. Only this module names `clap`.

#[cfg(feature = "cluster")]
mod cluster;
mod generated;

pub use generated::{Completions, Man, Page, completions, man_page, man_pages};

#[cfg(feature = "cluster")]
pub use cluster::{
    Audit, Certificate, Cluster, ClusterAccess, Doctor, Release, Serve, WebhookCommand, WebhookManifest,
};

use crate::{
    engine::compile,
    finding::STANDARD_INPUT,
    judge::policy_set::Profile,
    manifest::api::Version,
    report::{FORMATS, Format},
};
use clap::{
    Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    builder::{ArgPredicate, PossibleValue, TypedValueParser},
    error::ErrorKind,
};
use plimsoll_policy::Level;
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    str::FromStr,
};

/// What the user asked for.
#[derive(Debug)]
pub enum Call {
    /// `plimsoll scan`.
    Scan(Box<Scan>),
    /// `plimsoll explain`.
    Explain(Explain),
    /// `plimsoll lsp`.
    Lsp(Policies),
    /// What only a cluster needs.
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
    /// What [`compile`] starts.
    CompileModule,
    /// `plimsoll completions`.
    Completions(Completions),
    /// `plimsoll man`.
    Man(Man),
    /// `plimsoll --version`.
    Version {
        /// Also say what the built-in policies were built from.
        verbose: bool,
    },
}

/// Reads the command line; ends the process with a message and exit code 2 where it makes no sense.
pub fn parse() -> Call {
    // What `scan` and `serve` start is not for people: no help, completion or page shows it.
    if env::args_os().skip(1).eq([compile::SUBCOMMAND]) {
        return Call::CompileModule;
    }
    let mut command = command();
    let matches = command.get_matches_mut();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
    match cli.command {
        _ if cli.version => Call::Version { verbose: cli.verbose },
        Some(Command::Scan(flags)) => Call::Scan(flags),
        Some(Command::Explain(flags)) => Call::Explain(flags),
        Some(Command::Lsp(flags)) => Call::Lsp(flags),
        Some(Command::Completions(flags)) => Call::Completions(flags),
        Some(Command::Man(flags)) => Call::Man(flags),
        #[cfg(feature = "cluster")]
        Some(Command::Cluster(command)) => Call::Cluster(command),
        None => command.error(ErrorKind::MissingSubcommand, "what to do? see `plimsoll --help`").exit(),
    }
}

/// All commands, under the name by which the user called this one.
fn command() -> clap::Command {
    let called = env::args_os().next().unwrap_or_default();
    match Path::new(&called).file_stem() {
        // kubectl runs what stands in PATH under this name.
        Some(name) if name == "kubectl-plimsoll" => Cli::command().bin_name("kubectl plimsoll"),
        _ => Cli::command(),
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
    /// Judge the manifests in files, folders and standard input, or what runs in a cluster
    ///
    /// Exit codes: 0 clean; 1 findings at or above --fail-on; 2 the job could not be done (unreadable or unparseable
    /// input, a policy that failed, nothing to judge). 2 wins over 1.
    Scan(Box<Scan>),
    /// Print a rule's or a policy's page; without a name the table of all rules
    Explain(Explain),
    /// Show findings in an editor: a server of the Language Server Protocol on standard input and output
    Lsp(Policies),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the man page, or write one for each command into a folder
    Man(Man),
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    Cluster(Cluster),
}

/// Flags of `plimsoll scan`.
#[derive(Debug, Args)]
pub struct Scan {
    /// Files, folders, globs; `-` is standard input; this folder unless something is named
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Render a chart with your `helm template`, and judge that: a folder, an archive, whatever Helm takes
    #[arg(long, value_name = "CHART")]
    pub helm: Option<String>,
    /// With --helm: a file of values; may be repeated
    #[arg(long, value_name = "FILE", requires = "helm")]
    pub values: Vec<PathBuf>,
    /// With --helm: a value; may be repeated
    #[arg(long, value_name = "KEY=VALUE", requires = "helm")]
    pub set: Vec<String>,
    /// Render a kustomization with your `kustomize build`, or `kubectl kustomize`, and judge that; may be repeated
    #[arg(long, value_name = "FOLDER")]
    pub kustomize: Vec<PathBuf>,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub audit: Audit,
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields have them")]
    pub policies: Policies,
    /// The version of Kubernetes that the manifests are for, such as 1.35; wins over the configuration
    #[arg(long, value_name = "VERSION")]
    pub kubernetes: Option<Version>,
    /// The lowest level that makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "deny")]
    pub fail_on: FailOn,
    /// How to report, and the file to write; may be repeated
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]", default_value = FORMATS[0].name, value_parser = OutputParser, default_value_if("diff", ArgPredicate::IsPresent, None))]
    pub formats: Vec<Output>,
    /// In SARIF, also what is excepted or in the baseline, as suppressed results; GitHub would show them as open
    #[arg(long)]
    pub sarif_suppressed: bool,
    /// Write the safe fixes that rules offer into the files, or all fixes, and report what is left
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    pub fix: Option<Fixes>,
    /// Show what --fix would change as a diff, instead of a report
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "safe", conflicts_with = "fix")]
    pub diff: Option<Fixes>,
    /// Report only what this baseline does not have
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write what is found now as a baseline: from then on it does not count
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// The namespace of objects that do not write one, as `helm template` leaves them; with --cluster, one to audit: may
    /// be repeated, and is that of the context unless given
    #[arg(short, long = "namespace", value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub namespaces: Vec<String>,
    /// Leave out what matches this glob, beside `exclude` of the configuration; may be repeated
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
    /// Accept an input in which there is nothing to judge
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
    /// Say on standard error where the time went
    #[arg(long)]
    pub stats: bool,
    /// What to call standard input
    #[arg(long, value_name = "NAME", default_value = STANDARD_INPUT)]
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

/// Which fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fixes {
    /// Those that cannot change what the author meant
    Safe,
    /// Also those that somebody should look at
    All,
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
            .ok_or_else(|| format!("`{level}` is not a level; there are deny, warn, note and off"))?;
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
