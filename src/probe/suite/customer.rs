//! What is looked at when a customer calls: each rule with the provider that we are for it, and its judge.
//! RFC 2645, section 5.

pub mod affair;

use std::time::Duration;

use super::super::host::verb_of;
use super::super::patron::{Caller, Login, Manner, Secure, Shown};
use super::super::script::{Level, Verdict};
use super::Head;
use super::survey::{fail, warn};

/// How the customer has to end, where we have started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Either way.
    Anyhow,
    /// With 0.
    Well,
    /// With anything else.
    Badly,
}

/// What is known when a customer has called.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// What it said.
    pub caller: &'a Caller,
    /// How often it called while this was tried; what it said later was answered as if nothing waited.
    pub calls: usize,
    /// What it said in the calls behind the first.
    pub others: &'a [Caller],
    /// How it ended, where we have started it and it did.
    pub exit: Option<i32>,
    /// So many domains it is set up for, where somebody has said so.
    pub domains: usize,
}

/// A further call: what has to be allowed for it, if anything, and the provider that we are then.
pub type Again = (&'static str, fn() -> Manner);

/// A rule, the provider that we are for it, and its judge.
pub struct Case {
    /// What it is.
    pub head: Head,
    /// What has to be allowed.
    pub needs: &'static [&'static str],
    /// What we do, for whoever asks.
    pub talk: &'static str,
    /// The provider that we are.
    pub manner: fn() -> Manner,
    /// What the customer finds when it calls again, each with what has to be allowed for it.
    pub also: &'static [Again],
    /// How the customer has to end.
    pub ends: Ends,
    /// Reads, and says.
    pub judge: fn(Called<'_>) -> Verdict,
}

macro_rules! case {
    ($id:literal, $level:ident, $spec:expr, $needs:expr, $manner:expr, $ends:ident, $judge:expr,
     $title:literal, $talk:literal, $fix:literal) => {
        Case {
            head: Head::new($id, $title, Level::$level, &$spec, $fix),
            needs: &$needs,
            talk: $talk,
            manner: $manner,
            also: &[],
            ends: Ends::$ends,
            judge: $judge,
        }
    };
}

/// All of them, in the order in which they are tried.
pub fn cases() -> &'static [Case] {
    CASES
}

fn usual() -> Manner {
    Manner::default()
}

fn told(atrn: &'static str) -> Manner {
    Manner { atrn, ..usual() }
}

/// The provider to whom a password can be said, and nothing else, in clear.
fn passwords_only() -> Manner {
    Manner { keywords: &["AUTH PLAIN LOGIN", "ATRN"], ..usual() }
}

/// The provider that has TLS, and shows this certificate.
fn showing(shows: Shown) -> Manner {
    let secure = Secure { shows, behind: "", keywords: &["AUTH CRAM-MD5", "ATRN"] };
    Manner { tls: Some(secure), ..usual() }
}

/// The provider that turns the line, for the talks behind it.
pub fn turning() -> Manner {
    told("250 2.0.0 turning")
}

