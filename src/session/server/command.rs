//! Command lines: which are heard, in what order, and what they lead to.

use std::borrow::Cow;
use std::time::Instant;

use super::{Event, Parting, Question, ServerSession, words};
use crate::mail::Recipient;
use crate::session::Profile;
use crate::session::transcript::redacted;
use crate::session::turn::{Asks, AtrnRequest, EtrnRequest};
use crate::smtp::bdat::Chunk;
use crate::smtp::line::Line;
use crate::smtp::{
    Body, Command, Domain, ForwardPath, MailParams, RcptParams, Reply, ReversePath, SyntaxError,
    Verb,
};
use crate::smtp::{command, escape::Escaped};

/// So many times the recipients of a transaction may be named in vain before that is noise.
const EXCESS: u32 = 9;
/// So many of them are remembered.
const TOO_MANY: usize = 1000;

fn is_xexch50(line: &[u8]) -> bool {
    let verb = line.split(|octet| *octet == b' ').next().unwrap_or_default();
    verb.eq_ignore_ascii_case(b"XEXCH50")
}

impl<Stage> ServerSession<Stage> {
    /// Hears one command line, if a whole one is there.
    pub(super) fn command_line(&mut self, now: Instant) -> bool {
        if self.looks_foreign() {
            self.close_with(words::NOT_SMTP);
            return true;
        }
        let line = self.splitter.next(&mut self.input, self.settings.profile.line_limit());
        if !matches!(line, Line::Incomplete) {
            self.verb = None;
        }
        match line {
            Line::Incomplete => return false,
            // Whatever this is, it may be a browser's: what stands behind it is no mail command.
            Line::TooLong if self.is_fresh() => self.close_with(words::NOT_SMTP),
            Line::TooLong => self.error(words::LINE_TOO_LONG),
            Line::Malformed => self.error(words::BAD_LINE),
            Line::Whole(_) if now >= self.born + self.longest() => {
                self.part(Parting::TooSlow, words::SESSION_OVER)
            }
            Line::Whole(line) => self.hear(&line),
        }
        true
    }

    /// A TLS ClientHello or an HTTP request, before anything was said: a browser that was led
    /// here (ALPACA), or a client on the wrong port. Neither may reach a mail command.
    fn looks_foreign(&self) -> bool {
        self.is_fresh()
            && (self.input.starts_with(&[0x16, 0x03])
                || first_line(&self.input).is_some_and(is_http))
    }

    /// Nothing has been heard yet that only an SMTP client would say.
    fn is_fresh(&self) -> bool {
        self.hello.is_none() && self.counts.errors == 0
    }

    fn hear(&mut self, line: &[u8]) {
        let meant = self.as_meant(line);
        let line = &meant[..];
        if self.transcript.is_kept() {
            let said = String::from_utf8_lossy(line).into_owned();
            self.transcript.said(self.other_side(), redacted(&said));
        }
        self.counts.idle += 1;
        if self.counts.idle > self.settings.max_idle_commands {
            return self.close_with(words::NOTHING_BUT_NOISE);
        }
        let verb = std::str::from_utf8(line).ok().and_then(Verb::of);
        self.verb = verb;
        let refusal = verb.and_then(|verb| self.refusal(verb));
        match (refusal, verb) {
            // Content follows, whatever is said to that; it is no commands.
            (refusal, Some(Verb::Bdat)) => self.chunk(command::parse(line), refusal),
            // Twenty recipients named in one go, and then TURN: the session must survive that.
            (Some(refusal), Some(verb)) if self.is_submission(verb) => self.not_here(verb, refusal),
            (Some(refusal), _) => self.error(refusal),
            // It comes before each DATA from a server that takes every other for its own kind: no mistake, then.
            (None, None) if is_xexch50(line) => self.say(words::NOT_AMONG_US),
            (None, _) => self.obey(command::parse(line)),
        }
    }

