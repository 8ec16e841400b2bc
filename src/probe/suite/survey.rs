//! The rules that are read off what any talk brings.

use bytes::BytesMut;

use super::super::script::{Answer, Level, Outcome, Verdict};
use super::Head;
use super::delays::{self, Delays};
use super::kind::Kind;
use super::secure::{self, Aspects};
use crate::smtp::{Domain, Reply, ReplyParser};

/// What is known of a server after some talks.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// What came over a fresh line in clear, up to the answer to EHLO, octet by octet.
    pub clear: Vec<u8>,
    /// Where it was called; 0 where that is not known.
    pub port: u16,
    /// How long the greeting took, milliseconds.
    pub greeted_ms: u64,
    /// What came behind STARTTLS, up to the answer to EHLO.
    pub secure: Option<Vec<u8>>,
    /// How TLS was agreed on, or why it was not.
    pub tls: Option<Result<TlsSeen, String>>,
    /// Everything that came in any talk, a talk each.
    pub all: Vec<Vec<u8>>,
    /// How long it took to refuse something, and to do it, milliseconds each.
    pub delays: Delays,
    /// What TLS was asked beside.
    pub aspects: Aspects,
    /// What CRAM-MD5 was asked to answer, over two lines.
    pub challenges: Vec<String>,
    /// How many recipients were taken of as many as LIMITS says.
    pub taken: Option<usize>,
    /// The same as `clear`, over the other family of addresses; or why there is nothing.
    pub other_family: Option<Result<Vec<u8>, String>>,
}

/// How TLS was agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSeen {
    /// `TLSv1.3`
    pub version: String,
    /// Why nobody who checks certificates would go on; none where he would.
    pub distrust: Option<String>,
    /// The server was called by an address, which is told to no server in a handshake.
    pub is_by_address: bool,
    /// Why the certificate is not for the name by which it was called.
    pub wrong_name: Option<String>,
    /// Why no known authority vouches for it.
    pub unvouched: Option<String>,
    /// Why no authority is known on this machine.
    pub no_roots: Option<String>,
    /// When the certificate was looked at, seconds since 1970.
    pub now: i64,
    /// From when it is good.
    pub not_before: i64,
    /// Until when; 0 where that cannot be read.
    pub not_after: i64,
    /// The kind of its key.
    pub key: String,
    /// How long that is, bits.
    pub bits: u32,
    /// The algorithm of its signature.
    pub signature: String,
    /// The certificates, the server's own first.
    pub chain: Vec<Vec<u8>>,
}

/// A rule, and its judge.
pub struct Rule {
    /// What it is.
    pub head: Head,
    /// Reads, and says.
    pub judge: fn(&Survey) -> Verdict,
}

macro_rules! rule {
    ($id:literal, $level:ident, $spec:expr, $quirk:expr, $judge:expr, $title:literal, $fix:literal) => {
        Rule {
            head: Head {
                id: $id,
                title: $title,
                level: Level::$level,
                spec: &$spec,
                fix: $fix,
                quirk: $quirk,
            },
            judge: $judge,
        }
    };
}

/// All of them.
pub fn rules() -> &'static [Rule] {
    RULES
}

/// All of them, as much as each matters for such a server.
pub fn rules_for(kind: Kind) -> Vec<Rule> {
    let seen = |rule: &Rule| {
        let level = kind.level(rule.head.id, rule.head.quirk, rule.head.level);
        Rule { head: Head { level, ..rule.head }, ..*rule }
    };
    RULES.iter().map(seen).collect()
}

