//! Where `atrn-fetch` puts mail: Postfix, Exim, Dovecot, a Maildir; and what becomes of it when they
//! do not want it. Each recipient's own answer must reach the provider.

use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, DOMAIN, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::{Lab, dovecot, exim, program};

const BOX: &str = "box@example.org";

/// A provider with letters of several sizes waiting.
fn laden(lab: &Lab) -> (RunningOdmrd, Ledger) {
    let odmrd = Odmrd::new(lab).start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(odmrd.mx);
    for octets in [0, 700, 4000, 130_000, 2_000_000] {
        post.deliver("a@sender.test", BOX, &ledger.letter(octets).content);
        post.deliver("", BOX, &ledger.letter_8bit(octets).content);
    }
    (odmrd, ledger)
}

/// Collects into a target, finds all of it there, and nothing left behind.
fn all_arrives(into: &str, lab: &Lab, odmrd: &RunningOdmrd, ledger: &Ledger, maildir: &Maildir) {
    let fetch = AtrnFetch::new(lab, odmrd.odmr).into(into);
    let fetched = fetch.run().ended(0, "ok");
    assert_eq!(fetched.count("accepted"), ledger.len() as u64, "{fetched:#?}");
    let reckoning = ledger.reckon(&maildir.until(ledger.len()));
    assert_eq!(reckoning, Reckoning::default(), "{fetched:#?}");
    fetch.run().ended(0, "no_mail");
}

#[test]
fn postfix_takes_it_by_smtp() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).start();
    all_arrives(&format!("smtp:{}", postfix.address), &lab, &odmrd, &ledger, &postfix.maildir);
}

#[test]
fn exim_takes_it_by_smtp() {
    if !have(&[Peer::Exim]) {
        return;
    }
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let exim = exim::receiving(&lab, DOMAIN);
    all_arrives(&format!("smtp:{}", exim.address), &lab, &odmrd, &ledger, &exim.maildir);
}

#[test]
fn dovecot_takes_it_by_lmtp_over_tcp() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let dovecot = dovecot::receiving(&lab, &[BOX]);
    let into = format!("lmtp:{}", dovecot.address);
    all_arrives(&into, &lab, &odmrd, &ledger, &dovecot.maildir("box"));
}

#[test]
fn dovecot_takes_it_by_lmtp_on_a_unix_socket() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let dovecot = dovecot::receiving(&lab, &[BOX]);
    let into = format!("lmtp:unix:{}", dovecot.socket.display());
    all_arrives(&into, &lab, &odmrd, &ledger, &dovecot.maildir("box"));
}

#[test]
fn a_maildir_takes_it() {
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let maildir = Maildir::at(lab.path("Maildir"));
    let into = format!("maildir:{}", lab.path("Maildir").display());
    all_arrives(&into, &lab, &odmrd, &ledger, &maildir);
    for mail in maildir.messages() {
        let text = String::from_utf8_lossy(&mail).into_owned();
        let sender = text.starts_with("Return-Path: <>\n")
            || text.starts_with("Return-Path: <a@sender.test>\n");
        assert!(sender && text.contains("Delivered-To: box@example.org\n"), "{text}");
    }
}

/// Brings one letter for three, of whom the target wants one, one later, and one never.
fn one_of_three_is_wanted(odmrd: &RunningOdmrd, ledger: &mut Ledger) {
    let to = [BOX, "later@example.org", "gone@example.org"];
    let replies = Post::open(odmrd.mx).send("a@sender.test", &to, &ledger.letter(900).content);
    assert!(replies.iter().all(|reply| reply.starts_with(['2', '3'])), "{replies:#?}");
}

