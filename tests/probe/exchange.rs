//! The test matrix of Exchange 2003, T1 to T20: what Exchange is known to do, played by `smtp-probe emulate` with its
//! faults, and our own programs facing it. Of replies that nobody has seen Exchange give, the codes count alone.

use std::net::{SocketAddr, TcpStream};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use odmr::smtp::{Capabilities, Reply};
use serde_json::Value;

use super::emulate::{password, played, sessions};
use super::lab::Lab;
use super::lab::fetchmail::{PASSWORD, USER};
use super::lab::maildir::Maildir;
use super::lab::ours::{AtrnFetch, DOMAIN, Fetched, Odmrd, RunningOdmrd};
use super::lab::post::Post;
use super::lab::process::{Child, Ran, run};
use super::lab::script::{Script, Stage};
use super::lab::wait::until;
use super::probe;

/// All that was said in a session, in order.
fn spoken(session: &Value) -> String {
    let lines = session["session"].as_array().expect("what was said");
    let octets = lines.iter().flat_map(|line| {
        BASE64_STANDARD.decode(line["raw"].as_str().expect("octets")).expect("base64")
    });
    String::from_utf8_lossy(&octets.collect::<Vec<u8>>()).into_owned()
}

/// The verbs of a session.
fn verbs(session: &Value) -> Vec<&str> {
    session["verbs"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

/// What the played provider told, once it has told of so many sessions.
fn told(child: &Child, count: usize) -> Vec<Value> {
    until("the sessions' end", || (sessions(child).len() >= count).then(|| sessions(child)))
}

/// A customer of ours fetches from a played provider: what came of it, and of the provider's sessions.
fn fetched(lab: &Lab, profile: &str, more: &[&str], flags: &[&str]) -> (Fetched, Vec<Value>) {
    let (at, child) = played(lab, profile, more);
    let fetched = AtrnFetch::new(lab, at).flags(flags).into_maildir().run();
    let sessions = told(&child, 1);
    (fetched, sessions)
}

const EXCHANGE: &[&str] = &["--profile", "exchange"];

/// A provider of ours for customers of the kind of Exchange.
struct Provider {
    daemon: RunningOdmrd,
    exchange: SocketAddr,
    secret: String,
}

impl Provider {
    fn of(lab: &Lab, more: impl FnOnce(Odmrd<'_>) -> Odmrd<'_>) -> Provider {
        let exchange = lab.free();
        let odmrd = Odmrd::new(lab).set("exchange.listen", &format!("[\"{exchange}\"]"));
        let daemon = more(odmrd.account_line("clear_login = true")).start();
        until("the listener", || TcpStream::connect(exchange).ok());
        Provider { daemon, exchange, secret: password(lab) }
    }

    /// So many messages wait, of so many octets.
    fn holds(&self, count: usize, octets: usize) {
        let mut post = Post::open(self.daemon.mx);
        for n in 0..count {
            let text = format!("Subject: {n}\r\n\r\n{}", "y".repeat(76) + "\r\n");
            let filled = format!("{text}{}", format!("{}\r\n", "z".repeat(76)).repeat(octets / 78));
            post.deliver("a@sender.test", "box@example.org", filled.as_bytes());
        }
    }

    /// Exchange calls, with these faults; what came of it, and its session.
    fn called(&self, lab: &Lab, more: &[&str]) -> (Ran, Value) {
        self.called_by("exchange2003-ws2003", lab, more)
    }

    fn called_by(&self, profile: &str, lab: &Lab, more: &[&str]) -> (Ran, Value) {
        let at = self.exchange.to_string();
        let mut words = vec!["emulate", profile, "--call", &at, "--user", USER];
        words.extend(["--password-file", &self.secret, "--json"]);
        words.extend(more);
        let ran = run(lab, probe(&words));
        let told = ran.out.lines().next().map(|line| serde_json::from_str(line).expect("JSON"));
        let told: Value = told.unwrap_or_else(|| panic!("nothing is told: {ran:#?}"));
        assert!(!ran.out.contains(PASSWORD), "a password is told");
        (ran, told)
    }

    /// Waits until so many sessions are over and their mail is back where it waits.
    fn has_ended(&self, count: usize) {
        let ended = || self.daemon.daemon.log().matches("odmr session").count() >= count;
        until("the session's end", || ended().then_some(()));
    }
}

fn received(session: &Value) -> usize {
    session["received"].as_array().expect("a list").len()
}

#[test]
fn t1_on_windows_server_2003_mail_comes_by_turn() {
    let lab = Lab::open();
    let (fetched, sessions) = fetched(&lab, "exchange2003-ws2003", &["--messages", "3"], EXCHANGE);
    let fetched = fetched.ended(0, "ok");
    assert_eq!((fetched.text("verb"), fetched.count("accepted")), ("turn", 3));
    assert_eq!(verbs(&sessions[0]), ["EHLO", "AUTH", "TURN"]);
    assert_eq!(Maildir::at(lab.path("Maildir")).count(), 3);
}

#[test]
fn t2_on_windows_2000_it_comes_by_atrn() {
    let lab = Lab::open();
    let (fetched, sessions) = fetched(&lab, "exchange2003-w2k", &[], EXCHANGE);
    assert_eq!(fetched.ended(0, "ok").text("verb"), "atrn");
    assert_eq!(verbs(&sessions[0]), ["EHLO", "AUTH", "ATRN"]);
}

#[test]
fn t3_where_a_list_is_refused_none_is_said() {
    let lab = Lab::open();
    let faults = ["--fault", "atrn_arg_501"];
    let (fetched, sessions) = fetched(&lab, "exchange2003-w2k", &faults, EXCHANGE);
    assert_eq!(fetched.ended(0, "ok").text("verb"), "atrn");
    assert_eq!(verbs(&sessions[0]), ["EHLO", "AUTH", "ATRN", "ATRN"]);
    let said = spoken(&sessions[0]);
    assert!(said.contains("ATRN example.org\r\n501 ") && said.contains("ATRN\r\n250 "), "{said}");
}

#[test]
fn t4_no_mail_is_told_in_each_way_and_each_is_known() {
    for (fault, how) in [
        ("turn_empty=453", "told"),
        ("turn_empty=turn-quit", "quit"),
        ("turn_empty=turn-fin", "closed"),
        ("turn_250_then_quit_without_ehlo", "quit"),
        ("turn_250_then_fin", "closed"),
    ] {
        for profile in ["exchange2003-ws2003", "exchange2003-w2k"] {
            let lab = Lab::open();
            let empty = ["--messages", "0", "--fault", fault];
            let (fetched, _) = fetched(&lab, profile, &empty, EXCHANGE);
            assert_eq!(fetched.ended(0, "no_mail").text("empty"), how, "{profile}, {fault}");
        }
    }
}

#[test]
fn t5_twenty_at_a_time_until_nothing_is_left() {
    let lab = Lab::open();
    let more = ["--messages", "45", "--fault", "cap20"];
    let (at, child) = played(&lab, "exchange2003-ws2003", &more);
    let fetched = AtrnFetch::new(&lab, at).flags(EXCHANGE).into_maildir().run();
    let fetched = fetched.ended(0, "ok");
    assert_eq!((fetched.count("rounds"), fetched.count("accepted")), (4, 45), "{fetched:#?}");
    let sent: Vec<u64> = told(&child, 4).iter().filter_map(|one| one["sent"].as_u64()).collect();
    assert_eq!(sent, [20, 20, 5, 0]);
    assert_eq!(Maildir::at(lab.path("Maildir")).count(), 45);
}

/// Whether a list of domains could be said or not; and whoever else the message is for has it.
#[test]
fn t6_a_recipient_whom_nobody_asked_for_is_not_taken() {
    for profile in ["exchange2003-w2k", "exchange2003-ws2003"] {
        let lab = Lab::open();
        let (_, sessions) = fetched(&lab, profile, &["--fault", "extra_domain_rcpt"], EXCHANGE);
        let said = spoken(&sessions[0]);
        let answer = |rcpt: &str| {
            let behind = said.split_once(&format!("RCPT TO:<{rcpt}>\r\n")).expect("it is named").1;
            behind.get(..3).expect("an answer")
        };
        assert_eq!(answer("postmaster@elsewhere.example"), "550", "{profile}: {said}");
        assert_eq!(answer("postmaster@example.org"), "250", "{profile}: {said}");
        assert_eq!(sessions[0]["sent"], 1, "{said}");
        assert_eq!(Maildir::at(lab.path("Maildir")).count(), 1);
    }
}

#[test]
fn t7_no_password_is_said_in_clear_unless_somebody_allows_it() {
    let lab = Lab::open();
    let (at, child) = played(&lab, "exchange2003-ws2003", &[]);
    let fetch = AtrnFetch::asking(&lab, at, &[DOMAIN]).flags(&["--tls", "none"]).flags(EXCHANGE);
    assert_eq!(fetch.into_maildir().run().code, Some(77));
    let session = &told(&child, 1)[0];
    assert_eq!(verbs(session).first(), Some(&"EHLO"));
    assert!(!verbs(session).contains(&"AUTH"), "{session}");
}

#[test]
fn t8_ntlm_unasked_is_refused_and_the_session_lives() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd);
    provider.holds(1, 500);
    let (ran, told) = provider.called(&lab, &["--fault", "ntlm_first"]);
    assert_eq!((ran.code, received(&told)), (Some(0), 1), "{ran:#?}");
    let said = spoken(&told);
    let behind = said.split_once("AUTH NTLM ").expect("it is tried").1;
    assert_eq!(behind.split_once("\r\n").expect("an answer").1.get(..3), Some("504"), "{said}");
}

#[test]
fn t9_who_may_not_send_is_told_so_and_has_its_mail() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd);
    provider.holds(1, 500);
    let (ran, told) = provider.called(&lab, &["--messages", "2"]);
    assert_eq!((ran.code, received(&told)), (Some(1), 1), "{ran:#?}");
    assert!(ran.err.contains("(0 taken, 2 refused, 0 put off): 550 "), "{}", ran.err);
    assert_eq!(told["sent"], 0);
    let said = spoken(&told);
    assert_eq!(said.matches("MAIL FROM:<> SIZE=").count(), 2, "{said}");
    assert_eq!(said.matches("\r\n550 5.7.1 ").count(), 2, "{said}");
}

