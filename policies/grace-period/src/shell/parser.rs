//! Words and operators to commands, by recursive descent.

use super::{
    Command, End, Item, Kind, Simple, Word,
    lexer::{Token, tokens},
};

/// A guest's stack is small, and nobody nests an entrypoint deeper.
const MAX_DEPTH: usize = 12;

/// The commands of a script, in order; none where it holds something that is not understood.
pub(crate) fn parse(script: &str) -> Option<Vec<Item>> {
    let mut parser = Parser { tokens: tokens(script)?, at: 0, depth: 0 };
    let items = parser.list()?;
    (parser.at == parser.tokens.len()).then_some(items)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    /// Commands up to a closing word or bracket, or the end.
    fn list(&mut self) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            self.skip_newlines();
            if self.at_end_of_list() {
                return Some(items);
            }
            let command = self.command()?;
            let end = match self.operator() {
                Some(";" | "\n") => End::Sequence,
                Some("&") => End::Background,
                Some("&&") => End::And,
                Some("||") => End::Or,
                Some("|") => End::Pipe,
                _ => {
                    items.push(Item { command, end: End::Sequence });
                    return self.at_end_of_list().then_some(items);
                }
            };
            self.at += 1;
            items.push(Item { command, end });
        }
    }

    fn command(&mut self) -> Option<Command> {
        if self.operator() == Some("(") {
            self.at += 1;
            return self.compound(Kind::Subshell, |parser| {
                let items = parser.list()?;
                (parser.operator() == Some(")")).then(|| parser.at += 1)?;
                Some(items)
            });
        }
        match self.keyword() {
            Some("{") => self.braces(),
            Some("if") => self.conditional(),
            Some("while" | "until") => self.repeat(),
            Some("for") => self.iterate(),
            Some("[[") => self.test(),
            Some("!" | "time" | "coproc" | "function" | "case" | "select") => None,
            _ => self.simple(),
        }
    }

    fn braces(&mut self) -> Option<Command> {
        self.at += 1;
        self.compound(Kind::Group, |parser| {
            let items = parser.list()?;
            parser.expect("}")?;
            Some(items)
        })
    }

    fn conditional(&mut self) -> Option<Command> {
        self.compound(Kind::If, |parser| {
            let mut items = Vec::new();
            while let Some("if" | "elif") = parser.keyword() {
                parser.at += 1;
                items.extend(parser.list()?);
                parser.expect("then")?;
                items.extend(parser.list()?);
            }
            if parser.keyword() == Some("else") {
                parser.at += 1;
                items.extend(parser.list()?);
            }
            parser.expect("fi")?;
            Some(items)
        })
    }

    fn repeat(&mut self) -> Option<Command> {
        self.at += 1;
        self.compound(Kind::Loop, |parser| {
            let mut items = parser.list()?;
            items.extend(parser.body()?);
            Some(items)
        })
    }

    fn iterate(&mut self) -> Option<Command> {
        self.at += 1;
        while let Some(Token::Word(_)) = self.tokens.get(self.at) {
            self.at += 1;
        }
        if let Some(";") = self.operator() {
            self.at += 1;
        }
        self.skip_newlines();
        self.compound(Kind::Loop, Self::body)
    }

    fn body(&mut self) -> Option<Vec<Item>> {
        self.expect("do")?;
        let items = self.list()?;
        self.expect("done")?;
        Some(items)
    }

    fn compound(&mut self, kind: Kind, inside: impl FnOnce(&mut Self) -> Option<Vec<Item>>) -> Option<Command> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let items = inside(self)?;
        self.depth -= 1;
        while self.tokens.get(self.at) == Some(&Token::Redirection) {
            self.at += 1;
            self.target()?;
        }
        Some(Command::Compound(kind, items))
    }

    /// `[[ … ]]`: operators mean something else in it.
    fn test(&mut self) -> Option<Command> {
        let end =
            self.tokens[self.at..].iter().position(|token| matches!(token, Token::Word(word) if is(word, "]]")))?;
        self.at += end + 1;
        let words = vec![Word { text: "[[".to_owned(), ..Word::default() }];
        Some(Command::Simple(Simple { words, redirected: false }))
    }

    fn simple(&mut self) -> Option<Command> {
        let mut simple = Simple::default();
        let start = self.at;
        loop {
            match self.tokens.get(self.at) {
                Some(Token::Word(word)) => {
                    self.at += 1;
                    if !simple.words.is_empty() || !is_assignment(word) {
                        simple.words.push(word.clone());
                    }
                }
                Some(Token::Redirection) => {
                    self.at += 1;
                    self.target()?;
                    simple.redirected = true;
                }
                // A function or an array.
                Some(Token::Operator("(")) => return None,
                _ => break,
            }
        }
        (self.at > start).then_some(Command::Simple(simple))
    }

    fn target(&mut self) -> Option<()> {
        let is_word = matches!(self.tokens.get(self.at), Some(Token::Word(_)));
        is_word.then(|| self.at += 1)
    }

    fn expect(&mut self, keyword: &str) -> Option<()> {
        (self.keyword() == Some(keyword)).then(|| self.at += 1)
    }

    fn skip_newlines(&mut self) {
        while self.operator() == Some("\n") {
            self.at += 1;
        }
    }

    fn operator(&self) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Operator(operator)) => Some(operator),
            _ => None,
        }
    }

    fn keyword(&self) -> Option<&str> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) if !word.quoted => Some(&word.text),
            _ => None,
        }
    }

    fn at_end_of_list(&self) -> bool {
        self.at == self.tokens.len()
            || self.operator() == Some(")")
            || matches!(self.keyword(), Some("then" | "elif" | "else" | "fi" | "do" | "done" | "}"))
    }
}

