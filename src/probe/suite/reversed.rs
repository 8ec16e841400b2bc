//! What is asked of a provider once it has turned the line: each rule with the server that we are for it, and its
//! judge. RFC 2645, section 5.3.
//!
//! Nothing is taken. Where a rule says that mail stays, the provider is asked again, and has to offer what it
//! offered before.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::host::{Act, Offer, Plan, Seen, Stage, verb_of};
use super::super::script::{Level, Outcome, Verdict};
use super::Head;
use super::survey::{fail, warn};

/// How the line came to be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// As usual.
    Usual,
    /// Our greeting went out in one piece with ATRN.
    Hasty,
    /// Twice, over two lines at the same time.
    Twice,
    /// And the answer may take ten minutes.
    Patiently,
}

/// A rule, the server that we are for it, and its judge.
pub struct Scene {
    /// What it is.
    pub head: Head,
    /// What has to be allowed beside `turn`.
    pub needs: &'static [&'static str],
    /// What we do, for whoever asks.
    pub talk: &'static str,
    /// How the line is turned.
    pub asked: Asked,
    /// Has everything to be offered again afterwards?
    pub keeps: bool,
    /// The server that we are.
    pub plan: fn() -> Plan,
    /// Reads, and says.
    pub judge: fn(&Seen) -> Verdict,
}

/// The server that looks what is there: nobody is taken for now.
pub fn look() -> Plan {
    Plan::default()
}

const KEEP: &str = "451 4.3.0 odmr-probe takes no mail; keep it";

/// As late as the standard lets us be. RFC 5321, section 4.5.3.2.
const LATE: &[(Stage, Duration)] = &[
    (Stage::Ehlo, Duration::from_secs(290)),
    (Stage::Mail, Duration::from_secs(290)),
    (Stage::Rcpt, Duration::from_secs(290)),
    (Stage::Data, Duration::from_secs(110)),
    (Stage::Dot, Duration::from_secs(590)),
];

macro_rules! scene {
    ($id:literal, $level:ident, $spec:expr, $needs:expr, $keeps:literal, $plan:expr, $judge:expr,
     $title:literal, $talk:literal, $fix:literal) => {
        Scene {
            head: Head::new($id, $title, Level::$level, &$spec, $fix),
            needs: &$needs,
            talk: $talk,
            asked: Asked::Usual,
            keeps: $keeps,
            plan: $plan,
            judge: $judge,
        }
    };
}

/// All of them, in the order in which they are asked.
pub fn scenes() -> &'static [Scene] {
    SCENES
}

