//! `plimsoll lsp` with a client that speaks over real pipes, as an editor does.

use expect_test::expect;
use plimsoll_tests::{deployment, folder, program};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A client, and the server that it has started.
struct Client {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    root: String,
    calls: u64,
    /// Diagnostics that came while something else was waited for.
    published: Vec<Value>,
}

impl Client {
    fn start(root: &Path) -> Self {
        let mut child = Command::new(program())
            .arg("lsp")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("piped")));
        let root = format!("file://{}", root.canonicalize().expect("a folder").display());
        Client { child, to, from, root, calls: 0, published: Vec::new() }
    }

    /// Starts a session in a folder.
    fn session(root: &Path) -> Self {
        let mut client = Client::start(root);
        let workspace = json!([{ "uri": client.root, "name": "x" }]);
        let answer =
            client.call("initialize", &json!({ "processId": null, "capabilities": {}, "workspaceFolders": workspace }));
        assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16", "{answer}");
        client.tell("initialized", &json!({}));
        client
    }

    fn uri(&self, name: &str) -> String {
        format!("{}/{name}", self.root)
    }

    fn raw(&mut self, text: &str) {
        let to = self.to.as_mut().expect("open");
        write!(to, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| to.flush())
            .expect("the server listens");
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.raw(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    /// The whole answer.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        self.raw(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        loop {
            let message = self.read().expect("an answer");
            if message["id"] == id {
                return message;
            }
            self.published.push(message["params"].clone());
        }
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    fn read(&mut self) -> Option<Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.from.read_line(&mut line).expect("the server writes") == 0 {
                return None;
            }
            match line.trim().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().expect("a number"),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text).expect("all of it");
        Some(serde_json::from_slice(&text).expect("JSON"))
    }

    fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        self.tell(
            "textDocument/didOpen",
            &json!({ "textDocument": { "uri": uri, "languageId": "yaml", "version": 1, "text": text } }),
        );
    }

    fn change(&mut self, name: &str, version: i32, text: &str) {
        let uri = self.uri(name);
        self.tell(
            "textDocument/didChange",
            &json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "text": text }] }),
        );
    }

    /// The next diagnostics of that version of a file.
    fn diagnostics(&mut self, name: &str, version: Option<i32>) -> Vec<Value> {
        let uri = self.uri(name);
        let is_it = |params: &Value| {
            params["uri"] == uri.as_str() && params.get("version").and_then(Value::as_i64) == version.map(i64::from)
        };
        loop {
            if let Some(at) = self.published.iter().position(is_it) {
                return self.published.drain(..=at).next_back().expect("it is there")["diagnostics"]
                    .as_array()
                    .expect("a list")
                    .clone();
            }
            let message = self.read().expect("diagnostics");
            self.published.push(message["params"].clone());
        }
    }

    /// Ends the session as an editor does, and gives the exit code.
    fn end(mut self) -> Option<i32> {
        self.call("shutdown", &Value::Null);
        self.tell("exit", &Value::Null);
        self.wait().0
    }

    /// The exit code, and what is on standard error, once the server has ended.
    fn wait(&mut self) -> (Option<i32>, String) {
        self.to.take();
        let mut said = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        (self.child.wait().expect("it ends").code(), said)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `line:character-line:character severity code` of each.
fn brief(diagnostics: &[Value]) -> Vec<String> {
    let place = |place: &Value| format!("{}:{}", place["line"], place["character"]);
    let one = |diagnostic: &Value| {
        let (range, code) = (&diagnostic["range"], diagnostic["code"].as_str().unwrap_or("-"));
        format!("{}-{} {} {code}", place(&range["start"]), place(&range["end"]), diagnostic["severity"])
    };
    diagnostics.iter().map(one).collect()
}

#[test]
fn findings_are_shown_where_an_editor_looks_for_them() {
    let here = folder([]);
    let mut client = Client::session(here.path());
    // A character of two UTF-16 code units and one of two bytes stand before the image.
    client.open(
        "app.yaml",
        &deployment("app:latest")
            .replace(
                "- name: app\n          image: app:latest",
                "- { name: app, env: [{ name: é😀 }], image: 'app:latest',",
            )
            .replace("8080 } }\n", "8080 } } }\n"),
    );
    let found = client.diagnostics("app.yaml", Some(1));
    assert_eq!(brief(&found), ["10:8-10:9 3 missing-liveness-probe", "10:52-10:64 1 latest-tag"]);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn a_change_is_judged_and_a_closed_file_is_silent() {
    let here = folder([("plimsoll.yaml", "policies: { probes: { rules: { missing-liveness-probe: off } } }\n")]);
    let mut client = Client::session(here.path());
    client.open("app.yaml", &deployment("app:latest"));
    assert_eq!(brief(&client.diagnostics("app.yaml", Some(1))), ["11:17-11:27 1 latest-tag"]);
    for version in 2..40 {
        client.change("app.yaml", version, &deployment(&format!("app:1.2.{version}")));
    }
    client.change("app.yaml", 40, &deployment("app:1.2"));
    assert_eq!(brief(&client.diagnostics("app.yaml", Some(40))), ["11:17-11:24 2 series-tag"]);
    client.change("app.yaml", 41, "kind: Pod\n  x: [\n");
    let broken = client.diagnostics("app.yaml", Some(41));
    assert_eq!((broken.len(), &broken[0]["severity"]), (1, &json!(1)), "{broken:?}");
    let excepted = deployment("app:latest")
        .replace("          image", "          # plimsoll: allow latest-tag until 9999-12-31: a demo\n          image");
    client.change("app.yaml", 42, &excepted);
    assert_eq!(brief(&client.diagnostics("app.yaml", Some(42))), Vec::<String>::new());
    let uri = client.uri("app.yaml");
    client.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    assert_eq!(client.diagnostics("app.yaml", None), Vec::<Value>::new());
    assert_eq!(client.end(), Some(0));
}

#[test]
fn a_hover_shows_the_page_of_the_rule() {
    let here = folder([]);
    let mut client = Client::session(here.path());
    client.open("app.yaml", &deployment("app:latest"));
    client.diagnostics("app.yaml", Some(1));
    let uri = client.uri("app.yaml");
    let mut hover = |line: u32, character: u32| {
        client.call(
            "textDocument/hover",
            &json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } }),
        )
    };
    let page = hover(11, 20)["contents"]["value"].as_str().unwrap_or_default().to_owned();
    assert!(page.starts_with("**latest-tag** (deny)\n\n### What\n"), "{page}");
    assert!(page.contains("### Fix") && !page.contains("### Examples"), "{page}");
    assert_eq!((hover(0, 0), hover(999, 0)), (Value::Null, Value::Null));
}

