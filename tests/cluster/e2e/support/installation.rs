//! The one installation that the tests share, made by Helm from the chart.

use super::{
    command::{Seen, eventually, kubectl, run},
    namespace::Namespace,
};
use plimsoll_tests::{deployment, root};
use std::{
    path::Path,
    sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// The name of the release and of its namespace.
pub(crate) const RELEASE: &str = "plimsoll";

static USE: RwLock<()> = RwLock::new(());

/// The installation is there, and stays as it is for as long as this is held.
pub(crate) struct Shared(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'static, ()>);

/// The installation, for a test that changes it. It is put back when this is dropped.
pub(crate) struct Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'static, ()>);

/// Use it together with others.
pub(crate) fn shared() -> Shared {
    // A test that failed has put it back all the same.
    let guard = USE.read().unwrap_or_else(PoisonError::into_inner);
    installed();
    Shared(guard)
}

/// Use it alone, with these values on top of those in values.yaml.
pub(crate) fn alone(values: &[&str]) -> Alone {
    let guard = USE.write().unwrap_or_else(PoisonError::into_inner);
    installed();
    let alone = Alone(guard);
    if !values.is_empty() {
        alone.upgrade(values).ok();
        judging();
    }
    alone
}

impl Alone {
    /// `helm upgrade` with values on top of those in values.yaml; waits until it is rolled out.
    pub(crate) fn upgrade(&self, values: &[&str]) -> Seen {
        upgrade(values)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let put_back = upgrade(&[]);
        if !std::thread::panicking() {
            put_back.ok();
            judging();
        }
    }
}

fn installed() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        upgrade(&[]).ok();
        judging();
    });
}

fn upgrade(values: &[&str]) -> Seen {
    let chart = root().join("admission/chart");
    let base = root().join("tests/cluster/e2e/values.yaml");
    let [chart, base] = [&chart, &base].map(|path| path.to_str().expect("a path in UTF-8"));
    let mut args = vec!["upgrade", "--install", RELEASE, chart, "-n", RELEASE, "--create-namespace", "-f", base];
    args.extend(["--reset-values", "--wait", "--timeout", "2m"]);
    args.extend(values.iter().flat_map(|value| ["--set", value]));
    run(Path::new("helm"), &args, "")
}

/// The API server learns of a new configuration a moment after it was written.
fn judging() {
    let default = Namespace::existing("default");
    eventually("an unfit Deployment is refused by the webhook", || {
        let seen = default.kubectl_with("create --dry-run=server -f -", &deployment("app:latest"));
        if seen.text.contains("is not fit to run") { Ok(()) } else { Err(format!("{seen}\n{}", pods())) }
    });
}

fn pods() -> String {
    let describe = kubectl(&format!("-n {RELEASE} describe pods"));
    let logs = kubectl(&format!("-n {RELEASE} logs --tail 20 --prefix -l app.kubernetes.io/name=plimsoll"));
    format!("{describe}\n{logs}")
}
