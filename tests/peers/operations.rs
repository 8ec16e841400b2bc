//! What an operator does: start, stop, reload, hand sockets over, keep accounts, make mistakes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::lab::authority::Authority;
use crate::lab::fetchmail::PASSWORD;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{
    AtrnFetch, DOMAIN, Odmrd, PROVIDER, RunningOdmrd, add_account, odmrd, quoted,
};
use crate::lab::post::{Post, stuffed};
use crate::lab::process::{Child, Ran, run, run_fed};
use crate::lab::wait::until;
use crate::lab::{Lab, allow};

const BOX: &str = "box@example.org";

/// Everything that waits at the provider, held against the ledger.
#[track_caller]
fn all_is_there(lab: &Lab, odmrd: &RunningOdmrd, ledger: &Ledger) {
    let fetched = AtrnFetch::new(lab, odmrd.odmr).into_maildir().run();
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(
        ledger.reckon(&arrived),
        Reckoning::default(),
        "{fetched:#?}\n{}",
        odmrd.daemon.log()
    );
}

#[test]
fn a_reload_lets_a_new_account_in() {
    let lab = Lab::open();
    let mut odmrd =
        Odmrd::without_accounts(&lab, "odmrd").account("other", &["other.test"], "x").start();
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    fetch.run().ended(77, "denied");
    assert!(Post::open(odmrd.mx).ask("MAIL FROM:<a@sender.test>").starts_with("250"));
    add_account(&lab, odmrd.config(), "acme", &[DOMAIN], PASSWORD).succeeded();
    odmrd.reload();
    fetch.run().ended(0, "no_mail");
    let mut ledger = Ledger::default();
    Post::open(odmrd.mx).deliver("a@sender.test", BOX, &ledger.letter(500).content);
    all_is_there(&lab, &odmrd, &ledger);
}

#[test]
fn a_changed_account_file_counts_without_a_word() {
    let lab = Lab::open();
    let odmrd = Odmrd::without_accounts(&lab, "odmrd").account("other", &["other.test"], "x");
    let mut odmrd = odmrd.start();
    add_account(&lab, odmrd.config(), "acme", &[DOMAIN], PASSWORD).succeeded();
    odmrd.daemon.until_log_says("accounts read again");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "no_mail");
}

#[test]
fn a_reload_disturbs_no_session() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", BOX, &ledger.letter(500).content);
    assert!(post.ask("MAIL FROM:<a@sender.test>").starts_with("250"));
    odmrd.reload();
    assert!(post.ask(&format!("RCPT TO:<{BOX}>")).starts_with("250"));
    assert!(post.ask("RSET").starts_with("250"));
    post.deliver("a@sender.test", BOX, &ledger.letter(500).content);
    all_is_there(&lab, &odmrd, &ledger);
}

#[test]
fn a_reload_that_fails_leaves_everything_in_force() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    lab.write("odmrd.toml", "hostname = 5\n");
    odmrd.daemon.signal(Signal::HUP);
    until("the complaint", || odmrd.daemon.log().contains("what was in force stays").then_some(()));
    let mut ledger = Ledger::default();
    Post::open(odmrd.mx).deliver("a@sender.test", BOX, &ledger.letter(500).content);
    all_is_there(&lab, &odmrd, &ledger);
}

/// The certificate that a provider shows on its TLS port.
fn shown(ca: &Authority, address: SocketAddr) -> Vec<u8> {
    let name = ServerName::try_from(PROVIDER).expect("a name");
    let session = ClientConnection::new(ca.client_tls(), name).expect("a session");
    let tcp = TcpStream::connect(address).expect("a provider");
    tcp.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let mut stream = StreamOwned::new(session, tcp);
    stream.read_exact(&mut [0; 4]).expect("a greeting");
    stream.conn.peer_certificates().expect("a certificate")[0].to_vec()
}

#[test]
fn a_reload_shows_the_new_certificate() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let mut odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER])).start();
    let before = shown(&ca, odmrd.odmrs);
    ca.issue(&lab, &[PROVIDER]); // under the same file names
    odmrd.reload();
    assert_ne!(shown(&ca, odmrd.odmrs), before);
}

