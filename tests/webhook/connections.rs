//! Connections that say nothing, too little, or too much: they cost those who call nothing.

use plimsoll_tests::{
    deployment,
    webhook::{Setup, Webhook, create, object, raw},
};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

fn review() -> Value {
    create(&object(&deployment("app:1.2.3")))
}

async fn silent(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(TcpStream::connect(address).await.expect("a connection"));
    }
    connections
}

#[tokio::test]
async fn more_silent_connections_than_descriptors_stop_neither_port() {
    let launcher = ["sh", "-c", "ulimit -n 256 && exec \"$@\"", "sh"];
    let webhook = Webhook::start(Setup { launcher: &launcher, ..Setup::default() }).await;
    let mut kept = webhook.connect().await;
    let mut held = Vec::new();
    for address in [webhook.admin, webhook.address, webhook.admin] {
        held.extend(silent(address, 300).await);
        for path in ["/livez", "/readyz"] {
            assert_eq!(webhook.admin(path).await.0, 200, "{path}");
        }
        assert_eq!(webhook.review(&review()).await["allowed"], true);
        // Who has something to say is not the one that goes.
        assert_eq!(kept.post("/validate", review().to_string()).await.expect("an answer").status, 200);
    }
}

#[tokio::test]
async fn the_admin_port_speaks_http_1_alone_and_waits_for_nobody() {
    let webhook = Webhook::with("").await;
    let ask = async |text: &[u8]| {
        let mut connection = TcpStream::connect(webhook.admin).await.expect("a connection");
        connection.write_all(text).await.expect("it is sent");
        let mut answer = Vec::new();
        let end = timeout(Duration::from_secs(20), connection.read_to_end(&mut answer)).await;
        end.expect("it closes the connection").map(|_| answer).unwrap_or_default()
    };
    let frame = ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(frame.is_empty() || frame.starts_with(b"HTTP/1.1 4"), "{frame:?}");
    for unfinished in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nhost: x\r\n"] {
        assert_eq!(ask(unfinished.as_bytes()).await, b"", "{unfinished}");
    }
    let kept = ask(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(kept.starts_with(b"HTTP/1.1 200"), "{kept:?}");
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_refused_before_it_comes() {
    let webhook = Webhook::with("").await;
    for length in [(7 << 20) + 1, (14 << 20) + 1, 8_u64 << 30] {
        let mut connection = raw(webhook.address, &webhook.client).await;
        let head = format!(
            "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.expect("it is sent");
        let mut answer = [0; 12];
        let read = timeout(Duration::from_secs(5), connection.read_exact(&mut answer)).await;
        read.expect("at once").expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 413");
    }
}
