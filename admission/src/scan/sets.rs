//! Rules about a set: the objects of each namespace of one input together, after each was judged by itself.
//!
//! An input is one text, or the texts of one folder where these define each object once. Two objects of one name are
//! variants, of which a cluster gets one: then each text is an input by itself, and known to be a part of something.

use super::{
    file::{File, NAME, Text},
    outcome::Outcome,
};
use crate::{
    finding::{Finding, LocatedProblem, Location, ObjectRef, Template},
    judge::{
        evaluate::{PolicyFailure, SET_OBJECTS, SetFinding},
        exceptions::Occasion,
    },
    manifest::{Beside, Found, Span},
    watch::Phase,
};
use plimsoll_policy::{Level, Member, Pointer, Set};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Judges the sets of texts that may be one input, and adds what is found to what came of each text.
pub(super) fn judge(texts: Vec<Text<'_, '_>>) -> Vec<Outcome> {
    let mut of_sets: Vec<Outcome> = texts.iter().map(|_| Outcome::default()).collect();
    let all: Vec<usize> = (0..texts.len()).collect();
    let inputs: Vec<&[usize]> = match is_one_input(&texts) {
        true => vec![&all],
        false => all.chunks(1).collect(),
    };
    for input in inputs {
        for gathered in gather(&texts, input) {
            gathered.judge(&texts, &mut of_sets);
        }
    }
    let add = |(text, of_set): (Text<'_, '_>, Outcome)| {
        let mut outcome = text.outcome;
        if !of_set.findings.is_empty() || !of_set.problems.is_empty() {
            outcome.append(of_set);
            outcome.findings.sort_by(|a, b| Finding::order(a).cmp(&Finding::order(b)));
        } else {
            outcome.sums.usage += of_set.sums.usage;
        }
        if let Some(file) = &text.file {
            file.hear_comments(&text.documents, &mut outcome.findings);
        }
        outcome
    };
    texts.into_iter().zip(of_sets).map(add).collect()
}

/// Whether no object is defined twice.
fn is_one_input(texts: &[Text<'_, '_>]) -> bool {
    let mut seen = BTreeSet::new();
    texts.len() == 1 || texts.iter().flat_map(origins_of).all(|origin| seen.insert(origin.key()))
}

fn origins_of<'c, 't>(text: &'c Text<'_, 't>) -> impl Iterator<Item = Origin<'c, 't>> {
    text.contents.iter().flat_map(|contents| {
        let judged = contents.objects.iter().map(Origin::Judged);
        judged.chain(contents.members.iter().map(Origin::Beside))
    })
}

/// The objects of one namespace, and where each was found.
struct Gathered<'c, 't> {
    set: Set,
    /// The text of each object, and where in it.
    origins: Vec<(usize, Origin<'c, 't>)>,
    /// Whether the input is more than one text.
    is_folder: bool,
}

/// Where an object of a set was found.
#[derive(Clone, Copy)]
enum Origin<'c, 't> {
    /// It is judged by itself too.
    Judged(&'c Found<'t>),
    /// It runs no pods.
    Beside(&'c Beside<'t>),
}

/// One set for each namespace that has a workload, in the order of their names.
fn gather<'c, 't>(texts: &'c [Text<'_, 't>], input: &[usize]) -> Vec<Gathered<'c, 't>> {
    let mut by_namespace: BTreeMap<Option<&str>, Vec<(usize, Origin<'c, 't>)>> = BTreeMap::new();
    for index in input {
        for origin in origins_of(&texts[*index]) {
            by_namespace.entry(origin.namespace()).or_default().push((*index, origin));
        }
    }
    by_namespace.retain(|_, origins| origins.iter().any(|(_, origin)| matches!(origin, Origin::Judged(_))));
    let of_input = || input.iter().map(|index| &texts[*index]);
    let kinds: BTreeSet<&String> =
        of_input().flat_map(|text| &text.contents).flat_map(|contents| &contents.other_kinds).collect();
    let is_part = |text: &Text<'_, '_>| text.file.as_ref().is_none_or(|file| file.is_part);
    // Where one text of several is an input by itself, the others belong to it somehow.
    let incomplete = input.len() < texts.len() || of_input().any(|text| is_part(text) || has_gaps(text));
    let set = |(namespace, mut origins): (Option<&str>, Vec<(usize, Origin<'c, 't>)>)| {
        origins.sort_by_key(|(text, origin)| (*text, origin.place()));
        let objects = origins.iter().map(|(_, origin)| origin.member()).collect();
        let other_kinds = kinds.iter().map(|kind| (*kind).clone()).collect();
        let set = Set { namespace: namespace.map(str::to_owned), objects, other_kinds, incomplete };
        Gathered { set, origins, is_folder: input.len() > 1 }
    };
    by_namespace.into_iter().map(set).collect()
}

/// Whether anything of a text could not be read.
fn has_gaps(text: &Text<'_, '_>) -> bool {
    !text.outcome.problems.is_empty()
}

