//! More partitions for the feed. A key may have another partition after that, so it must have no change in the old one that
//! is still to be done, nor one that is just being published.

use super::{Nats, SETTINGS, Settings};
use crate::{
    change::Progress,
    engine::{CALL, Error, Feed, Result, few_partitions, open_changes},
};
use std::time::Duration;

/// Whoever read the settings before they said that the feed is closed is through with publishing after it.
pub(super) const WAIT: Duration = CALL.saturating_mul(2);

impl Nats {
    /// Closes the feed, waits for those who publish, and opens it with more partitions if all that there was is done.
    pub(super) async fn gain_partitions(&self, found: Settings, wanted: u32) -> Result<()> {
        if wanted < found.partitions {
            return Err(self.connection.refused(few_partitions(found.partitions, wanted)));
        }
        if wanted > found.partitions {
            self.all_done(found).await?;
            self.change(found, Settings { closed: true, ..found }).await?;
            tokio::time::sleep(WAIT).await;
            let closed = Settings { closed: true, ..found };
            let result = self.all_done(found).await;
            let open =
                Settings { closed: false, partitions: if result.is_ok() { wanted } else { found.partitions }, ..found };
            self.change(closed, open).await?;
            return result;
        }
        // One that died while it was closed has left it so.
        if found.closed { self.change(found, Settings { closed: false, ..found }).await } else { Ok(()) }
    }

    async fn all_done(&self, found: Settings) -> Result<()> {
        let lag = self.progress().await?.iter().map(|Progress { lag, .. }| lag).sum();
        if lag == 0 { Ok(()) } else { Err(self.connection.refused(open_changes(lag, found.partitions))) }
    }

    async fn change(&self, from: Settings, to: Settings) -> Result<()> {
        let found = self.value::<Settings>(SETTINGS.to_owned()).await?;
        let written = match found.value == from {
            true => self.write_value(SETTINGS.to_owned(), &to, found.revision).await?,
            false => None,
        };
        let other =
            || Error::Unreachable(self.connection.text("another migration is under way; run it again after it"));
        written.map(drop).ok_or_else(other)
    }
}
