//! Where a queue is, and how its server is to know us. What is secret is in no message and no `Debug`.

use percent_encoding::percent_decode_str;
use std::{borrow::Cow, ffi::OsString, fmt, path::PathBuf, str::FromStr};

/// Where a queue is: `--queue-url` and `--queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Which engine.
    pub url: Url,
    /// Name of the queue or feed there.
    pub name: String,
}

/// Which engine, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    /// A file of this host.
    Sqlite(PathBuf),
    /// A NATS server with JetStream, or the servers of a cluster.
    Nats(Servers),
}

/// The servers of a NATS cluster, and what they want to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers {
    /// `scheme://host:port` each; the port may be missing.
    pub(super) addresses: Vec<String>,
    pub(super) login: Login,
    pub(super) files: Files,
    text: Secret,
}

/// Files for a server that wants more than a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Credentials, as `nsc` writes them.
    pub credentials: Option<PathBuf>,
    /// The seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// Certificates of the authorities that may have signed the server's. With them, TLS is demanded.
    pub ca: Option<PathBuf>,
    /// A certificate of our own, and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What the URL says about us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Login {
    Nobody,
    Token(Secret),
    Password { user: String, password: Secret },
}

/// A text that is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn reveal(&self) -> String {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl FromStr for Url {
    type Err = String;

    /// The error does not repeat the text: there may be a password in it.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Url::Sqlite(path.into())),
            Some(("nats" | "tls", _)) => Servers::parse(text).map(Url::Nats),
            _ => Err(
                "write sqlite:///path/to/file, nats://host:4222, tls://host:4222, or nats://one:4222,nats://two:4222"
                    .to_owned(),
            ),
        }
    }
}

impl Servers {
    fn parse(text: &str) -> Result<Self, String> {
        let (mut addresses, mut login) = (Vec::new(), Login::Nobody);
        // The first says it for those that do not.
        let scheme = text.split_once("://").map_or("nats", |(scheme, _)| scheme);
        for (number, part) in (1..).zip(text.split(',')) {
            let (address, own) = server(part, scheme).map_err(|error| format!("server {number}: {error}"))?;
            addresses.push(address);
            match (&login, own) {
                (_, Login::Nobody) => {}
                (Login::Nobody, own) => login = own,
                (known, own) if *known == own => {}
                _ => return Err(format!("server {number}: another login than before; all servers must have the same")),
            }
        }
        Ok(Servers { addresses, login, files: Files::default(), text: Secret(text.to_owned()) })
    }

    /// With files.
    ///
    /// # Errors
    /// Two logins.
    pub fn with(self, files: Files) -> Result<Self, String> {
        let url = (self.login != Login::Nobody).then_some("a login in --queue-url");
        let credentials = files.credentials.as_ref().map(|_| "--nats-creds");
        let nkey = files.nkey.as_ref().map(|_| "--nats-nkey");
        let logins: Vec<_> = [url, credentials, nkey].into_iter().flatten().collect();
        match logins.len() {
            0 | 1 => Ok(Servers { files, ..self }),
            _ => Err(format!("{}: one of them is enough", logins.join(" and "))),
        }
    }
}

/// One server, without the login, and the login.
fn server(part: &str, scheme: &str) -> Result<(String, Login), String> {
    let (scheme, rest) = part.split_once("://").unwrap_or((scheme, part));
    if !["nats", "tls"].contains(&scheme) {
        return Err(format!("`{scheme}` is not a scheme of NATS; write nats:// or tls://"));
    }
    // The last one: in a password that is not encoded there may be others.
    let (login, host) = match rest.rsplit_once('@') {
        Some((login, host)) => (self::login(login)?, host),
        None => (Login::Nobody, rest),
    };
    let host = host.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '?', '#']) {
        return Err("write the host, and a port if it is not 4222: nats://host:4222".to_owned());
    }
    Ok((format!("{scheme}://{host}"), login))
}

fn login(text: &str) -> Result<Login, String> {
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(Cow::into_owned).map_err(|_| "the login is not UTF-8 once %XX is decoded".to_owned())
    };
    Ok(match text.split_once(':') {
        Some((user, password)) => Login::Password { user: decode(user)?, password: Secret(decode(password)?) },
        None => Login::Token(Secret(decode(text)?)),
    })
}

impl Address {
    /// As variables of the environment, where other processes do not read it as they do a command line.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut all = vec![("WORKER_QUEUE", self.name.clone().into())];
        match &self.url {
            Url::Sqlite(file) => {
                let mut url = OsString::from("sqlite://");
                url.push(file);
                all.push(("WORKER_QUEUE_URL", url));
            }
            Url::Nats(Servers { files, text, .. }) => {
                all.push(("WORKER_QUEUE_URL", text.reveal().into()));
                let mut file = |name, file: Option<&PathBuf>| all.extend(file.map(|file| (name, file.into())));
                file("WORKER_NATS_CREDS", files.credentials.as_ref());
                file("WORKER_NATS_NKEY", files.nkey.as_ref());
                file("WORKER_NATS_CA", files.ca.as_ref());
                file("WORKER_NATS_CERT", files.identity.as_ref().map(|(certificate, _)| certificate));
                file("WORKER_NATS_KEY", files.identity.as_ref().map(|(_, key)| key));
            }
        }
        all
    }
}
