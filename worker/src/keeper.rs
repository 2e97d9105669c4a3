//! The thread that keeps leases, with a runtime and a connection of its own: a job that blocks everything else loses no
//! lease by it, neither its own nor its neighbours'.

use crate::{
    engine::{self, Address, CALL, Engine},
    heartbeat::Heartbeat,
    reach::Reach,
    telemetry::Instruments,
};
use std::{
    future::Future,
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use tokio::{runtime, sync::mpsc as requests, time::timeout};

/// Asks for everything to be given back; the answer says that it is.
pub type Release = mpsc::Sender<()>;

/// How the thread shows how it is.
pub struct Signs {
    /// That it turns.
    pub heartbeat: Heartbeat,
    /// Whether the engine can be reached.
    pub reach: Arc<Reach>,
    /// Own metrics.
    pub instruments: Instruments,
}

/// What is asked of the thread.
pub type Requests = requests::UnboundedReceiver<Release>;

/// The thread, as others see it.
pub struct Keeper(requests::UnboundedSender<Release>);

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start<F: Future<Output = ()>>(keep: impl FnOnce(Requests) -> F + Send + 'static) -> io::Result<Self> {
        let (release, requests) = requests::unbounded_channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("keeper".to_owned()).spawn(move || runtime.block_on(keep(requests)))?;
        Ok(Keeper(release))
    }

    /// Asks it to give back everything that is held.
    pub fn release_all(&self) -> mpsc::Receiver<()> {
        let (answer, released) = mpsc::channel();
        // Where the thread is gone the answer goes with it.
        let _gone = self.0.send(answer);
        released
    }
}

/// The connection of the thread, made when it is needed.
pub struct Connection {
    address: Address,
    engine: Option<Arc<dyn Engine>>,
}

impl Connection {
    /// Not made yet.
    pub fn to(address: Address) -> Self {
        Connection { address, engine: None }
    }

    /// The engine, if it can be reached.
    pub async fn engine(&mut self) -> Option<Arc<dyn Engine>> {
        if self.engine.is_none() {
            self.engine = in_time("connect", engine::connect(&self.address)).await;
        }
        self.engine.clone()
    }
}

/// What a call brings, unless it fails or takes too long.
pub async fn in_time<T>(what: &str, call: impl Future<Output = engine::Result<T>>) -> Option<T> {
    // A little more than an engine allows itself.
    let error = match timeout(CALL + Duration::from_millis(500), call).await {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(call = what, error, "keeper of the leases");
    None
}
