//! How long the command of a hook takes, as far as its text says.

use crate::{
    Unit, application,
    command::{CommandLine, expanded},
};
use plimsoll_policy::{
    Duration,
    shell::{self, Command, Compound, End, Function, Item, Kind, Shell, Simple, Word, base_name},
    workload::Container,
};

/// Bounds of the time that a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) lower: Duration,
    /// None where it may take any time.
    pub(crate) upper: Option<Duration>,
}

/// Longer than any grace.
pub(crate) const ENDLESS: Duration = Duration::millis(u64::MAX);

const NOTHING: Bounds = Bounds { lower: Duration::ZERO, upper: Some(Duration::ZERO) };
const UNKNOWN: Bounds = Bounds { lower: Duration::ZERO, upper: None };
const FOREVER: Bounds = Bounds { lower: ENDLESS, upper: None };

/// A shell string may start a shell with a shell string; deeper is not looked into.
const MAX_NESTING: usize = 4;

/// The bounds of a hook's command.
pub(crate) fn bounds(command: &[String], container: &Container) -> Bounds {
    let words: Vec<Word> = command.iter().map(|word| expanded(word, container)).collect();
    Clock { container, functions: Vec::new(), nesting: 0 }.command(&words)
}

/// What the hook's shell string is read as, for a finding.
pub(crate) fn line(command: &[String], container: &Container) -> CommandLine {
    let words: Vec<Word> = command.iter().map(|word| expanded(word, container)).collect();
    CommandLine::of_words(&words, container)
}

struct Clock<'a, 'f> {
    container: &'a Container,
    functions: Vec<&'f Function>,
    nesting: usize,
}

impl Bounds {
    fn exactly(time: Duration) -> Self {
        Bounds { lower: time, upper: Some(time) }
    }

    /// One after the other.
    fn then(self, next: Bounds) -> Bounds {
        Bounds { lower: self.lower + next.lower, upper: self.upper.zip(next.upper).map(|(a, b)| a + b) }
    }

    /// At the same time.
    fn beside(self, other: Bounds) -> Bounds {
        Bounds { lower: self.lower.max(other.lower), upper: self.upper.zip(other.upper).map(|(a, b)| a.max(b)) }
    }

    /// One of both.
    fn or(self, other: Bounds) -> Bounds {
        Bounds { lower: self.lower.min(other.lower), ..self.beside(other) }
    }

    /// It may not run at all.
    fn perhaps(self) -> Bounds {
        Bounds { lower: Duration::ZERO, ..self }
    }

    fn times(self, count: usize) -> Bounds {
        let times = |time: Duration| Duration::millis(time.as_millis().saturating_mul(count as u64));
        Bounds { lower: times(self.lower), upper: self.upper.map(times) }
    }

    /// Cut off after a time.
    fn within(self, limit: Duration) -> Bounds {
        Bounds { lower: self.lower.min(limit), upper: Some(self.upper.map_or(limit, |upper| upper.min(limit))) }
    }
}

