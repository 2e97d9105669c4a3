//! Frameworks that are recognised in a manifest, and where each is told its shutdown timeout: rows of data.

mod rows;

pub(crate) use rows::{DETECTORS, GENERIC};

use crate::{
    command::{CommandLine, Program},
    image,
    unit::Unit,
};
use plimsoll_policy::{Duration, shell::Word, workload::Container};
use rows::NONE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One way to find a shutdown timeout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detector<'a> {
    pub(crate) name: &'a str,
    /// Recognised by the program that runs…
    programs: Texts<'a>,
    /// …with this subcommand…
    subcommand: Option<Subcommand>,
    /// …and an argument that starts so, if there are any here.
    with: Texts<'a>,
    /// Recognised by the image, where the program may be the image's own: see [`image::matches`].
    images: Texts<'a>,
    /// Images that one of the patterns matches and that are something else.
    other_images: Texts<'a>,
    /// Recognised by a variable whose name starts so, likewise.
    environment: Texts<'a>,
    /// Recognised by the flags themselves, likewise: no other framework has them.
    pub(crate) telling_flags: bool,
    /// Programs that run such an application: `java`.
    hosts: Texts<'a>,
    /// Flags that hold the timeout.
    pub(crate) flags: Texts<'a>,
    /// Variables that hold more flags; the command line wins.
    pub(crate) flag_variables: Texts<'a>,
    /// Variables that hold the timeout.
    pub(crate) variables: Texts<'a>,
    /// Case of variable names does not matter.
    pub(crate) any_case: bool,
    /// Variables whose sum is the timeout, with what each is when it is not set.
    pub(crate) sum: &'a [(&'a str, Duration)],
    /// Variables that hold a drain delay, which only a switch at build time turns on.
    pub(crate) delays: Texts<'a>,
    /// How the flags and variables are to be read.
    pub(crate) unit: Unit,
    /// What holds without any of them; code or a file of the image may change it.
    pub(crate) default: Option<Duration>,
    /// A variable and its value, without which the default does not hold, and a flag that does the same.
    pub(crate) default_needs: Option<Need>,
    /// The default is that of a host for services: what runs to completion may well have none.
    pub(crate) services_only: bool,
    /// Flags that name a configuration file, which is not in the manifest: no default then.
    pub(crate) file_flags: Texts<'a>,
    /// Variables that point to a configuration elsewhere: no default then. Each by the start of its name.
    pub(crate) file_variables: Texts<'a>,
    /// A variable that makes the timeout unknown, whatever else is said: its start, a text in its value (in lower case),
    /// and why.
    pub(crate) obstacles: &'a [(&'a str, &'a str, &'a str)],
    /// Which versions it holds for, where that matters.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page's table shows it, which a test holds to the rows"))]
    pub(crate) since: &'a str,
    /// Where the numbers come from.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page's table shows it, which a test holds to the rows"))]
    pub(crate) source: &'a str,
}

/// A word that must be the first operand of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subcommand {
    /// `worker`, or with `*` in front the end of a file's name.
    names: &'static [&'static str],
    /// Options before it whose value is the next word.
    valued: &'static [&'static str],
}

/// What a default depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) variable: &'static str,
    pub(crate) flags: &'static [&'static str],
    pub(crate) value: &'static str,
}

/// Arguments with which a program tells something and ends.
const ONLY_TELLS: [&str; 5] = ["--version", "--help", "-h", "--check-config", "--print-config"];

/// Texts of a row, built in or from the settings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Texts<'a> {
    BuiltIn(&'a [&'a str]),
    Given(&'a [String]),
}

impl<'a> Texts<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        let (built_in, given): (&[&str], &[String]) = match self {
            Texts::BuiltIn(texts) => (texts, &[]),
            Texts::Given(texts) => (&[], texts),
        };
        built_in.iter().copied().chain(given.iter().map(String::as_str))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

/// A way to find a shutdown timeout that the settings add.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CustomDetector {
    /// Name of the framework, for messages.
    pub name: String,
    /// Recognised by the image: `acme/worker`, `registry.acme.com/jobs/*`, `worker:2.*`.
    pub images: Vec<String>,
    /// Recognised by a program of the command line.
    pub programs: Vec<String>,
    /// Recognised by a variable whose name starts so.
    pub environment: Vec<String>,
    /// Flags that hold the timeout.
    pub flags: Vec<String>,
    /// Variables that hold the timeout.
    pub variables: Vec<String>,
    /// How the flags and variables are to be read.
    pub unit: Unit,
    /// What holds without any of them.
    pub default: Option<Duration>,
}

