//! Which programs a command starts, as far as can be told without running a shell.

use plimsoll_policy::{
    glob,
    shell::{self, Shell, base_name},
};

/// Programs that take long to start, or wait for an answer; `*` stands for any text.
const SLOW: [&str; 34] = [
    "*.bat",
    "*.ps1",
    "*.sh",
    "cassandra*",
    "clickhouse-client",
    "cqlsh",
    "curl",
    "dotnet",
    "etcdctl",
    "grpc-health-probe*",
    "grpc_health_probe*",
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

/// The first program of a command that takes long to start, or waits for an answer.
pub(crate) fn slow_program(command: &[String]) -> Option<String> {
    let is_slow =
        |program: &str| Shell::named(program).is_some() || SLOW.iter().any(|slow| glob::matches(slow, program));
    let mut programs = commands(command).into_iter().map(|words| base_name(&words[0]).to_owned());
    programs.find(|program| is_slow(program))
}

/// The simple commands that a command runs, each as its words without wrappers: itself, then those of its shell string.
pub(crate) fn commands<T: AsRef<str>>(command: &[T]) -> Vec<Vec<String>> {
    let words: Vec<String> = shell::unwrapped(command).iter().map(|word| word.as_ref().to_owned()).collect();
    let mut all: Vec<Vec<String>> = Some(words).into_iter().filter(|words| !words.is_empty()).collect();
    let script = shell::invocation(command).filter(|invocation| invocation.shell.is_posix());
    let items = script.and_then(|invocation| shell::parse(&invocation.script).ok()).unwrap_or_default();
    all.extend(shell::all_commands(&items).into_iter().flat_map(|simple| commands(&simple.words)));
    all
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
            let found: Vec<String> = commands(&argv).iter().map(|words| base_name(&words[0]).to_owned()).collect();
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
            ("/bin/grpc_health_probe -addr=:5000", Some("grpc_health_probe")),
            ("grpc_health_probe-linux-amd64 -addr=:5000", Some("grpc_health_probe-linux-amd64")),
            ("cmd /c check.bat", Some("cmd")),
            ("C:\\Windows\\System32\\cmd.exe /c check", Some("cmd")),
            ("PowerShell.exe -Command Get-Process", Some("PowerShell")),
            ("pwsh check.ps1", Some("pwsh")),
            ("C:\\app\\check.exe", None),
            ("/etcd-check", None),
            ("test -f /tmp/alive", None),
        ] {
            assert_eq!(slow_program(&argv(command)).as_deref(), slow, "{command}");
        }
    }
}
