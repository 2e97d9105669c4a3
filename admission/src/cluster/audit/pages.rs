//! One list, page by page: the next page is on its way while one is judged.

use super::{Outcome, judging::Judging, lists::List, trouble};
use crate::{manifest::json_value, watch::Phase};
use kube::{
    Client, Error,
    api::ListParams,
    core::{Request, metadata::ListMeta},
};
use serde::Deserialize;
use serde_json::Value;
use std::time::Instant;
use tokio::task::JoinHandle;

/// Objects of a page. Half of what kubectl takes: two pages are in memory at one time.
pub const PAGE: u32 = 250;

/// How often a list is begun that the API server gives up before its end.
pub const ATTEMPTS: usize = 3;

/// Reads lists and judges them.
pub(super) struct Reader<'a> {
    pub(super) client: &'a Client,
    pub(super) judging: Judging<'a>,
    pub(super) pool: &'a rayon::ThreadPool,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(default)]
    items: Vec<Value>,
}

/// A list that ended too early, and what had come of it.
struct Broken {
    error: Error,
    objects: usize,
    outcome: Outcome,
}

impl Reader<'_> {
    /// The whole list. One that the API server gives up is begun again, and what came of it is forgotten: another
    /// state of the cluster has other objects.
    pub(super) async fn read(&self, list: &List) -> Outcome {
        let mut attempt = 1;
        loop {
            let Broken { error, objects, mut outcome } = match self.pages(list).await {
                Ok(outcome) => return outcome,
                Err(broken) => *broken,
            };
            let problem = match &error {
                Error::Api(status) if status.code == 410 && attempt < ATTEMPTS => {
                    attempt += 1;
                    continue;
                }
                Error::Api(status) if status.code == 410 => trouble::expired(list, ATTEMPTS, objects),
                error => trouble::unread(list, error, objects),
            };
            outcome.problems.push(problem);
            outcome.sets.has_gap(list);
            return outcome;
        }
    }

    async fn pages(&self, list: &List) -> Result<Outcome, Box<Broken>> {
        let (mut outcome, mut objects) = (Outcome::default(), 0);
        let mut next = Some(self.fetch(list, None));
        while let Some(page) = next {
            let start = Instant::now();
            let page = match page.await.unwrap_or_else(|error| Err(Error::Service(error.into()))) {
                Ok(page) => page,
                Err(error) => return Err(Box::new(Broken { error, objects, outcome })),
            };
            self.judging.options.watch.took(Phase::Read, start.elapsed());
            objects += page.items.len();
            let token = page.metadata.continue_.filter(|token| !token.is_empty());
            next = token.map(|token| self.fetch(list, Some(token)));
            outcome.append(self.pool.install(|| self.judging.page(list, page.items)));
        }
        Ok(outcome)
    }

    fn fetch(&self, list: &List, token: Option<String>) -> JoinHandle<Result<Page, Error>> {
        let (client, path) = (self.client.clone(), list.path());
        tokio::spawn(async move {
            let parameters = ListParams { continue_token: token, ..ListParams::default().limit(PAGE) };
            let request = Request::new(path).list(&parameters).map_err(Error::BuildRequest)?;
            parse(&client.request_text(request).await?)
        })
    }
}

/// What managers of fields wrote may be deeper than serde_json reads; our own reader passes it over.
fn parse(text: &str) -> Result<Page, Error> {
    serde_json::from_str(text).or_else(|error| match json_value(text.as_bytes()) {
        Ok(value) => serde_json::from_value(value).map_err(Error::SerdeError),
        Err(_) => Err(Error::SerdeError(error)),
    })
}