fn is(word: &Word, text: &str) -> bool {
    !word.quoted && word.text == text
}

/// `NAME=value`
fn is_assignment(word: &Word) -> bool {
    let Some((name, _)) = word.text.split_once('=') else { return false };
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Commands as they were understood, one letter of punctuation for what follows each.
    fn outline(items: &[Item]) -> String {
        let mut text = String::new();
        for item in items {
            match &item.command {
                Command::Simple(simple) => {
                    let words: Vec<&str> = simple.words.iter().map(|word| &*word.text).collect();
                    text += &words.join(" ");
                    text += if simple.redirected { ">" } else { "" };
                }
                Command::Compound(kind, inner) => text += &format!("{kind:?}[{}]", outline(inner)),
            }
            text += match item.end {
                End::Sequence => "; ",
                End::And => " && ",
                End::Or => " || ",
                End::Pipe => " | ",
                End::Background => " & ",
            };
        }
        text.trim_end().to_owned()
    }

    #[test]
    fn splits_what_people_write() {
        for (script, expected) in [
            ("app --flag", "app --flag;"),
            ("a; b\nc && d || e | f & g", "a; b; c && d || e | f & g;"),
            ("  # first\n set -e # then\n\nexec app # last", "set -e; exec app;"),
            ("app 'a; b' \"c && d\" e\\;f", "app a; b c && d e;f;"),
            ("echo \"it's\" 'a \"b\"'", "echo it's a \"b\";"),
            ("FOO=1 BAR='x y' app", "app;"),
            ("PID=$!; wait $PID", "; wait $PID;"),
            ("app > log 2>&1 < /dev/null", "app>;"),
            ("app &> log", "app>;"),
            ("app 2>/dev/null &", "app> &"),
            (
                "exec app $(cat /etc/opts; echo ')') `date` ${X:-a b}",
                "exec app $(cat /etc/opts; echo ')') `date` ${X:-a b};",
            ),
            ("exec app \\\n  --one \\\n  --two", "exec app --one --two;"),
            ("if [ -f x ]; then a; elif b; then c; else d; fi", "If[[ -f x ]; a; b; c; d;];"),
            ("while true; do date; sleep 5; done", "Loop[true; date; sleep 5;];"),
            ("until nc -z db 5432; do sleep 1; done; exec app", "Loop[nc -z db 5432; sleep 1;]; exec app;"),
            ("for f in /etc/*.sh\ndo . $f; done", "Loop[. $f;];"),
            ("(cd /app && run) | tee log", "Subshell[cd /app && run;] | tee log;"),
            ("{ a; b; } > log && c", "Group[a; b;] && c;"),
            ("[[ $A == b && -n \"$C\" ]] && app", "[[ && app;"),
            ("a #not\\\nb", "a; b;"),
            ("app#1 a#b", "app#1 a#b;"),
            ("cost 5$ \"10$\"", "cost 5$ 10$;"),
            ("", ""),
        ] {
            assert_eq!(parse(script).as_deref().map(outline).as_deref(), Some(expected), "{script}");
        }
    }

    #[test]
    fn gives_up_rather_than_guess() {
        for script in [
            "cat <<EOF\nexec app\nEOF",
            "case $1 in a) app;; esac",
            "run() { app; }; run",
            "function run { app; }; run",
            "args=(a b); app",
            "diff <(a) <(b)",
            "app > >(tee log)",
            "echo $'a'",
            "! app",
            "app 'unfinished",
            "app \"unfinished",
            "app $(unfinished",
            "if a; then b",
            "a )",
            "; a",
            "done",
            "app >",
            "((i++))",
            "app \\",
        ] {
            assert_eq!(parse(script), None, "{script}");
        }
        assert_eq!(parse(&"(".repeat(10_000)), None);
        assert_eq!(parse(&"{ ".repeat(10_000)), None);
    }

    proptest! {
        #[test]
        fn never_panics(script in r#"[ \n;&|(){}<>$`'"\\#!a-fi=0é-]{0,40}"#) {
            parse(&script);
        }

        #[test]
        fn quoting_keeps_a_word_whole(text in "[^']{0,20}") {
            let script = format!("echo '{text}'");
            let items = parse(&script).expect("a quoted word is always understood");
            let [Item { command: Command::Simple(simple), .. }] = &*items else { panic!("one command") };
            prop_assert_eq!(&simple.words[1].text, &text);
        }
    }
}
