//! A client of the webhook: HTTP/1.1 over TLS, one connection at a time, so that tests see what happens to each.

use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, ProtocolVersion, pki_types::ServerName};
use serde_json::Value;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// The certificate that the server showed.
    pub leaf: Vec<u8>,
    /// The version of TLS that came out.
    pub version: ProtocolVersion,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON: {error}: {self:?}"))
    }

    /// Whether the server closes the connection after this.
    pub fn closes(&self) -> bool {
        self.headers.get("connection").is_some_and(|value| value == "close")
    }
}

impl Connection {
    /// Opens one.
    ///
    /// # Errors
    /// Nobody listens, or the two do not agree on TLS.
    pub async fn open(address: SocketAddr, client: &Arc<ClientConfig>) -> io::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::IpAddress(address.ip().into());
        let tls = TlsConnector::from(Arc::clone(client)).connect(name, tcp).await?;
        let (_, session) = tls.get_ref();
        let leaf = session.peer_certificates().and_then(<[_]>::first).expect("a server shows a certificate").to_vec();
        let version = session.protocol_version().expect("the handshake is over");
        let (sender, connection) = handshake(TokioIo::new(tls)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Connection { sender, leaf, version })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The connection ended before the answer.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Sends an AdmissionReview.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> hyper::Result<Answer> {
        let request = Request::post(path).header("host", "webhook").header("content-type", "application/json");
        self.send(request.body(Full::new(body.into())).expect("a request")).await
    }
}

/// A connection on which anything can be said.
pub async fn raw(address: SocketAddr, client: &Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::IpAddress(address.ip().into());
    TlsConnector::from(Arc::clone(client)).connect(name, tcp).await.expect("TLS")
}

/// Asks the plain port for health or metrics; none where nobody answers.
pub async fn admin(address: SocketAddr, path: &str) -> Option<Answer> {
    let tcp = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = handshake(TokioIo::new(tcp)).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get(path).header("host", "admin").body(Full::<Bytes>::default()).expect("a request");
    let (head, body) = sender.send_request(request).await.ok()?.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some(Answer { status: head.status.as_u16(), headers: head.headers, body })
}
