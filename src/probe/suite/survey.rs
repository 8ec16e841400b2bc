//! The rules that are read off what any talk brings.

use bytes::BytesMut;

use super::super::script::{Answer, Level, Outcome, Verdict};
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
}

/// How TLS was agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSeen {
    /// `TLSv1.3`
    pub version: String,
    /// Why nobody who checks certificates would go on; none where he would.
    pub distrust: Option<String>,
}

/// A rule, and its judge.
pub struct Rule {
    /// The name that never changes.
    pub id: &'static str,
    /// The rule, as a statement that should be true.
    pub title: &'static str,
    /// How much it matters.
    pub level: Level,
    /// Where it is written.
    pub spec: &'static [&'static str],
    /// What to do about it.
    pub fix: &'static str,
    /// The quirk of Exchange 2003 that it is.
    pub quirk: Option<&'static str>,
    /// Reads, and says.
    pub judge: fn(&Survey) -> Verdict,
}

macro_rules! rule {
    ($id:literal, $level:ident, $spec:expr, $quirk:expr, $judge:expr, $title:literal, $fix:literal) => {
        Rule {
            id: $id,
            title: $title,
            level: Level::$level,
            spec: &$spec,
            fix: $fix,
            quirk: $quirk,
            judge: $judge,
        }
    };
}

/// All of them.
pub fn rules() -> &'static [Rule] {
    RULES
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
        "ext.exchange",
        Security,
        [],
        Some("MSQ-41"),
        exchange_words,
        "Verbs between Exchange servers are not offered to strangers",
        "Turn off XEXCH50, X-LINK2STATE and X-EXPS on connectors to the outside."
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
        tls_version,
        "TLS 1.2 or newer is agreed on",
        "Turn on TLS 1.3."
    ),
    rule!(
        "tls.trust",
        Should,
        ["RFC 9525, 6", "RFC 7435, 3"],
        None,
        tls_trust,
        "The certificate is one that a careful client takes",
        "Get one for the server's name from a known authority; senders that check refuse this one."
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

fn exchange_words(seen: &Survey) -> Verdict {
    with(seen.keywords(), |words| {
        let theirs = ["XEXCH50", "X-LINK2STATE", "X-EXPS"];
        match words.iter().find(|word| theirs.contains(&word.as_str())) {
            None => Verdict::pass(),
            Some(word) => {
                fail("none of these", word.as_str(), format!("{word} is offered to anybody"))
            }
        }
    })
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
fn secure(seen: &Survey, judge: impl FnOnce(&TlsSeen) -> Verdict) -> Verdict {
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
        _ => secure(seen, |_| Verdict::pass()),
    }
}

fn tls_version(seen: &Survey) -> Verdict {
    secure(seen, |tls| match tls.version.as_str() {
        "TLSv1.2" | "TLSv1.3" => Verdict::pass(),
        other => fail("TLSv1.2 or TLSv1.3", other, format!("{other} was agreed on")),
    })
}

fn tls_trust(seen: &Survey) -> Verdict {
    secure(seen, |tls| match &tls.distrust {
        None => Verdict::pass(),
        Some(why) => fail("a certificate for its name", why.as_str(), why.as_str()),
    })
}

fn tls_not_listed(seen: &Survey) -> Verdict {
    secure(seen, |_| {
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
