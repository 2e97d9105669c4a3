//! Helm's record of a revision: a Secret that holds base64 of gzip of JSON. Helm 3 and 4 write the same.

use super::{
    bounds::MANIFEST,
    manifest,
    name::{Kind, ObjectName},
    plan::{Operation, Written},
    record::{HookRun, Record, Status},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::io::Read;

/// The type of these Secrets.
pub(super) const TYPE: &str = "helm.sh/release.v1";

/// A revision as Helm recorded it.
pub(super) struct Revision {
    /// How far Helm is with it.
    pub record: Record,
    /// Its objects and hooks.
    pub written: Vec<Written>,
    /// What Helm does.
    pub operation: Operation,
}

#[derive(Deserialize)]
struct Release {
    info: Info,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    hooks: Option<Vec<WrittenHook>>,
    version: u32,
}

#[derive(Deserialize)]
struct Info {
    status: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct WrittenHook {
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    weight: i64,
    #[serde(default)]
    last_run: LastRun,
}

#[derive(Default, Deserialize)]
struct LastRun {
    #[serde(default)]
    phase: String,
}

/// Reads `data.release` of a Secret, which the API server has decoded once. Objects are in `namespace` unless they say.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(data: &[u8], namespace: &str) -> Result<Revision, String> {
    let release = unpack(data)?;
    let mut written = manifest::written(&release.manifest)?;
    let mut record = Record {
        revision: release.version,
        status: status(&release.info.status)?,
        description: release.info.description,
        hooks: std::collections::BTreeMap::new(),
        newer: None,
    };
    for hook in release.hooks.unwrap_or_default() {
        for object in manifest::written(&hook.manifest)? {
            if let Some((name, run)) = name(&object, namespace).zip(run(&hook.last_run.phase)) {
                record.hooks.insert(name, run);
            }
            written.push(Written { events: hook.events.clone(), weight: hook.weight, ..object });
        }
    }
    let operation = operation(&release.info.status, &record);
    Ok(Revision { record, written, operation })
}

fn unpack(data: &[u8]) -> Result<Release, String> {
    let packed = STANDARD.decode(data).map_err(|error| format!("not base64: {error}"))?;
    let mut json = Vec::new();
    // Helm itself reads records that are not packed: its first versions wrote them so.
    if packed.starts_with(&[0x1f, 0x8b]) {
        let read = GzDecoder::new(&*packed).take(MANIFEST + 1).read_to_end(&mut json);
        read.map_err(|error| format!("not gzip: {error}"))?;
    } else {
        json = packed;
    }
    if json.len() as u64 > MANIFEST {
        return Err(format!("more than {} MiB unpacked", MANIFEST / 1024 / 1024));
    }
    serde_json::from_slice(&json).map_err(|error| format!("not a release: {error}"))
}

fn status(text: &str) -> Result<Status, String> {
    Ok(match text {
        "pending-install" | "pending-upgrade" | "pending-rollback" => Status::Pending,
        "deployed" => Status::Deployed,
        "failed" => Status::Failed,
        "superseded" | "uninstalled" | "uninstalling" => Status::Replaced,
        other => return Err(format!("`{other}` is not a status of a release that this version knows")),
    })
}

fn run(phase: &str) -> Option<HookRun> {
    match phase {
        "Running" => Some(HookRun::Running),
        "Succeeded" => Some(HookRun::Succeeded),
        "Failed" => Some(HookRun::Failed),
        _ => None,
    }
}

fn name(object: &Written, namespace: &str) -> Option<ObjectName> {
    let text = |pointer: &str| object.value.pointer(pointer).and_then(serde_json::Value::as_str);
    Some(ObjectName {
        kind: Kind::of(text("/apiVersion")?, text("/kind")?)?,
        namespace: text("/metadata/namespace").unwrap_or(namespace).to_owned(),
        name: text("/metadata/name")?.to_owned(),
    })
}

/// Only while something is pending does Helm say what it does; later the first revision is an installation.
fn operation(status: &str, record: &Record) -> Operation {
    match status {
        "pending-rollback" => Operation::Rollback,
        "pending-install" => Operation::Install,
        "pending-upgrade" => Operation::Upgrade,
        _ if record.description.starts_with("Rollback") => Operation::Rollback,
        _ if record.revision == 1 => Operation::Install,
        _ => Operation::Upgrade,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use serde_json::{Value, json};
    use std::io::Write;

    fn packed(release: &Value) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(release.to_string().as_bytes()).unwrap();
        STANDARD.encode(gzip.finish().unwrap()).into_bytes()
    }

    fn release(status: &str) -> Value {
        json!({
            "name": "shop", "version": 3, "namespace": "prod",
            "info": { "status": status, "description": "Preparing upgrade" },
            "manifest": "---\n# Source: a\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n",
            "hooks": [{
                "name": "migrate", "kind": "Job", "events": ["pre-upgrade"], "weight": 5,
                "manifest": "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n",
                "last_run": { "started_at": "2026-01-01T00:00:00Z", "phase": "Running" },
            }],
        })
    }

    #[test]
    fn reads_what_helm_writes() {
        let read = read(&packed(&release("pending-upgrade")), "prod").unwrap();
        assert_eq!(
            (read.record.revision, read.record.status, read.operation),
            (3, Status::Pending, Operation::Upgrade)
        );
        let migrate = ObjectName { kind: Kind::Job, namespace: "prod".into(), name: "migrate".into() };
        assert_eq!(read.record.hooks.get(&migrate), Some(&HookRun::Running));
        let events: Vec<_> = read.written.iter().map(|one| one.events.join(",")).collect();
        assert_eq!(events, ["", "pre-upgrade"]);
    }

    #[test]
    fn says_what_is_wrong() {
        let bomb = STANDARD.encode({
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            std::io::copy(&mut std::io::repeat(b' ').take(MANIFEST + 10), &mut gzip).unwrap();
            gzip.finish().unwrap()
        });
        for (data, expected) in [
            (b"***".to_vec(), "not base64"),
            (STANDARD.encode([0x1f, 0x8b, 0]).into_bytes(), "not gzip"),
            (STANDARD.encode("nonsense").into_bytes(), "not a release"),
            (packed(&release("odd")), "`odd` is not a status"),
            (bomb.into_bytes(), "more than 64 MiB unpacked"),
        ] {
            let error = read(&data, "prod").err().unwrap();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