#[test]
fn a_reload_takes_up_a_certificate_in_another_place() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER]));
    let settings = std::fs::read_to_string(odmrd.write()).expect("settings");
    let mut odmrd = odmrd.start();
    let before = shown(&ca, odmrd.odmrs);
    for end in ["pem", "key"] {
        let old = lab.path(&format!("{PROVIDER}.{end}"));
        std::fs::rename(&old, lab.path(&format!("moved.{end}"))).expect("moved");
    }
    odmrd.daemon.signal(Signal::HUP);
    odmrd.daemon.until_log_says("what was in force stays");
    assert_eq!(shown(&ca, odmrd.odmrs), before);
    let moved = |text: &str| text.replace(&format!("{PROVIDER}."), "moved.");
    lab.write("odmrd.toml", moved(&settings));
    odmrd.reload();
    assert_eq!(shown(&ca, odmrd.odmrs), before, "the same one, elsewhere");
    let other = ca.issue(&lab, &["other", PROVIDER]);
    assert!(other.certificate.ends_with("other.pem"));
    lab.write("odmrd.toml", settings.replace(&format!("{PROVIDER}."), "other."));
    odmrd.reload();
    assert_ne!(shown(&ca, odmrd.odmrs), before);
}

/// A connection on which half a message has been said.
fn half_a_message(address: SocketAddr, content: &[u8]) -> TcpStream {
    let mut tcp = TcpStream::connect(address).expect("an MX");
    tcp.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    for command in
        ["EHLO sender.test", "MAIL FROM:<a@sender.test>", "RCPT TO:<box@example.org>", "DATA"]
    {
        tcp.write_all(format!("{command}\r\n").as_bytes()).expect("a listener");
    }
    let mut heard = String::new();
    while !heard.contains("354 ") {
        let mut piece = [0; 1024];
        let length = tcp.read(&mut piece).expect("a reply");
        assert_ne!(length, 0, "closed: {heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    tcp.write_all(&content[..content.len() / 2]).expect("a listener");
    tcp
}

#[test]
fn told_to_end_inside_a_message_it_keeps_what_it_says_250_for() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", BOX, &ledger.letter(500).content);
    let letter = ledger.letter(40_000).content;
    let content = stuffed(&letter);
    let mut tcp = half_a_message(odmrd.mx, &content);
    odmrd.daemon.signal(Signal::TERM);
    until("the listener to be gone", || TcpStream::connect(odmrd.mx).is_err().then_some(()));
    let _ = tcp.write_all(&content[content.len() / 2..]);
    let mut heard = String::new();
    let _ = tcp.read_to_string(&mut heard);
    let taken = heard.starts_with("250 ");
    assert!(taken || heard.is_empty() || heard.starts_with("421 "), "{heard}");
    assert_eq!(odmrd.daemon.wait().code(), Some(0), "{}", odmrd.daemon.log());
    odmrd.restart(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let reckoning = ledger.reckon(&Maildir::at(lab.path("Maildir")).messages());
    let lost = if taken { Vec::new() } else { vec!["letter-000001".to_owned()] };
    assert_eq!(reckoning, Reckoning { missing: lost, ..Reckoning::default() });
}

#[test]
fn told_to_end_it_ends_idle_sessions_with_421() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let mut idle = TcpStream::connect(odmrd.mx).expect("an MX");
    idle.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    idle.read_exact(&mut [0; 4]).expect("a greeting");
    assert_eq!(odmrd.daemon.terminate().code(), Some(0), "{}", odmrd.daemon.log());
    let mut heard = String::new();
    idle.read_to_string(&mut heard).expect("last words");
    assert!(heard.contains("\r\n421 "), "{heard:?}");
}

#[test]
fn a_second_daemon_on_the_same_spool_is_refused() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let state = quoted(&lab.path("odmrd-state").display().to_string());
    let second = Odmrd::named(&lab, "second").set("log.level", "\"error\"");
    let text = std::fs::read_to_string(second.write()).expect("settings");
    lab.write("second.toml", text.replace("\"second-state\"", &state));
    let ran = run(&lab, self::odmrd(&lab.path("second.toml"), &["run"]));
    assert_eq!(ran.code, Some(75), "{ran:#?}");
    assert!(
        ran.err.contains(&odmrd.daemon.pid().to_string()) || ran.err.contains("another"),
        "{ran:#?}"
    );
    assert!(ran.err.contains("odmrd-state"), "{ran:#?}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let lab = Lab::open();
    let first = Odmrd::new(&lab);
    let taken = lab.free();
    let _squatter = TcpListener::bind(taken).expect("a free port");
    let text = std::fs::read_to_string(first.write()).expect("settings");
    let text = text.lines().map(|line| match line.starts_with("mx.listen") {
        true => format!("mx.listen = [\"{taken}\"]\n"),
        false => format!("{line}\n"),
    });
    let config = lab.write("taken.toml", text.collect::<String>());
    let ran = run(&lab, odmrd(&config, &["run"]));
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    assert!(ran.err.contains(&taken.to_string()), "{ran:#?}");
}

#[test]
fn a_port_that_needs_a_privilege_is_named() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let lab = Lab::open();
    let address = format!("{}:366", lab.ip());
    let first = Odmrd::new(&lab);
    allow(&first.accounts(), 0o640);
    let text = std::fs::read_to_string(first.write()).expect("settings");
    let text = text.lines().map(|line| match line.starts_with("odmr.listen") {
        true => format!("odmr.listen = [\"{address}\"]\n"),
        false => format!("{line}\n"),
    });
    let config = lab.write("low.toml", text.collect::<String>());
    // Root without the right to bind low ports, and where that takes one.
    let daemon = odmrd(&config, &["run"]);
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service", "--"]);
    command.arg(daemon.get_program()).args(daemon.get_args());
    let ran = run(&lab, command);
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    assert!(ran.err.contains(&format!("{address}: not permitted; start as root")), "{ran:#?}");
}

