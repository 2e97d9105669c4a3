//! Whether calls should come here: they should while nobody holds a latch.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Ready is when nobody has a reason against it. Clones share the reasons.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    reasons: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Readiness {
    /// Not ready, for this reason, until [`release`](Self::release).
    pub fn hold(&self, reason: &'static str) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).insert(reason);
    }

    /// That reason is gone.
    pub fn release(&self, reason: &'static str) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).remove(reason);
    }

    /// What is against it; empty when ready.
    pub fn reasons(&self) -> Vec<&'static str> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
