//! `atrn-fetch daemon` and `atrn-fetch status`: unattended, and looked after.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::lab::fetchmail::{Fetchmail, PASSWORD, USER};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{DOMAIN, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::process::{Child, Ran, run, run_fed};
use crate::lab::wait::until;
use crate::lab::{Lab, allow};

/// Settings with an account that calls this provider once an hour.
fn settings(lab: &Lab, accounts: &[(&str, &RunningOdmrd)]) -> PathBuf {
    let password = lab.write("password", PASSWORD);
    allow(&password, 0o600);
    let table = |(name, odmrd): &(&str, &RunningOdmrd)| {
        format!(
            "[account.{name}]\nserver = \"{}\"\nport = {}\ntls = \"none\"\nclear_auth = \"plain\"\nuser = \"{USER}\"\n\
             password = {{ file = \"password\" }}\ndomains = [\"example.org\"]\ndeliver = \"maildir:{name}\"\n\
             interval = \"1h\"\nehlo = \"customer.test\"\nstate_dir = \"state\"\n",
            odmrd.odmr.ip(),
            odmrd.odmr.port()
        )
    };
    let path = lab.write("fetch.toml", accounts.iter().map(table).collect::<String>());
    allow(&path, 0o600);
    path
}

fn atrn_fetch(lab: &Lab, config: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
    command.env("XDG_RUNTIME_DIR", lab.room("runtime")).env("HOME", lab.room("home"));
    command.args(&words[..1]).arg("--config").arg(config).args(&words[1..]);
    command
}

fn bring(odmrd: &RunningOdmrd) {
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", b"Subject: x\r\n\r\ny\r\n");
}

fn until_landed(lab: &Lab, folder: &str, how_many: usize) {
    let maildir = Maildir::at(lab.path(folder));
    until("mail", || (maildir.messages().len() == how_many).then_some(()));
}

fn status(lab: &Lab, config: &Path, more: &[&str]) -> (Ran, Vec<Value>) {
    let ran = run(lab, atrn_fetch(lab, config, &[&["status", "--json"], more].concat()));
    let objects = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (ran, objects)
}

#[test]
fn a_daemon_fetches_in_its_rhythm_when_woken_and_under_new_settings() {
    let lab = Lab::open();
    let (first, second) =
        (Odmrd::named(&lab, "first").start(), Odmrd::named(&lab, "second").start());
    let config = settings(&lab, &[("home", &first)]);
    bring(&first);
    let command = atrn_fetch(&lab, &config, &["daemon", "-v"]);
    let mut daemon = Child::start(&lab, "daemon", command);
    until_landed(&lab, "home", 1);
    // Somebody's link is up again.
    bring(&first);
    until("the end of the first run", || {
        status(&lab, &config, &[]).1[0]["next_run_in_s"].as_i64().filter(|s| *s > 3000)
    });
    daemon.signal(Signal::USR1);
    until_landed(&lab, "home", 2);
    // Another account, while it runs; what is wrong with the next change leaves this one in force.
    settings(&lab, &[("home", &first), ("work", &second)]);
    bring(&second);
    daemon.signal(Signal::HUP);
    until_landed(&lab, "work", 1);
    lab.write("fetch.toml", "[account.home]\nserve = \"x\"\n");
    daemon.signal(Signal::HUP);
    daemon.until_log_says("those from before stay in force");
    bring(&second);
    daemon.signal(Signal::USR1);
    until_landed(&lab, "work", 2);
    assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.log());
}

#[test]
fn a_restart_keeps_to_what_was_planned() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let config = settings(&lab, &[("home", &odmrd)]);
    let planned = || status(&lab, &config, &[]).1[0]["next_run"].as_str().map(str::to_owned);
    let mut daemon = Child::start(&lab, "daemon", atrn_fetch(&lab, &config, &["daemon", "-v"]));
    daemon.until_log_says("fetching from now on");
    let soon = |s: &i64| *s > 3000;
    until("a plan", || status(&lab, &config, &[]).1[0]["next_run_in_s"].as_i64().filter(soon));
    let before = planned();
    daemon.terminate();
    let mut daemon = Child::start(&lab, "again", atrn_fetch(&lab, &config, &["daemon", "-v"]));
    daemon.until_log_says("fetching from now on");
    assert_eq!(daemon.terminate().code(), Some(0));
    assert_eq!(
        odmrd.daemon.log().matches("INFO authenticated").count(),
        1,
        "{}",
        odmrd.daemon.log()
    );
    assert!(planned() <= before.map(|at| at + "~"), "not put off either");
}