/// Binds sockets, and becomes the daemon with them as descriptors 3 and 4, as systemd would.
const HAND_OVER: &str = r#"
use Socket;
my ($names, $places, @program) = @ARGV;
$^F = 100; # descriptors up to this number outlive an exec
my $next = 3;
for my $place (split /,/, $places) {
    my ($host, $port) = split /:/, $place;
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die $!;
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die $!;
    bind($socket, sockaddr_in($port, inet_aton($host))) or die $!;
    listen($socket, 128) or die $!;
    push @held, $socket;
    require POSIX;
    POSIX::dup2(fileno($socket), $next++) // die $!;
}
@ENV{qw(LISTEN_FDS LISTEN_FDNAMES)} = (scalar @held, $names);
$SIG{TERM} = 'IGNORE'; # the whole group is told
for my $run (1 .. $ENV{RUNS} // 1) {
    my $daemon = fork() // die $!;
    if (!$daemon) {
        $SIG{TERM} = 'DEFAULT';
        $ENV{LISTEN_PID} = $$;
        exec @program;
    }
    print STDERR "supervisor: run $run is $daemon\n";
    waitpid($daemon, 0);
}
"#;

/// A service manager for a daemon that runs so often, with the sockets always open.
fn supervised(lab: &Lab, odmrd: &Odmrd<'_>, places: [SocketAddr; 2], runs: u32) -> Child {
    let daemon = odmrd.command();
    let mut command = Command::new("perl");
    command.args(["-e", HAND_OVER, "smtp:odmr", &format!("{},{}", places[0], places[1])]);
    command.arg(daemon.get_program()).args(daemon.get_args()).env("RUNS", runs.to_string());
    let child = Child::start(lab, "handed", command);
    child.until_listening(places[0]).until_listening(places[1])
}

#[test]
fn sockets_of_the_service_manager_are_served() {
    let lab = Lab::open();
    let waiting = Odmrd::new(&lab);
    let places = [lab.free(), lab.free()];
    let child = supervised(&lab, &waiting, places, 1);
    let mut ledger = Ledger::default();
    Post::open(places[0]).deliver("a@sender.test", BOX, &ledger.letter(500).content);
    AtrnFetch::new(&lab, places[1]).into_maildir().run().ended(0, "ok");
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{}", child.log());
}

