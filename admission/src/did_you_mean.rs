//! What to say of a name that there is not.

/// More than these are not worth reading through.
const LISTED: usize = 8;
/// No name is longer; comparing takes the product of the lengths.
const LONGEST: usize = 64;

/// ``unknown rule `latest-tg`; did you mean `latest-tag`?``; the names that there are, if none is near and they are few.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match (nearest(name, &known), known.len()) {
        (Some(near), _) => format!("unknown {what} `{name}`; did you mean `{near}`?"),
        (None, 1..=LISTED) => format!("unknown {what} `{name}`; known: {}", known.join(", ")),
        (None, _) => format!("unknown {what} `{name}`"),
    }
}

/// The name that a typo most likely meant: at most a third of its letters off, whatever their case.
pub fn nearest<'a>(typo: &str, known: &[&'a str]) -> Option<&'a str> {
    if typo.len() > LONGEST {
        return None;
    }
    let typo = typo.to_lowercase();
    let off = known.iter().map(|name| (strsim::damerau_levenshtein(&typo, &name.to_lowercase()), *name));
    let (distance, name) = off.min()?;
    (distance * 3 <= name.len()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_nearest_name_or_lists_a_few() {
        let rules = ["latest-tag", "series-tag", "never-pull"];
        for (name, expected) in [
            ("latest-tg", "unknown rule `latest-tg`; did you mean `latest-tag`?"),
            ("Latest-Tag", "unknown rule `Latest-Tag`; did you mean `latest-tag`?"),
            ("never-plul", "unknown rule `never-plul`; did you mean `never-pull`?"),
            ("probes", "unknown rule `probes`; known: latest-tag, series-tag, never-pull"),
        ] {
            assert_eq!(unknown("rule", name, rules), expected);
        }
        assert_eq!(unknown("rule", "probes", ["longer-than-this"; 9]), "unknown rule `probes`");
    }
}
