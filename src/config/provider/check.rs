//! What the provider's values mean together, and whether the files they name are there. Reports
//! everything it finds, not only the first.

use std::path::Path;
use std::time::Duration as StdDuration;

use super::{DomainSettings, Loaded, Settings, places};
use crate::config::document::{Problem, Problems, quoted_if_needed};
use crate::config::fetch::TlsMode;
use crate::config::recipients::Recipients;
use crate::config::value::{Duration, Listen};
use crate::smtp::Domain;
use crate::smtp::Mailbox;

impl Loaded {
    /// Judges the values together and looks at the files they name.
    ///
    /// # Errors
    /// Every problem found.
    pub fn check(&self) -> Result<(), Problems> {
        let mut found = self.faults();
        found.extend(self.tls_files());
        found.extend(self.recipient_lists());
        Problems::none_in(found)
    }

    /// The faults that the values alone show; no file is touched.
    fn faults(&self) -> Vec<Problem> {
        rules(&self.settings)
            .into_iter()
            .filter(|rule| rule.broken)
            .map(|rule| self.document.problem(&rule.key, rule.fault).hint(rule.hint))
            .chain(self.lifetimes())
            .chain(self.delimiters())
            .chain(self.hosts())
            .chain(self.ports())
            .collect()
    }

    fn lifetimes(&self) -> impl Iterator<Item = Problem> {
        let domains = self.settings.domains.iter().filter_map(|(domain, special)| {
            Some((
                format!("domains.{}.lifetime", quoted_if_needed(domain.as_str())),
                special.lifetime?,
            ))
        });
        let own = ("queue.lifetime".to_owned(), self.settings.queue.lifetime);
        std::iter::once(own).chain(domains).filter(|(_, lifetime)| !sensible(*lifetime)).map(
            |(key, lifetime)| {
                let fault = format!("saw {lifetime}; allowed: 1h to 3650d");
                let hint = "mail that its customer has not fetched by then is given up";
                self.document.problem(&key, fault).hint(hint)
            },
        )
    }

    fn hosts(&self) -> impl Iterator<Item = Problem> {
        self.settings.domains.iter().filter(|(_, special)| special.host.is_none()).flat_map(
            move |(domain, special)| {
                let set = [
                    ("host_port", special.host_port.is_some()),
                    ("host_tls", special.host_tls.is_some()),
                    ("host_ca", special.host_ca.is_some()),
                    ("host_fingerprint", special.host_fingerprint.is_some()),
                    ("push", special.push.is_some()),
                    ("etrn", special.etrn.is_some()),
                ];
                let domain = quoted_if_needed(domain.as_str());
                set.into_iter().filter(|(_, set)| *set).map(move |(name, _)| {
                    let key = format!("domains.{domain}.{name}");
                    let fault = "set, but host is not: there is nobody to bring mail to";
                    self.document.problem(&key, fault).hint("host = \"mail.example.org\"")
                })
            },
        )
    }

    fn ports(&self) -> impl Iterator<Item = Problem> {
        let zero = |special: &DomainSettings| special.host_port == Some(0);
        self.settings.domains.iter().filter(move |(_, special)| zero(special)).map(|(domain, _)| {
            let key = format!("domains.{}.host_port", quoted_if_needed(domain.as_str()));
            self.document.problem(&key, "saw 0; allowed: 1 to 65535").hint("host_port = 25")
        })
    }

    fn delimiters(&self) -> impl Iterator<Item = Problem> {
        self.settings.domains.iter().filter_map(|(domain, special)| {
            let seen = special.recipient_delimiter.as_deref()?;
            let key = |name| format!("domains.{}.{name}", quoted_if_needed(domain.as_str()));
            let problem = |fault| self.document.problem(&key("recipient_delimiter"), fault);
            let may = |c: char| c.is_ascii_punctuation() && !"@.\"\\,:;<>()[]".contains(c);
            if seen.is_empty() || !seen.chars().all(may) {
                let fault = format!("saw {seen:?}; allowed: characters such as + - _ = #");
                return Some(problem(fault).hint("recipient_delimiter = \"+\""));
            }
            special.recipients.is_none().then(|| {
                let fault = "set, but the domain has no list of recipients".to_owned();
                problem(fault).hint("without a list every recipient is accepted as it is")
            })
        })
    }