    /// What old customers write, as it stands in the RFCs: EHLO without a name (MS-SMTPNTLM, section 2.2.1.9),
    /// `AUTH=LOGIN` for a command, and a path without its brackets.
    fn as_meant<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        if self.settings.profile != Profile::Exchange {
            return Cow::Borrowed(line);
        }
        match line {
            _ if line.trim_ascii_end().eq_ignore_ascii_case(b"EHLO") => {
                Cow::Borrowed(&b"EHLO unknown"[..])
            }
            _ if line.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH=")) => {
                Cow::Owned([b"AUTH ", &line[5..]].concat())
            }
            _ => bracketed(line).map_or(Cow::Borrowed(line), Cow::Owned),
        }
    }

    /// A customer that may send nothing says so much of its own mail before TURN, and makes no mistake by it.
    fn not_here(&mut self, verb: Verb, refusal: Reply) {
        let may_not = self.identity.is_some() && self.settings.profile == Profile::Exchange;
        // Its chunks follow, whatever is said to MAIL.
        self.moot |= may_not && verb == Verb::Mail;
        if may_not { self.say(refusal) } else { self.error(refusal) }
    }

    /// Why a verb is not heard here, or not yet.
    fn refusal(&self, verb: Verb) -> Option<Reply> {
        let profile = self.settings.profile;
        match verb {
            _ if self.needs_tls_first(verb) => Some(words::TLS_FIRST),
            // RFC 2033, section 4.1: neither may be answered as if it were known.
            Verb::Ehlo | Verb::Helo if profile == Profile::Lmtp => Some(words::LMTP_ONLY),
            _ if self.is_submission(verb) => match (&self.identity, self.may_send) {
                (None, _) => Some(words::AUTH_REQUIRED),
                (Some(_), false) if self.settings.puts_off_mail => Some(words::MAY_NOT_SEND_NOW),
                (Some(_), false) => Some(words::MAY_NOT_SEND),
                (Some(_), true) => None,
            },
            _ => (!profile.speaks(verb)).then_some(words::NOT_IMPLEMENTED),
        }
    }

    /// A chunk that is refused is heard out (RFC 3030, section 2).
    fn chunk(&mut self, command: Result<Command<'_>, SyntaxError>, refusal: Option<Reply>) {
        match (command, refusal) {
            (Ok(Command::Bdat(size, last)), Some(refusal)) => {
                self.refuse_chunk(Chunk::new(size, last), size, refusal);
            }
            (_, Some(refusal)) => self.error(refusal),
            (command, None) => self.obey(command),
        }
    }

    /// What a customer brings its own mail by, where it may. RFC 6409, section 4.3.
    fn is_submission(&self, verb: Verb) -> bool {
        let profile = self.settings.profile;
        (profile == Profile::Odmr && self.settings.submission || profile == Profile::Exchange)
            && matches!(verb, Verb::Mail | Verb::Rcpt | Verb::Data | Verb::Bdat)
    }

    /// RFC 3207, section 4: a server that insists on TLS answers 530 to all but these.
    fn needs_tls_first(&self, verb: Verb) -> bool {
        let free = matches!(verb, Verb::Ehlo | Verb::Noop | Verb::Starttls | Verb::Quit);
        self.settings.require_tls && !self.secure && !free
    }

    fn obey(&mut self, command: Result<Command<'_>, SyntaxError>) {
        match command {
            Err(wrong) => self.error(words::syntax(self.verb, &wrong)),
            Ok(Command::Ehlo(name)) => self.greet(name, true),
            Ok(Command::Lhlo(name)) => self.greet(name, true),
            Ok(Command::Helo(name)) => self.greet(name, false),
            Ok(Command::Mail(path, params)) => self.mail(path, params),
            Ok(Command::Rcpt(path, params)) => self.rcpt(path, params),
            Ok(Command::Data) => self.data(),
            Ok(Command::Bdat(size, last)) => self.bdat(size, last),
            Ok(Command::Rset) => self.rset(),
            Ok(Command::Noop) => self.say(words::OK),
            Ok(Command::Quit) => self.part(Parting::Quit, words::goodbye(&self.settings)),
            Ok(Command::Vrfy(_)) => self.say(words::CANNOT_VERIFY),
            Ok(Command::Help) => self.say(words::help(&self.settings)),
            Ok(Command::Starttls) => self.starttls(),
            Ok(Command::Auth(mechanism, initial)) => self.auth(mechanism, initial),
            Ok(Command::Atrn(domains)) => self.atrn(domains, Asks::ByAtrn),
            // All that the account may have, like ATRN without a list.
            Ok(Command::Turn) => self.atrn(Vec::new(), Asks::ByTurn),
            Ok(Command::Etrn(node)) => self.etrn(node),
            Ok(Command::Xclient(attributes)) => self.introduce(attributes),
            Ok(_) => self.error(words::NOT_IMPLEMENTED),
        }
    }

    /// A command that is not SMTP or out of order; too many of them and the line is closed.
    pub(super) fn error(&mut self, reply: Reply) {
        self.counts.errors += 1;
        self.say(reply);
        if self.counts.errors > self.settings.max_errors {
            self.close_with(words::TOO_MANY_ERRORS);
        }
    }

    /// A command that follows from one that was refused, in a group sent before the refusal was
    /// heard (RFC 2920, section 3.1), is nobody's error.
    pub(super) fn out_of_place(&mut self, reply: Reply) {
        if self.moot { self.say(reply) } else { self.error(reply) }
    }

    fn rset(&mut self) {
        self.drop_transaction();
        self.say(words::OK);
    }

    fn mail(&mut self, path: ReversePath, params: MailParams) {
        let international =
            matches!(&path, ReversePath::Mailbox(mailbox) if mailbox.is_international());
        // Until it is accepted.
        self.moot = true;
        if self.settings.profile == Profile::Reversed {
            self.counts.idle = 0;
        }
        if self.hello.is_none() {
            self.error(words::SAY_HELLO);
        } else if self.transaction.is_some() {
            self.error(words::NESTED);
        } else if self.counts.messages >= self.settings.max_messages {
            self.part(Parting::Told, words::ENOUGH_FOR_ONE);
        } else if self.asks_for_too_much(&params) {
            self.error(words::NO_SUCH_PARAMETER);
        } else if international && !params.smtputf8 {
            self.say(words::NEEDS_UTF8_SENDER);
        } else if params.size.is_some_and(|size| size > self.largest()) {
            *self.counts.at_mail.entry(words::TOO_LARGE.code).or_default() += 1;
            self.say(words::TOO_LARGE);
        } else {
            self.counts.messages += 1;
            self.ask(Question::Mail(path.clone(), params.clone()), Event::Mail(path, params));
        }
    }

    /// A parameter of an extension that this session has not offered.
    fn asks_for_too_much(&self, params: &MailParams) -> bool {
        let settings = &self.settings;
        let dsn = params.ret.is_some() || params.envid.is_some();
        params.smtputf8 && !settings.smtputf8
            || params.body == Body::Binary && !(settings.binarymime && settings.chunking)
            || dsn && !settings.dsn
    }

    fn rcpt(&mut self, path: ForwardPath, params: RcptParams) {
        let dsn = params.notify.is_some() || params.orcpt.is_some();
        let international = path.mailbox().is_some_and(|mailbox| mailbox.is_international());
        let most = self.settings.max_recipients;
        let Some(transaction) = &mut self.transaction else {
            return self.out_of_place(words::MAIL_FIRST);
        };
        if transaction.intake.is_some() || transaction.spoilt {
            self.error(words::CHUNKS_BEGUN);
        } else if dsn && !self.settings.dsn {
            self.error(words::NO_SUCH_PARAMETER);
        } else if params.orcpt.as_deref().is_some_and(|orcpt| !orcpt.is_ascii())
            && !transaction.envelope.params.smtputf8
        {
            self.error(words::UTF8_ORCPT);
        } else if international && !transaction.envelope.params.smtputf8 {
            self.say(words::NEEDS_UTF8);
        } else if transaction.envelope.recipients.len() >= most as usize {
            // RFC 5321, section 4.5.3.1.10: those that were taken are delivered, the others come again. Who
            // names them all at once makes no noise; who names them without end does.
            transaction.excess = transaction.excess.saturating_add(1);
            if self.settings.profile == Profile::Reversed && transaction.too_many.len() < TOO_MANY {
                transaction.too_many.push(path);
            }
            if transaction.excess <= most.saturating_mul(EXCESS) {
                self.counts.brought_something();
            }
            self.say(words::TOO_MANY_RECIPIENTS);
        } else {
            let recipient = Recipient { path, params };
            self.ask(Question::Recipient(recipient.clone()), Event::Recipient(recipient));
        }
    }

    /// RFC 2645, section 5.2.1. Only an authenticated session can form the request.
    fn atrn(&mut self, domains: Vec<Domain>, asks: Asks) {
        let Some(identity) = self.identity.clone() else { return self.error(words::AUTH_REQUIRED) };
        if self.transaction.is_some() {
            return self.error(words::NOT_NOW);
        }
        if !self.input.is_empty() {
            return self.close_with(words::NOTHING_MAY_FOLLOW);
        }
        self.counts.idle = 0;
        self.ask(Question::Atrn, Event::Atrn(AtrnRequest::new(identity, domains, asks)));
    }

    /// RFC 1985. A customer's port hears it from customers alone.
    fn etrn(&mut self, node: &str) {
        if !self.settings.etrn {
            self.error(words::NOT_IMPLEMENTED);
        } else if self.hello.is_none() {
            self.error(words::SAY_HELLO);
        } else if self.settings.profile.is_for_customers() && self.identity.is_none() {
            self.error(words::AUTH_REQUIRED);
        } else if self.transaction.is_some() {
            self.error(words::NOT_NOW);
        } else {
            let request = EtrnRequest::new(self.identity.clone(), node);
            self.ask(Question::Etrn, Event::Etrn(request));
        }
    }

    /// The ATRN cannot be granted because something stands behind it by now.
    pub fn spoke_too_soon(&mut self) {
        self.close_with(words::NOTHING_MAY_FOLLOW);
    }

    /// What the client called itself, escaped, or nothing.
    pub fn hello_name(&self) -> String {
        self.hello.as_ref().map_or_else(String::new, |hello| Escaped::text(&hello.name).to_string())
    }

    /// The profile this session serves.
    pub fn profile(&self) -> Profile {
        self.settings.profile
    }
}

