//! What must never let anybody in.

use std::sync::LazyLock;

use super::*;
use crate::sasl::keys::work;

/// The messages of one honest exchange, in order, the customer's only.
fn recorded(mechanism: Mechanism) -> Vec<Vec<u8>> {
    let mut client = customer(mechanism, "acme", PASSWORD);
    let mut server = ServerExchange::new(mechanism, context());
    let mut said: Vec<Vec<u8>> = client.initial().iter().map(|m| m.to_vec()).collect();
    let mut step = server.start(said.first().map(Vec::as_slice));
    loop {
        step = match step {
            ServerStep::Challenge(challenge) => {
                said.push(client.respond(&challenge).unwrap().to_vec());
                server.respond(&said[said.len() - 1])
            }
            ServerStep::Lookup(wanted) => server.account(find(&wanted, &KEPT)),
            ServerStep::Verified(_) => return said,
            other => panic!("{other:?}"),
        }
    }
}

static RECORDED: LazyLock<Vec<(Mechanism, Vec<Vec<u8>>)>> =
    LazyLock::new(|| Mechanism::SPOKEN.map(|mechanism| (mechanism, recorded(mechanism))).into());

pub(super) fn said_by(mechanism: Mechanism) -> Vec<Vec<u8>> {
    let recorded = RECORDED.iter().find(|(recorded, _)| *recorded == mechanism);
    recorded.unwrap().1.clone()
}

/// Says these messages to a provider, and tells how it ended.
pub(super) fn replay(mechanism: Mechanism, context: ServerContext, said: &[Vec<u8>]) -> ServerStep {
    let mut server = ServerExchange::new(mechanism, context);
    let server_first = matches!(mechanism, Mechanism::CramMd5 | Mechanism::Login);
    let mut said = said.iter();
    let mut step = match server_first {
        true => server.start(None),
        false => server.start(said.next().map(Vec::as_slice)),
    };
    loop {
        step = match step {
            ServerStep::Challenge(_) => match said.next() {
                Some(message) => server.respond(message),
                None => return step,
            },
            ServerStep::Lookup(wanted) => server.account(find(&wanted, &KEPT)),
            end => return end,
        }
    }
}

fn rejected(reason: Reason) -> ServerStep {
    ServerStep::Rejected(reason)
}

#[test]
fn a_replay_under_another_nonce_fails() {
    let fresh = || ServerContext { nonce: [0x77; NONCE_OCTETS], ..context() };
    let replayed = |mechanism| replay(mechanism, fresh(), &said_by(mechanism));
    assert_eq!(replayed(Mechanism::CramMd5), rejected(Reason::WrongSecret));
    assert_eq!(replayed(Mechanism::ScramSha256), rejected(Reason::WrongNonce));
    assert_eq!(replayed(Mechanism::ScramSha256Plus), rejected(Reason::WrongNonce));
}

#[test]
fn a_proof_made_for_another_channel_fails() {
    let mechanism = Mechanism::ScramSha256Plus;
    let other = ServerContext { channel_binding: Some([1; 32]), ..context() };
    assert_eq!(replay(mechanism, other, &said_by(mechanism)), rejected(Reason::Unbound));
    let none = ServerContext { channel_binding: None, ..context() };
    assert_eq!(replay(mechanism, none, &said_by(mechanism)), rejected(Reason::Unbound));
}

/// The provider offered -PLUS, and the customer did not see it.
#[test]
fn a_stripped_offer_is_noticed() {
    let client = || {
        let secret = Some(PASSWORD.into());
        let binding = Binding::NotOffered;
        ClientExchange::new(Mechanism::ScramSha256, "acme", secret, [1; 18], binding).unwrap()
    };
    let stripped = ServerExchange::new(Mechanism::ScramSha256, context());
    assert_eq!(talk(client(), stripped, &KEPT), Err(Reason::Downgraded.to_string()));
    let honest = ServerContext { plus_offered: false, ..context() };
    let honest = ServerExchange::new(Mechanism::ScramSha256, honest);
    assert!(talk(client(), honest, &KEPT).is_ok());
}

#[test]
fn the_flag_must_fit_the_mechanism() {
    let hello = |mechanism, text: &str| {
        ServerExchange::new(mechanism, context()).start(Some(text.as_bytes()))
    };
    let unbound = rejected(Reason::Unbound);
    assert_eq!(hello(Mechanism::ScramSha256, "p=tls-exporter,,n=a,r=b"), unbound);
    assert_eq!(hello(Mechanism::ScramSha256Plus, "p=tls-unique,,n=a,r=b"), unbound);
    assert_eq!(hello(Mechanism::ScramSha256Plus, "n,,n=a,r=b"), unbound);
    assert_eq!(hello(Mechanism::ScramSha256Plus, "y,,n=a,r=b"), rejected(Reason::Downgraded));
}

