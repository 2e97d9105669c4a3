//! The release as a trace: a span for all of it, and below it one for each phase and one for each part.

use super::{
    super::{
        name::ObjectName,
        part::Stage,
        record::Record,
        verdict::{End, Phase, Picture},
        world::Moment,
    },
    Show,
};
use opentelemetry::{
    Context, KeyValue,
    trace::{Span, Status, TraceContextExt, Tracer},
};
use std::{collections::BTreeMap, time::SystemTime};

/// What becomes spans at the end.
pub struct Trace {
    begun: SystemTime,
    last: Moment,
    phases: Vec<(Phase, Moment)>,
    parts: BTreeMap<ObjectName, Part>,
    revision: Option<u32>,
    /// How it ended, and why.
    end: Option<(End, String)>,
}

struct Part {
    seen: Moment,
    done: Option<Moment>,
    fault: Option<&'static str>,
}

impl Trace {
    /// Of a watch that begins now.
    pub fn new(now: SystemTime) -> Self {
        let (phases, parts) = (Vec::new(), BTreeMap::new());
        Trace { begun: now, last: Moment::ZERO, phases, parts, revision: None, end: None }
    }

    /// Makes the spans.
    pub fn send<T: Tracer>(&self, tracer: &T, release: &str)
    where
        T::Span: Send + Sync + 'static,
    {
        let at = |moment: Moment| self.begun + moment;
        let span = |name: String, from: Moment, attributes: Vec<KeyValue>, parent: &Context| {
            let builder = tracer.span_builder(name).with_start_time(at(from)).with_attributes(attributes);
            tracer.build_with_context(builder, parent)
        };
        let mut attributes = vec![KeyValue::new("plimsoll.release", release.to_owned())];
        attributes.extend(self.revision.map(|revision| KeyValue::new("plimsoll.revision", i64::from(revision))));
        attributes.extend(self.end.as_ref().map(|(end, _)| KeyValue::new("plimsoll.end", format!("{end:?}"))));
        let mut whole = span(format!("release {release}"), Moment::ZERO, attributes, &Context::new());
        if let Some((_, why)) = self.end.as_ref().filter(|(end, _)| *end != End::Complete) {
            whole.set_status(Status::error(why.clone()));
        }
        let whole = Context::new().with_span(whole);
        for (place, (phase, from)) in self.phases.iter().enumerate() {
            let to = self.phases.get(place + 1).map_or(self.last, |(_, next)| *next);
            span(format!("{phase:?}").to_ascii_lowercase(), *from, Vec::new(), &whole).end_with_timestamp(at(to));
        }
        for (name, part) in &self.parts {
            let mut one = span(name.to_string(), part.seen, Vec::new(), &whole);
            if let Some(fault) = part.fault.filter(|_| part.done.is_none()) {
                one.set_status(Status::error(fault));
            }
            one.end_with_timestamp(at(part.done.unwrap_or(self.last)));
        }
        whole.span().end_with_timestamp(at(self.last));
    }
}

impl Show for Trace {
    fn change(&mut self, picture: &Picture, record: Option<&Record>, now: Moment) {
        self.last = now;
        self.revision = record.map(|record| record.revision).or(self.revision);
        if self.phases.last().is_none_or(|(phase, _)| *phase != picture.phase) {
            self.phases.push((picture.phase, now));
        }
        for node in picture.nodes.iter().filter(|node| node.stage != Stage::Absent) {
            let part = self.parts.entry(node.name.clone()).or_insert(Part { seen: now, done: None, fault: None });
            part.fault = node.cause.as_ref().map(|cause| cause.fault.code());
            part.done = match node.stage {
                Stage::Done => part.done.or(Some(now)),
                _ => None,
            };
        }
        let why = picture.root.as_ref().map(|cause| format!("{}: {}", cause.object, cause.fault.code()));
        self.end = picture.end.map(|end| (end, why.unwrap_or_default()));
    }

    fn note(&mut self, _text: &str) {}
}
