//! S: where a container's shutdown timeout comes from. In this order:
//! an explicit flag of a known framework, its explicit variable, the annotation for the container, the annotation for
//! the pod, a generic variable with a unit, the framework's default.

use crate::{
    command::CommandLine,
    detectors::{CustomDetector, DETECTORS, Detector, GENERIC},
    shell::Word,
    unit::Unit,
};
use plimsoll_policy::{
    Duration,
    contract::{Contract, Declared, Key},
    workload::{Container, EnvVar},
};

pub(crate) enum Shutdown<'a> {
    Known(Known),
    Unknown(Unknown<'a>),
}

pub(crate) struct Known {
    pub(crate) length: Duration,
    /// The flag, the variable, the annotation, or whose default it is.
    pub(crate) source: String,
    pub(crate) origin: Origin,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag or a variable that a known framework reads.
    Framework,
    Annotation,
    GenericVariable,
    Default,
    /// A default that may not hold: the framework is only inferred, or `envFrom` may say otherwise.
    Inferred,
}

/// Nobody says, or nobody can tell from the manifest.
#[derive(Default)]
pub(crate) struct Unknown<'a> {
    pub(crate) obstacle: Option<Obstacle>,
    /// The framework that was recognised.
    pub(crate) framework: Option<Detector<'a>>,
}

/// Something in the manifest that sets S to a value which cannot be told.
pub(crate) struct Obstacle {
    pub(crate) why: String,
    pub(crate) pointer: Option<String>,
}

impl Shutdown<'_> {
    /// Zero where it is unknown: a lower bound.
    pub(crate) fn length(&self) -> Duration {
        match self {
            Shutdown::Known(known) => known.length,
            Shutdown::Unknown(_) => Duration::ZERO,
        }
    }

    pub(crate) fn known(&self) -> Option<&Known> {
        match self {
            Shutdown::Known(known) => Some(known),
            Shutdown::Unknown(_) => None,
        }
    }
}

type Reading = Result<Known, Obstacle>;

pub(crate) fn find<'a>(container: &Container, contract: &Contract, custom: &'a [CustomDetector]) -> Shutdown<'a> {
    let line = CommandLine::of(container);
    let rows: Vec<_> = custom
        .iter()
        .map(CustomDetector::row)
        .chain(DETECTORS)
        .filter_map(|row| Some((row, row.recognise(container, &line)?)))
        .map(|(row, arguments)| Recognised { row, arguments, container, line: &line })
        .collect();

    let explicit = rows.iter().find_map(Recognised::flag).or_else(|| rows.iter().find_map(Recognised::variable));
    let framework = rows.first().map(|recognised| recognised.row);
    let obstacle = match explicit {
        Some(Ok(known)) => return Shutdown::Known(known),
        Some(Err(obstacle)) => Some(obstacle),
        None => None,
    };
    if let Some(declared) = contract.duration(Key::ShutdownTimeout, container) {
        let Declared { value: length, annotation: source, .. } = declared;
        return Shutdown::Known(Known { length, source, origin: Origin::Annotation });
    }
    let fallback = match obstacle {
        Some(obstacle) => Some(Err(obstacle)),
        None => generic(container).or_else(|| rows.iter().find_map(Recognised::default).map(Ok)),
    };
    match fallback {
        Some(Ok(known)) => Shutdown::Known(known),
        Some(Err(obstacle)) => Shutdown::Unknown(Unknown { obstacle: Some(obstacle), framework }),
        None => Shutdown::Unknown(Unknown { obstacle: None, framework }),
    }
}

/// A framework that a container was recognised to run.
struct Recognised<'a, 'c> {
    row: Detector<'a>,
    /// Words in which its flags may stand.
    arguments: Vec<&'c [Word]>,
    container: &'c Container,
    line: &'c CommandLine,
}

impl Recognised<'_, '_> {
    fn flag(&self) -> Option<Reading> {
        let on_the_line = self.arguments.iter().find_map(|words| self.flag_in(words));
        on_the_line.or_else(|| self.row.flag_variables.iter().find_map(|name| self.flag_in_variable(name)))
    }

