//! Whether the API server asks the webhook, and gets answers.

use super::Remark;
use crate::cluster::Probe;

/// Named so in the chart and by `plimsoll webhook manifest`.
const WEBHOOK: &str = "validate.plimsoll.dev";

/// A Deployment that no profile lets pass was created as a dry run.
pub(super) fn is_called(probe: &Probe, image_rules: &[&str]) -> Remark {
    let Probe { status, message, warnings } = probe;
    match status {
        403 if message.contains(WEBHOOK) => {
            Remark::good("the API server asks the webhook: an unfit Deployment was refused")
        }
        200..300 if warnings.iter().any(|warning| is_ours(warning, image_rules)) => {
            Remark::good("the API server asks the webhook: an unfit Deployment got a warning")
        }
        200..300 => Remark::bad(
            "an unfit Deployment was accepted without a warning: the webhook is not called, or gives no answer, which `failurePolicy: Ignore` hides",
            "look at the pods, the Service and its endpoints, and whether the namespace of the dry run is excluded (--probe-namespace)",
        ),
        _ if message.contains("failed calling webhook") => Remark::bad(
            format!("the API server gets no answer from the webhook: {message}"),
            "look at the pods, the Service, network policies, and at the certificate below",
        ),
        _ => Remark::doubtful(
            format!("the dry run failed ({status}): {message}"),
            "use --probe-namespace for a namespace in which you may create Deployments",
        ),
    }
}

/// Whether a warning is about the image, or about the webhook itself.
fn is_ours(warning: &str, image_rules: &[&str]) -> bool {
    warning.contains("plimsoll") || image_rules.iter().any(|rule| warning.contains(&format!("{rule}:")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::Health;

    #[test]
    fn silence_is_not_consent() {
        let probe = |status, message: &str, warnings: &[&str]| {
            let warnings = warnings.iter().map(|text| (*text).to_owned()).collect();
            is_called(&Probe { status, message: message.to_owned(), warnings }, &["latest-tag"]).health
        };
        let refused = "admission webhook \"validate.plimsoll.dev\" denied the request: …";
        assert_eq!(probe(403, refused, &[]), Health::Good);
        assert_eq!(probe(201, "", &["299 - \"latest-tag: …\""]), Health::Good);
        assert_eq!(probe(201, "", &["299 - \"something else\""]), Health::Bad);
        assert_eq!(
            probe(500, "failed calling webhook \"validate.plimsoll.dev\": context deadline exceeded", &[]),
            Health::Bad
        );
        assert_eq!(probe(403, "deployments.apps is forbidden: User \"jane\" cannot create", &[]), Health::Doubtful);
    }
}
