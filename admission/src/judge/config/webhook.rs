//! What the configuration says of the webhook.

use std::collections::BTreeMap;

/// What the webhook does with findings at `deny`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// They refuse.
    #[default]
    Enforce,
    /// They are warnings.
    Warn,
}

/// What the webhook answers where a policy gave no verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Let it pass, with a warning that names the policy.
    #[default]
    Allow,
    /// Refuse it.
    Deny,
}

/// What the configuration says of the webhook.
#[derive(Debug, Clone, Default)]
pub struct Webhook {
    /// For all namespaces.
    pub mode: Option<Mode>,
    /// For all policies.
    pub on_failure: Option<OnFailure>,
    /// For some policies, by their ids.
    pub on_failure_of: BTreeMap<String, OnFailure>,
}

impl Webhook {
    /// What a failure of that policy means; `otherwise` where nothing is written.
    pub(super) fn on_failure(&self, policy: &str, otherwise: OnFailure) -> OnFailure {
        self.on_failure_of.get(policy).copied().or(self.on_failure).unwrap_or(otherwise)
    }
}