    /// The last of the flags in a list of words: all these frameworks let the last one win.
    fn flag_in(&self, words: &[Word]) -> Option<Reading> {
        let (flag, value) = (0..words.len()).rev().find_map(|at| {
            let value = |flag| Some((flag, flag_value(flag, &words[at], words.get(at + 1))?));
            self.row.flags.iter().find_map(value)
        })?;
        let Some(value) = value.filter(|value| !value.dynamic) else {
            return Some(Err(Obstacle {
                why: format!("`{flag}` is given a value that only the pod knows"),
                pointer: None,
            }));
        };
        Some(self.read(&value.text, flag, None))
    }

    fn flag_in_variable(&self, name: &str) -> Option<Reading> {
        let (at, variable) = variable(self.container, |other| other == name)?;
        match &variable.value {
            Some(text) => self.flag_in(&CommandLine::of_options(text)),
            // `JAVA_TOOL_OPTIONS` from a secret is no sign of a shutdown timeout.
            None if self.row.telling_flags => None,
            None => Some(Err(elsewhere(self.container, at, name))),
        }
    }

    /// Of several variables the longest time counts: which of them wins depends on the framework's version.
    fn variable(&self) -> Option<Reading> {
        if !self.row.sum.is_empty() {
            return self.sum();
        }
        let mut longest: Option<Known> = None;
        for name in self.row.variables.iter() {
            match self.variable_named(name) {
                Some(Ok(known)) if longest.as_ref().is_none_or(|longest| known.length > longest.length) => {
                    longest = Some(known);
                }
                Some(Err(obstacle)) => return Some(Err(obstacle)),
                _ => {}
            }
        }
        longest.map(Ok)
    }

    fn variable_named(&self, name: &str) -> Option<Reading> {
        if self.line.sets(name) {
            return Some(Err(Obstacle { why: format!("the command sets `{name}` itself"), pointer: None }));
        }
        let (at, variable) = variable(self.container, |other| self.row.is_variable(other, name))?;
        match &variable.value {
            None => Some(Err(elsewhere(self.container, at, &variable.name))),
            Some(text) if text.is_empty() => None,
            Some(text) => Some(self.read(text, &variable.name, Some(value_pointer(self.container, at)))),
        }
    }

    fn sum(&self) -> Option<Reading> {
        let mut length = Duration::ZERO;
        let mut sources = Vec::new();
        for (name, otherwise) in self.row.sum {
            match self.variable_named(name) {
                Some(Ok(known)) => {
                    length = length + known.length;
                    sources.push(known.source);
                }
                Some(Err(obstacle)) => return Some(Err(obstacle)),
                None => length = length + *otherwise,
            }
        }
        let source = sources.join(" + ");
        (!source.is_empty()).then_some(Ok(Known { length, source, origin: Origin::Framework }))
    }

    fn read(&self, text: &str, source: &str, pointer: Option<String>) -> Reading {
        let parsed = if text.contains("$(") { None } else { self.row.unit.parse(text) };
        let Some(length) = parsed else {
            let name = self.row.name;
            return Err(Obstacle {
                why: format!("`{source}` is `{text}`, which {name} does not read as a time"),
                pointer,
            });
        };
        Ok(Known { length, source: source.to_owned(), origin: Origin::Framework })
    }

    fn default(&self) -> Option<Known> {
        let length = self.row.default?;
        let names_a_file = |word: &Word| self.row.file_flags.iter().any(|flag| is_flag(flag, word));
        if self.arguments.iter().copied().flatten().any(names_a_file) {
            return None;
        }
        if let Some((name, value)) = self.row.default_needs {
            let (_, variable) = variable(self.container, |other| other == name)?;
            variable.value.as_deref().filter(|given| given.eq_ignore_ascii_case(value))?;
        }
        let reads_variables = self.row.variables.iter().chain(self.row.flag_variables.iter()).next().is_some();
        let may_differ = self.row.inferred || (reads_variables && self.container.has_env_from);
        let (origin, suffix) = if may_differ { (Origin::Inferred, ", inferred") } else { (Origin::Default, "") };
        Some(Known { length, source: format!("default of {}{suffix}", self.row.name), origin })
    }
}

/// A variable that any application may read. A bare number may be seconds or milliseconds.
fn generic(container: &Container) -> Option<Reading> {
    let (at, variable) = variable(container, |name| GENERIC.contains(&name))?;
    let name = &variable.name;
    let Some(text) = &variable.value else { return Some(Err(elsewhere(container, at, name))) };
    if text.is_empty() {
        return None;
    }
    let Some(length) = Unit::WithUnit.parse(text) else {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let problem = if is_number { "unit unknown" } else { "not a time with a unit" };
        let why = format!("`{name}` is `{text}`: {problem}");
        return Some(Err(Obstacle { why, pointer: Some(value_pointer(container, at)) }));
    };
    Some(Ok(Known { length, source: name.clone(), origin: Origin::GenericVariable }))
}

