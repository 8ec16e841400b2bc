//! A real browser without a screen, driven by chromedriver over WebDriver (W3C), one command at a time.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::http::ask;
use crate::presence::Peer;

/// Longer than any page here takes, in milliseconds.
const PATIENCE: u32 = 20_000;

/// A browser with one empty tab; gone when dropped.
pub struct Browser {
    driver: Child,
    at: SocketAddr,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one. `dark` is what its user would have chosen.
    pub fn start(dark: bool) -> Browser {
        let profile = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(Peer::Chromedriver.program());
        command.arg("--port=0").process_group(0).env("HOME", profile.path());
        let mut driver = command.stdout(Stdio::piped()).spawn().expect("chromedriver");
        let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let port = line.split_once("started successfully on port ")?.1.trim_end_matches('.');
            port.parse::<u16>().ok()
        });
        // What else it says must go somewhere.
        std::thread::spawn(move || lines.count());
        let at = SocketAddr::from(([127, 0, 0, 1], port.expect("a port")));
        let mut browser = Browser { driver, at, session: String::new(), _profile: profile };
        browser.open(dark);
        browser
    }

    fn open(&mut self, dark: bool) {
        let folder = format!("--user-data-dir={}", self._profile.path().join("profile").display());
        let mut words = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            &folder,
        ];
        words.extend(dark.then_some("--blink-settings=preferredColorScheme=0"));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": Peer::Chromium.program(), "args": words },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }}});
        let opened = self.send("POST", "/session", Some(wanted));
        self.session = opened["sessionId"].as_str().expect("a session").to_owned();
        // What its own first page has asked for is not ours.
        self.visit("about:blank");
        let _ = (self.asked(), self.complaints());
        self.command(
            "POST",
            "/timeouts",
            Some(json!({ "implicit": PATIENCE, "script": PATIENCE })),
        );
    }

    fn send(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let body = body.map_or_else(String::new, |body| body.to_string());
        let answer = ask(self.at, method, path, "Content-Type: application/json\r\n", &body);
        let told: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(answer.status, 200, "{method} {path}: {told:#}");
        told["value"].clone()
    }

    fn command(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.send(method, &format!("/session/{}{path}", self.session), body)
    }

    /// A window of so many points.
    pub fn resize(&self, width: u32, height: u32) {
        self.command("POST", "/window/rect", Some(json!({ "width": width, "height": height })));
    }

    /// Goes there, and waits until it is loaded.
    pub fn visit(&self, address: &str) {
        self.command("POST", "/url", Some(json!({ "url": address })));
    }

    /// Waits until there is such an element, and gives its handle.
    pub fn find(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.command("POST", "/element", Some(wanted));
        found.as_object().and_then(|found| found.values().next()?.as_str()).expect("one").to_owned()
    }

    /// The words of an element, as they are seen.
    pub fn text(&self, selector: &str) -> String {
        let path = format!("/element/{}/text", self.find(selector));
        self.command("GET", &path, None).as_str().expect("a text").to_owned()
    }

    pub fn click(&self, selector: &str) {
        let path = format!("/element/{}/click", self.find(selector));
        self.command("POST", &path, Some(json!({})));
    }

    pub fn enter(&self, selector: &str, words: &str) {
        let path = format!("/element/{}/value", self.find(selector));
        self.command("POST", &path, Some(json!({ "text": words })));
    }

    /// What an expression of JavaScript gives, from outside of the page's policy.
    pub fn value(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.command("POST", "/execute/sync", Some(script))
    }

    /// What was complained of on the console since this was last asked.
    pub fn complaints(&self) -> Vec<String> {
        let told = self.command("POST", "/se/log", Some(json!({ "type": "browser" })));
        let told = told.as_array().expect("lines");
        told.iter().map(|line| line["message"].to_string()).collect()
    }

    /// Every address that was asked since this was last asked.
    pub fn asked(&self) -> Vec<String> {
        let told = self.command("POST", "/se/log", Some(json!({ "type": "performance" })));
        let events = told.as_array().expect("lines").iter().filter_map(|line| {
            let event: Value = serde_json::from_str(line["message"].as_str()?).ok()?;
            let event = &event["message"];
            let asked = event["method"] == "Network.requestWillBeSent";
            let url = event["params"]["request"]["url"].as_str()?;
            (asked && !url.starts_with("chrome://")).then(|| url.to_owned())
        });
        events.collect()
    }

    /// A picture of the window, as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let picture = self.command("GET", "/screenshot", None);
        let picture = picture.as_str().expect("a picture");
        base64::prelude::BASE64_STANDARD.decode(picture).expect("base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.command("DELETE", "", None);
        }
        let group = rustix::process::Pid::from_child(&self.driver);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.driver.wait();
    }
}