    fn tls_files(&self) -> Vec<Problem> {
        let tls = &self.settings.tls;
        let certificate = tls.certificate.as_deref().map(|path| ("tls.certificate", path));
        let authority = tls.client_ca.as_deref().map(|path| ("tls.client_ca", path));
        let smarthost = self.settings.smarthost.ca.as_deref().map(|path| ("smarthost.ca", path));
        let readable = certificate.into_iter().chain(authority).chain(smarthost);
        let readable = readable.map(|(key, path)| (key.to_owned(), path));
        let hosts = self.settings.domains.iter().filter_map(|(domain, special)| {
            let key = format!("domains.{}.host_ca", quoted_if_needed(domain.as_str()));
            Some((key, special.host_ca.as_deref()?))
        });
        let mut found: Vec<Problem> = readable
            .chain(hosts)
            .filter_map(|(key, path)| self.pem(&key, path, "CERTIFICATE"))
            .collect();
        if let Some(path) = &tls.key {
            found.extend(self.pem("tls.key", path, "PRIVATE KEY").or_else(|| self.private(path)));
        }
        found
    }

    /// A PEM file must hold at least one block of this kind.
    fn pem(&self, key: &str, path: &Path, kind: &str) -> Option<Problem> {
        let fault = match std::fs::read_to_string(path) {
            Err(error) => format!("{} cannot be read: {error}", path.display()),
            Ok(text) if !text.contains(&format!("{kind}-----")) => {
                format!("{} holds no {kind} in PEM", path.display())
            }
            Ok(_) => return None,
        };
        Some(self.document.problem(key, fault))
    }

    #[cfg(unix)]
    fn private(&self, path: &Path) -> Option<Problem> {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
        if mode & 0o007 == 0 {
            return None;
        }
        let path = path.display();
        let fault =
            format!("{path} has mode {mode:04o}: others may read it; allowed: 0640 or less");
        Some(self.document.problem("tls.key", fault).hint(format!("chmod 0600 {path}")))
    }

    #[cfg(not(unix))]
    fn private(&self, _: &Path) -> Option<Problem> {
        None
    }

    fn recipient_lists(&self) -> Vec<Problem> {
        let domains = self.settings.domains.iter();
        domains
            .filter_map(|(domain, special)| {
                let fault = load_recipients(special.recipients.as_deref()?, domain).err()?;
                let key = format!("domains.{}.recipients", quoted_if_needed(domain.as_str()));
                Some(self.document.problem(&key, fault))
            })
            .collect()
    }
}

/// Reads a domain's list of recipients.
///
/// # Errors
/// In one line: the file, and what is wrong with it or in it.
pub fn load_recipients(path: &Path, domain: &Domain) -> Result<Recipients, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Recipients::parse(&text, domain).map_err(|bad| format!("{}: {bad}", path.display()))
}

pub(super) struct Rule {
    broken: bool,
    key: String,
    fault: String,
    hint: &'static str,
}

pub(super) fn rule(broken: bool, key: &str, fault: impl Into<String>, hint: &'static str) -> Rule {
    Rule { broken, key: key.to_owned(), fault: fault.into(), hint }
}

