//! The page that `-f html` writes, in a browser.

use super::DENIED;
use plimsoll_tests::{browser::Browser, deployment, folder, plimsoll};
use serde_json::Value;
use std::path::Path;

const PAGE: &str = "report.html";

fn page(here: &Path, args: &[&str]) {
    let outcome = plimsoll(here, &[&["scan", "-f", &format!("html={PAGE}"), "."], args].concat(), "");
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""), "{outcome:?}");
}

/// The rules of the findings that are shown.
fn shown(browser: &mut Browser) -> Vec<String> {
    let rules = browser.evaluate(
        "[...document.querySelectorAll('article')].filter((a) => a.checkVisibility()).map((a) => a.querySelector('.rule').textContent)",
    );
    rules.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn two_namespaces() -> tempfile::TempDir {
    let shop = deployment(DENIED).replace("name: app\nspec", "name: app\n  namespace: shop\nspec");
    let billing = deployment("app:1.2").replace("name: app\nspec", "name: ledger\n  namespace: billing\nspec");
    folder([("shop.yaml", &shop), ("billing/app.yaml", &billing), ("broken.yaml", "kind: Pod\n  x: [\n")])
}

#[test]
fn filters_work_and_stay_in_the_address() {
    let here = two_namespaces();
    page(here.path(), &[]);
    let Some(mut browser) = Browser::start() else { return };
    let file = here.path().join(PAGE);
    for (hash, expected) in [
        ("", ["series-tag", "not judged", "latest-tag"].as_slice()),
        ("#all", &["missing-liveness-probe", "series-tag", "not judged", "missing-liveness-probe", "latest-tag"]),
        ("#level=deny", &["latest-tag"]),
        ("#level=warn,error", &["series-tag", "not judged"]),
        ("#namespace=billing", &["missing-liveness-probe", "series-tag"]),
        ("#file=billing%2Fapp.yaml&level=warn", &["series-tag"]),
        ("#policy=image-pull&q=LEDGER", &["series-tag"]),
        ("#rule=latest-tag&namespace=billing", &[]),
        ("#q=%E0%A4%A&level=deny", &["latest-tag"]),
    ] {
        browser.open(&file, hash);
        assert_eq!(shown(&mut browser), expected, "{hash}");
    }
    assert_eq!(browser.evaluate("document.querySelector('#nothing').hidden"), true);

    browser.open(&file, "");
    browser.evaluate("document.querySelector('input[value=shop]').click()");
    assert_eq!(browser.evaluate("location.hash"), "#level=error,deny,warn&namespace=shop");
    assert_eq!(shown(&mut browser), ["latest-tag"]);
    browser.evaluate(
        "new Promise((done) => { const count = document.querySelector('#count'); new MutationObserver(done).observe(count, { childList: true }); \
         const search = document.querySelector('#search'); search.value = 'nothing like it'; search.dispatchEvent(new Event('input')); }).then(() => null)",
    );
    assert_eq!(browser.evaluate("location.hash"), "#level=error,deny,warn&namespace=shop&q=nothing%20like%20it");
    assert_eq!(browser.evaluate("document.querySelector('#count').textContent"), "0 of 5 shown");
    assert_eq!(browser.evaluate("document.querySelector('#nothing').hidden"), false);
    browser.evaluate("document.querySelector('#clear').click()");
    assert_eq!((shown(&mut browser).len(), browser.evaluate("location.hash")), (5, "#all".into()));
    assert_eq!(browser.complaints(), Vec::<Value>::new());
}

#[test]
fn the_keyboard_reaches_everything() {
    let here = two_namespaces();
    page(here.path(), &[]);
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&here.path().join(PAGE), "");
    let focused = |browser: &mut Browser| {
        browser.evaluate("document.activeElement.querySelector('.rule')?.textContent ?? document.activeElement.id")
    };
    for (key, expected) in [
        ("j", "series-tag"),
        ("j", "not judged"),
        ("j", "latest-tag"),
        ("j", "latest-tag"),
        ("k", "not judged"),
        ("/", "search"),
        ("j", "search"),
    ] {
        browser.press(key);
        assert_eq!(focused(&mut browser), expected, "{key}");
    }
    browser.press("Escape");
    browser.evaluate("document.querySelector('article.deny a.rule').click()");
    assert_eq!(browser.evaluate("document.querySelector('dialog').open && document.activeElement.id"), "content");
    let page = browser.evaluate("document.querySelector('dialog').textContent");
    assert!(page.as_str().is_some_and(|page| page.contains("latest-tag") && page.contains("Why")), "{page}");
    browser.press("Escape");
    assert_eq!(browser.evaluate("document.querySelector('dialog').open"), false);
    let unnamed = "[...document.querySelectorAll('input, button')].filter((e) => !(e.ariaLabel || e.textContent || e.labels?.[0]?.textContent)).length";
    assert_eq!(browser.evaluate(unnamed), 0, "controls without a name for a screen reader");
    assert_eq!(browser.complaints(), Vec::<Value>::new());
}

