//! Talks: both roles of a session, fed by a stranger, over hosts that say yes and now and then no.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use odmr::mail::Recipient;
use odmr::sasl::Identity;
use odmr::session::client::Heard;
use odmr::session::server::Mechanisms;
use odmr::session::turn::ReversedClient;
use odmr::session::{
    AtrnRequest, ClientSession, Event, Odmr, Outgoing, Patience, Profile, Reversed, Sending,
    ServerSession, ServerSettings, Step, Transcript, Verdict,
};
use odmr::smtp::{Domain, ForwardPath, MailParams, RcptParams, Reply, ReversePath};

/// More steps than any input can lead to: beyond them a session spins.
const STEPS: usize = 200_000;

fn now() -> Instant {
    static NOW: OnceLock<Instant> = OnceLock::new();
    *NOW.get_or_init(Instant::now)
}

fn settings(profile: Profile) -> Arc<ServerSettings> {
    let names = || vec!["PLAIN".to_owned(), "CRAM-MD5".to_owned()];
    Arc::new(ServerSettings {
        max_size: 2000,
        mechanisms: Mechanisms { clear: names(), tls: names() },
        ..ServerSettings::new(profile, "odmr.example.net")
    })
}

/// What became of a server's session, so that two of them can be laid side by side.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    events: Vec<String>,
    content: Vec<u8>,
    said: Vec<u8>,
}

/// Where a mail stands at the host; it must never be promised what did not come whole.
#[derive(Debug, Default)]
struct Host {
    told: Told,
    /// Content that has not come to its end. How much of it there is when it is called off is
    /// nobody's business.
    coming: Vec<u8>,
    answers: u64,
    mail: bool,
    recipients: usize,
    content: bool,
    closed: bool,
}

impl Host {
    /// Says no to every seventh question, the same ones each time.
    fn grants(&mut self) -> bool {
        self.answers += 1;
        !self.answers.is_multiple_of(7)
    }

    fn serve<Stage>(&mut self, session: &mut ServerSession<Stage>) -> Option<AtrnRequest> {
        for _ in 0..STEPS {
            match session.poll(now()) {
                Step::Starved => return None,
                Step::Send(bytes) => {
                    assert!(!bytes.is_empty());
                    self.told.said.extend_from_slice(&bytes);
                }
                Step::Event(Event::Atrn(request)) => return Some(request),
                Step::Event(event) => self.event(session, event),
            }
        }
        panic!("the session spins");
    }

    fn event<Stage>(&mut self, session: &mut ServerSession<Stage>, event: Event) {
        assert!(!self.closed, "{event:?} behind the end");
        match &event {
            Event::Content(octets) => {
                assert!(self.content, "content that nobody asked for");
                self.coming.extend_from_slice(octets);
                return;
            }
            other => self.told.events.push(format!("{other:?}")),
        }
        match event {
            Event::Mail(..) => {
                assert!(!self.mail, "a transaction within a transaction");
                self.mail = self.answer(session);
                self.recipients = 0;
            }
            Event::Recipient(_) => {
                assert!(self.mail && !self.content);
                self.recipients += usize::from(self.answer(session));
            }
            Event::Begin => {
                assert!(self.mail && self.recipients > 0 && !self.content);
                self.content = self.answer(session);
            }
            Event::End => {
                assert!(self.content, "an end of nothing");
                self.told.content.append(&mut self.coming);
                self.answer(session);
                self.forget();
            }
            Event::Reset => self.forget(),
            Event::Auth(..) | Event::Response(_) => match self.grants() {
                true => session.authenticated(identity()),
                false => session.challenge(b"more"),
            },
            Event::Starttls => session.secured("TLSv1.3"),
            Event::Closed => self.closed = true,
            Event::Etrn(_) => {
                self.answer(session);
            }
            Event::Atrn(_) | Event::Content(_) | Event::Introduced(_) => {}
        }
    }

    fn forget(&mut self) {
        (self.mail, self.content) = (false, false);
        self.coming.clear();
    }

    fn answer<Stage>(&mut self, session: &mut ServerSession<Stage>) -> bool {
        let yes = self.grants();
        match yes {
            true => session.accept(),
            false => session.answer(Reply::new(451, (3, 0), "not now")),
        }
        yes
    }
}

