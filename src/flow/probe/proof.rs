//! The login, and what may be told of it: that there was one, and by what.

use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use zeroize::Zeroizing;

use super::{Asked, EAR, Unreached};
use crate::flow::login::Vetted;
use crate::probe::script::{Outcome, Side};
use crate::probe::suite::mechanisms;
use crate::session::secrets::Secrets;
use crate::smtp::{Reply, ReplyParser};

/// A login that gets so far and no further.
pub(super) const LOG_IN: &str = "== look\nfrom: login\n* wait 0s\n";
/// No mechanism has more messages.
const MOST_MESSAGES: usize = 8;

/// What was said for a login, its secrets left out.
pub(super) type Noted = Vec<(Side, Vec<u8>)>;

impl Asked<'_> {
    /// What is offered where a login takes place.
    pub(super) fn mechanisms(&self) -> Vec<String> {
        mechanisms(&self.survey, self.asking.starttls && self.offers_starttls())
    }

    /// Logs in once: without it there is little to ask.
    pub(super) async fn try_login(&mut self) -> Result<(), Unreached> {
        let told = self.look(LOG_IN).await.verdict;
        if told.outcome == Outcome::Pass {
            return Ok(());
        }
        let why = format!("{}:{}: {}", self.asking.host, self.asking.port, told.why);
        Err(Unreached::Denied { why, for_now: std::mem::take(&mut self.not_now) })
    }

    /// Says who we are.
    pub(super) async fn prove(&mut self, noted: &mut Noted) -> Result<(), String> {
        let login = self.asking.login.as_ref().ok_or("nobody said who logs in")?;
        let open = self.open.as_mut().ok_or("the line is closed")?;
        let offered = mechanisms(&self.survey, open.tls && !self.asking.implicit_tls);
        let vetted = Vetted {
            is_proven: open.is_proven,
            exporter: open.wire.tls().and_then(|facts| facts.exporter().copied()),
            in_clear: self.asking.in_clear,
        };
        let mut exchange = login.begin(&offered, vetted)?;
        self.secrets = Secrets::default();
        let verb = format!("AUTH {}\r\n", exchange.mechanism());
        noted.push((Side::Ours, verb.clone().into_bytes()));
        let mut said = self.say(verb.as_bytes()).await?;
        for _ in 0..MOST_MESSAGES {
            noted.push((Side::Theirs, shown(&said)));
            if said.code == 235 {
                exchange.finish().map_err(|why| why.to_string())?;
                if let Some(open) = &mut self.open {
                    open.is_in = true;
                }
                return Ok(());
            }
            if said.code != 334 {
                self.not_now = said.is_transient();
                return Err(format!(
                    "{} {}",
                    said.code,
                    said.text.lines().next().unwrap_or_default()
                ));
            }
            let challenge = BASE64_STANDARD.decode(said.text.trim()).unwrap_or_default();
            let answer = exchange.respond(&challenge).map_err(|why| why.to_string())?;
            self.secrets.add(&answer[..]);
            let answer = Zeroizing::new(format!("{}\r\n", BASE64_STANDARD.encode(&answer[..])));
            noted.push((Side::Ours, b"...\r\n".to_vec()));
            said = self.say(answer.as_bytes()).await?;
        }
        Err("it asks without end".to_owned())
    }

    /// Says a line, and hears the reply.
    async fn say(&mut self, line: &[u8]) -> Result<Reply, String> {
        let deadline = Some(Instant::now() + self.asking.patience);
        let open = self.open.as_mut().ok_or("the line is closed")?;
        let (mut input, mut parser) = (BytesMut::new(), ReplyParser::default());
        open.wire.queue(line.to_vec());
        open.wire.flush(&mut input, EAR, deadline).await.map_err(|why| why.to_string())?;
        loop {
            let heard =
                parser.next(&mut input).map_err(|why| self.secrets.hidden(&why.to_string()));
            if let Some(mut reply) = heard? {
                self.secrets.hide_in(&mut reply);
                return Ok(reply);
            }
            if input.len() > EAR {
                return Err("it talks without end".to_owned());
            }
            match open.wire.read(&mut input, deadline).await {
                Ok(0) => return Err("it hung up".to_owned()),
                Ok(_) => {}
                Err(why) => return Err(why.to_string()),
            }
        }
    }
}

/// A reply as it may be told: a challenge says nothing to anybody.
fn shown(reply: &Reply) -> Vec<u8> {
    match reply.code {
        334 => b"334 ...\r\n".to_vec(),
        code => {
            format!("{code} {}\r\n", reply.text.lines().next().unwrap_or_default()).into_bytes()
        }
    }
}
