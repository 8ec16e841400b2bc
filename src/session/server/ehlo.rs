//! The greeting exchange and what it offers. RFC 5321, section 4.1.1.1.

use super::{Event, Hello, ServerSession, ServerSettings, words};
use crate::session::Profile;
use crate::smtp::xclient::{self, Attribute};
use crate::smtp::{Reply, Xclient};

impl<Stage> ServerSession<Stage> {
    /// EHLO or HELO: resets like RSET (RFC 5321, section 4.1.4), keeps an authentication.
    pub(super) fn greet(&mut self, name: &str, extended: bool) {
        self.drop_transaction();
        let name = self.introduced.as_deref().unwrap_or(name);
        self.hello = Some(Hello { name: name.to_owned(), extended });
        let reply = match extended {
            true => offers(&self.settings, self.secure, self.may_introduce),
            false => Reply::plain(250, "").saying(self.settings.name.clone()),
        };
        self.say(reply);
    }

    /// XCLIENT: the session begins anew, with another client. What stands behind it was written by the
    /// one in front, who knows what it does.
    pub(super) fn introduce(&mut self, attributes: &str) {
        if !self.may_introduce {
            return self.error(words::NOT_IMPLEMENTED);
        }
        if self.transaction.is_some() {
            return self.error(words::NOT_NOW);
        }
        let Some(said) = Xclient::parse(attributes) else {
            return self.error(words::BAD_INTRODUCTION);
        };
        self.hello = None;
        // Another address is another client: what was said of the last one does not count for it.
        if said.address != Attribute::Unsaid {
            self.introduced = None;
        }
        said.helo.clone().replace(&mut self.introduced);
        self.say(words::greeting(&self.settings));
        self.events.push_back(Event::Introduced(said));
    }

    /// The transaction is off; the caller is told, if it knew of one.
    pub(super) fn drop_transaction(&mut self) {
        if self.transaction.take().is_some() {
            self.events.push_back(Event::Reset);
        }
    }

    /// TLS is on: everything learnt before it is forgotten. RFC 3207, section 4.2.
    pub fn secured(&mut self, version: &str) {
        self.answered = true;
        self.input.clear();
        self.state = super::State::Command;
        self.secure = true;
        self.hello = None;
        self.introduced = None;
        self.identity = None;
        self.may_send = false;
        self.transaction = None;
        self.input.clear();
        self.splitter = Default::default();
        self.transcript.note(crate::session::transcript::Note::Tls(version.to_owned()));
    }

    /// Is the session protected by TLS?
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// STARTTLS. Whatever stands behind it was written before the client could trust us, or by
    /// somebody who wants it to look so: CVE-2011-0411.
    pub(super) fn starttls(&mut self) {
        if self.secure {
            self.error(words::ALREADY_TLS);
        } else if !self.settings.starttls {
            self.error(words::NOT_IMPLEMENTED);
        } else if !self.input.is_empty() {
            self.close_with(words::NOTHING_MAY_FOLLOW);
        } else {
            self.say(words::READY_FOR_TLS);
            self.drop_transaction();
            self.ask(super::Question::Starttls, Event::Starttls);
        }
    }
}

/// The EHLO reply of a profile.
fn offers(settings: &ServerSettings, secure: bool, xclient: bool) -> Reply {
    let mut lines =
        vec![settings.name.clone(), "ENHANCEDSTATUSCODES".to_owned(), "PIPELINING".to_owned()];
    if settings.profile.is_for_customers() {
        odmr_offers(settings, secure, &mut lines);
    }
    if settings.profile == Profile::Exchange {
        lines.push("TURN".to_owned());
    }
    if settings.profile != Profile::Odmr || settings.submission {
        mail_offers(settings, &mut lines);
    }
    if settings.etrn {
        lines.push("ETRN".to_owned());
    }
    if xclient {
        lines.push(xclient::OFFER.to_owned());
    }
    if settings.starttls && !secure {
        lines.push("STARTTLS".to_owned());
    }
    if !matches!(settings.profile, Profile::Mx | Profile::Lmtp | Profile::Exchange) {
        lines.push(match settings.max_streamed {
            u64::MAX => "XODMR STREAM".to_owned(),
            most => format!("XODMR STREAM={most}"),
        });
    }
    Reply::plain(250, "").saying(lines.join("\n"))
}

fn mail_offers(settings: &ServerSettings, lines: &mut Vec<String>) {
    // "SIZE 0" states no limit. RFC 1870, section 3.
    lines.push(format!(
        "SIZE {}",
        if settings.max_size == u64::MAX { 0 } else { settings.max_size }
    ));
    // Always: a provider must not have to convert or bounce what the next hop can carry.
    lines.push("8BITMIME".to_owned());
    let optional = [
        (settings.smtputf8, "SMTPUTF8"),
        (settings.chunking, "CHUNKING"),
        (settings.chunking && settings.binarymime, "BINARYMIME"),
        (settings.dsn, "DSN"),
    ];
    lines.extend(optional.iter().filter(|(on, _)| *on).map(|(_, keyword)| (*keyword).to_owned()));
    lines.push(match settings.max_messages {
        u64::MAX => format!("LIMITS RCPTMAX={}", settings.max_recipients),
        most => format!("LIMITS MAILMAX={most} RCPTMAX={}", settings.max_recipients),
    });
}

/// RFC 2645, section 5.1.1: AUTH and ATRN stand in the list from the start. ATRN goes without
/// parameters, because a filtering proxy is known to pass only the bare word.
fn odmr_offers(settings: &ServerSettings, secure: bool, lines: &mut Vec<String>) {
    let mechanisms = if secure { &settings.mechanisms.tls } else { &settings.mechanisms.clear };
    if !mechanisms.is_empty() {
        lines.push(format!("AUTH {}", mechanisms.join(" ")));
    }
    // The form of the drafts, for who knows no other: Exchange 5, Outlook Express 4.
    if settings.profile == Profile::Exchange && mechanisms.iter().any(|name| name == "LOGIN") {
        lines.push("AUTH=LOGIN".to_owned());
    }
    lines.push("ATRN".to_owned());
}
