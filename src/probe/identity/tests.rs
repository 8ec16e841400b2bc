use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::sasl::WindowsVersion;

fn identify(target: &str, words: &[Word]) -> Identity {
    super::identify(target, words, None)
}

const SAID: [&str; 10] = [
    "EHLO probe.test",
    "HELP",
    "NOOP",
    "XPROBE",
    "RCPT TO:<postmaster>",
    "VRFY postmaster",
    "MAIL FROM:<>",
    "RSET",
    "ATRN",
    "QUIT",
];

/// A session: the greeting, and what is answered to each question.
fn session(greeting: &str, answers: [&str; 10]) -> Vec<Word> {
    let word = |side, text: &str| Word {
        at: Duration::ZERO,
        side,
        tls: false,
        octets: text.replace('\n', "\r\n").into_bytes(),
    };
    let mut words = vec![word(Side::Theirs, greeting)];
    for (said, answer) in SAID.iter().zip(answers) {
        words.push(word(Side::Ours, &format!("{said}\n")));
        words.push(word(Side::Theirs, answer));
    }
    words
}

const WS2003: &str = "220 ex1.example.test Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  \
                      Sun, 22 Feb 2004 16:03:04 +0000 \n";
const EXCHANGE: [&str; 10] = [
    "250-ex1.example.test Hello [192.0.2.1]\n250-TURN\n250-SIZE\n250-ETRN\n250-PIPELINING\n250-DSN\n\
     250-ENHANCEDSTATUSCODES\n250-8bitmime\n250-BINARYMIME\n250-CHUNKING\n250-VRFY\n\
     250-X-EXPS GSSAPI NTLM LOGIN\n250-X-EXPS=LOGIN\n250-AUTH GSSAPI NTLM LOGIN\n250-AUTH=LOGIN\n\
     250-X-LINK2STATE\n250-XEXCH50\n250 OK\n",
    "214-This server supports the following commands:\n\
     214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH TURN ETRN BDAT VRFY XEXCH50\n",
    "250 2.0.0 OK\n",
    "500 5.3.3 Unrecognized command\n",
    "503 5.5.2 Need mail command\n",
    "252 2.1.5 Cannot VRFY user, but will take message for <postmaster@example.test>\n",
    "250 2.1.0 <>....Sender OK\n",
    "250 2.0.0 Resetting\n",
    "500 5.3.3 Unrecognized command\n",
    "221 2.0.0 ex1.example.test Service closing transmission channel\n",
];
const POSTFIX: [&str; 10] = [
    "250-mx.example.test\n250-PIPELINING\n250-SIZE 10240000\n250-VRFY\n250-ETRN\n\
     250-ENHANCEDSTATUSCODES\n250-8BITMIME\n250-DSN\n250 CHUNKING\n",
    "500 5.5.2 Error: command not recognized\n",
    "250 2.0.0 Ok\n",
    "500 5.5.2 Error: command not recognized\n",
    "503 5.5.1 Error: need MAIL command\n",
    "252 2.0.0 postmaster\n",
    "250 2.1.0 Ok\n",
    "250 2.0.0 Ok\n",
    "500 5.5.2 Error: command not recognized\n",
    "221 2.0.0 Bye\n",
];

fn product(identity: &Identity) -> Option<&str> {
    identity.product.as_ref().map(|one| one.id)
}

#[test]
fn the_table_can_be_read_and_names_whom_it_has() {
    let table = table::read().expect("the table");
    let kinds: BTreeSet<&str> = table.kinds.iter().map(|kind| kind.id.as_str()).collect();
    let mut seen = BTreeSet::new();
    for sign in &table.signs {
        assert!(seen.insert(&sign.id), "{} is there twice", sign.id);
        assert!(QUESTIONS.contains(&sign.at.as_str()), "{}: {}", sign.id, sign.at);
        assert!(sign.is.is_some() != sign.absent.is_some(), "{}: is, or absent", sign.id);
        let from_others = ["imitation", "memory"].iter().any(|word| sign.source.contains(word));
        assert_eq!(sign.verified, !from_others, "{}: {}", sign.id, sign.source);
        assert!(sign.weight > 0 && !sign.of.is_empty(), "{} tells nothing", sign.id);
        for kind in &sign.of {
            assert!(kinds.contains(kind.as_str()), "{}: {kind} is no kind", sign.id);
        }
    }
    assert!(table.masks.iter().all(|mask| QUESTIONS.contains(&mask.at.as_str())));
    for hole in &table.holes {
        assert!(table::numbers(&hole.from) <= table::numbers(&hole.to), "{}", hole.id);
    }
    for asks in [Asks::Passive, Asks::Standard, Asks::Challenged] {
        assert!(asks.talk().is_some(), "{asks:?}");
    }
}