/// One row a rule.
#[rustfmt::skip]
fn rules(s: &Settings) -> Vec<Rule> {
    let (tls, odmr, mx) = (&s.tls, &s.odmr, &s.mx);
    let no_certificate = tls.certificate.is_none();
    let nowhere = mx.listen.is_empty() && odmr.listen.is_empty() && odmr.listen_tls.is_empty();
    let mut rules = vec![
        rule(nowhere, "odmr.listen", "nothing listens anywhere; allowed: one address at least",
            "listen = [\":366\"] is the default"),
        rule(tls.certificate.is_some() && tls.key.is_none(), "tls.key", "not set, but tls.certificate is",
            "a certificate is of use only with its key"),
        rule(no_certificate && tls.key.is_some(), "tls.certificate", "not set, but tls.key is",
            "a key is of use only with its certificate"),
        rule(no_certificate && !odmr.listen_tls.is_empty(), "odmr.listen_tls", "set, but tls.certificate is not",
            "set tls.certificate and tls.key; odmrd init makes a pair to begin with"),
        rule(no_certificate && odmr.require_tls, "odmr.require_tls", "set, but tls.certificate is not",
            "nobody could log in; set tls.certificate and tls.key"),
        rule(no_certificate && !(s.submission.listen.is_empty() && s.submission.listen_tls.is_empty()), "submission.listen",
            "set, but tls.certificate is not", "nobody logs in there before TLS; set tls.certificate and tls.key"),
        rule(mx.max_recipients < 100, "mx.max_recipients", format!("saw {}; allowed: 100 or more", mx.max_recipients),
            "RFC 5321, section 4.5.3.1.8"),
        rule(mx.max_received < 100, "mx.max_received", format!("saw {}; allowed: 100 or more", mx.max_received),
            "RFC 5321, section 6.3"),
        rule(mx.max_size.octets() < 65536, "mx.max_size", format!("saw {}; allowed: 64 KiB or more", mx.max_size),
            "RFC 5321, section 4.5.3.1.7"),
        rule(s.group.is_some() && s.user.is_none(), "group", "set, but user is not",
            "privileges are dropped to a user; set both"),
        rule(s.control.group.is_some() && s.control_socket().starts_with(&s.state_dir), "control.group",
            "set, but its members are not let into the state directory, where the socket is",
            "socket = \"/run/odmr/control\", in a folder that the daemon may write and the group may enter"),
        rule(s.http.token.is_none() && s.http.listen.is_some_and(|at| !is_loopback(at)), "http.token",
            "not set, but http.listen is no loopback address: others could see whose mail waits",
            "token = { file = \"http.token\" }, or listen = \"127.0.0.1:8366\""),
        rule(s.smarthost.server.is_none() && s.smarthost != Default::default(), "smarthost.server",
            "not set, but other keys of the smarthost are", "server = \"smtp.example.net\""),
        rule(s.smarthost.user.is_some() != s.smarthost.password.is_some(), "smarthost.user",
            "a login takes both user and password; one of them is set", "password = { file = \"smarthost.password\" }"),
        rule(s.smarthost.user.is_some() && s.smarthost.tls == TlsMode::None, "smarthost.tls",
            "\"none\", but there is a login, whose password anybody on the line could read",
            "\"starttls\" or \"implicit\""),
        rule(s.notices.return_whole.octets() > 10 << 20, "notices.return_whole",
            format!("saw {}; allowed: up to 10 MiB", s.notices.return_whole), "notices are put together in memory"),
        rule(!sensible(s.notices.lifetime), "notices.lifetime",
            format!("saw {}; allowed: 1h to 3650d", s.notices.lifetime), "a notice that the smarthost has not taken by then is dropped"),
        rule(s.queue.aged_after >= s.queue.lifetime, "queue.aged_after",
            format!("saw {}; allowed: less than queue.lifetime, {}", s.queue.aged_after, s.queue.lifetime),
            "older mail overtakes smaller mail, which it must live to do"),
    ];
    rules.extend(learning(s));
    rules.extend(quotas(s));
    rules.extend(delays(s));
    rules.extend(at_least_one(s));
    rules.extend(timeouts(s));
    rules.extend(places::rules(s));
    rules
}

fn at_least_one(s: &Settings) -> Vec<Rule> {
    let hint = "zero would let nobody in";
    [
        ("limits.connections", s.limits.connections),
        ("limits.connections_per_address", s.limits.connections_per_address),
        ("limits.sessions_per_account", s.limits.sessions_per_account),
        ("limits.messages_per_session", s.limits.messages_per_session),
        ("limits.command_errors", s.limits.command_errors),
        ("limits.rejected_recipients", s.limits.rejected_recipients),
        ("odmr.auth_failures", s.odmr.auth_failures),
        ("odmr.auth_failures_per_address", s.odmr.auth_failures_per_address),
    ]
    .into_iter()
    .map(|(key, value)| rule(value == 0, key, "saw 0; allowed: 1 or more", hint))
    .chain(rates(s))
    .collect()
}

