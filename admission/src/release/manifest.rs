//! The objects of a rendered manifest, as Helm or any other tool writes it.

use super::plan::Written;
use crate::manifest::{Single, documents};
use serde_json::Value;

const HOOK: &str = "helm.sh/hook";
const WEIGHT: &str = "helm.sh/hook-weight";

/// The objects of a text, those inside of lists too.
///
/// # Errors
/// A document that cannot be read: which, and why.
pub fn written(text: &str) -> Result<Vec<Written>, String> {
    let mut written = Vec::new();
    for document in documents(text).filter(|document| !document.is_empty()) {
        let span = document.span();
        let value = Single::new(&text[span.start..span.end]).and_then(|single| single.value());
        let value = value.map_err(|problem| {
            let line = problem.position.map(|at| format!(", line {}", at.line)).unwrap_or_default();
            format!("document {}{line}: {}", document.index + 1, problem.message)
        })?;
        objects(value, &mut written);
    }
    Ok(written)
}

fn objects(value: Value, written: &mut Vec<Written>) {
    let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match value {
        Value::Object(mut fields) if is_list && fields.get("items").is_some_and(Value::is_array) => {
            let Some(Value::Array(items)) = fields.remove("items") else { return };
            items.into_iter().for_each(|item| objects(item, written));
        }
        value => written.push(one(value)),
    }
}

fn one(value: Value) -> Written {
    let annotation = |name: &str| value["metadata"]["annotations"][name].as_str().map(str::to_owned);
    let events = annotation(HOOK).map(|events| events.split(',').map(|event| event.trim().to_owned()).collect());
    let weight = annotation(WEIGHT).and_then(|weight| weight.parse().ok());
    Written { events: events.unwrap_or_default(), weight: weight.unwrap_or_default(), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_documents_lists_and_hooks() {
        let text = "# Source: a\nkind: Job\nmetadata: {annotations: {helm.sh/hook: \"pre-install, pre-upgrade\", \
                    helm.sh/hook-weight: \"-5\"}}\n---\n---\nkind: List\nitems: [{kind: Pod}, {kind: Secret}]\n";
        let written = written(text).unwrap();
        let kinds: Vec<_> = written.iter().map(|one| one.value["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["Job", "Pod", "Secret"]);
        assert_eq!((written[0].events.join(" "), written[0].weight), ("pre-install pre-upgrade".to_owned(), -5));
    }

    #[test]
    fn says_which_document_cannot_be_read() {
        let error = written("kind: Pod\n---\nkind: [\n").err().unwrap();
        assert!(error.starts_with("document 2, line "), "{error}");
    }
}
