//! Which Jobs an init container waits for, as far as its command says.

use plimsoll_policy::{
    image::Parts,
    shell::{self, Word, base_name},
    workload::Container,
};

/// The names of the Jobs, and the field that says so.
pub(crate) fn of(container: &Container) -> Vec<(String, &'static str)> {
    let field = |index: usize| if index < container.command.len() { "command" } else { "args" };
    let words: Vec<&str> = container.argv().collect();
    match shell::invocation(&words) {
        None => {
            let literal: Vec<Word> = words.iter().map(|word| Word::literal(word)).collect();
            let by_image = is_waiter(Parts::of(&container.image).base_name()).then_some(&*literal);
            let names = by_image.map(awaited).unwrap_or_default();
            let names = if names.is_empty() { of_command(&literal) } else { names };
            let at = if container.args.is_empty() { "command" } else { "args" };
            names.into_iter().map(|name| (name, at)).collect()
        }
        Some(script) if script.shell.is_posix() => {
            let items = shell::parse(&script.script).unwrap_or_default();
            let value = |name: &str| container.env(name)?.value.clone();
            let resolved = |word: &Word| word.resolve(value).unwrap_or_default();
            let commands = shell::all_commands(&items).into_iter();
            let commands = commands.map(|simple| simple.words.iter().flat_map(resolved).collect::<Vec<Word>>());
            let names = commands.flat_map(|words| of_command(&words));
            names.map(|name| (name, field(script.index))).collect()
        }
        Some(_) => Vec::new(),
    }
}

/// `kubectl wait job/NAME`, `kubectl get job NAME` (in a loop), `wait_for.sh job NAME`.
fn of_command(words: &[Word]) -> Vec<String> {
    let Some((program, arguments)) = shell::unwrapped(words).split_first() else { return Vec::new() };
    let asks = || arguments.iter().any(|word| matches!(&*word.text, "wait" | "get"));
    let program = base_name(&program.text);
    let waits = matches!(program, "kubectl" | "oc") && asks() || is_waiter(program.trim_end_matches(".sh"));
    if waits { awaited(arguments) } else { Vec::new() }
}

/// groundnuty/k8s-wait-for, as an image and as the script in it.
fn is_waiter(name: &str) -> bool {
    matches!(name, "k8s-wait-for" | "wait_for")
}

/// The names behind `job`, in every way that kubectl and k8s-wait-for take them.
fn awaited(words: &[Word]) -> Vec<String> {
    const KINDS: [&str; 6] = ["job", "jobs", "job.batch", "jobs.batch", "job-wr", "job-we"];
    let mut names = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match word.text.split_once('/') {
            Some((kind, name)) if KINDS.contains(&kind) => names.push(name.to_owned()),
            None if KINDS.contains(&&*word.text) => {
                let name = words[at + 1..].iter().find(|word| !word.text.starts_with('-'));
                names.extend(name.map(|word| word.text.clone()));
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::running;
    use plimsoll_policy::workload::EnvVar;

    #[test]
    fn the_jobs_that_a_command_waits_for_are_found() {
        for (command, expected) in [
            ("kubectl wait --for=condition=complete --timeout=600s job/migrate", "migrate command"),
            ("kubectl -n shop wait --for=condition=complete job migrate", "migrate command"),
            ("kubectl wait --for=condition=complete jobs.batch/a job/b", "a command, b command"),
            ("/usr/bin/kubectl get job migrate -o name", "migrate command"),
            ("kubectl wait --for=condition=ready pod/db", ""),
            ("kubectl delete job/migrate", ""),
            ("wait_for.sh job migrate", "migrate command"),
            ("sh -c until kubectl get job migrate -o yaml | grep Complete; do sleep 2; done", "migrate command"),
            ("sh -c kubectl wait --for=condition=complete job/$JOB", "from-env command"),
            ("sh -c kubectl wait --for=condition=complete job/$OTHER", ""),
            ("sh -c nc -z db 5432", ""),
            ("psql -c 'select job'", ""),
        ] {
            let (words, script) = command.split_once(" -c ").map_or((command, None), |(sh, text)| (sh, Some(text)));
            let words: Vec<&str> = words.split_whitespace().chain(script.map(|_| "-c")).chain(script).collect();
            let mut container = running("wait", "bitnami/kubectl:1.31.2", &words);
            container.env.push(EnvVar { name: "JOB".to_owned(), value: Some("from-env".to_owned()) });
            let found: Vec<String> =
                of(&container).into_iter().map(|(name, field)| format!("{name} {field}")).collect();
            assert_eq!(found.join(", "), expected, "{command}");
        }
    }

    #[test]
    fn an_image_may_say_that_it_waits() {
        let mut container = running("wait", "groundnuty/k8s-wait-for:v2.0", &[]);
        container.args = ["job-wr", "migrate"].map(str::to_owned).to_vec();
        assert_eq!(of(&container), [("migrate".to_owned(), "args")]);
    }
}
