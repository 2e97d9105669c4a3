//! Programs that run the program named by their arguments: `tini -- app`, `bundle exec app`, `python -m app`.

use super::base_name;

/// A program that runs another one.
struct Launcher {
    names: &'static [&'static str],
    /// The word that must follow its options: `exec` of `bundle exec`.
    verb: Option<&'static str>,
    /// Options whose value is the next word.
    valued: &'static [&'static str],
    /// Words of its own before the program, such as the user of `gosu`.
    operands: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It gets out of the way, or only watches.
    Wrapper,
    /// It loads the program, or prepares much for it.
    Runner,
    /// `NAME=value` may stand before the program.
    Assigning,
    /// All its options have values.
    AllValued,
    /// The program is what stands after `--`.
    AfterDashes,
    /// The program is its first operand, a file, or a module after `-m`; with `-c` or `-e` it runs a text.
    Interpreter,
}

const fn wrapper(names: &'static [&'static str], valued: &'static [&'static str], operands: usize) -> Launcher {
    Launcher { names, verb: None, valued, operands, kind: Kind::Wrapper }
}

const fn runner(names: &'static [&'static str], verb: &'static str, valued: &'static [&'static str]) -> Launcher {
    Launcher { names, verb: Some(verb), valued, operands: 0, kind: Kind::Runner }
}

const fn other(names: &'static [&'static str], valued: &'static [&'static str], kind: Kind) -> Launcher {
    Launcher { names, verb: None, valued, operands: 0, kind }
}

static LAUNCHERS: [Launcher; 36] = [
    // Init processes.
    wrapper(&["tini", "tini-static", "docker-init"], &["-p", "-e"], 0),
    wrapper(&["dumb-init"], &["-r", "--rewrite"], 0),
    wrapper(&["catatonit"], &[], 0),
    // Users, limits and surroundings.
    wrapper(&["su-exec", "gosu", "s6-setuidgid", "setuidgid"], &[], 1),
    wrapper(&["setpriv"], &["--reuid", "--regid", "--groups", "--bounding-set", "--inh-caps", "--ambient-caps"], 0),
    wrapper(&["sudo", "doas"], &["-u", "-g", "-h", "-p", "-C"], 0),
    wrapper(
        &["chpst"],
        &["-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t"],
        0,
    ),
    wrapper(&["chroot"], &[], 1),
    wrapper(&["nice"], &["-n", "--adjustment"], 0),
    wrapper(&["ionice"], &["-c", "-n", "-p", "--class", "--classdata"], 0),
    wrapper(&["chrt"], &["-T", "-P", "-D"], 1),
    wrapper(&["taskset"], &[], 1),
    wrapper(&["numactl"], &["-i", "-m", "-N", "-C", "-p"], 0),
    wrapper(&["prlimit"], &[], 0),
    wrapper(&["nohup", "setsid", "busybox", "command", "builtin", "catchsegv", "unbuffer"], &[], 0),
    wrapper(&["stdbuf"], &["-i", "-o", "-e"], 0),
    wrapper(&["time"], &["-f", "-o"], 0),
    wrapper(&["timeout"], &["-k", "-s", "--kill-after", "--signal"], 1),
    wrapper(&["exec"], &["-a"], 0),
    other(&["env"], &["-u", "--unset", "-C", "--chdir"], Kind::Assigning),
    // Programs that wait or fetch something first.
    other(&["wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh"], &[], Kind::AfterDashes),
    other(
        &["doppler", "dotenv", "dotenvx", "infisical", "chamber", "op", "aws-vault", "teller", "berglas", "summon"],
        &[],
        Kind::AfterDashes,
    ),
    other(&["dockerize"], &[], Kind::AllValued),
    // Agents.
    runner(&["newrelic-admin"], "run-program", &[]),
    other(&["ddtrace-run", "sentry-run", "elasticapm-run"], &[], Kind::Runner),
    other(&["opentelemetry-instrument"], &[], Kind::AllValued),
    // Package managers of languages.
    runner(&["bundle", "bundler"], "exec", &["--gemfile"]),
    runner(&["poetry"], "run", &["-C", "--directory", "-P", "--project"]),
    runner(
        &["uv"],
        "run",
        &["--with", "--extra", "--group", "--python", "-p", "--directory", "--project", "--env-file"],
    ),
    runner(&["pipenv", "rye", "hatch"], "run", &[]),
    runner(&["pdm"], "run", &["-p", "--project"]),
    runner(&["conda", "mamba", "micromamba"], "run", &["-n", "--name", "-p", "--prefix", "--cwd"]),
    runner(&["coverage"], "run", &["--rcfile", "--source", "--data-file"]),
    // Interpreters.
    other(&["python", "pypy"], &["-W", "-X", "--check-hash-based-pycs"], Kind::Interpreter),
    other(&["ruby"], &["-I", "-r", "-C", "-E", "-W"], Kind::Interpreter),
    other(&["perl"], &["-I"], Kind::Interpreter),
];

/// The part of a command line that begins with the program which really runs.
///
/// Programs that are known to run another one, with the options that are theirs, are left out, whatever their depth:
/// `tini -- newrelic-admin run-program /venv/bin/gunicorn app` begins with `/venv/bin/gunicorn`. An interpreter gives
/// way to the module or the file that it runs.
pub fn program<T: AsRef<str>>(mut words: &[T]) -> &[T] {
    while let Some(rest) = launched(words) {
        words = rest;
    }
    words
}

/// Like [`program`], but only wrappers that cost nothing are left out: `timeout 5 python check.py` begins with `python`.
pub fn unwrapped<T: AsRef<str>>(mut words: &[T]) -> &[T] {
    while let Some(rest) = run_by(words, |launcher| matches!(launcher.kind, Kind::Wrapper | Kind::Assigning)) {
        words = rest;
    }
    words
}

