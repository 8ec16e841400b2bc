//! Octets that would be read as something else: ends of data that are none, and words put in front of
//! a TLS handshake or of the turn. In both directions, over real sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::calibration::{GOODBYE, TURNED, UP_TO_ATRN};
use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, Odmrd, PROVIDER, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::script::{Script, Stage};
use crate::unlike_fetchmail::{MESSAGE, QUIT, meets, then};

/// What looks like the end of data, and is not.
const NO_ENDS: [&str; 10] = [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\r\n.\r\r\n",
    "\n.\r",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
];

/// What a smuggler hopes to have read as commands.
const HIDDEN: &str = "MAIL FROM:<smuggler@sender.test>\r\nRCPT TO:<box@example.org>\r\nDATA\r\n\
    Subject: smuggled\r\n\r\nhidden\r\n.\r\n";

fn innocent() -> String {
    "Subject: innocent\r\n\r\nA body".to_owned()
}

/// Says all of it at once, and hears everything that comes.
fn talk(address: SocketAddr, octets: &[u8]) -> String {
    let mut tcp = TcpStream::connect(address).expect("a listener");
    tcp.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    tcp.write_all(octets).expect("a listener");
    tcp.shutdown(Shutdown::Write).expect("a connection");
    let mut heard = Vec::new();
    let _ = tcp.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

/// How many messages lie in the Maildir, none of them smuggled, and without a bare CR or LF.
#[track_caller]
fn innocent_mail(lab: &Lab) -> usize {
    let mail = Maildir::at(lab.path("Maildir")).messages();
    for mail in &mail {
        let text = String::from_utf8_lossy(mail).into_owned();
        let header = text.split("\n\n").next().expect("a header");
        assert!(header.contains("Subject: innocent"), "{text}");
        assert!(!text.contains('\r'), "{text:?}");
    }
    mail.len()
}

/// Collects what waits, if anything does.
fn collect(lab: &Lab, odmrd: &RunningOdmrd) {
    let fetched = AtrnFetch::new(lab, odmrd.odmr).into_maildir().run();
    assert_eq!(fetched.code, Some(0), "{fetched:#?}");
}

#[test]
fn a_false_end_of_data_hides_no_message_on_the_way_in() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    for end in NO_ENDS {
        let begin = "EHLO sender.test\r\nMAIL FROM:<a@sender.test>\r\nRCPT TO:<box@example.org>\r\nDATA\r\n";
        let octets = [begin, &innocent(), end, HIDDEN, "QUIT\r\n"].concat();
        let heard = talk(odmrd.mx, octets.as_bytes());
        let behind = heard.split("\r\n354 ").nth(1).expect("a 354");
        // One answer to the one message, and one to QUIT.
        assert_eq!(behind.lines().count(), 3, "{end:?}: {heard}");
        assert!(
            behind.lines().nth(1).is_some_and(|line| line.starts_with(['2', '5'])),
            "{end:?}: {heard}"
        );
        assert!(heard.contains("\r\n221 "), "{end:?}: {heard}");
    }
    collect(&lab, &odmrd);
    innocent_mail(&lab);
}

#[test]
fn a_false_end_in_a_chunk_is_never_passed_on() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut taken = 0;
    for end in NO_ENDS {
        let content = [&innocent(), end, HIDDEN].concat();
        let begin =
            "EHLO sender.test\r\nMAIL FROM:<a@sender.test>\r\nRCPT TO:<box@example.org>\r\n";
        let octets = format!("{begin}BDAT {} LAST\r\n{content}QUIT\r\n", content.len());
        let heard = talk(odmrd.mx, octets.as_bytes());
        taken += usize::from(heard.contains("250 2.0.0") || heard.contains("250 2.6.0"));
    }
    collect(&lab, &odmrd);
    assert!(innocent_mail(&lab) <= taken);
}