static CASES: &[Case] = &[
    case!(
        "cust.ehlo-not-helo",
        Must,
        ["RFC 2645, 5.1.1", "RFC 5321, 4.1.1.1"],
        [],
        usual,
        Anyhow,
        ehlo,
        "The customer begins with EHLO, and its full name",
        "220, and a look at what comes first.",
        "Say EHLO with a name that resolves, or an address literal."
    ),
    Case {
        also: &[("slow", || Manner { silent: Duration::from_secs(30), ..usual() })],
        ..case!(
            "cust.waits220",
            Must,
            ["RFC 5321, 4.3.1", "RFC 5321, 4.5.3.2.1"],
            [],
            || Manner { silent: Duration::from_secs(1), ..usual() },
            Anyhow,
            waits,
            "The customer waits for the greeting",
            "For a second nothing is said; then 220. With --slow the same again, for 30 seconds.",
            "Read the greeting before EHLO is said, and wait for it for five minutes."
        )
    },
    case!(
        "cust.multiline220",
        Must,
        ["RFC 5321, 4.2.1"],
        [],
        || Manner { greeting: "220-{me} odmr-probe\n220-says more\n220 than a line", ..usual() },
        Anyhow,
        asks,
        "A greeting may have several lines",
        "220- twice, then 220; nothing waits.",
        "Read the greeting to its last line."
    ),
    case!(
        "cust.greet-421",
        Must,
        ["RFC 5321, 3.8"],
        [],
        || Manner { greeting: "421 4.3.2 not now", ..usual() },
        Badly,
        no_login,
        "A provider that greets by 421 is called again later, and that is no success",
        "The greeting is 421; then the line is closed.",
        "End, and say so: this run has fetched nothing."
    ),
    case!(
        "cust.greet-554",
        Must,
        ["RFC 5321, 3.1"],
        [],
        || Manner { greeting: "554 5.3.2 nobody is served here", ..usual() },
        Badly,
        no_login,
        "A provider that greets by 554 is told as a failure",
        "The greeting is 554; then the line is closed.",
        "End, and say what was heard."
    ),
    case!(
        "cust.no-atrn",
        Security,
        ["RFC 2645, 5.1.1"],
        [],
        || Manner { keywords: &["AUTH CRAM-MD5"], ..usual() },
        Badly,
        no_login_behind_ehlo,
        "Where ATRN is not listed, nobody logs in",
        "EHLO is answered by AUTH CRAM-MD5 alone.",
        "Look for ATRN before anything of the password is said: this may be any server."
    ),
    Case {
        also: &[("", passwords_only)],
        ..case!(
            "cust.mech-choice",
            Security,
            ["RFC 4954, 4", "RFC 4954, 9"],
            [],
            || Manner { keywords: &["AUTH LOGIN PLAIN CRAM-MD5", "ATRN"], ..usual() },
            Anyhow,
            strongest,
            "Of what is offered in clear the mechanism is chosen that shows no password, and none where there is none",
            "EHLO is answered by AUTH LOGIN PLAIN CRAM-MD5, in clear; and at the next call by AUTH PLAIN LOGIN.",
            "Choose the strongest mechanism that is listed, whatever the order, and end where all would show the password."
        )
    },
    case!(
        "cust.cram-unoffered",
        Must,
        ["RFC 4954, 4"],
        [],
        passwords_only,
        Anyhow,
        |call| {
            let is_listed = |name: &&String| ["PLAIN", "LOGIN"].contains(&name.as_str());
            match call.caller.mechanisms.iter().find(|name| !is_listed(name)) {
                None => with_line(call, |_| Verdict::pass()),
                Some(name) => fail(
                    "PLAIN, LOGIN, or no AUTH",
                    name.as_str(),
                    format!("it tries {name}, which is not listed"),
                ),
            }
        },
        "A mechanism that is not offered is not tried",
        "EHLO is answered by AUTH PLAIN LOGIN.",
        "Choose among the mechanisms that are listed."
    ),
    case!(
        "cust.auth-535",
        Must,
        ["RFC 4954, 6"],
        [],
        || Manner { login: Login::Say("535 5.7.8 no"), ..usual() },
        Badly,
        refused_login,
        "A login that is refused is not tried again, and that is told",
        "AUTH is answered by 535.",
        "End, and say that name or password are wrong; more attempts lock the account."
    ),
    case!(
        "cust.auth-454",
        Must,
        ["RFC 4954, 6"],
        [],
        || Manner { login: Login::Say("454 4.7.0 not now"), ..usual() },
        Badly,
        refused_login,
        "A login that is refused for now is no success",
        "AUTH is answered by 454.",
        "End, and try again at the next run."
    ),
    case!(
        "cust.auth-504",
        Must,
        ["RFC 4954, 4"],
        [],
        || Manner { login: Login::Say("504 5.5.4 not that one"), ..usual() },
        Badly,
        refused_login,
        "A mechanism that is refused by 504 is no login",
        "AUTH is answered by 504, though the mechanism was listed.",
        "End, and say that the provider does not take what it lists."
    ),
    case!(
        "cust.auth-530",
        Must,
        ["RFC 4954, 6"],
        [],
        || Manner { login: Login::Say("530 5.7.0 first something else"), ..usual() },
        Badly,
        refused_login,
        "Any other answer to a login than 235 is no login",
        "AUTH is answered by 530.",
        "Go on behind 235 only."
    ),
    case!(
        "cust.auth-challenge-junk",
        Should,
        ["RFC 4954, 4"],
        [],
        || Manner { login: Login::Junk, ..usual() },
        Badly,
        |call| match () {
            () if call.caller.mechanisms.is_empty() => Verdict::unknown("it did not log in"),
            () if call.caller.cancelled => Verdict::pass(),
            () if call.caller.closed =>
                warn("*", "the line was closed", "it hung up on a challenge that is none"),
            () => fail("*", "an answer", "it answered a challenge that is no base64"),
        },
        "A challenge that is no base64 is answered by *",
        "AUTH is answered by 334 and what is no base64.",
        "Say * where a challenge makes no sense, and end."
    ),
    case!(
        "cust.atrn-syntax",
        Must,
        ["RFC 2645, 5.2.1"],
        [],
        usual,
        Anyhow,
        syntax,
        "What is said for ATRN is a list of domains",
        "A look at what stands behind ATRN.",
        "Domains with two labels or more, a comma between them, no blanks, 512 octets at most."
    ),
    case!(
        "cust.atrn-once",
        Must,
        ["RFC 2645, 5.2.1"],
        [],
        || Manner { atrn: "250 2.0.0 turning", slowly: Duration::from_secs(1), ..usual() },
        Anyhow,
        |call| match call.caller.early {
            _ if call.caller.asked.is_empty() => Verdict::unknown("it did not ask for its mail"),
            true => fail(
                "a wait for 250",
                "it spoke on",
                "behind ATRN it spoke on before that was answered"
            ),
            false => Verdict::pass(),
        },
        "Behind ATRN nothing is said until it is answered",
        "ATRN is answered by 250 a second late.",
        "Greet when the 250 has been read: what comes earlier is nobody's greeting."
    ),
    case!(
        "cust.many-domains",
        Must,
        ["RFC 2645, 5.2.1", "RFC 5321, 4.5.3.1.4"],
        ["domains"],
        usual,
        Anyhow,
        many_domains,
        "More domains than fit into a line are asked for all the same, and no line is too long",
        "ATRN is answered by 453, each time; what stands behind it is counted.",
        "Say ATRN without a list, or ask in several sessions; never cut the list."
    ),
    case!(
        "cust.250-slow",
        Must,
        ["RFC 2645, 5.2.1"],
        ["slow"],
        || Manner { atrn: "250 2.0.0 turning", slowly: Duration::from_secs(590), ..usual() },
        Anyhow,
        |call| match () {
            () if call.caller.asked.is_empty() => Verdict::unknown("it did not ask for its mail"),
            () if call.caller.early => fail(
                "a wait for 250",
                "it spoke on",
                "behind ATRN it spoke on before that was answered"
            ),
            () if call.caller.impatient => fail(
                "a wait of ten minutes",
                "the line was closed",
                "it hung up before ATRN was answered"
            ),
            () => Verdict::pass(),
        },
        "The answer to ATRN may take ten minutes",
        "ATRN is answered by 250 after 590 seconds.",
        "Wait for the answer to ATRN for ten minutes at least."
    ),
    case!(
        "cust.verb-turn",
        Info,
        ["RFC 5321, F.1"],
        [],
        || Manner { keywords: &["AUTH CRAM-MD5 LOGIN PLAIN", "TURN"], ..usual() },
        Anyhow,
        verb_turn,
        "Who says TURN says it behind the login, and nothing with it",
        "EHLO is answered by AUTH and TURN, and by no ATRN, as Exchange 2003 does; TURN by 453.",
        "Log in first: TURN hands mail to whoever says it."
    ),
    case!(
        "cust.atrn-453",
        Must,
        ["RFC 2645, 5.2.1", "RFC 2645, 7"],
        [],
        usual,
        Well,
        asks,
        "453 is a success: there was no mail",
        "ATRN is answered by 453.",
        "End with 0 where nothing waits: cron would write letters otherwise."
    ),
    case!(
        "cust.atrn-450",
        Must,
        ["RFC 2645, 7"],
        [],
        || told("450 4.7.1 not for you"),
        Badly,
        not_turned,
        "450 is no success",
        "ATRN is answered by 450.",
        "Say that the provider refuses, and greet nobody."
    ),
    case!(
        "cust.atrn-451",
        Must,
        ["RFC 2645, 7"],
        [],
        || told("451 4.3.0 not now"),
        Badly,
        not_turned,
        "451 is no success",
        "ATRN is answered by 451.",
        "Say that the provider cannot tell now, and try at the next run."
    ),
    case!(
        "cust.atrn-502",
        Must,
        ["RFC 2645, 7"],
        [],
        || told("502 5.5.1 not here"),
        Badly,
        not_turned,
        "502 is no success",
        "ATRN is answered by 502.",
        "Say that this is no provider of on-demand mail."
    ),
    case!(
        "cust.atrn-530",
        Must,
        ["RFC 2645, 7"],
        [],
        || told("530 5.7.0 who are you?"),
        Badly,
        not_turned,
        "530 is no success",
        "ATRN is answered by 530.",
        "Say that the login was not enough."
    ),
    case!(
        "cust.atrn-5xx",
        Must,
        ["RFC 5321, 4.2.1"],
        [],
        || told("553 5.7.1 no, sorry"),
        Badly,
        not_turned,
        "Any other 5xx is no success",
        "ATRN is answered by 553.",
        "Take every 5xx for a refusal."
    ),
    case!(
        "cust.atrn-421",
        Must,
        ["RFC 5321, 3.8"],
        [],
        || told("421 4.3.2 closing"),
        Badly,
        not_turned,
        "421 is no success",
        "ATRN is answered by 421; then the line is closed.",
        "End, and try at the next run."
    ),
    case!(
        "cust.atrn-drop",
        Must,
        ["RFC 5321, 3.8"],
        [],
        || Manner { atrn: "", drops: true, ..usual() },
        Badly,
        not_turned,
        "A line that is cut behind ATRN is no success",
        "Behind ATRN the line is closed.",
        "End, say so, and try at the next run."
    ),
    case!(
        "cust.tls-required",
        Security,
        ["RFC 8314, 4.1", "RFC 3207, 6"],
        ["cert"],
        usual,
        Badly,
        no_login_behind_ehlo,
        "Where STARTTLS has gone missing, nobody logs in",
        "EHLO is answered by AUTH and ATRN, and by no STARTTLS.",
        "Where TLS is wanted, end where there is none: somebody on the way may have taken it out."
    ),
    case!(
        "cust.tls-cert.self-signed",
        Security,
        ["RFC 9525, 6"],
        ["cert"],
        || showing(Shown::Own),
        Badly,
        vouched,
        "A certificate that nobody vouches for is refused",
        "STARTTLS is taken, with a certificate that was made a moment ago.",
        "Look whose certificate it is before a login, or compare its fingerprint."
    ),
    case!(
        "cust.tls-cert.expired",
        Security,
        ["RFC 9525, 6"],
        ["issuer"],
        || showing(Shown::Expired),
        Badly,
        vouched,
        "A certificate that has expired is refused",
        "STARTTLS is taken, with a certificate of the authority that the customer trusts, over since a year.",
        "Look how long a certificate is good for before a login."
    ),
    case!(
        "cust.tls-cert.wrong-name",
        Security,
        ["RFC 9525, 6"],
        ["issuer"],
        || showing(Shown::WrongName),
        Badly,
        vouched,
        "A certificate for somebody else is refused",
        "STARTTLS is taken, with a certificate of the authority that the customer trusts, for odmr-probe.invalid.",
        "Compare the name in the certificate with the name that was called."
    ),
    case!(
        "cust.tls-cert.chain",
        Security,
        ["RFC 9525, 6"],
        ["issuer"],
        || showing(Shown::NoChain),
        Badly,
        vouched,
        "A certificate that no chain ties to an authority is refused",
        "STARTTLS is taken, with a certificate of an authority below the trusted one, which is not shown.",
        "Follow the chain up to an authority that is trusted, and end where it breaks."
    ),
    case!(
        "cust.tls-cert.pinned",
        Security,
        ["RFC 9525, 6"],
        ["pinned"],
        || showing(Shown::Given),
        Well,
        pinned,
        "A certificate whose fingerprint is known is taken, whoever vouches for it",
        "STARTTLS is taken, with the certificate of --cert.",
        "Where a fingerprint is set, it alone decides."
    ),
    case!(
        "cust.tls-inject",
        Security,
        ["RFC 3207, 6"],
        ["cert"],
        || Manner {
            tls: Some(Secure {
                shows: Shown::Given,
                behind: "250-probe.invalid\n250-AUTH PLAIN LOGIN CRAM-MD5\n250 ATRN",
                keywords: &[]
            }),
            ..usual()
        },
        Badly,
        injected,
        "What came in clear behind the answer to STARTTLS counts for nothing",
        "In one piece with the 220 to STARTTLS comes an answer to EHLO; under TLS, EHLO is answered by one line.",
        "Throw away what has come before the handshake, or end."
    ),
    case!(
        "cust.atrn-after-tls-only",
        Must,
        ["RFC 3207, 4.2"],
        ["cert"],
        || Manner {
            keywords: &[],
            tls: Some(Secure {
                shows: Shown::Given,
                behind: "",
                keywords: &["AUTH CRAM-MD5", "ATRN"]
            }),
            ..usual()
        },
        Well,
        |call| match tls_of(call) {
            Some(told) => told,
            None => asks(call),
        },
        "Under TLS the customer says EHLO again, and goes by what is offered there",
        "EHLO is answered by STARTTLS alone; under TLS by AUTH CRAM-MD5 and ATRN.",
        "Forget behind the handshake what was offered before, and ask anew."
    ),
    case!(
        "cust.endless",
        Security,
        ["RFC 5321, 7.8"],
        ["intrusive"],
        || Manner { endless: true, ..usual() },
        Badly,
        |call| match call.caller.patient {
            _ if call.caller.lines.is_empty() => Verdict::unknown("it said nothing"),
            true => fail("an end", "32 MiB", "it listens to a reply without end"),
            false => Verdict::pass(),
        },
        "A reply without end is not listened to",
        "EHLO is answered by 32 MiB of lines.",
        "Hang up on a reply of more than some hundred lines."
    ),
];

