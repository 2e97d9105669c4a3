//! Words and operators to commands, by recursive descent.

use super::{
    Assignment, Command, Compound, End, Function, Item, Kind, Simple, Unreadable, Word,
    lexer::{Reader, Reading, Token, is_name},
};

/// The commands of a script, in order.
///
/// # Errors
/// The construct that this reader cannot read; then nothing is known of the script.
pub fn parse(script: &str) -> Result<Vec<Item>, Unreadable> {
    whole(&mut Reader::new(script))
}

/// All commands of a text.
pub(super) fn whole(reader: &mut Reader<'_>) -> Reading<Vec<Item>> {
    let items = list(reader)?;
    match reader.peek()? {
        Token::End => Ok(items),
        token => {
            let found = shown(token);
            reader.fail(format!("{found} where no command ends with it"))
        }
    }
}

/// The commands of a substitution, and its closing bracket.
pub(super) fn list_to_bracket(reader: &mut Reader<'_>) -> Reading<Vec<Item>> {
    let items = list(reader)?;
    if !is_operator(reader, ")")? {
        return reader.fail("a substitution without `)`");
    }
    if reader.expects_document() {
        return reader.fail("a here-document that begins inside of a substitution");
    }
    reader.take()?;
    Ok(items)
}

/// Commands up to a closing word or bracket, or the end.
fn list(reader: &mut Reader<'_>) -> Reading<Vec<Item>> {
    let mut items = Vec::new();
    loop {
        skip_newlines(reader)?;
        if is_end_of_list(reader)? {
            return Ok(items);
        }
        let prefixed = prefix(reader)?;
        let command = command(reader)?;
        let end = match reader.peek()? {
            Token::Operator(";" | "\n") => End::Sequence,
            Token::Operator("&") => End::Background,
            Token::Operator("&&") => End::And,
            Token::Operator("||") => End::Or,
            Token::Operator("|") => End::Pipe,
            _ => {
                items.push(Item { command, prefixed, end: End::Sequence });
                return if is_end_of_list(reader)? { Ok(items) } else { unexpected(reader) };
            }
        };
        reader.take()?;
        items.push(Item { command, prefixed, end });
        if matches!(end, End::And | End::Or | End::Pipe) {
            skip_newlines(reader)?;
            if is_end_of_list(reader)? {
                return unexpected(reader);
            }
        }
    }
}

/// `!` and `time`, as often as they stand there.
fn prefix(reader: &mut Reader<'_>) -> Reading<bool> {
    let mut prefixed = false;
    while matches!(keyword(reader)?, Some("!" | "time")) || (prefixed && keyword(reader)? == Some("-p")) {
        reader.take()?;
        prefixed = true;
    }
    Ok(prefixed)
}

fn command(reader: &mut Reader<'_>) -> Reading<Command> {
    // Only a place where a command may begin asks for this, before the token is read.
    if is_operator(reader, "(")? {
        reader.take()?;
        if reader.arithmetic_after_bracket() {
            return Ok(test("(("));
        }
        return compound(reader, Kind::Subshell, |reader, compound| {
            compound.bodies.push(list(reader)?);
            expect_operator(reader, ")")
        });
    }
    match keyword(reader)? {
        Some("{") => group(reader),
        Some("if") => conditional(reader),
        Some("while") => repeat(reader, Kind::While),
        Some("until") => repeat(reader, Kind::Until),
        Some("for" | "select") => iterate(reader),
        Some("case") => case(reader),
        Some("function") => function(reader),
        Some("[[") => conditions(reader),
        Some("coproc") => reader.fail("`coproc`"),
        _ => simple(reader),
    }
}

fn group(reader: &mut Reader<'_>) -> Reading<Command> {
    reader.take()?;
    compound(reader, Kind::Group, |reader, compound| {
        compound.bodies.push(list(reader)?);
        expect(reader, "}")
    })
}

fn conditional(reader: &mut Reader<'_>) -> Reading<Command> {
    compound(reader, Kind::If, |reader, compound| {
        while matches!(keyword(reader)?, Some("if" | "elif")) {
            reader.take()?;
            compound.conditions.push(list(reader)?);
            expect(reader, "then")?;
            compound.bodies.push(list(reader)?);
        }
        if keyword(reader)? == Some("else") {
            reader.take()?;
            compound.bodies.push(list(reader)?);
        }
        expect(reader, "fi")
    })
}

