//! What is looked at in the surroundings of a customer that we start ourselves: where it delivers, how it ends, what
//! it reports. Each rule with what is done, and its judge.
//!
//! ```text
//! we, its provider:    DATA ... .
//! the customer, at us, its target:   DATA ... .
//! we, its target:      451 4.2.1 not now
//! the customer:        451 4.2.1 ...        and not 250
//! ```

use std::time::Duration;

use super::super::super::host::{Act, Seen, Stage};
use super::super::super::patron::Manner;
use super::super::super::script::{Level, Verdict};
use super::super::Head;
use super::super::survey::{fail, warn};
use super::{told, turning, usual};
use crate::smtp::Reply;

/// What a run of the customer is like.
#[derive(Clone, Copy, Debug)]
pub struct Outing {
    /// The provider that we are.
    pub manner: fn() -> Manner,
    /// What is done once the line has turned.
    pub then: Then,
    /// What the customer's target does otherwise than take everything.
    pub target: &'static [(Stage, Act)],
    /// There is no target at all.
    pub is_down: bool,
    /// It may take so long to end.
    pub within: Duration,
}

/// What we do as the client behind the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Send a message, and say QUIT.
    Send,
    /// Send a message, and close the line when its end has been answered.
    Cut,
    /// Send a message, and kill the customer when its end has been answered.
    Kill,
    /// Say nothing.
    Silence,
    /// Start the customer a second time.
    Again,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// It called.
    pub called: bool,
    /// It said ATRN or TURN.
    pub asked: bool,
    /// What it said behind the turn, in order: its greeting first.
    pub replies: Vec<Reply>,
    /// How our message was answered: at RCPT where it was refused there, else at its end.
    pub answer: Option<Reply>,
    /// How it ended.
    pub exit: Option<i32>,
    /// After how long.
    pub after: Duration,
    /// What it wrote to its standard output.
    pub wrote: String,
    /// What its target was offered until it had ended, and a moment longer.
    pub target: Vec<Seen>,
    /// How a second one ended, and whether it called.
    pub second: Option<(Option<i32>, bool)>,
    /// The octets of the content that we sent, without the dot.
    pub octets: usize,
}

impl Came {
    /// How often the target took a message that has this in it.
    fn took(&self, word: &str) -> usize {
        let has = |content: &[u8]| memchr::memmem::find(content, word.as_bytes()).is_some();
        let offers = self.target.iter().flat_map(|seen| &seen.offers);
        let is_taken = |code: Option<u16>| code.is_some_and(|code| code / 100 == 2);
        offers.filter(|offer| is_taken(offer.code) && has(&offer.content)).count()
    }

    fn is_taken(&self) -> bool {
        self.answer.as_ref().is_some_and(|reply| reply.code / 100 == 2)
    }
}

/// A rule, what is done, and its judge.
pub struct Affair {
    /// What it is.
    pub head: Head,
    /// What has to be there.
    pub needs: &'static [&'static str],
    /// What we do, for whoever asks.
    pub talk: &'static str,
    /// The runs, one after the other.
    pub outings: &'static [Outing],
    /// Reads, and says. The word is in every message that was sent.
    pub judge: fn(&[Came], &str) -> Verdict,
}

/// All of them, in the order in which they are tried.
pub fn affairs() -> &'static [Affair] {
    AFFAIRS
}

/// A customer that has been served may take so long to end.
const SOON: Duration = Duration::from_secs(60);
/// And this long where we are silent.
const LONG: Duration = Duration::from_secs(1800);
/// It has to wait so long itself. RFC 5321, section 4.5.3.2.7.
const FIVE_MINUTES: Duration = Duration::from_secs(295);
/// And behind ATRN. RFC 2645, section 5.2.1.
const TEN_MINUTES: Duration = Duration::from_secs(595);

const SENT: Outing =
    Outing { manner: turning, then: Then::Send, target: &[], is_down: false, within: SOON };
/// Nothing waits any more: what the customer still has itself it may bring to its target.
const NOTHING: Outing = Outing { manner: usual, ..SENT };

macro_rules! affair {
    ($id:literal, $level:ident, $spec:expr, $needs:expr, $outings:expr, $judge:expr, $title:literal,
     $talk:literal, $fix:literal) => {
        Affair {
            head: Head::new($id, $title, Level::$level, &$spec, $fix),
            needs: &$needs,
            talk: $talk,
            outings: $outings,
            judge: $judge,
        }
    };
}