impl Gathered<'_, '_> {
    fn judge(&self, texts: &[Text<'_, '_>], of_sets: &mut [Outcome]) {
        let Gathered { set, origins, is_folder } = self;
        let first = origins[0].0;
        let Some(scanner) = texts[first].file.as_ref().map(|file| file.scanner) else { return };
        // That the levels of a namespace contradict each other is told with its objects.
        let Ok(policies) = scanner.judge.policies(set.namespace.as_deref()) else { return };
        let refuse = |message| LocatedProblem { location: self.location(texts, 0, NAME.into()), message };
        if origins.len() > SET_OBJECTS {
            let message = format!("rules about a set: {} objects, and at most {SET_OBJECTS} are judged", origins.len());
            return of_sets[first].problems.push(refuse(message));
        }
        let values: Vec<_> = origins.iter().map(|(_, origin)| (Arc::new(origin.object()), origin.value())).collect();
        let occasion = |object: usize| match &texts[origins[object].0].file {
            Some(file) => file.occasion(),
            None => Occasion { today: scanner.options.today, file: None },
        };
        let judged = || scanner.judge.judge_set(set, &values, &policies, occasion);
        let (evaluation, usage) = scanner.options.watch.time(Phase::Sets, judged);
        of_sets[first].sums.usage += usage;
        for SetFinding { object, related, mut finding } in evaluation.findings {
            for (place, index) in finding.related.iter_mut().zip(related) {
                place.location = self.location(texts, index, std::mem::take(&mut place.location.pointer));
            }
            finding.location = self.location(texts, object, std::mem::take(&mut finding.location.pointer));
            finding.template = self.origins[object].1.template();
            if *is_folder {
                finding.level = finding.level.min(WORST_IN_A_FOLDER);
            }
            of_sets[origins[object].0].findings.push(finding);
        }
        for PolicyFailure { policy, cause } in evaluation.failures {
            of_sets[first].problems.push(refuse(format!("the policy `{policy}` gave no verdict on the set: {cause}")));
        }
    }

    /// Where the text of an object has a field of it.
    fn location(&self, texts: &[Text<'_, '_>], object: usize, pointer: Pointer) -> Location {
        let (text, origin) = &self.origins[object];
        match &texts[*text].file {
            Some(file) => origin.location(file, pointer),
            None => Location { pointer, ..Location::whole_file("") },
        }
    }
}

/// The files of a folder may be examples or variants with names of their own, which no cluster gets together: what is
/// found between them is not certain enough to refuse.
const WORST_IN_A_FOLDER: Level = Level::Warn;

impl<'c> Origin<'c, '_> {
    fn namespace(&self) -> Option<&'c str> {
        match self {
            Origin::Judged(found) => found.object.workload.namespace.as_deref(),
            Origin::Beside(beside) => beside.namespace.as_deref(),
        }
    }

    /// Number of the document, and index in a `List`.
    fn place(&self) -> (usize, Option<usize>) {
        match self {
            Origin::Judged(found) => (found.document, found.item),
            Origin::Beside(beside) => (beside.document, beside.item),
        }
    }

    /// What two definitions of one object have in common: group, kind, namespace and name.
    fn key(&self) -> (&'c str, &'c str, Option<&'c str>, &'c str) {
        let (api_version, kind, name) = match self {
            Origin::Judged(Found { object, .. }) => {
                (&object.workload.api_version, &object.workload.kind, &object.workload.name)
            }
            Origin::Beside(Beside { member, .. }) => (&member.api_version, &member.kind, &member.name),
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        (group, kind, self.namespace(), name)
    }

    fn location(&self, file: &File<'_, '_>, pointer: Pointer) -> Location {
        let (document, item) = self.place();
        let region = Some(file.region(self.locate(&pointer)));
        Location { place: file.place(Some(document), item), pointer, region }
    }

    /// The template that it was rendered from.
    fn template(&self) -> Option<Template> {
        let (Origin::Judged(Found { template, .. }) | Origin::Beside(Beside { template, .. })) = self;
        template.map(Template::said)
    }

    fn locate(&self, pointer: &str) -> Span {
        match self {
            Origin::Judged(found) => found.locate(pointer),
            Origin::Beside(beside) => beside.locate(pointer),
        }
    }

    fn object(&self) -> ObjectRef {
        match self {
            Origin::Judged(found) => ObjectRef::from(&found.object.workload),
            Origin::Beside(Beside { namespace, member, .. }) => ObjectRef {
                api_version: member.api_version.clone(),
                kind: member.kind.clone(),
                namespace: namespace.clone(),
                name: member.name.clone(),
            },
        }
    }

    /// The whole object; nothing of one that runs no pods, which is read only as far as its view.
    fn value(&self) -> &'c Value {
        match self {
            Origin::Judged(found) => &found.object.value,
            Origin::Beside(_) => &Value::Null,
        }
    }

    fn member(&self) -> Member {
        match self {
            Origin::Judged(found) => found.member(),
            Origin::Beside(beside) => beside.member.clone(),
        }
    }
}
