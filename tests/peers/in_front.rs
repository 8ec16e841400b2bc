//! A mail server with its filters stands in front and brings mail by LMTP, set up as the examples say.

use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, Odmrd, quoted};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::wait::until;
use crate::lab::{Lab, allow};
use crate::lab::{exim, ours};

/// Where the examples say that the socket is.
const SOCKET: &str = "/run/odmr/lmtp";

/// A provider at whose socket anybody of this machine may bring mail, for one recipient.
fn provider(lab: &Lab) -> Provider {
    let lmtp = lab.free();
    allow(&lab.room("run"), 0o755);
    let list = lab.write("example.org.list", "box\nother\n");
    let odmrd = Odmrd::new(lab)
        .set("lmtp.listen", &format!("[\"{lmtp}\"]"))
        .set("lmtp.socket", &quoted(&lab.path("run/lmtp").display().to_string()))
        .set("domains.\"example.org\".recipients", &quoted(&list.display().to_string()))
        .start();
    Provider { odmrd, lmtp }
}

/// A provider that is brought mail by LMTP.
struct Provider {
    odmrd: ours::RunningOdmrd,
    lmtp: std::net::SocketAddr,
}

impl std::ops::Deref for Provider {
    type Target = ours::RunningOdmrd;
    fn deref(&self) -> &ours::RunningOdmrd {
        &self.odmrd
    }
}

fn all_has_come(lab: &Lab, odmrd: &ours::RunningOdmrd, ledger: &Ledger) -> Vec<Vec<u8>> {
    AtrnFetch::new(lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mail = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&mail), Reckoning::default(), "{}", odmrd.daemon.log());
    mail
}

#[test]
fn postfix_in_front() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = provider(&lab);
    let socket = lab.path("run/lmtp").display().to_string();
    let example = include_str!("../../examples/postfix-in-front.cf").replace(SOCKET, &socket);
    let mut front = Postfix::in_front(&lab, "front");
    for line in example.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (key, value) = line.split_once(" =").expect("a setting");
        // Everybody of this lab is one of its own networks.
        front = front.set(key, &value.replace("permit_mynetworks, ", ""));
    }
    let front = front
        .set("smtpd_recipient_restrictions", "")
        .set("address_verify_poll_delay", "1s")
        .start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(front.address);
    for octets in [900, 70_000, 400_000] {
        post.deliver("a@sender.test", "box@example.org", &ledger.letter_8bit(octets).content);
    }
    let to = ["box@example.org", "ghost@example.org", "other@example.org"];
    let told = post.send("a@sender.test", &to, &ledger.letter(500).content);
    assert!(told[2].starts_with("550 5.1.1"), "whom we do not know is refused in front: {told:#?}");
    assert!(told[1].starts_with("250") && told[3].starts_with("250"), "{told:#?}");
    until("an empty queue", || front.queue(&lab).is_empty().then_some(()));
    let mail = all_has_come(&lab, &odmrd, &ledger);
    assert!(String::from_utf8_lossy(&mail[0]).contains("with LMTP"), "{}", front.log());
}

#[test]
fn exim_in_front() {
    if !have(&[Peer::Exim]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = provider(&lab);
    let lmtp = odmrd.lmtp;
    let example = include_str!("../../examples/exim-in-front.conf");
    let example =
        example.replace("route_list = * 127.0.0.1", &format!("route_list = * {}", lmtp.ip()));
    let example = example.replace("port = 24", &format!("port = {}", lmtp.port()));
    let (routers, transports) = example.split_once("# Among the transports:").expect("two parts");
    let (acl, routers) = routers.split_once("# Among the routers").expect("two parts");
    let check = acl.lines().find(|line| line.contains("require verify")).expect("a check");
    let front =
        exim::in_front(&lab, check.trim_start_matches('#'), &format!("#{routers}"), transports);
    let mut ledger = Ledger::default();
    let mut post = Post::open(front.address);
    for octets in [900, 70_000, 400_000] {
        post.deliver("a@sender.test", "box@example.org", &ledger.letter(octets).content);
    }
    let to = ["box@example.org", "ghost@example.org", "other@example.org"];
    let told = post.send("a@sender.test", &to, &ledger.letter(500).content);
    assert!(told[2].starts_with("550"), "whom we do not know is refused in front: {told:#?}");
    until("four messages", || {
        (odmrd.daemon.log().matches("message kept").count() == 4).then_some(())
    });
    all_has_come(&lab, &odmrd, &ledger);
}

/// One session with several recipients: each is answered for, by a client that counts.
#[test]
fn swaks_speaks_lmtp_to_it() {
    if !have(&[Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = provider(&lab);
    let to = "box@example.org,ghost@example.org,other@example.org";
    // What a filter of ours has found is not taken out, under whatever name.
    let found = format!("Authentication-Results: {}; spf=pass", ours::PROVIDER);
    let words = ["--to", to, "--from", "a@sender.test", "--header", &found];
    let told = crate::lab::tools::swaks_lmtp(&lab, &lab.path("run/lmtp"), &words);
    assert_eq!(told.out.matches("<-  250 2.0.0 kept as").count(), 2, "{told:#?}");
    assert!(odmrd.daemon.has_said("lmtp session"));
    assert!(!odmrd.daemon.log().contains("forged"));
}

/// A socket of a group is closed to others, and what is no socket is left alone.
#[test]
fn who_may_bring_mail_and_what_is_in_the_way() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let lab = Lab::open();
    let path = lab.path("lmtp");
    let odmrd = Odmrd::new(&lab)
        .set("lmtp.socket", &quoted(&path.display().to_string()))
        .set("lmtp.group", "\"nogroup\"")
        .start();
    let facts = std::fs::metadata(&path).expect("a socket");
    assert_eq!((facts.permissions().mode() & 0o777, facts.gid()), (0o660, 65534));
    drop(odmrd);
    let other = Odmrd::named(&lab, "other");
    let in_the_way = lab.write("file", "precious");
    let other = other.set("lmtp.socket", &quoted(&in_the_way.display().to_string()));
    let ran = crate::lab::process::run(&lab, other.command());
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    assert!(ran.err.contains("file"), "{ran:#?}");
    assert_eq!(std::fs::read_to_string(in_the_way).expect("still there"), "precious");
}
