//! What the MX turns away although the domain is one of ours, and lets in again.

use std::net::UdpSocket;
use std::time::Duration;

use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::dns::Dns;
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, Odmrd, PROVIDER, quoted};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::process::run;
use crate::lab::tools::swaks;

/// The reply to one recipient of a message of the size its sender declares.
#[track_caller]
fn asked(post: &mut Post, recipient: &str, size: u64) -> String {
    assert!(post.ask(&format!("MAIL FROM:<a@sender.test> SIZE={size}")).starts_with("250"));
    let reply = post.ask(&format!("RCPT TO:<{recipient}>"));
    post.ask("RSET");
    reply
}

const OVER_QUOTA: &str = "452 4.2.2 too much waits for that domain already; try again later";

#[test]
fn a_domain_that_is_full_is_put_off_until_its_customer_has_called() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab)
        .account("second", &["second.test"], "A-long-enough-word")
        .set("mx.max_size", "\"64 KiB\"")
        .set("queue.quota", "\"100 KiB\"")
        .set("domains.\"second.test\".quota", "\"64 KiB\"")
        .start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", "box@example.org", &b"one line\r\n".repeat(5_000));
    assert!(asked(&mut post, "box@example.org", 50_000).starts_with("250"));
    assert_eq!(asked(&mut post, "box@example.org", 60_000), OVER_QUOTA);
    assert!(asked(&mut post, "box@second.test", 60_000).starts_with("250"), "another domain's");
    // Of two recipients, the one there is room for has its mail.
    let told = post.ask("MAIL FROM:<a@sender.test> SIZE=60000");
    assert!(told.starts_with("250"), "{told}");
    assert_eq!(post.ask("RCPT TO:<box@example.org>"), OVER_QUOTA);
    assert!(post.ask("RCPT TO:<box@second.test>").starts_with("250"));
    post.ask("RSET");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert!(asked(&mut post, "box@example.org", 60_000).starts_with("250"));
}

/// Each of them was told that there is room.
#[test]
fn a_quota_holds_for_those_who_come_side_by_side() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).set("queue.quota_messages", "1").start();
    let mut sides = [Post::open(odmrd.mx), Post::open(odmrd.mx)];
    for post in &mut sides {
        assert!(post.ask("MAIL FROM:<a@sender.test>").starts_with("250"));
        assert!(post.ask("RCPT TO:<box@example.org>").starts_with("250"));
        assert!(post.ask("DATA").starts_with("354"));
    }
    let ended = sides.map(|mut post| post.ask("Subject: x\r\n\r\ny\r\n."));
    assert!(ended[0].starts_with("250"), "{ended:?}");
    assert!(ended[1].starts_with("452 4.2.2"), "{ended:?}");
}

/// Both are whole, and wait for what DNS says of their senders.
#[test]
fn a_quota_holds_for_those_who_wait_side_by_side() {
    let lab = Lab::open();
    let names = UdpSocket::bind((lab.ip(), 0)).expect("a port");
    names.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let resolver = names.local_addr().expect("its address").to_string();
    let odmrd = Odmrd::new(&lab).set("queue.quota_messages", "1").set("mx.spf", "true");
    let odmrd = odmrd.set("mx.resolver", &quoted(&resolver)).start();
    let mut asked = Vec::new();
    let mut posts = ["one", "two"].map(|name| {
        let mut post = Post::open(odmrd.mx);
        assert!(post.ask(&format!("MAIL FROM:<a@{name}.test>")).starts_with("250"));
        assert!(post.ask("RCPT TO:<box@example.org>").starts_with("250"));
        assert!(post.ask("DATA").starts_with("354"));
        post.say("Subject: x\r\n\r\ny\r\n.");
        // It is asked for, and not answered yet.
        let mut query = vec![0; 512];
        let (octets, from) = names.recv_from(&mut query).expect("a question");
        query.truncate(octets);
        asked.push((query, from));
        post
    });
    let answering = std::thread::spawn(move || {
        let mut next = asked.into_iter().map(Ok).collect::<Vec<std::io::Result<_>>>();
        while let Some(Ok((mut answer, from))) = next.pop() {
            // No such name.
            (answer[2], answer[3]) = (answer[2] | 0x80, 0x83);
            names.send_to(&answer, from).expect("sent");
            if next.is_empty() {
                names.set_read_timeout(Some(Duration::from_secs(3))).expect("a timeout");
                let mut query = vec![0; 512];
                next.push(names.recv_from(&mut query).map(|(octets, from)| {
                    query.truncate(octets);
                    (query, from)
                }));
            }
        }
    });
    let mut ended = posts.each_mut().map(Post::reply);
    ended.sort();
    assert!(ended[0].starts_with("250") && ended[1].starts_with("452 4.2.2"), "{ended:?}");
    answering.join().expect("answers");
    assert!(odmrd.daemon.has_said("over its quota"), "{}", odmrd.daemon.log());
}

