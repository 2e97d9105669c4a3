//! The file, on a thread of its own.
//!
//! What waits while a transaction is written to disk goes into the next one together: many jobs that end at once cost one
//! write. Each call is a savepoint, so that one that fails takes nothing of its neighbours with it.
//!
//! The file is opened once, and its name looked at before each transaction: whoever restores a backup over it, or deletes it,
//! would otherwise have one queue, and this process another that nobody sees.

use super::{
    POLL, explain,
    identity::{FileId, is_ours},
    turn,
};
use crate::engine::{CALL, Error, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Instant,
};
use tokio::sync::oneshot;

/// Calls in one transaction at most: others wait for all of it.
const TOGETHER: usize = 256;

/// The write-ahead log is cut to so many bytes when it was larger and is begun anew.
const LOG: u32 = 8 << 20;

/// The way to the thread; it ends when nobody has one any more.
pub(crate) struct Database {
    file: Arc<Path>,
    requests: Sender<Request>,
}

struct Request {
    writes: bool,
    /// There is no transaction if it could not be begun.
    work: Work,
}

type Work = Box<dyn FnOnce(Option<&mut Transaction>) -> Answer + Send>;

/// Tells whoever called, once it is known whether the transaction was written.
type Answer = Box<dyn FnOnce(&Result<()>) + Send>;

impl Database {
    /// Starts the thread, which opens the file when it is first needed.
    pub(crate) fn of(file: &Path) -> Result<Self> {
        let file: Arc<Path> = file.into();
        let mut place = Place { open: None, file: file.clone() };
        let (requests, inbox) = mpsc::channel();
        let serve = move || while place.transact(&inbox) {};
        let thread = thread::Builder::new().name("sqlite".to_owned()).spawn(serve);
        thread.map_err(|error| Error::Unreachable(error.to_string()))?;
        Ok(Database { file, requests })
    }

    /// Runs something that only reads: it waits for no writer.
    pub(crate) async fn query<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.call(false, work).await
    }

    /// Runs something that may write, all or nothing.
    pub(crate) async fn transact<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.call(true, work).await
    }

    async fn call<T, F>(&self, writes: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let file = self.file.clone();
        let work = move |transaction: Option<&mut Transaction>| -> Answer {
            let answer = transaction.map(|transaction| savepoint(transaction, work));
            Box::new(move |written| {
                let answer = match (written, answer) {
                    (Ok(()), Some(answer)) => answer.map_err(|error| explain(&file, &error)),
                    (Ok(()), None) => Err(gone()),
                    (Err(error), _) => Err(error.clone()),
                };
                // Whoever called may have given up.
                let _gone = tell.send(answer);
            })
        };
        self.requests.send(Request { writes, work: Box::new(work) }).map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

fn gone() -> Error {
    Error::Unreachable("the thread of the file has ended".to_owned())
}

fn savepoint<T>(
    transaction: &mut Transaction,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let savepoint = transaction.savepoint()?;
    let answer = work(&savepoint)?;
    savepoint.commit()?;
    Ok(answer)
}

/// The file, and a connection unless the last one failed.
struct Place {
    file: Arc<Path>,
    open: Option<Open>,
}

/// A connection, and which file it was that was opened.
struct Open {
    connection: Connection,
    id: FileId,
}

impl Place {
    /// Waits for a call and does it, together with others that wait; false if nobody is left who could call.
    fn transact(&mut self, inbox: &Receiver<Request>) -> bool {
        let Ok(first) = inbox.recv() else { return false };
        let requests: Vec<_> = [first].into_iter().chain(inbox.try_iter()).take(TOGETHER).collect();
        let (written, answers) = self.write(requests);
        if matches!(written, Err(Error::Unreachable(_))) {
            self.open = None;
        }
        answers.into_iter().for_each(|answer| answer(&written));
        true
    }

    fn write(&mut self, requests: Vec<Request>) -> (Result<()>, Vec<Answer>) {
        let writes = requests.iter().any(|request| request.writes);
        let mut work = requests.into_iter().map(|request| request.work);
        match begin(&self.file, &mut self.open, writes) {
            Ok(mut transaction) => {
                let answers = work.map(|work| work(Some(&mut transaction))).collect();
                (transaction.commit().map_err(|error| explain(&self.file, &error)), answers)
            }
            Err(error) => (Err(error), work.by_ref().map(|work| work(None)).collect()),
        }
    }
}

fn begin<'a>(file: &Path, place: &'a mut Option<Open>, writes: bool) -> Result<Transaction<'a>> {
    let open = match place {
        Some(open) => open,
        none => none.insert(open(file)?),
    };
    if FileId::of(file) != open.id {
        let file = file.display();
        return Err(Error::Unreachable(format!("{file}: replaced or removed since it was opened; it is opened again")));
    }
    // Immediate: one that reads first and writes later could not wait for its turn.
    let behavior = if writes { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    open.connection.transaction_with_behavior(behavior).map_err(|error| explain(file, &error))
}

fn open(file: &Path) -> Result<Open> {
    // Before it is opened: what is put there in between is found out too.
    let id = FileId::of(file);
    // Not created: a mistaken path would leave an empty file behind.
    let connection = connect(file, OpenFlags::empty()).map_err(|error| explain(file, &error))?;
    is_ours(file, &connection)?;
    Ok(Open { connection, id })
}

fn connect(file: &Path, create: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_handler(Some(turn::wait))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LOG)?;
    Ok(connection)
}

/// Makes the file unless it is there, and gives it the write-ahead log that it keeps for good.
///
/// SQLite opens and closes it: who closes a file by any other way drops the locks that its whole process has on it.
pub(super) fn create(file: &Path) -> Result<()> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_CREATE).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => {
            Error::Unreachable(format!("{error}; is its folder there, and may it be written?"))
        }
        _ => explain(file, &error),
    })?;
    // Before anything is written.
    is_ours(file, &connection)?;
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            // SQLite does not wait here for others who do the same: each might wait for the other.
            Err(error) if busy(&error) && begun.elapsed() < CALL => thread::sleep(POLL),
            ended => return ended.map_err(|error| explain(file, &error)),
        }
    }
}

fn busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}
