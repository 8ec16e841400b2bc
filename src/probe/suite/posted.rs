//! What is asked of a provider with letters of our own: they are put in where mail for the customer comes in, and
//! all of them are taken out again. RFC 2645, section 5.3; RFC 5321, section 4.
//!
//! ```text
//! we, at the MX door:   MAIL FROM:<odmr-probe-1f-marked@example.org>
//!                       RCPT TO:<box@example.org>
//! the provider, turned: MAIL FROM:<odmr-probe-1f-marked@example.org>
//!                       550 5.1.1 no                 and then a notice has to come, once
//! ```

use std::time::Duration;

use super::super::host::{Act, Offer, Seen, Stage};
use super::super::script::{Level, Verdict};
use super::Head;
use super::survey::{fail, warn};

/// More than this of all sessions is not held, octets: what is put in is a few KiB.
const MOST_HELD: usize = 16 << 20;

/// A letter of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Stands in its sender and in its Message-ID.
    pub tag: &'static str,
    /// Its sender is nobody.
    pub null: bool,
    /// What stands behind its header, as a client sends it but for the dots.
    pub body: &'static [u8],
}

/// Fields that its header has, in this order.
pub const TRACE: [&str; 2] = [
    "Received: from one.odmr-probe.invalid by two.odmr-probe.invalid; Mon, 1 Jan 2024 00:00:01 +0000",
    "Received: from none.odmr-probe.invalid by one.odmr-probe.invalid; Mon, 1 Jan 2024 00:00:00 +0000",
];

impl Letter {
    /// Who sends it.
    pub fn from(&self, word: &str, domain: &str) -> String {
        if self.null { String::new() } else { format!("{word}-{}@{domain}", self.tag) }
    }

    /// What is sent, its dots doubled, and the last one behind it.
    pub fn content(&self, word: &str, domain: &str, me: &str) -> Vec<u8> {
        let header = format!(
            "{}\r\n{}\r\nFrom: {word}-{}@{domain}\r\nSubject: odmr-probe\r\n\
             Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <{word}-{}@{me}>\r\n\r\n",
            TRACE[0], TRACE[1], self.tag, self.tag
        );
        let mut content = header.into_bytes();
        for line in self.body.split_inclusive(|octet| *octet == b'\n') {
            let is_begun = content.ends_with(b"\r\n");
            content.extend_from_slice(if is_begun && line.starts_with(b".") { b"." } else { b"" });
            content.extend_from_slice(line);
        }
        content.extend_from_slice(b".\r\n");
        content
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// The word in all that is ours.
    pub word: String,
    /// The sessions, in order; in the first ones the rule was tried.
    pub sessions: Vec<Seen>,
}

impl Posted {
    /// What is not ours is not looked at any more. Whether there is still room for what is.
    pub fn keep_ours(&mut self) -> bool {
        let word = self.word.as_bytes();
        for offer in self.sessions.iter_mut().flat_map(|seen| &mut seen.offers) {
            let named = offer.from.contains(&self.word)
                || offer.rcpts.iter().any(|(path, _)| path.contains(&self.word));
            if !named && memchr::memmem::find(&offer.content, word).is_none() {
                offer.content = Vec::new();
            }
        }
        let held = |seen: &Seen| {
            let contents: usize = seen.offers.iter().map(|offer| offer.content.len()).sum();
            let commands: usize = seen.commands.iter().map(String::len).sum();
            contents + commands
        };
        self.sessions.iter().map(held).sum::<usize>() <= MOST_HELD
    }

    /// Each time the letter was offered, as far as its sender tells.
    fn offers<'p>(&'p self, tag: &str) -> impl Iterator<Item = (usize, &'p Offer)> {
        let start = format!("{}-{tag}@", self.word);
        self.all().filter(move |(_, offer)| offer.from.starts_with(&start))
    }

    fn all(&self) -> impl Iterator<Item = (usize, &Offer)> {
        let sessions = self.sessions.iter().enumerate();
        sessions.flat_map(|(at, seen)| seen.offers.iter().map(move |offer| (at, offer)))
    }