#[test]
fn what_is_on_hold_counts_towards_the_quota() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).set("queue.quota_messages", "2").start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", "box@example.org", b"one\r\n");
    let hold = ["hold", "--domain", "example.org", "--yes", "--reason", "moving house"];
    let mut queuectl = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    queuectl.arg("--config").arg(odmrd.config()).args(hold);
    run(&lab, queuectl).succeeded();
    assert!(asked(&mut post, "box@example.org", 3).starts_with("250"));
    post.deliver("a@sender.test", "box@example.org", b"two\r\n");
    assert_eq!(asked(&mut post, "box@example.org", 3), OVER_QUOTA);
}

#[test]
fn a_hasty_sender_is_slowed_down_unless_it_is_ours() {
    let lab = Lab::open();
    let hasty = |exempt: &str, name: &str| {
        let odmrd = Odmrd::named(&lab, name).set("limits.messages_per_minute", "2");
        let odmrd = odmrd.set("limits.exempt", exempt).start();
        let mut post = Post::open(odmrd.mx);
        let told = [(); 4].map(|()| {
            let told = post.ask("MAIL FROM:<a@sender.test>");
            post.ask("RSET");
            told
        });
        told.map(|told| {
            told.starts_with("250") || {
                assert_eq!(told, "450 4.7.1 too many messages from your address; try again later");
                false
            }
        })
    };
    assert_eq!(hasty("[]", "strict"), [true, true, false, false]);
    assert_eq!(hasty("[\"127.0.0.0/8\"]", "friendly"), [true; 4]);
}

#[test]
fn who_connects_too_often_is_told_so() {
    let lab = Lab::open();
    // The lab itself has looked at both ports, one connection each.
    let odmrd = Odmrd::new(&lab).set("limits.connections_per_minute", "4").start();
    let hello = || {
        let tcp = std::net::TcpStream::connect(odmrd.mx).expect("a port");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(tcp), &mut line).expect("a line");
        line
    };
    assert!(hello().starts_with("220 "));
    assert!(hello().starts_with("220 "));
    assert_eq!(hello(), "421 4.7.0 your address connects too often; try again later\r\n");
}

