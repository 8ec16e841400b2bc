//! Customers: our own, fetchmail, and one that breaks a rule at a time.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::lab::Lab;
use super::lab::authority::{Authority, Identity};
use super::lab::fetchmail::Fetchmail;
use super::lab::ours::AtrnFetch;
use super::lab::postfix::Postfix;
use super::lab::presence::{Peer, have};
use super::lab::process::{Child, Ran, run, run_for};
use super::lab::wait::{PATIENCE, until};
use super::{is_golden, probe};

/// The probe at an address of the lab, with a customer that it starts for each rule.
pub fn served(lab: &Lab, at: SocketAddr, customer: &Command, more: &[&str]) -> Ran {
    let at = at.to_string();
    let mut words = vec!["customer", "--listen", &at, "--name", "probe.test", "--timeout", "5s"];
    words.extend(["--domain", "example.org", "--rcpt", "box@example.org", "--data"]);
    words.extend(more);
    let mut command = probe(&words);
    command.arg("--").arg(customer.get_program()).args(customer.get_args());
    for (key, value) in customer.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    // A customer is started for each rule, and there are many.
    run_for(6 * PATIENCE, lab, command)
}

#[test]
fn our_own_customer_keeps_the_rules() {
    let lab = Lab::open();
    let at = lab.free();
    // Who lets it say its password in clear is told that it does.
    let customer = AtrnFetch::asking(&lab, at, &["example.org"]).into_maildir();
    let customer = customer.flags(&["--tls", "none", "--clear-auth", "cram-md5"]).command("run");
    let ran = served(&lab, at, &customer, &["--json", "--intrusive"]);
    is_golden("atrn-fetch", &ran, 0);
    assert!(!super::said(&ran).contains("correct horse"));
}

#[test]
fn fetchmail_is_what_it_is_known_to_be() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let at = lab.free();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let customer = Fetchmail::new(&lab, at, postfix.address, "example.org").command();
    is_golden("fetchmail", &served(&lab, at, &customer, &["--json"]), 1);
}

#[test]
fn who_does_not_call_is_told_so() {
    let lab = Lab::open();
    let mut nobody = Command::new("/bin/sh");
    nobody.args(["-c", "exit 3"]);
    let ran = served(&lab, lab.free(), &nobody, &["--scenario", "atrn-453"]);
    assert_eq!(ran.code, Some(75), "{ran:#?}");
    assert!(ran.out.contains("it ended with 3, and did not call"), "{}", ran.out);
    let at = lab.free().to_string();
    let ran = run(
        &lab,
        probe(&["customer", "--listen", &at, "--scenario", "atrn-453", "--wait", "50ms"]),
    );
    assert_eq!(ran.code, Some(75), "{ran:#?}");
    assert!(ran.out.contains("nobody called within"), "{}", ran.out);
    for words in [
        &["customer"][..],
        &["customer", "--listen", "nowhere.test"],
        &["customer", "--listen", "127.0.0.1", "--scenario", "no-such"],
        &["customer", "--listen", "127.0.0.1", "--data"],
    ] {
        assert_eq!(run(&lab, probe(words)).code, Some(64), "{words:?}");
    }
}

#[test]
fn our_own_customer_keeps_the_rules_for_servers_behind_the_turn() {
    let lab = Lab::open();
    let at = lab.free();
    // It knows who exists: whose folder is there.
    lab.room("Maildir/box");
    let customer = AtrnFetch::new(&lab, at).into_maildir().flags(&["--others", "local-part"]);
    let rules = ["--json", "--intrusive", "--suite", "--scenario", "quit-221"];
    is_golden("atrn-fetch-suite", &served(&lab, at, &customer.command("run"), &rules), 0);
}

#[test]
fn a_customer_that_knows_everybody_is_told_so() {
    let lab = Lab::open();
    let at = lab.free();
    let customer = AtrnFetch::new(&lab, at).into_maildir().command("run");
    let ran = served(&lab, at, &customer, &["--json", "--suite", "--scenario", "quit-221"]);
    let told = super::provider::outcomes(&ran);
    let known = told.iter().find(|told| told.0 == "relay.unknown-user").expect("the rule");
    assert_eq!(known.1, "warn", "{ran:#?}");
}

