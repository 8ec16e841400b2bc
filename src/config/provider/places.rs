//! Where we listen: two of one address, and names that no socket can have.

use std::path::Path;

use super::Settings;
use super::check::{Rule, rule};
use crate::config::value::Listen;

/// Octets that the name of a socket may have, on every Unix (Linux: 108 with the zero at its end).
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

pub(super) fn rules(s: &Settings) -> Vec<Rule> {
    taken_twice(s).chain(too_long(s)).collect()
}

/// The second of two that would bind the same port of the same address.
fn taken_twice(s: &Settings) -> impl Iterator<Item = Rule> {
    let lists: [(&str, &[Listen]); 8] = [
        ("mx.listen", &s.mx.listen),
        ("lmtp.listen", &s.lmtp.listen),
        ("odmr.listen", &s.odmr.listen),
        ("odmr.listen_tls", &s.odmr.listen_tls),
        ("submission.listen", &s.submission.listen),
        ("submission.listen_tls", &s.submission.listen_tls),
        ("exchange.listen", &s.exchange.listen),
        ("http.listen", s.http.listen.as_slice()),
    ];
    let all: Vec<(&str, Listen)> =
        lists.into_iter().flat_map(|(key, list)| list.iter().map(move |at| (key, *at))).collect();
    let mut found = Vec::new();
    for (n, (key, at)) in all.iter().enumerate() {
        let earlier = all.iter().take(n).find(|(_, other)| meet(*at, *other));
        if let Some((other_key, other)) = earlier {
            let fault = format!("saw {at}, but {other_key} has {other}; allowed: each port once");
            let hint = "give each listener a port or an address of its own; [] turns one off";
            found.push(rule(true, key, fault, hint));
        }
    }
    found.into_iter()
}

/// Would the system refuse to bind the one because of the other? Port 0 is any that is free.
fn meet(one: Listen, other: Listen) -> bool {
    one.sockets().into_iter().any(|a| {
        other.sockets().into_iter().any(|b| {
            let family = a.is_ipv4() == b.is_ipv4();
            let address = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
            a.port() == b.port() && a.port() != 0 && family && address
        })
    })
}

fn too_long(s: &Settings) -> impl Iterator<Item = Rule> {
    let control = s.control.socket.as_deref().map(|path| ("control.socket", path));
    let lmtp = s.lmtp.socket.as_deref().map(|path| ("lmtp.socket", path));
    let dovecot = s.odmr.dovecot_socket.as_deref().map(|path| ("odmr.dovecot_socket", path));
    [control, lmtp, dovecot].into_iter().flatten().map(|(key, path)| {
        let octets = path_octets(path);
        let fault = format!("{} has {octets} octets; allowed: {LONGEST} or fewer", path.display());
        rule(octets > LONGEST, key, fault, "a socket's name is short: put it into /run/odmr")
    })
}

fn path_octets(path: &Path) -> usize {
    path.as_os_str().len()
}

#[cfg(test)]
mod tests {
    use super::super::Loaded;
    use crate::config::document::Document;

    fn faults(text: &str) -> Vec<String> {
        let loaded = Loaded::new(Document::new("/etc/odmrd.toml", text)).unwrap();
        let Err(problems) = loaded.check() else { return Vec::new() };
        problems.iter().map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn one_address_is_listened_at_once() {
        for (text, fault) in [
            ("[mx]\nlisten = [\":366\"]", "odmr.listen: saw :366, but mx.listen has :366"),
            (
                "[mx]\nlisten = [\"192.0.2.1:366\"]",
                "odmr.listen: saw :366, but mx.listen has 192.0.2.1:366",
            ),
            (
                "[mx]\nlisten = [\"192.0.2.1:25\", \"0.0.0.0:25\"]",
                "odmrd.toml:2:10: mx.listen: saw 0.0.0.0:25, but mx.listen has 192.0.2.1:25",
            ),
            (
                "[http]\nlisten = \"127.0.0.1:25\"",
                "http.listen: saw 127.0.0.1:25, but mx.listen has :25",
            ),
        ] {
            let found = faults(text);
            assert!(found.len() == 1 && found[0].contains(fault), "{text}: {found:?}");
        }
        for text in [
            "[mx]\nlisten = [\"192.0.2.1:25\", \"192.0.2.2:25\", \"[2001:db8::1]:25\"]",
            "[mx]\nlisten = [\"127.0.0.1:0\"]\n[odmr]\nlisten = [\"127.0.0.1:0\"]",
            "[mx]\nlisten = [\"0.0.0.0:25\", \"[::]:25\"]",
        ] {
            assert_eq!(faults(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_socket_that_no_system_can_name_is_told() {
        let long = "x".repeat(100);
        let found = faults(&format!("state_dir = \"/var/{long}\"\n"));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("control.socket: /var/xxx") && found[0].contains("113 octets"));
        let text = format!("[lmtp]\nsocket = \"/run/{long}/lmtp\"\n");
        assert!(faults(&text)[0].starts_with("/etc/odmrd.toml:2:10: lmtp.socket: "));
        assert_eq!(faults("[lmtp]\nsocket = \"/run/odmr/lmtp\"\n"), Vec::<String>::new());
    }
}
