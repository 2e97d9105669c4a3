//! Log lines: JSON on standard error, with the ids of the span that they belong to.

use opentelemetry::{Context, trace::TraceContextExt};
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, JsonFields, Writer},
    },
    layer::Layer,
    registry::LookupSpan,
};

/// Writes them.
pub(super) fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let json = Format::default().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::fmt::layer()
        .event_format(WithIds(json))
        .fmt_fields(JsonFields::new())
        .with_writer(std::io::stderr)
}

struct WithIds(Format<Json>);

impl<S, N> FormatEvent<S, N> for WithIds
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let span = Context::map_current(|context| context.span().span_context().clone());
        if !span.is_valid() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::with_capacity(256);
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // The format has no place for further fields; its lines are objects, so there is one before the last brace.
        let open = line.trim_end().strip_suffix('}').ok_or(fmt::Error)?;
        writeln!(writer, "{open},\"trace_id\":\"{}\",\"span_id\":\"{}\"}}", span.trace_id(), span.span_id())
    }
}
