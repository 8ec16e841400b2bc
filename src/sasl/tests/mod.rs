//! Both sides talk to each other, and to strangers.

mod attacks;
mod ntlm;
mod spoilt;
mod vectors;

use std::sync::LazyLock;

use proptest::prelude::*;
use secrecy::SecretString;

use super::*;

const PASSWORD: &str = "correct horse";
const CHANNEL: [u8; 32] = [0xcb; 32];
const CERTIFICATE: Fingerprint = [0xce; 32];

static KEPT: LazyLock<Credentials> = LazyLock::new(|| kept(PASSWORD));

fn kept(password: &str) -> Credentials {
    Credentials::derive(password, b"sixteen of salt.", MIN_ITERATIONS, true).unwrap()
}

fn context() -> ServerContext {
    ServerContext {
        host: "odmr.example.net".into(),
        nonce: [0x5e; NONCE_OCTETS],
        unix_time: 1_800_000_000,
        channel_binding: Some(CHANNEL),
        plus_offered: true,
        certificate: Some(CERTIFICATE),
        decoys: Decoys::new([9; 32], MIN_ITERATIONS),
    }
}

fn customer(mechanism: Mechanism, user: &str, password: &str) -> ClientExchange {
    let secret = Some(SecretString::from(password));
    let binding = match mechanism.binds_channel() {
        true => Binding::Exporter(CHANNEL),
        false => Binding::None,
    };
    ClientExchange::new(mechanism, user, secret, [0xc1; NONCE_OCTETS], binding).unwrap()
}

/// The one account there is: `acme`, also known as `EXAMPLE\acme`.
fn find<'a>(wanted: &Wanted, credentials: &'a Credentials) -> Option<Found<'a>> {
    let name = match wanted {
        Wanted::Name(name) | Wanted::Of { name, .. } => name.to_lowercase(),
        Wanted::Certificate { name, .. } => name.as_deref().unwrap_or("acme").to_lowercase(),
    };
    let known = name == "acme" || name == "example\\acme";
    let found =
        Found { account: "acme", credentials: Some(credentials), certificates: &[CERTIFICATE] };
    known.then_some(found)
}

/// Lets the two talk until the provider has decided and the customer agrees.
fn talk(
    mut client: ClientExchange,
    mut server: ServerExchange,
    credentials: &Credentials,
) -> Result<Identity, String> {
    let initial = client.initial();
    let mut step = server.start(initial.as_ref().map(|message| &message[..]));
    loop {
        step = match step {
            ServerStep::Challenge(challenge) => {
                let answer = client.respond(&challenge).map_err(|fault| fault.to_string())?;
                server.respond(&answer)
            }
            ServerStep::Lookup(wanted) => server.account(find(&wanted, credentials)),
            ServerStep::Verified(identity) => {
                return client.finish().map(|()| identity).map_err(|fault| fault.to_string());
            }
            ServerStep::Rejected(reason) => return Err(reason.to_string()),
            ServerStep::Malformed(what) => return Err(what.to_owned()),
            ServerStep::ServerFirst => return Err("the server speaks first".to_owned()),
        }
    }
}

fn meet(mechanism: Mechanism, user: &str, password: &str) -> Result<Identity, String> {
    let server = ServerExchange::new(mechanism, context());
    talk(customer(mechanism, user, password), server, &KEPT)
}

#[test]
fn each_mechanism_lets_the_right_one_in() {
    for mechanism in Mechanism::SPOKEN {
        let identity = meet(mechanism, "EXAMPLE\\Acme", PASSWORD).unwrap();
        assert_eq!((identity.account(), identity.mechanism()), ("acme", mechanism));
    }
}

#[test]
fn each_mechanism_keeps_the_wrong_one_out() {
    for mechanism in Mechanism::SPOKEN {
        assert!(meet(mechanism, "nobody", PASSWORD).is_err(), "{mechanism}");
        if mechanism != Mechanism::External {
            let wrong = meet(mechanism, "acme", "wrong horse").unwrap_err();
            assert_eq!(wrong, Reason::WrongSecret.to_string(), "{mechanism}");
        }
    }
}

