//! What a played party gets wrong on purpose, a switch for each: what Exchange, and what stands in front of it, did.
//!
//! Most bend the profile, whose rows say what is said; what no row can say is in [`Wrong`].

use std::time::Duration;

use super::profile::{Action, Fact, Profile, Row};

/// Nothing is kept waiting for longer.
const LONGEST: Duration = Duration::from_secs(60);
/// So many messages may be asked for in a session.
const MOST_OUT: usize = 10_000;

/// Which of the two is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is called, and turns the line (`--listen`).
    Provider,
    /// It calls, and asks for the turn (`--call`).
    Customer,
}

/// What may stand behind the name of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A number of this; so many where none is given.
    Number(&'static str, usize),
    /// How long: `5s`, `200ms`; so long where nothing is given.
    Time(Duration),
    /// One of these words; the first where none is given.
    Word(&'static [&'static str]),
    /// One of these words, which must be given.
    Choice(&'static [&'static str]),
    /// An address; this one where none is given.
    Address(&'static str),
}

/// A switch.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// What may stand behind it.
    pub takes: Takes,
    /// It can be had of a party that plays this, or both.
    pub part: Option<Part>,
    /// What it does.
    pub about: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ShortName,
    NonFqdnAndXexps,
    MultiLine354,
    Split354,
    MissingCrlf,
    BinaryTail,
    BareLf,
    Cap,
    SessionCut,
    TurnEmpty,
    TurnFin,
    TurnBye,
    TurnUnauthenticated,
    AtrnArg,
    Auth454,
    Starttls554,
    StarttlsMiddlebox,
    Pix,
    Tarpit,
    HeloOnly,
    Xexch50,
    NtlmFirst,
    ExtraRcpt,
    Idle,
    DoubleTurn,
    PreTurnMail,
    BdatHeader,
}

const fn fault(
    name: &'static str,
    takes: Takes,
    part: Option<Part>,
    kind: Kind,
    about: &'static str,
) -> Fault {
    Fault { name, takes, part, about, kind }
}

const PROVIDER: Option<Part> = Some(Part::Provider);
const CUSTOMER: Option<Part> = Some(Part::Customer);

