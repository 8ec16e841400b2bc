//! What a server is for: which rules it is asked then, how much each of them matters, and which answers are right.
//!
//! | kind | what is different |
//! |---|---|
//! | mx | nothing: the rules are written for it |
//! | submission | who sends has logged in; foreign recipients are refused to those who have not. RFC 6409 |
//! | lmtp | LHLO; no HELO and no EHLO. RFC 2033 |
//! | odmr | EHLO, AUTH, ATRN and QUIT; no mail is brought. RFC 2645 |
//! | exchange | what Exchange 2003 is known to do otherwise is worth knowing, and no more; with a login it is asked as for submission |

use super::super::script::{Answer, Expect, Level, Move, Pattern, Probe, Start};
use crate::smtp::Reply;

/// What a server is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// It takes mail from strangers.
    #[default]
    Mx,
    /// It takes mail from those who have logged in.
    Submission,
    /// It is the last server of all, and puts mail into mailboxes.
    Lmtp,
    /// It hands mail over to customers who call.
    Odmr,
    /// It is an Exchange 2003, or wants to be one.
    Exchange,
}

/// Behind a login these would be taken, and sent.
const REFUSED_TO_STRANGERS: [&str; 3] = ["pipe.batch", "pipe.data-refused", "state.all-rcpt-fail"];
/// What a provider's port for customers has no need of. RFC 2645, section 5.4.
const FOR_MAIL: [&str; 9] =
    ["MAIL", "RCPT", "DATA", "BDAT", "VRFY", "EXPN", "HELP", "SOML", "RSET"];
/// Everything in it is asked only where it is offered.
const ONLY_WHAT_IS_OFFERED: &str = "ehlo.no-lies";

impl Kind {
    /// All.
    pub const ALL: [Kind; 5] = [Kind::Mx, Kind::Submission, Kind::Lmtp, Kind::Odmr, Kind::Exchange];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Mx => "mx",
            Kind::Submission => "submission",
            Kind::Lmtp => "lmtp",
            Kind::Odmr => "odmr",
            Kind::Exchange => "exchange",
        }
    }

    /// Where it listens unless somebody says otherwise.
    pub fn port(self) -> u16 {
        match self {
            Kind::Mx | Kind::Exchange => 25,
            Kind::Submission => 587,
            Kind::Lmtp => 24,
            Kind::Odmr => 366,
        }
    }

    /// How much a rule matters for it.
    pub fn level(self, id: &str, quirk: Option<&str>, level: Level) -> Level {
        let is_theft = quirk == Some("MSQ-02");
        match self {
            Kind::Exchange if quirk.is_some() && !is_theft => Level::Info,
            Kind::Submission if ["tls.adv", "auth.required"].contains(&id) => Level::Must,
            // It is called from the machine itself, or from the next one.
            Kind::Lmtp if ["tls.adv", "syn.postmaster"].contains(&id) => Level::Info,
            Kind::Submission if id == "tls.implicit465" => Level::Should,
            _ => level,
        }
    }

    /// Is mail brought by somebody who has logged in? A customer of an Exchange may do so, and does where there is one.
    pub fn is_for_who_logs_in(self, has_login: bool) -> bool {
        self == Kind::Submission || self == Kind::Exchange && has_login
    }

    /// Why such a server is not asked this.
    pub fn leaves_out(self, probe: &Probe, has_login: bool) -> Option<String> {
        let is_for = |kind: &String| kind == self.word();
        if !probe.kinds.is_empty() && !probe.kinds.iter().any(is_for) {
            return Some(format!("is for --profile {}", probe.kinds.join(" or ")));
        }
        let logs_in = self.is_for_who_logs_in(has_login);
        let has_no = match self {
            _ if logs_in && REFUSED_TO_STRANGERS.contains(&probe.id.as_str()) => {
                "who has logged in may send everywhere"
            }
            Kind::Mx | Kind::Exchange => return None,
            Kind::Submission if probe.group() == "tls" && is_behind_mail(probe) => {
                "nothing is taken before a login"
            }
            Kind::Lmtp if probe.group() == "helo" || probe.id == "ehlo.helo-list" => {
                "there is no HELO in LMTP"
            }
            Kind::Odmr if probe.group() == "helo" || probe.id == "ehlo.helo-list" => {
                "who says HELO cannot log in there"
            }
            Kind::Odmr if probe.id == ONLY_WHAT_IS_OFFERED => return None,
            Kind::Odmr
                if is_behind_mail(probe) || FOR_MAIL.iter().any(|verb| says(probe, verb)) =>
            {
                "no mail is brought to such a server"
            }
            _ => return None,
        };
        Some(has_no.to_owned())
    }

    /// The talk as such a server is asked it.
    pub fn view(self, probe: &Probe, has_login: bool) -> Probe {
        let mut seen = probe.clone();
        seen.level = self.level(&probe.id, probe.quirk.as_deref(), probe.level);
        if !probe.kinds.is_empty() {
            return seen;
        }
        match self {
            _ if self.is_for_who_logs_in(has_login) => {
                submitted(&mut seen);
                allow_locked_doors(&mut seen);
            }
            Kind::Odmr => {
                // There is no RSET between two talks.
                seen.alone = true;
                allow_no_noop(&mut seen);
            }
            Kind::Mx | Kind::Submission | Kind::Lmtp | Kind::Exchange => {}
        }
        seen
    }
}

