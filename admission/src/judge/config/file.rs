//! What is written in `plimsoll.yaml`, as far as its own shape tells. Whether the policies and rules that it names
//! exist is for [`ConfigFile::check`](super::ConfigFile::check).

use super::{
    Choices, Mode, ModulePath, NamespaceChoices, OnFailure, Policies, Webhook,
    entry::{Complaint, Entry, Fields},
    glob,
};
use crate::{
    judge::exceptions::{Annotations, Exception, FileGlob, Scope, parse_day},
    judge::host_rules,
    judge::policy_set::{Choice, Profile},
    manifest::{CustomKind, Kinds, TemplatePointer, api::Version},
};
use globset::GlobMatcher;
use plimsoll_policy::{Level, Pointer};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

const FIELDS: [&str; 9] = [
    "profile",
    "kubernetes",
    "policies",
    "exceptions",
    "allow-annotations",
    "exclude",
    "namespaces",
    "workloads",
    "webhook",
];
const PROFILES: [(&str, Profile); 2] = [("default", Profile::Default), ("strict", Profile::Strict)];
const MODES: [(&str, Mode); 2] = [("enforce", Mode::Enforce), ("warn", Mode::Warn)];
const OUTCOMES: [(&str, OnFailure); 2] = [("allow", OnFailure::Allow), ("deny", OnFailure::Deny)];

/// The fields of the file.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) profile: Option<Profile>,
    pub(super) kubernetes: Option<Version>,
    pub(super) policies: Policies,
    pub(super) modules: Vec<ModulePath>,
    pub(super) exceptions: Vec<Exception>,
    /// The rules that exceptions name, with their pointers; also of exceptions that lack something else.
    pub(super) excepted: Vec<(String, Pointer)>,
    pub(super) annotations: Option<Annotations>,
    pub(super) exclude: Vec<String>,
    pub(super) workloads: Vec<CustomKind>,
    pub(super) webhook: Webhook,
}

/// Reads the fields; `folder` is what paths in the file are relative to.
pub(super) fn read(value: &Value, folder: &Path) -> (Written, Vec<Complaint>) {
    let mut reader = Reader {
        folder,
        complaints: Vec::new(),
        modules: Vec::new(),
        excepted: Vec::new(),
        on_failure: BTreeMap::new(),
        taught: BTreeSet::new(),
    };
    let written = reader.file(&Entry::root(value));
    (written, reader.complaints)
}

struct Reader<'a> {
    folder: &'a Path,
    complaints: Vec<Complaint>,
    modules: Vec<ModulePath>,
    excepted: Vec<(String, Pointer)>,
    on_failure: BTreeMap<String, OnFailure>,
    /// Group and kind of the entries under `workloads`.
    taught: BTreeSet<(String, String)>,
}

/// Whether an entry under `policies` may bring a module.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Modules {
    Allowed,
    Refused,
}

