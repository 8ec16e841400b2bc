//! The rules for what becomes of a content: it is sent to the server, and looked at where the server sends it on to.

use super::super::script::{Expect, Level, Move, Outcome, Pattern, Probe, Start, Verdict, Word};
use super::super::sink::{Letter, REFUSE_ME};
use super::Head;
use super::survey::{fail, warn};

/// How a content is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// DATA.
    Data,
    /// DATA, with octets above 127.
    EightBit,
    /// BDAT.
    Bdat,
    /// DATA by nobody, to somebody who refuses it.
    Nobody,
    /// DATA, and a line that is cut before the last dot.
    Cut,
}

/// A rule for what becomes of a content.
pub struct Trial {
    /// What it is.
    pub head: Head,
    /// What the server has to offer.
    pub offers: Option<&'static str>,
    /// How it is sent.
    pub by: By,
    /// What is sent, a content each, behind the header.
    pub bodies: &'static [&'static [u8]],
    /// What is looked at.
    pub talk: &'static str,
    /// Reads, and says.
    pub judge: fn(&Came) -> Verdict,
}

/// What came of a trial.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// What was sent, behind the header.
    pub sent: Vec<Vec<u8>>,
    /// What of that was taken: as many as `sent`.
    pub is_taken: Vec<bool>,
    /// What was sent on of each, where it was.
    pub letters: Vec<Option<Letter>>,
    /// What was sent on beside, and speaks of it.
    pub others: Vec<Letter>,
    /// What came where a command should have been.
    pub strays: Vec<String>,
    /// Was the server told under TLS?
    pub tls: bool,
}

/// Endings that are none, and are for many.
const ENDINGS: &[&[u8]] = &[
    b"x\n.\ny\r\n",
    b"x\n.\r\ny\r\n",
    b"x\r\n.\ny\r\n",
    b"x\r.\ry\r\n",
    b"x\r.\r\ny\r\n",
    b"x\r\n.\r\r\ny\r\n",
];
/// The octets of each that matter.
const FORMS: &[&[u8]] = &[b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\n.\r\r\n"];
const LONG: &[u8] = &{
    let mut line = [b'x'; 2002];
    line[2000] = b'\r';
    line[2001] = b'\n';
    line
};

/// All of them.
pub fn trials() -> &'static [Trial] {
    TRIALS
}

