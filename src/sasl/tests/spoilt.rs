//! Honest messages, spoilt in one place, and octets that were never messages.

use proptest::prelude::*;

use super::attacks::{replay, said_by};
use super::*;

/// How a message is spoilt.
#[derive(Clone, Debug)]
enum Spoil {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Drop(prop::sample::Index),
}

fn spoil(message: &mut Vec<u8>, how: &Spoil) {
    let place = |index: &prop::sample::Index, len: usize| index.index(len.max(1));
    let len = message.len();
    match how {
        Spoil::Flip(index, mask) if len > 0 => message[place(index, len)] ^= mask,
        Spoil::Cut(index) => message.truncate(place(index, len)),
        Spoil::Insert(index, octet) => message.insert(place(index, len + 1), *octet),
        Spoil::Drop(index) if len > 0 => drop(message.remove(place(index, len))),
        Spoil::Flip(..) | Spoil::Drop(_) => {}
    }
}

fn any_spoil() -> impl Strategy<Value = Spoil> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), 1u8..).prop_map(|(index, mask)| Spoil::Flip(index, mask)),
        at().prop_map(Spoil::Cut),
        (at(), any::<u8>()).prop_map(|(index, octet)| Spoil::Insert(index, octet)),
        at().prop_map(Spoil::Drop),
    ]
}

/// Changes that mean the same: the case of a name or of hexadecimal, a line end behind a digest, what
/// SASLprep drops. Everything else must not let anybody in.
fn harmless(mechanism: Mechanism, message: usize, honest: &[u8], spoilt: &[u8]) -> bool {
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).ok();
    let (Some(honest), Some(spoilt)) = (text(honest), text(spoilt)) else { return false };
    let prepared = |part: &str| prepare(part).map(|part| part.to_string()).unwrap_or_default();
    let same_name = |a: &str, b: &str| prepared(a).eq_ignore_ascii_case(&prepared(b));
    match (mechanism, message) {
        (Mechanism::CramMd5, 0) => same_name(&honest, spoilt.trim_end_matches(['\r', '\n'])),
        (Mechanism::Login, 0) => same_name(&honest, &spoilt),
        (Mechanism::External, 0) => spoilt.is_empty() || same_name(&honest, &spoilt),
        (Mechanism::Plain, 0) => {
            let fields = |text: &str| text.split('\0').map(prepared).collect::<Vec<_>>();
            let (honest, spoilt) = (fields(&honest), fields(&spoilt));
            honest.len() == spoilt.len()
                && honest[2] == spoilt[2]
                && honest[1].eq_ignore_ascii_case(&spoilt[1])
        }
        _ => honest == spoilt,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_spoilt_exchange_never_lets_anybody_in(
        which in 0usize..6, message in any::<prop::sample::Index>(), how in any_spoil(),
    ) {
        let mechanism = Mechanism::SPOKEN[which];
        if mechanism == Mechanism::Plain || mechanism == Mechanism::Login {
            return Ok(()); // each case costs a PBKDF2: see below
        }
        let mut said = said_by(mechanism);
        let place = message.index(said.len());
        spoil(&mut said[place], &how);
        if harmless(mechanism, place, &said_by(mechanism)[place], &said[place]) {
            return Ok(());
        }
        let end = replay(mechanism, context(), &said);
        prop_assert!(!matches!(end, ServerStep::Verified(_)), "{mechanism} {said:?}");
    }

    #[test]
    fn no_octets_upset_a_provider(
        which in 0usize..6,
        said in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4),
    ) {
        let end = replay(Mechanism::SPOKEN[which], context(), &said);
        prop_assert!(Mechanism::SPOKEN[which] == Mechanism::External
            || !matches!(end, ServerStep::Verified(_)));
    }

    #[test]
    fn no_octets_upset_a_customer(
        which in 0usize..6,
        said in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4),
    ) {
        let mechanism = Mechanism::SPOKEN[which];
        let mut client = customer(mechanism, "acme", PASSWORD);
        client.initial();
        for challenge in &said {
            let _ = client.respond(challenge);
        }
        prop_assert!(!matches!(mechanism, Mechanism::ScramSha256 | Mechanism::ScramSha256Plus)
            || client.finish().is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_spoilt_password_never_lets_anybody_in(
        login in any::<bool>(), message in any::<prop::sample::Index>(), how in any_spoil(),
    ) {
        let mechanism = if login { Mechanism::Login } else { Mechanism::Plain };
        let mut said = said_by(mechanism);
        let place = message.index(said.len());
        spoil(&mut said[place], &how);
        if harmless(mechanism, place, &said_by(mechanism)[place], &said[place]) {
            return Ok(());
        }
        let end = replay(mechanism, context(), &said);
        prop_assert!(!matches!(end, ServerStep::Verified(_)), "{mechanism} {said:?}");
    }
}