#[test]
fn nothing_is_loaded_and_no_text_is_run() {
    let hostile = r#""</script><img src=http://127.0.0.1:9/x onerror=\"document.title='taken'\"><script>document.title='taken'</script>""#;
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {hostile}, namespace: {hostile} }}\nspec:\n  containers: [{{ name: {hostile}, image: {hostile} }}]\n"
    );
    let here = folder([("pod.yaml", &pod), ("<img src=x onerror=alert(1)>.yaml", &deployment(DENIED))]);
    page(here.path(), &["--notes"]);
    let Some(mut browser) = Browser::start() else { return };
    let file = here.path().join(PAGE);
    browser.open(&file, "#all");
    assert!(shown(&mut browser).len() > 2);
    assert_eq!(browser.evaluate("document.querySelectorAll('img, iframe, object, article script').length"), 0);
    let title = browser.evaluate("document.title");
    assert!(title.as_str().is_some_and(|title| title.starts_with("Plimsoll: ")), "{title}");
    let url = format!("file://{}#all", file.display());
    let foreign: Vec<String> =
        browser.requests().into_iter().filter(|asked| !url.starts_with(asked) && !asked.starts_with("data:")).collect();
    assert_eq!(foreign, Vec::<String>::new());
    assert_eq!(browser.complaints(), Vec::<Value>::new());
    // What would be markup all the same is not run: the page's own policy forbids it.
    browser.evaluate(
        "new Promise((done) => { addEventListener('securitypolicyviolation', done); \
         const script = document.createElement('script'); script.textContent = \"document.title = 'taken'\"; document.body.append(script); }).then(() => null)",
    );
    assert_eq!(browser.evaluate("document.title"), title);
}

/// Fifty workloads of a hundred containers.
fn five_thousand_images() -> String {
    let container = |index: usize| format!("        - {{ name: c-{index}, image: app:latest }}\n");
    let one = |index: usize| {
        let containers: String = (100 * index + 1..100 * (index + 1)).map(container).collect();
        let named = deployment(DENIED).replace("name: app\nspec", &format!("name: app-{index}\nspec"));
        named.replace("- name: app\n", &format!("- name: c-{}\n", 100 * index)) + &containers
    };
    (0..50).map(one).collect::<Vec<_>>().join("---\n")
}

#[test]
fn five_thousand_findings_are_all_there_and_can_be_filtered() {
    let here = folder([("all.yaml", &five_thousand_images())]);
    page(here.path(), &[]);
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&here.path().join(PAGE), "#rule=latest-tag");
    let count = |browser: &mut Browser| {
        let count = browser.evaluate("document.querySelector('#count').textContent");
        count.as_str().and_then(|count| count.split(' ').next()).and_then(|count| count.parse::<usize>().ok())
    };
    assert_eq!(count(&mut browser), Some(5_000));
    // Only what is in view is laid out, so that the size of the report does not matter.
    let laid_out = "[...document.querySelectorAll('article:not([hidden])')]\
        .filter((a) => a.querySelector('h3').checkVisibility({ contentVisibilityAuto: true })).length";
    let laid_out = browser.evaluate(laid_out).as_u64().expect("a number");
    assert!((1..200).contains(&laid_out), "{laid_out}");
    browser.evaluate(
        "location.hash = '#rule=latest-tag&q=c-4321'; \
         new Promise((done) => addEventListener('hashchange', done)).then(() => null)",
    );
    assert_eq!(count(&mut browser), Some(5), "itself, and those that show its line around theirs");
    assert_eq!(browser.complaints(), Vec::<Value>::new());
}
