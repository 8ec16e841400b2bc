//! The main job for the eye, on loopback, with a throw-away account and certificate.
//!
//! Nothing here is staged: it is the provider of `odmrd run` and the customer of `atrn-fetch run`,
//! in one process, on real sockets.

use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, watch};

use super::call::{CalledFor, Caller};
use super::fetch;
use super::receive::{Tally, Terms};
use super::serve::{Door, Order, Orders, Ready};
use super::summary::Summary;
use crate::config::accounts::{NewAccount, derive, edit, generate_password};
use crate::config::document::Document;
use crate::config::fetch::{Account, Layer, TlsMode};
use crate::config::provider::Loaded;
use crate::config::value::Server;
use crate::exit::{Exit, Failure};
use crate::net::TlsClient;
use crate::net::listen::ListenAddr;
use crate::net::tls::{Trust, self_signed};
use crate::session::Patience;
use crate::session::transcript::Note;
use crate::sink::Sink;
use crate::sink::maildir::{self, MaildirSink};
use crate::sink::relay::{self, Address, Dialect, RelaySink, Target};
use crate::smtp::{Domain, ForwardPath, Host, MailParams, RcptParams, ReversePath};

const PROVIDER: &str = "odmr.example.net";
const CUSTOMER: &str = "mail.example.org";
const MAIL: &str = "From: Ann <ann@example.com>\r\nTo: Bob <bob@example.org>\r\nSubject: It works\r\n\r\n\
    This mail came to the provider while its customer was away,\r\nand went to the customer when it called.\r\n";

/// Shows the whole journey of one mail, with all that it needs below `folder`, which it makes.
///
/// # Errors
/// [`Failure`] where the machine does not let us: no loopback, no room for files.
pub async fn journey(folder: &Path, tell: &mut dyn FnMut(&str)) -> Result<(), Failure> {
    let password = generate_password();
    let loaded = furnish(folder, &password)?;
    let ready = Ready::new(loaded, Vec::new())?;
    let (mx, odmr) = (port(&ready, Door::Mx)?, port(&ready, Door::Odmr)?);
    let (stop, orders) = mpsc::channel(1);
    let serving = tokio::spawn(ready.serve(Orderly(orders)));

    tell(&format!("1. A provider listens: MX on 127.0.0.1:{mx}, ODMR on 127.0.0.1:{odmr}.\n"));
    let reply = bring(mx).await?;
    tell(&format!(
        "2. Ann's server brings a mail for bob@example.org to the MX. It answers: {reply}\n"
    ));
    tell("3. The customer calls (atrn-fetch), and the two change places:\n\n");
    let (summary, dialogue) = collect(folder, odmr, password).await?;
    tell(&dialogue);
    // The provider may be gone already; then it needs no order.
    let _ = stop.send(Order::Stop).await;
    serving.await.map_err(|fault| Failure::new(Exit::Software, fault))??;
    match summary.accepted {
        1 => {
            tell(&landed(folder)?);
            Ok(())
        }
        _ => Err(Failure::new(
            summary.exit,
            summary.reason.unwrap_or_else(|| "the mail did not arrive".to_owned()),
        )),
    }
}

/// Settings, an account and a certificate, as `odmrd init` and `odmrd account add` would leave them.
fn furnish(folder: &Path, password: &secrecy::SecretString) -> Result<Loaded, Failure> {
    let cannot = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Failure::new(Exit::CantCreate, format!("{path}: {error}"))
    };
    let pair =
        self_signed(&[PROVIDER.to_owned()]).map_err(|fault| Failure::new(Exit::Software, fault))?;
    for (name, text) in
        [("certificate.pem", pair.certificate.as_str()), ("key.pem", pair.key.as_str())]
    {
        let path = folder.join(name);
        private(&path, text).map_err(cannot(&path))?;
    }
    let credentials =
        derive(password, true, false).map_err(|fault| Failure::new(Exit::Software, fault))?;
    let account = NewAccount {
        name: "acme".to_owned(),
        aliases: Vec::new(),
        domains: vec![domain("example.org")?],
        send_as: Vec::new(),
        credentials: Some(credentials),
        certificates: Vec::new(),
        dovecot: false,
        submit: false,
    };
    edit(&folder.join("accounts.toml"), |file| file.add(&account))
        .map_err(|fault| Failure::new(fault.exit(), fault))?;
    let text = format!(
        "hostname = \"{PROVIDER}\"\nstate_dir = \"state\"\n[mx]\nlisten = [\"127.0.0.1:0\"]\n\
         [odmr]\nlisten = [\"127.0.0.1:0\"]\n[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n\
         [queue]\nreserve = \"1 MiB\"\n"
    );
    std::fs::create_dir(folder.join("state")).map_err(cannot(folder))?;
    Loaded::new(Document::new(folder.join("odmrd.toml"), text))
        .map_err(|problem| Failure::new(Exit::Software, problem))
}

fn private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn domain(name: &str) -> Result<Domain, Failure> {
    Domain::parse(name).map_err(|bad| Failure::new(Exit::Software, bad))
}

fn port(ready: &Ready, door: Door) -> Result<u16, Failure> {
    let found = ready.addresses().into_iter().find_map(|(which, address)| match address {
        ListenAddr::Tcp(address) if which == door => Some(address.port()),
        _ => None,
    });
    found.ok_or_else(|| Failure::new(Exit::Software, "no port was bound"))
}