/// The last variable whose name is wanted, as in the kubelet, and its index.
fn variable(container: &Container, wanted: impl Fn(&str) -> bool) -> Option<(usize, &EnvVar)> {
    container.env.iter().enumerate().rev().find(|(_, variable)| wanted(&variable.name))
}

fn elsewhere(container: &Container, at: usize, name: &str) -> Obstacle {
    Obstacle {
        why: format!("`{name}` comes from `valueFrom`"),
        pointer: Some(container.field(&format!("env/{at}/valueFrom"))),
    }
}

fn value_pointer(container: &Container, at: usize) -> String {
    container.field(&format!("env/{at}/value"))
}

/// The value given to a flag by a word and the one after it: `--flag value`, `--flag=value`, `-t40`. The outer option
/// is whether the word is the flag at all.
fn flag_value(flag: &str, word: &Word, next: Option<&Word>) -> Option<Option<Word>> {
    if word.text == flag {
        return Some(next.cloned());
    }
    let rest = word.text.strip_prefix(flag)?;
    let is_short = flag.len() == 2 && rest.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    let value = rest.strip_prefix('=').or(is_short.then_some(rest))?;
    Some(Some(Word { text: value.to_owned(), ..word.clone() }))
}

fn is_flag(flag: &str, word: &Word) -> bool {
    let attached = |rest: &str| rest.is_empty() || rest.starts_with('=') || flag.len() == 2;
    word.text.strip_prefix(flag).is_some_and(attached)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        GracePeriod,
        sample::{GivenContainer, container, deployment},
    };
    use plimsoll_policy::Policy;

    /// `45s DOTNET_SHUTDOWNTIMEOUTSECONDS`, or `? why`.
    fn outline(app: GivenContainer, annotations: &[(&str, &str)], settings: &GracePeriod) -> String {
        let mut given = deployment(30).with(app);
        for (annotation, value) in annotations {
            given = given.annotate(annotation, value);
        }
        let workload = given.build();
        let contract = Contract::of(&workload);
        match find(&workload.pod.containers[0], &contract, &settings.detectors) {
            Shutdown::Known(Known { length, source, .. }) => format!("{length} {source}"),
            Shutdown::Unknown(Unknown { obstacle: Some(obstacle), .. }) => format!("? {}", obstacle.why),
            Shutdown::Unknown(_) => "?".to_owned(),
        }
    }

    fn plain(app: GivenContainer) -> String {
        outline(app, &[], &GracePeriod::default())
    }

    #[test]
    fn each_source_wins_over_those_after_it() {
        let pod = ("plimsoll.dev/shutdown-timeout", "14s");
        let own = ("shutdown-timeout.plimsoll.dev/app", "13s");
        let app = || container("app").image("plimsoll-worker:1.0.0");
        let generic = || app().env("SHUTDOWN_TIMEOUT", "16s");
        let variable = || generic().env("WORKER_SHUTDOWN_TIMEOUT", "12s");
        let flag = || variable().args(&["run", "--shutdown-timeout", "11s"]);
        let settings = GracePeriod::default();
        for (app, annotations, expected) in [
            (flag(), &[pod, own][..], "11s --shutdown-timeout"),
            (variable(), &[pod, own], "12s WORKER_SHUTDOWN_TIMEOUT"),
            (generic(), &[pod, own], "13s shutdown-timeout.plimsoll.dev/app"),
            (generic(), &[pod], "14s plimsoll.dev/shutdown-timeout"),
            (generic(), &[], "16s SHUTDOWN_TIMEOUT"),
            (app(), &[], "15s default of plimsoll-worker"),
            (container("app"), &[], "?"),
        ] {
            assert_eq!(outline(app, annotations, &settings), expected);
        }
    }

    #[test]
    fn frameworks_are_understood() {
        let app = || container("app");
        for (app, expected) in [
            (app().image("mcr.microsoft.com/dotnet/aspnet:8.0"), "30s default of .NET"),
            (app().image("mcr.microsoft.com/dotnet/aspnet:5.0"), "5s default of .NET Core"),
            (app().image("mcr.microsoft.com/dotnet/core/aspnet:3.1"), "5s default of .NET Core"),
            (app().command(&["dotnet", "app.dll"]), "30s default of .NET"),
            (app().env("ASPNETCORE_URLS", "http://+:8080"), "30s default of .NET"),
            (app().env("DOTNET_shutdownTimeoutSeconds", "45"), "45s DOTNET_shutdownTimeoutSeconds"),
            (
                app().env("DOTNET_SHUTDOWNTIMEOUTSECONDS", "10").env("ASPNETCORE_SHUTDOWNTIMEOUTSECONDS", "45"),
                "45s ASPNETCORE_SHUTDOWNTIMEOUTSECONDS",
            ),
            (
                app().env("DOTNET_SHUTDOWNTIMEOUTSECONDS", "45s"),
                "? `DOTNET_SHUTDOWNTIMEOUTSECONDS` is `45s`, which .NET does not read as a time",
            ),
            (app().env("HostOptions__ShutdownTimeout", "00:01:30"), "90s HostOptions__ShutdownTimeout"),
            (app().env("DOTNET_HOSTOPTIONS__SHUTDOWNTIMEOUT", "00:00:45"), "45s DOTNET_HOSTOPTIONS__SHUTDOWNTIMEOUT"),
            (
                app().env("SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE", "20000"),
                "20s SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE",
            ),
            (app().env("SPRING_PROFILES_ACTIVE", "prod"), "?"),
            (app().env("SPRING_PROFILES_ACTIVE", "prod").env("SERVER_SHUTDOWN", "immediate"), "?"),
            (app().env("SERVER_SHUTDOWN", "graceful"), "30s default of Spring Boot"),
            (
                app().command(&["java", "-jar", "a.jar", "--spring.lifecycle.timeout-per-shutdown-phase=1m"]),
                "60s --spring.lifecycle.timeout-per-shutdown-phase",
            ),
            (
                app().env("JAVA_TOOL_OPTIONS", "-Xmx1g -Dspring.lifecycle.timeout-per-shutdown-phase=40s"),
                "40s -Dspring.lifecycle.timeout-per-shutdown-phase",
            ),
            (app().env_from_elsewhere("JAVA_TOOL_OPTIONS").env("QUARKUS_HTTP_PORT", "80"), "0s default of Quarkus"),
            (app().env("JAVA_TOOL_OPTIONS", "-Xmx1g"), "?"),
            (app().env("QUARKUS_SHUTDOWN_TIMEOUT", "40"), "40s QUARKUS_SHUTDOWN_TIMEOUT"),
            (app().command(&["bundle", "exec", "sidekiq"]), "25s default of Sidekiq"),
            (app().command(&["bundle", "exec", "sidekiq", "-t", "40"]), "40s -t"),
            (app().args(&["sidekiq", "-t40"]), "40s -t"),
            (app().args(&["sidekiq", "--timeout=40", "-c", "5"]), "40s --timeout"),
            (app().args(&["sidekiq", "-C", "config/sidekiq.yml"]), "?"),
            (app().args(&["timeout", "-t", "9", "sidekiq"]), "25s default of Sidekiq"),
            (app().command(&["gunicorn", "app:app"]), "30s default of gunicorn"),
            (app().command(&["python", "-m", "gunicorn", "--graceful-timeout=60", "a:a"]), "60s --graceful-timeout"),
            (app().command(&["gunicorn", "-c", "conf.py", "a:a"]), "?"),
            (app().env("GUNICORN_CMD_ARGS", "--workers=2 --graceful-timeout 50"), "50s --graceful-timeout"),
            (app().env_from_elsewhere("GUNICORN_CMD_ARGS"), "? `GUNICORN_CMD_ARGS` comes from `valueFrom`"),
            (
                app().command(&["sh", "-c", "migrate && exec gunicorn app:app --graceful-timeout 45 | tee x"]),
                "45s --graceful-timeout",
            ),
            (
                app().command(&["sh", "-c", "exec gunicorn app:app --graceful-timeout $TIMEOUT"]),
                "? `--graceful-timeout` is given a value that only the pod knows",
            ),
            (
                app().command(&["gunicorn", "app:app", "--graceful-timeout", "$(TIMEOUT)"]),
                "? `--graceful-timeout` is given a value that only the pod knows",
            ),
            (app().command(&["uvicorn", "app:app"]), "?"),
            (
                app().command(&["uvicorn", "app:app", "--timeout-graceful-shutdown", "20"]),
                "20s --timeout-graceful-shutdown",
            ),
            (app().env("UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", "20"), "20s UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN"),
            (app().command(&["celery", "-A", "app", "worker", "--time-limit=300"]), "300s --time-limit"),
            (app().command(&["celery", "-A", "app", "worker"]), "?"),
            (app().command(&["celery", "-A", "app", "beat", "--time-limit=300"]), "?"),
            (
                app().env("RESQUE_PRE_SHUTDOWN_TIMEOUT", "20").env("RESQUE_TERM_TIMEOUT", "8"),
                "28s RESQUE_PRE_SHUTDOWN_TIMEOUT + RESQUE_TERM_TIMEOUT",
            ),
            (app().env("RESQUE_PRE_SHUTDOWN_TIMEOUT", "20"), "24s RESQUE_PRE_SHUTDOWN_TIMEOUT"),
            (
                app().command(&["/manager"]).args(&["--leader-elect=true"]),
                "30s default of controller-runtime, inferred",
            ),
            (app().command(&["/manager"]), "?"),
            (app().image("gcr.io/cloudsql-docker/gce-proxy:1.33.0").args(&["-term_timeout=20s"]), "20s -term_timeout"),
            (
                app().image("gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0").args(&["--max-sigterm-delay", "20s"]),
                "20s --max-sigterm-delay",
            ),
            (app().image("cloud-sql-proxy:2.14.0"), "0s default of Cloud SQL proxy 2"),
        ] {
            assert_eq!(plain(app), expected);
        }
    }

    #[test]
    fn what_only_the_pod_knows_is_unknown_unless_it_is_declared() {
        let told_elsewhere = || container("app").env_from_elsewhere("DOTNET_SHUTDOWNTIMEOUTSECONDS");
        assert_eq!(plain(told_elsewhere()), "? `DOTNET_SHUTDOWNTIMEOUTSECONDS` comes from `valueFrom`");
        let declared = [("plimsoll.dev/shutdown-timeout", "40s")];
        let settings = GracePeriod::default();
        assert_eq!(outline(told_elsewhere(), &declared, &settings), "40s plimsoll.dev/shutdown-timeout");
        for value in ["30", "30000", "soon"] {
            let found = plain(container("app").env("GRACEFUL_SHUTDOWN_TIMEOUT", value));
            assert!(found.starts_with("? `GRACEFUL_SHUTDOWN_TIMEOUT`"), "{found}");
        }
        assert_eq!(plain(container("app").env("SHUTDOWN_TIMEOUT", "30000ms")), "30s SHUTDOWN_TIMEOUT");
        assert_eq!(plain(container("app").env("SHUTDOWN_TIMEOUT", "")), "?");
        let set_in_the_script = container("app").env("DOTNET_SHUTDOWNTIMEOUTSECONDS", "5").command(&[
            "sh",
            "-c",
            "DOTNET_SHUTDOWNTIMEOUTSECONDS=90 exec dotnet app.dll",
        ]);
        assert_eq!(plain(set_in_the_script), "? the command sets `DOTNET_SHUTDOWNTIMEOUTSECONDS` itself");
    }

    #[test]
    fn a_default_that_env_from_may_change_is_only_inferred() {
        let app = container("app").image("mcr.microsoft.com/dotnet/aspnet:8.0").env_from();
        assert_eq!(plain(app), "30s default of .NET, inferred");
        let sidekiq = container("app").command(&["sidekiq"]).env_from();
        assert_eq!(plain(sidekiq), "25s default of Sidekiq");
    }

    #[test]
    fn settings_add_rows_that_are_asked_first() {
        let settings: GracePeriod = serde_json::from_str(
            r#"{ "detectors": [{ "name": "puma", "programs": ["puma"], "images": ["acme/*:2.*"], "flags": ["--drain"],
                 "variables": ["DRAIN_MS"], "unit": "milliseconds", "default": "7s" }] }"#,
        )
        .unwrap();
        settings.validate().unwrap();
        let app = || container("app").image("acme/web:2.1.0");
        assert_eq!(outline(app(), &[], &settings), "7s default of puma");
        assert_eq!(outline(app().env("DRAIN_MS", "9000"), &[], &settings), "9s DRAIN_MS");
        assert_eq!(outline(app().command(&["puma", "--drain", "8000"]), &[], &settings), "8s --drain");
        assert_eq!(outline(container("app").image("acme/web:1.0.0"), &[], &settings), "?");
    }
}
