//! The notation of a talk.

use std::time::Duration;

use super::{Expect, Level, Manner, Move, Need, Pattern, Probe, Start};

/// A script may have so many moves.
const MOST_MOVES: usize = 10_000;
/// So many lines may be open at once.
const MOST_LINES: usize = 200;
/// A placeholder may stand for so many octets.
const MOST_TIMES: usize = 2 << 20;

/// A script that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadScript {
    /// Counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Reads every probe of a text.
///
/// # Errors
/// The first line that is none, with what is allowed.
pub fn read(text: &str) -> Result<Vec<Probe>, BadScript> {
    let mut probes: Vec<Probe> = Vec::new();
    let mut reader = Reader::default();
    for (at, line) in text.lines().enumerate() {
        let told = |what| BadScript { line: at + 1, what };
        if let Some(id) = line.strip_prefix("== ") {
            if let Some(done) = reader.end().map_err(told)? {
                probes.push(done);
            }
            let id = id.trim();
            if probes.iter().any(|probe| probe.id == id) {
                return Err(told(format!("{id} is there twice")));
            }
            reader.begin(id).map_err(told)?;
        } else if !line.starts_with('#') {
            reader.line(line).map_err(told)?;
        }
    }
    let told = |what| BadScript { line: text.lines().count(), what };
    probes.extend(reader.end().map_err(told)?);
    if probes.is_empty() {
        return Err(told("there is no probe; one begins with \"== its.id\"".to_owned()));
    }
    Ok(probes)
}

#[derive(Default)]
struct Reader {
    probe: Option<Probe>,
    /// Has the talk begun?
    talks: bool,
    /// What the next answer is for, each of it.
    many: Option<Vec<Move>>,
    /// Is there a condition that has no end yet?
    is_open: bool,
    /// Where the moves of the last S: line begin.
    answers: usize,
}

impl Reader {
    fn begin(&mut self, id: &str) -> Result<(), String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if id.is_empty() || !id.chars().all(is_name) {
            return Err(format!("saw {id:?}; allowed: letters, digits, dots and hyphens"));
        }
        self.talks = false;
        self.is_open = false;
        self.probe = Some(Probe {
            id: id.to_owned(),
            title: String::new(),
            level: Level::Must,
            spec: Vec::new(),
            fix: String::new(),
            quirk: None,
            needs: Vec::new(),
            start: Start::default(),
            alone: false,
            kinds: Vec::new(),
            moves: Vec::new(),
            text: String::new(),
        });
        Ok(())
    }

    fn end(&mut self) -> Result<Option<Probe>, String> {
        if self.many.take().is_some() {
            return Err("a C* line has no S: below it".to_owned());
        }
        if std::mem::take(&mut self.is_open) {
            return Err("an \"* if\" has no \"* fi\" below it".to_owned());
        }
        let Some(probe) = self.probe.take() else { return Ok(None) };
        match probe.moves.last() {
            None => Err(format!("{} has no talk", probe.id)),
            Some(Move::Say(_)) => {
                Err(format!("{} ends before the answer: add an S: line", probe.id))
            }
            Some(_) => Ok(Some(probe)),
        }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let Some(probe) = &mut self.probe else {
            return Err(format!("saw {line:?} before any probe; one begins with \"== its.id\""));
        };
        let begins = ["C:", "C|", "C*", "C/", "S:", "S~", "S-", "S!", "S?", "* "];
        if !self.talks && !begins.iter().any(|word| line.starts_with(word)) {
            return head(probe, line);
        }
        self.talks = true;
        probe.text.push_str(line);
        probe.text.push('\n');
        self.talk(line)
    }

    fn talk(&mut self, line: &str) -> Result<(), String> {
        let Some(probe) = &mut self.probe else { return Ok(()) };
        if self.many.is_some() && !line.starts_with("S:") {
            return Err("below a C* line there is an S: for each of its lines".to_owned());
        }
        let rest = line.get(2..).unwrap_or_default();
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match line.get(..2).unwrap_or_default() {
            "C:" => probe.moves.push(Move::Say([&octets(rest)?[..], b"\r\n"].concat())),
            "C|" => probe.moves.push(Move::Say(octets(rest)?)),
            "C*" => self.many = Some(lines(rest)?),
            "C/" => probe.moves.extend(slowly(rest)?),
            "S:" => {
                let expect = Expect { right: patterns(rest)?, ..Expect::default() };
                self.answers = probe.moves.len();
                match self.many.take() {
                    None => probe.moves.push(Move::Hear(expect)),
                    Some(many) => probe
                        .moves
                        .extend(many.into_iter().flat_map(|one| [one, Move::Hear(expect.clone())])),
                }
            }
            "S?" => probe.moves.push(Move::Hear(Expect {
                right: patterns(rest)?,
                is_needed: true,
                ..Expect::default()
            })),
            sign @ ("S~" | "S-" | "S!") => beside(&mut probe.moves, self.answers, sign, rest)?,
            "* " => match act(rest.trim())? {
                (one, 1) => {
                    let is_in_place = match one {
                        Move::If(_) => !std::mem::replace(&mut self.is_open, true),
                        Move::Fi => std::mem::take(&mut self.is_open),
                        _ => true,
                    };
                    if !is_in_place {
                        return Err("\"* if\" and \"* fi\" stand in turn".to_owned());
                    }
                    probe.moves.push(one);
                }
                (one, times) => self.many = Some(vec![one; times]),
            },
            _ => {
                return Err(format!(
                    "saw {line:?}; a talk has C:, C|, C*, C/, S:, S~, S-, S!, S? and * lines"
                ));
            }
        }
        if probe.moves.len() > MOST_MOVES {
            return Err(format!("more than {MOST_MOVES} moves"));
        }
        Ok(())
    }
}