static RULES: &[Rule] = &[
    rule!(
        "greet.fqdn",
        Should,
        ["RFC 5321, 4.2", "RFC 5321, 4.3.1"],
        Some("MSQ-14"),
        greet_fqdn,
        "The greeting begins with the server's full name",
        "Set the server's host name to one that resolves."
    ),
    rule!(
        "greet.time",
        Interop,
        ["RFC 5321, 4.5.3.2.1"],
        None,
        greet_time,
        "The greeting comes within 30 seconds",
        "Look up callers' names with a shorter timeout, or greet first."
    ),
    rule!(
        "greet.mask",
        Interop,
        [],
        Some("MSQ-48"),
        greet_mask,
        "No device on the way overwrites the greeting",
        "Turn off SMTP inspection in the firewall: it breaks extensions."
    ),
    rule!(
        "greet.leak",
        Info,
        ["RFC 5321, 7.5"],
        None,
        greet_leak,
        "The greeting names no private address",
        "Leave internal addresses out of the banner."
    ),
    rule!(
        "ehlo.fqdn",
        Should,
        ["RFC 5321, 4.1.1.1"],
        Some("MSQ-14"),
        ehlo_fqdn,
        "The answer to EHLO begins with the server's full name",
        "Set the server's host name to one that resolves."
    ),
    rule!(
        "ehlo.keyword-syntax",
        Interop,
        ["RFC 5321, 4.1.1.1"],
        Some("MSQ-15"),
        keyword_syntax,
        "Every line of the answer to EHLO is a keyword with parameters",
        "Leave out lines such as OK or AUTH=LOGIN where no old client needs them."
    ),
    rule!(
        "ehlo.dup",
        Should,
        ["RFC 5321, 4.1.1.1"],
        None,
        duplicates,
        "No keyword stands twice in the answer to EHLO",
        "List every extension once."
    ),
    rule!(
        "ehlo.param-syntax",
        Should,
        ["RFC 1870, 3", "RFC 4954, 3"],
        None,
        parameters,
        "SIZE has a number and AUTH has names of mechanisms",
        "Correct the parameters of these keywords."
    ),
    rule!(
        "utf8.requires-8bit",
        Must,
        ["RFC 6531, 3.1"],
        None,
        utf8_needs_8bit,
        "Who offers SMTPUTF8 offers 8BITMIME",
        "Offer both or neither."
    ),
    rule!(
        "bin.requires",
        Must,
        ["RFC 3030, 3"],
        None,
        binary_needs_chunking,
        "Who offers BINARYMIME offers CHUNKING",
        "Offer both or neither."
    ),
    rule!(
        "ext.xexch50",
        Security,
        [],
        Some("MSQ-41"),
        xexch50,
        "XEXCH50 is not offered to strangers",
        "Turn XEXCH50 off on connectors to the outside: it is for Exchange servers among themselves."
    ),
    rule!(
        "ext.x-link2state",
        Security,
        [],
        Some("MSQ-53"),
        x_link2state,
        "X-LINK2STATE is not offered to strangers",
        "Turn X-LINK2STATE off on connectors to the outside: it is for Exchange servers among themselves."
    ),
    rule!(
        "ext.x-exps",
        Security,
        [],
        Some("MSQ-53"),
        x_exps,
        "X-EXPS is not offered to strangers",
        "Turn X-EXPS off on connectors to the outside: it is for Exchange servers among themselves."
    ),
    rule!(
        "ext.tls",
        Info,
        ["RFC 3207, 4"],
        Some("MSQ-19"),
        tls_keyword,
        "TLS is not listed beside STARTTLS",
        "Leave it out: no client of today knows it."
    ),
    rule!(
        "rep.tarpit",
        Info,
        ["RFC 5321, 7.8"],
        Some("MSQ-46"),
        delays::tarpit,
        "Refusals come as soon as other answers",
        "Keep it if it is meant (TarpitTime): then wait 60 s and more for answers, and do not take it for a slow server."
    ),
    rule!(
        "auth.clear",
        Security,
        ["RFC 4954, 4", "RFC 8314, 4.1"],
        None,
        clear_passwords,
        "PLAIN and LOGIN are not offered in clear",
        "Offer them behind STARTTLS only."
    ),
    rule!(
        "auth.equals",
        Info,
        [],
        Some("MSQ-16"),
        auth_equals,
        "AUTH= is not listed",
        "Only clients of the nineties need it."
    ),
    rule!(
        "tls.adv",
        Should,
        ["RFC 3207, 4"],
        None,
        tls_offered,
        "STARTTLS is offered",
        "Give the server a certificate."
    ),
    rule!(
        "tls.handshake",
        Must,
        ["RFC 3207, 4.1"],
        None,
        tls_agreed,
        "Who offers STARTTLS can agree on TLS",
        "Look at the server's log: its certificate, key or versions do not fit."
    ),
    rule!(
        "tls.version",
        Should,
        ["RFC 9325, 3.1"],
        None,
        secure::version,
        "TLS 1.2 or newer is agreed on, and nothing older",
        "Turn on TLS 1.3, and TLS 1.1 and 1.0 off. They are offered by hand: what the server would take beside is seen."
    ),
    rule!(
        "tls.cipher",
        Should,
        ["RFC 9325, 4.1", "RFC 9325, 4.2"],
        None,
        secure::cipher,
        "No suite without authenticated encryption or forward secrecy is taken",
        "Turn off RC4 and 3DES, then CBC and RSA key transport. Only such are offered, by hand; which of them a server \
         takes beside the first is not asked."
    ),
    rule!(
        "tls.curve",
        Should,
        ["RFC 9325, 4.2.1", "RFC 8422, 5.1.1"],
        None,
        secure::curve,
        "No curve of 224 bits or fewer is taken",
        "Leave x25519, P-256 and P-384 on. Only small curves are offered, by hand, for TLS 1.2; TLS 1.3 has none."
    ),
    rule!(
        "tls.name",
        Should,
        ["RFC 9525, 6"],
        None,
        secure::name,
        "The certificate is for the name by which the server is called",
        "Get one for the name that MX records and customers use."
    ),
    rule!(
        "tls.chain",
        Should,
        ["RFC 5280, 6", "RFC 7435, 3"],
        None,
        secure::chain,
        "A known authority vouches for the certificate",
        "Get one from a known authority, and show those between, too. Names and dates are other rules; whether it was \
         revoked is not asked."
    ),
    rule!(
        "tls.expiry",
        Should,
        ["RFC 5280, 4.1.2.5"],
        None,
        secure::expiry,
        "The certificate is good today, and in two weeks",
        "Renew it, and have it renewed by a machine."
    ),
    rule!(
        "tls.key",
        Should,
        ["RFC 9325, 4.5", "RFC 9155, 2"],
        None,
        secure::key,
        "The certificate has a key and a signature that nobody breaks",
        "Get one with RSA of 2048 bits or EC of 256, signed with SHA-256. Keys known to be stolen are not looked up."
    ),
    rule!(
        "tls.sni",
        Should,
        ["RFC 8461, 7.1", "RFC 6066, 3"],
        None,
        secure::sni,
        "A server that is told a name shows the certificate for it, and for a strange name its usual one",
        "Choose the certificate by the name, and fall back on one where there is none for it."
    ),
    rule!(
        "tls.dane",
        Should,
        ["RFC 7672, 3.1", "RFC 6698, 2.1"],
        None,
        secure::dane,
        "The certificate is the one that its TLSA records speak of",
        "Publish 3 1 1 with the digest of the key, before the key is changed. Whether the records are genuine is the \
         word of this machine's resolver."
    ),
    rule!(
        "tls.closenotify",
        Info,
        ["RFC 8446, 6.1"],
        None,
        secure::farewell,
        "TLS ends in words behind QUIT",
        "Send close_notify before the line is closed: what is cut short looks like an attack."
    ),
    rule!(
        "tls.implicit465",
        Info,
        ["RFC 8314, 3.3"],
        None,
        secure::at_465,
        "Mail can be handed in at port 465, where TLS comes first",
        "Listen at port 465 too."
    ),
    rule!(
        "auth.replay",
        Security,
        ["RFC 2195, 2"],
        None,
        challenges,
        "No challenge of CRAM-MD5 is made twice",
        "Make each challenge of the time and of random numbers: who has heard an answer may use it again otherwise."
    ),
    rule!(
        "lim.limits-ext",
        Should,
        ["RFC 9422, 4"],
        None,
        limits,
        "As many recipients are taken as LIMITS says",
        "List the numbers that the server keeps to."
    ),
    rule!(
        "rob.v6",
        Should,
        ["RFC 5321, 5.2"],
        None,
        other_family,
        "The server offers the same over IPv4 and IPv6",
        "Configure both listeners alike."
    ),
    rule!(
        "tls.not-listed",
        Must,
        ["RFC 3207, 4.2"],
        None,
        tls_not_listed,
        "STARTTLS is not offered under TLS",
        "Leave STARTTLS out of the answer to EHLO once TLS is there."
    ),
    rule!(
        "rep.code",
        Must,
        ["RFC 5321, 4.2"],
        None,
        codes,
        "Every reply is three digits, 2 to 5, 0 to 5, 0 to 9",
        "Use the codes of the standard."
    ),
    rule!(
        "rep.multi",
        Must,
        ["RFC 5321, 4.2.1"],
        None,
        one_code,
        "All lines of a reply have the same code",
        "Repeat the code on each line, with a hyphen on all but the last."
    ),
    rule!(
        "rep.crlf",
        Must,
        ["RFC 5321, 2.3.8"],
        Some("MSQ-36"),
        crlf,
        "Every line of a reply ends in CRLF",
        "End lines in CRLF, and in nothing else."
    ),
    rule!(
        "rep.len",
        Should,
        ["RFC 5321, 4.5.3.1.5"],
        None,
        length,
        "No line of a reply is longer than 512 octets",
        "Say it in several lines."
    ),
    rule!(
        "rep.class",
        Must,
        ["RFC 2034, 4"],
        None,
        class,
        "The status of a reply has the class of its code",
        "2.x.x goes with 2xx, 4.x.x with 4xx, 5.x.x with 5xx."
    ),
    rule!(
        "rep.ascii",
        Should,
        ["RFC 5321, 4.2"],
        None,
        ascii,
        "Replies are printable ASCII",
        "Leave other octets out of replies."
    ),
];