/// A Deployment with a safe and an unsafe fix.
fn fixable() -> String {
    deployment("app:1.2.3\n          imagePullPolicy: Never # é😀").replace("20s }", "45s }")
}

#[test]
fn fixes_are_code_actions_for_the_text_as_it_is() {
    let here = folder([("app.yaml", "not what the editor has")]);
    let mut client = Client::session(here.path());
    client.open("app.yaml", &deployment("app:1"));
    client.diagnostics("app.yaml", Some(1));
    // Asked for before the change is judged.
    client.change("app.yaml", 2, &fixable());
    let uri = client.uri("app.yaml");
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let mut actions = |context: Value| {
        client.call(
            "textDocument/codeAction",
            &json!({ "textDocument": { "uri": uri }, "range": whole, "context": context }),
        )
    };
    let mut all = actions(json!({ "diagnostics": [] }));
    for action in all.as_array_mut().expect("a list") {
        let edits = action["edit"]["changes"][&uri].take();
        action["edit"] = edits;
        action["diagnostics"] = brief(action["diagnostics"].as_array().expect("a list")).into();
    }
    expect![[r#"
        [
          {
            "diagnostics": [
              "8:4-8:8 1 grace-too-short"
            ],
            "edit": [
              {
                "newText": "      terminationGracePeriodSeconds: 50\n",
                "range": {
                  "end": {
                    "character": 0,
                    "line": 14
                  },
                  "start": {
                    "character": 0,
                    "line": 14
                  }
                }
              }
            ],
            "isPreferred": true,
            "kind": "quickfix",
            "title": "Set `terminationGracePeriodSeconds` to 50"
          },
          {
            "diagnostics": [
              "12:27-12:32 1 never-pull"
            ],
            "edit": [
              {
                "newText": "IfNotPresent",
                "range": {
                  "end": {
                    "character": 32,
                    "line": 12
                  },
                  "start": {
                    "character": 27,
                    "line": 12
                  }
                }
              }
            ],
            "isPreferred": false,
            "kind": "quickfix",
            "title": "Set `imagePullPolicy` to IfNotPresent (review it)"
          }
        ]"#]]
    .assert_eq(&serde_json::to_string_pretty(&all).expect("JSON"));
    let of_all = actions(json!({ "diagnostics": [], "only": ["source.fixAll"] }));
    assert_eq!(of_all.as_array().map(Vec::len), Some(1), "{of_all}");
    assert_eq!(of_all[0]["kind"], "source.fixAll.plimsoll");
    assert_eq!(actions(json!({ "diagnostics": [], "only": ["refactor"] })), json!([]));
    assert_eq!(fs::read_to_string(here.path().join("app.yaml")).expect("a file"), "not what the editor has");
}

#[test]
fn places_in_other_files_explain_a_finding() {
    let autoscaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: app }\nspec:\n  maxReplicas: 9\n  \
                      scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: app } # é😀\n";
    let here = folder([("hpa.yaml", autoscaler)]);
    let mut client = Client::session(here.path());
    client.open("app.yaml", &deployment("app:1.2.3").replace("spec:\n  selector", "spec:\n  replicas: 3\n  selector"));
    let found = client.diagnostics("app.yaml", Some(1));
    let finding = found.iter().find(|finding| finding["code"] == "replicas-and-autoscaler").expect("the finding");
    let related = &finding["relatedInformation"][0];
    assert_eq!(related["location"]["uri"], client.uri("hpa.yaml").as_str());
    assert_eq!(
        related["location"]["range"],
        json!({ "start": { "line": 5, "character": 65 }, "end": { "line": 5, "character": 68 } })
    );
}