static AFFAIRS: &[Affair] = &[
    affair!(
        "cust.suite-a",
        Must,
        ["RFC 2645, 5.3", "RFC 5321"],
        ["suite"],
        &[],
        |_, _| Verdict::unknown("nobody tried"),
        "Behind the turn the customer keeps the rules for servers",
        "Every rule for servers that needs one line only is tried over the line that has turned; what comes of each is told, too.",
        "See to the rules that are told as not kept."
    ),
    affair!(
        "cust.told-apart",
        Must,
        ["RFC 2645, 7"],
        ["program"],
        &[
            Outing { manner: || told("450 4.7.1 not for you"), ..SENT },
            Outing { manner: || told("451 4.3.0 not now"), ..SENT },
            Outing { manner: usual, ..SENT },
        ],
        told_apart,
        "450, 451 and 453 are told apart",
        "ATRN is answered by 450, by 451 and by 453, in a call each.",
        "End otherwise, or write what was heard: 450 wants a person, 451 wants patience, 453 wants nothing."
    ),
    affair!(
        "cust.lock",
        Should,
        ["RFC 2645, 5.3"],
        ["program"],
        &[Outing { then: Then::Again, ..SENT }],
        lock,
        "While one customer is at work, a second one does not call",
        "While the line is turned, the customer is started once more.",
        "Lock the account, and end with 75, or with 0 and no word."
    ),
    affair!(
        "cust.report",
        Should,
        ["RFC 5321, 4.2.5"],
        ["program", "data"],
        &[SENT],
        report,
        "What the customer reports is what happened",
        "A message is sent; what the customer writes to its standard output is read, where it is JSON of odmr.fetch/1.",
        "Count a message when its end is answered, and by that answer."
    ),
    affair!(
        "cust.local-mta-down",
        Should,
        ["RFC 5321, 3.8"],
        ["program", "target"],
        &[Outing { is_down: true, ..SENT }],
        local_mta_down,
        "Where its own server does not answer, the customer asks for no mail, or greets by 421",
        "Nobody listens at the address of --target.",
        "Look whether mail can be delivered before you ask for it; never hang up without a word."
    ),
    affair!(
        "cust.target-4xx",
        Must,
        ["RFC 5321, 4.2.1", "RFC 3463, 2"],
        ["program", "target", "data"],
        &[
            Outing { target: &[(Stage::Rcpt, Act::Say("450 4.2.1 not now"))], ..SENT },
            Outing { target: &[(Stage::Dot, Act::Say("450 4.2.1 not now"))], ..SENT },
        ],
        |came, _| passed_on(came, 4, "4.2.1"),
        "What the target refuses for now is refused for now",
        "RCPT is answered by 450 4.2.1 at the target, and the end of a content in a second call.",
        "Pass the target's answer on, code and status."
    ),
    affair!(
        "cust.target-5xx",
        Must,
        ["RFC 5321, 4.2.1", "RFC 3463, 2"],
        ["program", "target", "data"],
        &[
            Outing { target: &[(Stage::Rcpt, Act::Say("550 5.1.1 nobody"))], ..SENT },
            Outing { target: &[(Stage::Dot, Act::Say("550 5.1.1 nobody"))], ..SENT },
        ],
        |came, _| passed_on(came, 5, "5.1.1"),
        "What the target refuses for good is refused for good",
        "RCPT is answered by 550 5.1.1 at the target, and the end of a content in a second call.",
        "Pass the target's answer on, code and status; make no notice of it yourself."
    ),
    affair!(
        "cust.no-250-before-safe",
        Must,
        ["RFC 5321, 6.1"],
        ["program", "target", "data"],
        &[
            Outing { target: &[(Stage::Dot, Act::HangUp)], ..SENT },
            NOTHING,
            Outing { then: Then::Kill, ..SENT },
            NOTHING,
        ],
        safe,
        "A message is answered by 250 when it is safe, and not before",
        "The target hangs up at the end of a content; then the customer is killed as soon as it has said 250. Both times it is started once more, with nothing waiting, and what has been answered by 250 has to be at the target.",
        "Say 250 when the target has, or when the message is on a disk and will be found there."
    ),
    affair!(
        "cust.dup-on-drop",
        Interop,
        ["RFC 5321, 6.1", "RFC 1047"],
        ["program", "target", "data"],
        &[Outing { then: Then::Cut, ..SENT }, SENT],
        twice,
        "A message that comes again, since its answer was lost, is delivered once",
        "The line is cut when the end of a content has been answered; in a second call the same message comes again.",
        "Remember for a while what has come: the provider cannot know that it was taken."
    ),
    affair!(
        "cust.hang",
        Must,
        ["RFC 5321, 4.5.3.2.7", "RFC 2645, 5.2.1"],
        ["program", "slow"],
        &[
            Outing { manner: || Manner { silent: LONG, ..usual() }, within: LONG, ..SENT },
            Outing { manner: || Manner { slowly: LONG, ..usual() }, within: LONG, ..SENT },
            Outing { then: Then::Silence, within: LONG, ..SENT },
        ],
        hang,
        "A customer waits for five minutes, and for ten behind ATRN; and not for ever",
        "Nothing is said, in a call each, instead of the greeting, of the answer to ATRN, and behind the turn.",
        "Give up a silent line after the times of the standard, and end with anything but 0."
    ),
];