/// Does it begin in the middle of a transaction?
fn is_behind_mail(probe: &Probe) -> bool {
    matches!(probe.start, Start::Mail | Start::Rcpt)
}

/// Is this verb at the beginning of a line of it?
fn says(probe: &Probe, verb: &str) -> bool {
    let begins = |line: &[u8]| {
        line.get(..verb.len()).is_some_and(|word| word.eq_ignore_ascii_case(verb.as_bytes()))
    };
    let of_it = |one: &Move| match one {
        Move::Say(octets) => octets.split(|octet| *octet == b'\n').any(begins),
        _ => false,
    };
    probe.moves.iter().any(of_it)
}

/// What is about strangers is asked as one. What is about mail is asked by somebody who has logged in.
fn submitted(probe: &mut Probe) {
    let is_known = ["relay.own", "relay.unknown-user"].contains(&probe.id.as_str());
    let is_stranger = probe.group() == "relay" && !is_known || probe.id == "rep.4xx-policy";
    let is_early = matches!(probe.start, Start::Connect | Start::Greeted | Start::Tls)
        || matches!(probe.group(), "auth" | "tls")
        || matches!(probe.id.as_str(), "state.rcpt-first" | "state.data-first");
    let behind = is_behind_mail(probe);
    if is_early {
        return;
    }
    if !(behind || is_stranger || says(probe, "MAIL")) {
        // A server that insists on TLS answers 530 to nearly all else. RFC 3207, section 4.
        probe.start = Start::Ready;
        return;
    }
    let say = |line: &str| Move::Say(format!("{line}\r\n").into_bytes());
    let mut way = Vec::new();
    if behind {
        let mail = if is_stranger { hear(&["250", "5xx"]) } else { Expect::on_the_way("250") };
        way.extend([say("MAIL FROM:<{from}>"), Move::Hear(mail)]);
    }
    if probe.start == Start::Rcpt {
        way.extend([say("RCPT TO:<{rcpt}>"), Move::Hear(Expect::on_the_way("25x"))]);
    }
    way.append(&mut probe.moves);
    probe.moves = way;
    probe.start = if is_stranger { Start::Ready } else { Start::Login };
    probe.alone = true;
}

/// NOOP is none of the verbs of RFC 2645: 502 is as good an answer.
fn allow_no_noop(probe: &mut Probe) {
    let mut is_noop = false;
    for one in &mut probe.moves {
        match one {
            Move::Say(octets) => {
                is_noop = octets.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"NOOP"));
            }
            Move::Hear(expect) if is_noop => expect.right.extend(Pattern::read("502")),
            _ => {}
        }
    }
}

/// Before TLS and before a login 530 is as good a refusal as any, and tells nothing of what would be done behind them (RFC
/// 3207, section 4; RFC 4954, section 6). Nor does it that an address is not the account's (RFC 6409, section 6.1).
fn allow_locked_doors(probe: &mut Probe) {
    let mut is_foreign_mail = false;
    for one in &mut probe.moves {
        match one {
            Move::Say(octets) => {
                let is_mail =
                    octets.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"MAIL "));
                is_foreign_mail = is_mail && memchr::memmem::find(octets, b"{from}").is_none();
            }
            Move::Hear(expect) => {
                let is_refusal = is_right(expect, &[500, 501, 502, 503, 550, 553, 554]);
                let list = if is_refusal { &mut expect.right } else { &mut expect.undecided };
                list.extend(Pattern::read("530"));
                if is_foreign_mail && !is_refusal {
                    expect.undecided.extend(["550", "553"].into_iter().flat_map(Pattern::read));
                }
            }
            _ => {}
        }
    }
}

fn is_right(expect: &Expect, codes: &[u16]) -> bool {
    let answers = |code: &u16| Answer::Reply(Reply::plain(*code, ""));
    codes.iter().map(answers).any(|answer| expect.right.iter().any(|one| one.matches(&answer)))
}