pub(super) fn fail(expected: &str, got: impl Into<String>, why: impl Into<String>) -> Verdict {
    Verdict {
        outcome: Outcome::Fail,
        expected: Some(expected.to_owned()),
        got: Some(Answer::Line(got.into())),
        why: why.into(),
    }
}

/// The same where it is no more than a pity.
pub(super) fn warn(expected: &str, got: impl Into<String>, why: impl Into<String>) -> Verdict {
    Verdict { outcome: Outcome::Warn, ..fail(expected, got, why) }
}

impl Survey {
    fn replies(octets: &[u8]) -> Vec<Reply> {
        let (mut input, mut parser) = (BytesMut::from(octets), ReplyParser::default());
        std::iter::from_fn(|| parser.next(&mut input).ok().flatten()).collect()
    }

    fn greeting(&self) -> Option<Reply> {
        Survey::replies(&self.clear).into_iter().next()
    }

    /// The lines of the answer to EHLO in clear, the server's name first.
    pub(super) fn ehlo(&self) -> Option<Vec<String>> {
        let reply = Survey::replies(&self.clear).into_iter().nth(1)?;
        (reply.code == 250).then(|| reply.text.lines().map(str::to_owned).collect())
    }

    /// The same under TLS: the last reply there.
    pub(super) fn ehlo_secure(&self) -> Option<Vec<String>> {
        let reply = Survey::replies(self.secure.as_deref()?).pop()?;
        (reply.code == 250).then(|| reply.text.lines().map(str::to_owned).collect())
    }

