//! Clients that ask another system than their own pod.

use crate::command;
use plimsoll_policy::shell::base_name;

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

/// The program by which a command asks another system. A database that asks itself, and a client that asks its own
/// pod, ask no other.
pub(crate) fn foreign(command: &[String], image: &str) -> Option<String> {
    command::commands(command).iter().find_map(|words| {
        let (client, arguments) = words.split_first()?;
        let client = base_name(client);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let is_foreign = match DATABASES.iter().find(|(clients, _)| clients.contains(&client)) {
            Some((_, images)) => {
                let asks_itself = images.iter().any(|database| image.contains(database));
                !asks_itself && !option(&arguments, "-h", "--host").is_some_and(is_own)
            }
            // What a variable holds is not known here.
            None => asked_host(client, &arguments).is_some_and(|host| !host.contains('$') && !is_own(host)),
        };
        is_foreign.then(|| client.to_owned())
    })
}

/// Options of curl and wget whose value may look like a host.
const VALUED: [&str; 8] = ["-u", "--user", "-H", "--header", "-x", "--proxy", "-e", "--referer"];

/// The host that a client of HTTP, TCP or gRPC is told to ask.
fn asked_host<'a>(client: &str, arguments: &[&'a str]) -> Option<&'a str> {
    let is_option = |word: &&str| word.starts_with('-');
    match client {
        "curl" | "wget" => {
            let values = std::iter::once(&"").chain(arguments).map(|before| VALUED.contains(before));
            let mut words = arguments.iter().zip(values).filter(|(word, is_value)| !is_value && !is_option(word));
            words.find_map(|(word, _)| url_host(word))
        }
        "nc" | "ncat" => {
            let is_number = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_digit());
            arguments.iter().filter(|word| !is_option(word)).find(|word| !is_number(word)).copied()
        }
        _ if client.starts_with("grpc_health_probe") => {
            arguments.iter().find_map(|word| word.trim_start_matches('-').strip_prefix("addr=")).map(without_port)
        }
        _ => None,
    }
}

/// The host of a URL, or of `host:port` with a path after it.
fn url_host(word: &str) -> Option<&str> {
    let authority = |text: &'_ str| text.find(['/', '?']).unwrap_or(text.len());
    if let Some((_, rest)) = word.split_once("://") {
        return Some(without_port(&rest[..authority(rest)]));
    }
    let authority = &word[..authority(word)];
    let (host, port) = authority.rsplit_once(':')?;
    (!host.is_empty() && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(host)
}

fn without_port(authority: &str) -> &str {
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

/// The value of an option: `-h db`, `-hdb`, `--host db`, `--host=db`.
fn option<'a>(arguments: &[&'a str], short: &str, long: &str) -> Option<&'a str> {
    arguments.iter().enumerate().find_map(|(index, word)| {
        if *word == short || *word == long {
            return arguments.get(index + 1).copied();
        }
        let joined = || word.strip_prefix(long)?.strip_prefix('=');
        joined().or_else(|| word.strip_prefix(short)).filter(|value| !value.is_empty())
    })
}

/// Whether a host is the pod itself: loopback, a socket in its file system, or a variable that holds its own address.
fn is_own(host: &str) -> bool {
    const LOOPBACK: [&str; 5] = ["", "localhost", "0.0.0.0", "::1", "[::1]"];
    const OWN: [&str; 4] = ["HOSTNAME", "hostname", "POD_IP", "POD_NAME"];
    LOOPBACK.contains(&host)
        || host.starts_with("127.")
        || host.starts_with('/')
        || OWN.iter().any(|variable| host.contains(variable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;
    use plimsoll_policy::workload::Handler;

    #[test]
    fn a_client_asks_another_system_unless_it_asks_its_own_pod() {
        for (command, image, client) in [
            ("mysqladmin ping", "acme/shop:1.0.0", Some("mysqladmin")),
            ("mysqladmin ping", "mariadb:11.4.2", None),
            ("mysqladmin -h127.0.0.1 ping", "acme/shop:1.0.0", None),
            ("pg_isready --host=localhost", "acme/shop:1.0.0", None),
            ("pg_isready --host db", "acme/shop:1.0.0", Some("pg_isready")),
            ("pg_isready -h /var/run/postgresql", "acme/shop:1.0.0", None),
            ("sh -c pg_isready -h \"$POD_IP\"", "acme/shop:1.0.0", None),
            ("sh -c pg_isready -h \"$DB_HOST\"", "acme/shop:1.0.0", Some("pg_isready")),
            ("bash -ec redis-cli -h cache ping", "acme/shop:1.0.0", Some("redis-cli")),
            ("redis-cli ping", "quay.io/opstree/redis:v7.0.15", None),
            ("redis-cli -h cache ping", "mysql:8.4.1", Some("redis-cli")),
            ("curl -f http://payments:8080/health", "acme/shop:1.0.0", Some("curl")),
            ("curl -f http://localhost:8080/health", "acme/shop:1.0.0", None),
            ("curl -f https://[::1]:8080/", "acme/shop:1.0.0", None),
            ("sh -c curl -f http://$PAYMENTS/health", "acme/shop:1.0.0", None),
            ("curl db:5432", "acme/shop:1.0.0", Some("curl")),
            ("curl -o /dev/null 127.0.0.1:80/health", "acme/shop:1.0.0", None),
            ("curl -u admin:1234 localhost:9200", "acme/shop:1.0.0", None),
            ("curl -H Host:shop:80 -f localhost:80", "acme/shop:1.0.0", None),
            ("wget -q -O- http://user:secret@payments/", "acme/shop:1.0.0", Some("wget")),
            ("nc -z -w 1 db 5432", "acme/shop:1.0.0", Some("nc")),
            ("nc -z localhost 5432", "acme/shop:1.0.0", None),
            ("grpc_health_probe -addr=payments:50051", "acme/shop:1.0.0", Some("grpc_health_probe")),
            ("grpc_health_probe -addr=:50051", "acme/shop:1.0.0", None),
        ] {
            let Handler::Exec { command: argv } = run(command) else { unreachable!("`run` makes exec handlers") };
            assert_eq!(foreign(&argv, image).as_deref(), client, "{command} in {image}");
        }
    }
}
