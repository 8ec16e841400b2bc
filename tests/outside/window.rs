//! Who may look, and how little can be done by looking.

use crate::house::{House, PATIENCE};
use crate::http::{ask, get, parse, raw};

const OPEN: &str = "http.listen = \"127.0.0.1:0\"\nqueue.reserve = \"1 MiB\"";
const TOKEN: &str = "a-token-nobody-guesses";

#[test]
fn health_may_be_asked_by_everybody_and_figures_by_who_knows_the_token() {
    let house = House::new(&format!("{OPEN}\nhttp.token = {{ file = \"token\" }}"));
    house.write("token", TOKEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");

    assert_eq!(
        (get(at, "/healthz", "").status, get(at, "/healthz", "").body.as_str()),
        (200, "ok\n")
    );
    assert_eq!(
        (get(at, "/readyz", "").status, get(at, "/readyz", "").body.as_str()),
        (200, "ready\n")
    );
    // Whose would it be? RFC 9112, section 3.2.
    assert_eq!(get(at, "/healthz", "Host: localhost\r\nHost: evil.example\r\n").status, 400);
    let refused = get(at, "/metrics", "");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.field("www-authenticate"), Some("Bearer realm=\"odmrd\""));
    let wrong = get(at, "/metrics", "Authorization: Bearer a-token-nobody-guessed\r\n");
    assert_eq!((wrong.status, wrong.body.contains("odmr_")), (401, false));
    let right = get(at, "/metrics", &format!("Authorization: Bearer {TOKEN}\r\n"));
    assert_eq!(right.status, 200);
    assert_eq!(right.field("cache-control"), Some("no-store"));
    assert_eq!(get(at, "/no-such-page", "").status, 401);

    // A reload reads the token again.
    house.write("token", "another-token-nobody-guesses");
    crate::house::signal(provider.pid(), rustix::process::Signal::HUP);
    provider.until(&["read again"]);
    assert_eq!(get(at, "/metrics", &format!("Authorization: Bearer {TOKEN}\r\n")).status, 401);

    let log = provider.stop();
    assert!(!log.contains(TOKEN), "{log}");
}

#[test]
fn without_a_token_a_name_from_elsewhere_is_told_nothing() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    assert_eq!(get(at, "/metrics", "").status, 200);
    assert_eq!(get(at, "/metrics", "Host: localhost\r\n").status, 200);
    let rebound = get(at, "/metrics", "Host: evil.example\r\n");
    assert_eq!((rebound.status, rebound.body.contains("odmr_")), (421, false));
}

#[test]
fn nothing_can_be_changed_and_no_request_is_too_large() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = ask(at, method, "/metrics", "", "");
        assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    assert_eq!(ask(at, "HEAD", "/metrics", "", "").status, 200);
    assert_eq!(get(at, "/../../etc/passwd", "").status, 404);
    assert_eq!(ask(at, "POST", "/metrics", "", &"x".repeat(5000)).status, 413);

    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(64 * 1024));
    assert!(matches!(parse(&raw(at, long.as_bytes())).status, 414 | 431));
    let many = format!("GET / HTTP/1.1\r\nHost: {at}\r\n{}\r\n", "A: b\r\n".repeat(200));
    assert_eq!(parse(&raw(at, many.as_bytes())).status, 431);
    for garbage in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"EHLO there\r\n\r\n",
        b"\0\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
    ] {
        let heard = raw(at, &[garbage, b"\r\n\r\n"].concat());
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "{garbage:?}: {heard}");
    }
    assert_eq!(get(at, "/healthz", "").status, 200);
}

#[test]
fn those_who_say_nothing_keep_nobody_out_of_the_mail() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let silent: Vec<_> =
        (0..40).map(|_| std::net::TcpStream::connect(at).expect("a connection")).collect();
    // Whoever comes beyond the thirty-second is hung up on.
    let last = silent.last().expect("one");
    last.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let heard = std::io::Read::read(&mut { last }, &mut [0; 1]);
    assert!(matches!(heard, Ok(0) | Err(_)), "{heard:?}");
    assert!(provider.bring("Hello", "body").starts_with("250"));
    drop(silent);
    let log = provider.stop();
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn a_provider_that_refuses_mail_is_well_but_not_ready() {
    let house = House::new("http.listen = \"127.0.0.1:0\"\nqueue.reserve = \"4096 TiB\"");
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    assert_eq!(get(at, "/healthz", "").status, 200);
    assert_eq!(get(at, "/readyz", "").status, 503);
    assert!(get(at, "/metrics", "").body.contains("\nodmr_spool_accepts 0.0\n"));
}

#[test]
fn a_token_that_anybody_would_guess_is_refused() {
    let house = House::new(&format!("{OPEN}\nhttp.token = {{ file = \"token\" }}"));
    house.write("token", "short");
    let refused = house.run_odmrd(&["run"]);
    let said = crate::house::stderr(&refused);
    assert_eq!(refused.status.code(), Some(78), "{said}");
    assert!(said.contains("has 5 characters; allowed: 16 or more"), "{said}");
    assert!(!said.contains("short"), "{said}");
}

#[test]
fn a_reload_does_not_take_the_token_from_a_door_that_strangers_reach() {
    let open = "http.listen = \"0.0.0.0:0\"\nqueue.reserve = \"1 MiB\"";
    let token = "http.token = { file = \"token\" }";
    let house = House::new(&format!("{open}\n{token}"));
    house.write("token", TOKEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let at = std::net::SocketAddr::from(([127, 0, 0, 1], at.port()));
    let asked = |at| get(at, "/metrics", "").status;
    assert_eq!(asked(at), 401);

    // In order as it stands; but what it names is not what is open.
    let settings = house.path("odmrd.toml");
    let text = std::fs::read_to_string(&settings).expect("its settings");
    house.write("odmrd.toml", &text.replace("0.0.0.0:0", "127.0.0.1:0").replace(token, ""));
    crate::house::signal(provider.pid(), rustix::process::Signal::HUP);
    let told = provider.until(&["what was in force stays in force"]);
    assert!(told.contains("http.token: not set, but others can reach 0.0.0.0"), "{told}");
    assert_eq!(asked(at), 401);

    // With it the other address is said to wait.
    house.write("odmrd.toml", &text.replace("0.0.0.0:0", "127.0.0.1:0"));
    crate::house::signal(provider.pid(), rustix::process::Signal::HUP);
    provider.until(&["these take a restart", "http.listen"]);
    provider.until(&["read again"]);
    assert_eq!(asked(at), 401);
}