    fn keywords(&self) -> Option<Vec<String>> {
        let word = |line: &String| line.split([' ', '=']).next().unwrap_or_default().to_owned();
        Some(self.ehlo()?.iter().skip(1).map(|line| word(line).to_ascii_uppercase()).collect())
    }

    fn offers(&self, keyword: &str) -> Option<bool> {
        Some(self.keywords()?.iter().any(|word| word == keyword))
    }

    /// Every line of every reply, without its end.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.all.iter().flat_map(|talk| {
            let whole = memchr::memrchr(b'\n', talk).map_or(0, |end| end + 1);
            talk[..whole].split_inclusive(|octet| *octet == b'\n')
        })
    }

    /// Says what is wrong with the first line with which something is.
    fn each(&self, wanted: &str, wrong: impl Fn(&[u8]) -> bool) -> Verdict {
        match self.lines().find(|line| wrong(line)) {
            None => Verdict::pass(),
            Some(line) => {
                let shown = crate::smtp::escape::Escaped(&line[..line.len().min(200)]).to_string();
                let why = format!("expected {wanted}, got {shown}");
                fail(wanted, shown, why)
            }
        }
    }
}

/// Judges what is there, and cannot tell where nothing is.
fn with<T>(seen: Option<T>, judge: impl FnOnce(T) -> Verdict) -> Verdict {
    seen.map_or_else(|| Verdict::unknown("the server did not get so far"), judge)
}

pub(super) fn is_full_name(word: &str) -> bool {
    let literal = word.starts_with('[') && word.ends_with(']');
    literal || word.contains('.') && word.parse::<Domain>().is_ok()
}

