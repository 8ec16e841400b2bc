//! A provider, its customer and its senders, all of them the real flows, on lines in memory.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use odmr::config::fetch::{Account, Layer};
use odmr::flow::call::{Asked, Called};
use odmr::flow::line::ask;
use odmr::flow::provider::Provider;
use odmr::flow::receive::{Receiver, Tally, Terms};
use odmr::flow::{
    intake::{self, BroughtBy},
    relay,
};
use odmr::net::Wire;
use odmr::sasl::{self, ClientExchange, Mechanism};
use odmr::session::transcript::Transcript;
use odmr::session::{ClientSession, Heard, Patience, Profile, ServerSettings};
use odmr::sink::{MaildirSink, Sink, maildir};
use odmr::spool::Spool;
use odmr::spool::embedded::{Embedded, Settings};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::link::{Fate, Link, Meter, Way};
use crate::stage::house;
use crate::stage::script::Script;

/// The account, and the domain of it that gets mail.
const ACCOUNT: &str = "acme";
pub const DOMAIN: &str = "example.org";
/// What every message begins with.
pub const MARK: &[u8] = b"X-Number: ";

pub struct World {
    folder: TempDir,
    script: Script,
    pub provider: Arc<Provider<Embedded>>,
    /// What the customer has, and how often.
    pub landed: BTreeMap<Vec<u8>, usize>,
}

/// How many octets had gone either way at the turn, and when all was said.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    pub turn: [usize; 2],
    pub end: [usize; 2],
}

fn script() -> Script {
    Script::parse("cut lines", "profile: odmr\n\n")
}

fn provider(folder: &TempDir, script: &Script) -> Arc<Provider<Embedded>> {
    let settings = Settings { reserve: Some(0), readers: 1, ..Settings::at(folder.path()) };
    let spool = Embedded::open(settings).expect("a spool");
    Arc::new(Provider::new(house::PROVIDER, spool, None, house::house(script)))
}

impl World {
    pub fn new() -> World {
        let script = script();
        let fast = std::path::Path::new("/dev/shm");
        let made = if fast.is_dir() { tempfile::tempdir_in(fast) } else { tempfile::tempdir() };
        let folder = made.expect("a folder");
        let provider = provider(&folder, &script);
        World { folder, script, provider, landed: BTreeMap::new() }
    }

    /// Ends the provider, in order, and begins anew on what is on its disk.
    pub fn restart(self) -> World {
        let World { folder, script, provider, landed } = self;
        drop(provider);
        let provider = crate::world::provider(&folder, &script);
        World { folder, script, provider, landed }
    }

    /// How many messages wait.
    pub fn waiting(&self) -> u64 {
        self.provider.spool.totals(&house::domain(DOMAIN)).waiting
    }

    /// One call of the customer over a line of this fate, into its Maildir.
    pub fn call(&self, fate: Fate) -> impl Future<Output = Marks> + use<> {
        let provider = Arc::clone(&self.provider);
        let sink = MaildirSink::new(maildir::Settings {
            base: self.folder.path().join("Maildir"),
            ..maildir::Settings::default()
        });
        async move {
            let (_stopper, stop) = watch::channel(false);
            let (caller, called, meter, carried) = Link::new(fate).open();
            let customer = customer(caller, sink, meter.clone());
            let provider =
                relay::relay(called, &provider, odmr::flow::serve::Door::Odmr, "call", stop);
            let (turn, (), ()) = tokio::join!(customer, provider, carried);
            Marks { turn, end: [meter.get(Way::Up), meter.get(Way::Down)] }
        }
    }

    /// Empties the Maildir and counts what was in it, without the fields in front.
    pub fn land(&mut self) {
        let new = self.folder.path().join("Maildir/new");
        for file in fs::read_dir(new).into_iter().flatten() {
            let path = file.expect("an entry").path();
            let content = fs::read(&path).expect("a mail");
            fs::remove_file(path).expect("a mail of our own");
            let at = content.windows(MARK.len()).position(|window| window == MARK);
            let content = with_crlf(&content[at.expect("our mark")..]);
            *self.landed.entry(content).or_default() += 1;
        }
    }

    /// One session of a sender, and which of its messages were acknowledged.
    pub fn bring(
        &self,
        fate: Fate,
        messages: Vec<Vec<u8>>,
    ) -> impl Future<Output = Vec<Vec<u8>>> + use<> {
        let provider = Arc::clone(&self.provider);
        async move {
            let (_stopper, stop) = watch::channel(false);
            let (caller, called, _, carried) = Link::new(fate).open();
            let mut acknowledged = Vec::new();
            let sender = async {
                let mut talk = Talk { wire: caller, heard: BytesMut::new() };
                let _ = talk.send(messages, &mut acknowledged).await;
                talk.wire.close().await;
            };
            let taken = intake::intake(called, &provider, BroughtBy::World, "bring", stop);
            let ((), (), ()) = tokio::join!(sender, taken, carried);
            acknowledged
        }
    }
}