#[test]
fn a_daemon_does_not_start_with_settings_that_cannot_work() {
    let lab = Lab::open();
    let config =
        lab.write("fetch.toml", "[account.home]\nserver = \"x.test\"\ninterval = \"1s\"\n");
    allow(&config, 0o600);
    let ran = run(&lab, atrn_fetch(&lab, &config, &["daemon"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("interval: saw 1s; allowed: 10s to 30d"), "{ran:#?}");
    assert!(ran.err.contains("deliver: not set"), "{ran:#?}");
}

#[test]
fn status_tells_what_is_wrong_and_since_when() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let config = settings(&lab, &[("home", &odmrd)]);
    let (ran, told) = status(&lab, &config, &[]);
    assert_eq!(
        (ran.code, &told[0]["last_run"]),
        (Some(0), &Value::Null),
        "nothing ran yet: {told:?}"
    );
    assert_eq!(
        status(&lab, &config, &["--max-age", "1h"]).0.code,
        Some(1),
        "and that is too long ago"
    );
    bring(&odmrd);
    run(&lab, atrn_fetch(&lab, &config, &["run", "-q"])).succeeded();
    let (ran, told) = status(&lab, &config, &["--max-age", "1h"]);
    assert_eq!((ran.code, told[0]["last_result"].as_str()), (Some(0), Some("ok")), "{told:?}");
    odmrd.daemon.terminate();
    for _ in 0..2 {
        assert_eq!(run(&lab, atrn_fetch(&lab, &config, &["run", "-q"])).code, Some(69));
    }
    let (ran, told) = status(&lab, &config, &[]);
    let trouble = &told[0]["troubles"][0];
    assert_eq!(
        (ran.code, trouble["times"].as_u64(), trouble["exit"].as_u64()),
        (Some(1), Some(2), Some(69))
    );
    let shown = run(&lab, atrn_fetch(&lab, &config, &["status"]));
    let head: Vec<&str> = shown.out.lines().next().expect("a head").split_whitespace().collect();
    assert_eq!(head, ["ACCOUNT", "LAST", "RUN", "RESULT", "SUCCESS", "MAIL", "NEXT"]);
    assert!(shown.out.contains("home: 2 times since 2"), "{shown:#?}");
}

/// From nothing to mail: the file that init writes is one that works.
#[test]
fn init_writes_settings_that_work() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let (ip, port) = (odmrd.odmr.ip().to_string(), odmrd.odmr.port().to_string());
    let config = lab.path("new/fetch.toml");
    let target = format!("maildir:{}", lab.path("Maildir").display());
    let flags = [
        "init",
        "home",
        "--server",
        &ip,
        "--port",
        &port,
        "--tls",
        "none",
        "--clear-auth",
        "plain",
        "--user",
        USER,
        "--domain",
        "example.org",
        "--deliver",
        &target,
        "--ehlo",
        "customer.test",
        "--password-stdin",
    ];
    let begun =
        run_fed(&lab, atrn_fetch(&lab, &config, &flags), &format!("{PASSWORD}\n")).succeeded();
    assert!(begun.out.contains("atrn-fetch check home --config"), "{begun:#?}");
    for file in [&config, &lab.path("new/home.password")] {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(file).expect("a file"));
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    run(&lab, atrn_fetch(&lab, &config, &["check", "home"])).succeeded();
    bring(&odmrd);
    run(&lab, atrn_fetch(&lab, &config, &["run", "home"])).succeeded();
    until_landed(&lab, "Maildir", 1);
    // What is there stays.
    let before = std::fs::read(&config).expect("a file");
    let again = run_fed(&lab, atrn_fetch(&lab, &config, &flags), "another\n");
    assert_eq!(again.code, Some(73), "{again:#?}");
    assert!(again.err.contains("is there already; nothing was changed"), "{again:#?}");
    assert_eq!(std::fs::read(&config).expect("a file"), before);
    let password = std::fs::read_to_string(lab.path("new/home.password")).expect("a file");
    assert_eq!(password.trim(), PASSWORD);
}

