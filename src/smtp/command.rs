//! A command line, read. RFC 5321, section 4.1; ATRN from RFC 2645, BDAT from RFC 3030, AUTH from
//! RFC 4954, STARTTLS from RFC 3207, LHLO from RFC 2033, ETRN from RFC 1985.

use std::fmt;

use super::bdat;
use super::domain::Domain;
use super::param::{BadParam, MailParams, RcptParams};
use super::path::{BadPath, ForwardPath, ReversePath};

/// The verbs we know, whether or not a profile allows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // each is the verb of its own name
pub enum Verb {
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    Starttls,
    Auth,
    Atrn,
    Turn,
    Etrn,
    Xclient,
}

/// Every verb with its spelling on the wire.
pub const VERBS: [(&str, Verb); 19] = [
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("LHLO", Verb::Lhlo),
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Rcpt),
    ("DATA", Verb::Data),
    ("BDAT", Verb::Bdat),
    ("RSET", Verb::Rset),
    ("NOOP", Verb::Noop),
    ("QUIT", Verb::Quit),
    ("VRFY", Verb::Vrfy),
    ("EXPN", Verb::Expn),
    ("HELP", Verb::Help),
    ("STARTTLS", Verb::Starttls),
    ("AUTH", Verb::Auth),
    ("ATRN", Verb::Atrn),
    ("TURN", Verb::Turn),
    ("ETRN", Verb::Etrn),
    ("XCLIENT", Verb::Xclient),
];

/// A command with its argument read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `EHLO name`; the name as given, since refusing mail over it costs more than it saves.
    Ehlo(&'a str),
    /// `HELO name`.
    Helo(&'a str),
    /// `LHLO name`, the greeting of LMTP.
    Lhlo(&'a str),
    /// `MAIL FROM:<reverse-path> params`.
    Mail(ReversePath, MailParams),
    /// `RCPT TO:<forward-path> params`.
    Rcpt(ForwardPath, RcptParams),
    /// `DATA`.
    Data,
    /// `BDAT size [LAST]`.
    Bdat(u64, bool),
    /// `RSET`.
    Rset,
    /// `NOOP`, its argument ignored.
    Noop,
    /// `QUIT`.
    Quit,
    /// `VRFY text`.
    Vrfy(&'a str),
    /// `EXPN text`.
    Expn(&'a str),
    /// `HELP`, its argument ignored.
    Help,
    /// `STARTTLS`.
    Starttls,
    /// `AUTH mechanism [initial-response]`; the response still in base64, `=` meaning empty.
    Auth(&'a str, Option<&'a str>),
    /// `ATRN [domain,...]`; an empty list means every domain of the account.
    Atrn(Vec<Domain>),
    /// `TURN`.
    Turn,
    /// `ETRN node`.
    Etrn(&'a str),
    /// `XCLIENT attributes`.
    Xclient(&'a str),
}

/// Why a line is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// No verb we have heard of: 500.
    UnknownVerb,
    /// The verb is known, its argument is not right: 501.
    Argument(Verb),
    /// MAIL's or RCPT's address cannot stand: 501, or 553 for what is well formed but unusable.
    Path(BadPath),
    /// A parameter's value cannot stand: 501.
    ParamValue(&'static str),
    /// A parameter of no extension on offer: 555.
    ParamUnknown,
    /// Octets beyond ASCII where there may be none, or not UTF-8: 500 or 553.
    NotText,
}

impl Verb {
    /// The verb at the head of `line`, in any case.
    pub fn of(line: &str) -> Option<Verb> {
        let word = line.split(' ').next().unwrap_or("");
        VERBS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, verb)| *verb)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = VERBS.iter().find(|(_, verb)| verb == self).map_or("?", |(name, _)| name);
        f.write_str(name)
    }
}

/// Reads one line, its CRLF already gone. Blanks at the end are tolerated (RFC 5321, 4.1.1).
///
/// # Errors
/// [`SyntaxError`] says what a server should answer it with.
pub fn parse(line: &[u8]) -> Result<Command<'_>, SyntaxError> {
    let line = std::str::from_utf8(line).map_err(|_| SyntaxError::NotText)?;
    let line = line.trim_end_matches(' ');
    let verb = Verb::of(line).ok_or(SyntaxError::UnknownVerb)?;
    let argument = line.split_once(' ').map_or("", |(_, rest)| rest.trim_start_matches(' '));
    let ascii_only = !matches!(verb, Verb::Mail | Verb::Rcpt | Verb::Vrfy | Verb::Expn);
    if ascii_only && !argument.is_ascii() {
        return Err(SyntaxError::Argument(verb));
    }
    with_argument(verb, argument)
}

fn with_argument(verb: Verb, argument: &str) -> Result<Command<'_>, SyntaxError> {
    let none =
        |command| if argument.is_empty() { Ok(command) } else { Err(SyntaxError::Argument(verb)) };
    let one = || match argument {
        "" => Err(SyntaxError::Argument(verb)),
        word if word.contains([' ', '\t']) => Err(SyntaxError::Argument(verb)),
        word => Ok(word),
    };
    let some = || if argument.is_empty() { Err(SyntaxError::Argument(verb)) } else { Ok(argument) };
    match verb {
        Verb::Ehlo => one().map(Command::Ehlo),
        Verb::Helo => one().map(Command::Helo),
        Verb::Lhlo => one().map(Command::Lhlo),
        Verb::Mail => mail(argument),
        Verb::Rcpt => rcpt(argument),
        Verb::Data => none(Command::Data),
        Verb::Bdat => bdat::parse(argument)
            .map(|(size, last)| Command::Bdat(size, last))
            .ok_or(SyntaxError::Argument(verb)),
        Verb::Rset => none(Command::Rset),
        Verb::Noop => Ok(Command::Noop),
        Verb::Quit => none(Command::Quit),
        Verb::Vrfy => some().map(Command::Vrfy),
        Verb::Expn => some().map(Command::Expn),
        Verb::Help => Ok(Command::Help),
        Verb::Starttls => none(Command::Starttls),
        Verb::Auth => auth(argument),
        Verb::Atrn => atrn(argument),
        Verb::Turn => none(Command::Turn),
        Verb::Etrn => one().map(Command::Etrn),
        Verb::Xclient => some().map(Command::Xclient),
    }
}

fn mail(argument: &str) -> Result<Command<'_>, SyntaxError> {
    let (inside, params) = path(Verb::Mail, argument, "FROM:")?;
    let path = ReversePath::parse(inside).map_err(SyntaxError::Path)?;
    Ok(Command::Mail(path, MailParams::parse(params).map_err(param)?))
}

fn rcpt(argument: &str) -> Result<Command<'_>, SyntaxError> {
    let (inside, params) = path(Verb::Rcpt, argument, "TO:")?;
    let path = ForwardPath::parse(inside).map_err(SyntaxError::Path)?;
    Ok(Command::Rcpt(path, RcptParams::parse(params).map_err(param)?))
}