struct Orderly(mpsc::Receiver<Order>);

impl Orders for Orderly {
    async fn next(&mut self) -> Order {
        self.0.recv().await.unwrap_or(Order::Stop)
    }
}

/// Plays the sending server.
async fn bring(port: u16) -> Result<String, Failure> {
    let target =
        Target { dialect: Dialect::Smtp, address: Address::Tcp("127.0.0.1".to_owned(), port) };
    let name = Host::Name(domain("mail.example.com")?);
    let mut line = RelaySink::new(relay::Settings {
        target,
        name,
        patience: relay::Patience::default(),
        introduction: relay::Introduction::None,
    });
    let refused =
        |reply: crate::smtp::Reply| Failure::new(Exit::TempFail, format!("the MX says {reply}"));
    line.open().await.map_err(|fault| Failure::new(Exit::Unavailable, fault))?;
    let from =
        ReversePath::parse("ann@example.com").map_err(|bad| Failure::new(Exit::Software, bad))?;
    let to =
        ForwardPath::parse("bob@example.org").map_err(|bad| Failure::new(Exit::Software, bad))?;
    let recipient = crate::mail::Recipient { path: to, params: RcptParams::default() };
    line.mail(&from, &MailParams::default()).await.map_err(refused)?;
    line.recipient(&recipient).await.map_err(refused)?;
    line.begin("").await.map_err(refused)?;
    line.content(MAIL.into()).await.map_err(refused)?;
    let reply = line.finish().await;
    line.close().await;
    if reply.is_positive() { Ok(reply.to_string()) } else { Err(refused(reply)) }
}

/// Plays nobody: this is the customer.
async fn collect(
    folder: &Path,
    port: u16,
    password: secrecy::SecretString,
) -> Result<(Summary, String), Failure> {
    let account = Account {
        server: Some(Server::Address(std::net::Ipv4Addr::LOCALHOST.into())),
        port,
        server_name: Some(Server::Name(domain(PROVIDER)?)),
        tls: TlsMode::Starttls,
        user: Some("acme".to_owned()),
        ..Account::new("acme", Layer::default())
    };
    let roots = Trust::Roots(folder.join("certificate.pem"));
    let tls = TlsClient::new(&roots, None).map_err(|fault| Failure::new(Exit::Software, fault))?;
    let own = [domain("example.org")?];
    let run = fetch::Run {
        caller: Caller {
            account: &account,
            server: "127.0.0.1".to_owned(),
            tls: Some(&tls),
            name: CUSTOMER.to_owned(),
            secret: Some(password),
            patience: Patience::RFC,
            errand: CalledFor::Atrn,
        },
        sink: MaildirSink::new(maildir::Settings {
            base: folder.join("Maildir"),
            ..maildir::Settings::default()
        }),
        terms: Terms {
            domains: fetch::own_domains(&own, &[]),
            moved: Default::default(),
            max_message: None,
            max_messages: None,
            max_octets: None,
            until: std::time::Instant::now() + account.max_session.get(),
            name: CUSTOMER.to_owned(),
        },
        stop: watch::channel(false).1,
        tally: Tally::default(),
        transcripts: Some(Vec::new()),
    };
    let (summary, transcripts) = run.to_the_end(&mut |_| {}).await;
    let drawn = transcripts.iter().flatten().map(|transcript| ladder(transcript.notes()));
    Ok((summary, drawn.collect()))
}

/// The dialogue as a ladder: whoever is client stands left of the arrow. At the turn they swap.
fn ladder(notes: &[Note]) -> String {
    use crate::session::Side;
    let mut turned = false;
    let mut drawn = String::from("   customer = client        provider = server\n");
    for note in notes {
        drawn += &match (note, turned) {
            (Note::Said(Side::Customer, line), false) => format!("   C: {line:<60} ->\n"),
            (Note::Said(Side::Provider, line), false) => {
                format!("                     <- P: {line}\n")
            }
            (Note::Said(Side::Provider, line), true) => format!("   P: {line:<60} ->\n"),
            (Note::Said(Side::Customer, line), true) => {
                format!("                     <- C: {line}\n")
            }
            (Note::Tls(version), _) => {
                format!("   ~~~~~~~~~~~~~~~~~~~~~~~~ {version} ~~~~~~~~~~~~~~~~~~~~~~~~\n")
            }
            (Note::Turn, _) => {
                turned = true;
                "   ================== the turn: they change places ==================\n   \
                 provider = client        customer = server\n"
                    .to_owned()
            }
        };
    }
    drawn
}

/// What lies in the Maildir.
fn landed(folder: &Path) -> Result<String, Failure> {
    let cannot = |error: std::io::Error| Failure::new(Exit::Io, error);
    let new = folder.join("Maildir/new");
    let mut files = std::fs::read_dir(&new).map_err(cannot)?;
    let path: PathBuf = match files.next() {
        Some(entry) => entry.map_err(cannot)?.path(),
        None => return Err(Failure::new(Exit::Software, "the Maildir is empty")),
    };
    let mail = std::fs::read_to_string(&path).map_err(cannot)?;
    let shown: String = mail.lines().map(|line| format!("   | {line}\n")).collect();
    Ok(format!(
        "\n4. It lies in the customer's Maildir, synced to disk before the provider heard 250:\n\n{shown}"
    ))
}