/// The rule about the rules for servers.
pub const SUITE: &str = "cust.suite-a";

/// Were they kept? So many were, and these were not.
pub fn judge_suite(kept: usize, broken: &[String]) -> Verdict {
    match broken {
        [] if kept == 0 => Verdict::unknown("none of them could be tried"),
        [] => Verdict::pass(),
        all => {
            let some = all.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            let why = format!("{} rules for servers are not kept: {some}", all.len());
            fail("none", some, why)
        }
    }
}

fn called(came: &[Came]) -> Option<Verdict> {
    let nobody = came.is_empty() || came.iter().any(|one| !one.called);
    nobody.then(|| Verdict::unknown("it did not call each time"))
}

fn told_apart(came: &[Came], _: &str) -> Verdict {
    let [no, later, nothing] = came else { return Verdict::unknown("it did not call each time") };
    if let Some(told) = called(came) {
        return told;
    }
    if came.iter().any(|one| !one.asked) {
        return Verdict::unknown("it did not ask for its mail each time");
    }
    let said = |one: &Came, code: &str| one.wrote.contains(code);
    match () {
        () if no.exit.is_none() || later.exit.is_none() => {
            fail("an end", "none", "450 or 451 keeps it at work for ever")
        }
        () if nothing.exit != Some(0) => {
            fail("0 for 453", shown(nothing.exit), "453 is no success to it")
        }
        () if no.exit == Some(0) || later.exit == Some(0) => {
            fail("not 0", "0", "450 or 451 is a success to it")
        }
        () if no.exit != later.exit || said(no, "450") && said(later, "451") => Verdict::pass(),
        () => warn(
            "another end, or the code",
            shown(no.exit),
            "450 and 451 make it end in the same way, and it does not say which it was",
        ),
    }
}

fn shown(exit: Option<i32>) -> String {
    exit.map_or("no end".to_owned(), |code| code.to_string())
}

fn lock(came: &[Came], _: &str) -> Verdict {
    if let Some(told) = called(came) {
        return told;
    }
    match came[0].second {
        None => Verdict::unknown("it did not come so far"),
        Some((_, true)) => {
            fail("no call", "a call", "a second one calls while the first is at work")
        }
        Some((Some(0 | 75), false)) => Verdict::pass(),
        Some((exit, false)) => {
            let code = shown(exit);
            let why = format!("the second one does not call, and ends with {code}");
            warn("75 or 0", code, why)
        }
    }
}

fn report(came: &[Came], _: &str) -> Verdict {
    if let Some(told) = called(came) {
        return told;
    }
    let came = &came[0];
    let lines = came.wrote.lines().rev();
    let json = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let Some(told) = json.into_iter().find(|json| json["schema"] == "odmr.fetch/1") else {
        return Verdict::skip("it writes no odmr.fetch/1 to its standard output");
    };
    let Some(answer) = &came.answer else { return Verdict::unknown("no message was answered") };
    let (taken, code) = (u64::from(came.is_taken()), answer.code.to_string());
    let expected =
        [("offered", 1), ("accepted", taken), ("bytes", taken * came.octets as u64), ("rounds", 1)];
    for (key, expected) in expected {
        let told = told[key].as_u64();
        if told != Some(expected) {
            let got = told.map_or("nothing".to_owned(), |told| told.to_string());
            let why = format!("{key} is {got} in its report, and {expected} in truth");
            return fail(&expected.to_string(), got, why);
        }
    }
    match told["by_code"][&code].as_u64() {
        Some(1) => Verdict::pass(),
        got => fail(
            &format!("{code}: 1"),
            got.map_or("nothing".to_owned(), |got| got.to_string()),
            format!("it said {code}, and does not report it"),
        ),
    }
}

