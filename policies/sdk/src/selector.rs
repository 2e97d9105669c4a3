//! Label selectors, as Kubernetes reads them.

use crate::workload::Map;
use minicbor::{Decode, Encode};

/// A label selector: all of its conditions must hold. One without conditions selects every pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Selector {
    /// `matchLabels`.
    #[n(0)]
    #[cbor(skip_if = "Map::is_empty")]
    pub match_labels: Map,
    /// `matchExpressions`. The number 1 was a flag that there are some.
    #[n(2)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub expressions: Vec<Requirement>,
}

/// One of the `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Requirement {
    /// The label's key.
    #[n(0)]
    pub key: String,
    /// What must be true of it.
    #[n(1)]
    pub operator: Operator,
    /// The values that the operator compares with.
    #[n(2)]
    #[cbor(skip_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// `operator` of a [`Requirement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes API")]
#[cbor(index_only)]
pub enum Operator {
    #[n(0)]
    In,
    #[n(1)]
    NotIn,
    #[n(2)]
    Exists,
    #[n(3)]
    DoesNotExist,
}

impl Selector {
    /// Whether it has no condition.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether it selects pods with these labels.
    pub fn selects(&self, labels: &Map) -> bool {
        has_all(labels, &self.match_labels) && self.expressions.iter().all(|requirement| requirement.holds(labels))
    }
}

impl Requirement {
    /// A label that is missing is in no list.
    fn holds(&self, labels: &Map) -> bool {
        let value = labels.get(&self.key);
        let is_listed = || value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => is_listed(),
            Operator::NotIn => !is_listed(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// Whether labels have all entries of a selector.
pub(crate) fn has_all(labels: &Map, wanted: &Map) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(entries: &[(&str, &str)]) -> Map {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn expressions_hold_as_kubernetes_says() {
        let with_tier = labels(&[("app", "shop"), ("tier", "web")]);
        let without = labels(&[("app", "shop")]);
        for (operator, values, of_web, of_none) in [
            (Operator::In, vec!["web", "api"], true, false),
            (Operator::In, vec!["api"], false, false),
            (Operator::NotIn, vec!["api"], true, true),
            (Operator::NotIn, vec!["web"], false, true),
            (Operator::Exists, vec![], true, false),
            (Operator::DoesNotExist, vec![], false, true),
        ] {
            let values = values.into_iter().map(str::to_owned).collect();
            let expressions = vec![Requirement { key: "tier".to_owned(), operator, values }];
            let selector = Selector { match_labels: labels(&[("app", "shop")]), expressions };
            assert_eq!((selector.selects(&with_tier), selector.selects(&without)), (of_web, of_none), "{operator:?}");
        }
        assert!(Selector::default().selects(&without));
    }
}
