//! `exec` before the application of a shell string.

use crate::application;
use plimsoll_policy::shell::{self, Command, Item, Word};

/// How many places are tried where the program's name comes more than once, from the end.
const TRIES: usize = 8;

/// The script with `exec` before its last command, where that is a simple one. `items` is what the script was read as:
/// one that holds values of variables is another text than what is written.
pub(super) fn before_last(script: &str, items: &[Item]) -> Option<String> {
    let at = application::position(items)?;
    let mut expected = items.to_vec();
    let item = &mut expected[at];
    let Command::Simple(simple) = &mut item.command else { return None };
    if item.prefixed || at + 1 < items.len() || simple.is_exec() || is_builtin(simple.name()) {
        return None;
    }
    let program = simple.words.first()?.text.clone();
    simple.words.insert(0, Word::literal("exec"));
    let places = script.rmatch_indices(&program).map(|(place, _)| place).take(TRIES);
    let candidates = places.map(|place| format!("{}exec {}", &script[..place], &script[place..]));
    candidates.into_iter().find(|candidate| shell::parse(candidate).is_ok_and(|items| items == expected))
}

/// What no file has, so that `exec` would not find it.
fn is_builtin(name: &str) -> bool {
    matches!(name, "" | "[[" | "((" | "wait" | "command" | "builtin" | "read" | ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exec_stands_before_the_last_command() {
        for (script, expected) in [
            ("app", Some("exec app")),
            ("cd /app && npm start", Some("cd /app && exec npm start")),
            (
                "set -e\n./migrate app\n./app --x=app # run app\n",
                Some("set -e\n./migrate app\nexec ./app --x=app # run app\n"),
            ),
            ("FOO=1 app app > log 2>&1", Some("FOO=1 exec app app > log 2>&1")),
            ("helper & app", Some("helper & exec app")),
            ("a || 'my app' x", None),
            ("exec app", None),
            ("app; echo done", None),
            ("time app", None),
            ("(cd x && app)", None),
            ("if a; then app; fi", None),
        ] {
            let items = shell::parse(script).expect(script);
            assert_eq!(before_last(script, &items).as_deref(), expected, "{script}");
        }
        let expanded = shell::parse("app 1").expect("a script");
        assert_eq!(before_last("app $(NUMBER)", &expanded), None);
    }
}
