//! Charts as a release packs them.

use crate::tools::Tool;
use plimsoll_tests::{folder, root};
use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

const DIGEST: &str = "sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a";

/// `.ci/release/chart`, with Helm in the path.
fn pack(helm: &Tool, chart: &Path, digest: &str, into: &Path) -> Output {
    let helm = helm.path().parent().expect("a program stands in a folder").to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = [helm].into_iter().chain(env::split_paths(&path));
    let repository = "ghcr.io/plimsoll-dev/plimsoll";
    Command::new(root().join(".ci/release/chart"))
        .arg(chart)
        .args(["1.2.3", repository, digest])
        .arg(into)
        .env("PATH", env::join_paths(path).expect("a path"))
        .output()
        .expect("bash starts")
}

#[test]
fn a_packed_chart_runs_the_image_of_its_release() {
    let Some(helm) = Tool::helm() else { return };
    let charts: [(_, _, &[&str]); 2] =
        [("admission/chart", "plimsoll", &[]), ("worker/chart", "plimsoll-worker", &["queueUrl=nats://nats:4222"])];
    for (chart, name, values) in charts {
        let packed = folder([]);
        let made = pack(&helm, &root().join(chart), DIGEST, packed.path());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let file = packed.path().join(format!("{name}-1.2.3.tgz")).display().to_string();
        let rendered = helm.template_chart(&[name, &file, "--namespace", "guard"], values);
        assert_eq!(rendered.code, 0, "{}", rendered.stderr);
        let image = format!("image: ghcr.io/plimsoll-dev/plimsoll:1.2.3@{DIGEST}");
        assert!(rendered.stdout.contains(&image), "{chart}: {}", rendered.stdout);
    }
}

#[test]
fn a_chart_that_cannot_be_filled_in_is_not_packed() {
    let Some(helm) = Tool::helm() else { return };
    let packed = folder([("chart/values.yaml", "image: {}\n")]);
    let chart = packed.path().join("chart");
    let said = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let expected =
        format!("error: {}/values.yaml has no image.repository and image.digest to fill in\n", chart.display());
    assert_eq!(said(pack(&helm, &chart, DIGEST, packed.path())), expected);
    assert_eq!(said(pack(&helm, &chart, "latest", packed.path())), "error: `latest` is not a digest\n");
    assert_eq!(fs::read_dir(packed.path()).expect("a folder").count(), 1);
}
