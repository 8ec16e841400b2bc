//! One AUTH at the provider: carries messages between the session and the SASL exchange, and asks
//! the accounts in between.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tracing::{error, info, warn};

use super::dovecot::{Dovecot, DovecotError, as_long_as_a_refusal};
use super::provider::{House, Oracle};
use crate::config::accounts::Account;
use crate::sasl::{
    AskedFrom, Heard, Identity, Mechanism, NONCE_OCTETS, Reason, ServerContext, ServerExchange,
    ServerStep, Vouched, Wanted,
};
use crate::session::{Odmr, ServerSession};
use crate::smtp::Reply;
use crate::smtp::escape::Escaped;

/// An AUTH under way.
pub struct Proof {
    exchange: Option<ServerExchange>,
    /// The same where a Dovecot judges.
    dovecot: Option<Dovecot>,
    house: Arc<House>,
    ip: IpAddr,
    /// The line is protected.
    secure: bool,
    /// One attempt at channel binding per TLS connection. RFC 9266, section 5.
    bound: bool,
    /// The name that was tried, for the log.
    tried: String,
    /// How often it came to nothing.
    failed: Failed,
    /// Accounts that have no secret for the mechanism by which they were tried.
    without: Vec<String>,
}

/// What came to nothing, and what that says of who calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// Logins that came to nothing.
    pub logins: u32,
    /// Those of them that may have been guesses at a password.
    pub guesses: u32,
    /// Earlier ones that were none: whoever made them has shown to be that account.
    pub forgiven: usize,
}

/// What the line contributes to a proof.
pub struct LineFacts {
    /// The other side's address.
    pub ip: IpAddr,
    /// TLS is on.
    pub secure: bool,
    /// RFC 9266's exporter, where there is one.
    pub channel_binding: Option<[u8; 32]>,
    /// The SHA-256 of the certificate shown, where there is one.
    pub certificate: Option<[u8; 32]>,
}

impl Proof {
    /// Nothing is under way yet.
    pub fn new(house: Arc<House>, ip: IpAddr) -> Proof {
        Proof {
            exchange: None,
            dovecot: None,
            house,
            ip,
            secure: false,
            bound: false,
            tried: String::new(),
            failed: Failed::default(),
            without: Vec::new(),
        }
    }

    /// What failed since this was last asked.
    pub fn failures(&mut self) -> Failed {
        std::mem::take(&mut self.failed)
    }

    /// AUTH was said.
    pub async fn begin(
        &mut self,
        session: &mut ServerSession<Odmr>,
        name: &str,
        initial: Option<Vec<u8>>,
        facts: &LineFacts,
    ) {
        let Ok(mechanism) = name.parse::<Mechanism>() else {
            return session.auth_refused(NO_MECHANISM);
        };
        if mechanism.binds_channel() && std::mem::replace(&mut self.bound, true) {
            return session.auth_refused(ONCE_PER_LINE);
        }
        self.secure = facts.secure;
        (self.exchange, self.dovecot) = (None, None);
        if let Some(oracle) = self.house.oracle.clone().filter(|_| mechanism != Mechanism::External)
        {
            let heard = self.ask_dovecot(&oracle, mechanism, initial.as_deref()).await;
            return self.take_dovecots(session, heard).await;
        }
        let mut exchange = ServerExchange::new(mechanism, self.context(facts));
        let step = exchange.start(initial.as_deref());
        self.exchange = Some(exchange);
        self.take(session, step).await;
    }

    /// A challenge was answered.
    pub async fn go_on(&mut self, session: &mut ServerSession<Odmr>, response: &[u8]) {
        if let Some(dovecot) = &mut self.dovecot {
            let heard = dovecot.go_on(response).await;
            return self.take_dovecots(session, heard).await;
        }
        let Some(exchange) = &mut self.exchange else { return session.auth_refused(MALFORMED) };
        let step = exchange.respond(response);
        self.take(session, step).await;
    }

    async fn take(&mut self, session: &mut ServerSession<Odmr>, mut step: ServerStep) {
        if let ServerStep::Lookup(wanted) = step {
            step = self.look_up(wanted).await;
        }
        match step {
            ServerStep::Challenge(challenge) => session.challenge(&challenge),
            ServerStep::Verified(identity) => self.verified(session, identity),
            ServerStep::Rejected(reason) => {
                self.rejected(session, &reason.to_string());
                // Nobody guesses at a password by what proves nothing.
                self.failed.guesses -= u32::from(reason == Reason::TooWeak);
            }
            ServerStep::Malformed(what) => {
                info!(ip = %self.ip, what, "malformed authentication");
                session.auth_refused(MALFORMED);
            }
            ServerStep::ServerFirst => session.auth_refused(SERVER_FIRST),
            ServerStep::Lookup(_) => session.auth_refused(MALFORMED),
        }
    }

