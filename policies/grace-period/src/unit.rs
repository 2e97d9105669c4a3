//! How frameworks write a length of time.

use plimsoll_policy::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a number given to a framework is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// `30s`, `1m30s`, `500ms`: a bare number is not understood.
    #[default]
    WithUnit,
    /// `30s`, or ISO 8601 (`PT30S`).
    UnitOrIso,
    /// `30` or `30.5`.
    Seconds,
    /// `30`, and nothing else.
    WholeSeconds,
    /// `30000`.
    Milliseconds,
    /// .NET: `[d.]hh:mm[:ss]`.
    TimeSpan,
    /// Spring Boot: `30s`, ISO 8601 (`PT30S`), or a bare number of milliseconds.
    Spring,
    /// Quarkus: `30s`, ISO 8601 (`PT30S`), or a bare number of seconds.
    Quarkus,
}

impl Unit {
    /// What the text means; none where the framework would not read it, or where its unit is anybody's guess.
    pub(crate) fn parse(self, text: &str) -> Option<Duration> {
        match self {
            Unit::WithUnit => text.parse().ok(),
            Unit::UnitOrIso => text.parse().ok().or_else(|| iso(text)),
            Unit::Seconds => decimal_seconds(text),
            Unit::WholeSeconds => digits(text).and_then(|seconds| scaled(seconds, 1000)),
            Unit::Milliseconds => digits(text).map(Duration::millis),
            Unit::TimeSpan => time_span(text),
            Unit::Spring => digits(text).map(Duration::millis).or_else(|| simple(text)).or_else(|| iso(text)),
            Unit::Quarkus => digits(text)
                .and_then(|seconds| scaled(seconds, 1000))
                .or_else(|| simple(text))
                .or_else(|| time_of_day(text))
                .or_else(|| iso(text)),
        }
    }

    /// What one writes to mean it, for a help text.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Unit::WithUnit | Unit::UnitOrIso | Unit::Spring | Unit::Quarkus => "`30s`",
            Unit::Seconds | Unit::WholeSeconds => "`30`, in seconds",
            Unit::Milliseconds => "`30000`, in milliseconds",
            Unit::TimeSpan => "`00:00:30`",
        }
    }
}

fn scaled(number: u64, millis: u64) -> Option<Duration> {
    number.checked_mul(millis).map(Duration::millis)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn decimal_seconds(text: &str) -> Option<Duration> {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then(|| format!("{text}s").parse().ok())?
}

/// `[d.]hh:mm[:ss[.fraction]]`.
fn time_span(text: &str) -> Option<Duration> {
    let (days, time) = match text.split_once('.') {
        Some((days, time)) if time.contains(':') => (digits(days)?, time),
        _ => (0, text),
    };
    let mut fields = time.split(':');
    let hours = digits(fields.next()?).filter(|hours| *hours < 24)?;
    let minutes = digits(fields.next()?).filter(|minutes| *minutes < 60)?;
    let seconds = fields.next().map_or(Some(Duration::ZERO), decimal_seconds)?;
    if fields.next().is_some() || seconds >= Duration::seconds(60) {
        return None;
    }
    Some(scaled(days, 86_400_000)? + scaled(hours, 3_600_000)? + scaled(minutes, 60_000)? + seconds)
}

/// One whole number with one unit, in any case: `30s`, `500MS`, `1d`.
fn simple(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    scaled(digits(number).filter(|_| !number.is_empty())?, unit)
}

/// `PnDTnHnMnS`.
fn iso(text: &str) -> Option<Duration> {
    let upper = text.to_ascii_uppercase();
    let (date, time) = match upper.strip_prefix('P')?.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (&upper[1..], None),
    };
    let days = match date {
        "" => Duration::ZERO,
        date => scaled(digits(date.strip_suffix('D')?)?, 86_400_000)?,
    };
    match time {
        Some(time) => Some(days + time_of_day(time)?),
        None if date.is_empty() => None,
        None => Some(days),
    }
}

/// `1H30M5.5S`, in any case.
fn time_of_day(text: &str) -> Option<Duration> {
    let lower = text.to_ascii_lowercase();
    (!lower.contains("ms") && lower != "0").then(|| lower.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_notation_as_its_framework_does() {
        for (unit, text, seconds) in [
            (Unit::WithUnit, "30s", Some(30.0)),
            (Unit::WithUnit, "30000ms", Some(30.0)),
            (Unit::WithUnit, "30", None),
            (Unit::UnitOrIso, "30s", Some(30.0)),
            (Unit::UnitOrIso, "PT30S", Some(30.0)),
            (Unit::UnitOrIso, "30", None),
            (Unit::Seconds, "30", Some(30.0)),
            (Unit::Seconds, "0.5", Some(0.5)),
            (Unit::Seconds, "30s", None),
            (Unit::WholeSeconds, "45", Some(45.0)),
            (Unit::WholeSeconds, "45.0", None),
            (Unit::WholeSeconds, "", None),
            (Unit::WholeSeconds, "-1", None),
            (Unit::WholeSeconds, "99999999999999999999", None),
            (Unit::Milliseconds, "1500", Some(1.5)),
            (Unit::TimeSpan, "00:00:45", Some(45.0)),
            (Unit::TimeSpan, "00:01", Some(60.0)),
            (Unit::TimeSpan, "1.00:00:00", Some(86_400.0)),
            (Unit::TimeSpan, "0:0:1.5", Some(1.5)),
            (Unit::TimeSpan, "45", None),
            (Unit::TimeSpan, "00:00:60", None),
            (Unit::TimeSpan, "00:00:45:00:00", None),
            (Unit::Spring, "20s", Some(20.0)),
            (Unit::Spring, "20000", Some(20.0)),
            (Unit::Spring, "1M", Some(60.0)),
            (Unit::Spring, "PT1M30S", Some(90.0)),
            (Unit::Spring, "1m30s", None),
            (Unit::Spring, "", None),
            (Unit::Quarkus, "20", Some(20.0)),
            (Unit::Quarkus, "1m30s", Some(90.0)),
            (Unit::Quarkus, "500ms", Some(0.5)),
            (Unit::Quarkus, "P1DT1S", Some(86_401.0)),
            (Unit::Quarkus, "P", None),
            (Unit::Quarkus, "soon", None),
        ] {
            let millis = seconds.map(|seconds| Duration::millis((seconds * 1000.0) as u64));
            assert_eq!(unit.parse(text), millis, "{unit:?} {text}");
        }
    }
}