fn repeat(reader: &mut Reader<'_>, kind: Kind) -> Reading<Command> {
    reader.take()?;
    compound(reader, kind, |reader, compound| {
        compound.conditions.push(list(reader)?);
        body(reader, compound)
    })
}

fn iterate(reader: &mut Reader<'_>) -> Reading<Command> {
    reader.take()?;
    compound(reader, Kind::For, |reader, compound| {
        if !reader.arithmetic() {
            while let Token::Word(_) = reader.peek()? {
                let Token::Word(word) = reader.take()? else { break };
                compound.words.push(word);
            }
            // The variable and `in`.
            compound.words.drain(..compound.words.len().min(2));
        }
        if is_operator(reader, ";")? {
            reader.take()?;
        }
        skip_newlines(reader)?;
        body(reader, compound)
    })
}

fn body(reader: &mut Reader<'_>, compound: &mut Compound) -> Reading<()> {
    expect(reader, "do")?;
    compound.bodies.push(list(reader)?);
    expect(reader, "done")
}

fn case(reader: &mut Reader<'_>) -> Reading<Command> {
    reader.take()?;
    compound(reader, Kind::Case, |reader, compound| {
        compound.words.push(word(reader)?);
        skip_newlines(reader)?;
        expect(reader, "in")?;
        skip_newlines(reader)?;
        while keyword(reader)? != Some("esac") {
            pattern(reader)?;
            compound.bodies.push(list(reader)?);
            if !matches!(reader.peek()?, Token::Operator(";;" | ";&" | ";;&")) {
                break;
            }
            reader.take()?;
            skip_newlines(reader)?;
        }
        expect(reader, "esac")
    })
}

/// `a | b)`
fn pattern(reader: &mut Reader<'_>) -> Reading<()> {
    if is_operator(reader, "(")? {
        reader.take()?;
    }
    word(reader)?;
    while is_operator(reader, "|")? {
        reader.take()?;
        word(reader)?;
    }
    expect_operator(reader, ")")
}

/// `function name { … }`
fn function(reader: &mut Reader<'_>) -> Reading<Command> {
    reader.take()?;
    let name = word(reader)?.text;
    if is_operator(reader, "(")? {
        reader.take()?;
        expect_operator(reader, ")")?;
    }
    function_body(reader, name)
}

fn function_body(reader: &mut Reader<'_>, name: String) -> Reading<Command> {
    skip_newlines(reader)?;
    reader.descend()?;
    let command = command(reader)?;
    reader.ascend();
    if !matches!(command, Command::Compound(_)) {
        return reader.fail("a function without `{`");
    }
    let body = vec![Item { command, prefixed: false, end: End::Sequence }];
    Ok(Command::Function(Function { name, body }))
}