    /// The letter, where it came whole.
    fn whole(&self, tag: &str) -> Result<&Offer, Verdict> {
        let whole = self.offers(tag).map(|(_, offer)| offer).find(|offer| offer.whole);
        whole.ok_or_else(|| Verdict::unknown("the letter that was put in was not offered in time"))
    }

    /// Notices to its sender.
    pub fn notices(&self, tag: &str) -> usize {
        let start = format!("{}-{tag}@", self.word);
        let is_to = |offer: &Offer| {
            offer.from.is_empty() && offer.rcpts.iter().any(|(path, _)| path.starts_with(&start))
        };
        self.all().filter(|(_, offer)| is_to(offer) && offer.code == Some(250)).count()
    }
}

/// A rule, its letters, what is done to the marked one, and the judge.
pub struct Errand {
    /// What it is.
    pub head: Head,
    /// What we do, for whoever asks.
    pub talk: &'static str,
    /// What is put in, in order.
    pub letters: &'static [Letter],
    /// What is done, to the marked letter where it is done to one, a session for each; then all is taken.
    pub rounds: &'static [&'static [(Stage, Act)]],
    /// A notice is waited for.
    pub is_returned: bool,
    /// Reads, and says.
    pub judge: fn(&Posted) -> Verdict,
}

/// The letter with which things are done.
pub const MARKED: &str = "marked";

const fn letter(tag: &'static str, body: &'static [u8]) -> Letter {
    Letter { tag, null: false, body }
}

const TWO: &[Letter] =
    &[letter(MARKED, b"This one is refused.\r\n"), letter("other", b"This one is taken.\r\n")];
const NO: &str = "550 5.7.1 odmr-probe refuses this letter of its own";

macro_rules! errand {
    ($id:literal, $level:ident, $spec:expr, $letters:expr, $rounds:expr, $returned:literal, $judge:expr,
     $title:literal, $talk:literal, $fix:literal) => {
        Errand {
            head: Head::new($id, $title, Level::$level, &$spec, $fix),
            talk: $talk,
            letters: $letters,
            rounds: $rounds,
            is_returned: $returned,
            judge: $judge,
        }
    };
}

/// All of them, in the order in which they are asked.
pub fn errands() -> &'static [Errand] {
    ERRANDS
}

