//! A SASL exchange that a Dovecot judges: the client's side of its authentication protocol, version 1.
//! Sans I/O: lines go in, what they mean comes out.
//!
//! ```text
//! us: VERSION 1 2, CPID 4711                    the two sides introduce themselves, at once
//! it: VERSION 1 2, MECH PLAIN plaintext, ..., DONE
//! us: AUTH 1 CRAM-MD5 service=smtp secured rip=192.0.2.7 nologin
//! it: CONT 1 <challenge in base64>
//! us: CONT 1 <response in base64>
//! it: OK 1 user=acme                            or FAIL 1 user=acme reason=... temp
//! ```
//!
//! Fields are separated by tabs. Whoever Dovecot knows is not yet one of our customers: that is
//! decided by [`Vouched::is`], with what the accounts answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Found, Identity, MAX_MESSAGE, Mechanism, Reason};

/// The protocol's major version; another one is another protocol.
const MAJOR: &str = "1";
/// The one exchange of a connection.
const ID: &str = "1";
/// The longest line that Dovecot sends: a challenge and its frame.
pub const MAX_LINE: usize = 2 * MAX_MESSAGE;
/// More lines than this are no introduction.
const MAX_INTRODUCTION: usize = 200;

/// One connection to Dovecot, for one exchange.
#[derive(Debug, Default)]
pub struct DovecotTalk {
    mechanisms: Vec<Mechanism>,
    version_seen: bool,
    lines: usize,
    asked: Option<Mechanism>,
}

/// What is asked of Dovecot beside the proof itself.
#[derive(Clone, Copy, Debug)]
pub struct AskedFrom {
    /// The customer's address: Dovecot slows down whoever guesses.
    pub ip: std::net::IpAddr,
    /// The line is protected by TLS.
    pub secure: bool,
}

/// What a line means.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing to act upon.
    Nothing,
    /// The introduction is over: one may ask.
    Ready,
    /// To be sent to the customer as 334.
    Challenge(Vec<u8>),
    /// Dovecot vouches for somebody.
    Vouched(Vouched),
    /// It does not.
    Refused,
    /// It cannot tell just now: 454.
    NotNow,
}

/// Somebody whom Dovecot knows, by this mechanism.
#[derive(Debug, PartialEq, Eq)]
pub struct Vouched {
    user: String,
    mechanism: Mechanism,
}

/// What answers there is no Dovecot, or not one that we understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DovecotFault {
    /// Another major version, or something else altogether.
    #[error("it does not speak version 1 of Dovecot's authentication protocol")]
    Version,
    /// An answer of the wrong form.
    #[error("an answer that is none of the protocol")]
    Answer,
    /// An introduction without end.
    #[error("an introduction without end")]
    Endless,
}

impl DovecotTalk {
    /// The first words on a connection. `pid` must differ between the clients of one Dovecot.
    pub fn hello(&self, pid: u32) -> String {
        format!("VERSION\t{MAJOR}\t2\nCPID\t{pid}\n")
    }

    /// What Dovecot can check, once it is [`Heard::Ready`]; strongest first.
    pub fn mechanisms(&self) -> &[Mechanism] {
        &self.mechanisms
    }

    /// Asks; `initial` is the initial response, decoded.
    pub fn ask(
        &mut self,
        mechanism: Mechanism,
        initial: Option<&[u8]>,
        from: &AskedFrom,
    ) -> String {
        self.asked = Some(mechanism);
        let secured = if from.secure { "\tsecured" } else { "" };
        let resp = initial.map(|octets| format!("\tresp={}", BASE64.encode(octets)));
        format!(
            "AUTH\t{ID}\t{mechanism}\tservice=smtp{secured}\trip={}\tnologin{}\n",
            from.ip.to_canonical(),
            resp.unwrap_or_default()
        )
    }

    /// The customer's response to a challenge, decoded.
    pub fn go_on(&self, response: &[u8]) -> String {
        format!("CONT\t{ID}\t{}\n", BASE64.encode(response))
    }

    /// Hears a line, without its end.
    ///
    /// # Errors
    /// [`DovecotFault`]; the connection is of no use then.
    pub fn hear(&mut self, line: &[u8]) -> Result<Heard, DovecotFault> {
        let line = std::str::from_utf8(line).map_err(|_| DovecotFault::Answer)?;
        let mut fields = line.split('\t');
        match (fields.next().unwrap_or_default(), self.asked) {
            (verb, None) => self.introduction(verb, fields),
            ("OK" | "FAIL" | "CONT", Some(_)) if fields.next() != Some(ID) => {
                Err(DovecotFault::Answer)
            }
            ("CONT", Some(_)) => challenge(fields.next()),
            ("OK", Some(mechanism)) => vouched(fields, mechanism),
            ("FAIL", Some(_)) => Ok(refused(fields)),
            _ => Ok(Heard::Nothing),
        }
    }

