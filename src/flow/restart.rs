//! What of new settings a running provider cannot take up.

use crate::config::provider::Settings;
use crate::config::value::Listen;

/// Where the settings want us to listen, by their keys.
pub fn listeners(settings: &Settings) -> [(&'static str, &[Listen]); 8] {
    let (odmr, submission) = (&settings.odmr, &settings.submission);
    [
        ("mx.listen", &settings.mx.listen),
        ("lmtp.listen", &settings.lmtp.listen),
        ("odmr.listen", &odmr.listen),
        ("odmr.listen_tls", &odmr.listen_tls),
        ("submission.listen", &submission.listen),
        ("submission.listen_tls", &submission.listen_tls),
        ("exchange.listen", &settings.exchange.listen),
        ("http.listen", settings.http.listen.as_slice()),
    ]
}

/// The keys whose new values wait for a restart: what was bound, opened or said to the world at the start.
pub fn waits_for(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let listens = listeners(old).into_iter().zip(listeners(new));
    let mut waits: Vec<_> =
        listens.filter(|(old, new)| old != new).map(|((key, _), _)| key).collect();
    let has_tls = |settings: &Settings| settings.tls.certificate.is_some();
    let others = [
        ("hostname", old.hostname != new.hostname),
        ("state_dir", old.state_dir != new.state_dir),
        ("user", old.user != new.user),
        ("group", old.group != new.group),
        ("tls.certificate", has_tls(old) != has_tls(new)),
        ("lmtp.socket", old.lmtp.socket != new.lmtp.socket),
        ("lmtp.group", old.lmtp.group != new.lmtp.group),
        ("control.socket", old.control.socket != new.control.socket),
        ("control.group", old.control.group != new.control.group),
        ("queue.reserve", old.queue.reserve != new.queue.reserve),
        ("log", old.log != new.log),
    ];
    waits.extend(others.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key));
    waits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bound_is_named_and_what_is_read_again_is_not() {
        let old = Settings::default();
        let mut new = old.clone();
        new.limits.connections += 1;
        new.smarthost.user = Some("us".to_owned());
        assert_eq!(waits_for(&old, &new), Vec::<&str>::new());
        new.hostname = crate::smtp::Domain::parse("mx.example.net").ok();
        new.mx.listen = vec!["127.0.0.1:2525".parse().unwrap()];
        assert_eq!(waits_for(&old, &new), ["mx.listen", "hostname"]);
        // From none to one, that is; another one is taken up.
        new = old.clone();
        new.tls.certificate = Some("a.pem".into());
        assert_eq!(waits_for(&old, &new), ["tls.certificate"]);
        let mut another = new.clone();
        another.tls.certificate = Some("b.pem".into());
        assert_eq!(waits_for(&new, &another), Vec::<&str>::new());
    }
}