static TRIALS: &[Trial] = &[
    Trial {
        head: Head {
            id: "data.dot",
            title: "Dots at the beginning of lines come out as they went in",
            level: Level::Must,
            spec: &["RFC 5321, 4.5.2"],
            fix: "Take away the dot that a client puts before one, and put it in again when the mail is sent on.",
            quirk: Some("MSQ-44"),
        },
        offers: None,
        by: By::Data,
        bodies: &[b".\r\n..\r\n.x\r\n...\r\nend\r\n"],
        talk: "A content with lines of dots is sent, and compared with what is sent on.",
        judge: unchanged,
    },
    Trial {
        head: Head {
            id: "data.trace",
            title: "One Received field is put in, and it says how the mail came",
            level: Level::Must,
            spec: &["RFC 5321, 4.4", "RFC 3848"],
            fix: "Put a Received field before the header, with ESMTP, and S behind it where there was TLS.",
            quirk: None,
        },
        offers: None,
        by: By::Data,
        bodies: &[b"x\r\n"],
        talk: "The Received fields of what is sent on are counted, and the first is read.",
        judge: trace,
    },
    Trial {
        head: Head {
            id: "data.abort",
            title: "A content that was cut off is not sent on",
            level: Level::Must,
            spec: &["RFC 5321, 4.1.1.10"],
            fix: "Take a content when its last dot has come, and drop what has none.",
            quirk: None,
        },
        offers: None,
        by: By::Cut,
        bodies: &[b"x\r\n"],
        talk: "The line is cut in a content; another is sent whole, and only that one should be sent on.",
        judge: not_sent_on,
    },
    Trial {
        head: Head {
            id: "8bit.content",
            title: "Octets above 127 come out as they went in",
            level: Level::Must,
            spec: &["RFC 6152, 3"],
            fix: "Keep the eighth bit, or do not offer 8BITMIME.",
            quirk: None,
        },
        offers: Some("8BITMIME"),
        by: By::EightBit,
        bodies: &[b"caf\xc3\xa9\r\n\x80\x9f\xa0\xff\r\n"],
        talk: "A content with such octets is sent, and compared with what is sent on.",
        judge: unchanged,
    },
    Trial {
        head: Head {
            id: "bdat.dots",
            title: "Dots in a chunk come out as they went in",
            level: Level::Must,
            spec: &["RFC 3030, 2"],
            fix: "Take no dot away from a chunk; put one in when the mail is sent on by DATA.",
            quirk: None,
        },
        offers: Some("CHUNKING"),
        by: By::Bdat,
        bodies: &[b".\r\n..\r\n.x\r\nend\r\n"],
        talk: "A chunk with lines of dots is sent, and compared with what is sent on.",
        judge: unchanged,
    },
    Trial {
        head: Head {
            id: "lim.text-long",
            title: "A line of 2000 octets is refused, or comes out as it went in",
            level: Level::Interop,
            spec: &["RFC 5321, 4.5.3.1.6"],
            fix: "Refuse what cannot be kept: a line that is cut breaks signatures and attachments.",
            quirk: Some("MSQ-37"),
        },
        offers: None,
        by: By::Data,
        bodies: &[LONG],
        talk: "A content with such a line is sent, and compared with what is sent on.",
        judge: unchanged,
    },
    Trial {
        head: Head {
            id: "smug.outbound",
            title: "No ending that is none is sent on",
            level: Level::Security,
            spec: &["RFC 5321, 2.3.8", "RFC 5321, 4.1.1.4"],
            fix: "Refuse CR and LF that stand alone, or make lines of them and put dots in.",
            quirk: Some("MSQ-40"),
        },
        offers: None,
        by: By::Data,
        bodies: ENDINGS,
        talk: "A content with each of the endings that some server takes for one is sent; what is sent on should have none.",
        judge: no_ending,
    },
    Trial {
        head: Head {
            id: "smug.bdat-body",
            title: "An ending in a chunk is none where the mail is sent on by DATA",
            level: Level::Security,
            spec: &["RFC 3030, 2", "RFC 5321, 4.5.2"],
            fix: "Put a dot before each that begins a line when what came by BDAT is sent on by DATA.",
            quirk: None,
        },
        offers: Some("CHUNKING"),
        by: By::Bdat,
        bodies: &[b"x\r\n.\r\nXYZZY odmr-probe\r\ny\r\n"],
        talk: "A chunk with CRLF, dot, CRLF in it is sent, and compared with what is sent on.",
        judge: unchanged,
    },
    Trial {
        head: Head {
            id: "dsn.null",
            title: "Nobody is told of mail that came from nobody",
            level: Level::Must,
            spec: &["RFC 3461, 6.1", "RFC 5321, 4.5.5"],
            fix: "Send no report where the reverse-path is null, whatever stands in the header.",
            quirk: None,
        },
        offers: None,
        by: By::Nobody,
        bodies: &[b"x\r\n"],
        talk: "Mail of the null reverse-path is refused where it is sent on to; no report of it should come.",
        judge: nobody_told,
    },
];

