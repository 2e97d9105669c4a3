//! Which programs a command starts, as far as can be told without running a shell.

use plimsoll_policy::shell::{self, Shell, base_name};

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
pub(crate) fn slow_program(command: &[String]) -> Option<String> {
    let is_slow = |program: &str| Shell::named(program).is_some() || SLOW.iter().any(|slow| matches(slow, program));
    programs(command).into_iter().find(|program| is_slow(program))
}

/// The client of a database that a command starts, unless the image is that database: then it asks itself.
pub(crate) fn database_client(command: &[String], image: &str) -> Option<String> {
    programs(command).into_iter().find(|program| {
        DATABASES.iter().any(|(clients, images)| {
            clients.contains(&program.as_str()) && !images.iter().any(|database| image.contains(database))
        })
    })
}

/// All programs that a command starts, without their folders: the first one, and those of its shell string.
fn programs<T: AsRef<str>>(command: &[T]) -> Vec<String> {
    let first = shell::unwrapped(command).first().map(|program| base_name(program.as_ref()).to_owned());
    let mut all: Vec<String> = first.into_iter().filter(|program| !program.is_empty()).collect();
    let script = shell::invocation(command).filter(|invocation| invocation.shell.is_posix());
    let items = script.and_then(|invocation| shell::parse(&invocation.script).ok()).unwrap_or_default();
    all.extend(shell::all_commands(&items).into_iter().flat_map(|simple| programs(&simple.words)));
    all
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
            ("sh -c if ! pg_isready 2>&1; then exit 1; fi", vec!["sh", "pg_isready", "exit"]),
            ("sh -c while ! timeout 5 psql; do sleep 1; done", vec!["sh", "psql", "sleep"]),
            ("sh -c case $(mysql -e x) in ok) curl a;; esac <<< \"$(wget b)\"", vec!["sh", "mysql", "wget", "curl"]),
            ("tini -- bash -c bash -c 'redis-cli ping'", vec!["bash", "bash", "redis-cli"]),
            ("", vec![]),
            ("sh -c", vec!["sh"]),
            ("timeout 5", vec!["timeout"]),
        ] {
            let argv = argv(command);
            let found = programs(&argv);
            assert_eq!(found, expected, "{command}");
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
            assert_eq!(slow_program(&argv(command)).as_deref(), slow, "{command}");
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
            assert_eq!(database_client(&argv(command), image).as_deref(), client, "{command} in {image}");
        }
    }
}
