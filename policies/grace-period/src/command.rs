//! What a container runs, as far as the manifest says, split into words.

use crate::shell::{self, Word};
use plimsoll_policy::workload::Container;

/// The commands of a container: one, or those of its shell string.
pub(crate) struct CommandLine {
    commands: Vec<Vec<Word>>,
    /// The shell string, if there is one.
    script: Option<String>,
}

impl CommandLine {
    pub(crate) fn of(container: &Container) -> Self {
        let argv: Vec<&str> = container.argv().collect();
        // Without a command nobody knows here what the image's entrypoint makes of the arguments; frameworks are
        // recognised in them all the same.
        let Some(script) = shell::interpreter::find(&argv) else {
            let words = argv.into_iter().map(plain).collect();
            return CommandLine { commands: vec![words], script: None };
        };
        let commands = shell::parse(script.text)
            .map(|items| shell::simple_commands(&items).into_iter().map(|simple| simple.words.clone()).collect())
            .unwrap_or_default();
        CommandLine { commands, script: Some(script.text.to_owned()) }
    }

    /// Words of an options variable, such as `GUNICORN_CMD_ARGS`.
    pub(crate) fn of_options(text: &str) -> Vec<Word> {
        text.split_whitespace().map(|word| plain(word.trim_matches(['"', '\'']))).collect()
    }

    pub(crate) fn commands(&self) -> &[Vec<Word>] {
        &self.commands
    }

    /// Whether the shell string sets a variable.
    pub(crate) fn sets(&self, variable: &str) -> bool {
        self.script.as_ref().is_some_and(|script| {
            script.match_indices(variable).any(|(at, _)| script[at + variable.len()..].starts_with('='))
        })
    }
}

/// `$(NAME)` is a reference that the kubelet resolves.
fn plain(word: &str) -> Word {
    Word { text: word.to_owned(), dynamic: word.contains("$("), quoted: false }
}
