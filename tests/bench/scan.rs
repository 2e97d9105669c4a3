//! `plimsoll scan` as a whole process, against its budgets, our own baseline and peers where these are installed.
//!
//! Prints ratios of medians from one run, the commands taking turns. `cargo bench -p plimsoll-tests --bench scan`.

use plimsoll_tests::{program, root};
use serde::Deserialize;
use std::{
    env,
    fmt::Write as _,
    fs,
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 21;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, command @ ..] = &arguments[..]
        && flag == PEAK_OF
    {
        run(command);
        return println!("{}", peak_of_children());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let small = root().join("docs/examples/d-zero-downtime/before");
    let small = first_manifest(&small);
    let install = folder.path().join("install.yaml");
    fs::write(&install, install_manifest(1_900_000)).expect("a file");
    let tree = folder.path().join("tree");
    grow(&tree, 2000);

    memory(folder.path());
    println!("{:<44} {:>10} {:>10} {:>7}  budget", "what (median of whole processes)", "plimsoll", "other", "ratio");
    let one = path(&small);
    against("one small file / kube-score", &scan(&one, 1), &kube_score(&one), Some(0.5));
    let one = path(&install);
    against("1.9 MB of CRDs and 7 workloads / kube-score", &scan(&one, 1), &kube_score(&one), Some(0.1));
    against("1.9 MB of CRDs and 7 workloads / ripgrep", &scan(&one, 1), &ripgrep(&one), Some(4.0));
    streams(folder.path());
    let one = path(&tree);
    against("tree of 2000 files / kube-linter", &scan(&one, 2), &kube_linter(&one), Some(0.1));
    against("tree of 2000 files / ripgrep", &scan(&one, 2), &ripgrep(&one), Some(5.0));
    against("tree of 2000 files, 2 threads / 1 thread", &scan(&one, 2), &scan(&one, 1), Some(0.6));
    against_parsing_everything(&tree);
    start();
}

/// Workloads one after the other in one file, and the same in one List.
fn streams(folder: &Path) {
    let file = |name: &str, text: String| {
        let file = folder.join(name);
        fs::write(&file, text).expect("a file");
        path(&file)
    };
    let documents = file("documents.yaml", (0..1000).map(workload).collect());
    let (list, tenth) = (file("list.yaml", list(1000)), file("tenth.yaml", list(100)));
    against("1000 workloads / kube-score", &scan(&documents, 1), &kube_score(&documents), Some(0.2));
    against("1000 workloads, 2 threads / kube-score", &scan(&documents, 2), &kube_score(&documents), Some(0.12));
    against("List of 1000 / 1000 documents", &scan(&list, 1), &scan(&documents, 1), Some(1.2));
    against("List of 1000 / List of 100", &scan(&list, 1), &scan(&tenth, 1), Some(10.0));
}

/// What a process costs that has nothing to do; its budget is a difference and no ratio.
fn start() {
    let version = [program().display().to_string(), "--version".to_owned()];
    let (ours, other) = in_turns(&version, &["true".to_owned()]);
    let more = ours.saturating_sub(other);
    let verdict = if more <= Duration::from_millis(1) { "met" } else { "MISSED" };
    println!("{:<44} {ours:>10.1?} {other:>10.1?} {:>7}  + {more:.1?}; + ≤ 1 ms {verdict}", "--version / true", "");
}

fn scan(path: &str, threads: usize) -> Vec<String> {
    let program = program().display().to_string();
    [&program, "scan", "-j", &threads.to_string(), path].map(str::to_owned).to_vec()
}

fn kube_score(path: &str) -> Vec<String> {
    ["kube-score", "score", path].map(str::to_owned).to_vec()
}

fn kube_linter(path: &str) -> Vec<String> {
    ["kube-linter", "lint", path].map(str::to_owned).to_vec()
}

fn ripgrep(path: &str) -> Vec<String> {
    ["rg", "-c", "^kind:", path].map(str::to_owned).to_vec()
}

/// Two commands in turns, and the ratio of their medians.
fn against(what: &str, ours: &[String], other: &[String], budget: Option<f64>) {
    if run(other).is_none() {
        println!("{what:<44} skipped: {} is not installed", other[0]);
        return;
    }
    let (ours, other) = in_turns(ours, other);
    row(what, ours, other, budget);
}

/// The medians of two commands that take turns.
fn in_turns(ours: &[String], other: &[String]) -> (Duration, Duration) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.extend(run(ours));
        b.extend(run(other));
    }
    (median(a), median(b))
}

