//! Corners that few set-ups meet: IPv6, the machine's own trust, an account of very many domains.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, DOMAIN, Odmrd, PROVIDER, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::process::{Ran, run};

const BOX: &str = "box@example.org";

#[test]
fn mail_comes_and_goes_over_ipv6() {
    let lab = Lab::open();
    let free = || {
        let socket = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect("::1");
        socket.local_addr().expect("an address")
    };
    let odmrd = Odmrd::new(&lab).listening(free(), free()).start();
    let mut ledger = Ledger::default();
    Post::open(odmrd.mx).deliver("a@sender.test", BOX, &ledger.letter(500).content);
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{fetched:#?}");
    let trace = String::from_utf8_lossy(&arrived[0]).into_owned();
    assert_eq!(trace.matches("[IPv6:::1]").count(), 2, "one of each program: {trace}");
}

/// A provider whose certificate the lab's authority has signed, and a customer that is told of
/// nobody whom it should trust.
fn strangers<'lab>(lab: &'lab Lab, ca: &Authority) -> (RunningOdmrd, AtrnFetch<'lab>) {
    let odmrd = Odmrd::new(lab).with_tls(&ca.issue(lab, &[PROVIDER])).start();
    let fetch = AtrnFetch::asking(lab, odmrd.odmr, &[DOMAIN]).into_maildir();
    let fetch = fetch.trusting("starttls", &["--servername", PROVIDER]);
    (odmrd, fetch)
}

/// Runs a customer in this environment.
fn run_with(lab: &Lab, fetch: &AtrnFetch, name: &str, value: &Path) -> Ran {
    let mut command = fetch.command("run");
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").env(name, value);
    run(lab, command)
}

#[test]
fn an_authority_that_the_machine_does_not_know_is_not_trusted() {
    let lab = Lab::open();
    let (_odmrd, fetch) = strangers(&lab, &Authority::new(&lab));
    fetch.run().ended(77, "denied");
}

#[test]
fn a_file_or_folder_of_roots_may_stand_for_the_machines_own() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let (_odmrd, fetch) = strangers(&lab, &ca);
    run_with(&lab, &fetch, "SSL_CERT_FILE", ca.file()).succeeded();
    let folder = lab.room("roots");
    assert_eq!(run_with(&lab, &fetch, "SSL_CERT_DIR", &folder).code, Some(78), "no root at all");
    // OpenSSL looks a root up by a hash of its name.
    let mut hash = Command::new("openssl");
    hash.args(["x509", "-noout", "-hash", "-in"]).arg(ca.file());
    let hash = run(&lab, hash).succeeded().out;
    fs::copy(ca.file(), folder.join(format!("{}.0", hash.trim()))).expect("a copy");
    run_with(&lab, &fetch, "SSL_CERT_DIR", &folder).succeeded();
}

/// In a mount namespace in which the machine trusts this authority and nobody else.
const TRUSTING: &str = "\
set -e
mount -t tmpfs tmpfs /etc/ssl/certs
cp \"$1\" /etc/ssl/certs/ca-certificates.crt
shift
exec \"$@\"
";

#[test]
fn the_machines_own_roots_are_trusted_unasked() {
    if !rustix::process::geteuid().is_root() {
        return; // nobody else may have a mount namespace
    }
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let (_odmrd, fetch) = strangers(&lab, &ca);
    let fetch = fetch.command("run");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "sh", "-c", TRUSTING, "sh"]).arg(ca.file());
    command.arg(fetch.get_program()).args(fetch.get_args());
    for (name, value) in fetch.get_envs() {
        value.map(|value| command.env(name, value));
    }
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    run(&lab, command).succeeded();
}

const MANY: usize = 10_000;
const WITH_MAIL: [usize; 3] = [0, MANY / 2, MANY - 1];

fn name(n: usize) -> String {
    format!("domain-{n}.example")
}

/// A provider whose account has very many domains, with mail for three of them.
fn very_many(lab: &Lab, ledger: &mut Ledger) -> RunningOdmrd {
    let odmrd = Odmrd::new(lab);
    let accounts = fs::read_to_string(odmrd.accounts()).expect("accounts");
    let names = (0..MANY).fold(String::new(), |mut names, n| {
        let _ = write!(names, "\"{}\", ", name(n));
        names
    });
    let more = accounts.replace(&format!("[\"{DOMAIN}\"]"), &format!("[{names}]"));
    assert_ne!(accounts, more, "no domains in {accounts}");
    fs::write(odmrd.accounts(), more).expect("accounts");
    let odmrd = odmrd.start();
    let mut post = Post::open(odmrd.mx);
    for n in WITH_MAIL {
        let to = format!("box@{}", name(n));
        post.deliver("a@sender.test", &to, &ledger.letter(500).content);
    }
    odmrd
}

#[test]
fn one_atrn_without_names_fetches_for_ten_thousand_domains() {
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let odmrd = very_many(&lab, &mut ledger);
    let clear = ["--tls", "none", "--clear-auth", "plain"];
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &[]).flags(&clear).into_maildir();
    let fetch =
        WITH_MAIL.into_iter().fold(fetch, |fetch, n| fetch.flags(&["--accept-domain", &name(n)]));
    let fetched = fetch.run().ended(0, "ok");
    assert_eq!((fetched.count("rounds"), fetched.count("accepted")), (1, 3), "{fetched:#?}");
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{fetched:#?}");
}

#[test]
fn ten_thousand_names_are_asked_for_in_as_many_lines_as_it_takes() {
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let odmrd = very_many(&lab, &mut ledger);
    let names: Vec<String> = (0..MANY).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let clear = ["--tls", "none", "--clear-auth", "plain"];
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &names).flags(&clear).into_maildir();
    let fetched = fetch.run().ended(0, "ok");
    assert_eq!((fetched.count("rounds"), fetched.count("accepted")), (3, 3), "{fetched:#?}");
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{fetched:#?}");
}
