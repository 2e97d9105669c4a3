//! The command line.

use crate::{
    commands::{self, bench, cancel, dead, drain, enqueue, migrate, probe, prune, status},
    contract::Contract,
    engine::Address,
    exit::Exit,
    handlers::Handlers,
    hooks::Hooks,
    settings::{QueueArgs, RunArgs},
    signals::Signals,
    worker::Worker,
};
use anyhow::Result;
use clap::{Args, Parser, Subcommand, error::ErrorKind};

/// A queue and change-feed worker that loses nothing when it is stopped or killed
#[derive(Parser)]
#[command(name = "plimsoll-worker", version, max_term_width = 120)]
struct Cli {
    #[command(flatten)]
    queue: QueueArgs,
    /// Which log lines are written: error, warn, info, debug, or per module
    #[arg(long, env = "WORKER_LOG", default_value = "warn,plimsoll_worker=info", global = true)]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Work, until a signal says to stop
    Run(RunArgs),
    /// Put jobs into the queue, or changes into the feed, and print their ids
    Enqueue(enqueue::Enqueue),
    /// Take jobs out of the queue, or have whoever works on them come to an end
    Cancel(cancel::Cancel),
    /// Say how many jobs are where
    Status(status::Status),
    /// Ask a running worker to take no jobs, and wait until it has none
    Drain(drain::Drain),
    /// Look after jobs that nobody is to try again
    #[command(subcommand)]
    Dead(dead::Dead),
    /// Forget what ended long ago, now; `run` does so every hour
    Prune(prune::Prune),
    /// Make or upgrade the queue
    Migrate(migrate::Migrate),
    /// Wait until the queue is as this version needs it
    WaitMigrations(migrate::WaitMigrations),
    /// Print what this worker promises, from the settings that `run` would have
    Contract(ContractArgs),
    /// Ask a running worker how it is
    Probe(probe::Probe),
    /// Measure: jobs per second against a bare loop, drain, memory, start
    Bench(bench::Bench),
}

#[derive(Args)]
struct ContractArgs {
    /// As annotations of a pod template
    #[arg(long, group = "form")]
    annotations: bool,
    /// As JSON (the default)
    #[arg(long, group = "form")]
    json: bool,
    /// As the image label dev.plimsoll.contract
    #[arg(long, group = "form")]
    label: bool,
    #[command(flatten)]
    run: RunArgs,
}

/// Does what the command line says, with the handlers for the queue at an address.
pub fn run(signals: Signals, handlers: impl FnOnce(&Address) -> Handlers, hooks: Hooks) -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody else reads what could not be printed.
            let _unprinted = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { Exit::Clean } else { Exit::Configuration };
        }
    };
    let address = match cli.queue.address() {
        Ok(address) => address,
        Err(error) => return commands::or_say(Err(error)),
    };
    let handlers = handlers(&address);
    if let Command::Run(settings) = cli.command {
        return Worker { settings, address, handlers, hooks, log: cli.log }.run(signals);
    }
    commands::or_say(
        signals.end_at_first().map_err(Into::into).and_then(|()| cli.command.run(&address, &handlers, &cli.log)),
    )
}

impl Command {
    fn run(self, address: &Address, handlers: &Handlers, log: &str) -> Result<Exit> {
        match self {
            Command::Run(_) => unreachable!("it lives for itself"),
            Command::Enqueue(enqueue) => enqueue.run(address, log),
            Command::Cancel(cancel) => cancel.run(address),
            Command::Status(status) => status.run(address, handlers.sink()),
            Command::Drain(drain) => drain.run(),
            Command::Dead(dead) => dead.run(address),
            Command::Prune(prune) => prune.run(address, handlers.sink()),
            Command::Migrate(migrate) => migrate.run(address, handlers.sink()),
            Command::WaitMigrations(wait) => wait.run(address),
            Command::Contract(contract) => contract.run(),
            Command::Probe(probe) => probe.run(),
            Command::Bench(bench) => bench.run(address),
        }
    }
}

impl ContractArgs {
    fn run(&self) -> Result<Exit> {
        self.run.check()?;
        let contract = Contract::of(&self.run);
        let text = match (self.annotations, self.label) {
            (true, _) => contract.annotations(),
            (_, true) => contract.label(),
            _ => contract.json(),
        };
        commands::say(text.trim_end())?;
        Ok(Exit::Clean)
    }
}