static ERRANDS: &[Errand] = &[
    errand!(
        "rev.rcpt-5xx",
        Must,
        ["RFC 5321, 4.2.1", "RFC 5321, 6.1"],
        TWO,
        &[&[(Stage::Rcpt, Act::Say(NO))]],
        true,
        refused,
        "Who is told 5xx for a recipient returns one notice, and goes on",
        "Two letters of ours; RCPT of the first is answered by 550.",
        "Tell the sender once that the recipient was refused, and go on with the next message."
    ),
    errand!(
        "rev.mail-5xx",
        Must,
        ["RFC 5321, 4.2.1", "RFC 5321, 6.1"],
        TWO,
        &[&[(Stage::Mail, Act::Say(NO))]],
        true,
        refused,
        "Who is told 5xx for MAIL returns one notice, and goes on",
        "Two letters of ours; MAIL of the first is answered by 550.",
        "Tell the sender once that the message was refused, and go on with the next one."
    ),
    errand!(
        "rev.data-5xx",
        Must,
        ["RFC 5321, 4.2.1", "RFC 5321, 6.1"],
        TWO,
        &[&[(Stage::Data, Act::Say(NO))]],
        true,
        refused,
        "Who is told 5xx for DATA returns one notice, and goes on",
        "Two letters of ours; DATA, or the first chunk, of the first is answered by 550.",
        "Tell the sender once that the message was refused, and go on with the next one."
    ),
    errand!(
        "rev.eod-5xx",
        Must,
        ["RFC 5321, 4.2.5", "RFC 5321, 6.1"],
        TWO,
        &[&[(Stage::Dot, Act::Say(NO))]],
        true,
        refused,
        "Who is told 5xx for a content returns one notice, and goes on",
        "Two letters of ours; the end of the first content is answered by 550.",
        "Tell the sender once that the message was refused, and go on with the next one."
    ),
    errand!(
        "rev.dots",
        Must,
        ["RFC 5321, 4.5.2"],
        &[letter("dots", b".\r\n..\r\n.x\r\nx.\r\n...\r\n\r\n.\r\n")],
        &[],
        false,
        |posted| intact(posted, "dots", "RFC 5321, 4.5.2: lines that begin with a dot"),
        "Lines that begin with a dot come through as they were",
        "A letter of ours with such lines is put in, and taken out.",
        "Take one dot off what comes in, and put one before what goes out."
    ),
    errand!(
        "rev.8bit",
        Must,
        ["RFC 6152, 3"],
        &[letter("8bit", b"caf\xc3\xa9 \xe4\xf6\xfc \xff\xfe\r\n")],
        &[],
        false,
        eight_bits,
        "8-bit octets come through as they were, and MAIL says BODY=8BITMIME",
        "A letter of ours with such octets is put in, and taken out.",
        "Keep what BODY said with the message, and touch no octet of the content."
    ),
    errand!(
        "rev.long-lines",
        Must,
        ["RFC 5321, 4.5.3.1.6"],
        &[letter("long", LONG_LINE)],
        &[],
        false,
        |posted| intact(posted, "long", "a line of 998 octets"),
        "A line of 998 octets comes through as it was",
        "A letter of ours with such a line is put in, and taken out.",
        "Break no line that is no longer than the standard says."
    ),
    errand!(
        "rev.bare-lf",
        Security,
        ["RFC 5321, 2.3.8"],
        &[letter("bare", b"one\ntwo\n.\nthree\n.\r\nfour\r\n")],
        &[],
        false,
        no_bare,
        "No line that ends in LF alone is passed on",
        "A letter of ours with such lines is put in; where it is taken, what comes out is looked at.",
        "Refuse such lines where they come in, or make CRLF of them."
    ),
    errand!(
        "rev.trace",
        Should,
        ["RFC 5321, 4.4"],
        &[letter("trace", b"x\r\n")],
        &[],
        false,
        trace,
        "The fields Received are kept, and one is put above them",
        "A letter of ours with two of them is put in, and taken out.",
        "Put a Received field of your own above the others, and touch none of those."
    ),
    errand!(
        "rev.order",
        Info,
        ["RFC 5321, 6.1"],
        &[letter("one", b"1\r\n"), letter("two", b"2\r\n"), letter("three", b"3\r\n")],
        &[],
        false,
        order,
        "What came first goes first",
        "Three letters of ours are put in, and taken out.",
        "Nothing to do; people like their mail in its order."
    ),
    errand!(
        "rev.null-sender",
        Must,
        ["RFC 5321, 4.5.5"],
        &[Letter { tag: "null", null: true, body: b"x\r\n" }],
        &[],
        false,
        null_sender,
        "The null reverse-path stays one",
        "A letter of ours without a sender is put in, and taken out.",
        "Send MAIL FROM:<> for what came with it."
    ),
    errand!(
        "rev.delay-dsn",
        Interop,
        ["RFC 5321, 4.5.4.1"],
        &[letter(MARKED, b"x\r\n")],
        &[&[(Stage::Rcpt, Act::Say("451 4.3.0 odmr-probe: not now"))]],
        false,
        no_delay_notice,
        "Mail that waits for its customer is no mail that is late",
        "A letter of ours is answered by 451 once, and then taken.",
        "Send no notice of delay before some hours have passed: waiting is what is wanted here."
    ),
    errand!(
        "rev.drop-anywhere",
        Must,
        ["RFC 5321, 4.1.1.10", "RFC 5321, 6.1"],
        &[letter(MARKED, b"This one is cut again and again.\r\n")],
        &[
            &[(Stage::Greeting, Act::HangUp)],
            &[(Stage::Ehlo, Act::HangUp)],
            &[(Stage::Mail, Act::HangUp)],
            &[(Stage::Rcpt, Act::HangUp)],
            &[(Stage::Data, Act::HangUp)],
            &[(Stage::Content, Act::HangUp)],
            &[(Stage::Dot, Act::HangUp)],
        ],
        false,
        |posted| match intact(posted, MARKED, "the letter") {
            // What never came out may still be on its way in.
            told if posted.offers(MARKED).next().is_some() && posted.whole(MARKED).is_err() =>
                fail(
                    "the letter, once more",
                    "it is not offered again",
                    format!("nobody had taken it, and it is lost: {}", told.why),
                ),
            told => told,
        },
        "Wherever the line is cut, the letter comes again, whole",
        "A letter of ours; the line is closed at the greeting, EHLO, MAIL, RCPT, DATA, within the content and at its end, in a session each; then it is taken.",
        "Keep all that was not answered for by 250."
    ),
];

