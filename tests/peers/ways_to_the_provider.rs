//! How the provider is called: from where, by which addresses, under which TLS; and what would be done
//! without calling it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread::JoinHandle;

use crate::lab::authority::Authority;
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, Odmrd, PROVIDER, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::process::{Ran, run};
use crate::lab::{Lab, allow};

fn laden(odmrd: Odmrd<'_>) -> RunningOdmrd {
    let odmrd = odmrd.start();
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", b"Subject: x\r\n\r\nx\r\n");
    odmrd
}

fn fetched(lab: &Lab, odmrd: &RunningOdmrd, flags: &[&str]) -> Ran {
    let fetch = AtrnFetch::new(lab, odmrd.odmr).into_maildir();
    run(lab, fetch.flags(flags).command("run"))
}

#[test]
fn the_call_comes_from_the_address_that_was_named() {
    let lab = Lab::open();
    let odmrd = laden(Odmrd::new(&lab));
    let ran = fetched(&lab, &odmrd, &["--bind", "127.0.0.77", "-4"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(odmrd.daemon.has_said("ip=127.0.0.77"), "{}", odmrd.daemon.log());
    let ran = fetched(&lab, &odmrd, &["-6"]);
    assert_eq!(ran.code, Some(68), "{ran:#?}");
    assert!(ran.err.contains("has no IPv6 address"), "{ran:#?}");
    let ran = fetched(&lab, &odmrd, &["--bind", "127.0.0.77", "-6"]);
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("--bind: set, but family allows no call from there"), "{ran:#?}");
    assert_eq!(fetched(&lab, &odmrd, &["--bind", "eth0"]).code, Some(64));
    assert_eq!(fetched(&lab, &odmrd, &["-4", "-6"]).code, Some(64));
}

/// The address of a link that is down is nobody's.
#[test]
fn without_a_way_out_a_run_may_be_let_be() {
    let lab = Lab::open();
    let odmrd = laden(Odmrd::new(&lab));
    let ran = fetched(&lab, &odmrd, &["--bind", "192.0.2.1"]);
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    let ran = fetched(&lab, &odmrd, &["--bind", "192.0.2.1", "--only-if-online"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "", ""), "{ran:#?}");
    // A provider that does not answer is no such thing.
    let nobody = AtrnFetch::new(&lab, lab.free()).into_maildir().flags(&["--only-if-online"]);
    assert_eq!(run(&lab, nobody.command("run")).code, Some(69));
    assert_eq!(fetched(&lab, &odmrd, &["--only-if-online"]).code, Some(0));
    assert_eq!(Maildir::at(lab.path("Maildir")).messages().len(), 1);
}

#[test]
fn tls_may_be_asked_to_be_the_newest() {
    let lab = Lab::open();
    let authority = Authority::new(&lab);
    let odmrd = laden(Odmrd::new(&lab).with_tls(&authority.issue(&lab, &[PROVIDER])));
    let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &authority).into_maildir();
    let fetched = fetch.flags(&["--tls-min", "1.3"]).run().ended(0, "ok");
    assert_eq!(fetched.text("tls"), "TLSv1.3");
    // Where there may be no TLS at all, its age is a promise that nobody keeps.
    let ran = self::fetched(&lab, &odmrd, &["--tls-min", "1.3"]);
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("--tls-min: set, but tls allows a line in clear"), "{ran:#?}");
}

#[test]
fn the_target_may_know_a_domain_by_another_name() {
    let lab = Lab::open();
    let odmrd = laden(Odmrd::new(&lab));
    let heard = lab.path("heard");
    let program =
        format!("#!/bin/sh\ncat > /dev/null\necho \"$RECIPIENT\" > {}\n", heard.display());
    let program = lab.write("program", program);
    allow(&program, 0o755);
    let fetch = |flags: &[&str]| {
        let into = format!("command:{}", program.display());
        AtrnFetch::new(&lab, odmrd.odmr).into(&into).flags(flags)
    };
    let wrong = run(&lab, fetch(&["--map-domain", "else.test=mail.test"]).command("run"));
    assert_eq!(wrong.code, Some(78), "{wrong:#?}");
    assert!(wrong.err.contains("has a domain that no mail is taken for"), "{wrong:#?}");
    fetch(&["--map-domain", "example.org=inside.test"]).run().ended(0, "ok");
    assert_eq!(std::fs::read_to_string(&heard).expect("a recipient"), "box@inside.test\n");
}