/// `MAIL FROM: a@b SIZE=1` as `MAIL FROM:<a@b> SIZE=1`, and RCPT so too: who types it by hand leaves the brackets away, and
/// Exchange puts up with that (MSQ-32). One bracket alone is a mistake, and whose quotes hold a blank needs them.
fn bracketed(line: &[u8]) -> Option<Vec<u8>> {
    let begins = |head: &&str| {
        line.get(..head.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(head.as_bytes()))
    };
    let head = ["MAIL FROM:", "RCPT TO:"].into_iter().find(begins)?.len();
    let rest = line[head..].trim_ascii_start();
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let (path, params) = rest.split_at(end);
    let is_bare = !path.is_empty() && !path.iter().any(|octet| matches!(octet, b'<' | b'>' | b'"'));
    is_bare.then(|| [&line[..head], b"<", path, b">", params].concat())
}

fn first_line(input: &[u8]) -> Option<&[u8]> {
    memchr::memchr(b'\n', input).map(|end| &input[..end])
}

/// `GET / HTTP/1.1`, or the preface of HTTP/2.
fn is_http(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.windows(6).any(|window| window == b" HTTP/")
}

#[cfg(test)]
mod tests {
    use super::bracketed;

    #[test]
    fn brackets_are_put_where_none_are() {
        for (typed, meant) in [
            ("MAIL FROM: a@example.org", "MAIL FROM:<a@example.org>"),
            ("mail from:a@example.org SIZE=5", "mail from:<a@example.org> SIZE=5"),
            ("RCPT TO:a@example.org NOTIFY=NEVER", "RCPT TO:<a@example.org> NOTIFY=NEVER"),
        ] {
            assert_eq!(bracketed(typed.as_bytes()).as_deref(), Some(meant.as_bytes()), "{typed}");
        }
        for as_it_is in [
            "MAIL FROM:<>",
            "MAIL FROM: <a@example.org>",
            "MAIL FROM:<a@example.org",
            "MAIL FROM:a@example.org>",
            "MAIL FROM:\"a b\"@example.org",
            "MAIL FROM:",
            "MAIL",
            "RCPT FROM:a@example.org",
            "VRFY a@example.org",
        ] {
            assert_eq!(bracketed(as_it_is.as_bytes()), None, "{as_it_is}");
        }
    }
}