#[test]
fn t10_a_turn_for_anybody_is_told_and_left_at_once() {
    let lab = Lab::open();
    let fault = ["--fault", "turn_accepts_unauthenticated"];
    let (at, child) = played(&lab, "exchange2003-ws2003", &fault);
    let at = at.to_string();
    let words = ["server", &at, "--rcpt", "box@example.org", "--only", "cmd.turn", "--json"];
    let ran = run(&lab, probe(&words));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let record: Value =
        serde_json::from_str(ran.out.lines().next().expect("a record")).expect("JSON");
    assert_eq!(
        (&record["id"], &record["outcome"], &record["severity"]),
        (&"cmd.turn".into(), &"fail".into(), &"security".into()),
        "{record}"
    );
    let is_turned = |session: &Value| session["turned"] == true;
    let turned = until("the turned session", || sessions(&child).into_iter().find(is_turned));
    let said = spoken(&turned);
    let behind = said.split_once("TURN\r\n250 ").expect("it is granted").1;
    assert!(!behind.contains("\r\n220"), "{said}");
    assert_eq!((&turned["sent"], &turned["waiting"]), (&0.into(), &1.into()));
    // By ATRN, too.
    let (at, _child) = played(&lab, "exchange2003-w2k", &fault);
    let ran = run(&lab, probe(&["identify", &at.to_string(), "--json"]));
    let identity: Value =
        serde_json::from_str(ran.out.lines().next().expect("a line")).expect("JSON");
    assert_eq!(identity["turns_for_anybody"], true);
}