    fn rejected(&mut self, session: &mut ServerSession<Odmr>, reason: &str) {
        self.failed.logins += 1;
        self.failed.guesses += 1;
        warn!(ip = %self.ip, user = %Escaped::text(&self.tried), reason, "authentication failed");
        // Behind the guess, whatever was wrong with it: otherwise it would tell who has an account here.
        let exposed = self.house.odmr.require_tls && !self.secure;
        session.auth_refused(if exposed { REJECTED_IN_CLEAR } else { REJECTED });
    }

    async fn ask_dovecot(
        &mut self,
        oracle: &Oracle,
        mechanism: Mechanism,
        initial: Option<&[u8]>,
    ) -> Result<Heard, DovecotError> {
        self.tried = "(known to Dovecot alone)".to_owned();
        let mut dovecot = Dovecot::open(&oracle.socket).await?;
        let from = AskedFrom { ip: self.ip, secure: self.secure };
        let heard = dovecot.ask(mechanism, initial, &from).await;
        self.dovecot = Some(dovecot);
        heard
    }

    async fn take_dovecots(
        &mut self,
        session: &mut ServerSession<Odmr>,
        heard: Result<Heard, DovecotError>,
    ) {
        match heard {
            Ok(Heard::Challenge(challenge)) => return session.challenge(&challenge),
            Ok(Heard::Vouched(vouched)) => self.vouched(session, vouched).await,
            Ok(Heard::Refused) => self.rejected(session, "Dovecot refuses it"),
            Ok(Heard::NotNow | Heard::Nothing | Heard::Ready) => {
                warn!(ip = %self.ip, "Dovecot cannot check a login just now");
                session.auth_refused(NOT_NOW);
            }
            Err(fault) => {
                error!(ip = %self.ip, %fault, "Dovecot cannot be asked; see odmr.dovecot_socket");
                session.auth_refused(NOT_NOW);
            }
        }
        self.dovecot = None;
    }

    /// Dovecot knows somebody. Whether that is a customer, and one that may log in this way, is for our
    /// own list to say.
    async fn vouched(&mut self, session: &mut ServerSession<Odmr>, vouched: Vouched) {
        self.tried = vouched.user().to_owned();
        let house = self.house.clone();
        let account = house.accounts.find(vouched.user()).filter(|account| account.dovecot);
        let account = account
            .filter(|account| may_come(account, &house, vouched.mechanism(), self.ip, self.secure));
        match vouched.is(account.map(Account::found)) {
            Ok(identity) => self.verified(session, identity),
            Err(reason) => {
                as_long_as_a_refusal().await;
                self.rejected(session, &reason.to_string());
            }
        }
    }

    fn verified(&mut self, session: &mut ServerSession<Odmr>, identity: Identity) {
        info!(ip = %self.ip, account = identity.account(), mechanism = %identity.mechanism(), "authenticated");
        self.exchange = None;
        // An old customer tries what is listed, and then what it has a password for: that was no guess.
        let before = self.without.len();
        self.without.retain(|account| account != identity.account());
        self.failed.forgiven += before - self.without.len();
        session.authenticated(identity);
    }

    /// Asks the accounts and lets the exchange judge. Checking a password against SCRAM's keys
    /// takes milliseconds of hashing, which must not hold up other sessions.
    async fn look_up(&mut self, wanted: Wanted) -> ServerStep {
        let Some(mut exchange) = self.exchange.take() else {
            return ServerStep::Malformed("nothing was asked");
        };
        self.tried = match &wanted {
            Wanted::Name(name) => name.clone(),
            Wanted::Of { domain, name } => format!("{domain}\\{name}"),
            Wanted::Certificate { name, .. } => {
                name.clone().unwrap_or_else(|| "(certificate)".to_owned())
            }
        };
        let (house, ip, secure) = (self.house.clone(), self.ip, self.secure);
        let judged = tokio::task::spawn_blocking(move || {
            let account = house.accounts.look_up(&wanted);
            let mechanism = exchange.mechanism();
            let account =
                account.filter(|account| may_come(account, &house, mechanism, ip, secure));
            let step = exchange.account(account.map(Account::found));
            let lacks = matches!(step, ServerStep::Rejected(Reason::NoSecret));
            let without = account.filter(|_| lacks).map(|account| account.name.clone());
            (exchange, step, without)
        });
        match judged.await {
            Ok((exchange, step, without)) => {
                self.exchange = Some(exchange);
                self.without.extend(without);
                step
            }
            Err(_) => ServerStep::Malformed("the check did not finish"),
        }
    }