impl<'f> Clock<'_, 'f> {
    /// Commands one after the other. Those in the background count where `wait` waits for them.
    fn list(&mut self, items: &'f [Item]) -> Bounds {
        let (mut total, mut background) = (NOTHING, NOTHING);
        let mut is_sure = true;
        let mut at = 0;
        while at < items.len() {
            let end = at + items[at..].iter().position(|item| item.end != End::Pipe).unwrap_or(items.len() - at - 1);
            let mut bounds = NOTHING;
            for item in &items[at..=end] {
                bounds = bounds.beside(self.item(item));
            }
            let bounds = if is_sure { bounds } else { bounds.perhaps() };
            let last = &items[end];
            match &last.command {
                _ if last.end == End::Background => background = background.beside(bounds),
                Command::Simple(simple) if simple.name() == "wait" => {
                    total = total.then(background);
                    background = NOTHING;
                }
                Command::Simple(simple)
                    if is_sure && (simple.is_exec() || matches!(simple.name(), "exit" | "return")) =>
                {
                    return total.then(bounds);
                }
                _ => total = total.then(bounds),
            }
            is_sure = match last.end {
                End::And => is_sure && !is_test(last),
                End::Or => false,
                _ => true,
            };
            at = end + 1;
        }
        total
    }

    fn item(&mut self, item: &'f Item) -> Bounds {
        match &item.command {
            Command::Simple(simple) => self.simple(simple),
            Command::Compound(compound) => self.compound(compound),
            Command::Function(_) => NOTHING,
        }
    }

    fn simple(&mut self, simple: &'f Simple) -> Bounds {
        if let Some(function) = application::call(simple, &mut self.functions) {
            return self.list(&function.body);
        }
        let container = self.container;
        let value = |name: &str| container.env(name)?.value.clone();
        let words: Vec<Word> =
            simple.words.iter().flat_map(|word| word.resolve(value).unwrap_or_else(|| vec![word.clone()])).collect();
        let values = simple.assignments.iter().map(|assignment| &assignment.value);
        let mut total = self.command(&words);
        for list in simple.words.iter().chain(values).chain(&simple.targets).flat_map(|word| &word.substitutions) {
            total = total.then(self.list(list));
        }
        total
    }

    fn compound(&mut self, compound: &'f Compound) -> Bounds {
        let mut conditions = NOTHING;
        for (at, condition) in compound.conditions.iter().enumerate() {
            let bounds = self.list(condition);
            conditions = conditions.then(if at == 0 { bounds } else { bounds.perhaps() });
        }
        let bodies: Vec<Bounds> = compound.bodies.iter().map(|body| self.list(body)).collect();
        let one_of = bodies.iter().copied().reduce(Bounds::or).unwrap_or(NOTHING);
        match compound.kind {
            Kind::Group | Kind::Subshell => one_of,
            Kind::If if bodies.len() > compound.conditions.len() => conditions.then(one_of),
            Kind::If | Kind::Case => conditions.then(one_of.perhaps()),
            Kind::For => match literal_count(compound) {
                Some(count) if compound.may_leave() => one_of.times(count).perhaps(),
                Some(count) => one_of.times(count),
                None => UNKNOWN,
            },
            Kind::While if compound.is_endless() => FOREVER,
            Kind::While | Kind::Until => UNKNOWN,
        }
    }

    /// A program with its arguments, without a shell's expansions.
    fn command(&mut self, words: &[Word]) -> Bounds {
        if let Some(script) = shell::invocation(words) {
            let bounds = self.script(script.shell, &script.script);
            let limit = self.limits(&words[..words.len().min(script.index)]);
            return limit.map_or(bounds, |limit| bounds.within(limit));
        }
        let Some((program, arguments)) = words.split_first() else { return NOTHING };
        let name = base_name(&program.text);
        let first = arguments.first().map_or("", |word| &*word.text);
        match name {
            "sleep" => sleep(arguments),
            "tail" if arguments.iter().any(|word| matches!(&*word.text, "-f" | "-F" | "--follow")) => FOREVER,
            "nginx" | "openresty" | "angie" if arguments.iter().any(|word| word.text == "-s") => NOTHING,
            "curl" => max_time(arguments).map_or(UNKNOWN, |limit| UNKNOWN.within(limit)),
            "httpd" | "apache2" | "apachectl" | "apache2ctl" if matches!(first, "-k" | "graceful-stop" | "stop") => {
                NOTHING
            }
            "timeout" => match (timeout(arguments), shell::launched(words)) {
                (Some(limit), Some(inner)) => self.command(inner).within(limit),
                _ => UNKNOWN,
            },
            "" | "tail" => NOTHING,
            _ if shell::is_brief(name) => NOTHING,
            _ => match shell::unwrapped(words) {
                inner if inner.len() < words.len() => self.command(shell::launched(words).unwrap_or(inner)),
                _ => UNKNOWN,
            },
        }
    }

    /// The limit that a `timeout` in front of a shell sets.
    fn limits(&self, words: &[Word]) -> Option<Duration> {
        let at = words.iter().position(|word| base_name(&word.text) == "timeout")?;
        timeout(&words[at + 1..])
    }

    fn script(&mut self, shell: Shell, script: &str) -> Bounds {
        if !shell.is_posix() {
            return windows(script);
        }
        let Some(items) = shell::parse(script).ok().filter(|_| self.nesting < MAX_NESTING) else { return UNKNOWN };
        let functions = shell::functions(&items);
        Clock { container: self.container, functions, nesting: self.nesting + 1 }.list(&items)
    }
}

/// `sleep 1m 30s`: the sum of its times.
fn sleep(arguments: &[Word]) -> Bounds {
    let is_endless =
        |word: &Word| word.text.trim_end_matches(['s', 'm', 'h', 'd']).to_ascii_lowercase().starts_with("inf");
    if arguments.iter().any(|word| !word.dynamic && is_endless(word)) {
        return FOREVER;
    }
    let time = |word: &Word| sleep_length(&word.text).filter(|_| !word.dynamic);
    let times: Option<Vec<Duration>> = arguments.iter().map(time).collect();
    times.filter(|times| !times.is_empty()).map_or(UNKNOWN, |times| Bounds::exactly(times.into_iter().sum()))
}

