//! What a scan says of the open documents: the folder of each is judged as if their texts were its files.

use super::{
    Load,
    diagnostics::{Spot, of_finding, of_problem},
    documents::{Document, Documents},
    protocol::{Diagnostic, PublishDiagnostics},
    uri,
};
use crate::{
    clock::today,
    finding::{Finding, LocatedProblem, Location, Needs, Report},
    judge::{Judge, SetupError},
    manifest::Limits,
    paths::plain,
    scan::{
        self, ScanOptions,
        inputs::{self, Inputs, Source},
    },
};
use globset::GlobSet;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    thread::available_parallelism,
};

/// Files of one folder that are judged together, as a scan takes them for one input; of a larger folder only those that
/// are open.
pub const FILES: usize = 1000;

/// The judge, and what it said last.
pub(super) struct Checks {
    working: PathBuf,
    judge: Option<(Judge, GlobSet)>,
    /// What was found in each open document.
    found: BTreeMap<PathBuf, Found>,
    /// Files of the configuration in which something was wrong.
    complained: BTreeSet<PathBuf>,
}

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    problems: Vec<LocatedProblem>,
}

impl Checks {
    pub(super) fn new(working: PathBuf) -> Self {
        Checks { working, judge: None, found: BTreeMap::new(), complained: BTreeSet::new() }
    }

    pub(super) fn judge(&self) -> Option<&Judge> {
        self.judge.as_ref().map(|(judge, _)| judge)
    }

    /// Takes the configuration as it is now. What there is to say of it, as diagnostics of its files.
    pub(super) fn load(&mut self, load: &Load<'_>, documents: &Documents) -> Vec<PublishDiagnostics> {
        let problems = match load() {
            Ok(judge) => match inputs::exclude(&judge.config.exclude) {
                Ok(exclude) => {
                    self.judge = Some((judge, exclude));
                    Vec::new()
                }
                Err(error) => vec![self.of_configuration(&format!("{error:#}"))],
            },
            Err(SetupError::Config(problems)) => problems,
            Err(SetupError::Other(error)) => vec![self.of_configuration(&format!("{error:#}"))],
        };
        let mut by_path: BTreeMap<PathBuf, Vec<&LocatedProblem>> =
            std::mem::take(&mut self.complained).into_iter().map(|path| (path, Vec::new())).collect();
        for problem in &problems {
            if let Some(path) = problem.location.place.path() {
                by_path.entry(PathBuf::from(&**path)).or_default().push(problem);
                self.complained.insert(PathBuf::from(&**path));
            }
        }
        let spot = Spot { working: &self.working, documents };
        let published = by_path.into_iter().map(|(path, problems)| {
            let text = spot.text(&path);
            let diagnostics = problems.into_iter().map(|problem| of_problem(problem, &text)).collect();
            PublishDiagnostics::new(&spot.uri(&path), None, diagnostics)
        });
        published.collect()
    }

    fn of_configuration(&self, message: &str) -> LocatedProblem {
        let path = crate::judge::config::find(&self.working).unwrap_or_else(|| crate::judge::config::FILE_NAME.into());
        let location = Location::whole_file(path.display().to_string());
        LocatedProblem { location, message: message.to_owned() }
    }