#[test]
fn each_recipient_of_an_smtp_target_has_its_own_answer() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    one_of_three_is_wanted(&odmrd, &mut ledger);
    let choosy = Postfix::receiving(&lab, "choosy", DOMAIN)
        .refusing("later@example.org", "450 4.2.1 not now")
        .refusing("gone@example.org", "550 5.1.1 no such user")
        .start();
    let fetched =
        AtrnFetch::new(&lab, odmrd.odmr).into_smtp(choosy.address).run().ended(1, "partial");
    assert_eq!((fetched.count("accepted"), fetched.count("deferred")), (1, 1), "{fetched:#?}");
    assert_eq!(fetched.summary["by_code"], serde_json::json!({"250": 1, "450": 1, "550": 1}));
    let log = odmrd.daemon.log();
    assert!(
        log.contains("delivered=1") && log.contains("deferred=1") && log.contains("refused=1"),
        "{log}"
    );

    // The one put off is offered again, and nobody else.
    let willing = Postfix::receiving(&lab, "willing", DOMAIN).start();
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_smtp(willing.address).run().ended(0, "ok");
    assert_eq!(fetched.summary["by_code"], serde_json::json!({"250": 1}), "{fetched:#?}");
    let text = String::from_utf8_lossy(&willing.maildir.until(1)[0]).into_owned();
    assert!(text.contains("X-Original-To: later@example.org"), "{text}");
    AtrnFetch::new(&lab, odmrd.odmr).into_smtp(willing.address).run().ended(0, "no_mail");
}

#[test]
fn each_recipient_of_an_lmtp_target_has_its_own_answer() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    one_of_three_is_wanted(&odmrd, &mut ledger);
    let dovecot = dovecot::receiving(&lab, &[BOX, "later@example.org"]);
    let into = format!("lmtp:{}", dovecot.address);
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into(&into).run().ended(0, "ok");
    assert_eq!(fetched.summary["by_code"], serde_json::json!({"250": 2, "550": 1}), "{fetched:#?}");
    for user in ["box", "later"] {
        assert_eq!(ledger.reckon(&dovecot.maildir(user).until(1)), Reckoning::default());
    }
    AtrnFetch::new(&lab, odmrd.odmr).into(&into).run().ended(0, "no_mail");
}

#[test]
fn a_target_that_is_down_is_found_out_before_anything_is_asked() {
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let socket = format!("lmtp:unix:{}", lab.path("nobody").display());
    for into in [format!("smtp:{}", lab.free()), socket] {
        let fetched = AtrnFetch::new(&lab, odmrd.odmr).into(&into).run().ended(75, "tempfail");
        assert_eq!(fetched.summary["verb"], serde_json::Value::Null, "{fetched:#?}");
    }
    assert!(!odmrd.daemon.log().contains("atrn"), "{}", odmrd.daemon.log());
    let maildir = Maildir::at(lab.path("Maildir"));
    let into = format!("maildir:{}", lab.path("Maildir").display());
    all_arrives(&into, &lab, &odmrd, &ledger, &maildir);
}

#[test]
fn test_target_tells_what_a_target_takes() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).start();
    let fetch = |target: String| {
        let fetch = AtrnFetch::new(&lab, lab.free()).into(&target);
        crate::lab::process::run(&lab, fetch.command("test-target"))
    };
    let ran = fetch(format!("smtp:{}", postfix.address)).succeeded();
    assert!(ran.out.contains("takes mail, up to"), "{ran:#?}");
    let nobody = lab.free();
    let ran = fetch(format!("smtp:{nobody}"));
    assert_eq!(ran.code, Some(75), "{ran:#?}");
    assert!(ran.err.contains(&nobody.to_string()) && ran.out.is_empty(), "{ran:#?}");
}

#[test]
fn mail_is_sorted_into_folders() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(odmrd.mx);
    let to = [BOX, "sales@example.org"];
    post.send("a@sender.test", &to, &ledger.letter(900).content);
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    fetch.flags(&["--folder", "sales@example.org=.Sales"]).run().ended(0, "ok");
    for folder in ["Maildir", "Maildir/.Sales"] {
        let arrived = Maildir::at(lab.path(folder)).messages();
        assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{folder}");
    }
}

