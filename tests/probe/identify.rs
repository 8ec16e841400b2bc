//! `smtp-probe identify`: real servers are told by what they do, and whoever pretends is found out.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::lab::Lab;
use super::lab::ours::Odmrd;
use super::lab::postfix::Postfix;
use super::lab::presence::{Peer, have};
use super::lab::process::{Ran, run};
use super::{lab, probe};

fn identified(lab: &Lab, at: SocketAddr, more: &[&str]) -> Ran {
    let at = at.to_string();
    let mut words = vec!["identify", &at, "--ehlo", "probe.test"];
    words.extend(more);
    run(lab, probe(&words))
}

fn identity(ran: &Ran) -> Value {
    let first = ran.out.lines().next().unwrap_or_default();
    let identity: Value =
        serde_json::from_str(first).unwrap_or_else(|why| panic!("{why}: {ran:#?}"));
    assert_eq!(identity["schema"], "odmr.probe.identity/1");
    identity
}

/// What it is told to be, and what is missing for that, against what is known.
#[track_caller]
fn is_golden(lab: &Lab, name: &str, at: SocketAddr) {
    let ran = identified(lab, at, &["--json"]);
    let identity = identity(&ran);
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let product = word(&identity["product"]["id"]);
    let mut told = format!("{} {}\n", word(&identity["certainty"]), product);
    for sign in identity["evidence"].as_array().expect("a list") {
        let own = sign["of"].as_array().expect("a list").iter().any(|of| *of == product.as_str());
        match (sign["found"] == true, own) {
            (false, _) => told.push_str(&format!("missing {}\n", word(&sign["id"]))),
            (true, false) => told.push_str(&format!("strange {}\n", word(&sign["id"]))),
            (true, true) => {}
        }
    }
    let golden = format!("{}/tests/probe/golden/identify-{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("ODMR_REGENERATE").is_some() {
        std::fs::write(&golden, &told).expect("a golden file");
    }
    let known = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(told, known, "{name} speaks otherwise than {golden} says: {}", ran.out);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn odmrd_is_told() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    is_golden(&lab, "odmrd", odmrd.mx);
}

#[test]
fn postfix_is_told() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    is_golden(&lab, "postfix", postfix.address);
}

#[test]
fn exim_is_told() {
    if !have(&[Peer::Exim]) {
        return;
    }
    let lab = Lab::open();
    let exim = lab::exim::receiving(&lab, "example.org");
    is_golden(&lab, "exim", exim.address);
}

#[test]
fn opensmtpd_is_told() {
    if !have(&[Peer::OpenSmtpd]) {
        return;
    }
    let lab = Lab::open();
    let opensmtpd = lab::opensmtpd::receiving(&lab, "example.org");
    is_golden(&lab, "opensmtpd", opensmtpd.address);
}

/// A Postfix that says that it is something else, and what it hears.
struct Pretender {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Pretender {
    fn start(greeting: &'static [u8], atrn: &'static str) -> Pretender {
        Pretender::begin(greeting, atrn, None)
    }

    /// It offers NTLM, and says this for a challenge.
    fn challenging(challenge: &'static str) -> Pretender {
        Pretender::begin(b"220 mx.example.test ESMTP\r\n", NOT_HERE, Some(challenge))
    }