    fn introduction<'a>(
        &mut self,
        verb: &str,
        mut fields: impl Iterator<Item = &'a str>,
    ) -> Result<Heard, DovecotFault> {
        self.lines += 1;
        match verb {
            "VERSION" if fields.next() == Some(MAJOR) => self.version_seen = true,
            _ if !self.version_seen => return Err(DovecotFault::Version),
            "MECH" => self.mechanisms.extend(fields.next().and_then(usable)),
            "DONE" => {
                self.mechanisms.sort_unstable();
                self.mechanisms.dedup();
                return Ok(Heard::Ready);
            }
            _ if self.lines > MAX_INTRODUCTION => return Err(DovecotFault::Endless),
            _ => {}
        }
        Ok(Heard::Nothing)
    }
}

/// A mechanism that works through a third party: not one that is bound to a channel or certificate
/// which only we have, nor one that is there for accounts of our own.
fn usable(name: &str) -> Option<Mechanism> {
    let mechanism = name.parse().ok()?;
    let ours =
        matches!(mechanism, Mechanism::ScramSha256Plus | Mechanism::External | Mechanism::Ntlm);
    (!ours).then_some(mechanism)
}

fn challenge(text: Option<&str>) -> Result<Heard, DovecotFault> {
    let octets = BASE64.decode(text.unwrap_or_default()).map_err(|_| DovecotFault::Answer)?;
    if octets.len() > MAX_MESSAGE {
        Err(DovecotFault::Answer)
    } else {
        Ok(Heard::Challenge(octets))
    }
}

fn vouched<'a>(
    mut fields: impl Iterator<Item = &'a str>,
    mechanism: Mechanism,
) -> Result<Heard, DovecotFault> {
    let user = fields.find_map(|field| field.strip_prefix("user="));
    let user = user.map(unescaped).filter(|user| !user.is_empty()).ok_or(DovecotFault::Answer)?;
    Ok(Heard::Vouched(Vouched { user, mechanism }))
}

/// A refusal for now and one for good look alike but for this word; the second is that of Dovecot 2.3.0 and
/// later.
fn refused<'a>(mut fields: impl Iterator<Item = &'a str>) -> Heard {
    let not_now = |field: &str| matches!(field, "temp" | "code=temp_fail");
    if fields.any(not_now) { Heard::NotNow } else { Heard::Refused }
}

/// Dovecot writes a tab, a line's end and its own escape as two octets that begin with 1.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\u{1}' => match letters.next() {
                Some('0') => '\0',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('n') => '\n',
                _ => '\u{1}',
            },
            other => other,
        });
    }
    plain
}