#[test]
fn a_password_may_be_in_a_netrc_file() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let text =
        |user: &str| format!("machine {} login {user} password \"{PASSWORD}\"\n", odmrd.odmr.ip());
    let netrc = lab.write("netrc", text(USER));
    let config = settings(&lab, &[("home", &odmrd)]);
    let flags = ["run", "--netrc", &netrc.display().to_string()];
    let ran = run(&lab, atrn_fetch(&lab, &config, &flags));
    assert_eq!(ran.code, Some(78), "others may read it: {ran:#?}");
    allow(&netrc, 0o600);
    run(&lab, atrn_fetch(&lab, &config, &flags)).succeeded();
    lab.write("netrc", text("somebody"));
    let ran = run(&lab, atrn_fetch(&lab, &config, &flags));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("no entry for machine 127."), "{ran:#?}");
    assert!(!ran.err.contains(PASSWORD), "{ran:#?}");
}

/// A password that others could read is taken over, and told of: it may be known.
#[test]
fn a_fetchmailrc_that_others_can_read_is_told_of() {
    let lab = Lab::open();
    let text = |password: &str| format!("poll odmr.test proto odmr user acme {password}\n");
    let loose = "lets others read the password in it (chmod 600 ";
    let take = |name: &str, password: &str, mode: u32| {
        let rc = lab.write(name, text(password));
        allow(&rc, mode);
        let config = lab.path(&format!("{name}-taken/fetch.toml"));
        run(&lab, atrn_fetch(&lab, &config, &["import-fetchmailrc", &rc.display().to_string()]))
    };
    let told = take("open", "password secret", 0o644).succeeded();
    assert_eq!(told.err.matches(loose).count(), 1, "{told:#?}");
    assert!(told.err.contains("mode 0644") && !told.err.contains("secret"), "{told:#?}");
    for (name, password, mode) in [("closed", "password secret", 0o600), ("without", "", 0o644)] {
        let told = take(name, password, mode).succeeded();
        assert!(!told.err.contains(loose), "{told:#?}");
    }
}

/// The same file makes fetchmail and atrn-fetch bring the mail.
#[test]
fn what_fetchmail_was_told_is_taken_over() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).start();
    bring(&odmrd);
    Fetchmail::new(&lab, odmrd.odmr, postfix.address, DOMAIN).run().succeeded();
    assert_eq!(postfix.maildir.until(1).len(), 1);
    let config = lab.path("taken/fetch.toml");
    let rc = lab.path("fetchmailrc");
    let rc = rc.to_str().expect("a path");
    let take = ["import-fetchmailrc", rc];
    let shown = [&take[..], &["--print"]].concat();
    let shown = run(&lab, atrn_fetch(&lab, &config, &shown)).succeeded();
    assert!(!shown.out.contains(PASSWORD) && !config.exists(), "{shown:#?}");
    let told = run(&lab, atrn_fetch(&lab, &config, &take)).succeeded();
    assert!(told.out.contains("sslproto '': the whole session is in clear"), "{told:#?}");
    assert!(told.out.contains("atrn-fetch check provider.test --config"), "{told:#?}");
    bring(&odmrd);
    let fetch = ["run", "provider.test", "--ehlo", "customer.test"];
    run(&lab, atrn_fetch(&lab, &config, &fetch)).succeeded();
    assert_eq!(postfix.maildir.until(2).len(), 2);
    // What is there stays, and what is no such file is told.
    assert_eq!(run(&lab, atrn_fetch(&lab, &config, &take)).code, Some(73));
    let none = lab.write("none", "poll pop.test proto pop3 user a pass b\n");
    let none = ["import-fetchmailrc", none.to_str().expect("a path")];
    let none = run(&lab, atrn_fetch(&lab, &config, &none));
    assert_eq!(none.code, Some(66), "{none:#?}");
    assert!(none.err.contains("its protocol is pop3, not ODMR"), "{none:#?}");
    let bad = lab.write("bad", "poll x proto\n");
    let bad = ["import-fetchmailrc", bad.to_str().expect("a path")];
    let bad = run(&lab, atrn_fetch(&lab, &config, &bad));
    assert_eq!(bad.code, Some(65), "{bad:#?}");
    assert!(bad.err.contains("line 1: protocol lacks its value"), "{bad:#?}");
}

