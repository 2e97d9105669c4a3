//! One leader, by a Lease.
//!
//! It only saves work: two leaders at once would do no harm, because of two writers of the Secret one wins, and what the
//! API server trusts follows from the Secret.

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use std::time::{Duration, Instant};

/// How long a leader that says nothing is believed to be there.
const PATIENCE: Duration = Duration::from_secs(15);

/// The Lease, as one replica sees it.
pub(super) struct Leadership {
    api: Api<Lease>,
    name: String,
    identity: String,
    /// The last change that was seen, and when: by this replica's own clock, whatever clocks others have.
    seen: Option<(Option<String>, Instant)>,
}

impl Leadership {
    pub(super) fn new(client: Client, namespace: &str, name: &str, identity: String) -> Self {
        Leadership { api: Api::namespaced(client, namespace), name: name.to_owned(), identity, seen: None }
    }

    /// Renews it, or takes it where nobody has it; whether this replica leads.
    pub(super) async fn lead(&mut self) -> kube::Result<bool> {
        let outcome = match self.api.get_opt(&self.name).await? {
            None => self.api.create(&PostParams::default(), &self.lease(ObjectMeta::default())).await,
            Some(lease) if self.is_ours(&lease) || Self::is_free(&lease) || self.is_stale(&lease) => {
                self.api.replace(&self.name, &PostParams::default(), &self.lease(lease.metadata)).await
            }
            Some(_) => return Ok(false),
        };
        match outcome {
            Ok(_) => Ok(true),
            // Somebody was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives it back where this replica has it, so that another leads at once.
    pub(super) async fn release(&self) -> kube::Result<()> {
        let Some(lease) = self.api.get_opt(&self.name).await? else { return Ok(()) };
        if !self.is_ours(&lease) {
            return Ok(());
        }
        let spec = LeaseSpec { holder_identity: None, ..lease.spec.unwrap_or_default() };
        let lease = Lease { metadata: lease.metadata, spec: Some(spec) };
        self.api.replace(&self.name, &PostParams::default(), &lease).await.map(drop)
    }

    /// Whether its last holder gave it back.
    fn is_free(lease: &Lease) -> bool {
        let holder = lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref());
        holder.unwrap_or_default().is_empty()
    }

    fn is_ours(&self, lease: &Lease) -> bool {
        lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_ref()) == Some(&self.identity)
    }

    fn is_stale(&mut self, lease: &Lease) -> bool {
        let version = &lease.metadata.resource_version;
        match &self.seen {
            Some((seen, since)) if seen == version => since.elapsed() > PATIENCE,
            _ => {
                self.seen = Some((version.clone(), Instant::now()));
                false
            }
        }
    }

    /// With the resource version that was read, so that a change in between is a conflict.
    fn lease(&self, read: ObjectMeta) -> Lease {
        let metadata = ObjectMeta {
            name: Some(self.name.clone()),
            resource_version: read.resource_version,
            ..ObjectMeta::default()
        };
        let spec = LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(PATIENCE.as_secs()).ok(),
            renew_time: Some(MicroTime(Timestamp::now())),
            ..LeaseSpec::default()
        };
        Lease { metadata, spec: Some(spec) }
    }
}