fn compound(
    reader: &mut Reader<'_>,
    kind: Kind,
    inside: impl FnOnce(&mut Reader<'_>, &mut Compound) -> Reading<()>,
) -> Reading<Command> {
    let mut compound =
        Compound { kind, conditions: Vec::new(), bodies: Vec::new(), words: Vec::new(), redirected: false };
    reader.descend()?;
    inside(reader, &mut compound)?;
    reader.ascend();
    while let Token::Redirection(operator) = *reader.peek()? {
        reader.take()?;
        let target = reader.target(operator)?;
        compound.words.extend((!target.substitutions.is_empty()).then_some(target));
        compound.redirected = true;
    }
    Ok(Command::Compound(compound))
}

/// `[[ … ]]`: operators mean something else in it.
fn conditions(reader: &mut Reader<'_>) -> Reading<Command> {
    reader.take()?;
    let Command::Simple(mut simple) = test("[[") else { return reader.fail("`[[`") };
    loop {
        let word = reader.test_word()?;
        if is(&word, "]]") {
            return Ok(Command::Simple(simple));
        }
        simple.words.push(word);
    }
}

fn test(name: &str) -> Command {
    Command::Simple(Simple { words: vec![Word::literal(name)], ..Simple::default() })
}

fn simple(reader: &mut Reader<'_>) -> Reading<Command> {
    let mut simple = Simple::default();
    loop {
        match reader.peek()? {
            Token::Word(_) => {
                let word = word(reader)?;
                match assignment(&word).filter(|_| simple.words.is_empty()) {
                    Some(assignment) => simple.assignments.push(assignment),
                    None => simple.words.push(word),
                }
            }
            Token::Redirection(operator) => {
                let operator = *operator;
                reader.take()?;
                let target = reader.target(operator)?;
                simple.targets.extend((!target.substitutions.is_empty()).then_some(target));
                simple.redirected = true;
            }
            Token::Operator("(") => match &*simple.words {
                [name] if simple.assignments.is_empty() && !simple.redirected => {
                    let name = name.text.clone();
                    reader.take()?;
                    expect_operator(reader, ")")?;
                    return function_body(reader, name);
                }
                _ => return reader.fail("`(` after a word"),
            },
            _ if simple == Simple::default() => return unexpected(reader),
            _ => return Ok(Command::Simple(simple)),
        }
    }
}

/// `NAME=value`, `NAME+=value`, `NAME[0]=value`
fn assignment(word: &Word) -> Option<Assignment> {
    let at = word.text.find('=')?;
    let name = word.text[..at].strip_suffix('+').unwrap_or(&word.text[..at]);
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    if !is_name(name) {
        return None;
    }
    let shift = at + 1;
    let references = word.references.iter().filter(|(range, _)| range.start >= shift);
    let references = references.map(|(range, name)| (range.start - shift..range.end - shift, name.clone())).collect();
    let value = Word { text: word.text[shift..].to_owned(), references, ..word.clone() };
    Some(Assignment { name: name.to_owned(), value })
}

fn word(reader: &mut Reader<'_>) -> Reading<Word> {
    match reader.take()? {
        Token::Word(word) => Ok(word),
        token => reader.fail(format!("{} in the place of a word", shown(&token))),
    }
}

fn expect(reader: &mut Reader<'_>, wanted: &str) -> Reading<()> {
    if keyword(reader)? == Some(wanted) { reader.take().map(drop) } else { missing(reader, wanted) }
}

fn expect_operator(reader: &mut Reader<'_>, wanted: &str) -> Reading<()> {
    if is_operator(reader, wanted)? { reader.take().map(drop) } else { missing(reader, wanted) }
}

fn missing<T>(reader: &mut Reader<'_>, wanted: &str) -> Reading<T> {
    let found = shown(reader.peek()?);
    reader.fail(format!("{found} in the place of `{wanted}`"))
}

fn unexpected<T>(reader: &mut Reader<'_>) -> Reading<T> {
    let found = shown(reader.peek()?);
    reader.fail(format!("{found} in the place of a command"))
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{}`", word.text.chars().take(40).collect::<String>()),
        Token::Operator("\n") => "the end of a line".to_owned(),
        Token::Operator(text) | Token::Redirection(text) => format!("`{text}`"),
        Token::End => "the end of the text".to_owned(),
    }
}

fn skip_newlines(reader: &mut Reader<'_>) -> Reading<()> {
    while is_operator(reader, "\n")? {
        reader.take()?;
    }
    Ok(())
}

fn is_operator(reader: &mut Reader<'_>, wanted: &str) -> Reading<bool> {
    Ok(matches!(reader.peek()?, Token::Operator(operator) if *operator == wanted))
}

fn keyword<'a>(reader: &'a mut Reader<'_>) -> Reading<Option<&'a str>> {
    Ok(match reader.peek()? {
        Token::Word(word) if !word.quoted && !word.dynamic => Some(&word.text),
        _ => None,
    })
}

fn is_end_of_list(reader: &mut Reader<'_>) -> Reading<bool> {
    Ok(matches!(reader.peek()?, Token::End | Token::Operator(")" | ";;" | ";&" | ";;&"))
        || matches!(keyword(reader)?, Some("then" | "elif" | "else" | "fi" | "do" | "done" | "esac" | "}")))
}

fn is(word: &Word, text: &str) -> bool {
    !word.quoted && word.text == text
}

#[cfg(test)]
mod tests;