/// An identity that was proven, by a certificate.
fn identity() -> Identity {
    super::proof::by_certificate()
}

/// The same bytes, at once and in crumbs, are the same session.
pub fn server_mx(bytes: &[u8]) {
    let cut = 1 + usize::from(bytes.first().copied().unwrap_or(0) % 16);
    assert_eq!(mx(bytes, bytes.len().max(1)), mx(bytes, cut));
}

fn mx(bytes: &[u8], cut: usize) -> Told {
    let mut session = ServerSession::mx(settings(Profile::Mx), now());
    let mut host = Host::default();
    for piece in bytes.chunks(cut) {
        session.feed(piece);
        assert!(host.serve(&mut session).is_none());
    }
    session.timed_out();
    host.serve(&mut session);
    host.told
}

/// A customer that may be anybody, up to the turn; behind it, the rest of the bytes are its replies.
pub fn server_odmr(bytes: &[u8]) {
    let cut = 1 + usize::from(bytes.first().copied().unwrap_or(0));
    let with_tls = ServerSettings { starttls: true, ..(*settings(Profile::Odmr)).clone() };
    let mut session = ServerSession::odmr(Arc::new(with_tls), false, Transcript::kept(), now());
    let mut host = Host::default();
    let mut pieces = bytes.chunks(cut);
    while let Some(piece) = pieces.next() {
        session.feed(piece);
        while let Some(request) = host.serve(&mut session) {
            match host.grants() {
                false => session.answer(Reply::new(450, (7, 1), "refused")),
                true => {
                    assert!(session.identity().is_some(), "nobody turns unproven");
                    let client = ReversedClient {
                        name: "odmr.example.net".to_owned(),
                        patience: Patience::RFC,
                    };
                    let told = Reply::new(250, (0, 0), "turning");
                    let turned = session.turn(request, told, client, now());
                    let turned = turned.expect("nothing stands behind it");
                    return send(turned, pieces.flatten().copied().collect(), cut);
                }
            }
        }
    }
}

/// A provider that may be anybody, behind the turn.
pub fn server_reversed(bytes: &[u8]) {
    let cut = 1 + usize::from(bytes.first().copied().unwrap_or(0));
    let mut session = reversed_server();
    let mut host = Host::default();
    for piece in bytes.chunks(cut) {
        session.feed(piece);
        assert!(host.serve(&mut session).is_none());
    }
}

/// A provider before the turn, which says what it likes.
pub fn client(bytes: &[u8]) {
    let cut = 1 + usize::from(bytes.first().copied().unwrap_or(0));
    let mut session = ClientSession::calling(Patience::RFC, Transcript::kept(), now());
    let mut pieces = bytes.chunks(cut);
    while let Some(piece) = pieces.next() {
        session.feed(piece);
        for step in 0.. {
            assert!(step < STEPS, "the session spins");
            match session.poll(now()) {
                Err(_) => return,
                Ok(Step::Starved) => break,
                Ok(Step::Send(_)) => {}
                Ok(Step::Event(Heard::Turning(granted))) => {
                    let settings = settings(Profile::Reversed);
                    let Ok(mut server) = session.turn(granted, settings, true, now()) else {
                        return;
                    };
                    pieces.for_each(|piece| server.feed(piece));
                    Host::default().serve(&mut server);
                    return;
                }
                Ok(Step::Event(heard)) => go_on(&mut session, heard),
            }
        }
    }
    assert!(!session.transcript().to_string().contains("c2VjcmV0"), "a secret in the transcript");
}

fn go_on(session: &mut ClientSession<Odmr>, heard: Heard) {
    match heard {
        Heard::Greeting(_) | Heard::GoAhead => session.ehlo("mail.example.org", now()),
        Heard::Offers(offers) if offers.starttls => session.starttls(now()),
        Heard::Offers(_) | Heard::NoTls(_) => {
            session.auth("PLAIN", Some(b"secret"), now());
        }
        Heard::Challenge(_) => session.respond(b"secret", now()),
        Heard::Authenticated(_) => session.atrn(&[], now()),
        Heard::AuthRefused(_) | Heard::AtrnRefused(_) | Heard::NoExtensions(_) => {
            session.quit(now());
        }
        Heard::Turning(_) | Heard::Goodbye(_) => {}
    }
}

