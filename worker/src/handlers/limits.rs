//! What a handler may have where it differs from what the settings say for all, and the slots that its jobs share.

use std::{str::FromStr, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Limits of one handler. What is not given is as the settings say for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Longest time of one attempt.
    pub timeout: Option<Duration>,
    /// How often it may fail at a job before that is a dead letter; at least once.
    pub attempts: Option<u32>,
    /// Its jobs at a time, in this process. Others wait in the slots that they have, with their leases.
    pub concurrency: Option<u16>,
}

impl Limits {
    /// Those, and what they do not say from `others`.
    #[must_use]
    pub fn or(self, others: Limits) -> Self {
        Limits {
            timeout: self.timeout.or(others.timeout),
            attempts: self.attempts.or(others.attempts),
            concurrency: self.concurrency.or(others.concurrency),
        }
    }

    /// The slots, where their number is limited.
    pub(super) fn slots(self) -> Option<Arc<Semaphore>> {
        self.concurrency.map(|concurrency| Arc::new(Semaphore::new(concurrency.into())))
    }
}

/// Limits as a setting has them: `call:concurrency=2,timeout=10s,attempts=8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsOf {
    /// The name of the handler.
    pub handler: String,
    /// What it may have.
    pub limits: Limits,
}

impl FromStr for LimitsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write it like call:concurrency=2,timeout=10s,attempts=8";
        let (handler, rest) = text.split_once(':').ok_or(FORM)?;
        let mut limits = Limits::default();
        for part in rest.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("`{part}`: {FORM}"))?;
            let number = || value.parse::<u32>().ok().filter(|number| *number > 0);
            let told = |error: String| format!("{name}: {error}");
            match name {
                "timeout" => limits.timeout = Some(crate::settings::positive(value).map_err(told)?),
                "attempts" => limits.attempts = Some(number().ok_or("attempts: write a number of 1 or more")?),
                "concurrency" => {
                    let slots = number().and_then(|number| u16::try_from(number).ok()).filter(|slots| *slots <= 1024);
                    limits.concurrency = Some(slots.ok_or("concurrency: write a number from 1 to 1024")?);
                }
                _ => return Err(format!("`{name}` is not a limit; {FORM}")),
            }
        }
        Ok(LimitsOf { handler: handler.to_owned(), limits })
    }
}