impl CustomDetector {
    pub(crate) fn row(&self) -> Detector<'_> {
        Detector {
            name: &self.name,
            images: Texts::Given(&self.images),
            programs: Texts::Given(&self.programs),
            environment: Texts::Given(&self.environment),
            flags: Texts::Given(&self.flags),
            variables: Texts::Given(&self.variables),
            unit: self.unit,
            default: self.default,
            ..NONE
        }
    }

    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.name.is_empty() {
            return Err("detectors: one has no `name`".to_owned());
        }
        let name = &self.name;
        if self.images.is_empty() && self.programs.is_empty() && self.environment.is_empty() {
            return Err(format!(
                "detectors: `{name}` recognises nothing; give it `images`, `programs` or `environment`"
            ));
        }
        if self.flags.is_empty() && self.variables.is_empty() && self.default.is_none() {
            return Err(format!("detectors: `{name}` says nothing; give it `flags`, `variables` or a `default`"));
        }
        let mut texts = [&self.images, &self.programs, &self.environment, &self.flags, &self.variables].into_iter();
        if texts.any(|texts| texts.iter().any(String::is_empty)) {
            return Err(format!("detectors: `{name}` has an empty text, which would match anything"));
        }
        Ok(())
    }
}

impl Detector<'_> {
    /// The words in which this row's flags may stand; none where it does not recognise the program.
    pub(crate) fn recognise<'c>(&self, container: &Container, program: Option<&'c Program>) -> Option<&'c [Word]> {
        let Some(program) = program else { return self.surrounds(container, &[]).then_some(&[]) };
        if self.programs.iter().any(|name| name == program.name()) {
            let arguments = program.arguments();
            let follows = |start| arguments.iter().any(|word| word.text.starts_with(start));
            if arguments.first().is_some_and(|word| ONLY_TELLS.contains(&&*word.text)) {
                return None;
            }
            let has_with = self.with.is_empty() || self.with.iter().any(follows);
            return (has_with && self.subcommand.is_none_or(|wanted| wanted.is_first(arguments))).then_some(arguments);
        }
        let may_be = program.may_be_the_images_own() && !self.is_a_tool(program);
        let is_host = self.hosts.iter().any(|host| host == program.name());
        ((may_be || is_host) && self.surrounds(container, &program.words)).then_some(&program.words)
    }

    /// Whether the image, a variable or a flag tells that the application is built with the framework.
    fn surrounds(&self, container: &Container, words: &[Word]) -> bool {
        let is_image = |patterns: Texts<'_>| patterns.iter().any(|pattern| image::matches(pattern, &container.image));
        let by_image = is_image(self.images) && !is_image(self.other_images);
        let has = |prefix| container.env.iter().any(|variable| self.starts_with(&variable.name, prefix));
        let is_flag = |word: &Word| self.flags.iter().any(|flag| word.text.starts_with(flag));
        let in_variables = || {
            let texts = self.flag_variables.iter().filter_map(|name| container.env(name)?.value.as_deref());
            texts.flat_map(CommandLine::of_options).any(|word| is_flag(&word))
        };
        let by_flag = self.telling_flags && (words.iter().any(is_flag) || in_variables());
        by_image || self.environment.iter().any(has) || by_flag
    }

    /// `dotnet-trace` is not an application of .NET's host.
    fn is_a_tool(&self, program: &Program) -> bool {
        self.programs.iter().any(|name| program.name().strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
    }

    pub(crate) fn starts_with(&self, name: &str, prefix: &str) -> bool {
        if self.any_case {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        } else {
            name.starts_with(prefix)
        }
    }

    pub(crate) fn is_variable(&self, name: &str, variable: &str) -> bool {
        if self.any_case { name.eq_ignore_ascii_case(variable) } else { name == variable }
    }

    /// How to tell the framework its timeout.
    pub(crate) fn advice(&self) -> Option<String> {
        let place = self.flags.iter().chain(self.variables.iter()).next()?;
        Some(format!("tell {} with `{place}` ({})", self.name, self.unit.example()))
    }
}