#[test]
fn nobody_acts_as_somebody_else() {
    let plain = |message: &str| replay(Mechanism::Plain, context(), &[message.as_bytes().to_vec()]);
    let other = format!("other\0acme\0{PASSWORD}");
    assert_eq!(plain(&other), rejected(Reason::OtherIdentity));
    for own in ["acme", "EXAMPLE\\ACME", ""] {
        let message = format!("{own}\0example\\acme\0{PASSWORD}");
        assert!(matches!(plain(&message), ServerStep::Verified(_)), "{own}");
    }
    assert_eq!(plain("other\0acme\0wrong"), rejected(Reason::WrongSecret));
}

#[test]
fn a_certificate_of_nobody_or_of_another_fails() {
    let external = |context| replay(Mechanism::External, context, &[b"acme".to_vec()]);
    let none = ServerContext { certificate: None, ..context() };
    assert_eq!(external(none), rejected(Reason::WrongCertificate));
    let other = ServerContext { certificate: Some([0; 32]), ..context() };
    assert_eq!(external(other), rejected(Reason::WrongCertificate));
}

/// Asked twice, a name that does not exist has the same salt, and one of the usual size.
#[test]
fn a_decoy_looks_like_an_account() {
    let salt_of = |user: &str, nonce: u8| {
        let context = ServerContext { nonce: [nonce; NONCE_OCTETS], ..context() };
        let mut server = ServerExchange::new(Mechanism::ScramSha256, context);
        let hello = format!("n,,n={user},r=abc");
        assert!(matches!(server.start(Some(hello.as_bytes())), ServerStep::Lookup(_)));
        let ServerStep::Challenge(sent) = server.account(None) else { panic!() };
        crate::sasl::scram::ServerFirst::parse(&sent).unwrap()
    };
    let (first, again) = (salt_of("nobody", 1), salt_of("NoBody", 2));
    assert_eq!(first.salt, again.salt);
    assert_ne!(first.nonce, again.nonce);
    assert_ne!(first.salt, salt_of("somebody", 1).salt);
    assert_eq!(first.salt.len(), KEPT.scram.salt().len());
    assert_eq!(first.iterations, KEPT.scram.iterations());
}

/// The same steps in the same order, and only our own log knows the difference.
#[test]
fn an_unknown_name_walks_the_same_way_as_a_wrong_password() {
    for mechanism in [Mechanism::ScramSha256, Mechanism::CramMd5, Mechanism::Login] {
        let steps = |user: &str| {
            let mut client = customer(mechanism, user, "wrong horse");
            let mut server = ServerExchange::new(mechanism, context());
            let initial = client.initial();
            let mut step = server.start(initial.as_ref().map(|m| &m[..]));
            let mut kinds = Vec::new();
            loop {
                kinds.push(std::mem::discriminant(&step));
                step = match step {
                    ServerStep::Challenge(text) => server.respond(&client.respond(&text).unwrap()),
                    ServerStep::Lookup(wanted) => server.account(find(&wanted, &KEPT)),
                    _ => return kinds,
                }
            }
        };
        assert_eq!(steps("acme"), steps("nobody"), "{mechanism}");
    }
}

/// Whatever is wrong, the provider hashes a password as often as for the right one. The time of a
/// login is the time of that hashing.
#[test]
fn no_refusal_is_quicker_than_a_welcome() {
    let says = |found: fn(&Wanted) -> Option<Found<'static>>, user: &str, password: &str| {
        let message = format!("\0{user}\0{password}");
        work::of(|| {
            let mut server = ServerExchange::new(Mechanism::Plain, context());
            let ServerStep::Lookup(wanted) = server.start(Some(message.as_bytes())) else {
                panic!("nobody was asked for");
            };
            let _ = server.account(found(&wanted));
        })
    };
    let kept: fn(&Wanted) -> Option<Found<'static>> = |wanted| find(wanted, &KEPT);
    let not_from_here = |_: &Wanted| None;
    let without_password =
        |_: &Wanted| Some(Found { account: "acme", credentials: None, certificates: &[] });
    let welcome = says(kept, "acme", PASSWORD);
    assert_eq!(welcome, KEPT.scram.iterations());
    for (what, found, user, password) in [
        ("wrong password", kept, "acme", "wrong horse"),
        ("a password that SASLprep forbids", kept, "acme", "wrong\u{7}horse"),
        ("unknown user", kept, "nobody", "wrong horse"),
        ("unknown user, somebody's password", kept, "nobody", PASSWORD),
        ("right password, from elsewhere", not_from_here, "acme", PASSWORD),
        ("an account without a password", without_password, "acme", PASSWORD),
    ] {
        assert_eq!(says(found, user, password), welcome, "{what}");
    }
}