fn rates(s: &Settings) -> impl Iterator<Item = Rule> {
    [
        ("limits.connections_per_minute", s.limits.connections_per_minute),
        ("limits.messages_per_minute", s.limits.messages_per_minute),
    ]
    .into_iter()
    .map(|(key, value)| {
        let hint = "zero would let nobody in; leave the key out to set no limit";
        rule(value == Some(0), key, "saw 0; allowed: 1 or more", hint)
    })
}

fn learning(s: &Settings) -> impl Iterator<Item = Rule> {
    let own = s.domains.iter().filter_map(|(domain, special)| {
        let key = format!("domains.{}.learn_refusals", quoted_if_needed(domain.as_str()));
        Some((key, special.learn_refusals?))
    });
    let of_all = ("mx.learn_refusals".to_owned(), s.mx.learn_refusals);
    std::iter::once(of_all).chain(own).map(|(key, time)| {
        let fault = format!("saw {time}; allowed: 0s to 30d");
        rule(
            time > Duration::days(30),
            &key,
            fault,
            "whoever gets a mailbox later has no mail for so long",
        )
    })
}

fn quotas(s: &Settings) -> Vec<Rule> {
    let own = s.domains.iter().map(|(domain, special)| {
        let table = format!("domains.{}", quoted_if_needed(domain.as_str()));
        (table, special.quota, special.quota_messages)
    });
    std::iter::once(("queue".to_owned(), s.queue.quota, s.queue.quota_messages))
        .chain(own)
        .flat_map(|(table, octets, messages)| {
            let hint = "leave the key out for a domain without a quota";
            let small = octets.filter(|octets| octets.octets() < s.mx.max_size.octets());
            let none = messages.filter(|messages| *messages == 0);
            let too_small = small.map(|saw| {
                let fault = format!("saw {saw}; allowed: mx.max_size, {}, or more", s.mx.max_size);
                rule(
                    true,
                    &format!("{table}.quota"),
                    fault,
                    "a message larger than that could never be taken",
                )
            });
            let zero = none.map(|_| {
                rule(true, &format!("{table}.quota_messages"), "saw 0; allowed: 1 or more", hint)
            });
            too_small.into_iter().chain(zero)
        })
        .collect()
}

fn delays(s: &Settings) -> Vec<Rule> {
    let own = s.domains.iter().map(|(domain, special)| {
        let table = format!("domains.{}", quoted_if_needed(domain.as_str()));
        let lifetime = special.lifetime.unwrap_or(s.queue.lifetime);
        (table, special.delay, special.delay_to.as_ref(), lifetime)
    });
    let of_all = ("notices".to_owned(), s.notices.delay, s.notices.delay_to.as_ref());
    let of_all = (of_all.0, of_all.1, of_all.2, s.queue.lifetime);
    let smarthost = s.smarthost.server.is_some();
    std::iter::once(of_all)
        .chain(own)
        .flat_map(|(table, delay, whom, lifetime)| {
            let (delay_key, whom_key) = (format!("{table}.delay"), format!("{table}.delay_to"));
            let wanted = delay.filter(|delay| *delay != Duration::default());
            let unfit = wanted.filter(|delay| *delay < Duration::hours(1) || *delay >= lifetime);
            let unfit = unfit.map(|saw| {
                let fault =
                    format!("saw {saw}; allowed: 1h to the lifetime of the mail, {lifetime}");
                rule(true, &delay_key, fault, "leave the key out, or set \"0s\", to tell nobody")
            });
            let untold = wanted.filter(|_| !smarthost).map(|_| {
                let fault = "set, but smarthost.server is not";
                rule(true, &delay_key, fault, "senders can be told only through a smarthost")
            });
            let ours = |whom: &&Mailbox| {
                whom.domain().is_some_and(|domain| s.domains.contains_key(domain))
            };
            let waits = whom.filter(ours).map(|whom| {
                let fault = format!("{whom} is at a domain that waits here");
                rule(
                    true,
                    &whom_key,
                    fault,
                    "name an address that is reached when that server is not",
                )
            });
            unfit.into_iter().chain(untold).chain(waits)
        })
        .collect()
}