impl Vouched {
    /// The name that Dovecot knows.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// How it was shown.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Is it this account? `None` for none of ours, or one that may not log in this way or from here.
    ///
    /// # Errors
    /// [`Reason::NoAccount`].
    pub fn is(self, found: Option<Found<'_>>) -> Result<Identity, Reason> {
        let found = found.ok_or(Reason::NoAccount)?;
        Ok(Identity { account: found.account.to_owned(), mechanism: self.mechanism })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn introduced() -> DovecotTalk {
        let mut talk = DovecotTalk::default();
        let said = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nMECH\tCRAM-MD5\tdictionary\tactive\n\
                    MECH\tSCRAM-SHA-256\tmutual-auth\nMECH\tEXTERNAL\nMECH\tX-ELSE\nSPID\t7\nCUID\t1\nCOOKIE\t00";
        for line in said.lines() {
            assert_eq!(talk.hear(line.as_bytes()), Ok(Heard::Nothing), "{line}");
        }
        assert_eq!(talk.hear(b"DONE"), Ok(Heard::Ready));
        talk
    }

    fn from() -> AskedFrom {
        AskedFrom { ip: "::ffff:192.0.2.7".parse().unwrap(), secure: true }
    }

    #[test]
    fn it_says_what_it_can_check() {
        use Mechanism::{CramMd5, Login, Plain, ScramSha256};
        assert_eq!(introduced().mechanisms(), [ScramSha256, CramMd5, Plain, Login]);
    }

    #[test]
    fn an_exchange_in_its_own_words() {
        let mut talk = introduced();
        assert_eq!(talk.hello(4711), "VERSION\t1\t2\nCPID\t4711\n");
        let asked = talk.ask(Mechanism::Plain, Some(b"\0acme\0secret"), &from());
        assert_eq!(
            asked,
            "AUTH\t1\tPLAIN\tservice=smtp\tsecured\trip=192.0.2.7\tnologin\tresp=AGFjbWUAc2VjcmV0\n"
        );
        let Ok(Heard::Vouched(vouched)) = talk.hear(b"OK\t1\tuser=EXAMPLE\\acme\x01t\tpass=x")
        else {
            panic!("not vouched for");
        };
        assert_eq!(vouched.user(), "EXAMPLE\\acme\t");
        let found = Found { account: "acme", credentials: None, certificates: &[] };
        let identity = vouched.is(Some(found)).unwrap();
        assert_eq!((identity.account(), identity.mechanism()), ("acme", Mechanism::Plain));
    }

    #[test]
    fn a_challenge_is_carried_both_ways() {
        let mut talk = introduced();
        let open = AskedFrom { secure: false, ..from() };
        let asked = talk.ask(Mechanism::CramMd5, None, &open);
        assert_eq!(asked, "AUTH\t1\tCRAM-MD5\tservice=smtp\trip=192.0.2.7\tnologin\n");
        assert_eq!(talk.hear(b"CONT\t1\tPDFAYT4="), Ok(Heard::Challenge(b"<1@a>".to_vec())));
        assert_eq!(talk.hear(b"CONT\t1\t"), Ok(Heard::Challenge(Vec::new())));
        assert_eq!(talk.go_on(b"acme 00"), "CONT\t1\tYWNtZSAwMA==\n");
    }

    #[test]
    fn a_refusal_for_now_is_no_wrong_password() {
        let fate = |line: &str| {
            let mut talk = introduced();
            let _ = talk.ask(Mechanism::Plain, Some(b""), &from());
            talk.hear(line.as_bytes())
        };
        assert_eq!(fate("FAIL\t1\tuser=acme"), Ok(Heard::Refused));
        assert_eq!(fate("FAIL\t1\tuser=temp\treason=temp x"), Ok(Heard::Refused));
        assert_eq!(fate("FAIL\t1\tuser=acme\ttemp"), Ok(Heard::NotNow));
        assert_eq!(fate("FAIL\t1\tuser=acme\tcode=temp_fail"), Ok(Heard::NotNow));
        assert_eq!(fate("FAIL\t1\tuser=acme\tcode=pass_expired"), Ok(Heard::Refused));
    }

    #[test]
    fn a_stranger_at_the_socket_vouches_for_nobody() {
        let first = |line: &str| DovecotTalk::default().hear(line.as_bytes());
        for line in ["", "220 mail ESMTP", "OK\t1\tuser=acme", "VERSION\t2\t0", "DONE"] {
            assert_eq!(first(line), Err(DovecotFault::Version), "{line}");
        }
        let answer = |line: &[u8]| {
            let mut talk = introduced();
            let _ = talk.ask(Mechanism::Plain, Some(b""), &from());
            talk.hear(line)
        };
        for line in
            [&b"OK\t2\tuser=acme"[..], b"OK\t1", b"OK\t1\tuser=", b"CONT\t1\t*", b"OK", b"\xff"]
        {
            assert_eq!(answer(line), Err(DovecotFault::Answer), "{line:?}");
        }
        let mut talk = DovecotTalk::default();
        let _ = talk.hear(b"VERSION\t1\t1");
        let endless = (0..=MAX_INTRODUCTION).map(|_| talk.hear(b"SPID\t1")).find(Result::is_err);
        assert_eq!(endless, Some(Err(DovecotFault::Endless)));
    }

    #[test]
    fn whom_dovecot_knows_need_not_be_a_customer() {
        let vouched = Vouched { user: "mallory".to_owned(), mechanism: Mechanism::Plain };
        assert_eq!(vouched.is(None), Err(Reason::NoAccount));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_upset_it(lines in proptest::collection::vec(proptest::collection::vec(0u8.., 0..80), 0..20)) {
            for mut talk in [DovecotTalk::default(), introduced()] {
                for line in &lines {
                    let _ = talk.hear(line);
                }
                let _ = talk.ask(Mechanism::Plain, None, &from());
                for line in &lines {
                    let _ = talk.hear(line);
                }
            }
        }
    }
}
