use super::*;
use crate::shell::{all_commands, simple_commands};
use expect_test::expect;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Commands as they were read, one letter of punctuation for what follows each.
fn outline(items: &[Item]) -> String {
    let mut text = String::new();
    for item in items {
        text += if item.prefixed { "! " } else { "" };
        match &item.command {
            Command::Simple(simple) => {
                let assigned = simple.assignments.iter().map(|assigned| format!("{}=", assigned.name));
                let words: Vec<String> = assigned.chain(simple.words.iter().map(|word| word.text.clone())).collect();
                text += &words.join(" ");
                text += if simple.redirected { ">" } else { "" };
            }
            Command::Compound(compound) => {
                let lists = compound.conditions.iter().map(|list| format!("{} ?", outline(list)));
                let lists: Vec<String> = lists.chain(compound.bodies.iter().map(|list| outline(list))).collect();
                text += &format!("{:?}[{}]", compound.kind, lists.join(" "));
                text += if compound.redirected { ">" } else { "" };
            }
            Command::Function(function) => text += &format!("{}(){}", function.name, outline(&function.body)),
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
fn reads_what_people_write() {
    for (script, expected) in [
        ("app --flag", "app --flag;"),
        ("a; b\nc && d || e | f & g", "a; b; c && d || e | f & g;"),
        ("  # first\n set -e # then\n\nexec app # last", "set -e; exec app;"),
        ("app 'a; b' \"c && d\" e\\;f", "app a; b c && d e;f;"),
        ("echo \"it's\" 'a \"b\"'", "echo it's a \"b\";"),
        ("FOO=1 BAR='x y' app", "FOO= BAR= app;"),
        ("PID=$!; wait $PID", "PID=; wait $PID;"),
        ("app > log 2>&1 < /dev/null", "app>;"),
        ("app &> log", "app>;"),
        ("app 2>/dev/null &", "app> &"),
        (
            "exec app $(cat /etc/opts; echo ')') `date` ${X:-a b}",
            "exec app $(cat /etc/opts; echo ')') `date` ${X:-a b};",
        ),
        ("exec app \\\n  --one \\\n  --two", "exec app --one --two;"),
        ("if [ -f x ]; then a; elif b; then c; else d; fi", "If[[ -f x ]; ? b; ? a; c; d;];"),
        ("while true; do date; sleep 5; done", "While[true; ? date; sleep 5;];"),
        ("until nc -z db 5432; do sleep 1; done; exec app", "Until[nc -z db 5432; ? sleep 1;]; exec app;"),
        ("for f in /etc/*.sh\ndo . $f; done", "For[. $f;];"),
        ("for f; do a; done", "For[a;];"),
        ("for ((i = 0; i < 3; i++)); do a; done", "For[a;];"),
        ("(cd /app && run) | tee log", "Subshell[cd /app && run;] | tee log;"),
        ("{ a; b; } > log && c", "Group[a; b;]> && c;"),
        ("[[ $A == b && -n \"$C\" || ($D =~ ^(x|y)$) ]] && app", "[[ $A == b -n $C $D =~ ^ x y $ && app;"),
        ("[[ -f x\n]] ; a", "[[ -f x; a;"),
        ("[[ `cat x` =~ ^(.*?)$ ]] || a", "[[ `cat x` =~ ^ .*? $ || a;"),
        ("ls @(a|(b)); rm !(x)y", "ls @(a|(b)); rm !(x)y;"),
        ("case $1 in +([0-9])) a;; esac", "Case[a;];"),
        ("a #not\\\nb", "a; b;"),
        ("app#1 a#b", "app#1 a#b;"),
        ("cost 5$ \"10$\"", "cost 5$ 10$;"),
        ("! app", "! app;"),
        ("while ! nc -z db 5432; do sleep 1; done; exec app", "While[! nc -z db 5432; ? sleep 1;]; exec app;"),
        ("time -p app | tee log", "! app | tee log;"),
        ("ARGS=(--port 80 \"$X\"\n -v # last\n); exec app \"${ARGS[@]}\"", "ARGS=; exec app ${ARGS[@]};"),
        ("ARGS+=(a); A[0]=b", "ARGS=; A=;"),
        ("((i++)); ((i < 3)) && a", "((; (( && a;"),
        ("((a); b)", "Subshell[Subshell[a;]; b;];"),
        ("echo $((1 + (2 * 3))) $(( $(nproc) * 2 ))", "echo $((1 + (2 * 3))) $(( $(nproc) * 2 ));"),
        ("cat <<EOF | tee x\nexec app; \"\nEOF\napp", "cat> | tee x; app;"),
        ("cat <<-'E O F'\n\tx\n\tE O F\napp", "cat>; app;"),
        ("cat <<A <<B\na\nA\nb\nB\napp", "cat>; app;"),
        ("cat <<EOF\nwithout its end", "cat>;"),
        ("grep x <<< \"$Y\" && app", "grep x> && app;"),
        ("diff <(a) <(b; c)", "diff <(a) <(b; c);"),
        ("exec > >(tee log) 2>&1; exec app", "exec>; exec app;"),
        ("case $1 in a|b) one;; (c) two; ;; *) exec app \"$@\" ;& esac; d", "Case[one; two; exec app $@;]; d;"),
        ("case x in\nesac", "Case[];"),
        ("run() { app; }; run", "run()Group[app;];; run;"),
        ("function run { app; }\nfunction go() ( app )\ngo", "run()Group[app;];; go()Subshell[app;];; go;"),
        ("echo $'it\\'s\\n' $\"x\"", "echo it's\n x;"),
        ("a |& b", "a | b;"),
        ("echo `echo \\`date\\``", "echo `echo \\`date\\``;"),
        ("echo ${X:-$(date)} ${#Y} \"${Z:-it's}\" ${A//\\//_}", "echo ${X:-$(date)} ${#Y} ${Z:-it's} ${A//\\//_};"),
        ("echo done if; echo }", "echo done if; echo };"),
        ("", ""),
    ] {
        assert_eq!(parse(script).map(|items| outline(&items)).as_deref(), Ok(expected), "{script}");
    }
}

#[test]
fn names_what_it_cannot_read() {
    let scripts = [
        "coproc app",
        "app 'unfinished",
        "app \"unfinished",
        "app `unfinished",
        "app $(unfinished",
        "app ${unfinished",
        "A=(a",
        "[[ a",
        "if a; then b",
        "a )",
        "; a",
        "done",
        "a && ",
        "app >",
        "app \\",
        "ls @(a|b",
        "a b()",
        "f() a",
        "x=$(cat <<EOF)",
        "case a in b) c",
        "echo this is a line which is much too long for a message, 'and open",
    ];
    let errors = scripts.map(|script| parse(script).expect_err(script).to_string());
    expect![[r#"
        `coproc`, at `coproc app`
        a quote that is not closed, at `'unfinished`
        a quote that is not closed, at `"unfinished`
        a quote that is not closed, at ``unfinished`
        a substitution without `)`
        `${` without `}`, at `${unfinished`
        an array without `)`, at `(a`
        `[[` without `]]`, at `[[ a`
        the end of the text in the place of `fi`
        `)` where no command ends with it, at `)`
        `;` in the place of a command, at `; a`
        `done` where no command ends with it, at `done`
        the end of the text in the place of a command
        `>` without a word after it
        a `\` at the end, at `\`
        an extended pattern without `)`, at `(a|b`
        `(` after a word, at `()`
        a function without `{`
        a here-document that begins inside of a substitution, at `)`
        the end of the text in the place of `esac`
        a quote that is not closed, at `'and open`"#]]
    .assert_eq(&errors.join("\n"));
}

#[test]
fn nesting_is_bounded() {
    for open in ["(", "{ ", "$(", "\"$(", "${X:-", "if ", "f() { ", "A=(", "<(", "((", "while "] {
        assert!(parse(&open.repeat(10_000)).is_err(), "{open}");
    }
    assert!(parse(&format!("{}a{}", "(".repeat(12), ")".repeat(12))).is_ok());
}

#[test]
fn a_long_script_takes_linear_time() {
    let time = |unit: &str, count| {
        let script = unit.repeat(count);
        let start = Instant::now();
        let _ = parse(&script);
        start.elapsed()
    };
    for unit in
        ["a; ", "$((", "$(a) ", "a=(b) ", "cat <<E\nE\n", "((a); b); ", "\"$((\" ", "${x} ", "case a in b) ;; esac; "]
    {
        // A square would take minutes.
        assert!(time(unit, 40_000) < Duration::from_secs(5), "{unit}");
    }
}

#[test]
fn substitutions_and_functions_are_seen() {
    let items = parse("f() { a; }; X=$(b) c \"`d`\" ${Y:-$(e)} > >(f); for i in $(g); do h; done").unwrap();
    let names = |commands: Vec<&Simple>| commands.iter().map(|simple| simple.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(simple_commands(&items)), ["a", "c", "h"]);
    let mut all = names(all_commands(&items));
    all.sort();
    assert_eq!(all, ["a", "b", "c", "d", "e", "f", "g", "h"]);
}

#[test]
fn references_are_resolved_where_all_are_known() {
    let value = |name: &str| (name == "T").then(|| "1 2".to_owned());
    for (script, expected) in [
        ("$T", Some(vec!["1", "2"])),
        ("\"$T\"", Some(vec!["1 2"])),
        ("--t=${T}s", Some(vec!["--t=1", "2s"])),
        ("'$T'", Some(vec!["$T"])),
        ("$T$U", None),
        ("${T:-3}", None),
        ("$(T)", None),
    ] {
        let items = parse(script).unwrap();
        let [Item { command: Command::Simple(simple), .. }] = &*items else { panic!("one command") };
        let words = simple.words[0].resolve(value).map(|words| words.into_iter().map(|word| word.text).collect());
        let expected: Option<Vec<String>> = expected.map(|words| words.into_iter().map(str::to_owned).collect());
        assert_eq!(words, expected, "{script}");
    }
}

proptest! {
    #[test]
    fn never_panics(script in r#"[ \n;&|(){}<>$`'"\\#!a-fi=0é\[\]-]{0,60}"#) {
        let _ = parse(&script);
    }

    #[test]
    fn never_panics_on_any_text(script in any::<String>()) {
        let _ = parse(&script);
    }

    #[test]
    fn never_panics_on_pieces_of_scripts(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "if ", "then ", "fi", "; ", "case x in ", "a) ", ";; ", "esac ", "$(", ")", "`", "\"", "'", "<<E", "\n", "E",
            "((", "))", "[[ ", " ]]", "{ ", "} ", "f() ", "while ", "do ", "done ", "a", "x=(", "${", "}", " & ", " | ", "> ",
            "<(", "! ", "for i in ", "\\", "é", "#",
        ]), 0..40)
    ) {
        let _ = parse(&pieces.concat());
    }

    #[test]
    fn quoting_keeps_a_word_whole(text in "[^']{0,20}") {
        let script = format!("echo '{text}'");
        let items = parse(&script).expect("a quoted word is always read");
        let [Item { command: Command::Simple(simple), .. }] = &*items else { panic!("one command") };
        prop_assert_eq!(&simple.words[1].text, &text);
    }
}