/// A balancer in front says for whom it calls; nobody else is believed.
#[test]
fn a_proxy_says_who_calls() {
    if !have(&[Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).set("limits.proxies", "[\"127.0.0.99\"]");
    let odmrd = odmrd.set("limits.connections_per_minute", "6").start();
    let sent = |from: &str, words: &[&str]| {
        let usual =
            ["--from", "a@sender.test", "--to", "box@example.org", "--local-interface", from];
        swaks(&lab, odmrd.mx, &[&usual, words].concat())
    };
    let from = |version: &'static str, source: &'static str, family: &'static str| {
        let dest = if family == "TCP6" { "2001:db8::25" } else { "198.51.100.25" };
        let head = ["--proxy-version", version, "--proxy-family", family];
        let ends = ["--proxy-source", source, "--proxy-source-port", "40000"];
        [&head[..], &ends, &["--proxy-dest", dest, "--proxy-dest-port", "25"]].concat()
    };
    sent("127.0.0.99", &from("1", "192.0.2.7", "TCP4")).succeeded();
    sent("127.0.0.99", &from("1", "2001:db8::7", "TCP6")).succeeded();
    let second = |source| {
        let mut words = from("2", source, "AF_INET");
        words.extend(["--proxy-protocol", "STREAM", "--proxy-command", "PROXY"]);
        words
    };
    // So many of them that the balancer's own address would be turned away.
    for _ in 0..4 {
        sent("127.0.0.99", &second("192.0.2.8")).succeeded();
    }
    let seen = AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(seen.count("accepted"), 6);
    let mails = Maildir::at(lab.path("Maildir")).messages();
    let count = |words: &str| {
        let there = |mail: &&Vec<u8>| String::from_utf8_lossy(mail).contains(words);
        mails.iter().filter(there).count()
    };
    assert_eq!(count("[192.0.2.7]"), 1);
    assert_eq!(count("[IPv6:2001:db8::7]"), 1);
    assert_eq!(count("[192.0.2.8]"), 4);
    assert_eq!(count("127.0.0.99"), 0);
    // Who is no proxy is not believed, and a proxy that says nothing of the kind not let in.
    assert_ne!(sent("127.0.0.98", &from("1", "192.0.2.7", "TCP4")).code, Some(0));
    let mut silent = std::net::TcpStream::connect(odmrd.mx).expect("a port");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(&mut silent), &mut line)
        .expect("a line");
    assert!(line.starts_with("220 "), "others need no header: {line}");
    assert_ne!(sent("127.0.0.99", &[]).code, Some(0));
    assert!(odmrd.daemon.has_said("a proxy does not say who calls"));
}

/// Mail for a mailbox that the customer's server does not have comes in once, and not again.
#[test]
fn what_a_customers_server_does_not_have_is_refused_at_the_door() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).set("mx.learn_refusals", "\"1h\"").start();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org")
        .refusing("ghost@example.org", "550 5.1.1 nobody here by that name")
        .refusing("strict@example.org", "550 5.7.1 not from you")
        .start();
    let mut post = Post::open(odmrd.mx);
    for to in ["ghost@example.org", "strict@example.org", "box@example.org"] {
        post.deliver("a@sender.test", to, b"Subject: x\r\n\r\ny\r\n");
    }
    AtrnFetch::new(&lab, odmrd.odmr).into_smtp(postfix.address).run();
    let told = asked(&mut post, "Ghost@example.org", 0);
    assert!(told.starts_with("550 5.1.1 no such mailbox, as the server"), "{told}");
    assert!(asked(&mut post, "box@example.org", 0).starts_with("250"));
    assert!(asked(&mut post, "strict@example.org", 0).starts_with("250"), "a word on one message");
    assert!(asked(&mut post, "postmaster@example.org", 0).starts_with("250"));
    // The mailbox has been made.
    odmrd.reload();
    assert!(asked(&mut Post::open(odmrd.mx), "ghost@example.org", 0).starts_with("250"));
}

/// A refusal of the content is the word on one mailbox only where there is no other.
#[test]
fn a_refusal_after_the_content_is_about_a_mailbox_if_it_stands_alone() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).set("mx.learn_refusals", "\"1h\"").start();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org")
        .set("header_checks", "regexp:{{/^Subject: x/ REJECT 5.1.1 nobody}}")
        .start();
    let mut post = Post::open(odmrd.mx);
    let several = ["one@example.org", "two@example.org"];
    let replies = post.send("a@sender.test", &several, b"Subject: x\r\n\r\ny\r\n");
    assert!(replies.last().is_some_and(|reply| reply.starts_with("250")), "{replies:#?}");
    post.deliver("a@sender.test", "alone@example.org", b"Subject: x\r\n\r\ny\r\n");
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_smtp(postfix.address).run();
    assert_eq!(fetched.count("refused"), 2, "{fetched:#?}");
    for recipient in several {
        assert!(asked(&mut post, recipient, 0).starts_with("250"), "{recipient}");
    }
    assert!(asked(&mut post, "alone@example.org", 0).starts_with("550 5.1.1"));
}