fn with_line(call: Called<'_>, judge: impl FnOnce(&str) -> Verdict) -> Verdict {
    match call.caller.lines.first() {
        Some(line) => judge(line),
        None => Verdict::unknown("it said nothing"),
    }
}

fn waits(call: Called<'_>) -> Verdict {
    match () {
        () if call.caller.hasty => {
            fail("a wait for 220", "it spoke first", "it spoke before the greeting")
        }
        () if call.caller.left_early => {
            fail("a wait for 220", "the line was closed", "it hung up before the greeting")
        }
        () => with_line(call, |_| Verdict::pass()),
    }
}

fn ehlo(call: Called<'_>) -> Verdict {
    with_line(call, |line| {
        let (verb, name) = line.split_once(' ').unwrap_or((line, ""));
        match verb.eq_ignore_ascii_case("EHLO") {
            false => fail("EHLO", line, format!("it begins with {line:?}")),
            true if super::survey::is_full_name(name.trim()) => Verdict::pass(),
            true => warn("a full name", name, format!("{name:?} is no full name")),
        }
    })
}

/// It has to get as far as ATRN.
fn asks(call: Called<'_>) -> Verdict {
    match () {
        () if !call.caller.asked.is_empty() => Verdict::pass(),
        () if call.caller.lines.is_empty() && !call.caller.closed => {
            Verdict::unknown("it said nothing")
        }
        () => {
            let last = call.caller.lines.last().map_or("nothing", String::as_str);
            fail("ATRN", last, format!("it never said ATRN; the last it said was {last:?}"))
        }
    }
}