fn name(reply: Option<String>) -> Verdict {
    with(reply, |line| {
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        match is_full_name(word) {
            true => Verdict::pass(),
            false => fail("a full name", word, format!("{word:?} is no full name")),
        }
    })
}

fn greet_fqdn(seen: &Survey) -> Verdict {
    name(seen.greeting().map(|reply| reply.text.into_owned()))
}

fn ehlo_fqdn(seen: &Survey) -> Verdict {
    name(seen.ehlo().and_then(|lines| lines.into_iter().next()))
}

fn greet_time(seen: &Survey) -> Verdict {
    with(seen.greeting(), |_| match seen.greeted_ms {
        0..30_000 => Verdict::pass(),
        ms => {
            fail("30 s at most", format!("{ms} ms"), format!("the greeting took {} s", ms / 1000))
        }
    })
}

fn greet_mask(seen: &Survey) -> Verdict {
    with(seen.greeting(), |reply| {
        let masked = reply.text.contains("****") || reply.text.contains("XXXX");
        match masked {
            false => Verdict::pass(),
            true => fail("a greeting in words", reply.text, "a firewall overwrites the greeting"),
        }
    })
}

fn greet_leak(seen: &Survey) -> Verdict {
    with(seen.greeting(), |reply| {
        let address = |word: &str| word.trim_matches(|c: char| "[]()<>,;".contains(c)).parse().ok();
        let private = |ip: &std::net::Ipv4Addr| ip.is_private() || ip.is_link_local();
        match reply.text.split_ascii_whitespace().filter_map(address).find(private) {
            None => Verdict::pass(),
            Some(ip) => {
                fail("no private address", ip.to_string(), format!("the greeting tells {ip}"))
            }
        }
    })
}

fn keyword_syntax(seen: &Survey) -> Verdict {
    with(seen.ehlo(), |lines| {
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_alphanumeric())
                && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let fits = |line: &&String| {
            let mut words = line.split(' ');
            words.next().is_some_and(is_word)
                && !line.eq_ignore_ascii_case("OK")
                && words.all(|word| {
                    !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic())
                })
        };
        match lines.iter().skip(1).find(|line| !fits(line)) {
            None => Verdict::pass(),
            Some(line) => {
                fail("KEYWORD parameters", line.as_str(), format!("{line:?} is no keyword"))
            }
        }
    })
}

fn duplicates(seen: &Survey) -> Verdict {
    with(seen.keywords(), |words| {
        // AUTH and AUTH= are two ways of saying one thing to two kinds of clients.
        let twice = |word: &&String| {
            word.as_str() != "AUTH" && words.iter().filter(|other| other == word).count() > 1
        };
        match words.iter().find(twice) {
            None => Verdict::pass(),
            Some(word) => {
                fail("each keyword once", word.as_str(), format!("{word} stands there twice"))
            }
        }
    })
}

fn parameters(seen: &Survey) -> Verdict {
    with(seen.ehlo(), |lines| {
        let is_mechanism = |word: &str| {
            (1..=20).contains(&word.len())
                && word.bytes().all(|octet| {
                    octet.is_ascii_uppercase() || octet.is_ascii_digit() || b"-_".contains(&octet)
                })
        };
        let fits = |line: &&String| {
            let mut words = line.split(' ');
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "SIZE" => {
                    let number = |word: &str| {
                        word.len() <= 20 && word.bytes().all(|octet| octet.is_ascii_digit())
                    };
                    words.next().is_none_or(number) && words.next().is_none()
                }
                "AUTH" => words.all(is_mechanism),
                _ => true,
            }
        };
        match lines.iter().skip(1).find(|line| !fits(line)) {
            None => Verdict::pass(),
            Some(line) => fail("a number, or mechanisms", line.as_str(), format!("{line:?}")),
        }
    })
}

fn implies(seen: &Survey, one: &str, other: &str) -> Verdict {
    match (seen.offers(one), seen.offers(other)) {
        (Some(true), Some(false)) => {
            fail(other, one, format!("{one} is offered and {other} is not"))
        }
        (Some(false), _) => Verdict::skip(format!("{one} is not offered")),
        (None, _) => Verdict::unknown("the server did not get so far"),
        _ => Verdict::pass(),
    }
}

fn utf8_needs_8bit(seen: &Survey) -> Verdict {
    implies(seen, "SMTPUTF8", "8BITMIME")
}