/// The switches that there are.
pub const FAULTS: [Fault; 27] = [
    fault(
        "short_name",
        Takes::Nothing,
        None,
        Kind::ShortName,
        "It calls itself by a single label in capitals, such as EX1.",
    ),
    fault(
        "non_fqdn_and_xexps",
        Takes::Nothing,
        None,
        Kind::NonFqdnAndXexps,
        "The same, and X-EXPS stands in its EHLO: Exchange 2000 never delivered to such a server.",
    ),
    fault(
        "multi_line_354",
        Takes::Nothing,
        None,
        Kind::MultiLine354,
        "DATA is answered in two lines, 354- and 354.",
    ),
    fault(
        "split_354_delay_ms",
        Takes::Number("milliseconds", 500),
        None,
        Kind::Split354,
        "Between the halves of the answer to DATA it waits so long; of two lines, between them.",
    ),
    fault(
        "missing_crlf_after_250",
        Takes::Nothing,
        None,
        Kind::MissingCrlf,
        "The answer to a message ends without CRLF, and nothing follows.",
    ),
    fault(
        "binary_tail_without_crlf",
        Takes::Nothing,
        None,
        Kind::BinaryTail,
        "What it sends by DATA does not end with CRLF, so that its dot ends nothing.",
    ),
    fault(
        "bare_lf_body",
        Takes::Nothing,
        None,
        Kind::BareLf,
        "Lines of what it sends end with LF alone; the dot at the end stands as it should.",
    ),
    fault(
        "cap20",
        Takes::Number("messages", 20),
        PROVIDER,
        Kind::Cap,
        "After so many messages it says QUIT, whatever still waits.",
    ),
    fault(
        "session_bytes_cut",
        Takes::Number("octets", 10_485_760),
        None,
        Kind::SessionCut,
        "The line is closed in the midst of content once so much has come in a session.",
    ),
    fault(
        "turn_empty",
        Takes::Choice(&["453", "turn-quit", "turn-fin"]),
        PROVIDER,
        Kind::TurnEmpty,
        "Where no mail waits: 453; or 250, and behind the turn QUIT; or 250, and the line is closed.",
    ),
    fault(
        "turn_250_then_fin",
        Takes::Nothing,
        PROVIDER,
        Kind::TurnFin,
        "The turn is granted, and the line is closed, whatever waits.",
    ),
    fault(
        "turn_250_then_quit_without_ehlo",
        Takes::Nothing,
        PROVIDER,
        Kind::TurnBye,
        "Behind the turn the greeting is answered with QUIT, whatever waits.",
    ),
    fault(
        "turn_accepts_unauthenticated",
        Takes::Nothing,
        PROVIDER,
        Kind::TurnUnauthenticated,
        "The line is turned for whoever asks: anybody has the mail. The worst that there is.",
    ),
    fault(
        "atrn_arg_501",
        Takes::Nothing,
        PROVIDER,
        Kind::AtrnArg,
        "ATRN with a list of domains is answered 501, and without one it is granted.",
    ),
    fault(
        "auth_454_573",
        Takes::Nothing,
        PROVIDER,
        Kind::Auth454,
        "Who may not send is told 454 5.7.3 to a login that was right: as if it might pass.",
    ),
    fault(
        "starttls_554",
        Takes::Nothing,
        PROVIDER,
        Kind::Starttls554,
        "STARTTLS is listed and answered 554: there is no certificate.",
    ),
    fault(
        "starttls_advertised_by_middlebox",
        Takes::Nothing,
        PROVIDER,
        Kind::StarttlsMiddlebox,
        "STARTTLS is listed and answered 220 by what stands in front; the server behind takes TLS for a command, and says 500.",
    ),
    fault(
        "pix_mask",
        Takes::Word(&["list", "unknown"]),
        PROVIDER,
        Kind::Pix,
        "A PIX stands in front: the greeting is all stars, EHLO's list is crossed out or EHLO unknown, and verbs of extensions do not get through.",
    ),
    fault(
        "tarpit_5s",
        Takes::Time(Duration::from_secs(5)),
        None,
        Kind::Tarpit,
        "Each 5xx is kept back so long, for who has not logged in.",
    ),
    fault(
        "helo_only",
        Takes::Nothing,
        None,
        Kind::HeloOnly,
        "As a client it says HELO: as a customer it cannot log in then, and asks all the same.",
    ),
    fault(
        "xexch50_after_rcpt",
        Takes::Nothing,
        None,
        Kind::Xexch50,
        "Before DATA it asks for XEXCH50, listed or not; a 354 has the octets, and anything else DATA.",
    ),
    fault(
        "ntlm_first",
        Takes::Nothing,
        CUSTOMER,
        Kind::NtlmFirst,
        "It tries AUTH NTLM with its first message in the line, listed or not; refused, it logs in as it would have.",
    ),
    fault(
        "extra_domain_rcpt",
        Takes::Address("postmaster@elsewhere.example"),
        PROVIDER,
        Kind::ExtraRcpt,
        "Each message has a recipient more, of a domain that nobody asked for.",
    ),
    fault(
        "idle_451",
        Takes::Number("seconds", 1),
        None,
        Kind::Idle,
        "It says 451 and hangs up when nothing has come for so long.",
    ),
    fault(
        "double_turn",
        Takes::Nothing,
        CUSTOMER,
        Kind::DoubleTurn,
        "It answers QUIT behind the turn, and asks for the turn again on the same line.",
    ),
    fault(
        "pre_turn_mail",
        Takes::Word(&["reject-soft", "reject"]),
        PROVIDER,
        Kind::PreTurnMail,
        "Mail from who has logged in is refused command by command, by 450 or by 550, and the turn is heard behind it.",
    ),
    fault(
        "bdat_long_header",
        Takes::Nothing,
        None,
        Kind::BdatHeader,
        "A line of a header that has more than 1022 octets, and comes by BDAT, is broken there: its rest is no field.",
    ),
];

/// What no row of a profile can say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// The answer to DATA comes in halves, with so much between them.
    pub(super) split_354: Option<Duration>,
    /// The answer to a message has no end.
    pub(super) cut_250: bool,
    /// So long is a 5xx kept back from strangers.
    pub(super) tarpit: Option<Duration>,
    /// A PIX stands in front.
    pub(super) masked: bool,
    /// TURN comes once more.
    pub(super) double_turn: bool,
    /// AUTH NTLM comes first.
    pub(super) ntlm_first: bool,
    /// Long lines of a header come to harm, where they come in chunks. KB 821733.
    pub(super) breaks_headers: bool,
    /// How it carries on as a client.
    pub(super) manners: Manners,
}

/// How a client carries on that brings mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manners {
    pub(super) helo: bool,
    pub(super) bye: bool,
    pub(super) no_tail: bool,
    pub(super) bare_lf: bool,
    pub(super) xexch50: bool,
    pub(super) extra: Option<String>,
}

/// A switch that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadFault {
    /// What is wrong with it.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// A switch, and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its name.
    pub name: &'static str,
    kind: Kind,
    part: Option<Part>,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    None,
    Number(usize),
    Time(Duration),
    Word(&'static str),
    Address(String),
}