#[test]
fn t11_a_dot_that_ends_nothing_is_no_end() {
    let lab = Lab::open();
    let faults = ["--fault", "binary_tail_without_crlf", "--timeout", "2s"];
    let (fetched, sessions) = fetched(&lab, "exchange2003-ws2003", &faults, EXCHANGE);
    assert_eq!(fetched.code, Some(75), "{fetched:#?}");
    assert_eq!((fetched.count("accepted"), fetched.count("refused")), (0, 0));
    assert!(fetched.text("reason").contains("stands behind text"), "{fetched:#?}");
    assert_eq!(Maildir::at(lab.path("Maildir")).count(), 0);
    assert_eq!((&sessions[0]["sent"], &sessions[0]["waiting"]), (&0.into(), &1.into()));
}

#[test]
fn t12_lines_that_end_with_lf_alone_are_refused_or_mended() {
    let lab = Lab::open();
    let faults = ["--fault", "bare_lf_body"];
    let (refused, sessions) = fetched(&lab, "exchange2003-ws2003", &faults, &[]);
    assert_eq!((refused.count("accepted"), refused.count("refused")), (0, 1), "{refused:#?}");
    let said = spoken(&sessions[0]);
    assert!(said.contains("\n.\r\n550 ") && said.contains("QUIT\r\n221 "), "{said}");
    assert_eq!(Maildir::at(lab.path("Maildir")).count(), 0);
    let (mended, _) = fetched_as_exchange(&lab, &faults);
    assert_eq!(mended.ended(0, "ok").count("accepted"), 1);
    let message = Maildir::at(lab.path("Maildir")).messages().remove(0);
    let text = String::from_utf8_lossy(&message).replace("\r\n", "\n");
    assert!(text.contains("\nSubject: odmr-probe 1\n"), "{text}");
    assert!(text.ends_with("\n\nMessage 1 of a server that is played.\n"), "{text}");
}

