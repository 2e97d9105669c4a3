//! Tells when files hold something else than before.
//!
//! The kubelet does not write files of a ConfigMap or Secret: it swaps the symbolic link `..data` beside them. So it is
//! folders that are watched, and contents that are compared. Where the system does not tell of changes, or tells too
//! little, as with a link into another folder, a look every few seconds finds them too.

use crate::{bounded_file, engine::limits};
use notify::{RecursiveMode, Watcher};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// How often to look without being told.
const LOOK: Duration = Duration::from_secs(5);

/// What comes in one piece seldom changes in one: a moment later it is whole.
const SETTLE: Duration = Duration::from_millis(50);

/// Most bytes of a file that is watched: no certificate, configuration or module that is taken has more.
const LARGEST: usize = limits::MODULE;

/// Files, and what they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    paths: Vec<PathBuf>,
    digests: Vec<[u8; 32]>,
}

impl Files {
    /// As they are. A file that cannot be read counts as one that holds why.
    pub fn read(paths: Vec<PathBuf>) -> Self {
        let contents = |path: &PathBuf| bounded_file::read(path, LARGEST).unwrap_or_else(|why| why.to_string().into());
        let digests = paths.iter().map(|path| Sha256::digest(contents(path)).into()).collect();
        Files { paths, digests }
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, others: Files) -> Self {
        self.paths.extend(others.paths);
        self.digests.extend(others.digests);
        self
    }

    /// The same files, as they are now.
    #[must_use]
    pub fn read_again(&self) -> Self {
        Files::read(self.paths.clone())
    }

    fn folders(&self) -> BTreeSet<&Path> {
        let parents = self.paths.iter().filter_map(|path| path.parent());
        parents.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).collect()
    }
}

/// Watches the folders of some files.
pub struct Watch {
    told: Arc<Notify>,
    _watcher: Option<notify::RecommendedWatcher>,
}

impl Watch {
    /// From now on.
    pub fn of(files: &Files) -> Self {
        let told = Arc::new(Notify::new());
        let watcher = watch(files, Arc::clone(&told));
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the system does not tell when files change: looking every {} s", LOOK.as_secs());
        }
        Watch { told, _watcher: watcher.ok() }
    }

    /// Returns when they hold something else than they did.
    pub async fn differs(&self, before: &Files) {
        loop {
            let files = before.clone();
            let now = tokio::task::spawn_blocking(move || files.read_again()).await;
            if now.is_ok_and(|now| now != *before) {
                return;
            }
            let told = timeout(LOOK, self.told.notified()).await.is_ok();
            if told {
                tokio::time::sleep(SETTLE).await;
            }
        }
    }
}

fn watch(files: &Files, told: Arc<Notify>) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |_: notify::Result<notify::Event>| told.notify_one())?;
    for folder in files.folders() {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}