fn binary_needs_chunking(seen: &Survey) -> Verdict {
    implies(seen, "BINARYMIME", "CHUNKING")
}

/// A word that only servers of one maker should hear of.
fn not_offered(seen: &Survey, word: &str) -> Verdict {
    with(seen.offers(word), |offered| match offered {
        false => Verdict::pass(),
        true => fail("no such word", word, format!("{word} is offered to anybody")),
    })
}

fn xexch50(seen: &Survey) -> Verdict {
    not_offered(seen, "XEXCH50")
}

fn x_link2state(seen: &Survey) -> Verdict {
    not_offered(seen, "X-LINK2STATE")
}

fn x_exps(seen: &Survey) -> Verdict {
    not_offered(seen, "X-EXPS")
}

fn tls_keyword(seen: &Survey) -> Verdict {
    not_offered(seen, "TLS")
}

fn clear_passwords(seen: &Survey) -> Verdict {
    with(seen.ehlo(), |lines| {
        let offered = lines.iter().skip(1).find(|line| {
            let mut words = line.split([' ', '=']);
            words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
                && words
                    .any(|word| ["PLAIN", "LOGIN"].contains(&word.to_ascii_uppercase().as_str()))
        });
        match offered {
            None => Verdict::pass(),
            Some(line) => {
                let why = "passwords can be sent in clear, for everybody on the way to read";
                fail("neither in clear", line.as_str(), why)
            }
        }
    })
}

fn auth_equals(seen: &Survey) -> Verdict {
    with(seen.ehlo(), |lines| {
        match lines.iter().find(|line| line.to_ascii_uppercase().starts_with("AUTH=")) {
            None => Verdict::pass(),
            Some(line) => fail("AUTH with a blank", line.as_str(), "the old form is listed"),
        }
    })
}

fn tls_offered(seen: &Survey) -> Verdict {
    with(seen.offers("STARTTLS"), |offered| match offered {
        true => Verdict::pass(),
        false => fail("STARTTLS", "not offered", "mail and passwords travel in clear"),
    })
}

/// Judges TLS where there is some.
pub(super) fn secured(seen: &Survey, judge: impl FnOnce(&TlsSeen) -> Verdict) -> Verdict {
    match (&seen.tls, seen.offers("STARTTLS")) {
        (Some(Ok(tls)), _) => judge(tls),
        (Some(Err(_)), _) => Verdict::skip("TLS could not be agreed on"),
        (None, Some(false)) => Verdict::skip("STARTTLS is not offered"),
        (None, _) => Verdict::unknown("the server did not get so far"),
    }
}

fn tls_agreed(seen: &Survey) -> Verdict {
    match &seen.tls {
        Some(Err(why)) => fail("a handshake", why.as_str(), why.as_str()),
        _ => secured(seen, |_| Verdict::pass()),
    }
}

fn challenges(seen: &Survey) -> Verdict {
    with(seen.ehlo(), |lines| {
        let lines = lines.into_iter().chain(seen.ehlo_secure().unwrap_or_default());
        let is_offered = |line: &String| {
            let line = line.to_ascii_uppercase();
            line.starts_with("AUTH") && line.contains("CRAM-MD5")
        };
        match &seen.challenges[..] {
            _ if !lines.into_iter().any(|line| is_offered(&line)) => {
                Verdict::skip("CRAM-MD5 is not offered")
            }
            [one, other] if one == other => {
                fail("another challenge", one.as_str(), "two lines got the same challenge")
            }
            [_, _] => Verdict::pass(),
            _ => Verdict::unknown("it gave no challenge"),
        }
    })
}

impl Survey {
    /// How many recipients it says it takes, in words that are no number where it says so.
    pub fn listed_limit(&self) -> Option<String> {
        let lines = self.ehlo()?;
        let mut words = lines.iter().map(|line| line.split(' ')).find_map(|mut words| {
            words.next().filter(|word| word.eq_ignore_ascii_case("LIMITS"))?;
            Some(words)
        })?;
        words.find_map(|word| {
            let (name, value) = word.split_once('=')?;
            name.eq_ignore_ascii_case("RCPTMAX").then(|| value.to_owned())
        })
    }
}