impl Trial {
    /// The probe that sends one of its contents, by this name.
    pub fn probe(&self, body: &[u8], token: &str) -> Probe {
        let refused = if self.by == By::Nobody { format!(" {REFUSE_ME}") } else { String::new() };
        let header = format!(
            "Received: from odmr-probe.invalid by odmr-probe.invalid; Thu, 1 Jan 2026 00:00:00 +0000\r\n\
             From: {{rcpt}}\r\nTo: {{rcpt}}\r\nSubject: {token}{refused}\r\n\
             Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{token}@odmr-probe.invalid>\r\n\r\n"
        );
        let say = |line: &str| Move::Say(format!("{line}\r\n").into_bytes());
        let way = |code: &str| Move::Hear(Expect::on_the_way(code));
        let mail = match self.by {
            By::EightBit => "MAIL FROM:<{from}> BODY=8BITMIME",
            By::Nobody => "MAIL FROM:<>",
            _ => "MAIL FROM:<{from}>",
        };
        let mut moves = vec![say(mail), way("250"), say("RCPT TO:<{rcpt}>"), way("25x")];
        match self.by {
            // The names in the header are as long as nobody knows yet: it goes in a chunk of its own that has none.
            By::Bdat => {
                let header = header.replace("{rcpt}", "odmr-probe@odmr-probe.invalid");
                let content = [header.as_bytes(), body].concat();
                let verb = format!("BDAT {} LAST\r\n", content.len());
                moves.push(Move::Say([verb.as_bytes(), &content].concat()));
            }
            By::Cut => {
                moves.extend([say("DATA"), way("354")]);
                moves.push(Move::Say([header.as_bytes(), body].concat()));
                moves.push(Move::Anew(super::super::script::Manner::Cut));
                moves.push(way("220"));
                return self.with(moves);
            }
            _ => {
                moves.extend([say("DATA"), way("354")]);
                moves.push(Move::Say([header.as_bytes(), &stuffed(body), b".\r\n"].concat()));
            }
        }
        let pattern = |code: &str| Pattern::read(code).into_iter().collect();
        moves.push(Move::Hear(Expect {
            right: pattern("250"),
            tolerated: pattern("5xx"),
            ..Expect::default()
        }));
        self.with(moves)
    }

    fn with(&self, moves: Vec<Move>) -> Probe {
        Probe {
            id: self.head.id.to_owned(),
            title: self.head.title.to_owned(),
            level: self.head.level,
            spec: Vec::new(),
            fix: self.head.fix.to_owned(),
            quirk: self.head.quirk.map(str::to_owned),
            needs: Vec::new(),
            start: Start::Hello,
            alone: true,
            kinds: Vec::new(),
            moves,
            text: String::new(),
        }
    }

    /// Was a content taken, by what came of the talk? No answer where nobody can tell.
    pub fn is_taken(told: &Verdict) -> Option<bool> {
        match told.outcome {
            Outcome::Pass => Some(true),
            Outcome::Warn => Some(false),
            _ => None,
        }
    }

    /// Was it said under TLS?
    pub fn is_under_tls(words: &[Word]) -> bool {
        words.last().is_some_and(|word| word.tls)
    }
}

/// A dot before each that begins a line. A line ends in CRLF; what stands behind LF alone is sent as it is.
fn stuffed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut is_new = true;
    for (at, octet) in body.iter().enumerate() {
        // The endings that are none have to go out as they are.
        let is_ending = ENDINGS.contains(&body);
        if is_new && *octet == b'.' && !is_ending {
            out.push(b'.');
        }
        out.push(*octet);
        is_new = *octet == b'\n' && at > 0 && body[at - 1] == b'\r';
    }
    out
}

/// What stands behind the header.
fn body(letter: &Letter) -> Vec<u8> {
    let content = letter.content();
    let end = memchr::memmem::find(&content, b"\r\n\r\n").map_or(content.len(), |at| at + 4);
    content[end..].to_vec()
}

fn shown(octets: &[u8]) -> String {
    crate::smtp::escape::Escaped(&octets[..octets.len().min(200)]).to_string()
}

fn unchanged(came: &Came) -> Verdict {
    let (Some(sent), Some(is_taken)) = (came.sent.first(), came.is_taken.first()) else {
        return Verdict::unknown("nothing was sent");
    };
    if !is_taken {
        return Verdict::pass();
    }
    let Some(Some(letter)) = came.letters.first() else { return missing() };
    let got = body(letter);
    match () {
        () if !came.strays.is_empty() => {
            let why = format!("a part of the content came as a command: {}", came.strays[0]);
            fail("nothing outside of the content", came.strays[0].as_str(), why)
        }
        () if got == *sent => Verdict::pass(),
        () => fail(&shown(sent), shown(&got), "the content that is sent on is another"),
    }
}