#[test]
fn a_dry_run_tells_what_would_be_done_and_calls_nobody() {
    let lab = Lab::open();
    let odmrd = laden(Odmrd::new(&lab));
    let asked = lab.path("asked");
    let lines = |port: u16| {
        format!(
            "server = \"localhost\"\nport = {port}\nuser = \"acme\"\nfamily = \"ipv4\"\n\
             password = {{ command = \"touch {}\" }}\ndomains = [\"example.org\", \"example.net\"]\n\
             deliver = \"maildir:{}\"\n",
            asked.display(),
            lab.path("Maildir").display()
        )
    };
    let settings = format!(
        "[account.home]\n{}[account.wrong]\nserver = \"localhost\"\n\
         [account.gone]\n{}[[account.gone.fallback]]\nserver = \"127.0.0.1\"\n",
        lines(odmrd.odmr.port()),
        lines(9).replace("localhost", "no-such-host.invalid"),
    );
    lab.write("atrn-fetch.toml", settings);
    let dry = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
        command.env("XDG_RUNTIME_DIR", lab.room("runtime")).env("HOME", lab.room("home"));
        command.env("ODMR_FETCH_CONFIG", lab.path("atrn-fetch.toml"));
        run(&lab, {
            command.args(words);
            command
        })
    };
    let ran = dry(&["home", "--dry-run"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let port = odmrd.odmr.port();
    let expected = format!(
        "home: would call\n  localhost:{port} (127.0.0.1), tls starttls, as acme\n  and say\n  \
         ATRN example.org,example.net\n  TURN\n  to deliver to maildir:{}\n",
        lab.path("Maildir").display()
    );
    assert_eq!(ran.out, expected);
    assert_eq!(dry(&["wrong", "-n"]).code, Some(78));
    let ran = dry(&["gone", "-n", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.out.contains("no-such-host.invalid: "), "{ran:#?}");
    assert!(!asked.exists() && !lab.path("Maildir").exists(), "something was done");
    assert!(!odmrd.daemon.log().contains("authenticated"), "{}", odmrd.daemon.log());
}

/// A proxy for one call: it hears a name that nobody else could look up, and connects to the provider.
fn socks5(wanted: &'static str, provider: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let proxy = std::thread::spawn(move || {
        let (mut customer, _) = listener.accept().expect("a customer");
        let mut hello = [0; 3];
        customer.read_exact(&mut hello).expect("a hello");
        assert_eq!(hello, [5, 1, 0]);
        customer.write_all(&[5, 0]).expect("no login");
        let mut head = [0; 5];
        customer.read_exact(&mut head).expect("a request");
        assert_eq!(head[..4], [5, 1, 0, 3], "no name");
        let mut name = vec![0; usize::from(head[4]) + 2];
        customer.read_exact(&mut name).expect("a name");
        assert_eq!(&name[..name.len() - 2], wanted.as_bytes());
        let mut there = TcpStream::connect(provider).expect("the provider");
        customer.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).expect("said");
        let (mut back, mut forth) =
            (there.try_clone().expect("a line"), customer.try_clone().expect("a line"));
        let answers = std::thread::spawn(move || {
            let _ = std::io::copy(&mut back, &mut forth);
            let _ = forth.shutdown(std::net::Shutdown::Write);
        });
        let _ = std::io::copy(&mut customer, &mut there);
        let _ = there.shutdown(std::net::Shutdown::Write);
        answers.join().expect("the way back");
    });
    (address, proxy)
}

#[test]
fn the_provider_may_be_called_by_way_of_a_proxy() {
    let lab = Lab::open();
    let odmrd = laden(Odmrd::new(&lab));
    let (address, proxy) = socks5("odmr.hidden.invalid", odmrd.odmr);
    let by = format!("socks5://{address}");
    let password = lab.write("password", crate::lab::fetchmail::PASSWORD);
    allow(&password, 0o600);
    let settings = format!(
        "[account.home]\nserver = \"odmr.hidden.invalid\"\nproxy = \"{by}\"\nuser = {:?}\ntls = \"none\"\n\
         password = {{ file = {password:?} }}\ndomains = [\"example.org\"]\nehlo = \"customer.test\"\n\
         deliver = \"maildir:{}\"\n",
        crate::lab::fetchmail::USER,
        lab.path("Maildir").display()
    );
    let settings = lab.write("atrn-fetch.toml", settings);
    let fetch = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
        command.env("XDG_RUNTIME_DIR", lab.room("runtime")).env("HOME", lab.room("home"));
        command.env("ODMR_FETCH_CONFIG", &settings).args(words);
        run(&lab, command)
    };
    let planned = fetch(&["home", "-n"]).succeeded().out;
    let line = format!("odmr.hidden.invalid:366 by way of {by} (127.0.0.1), ");
    assert!(planned.contains(&line), "{planned}");
    let ran = fetch(&["home"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    proxy.join().expect("the proxy");
    assert_eq!(Maildir::at(lab.path("Maildir")).messages().len(), 1);
    // It has gone home.
    let ran = fetch(&["home"]);
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    assert_eq!(fetch(&["home", "--proxy", "http://127.0.0.1:1"]).code, Some(64));
}