#[test]
fn our_own_customer_keeps_the_rules_of_tls() {
    let lab = Lab::open();
    let at = lab.free();
    let ca = Authority::new(&lab);
    let identity = ca.issue(&lab, &["provider.test"]);
    let (cert, key) =
        (identity.certificate.display().to_string(), identity.key.display().to_string());
    let customer = AtrnFetch::over_tls(&lab, at, "starttls", &ca).into_maildir();
    let customer = customer.flags(&["--clear-auth", "cram-md5"]).command("run");
    let (issuer, issuer_key) = (ca.file().display().to_string(), ca.key().display().to_string());
    let rules = ["--json", "--cert", &cert, "--key", &key, "--issuer", &issuer];
    let more = ["--issuer-key", &issuer_key, "--servername", "provider.test"];
    let which = ["--scenario", "tls-*,atrn-after-tls-only"];
    let rules = [&rules[..], &more, &which].concat();
    let ran = served(&lab, at, &customer, &rules);
    is_golden("atrn-fetch-tls", &ran, 0);
    assert!(ran.out.contains("\"pass\":7"), "{}", ran.out);
    // Whoever takes any certificate, and does not mind where there is none, is told.
    let careless = AtrnFetch::asking(&lab, at, &["example.org"]).into_maildir();
    let careless =
        careless.flags(&["--tls", "opportunistic", "--clear-auth", "cram-md5"]).command("run");
    is_golden("atrn-fetch-careless", &served(&lab, at, &careless, &rules), 1);
}

#[test]
fn who_goes_by_a_fingerprint_takes_that_certificate_and_no_other() {
    let lab = Lab::open();
    let at = lab.free();
    let identity = Identity::by_itself(&lab, &["nobody.test"]);
    let other = Identity::by_itself(&lab, &["other.test"]);
    let (cert, key) =
        (identity.certificate.display().to_string(), identity.key.display().to_string());
    let rules = ["--json", "--cert", &cert, "--key", &key, "--pinned", "--scenario"];
    let rules = [&rules[..], &["tls-cert.pinned,tls-cert.self-signed"]].concat();
    for (known, expected) in [(&identity, "pass"), (&other, "fail")] {
        let der = CertificateDer::from_pem_file(&known.certificate).expect("our own certificate");
        let digest = Sha256::digest(&der);
        let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        let customer = AtrnFetch::asking(&lab, at, &["example.org"]).into_maildir();
        let pin = format!("sha256:{hex}");
        let customer = customer.trusting("starttls", &["--fingerprint", &pin]);
        let customer = customer.flags(&["--clear-auth", "cram-md5"]).command("run");
        let ran = served(&lab, at, &customer, &rules);
        let told = super::provider::outcomes(&ran);
        let of = |id: &str| told.iter().find(|told| told.0 == id).expect("a rule").1.clone();
        assert_eq!(of("cust.tls-cert.pinned"), expected, "{ran:#?}");
        assert_eq!(of("cust.tls-cert.self-signed"), "pass", "{ran:#?}");
    }
}

/// What the customer of this test can break.
const BREAKS: &[&str] = &[
    "cust.ehlo-not-helo",
    "cust.waits220",
    "cust.multiline220",
    "cust.greet-421",
    "cust.greet-554",
    "cust.no-atrn",
    "cust.mech-choice",
    "cust.cram-unoffered",
    "cust.auth-535",
    "cust.auth-454",
    "cust.auth-530",
    "cust.auth-challenge-junk",
    "cust.atrn-syntax",
    "cust.atrn-once",
    "cust.atrn-450",
    "cust.atrn-451",
    "cust.atrn-502",
    "cust.atrn-530",
    "cust.atrn-5xx",
    "cust.greets-first",
    "cust.250-quit",
    "cust.quit-221",
    "cust.reversed-helo",
    "cust.odd-name",
    "cust.8bitmime",
    "cust.space-colon",
    "cust.null-sender",
    "cust.postmaster",
    "cust.foreign-rcpt",
    "cust.foreign-forms",
    "cust.rcpt-100",
    "cust.rset-reuse",
    "cust.order",
    "cust.atrn-again-refused",
    "cust.unknown",
    "cust.two-messages",
    "cust.fragments",
    "cust.smug.lf-lf",
    "cust.smug.lf-crlf",
    "cust.smug.crlf-lf",
    "cust.smug.cr-cr",
    "cust.smug.crlf-crcrlf",
    "cust.smug.cr-lf",
    "cust.smug.lf-cr",
    "cust.smug.cr-crlf",
    "cust.smug.crlf-cr",
    "cust.smug.crcrlf-crcrlf",
    "cust.smug.nul-before",
    "cust.smug.nul-after",
    "cust.pipelining",
    "cust.chunking",
    "cust.size",
    "cust.8bit",
    "cust.utf8",
    "cust.dsn",
    "cust.auth-504",
    "cust.many-domains",
    "cust.verb-turn",
    "cust.250-slow",
];

