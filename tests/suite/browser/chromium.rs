//! Headless Chromium, driven by the DevTools protocol over a pair of pipes (`--remote-debugging-pipe`):
//! JSON messages, each ended by a NUL, in on descriptor 3, out on 4.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Its names on Debian and elsewhere.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A page in a browser of its own.
pub struct Chromium {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: Option<String>,
    calls: u64,
    /// What the browser has reported since a page was last opened.
    events: Vec<Value>,
    _folder: TempDir,
}

impl Chromium {
    /// The program, if it is on this machine.
    pub fn program() -> Option<&'static str> {
        let runs = |name: &&&str| {
            Command::new(name).arg("--version").output().is_ok_and(|said| said.status.success())
        };
        NAMES.iter().find(runs).copied()
    }

    /// Starts it with an empty page. It ends after three minutes, whatever happens.
    pub fn start(program: &str) -> Chromium {
        let folder = TempDir::new().expect("a folder");
        let [to, from] = ["to", "from"].map(|name| folder.path().join(name));
        let made = Command::new("mkfifo").args([&to, &from]).status().expect("mkfifo runs");
        assert!(made.success(), "mkfifo");
        let flags = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                     --disable-background-networking --disable-component-update --remote-debugging-pipe";
        let command = format!("exec timeout 180 {program} {flags} --user-data-dir=\"$3\" 3<\"$1\" 4>\"$2\"");
        let child = Command::new("sh")
            .args(["-c", &command, "sh"])
            .args([&to, &from, &folder.path().join("profile")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let to = OpenOptions::new().write(true).open(&to).expect("the pipe to it");
        let from = BufReader::new(File::open(&from).expect("the pipe from it"));
        let mut browser =
            Chromium { child, to, from, session: None, calls: 0, events: Vec::new(), _folder: folder };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let page = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", page);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method and returns its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("Chromium listens");
        loop {
            let said = self.read();
            if said["id"] == self.calls {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].clone();
            }
            self.events.push(said);
        }
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).expect("Chromium speaks");
        assert_eq!(message.pop(), Some(0), "Chromium ended");
        serde_json::from_slice(&message).expect("JSON")
    }

    /// Opens a file and waits until it has loaded.
    pub fn open(&mut self, path: &Path) {
        self.events.clear();
        let gone = self.call("Page.navigate", json!({ "url": format!("file://{}", path.display()) }));
        assert!(gone["errorText"].is_null(), "{gone}");
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// The value of a JavaScript expression.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let said = self.call("Runtime.evaluate", params);
        assert!(said["exceptionDetails"].is_null(), "{expression}: {said}");
        said["result"]["value"].clone()
    }

    /// Sets the window's width in pixels and the colors the system prefers.
    pub fn look(&mut self, width: u32, colors: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let colors = json!({ "features": [{ "name": "prefers-color-scheme", "value": colors }] });
        self.call("Emulation.setEmulatedMedia", colors);
    }

    /// Presses a key that is not a letter.
    pub fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" && kind == "keyDown" { "\r" } else { "" };
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types into the focused element.
    pub fn type_in(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// What the page logged to the console, what was blocked or failed in it, the dialogs it opened.
    pub fn complaints(&self) -> Vec<String> {
        let is = |event: &&Value| {
            let method = event["method"].as_str().unwrap_or_default();
            [
                "Runtime.consoleAPICalled",
                "Runtime.exceptionThrown",
                "Log.entryAdded",
                "Page.javascriptDialogOpening",
            ]
            .contains(&method)
        };
        self.events.iter().filter(is).map(Value::to_string).collect()
    }

    /// What the page requested.
    pub fn requests(&self) -> Vec<String> {
        let events = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        events.filter_map(|event| Some(event["params"]["request"]["url"].as_str()?.to_owned())).collect()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may already be gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