#[test]
fn a_false_end_of_data_hides_no_message_from_a_provider() {
    for end in NO_ENDS {
        let lab = Lab::open();
        let content = [&innocent(), end, HIDDEN].concat();
        let message = MESSAGE.replace("[say content]\nC: 250 *", "[say content]\nC: *");
        let provider = then(&[TURNED, &message, QUIT]).with("content", content.as_bytes());
        let (fetched, played) = meets(&lab, vec![provider], &[]);
        let played = played.into_iter().next().expect("a call").went_as_written();
        let answers = played.ladder.iter().skip_while(|line| *line != "P: DATA");
        let answers = answers.filter(|line| line.starts_with("C: ")).count();
        assert_eq!(answers, 3, "354, one answer, 221: {played:#?}");
        assert!(innocent_mail(&lab) <= 1, "{fetched:#?}");
    }
}

#[test]
fn commands_behind_starttls_are_not_heard() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER, "localhost"])).start();
    for port in [odmrd.mx, odmrd.odmr] {
        let injected = "S: 220 *\nC: EHLO a.test\nS: ...\nS: 250 *\nC: STARTTLS\nC: NOOP\n\
            S: 503 *closing\n[closed]";
        Script::client(injected).call(port).went_as_written();
        let patient = "S: 220 *\nC: EHLO a.test\nS: ...\nS: 250 *\nC: STARTTLS\nS: 220 *\n[tls]\n\
            C: NOOP\nS: 250 *\nC: QUIT\nS: 221 *";
        Script::client(patient).with_client_tls(ca.client_tls()).call(port).went_as_written();
    }
}

#[test]
fn replies_in_front_of_tls_are_not_believed() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let identity = ca.issue(&lab, &[PROVIDER]);
    let offer = "P: 220 provider.test\nC: EHLO *\nP: 250-provider.test\nP: 250-STARTTLS\nP: 250 ATRN\nC: STARTTLS\n\
        P: 220 go on\nP: 250-injected.test\nP: 250-AUTH PLAIN\nP: 250 ATRN\n[tls]\n";
    let behind = UP_TO_ATRN.split_once("P: 220 provider.test ODMR\n").expect("a greeting").1;
    let script = [offer, behind, "P: 453 You have no mail", GOODBYE].concat();
    let provider = Script::provider(&script).with_server_tls(identity.server_tls());
    let stage = Stage::open(&lab, vec![provider]);
    let fetched = AtrnFetch::over_tls(&lab, stage.address, "starttls", &ca).into_maildir().run();
    let played = stage.close_one();
    let believed = played.heard().any(|line| line.starts_with("AUTH PLAIN"));
    assert!(!believed, "{played:#?}");
    assert!(fetched.code != Some(0) || played.surprise.is_none(), "{fetched:#?}\n{played:#?}");
}

#[test]
fn who_speaks_behind_atrn_does_not_get_the_turn() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account_line("clear_login = true").start();
    let mut ledger = Ledger::default();
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", &ledger.letter(800).content);
    let early = "P: 220 *\nC: EHLO a.test\nP: ...\nP: 250 *\nC: AUTH PLAIN AGFjbWUAY29ycmVjdCBob3JzZQ==\nP: 235 *\n\
        C: ATRN example.org\nC: 220 early.test\nC: 250 ok\nP: 503 *\n[closed]";
    Script::customer(early).call(odmrd.odmr).went_as_written();
    collect(&lab, &odmrd);
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default());
}

#[test]
fn what_stands_behind_the_250_to_atrn_is_not_heard() {
    let lab = Lab::open();
    let early =
        "P: 250 2.0.0 Turning\nP: EHLO provider.test\nP: MAIL FROM:<evil@sender.test>\n[closed]";
    let (fetched, _) = meets(&lab, vec![then(&[early])], &[]);
    let fetched = fetched.ended(76, "protocol");
    assert!(fetched.said.contains("spoke out of turn"), "{fetched:#?}");
}