/// The command line of the program that the first word runs, if that is known to run one.
pub fn launched<T: AsRef<str>>(words: &[T]) -> Option<&[T]> {
    run_by(words, |_| true)
}

fn run_by<T: AsRef<str>>(words: &[T], wanted: impl Fn(&Launcher) -> bool) -> Option<&[T]> {
    let (first, rest) = words.split_first()?;
    let name = base_name(first.as_ref());
    let launcher = LAUNCHERS.iter().find(|launcher| launcher.is(name)).filter(|launcher| wanted(launcher))?;
    rest.get(launcher.length(rest)?..).filter(|rest| !rest.is_empty())
}

impl Launcher {
    fn is(&self, name: &str) -> bool {
        // `python3.12`
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        self.names.contains(&if self.kind == Kind::Interpreter { stem } else { name })
    }

    /// How many words stand between it and the program; none where it runs no program.
    fn length<T: AsRef<str>>(&self, words: &[T]) -> Option<usize> {
        if self.kind == Kind::AfterDashes {
            return words.iter().position(|word| word.as_ref() == "--").map(|at| at + 1);
        }
        let mut at = self.options(words, 0)?;
        if let Some(verb) = self.verb {
            (words.get(at)?.as_ref() == verb).then_some(())?;
            at = self.options(words, at + 1)?;
        }
        Some(at + self.operands)
    }

    /// The first word from `at` that is no option and no value of one.
    fn options<T: AsRef<str>>(&self, words: &[T], mut at: usize) -> Option<usize> {
        while let Some(word) = words.get(at).map(AsRef::as_ref) {
            match word {
                "--" => return Some(at + 1),
                "-m" | "--module" if matches!(self.kind, Kind::Interpreter | Kind::Runner) => return Some(at + 1),
                "-c" | "-e" if self.kind == Kind::Interpreter => return None,
                _ if self.kind == Kind::Assigning && is_assignment(word) => at += 1,
                _ if !word.starts_with('-') || word == "-" => break,
                _ => {
                    let takes_next = match self.kind {
                        Kind::AllValued => !word.contains('='),
                        _ => self.valued.contains(&word),
                    };
                    at += 1 + usize::from(takes_next);
                }
            }
        }
        Some(at)
    }
}

fn is_assignment(word: &str) -> bool {
    word.find('=').is_some_and(|at| at > 0) && !word.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_program_that_runs() {
        for (line, expected) in [
            ("app --flag", "app --flag"),
            ("tini -- app", "app"),
            ("/sbin/tini -g -s -p SIGTERM app", "app"),
            ("dumb-init --rewrite 15:3 -- app", "app"),
            ("/usr/bin/tini -- newrelic-admin run-program /app/.venv/bin/gunicorn a:a", "/app/.venv/bin/gunicorn a:a"),
            ("newrelic-admin validate-config x", "newrelic-admin validate-config x"),
            ("env A=1 -u B C=2 app D=3", "app D=3"),
            ("gosu app:app env A=1 app", "app"),
            ("su-exec 1000 nice -n 5 app", "app"),
            ("nice -10 app", "app"),
            ("timeout -k 5 20 app", "app"),
            ("bundle exec sidekiq -t 5", "sidekiq -t 5"),
            ("bundle install sidekiq", "bundle install sidekiq"),
            ("poetry -C /app run gunicorn a", "gunicorn a"),
            ("uv run --with x --no-sync gunicorn a", "gunicorn a"),
            ("uv run -m gunicorn a", "gunicorn a"),
            ("uv pip install gunicorn", "uv pip install gunicorn"),
            ("python -m gunicorn a", "gunicorn a"),
            ("python3.12 -u -X dev -m celery -A x worker", "celery -A x worker"),
            ("python /venv/bin/gunicorn a", "/venv/bin/gunicorn a"),
            ("python main.py gunicorn", "main.py gunicorn"),
            ("python -c x gunicorn", "python -c x gunicorn"),
            ("ruby -I lib bin/sidekiq", "bin/sidekiq"),
            ("ddtrace-run uvicorn a", "uvicorn a"),
            ("opentelemetry-instrument --traces_exporter console --x=y gunicorn a", "gunicorn a"),
            ("wait-for-it db:5432 -t 60 -- gunicorn a", "gunicorn a"),
            ("./wait-for-it.sh db:5432", "./wait-for-it.sh db:5432"),
            ("dockerize -wait tcp://db:5432 -timeout 10s gunicorn a", "gunicorn a"),
            ("doppler run -- bundle exec sidekiq", "sidekiq"),
            ("conda run -n base --no-capture-output gunicorn a", "gunicorn a"),
            ("exec -a x app", "app"),
            ("tail -F /var/log/gunicorn", "tail -F /var/log/gunicorn"),
            ("foreman start sidekiq", "foreman start sidekiq"),
            ("tini", "tini"),
            ("tini --", "tini --"),
            ("gosu", "gosu"),
            ("timeout 5", "timeout 5"),
            ("", ""),
        ] {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(program(&words).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn an_interpreter_is_a_program_of_its_own_where_only_wrappers_are_left_out() {
        let words = ["timeout", "5", "python3", "-m", "check"];
        assert_eq!(unwrapped(&words), ["python3", "-m", "check"]);
    }

    proptest! {
        #[test]
        fn never_panics_and_always_leaves_a_program(
            words in prop::collection::vec(prop::sample::select(vec![
                "tini", "--", "-m", "env", "A=b", "python", "-c", "bundle", "exec", "gosu", "timeout", "", "-", "x",
            ]), 1..12)
        ) {
            prop_assert!(!program(&words).is_empty());
            prop_assert!(words.ends_with(program(&words)));
        }
    }
}