fn missing() -> Verdict {
    Verdict::unknown(
        "it did not come to --sink in time: is the server told to send mail for --rcpt there?",
    )
}

fn trace(came: &Came) -> Verdict {
    let Some(Some(letter)) = came.letters.first() else { return missing() };
    let content = letter.content();
    let text = String::from_utf8_lossy(&content).replace("\r\n\t", " ").replace("\r\n ", " ");
    let header = text.split("\r\n\r\n").next().unwrap_or_default();
    let is_trace = |line: &&str| line.to_ascii_lowercase().starts_with("received:");
    let fields: Vec<&str> = header.lines().filter(is_trace).collect();
    let own = fields.first().copied().unwrap_or_default();
    let mut words = own.split_ascii_whitespace();
    let with = words.find(|word| word.eq_ignore_ascii_case("with")).and_then(|_| words.next());
    let with = with.unwrap_or_default().trim_end_matches(';').to_ascii_uppercase();
    let ends = with.strip_prefix("UTF8").unwrap_or(&with);
    let ends = ["ESMTP", "LMTP", "SMTP"].iter().find_map(|start| ends.strip_prefix(start));
    match fields.len() {
        0 | 1 => fail("one more Received field", "none", "no Received field was put in"),
        _ if with.is_empty() => {
            warn("with ESMTP", own, "the Received field does not say how it came")
        }
        _ if with == "SMTP" || ends.is_none_or(|ends| ends.starts_with('S') != came.tls) => {
            let wanted = if came.tls { "with ESMTPS" } else { "with ESMTP" };
            fail(
                wanted,
                format!("with {with}"),
                format!("it came otherwise than \"with {with}\" says"),
            )
        }
        2 => Verdict::pass(),
        more => {
            let why = format!("{} Received fields were put in", more - 1);
            warn("one more Received field", (more - 1).to_string(), why)
        }
    }
}

fn not_sent_on(came: &Came) -> Verdict {
    match (&came.letters[..], &came.others[..]) {
        ([Some(_)], []) => Verdict::pass(),
        ([Some(_)], [first, ..]) => {
            let why = "a content without its last dot was sent on";
            fail("nothing", shown(&first.raw), why)
        }
        _ => missing(),
    }
}

fn no_ending(came: &Came) -> Verdict {
    let has = |form: &&&[u8], letter: &Letter| letter.has(form);
    for letter in came.letters.iter().flatten() {
        if let Some(form) = FORMS.iter().find(|form| has(form, letter)) {
            let why = format!(
                "{} is sent on as it came: a server that takes it for an ending is fooled",
                shown(form)
            );
            return fail("no ending that is none", shown(form), why);
        }
    }
    if let Some(stray) = came.strays.first() {
        let why = format!("a part of a content came as a command: {stray}");
        return fail("nothing outside of a content", stray.as_str(), why);
    }
    let is_missing = |(is_taken, letter): (&bool, &Option<Letter>)| *is_taken && letter.is_none();
    match came.is_taken.iter().zip(&came.letters).any(is_missing) {
        true => missing(),
        false if came.is_taken.is_empty() => Verdict::unknown("nothing was sent"),
        false => Verdict::pass(),
    }
}

