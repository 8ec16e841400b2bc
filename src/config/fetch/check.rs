//! What an account's values mean together, and whether the files they name are there. Reports
//! everything it finds, not only the first.

use std::path::Path;
use std::time::Duration as StdDuration;

use super::table::OF_A_PROVIDER;
use super::{ClearAuth, Effective, Family, Introduce, Mechanism, Others, TlsMin, TlsMode};
use crate::config::document::{Problem, Problems};
use crate::config::value::{Deliver, Duration, OwnAddress};
use crate::smtp::Domain;

/// What the account is wanted for; each asks for more settings than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Trying the target.
    TestTarget,
    /// Logging in and looking around.
    Check,
    /// Fetching.
    Run,
}

impl Effective {
    /// Judges the account.
    ///
    /// # Errors
    /// Every problem found.
    pub fn check(&self, purpose: Purpose) -> Result<(), Problems> {
        let mut found = Vec::new();
        let mut note = |faults: Vec<Fault>| {
            found.extend(faults.into_iter().map(|fault| self.told(fault)));
        };
        if purpose != Purpose::Check {
            note(self.target_faults());
            note(self.maildir_faults());
        }
        if purpose != Purpose::TestTarget {
            note(self.line_faults());
            note(self.login_faults());
            note(self.unreadable_files());
        }
        if purpose == Purpose::Run {
            note(self.mail_faults());
            note(self.unwritable_folder());
            note(self.provider_faults());
            note(self.rhythm_faults());
        }
        note(self.timeout_faults());
        Problems::none_in(found)
    }

    fn told(&self, fault: Fault) -> Problem {
        let mut problem = self.problem(fault.key, fault.fault);
        problem.hint = fault.hint.map(str::to_owned);
        problem
    }

    fn target_faults(&self) -> Vec<Fault> {
        let a = &self.account;
        let command = matches!(a.deliver, Some(Deliver::Command(_)));
        let introduces = a.introduce != Introduce::None;
        let folder_or_program =
            matches!(a.deliver, Some(Deliver::Maildir(_) | Deliver::Command(_)));
        faults([
            rule(a.deliver.is_none(), "deliver", "not set: where is the mail to go?")
                .hint("for example lmtp:unix:/run/dovecot/lmtp or maildir:/var/mail/acme"),
            rule(
                !a.arguments.is_empty() && a.deliver.is_some() && !command,
                "arguments",
                "set, but mail does not go to a program",
            )
            .hint("they are for deliver = \"command:/usr/bin/maildrop\""),
            rule(
                !matches!(a.bounces, None | Some(Deliver::Smtp(..))),
                "bounces",
                "only a mail server can tell a sender in the world",
            )
            .hint("for example bounces = \"smtp:localhost:25\""),
            rule(
                a.bounces.is_some() && a.spool.is_none(),
                "bounces",
                "set, but without spool it is the provider that tells senders",
            )
            .hint("spool = \"/var/lib/atrn-fetch/queue\" keeps mail here first"),
            rule(
                introduces && a.spool.is_none(),
                "introduce",
                "set, but without spool the target hears of mail before its Received fields are here",
            )
            .hint("spool = \"/var/lib/atrn-fetch/queue\" keeps mail here first"),
            rule(
                introduces && folder_or_program,
                "introduce",
                "set, but mail does not go to a server",
            )
            .hint("a Maildir or a program can read the Received fields"),
        ])
    }

    fn maildir_faults(&self) -> Vec<Fault> {
        let a = &self.account;
        let maildir = matches!(a.deliver, Some(Deliver::Maildir(_)));
        faults([
            rule(
                !a.folders.is_empty() && a.deliver.is_some() && !maildir,
                "folders",
                "set, but mail does not go to a Maildir",
            )
            .hint(
                "an MTA or LMTP server sorts by itself; folders are for deliver = \"maildir:...\"",
            ),
            rule(
                a.others != Others::Inbox && a.deliver.is_some() && !maildir,
                "others",
                "set, but mail does not go to a Maildir",
            )
            .hint("whom an MTA or LMTP server does not know is refused by it, and so by us"),
            rule(
                a.others == Others::Refuse && maildir && a.folders.is_empty(),
                "others",
                "refuse, and no folder is named: nobody would have mail",
            )
            .hint("name who exists in folders, or let others be local-part"),
        ])
    }