    /// Whether a file is the configuration in use, or would be.
    pub(super) fn is_configuration(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| name == crate::judge::config::FILE_NAME)
            || self.complained.iter().any(|known| plain(&self.working.join(known)) == *path)
    }

    /// Judges the folders of all open documents.
    pub(super) fn run(&mut self, documents: &Documents) {
        self.found.clear();
        let Some((judge, exclude)) = &self.judge else { return };
        let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for path in documents.all().filter_map(|(_, document)| document.path.as_deref()) {
            if !exclude.is_match(path) && !self.is_in_chart(path) {
                folders.entry(path.parent().unwrap_or(Path::new("")).to_owned()).or_default().push(path.to_owned());
            }
        }
        let options = self.options(documents);
        for (folder, open) in folders {
            let inputs = self.inputs(&folder, &open);
            let Report { findings, problems, .. } = scan::scan(&inputs, judge, &options);
            for path in open {
                let is_here =
                    |location: &Location| location.place.path().is_some_and(|file| Path::new(&**file) == path);
                let of = |finding: &&Finding| is_here(&finding.location) && finding.is_open();
                let found = Found {
                    findings: findings.iter().filter(of).cloned().collect(),
                    problems: problems.iter().filter(|problem| is_here(&problem.location)).cloned().collect(),
                };
                self.found.insert(path, found);
            }
        }
    }

    pub(super) fn findings(&self, document: &Document) -> &[Finding] {
        let found = document.path.as_ref().and_then(|path| self.found.get(path));
        found.map_or(&[], |found| &found.findings)
    }

    pub(super) fn diagnostics(&self, uri: &str, document: &Document, documents: &Documents) -> PublishDiagnostics {
        let spot = Spot { working: &self.working, documents };
        let found = document.path.as_ref().and_then(|path| self.found.get(path));
        let diagnostics: Vec<Diagnostic> = found.map_or_else(Vec::new, |found| {
            let findings = found.findings.iter().map(|finding| of_finding(finding, &document.text, &spot));
            findings.chain(found.problems.iter().map(|problem| of_problem(problem, &document.text))).collect()
        });
        PublishDiagnostics::new(uri, Some(document.version), diagnostics)
    }

    pub(super) fn diagnostic(&self, finding: &Finding, document: &Document, documents: &Documents) -> Diagnostic {
        of_finding(finding, &document.text, &Spot { working: &self.working, documents })
    }

    pub(super) fn options(&self, documents: &Documents) -> ScanOptions {
        let texts = documents
            .all()
            .filter_map(|(_, document)| Some((document.path.clone()?, document.text.clone().into_bytes())));
        ScanOptions {
            threads: available_parallelism().unwrap_or(NonZeroUsize::MIN),
            strict_yaml: false,
            stdin: String::new(),
            namespace: None,
            working: self.working.clone(),
            today: today(),
            needs: Needs::default(),
            watch: Arc::default(),
            unsaved: Arc::new(texts.collect()),
        }
    }

    /// The manifests of a folder, and what of it is open.
    pub(super) fn inputs(&self, folder: &Path, open: &[PathBuf]) -> Inputs {
        let listing = fs::read_dir(self.working.join(folder)).into_iter().flatten().flatten();
        let files = listing.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let names = files.map(|entry| folder.join(entry.file_name())).filter(|path| inputs::is_manifest(path));
        let mut all: BTreeSet<PathBuf> = names.take(FILES + 1).collect();
        if all.len() > FILES {
            all.clear();
        }
        if let Some((_, exclude)) = &self.judge {
            all.retain(|path| !exclude.is_match(path));
        }
        all.extend(open.iter().cloned());
        Inputs { sources: all.into_iter().map(Source::File).collect(), ..Inputs::default() }
    }

    /// Raw templates are not YAML: what Helm makes of them is judged.
    fn is_in_chart(&self, path: &Path) -> bool {
        let path = plain(&self.working.join(path));
        let mut folders = path.ancestors().skip(1).filter(|folder| folder.starts_with(&self.working));
        folders.any(|folder| folder.join("Chart.yaml").is_file())
    }
}

impl Spot<'_> {
    /// The text of a file by the name that a scan gives it: of the editor, or of the disk.
    pub(super) fn text(&self, path: &Path) -> String {
        match self.documents.text(path) {
            Some(text) => text.to_owned(),
            None => {
                let limit = Limits::default().file_bytes;
                crate::bounded_file::read_text(&self.working.join(path), limit).unwrap_or_default()
            }
        }
    }

    pub(super) fn uri(&self, path: &Path) -> String {
        uri::of(&plain(&self.working.join(path)))
    }
}
