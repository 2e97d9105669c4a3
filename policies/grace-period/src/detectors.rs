//! Frameworks that are recognised in a manifest, and where each is told its shutdown timeout: rows of data.

mod rows;

pub(crate) use rows::{DETECTORS, GENERIC};

use crate::{
    command::CommandLine,
    image,
    shell::{Word, base_name},
    unit::Unit,
};
use plimsoll_policy::{Duration, workload::Container};
use rows::NONE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One way to find a shutdown timeout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detector<'a> {
    pub(crate) name: &'a str,
    /// Recognised by the image: see [`image::matches`].
    images: Texts<'a>,
    /// Recognised by a program of the command line…
    programs: Texts<'a>,
    /// …that is followed by a word which starts so, if there are any here.
    with: Texts<'a>,
    /// Recognised by a variable whose name starts so.
    environment: Texts<'a>,
    /// Recognised by the flags themselves: no other framework has them.
    pub(crate) telling_flags: bool,
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
    /// How the flags and variables are to be read.
    pub(crate) unit: Unit,
    /// What holds without any of them.
    pub(crate) default: Option<Duration>,
    /// A variable and its value, without which the default does not hold.
    pub(crate) default_needs: Option<(&'a str, &'a str)>,
    /// Flags that name a configuration file, which nobody sees here: no default then.
    pub(crate) file_flags: Texts<'a>,
    /// The framework is only inferred.
    pub(crate) inferred: bool,
    /// Which versions it holds for, where that matters.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page's table shows it, which a test holds to the rows"))]
    pub(crate) since: &'a str,
    /// Where the numbers come from.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page's table shows it, which a test holds to the rows"))]
    pub(crate) source: &'a str,
}

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
    /// The words in which this row's flags may stand, one list per command; none where it does not recognise the
    /// container.
    pub(crate) fn recognise<'c>(&self, container: &Container, line: &'c CommandLine) -> Option<Vec<&'c [Word]>> {
        if let Some(arguments) = line.commands().iter().find_map(|command| self.arguments(command)) {
            return Some(vec![arguments]);
        }
        let all = || line.commands().iter().map(Vec::as_slice).collect();
        let by_image = self.images.iter().any(|pattern| image::matches(pattern, &container.image));
        let by_variable = || {
            self.environment
                .iter()
                .any(|prefix| container.env.iter().any(|variable| self.starts_with(&variable.name, prefix)))
        };
        let by_flag = || {
            let is_flag = |word: &Word| self.flags.iter().any(|flag| word.text.starts_with(flag));
            let on_the_line = line.commands().iter().flatten().any(is_flag);
            let in_variable = || {
                let texts = self.flag_variables.iter().filter_map(|name| container.env(name)?.value.as_deref());
                texts.flat_map(CommandLine::of_options).any(|word| is_flag(&word))
            };
            self.telling_flags && (on_the_line || in_variable())
        };
        (by_image || by_variable() || by_flag()).then(all)
    }

    /// What follows the program in a command.
    fn arguments<'c>(&self, command: &'c [Word]) -> Option<&'c [Word]> {
        let is_program = |word: &Word| self.programs.iter().any(|program| base_name(&word.text) == program);
        let arguments = &command[command.iter().position(is_program)? + 1..];
        let follows = |start| arguments.iter().any(|word| word.text.starts_with(start));
        (self.with.is_empty() || self.with.iter().any(follows)).then_some(arguments)
    }

    fn starts_with(&self, name: &str, prefix: &str) -> bool {
        if self.any_case {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        } else {
            name.starts_with(prefix)
        }
    }

    pub(crate) fn is_variable(&self, name: &str, variable: &str) -> bool {
        if self.any_case { name.eq_ignore_ascii_case(variable) } else { name == variable }
    }

    /// How one would tell the framework its timeout.
    pub(crate) fn advice(&self) -> Option<String> {
        let place = self.flags.iter().chain(self.variables.iter()).next()?;
        Some(format!("tell {} with `{place}` ({})", self.name, self.unit.example()))
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
        let with = labelled("with", code(row.with.iter(), "…"));
        let programs = labelled("command", joined(&[code(row.programs.iter(), ""), with]).replace("; with", " with"));
        let by_flag = if row.telling_flags { "its flags".to_owned() } else { String::new() };
        let recognised = joined(&[
            labelled("image", code(row.images.iter(), "")),
            programs,
            labelled("variables", code(row.environment.iter(), "…")),
            by_flag,
        ]);
        let sum = row.sum.iter().map(|(name, otherwise)| format!("`{name}` (else {otherwise})")).collect::<Vec<_>>();
        let flag_variables = labelled("flags in", code(row.flag_variables.iter(), ""));
        let told =
            joined(&[code(row.flags.iter(), ""), flag_variables, code(row.variables.iter(), ""), sum.join(" + ")]);
        let unit = serde_json::to_string(&row.unit).unwrap().replace('"', "`");
        let unit = if told.is_empty() { String::new() } else { unit };
        let mut default = row.default.map_or_else(|| "unknown".to_owned(), |default| default.to_string());
        if let Some((name, value)) = row.default_needs {
            default += &format!(" with `{name}={value}`, else unknown");
        }
        if !row.file_flags.is_empty() {
            default += &format!("; unknown with {}", code(row.file_flags.iter(), ""));
        }
        if row.inferred {
            default += ", inferred";
        }
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