fn no_login(call: Called<'_>) -> Verdict {
    match call.caller.lines.iter().find(|line| line.to_ascii_uppercase().starts_with("AUTH")) {
        Some(line) => fail("no AUTH", line.as_str(), format!("it says {line:?}")),
        None if call.caller.said("ATRN") => fail("no ATRN", "ATRN", "it says ATRN"),
        // Whoever only looks whether somebody listens says as little.
        None if call.caller.lines.is_empty() && call.exit.is_none() => {
            Verdict::unknown("it said nothing")
        }
        None => Verdict::pass(),
    }
}

/// The same where it has to come as far as EHLO to have anything to be wary of.
fn no_login_behind_ehlo(call: Called<'_>) -> Verdict {
    match call.caller.said("EHLO") {
        true => no_login(call),
        false => Verdict::unknown("it did not say EHLO"),
    }
}

/// Why nothing can be told of TLS.
fn tls_of(call: Called<'_>) -> Option<Verdict> {
    match () {
        () if !call.caller.asked_tls => Some(Verdict::unknown("it did not say STARTTLS")),
        () if !call.caller.tls => Some(Verdict::unknown("hands were not shaken")),
        () => None,
    }
}

fn vouched(call: Called<'_>) -> Verdict {
    match () {
        () if !call.caller.asked_tls => Verdict::unknown("it did not say STARTTLS"),
        () if call.caller.secret_under_tls => fail(
            "the end of the line",
            "AUTH",
            "it logs in where nobody vouches for the certificate",
        ),
        () => no_login(call),
    }
}

