//! The policies that judge, and how they change while the webhook runs: whole or not at all.

use super::{
    metrics::{Metrics, Reload},
    watch::Files,
};
use crate::{
    clock::today,
    judge::config::ConfigFile,
    judge::exceptions::Annotations,
    judge::policy_set::Profile,
    judge::{Judge, Wish},
};
use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Where the policies come from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The configuration; none stands for the built-in policies as they are.
    pub config: Option<PathBuf>,
    /// Wins over the configuration's profile.
    pub profile: Option<Profile>,
    /// How many evaluations there may be at one time.
    pub threads: NonZeroUsize,
}

/// The policies that judge.
pub struct Policies {
    origin: Origin,
    judge: ArcSwap<Judge>,
    /// What they come from: the configuration and the modules that it names.
    files: Mutex<Files>,
    metrics: Arc<Metrics>,
}

impl Policies {
    /// Loads them for the first time.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, as text for people.
    pub fn load(origin: Origin, metrics: Arc<Metrics>) -> Result<Self> {
        let (judge, files) = load(&origin);
        Ok(Policies { origin, judge: ArcSwap::from_pointee(judge?), files: Mutex::new(files), metrics })
    }

    /// What judges now.
    pub fn judge(&self) -> Arc<Judge> {
        self.judge.load_full()
    }

    /// The files that it comes from, as they were when it was loaded or refused.
    pub fn files(&self) -> Files {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Loads them again. What is wrong is logged and counted, and the old ones stay. Blocks.
    pub fn reload(&self) {
        let (loaded, files) = load(&self.origin);
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = files;
        self.metrics.reloaded(Reload::Policies, loaded.is_ok());
        match loaded {
            Ok(judge) => {
                let digest = judge.everywhere().digest().to_owned();
                self.judge.store(Arc::new(judge));
                tracing::info!(policies = digest, "policies reloaded");
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "new policies refused; the old ones are kept");
            }
        }
    }
}

/// The judge, or why there is none, and the files that this follows from. Each is looked at before it is loaded, so
/// that a change in between is seen as one.
fn load(origin: &Origin) -> (Result<Judge>, Files) {
    let Some(path) = &origin.config else {
        return (caught(|| judge(origin, ConfigFile::default())), Files::default());
    };
    let mut files = Files::read(vec![path.clone()]);
    let loaded = caught(|| {
        let file = ConfigFile::read(path).with_context(|| path.display().to_string())?;
        let modules = Files::read(file.modules().iter().map(|module| module.path.clone()).collect());
        files = std::mem::take(&mut files).and(modules);
        judge(origin, file)
    });
    (loaded, files)
}

/// A panic as an error: it is counted, the old policies stay, and nothing is tried again until a file changes.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What it may have left half done is thrown away.
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        bail!("a fault in plimsoll itself, please report it: {}", text.unwrap_or("no text"))
    })
}

fn judge(origin: &Origin, file: ConfigFile) -> Result<Judge> {
    let wish = Wish {
        profile: origin.profile,
        kubernetes: None,
        levels: BTreeMap::new(),
        annotations: Annotations::Ignored,
        threads: origin.threads,
    };
    let judge = Judge::new(file, wish)?;
    for expired in judge.exceptions.expired(today()) {
        tracing::warn!(rule = %expired.rule, "{}", expired.message);
    }
    Ok(judge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_text() {
        for panic in [|| panic!("{} arms", 8), || panic!("8 arms")] {
            let error = caught::<()>(panic).unwrap_err().to_string();
            assert_eq!(error, "a fault in plimsoll itself, please report it: 8 arms");
        }
    }
}