static SCENES: &[Scene] = &[
    scene!(
        "atrn.nomail",
        Must,
        ["RFC 2645, 5.2.1"],
        [],
        false,
        look,
        |seen| judge_nothing_waits(250, Some(seen)),
        "Where nothing waits, ATRN is answered by 453, or by 250, EHLO and QUIT",
        "ATRN for the customer's domain, which has no mail.",
        "Answer 453, or turn the line and say QUIT behind EHLO."
    ),
    scene!(
        "rev.rcpt-4xx",
        Must,
        ["RFC 5321, 4.2.1"],
        [],
        true,
        look,
        after_rcpt,
        "Who is told 4xx for a recipient goes on, and keeps the mail",
        "RCPT is answered by 451, each time.",
        "Keep the recipient for the next call, and go on with the next message."
    ),
    scene!(
        "rev.domains",
        Security,
        ["RFC 2645, 5.2.1"],
        [],
        false,
        look,
        |_| Verdict::unknown("nobody said which domain was asked for"),
        "Only mail for the domain that was asked for is sent",
        "RCPT is answered by 451, each time; every recipient is looked at.",
        "Send what is for the domains of the ATRN, and nothing else."
    ),
    scene!(
        "rev.waits",
        Must,
        ["RFC 2645, 5.3", "RFC 5321, 4.3.1"],
        [],
        false,
        || Plan { silent: Duration::from_secs(1), ..look() },
        waits,
        "Behind the 250 the provider waits for the customer's greeting",
        "For a second nothing is said; then 220.",
        "Say nothing until the customer has greeted: it is the server now."
    ),
    scene!(
        "rev.ehlo",
        Must,
        ["RFC 2645, 5.3", "RFC 5321, 4.1.1.1"],
        [],
        false,
        look,
        ehlo,
        "The provider says EHLO, with its full name",
        "220, and a look at what comes first.",
        "Begin with EHLO and a name that resolves, or an address literal."
    ),
    scene!(
        "rev.multiline-220",
        Must,
        ["RFC 5321, 4.2.1"],
        [],
        false,
        || Plan::with(&[(
            Stage::Greeting,
            Act::Say("220-{me} odmr-probe\n220-takes no mail\n220 and says so")
        )]),
        |seen| begun(seen, "EHLO"),
        "A greeting may have several lines",
        "220- twice, then 220.",
        "Read the greeting to its last line."
    ),
    scene!(
        "rev.reject-greet",
        Must,
        ["RFC 5321, 3.1", "RFC 5321, 3.8"],
        [],
        true,
        || Plan::with(&[(Stage::Greeting, Act::SayAndHangUp("421 4.3.2 not now; keep it"))]),
        nothing_offered,
        "A customer that greets by 421 gets nothing, and its mail stays",
        "The greeting is 421; then the line is closed.",
        "Take 421 for the end of the session, and keep all mail for the next."
    ),
    scene!(
        "rev.reject-greet-5xx",
        Must,
        ["RFC 5321, 3.1"],
        ["intrusive"],
        true,
        || Plan::with(&[(Stage::Greeting, Act::Say("554 5.3.2 takes no mail; keep it"))]),
        nothing_offered,
        "A customer that greets by 554 gets nothing, and its mail stays",
        "The greeting is 554; then a wait for QUIT.",
        "Say QUIT, and keep all mail: it was the session that was refused, no message."
    ),
    scene!(
        "rev.mail-4xx",
        Must,
        ["RFC 5321, 4.2.1"],
        [],
        true,
        || Plan::with(&[(Stage::Mail, Act::Say(KEEP))]),
        after_mail,
        "Who is told 4xx for MAIL goes on, and keeps the mail",
        "MAIL is answered by 451, each time.",
        "Keep the message for the next call, and go on with the next one."
    ),
    scene!(
        "rev.data-4xx",
        Must,
        ["RFC 5321, 4.2.1"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok")), (Stage::Data, Act::Say(KEEP))]),
        after_data,
        "Who is told 4xx for DATA sends no content, and keeps the mail",
        "RCPT is answered by 250, DATA by 451, each time.",
        "Send the content behind 354 only, and keep the message for the next call."
    ),
    scene!(
        "rev.eod-4xx",
        Must,
        ["RFC 5321, 4.2.5"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok"))]),
        after_dot,
        "Who is told 4xx for a content keeps the mail",
        "RCPT is answered by 250, DATA by 354, the final dot by 451, each time.",
        "A message is the customer's when 250 has come for its content, and not before."
    ),
    scene!(
        "rev.eod-drop",
        Must,
        ["RFC 5321, 6.1", "RFC 1047"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok")), (Stage::Dot, Act::HangUp)]),
        after_dot,
        "A content whose end is not answered stays",
        "RCPT is answered by 250, DATA by 354; behind the final dot the line is closed.",
        "Without an answer to the final dot, send the message again: twice is better than never."
    ),
    scene!(
        "rev.drop-ehlo",
        Must,
        ["RFC 5321, 4.1.1.10"],
        [],
        true,
        || Plan::with(&[(Stage::Ehlo, Act::HangUp)]),
        nothing_offered,
        "A line that is cut behind EHLO costs no mail",
        "The line is closed behind EHLO.",
        "Keep all that was not answered for by 250."
    ),
    scene!(
        "rev.drop-mail",
        Must,
        ["RFC 5321, 4.1.1.10"],
        [],
        true,
        || Plan::with(&[(Stage::Mail, Act::HangUp)]),
        |seen| with_offer(seen, |_| Verdict::pass()),
        "A line that is cut behind MAIL costs no mail",
        "The line is closed behind the first MAIL.",
        "Keep all that was not answered for by 250."
    ),
    scene!(
        "rev.drop-rcpt",
        Must,
        ["RFC 5321, 4.1.1.10"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::HangUp)]),
        |seen| with_offer(seen, |_| Verdict::pass()),
        "A line that is cut behind RCPT costs no mail",
        "The line is closed behind the first RCPT.",
        "Keep all that was not answered for by 250."
    ),
    scene!(
        "rev.drop-data",
        Must,
        ["RFC 5321, 4.1.1.10"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok")), (Stage::Data, Act::HangUp)]),
        |seen| with_offer(seen, |_| Verdict::pass()),
        "A line that is cut behind DATA costs no mail",
        "RCPT is answered by 250; the line is closed behind DATA.",
        "Keep all that was not answered for by 250."
    ),
    scene!(
        "rev.drop-content",
        Must,
        ["RFC 5321, 4.1.1.10"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok")), (Stage::Content, Act::HangUp)]),
        |seen| with_offer(seen, |_| Verdict::pass()),
        "A line that is cut within a content costs no mail",
        "RCPT is answered by 250, DATA by 354; the line is closed when the first octets of a content have come.",
        "Keep all that was not answered for by 250."
    ),
    scene!(
        "rev.421",
        Must,
        ["RFC 5321, 3.8"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::SayAndHangUp("421 4.3.2 not now; keep it"))]),
        |seen| with_offer(seen, |_| Verdict::pass()),
        "After 421 in the midst of a session everything that is left stays",
        "The first RCPT is answered by 421; then the line is closed.",
        "Take 421 for the end of the session, and keep all mail for the next."
    ),
    scene!(
        "rev.ext-all",
        Must,
        ["RFC 1870, 6", "RFC 6152, 3", "RFC 3030, 2", "RFC 2920, 3.1"],
        [],
        true,
        || Plan {
            keywords: &[
                "SIZE",
                "8BITMIME",
                "PIPELINING",
                "CHUNKING",
                "BINARYMIME",
                "DSN",
                "SMTPUTF8",
                "ENHANCEDSTATUSCODES"
            ],
            ..Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok"))])
        },
        extensions,
        "What the customer lists is used as it is meant",
        "EHLO is answered by SIZE, 8BITMIME, PIPELINING, CHUNKING, DSN and SMTPUTF8; RCPT by 250, the content by 451.",
        "SIZE tells no less than what comes, and no other parameters than those of the extensions are there."
    ),
    scene!(
        "rev.starttls",
        Info,
        ["RFC 3207, 4.2"],
        [],
        false,
        || Plan {
            keywords: &[
                "SIZE",
                "8BITMIME",
                "SMTPUTF8",
                "CHUNKING",
                "BINARYMIME",
                "DSN",
                "STARTTLS"
            ],
            ..look()
        },
        starttls,
        "Under TLS, STARTTLS is not said again",
        "EHLO is answered by STARTTLS and more; STARTTLS by 454.",
        "The line is secure already: do not ask for it twice."
    ),
    scene!(
        "rev.lines",
        Must,
        ["RFC 5321, 2.3.8", "RFC 6152, 3"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok"))]),
        lines,
        "What is sent has lines that end in CRLF, and 8-bit octets only where MAIL says so",
        "RCPT is answered by 250, DATA by 354, the content by 451; the contents are looked at.",
        "Send CR and LF in pairs only, and BODY=8BITMIME with what has 8-bit octets."
    ),
    scene!(
        "rev.quit",
        Must,
        ["RFC 2645, 5.3", "RFC 5321, 4.1.1.10"],
        [],
        false,
        look,
        quit,
        "The provider ends with QUIT, and waits for the answer",
        "RCPT is answered by 451; 221 comes a moment late.",
        "Say QUIT when nothing is left, and close the connection when 221 has come."
    ),
    scene!(
        "rev.no-return",
        Must,
        ["RFC 2645, 5.3"],
        [],
        false,
        || Plan::with(&[(Stage::Quit, Act::Say("221 2.0.0 bye\nATRN\nEHLO {me}"))]),
        no_return,
        "The line is not turned a second time",
        "Behind 221 comes ATRN, and EHLO.",
        "Close the connection behind QUIT, whatever comes."
    ),
    scene!(
        "rev.rset-reuse",
        Info,
        ["RFC 5321, 4.1.4"],
        [],
        false,
        look,
        reuse,
        "Several messages come over one session",
        "RCPT is answered by 451, each time.",
        "Go on with the next message in the same session."
    ),
    Scene {
        asked: Asked::Hasty,
        ..scene!(
            "atrn.pipelined",
            Security,
            ["RFC 2920, 3.1", "RFC 2645, 5.3"],
            [],
            false,
            || Plan { silent: Duration::from_secs(1), ..look() },
            hasty,
            "A greeting that comes in one piece with ATRN is not taken for one",
            "ATRN and 220 go out in one piece; then nothing is said for a second.",
            "What came before the 250 was said by somebody who guessed: throw it away, or refuse."
        )
    },
    Scene {
        asked: Asked::Twice,
        ..scene!(
            "rev.parallel",
            Security,
            ["RFC 2645, 5.2.1"],
            [],
            true,
            look,
            |_| Verdict::unknown("nobody asked twice"),
            "Two sessions at once get no message twice",
            "While one session has the line turned, a second one asks for the same.",
            "Answer 450 to the second, or send it what the first is not being sent."
        )
    },
    scene!(
        "rev.delay",
        Must,
        ["RFC 5321, 4.5.3.2.1"],
        ["slow"],
        true,
        || Plan { silent: Duration::from_secs(290), ..look() },
        waits,
        "A greeting may take five minutes",
        "For 290 seconds nothing is said; then 220.",
        "Wait for the customer's greeting for five minutes at least."
    ),
    scene!(
        "rev.no-relay-use",
        Security,
        ["RFC 2645, 5.2.1"],
        [],
        true,
        || Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok"))]),
        |_| Verdict::unknown("nobody said which domain was asked for"),
        "Who is taken for every recipient is offered mail for the customer's domain all the same, and no other",
        "RCPT is answered by 250, whoever it is for; the content by 451.",
        "Send a customer its own mail, whatever its server takes: it is no relay."
    ),
    scene!(
        "rev.timeouts",
        Should,
        ["RFC 5321, 4.5.3.2"],
        ["slow"],
        true,
        || Plan { late: LATE, ..Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok"))]) },
        timeouts,
        "The provider waits for each answer as long as the standard says",
        "EHLO, MAIL and RCPT are answered after 290 seconds, DATA after 110, the content, by 451, after 590.",
        "Wait five minutes for EHLO, MAIL and RCPT, two for DATA, ten for the end of a content."
    ),
    Scene {
        asked: Asked::Patiently,
        ..scene!(
            "atrn.wait",
            Must,
            ["RFC 2645, 5.2.1"],
            ["slow"],
            false,
            look,
            |_| Verdict::pass(),
            "ATRN is answered, within ten minutes",
            "ATRN, and a wait of ten minutes for its answer.",
            "Answer ATRN within ten minutes: the customer waits no longer."
        )
    },
    scene!(
        "rev.helo",
        Must,
        ["RFC 5321, 3.2", "RFC 5321, 4.1.4"],
        ["intrusive"],
        false,
        || Plan::with(&[(Stage::Ehlo, Act::Say("502 5.5.1 EHLO is not known here"))]),
        helo,
        "Where EHLO is refused, HELO is said",
        "EHLO is answered by 502, so that mail that needs an extension goes back to who sent it.",
        "Fall back to HELO when EHLO is answered by 5xx."
    ),
    scene!(
        "rev.ext",
        Must,
        ["RFC 5321, 2.2.1", "RFC 5321, 2.2.2"],
        ["intrusive"],
        false,
        || Plan { keywords: &[], ..Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok"))]) },
        no_extension,
        "No extension is used that the customer does not list",
        "EHLO is answered by one line, so that mail that needs more goes back to who sent it; RCPT by 250, DATA by 354, the final dot by 451.",
        "Use what the answer to EHLO lists in this session, and nothing else."
    ),
];

/// The first thing that was said, where something was.
fn first(seen: &Seen) -> Result<&str, Verdict> {
    match seen.commands.first() {
        Some(line) => Ok(line),
        None if seen.closed => {
            Err(fail("EHLO", "the line was closed", "it hung up on our greeting"))
        }
        None => Err(Verdict::unknown("it said nothing to our greeting")),
    }
}

fn begun(seen: &Seen, verb: &str) -> Verdict {
    match first(seen) {
        Err(told) => told,
        Ok(line) if verb_of(line).eq_ignore_ascii_case(verb) => Verdict::pass(),
        Ok(line) => fail(verb, line, format!("it begins with {line:?}")),
    }
}

fn waits(seen: &Seen) -> Verdict {
    if !seen.early.is_empty() {
        let said = String::from_utf8_lossy(&seen.early).into_owned();
        let why = format!("before our greeting it said {:?}", said.trim_end());
        return fail("nothing before our greeting", said, why);
    }
    if seen.left_early {
        return fail(
            "a wait for our greeting",
            "the line was closed",
            "it hung up before our greeting",
        );
    }
    match first(seen) {
        Ok(_) => Verdict::pass(),
        Err(told) => told,
    }
}

fn timeouts(seen: &Seen) -> Verdict {
    match seen.impatient {
        Some(stage) => {
            let what = format!("it did not wait for the answer at {}", stage.word());
            fail("a wait", "the line was closed", what)
        }
        None => after_dot(seen),
    }
}

/// What a provider that hung up instead of answering ATRN is told.
pub fn judge_gone(why: &str) -> Verdict {
    fail("an answer within ten minutes", why, "ATRN was not answered")
}

fn hasty(seen: &Seen) -> Verdict {
    if seen.early.is_empty() {
        return Verdict::pass();
    }
    let said = String::from_utf8_lossy(&seen.early).into_owned();
    let why = format!(
        "it answered a greeting that nobody had said behind the 250: {:?}",
        said.trim_end()
    );
    fail("nothing before our greeting", said, why)
}

fn ehlo(seen: &Seen) -> Verdict {
    let told = begun(seen, "EHLO");
    if told.outcome != Outcome::Pass {
        return told;
    }
    let name = seen.commands[0].split_once(' ').map_or("", |(_, name)| name.trim());
    match super::survey::is_full_name(name) {
        true => Verdict::pass(),
        false => warn("a full name", name, format!("{name:?} is no full name")),
    }
}

fn helo(seen: &Seen) -> Verdict {
    let then = seen.commands.iter().find(|line| !verb_of(line).eq_ignore_ascii_case("EHLO"));
    match then.map(|line| (line, verb_of(line).to_ascii_uppercase())) {
        Some((_, verb)) if verb == "HELO" => Verdict::pass(),
        Some((line, verb)) if verb == "QUIT" => {
            warn("HELO", line.as_str(), "it gives up where EHLO is refused")
        }
        Some((line, _)) => {
            fail("HELO", line.as_str(), format!("EHLO was refused, and it says {line:?}"))
        }
        None if seen.closed => {
            warn("HELO", "the line was closed", "it gives up where EHLO is refused")
        }
        None => Verdict::unknown("it said nothing more"),
    }
}

fn nothing_offered(seen: &Seen) -> Verdict {
    match seen.commands.iter().find(|line| {
        ["MAIL", "RCPT", "DATA", "BDAT"].contains(&verb_of(line).to_ascii_uppercase().as_str())
    }) {
        None => Verdict::pass(),
        Some(line) => fail("QUIT", line.as_str(), format!("it goes on with {line:?}")),
    }
}

fn with_offer(seen: &Seen, judge: impl Fn(&Offer) -> Verdict) -> Verdict {
    let Some(last) = seen.offers.last() else { return Verdict::unknown("no message was offered") };
    let told: Vec<Verdict> = seen.offers.iter().map(judge).collect();
    let failed = told.into_iter().find(|told| told.outcome != Outcome::Pass);
    failed.unwrap_or_else(|| match seen.stalled && !last.whole {
        true => Verdict::unknown("it said nothing more"),
        false => Verdict::pass(),
    })
}

fn after_mail(seen: &Seen) -> Verdict {
    with_offer(seen, |offer| match offer.rcpts.first() {
        None => Verdict::pass(),
        Some((path, _)) => fail(
            "RSET, MAIL or QUIT",
            format!("RCPT TO:<{path}>"),
            "MAIL was refused, and it went on with RCPT",
        ),
    })
}

/// Did it go on with these behind a refusal?
fn went_on(seen: &Seen, wrong: &[&str]) -> Option<Verdict> {
    let is_wrong = |line: &&String| wrong.contains(&verb_of(line).to_ascii_uppercase().as_str());
    let line = seen.commands.iter().find(is_wrong)?;
    Some(fail(
        "RSET, MAIL or QUIT",
        line.as_str(),
        format!("everybody was refused, and it went on with {line:?}"),
    ))
}

fn after_rcpt(seen: &Seen) -> Verdict {
    went_on(seen, &["DATA", "BDAT"]).unwrap_or_else(|| with_offer(seen, |_| Verdict::pass()))
}

fn after_data(seen: &Seen) -> Verdict {
    let junk = seen.commands.iter().find(|line| {
        let verb = verb_of(line).to_ascii_uppercase();
        ![
            "EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "STARTTLS", "BDAT",
            "VRFY",
        ]
        .contains(&verb.as_str())
    });
    match junk {
        Some(line) => {
            fail("RSET, MAIL or QUIT", line.as_str(), "DATA was refused, and it sent the content")
        }
        None => with_offer(seen, |_| Verdict::pass()),
    }
}

fn after_dot(seen: &Seen) -> Verdict {
    with_offer(seen, |_| match seen.offers.iter().any(|offer| offer.whole) {
        true => Verdict::pass(),
        false => Verdict::unknown("no content came to its end"),
    })
}

fn no_extension(seen: &Seen) -> Verdict {
    if let Some(line) =
        ["BDAT", "STARTTLS", "ATRN", "AUTH"].iter().find_map(|verb| Some(seen.verb(verb)?.1))
    {
        return fail(
            "none of the extensions",
            line,
            format!("it says {line:?}, and that is not listed"),
        );
    }
    if seen.hurried {
        let why = "it says several things at a time, and PIPELINING is not listed";
        return fail("one command at a time", "several in one piece", why);
    }
    with_offer(seen, |offer| {
        let with_params =
            offer.params.iter().chain(offer.rcpts.iter().flat_map(|(_, params)| params));
        match with_params.into_iter().next() {
            None => seven_bits(&offer.content),
            Some(param) => fail(
                "no parameters",
                param.as_str(),
                format!("it says {param}, and no extension is listed"),
            ),
        }
    })
}

fn extensions(seen: &Seen) -> Verdict {
    with_offer(seen, |offer| {
        let known = |param: &&String| {
            let name = param.split('=').next().unwrap_or_default().to_ascii_uppercase();
            ["SIZE", "BODY", "RET", "ENVID", "SMTPUTF8"].contains(&name.as_str())
        };
        if let Some(param) = offer.params.iter().find(|param| !known(param)) {
            return fail(
                "SIZE, BODY, RET, ENVID or SMTPUTF8",
                param.as_str(),
                format!("MAIL has {param}"),
            );
        }
        let known = |param: &&String| {
            let name = param.split('=').next().unwrap_or_default().to_ascii_uppercase();
            ["NOTIFY", "ORCPT"].contains(&name.as_str())
        };
        let of_rcpts = || offer.rcpts.iter().flat_map(|(_, params)| params);
        if let Some(param) = of_rcpts().find(|param| !known(param)) {
            return fail("NOTIFY or ORCPT", param.as_str(), format!("RCPT has {param}"));
        }
        let size = offer.params.iter().find_map(|param| {
            let (name, value) = param.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE").then(|| value.parse::<usize>().ok()).flatten()
        });
        match size {
            // Dots that were doubled on the way do not count.
            Some(size)
                if offer.whole
                    && offer.octets > size.saturating_add(size / 8).saturating_add(1024) =>
            {
                fail(
                    &format!("{size} octets"),
                    format!("{} octets", offer.octets),
                    format!("SIZE={size} was said, and {} octets came", offer.octets),
                )
            }
            _ => Verdict::pass(),
        }
    })
}

fn starttls(seen: &Seen) -> Verdict {
    if let Err(told) = first(seen) {
        return told;
    }
    match seen.verb("STARTTLS") {
        _ if !seen.tls => Verdict::skip("the line is not under TLS"),
        Some((_, line)) if seen.tls => {
            fail("no STARTTLS", line, "the line is under TLS, and it says STARTTLS")
        }
        _ => Verdict::pass(),
    }
}

fn seven_bits(octets: &[u8]) -> Verdict {
    match octets.iter().any(|octet| *octet >= 0x80) {
        true => {
            fail("seven bits", "eight bits", "a content has 8-bit octets, and MAIL does not say so")
        }
        false => Verdict::pass(),
    }
}

fn lines(seen: &Seen) -> Verdict {
    if seen.bare {
        return fail("CRLF", "LF", "a command ends in LF without CR");
    }
    let body = |offer: &Offer| {
        let word = offer
            .params
            .iter()
            .find_map(|param| param.to_ascii_uppercase().strip_prefix("BODY=").map(str::to_owned));
        word.unwrap_or_default()
    };
    with_offer(seen, |offer| {
        let octets = &offer.content;
        if body(offer) == "BINARYMIME" {
            return Verdict::pass();
        }
        let bare_lf =
            (0..octets.len()).any(|at| octets[at] == b'\n' && (at == 0 || octets[at - 1] != b'\r'));
        let bare_cr = (1..octets.len()).any(|at| octets[at - 1] == b'\r' && octets[at] != b'\n');
        if bare_lf || bare_cr {
            let what = if bare_lf { "LF without CR" } else { "CR without LF" };
            return fail("CRLF", what, format!("a content has {what}"));
        }
        match body(offer).as_str() {
            "8BITMIME" => Verdict::pass(),
            _ => seven_bits(octets),
        }
    })
}

fn quit(seen: &Seen) -> Verdict {
    match () {
        () if seen.quit && seen.left_unanswered => fail(
            "a wait for 221",
            "the line was closed",
            "it said QUIT, and hung up before the answer",
        ),
        () if seen.quit => Verdict::pass(),
        () if seen.closed => fail("QUIT", "the line was closed", "it hung up without QUIT"),
        () => Verdict::unknown("it said nothing more"),
    }
}

fn no_return(seen: &Seen) -> Verdict {
    if !seen.quit {
        return Verdict::unknown("it did not say QUIT");
    }
    match String::from_utf8_lossy(&seen.late).into_owned() {
        said if !said.is_empty() => {
            let why = format!("behind QUIT it answered {:?}", said.trim_end());
            fail("the end of the line", said, why)
        }
        _ if seen.stalled => {
            fail("the end of the line", "no answer in time", "it does not hang up behind QUIT")
        }
        _ => Verdict::pass(),
    }
}

fn reuse(seen: &Seen) -> Verdict {
    match seen.offers.len() {
        0 => Verdict::unknown("no message was offered"),
        1 => Verdict::unknown("one message was offered; two have to wait"),
        _ => Verdict::pass(),
    }
}

/// Is everybody at the domain that was asked for?
pub fn judge_domains(seen: &Seen, domain: &str) -> Verdict {
    with_offer(seen, |offer| {
        let is_other = |path: &&String| {
            path.rsplit_once('@').is_none_or(|(_, at)| !at.eq_ignore_ascii_case(domain))
        };
        match offer.rcpts.iter().map(|(path, _)| path).find(is_other) {
            None => Verdict::pass(),
            Some(path) => fail(
                &format!("recipients at {domain}"),
                path.as_str(),
                format!("{domain} was asked for, and mail for <{path}> was offered"),
            ),
        }
    })
}

/// Everything that was offered, with how often: each by who sends and who receives.
pub fn offered(seen: &Seen) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for offer in &seen.offers {
        let mut rcpts: Vec<&str> = offer.rcpts.iter().map(|(path, _)| path.as_str()).collect();
        rcpts.sort_unstable();
        rcpts.dedup();
        for rcpt in rcpts {
            *all.entry(format!("<{}> to <{rcpt}>", offer.from)).or_default() += 1;
        }
    }
    all
}

/// The line was turned, what waited was told to stay, and ATRN is answered by 453 now.
pub fn judge_lost() -> Verdict {
    let why = "it turned the line here, heard that nothing is taken, and says 453 when it is asked again: \
               the mail is gone, unless somebody else has fetched it";
    fail("the mail that waits", "453", why)
}

/// Is all that was there before there still? `now` is nothing where the provider said 453.
pub fn judge_kept(before: &Seen, now: Option<&Seen>) -> Verdict {
    let known = offered(before);
    if known.is_empty() || before.capped {
        return Verdict::unknown("it is not known what was there before");
    }
    let Some(now) = now else {
        let why = format!(
            "nothing was taken, and it says that nothing waits: {} lost",
            known.values().sum::<usize>()
        );
        return fail("250", "453", why);
    };
    let seen = offered(now);
    let lost = known.iter().find(|(mail, count)| seen.get(*mail).unwrap_or(&0) < count);
    match lost {
        None => Verdict::pass(),
        Some((mail, _)) => fail(
            mail,
            "it is not offered again",
            format!("nothing was taken, and the message {mail} is not offered again"),
        ),
    }
}

/// Has one of two sessions at once been offered what the other was?
pub fn judge_parallel(before: &Seen, one: &Seen, other: &Seen) -> Verdict {
    let (known, one, other) = (offered(before), offered(one), offered(other));
    let twice = one.iter().find(|(mail, count)| {
        *count + other.get(*mail).unwrap_or(&0) > *known.get(*mail).unwrap_or(&usize::MAX)
    });
    match twice {
        None => Verdict::pass(),
        Some((mail, _)) => fail(
            "each message in one session",
            mail.as_str(),
            format!("two sessions at once were both offered the message {mail}"),
        ),
    }
}

/// Nothing waits: is that told as it should be?
pub fn judge_nothing_waits(code: u16, seen: Option<&Seen>) -> Verdict {
    match (code, seen) {
        (453, _) => Verdict::pass(),
        (250, Some(seen)) if !seen.offers.is_empty() => Verdict::skip("mail waits"),
        (250, Some(seen)) if seen.quit => Verdict::pass(),
        (250, Some(seen)) => {
            let said = seen.commands.last().map_or("nothing", String::as_str);
            fail(
                "453, or EHLO and QUIT",
                said,
                "it turned the line, offered nothing, and did not say QUIT",
            )
        }
        (code, _) => fail("453 or 250", code.to_string(), format!("ATRN was answered by {code}")),
    }
}

#[cfg(test)]
mod tests;