impl Switch {
    /// Reads `NAME` or `NAME=VALUE`.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn read(text: &str) -> Result<Switch, BadFault> {
        match text.split_once('=') {
            Some((name, value)) => Switch::of(name.trim(), Some(value.trim())),
            None => Switch::of(text.trim(), None),
        }
    }

    /// The switch of this name, with this behind it.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn of(name: &str, value: Option<&str>) -> Result<Switch, BadFault> {
        let fault = Switch::named(name)?;
        let value = fault.takes.read(value).map_err(|hint| {
            let what = match value {
                Some(value) => format!("{name}: saw {value:?}"),
                None => format!("{name} says nothing by itself"),
            };
            BadFault { what, hint }
        })?;
        Ok(Switch { name: fault.name, kind: fault.kind, part: fault.part, value })
    }
}

impl Switch {
    /// The one of this name.
    pub(super) fn named(name: &str) -> Result<&'static Fault, BadFault> {
        FAULTS.iter().find(|fault| fault.name == name).ok_or_else(|| unknown(name))
    }
}

fn unknown(name: &str) -> BadFault {
    let distance = |fault: &&Fault| strsim::damerau_levenshtein(fault.name, name);
    let near = FAULTS
        .iter()
        .min_by_key(distance)
        .filter(|near| distance(near) <= 4 || !name.is_empty() && near.name.starts_with(name));
    let hint = match near {
        Some(near) => format!("did you mean {}? --list-faults has them all", near.name),
        None => "--list-faults has them all".to_owned(),
    };
    BadFault { what: format!("there is no fault {name:?}"), hint }
}

impl Takes {
    /// What is written behind the name.
    pub fn shown(&self) -> String {
        match self {
            Takes::Nothing => String::new(),
            Takes::Number(what, usual) => format!("[={}; {usual}]", what.to_uppercase()),
            Takes::Time(usual) => format!("[=TIME; {}s]", usual.as_secs()),
            Takes::Word(words) => format!("[={}]", words.join("|")),
            Takes::Choice(words) => format!("={}", words.join("|")),
            Takes::Address(usual) => format!("[=ADDRESS; {usual}]"),
        }
    }

    /// Reads it, or says what is expected.
    fn read(&self, value: Option<&str>) -> Result<Value, String> {
        match (*self, value) {
            (Takes::Nothing, None) => Ok(Value::None),
            (Takes::Nothing, Some(_)) => Err("nothing stands behind its name".to_owned()),
            (Takes::Number(_, usual), None) => Ok(Value::Number(usual)),
            (Takes::Number(what, _), Some(value)) => {
                let number = value.parse::<u32>().ok().filter(|number| *number > 0);
                let number = number.and_then(|number| usize::try_from(number).ok());
                number.map(Value::Number).ok_or_else(|| format!("expected a number of {what}"))
            }
            (Takes::Time(usual), None) => Ok(Value::Time(usual)),
            (Takes::Time(_), Some(value)) => time(value).map(Value::Time),
            (Takes::Word(words), None) => Ok(Value::Word(words.first().copied().unwrap_or(""))),
            (Takes::Word(words) | Takes::Choice(words), value) => {
                let word = words.iter().find(|word| value == Some(**word));
                let hint = || format!("allowed: {}", words.join(", "));
                word.map(|word| Value::Word(word)).ok_or_else(hint)
            }
            (Takes::Address(usual), None) => Ok(Value::Address(usual.to_owned())),
            (Takes::Address(_), Some(value)) => match value.parse::<crate::smtp::Mailbox>() {
                Ok(mailbox) => Ok(Value::Address(mailbox.as_str().to_owned())),
                Err(_) => Err("expected an address, such as box@elsewhere.example".to_owned()),
            },
        }
    }
}

/// `5s`, `200ms`, or `5`.
fn time(text: &str) -> Result<Duration, String> {
    let (digits, unit) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('s').unwrap_or(text), 1000),
    };
    let millis = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let time = millis.map(Duration::from_millis).filter(|time| *time <= LONGEST);
    time.ok_or_else(|| format!("expected a time up to {}s, such as 5s or 200ms", LONGEST.as_secs()))
}

fn row(verb: &str, when: &[(Fact, bool)], text: &str, action: Option<Action>) -> Row {
    let (verb, text, when) = (verb.to_owned(), text.to_owned(), when.to_vec());
    Row { verb, when, text, action, verified: false, source: "a fault".to_owned() }
}