    fn begin(
        greeting: &'static [u8],
        atrn: &'static str,
        challenge: Option<&'static str>,
    ) -> Pretender {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("its address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                told.lock().expect("the list").push("(a call)".to_owned());
                let _ = serve(stream, greeting, atrn, challenge, &told);
            }
        });
        Pretender { at, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("the list").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    greeting: &[u8],
    atrn: &str,
    challenge: Option<&str>,
    heard: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    stream.write_all(greeting)?;
    let mut lines = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        heard.lock().expect("the list").push(line.to_owned());
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if challenge.is_some() => "250-mx.example.test\r\n250 AUTH GSSAPI NTLM",
            "AUTH" if challenge.is_some() => "334 ntlm supported",
            "TlRMTVNTUAABAAAAB4IIoAAAAAAAAAAAAAAAAAAAAAA=" => challenge.unwrap_or_default(),
            "*" => "501 5.7.0 as you like",
            "EHLO" => "250-mx.example.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME",
            "NOOP" | "RSET" => "250 2.0.0 Ok",
            "MAIL" => "250 2.1.0 Ok",
            "RCPT" => "503 5.5.1 Error: need MAIL command",
            "VRFY" => "252 2.0.0 postmaster",
            "QUIT" => "221 2.0.0 Bye",
            "ATRN" => atrn,
            _ => "500 5.5.2 Error: command not recognized",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

const EXCHANGE: &[u8] =
    b"220 ex1.example.test Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  \
                          Sun, 22 Feb 2004 16:03:04 +0000 \r\n";
const NOT_HERE: &str = "502 5.5.1 Error: command not implemented";

#[test]
fn who_pretends_is_found_out() {
    let lab = Lab::open();
    let pretender = Pretender::start(EXCHANGE, NOT_HERE);
    let ran = identified(&lab, pretender.at, &["--json"]);
    let told = identity(&ran);
    assert_eq!(told["certainty"], "imitation", "{ran:#?}");
    assert_eq!(told["product"]["id"], "postfix");
    assert_eq!(told["claims"]["id"], "exchange2003-ws2003");
    assert_eq!(told["holes"][0]["id"], "MS10-024");
    assert_eq!(ran.code, Some(0), "nothing of a MUST, and no hole that is proven: {ran:#?}");
    assert_eq!(identified(&lab, pretender.at, &["--fail-on", "interop"]).code, Some(1));
    let human = identified(&lab, pretender.at, &[]);
    for part in
        ["imitation, or a proxy", "FAIL id.agrees", "warn id.holes", "-> RSET", "<- 250 2.0.0 Ok"]
    {
        assert!(human.out.contains(part), "{part}: {}", human.out);
    }
    for form in ["json", "tap", "junit", "sarif", "markdown", "html"] {
        let ran = identified(&lab, pretender.at, &["--format", form]);
        assert!(ran.out.contains("id.agrees"), "{form}: {}", ran.out);
    }
}

#[test]
fn it_asks_politely_and_over_one_line() {
    let lab = Lab::open();
    let pretender = Pretender::start(EXCHANGE, NOT_HERE);
    identified(&lab, pretender.at, &["--level", "passive"]);
    let passive = ["(a call)", "EHLO probe.test", "HELP", "NOOP", "RSET", "QUIT"];
    assert_eq!(pretender.heard(), passive);
    let pretender = Pretender::start(EXCHANGE, NOT_HERE);
    identified(&lab, pretender.at, &[]);
    let heard = pretender.heard();
    let count = |what: &str| heard.iter().filter(|line| line.starts_with(what)).count();
    assert_eq!(
        (count("(a call)"), count("MAIL FROM:<>"), count("DATA"), count("AUTH")),
        (1, 1, 0, 0)
    );
}

#[test]
fn who_turns_for_anybody_hears_nothing_more() {
    let lab = Lab::open();
    let pretender = Pretender::start(EXCHANGE, "250 2.0.0 now reversing");
    let ran = identified(&lab, pretender.at, &[]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.out.contains("FAIL id.turns"), "{}", ran.out);
    assert_eq!(pretender.heard().last().map(String::as_str), Some("ATRN"));
}

#[test]
fn who_cannot_be_asked_is_told_in_one_line() {
    let lab = Lab::open();
    let one_line = |ran: &Ran, code: i32| {
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        let errors = ran.err.lines().filter(|line| !line.trim_start().starts_with("hint")).count();
        assert_eq!(errors, 1, "{}", ran.err);
    };
    one_line(&identified(&lab, lab.free(), &[]), 69);
    let silent = Pretender::start(b"", NOT_HERE);
    one_line(&identified(&lab, silent.at, &["--timeout", "300ms"]), 76);
    let cut = Pretender::start(b"220 mx.exam", NOT_HERE);
    one_line(&identified(&lab, cut.at, &["--timeout", "300ms"]), 75);
    let web = Pretender::start(b"HTTP/1.1 400 Bad Request\r\n\r\n", NOT_HERE);
    one_line(&identified(&lab, web.at, &[]), 76);
    let bad = run(&lab, probe(&["identify", "mx.example.org:0"]));
    assert_eq!(bad.code, Some(64), "{bad:#?}");
    let gone = run(&lab, probe(&["identify", "nowhere.invalid"]));
    assert!([Some(68), Some(69)].contains(&gone.code), "{gone:#?}");
}

#[test]
fn what_has_no_end_is_bounded_and_what_is_hostile_harmless() {
    let lab = Lab::open();
    let endless = Pretender::start(b"220 mx\r\n", NOT_HERE);
    let flood: &'static [u8] = Box::leak(b"220-\x1b[2Jmore\r\n".repeat(200_000).into_boxed_slice());
    let flooding = Pretender::start(flood, NOT_HERE);
    assert_eq!(identified(&lab, endless.at, &[]).code, Some(0));
    for form in ["human", "json", "jsonl", "tap", "junit", "sarif", "markdown", "html"] {
        let ran = identified(&lab, flooding.at, &["-v", "--format", form]);
        assert!(
            [Some(0), Some(75), Some(76)].contains(&ran.code),
            "{form}: {:?} {}",
            ran.code,
            ran.err
        );
        assert!(!format!("{}{}", ran.out, ran.err).contains('\u{1b}'), "{form}");
    }
}

const CHALLENGE: &str =
    "334 TlRMTVNTUAACAAAAAAAAADgAAAABAgACASNFZ4mrze8AAAAAAAAAAAAAAAA4AAAABQLODgAAAA8=";

#[test]
fn a_challenge_is_asked_for_and_never_answered() {
    let lab = Lab::open();
    let asked = ["AUTH NTLM", "TlRMTVNTUAABAAAAB4IIoAAAAAAAAAAAAAAAAAAAAAA=", "*", "QUIT"];
    let server = Pretender::challenging(CHALLENGE);
    let ran = identified(&lab, server.at, &["--json"]);
    assert_eq!(identity(&ran)["ntlm"]["version"], "5.2.3790", "{ran:#?}");
    let heard = server.heard();
    assert_eq!(heard[heard.len() - 4..], asked);
    assert_eq!(heard.iter().filter(|line| *line == "(a call)").count(), 1);
    let human = identified(&lab, server.at, &[]).out;
    assert!(human.contains("NTLM names Windows 5.2.3790"), "{human}");
    // Nor is it asked for where it is not to be, and what is refused is left alone.
    for more in [&["--no-ntlm"][..], &["--level", "passive"]] {
        let server = Pretender::challenging(CHALLENGE);
        assert_eq!(
            identity(&identified(&lab, server.at, &[more, &["--json"]].concat()))["ntlm"],
            Value::Null
        );
        assert!(!server.heard().iter().any(|line| line.starts_with("AUTH")), "{more:?}");
    }
    let server = Pretender::challenging("504 5.7.4 not today");
    identified(&lab, server.at, &[]);
    assert!(!server.heard().iter().any(|line| line == "*"), "{:?}", server.heard());
}

/// A name of four thousand letters, one with an escape in it, a length that is a lie, and no base64 at all.
#[test]
fn a_hostile_challenge_tells_nothing() {
    let lab = Lab::open();
    let challenge = |name: &[u8], length: usize| {
        let utf16: Vec<u8> = name.iter().flat_map(|octet| [*octet, 0]).collect();
        let pair = [&[1, 0][..], &(length as u16).to_le_bytes(), &utf16].concat();
        let size = (pair.len() as u16).to_le_bytes();
        let head = [&b"NTLMSSP\0\x02\0\0\0"[..], &[0; 8], &[1, 2, 0, 0], &[9; 16], &size, &size];
        base64(&[&head.concat()[..], &48u32.to_le_bytes(), &pair].concat())
    };
    let long = challenge(&[b'x'; 4000], 8000);
    let escape = challenge(b"EX\x1b[2J", 12);
    let lie = challenge(b"EX1", 60_000);
    let told = |challenge: String| {
        let said: &'static str = Box::leak(format!("334 {challenge}").into_boxed_str());
        let server = Pretender::challenging(said);
        let ran = identified(&lab, server.at, &["--json", "--timeout", "2s"]);
        let human = identified(&lab, server.at, &["--timeout", "2s"]);
        assert!(ran.code == Some(0) && !human.out.contains('\u{1b}'), "{human:#?}");
        identity(&ran)["ntlm"].clone()
    };
    assert_eq!(told(long), Value::Null, "longer than a line of AUTH");
    assert_eq!(told(escape)["computer"], "EX\u{1b}[2J");
    assert_eq!(told(lie)["computer"], Value::Null);
    assert_eq!(told("!".repeat(300)), Value::Null);
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(octets)
}