    fn line_faults(&self) -> Vec<Fault> {
        let a = &self.account;
        let clear = a.tls == TlsMode::None;
        let may_be_clear = clear || a.tls == TlsMode::Opportunistic;
        faults([
            rule(a.server.is_none(), "server", "not set: whom are we to call?")
                .hint("for example odmr.example.net"),
            rule(a.fingerprint.is_some() && clear, "fingerprint", "set, but tls is none")
                .hint("in clear there is no certificate to know the server by"),
            rule(a.fingerprint.is_some() && a.ca.is_some(), "fingerprint", "set, but so is ca")
                .hint("either the one certificate is trusted or its signer; remove one"),
            rule(
                a.tls_min == TlsMin::Tls13 && may_be_clear,
                "tls_min",
                "set, but tls allows a line in clear",
            )
            .hint("tls = \"require\" keeps what is asked for"),
            rule(a.port == 0, "port", "saw 0; allowed: 1 to 65535"),
            rule(
                a.bind.is_some_and(|own| a.family == other_family(own)),
                "bind",
                "set, but family allows no call from there",
            )
            .hint("from an IPv4 address only IPv4 addresses are called, and so with IPv6"),
            rule(a.certificate.is_some() && a.key.is_none(), "key", "not set, but certificate is")
                .hint("a certificate is of use only with its key"),
            rule(a.key.is_some() && a.certificate.is_none(), "certificate", "not set, but key is")
                .hint("a key is of use only with its certificate"),
        ])
    }

    /// Of the further providers, told by their number.
    fn provider_faults(&self) -> Vec<Fault> {
        let mut found = Vec::new();
        let layers = self.account.fallback.iter();
        for (n, (layer, account)) in layers.zip(self.account.providers().iter().skip(1)).enumerate()
        {
            let provider = Effective { account: account.clone(), ..self.clone() };
            let own = layer.keys_set().into_iter().filter(|key| !OF_A_PROVIDER.contains(key));
            let foreign = own.map(|key| {
                Fault::new("fallback", format!("{key}: a provider has none of its own"))
                    .hint("one account has one target; an account of its own may have another")
            });
            let nameless = rule(layer.server.is_none(), "server", "not set: whom are we to call?");
            let faults = foreign
                .chain(faults([nameless]))
                .chain(provider.line_faults())
                .chain(provider.login_faults())
                .chain(provider.unreadable_files());
            found.extend(faults.map(|fault| {
                let key = if fault.key == "fallback" {
                    String::new()
                } else {
                    format!("{}: ", fault.key)
                };
                let text = format!("number {}: {key}{}", n + 1, fault.fault);
                Fault { key: "fallback", fault: text, hint: fault.hint }
            }));
        }
        found
    }

    fn login_faults(&self) -> Vec<Fault> {
        let a = &self.account;
        let external = a.mechanism == Mechanism::External;
        let in_clear = a.tls == TlsMode::None;
        let needs_plain = matches!(a.mechanism, Mechanism::Plain | Mechanism::Login);
        faults([
            rule(a.user.is_none() && !external, "user", "not set: who are we?").hint(
                "the account's name at the provider; only mechanism = \"external\" needs none",
            ),
            rule(
                a.password.is_none() && a.certificate.is_none() && !external,
                "password",
                "not set: how are we to prove who we are?",
            )
            .hint("password = { file = \"acme.password\" }; without it only a person at a terminal is asked"),
            rule(
                external && a.certificate.is_none(),
                "mechanism",
                "saw external, but certificate is not set",
            )
            .hint("EXTERNAL shows our TLS certificate; set certificate and key"),
            rule(
                in_clear && needs_plain && a.clear_auth < ClearAuth::Plain,
                "mechanism",
                "shows the password, and tls is none",
            )
            .hint("use TLS, or say clear_auth = \"plain\" if the line is your own"),
            rule(
                in_clear && a.mechanism == Mechanism::CramMd5 && a.clear_auth < ClearAuth::CramMd5,
                "mechanism",
                "saw cram-md5, and tls is none",
            )
            .hint("use TLS, or say clear_auth = \"cram-md5\""),
            rule(
                in_clear && a.mechanism == Mechanism::ScramSha256Plus,
                "mechanism",
                "saw scram-sha-256-plus, and tls is none",
            )
            .hint("it is bound to the TLS channel; use TLS or scram-sha-256"),
        ])
    }

    fn mail_faults(&self) -> Vec<Fault> {
        let a = &self.account;
        let zero = "saw 0; allowed: 1 or more";
        faults([
            rule(
                a.domains.is_empty() && a.accept_domains.is_empty(),
                "accept_domains",
                "not set, and neither is domains: whose mail are we to take?",
            )
            .hint(
                "domains = [\"example.org\"], or --domain example.org, asks for it and takes it; nothing else is taken",
            ),
            rule(
                a.map_domains.iter().any(|mapped| !self.takes(&mapped.from)),
                "map_domains",
                "has a domain that no mail is taken for",
            )
            .hint("on the left stands a domain as the provider has it, one of domains or accept_domains"),
            rule(a.max_rounds == 0, "max_rounds", zero),
            rule(a.max_messages == Some(0), "max_messages", zero),
            rule(a.max_bytes.is_some_and(|size| size.octets() == 0), "max_bytes", zero),
            rule(
                a.max_message_size.is_some_and(|size| size.octets() == 0),
                "max_message_size",
                zero,
            ),
        ])
    }

