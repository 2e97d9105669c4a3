//! `plimsoll`: judges workload manifests, offline and at the door of a cluster, with policies that run as WebAssembly.

use plimsoll::{cli, commands, commands::Exit, engine::compile};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match cli::parse() {
        cli::Call::Scan(flags) => commands::scan(&flags),
        cli::Call::Explain(flags) => commands::explain(&flags),
        cli::Call::Lsp(flags) => commands::lsp(&flags),
        #[cfg(feature = "cluster")]
        cli::Call::Cluster(command) => commands::cluster(&command),
        cli::Call::CompileModule => return compile::serve().into(),
        cli::Call::Completions(flags) => commands::completions(&flags),
        cli::Call::Man(flags) => commands::man(&flags),
        cli::Call::Version { verbose } => commands::version(verbose),
    };
    outcome
        .unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Exit::Failed
        })
        .into()
}
