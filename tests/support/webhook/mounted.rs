//! A Secret or ConfigMap as the kubelet mounts it: files are links through `..data`, and that is what is swapped.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A folder that changes all at once.
pub struct Mounted {
    folder: TempDir,
    versions: usize,
}

impl Mounted {
    /// Holds these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let mut mounted = Mounted { folder: tempfile::tempdir().expect("a temporary folder"), versions: 0 };
        mounted.swap(files);
        mounted
    }

    /// Holds these files from now on, and no others. In the kubelet's order: a new folder, the link renamed over the
    /// old one, links for new names, and the old folder goes.
    pub fn swap(&mut self, files: &[(&str, &str)]) {
        let data = self.path().join("..data");
        let old = fs::read_link(&data).ok();
        self.versions += 1;
        let version = PathBuf::from(format!("..2026_11_22.{}", self.versions));
        fs::create_dir(self.path().join(&version)).expect("a folder");
        for (name, text) in files {
            fs::write(self.path().join(&version).join(name), text).expect("a file");
        }
        let new = self.path().join("..data_tmp");
        symlink(&version, &new).expect("a link");
        fs::rename(&new, &data).expect("a rename");
        for (name, _) in files {
            let link = self.path().join(name);
            if link.symlink_metadata().is_err() {
                symlink(Path::new("..data").join(name), link).expect("a link");
            }
        }
        if let Some(old) = old {
            fs::remove_dir_all(self.path().join(old)).expect("the old folder goes");
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}