fn local_mta_down(came: &[Came], _: &str) -> Verdict {
    let Some(came) = came.first() else { return Verdict::unknown("it was not started") };
    let greeted = came.replies.first().map(|reply| reply.code);
    match () {
        () if came.exit == Some(0) => {
            fail("not 0", "0", "it ends with 0, and could have delivered nothing")
        }
        () if came.exit.is_none() => fail("an end", "none", "it had to be stopped"),
        () if !came.asked => Verdict::pass(),
        () if greeted.is_some_and(|code| code / 100 == 4) => Verdict::pass(),
        () if greeted.is_none() => fail(
            "no ATRN, or 421",
            "the line was closed",
            "it asks for the mail, and hangs up without a word",
        ),
        () => match &came.answer {
            Some(reply) if reply.code / 100 == 4 => warn(
                "no ATRN, or 421",
                reply.code.to_string(),
                "it asks for the mail, and puts each message off",
            ),
            Some(reply) => fail(
                "4xx",
                reply.code.to_string(),
                format!("its server is down, and it answers {}", reply.code),
            ),
            None => {
                fail("4xx", "the line was closed", "it asks for the mail, greets, and hangs up")
            }
        },
    }
}

fn passed_on(came: &[Came], class: u16, status: &str) -> Verdict {
    if let Some(told) = called(came) {
        return told;
    }
    let mut kept = Verdict::pass();
    for one in came {
        if one.target.iter().all(|seen| seen.offers.is_empty()) {
            return Verdict::unknown("it offered nothing at --target");
        }
        match &one.answer {
            None => return Verdict::unknown("our message was not answered"),
            Some(reply) if reply.code / 100 != class => {
                let why = format!("the target says {class}xx, and it answers {}", reply.code);
                return fail(&format!("{class}xx"), reply.code.to_string(), why);
            }
            Some(reply) => {
                let got = reply.enhanced.map(|got| got.to_string()).unwrap_or_default();
                if got != status {
                    let why = format!("the target's status was {status}, and it says {got:?}");
                    kept = warn(status, got, why);
                }
            }
        }
    }
    kept
}

fn safe(came: &[Came], word: &str) -> Verdict {
    let [cut, after_cut, killed, after_kill] = came else {
        return Verdict::unknown("it did not call each time");
    };
    if !cut.called || !killed.called {
        return Verdict::unknown("it did not call each time");
    }
    let arrived = |first: &Came, then: &Came, n: usize| {
        let word = format!("{word}-{n}@");
        first.took(&word) + then.took(&word) > 0
    };
    match () {
        () if cut.target.iter().all(|seen| seen.offers.is_empty()) && !cut.is_taken() => {
            Verdict::unknown("it offered nothing at --target")
        }
        () if cut.is_taken() && !arrived(cut, after_cut, 0) => fail(
            "no 250, or the message at the target later",
            "250",
            "the target had not taken the message, it said 250, and the message is nowhere",
        ),
        () if !killed.is_taken() => Verdict::unknown("it did not take the second message"),
        () if !arrived(killed, after_kill, 2) => fail(
            "the message at the target",
            "nothing there",
            "it said 250, was killed, and the message is nowhere",
        ),
        () => Verdict::pass(),
    }
}

fn twice(came: &[Came], word: &str) -> Verdict {
    if let Some(told) = called(came) {
        return told;
    }
    if !came.iter().all(Came::is_taken) {
        return Verdict::unknown("it did not take the message each time");
    }
    match came.iter().map(|one| one.took(word)).sum() {
        1 => Verdict::pass(),
        0 => fail("once", "never", "the message was taken, and is not at --target"),
        n => {
            let n: usize = n;
            warn("once", format!("{n} times"), format!("it was delivered {n} times"))
        }
    }
}

fn hang(came: &[Came], _: &str) -> Verdict {
    let [greeting, atrn, turned] = came else {
        return Verdict::unknown("it did not call each time");
    };
    let states = [
        (greeting, FIVE_MINUTES, "the greeting"),
        (atrn, TEN_MINUTES, "the answer to ATRN"),
        (turned, FIVE_MINUTES, "a word behind the turn"),
    ];
    if let Some(told) = called(came) {
        return told;
    }
    for (one, least, what) in states {
        let seconds = one.after.as_secs();
        match one.exit {
            None => {
                let why = format!("it waits for {what} without end");
                return fail("an end", "none", why);
            }
            Some(0) => {
                return fail("not 0", "0", format!("{what} never came, and it ends with 0"));
            }
            Some(_) if one.after < least => {
                let why = format!("it waits for {what} for {seconds} s");
                return fail(&format!("{} s", least.as_secs()), format!("{seconds} s"), why);
            }
            Some(_) => {}
        }
    }
    Verdict::pass()
}

#[cfg(test)]
mod tests;