#[test]
fn an_account_without_cram_contexts_is_refused_like_any_other() {
    let kept = Credentials { cram: None, ..KEPT.clone() };
    let server = ServerExchange::new(Mechanism::CramMd5, context());
    let client = customer(Mechanism::CramMd5, "acme", PASSWORD);
    assert_eq!(talk(client, server, &kept), Err(Reason::NoSecret.to_string()));
}

#[test]
fn a_server_first_mechanism_takes_no_initial_response() {
    for initial in [&b""[..], b"acme 00112233445566778899aabbccddeeff"] {
        let mut server = ServerExchange::new(Mechanism::CramMd5, context());
        assert!(matches!(server.start(Some(initial)), ServerStep::ServerFirst));
    }
}

#[test]
fn an_exchange_is_used_once_and_in_order() {
    let mut server = ServerExchange::new(Mechanism::Plain, context());
    assert!(matches!(server.respond(b"\0acme\0x"), ServerStep::Malformed(_)));
    assert!(matches!(server.start(None), ServerStep::Malformed(_)));
    let mut server = ServerExchange::new(Mechanism::Login, context());
    assert!(matches!(
        server.account(find(&Wanted::Name("acme".into()), &KEPT)),
        ServerStep::Malformed(_)
    ));
}

#[test]
fn more_than_a_message_is_refused() {
    let long = vec![b'a'; MAX_MESSAGE + 1];
    for mechanism in Mechanism::SPOKEN {
        let mut server = ServerExchange::new(mechanism, context());
        let refused = server.start(Some(&long));
        let refused = matches!(refused, ServerStep::Malformed(_) | ServerStep::ServerFirst);
        assert!(refused, "{mechanism}");
        let mut server = ServerExchange::new(mechanism, context());
        let _ = server.start(None);
        assert!(matches!(server.respond(&long), ServerStep::Malformed(_)), "{mechanism}");
    }
}

/// A provider that does not know the secret cannot make a customer believe it does.
mod hostile_provider {
    use super::*;

    fn asked(server_first: &str) -> Result<(), ClientFault> {
        let mut client = customer(Mechanism::ScramSha256, "acme", PASSWORD);
        client.initial();
        client.respond(server_first.as_bytes()).map(|_| ())
    }

    fn nonce() -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode([0xc1; NONCE_OCTETS])
    }

    #[test]
    fn its_iterations_are_bounded() {
        let with = |count: &str| asked(&format!("r={}x,s=AAAA,i={count}", nonce()));
        assert_eq!(with("4095"), Err(ClientFault::TooFewIterations(4095)));
        assert_eq!(with("1000001"), Err(ClientFault::TooManyIterations(1_000_001)));
        assert_eq!(with("999999999999"), Err(ClientFault::TooManyIterations(u32::MAX)));
        assert_eq!(with("4096"), Ok(()));
    }

    #[test]
    fn its_nonce_continues_ours() {
        assert_eq!(asked("r=x,s=AAAA,i=4096"), Err(ClientFault::WrongNonce));
        assert_eq!(asked(&format!("r={},s=AAAA,i=4096", nonce())), Err(ClientFault::WrongNonce));
    }

    #[test]
    fn success_without_proof_is_not_believed() {
        let scram = || customer(Mechanism::ScramSha256, "acme", PASSWORD);
        assert_eq!(scram().finish(), Err(ClientFault::Hasty(Mechanism::ScramSha256)));
        let mut client = scram();
        client.initial();
        assert_eq!(client.finish(), Err(ClientFault::ServerUnproven));
        let mut client = scram();
        client.initial();
        client.respond(format!("r={}x,s=AAAA,i=4096", nonce()).as_bytes()).unwrap();
        assert_eq!(client.finish(), Err(ClientFault::ServerUnproven));
        for mechanism in [Mechanism::CramMd5, Mechanism::Login, Mechanism::Plain] {
            let early = customer(mechanism, "acme", PASSWORD).finish();
            assert_eq!(early, Err(ClientFault::Hasty(mechanism)));
        }
    }

    #[test]
    fn a_false_signature_and_an_error_are_told_apart() {
        let with = |last: &str| {
            let mut client = customer(Mechanism::ScramSha256, "acme", PASSWORD);
            client.initial();
            client.respond(format!("r={}x,s=AAAA,i=4096", nonce()).as_bytes()).unwrap();
            client.respond(last.as_bytes()).unwrap_err()
        };
        let zeros = "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(with(zeros), ClientFault::ServerUnproven);
        assert_eq!(with(""), ClientFault::BadChallenge(Mechanism::ScramSha256));
        let said = with("e=no\u{1b}[2J").to_string();
        assert_eq!(said, "the provider says: no\\u{1b}[2J");
    }
}
