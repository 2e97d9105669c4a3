//! A rolling restart of two replicas while calls come in over connections that are kept: none is lost.

use nix::sys::signal::Signal;
use plimsoll_tests::{
    deployment,
    webhook::{Authority, Connection, Leaf, Setup, Webhook, create, eventually, object},
};
use rustls::ClientConfig;
use std::{
    net::SocketAddr,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Connections that are kept at the same time: an API server has about as many.
const CALLERS: usize = 8;

/// Calls in all; PLIMSOLL_ROLLING_CALLS says otherwise.
const CALLS: usize = 20_000;

/// What a Service is: the addresses of the replicas that are ready.
type Ready = Arc<RwLock<Vec<SocketAddr>>>;

struct Load {
    ready: Ready,
    client: Arc<ClientConfig>,
    body: String,
    answered: AtomicUsize,
    calls: usize,
}

impl Load {
    /// One caller: keeps a connection for as long as the server lets it, then opens another to a replica that is ready.
    async fn call(self: Arc<Self>, number: usize) {
        let mut connection: Option<Connection> = None;
        let mut turn = number;
        while self.answered.fetch_add(1, Ordering::Relaxed) < self.calls {
            if connection.is_none() {
                turn += 1;
                let address = {
                    let ready = self.ready.read().expect("the addresses");
                    ready[turn % ready.len()]
                };
                connection = Some(Connection::open(address, &self.client).await.expect("no connection is refused"));
            }
            let open = connection.as_mut().expect("just opened");
            let answer = open.post("/validate?timeout=10s", self.body.clone()).await.expect("no call is lost");
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.body.windows(14).any(|window| window == b"\"allowed\":true"), "{answer:?}");
            if answer.closes() {
                connection = None;
            }
        }
    }

    fn done(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }
}

async fn replica(client: &Arc<ClientConfig>, leaf: &Leaf) -> Webhook {
    // Longer than the balancer below takes to see that a replica is not ready any more.
    let setup = Setup { flags: &["--drain-delay", "500ms"], ..Setup::default() };
    Webhook::start_as(setup, Authority::new(), Arc::clone(client), &[("tls.crt", &leaf.chain), ("tls.key", &leaf.key)])
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_two_replicas_loses_no_call() {
    let calls = std::env::var("PLIMSOLL_ROLLING_CALLS").map_or(CALLS, |text| text.parse().expect("a number"));
    let authority = Authority::new();
    let (client, leaf) = (authority.client(None), authority.leaf());
    let mut replicas = vec![replica(&client, &leaf).await, replica(&client, &leaf).await];
    let ready: Ready = Arc::new(RwLock::new(replicas.iter().map(|replica| replica.address).collect()));
    let body = create(&object(&deployment("app:1.2.3"))).to_string();
    let load = Arc::new(Load {
        ready: Arc::clone(&ready),
        client: Arc::clone(&client),
        body,
        answered: AtomicUsize::new(0),
        calls,
    });
    let callers: Vec<_> = (0..CALLERS).map(|number| tokio::spawn(Arc::clone(&load).call(number))).collect();

    // Restarts are spread over all calls, and there are as many as there is time for.
    let mut restarts = 0;
    while load.done() < calls {
        let started = load.done();
        let new = replica(&client, &leaf).await;
        ready.write().expect("the addresses").push(new.address);
        let old = replicas.remove(0);
        old.signal(Signal::SIGTERM);
        eventually("unready", async || (old.admin("/readyz").await.0 == 503).then_some(())).await;
        ready.write().expect("the addresses").retain(|address| *address != old.address);
        let exited = old.exited().await;
        assert_eq!(exited.code, Some(0), "{:#?}", exited.log);
        replicas.push(new);
        restarts += 1;
        let pause = (calls / 20).min(calls.saturating_sub(started));
        eventually("load", async || (load.done() >= (started + pause).min(calls)).then_some(())).await;
    }
    for caller in callers {
        caller.await.expect("no call was lost");
    }
    assert!(restarts >= 2, "both replicas were restarted under load; {restarts} restarts");
}