#[test]
fn who_says_what_it_is_and_behaves_so_is_it() {
    let exchange = identify("mx", &session(WS2003, EXCHANGE));
    assert_eq!(product(&exchange), Some("exchange2003-ws2003"), "{exchange:#?}");
    assert_eq!(exchange.certainty, Certainty::Sure, "{:#?}", exchange.contradictions);
    let postfix = identify("mx", &session("220 mx.example.test ESMTP Postfix\n", POSTFIX));
    assert_eq!(product(&postfix), Some("postfix"));
    assert_eq!(postfix.certainty, Certainty::Sure, "{:#?}", postfix.contradictions);
}

#[test]
fn a_greeting_alone_is_believed_by_nobody() {
    let imitation = identify("mx", &session(WS2003, POSTFIX));
    assert_eq!(product(&imitation), Some("postfix"));
    assert_eq!(imitation.certainty, Certainty::Imitation);
    let claims = imitation.claims.as_ref().map(|one| one.id);
    assert_eq!(claims, Some("exchange2003-ws2003"));
    let told = imitation.contradictions.join("\n");
    assert!(told.contains("its greeting says") && told.contains("behaves as Postfix"), "{told}");
    let nobody = ["250 ok mx\n"; 10];
    let false_claim = identify("mx", &session(WS2003, nobody));
    assert_eq!((product(&false_claim), false_claim.certainty), (None, Certainty::Imitation));
    let words = session(WS2003, nobody);
    let silent = identify("mx", &words[..1]);
    assert_eq!((product(&silent), silent.certainty), (None, Certainty::Unknown));
    assert!(silent.told().contains("its greeting says"), "{}", silent.told());
}

#[test]
fn who_says_nothing_is_told_by_what_it_does() {
    let quiet = identify("mx", &session("220 mx.example.test ESMTP\n", POSTFIX));
    assert_eq!((product(&quiet), quiet.certainty), (Some("postfix"), Certainty::Likely));
    assert!(quiet.contradictions.is_empty(), "{:#?}", quiet.contradictions);
}

#[test]
fn relatives_are_told_apart_by_more_than_their_version() {
    let mut w2k = EXCHANGE;
    let ehlo = w2k[0].replace("250-TURN\n", "250-TURN\n250-ATRN\n");
    let help = w2k[1].replace(" TURN ", " TURN ATRN ");
    (w2k[0], w2k[1]) = (&ehlo, &help);
    let greeting = WS2003.replace("6.0.3790.3959", "5.0.2195.6713");
    let known = identify("mx", &session(&greeting, w2k));
    assert_eq!(product(&known), Some("exchange2003-w2k"), "{known:#?}");
    assert_eq!(known.certainty, Certainty::Sure, "{:#?}", known.contradictions);
    // ATRN behind the version of Windows Server 2003: they do not go together.
    let mixed = identify("mx", &session(WS2003, w2k));
    assert_eq!(mixed.certainty, Certainty::Likely);
    assert!(
        mixed.contradictions.iter().any(|told| told.contains("ATRN") || told.contains("version")),
        "{mixed:#?}"
    );
}

#[test]
fn what_stands_between_is_heard_in_its_place() {
    let mut masked = EXCHANGE;
    masked[0] = "500 5.3.3 Unrecognized command\n";
    let greeting = "220 ****************2******0*****\n";
    let told = identify("mx", &session(greeting, masked));
    assert_eq!(told.certainty, Certainty::Masked);
    assert!(told.contradictions[0].contains("overwritten"), "{:#?}", told.contradictions);
}

