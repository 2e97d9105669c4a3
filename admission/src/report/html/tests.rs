use super::*;
use crate::report::{Detail, samples};

fn html(report: &Report) -> String {
    samples::written("html", report, &samples::context(Detail::Normal, &[samples::policy()])).0
}

/// The names of the elements that are opened, in order, without those of the fixed parts.
fn elements(html: &str) -> Vec<&str> {
    let body = html.split("<body>").nth(1).and_then(|rest| rest.split("<script>").next()).unwrap();
    let tags = body.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
    tags.filter_map(|tag| tag.split([' ', '>', '\n']).next()).collect()
}

#[test]
fn a_text_is_never_markup() {
    let plain = {
        let mut report = samples::hostile();
        for finding in &mut report.findings {
            finding.message = "m".to_owned();
            finding.help = Some("h".to_owned());
        }
        report
    };
    let hostile = html(&samples::hostile());
    // The backtick of the hostile text makes code of nothing, because no other one closes it.
    assert_eq!(elements(&hostile), elements(&html(&plain)));
    assert!(!hostile.contains("<img") && !hostile.contains('\u{1b}') && !hostile.contains('\u{0}'));
    assert_eq!(hostile.matches("</script>").count(), 1);
}

#[test]
fn the_policy_of_the_page_names_the_script_and_the_style_that_it_has() {
    let html = html(&samples::report());
    let between = |start: &str, end: &str| html.split(start).nth(1).and_then(|rest| rest.split(end).next()).unwrap();
    for (element, directive) in [("script", "script-src"), ("style", "style-src")] {
        let text = between(&format!("<{element}>"), &format!("</{element}>"));
        let hash = BASE64_STANDARD.encode(Sha256::digest(text));
        assert!(html.contains(&format!("{directive} 'sha256-{hash}'")), "{element}");
    }
    assert!(html.contains("default-src 'none'"));
    assert!(!html.contains(" style=") && !html.contains(" onclick="), "the policy would forbid it");
}

#[test]
fn shows_each_finding_with_its_line_its_help_and_its_rule() {
    let mut report = samples::report();
    report.findings.truncate(1);
    report.problems.clear();
    let html = html(&report);
    for part in [
        "<code class=\"here\" data-line=\"14\">        - image: <mark>nginx</mark>\n</code>",
        "<p class=\"message\">image <code>nginx</code> has neither a tag nor a digest</p>",
        "<p class=\"where\"><span class=\"place\">deploy/app.yaml:14:18</span> · Deployment shop/app, container web</p>",
        "<p class=\"help\"><b>Help</b> write <code>nginx:1.29.3</code></p>",
        "<a class=\"rule\" href=\"#rule-latest-tag\">latest-tag</a>",
        "<section class=\"page\" id=\"rule-latest-tag\">",
        "<h1>Not fit to run</h1>\n<p><b>1 deny</b> · 5 workloads in 30 documents of 3 files, 12 ms</p>",
        "<li>kustomize patch <b>2</b></li>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn totals_are_those_of_the_findings() {
    let html = html(&samples::report());
    for (value, count) in
        [("error", 2), ("deny", 1), ("warn", 1), ("note", 2), ("excepted", 1), ("shop", 5), ("image-pull", 5)]
    {
        let total = format!("value=\"{value}\"");
        let label = html.split(&total).nth(1).and_then(|rest| rest.split("</label>").next()).unwrap();
        assert!(label.ends_with(&format!("<b>{count}</b>")), "{value}: {label}");
    }
}

#[test]
fn all_being_well_is_a_page_too() {
    let mut report = Report::default();
    report.summary.workloads = 3;
    let html = html(&report);
    assert!(html.contains("<h1>Fit to run</h1>") && html.contains("There is nothing to report."), "{html}");
}