/// The certificate is the one whose fingerprint the customer knows.
fn pinned(call: Called<'_>) -> Verdict {
    match call.caller.asked_tls {
        false => Verdict::unknown("it did not say STARTTLS"),
        true if !call.caller.tls || call.caller.asked.is_empty() => fail(
            "ATRN",
            "the end of the line",
            "it does not take the certificate whose fingerprint it should know",
        ),
        true => Verdict::pass(),
    }
}

fn injected(call: Called<'_>) -> Verdict {
    match () {
        () if !call.caller.asked_tls => Verdict::unknown("it did not say STARTTLS"),
        () => no_login(call),
    }
}

fn strongest(call: Called<'_>) -> Verdict {
    match call.caller.mechanisms.first() {
        None if call.caller.lines.is_empty() => Verdict::unknown("it said nothing"),
        // Too careful for what is there: that shows nothing, either.
        None => Verdict::pass(),
        Some(_) if call.caller.shows_password => {
            fail("CRAM-MD5", call.caller.mechanisms.join(", "), "it shows its password to the line")
        }
        Some(name) if name == "CRAM-MD5" => Verdict::pass(),
        Some(name) => fail("CRAM-MD5", name.as_str(), format!("it tries {name}")),
    }
}

fn refused_login(call: Called<'_>) -> Verdict {
    let tries = call.caller.mechanisms.len();
    match () {
        () if tries == 0 => Verdict::unknown("it did not log in"),
        () if call.caller.said("ATRN") => {
            fail("no ATRN", "ATRN", "the login was refused, and it says ATRN")
        }
        () if tries > 1 => {
            fail("one AUTH", tries.to_string(), format!("it tries to log in {tries} times"))
        }
        () if call.calls > 1 => fail(
            "one call",
            call.calls.to_string(),
            format!("it calls {} times in a row", call.calls),
        ),
        () => Verdict::pass(),
    }
}

