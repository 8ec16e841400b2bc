//! Exchanges printed in the RFCs. The nonces there are text, so the messages are played by hand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::sasl::keys::{ScramKeys, client_key, hmac, salted, stored_key, xor};
use crate::sasl::scram::{ClientFinal, ClientFirst, ServerFinal, ServerFirst, auth_message};

const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                            s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                            p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

/// RFC 7677, section 3, from both sides.
#[test]
fn rfc_7677() {
    let first = ClientFirst::parse(CLIENT_FIRST.as_bytes()).unwrap();
    let salt = ServerFirst::parse(SERVER_FIRST.as_bytes()).unwrap();
    let last = ClientFinal::parse(CLIENT_FINAL.as_bytes()).unwrap();
    let keys = ScramKeys::derive("pencil", &salt.salt, salt.iterations);
    let message = auth_message(&first.bare, SERVER_FIRST, &last.without_proof);

    assert_eq!(salt.print(), SERVER_FIRST);
    assert_eq!(last.binding, first.gs2_header.as_bytes());
    assert!(bool::from(keys.accept(message.as_bytes(), &last.proof)));
    let verifier = format!("v={}", BASE64.encode(&keys.signature(message.as_bytes())[..]));
    assert_eq!(verifier, SERVER_FINAL);
    assert!(matches!(ServerFinal::parse(verifier.as_bytes()), Some(ServerFinal::Verifier(_))));

    let salted = salted(b"pencil", &salt.salt, salt.iterations);
    let proof = xor(&client_key(&salted), &hmac(&stored_key(&salted)[..], message.as_bytes()));
    assert_eq!(proof, last.proof);
}