#[test]
fn new_settings_count_at_once_whoever_is_still_at_it() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    // It takes calls, and says nothing.
    let silent = std::net::TcpListener::bind(lab.free()).expect("a port");
    let config = settings(&lab, &[("home", &odmrd)]);
    let home = std::fs::read_to_string(&config).expect("settings");
    let (ip, port) = (odmrd.odmr.ip(), odmrd.odmr.port());
    let there = format!("server = \"{ip}\"\nport = {port}");
    let address = silent.local_addr().expect("its address");
    let away = format!("server = \"{}\"\nport = {}", address.ip(), address.port());
    let slow = home.replace("account.home", "account.slow").replace(&there, &away);
    let write = |text: &str| allow(&lab.write("fetch.toml", text), 0o600);
    write(&(home.clone() + &slow));
    bring(&odmrd);
    let mut daemon = Child::start(&lab, "daemon", atrn_fetch(&lab, &config, &["daemon", "-v"]));
    let _call = silent.accept().expect("a call");
    until_landed(&lab, "home", 1);
    let more = home.replace("account.home", "account.more").replace("maildir:home", "maildir:more");
    write(&(home.clone() + &slow + &more));
    bring(&odmrd);
    daemon.signal(Signal::HUP);
    let landed = || {
        let folders = ["home", "more"].map(|folder| Maildir::at(lab.path(folder)).messages().len());
        (folders.iter().sum::<usize>() == 2).then_some(())
    };
    until("the new account's mail", landed);
    // And woken, too, while the slow one still waits for its provider.
    bring(&odmrd);
    daemon.signal(Signal::USR1);
    let all = || ["home", "more"].map(|folder| Maildir::at(lab.path(folder)).messages().len());
    until("all mail", || (all().iter().sum::<usize>() == 3).then_some(()));
    assert_eq!(daemon.terminate().code(), Some(0), "{}", daemon.log());
}

#[test]
fn a_daemon_keeps_the_dialogues_that_its_settings_ask_for() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let config = settings(&lab, &[("home", &odmrd)]);
    let text = std::fs::read_to_string(&config).expect("settings") + "transcript = \"said\"\n";
    allow(&lab.write("fetch.toml", text), 0o600);
    std::fs::create_dir(lab.path("said")).expect("a folder");
    bring(&odmrd);
    let mut daemon = Child::start(&lab, "daemon", atrn_fetch(&lab, &config, &["daemon"]));
    until_landed(&lab, "home", 1);
    let said = || {
        let files = std::fs::read_dir(lab.path("said")).expect("a folder").flatten();
        files.into_iter().find_map(|file| std::fs::read_to_string(file.path()).ok())
    };
    let said = until("a dialogue", || said().filter(|text| text.contains("ATRN")));
    assert!(!said.contains(PASSWORD), "{said}");
    daemon.terminate();
}

#[test]
fn what_is_wrong_with_one_queue_does_not_keep_from_the_others() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let config = settings(&lab, &[("a", &odmrd), ("b", &odmrd)]);
    let text = std::fs::read_to_string(&config).expect("settings") + "spool = \"own\"\n";
    allow(&lab.write("fetch.toml", text), 0o600);
    let ran = run(&lab, atrn_fetch(&lab, &config, &["queue", "--all", "--retry"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("a: spool is not set"), "{ran:#?}");
    assert!(ran.out.contains("b: ") || ran.out.contains("0 waiting"), "{ran:#?}");
}

/// Whoever was woken once is not woken by each reload that follows.
#[test]
fn a_reload_is_no_reason_to_call() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let config = settings(&lab, &[("home", &odmrd)]);
    let mut daemon = Child::start(&lab, "daemon", atrn_fetch(&lab, &config, &["daemon", "-v"]));
    let calls = || odmrd.daemon.log().matches("INFO authenticated").count();
    until("the first call", || (calls() == 1).then_some(()));
    let planned = || status(&lab, &config, &[]).1[0]["next_run_in_s"].as_i64();
    until("a plan", || planned().filter(|s| *s > 3000));
    daemon.signal(Signal::USR1);
    until("the second call", || (calls() == 2).then_some(()));
    until("a plan", || planned().filter(|s| *s > 3000));
    daemon.signal(Signal::HUP);
    until("the reload", || {
        (daemon.log().matches("fetching from now on").count() == 2).then_some(())
    });
    // Another account's first call comes behind whatever the reload set off.
    settings(&lab, &[("home", &odmrd), ("more", &odmrd)]);
    daemon.signal(Signal::HUP);
    until("the third call", || (calls() >= 3).then_some(()));
    daemon.terminate();
    assert_eq!(calls(), 3, "{}", daemon.log());
}

/// Root may run what a service's user has set up, and is led nowhere by what lies there.
#[test]
fn a_link_in_the_state_folder_is_not_followed() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let config = settings(&lab, &[("home", &odmrd)]);
    let precious = lab.write("precious", "as it was");
    std::os::unix::fs::symlink(&precious, lab.room("state").join("home.lock")).expect("a link");
    let ran = run(&lab, atrn_fetch(&lab, &config, &["run", "home"]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(std::fs::read_to_string(&precious).expect("a file"), "as it was");
}