/// More answers to what stands above, from this move on.
fn beside(moves: &mut [Move], from: usize, sign: &str, rest: &str) -> Result<(), String> {
    let more = patterns(rest)?;
    let may = |one: &Move| matches!(one, Move::Hear(expect) if !expect.is_needed);
    if !moves.last().is_some_and(may) {
        return Err(format!("{sign} stands below an S: line"));
    }
    for one in moves.iter_mut().skip(from) {
        if let Move::Hear(expect) = one {
            let of_this = match sign {
                "S~" => &mut expect.tolerated,
                "S!" => &mut expect.wrong,
                _ => &mut expect.undecided,
            };
            of_this.extend(more.iter().cloned());
        }
    }
    Ok(())
}

fn head(probe: &mut Probe, line: &str) -> Result<(), String> {
    let Some((key, value)) = line.split_once(':') else {
        return Err(format!("saw {line:?}; expected \"key: value\" or a line of the talk"));
    };
    let value = value.trim();
    match key.trim() {
        "title" => value.clone_into(&mut probe.title),
        "fix" => value.clone_into(&mut probe.fix),
        "quirk" => probe.quirk = Some(value.to_owned()),
        "spec" => probe.spec = value.split(';').map(|spec| spec.trim().to_owned()).collect(),
        "alone" => probe.alone = value == "yes",
        "for" => probe.kinds = value.split(',').map(|kind| kind.trim().to_owned()).collect(),
        "level" => {
            let known = Level::ALL.into_iter().find(|level| level.word() == value);
            let words = "must, should, security, interop or info";
            probe.level = known.ok_or_else(|| format!("level: saw {value:?}; allowed: {words}"))?;
        }
        "from" => {
            probe.start = match value {
                "connect" => Start::Connect,
                "greeted" => Start::Greeted,
                "hello" => Start::Hello,
                "mail" => Start::Mail,
                "rcpt" => Start::Rcpt,
                "tls" => Start::Tls,
                "ready" => Start::Ready,
                "login" => Start::Login,
                _ => {
                    let words = "connect, greeted, hello, mail, rcpt, tls, ready or login";
                    return Err(format!("from: saw {value:?}; allowed: {words}"));
                }
            };
        }
        "needs" => probe.needs = value.split(',').map(need).collect(),
        other => {
            let words = "title, level, spec, fix, quirk, needs, from, alone, for";
            return Err(format!("saw {other:?}; allowed: {words}"));
        }
    }
    Ok(())
}

fn need(word: &str) -> Need {
    match word.trim() {
        "data" => Need::Data,
        "intrusive" => Need::Intrusive,
        "slow" => Need::Slow,
        "turn" => Need::Turn,
        "backend-down" => Need::BackendDown,
        other => match other.strip_prefix("no ") {
            Some(keyword) => Need::NotOffered(keyword.to_ascii_uppercase()),
            None => Need::Offered(other.to_ascii_uppercase()),
        },
    }
}

/// What is done, and how often.
fn act(text: &str) -> Result<(Move, usize), String> {
    let one = match text {
        "tls" => Move::Secure(false),
        "tls or closed" => Move::Secure(true),
        "new" => Move::Anew(Manner::Farewell),
        "reset" => Move::Anew(Manner::Cut),
        "aside" => Move::Anew(Manner::Aside),
        "shut" => Move::Shut,
        "turn" => Move::Turn,
        "login" => Move::Prove,
        "fi" => Move::Fi,
        _ => return act_with(text),
    };
    Ok((one, 1))
}