/// A restart is seen by nobody: who calls meanwhile waits a moment, and who is told to come again does.
#[test]
fn a_restart_refuses_no_connection() {
    let lab = Lab::open();
    let waiting = Odmrd::new(&lab).set("limits.connections_per_minute", "100000");
    let places = [lab.free(), lab.free()];
    let mut child = supervised(&lab, &waiting, places, 3);
    let over = Arc::new(AtomicBool::new(false));
    let callers = places.map(|place| {
        let over = Arc::clone(&over);
        std::thread::spawn(move || {
            let mut calls = 0;
            while !over.load(Ordering::Relaxed) {
                let mut line = TcpStream::connect(place).expect("nobody is refused");
                line.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
                let mut word = [0; 4];
                line.read_exact(&mut word).expect("a greeting");
                assert!([b"220 ", b"421 "].contains(&&word), "{word:?}");
                calls += 1;
            }
            calls
        })
    });
    let mut ledger = Ledger::default();
    for n in 0..60 {
        let letter = ledger.letter(500).content.clone();
        let sent = || {
            let mut post = Post::try_open(places[0])?;
            post.try_send("a@sender.test", BOX, &letter).ok().filter(|told| told.starts_with("250"))
        };
        until("the letter is taken", sent);
        if n % 25 == 10 {
            child.signal(Signal::TERM);
            child.until_log_says(&format!("supervisor: run {}", 2 + n / 25));
        }
    }
    over.store(true, Ordering::Relaxed);
    let calls = callers.map(|caller| caller.join().expect("a caller that was served"));
    assert!(calls.iter().all(|calls| *calls > 10), "{calls:?}");
    AtrnFetch::new(&lab, places[1]).into_maildir().run().ended(0, "ok");
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{}", child.log());
    child.signal(Signal::TERM);
}

/// `odmrd check-config` on settings with this line added.
fn checked(lab: &Lab, key: &str, value: &str) -> Ran {
    let config = Odmrd::named(lab, "checked").set(key, value).write();
    let ran = run(lab, odmrd(&config, &["check-config"]));
    std::fs::remove_file(lab.path("checked-accounts.toml")).expect("accounts of our own");
    ran
}

#[test]
fn check_config_tells_mistakes_by_line_and_key() {
    let lab = Lab::open();
    let ran = checked(&lab, "log.level", "\"info\"").succeeded();
    assert!(ran.out.contains("in order: provider.test, 1 account, 1 domain, no TLS"), "{ran:#?}");
    let mistakes = [
        ("mx.max_sise", "\"1 MiB\"", "max_sise"),
        ("mx.max_size", "\"much\"", "a size like 50 MiB"),
        ("queue.lifetime", "7", "a duration like"),
        ("log.level", "\"loud\"", "loud"),
        ("tls.certificate", "\"nowhere.pem\"", "nowhere.pem"),
        ("domains.\"example.org\".recipients", "\"nowhere.list\"", "nowhere.list"),
        ("nonsense", "1", "nonsense"),
    ];
    for (key, value, clue) in mistakes {
        let ran = checked(&lab, key, value);
        assert_eq!(ran.code, Some(78), "{key}: {ran:#?}");
        let place = format!("{}:8", lab.path("checked.toml").display());
        assert!(ran.err.contains(&place) && ran.err.contains(clue), "{key}: {ran:#?}");
        // What `run` would say is the same.
        let ran = run(&lab, odmrd(&lab.path("checked.toml"), &["run"]));
        assert_eq!(ran.code, Some(78), "{key}: {ran:#?}");
    }
}