impl Reader<'_> {
    fn file(&mut self, root: &Entry<'_>) -> Written {
        let fields = root.fields(&FIELDS, &mut self.complaints);
        Written {
            profile: fields.get("profile").and_then(|entry| self.name(&entry, "profile", &PROFILES)),
            kubernetes: fields.get("kubernetes").and_then(|entry| self.kubernetes(&entry)),
            policies: Policies {
                choices: self.choices(fields.get("policies"), Modules::Allowed),
                namespaces: self.each(fields.get("namespaces"), Self::namespace),
            },
            modules: std::mem::take(&mut self.modules),
            exceptions: self.each(fields.get("exceptions"), Self::exception),
            annotations: fields.get("allow-annotations").and_then(|entry| {
                let allowed = entry.boolean(&mut self.complaints)?;
                Some(if allowed { Annotations::Allowed } else { Annotations::Ignored })
            }),
            exclude: self.each(fields.get("exclude"), Self::excluded),
            workloads: self.each(fields.get("workloads"), Self::workload),
            webhook: self.webhook(fields.get("webhook")),
            excepted: std::mem::take(&mut self.excepted),
        }
    }

    /// The items of a list that make sense.
    fn each<T>(&mut self, list: Option<Entry<'_>>, read: fn(&mut Self, &Entry<'_>) -> Option<T>) -> Vec<T> {
        let items = list.map(|list| list.items(&mut self.complaints)).unwrap_or_default();
        items.iter().filter_map(|item| read(self, item)).collect()
    }

    /// What a name stands for.
    fn name<T: Copy>(&mut self, entry: &Entry<'_>, what: &str, known: &[(&str, T)]) -> Option<T> {
        let name = entry.text(&mut self.complaints)?;
        entry.one_of(what, known, name, &mut self.complaints)
    }

    /// Only text: what is written 1.30 is the number 1.3, which would be another version.
    fn kubernetes(&mut self, entry: &Entry<'_>) -> Option<Version> {
        if entry.value.is_number() {
            let message = "put the version in quotes, as in \"1.30\": YAML reads 1.30 without quotes as 1.3";
            self.complaints.push(Complaint::value(&entry.pointer, message));
            return None;
        }
        let version = entry.text(&mut self.complaints)?.parse::<Version>();
        version.map_err(|error| self.complaints.push(Complaint::value(&entry.pointer, error.to_string()))).ok()
    }

    fn webhook(&mut self, entry: Option<Entry<'_>>) -> Webhook {
        let on_failure_of = std::mem::take(&mut self.on_failure);
        let Some(fields) = entry.map(|entry| entry.fields(&["mode", "on-failure"], &mut self.complaints)) else {
            return Webhook { on_failure_of, ..Webhook::default() };
        };
        Webhook {
            mode: fields.get("mode").and_then(|entry| self.name(&entry, "mode", &MODES)),
            on_failure: fields.get("on-failure").and_then(|entry| self.name(&entry, "outcome", &OUTCOMES)),
            on_failure_of,
        }
    }

    fn choices(&mut self, policies: Option<Entry<'_>>, modules: Modules) -> Choices {
        let entries = policies.map(|entry| entry.entries(&mut self.complaints)).unwrap_or_default();
        entries.into_iter().filter_map(|(id, entry)| Some((id.to_owned(), self.choice(id, &entry, modules)?))).collect()
    }

    /// None for a policy whose module is not to be had: it would only be complained about once more.
    fn choice(&mut self, id: &str, entry: &Entry<'_>, modules: Modules) -> Option<Choice> {
        let known: &[&str] = match modules {
            // The rules of the host have no settings, and no module.
            _ if host_rules::is_host(id) => &["rules"],
            Modules::Allowed => &["settings", "rules", "module", "on-failure"],
            Modules::Refused => &["settings", "rules"],
        };
        let fields = entry.fields(known, &mut self.complaints);
        if let Some(entry) = fields.get("module").filter(|_| known.contains(&"module")) {
            let path = self.module(&entry)?;
            self.modules.push(ModulePath { path, pointer: entry.pointer });
        }
        if let Some(outcome) = fields.get("on-failure").filter(|_| known.contains(&"on-failure")) {
            let outcome = self.name(&outcome, "outcome", &OUTCOMES);
            self.on_failure.extend(outcome.map(|outcome| (id.to_owned(), outcome)));
        }
        let settings = fields.get("settings").map(|entry| entry.value.clone()).unwrap_or_default();
        Some(Choice { settings, levels: self.levels(&fields) })
    }

    fn module(&mut self, entry: &Entry<'_>) -> Option<PathBuf> {
        let path = entry.text(&mut self.complaints)?;
        if path.contains("://") {
            let message = "this version loads modules from files only; write the path of a .wasm file";
            self.complaints.push(Complaint::value(&entry.pointer, message));
            return None;
        }
        Some(self.folder.join(path))
    }

    fn levels(&mut self, fields: &Fields<'_>) -> BTreeMap<String, Level> {
        let entries = fields.get("rules").map(|entry| entry.entries(&mut self.complaints)).unwrap_or_default();
        let level = |(rule, entry): (&str, Entry<'_>)| Some((rule.to_owned(), entry.level(&mut self.complaints)?));
        entries.into_iter().filter_map(level).collect()
    }

    fn exception(&mut self, entry: &Entry<'_>) -> Option<Exception> {
        let fields = entry.fields(&["rule", "match", "reason", "expires"], &mut self.complaints);
        let rule = fields.text("rule", &mut self.complaints);
        self.excepted.extend(rule.map(|rule| (rule.to_owned(), entry.pointer.join("rule"))));
        let scope = fields.require("match", &mut self.complaints).and_then(|entry| self.scope(&entry));
        let reason = fields.text("reason", &mut self.complaints);
        let expires = fields.require("expires", &mut self.complaints).and_then(|entry| {
            let day = parse_day(entry.text(&mut self.complaints)?);
            day.map_err(|why| self.complaints.push(Complaint::value(&entry.pointer, why))).ok()
        });
        Some(Exception {
            rule: rule?.to_owned(),
            scope: scope?,
            reason: reason?.to_owned(),
            expires: expires?,
            pointer: entry.pointer.clone(),
        })
    }

    fn scope(&mut self, entry: &Entry<'_>) -> Option<Scope> {
        let fields = entry.fields(&["namespace", "kind", "name", "container", "file"], &mut self.complaints);
        if entry.value.is_null() || entry.value.as_object().is_some_and(serde_json::Map::is_empty) {
            let message = "this matches everything; name a namespace, kind, name, container or file, or set the level of the rule";
            self.complaints.push(Complaint::value(&entry.pointer, message));
        }
        let [namespace, kind, name, container] =
            ["namespace", "kind", "name", "container"].map(|name| fields.get(name).and_then(|entry| self.glob(&entry)));
        let file = fields.get("file").and_then(|entry| self.as_glob(&entry, FileGlob::new));
        Some(Scope { namespace, kind, name, container, file })
    }

    fn glob(&mut self, entry: &Entry<'_>) -> Option<GlobMatcher> {
        self.as_glob(entry, glob::matcher)
    }

    fn as_glob<T>(&mut self, entry: &Entry<'_>, compile: fn(&str) -> Result<T, String>) -> Option<T> {
        let text = entry.text(&mut self.complaints)?;
        compile(text).map_err(|why| self.complaints.push(Complaint::value(&entry.pointer, why))).ok()
    }

    /// A glob of files to leave out, as it is written.
    fn excluded(&mut self, entry: &Entry<'_>) -> Option<String> {
        self.glob(entry).map(|glob| glob.glob().glob().to_owned())
    }

    fn namespace(&mut self, entry: &Entry<'_>) -> Option<NamespaceChoices> {
        let fields = entry.fields(&["match", "policies", "webhook"], &mut self.complaints);
        let pattern = fields.require("match", &mut self.complaints).and_then(|entry| self.glob(&entry));
        let webhook = fields.get("webhook");
        let policies = match webhook {
            None => fields.require("policies", &mut self.complaints),
            Some(_) => fields.get("policies"),
        };
        let choices = self.choices(policies, Modules::Refused);
        let webhook = webhook.map(|entry| entry.fields(&["mode"], &mut self.complaints));
        let mode = webhook.and_then(|fields| fields.get("mode")).and_then(|entry| self.name(&entry, "mode", &MODES));
        Some(NamespaceChoices { pattern: pattern?, choices, mode, pointer: entry.pointer.clone() })
    }

    fn workload(&mut self, entry: &Entry<'_>) -> Option<CustomKind> {
        let fields = entry.fields(&["group", "kind", "podTemplate", "resource"], &mut self.complaints);
        let group = fields.text("group", &mut self.complaints);
        let kind = fields.text("kind", &mut self.complaints);
        let pod_templates = fields.require("podTemplate", &mut self.complaints).map(|entry| self.pod_templates(&entry));
        let resource = fields.get("resource").and_then(|entry| entry.text(&mut self.complaints)).map(str::to_owned);
        let (group, kind) = (group?.to_owned(), kind?.to_owned());
        self.refuse_known(&group, &kind, entry);
        let pod_templates = pod_templates.filter(|pointers| !pointers.is_empty())?;
        Some(CustomKind::new(group, kind, pod_templates, resource))
    }

    /// Two entries would leave open which of them holds.
    fn refuse_known(&mut self, group: &str, kind: &str, entry: &Entry<'_>) {
        let message = if Kinds::knows(group, kind) {
            format!("{kind} of group `{group}` is judged already; remove this entry")
        } else if self.taught.insert((group.to_owned(), kind.to_owned())) {
            return;
        } else {
            format!("{kind} of group `{group}` has an entry already; write all its pointers there: podTemplate: [A, B]")
        };
        self.complaints.push(Complaint::value(format!("{}/kind", entry.pointer), message));
    }

    /// One pointer, or a list of them.
    fn pod_templates(&mut self, entry: &Entry<'_>) -> Vec<TemplatePointer> {
        let entries = match entry.value {
            Value::Array(items) if items.is_empty() => {
                self.complaints.push(Complaint::value(&entry.pointer, "the list is empty; name at least one pointer"));
                return Vec::new();
            }
            Value::Array(_) => entry.items(&mut self.complaints),
            _ => vec![entry.clone()],
        };
        let mut pointers = Vec::new();
        for entry in entries {
            // An empty one is for a kind that is written like a Pod.
            let text = if entry.value == "" { Some("") } else { entry.text(&mut self.complaints) };
            let Some(text) = text else { continue };
            match text.parse() {
                Ok(pointer) => pointers.push(pointer),
                Err(error) => self.complaints.push(Complaint::value(&entry.pointer, format!("`{text}` {error}"))),
            }
        }
        pointers
    }
}