fn not_turned(call: Called<'_>) -> Verdict {
    match () {
        () if call.caller.asked.is_empty() => Verdict::unknown("it did not ask for its mail"),
        () => match call.caller.lines.iter().find(|line| line.starts_with("220")) {
            Some(line) => fail("QUIT", line.as_str(), "ATRN was refused, and it greets"),
            None => Verdict::pass(),
        },
    }
}

fn syntax(call: Called<'_>) -> Verdict {
    let Some(list) = call.caller.asked.first() else {
        return Verdict::unknown("it did not ask for its mail");
    };
    let is_label = |label: &str| {
        let octets = label.as_bytes();
        let is_of = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
        !octets.is_empty()
            && octets.len() < 64
            && octets.iter().all(is_of)
            && octets.first() != Some(&b'-')
            && octets.last() != Some(&b'-')
    };
    let is_domain = |name: &str| name.contains('.') && name.split('.').all(is_label);
    match () {
        () if list.is_empty() => Verdict::pass(),
        () if list.len() + "ATRN \r\n".len() > 512 => fail(
            "512 octets",
            list.len().to_string(),
            "the line with ATRN is longer than 512 octets",
        ),
        () if list.split(',').all(is_domain) => Verdict::pass(),
        () => fail(
            "domains with a comma between them",
            list.as_str(),
            format!("it says ATRN {list:?}"),
        ),
    }
}