/// What it breaks in another way, and how.
const FINER: &[(&str, &str)] =
    &[("cust.waits220", "cust.leaves-early"), ("cust.mech-choice", "cust.plain-at-last")];

#[test]
fn a_customer_that_breaks_one_rule_is_told_which_and_one_that_breaks_none_is_told_nothing() {
    let lab = Lab::open();
    let mut wrong = Vec::new();
    let otherwise = FINER.iter().map(|(broken, breaks)| (broken, *breaks, "fail"));
    let all = BREAKS.iter().flat_map(|broken| [(broken, *broken, "fail"), (broken, "", "pass")]);
    for (broken, breaks, expected) in all.chain(otherwise) {
        {
            // Who keeps this one waits for ten minutes.
            if (*broken, breaks) == ("cust.250-slow", "") {
                continue;
            }
            let at = lab.free();
            let listen = at.to_string();
            let mut command =
                probe(&["customer", "--listen", &listen, "--scenario", broken, "--json"]);
            command.args(["--name", "probe.test", "--timeout", "5s", "--data"]);
            command.args(["--rcpt", "box@example.org", "--domains", "1"]);
            if *broken == "cust.250-slow" {
                command.arg("--slow");
            }
            let mut child = Child::start(&lab, "probe", command);
            let mut stream = Ok(until("the counter", || TcpStream::connect(at).ok()));
            let customer = std::thread::spawn(move || {
                // It calls again for as long as there is anybody.
                while let Ok(line) = stream {
                    let _ = Scripted::of(line, breaks).call();
                    stream = TcpStream::connect(at);
                }
            });
            child.wait();
            let told = child.log();
            let _ = customer.join();
            let outcome = format!("\"outcome\":\"{expected}\"");
            if !told.contains(&outcome) {
                wrong.push(format!(
                    "{broken}, breaking {breaks:?}: {}",
                    told.chars().take(1500).collect::<String>()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const OFFERS: &str = "250-customer.test\r\n250-SIZE\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n\
                      250-DSN\r\n250 8BITMIME";

/// The line is closed.
struct Gone;

/// A customer that keeps every rule but one.
struct Scripted {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    breaks: &'static str,
}

impl Scripted {
    fn of(stream: TcpStream, breaks: &'static str) -> Scripted {
        let reader = BufReader::new(stream.try_clone().expect("a reader"));
        Scripted { reader, writer: stream, breaks }
    }

    fn breaks(&self, id: &str) -> bool {
        self.breaks == format!("cust.{id}")
    }

    fn say(&mut self, text: &str) -> Result<(), Gone> {
        self.writer.write_all(format!("{text}\r\n").as_bytes()).map_err(|_| Gone)
    }

    fn hear(&mut self) -> Result<String, Gone> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(1..) => Ok(String::from_utf8_lossy(&line).into_owned()),
            _ => Err(Gone),
        }
    }

    fn reply(&mut self) -> Result<(u16, String), Gone> {
        let mut text = String::new();
        loop {
            let line = self.hear()?;
            text.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') || self.breaks("multiline220") {
                return Ok((line.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0), text));
            }
        }
    }

    fn ask(&mut self, line: &str) -> Result<(u16, String), Gone> {
        self.say(line)?;
        self.reply()
    }

    fn call(&mut self) -> Result<(), Gone> {
        if self.breaks("leaves-early") {
            return Err(Gone);
        }
        if self.breaks("waits220") {
            self.say("EHLO customer.test")?;
            // Its greeting comes behind that for sure: the probe waits for both.
        }
        let (code, _) = self.reply()?;
        let goes_on = self.breaks("greet-421") || self.breaks("greet-554");
        if code != 220 && !goes_on {
            return Err(Gone);
        }
        let verb = if self.breaks("ehlo-not-helo") { "HELO" } else { "EHLO" };
        let (_, offers) = self.ask(&format!("{verb} customer.test"))?;
        if self.breaks("multiline220") {
            return self.ask("QUIT").map(drop);
        }
        if offers.contains("TURN\r\n") && !offers.contains("ATRN") {
            return self.turn(&offers);
        }
        if !offers.contains("ATRN") && !self.breaks("no-atrn") {
            return self.ask("QUIT").map(drop);
        }
        if self.log_in(&offers)? { self.fetch() } else { self.ask("QUIT").map(drop) }
    }

    fn turn(&mut self, offers: &str) -> Result<(), Gone> {
        if self.breaks("verb-turn") || self.log_in(offers)? {
            self.ask("TURN")?;
        }
        self.ask("QUIT").map(drop)
    }

    fn log_in(&mut self, offers: &str) -> Result<bool, Gone> {
        if !offers.contains("CRAM-MD5") && self.breaks("plain-at-last") {
            return Ok(self.ask("AUTH PLAIN AGEAYg==")?.0 == 235);
        }
        if !offers.contains("CRAM-MD5") && !self.breaks("cram-unoffered") {
            return Ok(false);
        }
        if self.breaks("mech-choice") {
            return Ok(self.ask("AUTH PLAIN AGEAYg==")?.0 == 235);
        }
        let (_, challenge) = self.ask("AUTH CRAM-MD5")?;
        if challenge.contains('!') && !self.breaks("auth-challenge-junk") {
            self.ask("*")?;
            return Ok(false);
        }
        let (code, _) = self.ask("YWNtZSAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA==")?;
        Ok(code == 235 || self.breaks.starts_with("cust.auth-5") || self.breaks("auth-454"))
    }

    fn fetch(&mut self) -> Result<(), Gone> {
        let many = format!("ATRN example.org{}", ",example.org".repeat(50));
        self.say(match self.breaks {
            "cust.atrn-syntax" => "ATRN vm",
            "cust.many-domains" => &many,
            _ => "ATRN example.org",
        })?;
        if self.breaks("250-slow") {
            return Err(Gone);
        }
        if self.breaks("atrn-once") {
            self.say("220 customer.test")?;
        }
        let (code, _) = self.reply()?;
        match code {
            250 => self.serve(),
            453 => self.ask("QUIT").map(drop),
            _ if self.breaks.starts_with("cust.atrn-") => self.ask("220 customer.test").map(drop),
            _ => self.ask("QUIT").map(drop),
        }
    }

    fn serve(&mut self) -> Result<(), Gone> {
        self.say(if self.breaks("greets-first") {
            "250 customer.test"
        } else {
            "220 customer.test"
        })?;
        let (mut mail, mut rcpts, mut messages) = (false, 0, 0);
        loop {
            let line = self.hear()?;
            let upper = line.trim_end().to_ascii_uppercase();
            let verb = upper.split([' ', ':']).next().unwrap_or_default();
            let answer = match verb {
                "EHLO" if upper.contains("AUTOTURN") && self.breaks("odd-name") => "550 no",
                "EHLO" if self.breaks("8bitmime") => "250-customer.test\r\n250 SIZE",
                "EHLO" => OFFERS,
                "HELO" if self.breaks("reversed-helo") => "502 no",
                "MAIL" if upper.contains(": ") && self.breaks("space-colon") => "501 no",
                "MAIL" if upper.contains("<>") && self.breaks("null-sender") => "550 no",
                "MAIL" if upper.ends_with("SMTPUTF8") && self.breaks("utf8") => "555 no",
                "MAIL" if upper.ends_with("SIZE=1") && self.breaks("size") => "555 no",
                "MAIL" if upper.contains("SIZE=999") => "552 no",
                "MAIL" if !self.reader.buffer().is_empty() && self.breaks("pipelining") => {
                    return Err(Gone);
                }
                "RCPT" if upper.contains("NOTIFY") && self.breaks("dsn") => "555 no",
                "BDAT" if !self.breaks("chunking") => {
                    let size = upper.split(' ').nth(1).and_then(|size| size.parse().ok());
                    let mut chunk = vec![0; size.unwrap_or(0)];
                    let read = std::io::Read::read_exact(&mut self.reader, &mut chunk);
                    read.map_err(|_| Gone)?;
                    "250 ok"
                }
                "MAIL" if messages > 0 && self.breaks("two-messages") => "550 no",
                "MAIL" => {
                    (mail, rcpts) = (true, 0);
                    "250 ok"
                }
                "RCPT" => {
                    rcpts += 1;
                    self.rcpt(&upper, mail, rcpts)
                }
                "RSET" if self.breaks("rset-reuse") => "502 no",
                "HELO" | "RSET" | "NOOP" => "250 ok",
                "DATA" if rcpts == 0 => "503 no",
                "DATA" => {
                    self.say("354 go on")?;
                    let taken = self.content()?;
                    (mail, rcpts, messages) = (false, 0, messages + 1);
                    if taken { "250 ok" } else { "554 no" }
                }
                "ATRN" | "TURN" if self.breaks("atrn-again-refused") => "250 ok",
                "XEXCH50" if self.breaks("unknown") => "250 ok",
                "QUIT" if self.breaks("250-quit") || self.breaks("quit-221") => "250 bye",
                "QUIT" => return self.say("221 bye"),
                _ => "502 no",
            };
            self.say(answer)?;
        }
    }

    fn rcpt(&self, upper: &str, mail: bool, count: usize) -> &'static str {
        let path = upper.split('>').next().unwrap_or_default();
        let is_foreign = !path.ends_with("@EXAMPLE.ORG");
        let is_odd = upper.contains("<@") || upper.ends_with(".>");
        match () {
            () if !mail && self.breaks("order") => "250 ok",
            () if !mail => "503 no",
            () if is_odd && self.breaks("foreign-forms") => "250 ok",
            () if is_foreign && !is_odd && self.breaks("foreign-rcpt") => "250 ok",
            () if is_foreign => "550 no",
            () if upper.contains("POSTMASTER") && self.breaks("postmaster") => "550 no",
            () if count > 50 && self.breaks("rcpt-100") => "452 no",
            () => "250 ok",
        }
    }

    /// Takes a content in; whatever else it takes for its end is the rule it breaks.
    fn content(&mut self) -> Result<bool, Gone> {
        let ends: &[u8] = match self.breaks {
            "cust.smug.lf-lf" => b"\n.\n",
            "cust.smug.lf-crlf" => b"\n.\r\n",
            "cust.smug.crlf-lf" => b"\r\n.\n",
            "cust.smug.cr-cr" => b"\r.\r",
            "cust.smug.crlf-crcrlf" => b"\r\n.\r\r\n",
            "cust.smug.cr-lf" => b"\r.\n",
            "cust.smug.lf-cr" => b"\n.\r",
            "cust.smug.cr-crlf" => b"\r.\r\n",
            "cust.smug.crlf-cr" => b"\r\n.\r",
            "cust.smug.crcrlf-crcrlf" => b"\r\r\n.\r\r\n",
            "cust.smug.nul-before" => b"\r\n\0.\r\n",
            "cust.smug.nul-after" => b"\r\n.\0\r\n",
            _ => b"\r\n.\r\n",
        };
        let mut seen = b"\r\n".to_vec();
        let mut byte = [0; 1];
        while !seen.ends_with(ends) && !seen.ends_with(b"\r\n.\r\n") {
            std::io::Read::read_exact(&mut self.reader, &mut byte).map_err(|_| Gone)?;
            seen.push(byte[0]);
        }
        if self.breaks("8bit") && seen.iter().any(|octet| *octet > 0x7f) {
            return Ok(false);
        }
        Ok(!self.breaks("fragments") || !seen.windows(7).any(|piece| piece == b"A piece"))
    }
}
