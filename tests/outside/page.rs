//! The page in a real browser: right, silent, and deaf to whatever strangers call themselves.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use base64::Engine as _;
use hmac::{KeyInit, Mac};
use serde_json::{Value, json};

use crate::driver::Browser;
use crate::house::{House, PASSWORD, Provider};
use crate::http::{ask, get};
use crate::presence::{Peer, have};
use crate::talk::Line;

const OPEN: &str = "http.listen = \"127.0.0.1:0\"\nqueue.reserve = \"1 MiB\"";
const TOKEN: &str = "a-token-nobody-guesses";
const BROWSER: [Peer; 2] = [Peer::Chromium, Peer::Chromedriver];
/// What would run, load or break out if words became markup.
const HOSTILE: &str =
    "\"><img/src=//elsewhere.example/x/onerror=window.owned=1><script>window.owned=1</script>";

/// Calls, proves to be acme under any name, and finds nothing.
fn call_as(provider: &Provider, helo: &str) {
    let mut line = Line::greeted(provider.odmr);
    assert!(line.ask(&format!("EHLO {helo}")).starts_with("250"), "{helo}");
    let challenge = line.ask("AUTH CRAM-MD5");
    let coder = base64::prelude::BASE64_STANDARD;
    let challenge = coder.decode(challenge.trim().trim_start_matches("334 ")).expect("base64");
    let mut mac = hmac::Hmac::<md5::Md5>::new_from_slice(PASSWORD.as_bytes()).expect("a key");
    mac.update(&challenge);
    let proof: String =
        mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    assert!(line.ask(&coder.encode(format!("acme {proof}"))).starts_with("235"));
    assert!(line.ask("ATRN").starts_with("453"));
    assert!(line.ask("QUIT").starts_with("221"));
}

