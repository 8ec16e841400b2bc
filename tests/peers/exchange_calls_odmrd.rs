//! Customers of the kind of Exchange 2003 call `odmrd`, played as its captures and pages have them.

use std::net::{SocketAddr, TcpStream};

use crate::lab::Lab;
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd, odmrd};
use crate::lab::post::Post;
use crate::lab::presence::{Peer, have};
use crate::lab::process::{run, run_fed};
use crate::lab::script::{Played, Script};
use crate::lab::wait::until;

/// What Exchange says up to its TURN. The name and the password are those of the lab's account.
const LOGIN: &str = r"
    P: 220 provider.test *
    C: EHLO ex1.example.test
    P: ...
    P: 250 *
    C: AUTH LOGIN
    P: 334 VXNlcm5hbWU6
    C: {user}
    P: 334 UGFzc3dvcmQ6
    C: {password}
    P: 235 *
";
/// Its greeting behind the turn, with a version and a name of one label.
const TURNED: &str = r"
    C: TURN
    P: 250 *
    C: 220 EX1 Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  Sun, 22 Feb 2004 17:03:04 +0100
    P: EHLO provider.test
    C: 250-EX1 Hello [127.0.0.1]
    C: 250-8bitmime
    C: 250-X-EXPS GSSAPI NTLM LOGIN
    C: 250-X-LINK2STATE
    C: 250-XEXCH50
    C: 250 OK
";
/// One message, taken in its words.
const MESSAGE: &str = r"
    P: MAIL FROM:<a@sender.test>*
    C: 250 2.1.0 a@sender.test....Sender OK
    P: RCPT TO:<box@example.org>*
    C: 250 2.1.5 box@example.org\x20
    P: DATA
    C: 354 Start mail input; end with <CRLF>.<CRLF>
    P: ...
    P: .
    C: 250 2.6.0 <1@EX1> Queued mail for delivery
";
const QUIT: &str = "P: QUIT\nC: 221 2.0.0 EX1 Service closing transmission channel\n";

struct Exchange {
    daemon: RunningOdmrd,
    address: SocketAddr,
}

impl Exchange {
    /// A provider whose one account may say its password in clear.
    fn of(lab: &Lab, more: impl FnOnce(Odmrd<'_>) -> Odmrd<'_>) -> Exchange {
        let address = lab.free();
        let odmrd = Odmrd::new(lab).set("exchange.listen", &format!("[\"{address}\"]"));
        let daemon = more(odmrd.account_line("clear_login = true")).start();
        until("the listener", || TcpStream::connect(address).ok());
        Exchange { daemon, address }
    }

    fn brought(&self, count: usize, octets: usize) {
        let mut post = Post::open(self.daemon.mx);
        for n in 0..count {
            let letter = format!("Subject: {n}\r\n\r\n{}\r\n", "x".repeat(70));
            let filled =
                format!("{letter}{}", format!("{}\r\n", "y".repeat(76)).repeat(octets / 78));
            post.deliver("a@sender.test", "box@example.org", filled.as_bytes());
        }
    }

    fn called(&self, lines: &[&str]) -> Played {
        use base64::Engine;
        let code = |text| base64::engine::general_purpose::STANDARD.encode(text);
        let login = LOGIN.replace("{user}", &code(USER));
        let login = login.replace("{password}", &code(PASSWORD));
        let talk = [&[login.as_str()], lines].concat().concat();
        Script::customer(&talk).call(self.address)
    }
}

#[test]
fn its_mail_comes_by_turn() {
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| odmrd);
    exchange.brought(2, 500);
    exchange.called(&[TURNED, MESSAGE, MESSAGE, QUIT, "[closed]"]).went_as_written();
    // Nothing is left: the turn, and QUIT.
    exchange.called(&[TURNED, QUIT, "[closed]"]).went_as_written();
}

#[test]
fn nobody_has_it_without_a_login_or_by_turn_on_the_other_port() {
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| odmrd);
    exchange.brought(1, 500);
    let stranger = "P: 220 *\nC: TURN\nP: 530 *\nC: EHLO x\nP: ...\nP: 250 *\nC: TURN\nP: 530 *\n\
        C: ATRN\nP: 530 *\nC: QUIT\nP: 221 *\n[closed]";
    Script::customer(stranger).call(exchange.address).went_as_written();
    for port in [exchange.daemon.odmr, exchange.daemon.mx] {
        assert!(Post::open(port).ask("TURN").starts_with("502"), "{port}");
    }
    exchange.called(&[TURNED, MESSAGE, QUIT]).went_as_written();
}

/// MSQ-06: its own mail first. Here it goes to its own domain, and so comes back behind the turn.
#[test]
fn its_own_mail_first_and_then_turn() {
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| {
        odmrd.set("smarthost.server", "\"127.0.0.1\"").account_line("submit = true")
    });
    let own = r"
        C: MAIL FROM:<a@example.org>
        P: 250 *
        C: RCPT TO:<box@example.org>
        P: 250 *
        C: DATA
        P: 354 *
        C: Subject: x\r\n\r\nx
        C: .
        P: 250 *
    ";
    let message = MESSAGE.replace("a@sender.test", "a@example.org");
    exchange.called(&[own, TURNED, &message, QUIT]).went_as_written();
}