#[test]
fn holes_are_read_off_the_number() {
    let holes = |version: &str, answers| {
        let greeting = WS2003.replace("6.0.3790.3959", version);
        let told = identify("mx", &session(&greeting, answers));
        told.holes.into_iter().map(|hole| hole.id).collect::<Vec<_>>()
    };
    assert_eq!(holes("6.0.3790.4675", EXCHANGE), [""; 0]);
    assert_eq!(holes("6.0.3790.3959", EXCHANGE), ["MS10-024"]);
    assert_eq!(holes("6.0.3790.0", EXCHANGE), ["MS04-035", "MS10-024"]);
    assert_eq!(holes("5.0.2195.1600", EXCHANGE), ["MS02-012", "MS03-046", "MS10-024"]);
    assert_eq!(holes("5.0.2195.1600", POSTFIX), ["MS02-011", "MS02-012", "MS10-024"]);
    let huge = format!("6.{}", "9".repeat(400));
    assert_eq!(holes(&huge, POSTFIX), [""; 0]);
}

#[test]
fn a_line_that_is_turned_for_anybody_is_told() {
    let mut open = EXCHANGE;
    open[8] = "250 2.0.0 OK now reversing\n";
    let told = identify("mx", &session(WS2003, open));
    assert!(told.turns_for_anybody);
    let outcomes: Vec<Outcome> = verdicts(&told).iter().map(|verdict| verdict.outcome).collect();
    assert_eq!(outcomes[3], Outcome::Fail);
    let closed = verdicts(&identify("mx", &session(WS2003, EXCHANGE)));
    let outcomes: Vec<Outcome> = closed.iter().map(|verdict| verdict.outcome).collect();
    assert_eq!(outcomes, [Outcome::Pass, Outcome::Pass, Outcome::Warn, Outcome::Pass]);
    assert_eq!(verdicts(&told).len(), rows().len());
}

/// What comes of `id.turns`, and why.
fn turns(words: &[Word]) -> (Outcome, String) {
    let identity = identify("mx", words);
    let verdict = verdicts(&identity).pop().unwrap();
    assert_eq!(identity.turns_for_anybody, verdict.outcome == Outcome::Fail);
    (verdict.outcome, verdict.why)
}

#[test]
fn who_does_not_answer_atrn_has_not_refused_it() {
    let words = session(WS2003, EXCHANGE);
    let (outcome, why) = turns(&words[..words.len() - 3]);
    assert_eq!(outcome, Outcome::Inconclusive);
    assert!(why.contains("did not answer ATRN"), "{why}");
    // Nor who hangs up in the middle of a line, or asks for more.
    for answer in ["500 5.3.3 Unrec", "334 go on\n", "2"] {
        let mut open = EXCHANGE;
        open[8] = answer;
        let words = session(WS2003, open);
        assert_eq!(turns(&words[..words.len() - 2]).0, Outcome::Inconclusive, "{answer}");
    }
}

#[test]
fn an_answer_too_many_is_named_and_grants_nothing() {
    // Each answer comes a question late: the 250 of RSET behind ATRN.
    let mut late = EXCHANGE;
    late[1..].copy_from_slice(&EXCHANGE[..9]);
    late[0] = "250 and a good day\n";
    assert_eq!(turns(&session(WS2003, late)).0, Outcome::Inconclusive);
    let greeting = format!("{WS2003}250 and a good day\n");
    let (outcome, why) = turns(&session(&greeting, late));
    assert_eq!(outcome, Outcome::Inconclusive);
    assert!(why.contains("and a good day") && why.contains("without being asked"), "{why}");
    let told = identify("mx", &session(&greeting, late));
    assert!(told.contradictions.iter().any(|told| told.contains("and a good day")), "{told:#?}");
    assert_eq!(told.certainty, Certainty::Unknown);
    // Late in the session, where a verb that nobody has was refused before.
    let mut late = EXCHANGE;
    late[6] = "250 2.1.0 <>....Sender OK\n250 twice\n";
    late[8] = "250 2.0.0 Resetting\n";
    let (outcome, why) = turns(&session(WS2003, late));
    assert!(outcome == Outcome::Inconclusive && why.contains("twice"), "{why}");
}

#[test]
fn answers_belong_to_what_was_asked_however_they_are_cut() {
    let words = session("220 mx ESMTP Postfix\n", POSTFIX);
    let cut: Vec<Word> = words
        .iter()
        .flat_map(|word| match word.side {
            Side::Ours => vec![word.clone()],
            Side::Theirs => word
                .octets
                .iter()
                .map(|octet| Word { octets: vec![*octet], ..word.clone() })
                .collect(),
        })
        .collect();
    assert_eq!(answers(&cut), answers(&words));
    assert!(answers(&[]).is_empty());
}