fn timeouts(s: &Settings) -> Vec<Rule> {
    let t = &s.timeouts;
    let hint = "a wait of no time fails every session, an endless one holds its place for ever";
    [
        ("command", t.command),
        ("data", t.data),
        ("login", t.login),
        ("session", t.session),
        ("tls", t.tls),
        ("greeting", t.greeting),
        ("reply", t.reply),
        ("data_start", t.data_start),
        ("data_block", t.data_block),
        ("data_end", t.data_end),
    ]
    .into_iter()
    .map(|(name, value)| {
        let bounds = StdDuration::from_secs(1)..=StdDuration::from_secs(86400);
        let fault = format!("saw {value}; allowed: 1s to 24h");
        rule(!bounds.contains(&value.get()), &format!("timeouts.{name}"), fault, hint)
    })
    .collect()
}

fn is_loopback(listen: Listen) -> bool {
    listen.sockets().iter().all(|address| address.ip().is_loopback())
}

fn sensible(lifetime: Duration) -> bool {
    (Duration::hours(1)..=Duration::days(3650)).contains(&lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document::Document;

    fn check(text: &str) -> Vec<String> {
        let loaded = Loaded::new(Document::new("/nowhere/odmrd.toml", text)).unwrap();
        let Err(problems) = loaded.check() else { return Vec::new() };
        problems.iter().map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn the_defaults_are_in_order() {
        assert_eq!(check(""), Vec::<String>::new());
    }

    #[test]
    fn every_fault_is_told_not_only_the_first() {
        let text = "group = \"mail\"\n[mx]\nmax_recipients = 10\nmax_size = \"1 KiB\"\n\
                    [queue]\nlifetime = \"1m\"\n[timeouts]\ndata = \"0s\"\n[limits]\nconnections = 0\n";
        assert_eq!(
            check(text),
            [
                "/nowhere/odmrd.toml:3:18: mx.max_recipients: saw 10; allowed: 100 or more",
                "/nowhere/odmrd.toml:4:12: mx.max_size: saw 1 KiB; allowed: 64 KiB or more",
                "/nowhere/odmrd.toml:1:9: group: set, but user is not",
                "/nowhere/odmrd.toml: queue.aged_after: saw 1d; allowed: less than queue.lifetime, 1m",
                "/nowhere/odmrd.toml:10:15: limits.connections: saw 0; allowed: 1 or more",
                "/nowhere/odmrd.toml:8:8: timeouts.data: saw 0s; allowed: 1s to 24h",
                "/nowhere/odmrd.toml:6:12: queue.lifetime: saw 1m; allowed: 1h to 3650d",
            ]
        );
    }

    #[test]
    fn what_others_can_reach_has_a_token() {
        for (listen, others) in [
            ("127.0.0.1:1", false),
            ("[::1]:1", false),
            (":1", true),
            ("192.0.2.1:1", true),
            ("[::]:1", true),
        ] {
            let found = check(&format!("[http]\nlisten = \"{listen}\"\n"));
            let told = "/nowhere/odmrd.toml: http.token: not set, but http.listen is no loopback address: \
                        others could see whose mail waits";
            assert_eq!(found, if others { vec![told] } else { Vec::new() }, "{listen}");
            let with = format!("[http]\nlisten = \"{listen}\"\ntoken = {{ file = \"t\" }}\n");
            assert_eq!(check(&with), Vec::<String>::new(), "{listen}");
        }
    }

    #[test]
    fn a_delay_is_told_of_in_time_and_where_it_can_be_heard() {
        let told = "[smarthost]\nserver = \"x.test\"\n";
        assert_eq!(check(&format!("{told}[notices]\ndelay = \"1d\"\n")), Vec::<String>::new());
        let unfit = format!("{told}[domains.\"x.org\"]\nlifetime = \"2h\"\ndelay = \"1d\"\n");
        assert!(
            check(&unfit)[0].contains("delay: saw 1d; allowed: 1h to the lifetime of the mail, 2h")
        );
        assert!(check("[notices]\ndelay = \"1d\"\n")[0].contains("smarthost.server is not"));
        assert_eq!(check("[domains.\"x.org\"]\ndelay = \"0s\"\n"), Vec::<String>::new());
        let circle = format!("{told}[domains.\"x.org\"]\ndelay_to = \"a@x.org\"\n");
        assert!(check(&circle)[0].contains("a@x.org is at a domain that waits here"));
    }

    #[test]
    fn quotas_leave_room_for_a_message() {
        assert_eq!(
            check(
                "[queue]\nquota = \"1 MiB\"\n[domains.\"x.org\"]\nquota = \"50 MiB\"\nquota_messages = 0\n"
            ),
            [
                "/nowhere/odmrd.toml:2:9: queue.quota: saw 1 MiB; allowed: mx.max_size, 50 MiB, or more",
                "/nowhere/odmrd.toml:5:18: domains.\"x.org\".quota_messages: saw 0; allowed: 1 or more",
            ]
        );
    }

    #[test]
    fn a_delimiter_is_a_mark_between_words() {
        let fault = |text: &str| {
            check(&format!(
                "[domains.\"x.org\"]\nrecipients = \"/dev/null\"\nrecipient_delimiter = {text:?}\n"
            ))
        };
        assert_eq!(fault("+-"), Vec::<String>::new());
        for bad in ["", "a", "@", "+.", "\u{2192}"] {
            let told = fault(bad).join("");
            assert!(told.contains("allowed: characters such as + - _ = #"), "{bad:?}: {told}");
        }
        let no_list = check("[domains.\"x.org\"]\nrecipient_delimiter = \"+\"\n").join("");
        assert!(no_list.ends_with("set, but the domain has no list of recipients"), "{no_list}");
    }

    #[test]
    fn mail_is_brought_only_where_there_is_a_host() {
        let told = check("[domains.\"x.org\"]\npush = true\netrn = \"open\"\n");
        let fault = "set, but host is not: there is nobody to bring mail to";
        assert_eq!(
            told,
            [
                format!("/nowhere/odmrd.toml:2:8: domains.\"x.org\".push: {fault}"),
                format!("/nowhere/odmrd.toml:3:8: domains.\"x.org\".etrn: {fault}"),
            ]
        );
        assert!(check("[domains.\"x.org\"]\nhost = \"mx.x.org\"\npush = true\n").is_empty());
    }

    #[test]
    fn tls_wants_both_halves() {
        assert_eq!(
            check("[odmr]\nlisten_tls = [\":465\"]\nrequire_tls = true\n"),
            [
                "/nowhere/odmrd.toml:2:14: odmr.listen_tls: set, but tls.certificate is not",
                "/nowhere/odmrd.toml:3:15: odmr.require_tls: set, but tls.certificate is not",
            ]
        );
        assert_eq!(
            check("[tls]\ncertificate = \"c.pem\"\n"),
            [
                "/nowhere/odmrd.toml: tls.key: not set, but tls.certificate is",
                "/nowhere/odmrd.toml:2:15: tls.certificate: /nowhere/c.pem cannot be read: \
                 No such file or directory (os error 2)",
            ]
        );
    }

    #[test]
    fn files_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("c.pem", "-----BEGIN CERTIFICATE-----\n");
        write("k.pem", "not a key");
        write("x.list", "anna\nbob@elsewhere.org\n");
        let text = "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\
                    [domains.\"x.org\"]\nrecipients = \"x.list\"\n";
        let at = folder.path().join("odmrd.toml");
        let loaded = Loaded::new(Document::new(&at, text)).unwrap();
        let (at, folder) = (at.display(), folder.path().display());
        assert_eq!(
            loaded.check().unwrap_err().to_string(),
            format!(
                "{at}:3:7: tls.key: {folder}/k.pem holds no PRIVATE KEY in PEM\n\
                 {at}:5:14: domains.\"x.org\".recipients: {folder}/x.list: line 2: \
                 saw \"bob@elsewhere.org\"; allowed: a local part, or an address in x.org"
            )
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("k.pem");
        std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\n").unwrap();
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
        let document = Document::new(folder.path().join("odmrd.toml"), "[tls]\nkey = \"k.pem\"\n");
        let problems = Loaded::new(document).unwrap().check().unwrap_err().to_string();
        assert!(problems.contains("has mode 0644: others may read it; allowed: 0640 or less"));
        assert!(problems.contains("hint: chmod 0600 "));
    }
}
