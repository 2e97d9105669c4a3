//! The sink of the sample handlers: what is written once stays written once.

use super::Nats;
use crate::{
    change::{Change, Versioned},
    engine::{CALL, Effects, Pruned, Result, Sink},
};
use async_nats::jetstream::message::PublishMessage;
use async_trait::async_trait;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What was counted of a partition.
#[derive(Default, Serialize, Deserialize)]
struct Projection {
    offset: u64,
    projected: u64,
}

#[async_trait]
impl Sink for Nats {
    async fn effect(&self, job: &str, value: &str) -> Result<bool> {
        let message = PublishMessage::build().payload(value.to_owned().into()).expected_last_subject_sequence(0);
        let stored = self.connection.put(self.names.effect(job), message);
        Ok(self.call(CALL, stored).await?.is_some())
    }

    async fn project(&self, change: &Change) -> Result<bool> {
        self.call(CALL, self.project_one(change)).await
    }

    async fn effects(&self) -> Result<Effects> {
        let effects = async {
            let state = self.connection.info(&self.names.effects).await?.state;
            let partitions = self.settings().await?.partitions;
            let projections = (0..partitions).map(|partition| self.value::<Projection>(projection(partition)));
            let projections = try_join_all(projections).await?;
            let projected = projections.iter().map(|projection| projection.value.projected).sum();
            Ok(Effects { total: state.messages, distinct: state.subjects_count, projected })
        };
        self.call(CALL, effects).await
    }

    async fn forget_effects(&self, keep: Duration) -> Result<Pruned> {
        let effects = self.call(CALL, self.prune_effects(keep)).await?;
        Ok(Pruned { effects, ..Pruned::default() })
    }
}

fn projection(partition: u32) -> String {
    format!("projection.{partition}")
}

impl Nats {
    /// The count and the offset up to which it goes are one record, so neither is ever without the other.
    async fn project_one(&self, change: &Change) -> Result<bool> {
        loop {
            let key = projection(change.partition);
            let Versioned { value: mut projection, revision } = self.value::<Projection>(key.clone()).await?;
            if projection.offset >= change.offset {
                return Ok(false);
            }
            projection = Projection { offset: change.offset, projected: projection.projected + 1 };
            if self.write_value(key, &projection, revision).await?.is_some() {
                return Ok(true);
            }
        }
    }
}
