//! Kubernetes quantities: `500m`, `1`, `0.5`, `2Gi`, `1e3`.

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

/// More digits than any quantity has; beyond them the API server rounds or refuses.
const MOST_DIGITS: usize = 18;
const MOST_EXPONENT: i32 = 18;

/// A quantity in thousandths, rounded up as the API server does. None where it is none, or beyond 64 bits.
pub(super) fn thousandths(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits_end = unsigned.find(|other: char| !other.is_ascii_digit() && other != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(digits_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > MOST_DIGITS || fraction.contains('.') {
        return None;
    }
    let mut numerator: i128 = digits.parse().ok()?;
    let mut denominator = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let (times, by) = factor(suffix)?;
    numerator = numerator.checked_mul(times)?.checked_mul(1000)?;
    denominator = denominator.checked_mul(by)?;
    // Away from zero, as quantities are rounded.
    let rounded = numerator.checked_add(denominator - 1)? / denominator;
    i64::try_from(if negative { -rounded } else { rounded }).ok()
}

fn factor(suffix: &str) -> Option<(i128, i128)> {
    if suffix.is_empty() {
        return Some((1, 1));
    }
    if let Some((_, times, by)) = SUFFIXES.iter().find(|(known, ..)| *known == suffix) {
        return Some((*times, *by));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    if exponent.abs() > MOST_EXPONENT {
        return None;
    }
    let power = 10_i128.pow(exponent.unsigned_abs());
    Some(if exponent < 0 { (1, power) } else { (power, 1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_of_cpu() {
        for (value, expected) in [
            (json!("500m"), Some(500)),
            (json!("1"), Some(1000)),
            (json!(1), Some(1000)),
            (json!(0.5), Some(500)),
            (json!("0.5"), Some(500)),
            (json!(".5"), Some(500)),
            (json!("1."), Some(1000)),
            (json!("2k"), Some(2_000_000)),
            (json!("1Ki"), Some(1_024_000)),
            (json!("1e3"), Some(1_000_000)),
            (json!("1E-1"), Some(100)),
            (json!("100u"), Some(1)),
            (json!("1.5m"), Some(2)),
            (json!("-1"), Some(-1000)),
            (json!("1 "), None),
            (json!(""), None),
            (json!("m"), None),
            (json!("1mm"), None),
            (json!("1.2.3"), None),
            (json!("1e99"), None),
            (json!("9E"), None),
            (json!(true), None),
        ] {
            assert_eq!(thousandths(&value), expected, "{value}");
        }
    }
}