/// The inside of the angle brackets, and what follows them. A blank after the colon is tolerated:
/// RFC 2645's own sample session has one.
fn path<'a>(verb: Verb, argument: &'a str, word: &str) -> Result<(&'a str, &'a str), SyntaxError> {
    let is_word = argument.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if !is_word {
        return Err(SyntaxError::Argument(verb));
    }
    let rest = argument[word.len()..].trim_start_matches(' ');
    let rest = rest.strip_prefix('<').ok_or(SyntaxError::Path(BadPath::Brackets))?;
    let end = closing_bracket(rest).ok_or(SyntaxError::Path(BadPath::Brackets))?;
    let params = &rest[end + 1..];
    if params.is_empty() || params.starts_with(' ') {
        Ok((&rest[..end], params))
    } else {
        Err(SyntaxError::Argument(verb))
    }
}

/// The `>` that ends the path; a quoted local part may hold others.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(i),
            _ => {}
        }
    }
    None
}

fn param(bad: BadParam) -> SyntaxError {
    match bad {
        BadParam::Value(name) => SyntaxError::ParamValue(name),
        BadParam::Unknown => SyntaxError::ParamUnknown,
    }
}

/// A mechanism name of RFC 4422 (20 capitals, digits, `-`, `_`), perhaps an initial response.
fn auth(argument: &str) -> Result<Command<'_>, SyntaxError> {
    let (mechanism, initial) = match argument.split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial.trim_start_matches(' '))),
        None => (argument, None),
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let named = (1..=20).contains(&mechanism.len()) && mechanism.bytes().all(legal);
    if named && !initial.is_some_and(|text| text.contains(' ')) {
        Ok(Command::Auth(mechanism, initial))
    } else {
        Err(SyntaxError::Argument(Verb::Auth))
    }
}