/// The session, with AUTH NTLM before QUIT, and what is answered to each step of it.
fn challenged(greeting: &str, steps: &[(&str, &str)]) -> Vec<Word> {
    let mut words = session(greeting, EXCHANGE);
    let at = words.len() - 2;
    let word =
        |side, text: &str| Word { side, octets: text.as_bytes().to_vec(), ..words[0].clone() };
    let more: Vec<Word> = steps
        .iter()
        .flat_map(|(said, heard)| [word(Side::Ours, said), word(Side::Theirs, heard)])
        .collect();
    words.splice(at..at, more);
    words
}

const MESSAGE: &str =
    "334 TlRMTVNTUAACAAAAAAAAADgAAAABAgACASNFZ4mrze8AAAAAAAAAAAAAAAA4AAAABQLODgAAAA8=\r\n";

#[test]
fn a_challenge_is_found_where_it_was_said() {
    let negotiate = "TlRMTVNTUAABAAAAB4IIoAAAAAAAAAAAAAAAAAAAAAA=\r\n";
    let words = challenged(
        WS2003,
        &[
            ("AUTH NTLM\r\n", "334 ntlm supported\r\n"),
            (negotiate, MESSAGE),
            ("*\r\n", "501 5.5.4 cancelled\r\n"),
        ],
    );
    let message = challenge(&words).expect("a challenge");
    assert!(message.starts_with(b"NTLMSSP\0\x02") && message.len() == 56);
    let asked: Vec<&str> = answers(&words).iter().map(|one| one.question).collect();
    assert_eq!(asked[asked.len() - 4..], ["auth", "challenge", "cancel", "quit"]);
    // Some say it to AUTH at once; others say no, or something else.
    assert!(challenge(&challenged(WS2003, &[("AUTH NTLM\r\n", MESSAGE)])).is_some());
    for no in [
        "504 5.7.4 no\r\n",
        "334 \r\n",
        "334 %%%\r\n",
        "334 c29tZXRoaW5n\r\n",
        "334 TlRM",
        "235 TlRMTVNTUAAC\r\n",
    ] {
        assert_eq!(challenge(&challenged(WS2003, &[("AUTH NTLM\r\n", no)])), None, "{no}");
    }
    assert_eq!(challenge(&session(WS2003, EXCHANGE)), None);
}

#[test]
fn the_build_of_windows_speaks_for_the_greeting_or_against_it() {
    let words = challenged(WS2003, &[("AUTH NTLM\r\n", "334 ntlm supported\r\n")]);
    let told = |version: Option<(u8, u8, u16)>| {
        let version = version.map(|(major, minor, build)| WindowsVersion { major, minor, build });
        super::identify("mx", &words, Some(NtlmTold { version, ..NtlmTold::default() }))
    };
    let found = |identity: &Identity, id: &str| {
        identity.evidence.iter().find(|one| one.id == id).map(|one| one.found)
    };
    let known = told(Some((5, 2, 3790)));
    assert_eq!(known.certainty, Certainty::Sure, "{:#?}", known.contradictions);
    assert_eq!(found(&known, "ntlm.windows-5.2"), Some(true));
    assert_eq!(found(&known, "ntlm.supported"), Some(true));
    let other = told(Some((10, 0, 17763)));
    assert_eq!(product(&other), Some("exchange2003-ws2003"));
    assert_eq!(other.certainty, Certainty::Likely);
    let why = other.contradictions.join("; ");
    assert!(why.contains("6.0.3790.3959") && why.contains("10.0.17763"), "{why}");
    assert_eq!(found(&other, "ntlm.windows-5.2"), Some(false));
    // Who names no version contradicts nobody, and who was not asked has no sign of it.
    assert!(told(None).contradictions.is_empty());
    assert_eq!(found(&identify("mx", &words), "ntlm.windows-5.2"), None);
}

#[test]
fn what_a_challenge_tells_stands_in_a_line() {
    let bare = NtlmTold::default();
    assert_eq!(ntlm_line(&bare), "no names, no version");
    let version = Some(WindowsVersion { major: 5, minor: 2, build: 3790 });
    let told = NtlmTold { computer: Some("EX1".to_owned()), version, ..bare };
    assert_eq!(ntlm_line(&told), "machine EX1, Windows 5.2.3790");
    let written = serde_json::to_value(&told).unwrap();
    assert_eq!(written["version"], "5.2.3790");
}