    fn takes(&self, domain: &Domain) -> bool {
        let a = &self.account;
        let named = if a.domains.is_empty() { &a.accept_domains } else { &a.domains };
        named.is_empty() || named.contains(domain)
    }

    fn rhythm_faults(&self) -> Vec<Fault> {
        let a = &self.account;
        let bounds = |key, time: Duration, least: Duration, most: Duration, allowed| {
            let fault = format!("saw {time}; allowed: {allowed}");
            rule(!(least..=most).contains(&time), key, fault)
        };
        let (second, day) = (Duration::seconds(10), Duration::days(1));
        faults([
            bounds("interval", a.interval, second, Duration::days(30), "10s to 30d"),
            bounds("max_backoff", a.max_backoff, second, Duration::days(30), "10s to 30d"),
            bounds("jitter", a.jitter, Duration::seconds(0), day, "0s to 1d"),
        ])
    }

    fn timeout_faults(&self) -> Vec<Fault> {
        let a = &self.account;
        let times = [
            ("max_session", a.max_session),
            ("timeout_connect", a.timeout_connect),
            ("timeout_greeting", a.timeout_greeting),
            ("timeout_command", a.timeout_command),
            ("timeout_data", a.timeout_data),
            ("timeout_target", a.timeout_target),
            ("timeout_program", a.timeout_program),
        ];
        let turn = between("timeout_turn", a.timeout_turn, Duration::minutes(10), "10m to 24h");
        let turn = turn.hint("RFC 2645, section 5.2.1 lets the provider look that long");
        let others = times.map(|(key, time)| between(key, time, Duration::seconds(1), "1s to 24h"));
        faults(others.into_iter().chain([turn]))
    }

    /// A dialogue that cannot be kept is better known before the mail has come.
    fn unwritable_folder(&self) -> Vec<Fault> {
        let fault = self.account.transcript.as_deref().and_then(no_writing_to);
        let hint = "make the folder, for this user's eyes only: dialogues name people";
        fault.map(|fault| Fault::new("transcript", fault).hint(hint)).into_iter().collect()
    }

    fn unreadable_files(&self) -> Vec<Fault> {
        let a = &self.account;
        let files = [("ca", &a.ca), ("certificate", &a.certificate), ("key", &a.key)];
        let unreadable =
            files.into_iter().filter_map(|(key, path)| unreadable(key, path.as_deref()?));
        unreadable.chain(a.key.as_deref().and_then(readable_by_others)).collect()
    }
}

/// Why no file can be made in this folder; nothing where one can.
pub fn no_writing_to(folder: &Path) -> Option<String> {
    let shown = folder.display();
    match std::fs::metadata(folder) {
        Err(error) => Some(format!("{shown}: {error}")),
        Ok(facts) if !facts.is_dir() => Some(format!("{shown} is no folder")),
        Ok(_) => {
            let may = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
            let error = rustix::fs::access(folder, may).err()?;
            Some(format!("no file can be made in {shown}: {error}"))
        }
    }
}

fn other_family(own: OwnAddress) -> Family {
    if own.0.is_ipv4() { Family::Ipv6 } else { Family::Ipv4 }
}

fn unreadable(key: &'static str, path: &Path) -> Option<Fault> {
    let error = std::fs::File::open(path).err()?;
    Some(Fault::new(key, format!("{} cannot be read: {error}", path.display())))
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> Option<Fault> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let fault = || {
        let path = path.display();
        let fault =
            format!("{path} has mode {mode:04o}: others may read it; allowed: 0600 or less");
        Fault::new("key", fault).hint("chmod 0600 it")
    };
    (mode & 0o077 != 0).then(fault)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<Fault> {
    None
}

/// One thing wrong, before it is known where the setting came from.
struct Fault {
    key: &'static str,
    fault: String,
    hint: Option<&'static str>,
}

impl Fault {
    fn new(key: &'static str, fault: impl Into<String>) -> Fault {
        Fault { key, fault: fault.into(), hint: None }
    }

    fn hint(mut self, hint: &'static str) -> Fault {
        self.hint = Some(hint);
        self
    }
}

/// A row of a table of rules: broken or not, and what is said when it is.
struct Rule {
    broken: bool,
    fault: Fault,
}

fn rule(broken: bool, key: &'static str, fault: impl Into<String>) -> Rule {
    Rule { broken, fault: Fault::new(key, fault) }
}

impl Rule {
    fn hint(mut self, hint: &'static str) -> Rule {
        self.fault = self.fault.hint(hint);
        self
    }
}

fn between(key: &'static str, time: Duration, least: Duration, allowed: &str) -> Rule {
    let day = StdDuration::from_secs(86400);
    let broken = time < least || time.get() > day;
    rule(broken, key, format!("saw {time}; allowed: {allowed}"))
}

fn faults(rules: impl IntoIterator<Item = Rule>) -> Vec<Fault> {
    rules.into_iter().filter(|rule| rule.broken).map(|rule| rule.fault).collect()
}