const GRANTED: &str = "250 2.0.0 OK";
const TWO_LINES: &str = "354-Start mail input\n354 end with <CRLF>.<CRLF>";

impl Profile {
    /// The same, with its faults.
    ///
    /// # Errors
    /// One makes no sense of a party that plays this, or of this one.
    pub fn with_faults(mut self, part: Part) -> Result<Profile, BadFault> {
        for switch in &self.faults.clone() {
            if switch.part.is_some_and(|only| only != part) {
                let (is, other) = match part {
                    Part::Provider => ("is called", "--call"),
                    Part::Customer => ("calls", "--listen"),
                };
                let what = format!("{} makes no sense of a party that {is}", switch.name);
                return Err(BadFault { what, hint: format!("it goes with {other}") });
            }
            self.bends(part, switch)?;
        }
        Ok(self)
    }

    fn bends(&mut self, part: Part, switch: &Switch) -> Result<(), BadFault> {
        let number = if let Value::Number(number) = switch.value { number } else { 0 };
        let wrong = &mut self.wrong;
        match switch.kind {
            Kind::Split354 => {
                let wait = Duration::from_millis(u64::try_from(number).unwrap_or(u64::MAX));
                wrong.split_354 = Some(wait.min(LONGEST));
            }
            Kind::MissingCrlf => wrong.cut_250 = true,
            Kind::BinaryTail => wrong.manners.no_tail = true,
            Kind::BareLf => wrong.manners.bare_lf = true,
            Kind::Xexch50 => wrong.manners.xexch50 = true,
            Kind::NtlmFirst => wrong.ntlm_first = true,
            Kind::BdatHeader => wrong.breaks_headers = true,
            Kind::DoubleTurn => wrong.double_turn = true,
            Kind::Tarpit => {
                wrong.tarpit = if let Value::Time(time) = switch.value { Some(time) } else { None };
            }
            Kind::ExtraRcpt => {
                wrong.manners.extra = match &switch.value {
                    Value::Address(address) => Some(address.clone()),
                    _ => None,
                };
            }
            Kind::HeloOnly if part == Part::Provider => wrong.manners.helo = true,
            Kind::HeloOnly => {
                self.client.iter_mut().for_each(|client| "HELO".clone_into(&mut client.hello));
            }
            Kind::ShortName => self.shortens(),
            Kind::NonFqdnAndXexps => {
                self.shortens();
                self.lists("X-EXPS GSSAPI NTLM LOGIN");
                self.lists("X-EXPS=LOGIN");
            }
            Kind::Cap => self.most_out = number.min(MOST_OUT),
            Kind::SessionCut => self.most_in = number,
            Kind::Idle => {
                let seconds = u64::try_from(number).unwrap_or(u64::MAX);
                self.idle = (seconds, "451 4.7.0 Timeout waiting for client input".to_owned());
            }
            Kind::MultiLine354 => self.says_again(Action::Data, TWO_LINES),
            Kind::Auth454 => {
                let text =
                    "454 5.7.3 Client does not have permission to submit mail to this server";
                self.rows.insert(0, row("(auth-ok)", &[], text, None));
            }
            _ => return self.bends_the_turn(switch),
        }
        Ok(())
    }

    fn bends_the_turn(&mut self, switch: &Switch) -> Result<(), BadFault> {
        let word = if let Value::Word(word) = switch.value { word } else { "" };
        match (switch.kind, word) {
            (Kind::TurnFin, _) => self.turns_by(Action::TurnFin),
            (Kind::TurnBye, _) => {
                self.wrong.manners.bye = true;
                self.turns_by(Action::TurnQuit);
            }
            (Kind::TurnEmpty, "453") => self.when_empty("453 4.3.0 You have no mail", None),
            (Kind::TurnEmpty, "turn-fin") => self.when_empty(GRANTED, Some(Action::TurnFin)),
            (Kind::TurnEmpty, _) => self.when_empty(GRANTED, Some(Action::TurnQuit)),
            (Kind::TurnUnauthenticated, _) => {
                for verb in self.turning() {
                    let when = [(Fact::Authed, false)];
                    self.rows.insert(0, row(&verb, &when, GRANTED, Some(Action::Turn)));
                }
            }
            (Kind::AtrnArg, _) if !self.turning().contains(&"ATRN".to_owned()) => {
                let what = format!("atrn_arg_501: {} knows no ATRN", self.id);
                let hint = "exchange2003-w2k, iis5 and strict-2645 do".to_owned();
                return Err(BadFault { what, hint });
            }
            (Kind::AtrnArg, _) => {
                let when = [(Fact::Authed, true), (Fact::Arg, true)];
                self.rows.insert(0, row("ATRN", &when, "501 5.5.4 Invalid arguments", None));
            }
            (Kind::PreTurnMail, word) => self.refuses_mail(word),
            (Kind::Starttls554, _) => {
                self.lists("STARTTLS");
                let text = "554 5.7.3 Unable to initialize security subsystem";
                self.rows.insert(0, Row { verified: true, ..row("STARTTLS", &[], text, None) });
            }
            (Kind::StarttlsMiddlebox, _) => {
                self.lists("STARTTLS");
                let text = "220 2.0.0 SMTP server ready";
                self.rows.insert(0, row("STARTTLS", &[], text, Some(Action::NoTls)));
            }
            (_, mask) => self.masks(mask),
        }
        Ok(())
    }

