//! What is asked for a single rule, beside the talks: TLS with offers that nobody should take, the other kind of
//! address, two challenges, the records of DNS. Each is asked when its rule is, and not before.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use rustls::pki_types::UnixTime;

use super::{Asked, EAR, Family, Kind, LOOK};
use crate::net::dns::{Asker, Question, Way, system_resolvers};
use crate::net::tls::{Fingerprint, Inspected, Voucher};
use crate::net::{Calling, ConnectError, Wire, connect};
use crate::probe::hello::{Answered, Offer, answer, client_hello};
use crate::probe::script::{Outcome, Side};
use crate::probe::suite::{Dane, TlsSeen, Tlsa};

const STARTTLS: &str = "== look\nC: STARTTLS\nS: 220\n";
const FAREWELL: &str = "== look\nfrom: tls\nC: QUIT\nS: 221\nS: closed\n";
const FAREWELL_AT_ONCE: &str = "== look\nfrom: greeted\nC: QUIT\nS: 221\nS: closed\n";
const CHALLENGE: &str =
    "== look\nfrom: ready\nalone: yes\nC: AUTH CRAM-MD5\nS: 334\nC: *\nS: xxx\n";
/// More recipients are not tried: whoever takes so many is taken at its word for the rest.
const MOST_RECIPIENTS: usize = 100;
/// No server has such a certificate.
const STRANGE: &str = "odmr-probe.invalid";
/// Name servers are near.
const DNS_PATIENCE: Duration = Duration::from_secs(5);
const IMPLICIT_PORT: u16 = 465;