#[test]
fn a_detail_behind_a_delimiter_belongs_to_the_recipient_before_it() {
    let lab = Lab::open();
    let list = lab.write("example.org.list", "anna\n");
    let odmrd = Odmrd::new(&lab)
        .set("domains.\"example.org\".recipients", &quoted(&list.display().to_string()))
        .set("domains.\"example.org\".recipient_delimiter", "\"+\"")
        .start();
    let mut post = Post::open(odmrd.mx);
    assert!(asked(&mut post, "anna+news@example.org", 0).starts_with("250"));
    assert!(asked(&mut post, "anna-news@example.org", 0).starts_with("550 5.1.1"));
    // It is handed over as it came.
    post.deliver("a@sender.test", "anna+news@example.org", b"Subject: x\r\n\r\ny\r\n");
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    fetch.run().ended(0, "ok");
    let mail = std::fs::read_dir(lab.path("Maildir/new")).expect("a Maildir").next();
    let mail = std::fs::read_to_string(mail.expect("a mail").expect("readable").path());
    assert!(mail.expect("text").contains("for <anna+news@example.org>"));
}

/// A filter in front says whose mail it brings; nobody else may.
#[test]
fn a_filter_says_whose_mail_it_brings() {
    if !have(&[Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).set("mx.xclient", "[\"127.0.0.99\"]").start();
    let sent = |from: &str| {
        let usual =
            ["--from", "a@sender.test", "--to", "box@example.org", "--local-interface", from];
        let for_whom = ["--xclient-addr", "192.0.2.7", "--xclient-helo", "spike.test"];
        swaks(&lab, odmrd.mx, &[&usual[..], &for_whom].concat())
    };
    sent("127.0.0.99").succeeded();
    let stranger = sent("127.0.0.1");
    assert_ne!(stranger.code, Some(0), "a stranger was believed");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mails = Maildir::at(lab.path("Maildir")).messages();
    let mail = String::from_utf8_lossy(&mails[0]);
    assert!(mail.contains("192.0.2.7") && mail.contains("spike.test"), "{mail}");
    assert!(!mail.contains("127.0.0.99"), "{mail}");
}

/// What was said of one client does not count for the next.
#[test]
fn a_filter_speaks_for_one_after_the_other() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).set("mx.xclient", "[\"127.0.0.1\"]").start();
    let mut post = Post::open(odmrd.mx);
    for (introduction, helo) in
        [("ADDR=192.0.2.7 HELO=spike.test", "filter.test"), ("ADDR=[UNAVAILABLE]", "next.test")]
    {
        assert!(post.ask(&format!("XCLIENT {introduction}")).starts_with("220"));
        // More of the same client, as Postfix goes on where a line would be too long.
        assert!(post.ask("XCLIENT PROTO=ESMTP PORT=40000").starts_with("220"));
        assert!(post.ask(&format!("EHLO {helo}")).starts_with("250"));
        post.deliver(
            "a@sender.test",
            "box@example.org",
            format!("Subject: {helo}\r\n\r\nx\r\n").as_bytes(),
        );
    }
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mails = Maildir::at(lab.path("Maildir")).messages();
    let of = |helo: &str| {
        let text = mails.iter().map(|mail| String::from_utf8_lossy(mail).into_owned());
        text.into_iter().find(|text| text.contains(&format!("Subject: {helo}"))).expect("the mail")
    };
    let (first, next) = (of("filter.test"), of("next.test"));
    assert!(first.contains("spike.test") && first.contains("192.0.2.7"), "{first}");
    assert!(next.contains("from next.test"), "{next}");
    assert!(!next.contains("spike.test") && !next.contains("192.0.2.7"), "{next}");
}