/// MSQ-32: typed by hand. Elsewhere an address has its brackets.
#[test]
fn an_address_without_brackets_is_taken_here_alone() {
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| {
        odmrd.set("smarthost.server", "\"127.0.0.1\"").account_line("submit = true")
    });
    let own = r"
        C: mail from: a@example.org SIZE=5
        P: 250 *
        C: RCPT TO:box@example.org
        P: 250 *
        C: RSET
        P: 250 *
        C: MAIL FROM:<a@example.org
        P: 501 *
        C: MAIL FROM:a@example.org>
        P: 501 *
        C: MAIL FROM:
        P: 501 *
    ";
    exchange.called(&[own, "C: QUIT\nP: 221 *\n[closed]"]).went_as_written();
    let mut post = Post::open(exchange.daemon.mx);
    assert!(post.ask("MAIL FROM:a@example.com").starts_with("501"));
}

#[test]
fn who_may_not_send_is_told_so_and_has_its_mail_all_the_same() {
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| odmrd);
    exchange.brought(1, 500);
    let own = "C: MAIL FROM:<a@example.org>\nP: 550 *\nC: RCPT TO:<b@sender.test>\nP: 550 *\n\
        C: DATA\nP: 550 *\nC: RSET\nP: 250 *\n";
    exchange.called(&[own, TURNED, MESSAGE, QUIT]).went_as_written();
}

/// MSQ-09: what is more than one session takes waits for the next TURN, and is not broken off.
#[test]
fn no_more_than_a_session_takes() {
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| odmrd.set("exchange.session_bytes", "\"10 KiB\""));
    exchange.brought(3, 4000);
    exchange.called(&[TURNED, MESSAGE, MESSAGE, QUIT]).went_as_written();
    exchange.called(&[TURNED, MESSAGE, QUIT]).went_as_written();
    exchange.called(&[TURNED, QUIT]).went_as_written();
    // One that is larger all by itself goes, alone.
    exchange.brought(2, 20_000);
    exchange.called(&[TURNED, MESSAGE, QUIT]).went_as_written();
    // The port of RFC 2645 has no such limit.
    exchange.brought(2, 20_000);
    let fetched = AtrnFetch::new(&lab, exchange.daemon.odmr).into_maildir().run();
    assert_eq!(fetched.ended(0, "ok").count("accepted"), 3);
}

/// T15: it closes in the middle of a message; that one and the rest come at the next TURN.
#[test]
fn a_line_that_it_cuts_loses_nothing() {
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| odmrd);
    exchange.brought(3, 500);
    let cut = "P: MAIL FROM:<a@sender.test>*\nC: 250 ok\nP: RCPT TO:<box@example.org>*\nC: 250 ok\n\
        P: DATA\nC: 354 go\nP: ...\nP: Subject: *\n[drop]";
    exchange.called(&[TURNED, MESSAGE, cut]).went_as_written();
    // Not before its end is told is everything back that was taken up for that session.
    let is_over = |line: &str| line.contains("odmr session") && line.contains("delivered=1");
    let log = || exchange.daemon.daemon.log();
    until("the line's end", || log().lines().any(is_over).then_some(()));
    assert!(log().contains("queues anew"), "{}", log());
    exchange.called(&[TURNED, MESSAGE, MESSAGE, QUIT]).went_as_written();
}

/// libcurl's NTLM is nobody's of ours: it is let in by the right password, by no other, and only where the
/// account has what NTLM needs.
#[test]
fn ntlm_as_curl_speaks_it() {
    if !have(&[Peer::Curl]) {
        return;
    }
    let lab = Lab::open();
    let exchange = Exchange::of(&lab, |odmrd| odmrd);
    let asks = |password: &str| {
        let mut curl = std::process::Command::new("curl");
        curl.args(["-sv", "--login-options", "AUTH=NTLM", "-X", "NOOP", "--user"]);
        curl.arg(format!("{USER}:{password}")).arg(format!("smtp://{}/ex1", exchange.address));
        run(&lab, curl)
    };
    let before = asks(PASSWORD);
    assert!(before.code != Some(0) && !before.err.contains("AUTH NTLM"), "{before:#?}");
    let mut passwd = odmrd(exchange.daemon.config(), &["account", "passwd", USER]);
    passwd.args(["--ntlm", "--password-stdin"]);
    run_fed(&lab, passwd, &format!("{PASSWORD}\n")).succeeded();
    exchange.daemon.daemon.signal(rustix::process::Signal::HUP);
    until("the reload", || exchange.daemon.daemon.log().contains("read again").then_some(()));
    let right = asks(PASSWORD);
    assert!(right.code == Some(0) && right.err.contains("< 235 "), "{right:#?}");
    let wrong = asks("wrong");
    assert!(wrong.code == Some(67) && wrong.err.contains("< 535 "), "{wrong:#?}");
}
