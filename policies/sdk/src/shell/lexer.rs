//! Text to words and operators, one at a time.

use super::{Unreadable, Word};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `\n ; & && | || ( ) ;; ;& ;;&`; the newline as such, `|&` as `|`.
    Operator(&'static str),
    /// Its target is the next word.
    Redirection(&'static str),
    End,
}

/// Longest first, so that `&&` is not two `&`.
const OPERATORS: [&str; 23] = [
    "&>>", "<<-", "<<<", ";;&", "&>", "&&", "&", "||", "|&", "|", ";;", ";&", ";", "\n", "(", ")", "<<", "<&", "<>",
    ">>", ">&", ">|", "<",
];

/// A guest's stack is small, and nobody nests an entrypoint deeper.
const MAX_DEPTH: usize = 16;

/// A place in a script, and what is waited for there.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Where the last token begins.
    token: usize,
    depth: usize,
    peeked: Option<Token>,
    /// Here-documents whose bodies begin after the next newline: the delimiter, and whether tabs before it count.
    documents: Vec<(String, bool)>,
    /// Inside of `[[ … ]]`, where a bracket in a word is part of no pattern.
    in_test: bool,
}

pub(super) type Reading<T> = Result<T, Unreadable>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Reader { text, at: 0, token: 0, depth: 0, peeked: None, documents: Vec::new(), in_test: false }
    }

    pub(super) fn nested<'b>(&self, text: &'b str, at: usize) -> Reading<Reader<'b>> {
        let mut reader =
            Reader { text, at, token: at, depth: self.depth, peeked: None, documents: Vec::new(), in_test: false };
        reader.descend()?;
        Ok(reader)
    }

    pub(super) fn descend(&mut self) -> Reading<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(format!("commands nested more than {MAX_DEPTH} deep"));
        }
        Ok(())
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn fail<T>(&self, construct: impl Into<Cow<'static, str>>) -> Reading<T> {
        self.fail_at(self.token, construct)
    }

    pub(super) fn fail_at<T>(&self, at: usize, construct: impl Into<Cow<'static, str>>) -> Reading<T> {
        const SHOWN: usize = 40;
        let line = self.text[at..].trim_start().lines().next().unwrap_or_default().trim_end();
        let mut near: String = line.chars().take(SHOWN).collect();
        if near.len() < line.len() {
            near.push('…');
        }
        Err(Unreadable { construct: construct.into(), near })
    }

    pub(super) fn peek(&mut self) -> Reading<&Token> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.lex()?,
        };
        Ok(self.peeked.insert(token))
    }

    pub(super) fn take(&mut self) -> Reading<Token> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.lex(),
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn next_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn lex(&mut self) -> Reading<Token> {
        self.skip_blanks();
        self.token = self.at;
        let rest = self.rest();
        if rest.is_empty() {
            return Ok(Token::End);
        }
        // A word, although it begins with the sign of a redirection.
        let is_substitution = rest.starts_with("<(") || rest.starts_with(">(");
        let operator = OPERATORS.into_iter().chain([">"]).find(|operator| rest.starts_with(operator));
        if let Some(operator) = operator.filter(|_| !is_substitution) {
            self.at += operator.len();
            return self.operator(operator);
        }
        let word = self.word()?;
        let is_descriptor =
            !word.quoted && !word.text.is_empty() && word.text.bytes().all(|byte| byte.is_ascii_digit());
        if is_descriptor && self.rest().starts_with(['<', '>']) { self.lex() } else { Ok(Token::Word(word)) }
    }

    fn operator(&mut self, operator: &'static str) -> Reading<Token> {
        if operator == "\n" {
            self.documents()?;
        }
        Ok(match operator {
            "|&" => Token::Operator("|"),
            "&>" | "&>>" => Token::Redirection(operator),
            _ if operator.starts_with(['<', '>']) => Token::Redirection(operator),
            _ => Token::Operator(operator),
        })
    }

    /// Past blanks, continued lines and a comment.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            let before = self.at;
            let blanks = |text: &str| text.len() - text.trim_start_matches([' ', '\t', '\r']).len();
            self.at += blanks(self.rest());
            if self.rest().starts_with("\\\n") {
                self.at += 2;
            }
            if self.rest().starts_with('#') {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            }
            if self.at == before {
                return;
            }
        }
    }

    /// The target of a redirection, which for `<<` is the delimiter of a here-document.
    pub(super) fn target(&mut self, operator: &str) -> Reading<Word> {
        let Token::Word(word) = self.take()? else { return self.fail(format!("`{operator}` without a word after it")) };
        if matches!(operator, "<<" | "<<-") {
            self.documents.push((word.text.clone(), operator == "<<-"));
        }
        Ok(word)
    }

    pub(super) fn expects_document(&self) -> bool {
        !self.documents.is_empty()
    }

    /// Past the bodies of the here-documents that were begun on the line before.
    fn documents(&mut self) -> Reading<()> {
        for (delimiter, strips_tabs) in std::mem::take(&mut self.documents) {
            loop {
                let rest = self.rest();
                let (line, length) = match rest.find('\n') {
                    Some(end) => (&rest[..end], end + 1),
                    None => (rest, rest.len()),
                };
                self.at += length;
                let line = if strips_tabs { line.trim_start_matches('\t') } else { line };
                // Without its delimiter it goes to the end of the text.
                if line == delimiter || length == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// One word of `[[ … ]]`, where operators mean something else.
    pub(super) fn test_word(&mut self) -> Reading<Word> {
        loop {
            self.skip_blanks();
            match self.next_char() {
                None => return self.fail("`[[` without `]]`"),
                Some('\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>') => self.at += 1,
                Some(_) => {
                    self.in_test = true;
                    let word = self.word();
                    self.in_test = false;
                    return word;
                }
            }
        }
    }

    /// The brackets of an extended pattern: `@(a|b)`.
    fn pattern(&mut self, word: &mut Word) -> Reading<()> {
        let mut depth = 0usize;
        let brackets = self.rest().find(|c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(end) = brackets else { return self.fail_at(self.at, "an extended pattern without `)`") };
        word.text.push_str(&self.rest()[..=end]);
        self.at += end + 1;
        Ok(())
    }

    /// Reads the arithmetic of `for ((…))`, if that is what follows.
    pub(super) fn arithmetic(&mut self) -> bool {
        if self.peeked.is_none() {
            self.skip_blanks();
        }
        self.arithmetic_at(self.at)
    }

    /// Reads the rest of `((…))` after its first bracket was taken; otherwise that bracket begins a subshell.
    pub(super) fn arithmetic_after_bracket(&mut self) -> bool {
        self.arithmetic_at(self.at - 1)
    }

    fn arithmetic_at(&mut self, at: usize) -> bool {
        let length = arithmetic_length(&self.text[at..]).filter(|_| self.peeked.is_none());
        self.at = length.map_or(self.at, |length| at + length);
        length.is_some()
    }

    pub(super) fn word(&mut self) -> Reading<Word> {
        let mut word = Word::default();
        while let Some(c) = self.next_char() {
            match c {
                '<' | '>' if self.rest()[1..].starts_with('(') => {
                    let start = self.at;
                    self.at += 2;
                    let items = self.commands_to_bracket()?;
                    self.expanded(start, &mut word);
                    word.substitutions.push(items);
                }
                '(' if is_assignment_to(&word) => self.array(&mut word)?,
                '(' if !self.in_test && !word.quoted && word.text.ends_with(['?', '*', '+', '@', '!']) => {
                    self.pattern(&mut word)?;
                }
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    let start = self.at;
                    let Some((inside, _)) = self.rest()[1..].split_once('\'') else {
                        return self.fail_at(start, "a quote that is not closed");
                    };
                    word.quoted = true;
                    word.text.push_str(inside);
                    self.at += inside.len() + 2;
                }
                '"' => self.double_quoted(&mut word)?,
                '$' | '`' => self.expansion(&mut word, false)?,
                '\\' => self.escaped(&mut word, |_| true)?,
                other => {
                    word.text.push(other);
                    self.at += other.len_utf8();
                }
            }
        }
        Ok(word)
    }

    /// A backslash and what follows; without a `special` character after it, it stands for itself.
    pub(super) fn escaped(&mut self, word: &mut Word, special: impl Fn(char) -> bool) -> Reading<()> {
        let Some(escaped) = self.rest()[1..].chars().next() else { return self.fail("a `\\` at the end") };
        word.quoted = true;
        match escaped {
            '\n' => {}
            c if special(c) => word.text.push(c),
            c => word.text.extend(['\\', c]),
        }
        self.at += 1 + escaped.len_utf8();
        Ok(())
    }
}

/// The length of `(( … ))` at the start of a text. Its brackets close together; `((a); b)` does not.
pub(super) fn arithmetic_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("((")?;
    let mut depth = 2usize;
    let mut bytes = inside.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'(' => depth += 1,
            b')' if depth == 2 => return inside[at + 1..].starts_with(')').then_some(at + 4),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `NAME=` or `NAME+=`, with nothing after it yet.
fn is_assignment_to(word: &Word) -> bool {
    let name = word.text.strip_suffix('=').map(|name| name.strip_suffix('+').unwrap_or(name));
    !word.quoted && name.is_some_and(is_name)
}

/// What a variable may be called.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