fn nobody_told(came: &Came) -> Verdict {
    match (&came.letters[..], came.others.first()) {
        ([Some(_), ..], None) => Verdict::pass(),
        ([Some(_), ..], Some(report)) => {
            fail("no report", shown(&report.raw), "a report of mail from nobody was sent")
        }
        _ => missing(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(id: &str) -> &'static Trial {
        trials().iter().find(|trial| trial.head.id == id).unwrap()
    }

    const HEAD: &[u8] = b"Received: from a by mx.example.net (x)\r\n\twith ESMTP id 1; now\r\n\
        Received: from odmr-probe.invalid\r\nSubject: t\r\n\r\n";

    fn letter(head: &[u8], body: &[u8]) -> Option<Letter> {
        Some(Letter { from: String::new(), raw: [head, body].concat() })
    }

    /// What comes of a trial with a server that does nothing wrong.
    fn sound(trial: &Trial) -> Came {
        let wire = |body: &&[u8]| match ENDINGS.contains(body) {
            true => b"x\r\n..\r\ny\r\n".to_vec(),
            false => stuffed(body),
        };
        Came {
            sent: trial.bodies.iter().map(|body| body.to_vec()).collect(),
            is_taken: vec![true; trial.bodies.len()],
            letters: trial.bodies.iter().map(|body| letter(HEAD, &wire(body))).collect(),
            ..Came::default()
        }
    }

    fn broken(id: &str, wrong: impl FnOnce(&mut Came)) -> Verdict {
        let mut came = sound(trial(id));
        wrong(&mut came);
        (trial(id).judge)(&came)
    }

    #[test]
    fn each_rule_for_contents_can_be_broken() {
        for trial in trials() {
            let told = (trial.judge)(&sound(trial));
            assert_eq!(told.outcome, Outcome::Pass, "{}: {}", trial.head.id, told.why);
            let nothing = (trial.judge)(&Came::default());
            assert_eq!(nothing.outcome, Outcome::Inconclusive, "{}", trial.head.id);
            let mut lost = sound(trial);
            lost.letters = vec![None; lost.letters.len()];
            assert_eq!((trial.judge)(&lost).outcome, Outcome::Inconclusive, "{}", trial.head.id);
        }
        let other = || letter(HEAD, b"another\r\n");
        let no_with =
            letter(b"Received: from a\r\nReceived: from b\r\nSubject: t\r\n\r\n", b"x\r\n");
        for (id, told) in [
            ("data.dot", broken("data.dot", |came| came.letters = vec![other()])),
            ("8bit.content", broken("8bit.content", |came| came.letters = vec![other()])),
            ("bdat.dots", broken("bdat.dots", |came| came.letters = vec![other()])),
            ("lim.text-long", broken("lim.text-long", |came| came.letters = vec![other()])),
            (
                "smug.bdat-body",
                broken("smug.bdat-body", |came| came.strays = vec!["XYZZY".to_owned()]),
            ),
            (
                "smug.outbound",
                broken("smug.outbound", |came| came.letters[0] = letter(HEAD, ENDINGS[0])),
            ),
            ("smug.outbound", broken("smug.outbound", |came| came.strays = vec!["y".to_owned()])),
            ("data.trace", broken("data.trace", |came| came.tls = true)),
            (
                "data.trace",
                broken("data.trace", |came| {
                    came.letters = vec![letter(b"Subject: t\r\n\r\n", b"x")]
                }),
            ),
            (
                "data.abort",
                broken("data.abort", |came| came.others = other().into_iter().collect()),
            ),
            ("dsn.null", broken("dsn.null", |came| came.others = other().into_iter().collect())),
        ] {
            assert_eq!(told.outcome, Outcome::Fail, "{id}: {}", told.why);
        }
        assert_eq!(
            broken("data.trace", |came| came.letters = vec![no_with]).outcome,
            Outcome::Warn
        );
        let refused = broken("lim.text-long", |came| came.is_taken = vec![false]);
        assert_eq!(refused.outcome, Outcome::Pass, "to refuse it is right");
    }

    #[test]
    fn each_ending_goes_out_as_it_is_and_can_be_found() {
        for ending in ENDINGS {
            assert_eq!(stuffed(ending), *ending);
            assert!(FORMS.iter().any(|form| memchr::memmem::find(ending, form).is_some()));
        }
        assert_eq!(stuffed(b".\r\na\r\n.b\r\n"), b"..\r\na\r\n..b\r\n");
    }
}
