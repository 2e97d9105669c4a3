//! Text to words and operators.

use super::Word;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `\n ; & && | || ( )`; the newline as such.
    Operator(&'static str),
    /// Its target is the next word.
    Redirection,
}

/// Longest first, so that `&&` is not two `&`. `None` means that this lexer gives up there.
const OPERATORS: [(&str, Option<Token>); 23] = [
    ("&>>", Some(Token::Redirection)),
    ("&>", Some(Token::Redirection)),
    ("&&", Some(Token::Operator("&&"))),
    ("&", Some(Token::Operator("&"))),
    ("||", Some(Token::Operator("||"))),
    ("|&", Some(Token::Operator("|"))),
    ("|", Some(Token::Operator("|"))),
    (";;", None),
    (";", Some(Token::Operator(";"))),
    ("\n", Some(Token::Operator("\n"))),
    ("((", None),
    ("(", Some(Token::Operator("("))),
    (")", Some(Token::Operator(")"))),
    ("<<", None),
    ("<(", None),
    ("<&", Some(Token::Redirection)),
    ("<>", Some(Token::Redirection)),
    ("<", Some(Token::Redirection)),
    (">>", Some(Token::Redirection)),
    (">(", None),
    (">&", Some(Token::Redirection)),
    (">|", Some(Token::Redirection)),
    (">", Some(Token::Redirection)),
];

/// All tokens of a script; none where there is something that this lexer does not understand.
pub(super) fn tokens(script: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = script;
    loop {
        rest = skip_blanks(rest);
        if rest.is_empty() {
            return Some(tokens);
        }
        if let Some((text, token)) = OPERATORS.iter().find(|(text, _)| rest.starts_with(text)) {
            tokens.push(token.clone()?);
            rest = &rest[text.len()..];
            continue;
        }
        let (word, tail) = word(rest)?;
        rest = tail;
        let is_descriptor = !word.quoted && word.text.bytes().all(|byte| byte.is_ascii_digit());
        if !(is_descriptor && rest.starts_with(['<', '>'])) {
            tokens.push(Token::Word(word));
        }
    }
}

/// Past blanks, continued lines and a comment.
fn skip_blanks(mut text: &str) -> &str {
    loop {
        let before = text.len();
        text = text.trim_start_matches([' ', '\t', '\r']);
        text = text.strip_prefix("\\\n").unwrap_or(text);
        if text.starts_with('#') {
            text = text.find('\n').map_or("", |end| &text[end..]);
        }
        if text.len() == before {
            return text;
        }
    }
}

/// The word that a text starts with, and what is left.
fn word(text: &str) -> Option<(Word, &str)> {
    let mut word = Word::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
            '\'' => {
                let (inside, tail) = rest[1..].split_once('\'')?;
                word.quoted = true;
                word.text.push_str(inside);
                rest = tail;
            }
            '"' => {
                word.quoted = true;
                rest = double_quoted(&rest[1..], &mut word)?;
            }
            '$' | '`' => rest = expansion(rest, &mut word)?,
            '\\' => {
                let escaped = rest[1..].chars().next()?;
                word.quoted = true;
                if escaped != '\n' {
                    word.text.push(escaped);
                }
                rest = &rest[1 + escaped.len_utf8()..];
            }
            other => {
                word.text.push(other);
                rest = &rest[other.len_utf8()..];
            }
        }
    }
    Some((word, rest))
}

/// What is left after the closing quote.
fn double_quoted<'a>(mut rest: &'a str, word: &mut Word) -> Option<&'a str> {
    loop {
        let c = rest.chars().next()?;
        match c {
            '"' => return Some(&rest[1..]),
            // Only a `$`: these are special outside of quotes alone.
            '$' if rest[1..].starts_with(['"', '\'']) => {
                word.text.push('$');
                rest = &rest[1..];
            }
            '$' | '`' => rest = expansion(rest, word)?,
            '\\' => {
                let escaped = rest[1..].chars().next()?;
                match escaped {
                    '\n' => {}
                    '$' | '`' | '"' | '\\' => word.text.push(escaped),
                    other => word.text.extend(['\\', other]),
                }
                rest = &rest[1 + escaped.len_utf8()..];
            }
            other => {
                word.text.push(other);
                rest = &rest[other.len_utf8()..];
            }
        }
    }
}

/// Takes an expansion as it stands; what is left after it.
fn expansion<'a>(text: &'a str, word: &mut Word) -> Option<&'a str> {
    let length = match text.as_bytes() {
        [b'`', ..] => 2 + text[1..].find('`')?,
        [b'$', b'(', ..] => 1 + closing(&text[1..], b'(', b')')?,
        [b'$', b'{', ..] => 1 + closing(&text[1..], b'{', b'}')?,
        // `$'…'` and `$"…"` have quoting rules of their own.
        [b'$', b'\'' | b'"', ..] => return None,
        _ => 1,
    };
    // A `$` before anything that is no name is only a `$`.
    word.dynamic |= length > 1 || text[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || "_@*#?$!-".contains(c));
    word.text.push_str(&text[..length]);
    Some(&text[length..])
}

/// Length of the text up to the bracket that closes the first one. Brackets in quotes do not count.
fn closing(text: &str, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (quote, byte) {
            (None | Some(b'"'), b'\\') => {
                bytes.next();
            }
            (Some(open_quote), _) if open_quote == byte => quote = None,
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, _) if byte == open => depth += 1,
            (None, _) if byte == close => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
