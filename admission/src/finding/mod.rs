//! The finding: one model from the judge to every report.
//!
//! The judge states a finding at a field of an object. A front end that has the text adds where in it that is. Front
//! ends without a text, as the webhook, leave it at the field.

mod excerpt;
mod fingerprint;
mod location;
mod object;
mod report;

pub use excerpt::{Around, Excerpt};
pub use fingerprint::{Fingerprint, only_names};
pub use location::{LocatedProblem, Location, Place, Region, Related, STANDARD_INPUT, is_of_no_file};
pub use object::ObjectRef;
pub use report::{Audited, Judged, Needs, Report, Summary, Tally};

use crate::manifest::Position;
use plimsoll_policy::{Edit, Level, Safety};
use serde_json::Value;
use std::sync::Arc;

/// A finding and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// Id of the policy that has the rule.
    pub policy: String,
    /// Never [`Level::Off`].
    pub level: Level,
    /// Whether it is the case of its rule that has levels of its own.
    pub escalated: bool,
    /// Whether it counts.
    pub status: Status,
    /// What was found.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// What it is about; none where it is about a file or the configuration.
    pub object: Option<Arc<ObjectRef>>,
    /// Name of the container, where it is about one.
    pub container: Option<String>,
    /// The field that it is about, or where that belongs.
    pub location: Location,
    /// What the document was rendered from: where the field has to be changed.
    pub template: Option<Template>,
    /// Other places that explain it.
    pub related: Vec<Related>,
    /// Edits that fix it.
    pub fix: Option<Fix>,
    /// What makes it the same finding in another version of the text.
    pub fingerprint: Fingerprint,
}

/// What a document was rendered from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// A file of this machine, as the user could name it; else what the rendered text says itself.
    pub path: Arc<str>,
    /// Whether it is a file of this machine.
    pub is_file: bool,
}

impl Template {
    /// As a rendered text says it.
    pub fn said(path: &str) -> Self {
        Template { path: path.into(), is_file: false }
    }
}

/// Whether a finding counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It counts.
    Open,
    /// It is shown and does not count.
    Excepted {
        /// Why, as the author of the exception wrote it.
        reason: String,
        /// The last day on which it does not count (UTC): `2027-01-31`.
        expires: String,
    },
    /// It was there when the baseline was written: it does not count.
    Baselined,
}

/// Edits that fix a finding, applied in order to the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// At least one.
    pub edits: Vec<Edit>,
    /// Whether they may be applied without a review.
    pub safety: Safety,
}

impl Finding {
    /// What a policy found in an object, at a field of that object.
    pub fn of_object(
        policy: &str,
        level: Level,
        found: plimsoll_policy::Finding,
        object: &Arc<ObjectRef>,
        value: &Value,
    ) -> Self {
        let container = found.container.as_deref();
        let fingerprint = Fingerprint::of_field(&found.rule, object, container, &found.pointer, value);
        let place = Place::Object(Arc::clone(object));
        Finding { object: Some(Arc::clone(object)), ..Finding::new(policy, level, found, place, fingerprint) }
    }

    /// What was found in a file or in the configuration; the text tells it from others of the same rule.
    pub fn of_text(
        policy: &str,
        level: Level,
        found: plimsoll_policy::Finding,
        (place, region): (Place, Region),
        text: &str,
    ) -> Self {
        let fingerprint = Fingerprint::of_text(&found.rule, text);
        let mut finding = Finding::new(policy, level, found, place, fingerprint);
        finding.location.region = Some(region);
        finding
    }

    fn new(
        policy: &str,
        level: Level,
        found: plimsoll_policy::Finding,
        place: Place,
        fingerprint: Fingerprint,
    ) -> Self {
        let plimsoll_policy::Finding {
            rule,
            message,
            help,
            object: _,
            pointer,
            container,
            escalated,
            related,
            fix,
            fix_is,
        } = found;
        let related = related.into_iter().map(|related| Related {
            message: related.message,
            location: Location { place: place.clone(), pointer: related.pointer, region: None },
        });
        let related = related.collect();
        Finding {
            rule,
            policy: policy.to_owned(),
            level,
            escalated,
            status: Status::Open,
            message,
            help,
            object: None,
            container,
            location: Location { place, pointer, region: None },
            template: None,
            related,
            fix: (!fix.is_empty()).then_some(Fix { edits: fix, safety: fix_is }),
            fingerprint,
        }
    }

    /// By which findings about one text are in order: document, line, column, rule.
    pub fn order(&self) -> (Option<usize>, Option<usize>, Option<Position>, &str) {
        let place = &self.location.place;
        (place.document(), place.item(), self.location.position(), &self.rule)
    }

    /// The file of this machine to be changed: the one that it is in, or the one that this was rendered from.
    pub fn file(&self) -> Option<&Arc<str>> {
        let path = self.location.place.path().filter(|path| !is_of_no_file(path));
        path.or_else(|| self.template.as_ref().filter(|template| template.is_file).map(|template| &template.path))
    }

    /// Whether it counts.
    pub fn is_open(&self) -> bool {
        self.status == Status::Open
    }

    /// `Deployment shop/app, container web`; none where it is about a file or the configuration.
    pub fn subject(&self) -> Option<String> {
        let object = self.object.as_ref()?;
        let container = self.container.as_ref().map(|name| format!(", container {name}"));
        Some(format!("{object}{}", container.unwrap_or_default()))
    }
}
