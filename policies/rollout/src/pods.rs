//! The workloads of a set, found by the labels of their pods without comparing each with each.

use plimsoll_policy::{
    Autoscaler, Member, Service, Set, Workload,
    workload::{Map, Selector},
};
use std::collections::BTreeMap;

/// The index of a member, and what it runs.
pub(crate) type One<'a> = (u32, &'a Workload);

pub(crate) struct Pods<'a> {
    pub(crate) set: &'a Set,
    /// In the order of the set.
    pub(crate) all: Vec<One<'a>>,
    /// Those with a label.
    by_label: BTreeMap<(&'a str, &'a str), Vec<One<'a>>>,
    /// By kind and name.
    by_name: BTreeMap<(&'a str, &'a str), Vec<One<'a>>>,
}

impl<'a> Pods<'a> {
    pub(crate) fn of(set: &'a Set) -> Self {
        let mut pods = Pods { set, all: Vec::new(), by_label: BTreeMap::new(), by_name: BTreeMap::new() };
        for (index, member) in pods.members() {
            if let Some(workload) = &member.workload {
                pods.all.push((index, workload));
            }
        }
        for one in &pods.all {
            for (key, value) in &one.1.pod.labels {
                pods.by_label.entry((key, value)).or_default().push(*one);
            }
            pods.by_name.entry((&one.1.kind, &one.1.name)).or_default().push(*one);
        }
        pods
    }

    /// All objects with their indices. A set has fewer than 32 bits count: the host bounds it.
    pub(crate) fn members(&self) -> impl Iterator<Item = (u32, &'a Member)> + use<'a> {
        (0..).zip(&self.set.objects)
    }

    pub(crate) fn of_service(&self, service: &'a Service) -> impl Iterator<Item = One<'a>> {
        let candidates = if service.selector.is_empty() { &[] } else { self.with_rarest(&service.selector) };
        candidates.iter().copied().filter(|(_, workload)| service.selects(&workload.pod.labels))
    }

    pub(crate) fn of_selector(&self, selector: &'a Selector) -> impl Iterator<Item = One<'a>> {
        let candidates = self.with_rarest(&selector.match_labels);
        candidates.iter().copied().filter(|(_, workload)| selector.selects(&workload.pod.labels))
    }

    pub(crate) fn of_autoscaler(&self, autoscaler: &'a Autoscaler) -> Option<One<'a>> {
        let named = self.by_name.get(&(autoscaler.target_kind.as_str(), autoscaler.target_name.as_str()))?;
        named.iter().copied().find(|(_, workload)| autoscaler.scales(workload))
    }

    /// The pods that have the label of a selector which the fewest have; all pods where it names none.
    fn with_rarest(&self, labels: &'a Map) -> &[One<'a>] {
        let with = |(key, value): (&'a String, &'a String)| {
            self.by_label.get(&(key.as_str(), value.as_str())).map_or(&[][..], Vec::as_slice)
        };
        labels.iter().map(with).min_by_key(|pods| pods.len()).unwrap_or(&self.all)
    }
}