impl Asked<'_> {
    /// Finds out what this rule has to know.
    pub(super) async fn look_for(&mut self, id: &str) {
        let has_tls = matches!(self.survey.tls, Some(Ok(_)));
        match id {
            "tls.version" if has_tls => {
                self.survey.aspects.old = self.offer(Offer::OldVersions).await;
            }
            "tls.cipher" if has_tls => {
                self.survey.aspects.weak = self.offer(Offer::WeakCiphers).await;
            }
            "tls.curve" if has_tls => {
                self.survey.aspects.curves = self.offer(Offer::WeakCurves).await;
            }
            "tls.sni" if has_tls && !self.is_nameless() => {
                self.survey.aspects.strange_name = self.called_strangely().await;
            }
            "tls.closenotify" if has_tls => {
                let at_once = self.asking.implicit_tls;
                let told = self.look(if at_once { FAREWELL_AT_ONCE } else { FAREWELL }).await;
                let ended = told.verdict.outcome == Outcome::Pass;
                self.survey.aspects.is_abrupt = ended.then_some(self.was_abrupt);
            }
            "tls.dane" if has_tls => {
                self.survey.aspects.dane = Some(self.records().await);
            }
            "tls.implicit465" if self.asking.kind == Kind::Submission => {
                self.survey.aspects.at_465 = Some(self.at_465().await);
            }
            "auth.replay" if self.mechanisms().iter().any(|one| one == "CRAM-MD5") => {
                for _ in 0..2 {
                    let challenge = self.challenge().await;
                    self.survey.challenges.extend(challenge);
                }
            }
            "lim.limits-ext" => self.as_many_as_listed().await,
            "rob.v6" => self.over_the_other_family().await,
            _ => {}
        }
    }

    fn is_by_address(&self) -> bool {
        self.asking.host.parse::<IpAddr>().is_ok()
    }

    /// The name that is said in a handshake.
    pub(super) fn tls_name(&self) -> &str {
        self.asking.servername.as_deref().unwrap_or(&self.asking.host)
    }

    /// Whoever is called by an address is told no name in a handshake.
    fn is_nameless(&self) -> bool {
        self.tls_name().parse::<IpAddr>().is_ok()
    }

    fn calling(&self) -> Calling {
        Calling { family: self.family, patience: self.asking.patience, ..Calling::default() }
    }

    /// A line on which the server waits for a handshake.
    async fn before_the_handshake(&mut self) -> Option<Wire> {
        self.hang_up().await;
        if self.asking.implicit_tls {
            return connect(&self.asking.host, self.asking.port, &self.calling()).await.ok();
        }
        let told = self.look(STARTTLS).await;
        let open = self.open.take()?;
        (told.verdict.outcome == Outcome::Pass).then_some(open.wire)
    }

    /// What the server makes of an offer. It is hung up on whatever it says.
    async fn offer(&mut self, offer: Offer) -> Option<Answered> {
        let mut wire = self.before_the_handshake().await?;
        let deadline = Some(Instant::now() + self.asking.patience);
        let name = (!self.is_nameless()).then_some(self.tls_name());
        wire.queue(client_hello(offer, name));
        let mut input = BytesMut::new();
        let sent = wire.flush(&mut input, EAR, deadline).await;
        let mut is_over = sent.is_err();
        loop {
            if let Some(told) = answer(&input, is_over) {
                return Some(told);
            }
            if input.len() > EAR {
                return Some(Answered::Untold);
            }
            match wire.read(&mut input, deadline).await {
                Ok(1..) => {}
                Ok(0) | Err(crate::net::WireFault::Closed) => is_over = true,
                Err(crate::net::WireFault::TimedOut { .. }) => return Some(Answered::Untold),
                Err(_) => is_over = true,
            }
        }
    }

    /// Shakes hands with a server that is called by a name of nobody.
    async fn called_strangely(&mut self) -> Option<Result<(), String>> {
        let wire = self.before_the_handshake().await?;
        let deadline = Some(Instant::now() + self.asking.patience);
        let shaken = wire.start_tls_client(&self.tls, STRANGE, deadline).await;
        Some(shaken.map(drop).map_err(|why| why.to_string()))
    }

    async fn at_465(&mut self) -> Result<(), String> {
        if self.asking.implicit_tls {
            return Ok(());
        }
        let wire = connect(&self.asking.host, IMPLICIT_PORT, &self.calling()).await;
        let wire = wire.map_err(|why| why.to_string())?;
        let deadline = Some(Instant::now() + self.asking.patience);
        let shaken = wire.start_tls_client(&self.tls, self.tls_name(), deadline).await;
        shaken.map(drop).map_err(|why| why.to_string())
    }

    async fn challenge(&mut self) -> Option<String> {
        let told = self.look(CHALLENGE).await;
        let theirs = told.words.iter().filter(|word| word.side == Side::Theirs);
        let line = theirs.filter_map(|word| word.octets.strip_prefix(b"334 ")).next_back()?;
        Some(String::from_utf8_lossy(line).trim_end().to_owned())
    }

    async fn as_many_as_listed(&mut self) {
        let listed = self.survey.listed_limit().and_then(|listed| listed.parse::<usize>().ok());
        let Some(listed @ 1..) = listed else { return };
        let number = listed.min(MOST_RECIPIENTS);
        let text = format!(
            "== look\nfrom: mail\nalone: yes\nC*{number}: RCPT TO:<{{rcpt}}>\nS: xxx\nC: RSET\nS: xxx\n"
        );
        let told = self.look(&text).await;
        let theirs = told.words.iter().filter(|word| word.side == Side::Theirs);
        let taken = theirs.filter(|word| word.octets.starts_with(b"25")).count();
        // EHLO, MAIL and RSET were answered so, too.
        let taken = taken.saturating_sub(3);
        self.survey.taken = Some(if taken >= number { listed } else { taken });
    }

    /// The same look at the server, by way of its other addresses.
    async fn over_the_other_family(&mut self) {
        if self.asking.family != Family::Any || self.is_by_address() {
            return;
        }
        let before = self.family;
        self.family = if self.over_v6 { Family::V4 } else { Family::V6 };
        self.hang_up().await;
        self.survey.other_family = match self.connect().await {
            Err(ConnectError::WrongFamily { .. }) => None,
            Err(why) => Some(Err(why.to_string())),
            Ok(()) => {
                let told = self.look(LOOK).await;
                Some(Ok(super::heard(&told.words)))
            }
        };
        self.hang_up().await;
        self.family = before;
    }

    /// What DNS says about the certificate; who is called by an address, or on this machine, has no records.
    async fn records(&self) -> Dane {
        let host = self.asking.host.trim_end_matches('.');
        if self.is_by_address() || !host.contains('.') {
            return Dane::Nothing("the server is called by no name that DNS knows".to_owned());
        }
        let resolver = match system_resolvers() {
            Ok(all) => all.into_iter().next(),
            Err(why) => return Dane::Untold(format!("DNS: {why}")),
        };
        let Some(resolver) = resolver else {
            return Dane::Untold("this machine knows no resolver".to_owned());
        };
        let Ok(name) = Name::from_ascii(format!("_{}._tcp.{host}.", self.asking.port)) else {
            return Dane::Nothing("the server's name is none that DNS can be asked for".to_owned());
        };
        let question = Question {
            name,
            kind: RecordType::TLSA,
            recurse: true,
            unchecked: false,
            edns: true,
            signed: true,
            tcp: false,
        };
        let asker = Asker::new(DNS_PATIENCE, 2);
        let (heard, _) = asker.timed(resolver, &Way::Plain, &question).await;
        let heard = match heard {
            Ok(heard) => heard,
            Err(why) => return Dane::Untold(format!("DNS: {why:?}")),
        };
        let records: Vec<Tlsa> =
            heard.answers.iter().filter_map(|record| tlsa(&record.data)).collect();
        match heard.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain if records.is_empty() => {
                Dane::Nothing(format!("there are no TLSA records at {}", question.name))
            }
            ResponseCode::NoError if heard.metadata.authentic_data => Dane::Records(records),
            ResponseCode::NoError => {
                Dane::Untold("the resolver does not say that the records are genuine".to_owned())
            }
            other => Dane::Untold(format!("DNS answers {other}")),
        }
    }

    /// What a handshake shows.
    pub(super) fn looked_at(&self, wire: &Wire) -> TlsSeen {
        let version = wire.tls().map_or("", |facts| facts.version()).to_owned();
        let now = UnixTime::now();
        let host = self.tls_name();
        let seen = self.inspector.inspect(wire.server_chain(), host, now);
        let own = seen.chain.first().cloned().unwrap_or_else(Inspected::default);
        let (unvouched, no_roots) = match &seen.vouched {
            Voucher::Known => (None, None),
            Voucher::Itself => (Some("it is signed by itself".to_owned()), None),
            Voucher::Nobody => (Some("no known authority vouches for it".to_owned()), None),
            Voucher::Amiss(why) => (Some(why.clone()), None),
            Voucher::Untold(why) => (None, Some(why.clone())),
        };
        let is_by_address = self.is_nameless();
        let hint = if is_by_address { "; call the server by its name" } else { "" };
        let wrong_name = (!seen.is_for_name).then(|| format!("it is not for {host}{hint}"));
        let at = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let dated = match () {
            () if at < own.not_before => Some("it is not good yet".to_owned()),
            () if at > own.not_after => Some("it has expired".to_owned()),
            () => None,
        };
        // Where the one that is good is named, that decides, and nothing else.
        let pinned = self.asking.fingerprint.map(|good| stranger_to(good, &seen.chain));
        let (unvouched, no_roots, wrong_name, dated) = match pinned {
            None => (unvouched, no_roots, wrong_name, dated),
            Some(stranger) => (stranger, None, None, None),
        };
        let distrust = unvouched.clone().or_else(|| no_roots.clone()).or(dated);
        TlsSeen {
            version,
            distrust: distrust.or_else(|| wrong_name.clone()),
            is_by_address,
            wrong_name,
            unvouched,
            no_roots,
            now: at,
            not_before: own.not_before,
            not_after: own.not_after,
            key: own.key,
            bits: own.bits,
            signature: own.signature,
            chain: seen.chain.into_iter().map(|one| one.der).collect(),
        }
    }
}

/// Why the first certificate is not the one that is good.
fn stranger_to(good: Fingerprint, chain: &[Inspected]) -> Option<String> {
    let own = chain.first().map(|own| Fingerprint::of(&own.der.as_slice().into()));
    match own {
        Some(own) if own == good => None,
        Some(own) => Some(format!("it is {own}, and not the one that was named")),
        None => Some("there is none".to_owned()),
    }
}

fn tlsa(data: &RData) -> Option<Tlsa> {
    let RData::TLSA(tlsa) = data else { return None };
    Some(Tlsa {
        usage: u8::from(tlsa.cert_usage),
        selector: u8::from(tlsa.selector),
        matching: u8::from(tlsa.matching),
        value: tlsa.cert_data.clone(),
    })
}