/// All its domains have to be asked for, in lines that are not too long.
fn many_domains(call: Called<'_>) -> Verdict {
    let callers = std::iter::once(call.caller).chain(call.others);
    let lists: Vec<&str> =
        callers.flat_map(|caller| caller.asked.iter().map(String::as_str)).collect();
    let names = lists.iter().flat_map(|list| list.split(',')).map(str::trim);
    let names: std::collections::BTreeSet<String> =
        names.filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect();
    let too_long = lists.iter().map(|list| list.len() + "ATRN \r\n".len()).find(|len| *len > 512);
    match too_long {
        _ if lists.is_empty() => Verdict::unknown("it did not ask for its mail"),
        Some(length) => fail(
            "512 octets",
            length.to_string(),
            format!("it says a line of {length} octets for ATRN"),
        ),
        None if lists.contains(&"") || names.len() >= call.domains => Verdict::pass(),
        // Whoever was not started by us may call for the rest later.
        None if call.exit.is_none() => {
            Verdict::unknown(format!("it asks for {} domains in one call", names.len()))
        }
        None => fail(
            &format!("{} domains", call.domains),
            names.len().to_string(),
            format!("of its {} domains it asks for {}", call.domains, names.len()),
        ),
    }
}

fn verb_turn(call: Called<'_>) -> Verdict {
    let lines = &call.caller.lines;
    let place = |verb: &str| lines.iter().position(|line| verb_of(line).eq_ignore_ascii_case(verb));
    let Some(turn) = place("TURN") else {
        return match lines.is_empty() {
            true => Verdict::unknown("it said nothing"),
            false => Verdict::skip("it does not say TURN"),
        };
    };
    match lines[turn].trim() {
        _ if place("AUTH").is_none_or(|auth| auth > turn) => {
            fail("AUTH before TURN", lines[turn].as_str(), "it says TURN, and has not logged in")
        }
        line if line.len() > "TURN".len() => fail("TURN alone", line, format!("it says {line:?}")),
        _ => Verdict::pass(),
    }
}

/// Whether it ended as it has to. Who was not started by us is not asked.
pub fn judge_end(ends: Ends, ran: bool, exit: Option<i32>) -> Verdict {
    match (ends, exit) {
        _ if !ran => Verdict::pass(),
        (_, None) => fail("an end", "none", "it never ended"),
        (Ends::Well, Some(code)) if code != 0 => {
            fail("0", code.to_string(), format!("it ended with {code}, as if something were wrong"))
        }
        (Ends::Badly, Some(0)) => fail("not 0", "0", "it ended with 0, as if all were well"),
        _ => Verdict::pass(),
    }
}

/// How a customer has to end behind one of the talks that follow the turn.
pub fn ends_behind(talk: &str) -> Ends {
    match talk {
        "cust.250-quit" | "cust.quit-221" => Ends::Well,
        "cust.drop-rcpt" | "cust.mid-drop" => Ends::Badly,
        _ => Ends::Anyhow,
    }
}

#[cfg(test)]
mod tests;