impl Subcommand {
    fn is_first(self, arguments: &[Word]) -> bool {
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if self.valued.contains(&&*word.text) {
                words.next();
            } else if !word.text.starts_with('-') {
                return self.names.iter().any(|name| match name.strip_prefix('*') {
                    Some(end) => word.text.ends_with(end),
                    None => word.text == *name,
                });
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GracePeriod;
    use plimsoll_policy::Policy;

    fn code<'a>(texts: impl Iterator<Item = &'a str>, suffix: &str) -> String {
        texts.map(|text| format!("`{text}{suffix}`")).collect::<Vec<_>>().join(", ")
    }

    fn joined(parts: &[String]) -> String {
        parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("; ")
    }

    fn table_row(row: &Detector<'_>) -> String {
        let labelled = |label: &str, text: String| if text.is_empty() { text } else { format!("{label} {text}") };
        let subcommand = row.subcommand.map_or_else(String::new, |wanted| code(wanted.names.iter().copied(), ""));
        let with = joined(&[subcommand, code(row.with.iter(), "…")]);
        let programs = labelled("command", [code(row.programs.iter(), ""), labelled("with", with)].join(" "));
        let by_flag = if row.telling_flags { "its flags".to_owned() } else { String::new() };
        let recognised = joined(&[
            programs.trim_end().trim_end_matches("command").to_owned(),
            labelled("image", code(row.images.iter(), "")) + &labelled(" but not", code(row.other_images.iter(), "")),
            labelled("variables", code(row.environment.iter(), "…")),
            by_flag,
        ]);
        let sum = row.sum.iter().map(|(name, otherwise)| format!("`{name}` (else {otherwise})")).collect::<Vec<_>>();
        let flag_variables = labelled("flags in", code(row.flag_variables.iter(), ""));
        let told = joined(&[
            code(row.flags.iter(), ""),
            flag_variables,
            code(row.variables.iter(), ""),
            sum.join(" + "),
            labelled("drain delay", code(row.delays.iter(), "")),
        ]);
        let unit = serde_json::to_string(&row.unit).unwrap().replace('"', "`");
        let unit = if told.is_empty() { String::new() } else { unit };
        let mut default = row.default.map_or_else(|| "unknown".to_owned(), |default| default.to_string());
        if let Some(Need { variable, value, .. }) = row.default_needs {
            default += &format!(" with `{variable}={value}`, else unknown");
        }
        let unknown = joined(&[code(row.file_flags.iter(), ""), code(row.file_variables.iter(), "…")]);
        default += &labelled("; unknown with", unknown);
        let Detector { name, since, source, .. } = row;
        format!("| {name} | {recognised} | {told} | {unit} | {default} | {since} | {source} |\n")
    }

    #[test]
    fn the_page_shows_every_row() {
        let table: String = DETECTORS.iter().map(table_row).collect();
        assert!(GracePeriod::PAGE.contains(&table), "the table of the page is stale; put there:\n{table}");
        let generic = code(GENERIC.into_iter(), "");
        assert!(GracePeriod::PAGE.contains(&generic), "the page does not name {generic}");
    }

    #[test]
    fn refuses_rows_that_could_match_anything_or_say_nothing() {
        let row = |json: &str| serde_json::from_str::<CustomDetector>(json).unwrap().validate();
        assert_eq!(row(r#"{ "name": "a", "programs": ["a"], "flags": ["-t"] }"#), Ok(()));
        for (json, problem) in [
            (r#"{ "programs": ["a"], "flags": ["-t"] }"#, "has no `name`"),
            (r#"{ "name": "a", "flags": ["-t"] }"#, "recognises nothing"),
            (r#"{ "name": "a", "programs": ["a"] }"#, "says nothing"),
            (r#"{ "name": "a", "environment": [""], "flags": ["-t"] }"#, "empty text"),
        ] {
            let error = row(json).unwrap_err();
            assert!(error.contains(problem), "{json}: {error}");
        }
        assert!(serde_json::from_str::<CustomDetector>(r#"{ "nmae": "a" }"#).is_err());
    }
}