fn fetched_as_exchange(lab: &Lab, faults: &[&str]) -> (Fetched, Vec<Value>) {
    fetched(lab, "exchange2003-ws2003", faults, EXCHANGE)
}

#[test]
fn t13_an_answer_without_an_end_is_none() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd.set("timeouts.data_end", "\"1s\""));
    provider.holds(1, 500);
    let (ran, told) = provider.called(&lab, &["--fault", "missing_crlf_after_250"]);
    assert_eq!((ran.code, received(&told)), (Some(75), 1), "{ran:#?}");
    provider.has_ended(1);
    // It may come twice: nobody can tell. Lost it is not.
    let (ran, told) = provider.called(&lab, &[]);
    assert_eq!((ran.code, received(&told)), (Some(0), 1), "{ran:#?}");
}

#[test]
fn t14_a_pix_in_front_is_told_and_nothing_is_said_to_it() {
    for fault in ["pix_mask", "pix_mask=unknown"] {
        let lab = Lab::open();
        let (fetched, sessions) = fetched_as_exchange(&lab, &["--fault", fault]);
        assert_eq!(fetched.code, Some(76), "{fault}: {fetched:#?}");
        assert!(!verbs(&sessions[0]).contains(&"AUTH"), "{sessions:?}");
        assert!(fetched.text("reason").contains("a device on the way"), "{fetched:#?}");
        let (at, _child) = played(&lab, "exchange2003-ws2003", &["--fault", fault]);
        let ran = run(&lab, probe(&["identify", &at.to_string(), "--json"]));
        let told: Value =
            serde_json::from_str(ran.out.lines().next().expect("a line")).expect("JSON");
        assert_eq!(told["certainty"], "masked", "{fault}: {told}");
    }
}

#[test]
fn t15_what_a_cut_session_leaves_goes_on_waiting() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd);
    provider.holds(4, 1000);
    let (ran, first) = provider.called(&lab, &["--fault", "session_bytes_cut=3000"]);
    assert_eq!(ran.code, Some(75), "{ran:#?}");
    assert!((1..4).contains(&received(&first)), "{first}");
    provider.has_ended(1);
    let (ran, second) = provider.called(&lab, &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(received(&first) + received(&second), 4, "{first} {second}");
}

#[test]
fn t16_xexch50_is_refused_and_the_mail_comes() {
    let lab = Lab::open();
    let faults = ["--messages", "3", "--fault", "xexch50_after_rcpt"];
    let (fetched, sessions) = fetched_as_exchange(&lab, &faults);
    assert_eq!(fetched.ended(0, "ok").count("accepted"), 3);
    let said = spoken(&sessions[0]);
    assert_eq!(said.matches("XEXCH50 24 2\r\n504 ").count(), 3, "{said}");
    // T17: what we say to DATA is one line.
    assert!(said.contains("DATA\r\n354 ") && !said.contains("354-"), "{said}");
    let daemon = Odmrd::new(&lab).start();
    assert!(Post::open(daemon.mx).ask("XEXCH50 24 2").starts_with("504"));
}

/// One to which mail goes by DATA.
const WITHOUT_CHUNKING: &str = "[profile]\nid = \"old\"\ninherits = \"exchange2003-ws2003\"\n[ehlo]\n\
    first = \"{fqdn} Hello [{peer}]\"\ncaps = [\"SIZE\", \"8bitmime\"]\ntail = \"OK\"\nverified = false\n";