#[test]
fn a_program_takes_it_and_each_recipient_has_its_own_answer() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    one_of_three_is_wanted(&odmrd, &mut ledger);
    let maildir = Maildir::at(lab.room("taken"));
    let into = program(
        &lab,
        "deliver",
        "case $1 in later) exit 75;; gone) echo 'moved away'; exit 67;; esac\n\
         mkdir -p $2/new; cat > $2/new/$1",
    );
    let taken = lab.path("taken").display().to_string();
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into(&into);
    let fetch = fetch.flags(&["--argument", "{local}", "--argument", &taken]);
    let fetched = fetch.run().ended(1, "partial");
    assert_eq!(fetched.summary["by_code"], serde_json::json!({"250": 1, "451": 1, "550": 1}));
    assert_eq!(ledger.reckon(&maildir.messages()), Reckoning::default());
    assert!(
        fetched.said.contains("moved away") && fetched.said.contains("ended with 67"),
        "{fetched:#?}"
    );
}

/// The mail goes through a program into a mail system that has a queue of its own.
#[test]
fn dovecots_own_delivery_program_takes_it() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let dovecot = dovecot::receiving(&lab, &[BOX]);
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into("command:/usr/lib/dovecot/dovecot-lda");
    let config = dovecot.config.display().to_string();
    let words = ["-c", &config, "-d", "{recipient}", "-f", "{sender}"];
    let fetch = words.iter().fold(fetch, |fetch, word| fetch.flags(&["--argument", word]));
    let fetched = fetch.run().ended(0, "ok");
    assert_eq!(fetched.count("accepted"), ledger.len() as u64, "{fetched:#?}");
    let reckoning = ledger.reckon(&dovecot.maildir("box").until(ledger.len()));
    assert_eq!(reckoning, Reckoning::default(), "{fetched:#?}");
}

/// A Postfix takes ten megabytes, and a provider more: what lies between is refused, and not in silence.
#[test]
fn what_is_larger_than_the_target_takes_is_counted_as_refused() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).set("message_size_limit", "9000");
    let postfix = postfix.start();
    Post::open(odmrd.mx).deliver("a@sender.test", BOX, &Ledger::default().letter(20_000).content);
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_smtp(postfix.address).run();
    assert_eq!((fetched.count("offered"), fetched.count("refused")), (1, 1), "{fetched:#?}");
    assert_eq!(fetched.summary["by_code"]["552"], 1, "{fetched:#?}");
    assert_ne!(fetched.text("result"), "no_mail");
}

/// What is said to be binary and is a text goes to whoever takes texts; what has no lines waits for a target
/// that takes it, and arrives there octet by octet.
#[test]
fn a_text_that_was_called_binary_arrives() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut post = Post::open(odmrd.mx);
    let mut bring = |content: &str| {
        assert!(post.ask("MAIL FROM:<a@sender.test> BODY=BINARYMIME").starts_with("250"));
        assert!(post.ask(&format!("RCPT TO:<{BOX}>")).starts_with("250"));
        // The line's own CRLF is the last of the chunk.
        let said = format!("BDAT {} LAST\r\n{content}", content.len() + 2);
        assert!(post.ask(&said).starts_with("250"));
    };
    bring("Subject: text\r\n\r\ncaf\u{e9}");
    bring("Subject: binary\r\n\r\na\nb\0");
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).start();
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_smtp(postfix.address).run();
    assert_eq!(fetched.count("accepted"), 1, "{fetched:#?}");
    assert!(odmrd.daemon.has_said("does not offer BINARYMIME"), "the other one waits");
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run();
    assert_eq!(fetched.count("accepted"), 1, "{fetched:#?}");
    let mail = Maildir::at(lab.path("Maildir")).messages().remove(0);
    assert!(mail.ends_with(b"Subject: binary\r\n\r\na\nb\0\r\n"), "{}", mail.escape_ascii());
}