/// 998 octets, and CRLF.
const LONG_LINE: &[u8] = &{
    let mut line = [b'x'; 1000];
    line[998] = b'\r';
    line[999] = b'\n';
    line
};

fn refused(posted: &Posted) -> Verdict {
    if let Some(told) = refused_amiss(posted) {
        return told;
    }
    match posted.notices(MARKED) {
        1 => Verdict::pass(),
        0 => fail("one notice", "none", "its sender was not told that it was refused"),
        n => fail("one notice", n.to_string(), format!("its sender was told {n} times")),
    }
}

/// What is amiss about a refusal before there is a notice; nothing, where all is well so far.
fn refused_amiss(posted: &Posted) -> Option<Verdict> {
    let mut offers = posted.offers(MARKED);
    let Some((at, _)) = offers.next() else {
        return Some(Verdict::unknown("the letter that was put in was not offered in time"));
    };
    if offers.any(|(again, _)| again > at) {
        let why = "it was refused for good, and is offered again";
        return Some(fail("no second offer", "the same letter", why));
    }
    if !posted.offers("other").any(|(with, offer)| with == at && offer.whole) {
        let why = "behind the refusal the next letter was not sent in the same session";
        return Some(fail("the next letter", "the end of the session", why));
    }
    None
}

/// Nothing is amiss but that no notice has come.
pub fn lacks_only_its_notice(posted: &Posted) -> bool {
    refused_amiss(posted).is_none() && posted.notices(MARKED) == 0
}

/// What that comes to where no other refusal is followed by a notice either.
pub fn no_notice_ever(patience: Duration) -> Verdict {
    let seconds = patience.as_secs();
    Verdict::unknown(format!(
        "no notice came within {seconds} s, nor for a letter that was refused at another step: the provider may have no way to \
         send one (odmrd: smarthost.server), or none that leads back here; --timeout waits longer"
    ))
}

/// A letter that is refused at another step than the one of this rule, to see whether notices come at all.
pub fn control(id: &str) -> &'static [(Stage, Act)] {
    const AT_DOT: &[(Stage, Act)] = &[(Stage::Dot, Act::Say(NO))];
    const AT_RCPT: &[(Stage, Act)] = &[(Stage::Rcpt, Act::Say(NO))];
    if id == "rev.rcpt-5xx" { AT_DOT } else { AT_RCPT }
}

/// What was sent, its dots taken off.
fn plain(offer: &Offer) -> Vec<u8> {
    if offer.chunked {
        return offer.content.clone();
    }
    let mut content = Vec::with_capacity(offer.content.len());
    let mut is_begun = true;
    for &octet in &offer.content {
        let is_doubled = is_begun && octet == b'.';
        if !is_doubled {
            content.push(octet);
        }
        is_begun = octet == b'\n' && content.ends_with(b"\r\n");
    }
    content
}

fn body(content: &[u8]) -> &[u8] {
    memchr::memmem::find(content, b"\r\n\r\n").map_or(&[], |at| &content[at + 4..])
}

fn intact(posted: &Posted, tag: &str, what: &str) -> Verdict {
    let offer = match posted.whole(tag) {
        Ok(offer) => offer,
        Err(told) => return told,
    };
    let content = plain(offer);
    let letters = ERRANDS.iter().flat_map(|errand| errand.letters);
    let expected = letters.clone().find(|letter| letter.tag == tag).map_or(&[][..], |l| l.body);
    let is_right = match tag {
        // Several rules have one.
        MARKED => letters.filter(|letter| letter.tag == MARKED).any(|l| l.body == body(&content)),
        _ => body(&content) == expected,
    };
    match is_right {
        true => Verdict::pass(),
        false => fail(
            &String::from_utf8_lossy(&expected[..expected.len().min(200)]),
            String::from_utf8_lossy(&body(&content)[..body(&content).len().min(200)]),
            format!("{what}: it came otherwise than it was put in"),
        ),
    }
}