#[test]
fn t17_an_answer_to_data_in_two_lines_and_in_halves_is_one() {
    for faults in [
        &["--fault", "multi_line_354"][..],
        &["--fault", "split_354_delay_ms=40"],
        &["--fault", "multi_line_354", "--fault", "split_354_delay_ms=40"],
    ] {
        let lab = Lab::open();
        let provider = Provider::of(&lab, |odmrd| odmrd);
        provider.holds(2, 500);
        let old = lab.write("old.toml", WITHOUT_CHUNKING).display().to_string();
        let (ran, told) = provider.called_by(&old, &lab, faults);
        assert_eq!((ran.code, received(&told)), (Some(0), 2), "{faults:?}: {ran:#?}");
        let said = spoken(&told);
        assert_eq!(said.contains("354-"), faults.contains(&"multi_line_354"), "{said}");
        assert!(said.contains("DATA\r\n354"), "{said}");
    }
}

#[test]
fn t18_without_a_login_there_is_no_turn() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd);
    provider.holds(1, 500);
    let (ran, told) = provider.called(&lab, &["--fault", "helo_only"]);
    assert_eq!(ran.code, Some(76), "{ran:#?}");
    let said = spoken(&told);
    assert!(said.contains("HELO ") && !said.contains("EHLO "), "{said}");
    assert!(said.contains("TURN\r\n530 "), "{said}");
    // A provider that greets with HELO behind the turn is taken as it is.
    let (fetched, _) = fetched_as_exchange(&lab, &["--fault", "helo_only"]);
    fetched.ended(0, "ok");
}

#[test]
fn t19_each_list_of_extensions_is_read_alike() {
    let tail =
        "SIZE\nETRN\nPIPELINING\nDSN\nENHANCEDSTATUSCODES\n8bitmime\nBINARYMIME\nCHUNKING\nVRFY";
    let (auth, x) =
        ("AUTH GSSAPI NTLM LOGIN\nAUTH=LOGIN", "X-EXPS GSSAPI NTLM LOGIN\nX-EXPS=LOGIN");
    let exchange = format!("{x}\n{auth}\nX-LINK2STATE\nXEXCH50\nOK");
    for (list, atrn, turn) in [
        (format!("{auth}\nTURN\nATRN\n{tail}\nOK"), true, true),
        (format!("TURN\nATRN\n{tail}\n{exchange}"), true, true),
        (format!("{auth}\nTURN\n{tail}\nOK"), false, true),
        (format!("TURN\n{tail}\n{exchange}"), false, true),
    ] {
        let text = |list: &str| Reply::plain(250, Box::leak(format!("a\n{list}").into_boxed_str()));
        let read = Capabilities::from_ehlo(&text(&list));
        assert_eq!((read.atrn, read.turn), (atrn, turn), "{list}");
        assert_eq!(read.auth, ["GSSAPI", "NTLM", "LOGIN"], "{list}");
        assert!(
            read.pipelining && read.eight_bit_mime && read.chunking && read.binarymime,
            "{list}"
        );
        // Either form alone says the same of LOGIN.
        let either = ["AUTH GSSAPI NTLM LOGIN\n", "AUTH=LOGIN\n"]
            .map(|form| Capabilities::from_ehlo(&text(&list.replacen(form, "", 1))).auth);
        assert!(either.iter().all(|auth| auth.iter().any(|name| name == "LOGIN")), "{either:?}");
    }
    let old = Reply::plain(250, "a\nXEXCH50\nHELP\nETRN\nDSN\nSIZE 0\nAUTH LOGIN\nAUTH=LOGIN");
    let read = Capabilities::from_ehlo(&old);
    assert_eq!((read.auth, read.atrn, read.turn), (vec!["LOGIN".to_owned()], false, false));
}

/// What Exchange says up to its TURN.
fn login() -> String {
    let code = |text| BASE64_STANDARD.encode(text);
    format!(
        "P: 220 *\nC: EHLO ex1.example.test\nP: ...\nP: 250 *\nC: AUTH LOGIN\nP: 334 *\nC: {}\n\
         P: 334 *\nC: {}\nP: 235 *\n",
        code(USER),
        code(PASSWORD)
    )
}