#[test]
fn accounts_are_added_changed_listed_and_removed() {
    let lab = Lab::open();
    let daemon = Odmrd::new(&lab);
    let config = daemon.write();
    let account = |words: &[&str], input: &str| {
        run_fed(&lab, odmrd(&config, &[&["account"], words].concat()), input)
    };
    let ran = account(&["add", "acme", "--domain", "x.test", "--password-stdin"], "x\n");
    assert_ne!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.err.contains("acme"), "{ran:#?}");
    let ran = account(&["add", "two", "--domain", DOMAIN, "--password-stdin"], "x\n");
    assert_ne!(ran.code, Some(0), "a domain has one account: {ran:#?}");
    let ran =
        account(&["add", "two", "--domain", "two.test,three.test", "--generate"], "").succeeded();
    assert!(ran.out.lines().count() >= 2, "the password is shown once: {ran:#?}");
    let ran = account(&["list", "--json"], "").succeeded();
    let names = ran.out.lines().map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        value["account"].as_str().expect("a name").to_owned()
    });
    assert_eq!(names.collect::<Vec<_>>(), ["acme", "two"]);

    let mut odmrd = daemon.start();
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    fetch.run().ended(0, "no_mail");
    account(&["passwd", "acme", "--password-stdin"], "another\n").succeeded();
    odmrd.reload();
    fetch.run().ended(77, "denied");
    account(&["passwd", "acme", "--password-stdin"], &format!("{PASSWORD}\n")).succeeded();
    odmrd.reload();
    fetch.run().ended(0, "no_mail");
    account(&["remove", "acme"], "").succeeded();
    odmrd.reload();
    fetch.run().ended(77, "denied");
    assert_ne!(account(&["remove", "acme"], "").code, Some(0));
    let secrets = std::fs::read_to_string(lab.path("odmrd-accounts.toml")).expect("accounts");
    assert!(!secrets.contains(PASSWORD), "{secrets}");
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let lab = Lab::open();
    let daemon = Odmrd::new(&lab);
    allow(&daemon.accounts(), 0o644);
    let ran = run(&lab, daemon.command());
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("odmrd-accounts.toml") && ran.err.contains("644"), "{ran:#?}");
    let fetch = AtrnFetch::new(&lab, lab.free()).into_maildir();
    allow(&lab.path("password"), 0o644);
    let fetched = fetch.run();
    assert_eq!(fetched.code, Some(78), "{fetched:#?}");
    assert!(fetched.said.contains("password"), "{fetched:#?}");
}

#[test]
fn one_run_of_a_customer_at_a_time() {
    let lab = Lab::open();
    let silent = TcpListener::bind(lab.free()).expect("a free port");
    let address = silent.local_addr().expect("an address");
    let fetch = AtrnFetch::new(&lab, address).into_maildir();
    let first = Child::start(&lab, "first", fetch.command("run"));
    let (_line, _) = silent.accept().expect("the first run's call");
    fetch.run().code.inspect(|code| assert_eq!(*code, 75)).expect("a code");
    let skipped = AtrnFetch::new(&lab, address).into_maildir().flags(&["--lock", "skip"]).run();
    assert_eq!(skipped.code, Some(0), "{skipped:#?}");
    drop(first);
}

#[test]
fn a_customer_told_to_end_ends_between_two_messages() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(odmrd.mx);
    for _ in 0..300 {
        post.deliver("a@sender.test", BOX, &ledger.letter(2000).content);
    }
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    let mut child = Child::start(&lab, "fetch", fetch.command("run"));
    let maildir = Maildir::at(lab.path("Maildir"));
    maildir.until(1);
    let status = child.terminate();
    assert!(matches!(status.code(), Some(143 | 0)), "{status} {}", child.log());
    all_is_there(&lab, &odmrd, &ledger);
}

#[test]
fn two_customers_of_one_account_share_the_mail() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(odmrd.mx);
    for _ in 0..200 {
        post.deliver("a@sender.test", BOX, &ledger.letter(2000).content);
    }
    let other = Lab::open();
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    let second = AtrnFetch::new(&other, odmrd.odmr).into_maildir();
    let mut child = Child::start(&other, "fetch", second.command("run"));
    fetch.run();
    child.wait();
    // Whoever came second may have found all of it taken; nothing is taken twice.
    fetch.run();
    let mut arrived = Maildir::at(lab.path("Maildir")).messages();
    arrived.extend(Maildir::at(other.path("Maildir")).messages());
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{}", odmrd.daemon.log());
}