#[test]
fn a_configuration_that_is_wrong_is_shown_in_it_and_read_again_when_it_is_saved() {
    let here = folder([("plimsoll.yaml", "policies: { prbes: {} }\n")]);
    let mut client = Client::session(here.path());
    assert_eq!(brief(&client.diagnostics("plimsoll.yaml", None)), ["0:12-0:17 1 -"]);
    client.open("app.yaml", &deployment("app:latest"));
    assert_eq!(brief(&client.diagnostics("app.yaml", Some(1))), Vec::<String>::new());
    fs::write(here.path().join("plimsoll.yaml"), "policies: { probes: { rules: { missing-liveness-probe: off } }, image-pull: { rules: { latest-tag: warn } } }\n")
        .expect("a file");
    let uri = client.uri("plimsoll.yaml");
    client.tell("textDocument/didSave", &json!({ "textDocument": { "uri": uri } }));
    assert_eq!(client.diagnostics("plimsoll.yaml", None), Vec::<Value>::new());
    assert_eq!(brief(&client.diagnostics("app.yaml", Some(1))), ["11:17-11:27 2 latest-tag"]);
}

#[test]
fn a_client_that_makes_mistakes_is_told_or_left() {
    let here = folder([]);
    let mut client = Client::session(here.path());
    for (method, params, code) in [
        ("textDocument/hover", json!({ "position": 5 }), -32602),
        ("textDocument/hover", Value::Null, -32602),
        ("textDocument/codeAction", json!({ "textDocument": { "uri": 1 } }), -32602),
        ("textDocument/rename", json!({}), -32601),
    ] {
        let answer = client.ask(method, &params);
        assert_eq!(answer["error"]["code"], code, "{method} {params}: {answer}");
    }
    for (method, params) in [
        ("textDocument/didOpen", json!({ "textDocument": [] })),
        (
            "textDocument/didChange",
            json!({ "textDocument": { "uri": "file:///no/such", "version": 1 }, "contentChanges": [{ "text": "a" }] }),
        ),
        ("textDocument/didChange", json!({ "textDocument": { "uri": "x", "version": 1 }, "contentChanges": [] })),
        ("textDocument/didClose", json!({})),
        ("textDocument/didSave", Value::Null),
        ("$/cancelRequest", json!({ "id": 77 })),
        ("made/up", json!([1])),
    ] {
        client.tell(method, &params);
    }
    let nowhere =
        json!({ "textDocument": { "uri": "untitled:1" }, "position": { "line": 4_294_967_295_u32, "character": 0 } });
    assert_eq!(client.call("textDocument/hover", &nowhere), Value::Null);
    assert_eq!(client.end(), Some(0));

    for (text, code) in [("{\"jsonrpc\": \"2.0\", \"id\": 1", 2), ("[]", 2), ("", 2)] {
        let mut client = Client::session(here.path());
        client.raw(text);
        let (exit, said) = client.wait();
        assert_eq!(exit, Some(code), "{text}: {said}");
        assert!(said.starts_with("error: ") && !said.contains("panicked"), "{text}: {said}");
    }
    // An editor that crashes says nothing.
    for begin in [Client::session, Client::start] {
        let mut client = begin(here.path());
        let (exit, said) = client.wait();
        assert_eq!((exit, said.as_str()), (Some(1), ""));
    }
}