fn act_with(text: &str) -> Result<(Move, usize), String> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let done = match verb {
        "wait" => seconds(rest).map(|time| (Move::Pause(time), 1)),
        "within" => seconds(rest).map(|time| (Move::Within(time), 1)),
        "if" if !rest.is_empty() => Some((Move::If(rest.trim().to_ascii_uppercase()), 1)),
        "aside" => rest
            .trim()
            .parse()
            .ok()
            .filter(|times| (2..=MOST_LINES).contains(times))
            .map(|times| (Move::Anew(Manner::Aside), times)),
        _ => None,
    };
    let words = "allowed: tls, tls or closed, new, reset, aside, \"aside 30\" (up to 200), shut, login, turn, \
                 \"if ETRN\", fi, \"wait 2s\", \"within 2s\" (up to 3600s)";
    done.ok_or_else(|| format!("saw {text:?}; {words}"))
}

/// `10s| NOOP`
fn slowly(rest: &str) -> Result<Vec<Move>, String> {
    let wrong = || format!("saw \"C/{rest}\"; allowed: C/10s| text");
    let (time, text) = rest.split_once('|').ok_or_else(wrong)?;
    let time = seconds(time).ok_or_else(wrong)?;
    let octets = octets(text.strip_prefix(' ').unwrap_or(text))?;
    if octets.len() > MOST_MOVES / 2 {
        return Err(wrong());
    }
    Ok(octets.into_iter().flat_map(|one| [Move::Say(vec![one]), Move::Pause(time)]).collect())
}

fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Some(number) = text.strip_suffix("ms") {
        let number: u64 = number.parse().ok()?;
        return (number <= 3_600_000).then(|| Duration::from_millis(number));
    }
    let number: u64 = text.strip_suffix('s')?.parse().ok()?;
    (number <= 3600).then(|| Duration::from_secs(number))
}

fn patterns(text: &str) -> Result<Vec<Pattern>, String> {
    text.split(" | ").map(Pattern::read).collect()
}

/// `100: RCPT TO:<p{n}@{domain}>`
fn lines(rest: &str) -> Result<Vec<Move>, String> {
    let wrong = || format!("saw \"C*{rest}\"; allowed: C*100: text, up to {MOST_MOVES} of them");
    let (number, text) = rest.split_once(':').ok_or_else(wrong)?;
    let number: usize = number.trim().parse().map_err(|_| wrong())?;
    if number == 0 || number > MOST_MOVES / 2 {
        return Err(wrong());
    }
    let text = text.strip_prefix(' ').unwrap_or(text);
    let line = |n: usize| {
        let octets = octets(&text.replace("{n}", &n.to_string()))?;
        Ok(Move::Say([&octets[..], b"\r\n"].concat()))
    };
    (1..=number).map(line).collect()
}

/// The octets that a text stands for. Names are put in when it is said.
fn octets(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '{']) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = match rest.as_bytes()[at] {
            b'\\' => escape(&rest[at + 1..], &mut out)?,
            _ => repeated(&rest[at..], &mut out)?,
        };
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

fn escape<'a>(text: &'a str, out: &mut Vec<u8>) -> Result<&'a str, String> {
    let wrong =
        || format!("saw \"\\{}\"; allowed: \\r \\n \\t \\0 \\\\ \\xNN", text.escape_debug());
    let first = text.chars().next().ok_or_else(wrong)?;
    let plain = match first {
        'r' => Some(b'\r'),
        'n' => Some(b'\n'),
        't' => Some(b'\t'),
        '0' => Some(0),
        '\\' => Some(b'\\'),
        _ => None,
    };
    if let Some(octet) = plain {
        out.push(octet);
        return Ok(&text[1..]);
    }
    let digits = text.strip_prefix('x').and_then(|text| text.get(..2)).ok_or_else(wrong)?;
    out.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
    Ok(&text[3..])
}

