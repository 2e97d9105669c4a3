//! How a connection begins: with whom, and with which papers.
//!
//! Files are read for each connection, so that it has the certificates and keys of the day. What is wrong with one is said
//! with its name, and never with what is in it.

use crate::engine::{
    CALL, Error, Result,
    address::{Login, Servers},
};
use async_nats::{ConnectOptions, ServerAddr};
use std::{fs, path::Path, time::Duration};

/// Two of them without an answer, and the connection is taken for lost: it may be, without a word, when a network is cut.
const PING: Duration = Duration::from_secs(5);

/// Longest pause between two attempts to connect again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Where the servers are, for the client.
pub(super) fn addresses(servers: &Servers) -> Result<Vec<ServerAddr>> {
    let address = |text: &String| {
        text.parse().map_err(|error| Error::Refused(format!("the URL of the queue is wrong: {text}: {error}")))
    };
    servers.addresses.iter().map(address).collect()
}

/// How to connect, and to connect again.
pub(super) fn options(servers: &Servers) -> Result<ConnectOptions> {
    // One that does not answer leaves the others time.
    let count = u32::try_from(servers.addresses.len()).unwrap_or(u32::MAX).max(1);
    let options = ConnectOptions::new()
        .name("plimsoll-worker")
        .connection_timeout(CALL / count)
        .ping_interval(PING)
        .reconnect_delay_callback(|attempt| {
            RECONNECT.min(Duration::from_millis(10) * u32::try_from(attempt).unwrap_or(100))
        });
    tls(login(options, servers)?, servers)
}

fn login(options: ConnectOptions, servers: &Servers) -> Result<ConnectOptions> {
    match (&servers.files.credentials, &servers.files.nkey, &servers.login) {
        (Some(file), _, _) => {
            let text = read("--nats-creds", file)?;
            options.credentials(&text).map_err(|_| {
                wrong("--nats-creds", file, "it is not a file of credentials, as `nsc generate creds` writes")
            })
        }
        (_, Some(file), _) => {
            let seed = read("--nats-nkey", file)?.trim().to_owned();
            if !(seed.starts_with("SU") && seed.len() == 58) {
                return Err(wrong("--nats-nkey", file, "it is not the seed of a user's nkey, which begins with SU"));
            }
            Ok(options.nkey(seed))
        }
        (_, _, Login::Password { user, password }) => Ok(options.user_and_password(user.clone(), password.reveal())),
        (_, _, Login::Token(token)) => Ok(options.token(token.reveal())),
        (_, _, Login::Nobody) => Ok(options),
    }
}

fn tls(mut options: ConnectOptions, servers: &Servers) -> Result<ConnectOptions> {
    // Also of servers that the others tell of.
    options = options.require_tls(servers.addresses.iter().any(|address| address.starts_with("tls://")));
    if let Some(file) = &servers.files.ca {
        holds("--nats-ca", file, "BEGIN CERTIFICATE", "a certificate")?;
        // The server alone would say whether there is TLS, and whoever is in between could say that there is none.
        options = options.add_root_certificates(file.clone()).require_tls(true);
    }
    if let Some((certificate, key)) = &servers.files.identity {
        holds("--nats-cert", certificate, "BEGIN CERTIFICATE", "a certificate")?;
        holds("--nats-key", key, "PRIVATE KEY-----", "a private key")?;
        options = options.add_client_certificate(certificate.clone(), key.clone()).require_tls(true);
    }
    Ok(options)
}

/// The client says neither which file it could not read nor that there is nothing in it.
fn holds(flag: &str, file: &Path, mark: &str, what: &str) -> Result<()> {
    match read(flag, file)?.contains(mark) {
        true => Ok(()),
        false => Err(wrong(flag, file, &format!("there is no PEM with {what} in it"))),
    }
}

fn read(flag: &str, file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(|error| wrong(flag, file, &error.to_string()))
}

fn wrong(flag: &str, file: &Path, why: &str) -> Error {
    Error::Refused(format!("{flag} {}: {why}", file.display()))
}
