//! NTLM has one side here; the other is played.

use super::super::ntlm::client::{Client, NEGOTIATE};
use super::*;

fn client<'a>(user: &'a str, password: &'a str) -> Client<'a> {
    Client { user, domain: "EX1", password, with_mic: false, key_exchange: false }
}

/// What comes of this answer, of an account that keeps this.
fn judged(client: &Client<'_>, kept: &Credentials) -> ServerStep {
    let mut server = ServerExchange::new(Mechanism::Ntlm, context());
    assert_eq!(server.start(None), ServerStep::Challenge(Vec::new()), "or \"ntlm supported\"");
    let ServerStep::Challenge(challenge) = server.respond(NEGOTIATE) else { panic!() };
    match server.respond(&client.answer(&challenge)) {
        ServerStep::Lookup(wanted) => server.account(find(&wanted, kept)),
        step => step,
    }
}

fn with_hash() -> Credentials {
    kept(PASSWORD).with_ntlm(PASSWORD)
}

#[test]
fn the_right_one_is_let_in_by_his_own_name() {
    let ServerStep::Verified(identity) = judged(&client("Acme", PASSWORD), &with_hash()) else {
        panic!("not let in")
    };
    assert_eq!((identity.account(), identity.mechanism()), ("acme", Mechanism::Ntlm));
    let signed = Client { with_mic: true, ..client("acme", PASSWORD) };
    assert!(matches!(judged(&signed, &with_hash()), ServerStep::Verified(_)));
}

#[test]
fn the_wrong_one_is_not_and_for_a_reason() {
    let why = |user, password, kept| match judged(&client(user, password), kept) {
        ServerStep::Rejected(reason) => reason,
        step => panic!("{step:?}"),
    };
    let kept = with_hash();
    assert_eq!(why("acme", "wrong horse", &kept), Reason::WrongSecret);
    assert_eq!(why("nobody", PASSWORD, &kept), Reason::NoAccount);
    assert_eq!(why("acme", PASSWORD, &KEPT), Reason::NoSecret, "no account has it unasked");
    let signed = Client { with_mic: true, ..client("acme", "wrong horse") };
    assert_eq!(judged(&signed, &kept), ServerStep::Rejected(Reason::WrongSecret));
}

/// MS-SMTPNTLM, section 3.1.5: with an initial response the first 334 is the challenge.
#[test]
fn an_initial_response_skips_a_step_and_an_answer_serves_once() {
    let mut server = ServerExchange::new(Mechanism::Ntlm, context());
    let ServerStep::Challenge(challenge) = server.start(Some(NEGOTIATE)) else { panic!() };
    let answer = client("acme", PASSWORD).answer(&challenge);
    let another = ServerContext { nonce: [1; NONCE_OCTETS], ..context() };
    let mut later = ServerExchange::new(Mechanism::Ntlm, another);
    assert!(matches!(later.start(Some(NEGOTIATE)), ServerStep::Challenge(_)));
    let ServerStep::Lookup(wanted) = later.respond(&answer) else { panic!() };
    assert_eq!(wanted, Wanted::Of { domain: "EX1".into(), name: "acme".into() });
    let kept = with_hash();
    let told = later.account(find(&wanted, &kept));
    assert_eq!(told, ServerStep::Rejected(Reason::WrongSecret), "it was heard elsewhere");
    assert!(matches!(server.respond(b"x"), ServerStep::Malformed(_)));
    assert!(matches!(server.respond(&answer), ServerStep::Malformed(_)), "it was over");
}

#[test]
fn nobody_and_ntlm_1_are_rejected_before_anybody_is_asked() {
    for (user, response) in [("", &[][..]), ("acme", &[1; 24]), ("acme", &[])] {
        let mut server = ServerExchange::new(Mechanism::Ntlm, context());
        assert!(matches!(server.start(Some(NEGOTIATE)), ServerStep::Challenge(_)));
        let told = server.respond(&client(user, PASSWORD).message(response));
        assert_eq!(told, ServerStep::Rejected(Reason::TooWeak), "{user:?}");
    }
}