/// A number with the suffixes that `sleep` and `timeout` understand; none is seconds.
pub(crate) fn sleep_length(text: &str) -> Option<Duration> {
    let scale = match text.as_bytes().last()? {
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => 1,
    };
    let number = text.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or(text);
    let leading_zero = if number.starts_with('.') { "0" } else { "" };
    let seconds = Unit::Seconds.parse(&format!("{leading_zero}{number}"))?;
    Some(Duration::millis(seconds.as_millis().saturating_mul(scale)))
}

/// The limit that `timeout` sets: its time, and with `-k` the time until it kills. A time of 0 sets none.
fn timeout(arguments: &[Word]) -> Option<Duration> {
    let mut words = arguments.iter().filter(|word| !word.dynamic).map(|word| &*word.text);
    let mut kill_after = Duration::ZERO;
    loop {
        let word = words.next()?;
        let attached = word.strip_prefix("--kill-after=").or(word.strip_prefix("-k").filter(|rest| !rest.is_empty()));
        match word {
            "-k" | "--kill-after" => kill_after = sleep_length(words.next()?)?,
            "-s" | "--signal" | "-t" => drop(words.next()),
            _ if attached.is_some() => kill_after = sleep_length(attached?)?,
            _ if word.starts_with('-') => {}
            _ => {
                let limit = sleep_length(word)?;
                return (limit > Duration::ZERO).then(|| limit + kill_after);
            }
        }
    }
}

/// The limit that `curl` is given: `-m 5`, `--max-time 5`.
fn max_time(arguments: &[Word]) -> Option<Duration> {
    let at = arguments.iter().position(|word| matches!(&*word.text, "-m" | "--max-time"))?;
    let time = arguments.get(at + 1).filter(|word| !word.dynamic)?;
    Unit::Seconds.parse(&time.text)
}

/// Whether what follows `&&` depends on a question, and not only on success.
fn is_test(item: &Item) -> bool {
    let Command::Simple(simple) = &item.command else { return false };
    item.prefixed || matches!(simple.name(), "[" | "[[" | "((" | "test" | "false" | "grep" | "pgrep" | "pidof")
}

/// How many words a `for` goes through.
fn literal_count(compound: &Compound) -> Option<usize> {
    let is_literal = |word: &Word| !word.dynamic && (word.quoted || !word.text.contains(['*', '?', '[', '{']));
    match &*compound.words {
        [] => None,
        [word] if !word.quoted => range(word).or_else(|| is_literal(word).then_some(1)),
        words => words.iter().all(is_literal).then_some(words.len()),
    }
}

/// `{1..30}`, `$(seq 30)`, `$(seq 1 30)`
fn range(word: &Word) -> Option<usize> {
    let count = |from: &str, to: &str| {
        let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
        Some((from.abs_diff(to) as usize).saturating_add(1))
    };
    if let Some((from, to)) = word.text.strip_prefix('{').and_then(|text| text.strip_suffix('}')?.split_once("..")) {
        return count(from, to);
    }
    let [list] = &*word.substitutions else { return None };
    let [Item { command: Command::Simple(simple), .. }] = &**list else { return None };
    match &*simple.words.iter().map(|word| &*word.text).collect::<Vec<_>>() {
        ["seq", to] => count("1", to),
        ["seq", from, to] => count(from, to),
        _ => None,
    }
}

/// `Start-Sleep 5`, `timeout /t 5`: one command without any sign that is special to a shell of Windows.
fn windows(script: &str) -> Bounds {
    let lower = script.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split_whitespace().filter(|word| !matches!(*word, "/nobreak" | ">" | "nul" | ">nul")).collect();
    let seconds = |text: &str| sleep_length(text).map_or(UNKNOWN, Bounds::exactly);
    match &*words {
        ["start-sleep" | "sleep", time]
        | ["start-sleep" | "sleep", "-s" | "-seconds", time]
        | ["timeout" | "timeout.exe", "/t", time] => seconds(time),
        ["start-sleep" | "sleep", "-m" | "-milliseconds", time] => {
            time.parse().map_or(UNKNOWN, |time| Bounds::exactly(Duration::millis(time)))
        }
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests;
