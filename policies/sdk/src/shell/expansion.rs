//! What a word is made of besides its letters: quotes, expansions, substitutions and arrays.

use super::{
    Word,
    lexer::{Reader, Reading, arithmetic_length, is_name},
    parser,
};

impl Reader<'_> {
    pub(super) fn double_quoted(&mut self, word: &mut Word) -> Reading<()> {
        let start = self.at;
        self.at += 1;
        word.quoted = true;
        loop {
            match self.next_char() {
                None => return self.fail_at(start, "a quote that is not closed"),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('$' | '`') => self.expansion(word, true)?,
                Some('\\') => self.escaped(word, |c| matches!(c, '$' | '`' | '"' | '\\'))?,
                Some(other) => {
                    word.text.push(other);
                    self.at += other.len_utf8();
                }
            }
        }
    }

    /// `$'…'`, where a backslash begins an escape.
    fn ansi_quoted(&mut self, word: &mut Word) -> Reading<()> {
        let start = self.at;
        self.at += 2;
        word.quoted = true;
        loop {
            let mut rest = self.rest().chars();
            let text = match (rest.next(), rest.next()) {
                (Some('\''), _) => {
                    self.at += 1;
                    return Ok(());
                }
                (Some('\\'), Some(c)) => {
                    self.at += 1 + c.len_utf8();
                    match c {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        c => c,
                    }
                }
                (Some(c), Some(_)) => {
                    self.at += c.len_utf8();
                    c
                }
                _ => return self.fail_at(start, "a quote that is not closed"),
            };
            word.text.push(text);
        }
    }

    /// Takes an expansion as it is written.
    pub(super) fn expansion(&mut self, word: &mut Word, quoted: bool) -> Reading<()> {
        let start = self.at;
        let rest = self.rest();
        let name =
            rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(&rest[1..], |end| &rest[1..=end]);
        match rest.as_bytes() {
            [b'`', ..] => self.backquoted(word)?,
            [b'$', b'(', b'(', ..] if arithmetic_length(&rest[1..]).is_some() => {
                self.at += 1 + arithmetic_length(&rest[1..]).unwrap_or(0);
            }
            [b'$', b'(', ..] => {
                self.at += 2;
                let items = self.commands_to_bracket()?;
                word.substitutions.push(items);
            }
            [b'$', b'{', ..] => self.braced(word)?,
            [b'$', b'\'', ..] if !quoted => return self.ansi_quoted(word),
            [b'$', b'"', ..] if !quoted => {
                self.at += 1;
                return self.double_quoted(word);
            }
            [b'$', first, ..] if first.is_ascii_alphabetic() || *first == b'_' => self.at += 1 + name.len(),
            [b'$', b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-', ..] => self.at += 2,
            // A `$` before anything that is no name is only a `$`.
            _ => {
                word.text.push('$');
                self.at += 1;
                return Ok(());
            }
        }
        self.expanded(start, word);
        Ok(())
    }

    /// Notes the expansion between `start` and here.
    pub(super) fn expanded(&self, start: usize, word: &mut Word) {
        let source = &self.text[start..self.at];
        let plain = source.strip_prefix('$').unwrap_or_default();
        let plain = plain.strip_prefix('{').and_then(|plain| plain.strip_suffix('}')).unwrap_or(plain);
        if is_name(plain) {
            word.references.push((word.text.len()..word.text.len() + source.len(), plain.to_owned()));
        }
        word.dynamic = true;
        word.expansions += 1;
        word.text.push_str(source);
    }

    /// What stands between `$(` and its bracket.
    pub(super) fn commands_to_bracket(&mut self) -> Reading<Vec<super::Item>> {
        let mut inner = self.nested(self.text, self.at)?;
        let items = parser::list_to_bracket(&mut inner)?;
        self.at = inner.at;
        Ok(items)
    }

    fn backquoted(&mut self, word: &mut Word) -> Reading<()> {
        let start = self.at;
        let mut inside = String::new();
        let mut chars = self.rest()[1..].char_indices();
        loop {
            match chars.next() {
                None => return self.fail_at(start, "a quote that is not closed"),
                Some((at, '`')) => {
                    self.at += at + 2;
                    break;
                }
                Some((_, '\\')) => match chars.next() {
                    Some((_, c @ ('`' | '\\' | '$'))) => inside.push(c),
                    Some((_, c)) => inside.extend(['\\', c]),
                    None => {}
                },
                Some((_, c)) => inside.push(c),
            }
        }
        let mut inner = self.nested(&inside, 0)?;
        word.substitutions.push(parser::whole(&mut inner)?);
        Ok(())
    }

    /// `${…}`, with whatever is nested in it.
    fn braced(&mut self, word: &mut Word) -> Reading<()> {
        let start = self.at;
        self.descend()?;
        self.at += 2;
        let mut inside = Word::default();
        loop {
            match self.next_char() {
                None => return self.fail_at(start, "`${` without `}`"),
                Some('}') => break,
                Some('"') => self.double_quoted(&mut inside)?,
                Some('$' | '`') => self.expansion(&mut inside, true)?,
                Some('\\') => self.escaped(&mut inside, |_| true)?,
                Some(other) => self.at += other.len_utf8(),
            }
        }
        self.at += 1;
        self.ascend();
        word.substitutions.append(&mut inside.substitutions);
        Ok(())
    }

    /// The elements of an array, to the closing bracket.
    pub(super) fn array(&mut self, word: &mut Word) -> Reading<()> {
        let start = self.at;
        self.descend()?;
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.next_char() {
                None => return self.fail_at(start, "an array without `)`"),
                Some('\n') => self.at += 1,
                Some(')') => break,
                Some(';' | '&' | '|' | '(' | '<' | '>') => return self.fail("an operator inside of an array"),
                Some(_) => {
                    let mut element = self.word()?;
                    word.substitutions.append(&mut element.substitutions);
                    word.array.push(element);
                }
            }
        }
        self.at += 1;
        self.ascend();
        word.dynamic = true;
        word.expansions += 1;
        Ok(())
    }
}
