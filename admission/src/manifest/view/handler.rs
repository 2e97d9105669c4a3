//! How a probe asks, or what a hook does.

use crate::manifest::field::{Node, Result, whole};
use plimsoll_policy::workload::{Handler, HttpGet, Port};
use serde_json::Value;

/// The highest port number.
pub(super) const MOST_PORT: i64 = 65_535;
const LONGEST_PORT_NAME: usize = 15;

pub(super) fn of_probe(probe: &Node<'_>) -> Result<Handler> {
    of(probe, &["httpGet", "tcpSocket", "exec", "grpc"])
}

pub(super) fn of_hook(hook: &Node<'_>) -> Result<Handler> {
    of(hook, &["httpGet", "tcpSocket", "exec", "sleep"])
}

fn of(node: &Node<'_>, names: &[&'static str]) -> Result<Handler> {
    let mut written = names.iter().filter(|name| node.has(name));
    let Some(name) = written.next() else {
        return node.refuse_self(format!("one of {} is missing", names.join(", ")));
    };
    if let Some(second) = written.next() {
        return node.refuse(second, format!("it has `{name}` already: keep one of the two"));
    }
    let handler = node.required_object(name)?;
    match *name {
        "httpGet" => http(&handler),
        "tcpSocket" => Ok(Handler::Tcp { port: port(&handler)?, host: host(&handler)? }),
        "grpc" => grpc(&handler),
        "exec" => exec(&handler),
        _ => sleep(&handler),
    }
}

fn http(node: &Node<'_>) -> Result<Handler> {
    node.one_of("scheme", &[("HTTP", ()), ("HTTPS", ())])?;
    let header = |header: &Node<'_>| {
        Ok((header.required_text("name")?.to_owned(), header.text("value")?.unwrap_or_default().to_owned()))
    };
    Ok(Handler::Http(HttpGet {
        path: node.defaulted_text("path")?,
        port: port(node)?,
        host: host(node)?,
        scheme: node.defaulted_text("scheme")?,
        headers: node.each("httpHeaders", header)?,
    }))
}

fn host(node: &Node<'_>) -> Result<Option<String>> {
    Ok(node.text("host")?.filter(|host| !host.is_empty()).map(str::to_owned))
}

fn grpc(node: &Node<'_>) -> Result<Handler> {
    match node.int_between("port", 1, MOST_PORT)? {
        Some(port) => Ok(Handler::Grpc { port, service: node.text("service")?.unwrap_or_default().to_owned() }),
        None => node.refuse("port", "`port` is missing"),
    }
}

fn exec(node: &Node<'_>) -> Result<Handler> {
    let command = node.strings("command")?;
    if command.is_empty() {
        return node.refuse("command", "`command` is missing");
    }
    Ok(Handler::Exec { command })
}

fn sleep(node: &Node<'_>) -> Result<Handler> {
    match node.int_between("seconds", 0, i64::MAX)? {
        Some(seconds) => Ok(Handler::Sleep { seconds }),
        None => node.refuse("seconds", "`seconds` is missing"),
    }
}

fn port(node: &Node<'_>) -> Result<Port> {
    match node.get("port") {
        None => node.refuse("port", "`port` is missing"),
        Some(Value::String(name)) => {
            check_port_name(node, "port", name)?;
            Ok(Port::Name(name.clone()))
        }
        Some(number) if whole(number).is_some_and(|number| (1..=MOST_PORT).contains(&number)) => {
            Ok(Port::Number(whole(number).unwrap_or_default()))
        }
        Some(other) => {
            node.refuse("port", format!("must be a port from 1 to {MOST_PORT} or the name of one, and is {other}"))
        }
    }
}

/// A name as IANA writes them: what the API server takes.
pub(super) fn check_port_name(node: &Node<'_>, field: &str, name: &str) -> Result<()> {
    if name.parse::<i64>().is_ok() {
        return node.refuse(field, format!("the string {name:?} is not the name of a port; remove the quotes"));
    }
    let plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let has_letter = name.bytes().any(|byte| byte.is_ascii_lowercase());
    let hyphens = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    if plain && has_letter && !hyphens && name.len() <= LONGEST_PORT_NAME {
        return Ok(());
    }
    let rule = "at most 15 of a-z, 0-9 and single hyphens, with a letter";
    node.refuse(field, format!("{name:?} is not the name of a port: {rule}"))
}