fn only_from(browser: &Browser, origin: &str) {
    let asked = browser.asked();
    assert!(asked.iter().any(|url| url.contains("/status.json")), "{asked:?}");
    let elsewhere = |url: &&String| !url.starts_with(&format!("{origin}/"));
    let elsewhere: Vec<_> = asked.iter().filter(elsewhere).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_browser_shows_what_waits_and_takes_no_strangers_word_for_markup() {
    if !have(&BROWSER) {
        return;
    }
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    call_as(&provider, HOSTILE);
    provider.until(&["odmr session"]);
    for _ in 0..3 {
        assert!(provider.bring("Hello", "body").starts_with("250"));
    }
    let heard = |status: &Value| !status["sessions"][0].is_null();
    let began = std::time::Instant::now();
    while !heard(&crate::status::status(at, "")) && began.elapsed() < crate::house::PATIENCE {}

    let browser = Browser::start(false);
    let origin = format!("http://{at}");
    browser.visit(&format!("{origin}/"));
    browser.find("body[data-drawn='24h']");
    assert_eq!(browser.text("#name"), "odmr.example.net");
    assert_eq!(browser.text("#state"), "takes mail");
    assert!(browser.text("#tiles").starts_with("Waiting\n3\n"), "{}", browser.text("#tiles"));
    assert_eq!(browser.value("document.title"), "3 waiting – odmr.example.net");
    assert_eq!(browser.text("#ages figcaption"), "example.org\n3");
    assert!(browser.text("#calls tbody th").starts_with("acme"));
    assert!(browser.text("#sessions tbody").contains(HOSTILE), "{}", browser.text("#sessions"));
    browser.click("button[data-window='7d']");
    browser.find("body[data-drawn='7d']");

    assert_eq!(browser.value("typeof window.owned"), "undefined");
    assert_eq!(browser.value("document.querySelectorAll('script').length"), 1);
    assert_eq!(browser.value("document.querySelectorAll('img, iframe, object').length"), 0);
    only_from(&browser, &origin);
}

#[test]
fn a_browser_is_asked_for_the_token_once() {
    if !have(&BROWSER) {
        return;
    }
    let house = House::new(&format!("{OPEN}\nhttp.token = {{ file = \"token\" }}"));
    house.write("token", TOKEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let browser = Browser::start(false);
    browser.visit(&format!("http://{at}/"));
    browser.enter("#token", "not-the-token-at-all");
    browser.click("button");
    browser.find(".refused:not([hidden])");
    browser.enter("#token", TOKEN);
    browser.click("button");
    browser.find("body[data-drawn='24h']");
    browser.visit(&format!("http://{at}/"));
    browser.find("body[data-drawn='24h']");
    assert_eq!(browser.value("document.cookie"), "");
    assert_eq!(browser.value("location.pathname"), "/");
}

#[test]
fn the_form_gives_a_cookie_for_the_token_alone() {
    let house = House::new(&format!("{OPEN}\nhttp.token = {{ file = \"token\" }}"));
    house.write("token", TOKEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let form = get(at, "/", "");
    assert_eq!((form.status, form.body.contains("type=\"password\"")), (401, true));
    assert!(form.body.contains("role=\"alert\" hidden>"), "nothing was refused yet");
    for wrong in
        ["", "token=", "token=wrong", "nothing=1", "token=a-token-nobody-guesse%73s", "%%%"]
    {
        let answer = ask(at, "POST", "/login", "", wrong);
        assert_eq!((answer.status, answer.field("set-cookie")), (401, None), "{wrong}");
        assert!(answer.body.contains("role=\"alert\">That is not"), "{}", answer.body);
    }
    let right = ask(at, "POST", "/login", "", "token=a-token-nobody-guesse%73");
    assert_eq!((right.status, right.field("location")), (303, Some("/")));
    let cookie = right.field("set-cookie").expect("a cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains(TOKEN), "{cookie}");
    let pair = cookie.split(';').next().expect("a pair");
    let page = get(at, "/", &format!("Cookie: {pair}\r\n"));
    assert_eq!(page.status, 200);
    let policy = page.field("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(get(at, "/status.json", &format!("Cookie: {pair}\r\n")).status, 200);
    assert_eq!(get(at, "/status.json", "").status, 401);
}

/// How much waited for each of five at each moment of a day; nothing is known of a while in which the
/// provider was down.
fn depths(n: usize) -> Option<Vec<u32>> {
    let wave = |n: usize, period: usize, high: usize| {
        let phase = (n % period) * 1000 / period;
        (if phase < 930 { phase * high / 930 } else { 0 }) as u32
    };
    let lull = if (60..150).contains(&n) { 2 } else { 1 };
    let down = (171..177).contains(&n);
    let boat = 40 + n as u32 * 372 / 287;
    let layers = vec![
        boat,
        wave(n + 37, 48, 91) / lull,
        wave(n + 41, 72, 61) / lull,
        wave(n + 16, 24, 30),
        12,
    ];
    (!down).then_some(layers)
}

/// What a busy provider would tell. Every name in it may be replaced.
fn busy(name: impl Fn(&str) -> String) -> Value {
    let names = ["boat.example", "example.org", "museum.example", "shop.example"].map(&name);
    let lifetime = 21 * 86_400;
    let domain = |domain: &str, account: &str, ages: [u64; 6], oldest: u64| {
        let messages: u64 = ages.iter().sum();
        json!({ "domain": name(domain), "account": name(account), "messages": messages,
            "bytes": messages * 61_700 + 913, "deferred": ages[4], "in_session": 0,
            "held": if account == "museum" { 2 } else { 0 }, "new_mail_held": account == "museum",
            "oldest_s": oldest, "next_expiry_s": lifetime - oldest, "lifetime_s": lifetime, "ages": ages })
    };
    let points: Vec<_> = (0..288).map(depths).collect();
    let hours = |call: fn(usize) -> [u32; 7]| (0..24).map(call).collect::<Vec<_>>();
    let account = |account: &str, last: Value, silent: bool, call: fn(usize) -> [u32; 7]| {
        json!({ "account": name(account), "last_success": last, "last_attempt": last, "silent": silent,
            "hours": hours(call) })
    };
    let session = |began: &str,
                   account: &str,
                   ip: &str,
                   helo: &str,
                   result: &str,
                   n: [u64; 3],
                   took: u64| {
        json!({ "id": "6926o1", "began": format!("2026-11-26T{began}Z"), "took_ms": took,
            "account": name(account), "ip": ip, "helo": name(helo), "tls": "TLSv1.3", "result": result,
            "delivered": n[0], "deferred": n[1], "refused": n[2], "bytes": n[0] * 48_211 })
    };
    let at = |time: &str| json!(format!("2026-11-26T{time}Z"));
    json!({
        "schema": "odmr.status/1", "at": "2026-11-26T14:36:12Z", "name": name("odmr.example.net"),
        "version": "0.1.0", "uptime_s": 1_043_000, "accepts": true,
        "totals": { "messages": 553, "bytes": 33_400_000, "oldest_s": 1_744_000, "expiring_24h": 3,
            "held": 2, "damaged": 0, "silent_accounts": 1 },
        "spool": { "free_bytes": 61_400_000_000u64, "size_bytes": 100_000_000_000u64 },
        "domains": [
            domain("boat.example", "boat", [14, 51, 96, 118, 87, 46], 1_744_000),
            domain("example.org", "acme", [31, 42, 0, 0, 0, 0], 19_100),
            domain("museum.example", "museum", [9, 20, 7, 0, 0, 0], 71_000),
            domain("shop.example", "shop", [12, 8, 0, 0, 0, 0], 8_400),
        ],
        "other_domains": { "domains": 0, "messages": 0 },
        "outgoing": { "messages": 3, "bytes": 9_200, "deferred": 1, "held": 0, "oldest_s": 4_000,
            "next_expiry_s": 428_000, "trouble": null, "trouble_at": null },
        "depth": { "window": "24h", "step_s": 300, "first": "2026-11-25T14:40:00Z",
            "names": names,
            "points": points },
        "accounts": [
            account("boat", json!(null), true, |n| [0, 0, 0, 0, u32::from(n == 3 || n == 4), u32::from(n == 4), 0]),
            account("museum", at("09:02:10"), false, |n| [u32::from(n % 6 == 0), 0, 0, 0, 0, 0, 0]),
            account("shop", at("14:30:02"), false, |n| [1, 5, u32::from(n == 11), 0, u32::from(n == 16), 0, u32::from(n == 13)]),
            account("acme", at("14:36:01"), false, |n| [u32::from(n % 4 != 1), 2, 0, 0, 0, 0, 0]),
        ],
        "other_accounts": 0, "active_sessions": 1,
        "sessions": [
            session("14:36:01", "acme", "198.51.100.9", "mail.example.org", "ok", [23, 0, 0], 2_310),
            session("14:30:02", "shop", "2001:db8::25", "mx.shop.example", "no_mail", [0, 0, 0], 212),
            session("12:51:40", "shop", "2001:db8::25", "mx.shop.example", "partial", [30, 1, 1], 4_125),
            session("09:02:10", "museum", "203.0.113.77", "post.museum.example", "ok", [41, 0, 0], 38_400),
            session("06:15:33", "shop", "2001:db8::25", "mx.shop.example", "dropped", [4, 0, 0], 61_007),
        ],
    })
}

/// The real page over figures of our own: everything but those is asked of the daemon.
fn in_front_of(at: SocketAddr, status: &Value) -> SocketAddr {
    let schema = include_str!("../../src/flow/desk/schema/status.json");
    let schema = serde_json::from_str(schema).expect("a schema");
    jsonschema::validate(&schema, status).expect("figures by their schema");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let front = listener.local_addr().expect("an address");
    let status = status.to_string();
    std::thread::spawn(move || {
        for caller in listener.incoming().map_while(Result::ok) {
            let status = status.clone();
            std::thread::spawn(move || pass_on(caller, at, &status));
        }
    });
    front
}

fn pass_on(mut caller: TcpStream, at: SocketAddr, status: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        if caller.read(&mut octet).unwrap_or(0) == 0 {
            return;
        }
        head.push(octet[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let answer = if path.starts_with("/status.json") {
        let length = status.len();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{status}"
        )
    } else {
        crate::http::raw(
            at,
            format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n").as_bytes(),
        )
    };
    let _ = caller.write_all(answer.as_bytes());
}

#[test]
fn every_name_that_is_shown_is_text() {
    if !have(&BROWSER) {
        return;
    }
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let front = in_front_of(at, &busy(|name| format!("{name}{HOSTILE}\u{202e}")));
    let browser = Browser::start(false);
    browser.visit(&format!("http://{front}/"));
    browser.find("body[data-drawn='24h']");
    for place in ["#name", "#legend", "#ages", "#calls", "#sessions"] {
        let seen = browser.value(&format!("document.querySelector('{place}').textContent"));
        assert!(seen.as_str().is_some_and(|seen| seen.contains(HOSTILE)), "{place}: {seen}");
    }
    assert_eq!(browser.value("typeof window.owned"), "undefined");
    assert_eq!(browser.value("document.querySelectorAll('script').length"), 1);
    assert_eq!(browser.value("document.querySelectorAll('img').length"), 0);
    only_from(&browser, &format!("http://{front}"));
}

#[test]
fn the_page_tells_what_it_draws_to_those_who_cannot_see_it() {
    if !have(&BROWSER) {
        return;
    }
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let front = in_front_of(at, &busy(str::to_owned));
    for dark in [false, true] {
        let browser = Browser::start(dark);
        browser.resize(1160, 1640);
        browser.visit(&format!("http://{front}/"));
        browser.find("body[data-drawn='24h']");
        let dark_ground = browser.value("getComputedStyle(document.body).backgroundColor");
        assert_eq!(dark_ground == "rgb(18, 22, 28)", dark, "{dark_ground}");
        let words = browser.value("document.querySelector('#depth svg title').textContent");
        let words = words.as_str().unwrap_or_default();
        assert!(words.contains("Messages waiting in the last 24h"), "{words}");
        let unnamed = "document.querySelectorAll('svg:not([aria-hidden]):not([role=img])').length";
        assert_eq!(browser.value(unnamed), 0);
        // A picture without a name is none to a reader of screens; nor is a colour.
        let nameless = "[...document.querySelectorAll('svg[role=img]')].filter((picture) =>
            !picture.getAttribute('aria-label') && !picture.getAttribute('aria-labelledby')).length";
        assert_eq!(browser.value(nameless), 0);
        assert_eq!(browser.value("document.querySelectorAll('#calls .broken').length"), 3);
        let cards = browser.value("document.querySelector('#ages').textContent");
        let cards = cards.as_str().unwrap_or_default();
        assert_eq!(cards.matches("2 on hold, what comes is held").count(), 1, "{cards}");
        // Nothing runs out of a narrow window.
        browser.resize(520, 900);
        assert_eq!(browser.value("document.documentElement.scrollWidth <= innerWidth"), true);
        browser.resize(1160, 1640);
        if let Some(path) = std::env::var_os("ODMR_SCREENSHOT") {
            let path = std::path::PathBuf::from(path);
            let path = if dark { path.with_extension("dark.png") } else { path };
            std::fs::write(path, browser.picture()).expect("a picture");
        }
        only_from(&browser, &format!("http://{front}"));
    }
}
