//! The table of fields, read once from the text that is generated.

use super::Version;
use std::sync::LazyLock;

/// Types of the API with their fields, by name.
pub(super) struct Table {
    types: Vec<Type>,
}

/// A type of the API: `Container`.
pub(super) struct Type {
    pub(super) name: &'static str,
    /// Sorted by name.
    pub(super) fields: Vec<Field>,
}

/// A field, with the minor versions of Kubernetes 1 that know it.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The type of its value, or of each item of it; none where what is in it is not looked at.
    pub(super) of: Option<usize>,
    /// The first version with it; none where the oldest known one has it.
    pub(super) since: Option<u8>,
    /// The first version without it.
    pub(super) until: Option<u8>,
    /// The feature gate without which the API server drops it.
    pub(super) gate: Option<&'static Gate>,
}

/// A feature gate, and when its default changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Gate {
    /// `ContainerStopSignals`.
    pub name: &'static str,
    /// Minor versions with what holds from each of them on, oldest first.
    changes: Vec<(u8, bool)>,
}

impl Gate {
    /// Whether it is off where nobody sets it.
    pub fn is_off(&self, version: Version) -> bool {
        let before = self.changes.iter().take_while(|(minor, _)| *minor <= version.minor());
        before.last().is_some_and(|(_, is_on)| !is_on)
    }
}

const TEXT: &str = include_str!("fields.txt");
const GATES: &str = "GATES";

static GATE_LIST: LazyLock<Vec<Gate>> = LazyLock::new(|| {
    let lines = TEXT.lines().skip_while(|line| *line != GATES).skip(1);
    lines.filter_map(|line| gate(line.trim())).collect()
});

/// The table.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let heads: Vec<&'static str> = types().map(|(name, _)| name).collect();
    let read = |(name, lines): (&'static str, Vec<&'static str>)| Type {
        name,
        fields: lines.into_iter().map(|line| field(line, &heads)).collect(),
    };
    Table { types: types().map(read).collect() }
});

impl Table {
    /// A type; that of a kind has its name.
    pub(super) fn named(&self, name: &str) -> Option<&Type> {
        self.types.iter().find(|known| known.name == name)
    }

    /// The type of what is in a field.
    pub(super) fn within(&self, field: &Field) -> Option<&Type> {
        field.of.and_then(|index| self.types.get(index))
    }
}

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        let at = self.fields.binary_search_by(|field| field.name.cmp(name)).ok()?;
        self.fields.get(at)
    }
}

/// Each type's name with the lines of its fields.
fn types() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let blocks = TEXT.split("\n\n").filter(|block| !block.starts_with(['#']) && !block.starts_with(GATES));
    blocks.filter_map(|block| {
        let mut lines = block.lines();
        Some((lines.next()?, lines.map(str::trim).collect()))
    })
}

/// `name of=Type since=27 until=31 gate=Name`: what is not the rule is written.
fn field(line: &'static str, types: &[&str]) -> Field {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let word = |key: &str| rest.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let number = |key: &str| word(key).and_then(|number| number.parse().ok());
    Field {
        name,
        of: word("of").and_then(|of| types.iter().position(|name| *name == of)),
        since: number("since"),
        until: number("until"),
        gate: word("gate").and_then(|gate| GATE_LIST.iter().find(|known| known.name == gate)),
    }
}

/// `Name 33:off 35:on`.
fn gate(line: &'static str) -> Option<Gate> {
    let (name, changes) = line.split_once(' ')?;
    let change = |change: &str| {
        let (minor, state) = change.split_once(':')?;
        Some((minor.parse().ok()?, state == "on"))
    };
    Some(Gate { name, changes: changes.split(' ').filter_map(change).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_of_the_text_is_understood() {
        let mut words = BTreeSet::new();
        for line in TEXT.lines().filter(|line| line.starts_with("  ") && !line.contains(':')) {
            words.extend(line.trim().split(' ').skip(1).map(|word| word.split_once('=').expect("a key and a value").0));
        }
        assert_eq!(words.into_iter().collect::<Vec<_>>(), ["gate", "of", "since", "until"]);
        let written = |word: &str| TEXT.matches(word).count();
        let fields = || TABLE.types.iter().flat_map(|of| &of.fields);
        assert_eq!(fields().filter(|field| field.of.is_some()).count(), written(" of="));
        assert_eq!(fields().filter(|field| field.since.is_some()).count(), written(" since="));
        assert_eq!(fields().filter(|field| field.until.is_some()).count(), written(" until="));
        assert_eq!(fields().filter(|field| field.gate.is_some()).count(), written(" gate="));
        let changes: usize = GATE_LIST.iter().map(|gate| gate.changes.len()).sum();
        assert_eq!(changes, written(":on") + written(":off"));
    }

    #[test]
    fn covers_the_versions_that_can_be_named() {
        let versions = format!("in Kubernetes {} to {}.", Version::OLDEST, Version::NEWEST);
        assert!(TEXT.lines().next().is_some_and(|line| line.ends_with(&versions)), "{versions}");
    }

    #[test]
    fn fields_can_be_looked_up() {
        for of in &TABLE.types {
            for field in &of.fields {
                assert!(of.field(field.name).is_some_and(|found| std::ptr::eq(found, field)), "{}", field.name);
            }
        }
        let container = TABLE.named("Container").expect("a type");
        let probe = TABLE.within(container.field("livenessProbe").expect("a field")).expect("a type");
        assert_eq!(probe.name, "Probe");
        assert!(container.field("livenesProbe").is_none());
    }

    #[test]
    fn a_gate_is_off_until_its_default_changes() {
        let field = TABLE.named("Container").and_then(|of| of.field("restartPolicyRules")).expect("a field");
        let gate = field.gate.expect("a gate");
        let off = ["1.33", "1.34", "1.35", "1.37"].map(|version| gate.is_off(version.parse().expect("a version")));
        assert_eq!((field.since, off), (Some(34), [false, true, false, false]));
    }
}