/// Who believes `Authentication-Results` of the provider must not be lied to in its name.
#[test]
fn a_verdict_in_our_name_is_ours() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let name = crate::lab::ours::PROVIDER;
    let letter = format!(
        "Authentication-Results: {name};\r\n dkim=pass header.d=bank.test\r\n\
         Authentication-Results: list.test; spf=pass\r\nSubject: x\r\n\r\n\
         Authentication-Results: {name}; in a body\r\n"
    );
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", "box@example.org", letter.as_bytes());
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mail = Maildir::at(lab.path("Maildir")).until(1).remove(0);
    let mail = String::from_utf8(mail).expect("text");
    assert!(!mail.contains("bank.test"), "{mail}");
    assert!(mail.contains("Authentication-Results: list.test; spf=pass\nSubject: x\n\n"), "{mail}");
    assert!(mail.ends_with(&format!("Authentication-Results: {name}; in a body\n")), "{mail}");
    assert!(odmrd.daemon.has_said("forged Authentication-Results"), "{}", odmrd.daemon.log());
}

/// The customer's filter sees our address only; what the sender's was worth, we have to tell.
#[test]
fn whether_the_sender_may_send_is_written_down() {
    let lab = Lab::open();
    let texts = [
        ("good.test", "v=spf1 ip4:127.0.0.0/8 -all"),
        ("bad.test", "v=spf1 ip4:192.0.2.1 -all"),
        ("broken.test", "v=spf1 nonsense"),
        ("silent.test", "hello"),
    ];
    let dns = Dns::with(&lab, &texts);
    let odmrd = Odmrd::new(&lab)
        .set("mx.spf", "true")
        .set("mx.resolver", &quoted(&dns.address.to_string()))
        .start();
    let mut post = Post::open(odmrd.mx);
    let expected = [
        ("a@good.test", "spf=pass smtp.mailfrom=good.test"),
        ("a@bad.test", "spf=fail smtp.mailfrom=bad.test"),
        ("a@broken.test", "spf=permerror smtp.mailfrom=broken.test"),
        ("a@silent.test", "spf=none smtp.mailfrom=silent.test"),
        ("a@nowhere.test", "spf=none smtp.mailfrom=nowhere.test"),
        ("", "spf=none smtp.helo=sender.test"),
    ];
    for (from, _) in expected {
        post.deliver(from, "box@example.org", b"Subject: x\r\n\r\nx\r\n");
    }
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mut found: Vec<String> = Maildir::at(lab.path("Maildir"))
        .until(expected.len())
        .into_iter()
        .filter_map(|mail| {
            let mail = String::from_utf8(mail).expect("text");
            let name = format!("Authentication-Results: {};\n\t", crate::lab::ours::PROVIDER);
            Some(mail.split_once(&name)?.1.lines().next()?.to_owned())
        })
        .collect();
    found.sort();
    let mut wanted = expected.map(|(_, found)| found.to_owned());
    wanted.sort();
    assert_eq!(found, wanted);
}

/// Without a resolver mail comes all the same.
#[test]
fn a_resolver_that_does_not_answer_keeps_no_mail_away() {
    let lab = Lab::open();
    let nobody = lab.free().to_string();
    let odmrd = Odmrd::new(&lab).set("mx.spf", "true").set("mx.resolver", &quoted(&nobody)).start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@good.test", "box@example.org", b"Subject: x\r\n\r\nx\r\n");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mail = Maildir::at(lab.path("Maildir")).until(1).remove(0);
    assert!(String::from_utf8_lossy(&mail).contains("spf=temperror smtp.mailfrom=good.test"));
}

/// Whom customers' certificates must come from is nothing to the mail servers of the world.
#[test]
fn a_sender_with_a_certificate_of_its_own_brings_its_mail() {
    if !have(&[Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    // Of another authority, which nobody here knows.
    let others = Authority::new(&lab).issue(&lab, &["mx.sender.test"]);
    let ca = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER]));
    let odmrd = odmrd.set("tls.client_ca", &quoted(&ca.file().display().to_string())).start();
    let (certificate, key) =
        (others.certificate.display().to_string(), others.key.display().to_string());
    let words = ["--from", "a@sender.test", "--to", "box@example.org", "--tls"];
    let with = ["--tls-cert", &certificate, "--tls-key", &key];
    swaks(&lab, odmrd.mx, &[&words[..], &with[..]].concat()).succeeded();
}