/// `{500*x}`; a name is left as it is.
fn repeated<'a>(text: &'a str, out: &mut Vec<u8>) -> Result<&'a str, String> {
    let end = text.find('}').ok_or_else(|| format!("saw {text:?}: a {{ without its }}"))?;
    let inner = &text[1..end];
    match inner.split_once('*') {
        Some((times, what)) => {
            let times: usize =
                times.parse().map_err(|_| format!("saw {{{inner}}}; e.g. {{500*x}}"))?;
            if times.saturating_mul(what.len()) > MOST_TIMES {
                return Err(format!("{{{inner}}} is more than {MOST_TIMES} octets"));
            }
            out.extend(octets(what)?.repeat(times));
        }
        None if super::talk::NAMES.contains(&inner) => {
            out.extend_from_slice(&text.as_bytes()[..=end]);
        }
        None => {
            let words = super::talk::NAMES.join(", ");
            return Err(format!("saw {{{inner}}}; allowed: {words}, n below C*, or 500*x"));
        }
    }
    Ok(&text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "# a note\n== a.b\ntitle: it is\nlevel: should\nspec: RFC 1, 2; RFC 3\n\
        fix: do\nneeds: PIPELINING, data, no SIZE\nfrom: mail\n\n\
        C: RCPT TO:<{rcpt}>\nS? 250\nC*3: RCPT TO:<p{n}@{domain}>\nS: 250 | 452\nS~ 552\n\
        C| DA\\x54A\\r\\n\nC: {3*ab}\n* wait 2s\nS: 354\n== c\nS: 220 /a | b/\n";

    #[test]
    fn a_talk_is_read() {
        let error = read(WHOLE).unwrap_err();
        assert_eq!(error.line, 20, "a bar between blanks stands between two answers: {error}");
        let probes = read(&WHOLE.replace("/a | b/", "/a|b/")).unwrap();
        let first = &probes[0];
        assert_eq!(
            (first.id.as_str(), first.level, first.start),
            ("a.b", Level::Should, Start::Mail)
        );
        assert_eq!(first.spec, ["RFC 1, 2", "RFC 3"]);
        let offered = Need::Offered("PIPELINING".to_owned());
        assert_eq!(first.needs, [offered, Need::Data, Need::NotOffered("SIZE".to_owned())]);
        let said = |at: usize| match &first.moves[at] {
            Move::Say(octets) => String::from_utf8(octets.clone()).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(said(0), "RCPT TO:<{rcpt}>\r\n");
        assert_eq!(said(6), "RCPT TO:<p3@{domain}>\r\n");
        assert_eq!((said(8), said(9)), ("DATA\r\n".to_owned(), "ababab\r\n".to_owned()));
        assert!(matches!(first.moves[10], Move::Pause(time) if time.as_secs() == 2));
        assert_eq!(first.moves.len(), 12);
        assert!(first.text.starts_with("C: RCPT TO:<{rcpt}>\nS? 250\n"), "{}", first.text);
    }

    #[test]
    fn every_key_is_explained_and_no_other() {
        let heads = super::super::HEADS;
        let named: Vec<&str> = heads.iter().map(|(key, _)| *key).collect();
        let refused = read("== a\ncolour: red\n").unwrap_err().to_string();
        let (_, allowed) = refused.split_once("allowed: ").unwrap();
        let mut allowed: Vec<&str> = allowed.split(", ").collect();
        let mut sorted = named.clone();
        allowed.sort_unstable();
        sorted.sort_unstable();
        assert_eq!(allowed, sorted);
        for key in named {
            let value = match key {
                "level" => "must",
                "from" => "hello",
                _ => "x",
            };
            read(&format!("== a\n{key}: {value}\nS: 220\n")).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let wrong = |text: &str, what: &str| {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains(what), "{text:?}: {error}");
        };
        wrong("", "there is no probe");
        wrong("S: 220\n", "line 1: saw \"S: 220\" before any probe");
        wrong("== a b\n", "line 1");
        wrong("== a\n", "a has no talk");
        wrong("== a\nC: NOOP\n", "ends before the answer");
        wrong("== a\nS: 220\n== a\nS: 220\n", "line 3: a is there twice");
        wrong("== a\nlevel: loud\n", "line 2: level: saw \"loud\"");
        wrong("== a\nfrom: home\n", "line 2: from: saw \"home\"");
        wrong("== a\ncolour: red\n", "line 2: saw \"colour\"");
        wrong("== a\nS~ 250\n", "line 2: S~ stands below");
        wrong("== a\nS: 2y0\n", "line 2: saw \"2y0\"");
        wrong("== a\nC: \\q\n", "line 2: saw \"\\q\"");
        wrong("== a\nC: {whom}\n", "line 2: saw {whom}");
        wrong("== a\nC: {99999999*x}\n", "line 2: {99999999*x} is more than");
        wrong("== a\nC*0: NOOP\n", "line 2: saw \"C*0: NOOP\"");
        wrong("== a\nC*2: NOOP\nC: NOOP\n", "line 3: below a C* line");
        wrong("== a\n* if A\nC: NOOP\nS: 250\n", "has no \"* fi\"");
        wrong("== a\n* fi\n", "stand in turn");
        wrong("== a\n* aside 999\n", "saw \"aside 999\"");
        wrong("== a\nC/1| NOOP\n", "line 2: saw \"C/1| NOOP\"");
        wrong("== a\n* wait 2h\n", "line 2: saw \"wait 2h\"");
        wrong("== a\n* wait 2s\nMAIL\n", "line 3: saw \"MAIL\"");
    }
}
