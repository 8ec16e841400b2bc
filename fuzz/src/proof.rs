//! Proofs: both sides of every mechanism, the other side being a stranger.

use odmr::sasl::{
    Binding, ClientExchange, Decoys, Found, Identity, MIN_ITERATIONS, Mechanism, NONCE_OCTETS,
    ServerContext, ServerExchange, ServerStep,
};

const MECHANISMS: [&str; 7] =
    ["CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "PLAIN", "LOGIN", "EXTERNAL", "NTLM"];

fn mechanism(bytes: &[u8]) -> (Mechanism, &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, b""));
    let name = MECHANISMS[usize::from(*first) % MECHANISMS.len()];
    (name.parse().expect("a mechanism"), rest)
}

fn context() -> ServerContext {
    ServerContext {
        host: "odmr.example.net".to_owned(),
        nonce: [7; NONCE_OCTETS],
        unix_time: 1_800_000_000,
        channel_binding: Some([9; 32]),
        plus_offered: true,
        certificate: Some([1; 32]),
        decoys: Decoys::new([3; 32], MIN_ITERATIONS),
    }
}

/// Messages are parted by LF. Nobody is let in: there is no such account, and none has a password
/// that these bytes could know.
pub fn server(bytes: &[u8]) {
    let (mechanism, rest) = mechanism(bytes);
    let mut messages = rest.split(|octet| *octet == b'\n').take(5);
    let mut exchange = ServerExchange::new(mechanism, context());
    let mut step = exchange.start(messages.next());
    loop {
        step = match step {
            ServerStep::Lookup(_) => exchange.account(None),
            ServerStep::Challenge(_) => match messages.next() {
                Some(message) => exchange.respond(message),
                None => return,
            },
            ServerStep::Verified(who) => panic!("{who:?} has come in"),
            ServerStep::Rejected(_) | ServerStep::Malformed(_) | ServerStep::ServerFirst => return,
        };
    }
}

/// A server that does not know the password is never believed by a mechanism that asks it to prove
/// that it does.
pub fn client(bytes: &[u8]) {
    let (mechanism, rest) = mechanism(bytes);
    let binding = match mechanism.binds_channel() {
        true => Binding::Exporter([9; 32]),
        false => Binding::None,
    };
    let secret = Some("pencil".to_owned().into());
    let Ok(mut exchange) =
        ClientExchange::new(mechanism, "acme", secret, [7; NONCE_OCTETS], binding)
    else {
        return;
    };
    let _ = exchange.initial();
    for message in rest.split(|octet| *octet == b'\n').take(5) {
        if exchange.respond(message).is_err() {
            return;
        }
    }
    let proves = mechanism.name().starts_with("SCRAM");
    assert!(exchange.finish().is_err() || !proves, "an impostor was believed");
}

/// Somebody who has shown a certificate: the one way in that costs no hashing.
pub fn by_certificate() -> Identity {
    let mut exchange = ServerExchange::new(Mechanism::External, context());
    let ServerStep::Lookup(_) = exchange.start(Some(b"")) else { panic!("no lookup") };
    let account = Found { account: "acme", credentials: None, certificates: &[[1; 32]] };
    match exchange.account(Some(account)) {
        ServerStep::Verified(identity) => identity,
        other => panic!("{other:?}"),
    }
}
