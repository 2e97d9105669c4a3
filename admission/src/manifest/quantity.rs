//! Kubernetes quantities: `500m`, `1`, `0.5`, `2Gi`, `1e3`.

use Unreadable::{NoQuantity, TooLarge};
use serde_json::Value;

const SUFFIXES: [(&str, i128, i128); 15] = [
    ("Ki", 1 << 10, 1),
    ("Mi", 1 << 20, 1),
    ("Gi", 1 << 30, 1),
    ("Ti", 1 << 40, 1),
    ("Pi", 1 << 50, 1),
    ("Ei", 1 << 60, 1),
    ("n", 1, 1_000_000_000),
    ("u", 1, 1_000_000),
    ("m", 1, 1_000),
    ("k", 1_000, 1),
    ("M", 1_000_000, 1),
    ("G", 1_000_000_000, 1),
    ("T", 1_000_000_000_000, 1),
    ("P", 1_000_000_000_000_000, 1),
    ("E", 1_000_000_000_000_000_000, 1),
];

/// More digits than any quantity has.
const MOST_DIGITS: usize = 18;
const MOST_EXPONENT: i32 = 18;

/// Why a quantity has no value here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    NoQuantity,
    /// The API server takes it; 64 bits do not.
    TooLarge,
}

/// A quantity in thousandths, rounded up as the API server does.
pub(super) fn thousandths(value: &Value) -> Result<i64, Unreadable> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => Err(NoQuantity),
    }
}

fn parse(text: &str) -> Result<i64, Unreadable> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits_end = unsigned.find(|other: char| !other.is_ascii_digit() && other != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(digits_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || fraction.contains('.') {
        return Err(NoQuantity);
    }
    let (times, by) = factor(suffix)?;
    if digits.len() > MOST_DIGITS {
        return Err(TooLarge);
    }
    let scaled = |numerator: i128| numerator.checked_mul(times)?.checked_mul(1000);
    let numerator = digits.parse().ok().and_then(scaled).ok_or(TooLarge)?;
    let decimals = u32::try_from(fraction.len()).map_err(|_| TooLarge)?;
    let denominator = 10_i128.pow(decimals).checked_mul(by).ok_or(TooLarge)?;
    // Away from zero, as quantities are rounded.
    let rounded = numerator.checked_add(denominator - 1).ok_or(TooLarge)? / denominator;
    i64::try_from(if negative { -rounded } else { rounded }).map_err(|_| TooLarge)
}

fn factor(suffix: &str) -> Result<(i128, i128), Unreadable> {
    if suffix.is_empty() {
        return Ok((1, 1));
    }
    if let Some((_, times, by)) = SUFFIXES.iter().find(|(known, ..)| *known == suffix) {
        return Ok((*times, *by));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).and_then(|digits| digits.parse::<i32>().ok()).ok_or(NoQuantity)?;
    if exponent.abs() > MOST_EXPONENT {
        return Err(TooLarge);
    }
    let power = 10_i128.pow(exponent.unsigned_abs());
    Ok(if exponent < 0 { (1, power) } else { (power, 1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_of_cpu() {
        for (value, expected) in [
            (json!("500m"), Ok(500)),
            (json!("1"), Ok(1000)),
            (json!(1), Ok(1000)),
            (json!(0.5), Ok(500)),
            (json!("0.5"), Ok(500)),
            (json!(".5"), Ok(500)),
            (json!("1."), Ok(1000)),
            (json!("2k"), Ok(2_000_000)),
            (json!("1Ki"), Ok(1_024_000)),
            (json!("1e3"), Ok(1_000_000)),
            (json!("1E-1"), Ok(100)),
            (json!("100u"), Ok(1)),
            (json!("1.5m"), Ok(2)),
            (json!("-1"), Ok(-1000)),
            (json!("1 "), Err(NoQuantity)),
            (json!(""), Err(NoQuantity)),
            (json!("m"), Err(NoQuantity)),
            (json!("1mm"), Err(NoQuantity)),
            (json!("1.2.3"), Err(NoQuantity)),
            (json!("1e99"), Err(TooLarge)),
            (json!("9E"), Err(TooLarge)),
            (json!("1E"), Err(TooLarge)),
            (json!(true), Err(NoQuantity)),
        ] {
            assert_eq!(thousandths(&value), expected, "{value}");
        }
    }
}