fn limits(seen: &Survey) -> Verdict {
    with(seen.offers("LIMITS"), |offered| {
        let listed = seen.listed_limit();
        let number = listed.as_ref().map(|listed| listed.parse::<usize>());
        match (number, seen.taken) {
            _ if !offered => Verdict::skip("LIMITS is not offered"),
            (None, _) => Verdict::skip("LIMITS says nothing of recipients"),
            (Some(Err(_) | Ok(0)), _) => {
                let listed = listed.unwrap_or_default();
                fail("RCPTMAX and a number", listed.as_str(), format!("RCPTMAX is {listed:?}"))
            }
            (_, None | Some(0)) => Verdict::unknown("no recipient was taken"),
            (Some(Ok(number)), Some(taken)) if taken < number => {
                let why = format!("of {number} recipients {taken} were taken");
                fail("all of them", taken.to_string(), why)
            }
            _ => Verdict::pass(),
        }
    })
}

fn other_family(seen: &Survey) -> Verdict {
    with(seen.keywords(), |mut here| {
        let there = match &seen.other_family {
            None => return Verdict::skip("the server has one kind of address only"),
            Some(Err(why)) => return Verdict::unknown(why.as_str()),
            Some(Ok(heard)) => Survey { clear: heard.clone(), ..Survey::default() }.keywords(),
        };
        with(there, |mut there| {
            here.sort();
            there.sort();
            match here == there {
                true => Verdict::pass(),
                false => {
                    let why =
                        "another list of extensions is offered over the other kind of address";
                    fail(&here.join(" "), there.join(" "), why)
                }
            }
        })
    })
}

fn tls_not_listed(seen: &Survey) -> Verdict {
    secured(seen, |_| {
        with(seen.ehlo_secure(), |lines| {
            match lines.iter().skip(1).any(|line| line.eq_ignore_ascii_case("STARTTLS")) {
                false => Verdict::pass(),
                true => fail("no STARTTLS", "STARTTLS", "STARTTLS is offered under TLS"),
            }
        })
    })
}

fn code_of(line: &[u8]) -> Option<&[u8]> {
    line.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit))
}

fn codes(seen: &Survey) -> Verdict {
    seen.each("a code from 200 to 559", |line| {
        !code_of(line).is_some_and(|code| (b'2'..=b'5').contains(&code[0]) && code[1] <= b'5')
            || !matches!(line.get(3), Some(b' ' | b'-' | b'\r' | b'\n') | None)
    })
}

fn one_code(seen: &Survey) -> Verdict {
    for talk in &seen.all {
        let mut open: Option<&[u8]> = None;
        for line in talk.split_inclusive(|octet| *octet == b'\n') {
            let Some(code) = code_of(line) else { continue };
            if let Some(first) = open.filter(|first| *first != code) {
                let shown = |code: &[u8]| String::from_utf8_lossy(code).into_owned();
                let why = format!(
                    "a reply begins with {} and goes on with {}",
                    shown(first),
                    shown(code)
                );
                return fail(&shown(first), shown(code), why);
            }
            open = (line.get(3) == Some(&b'-')).then_some(code);
        }
    }
    Verdict::pass()
}

fn crlf(seen: &Survey) -> Verdict {
    seen.each("CRLF at the end, and none before it", |line| {
        !line.ends_with(b"\r\n") || line[..line.len() - 2].contains(&b'\r')
    })
}

fn length(seen: &Survey) -> Verdict {
    seen.each("512 octets at most", |line| line.len() > 512)
}

fn class(seen: &Survey) -> Verdict {
    match seen.offers("ENHANCEDSTATUSCODES") {
        Some(true) => {}
        Some(false) => return Verdict::skip("ENHANCEDSTATUSCODES is not offered"),
        None => return Verdict::unknown("the server did not get so far"),
    }
    seen.each("a status of the class of its code", |line| {
        let rest = line.get(4..).unwrap_or_default();
        let word = rest.split(|octet| octet.is_ascii_whitespace()).next().unwrap_or_default();
        let is_status = word.split(|octet| *octet == b'.').count() == 3
            && word.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.')
            && word.get(1) == Some(&b'.')
            && word.len() <= 9;
        is_status && word.first() != line.first()
    })
}

fn ascii(seen: &Survey) -> Verdict {
    seen.each("printable ASCII", |line| {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        !text.iter().all(|octet| (0x20..0x7f).contains(octet) || *octet == b'\t')
    })
}
