//! Customers with surroundings: a lock, a target, a report. Each is this very program, started anew by the probe.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::customer::served;
use super::is_golden;
use super::lab::Lab;
use super::lab::fetchmail::Fetchmail;
use super::lab::ours::AtrnFetch;
use super::lab::presence::{Peer, have};
use super::provider::outcomes;

/// What it can break.
const BREAKS: &[&str] = &[
    "cust.told-apart",
    "cust.lock",
    "cust.report",
    "cust.local-mta-down",
    "cust.target-4xx",
    "cust.target-5xx",
    "cust.no-250-before-safe",
    "cust.dup-on-drop",
];

/// This program, as a customer that breaks this.
fn customer(at: SocketAddr, target: SocketAddr, lock: SocketAddr, breaks: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "surroundings::is_a_customer", "--nocapture"]);
    command.env("ODMR_TEST_CUSTOMER", format!("{at} {target} {lock} {breaks}"));
    command
}

#[test]
fn a_customer_that_breaks_a_rule_of_its_surroundings_is_told_which() {
    let lab = Lab::open();
    let mut wrong = Vec::new();
    for broken in BREAKS {
        for (breaks, expected) in [(*broken, "fail"), ("nothing", "pass")] {
            // It keeps no register, and that is allowed.
            let is_allowed = (*broken, breaks) == ("cust.dup-on-drop", "nothing");
            let expected = if is_allowed { "warn" } else { expected };
            let (at, target, lock) = (lab.free(), lab.free(), lab.free());
            let there = target.to_string();
            let customer = customer(at, target, lock, breaks);
            let ran =
                served(&lab, at, &customer, &["--json", "--target", &there, "--scenario", broken]);
            match &outcomes(&ran)[..] {
                [(id, outcome, _)] if id == broken && outcome == expected => {}
                other => wrong.push(format!("{broken}, {breaks}: {other:?} {}", ran.err)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_customer_that_does_not_wait_and_one_that_is_no_proper_server_are_told() {
    let lab = Lab::open();
    let (at, target, lock) = (lab.free(), lab.free(), lab.free());
    let hasty = customer(at, target, lock, "cust.hang");
    let ran = served(&lab, at, &hasty, &["--json", "--slow", "--scenario", "hang"]);
    assert_eq!(outcomes(&ran)[0].1, "fail", "{ran:#?}");
    let poor = customer(at, target, lock, "nothing");
    let there = target.to_string();
    let suite = ["--json", "--suite", "--target", &there, "--scenario", "suite-a"];
    let ran = served(&lab, at, &poor, &suite);
    let told = outcomes(&ran).pop().expect("a rule");
    assert_eq!((told.0.as_str(), told.1.as_str()), ("cust.suite-a", "fail"), "{ran:#?}");
}

#[test]
fn our_own_customer_keeps_the_rules_of_its_surroundings() {
    // Whom it delivers to by LMTP, it hears once for each recipient.
    for protocol in ["smtp", "lmtp", "lmtp:unix"] {
        let lab = Lab::open();
        let (at, target) = (lab.free(), lab.free());
        let there = match protocol {
            "lmtp:unix" => format!("unix:{}", lab.path("lmtp").display()),
            _ => target.to_string(),
        };
        let protocol = protocol.split(':').next().expect("a word");
        let fetch = AtrnFetch::new(&lab, at).into(&format!("{protocol}:{there}"));
        let mut customer = fetch.command("run");
        customer.arg("--json");
        let rules = BREAKS.join(",");
        let more = ["--json", "--target", &there, "--scenario", &rules];
        let ran = served(&lab, at, &customer, &more);
        let amiss: Vec<_> = outcomes(&ran).into_iter().filter(|told| told.1 != "pass").collect();
        // Without `dedupe` it remembers nothing.
        assert!(
            matches!(&amiss[..], [(id, warn, _)] if id == "cust.dup-on-drop" && warn == "warn"),
            "{protocol}: {amiss:#?}\n{ran:#?}"
        );
    }
}

#[test]
fn fetchmail_is_known_in_its_surroundings() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let lab = Lab::open();
    let (at, target) = (lab.free(), lab.free());
    let there = target.to_string();
    let customer = Fetchmail::new(&lab, at, target, "example.org").command();
    let rules = BREAKS.join(",");
    let more = ["--json", "--target", &there, "--scenario", &rules];
    is_golden("fetchmail-surroundings", &served(&lab, at, &customer, &more), 0);
}

#[test]
fn without_surroundings_nothing_of_them_is_tried() {
    let lab = Lab::open();
    let at = lab.free();
    let customer = AtrnFetch::new(&lab, at).into_maildir().command("run");
    let ran = served(&lab, at, &customer, &["--json", "--scenario", "target-4xx,hang,suite-a"]);
    let told: Vec<String> =
        outcomes(&ran).into_iter().map(|told| told.1 + ": " + &told.2).collect();
    assert_eq!(told, ["skip: needs --suite", "skip: needs --target", "skip: needs --slow"]);
}

/// Not a test, but the customer itself, where the probe starts this program as one.
#[test]
fn is_a_customer() {
    let Ok(words) = std::env::var("ODMR_TEST_CUSTOMER") else { return };
    let words: Vec<&str> = words.split(' ').collect();
    let [at, target, lock, breaks] = words[..] else { panic!("four words") };
    std::process::exit(ends(at, target, lock, breaks));
}

fn ends(at: &str, target: &str, lock: &str, breaks: &str) -> i32 {
    let breaks_it = |id: &str| breaks == format!("cust.{id}");
    // A port is a lock that nobody forgets to open.
    let held = TcpListener::bind(lock);
    if held.is_err() && !breaks_it("lock") {
        return 75;
    }
    let target = target.parse::<SocketAddr>().ok();
    let down = target.is_some_and(|target| TcpStream::connect(target).is_err());
    let mut customer = match TcpStream::connect(at) {
        Ok(stream) => Customer::of(stream, target, breaks),
        Err(_) => return 75,
    };
    customer.is_down = down;
    let code = customer.fetch().unwrap_or(75);
    if breaks_it("told-apart") { 0 } else { code }
}

struct Customer {
    line: BufReader<TcpStream>,
    target: Option<SocketAddr>,
    breaks: String,
    is_down: bool,
    taken: usize,
    octets: usize,
    code: u16,
}

impl Customer {
    fn of(stream: TcpStream, target: Option<SocketAddr>, breaks: &str) -> Customer {
        let (line, breaks) = (BufReader::new(stream), breaks.to_owned());
        Customer { line, target, breaks, is_down: false, taken: 0, octets: 0, code: 0 }
    }

    fn breaks(&self, id: &str) -> bool {
        self.breaks == format!("cust.{id}")
    }

    fn ask(&mut self, line: &str) -> Option<String> {
        say(&mut self.line, line)?;
        reply(&mut self.line)
    }

    fn fetch(&mut self) -> Option<i32> {
        if self.breaks("hang") {
            let soon = Some(Duration::from_millis(500));
            self.line.get_ref().set_read_timeout(soon).ok()?;
        }
        reply(&mut self.line)?;
        self.ask("EHLO customer.test")?;
        self.ask("AUTH CRAM-MD5")?;
        self.ask("YWNtZSAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA==")?;
        if self.is_down && !self.breaks("local-mta-down") && !self.breaks("hang") {
            self.ask("QUIT")?;
            return Some(75);
        }
        let told = self.ask("ATRN example.org")?;
        match told.get(..3)? {
            "250" if self.breaks("local-mta-down") => Some(75),
            "250" => {
                self.serve();
                self.report();
                Some(0)
            }
            "453" => Some(0),
            "450" => Some(77),
            _ => Some(75),
        }
    }

    fn report(&self) {
        let taken = if self.breaks("report") { self.taken + 1 } else { self.taken };
        println!(
            "\n{{\"schema\":\"odmr.fetch/1\",\"offered\":1,\"accepted\":{taken},\"bytes\":{},\"rounds\":1,\
             \"by_code\":{{\"{}\":1}}}}",
            self.octets, self.code
        );
    }

    fn serve(&mut self) -> Option<()> {
        say(&mut self.line, "220 customer.test")?;
        let mut path = String::new();
        loop {
            let line = hear(&mut self.line)?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP" => "250 ok".to_owned(),
                "RCPT" => {
                    path = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    "250 ok".to_owned()
                }
                "DATA" => {
                    say(&mut self.line, "354 go on")?;
                    self.content(&path)?
                }
                "QUIT" => return say(&mut self.line, "221 bye"),
                _ => "502 no".to_owned(),
            };
            say(&mut self.line, &answer)?;
        }
    }

    fn content(&mut self, path: &str) -> Option<String> {
        let mut content = String::new();
        loop {
            let line = hear(&mut self.line)?;
            if line == "." {
                break;
            }
            content.push_str(&line);
            content.push_str("\r\n");
        }
        self.octets = content.len();
        let forgets = self.breaks("no-250-before-safe") || self.breaks("dup-on-drop");
        let told = match self.target {
            _ if forgets => "250 2.0.0 taken".to_owned(),
            Some(target) => deliver(target, path, &content)
                .unwrap_or_else(|| "451 4.4.2 the target is gone".to_owned()),
            None => "451 4.4.1 no target".to_owned(),
        };
        let told = match &told[..1] {
            "4" if self.breaks("target-4xx") => "550 5.0.0 no".to_owned(),
            "5" if self.breaks("target-5xx") => "250 2.0.0 fine".to_owned(),
            _ => told,
        };
        self.code = told.get(..3)?.parse().ok()?;
        self.taken += usize::from(self.code == 250);
        Some(told)
    }
}

/// Hands a message to the target, and says what that says.
fn deliver(target: SocketAddr, path: &str, content: &str) -> Option<String> {
    let mut line = BufReader::new(TcpStream::connect(target).ok()?);
    reply(&mut line)?;
    let rcpt = format!("RCPT TO:<{path}>");
    for step in ["EHLO customer.test", "MAIL FROM:<>", &rcpt, "DATA"] {
        say(&mut line, step)?;
        let told = reply(&mut line)?;
        if !told.starts_with(['2', '3']) {
            return Some(told);
        }
    }
    say(&mut line, &format!("{content}."))?;
    let told = reply(&mut line)?;
    say(&mut line, "QUIT")?;
    Some(told)
}

fn say(line: &mut BufReader<TcpStream>, text: &str) -> Option<()> {
    line.get_mut().write_all(format!("{text}\r\n").as_bytes()).ok()
}

fn hear(line: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = Vec::new();
    line.read_until(b'\n', &mut text).ok().filter(|read| *read > 0)?;
    Some(String::from_utf8_lossy(&text).trim_end().to_owned())
}

/// The last line of a reply.
fn reply(line: &mut BufReader<TcpStream>) -> Option<String> {
    loop {
        let text = hear(line)?;
        if text.as_bytes().get(3) != Some(&b'-') {
            return Some(text);
        }
    }
}
