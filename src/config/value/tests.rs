use super::*;
use proptest::prelude::*;

fn prints<T: Written + fmt::Display>(text: &str) -> Option<String> {
    T::read(text).map(|value| value.to_string())
}

#[test]
fn durations() {
    for (text, printed) in [
        ("21d", "21d"),
        ("10m30s", "10m30s"),
        ("10m 30s", "10m30s"),
        ("90s", "1m30s"),
        ("2 weeks", "14d"),
        ("PT1H", "1h"),
        ("0s", "0s"),
        ("1500ms", "1s500ms"),
    ] {
        assert_eq!(prints::<Duration>(text).as_deref(), Some(printed), "{text}");
    }
    for bad in ["", "10", "ten minutes", "-5s", "1 month", "5 parsecs", "9999999999d"] {
        assert_eq!(prints::<Duration>(bad), None, "{bad}");
    }
}

#[test]
fn sizes() {
    for (text, printed) in [
        ("50 MiB", "50 MiB"),
        ("50MiB", "50 MiB"),
        ("1 GB", "1000000000"),
        ("65536", "64 KiB"),
        ("0", "0"),
    ] {
        assert_eq!(prints::<Size>(text).as_deref(), Some(printed), "{text}");
    }
    for bad in ["", "50 MIX", "-1", "lots", "MiB"] {
        assert_eq!(prints::<Size>(bad), None, "{bad}");
    }
}

#[test]
fn places_to_listen() {
    assert_eq!(Listen::read(":25").unwrap().sockets().len(), 2);
    for text in ["[::]:25", "0.0.0.0:25", "127.0.0.1:0", ":366"] {
        assert_eq!(prints::<Listen>(text).as_deref(), Some(text));
    }
    for bad in ["", "25", ":", ":99999", "localhost:25", "::1:25", "[::1]"] {
        assert_eq!(prints::<Listen>(bad), None, "{bad}");
    }
}

#[test]
fn servers() {
    for text in ["odmr.example.net", "localhost", "192.0.2.1", "2001:db8::1"] {
        assert_eq!(prints::<Server>(text).as_deref(), Some(text));
    }
    assert_eq!(prints::<Server>("[2001:db8::1]").as_deref(), Some("2001:db8::1"));
    for bad in ["", "host:366", "a b", "http://x.org", "x.org/"] {
        assert_eq!(prints::<Server>(bad), None, "{bad}");
    }
}

#[test]
fn places_to_deliver() {
    for text in [
        "smtp:localhost:25",
        "smtp:[::1]:2525",
        "lmtp:192.0.2.1:24",
        "lmtp:unix:/run/dovecot/lmtp",
        "maildir:/home/u/Maildir",
    ] {
        assert_eq!(prints::<Deliver>(text).as_deref(), Some(text));
    }
    for bad in [
        "",
        "smtp",
        "smtp:localhost",
        "smtp:h:0",
        "smtp:::1:25",
        "smtp:unix:/x",
        "lmtp:unix:",
        "maildir:",
        "mda:procmail",
        "Maildir",
    ] {
        assert_eq!(prints::<Deliver>(bad), None, "{bad}");
    }
}

#[test]
fn fingerprints() {
    let hex = "ab".repeat(32);
    let colons = vec!["AB"; 32].join(":");
    let printed = format!("sha256:{hex}");
    assert_eq!(prints::<Fingerprint>(&printed).as_ref(), Some(&printed));
    assert_eq!(prints::<Fingerprint>(&format!("SHA256:{colons}")).as_ref(), Some(&printed));
    for bad in ["", "sha256:", "sha1:abcd", &hex, &printed[..70]] {
        assert_eq!(prints::<Fingerprint>(bad), None, "{bad}");
    }
}

#[test]
fn a_bad_value_says_what_is_allowed() {
    let error = "5 parsecs".parse::<Duration>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "saw \"5 parsecs\"; allowed: a duration like 90s, 10m30s, 24h or 21d"
    );
}

#[test]
fn a_login_in_a_url_is_told_to_nobody() {
    let told = read::<Proxy>("socks5://me:secret@127.0.0.1:1080").unwrap_err().to_string();
    assert!(told.starts_with("saw \"socks5://...@127.0.0.1:1080\"; allowed: "), "{told}");
}

#[test]
fn domains_of_settings() {
    assert_eq!(prints::<Domain>("B\u{fc}cher.example").as_deref(), Some("xn--bcher-kva.example"));
    assert_eq!(prints::<Domain>("localhost"), None);
}

proptest! {
    #[test]
    fn sizes_and_durations_read_as_they_print(octets: u64, seconds in 0u64..1 << 33) {
        prop_assert_eq!(Size::read(&Size(octets).to_string()), Some(Size(octets)));
        let duration = Duration::seconds(seconds);
        prop_assert_eq!(Duration::read(&duration.to_string()), Some(duration));
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = (Duration::read(&text), Size::read(&text), Listen::read(&text));
        let _ = (Server::read(&text), Fingerprint::read(&text), Deliver::read(&text));
    }
}