fn eight_bits(posted: &Posted) -> Verdict {
    let says_so = |offer: &Offer| {
        let is_body = |param: &String| {
            ["BODY=8BITMIME", "BODY=BINARYMIME"].contains(&param.to_ascii_uppercase().as_str())
        };
        offer.params.iter().any(is_body)
    };
    match posted.whole("8bit") {
        Ok(offer) if !says_so(offer) => {
            fail("BODY=8BITMIME", offer.params.join(" "), "MAIL does not say what comes")
        }
        _ => intact(posted, "8bit", "8-bit octets"),
    }
}

fn no_bare(posted: &Posted) -> Verdict {
    let offer = match posted.whole("bare") {
        Ok(offer) => offer,
        Err(told) => return told,
    };
    let content = plain(offer);
    let is_bare = |at: usize| match content[at] {
        b'\n' => at == 0 || content[at - 1] != b'\r',
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    match (0..content.len()).any(is_bare) {
        true => fail("CRLF", "LF or CR alone", "such a line was taken in, and is passed on"),
        false => Verdict::pass(),
    }
}

fn trace(posted: &Posted) -> Verdict {
    let offer = match posted.whole("trace") {
        Ok(offer) => offer,
        Err(told) => return told,
    };
    let content = String::from_utf8_lossy(&offer.content).into_owned();
    let header = content.split("\r\n\r\n").next().unwrap_or_default();
    let lines: Vec<&str> = header.lines().collect();
    let place = |text: &str| lines.iter().position(|line| *line == text);
    let is_own = |line: &&str| line.to_ascii_lowercase().starts_with("received:");
    match (place(TRACE[0]), place(TRACE[1])) {
        (Some(one), Some(two)) if one < two => match lines[..one].iter().any(is_own) {
            true => Verdict::pass(),
            false => fail("a field Received above", "none", "it adds no field Received of its own"),
        },
        _ => fail(
            "both fields Received",
            lines.iter().filter(|line| is_own(line)).copied().collect::<Vec<_>>().join(" / "),
            "the fields Received that were there are not there as they were",
        ),
    }
}

fn order(posted: &Posted) -> Verdict {
    let tags = ["one", "two", "three"];
    let all: Vec<&str> = posted
        .all()
        .filter(|(_, offer)| offer.whole)
        .filter_map(|(_, offer)| {
            let is_of = |tag: &&&str| offer.from.starts_with(&format!("{}-{tag}@", posted.word));
            tags.iter().find(is_of).copied()
        })
        .collect();
    match () {
        () if tags.iter().any(|tag| !all.contains(tag)) => {
            Verdict::unknown("the letters that were put in were not all offered in time")
        }
        () if all == tags => Verdict::pass(),
        () => warn("one, two, three", all.join(", "), "they come in another order"),
    }
}

fn null_sender(posted: &Posted) -> Verdict {
    let word = format!("{}-null@", posted.word);
    let has = |offer: &Offer| memchr::memmem::find(&offer.content, word.as_bytes()).is_some();
    match posted.all().find(|(_, offer)| has(offer)) {
        Some((_, offer)) if offer.from.is_empty() => Verdict::pass(),
        Some((_, offer)) => fail("<>", offer.from.as_str(), "it has a sender now"),
        None => fail("<>", "no such message", "it was taken in, and is not offered with <>"),
    }
}

fn no_delay_notice(posted: &Posted) -> Verdict {
    match posted.notices(MARKED) {
        0 if posted.offers(MARKED).next().is_none() => {
            Verdict::unknown("the letter that was put in was not offered in time")
        }
        0 => Verdict::pass(),
        n => fail("no notice", n.to_string(), "its sender is told that it is late, and it is not"),
    }
}

#[cfg(test)]
mod tests;
