//! Clients that create objects without pause: fit and unfit Deployments in turn, as dry runs, so that nothing but
//! admission is asked.

use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client, api::PostParams};
use plimsoll_tests::deployment;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Clients at work.
pub(crate) struct Traffic {
    start: Instant,
    stop: Arc<AtomicBool>,
    right_in_a_row: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Tally>>,
}

/// What became of the calls.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Fit ones that passed, and unfit ones that the webhook refused.
    pub(crate) right: usize,
    /// Calls that got no verdict: when they began and ended, and the error.
    pub(crate) lost: Vec<(Duration, Duration, String)>,
    /// When unfit ones passed.
    pub(crate) slipped: Vec<Duration>,
    /// The longest that a client waited for an answer.
    pub(crate) longest: Duration,
}

impl Traffic {
    /// Lets some clients begin.
    pub(crate) fn start(namespace: &str, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let right_in_a_row = Arc::new(AtomicUsize::new(0));
        let start = Instant::now();
        let client = |_| {
            let (stop, in_a_row, namespace) = (Arc::clone(&stop), Arc::clone(&right_in_a_row), namespace.to_owned());
            std::thread::spawn(move || block_on(create_until(&stop, &in_a_row, start, &namespace)))
        };
        Traffic { clients: (0..clients).map(client).collect(), start, stop, right_in_a_row }
    }

    /// Since they began: what the seconds in a tally are counted from.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// How many calls came to what they should since the last one that did not.
    pub(crate) fn right_in_a_row(&self) -> usize {
        self.right_in_a_row.load(Ordering::Relaxed)
    }

    /// Ends them.
    pub(crate) fn stop(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let tallies = self.clients.into_iter().map(|client| client.join().expect("a client ends"));
        tallies.fold(Tally::default(), Tally::and)
    }
}

impl Tally {
    fn and(mut self, other: Tally) -> Tally {
        self.lost.extend(other.lost);
        self.slipped.extend(other.slipped);
        Tally { right: self.right + other.right, longest: self.longest.max(other.longest), ..self }
    }

    /// Whether it came to what it should.
    fn count(&mut self, is_fit: bool, at: Duration, took: Duration, answer: Result<Deployment, kube::Error>) -> bool {
        self.longest = self.longest.max(took);
        match answer {
            Ok(_) if !is_fit => self.slipped.push(at),
            Err(error) if is_fit || !is_refusal(&error) => self.lost.push((at, at + took, error.to_string())),
            _ => {
                self.right += 1;
                return true;
            }
        }
        false
    }
}

fn is_refusal(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.message.contains("is not fit to run"))
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Tally { right, lost, slipped, longest } = self;
        let calls = right + lost.len() + slipped.len();
        let (lost, slipped) = (lost.len(), slipped.len());
        write!(f, "{calls} calls, {lost} lost, {slipped} slipped past a deny, longest {longest:.0?}")
    }
}

async fn create_until(stop: &AtomicBool, in_a_row: &AtomicUsize, start: Instant, namespace: &str) -> Tally {
    let client = Client::try_default().await.expect("a client of the cluster");
    let deployments: Api<Deployment> = Api::namespaced(client, namespace);
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let [fit, unfit] = ["app:1.2.3", "app:latest"].map(object);
    let mut tally = Tally::default();
    while !stop.load(Ordering::Relaxed) {
        for (is_fit, object) in [(true, &fit), (false, &unfit)] {
            let called = Instant::now();
            let answer = deployments.create(&dry_run, object).await;
            let is_right = tally.count(is_fit, called - start, called.elapsed(), answer);
            let count = |before| if is_right { before + 1 } else { 0 };
            in_a_row.update(Ordering::Relaxed, Ordering::Relaxed, count);
        }
    }
    tally
}

/// A Deployment as the client has it.
pub(crate) fn object(image: &str) -> Deployment {
    serde_yaml::from_str(&deployment(image)).expect("a Deployment")
}

/// Runs something that waits, on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}