    /// Mail before the turn, of who has logged in. A chunk is heard all the same.
    fn refuses_mail(&mut self, how: &str) {
        let text = match how {
            "reject" => "550 5.7.1 Unable to relay",
            _ => "450 4.7.1 Unable to relay now",
        };
        for verb in ["MAIL", "RCPT", "DATA", "BDAT"] {
            let action = (verb == "BDAT").then_some(Action::Chunk);
            self.rows.insert(0, row(verb, &[(Fact::Authed, true)], text, action));
        }
    }

    fn shortens(&mut self) {
        self.fqdn = self.fqdn.split('.').next().unwrap_or_default().to_ascii_uppercase();
    }

    fn lists(&mut self, line: &str) {
        if !self.ehlo.1.iter().any(|known| known == line) {
            self.ehlo.1.push(line.to_owned());
        }
    }

    /// The rows that do this say something else.
    fn says_again(&mut self, action: Action, text: &str) {
        let does = |row: &&mut Row| row.action == Some(action) && row.text.starts_with(['2', '3']);
        for row in self.rows.iter_mut().filter(does) {
            text.clone_into(&mut row.text);
            row.verified = false;
        }
    }

    fn is_turn(row: &Row) -> bool {
        let turns = [Action::Turn, Action::TurnQuit, Action::TurnFin];
        row.action.is_some_and(|action| turns.contains(&action)) && row.text.starts_with('2')
    }

    /// The verbs by which the line is turned.
    fn turning(&self) -> Vec<String> {
        let mut verbs: Vec<String> = self
            .rows
            .iter()
            .filter(|row| Profile::is_turn(row))
            .map(|row| row.verb.clone())
            .collect();
        verbs.dedup();
        verbs
    }

    fn turns_by(&mut self, action: Action) {
        for row in self.rows.iter_mut().filter(|row| Profile::is_turn(row)) {
            (row.action, row.verified) = (Some(action), false);
        }
    }

    /// This is said where no mail waits, and whatever is said before that goes on being said.
    fn when_empty(&mut self, text: &str, action: Option<Action>) {
        for verb in self.turning() {
            let turns = |row: &Row| Profile::is_turn(row) && row.verb == verb;
            let at = self.rows.iter().position(turns).unwrap_or(0);
            self.rows.insert(at, row(&verb, &[(Fact::Empty, true)], text, action));
        }
    }

    /// What a PIX makes of it. KB 320027.
    fn masks(&mut self, how: &str) {
        self.wrong.masked = true;
        if how == "unknown" {
            self.rows.insert(0, row("EHLO", &[], "500 5.3.3 Unrecognized command", None));
        }
        for line in self.ehlo.1.iter_mut().filter(|line| !line.starts_with("SIZE")) {
            *line = "X".repeat(line.len());
        }
    }
}

/// A greeting behind a PIX: what it shows of it are zeros, twos and spaces.
pub(super) fn masked(line: &str) -> String {
    let (code, rest) = line.split_at_checked(4).unwrap_or((line, ""));
    let stars = rest.chars().map(|c| if matches!(c, '0' | '2' | ' ') { c } else { '*' });
    format!("{code}{}", stars.collect::<String>())
}

/// No line of a header is longer where it comes in chunks, octets. KB 821733.
const LONGEST_FIELD: usize = 1022;

/// A content whose long header lines are broken, as Exchange 2000 took them in by BDAT (MSQ-37).
pub(super) fn with_broken_headers(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut in_header = true;
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        let text = line.trim_ascii_end();
        in_header &= !text.is_empty();
        if in_header && text.len() > LONGEST_FIELD {
            let (head, rest) = line.split_at(LONGEST_FIELD);
            out.extend_from_slice(head);
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(rest);
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}

/// What a PIX lets through. The rest becomes `XXXX`.
pub(super) fn passes(verb: &str) -> bool {
    ["HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"].contains(&verb)
}
