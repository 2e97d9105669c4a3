//! Which programs a command starts, as far as can be told without running a shell.

/// Programs that run the one named after their options: `timeout 5 psql`.
const WRAPPERS: [&str; 8] = ["busybox", "command", "env", "exec", "nice", "nohup", "time", "timeout"];

const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// Words of a script that stand before a command.
const KEYWORDS: [&str; 9] = ["!", "{", "do", "elif", "else", "if", "then", "until", "while"];

/// Programs that take long to start, or wait for somebody; `*` stands for any text.
const SLOW: [&str; 30] = [
    "*.sh",
    "cassandra*",
    "clickhouse-client",
    "cqlsh",
    "curl",
    "dotnet",
    "etcdctl",
    "java",
    "kafka-*",
    "mariadb*",
    "mongo",
    "mongosh",
    "mysql",
    "mysqladmin",
    "nats",
    "nc",
    "node",
    "nodetool",
    "perl",
    "pg_isready",
    "php",
    "psql",
    "python*",
    "rabbitmq*",
    "redis-cli",
    "ruby",
    "sqlcmd",
    "valkey-cli",
    "wget",
    "zookeeper-*",
];

/// Clients of a database, and what the image of that database itself is called.
const DATABASES: [(&[&str], &[&str]); 8] = [
    (&["pg_isready", "psql"], &["postgres", "postgis", "pgvector", "spilo", "timescale"]),
    (&["mariadb", "mariadb-admin", "mysql", "mysqladmin"], &["mysql", "mariadb", "percona"]),
    (&["redis-cli", "valkey-cli"], &["redis", "valkey", "keydb", "dragonfly"]),
    (&["mongo", "mongosh"], &["mongo"]),
    (&["cqlsh", "nodetool"], &["cassandra", "scylla"]),
    (&["clickhouse-client"], &["clickhouse"]),
    (&["sqlcmd"], &["mssql"]),
    (&["etcdctl"], &["etcd"]),
];

/// The first program of a command that takes long to start, or waits for somebody.
pub(crate) fn slow_program(command: &[String]) -> Option<&str> {
    programs(command).find(|program| SHELLS.contains(program) || SLOW.iter().any(|slow| matches(slow, program)))
}

/// The client of a database that a command starts, unless the image is that database: then it asks itself.
pub(crate) fn database_client<'a>(command: &'a [String], image: &str) -> Option<&'a str> {
    programs(command).find(|program| {
        DATABASES.iter().any(|(clients, images)| {
            clients.contains(program) && !images.iter().any(|database| image.contains(database))
        })
    })
}

/// The script that a command hands to a shell with `-c`.
pub(crate) fn script(command: &[String]) -> Option<&str> {
    let mut words = command.iter().map(String::as_str);
    let program = program(&mut words)?;
    let option = words.find(|word| !word.starts_with('-') || is_cluster_with_c(word))?;
    if SHELLS.contains(&program) && is_cluster_with_c(option) { words.next() } else { None }
}

/// The simple commands of a script, each as its words.
pub(crate) fn simple_commands(script: &str) -> impl Iterator<Item = impl Iterator<Item = &str>> {
    let (mut quote, mut previous) = (None, '\n');
    let separates = move |c: char| {
        let before = std::mem::replace(&mut previous, c);
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        match quote {
            // `2>&1` is no end of a command.
            None => matches!(c, ';' | '|' | '\n' | '(' | ')' | '`') || (c == '&' && before != '>'),
            Some('"') => matches!(c, ')' | '`') || (c == '(' && before == '$'),
            Some(_) => false,
        }
    };
    script.split(separates).map(|command| command.split_whitespace().map(|word| word.trim_matches(['"', '\'', '$'])))
}

/// Last step of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// All programs that a command starts, without their folders.
fn programs(command: &[String]) -> impl Iterator<Item = &str> {
    let first = program(&mut command.iter().map(String::as_str));
    let scripted = script(command).into_iter().flat_map(simple_commands);
    first.into_iter().chain(scripted.filter_map(|mut words| program(&mut words)))
}

/// The program that a simple command starts; what is left of `words` are its arguments.
fn program<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut is_wrapped = false;
    words.map(base_name).find(|word| {
        if WRAPPERS.contains(word) {
            is_wrapped = true;
            return false;
        }
        let is_option = is_wrapped && word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        !is_option && !word.is_empty() && !KEYWORDS.contains(word) && !word.contains('=')
    })
}

fn is_cluster_with_c(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|options| !options.starts_with('-') && options.contains('c'))
}

/// `*` may stand at either end of a pattern.
fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;
    use plimsoll_policy::workload::Handler;

    fn argv(command: &str) -> Vec<String> {
        let Handler::Exec { command } = run(command) else { unreachable!("`run` makes exec handlers") };
        command
    }

    #[test]
    fn sees_through_paths_wrappers_and_shells() {
        for (command, expected) in [
            ("/usr/bin/psql -U app", vec!["psql"]),
            ("timeout 5 psql", vec!["psql"]),
            ("/usr/bin/timeout -k 1 5s redis-cli ping", vec!["redis-cli"]),
            ("env PGHOST=db psql", vec!["psql"]),
            ("timeout 3 sh -c psql", vec!["sh", "psql"]),
            ("sh script", vec!["sh"]),
            ("bash -e -c psql", vec!["bash", "psql"]),
            ("python -c import os; psql", vec!["python"]),
            ("sh -c exec /opt/bin/check --deep", vec!["sh", "check"]),
            ("sh -c PGHOST=db psql -c 'select 1; wget' && echo ok", vec!["sh", "psql", "echo"]),
            ("sh -c [ \"$(redis-cli ping)\" = PONG ]", vec!["sh", "[", "redis-cli"]),
            ("sh -c if ! pg_isready 2>&1; then exit 1; fi", vec!["sh", "pg_isready", "exit", "fi"]),
            ("", vec![]),
            ("sh -c", vec!["sh"]),
            ("timeout 5", vec![]),
        ] {
            let argv = argv(command);
            let found: Vec<&str> = programs(&argv).collect();
            assert!(found.starts_with(&expected), "{command}: {found:?}");
        }
    }

    #[test]
    fn knows_shells_scripts_and_clients() {
        for (command, slow) in [
            ("/bin/zsh", Some("zsh")),
            ("/opt/check.sh", Some("check.sh")),
            ("/opt/kafka/bin/kafka-topics --list", Some("kafka-topics")),
            ("python3.12 check.py", Some("python3.12")),
            ("/etcd-check", None),
            ("test -f /tmp/alive", None),
        ] {
            assert_eq!(slow_program(&argv(command)), slow, "{command}");
        }
    }

    #[test]
    fn a_database_client_asks_somebody_else_unless_the_image_is_the_database() {
        for (command, image, client) in [
            ("mysqladmin ping", "acme/shop:1.0.0", Some("mysqladmin")),
            ("mysqladmin ping", "mariadb:11.4.2", None),
            ("bash -ec redis-cli -h cache ping", "acme/shop:1.0.0", Some("redis-cli")),
            ("redis-cli ping", "quay.io/opstree/redis:v7.0.15", None),
            ("redis-cli -h cache ping", "mysql:8.4.1", Some("redis-cli")),
            ("curl db:5432", "acme/shop:1.0.0", None),
        ] {
            assert_eq!(database_client(&argv(command), image), client, "{command} in {image}");
        }
    }
}
