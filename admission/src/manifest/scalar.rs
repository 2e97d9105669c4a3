//! Plain scalars as the API server's tools read them: YAML 1.1 by the Go library behind sigs.k8s.io/yaml. And the
//! strings that keys become there.

use super::tree::Scalar;
use serde_json::Number;
use std::borrow::Cow;

const TRUE: [&str; 11] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"];
const FALSE: [&str; 11] = ["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"];
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];
const NO_NUMBER: [&str; 12] =
    [".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"];

/// What a plain scalar without a tag means.
pub(super) fn plain(text: Cow<'_, str>) -> Scalar<'_> {
    match text.bytes().next() {
        None => Scalar::Null,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(&text).unwrap_or(Scalar::Text(text)),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            word(&text).unwrap_or(Scalar::Text(text))
        }
        Some(_) => Scalar::Text(text),
    }
}

/// What a scalar with a tag of YAML's own means; none where the tag does not fit.
pub(super) fn tagged<'t>(tag: &str, text: Cow<'t, str>) -> Option<Scalar<'t>> {
    let fits = |scalar: &Scalar<'_>| match tag {
        "bool" => matches!(scalar, Scalar::Bool(_)),
        "int" => matches!(scalar, Scalar::Number(number) if !number.is_f64()),
        "float" => matches!(scalar, Scalar::Number(_) | Scalar::NotFinite),
        _ => matches!(scalar, Scalar::Null),
    };
    match tag {
        "bool" | "int" | "float" | "null" => Some(plain(text)).filter(fits),
        _ => Some(Scalar::Text(text)),
    }
}

fn word(text: &str) -> Option<Scalar<'static>> {
    let is_in = |words: &[&str]| words.contains(&text);
    match () {
        () if is_in(&TRUE) => Some(Scalar::Bool(true)),
        () if is_in(&FALSE) => Some(Scalar::Bool(false)),
        () if is_in(&NULL) => Some(Scalar::Null),
        () => None,
    }
}

fn number(text: &str) -> Option<Scalar<'static>> {
    if NO_NUMBER.contains(&text) {
        return Some(Scalar::NotFinite);
    }
    // Underscores may stand between digits, and not after a leading point.
    let digits = match text.contains('_') {
        true if text.starts_with('.') => return None,
        true => Cow::from(text.replace('_', "")),
        false => Cow::from(text),
    };
    if let Some(value) = int(&digits) {
        return Some(whole(value));
    }
    is_float(&digits).then(|| digits.parse().ok()).flatten().filter(|float: &f64| float.is_finite()).map(float)
}

fn whole(value: i128) -> Scalar<'static> {
    let number = i64::try_from(value).map(Number::from).or_else(|_| u64::try_from(value).map(Number::from));
    number.map_or_else(|_| float(value as f64), Scalar::Number)
}

/// Go prints 3.0 as 3, and so an integer arrives at the API server.
pub(super) fn float(value: f64) -> Scalar<'static> {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Scalar::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Scalar::NotFinite, Scalar::Number)
}

/// As Go's ParseInt with base 0, or ParseUint, reads it.
fn int(digits: &str) -> Option<i128> {
    let (negative, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let based = |prefixes: [&str; 2], radix| {
        let rest = prefixes.iter().find_map(|prefix| unsigned.strip_prefix(prefix))?;
        Some((rest, radix))
    };
    let octal = || (unsigned.len() > 1 && unsigned.starts_with('0')).then_some((unsigned, 8));
    let (number, radix) = based(["0x", "0X"], 16)
        .or_else(|| based(["0b", "0B"], 2))
        .or_else(|| based(["0o", "0O"], 8))
        .or_else(octal)
        .unwrap_or((unsigned, 10));
    if !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(number, radix).ok()?);
    match negative {
        true => (value <= -i128::from(i64::MIN)).then_some(-value),
        false => Some(value),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(digits: &str) -> bool {
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let any = !whole.is_empty() || !fraction.is_empty();
    any && all_digits(whole) && all_digits(fraction) && !exponent.is_empty() && all_digits(exponent)
}

/// The string that a key becomes.
///
/// # Errors
/// Why it becomes none.
pub(super) fn key(scalar: Scalar<'_>) -> Result<Cow<'_, str>, String> {
    let number = match scalar {
        Scalar::Text(text) => return Ok(text),
        Scalar::Bool(value) => return Ok(value.to_string().into()),
        Scalar::Null => return Err("a key is missing in front of the colon".to_owned()),
        Scalar::NotFinite => return Err("a key that is not a finite number: put it in quotes".to_owned()),
        Scalar::Number(number) => number,
    };
    if let Some(value) = number.as_i64() {
        return Ok(value.to_string().into());
    }
    if let Some(value) = number.as_u64() {
        return Err(format!("the key {value} is too large a number: put it in quotes"));
    }
    // Go prints a key with the precision of a 32-bit float, and with an exponent beyond these bounds.
    let value = number.as_f64().unwrap_or_default();
    if (1e-4..1e6).contains(&value.abs()) {
        return Ok((value as f32).to_string().into());
    }
    Err(format!("the key {value:e} is a number: put it in quotes"))
}