#[test]
fn t20_whatever_stands_behind_turn_ends_the_session() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd);
    provider.holds(1, 500);
    let early = format!("{}C: TURN\nC! 2\nP: 503 *\n[closed]", login());
    Script::customer(&early).call(provider.exchange).went_as_written();
    let (ran, told) = provider.called(&lab, &[]);
    assert_eq!((ran.code, received(&told)), (Some(0), 1), "{ran:#?}");
}

/// MSQ-09: where the customer offers PIPELINING, too, the measure of a session is kept to. And who has to call again because
/// of it may do so at once, whatever pace there is; others may not. MSQ-37: it offers CHUNKING, and is sent DATA.
#[test]
fn a_session_that_is_full_is_followed_by_the_next_at_once_and_by_no_third() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| {
        odmrd.set("exchange.session_bytes", "\"10 KiB\"").set("odmr.pace", "\"1h\"")
    });
    provider.holds(5, 2900);
    for expected in [3, 2] {
        let (ran, told) = provider.called(&lab, &[]);
        assert_eq!((ran.code, received(&told)), (Some(0), expected), "{ran:#?}");
        let octets = told["received"].as_array().expect("a list").iter();
        let octets: u64 = octets.filter_map(|one| one["octets"].as_u64()).sum();
        assert!(octets <= 10 << 10, "{octets} octets in a session");
        let said = spoken(&told);
        assert!(said.contains("250-CHUNKING") && !said.contains("BDAT "), "{said}");
    }
    provider.holds(1, 3000);
    let (ran, told) = provider.called(&lab, &[]);
    assert_eq!((ran.code, received(&told)), (Some(75), 0), "{ran:#?}");
    assert!(spoken(&told).contains("TURN\r\n450 "), "{}", spoken(&told));
}

/// MSQ-37: a long line of a header comes to harm by BDAT, and so Exchange is sent DATA.
#[test]
fn a_long_header_line_comes_to_exchange_as_it_was_written() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd);
    let line = format!("X-Long: {}\r\n", "x".repeat(1100));
    let deliver = || {
        let content = format!("Subject: a\r\n{line}\r\nx\r\n");
        Post::open(provider.daemon.mx).deliver(
            "a@sender.test",
            "box@example.org",
            content.as_bytes(),
        );
    };
    let kept = lab.path("kept");
    let kept_word = kept.display().to_string();
    let fault = ["--fault", "bdat_long_header", "--keep", &kept_word];
    deliver();
    let (ran, told) = provider.called(&lab, &fault);
    assert_eq!((ran.code, received(&told)), (Some(0), 1), "{ran:#?}");
    let said = spoken(&told);
    assert!(said.contains("\r\nDATA\r\n") && !said.contains("BDAT "), "{said}");
    let text = |name: &str| std::fs::read_to_string(kept.join(name)).expect("a message");
    assert!(text("0001.eml").contains(&line), "{}", text("0001.eml"));
}

/// MSQ-06: who may not send is told to keep its mail, and has what waits.
#[test]
fn mail_that_may_not_be_sent_is_put_off_where_somebody_wants_that() {
    let lab = Lab::open();
    let provider =
        Provider::of(&lab, |odmrd| odmrd.set("exchange.pre_turn_mail", "\"reject-soft\""));
    provider.holds(1, 500);
    let (ran, told) = provider.called(&lab, &["--messages", "2"]);
    assert_eq!((ran.code, received(&told)), (Some(1), 1), "{ran:#?}");
    assert_eq!((&told["refused"], &told["waiting"]), (&0.into(), &2.into()), "{told}");
    assert!(ran.err.contains("(0 taken, 0 refused, 2 put off): 450 "), "{}", ran.err);
}

#[test]
fn a_second_turn_behind_the_first_is_not_heard() {
    let lab = Lab::open();
    let provider = Provider::of(&lab, |odmrd| odmrd);
    provider.holds(1, 500);
    let (ran, told) = provider.called(&lab, &["--fault", "double_turn"]);
    assert_eq!((ran.code, received(&told)), (Some(0), 1), "{ran:#?}");
    let said = spoken(&told);
    assert!(said.ends_with("TURN\r\n"), "it is answered: {said}");
}