fn with_crlf(content: &[u8]) -> Vec<u8> {
    content.split(|octet| *octet == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}

/// Logs in, asks, turns, and takes mail in, as far as the line lets it. Returns the octets that had
/// gone either way at the turn; the far end where none came about.
async fn customer(wire: Wire, mut sink: MaildirSink, meter: Meter) -> [usize; 2] {
    const NEVER: [usize; 2] = [usize::MAX; 2];
    sink.open().await.expect("a Maildir");
    let Some((mut wire, session, granted)) = turned(wire).await else { return NEVER };
    let turn = [meter.get(Way::Up), meter.get(Way::Down)];
    let settings = ServerSettings::new(Profile::Reversed, house::CUSTOMER);
    let Ok(mut session) = session.turn(granted, Arc::new(settings), false, Instant::now()) else {
        panic!("the provider does not wait for our greeting")
    };
    let (mut tally, mut deaf) = (Tally::default(), |_| {});
    let terms = terms();
    let receiver = Receiver::new(&terms, &mut sink, &mut tally, &mut deaf, &wire);
    let (_stopper, stop) = watch::channel(false);
    receiver.receive(&mut wire, &mut session, stop).await;
    odmr::flow::line::last_words(&mut wire, &mut session).await;
    wire.close().await;
    sink.close().await;
    turn
}

async fn turned(
    mut wire: Wire,
) -> Option<(Wire, ClientSession<odmr::session::Odmr>, odmr::session::Granted)> {
    let now = Instant::now;
    let mut session = ClientSession::calling(Patience::RFC, Transcript::default(), now());
    ask(&mut wire, &mut session).await.ok()?;
    session.ehlo(house::CUSTOMER, now());
    let Ok(Heard::Offers(offers)) = ask(&mut wire, &mut session).await else { return None };
    // CRAM-MD5, because it costs the least.
    session.auth("CRAM-MD5", None, now());
    let Ok(Heard::Challenge(challenge)) = ask(&mut wire, &mut session).await else { return None };
    session.respond(&response(&challenge), now());
    ask(&mut wire, &mut session).await.ok()?;
    let called = Called { wire, session, offers: *offers, mechanism: None };
    let account = Account::new(ACCOUNT, Layer::default());
    match called.ask_for(&account, &[]).await.ok()? {
        Asked::Turning(called, _, granted) => Some((called.wire, called.session, granted)),
        Asked::Told(..) => None,
    }
}

fn response(challenge: &[u8]) -> Vec<u8> {
    let secret = secrecy::SecretString::from(house::secret_of(ACCOUNT));
    let nonce = [9; sasl::NONCE_OCTETS];
    let exchange =
        ClientExchange::new(Mechanism::CramMd5, ACCOUNT, Some(secret), nonce, sasl::Binding::None);
    exchange.expect("an exchange").respond(challenge).expect("a response").to_vec()
}

fn terms() -> Terms {
    Terms {
        domains: [house::domain(DOMAIN)].into(),
        moved: Default::default(),
        max_message: None,
        max_messages: None,
        max_octets: None,
        until: Instant::now() + Duration::from_secs(3600),
        name: house::CUSTOMER.into(),
    }
}

/// A sender in lockstep.
struct Talk {
    wire: Wire,
    heard: BytesMut,
}

impl Talk {
    /// Sends all it can, and notes what was acknowledged. `None` when the line is gone.
    async fn send(
        &mut self,
        messages: Vec<Vec<u8>>,
        acknowledged: &mut Vec<Vec<u8>>,
    ) -> Option<()> {
        self.reply().await?;
        self.ask("EHLO sender.test\r\n").await?;
        for content in messages {
            self.ask("MAIL FROM:<a@sender.test>\r\n").await?;
            self.ask(&format!("RCPT TO:<box@{DOMAIN}>\r\n")).await?;
            self.ask("DATA\r\n").await?;
            self.say([&content[..], b".\r\n"].concat()).await?;
            if self.reply().await?.starts_with("250") {
                acknowledged.push(content);
            }
        }
        self.ask("QUIT\r\n").await.map(|_| ())
    }

    async fn ask(&mut self, command: &str) -> Option<String> {
        self.say(command.as_bytes().to_vec()).await?;
        self.reply().await
    }

    async fn say(&mut self, octets: Vec<u8>) -> Option<()> {
        self.wire.queue(octets);
        self.wire.flush(&mut self.heard, 1 << 20, soon()).await.ok()
    }

    /// The last line of a reply.
    async fn reply(&mut self) -> Option<String> {
        loop {
            while let Some(end) = self.heard.iter().position(|octet| *octet == b'\n') {
                let line = self.heard.split_to(end + 1);
                if line.get(3) == Some(&b' ') {
                    return Some(String::from_utf8_lossy(&line).into_owned());
                }
            }
            match self.wire.read(&mut self.heard, soon()).await {
                Ok(octets) if octets > 0 => {}
                _ => return None,
            }
        }
    }
}

/// Far away: whoever gets there has failed, not waited.
fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(20))
}
