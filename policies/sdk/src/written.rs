//! Parts of the view as a manifest writes them, for fixes that repeat something. Defaults are left out.

use crate::workload::{Handler, HttpGet, Port};
use serde_json::{Map, Value, json};

impl Handler {
    /// The field of a probe or hook that the handler stands in, and its value; none of one that this version does not
    /// know.
    pub fn written(&self) -> Option<(&'static str, Value)> {
        Some(match self {
            Handler::Http(get) => ("httpGet", http_get(get)),
            Handler::Tcp { port, host } => {
                ("tcpSocket", fields([("port", Some(number_or_name(port))), ("host", text(host))]))
            }
            Handler::Grpc { port, service } => {
                let service = Some(service).filter(|service| !service.is_empty());
                (
                    "grpc",
                    fields([("port", Some((*port).into())), ("service", service.map(|name| name.as_str().into()))]),
                )
            }
            Handler::Exec { command } => ("exec", json!({ "command": command })),
            Handler::Sleep { seconds } => ("sleep", json!({ "seconds": seconds })),
            Handler::Unknown => return None,
        })
    }
}

fn http_get(get: &HttpGet) -> Value {
    let scheme = Some(get.scheme.as_str()).filter(|scheme| *scheme != "HTTP" && !scheme.is_empty());
    let headers: Vec<Value> = get.headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    fields([
        ("path", Some(get.path.as_str().into())),
        ("port", Some(number_or_name(&get.port))),
        ("host", text(&get.host)),
        ("scheme", scheme.map(Value::from)),
        ("httpHeaders", Some(Value::from(headers)).filter(|headers| headers != &json!([]))),
    ])
}

fn fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let written = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(Map::from_iter(written))
}

fn number_or_name(port: &Port) -> Value {
    match port {
        Port::Number(number) => (*number).into(),
        Port::Name(name) => name.as_str().into(),
    }
}

fn text(text: &Option<String>) -> Option<Value> {
    text.as_deref().map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_written_without_defaults() {
        let get = HttpGet {
            path: "/livez".to_owned(),
            port: Port::Name("http".to_owned()),
            host: None,
            scheme: "HTTP".to_owned(),
            headers: Vec::new(),
        };
        let headers = vec![("X-A".to_owned(), "1".to_owned())];
        let https = HttpGet { scheme: "HTTPS".to_owned(), host: Some("h".to_owned()), headers, ..get.clone() };
        for (handler, field, value) in [
            (Handler::Http(get), "httpGet", json!({ "path": "/livez", "port": "http" })),
            (
                Handler::Http(https),
                "httpGet",
                json!({
                    "path": "/livez", "port": "http", "host": "h", "scheme": "HTTPS",
                    "httpHeaders": [{ "name": "X-A", "value": "1" }],
                }),
            ),
            (Handler::Tcp { port: Port::Number(1), host: None }, "tcpSocket", json!({ "port": 1 })),
            (Handler::Grpc { port: 1, service: String::new() }, "grpc", json!({ "port": 1 })),
            (Handler::Grpc { port: 1, service: "x".to_owned() }, "grpc", json!({ "port": 1, "service": "x" })),
            (Handler::Exec { command: vec!["a".to_owned()] }, "exec", json!({ "command": ["a"] })),
        ] {
            assert_eq!(handler.written(), Some((field, value)));
        }
        assert_eq!(Handler::Unknown.written(), None);
    }
}