/// A customer behind the turn, which answers what it likes, several times over, or not at all.
pub fn sender(bytes: &[u8]) {
    let cut = 1 + usize::from(bytes.first().copied().unwrap_or(0));
    send(reversed_client(), bytes.to_vec(), cut);
}

fn send(mut session: ClientSession<Reversed>, bytes: Vec<u8>, cut: usize) {
    let mut post = Post::default();
    for piece in bytes.chunks(cut) {
        session.feed(piece);
        if post.deliver(&mut session).is_err() {
            break;
        }
    }
    for (token, verdicts) in session.lost() {
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Unanswered));
        post.under_way.retain(|known| *known != token);
    }
    assert!(post.under_way.is_empty(), "a message is neither settled nor given back");
}

/// A few messages to be sent, each of them to have one outcome.
#[derive(Debug, Default)]
struct Post {
    offered: u64,
    under_way: Vec<u64>,
    sent: u64,
}

impl Post {
    fn deliver(
        &mut self,
        session: &mut ClientSession<Reversed>,
    ) -> Result<(), odmr::session::client::PeerFault> {
        for _ in 0..STEPS {
            match session.poll(now())? {
                Step::Starved => return Ok(()),
                Step::Send(bytes) => drop(bytes),
                Step::Event(event) => self.event(session, event),
            }
        }
        panic!("the session spins");
    }

    fn event(&mut self, session: &mut ClientSession<Reversed>, event: Sending) {
        match event {
            Sending::Wants if self.offered < 5 => {
                self.offered += 1;
                self.under_way.push(self.offered);
                session.offer(message(self.offered));
            }
            Sending::Wants => session.no_more(),
            Sending::Content(token) => {
                assert!(self.under_way.contains(&token));
                self.sent += 1;
                session.content(&Bytes::from_static(CONTENT), true, now());
            }
            Sending::Outcome(token, verdicts) => {
                assert!(self.under_way.contains(&token), "an outcome twice over");
                self.under_way.retain(|known| *known != token);
                assert_eq!(verdicts.len(), 2);
                let taken = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Taken(_)));
                assert!(!taken || self.sent > 0, "taken though nothing was sent");
            }
            Sending::Ready(_) | Sending::Stopped(_) | Sending::Closed => {}
        }
    }
}

const CONTENT: &[u8] = b"Subject: x\r\n\r\n.dot\r\n";

fn message(token: u64) -> Outgoing {
    let to = |path: &str| Recipient {
        path: ForwardPath::parse(path).expect("a path"),
        params: RcptParams::default(),
    };
    Outgoing {
        token,
        reverse_path: ReversePath::Null,
        params: MailParams::default(),
        recipients: vec![to("a@example.org"), to("b@example.org")],
        size: CONTENT.len() as u64,
        ends_in_crlf: true,
        eight_bit: false,
        long_lines: false,
    }
}

/// A provider's session that has just turned.
fn reversed_client() -> ClientSession<Reversed> {
    let mut session =
        ServerSession::odmr(settings(Profile::Odmr), false, Transcript::default(), now());
    session.feed(b"EHLO a\r\nAUTH PLAIN AA==\r\nATRN\r\n");
    let request = Host::default().serve(&mut session).expect("the request");
    let client = ReversedClient {
        name: "odmr.example.net".to_owned(),
        patience: Patience { command: Duration::from_secs(1), ..Patience::RFC },
    };
    let told = Reply::new(250, (0, 0), "turning");
    session.turn(request, told, client, now()).expect("nothing stands behind it")
}

/// A customer's session that has just turned.
fn reversed_server() -> ServerSession<Reversed> {
    let mut session = ClientSession::calling(Patience::RFC, Transcript::default(), now());
    session.feed(b"220 x\r\n");
    let _ = session.poll(now());
    session.atrn(&[Domain::parse("example.org").expect("a domain")], now());
    let _ = session.poll(now());
    session.feed(b"250 turning\r\n");
    let Ok(Step::Event(Heard::Turning(granted))) = session.poll(now()) else {
        panic!("no turn");
    };
    session.turn(granted, settings(Profile::Reversed), false, now()).expect("an empty ear")
}