/// The AUTH line had no room for it, so it follows the empty challenge.
#[test]
fn the_initial_response_may_come_later() {
    for mechanism in [Mechanism::Plain, Mechanism::External, Mechanism::ScramSha256] {
        let mut client = customer(mechanism, "acme", PASSWORD);
        let mut server = ServerExchange::new(mechanism, context());
        assert_eq!(server.start(None), ServerStep::Challenge(Vec::new()));
        let first = client.respond(b"").unwrap();
        assert!(matches!(server.respond(&first), ServerStep::Lookup(_)), "{mechanism}");
    }
}

#[test]
fn login_answers_in_order_whatever_the_prompts_say() {
    let mut client = customer(Mechanism::Login, "acme", PASSWORD);
    assert_eq!(client.initial(), None);
    assert_eq!(client.respond("Passwort?".as_bytes()).unwrap().as_slice(), b"acme");
    assert_eq!(client.respond(b"").unwrap().as_slice(), PASSWORD.as_bytes());
    assert_eq!(client.respond(b""), Err(ClientFault::Unexpected(Mechanism::Login)));
}

#[test]
fn login_takes_the_name_along_with_auth() {
    let mut server = ServerExchange::new(Mechanism::Login, context());
    assert_eq!(server.start(Some(b"acme")), ServerStep::Challenge(b"Password:".to_vec()));
    assert!(matches!(server.respond(PASSWORD.as_bytes()), ServerStep::Lookup(_)));
}

#[test]
fn cram_signs_a_challenge_without_brackets() {
    let mut client = customer(Mechanism::CramMd5, "acme", PASSWORD);
    assert!(client.respond(b"no brackets here").unwrap().starts_with(b"acme "));
    assert_eq!(client.finish(), Ok(()));
}

#[test]
fn external_needs_no_password() {
    let make = |user| ClientExchange::new(Mechanism::External, user, None, [0; 18], Binding::None);
    let server = || ServerExchange::new(Mechanism::External, context());
    assert_eq!(talk(make("").unwrap(), server(), &KEPT).unwrap().account(), "acme");
    assert_eq!(talk(make("acme").unwrap(), server(), &KEPT).unwrap().account(), "acme");
    assert!(talk(make("other").unwrap(), server(), &KEPT).is_err());
}

#[test]
fn a_mechanism_without_its_means_does_not_start() {
    let make = |mechanism, user, secret: Option<&str>| {
        let secret = secret.map(SecretString::from);
        ClientExchange::new(mechanism, user, secret, [0; 18], Binding::None).map(|_| ())
    };
    let plain = Mechanism::Plain;
    assert_eq!(make(plain, "acme", None), Err(ClientFault::NoSecret(plain)));
    assert_eq!(make(plain, "", Some("x")), Err(ClientFault::BadUser(BadSecret::Empty)));
    assert_eq!(make(plain, "a", Some("x\0")), Err(ClientFault::BadSecret(BadSecret::Forbidden)));
    let plus = Mechanism::ScramSha256Plus;
    assert_eq!(make(plus, "acme", Some("x")), Err(ClientFault::NoBinding));
    let scram = Mechanism::ScramSha256;
    assert_eq!(make(scram, "a", Some("\u{7}")), Err(ClientFault::BadSecret(BadSecret::Forbidden)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever password an account can have, every mechanism lets it in, and no other.
    #[test]
    fn any_password_serves(password in "[ -~\u{a0}-\u{17f}\u{2160}-\u{216b}\u{ff01}-\u{ff5e}]{1,40}") {
        let Ok(prepared) = prepare(&password) else { return Ok(()) };
        let credentials = kept(&password);
        for mechanism in Mechanism::SPOKEN {
            let server = || ServerExchange::new(mechanism, context());
            prop_assert!(talk(customer(mechanism, "acme", &password), server(), &credentials).is_ok());
            prop_assert!(talk(customer(mechanism, "acme", &prepared), server(), &credentials).is_ok());
        }
        let other = customer(Mechanism::Plain, "acme", &format!("{password}."));
        let server = ServerExchange::new(Mechanism::Plain, context());
        prop_assert!(talk(other, server, &credentials).is_err());
    }
}
