//! Log lines: JSON on standard error, with the ids of the span that they belong to.
//!
//! They wait in a queue, and a thread of their own writes them: whoever reads standard error may stop reading, and a full pipe
//! stops nothing but the lines. What has no room in the queue is dropped, counted, and told.

use opentelemetry::{Context, trace::TraceContextExt};
use std::{
    fmt,
    io::{self, Write},
    panic::{self, PanicHookInfo},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Json, JsonFields, Writer},
    },
    layer::Layer,
    registry::LookupSpan,
};

/// Longest text that waits to be written, in bytes.
const ROOM: usize = 1 << 20;

/// The way to standard error.
#[derive(Clone, Default)]
pub struct Lines(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    more: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Bytes that are being written.
    leaving: usize,
    dropped: u64,
    /// Of these, how many have been told of.
    told: u64,
}

impl Lines {
    /// Starts the thread, and has panics go the same way: what Rust writes of them itself would wait for the reader.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start() -> io::Result<Self> {
        let lines = Lines::default();
        let writer = lines.clone();
        thread::Builder::new().name("lines".to_owned()).spawn(move || writer.write_on())?;
        panic::set_hook(Box::new(tell_panic));
        Ok(lines)
    }

    /// Makes lines of what is said.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let json = Format::default().json().flatten_event(true).with_current_span(false).with_span_list(false);
        tracing_subscriber::fmt::layer()
            .event_format(WithIds(json))
            .fmt_fields(JsonFields::new())
            .with_writer(self.clone())
    }

    /// Waits until all are written, or the budget is used up.
    pub fn flush(&self, budget: Duration) {
        let until = Instant::now() + budget;
        let mut state = self.lock();
        while !state.waiting.is_empty() || state.leaving > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.0.written.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many had no room.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn write_on(&self) -> ! {
        loop {
            // Whoever reads no more has closed its end: there is nobody to tell.
            let _unread = io::stderr().write_all(&self.next());
            let untold = self.wrote();
            if untold > 0 {
                tracing::warn!(lines = untold, "log lines were dropped: standard error did not take them");
            }
        }
    }

    /// All that waits; waits for it.
    fn next(&self) -> Vec<u8> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            state = self.0.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let text = std::mem::take(&mut state.waiting);
        state.leaving = text.len();
        text
    }

    /// It is written; how many lines were dropped meanwhile.
    fn wrote(&self) -> u64 {
        let mut state = self.lock();
        state.leaving = 0;
        self.0.written.notify_all();
        let untold = state.dropped - state.told;
        state.told = state.dropped;
        untold
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Lines;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Of one line at a time.
impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        if state.leaving + state.waiting.len() + line.len() > ROOM {
            state.dropped += 1;
        } else {
            state.waiting.extend_from_slice(line);
            self.0.more.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn tell_panic(info: &PanicHookInfo<'_>) {
    let (text, place) = (info.payload_as_str().unwrap_or("of another type than text"), info.location());
    let thread = thread::current();
    tracing::error!(
        panic = text,
        place = place.map(tracing::field::display),
        thread = thread.name().unwrap_or_default(),
        "panic"
    );
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