    fn context(&self, facts: &LineFacts) -> ServerContext {
        let mut nonce = [0; NONCE_OCTETS];
        rand::fill(&mut nonce);
        let offered = if facts.secure {
            &self.house.odmr.mechanisms.tls
        } else {
            &self.house.odmr.mechanisms.clear
        };
        ServerContext {
            host: self.house.odmr.name.clone(),
            nonce,
            unix_time: Timestamp::now().as_second().unsigned_abs(),
            channel_binding: facts.channel_binding,
            plus_offered: offered.iter().any(|name| name.ends_with("-PLUS")),
            certificate: facts.certificate,
            decoys: self.house.decoys.clone(),
        }
    }
}

/// Where TLS comes first, only the listener of Exchange's kind lets a login in clear come this far, and that
/// for those alone that can do no better.
fn may_come(
    account: &Account,
    house: &House,
    mechanism: Mechanism,
    ip: IpAddr,
    secure: bool,
) -> bool {
    let tls_first = house.odmr.require_tls && !secure;
    may_log_in(account, mechanism, ip, secure) && (!tls_first || account.may_shun_tls())
}

/// From this address, and by this mechanism on a line like this one?
fn may_log_in(account: &Account, mechanism: Mechanism, ip: IpAddr, secure: bool) -> bool {
    let exposed = mechanism.is_plaintext() && !secure;
    account.may_come_from(ip) && (!exposed || account.clear_login)
}

const NO_MECHANISM: Reply = Reply::new(504, (5, 4), "no such mechanism here");
const ONCE_PER_LINE: Reply =
    Reply::new(421, (7, 0), "one attempt at channel binding for each connection; closing");
const NOT_NOW: Reply =
    Reply::new(454, (7, 0), "passwords cannot be checked just now; try again later");
const REJECTED_IN_CLEAR: Reply =
    Reply::new(530, (7, 0), "authentication failed, or needs STARTTLS before it");