/// The list may be empty, and nothing else about it is lenient: no blank after a comma, at least
/// two labels in a name. RFC 2645, section 5.2.1. A domain named twice counts once.
fn atrn(argument: &str) -> Result<Command<'_>, SyntaxError> {
    let mut domains: Vec<Domain> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in argument.split(',').filter(|_| !argument.is_empty()) {
        let domain = Domain::parse_atrn(name).map_err(|_| SyntaxError::Argument(Verb::Atrn))?;
        if seen.insert(domain.clone()) {
            domains.push(domain);
        }
    }
    Ok(Command::Atrn(domains))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn verbs_are_read_in_any_case_with_blanks_behind() {
        assert_eq!(parse(b"ehlo example.org  "), Ok(Command::Ehlo("example.org")));
        assert_eq!(parse(b"QuIt "), Ok(Command::Quit));
        assert_eq!(parse(b"NOOP whatever"), Ok(Command::Noop));
    }

    #[test]
    fn the_samples_own_blank_after_the_colon_is_taken() {
        let Ok(Command::Mail(path, _)) = parse(b"MAIL FROM: <a@example.org>") else { panic!() };
        assert_eq!(path.as_str(), "a@example.org");
    }

    #[test]
    fn atrn_lists() {
        let domain = |name| Domain::parse(name).unwrap();
        assert_eq!(parse(b"ATRN"), Ok(Command::Atrn(vec![])));
        let two = Command::Atrn(vec![domain("example.org"), domain("example.com")]);
        assert_eq!(parse(b"atrn Example.org,example.com,example.ORG"), Ok(two));
        let lists: [&[u8]; 12] = [
            b"ATRN ,",
            b"ATRN a.org,",
            b"ATRN a.org,,b.org",
            b"ATRN a.org b.org",
            b"ATRN a.org, b.org",
            b"ATRN vm",
            b"ATRN -x.y",
            b"ATRN x_y.org",
            b"ATRN a.org.",
            b"ATRN [192.0.2.1]",
            b"ATRN ../x.org",
            b"ATRN *.org",
        ];
        for list in lists {
            assert_eq!(parse(list), Err(SyntaxError::Argument(Verb::Atrn)), "{list:?}");
        }
        assert_eq!(
            parse("ATRN b\u{fc}cher.example".as_bytes()),
            Err(SyntaxError::Argument(Verb::Atrn))
        );
        assert_eq!(parse(b"ATRN\ta.org"), Err(SyntaxError::UnknownVerb));
    }

    #[test]
    fn paths_with_brackets_inside_quotes() {
        let Ok(Command::Rcpt(path, _)) = parse(b"RCPT TO:<\"a>b\"@x.org> NOTIFY=NEVER") else {
            panic!()
        };
        assert_eq!(path.as_str(), "\"a>b\"@x.org");
        assert_eq!(parse(b"RCPT TO:<a@b"), Err(SyntaxError::Path(BadPath::Brackets)));
        assert_eq!(parse(b"RCPT TO:a@b.org"), Err(SyntaxError::Path(BadPath::Brackets)));
        assert_eq!(parse(b"RCPT TO:<a@b.org>x"), Err(SyntaxError::Argument(Verb::Rcpt)));
        assert_eq!(parse(b"MAIL FROM:<a@b.org> XYZ=1"), Err(SyntaxError::ParamUnknown));
    }

    #[test]
    fn auth_lines() {
        assert_eq!(parse(b"AUTH PLAIN ="), Ok(Command::Auth("PLAIN", Some("="))));
        assert_eq!(parse(b"AUTH cram-md5"), Ok(Command::Auth("cram-md5", None)));
        for bad in [b"AUTH".as_slice(), b"AUTH PLAIN a b", b"AUTH PL!AIN"] {
            assert_eq!(parse(bad), Err(SyntaxError::Argument(Verb::Auth)));
        }
    }

    #[test]
    fn arguments_where_there_may_be_none() {
        for line in [b"DATA x".as_slice(), b"RSET x", b"QUIT x", b"STARTTLS x", b"TURN x"] {
            assert!(matches!(parse(line), Err(SyntaxError::Argument(_))));
        }
        assert_eq!(parse(b""), Err(SyntaxError::UnknownVerb));
        assert_eq!(parse(b" NOOP"), Err(SyntaxError::UnknownVerb));
        assert_eq!(parse(b"\xff"), Err(SyntaxError::NotText));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line);
        }

        #[test]
        fn no_text_panics(head in "(MAIL FROM:|RCPT TO:|ATRN |AUTH |BDAT |EHLO )", tail in "\\PC{0,60}") {
            let _ = parse(format!("{head}{tail}").as_bytes());
        }
    }
}
