//! The page of the rule whose finding is under the cursor.

use super::{Server, places::Places, protocol::HoverParams};
use crate::{
    finding::Finding,
    judge::Judge,
    report::rule_page::{section, without_examples},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Server<'_> {
    /// Null where there is nothing to say.
    pub(super) fn hover(&self, params: &HoverParams) -> Value {
        let Some(document) = self.documents.get(&params.text_document.uri) else { return Value::Null };
        let at = Places::of(&document.text).byte(params.position);
        let is_here = |finding: &&Finding| {
            finding.location.region.as_ref().is_some_and(|region| (region.bytes.start..=region.bytes.end).contains(&at))
        };
        let mut said = BTreeSet::new();
        let here = self.checks.findings(document).iter().filter(is_here);
        let rules: Vec<String> =
            here.filter(|finding| said.insert(&finding.rule)).map(|finding| self.page(finding)).collect();
        match rules.is_empty() {
            true => Value::Null,
            false => json!({ "contents": { "kind": "markdown", "value": rules.join("\n\n---\n\n") } }),
        }
    }

    fn page(&self, finding: &Finding) -> String {
        let policies = self.checks.judge().map(Judge::all_descriptions).unwrap_or_default();
        let policy = policies.iter().find(|policy| policy.id == finding.policy);
        let page = policy.and_then(|policy| section(&policy.page, &finding.rule)).map(without_examples);
        format!("**{}** ({})\n\n{}", finding.rule, finding.level.name(), page.unwrap_or(&finding.message))
    }
}