/// One thread of ours against parsing every document with the library that we parse workloads with.
fn against_parsing_everything(tree: &Path) {
    let files: Vec<String> = fs::read_dir(tree)
        .expect("the tree")
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        a.extend(run(&scan(&path(tree), 1)));
        let start = Instant::now();
        for document in files.iter().flat_map(|text| serde_yaml::Deserializer::from_str(text)) {
            black_box(serde_yaml::Value::deserialize(document).expect("the tree is sound"));
        }
        b.push(start.elapsed());
    }
    row("tree of 2000 files, 1 thread / parse it all", median(a), median(b), Some(0.3));
}

/// Peak memory of a scan must not grow with the tree.
fn memory(folder: &Path) {
    for files in [200, 2000, 8000] {
        let tree = folder.join(format!("memory-{files}"));
        grow(&tree, files);
        let bytes: u64 = fs::read_dir(&tree)
            .expect("the tree")
            .map(|f| f.expect("a file").metadata().expect("metadata").len())
            .sum();
        let peak = peak_of(&scan(&path(&tree), 2));
        println!("peak memory, {:>6} KB in {files:>4} files {peak:>22} KB         budget 32768 KB", bytes / 1024);
    }
}

/// Peak resident memory of a command in KB. The system tells a process only the peak of the largest of its children, so
/// each command gets a parent of its own.
fn peak_of(command: &[String]) -> i64 {
    let parent = Command::new(env::current_exe().expect("this program")).arg(PEAK_OF).args(command).output();
    let printed = String::from_utf8(parent.expect("this program once more").stdout).expect("a number");
    printed.trim().parse().expect("a number")
}

/// What the program is told to be that parent.
const PEAK_OF: &str = "--peak-of";

/// Peak resident memory in KB of the largest child so far.
fn peak_of_children() -> i64 {
    nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss())
}

fn row(what: &str, ours: Duration, other: Duration, budget: Option<f64>) {
    let ratio = ours.as_secs_f64() / other.as_secs_f64();
    let verdict = match budget {
        Some(budget) if ratio <= budget => format!("≤ {budget} met"),
        Some(budget) => format!("≤ {budget} MISSED"),
        None => String::new(),
    };
    println!("{what:<44} {ours:>10.1?} {other:>10.1?} {ratio:>7.3}  {verdict}");
}

/// Wall time of a whole process; none if it does not start.
fn run(command: &[String]) -> Option<Duration> {
    let start = Instant::now();
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.wait().ok()?;
    Some(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn first_manifest(folder: &Path) -> std::path::PathBuf {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the examples").map(|file| file.expect("a file").path()).collect();
    files.sort();
    files.remove(0)
}

/// A tree as real ones are: seven files in eight are no workload.
fn grow(tree: &Path, files: usize) {
    fs::create_dir_all(tree).expect("a folder");
    for index in 0..files {
        let text = if index % 8 == 0 { workload(index) } else { custom_resource(index, 6000) };
        fs::write(tree.join(format!("{index:05}.yaml")), text).expect("a file");
    }
}

/// What an operator ships: custom resource definitions, and a few workloads at the end.
fn install_manifest(bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        text.push_str(&custom_resource(text.len(), 200_000));
    }
    for index in 0..7 {
        text.push_str(&workload(index));
    }
    text
}

fn custom_resource(index: usize, bytes: usize) -> String {
    let mut text = format!(
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things{index}.acme.example\nspec:\n  versions:\n"
    );
    let mut field = 0;
    while text.len() < bytes {
        let _ = write!(
            text,
            "  - name: v{field}\n    schema:\n      openAPIV3Schema:\n        description: The {field}th field, with words enough to look like documentation.\n        properties:\n          kind:\n            type: string\n"
        );
        field += 1;
    }
    text
}

/// The same workloads as items of a List.
fn list(count: usize) -> String {
    let mut text = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
    for index in 0..count {
        for (number, line) in workload(index).lines().skip(1).enumerate() {
            let _ = writeln!(text, "{} {line}", if number == 0 { '-' } else { ' ' });
        }
    }
    text
}

fn workload(index: usize) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{index}\n  labels: {{ app: app-{index} }}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {{ app: app-{index} }}\n  template:\n    metadata:\n      labels: {{ app: app-{index} }}\n    spec:\n      terminationGracePeriodSeconds: 40\n      containers:\n      - name: app\n        image: registry.acme.example/app:1.2.{index}\n        ports: [{{ name: http, containerPort: 8080 }}]\n        readinessProbe:\n          httpGet: {{ path: /readyz, port: http }}\n        livenessProbe:\n          httpGet: {{ path: /livez, port: http }}\n          periodSeconds: 20\n          timeoutSeconds: 5\n        resources:\n          limits: {{ cpu: \"1\", memory: 256Mi }}\n"
    )
}