fn hear(codes: &[&str]) -> Expect {
    let right = codes.iter().filter_map(|code| Pattern::read(code).ok()).collect();
    Expect { right, ..Expect::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::suite::probes;

    fn probe(id: &str) -> &'static Probe {
        probes().iter().find(|probe| probe.id == id).unwrap()
    }

    fn first(probe: &Probe) -> String {
        match &probe.moves[0] {
            Move::Say(octets) => String::from_utf8_lossy(octets).into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_submits_has_logged_in_and_who_relays_has_not() {
        let own = Kind::Submission.view(probe("relay.own"), false);
        assert_eq!((own.start, first(&own).as_str()), (Start::Login, "MAIL FROM:<{from}>\r\n"));
        let relay = Kind::Submission.view(probe("relay.foreign"), false);
        assert_eq!((relay.start, relay.moves.len()), (Start::Ready, 4));
        let early = Kind::Submission.view(probe("state.mail-first"), false);
        assert_eq!(early.start, Start::Greeted);
        let other = Kind::Submission.view(probe("cmd.noop-arg"), false);
        assert_eq!(other.start, Start::Ready);
        let scope = probe("relay.auth-scope");
        assert_eq!(Kind::Submission.leaves_out(scope, false), None);
        assert!(Kind::Mx.leaves_out(scope, false).unwrap().contains("submission"));
        for id in REFUSED_TO_STRANGERS {
            assert!(Kind::Submission.leaves_out(probe(id), false).is_some(), "{id}");
            assert_eq!(Kind::Mx.leaves_out(probe(id), false), None, "{id}");
        }
        // Nothing that goes to somebody else is said by who may send there.
        for probe in probes().iter().filter(|probe| probe.kinds.is_empty()) {
            let seen = Kind::Submission.view(probe, false);
            let is_left_out = Kind::Submission.leaves_out(probe, false).is_some();
            let is_foreign =
                seen.text.contains("<{foreign}>") || seen.text.contains("@relay.invalid>");
            assert!(is_left_out || seen.start != Start::Login || !is_foreign, "{}", probe.id);
        }
    }

    #[test]
    fn no_mail_is_brought_to_a_provider_of_mail() {
        for probe in probes().iter().filter(|probe| probe.id != ONLY_WHAT_IS_OFFERED) {
            let is_asked = Kind::Odmr.leaves_out(probe, false).is_none();
            assert!(!(is_asked && says(probe, "MAIL")), "{}", probe.id);
        }
        assert_eq!(Kind::Odmr.leaves_out(probe("auth.cancel"), false), None);
        let noop = Kind::Odmr.view(probe("cmd.noop"), false);
        let Move::Hear(expect) = &noop.moves[1] else { panic!("{:?}", noop.moves) };
        assert_eq!(expect.right.len(), 2, "502 is right, too");
    }

    #[test]
    fn what_exchange_is_known_for_is_no_news() {
        let level = |kind: Kind, id: &str| kind.view(probe(id), false).level;
        assert_eq!(level(Kind::Mx, "ehlo.noarg"), Level::Should);
        assert_eq!(level(Kind::Exchange, "ehlo.noarg"), Level::Info);
        assert_eq!(level(Kind::Exchange, "cmd.turn"), Level::Security);
        assert_eq!(level(Kind::Exchange, "relay.foreign"), Level::Security);
        assert_eq!(Kind::Submission.level("tls.adv", None, Level::Should), Level::Must);
    }

    #[test]
    fn a_door_that_is_locked_tells_nothing_of_what_is_behind_it() {
        let of = |id: &str, at: usize, code: u16| {
            let seen = Kind::Submission.view(probe(id), false);
            let heard = seen.moves.iter().filter_map(|one| match one {
                Move::Hear(expect) => Some(expect.clone()),
                _ => None,
            });
            let expect = heard.collect::<Vec<_>>().swap_remove(at);
            let answer = Answer::Reply(Reply::plain(code, ""));
            let is = |list: &[Pattern]| list.iter().any(|one| one.matches(&answer));
            (is(&expect.right), is(&expect.undecided))
        };
        assert_eq!(of("state.rcpt-first", 0, 530), (true, false), "a refusal");
        assert_eq!(of("helo.ok", 0, 530), (false, true), "no answer to the question");
        assert_eq!(of("utf8.mail", 0, 550), (false, true), "not this account's");
        assert_eq!(of("helo.ok", 0, 550), (false, false));
        let mx = Kind::Mx.view(probe("helo.ok"), false);
        assert!(
            mx.moves
                .iter()
                .all(|one| !matches!(one, Move::Hear(expect) if !expect.undecided.is_empty()))
        );
    }

    #[test]
    fn an_exchange_is_brought_mail_by_its_customer_where_there_is_one() {
        let relay = probe("relay.own");
        assert_eq!(Kind::Exchange.view(relay, false).start, relay.start);
        assert_eq!(Kind::Exchange.view(relay, true).start, Start::Login);
        assert_eq!(Kind::Mx.view(relay, true).start, relay.start);
        for id in REFUSED_TO_STRANGERS {
            assert!(Kind::Exchange.leaves_out(probe(id), true).is_some(), "{id}");
            assert_eq!(Kind::Exchange.leaves_out(probe(id), false), None, "{id}");
        }
    }

    #[test]
    fn there_is_no_helo_in_lmtp() {
        for id in ["helo.ok", "helo.noarg", "ehlo.helo-list"] {
            assert!(Kind::Lmtp.leaves_out(probe(id), false).is_some(), "{id}");
        }
        assert_eq!(Kind::Lmtp.leaves_out(probe("lmtp.no-helo"), false), None);
        assert!(Kind::Mx.leaves_out(probe("lmtp.no-helo"), false).is_some());
    }
}