const REJECTED: Reply = Reply::new(535, (7, 8), "authentication failed");
const SERVER_FIRST: Reply = Reply::new(501, (7, 0), "in that mechanism the server speaks first");
// RFC 4954, section 6: it proves nothing, whatever it is.
const MALFORMED: Reply = Reply::new(535, (7, 8), "not a message of that mechanism");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::accounts::Accounts;
    use crate::config::provider::Settings;
    use crate::flow::provider::Lists;
    use crate::sasl::Credentials;
    use crate::session::transcript::Transcript;

    fn house(text: &str) -> Arc<House> {
        let accounts = Accounts::parse(Path::new("a.toml"), text).unwrap();
        let (settings, lists) = (Settings::default(), Lists::new());
        Arc::new(House::new(&settings, "mx.example", accounts, &lists, true, [1; 32], None))
    }

    /// The third message of NTLM with a response of NTLMv1: 24 octets.
    fn by_ntlm_v1() -> Vec<u8> {
        let user: Vec<u8> = "a".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let field = |length: u16, at: u32| {
            [&length.to_le_bytes()[..], &length.to_le_bytes(), &at.to_le_bytes()].concat()
        };
        let fields = [(0, 64), (24, 64), (0, 64), (user.len() as u16, 88), (0, 64), (0, 64)];
        let fields: Vec<u8> =
            fields.into_iter().flat_map(|(length, at)| field(length, at)).collect();
        [&b"NTLMSSP\0\x03\0\0\0"[..], &fields, &[1, 0, 0, 0], &[7; 24], &user].concat()
    }

    /// What is no guess at a password is not counted as one; and whoever has shown to be an account did not guess
    /// at it by a mechanism that it has no secret for.
    #[tokio::test]
    async fn who_does_not_guess_is_not_taken_for_one_who_does() {
        let kept = |password| {
            let kept = Credentials::derive(password, &[7; 16], 4096, false).unwrap();
            kept.scram.stored_form().to_string()
        };
        let house = house(&format!(
            "[account.a]\ndomains = [\"a.example\"]\nscram_sha_256 = \"{}\"\n\
             [account.b]\ndomains = [\"b.example\"]\nscram_sha_256 = \"{}\"\n",
            kept("one"),
            kept("two")
        ));
        let ip = IpAddr::from([127, 0, 0, 1]);
        let facts = LineFacts { ip, secure: true, channel_binding: None, certificate: None };
        let (settings, quiet) = (house.exchange.clone(), Transcript::default());
        let mut session = ServerSession::odmr(settings, true, quiet, std::time::Instant::now());
        let mut proof = Proof::new(house, ip);
        let told = |logins, guesses, forgiven| Failed { logins, guesses, forgiven };
        let negotiate = b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2".to_vec();
        proof.begin(&mut session, "NTLM", Some(negotiate), &facts).await;
        proof.go_on(&mut session, &by_ntlm_v1()).await;
        assert_eq!(proof.failures(), told(1, 0, 0), "NTLMv1 proves nothing");
        for name in ["a", "nobody"] {
            proof.begin(&mut session, "CRAM-MD5", None, &facts).await;
            proof.go_on(&mut session, format!("{name} {}", "0".repeat(32)).as_bytes()).await;
            assert_eq!(proof.failures(), told(1, 1, 0), "{name}: it cannot be told apart yet");
        }
        let plain = |name: &str, password: &str| Some(format!("\0{name}\0{password}").into_bytes());
        proof.begin(&mut session, "PLAIN", plain("a", "wrong"), &facts).await;
        assert_eq!(proof.failures(), told(1, 1, 0));
        proof.begin(&mut session, "PLAIN", plain("b", "two"), &facts).await;
        assert_eq!(proof.failures(), told(0, 0, 0), "it was not b that was tried");
        proof.begin(&mut session, "PLAIN", plain("a", "one"), &facts).await;
        assert_eq!(proof.failures(), told(0, 0, 1), "a wrong password stays a guess");
    }

    #[test]
    fn ntlm_is_listed_to_those_alone_among_whom_somebody_may_be_who_has_it() {
        let kept = Credentials::derive("x", &[7; 16], 4096, false).unwrap().with_ntlm("x");
        let (scram, ntlm) = (kept.scram.stored_form(), kept.ntlm.as_ref().unwrap().stored_form());
        let keys = format!("scram_sha_256 = \"{}\"\n", *scram);
        let text = format!(
            "[account.old]\ndomains = [\"old.example\"]\n{keys}ntlm = \"{}\"\nnetworks = [\"192.0.2.0/24\"]\n\
             [account.new]\ndomains = [\"new.example\"]\n{keys}",
            *ntlm
        );
        let house = house(&text);
        let lists = |ip: [u8; 4]| {
            let settings = house.exchange_for(IpAddr::from(ip));
            let names = [&settings.mechanisms.clear[..], &settings.mechanisms.tls].concat();
            names.iter().filter(|name| *name == "NTLM").count()
        };
        assert_eq!((lists([192, 0, 2, 7]), lists([198, 51, 100, 7])), (2, 0));
    }

    /// Where TLS comes first, nobody may do without but those that can do no better.
    #[test]
    fn who_may_log_in_without_tls_where_it_comes_first() {
        let kept = Credentials::derive("secret", &[7; 16], 4096, true).unwrap();
        let (scram, cram) = (kept.scram.stored_form(), kept.cram.as_ref().unwrap().stored_form());
        let keys = format!("scram_sha_256 = \"{}\"\ncram_md5 = \"{}\"\n", *scram, *cram);
        let text = format!(
            "[account.new]\ndomains = [\"new.example\"]\n{keys}\
             [account.old]\ndomains = [\"old.example\"]\nclear_login = true\n{keys}"
        );
        let lets_in = |require_tls: bool, name: &str, secure: bool| {
            let accounts = Accounts::parse(Path::new("a.toml"), &text).unwrap();
            let mut settings = Settings::default();
            settings.odmr.require_tls = require_tls;
            let lists = Lists::new();
            let house = House::new(&settings, "mx.example", accounts, &lists, true, [1; 32], None);
            assert!(!house.exchange.require_tls, "old.example could not come at all");
            let account = house.accounts.find(name).unwrap();
            let ip = IpAddr::from([127, 0, 0, 1]);
            may_come(account, &house, Mechanism::CramMd5, ip, secure)
        };
        assert!(lets_in(false, "new", false) && lets_in(true, "new", true));
        assert!(!lets_in(true, "new", false));
        assert!(lets_in(true, "old", false));
    }
}