#[test]
fn a_call_that_breaks_off_behind_the_turn_is_told_so() {
    for rest in [
        "C: 220 *\n[drop]",
        "C: 220 *\nP: EHLO a\nC: ...\nC: 250 *\nP: MAIL FROM:<>\nC: 250 *\n[drop]",
        "P: EHLO too.soon\n[drop]",
    ] {
        let lab = Lab::open();
        let provider = "P: 220 a\nC: EHLO *\nP: 250-a\nP: 250 AUTH LOGIN\nC: AUTH LOGIN\nP: 334 VXNlcm5hbWU6\n\
            C: *\nP: 334 UGFzc3dvcmQ6\nC: *\nP: 235 ok\nC: TURN\nP: 250 ok\n";
        let stage = Stage::open(&lab, vec![Script::provider(&[provider, rest].concat())]);
        let (server, secret) = (stage.address.to_string(), password(&lab));
        let mut words = vec!["emulate", "exchange2003-w2k", "--call", &server, "--user", USER];
        words.extend(["--password-file", &secret, "--json"]);
        let ran = run(&lab, probe(&words));
        stage.close_one();
        assert_eq!(ran.code, Some(75), "{rest}: {ran:#?}");
        let told: Value =
            serde_json::from_str(ran.out.lines().next().expect("a line")).expect("JSON");
        assert_eq!((received(&told), &told["user"]), (0, &USER.into()), "{rest}");
    }
}

/// MSQ-29: a code for "later" that means "never".
#[test]
fn who_may_not_send_is_told_what_that_means() {
    let lab = Lab::open();
    let (fetched, sessions) = fetched_as_exchange(&lab, &["--fault", "auth_454_573"]);
    assert_eq!(fetched.code, Some(77), "{fetched:#?}");
    assert!(fetched.text("hint").contains("it will not pass"), "{fetched:#?}");
    assert!(!verbs(&sessions[0]).contains(&"TURN"), "{sessions:?}");
}

/// MSQ-20: where TLS comes to nothing, nothing is said in clear that was to be under it.
#[test]
fn starttls_that_comes_to_nothing_shows_no_password() {
    for fault in ["starttls_554", "starttls_advertised_by_middlebox"] {
        let lab = Lab::open();
        let (at, child) = played(&lab, "exchange2003-ws2003", &["--fault", fault]);
        let fetch = AtrnFetch::asking(&lab, at, &[DOMAIN]).flags(&["--tls", "starttls"]);
        let fetched = fetch.flags(EXCHANGE).into_maildir().run();
        assert!(!matches!(fetched.code, Some(0) | None), "{fault}: {fetched:#?}");
        let session = &told(&child, 1)[0];
        assert!(verbs(session).contains(&"STARTTLS"), "{session}");
        assert!(!verbs(session).contains(&"AUTH"), "{session}");
    }
}

#[test]
fn faults_are_listed_and_unknown_ones_told() {
    let lab = Lab::open();
    let listed = run(&lab, probe(&["emulate", "--list-faults"]));
    assert_eq!(listed.code, Some(0), "{listed:#?}");
    assert!(listed.out.contains("turn_empty=453|turn-quit|turn-fin (with --listen)\n    Where no"));
    let at = lab.free().to_string();
    let refused = |words: &[&str]| {
        let ran = run(&lab, probe(&[&["emulate", "exchange2003-ws2003"], words].concat()));
        assert_eq!(ran.code, Some(64), "{ran:#?}");
        ran.err
    };
    let err = refused(&["--listen", &at, "--fault", "tarpit_5"]);
    assert!(err.contains("did you mean tarpit_5s?"), "{err}");
    let err = refused(&["--listen", &at, "--fault", "ntlm_first"]);
    assert!(err.contains("makes no sense") && err.contains("--call"), "{err}");
    let err = refused(&["--listen", &at, "--fault", "atrn_arg_501"]);
    assert!(err.contains("knows no ATRN"), "{err}");
    let own =
        "[profile]\nid = \"own\"\ninherits = \"iis6\"\n[fault]\nshort_name = true\ncap20 = 2\n";
    let file = lab.write("own.toml", own).display().to_string();
    let (at, child) = played(&lab, &file, &["--messages", "3"]);
    let fetched = AtrnFetch::new(&lab, at).flags(EXCHANGE).into_maildir().run();
    fetched.ended(0, "ok");
    let sessions = told(&child, 2);
    assert_eq!(sessions[0]["faults"], serde_json::json!(["cap20", "short_name"]));
    assert_eq!(sessions[0]["sent"], 2);
    assert!(spoken(&sessions[0]).starts_with("220 EX1 Microsoft"), "{}", spoken(&sessions[0]));
}
