use super::*;
use crate::judge::host_rules;
use expect_test::expect;
use plimsoll_policy::Level;

const PAGE: &str = "\
# images

About **images**, see [the API](https://kubernetes.io/docs) and [below](#latest-tag).

| rule | what |
| --- | --- |
| [`latest-tag`](#latest-tag) | a tag that *moves* |
| `b` | \u{1b}[31mred |

## `latest-tag`

Why `latest` hurts, 2 ** 3 and [not a link].

```yaml denied strict
# a comment, no heading
image: nginx
```

### More

```sh
plimsoll scan
```

## b

Other.
";

fn policy() -> Description {
    Description {
        id: "images".to_owned(),
        page: PAGE.into(),
        rules: vec![
            Rule::new("latest-tag", Level::Warn, "a tag that moves").strict(Level::Deny),
            Rule::new("b", Level::Note, "something else").escalated(Level::Deny, Level::Deny),
            Rule::new("undocumented", Level::Off, "nobody knows"),
        ],
        ..host_rules::description()
    }
}

fn plain(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

fn explain(name: &str) -> String {
    let policies = [policy(), host_rules::description()];
    let topic = find(name, &policies).unwrap();
    plain(|out| super::write(topic, out))
}

#[test]
fn a_rule_is_its_section_of_the_page() {
    expect![[r#"
        latest-tag: a tag that moves
        policy images; warn, in profile strict deny

        Why `latest` hurts, 2 ** 3 and [not a link].

        denied in profile strict:
            # a comment, no heading
            image: nginx

        More
        ────

            plimsoll scan
    "#]]
    .assert_eq(&explain("latest-tag"));
}

#[test]
fn a_policy_is_its_whole_page() {
    expect![[r#"
        images
        ──────

        About images, see the API <https://kubernetes.io/docs> and below.

        rule          what
        `latest-tag`  a tag that *moves*
        `b`           �[31mred

        latest-tag
        ──────────

        Why `latest` hurts, 2 ** 3 and [not a link].

        denied in profile strict:
            # a comment, no heading
            image: nginx

        More
        ────

            plimsoll scan

        b
        ─

        Other.
    "#]]
    .assert_eq(&explain("images"));
}

#[test]
fn a_rule_without_a_section_says_so() {
    expect![[r#"
        undocumented: nobody knows
        policy images; off

        The page of the policy has no section about this rule.
    "#]]
    .assert_eq(&explain("undocumented"));
}

#[test]
fn the_rules_of_the_host_are_explained_like_any_other() {
    for rule in host_rules::RULES {
        assert!(explain(&rule.name).contains("Why"), "{}", rule.name);
    }
}

#[test]
fn the_table_has_every_rule() {
    expect![[r#"
        rule               policy    default      strict       what
        latest-tag         images    warn         deny         a tag that moves
        b                  images    note / deny  note / deny  something else
        undocumented       images    off          off          nobody knows
        expired-exception  plimsoll  warn         warn         an exception is past its day, and what it covered counts again
        unused-exception   plimsoll  note         warn         an exception covers no finding of this scan
        invalid-exception  plimsoll  warn         deny         an annotation or a comment looks like an exception and grants none
        unused-baseline    plimsoll  note         note         an entry of the baseline covers nothing any more
        unrendered-image   plimsoll  note         note         kustomize or Skaffold may change an image of this file: it is judged only once rendered
        too-large          plimsoll  deny         deny         an object holds more than policies can be given

        The level after `/` is for the graver case that the rule's page names: plimsoll explain RULE
    "#]].assert_eq(&plain(|out| write_table(&[policy(), host_rules::description()], out)));
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let policies = [policy(), host_rules::description()];
    expect!["unknown rule or policy `latest-tags`; did you mean `latest-tag`?"]
        .assert_eq(&find("latest-tags", &policies).unwrap_err());
    expect!["unknown rule or policy `image`; did you mean `images`?"].assert_eq(&find("image", &policies).unwrap_err());
    expect!["unknown rule or policy `kubernetes`; `plimsoll explain` lists them all"]
        .assert_eq(&find("kubernetes", &policies).unwrap_err());
}

#[test]
fn a_page_cannot_write_to_the_terminal() {
    let page = "# \u{1b}]0;a\u{7}\n`\u{1b}]0;b\u{7}`\n```\n\u{1b}]0;c\u{7}\n```\n| \u{1b}]0;d\u{7} |\n";
    let mut out = Vec::new();
    markdown::write(page, &mut out).unwrap();
    assert!(!String::from_utf8(out).unwrap().contains("\u{1b}]"));
}
