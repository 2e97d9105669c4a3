//! Commands that are over within moments: the one list of them, for what containers run and for their hooks.

/// Programs and builtins that write, look, move a file or send a signal, and wait for nothing. `wait`, `sleep` and `tail`
/// depend on their arguments and are not here.
const BRIEF: [&str; 65] = [
    "((", ":", "[", "[[", "alias", "awk", "basename", "break", "cat", "cd", "chmod", "chown", "continue", "cp", "cut",
    "date", "declare", "dirname", "echo", "exit", "export", "false", "grep", "head", "hostname", "id", "kill",
    "killall", "killall5", "let", "ln", "local", "logger", "ls", "mkdir", "mv", "pgrep", "pidof", "pkill", "printenv",
    "printf", "ps", "pwd", "read", "readonly", "return", "rm", "sed", "set", "shift", "shopt", "sort", "tee", "test",
    "touch", "tr", "trap", "true", "typeset", "ulimit", "umask", "uname", "unset", "wc", "whoami",
];

/// Whether a command of that name is over within moments: it neither waits nor serves anything.
pub fn is_brief(name: &str) -> bool {
    BRIEF.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_holds_nothing_that_waits() {
        assert!(BRIEF.is_sorted());
        for name in ["wait", "sleep", "tail", "pause", "curl", "nginx", ""] {
            assert!(!is_brief(name), "{name}");
        }
    }
}
