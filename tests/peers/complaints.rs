//! What users of fetch clients complain about, and `atrn-fetch` must not do. A test for each row:
//!
//! | the complaint | the test |
//! |---|---|
//! | exit 1 for "no mail" makes cron jobs need an excuse | `no_mail_needs_no_excuse_in_cron` |
//! | cron mails that another copy is running | `a_run_that_is_still_at_it_makes_no_mail` |
//! | a prompt in cron waits for ever | `nobody_is_prompted_in_cron` |
//! | a locked password agent fills the mailbox | `the_same_trouble_is_mailed_once`, `and_when_it_is_over` |
//! | one failing account hides behind another's success | `one_accounts_success_hides_no_failure`, `which_account_decides_is_for_the_user_to_say` |
//! | scripts know fetchmail's numbers | `scripts_that_know_fetchmails_numbers_hear_them` |
//! | secrets in rc files | `a_password_in_the_settings_is_refused`, `a_secret_that_others_can_read_is_refused` |
//! | a profile forbids the password command | `a_password_command_that_cannot_run_names_the_other_ways` |
//! | mail is lost silently, or bounces for ever | `what_is_not_safe_here_stays_at_the_provider` |
//! | "did it work?" needs -v and eyes | `what_happened_can_be_read_by_a_program`, also where nothing could be begun |

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::presence::{Peer, have};
use crate::lab::process::{Ran, run};
use crate::lab::{Lab, allow};

/// A run from cron: quiet, remembered in a folder of the lab.
fn from_cron(lab: &Lab, fetch: AtrnFetch<'_>) -> Ran {
    let state = lab.path("state").display().to_string();
    run(lab, fetch.flags(&["--state-dir", &state, "--quiet"]).command("run"))
}

/// Says nothing at all, so that cron mails nothing.
#[track_caller]
fn is_silent(ran: &Ran, code: i32) {
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(code), "", ""), "{ran:#?}");
}

fn laden(lab: &Lab) -> RunningOdmrd {
    let odmrd = Odmrd::new(lab).start();
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", b"Subject: x\r\n\r\nx\r\n");
    odmrd
}

/// Settings with these accounts, each with its lines; all of the lab's customer otherwise.
fn settings(lab: &Lab, accounts: &[(&str, &str)]) -> std::path::PathBuf {
    let password = lab.write("password", crate::lab::fetchmail::PASSWORD);
    allow(&password, 0o600);
    let mut text = format!(
        "[defaults]\nuser = {:?}\ntls = \"none\"\nclear_auth = \"plain\"\ndomains = [\"example.org\"]\n\
         password = {{ file = {password:?} }}\nehlo = \"customer.test\"\nstate_dir = {:?}\n\
         deliver = \"maildir:{}\"\n",
        crate::lab::fetchmail::USER,
        lab.path("state"),
        lab.path("Maildir").display(),
    );
    for (name, lines) in accounts {
        text.push_str(&format!("[account.{name}]\n{lines}\n"));
    }
    lab.write("atrn-fetch.toml", text)
}

/// The program with the settings of the lab.
fn atrn_fetch(lab: &Lab, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
    command.env("XDG_RUNTIME_DIR", lab.room("runtime")).env("HOME", lab.room("home"));
    command.env_remove("XDG_CONFIG_HOME");
    command.args(words).arg("--config").arg(lab.path("atrn-fetch.toml"));
    command
}

fn at(address: std::net::SocketAddr) -> String {
    format!("server = \"{}\"\nport = {}", address.ip(), address.port())
}

#[test]
fn no_mail_needs_no_excuse_in_cron() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    is_silent(&from_cron(&lab, AtrnFetch::new(&lab, odmrd.odmr).into_maildir()), 0);
}

#[test]
fn a_run_that_is_still_at_it_makes_no_mail() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    settings(&lab, &[("home", &at(odmrd.odmr))]);
    let lock = lab.room("state");
    let file = std::fs::File::create(lock.join("home.lock")).expect("a file");
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).expect("a lock");
    is_silent(&run(&lab, atrn_fetch(&lab, &["home", "--quiet", "--lock", "skip"])), 0);
    let ran = run(&lab, atrn_fetch(&lab, &["home", "--quiet"]));
    assert_eq!(ran.code, Some(75), "{ran:#?}");
    assert!(ran.err.contains("another run holds this account"), "{ran:#?}");
    // Cron has no runtime folder, or another.
    let mut elsewhere = atrn_fetch(&lab, &["home", "--quiet"]);
    elsewhere.env("XDG_RUNTIME_DIR", lab.room("elsewhere"));
    assert_eq!(run(&lab, elsewhere).code, Some(75));
}

#[test]
fn nobody_is_prompted_in_cron() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    settings(
        &lab,
        &[("home", &format!("{}\npassword = {{ command = \"cat /dev/tty\" }}", at(odmrd.odmr)))],
    );
    let mut command = Command::new("setsid");
    let fetch = atrn_fetch(&lab, &["home", "--quiet"]);
    command.arg("--wait").arg(fetch.get_program()).args(fetch.get_args());
    fetch.get_envs().for_each(|(name, value)| {
        value.map(|value| command.env(name, value));
    });
    let ran = run(&lab, command);
    assert!(!ran.never_ended && ran.code == Some(78), "{ran:#?}");
    assert!(ran.err.contains("password command \"cat\": failed"), "{ran:#?}");
}

#[test]
fn the_same_trouble_is_mailed_once() {
    let lab = Lab::open();
    let nobody = lab.free();
    let fetch = || AtrnFetch::new(&lab, nobody).into_maildir();
    let first = from_cron(&lab, fetch());
    assert_eq!(first.code, Some(69), "{first:#?}");
    assert!(first.err.contains(&nobody.to_string()), "{first:#?}");
    for _ in 0..3 {
        is_silent(&from_cron(&lab, fetch()), 69);
    }
    let again = from_cron(&lab, fetch().flags(&["--report-interval", "0s"]));
    assert!(again.err.contains("(5 times since "), "{again:#?}");
}

#[test]
fn and_when_it_is_over() {
    let lab = Lab::open();
    let (mx, odmr) = (lab.free(), lab.free());
    let fetch = || AtrnFetch::new(&lab, odmr).into_maildir();
    from_cron(&lab, fetch());
    from_cron(&lab, fetch());
    let _odmrd = Odmrd::new(&lab).listening(mx, odmr).start();
    let ran = from_cron(&lab, fetch());
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{ran:#?}");
    assert!(ran.err.contains("well again; it had failed 2 times since "), "{ran:#?}");
    is_silent(&from_cron(&lab, fetch()), 0);
}

#[test]
fn one_accounts_success_hides_no_failure() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    settings(&lab, &[("bad", &at(lab.free())), ("good", &at(odmrd.odmr))]);
    let ran = run(&lab, atrn_fetch(&lab, &["--all", "--json"]));
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told: Vec<_> = lines.iter().map(|line| (&line["account"], &line["result"])).collect();
    assert_eq!(told, [(&"bad".into(), &"tempfail".into()), (&"good".into(), &"ok".into())]);
}

#[test]
fn which_account_decides_is_for_the_user_to_say() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let (nobody, odd) = (at(lab.free()), at(odmrd.mx));
    settings(&lab, &[("a", &nobody), ("b", &at(odmrd.odmr)), ("c", &odd)]);
    let code = |words: &[&str]| run(&lab, atrn_fetch(&lab, words)).code;
    assert_eq!(code(&["--all"]), Some(76));
    assert_eq!(code(&["--all", "--exit", "worst"]), Some(76));
    assert_eq!(code(&["--all", "--exit", "first"]), Some(69));
    assert_eq!(code(&["--all", "--exit", "any"]), Some(0));
    assert_eq!(code(&["a", "c", "--exit", "any"]), Some(76));
    assert_eq!(code(&["check", "--all", "--exit", "first"]), Some(69));
    // Settings of the run, and a flag that goes before them.
    let file = std::fs::read_to_string(lab.path("atrn-fetch.toml")).expect("settings");
    lab.write("atrn-fetch.toml", format!("[run]\nexit = \"first\"\nno_mail_exit = 9\n{file}"));
    assert_eq!(code(&["--all"]), Some(69));
    assert_eq!(code(&["--all", "--exit", "any"]), Some(9));
    let shown = run(&lab, atrn_fetch(&lab, &["show-config", "b", "--exit", "any", "--origin"])).out;
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).expect("a line");
    assert!(line("exit = \"any\"").ends_with("# flag"), "{shown}");
    assert!(line("exit_codes = \"native\"").ends_with("# default"), "{shown}");
    assert!(line("no_mail_exit = 9").ends_with("atrn-fetch.toml [run]"), "{shown}");
}

#[test]
fn scripts_that_know_fetchmails_numbers_hear_them() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let wrong = format!("{}\npassword = {{ command = \"echo wrong\" }}", at(odmrd.odmr));
    let nowhere = format!("{}\ndeliver = \"maildir:/proc/1/nowhere\"", at(odmrd.odmr));
    settings(
        &lab,
        &[
            ("good", &at(odmrd.odmr)),
            ("silent", &at(lab.free())),
            ("wrong", &wrong),
            ("odd", &at(odmrd.mx)),
            ("nowhere", &nowhere),
            ("down", &format!("{}\ndeliver = \"smtp:{}\"", at(odmrd.odmr), lab.free())),
        ],
    );
    let code = |words: &[&str]| {
        run(&lab, atrn_fetch(&lab, &[words, &["--exit-codes", "fetchmail"]].concat())).code
    };
    assert_eq!(code(&["silent"]), Some(2));
    assert_eq!(code(&["wrong"]), Some(3));
    assert_eq!(code(&["odd"]), Some(4));
    assert_eq!(code(&["good", "--no-such-flag"]), Some(5));
    assert_eq!(code(&["good", "--port", "70000"]), Some(5));
    assert_eq!(code(&["nobody"]), Some(6));
    assert_eq!(code(&["nowhere"]), Some(10));
    assert_eq!(code(&["down"]), Some(10));
    let lock = lab.room("state");
    let file = std::fs::File::create(lock.join("good.lock")).expect("a file");
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).expect("a lock");
    assert_eq!(code(&["good"]), Some(8));
    drop(file);
    assert_eq!(code(&["good"]), Some(0));
    assert_eq!(code(&["good"]), Some(1));
    assert_eq!(code(&["good", "--no-mail-exit", "0"]), Some(0));
    // What a check for monitoring ends with is not for anybody to say.
    assert_eq!(code(&["status"]), run(&lab, atrn_fetch(&lab, &["status"])).code);
}

#[test]
fn a_password_in_the_settings_is_refused() {
    let lab = Lab::open();
    settings(&lab, &[("home", "password = \"Correct-Horse\"")]);
    let ran = run(&lab, atrn_fetch(&lab, &["home"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("a password does not stand in the settings"), "{ran:#?}");
    assert!(!ran.err.contains("Correct-Horse"), "{ran:#?}");
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let lab = Lab::open();
    settings(&lab, &[("home", &at(lab.free()))]);
    allow(&lab.path("password"), 0o644);
    let ran = run(&lab, atrn_fetch(&lab, &["home"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("mode 0644 lets others read the password"), "{ran:#?}");
}

#[test]
fn a_password_command_that_cannot_run_names_the_other_ways() {
    let lab = Lab::open();
    let command = lab.write("forbidden", "#!/bin/sh\n");
    allow(&command, 0o600);
    let line = format!("{}\npassword = {{ command = [{command:?}] }}", at(lab.free()));
    settings(&lab, &[("home", &line)]);
    let ran = run(&lab, atrn_fetch(&lab, &["home"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("Permission denied"), "{ran:#?}");
    assert!(
        ran.err.contains("hint: a security profile") && ran.err.contains("credential"),
        "{ran:#?}"
    );
}

/// What systemd hands over: a file in a folder that only the unit knows.
#[test]
fn a_credential_of_the_unit_is_a_password() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let line = format!("{}\npassword = {{ credential = \"acme\" }}", at(odmrd.odmr));
    settings(&lab, &[("home", &line)]);
    let folder = lab.room("credentials");
    std::fs::write(folder.join("acme"), crate::lab::fetchmail::PASSWORD).expect("a credential");
    let with = |words: &[&str]| {
        let mut command = atrn_fetch(&lab, words);
        command.env("CREDENTIALS_DIRECTORY", &folder);
        run(&lab, command)
    };
    let ran = with(&["home"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(Maildir::at(lab.path("Maildir")).messages().len(), 1);
    assert_eq!(with(&["home", "--credential", "acme"]).code, Some(0));
    assert_eq!(with(&["home", "--credential", "other"]).code, Some(78));
    // Cron has no such folder.
    let mut without = atrn_fetch(&lab, &["home"]);
    without.env_remove("CREDENTIALS_DIRECTORY");
    let ran = run(&lab, without);
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("credential") && ran.err.contains("systemd"), "{ran:#?}");
}

#[test]
fn a_new_password_is_kept_where_the_settings_say() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let fetched = format!("{}\npassword = {{ file = \"new\" }}", at(odmrd.odmr));
    let command = format!("{}\npassword = {{ command = \"echo x\" }}", at(odmrd.odmr));
    settings(&lab, &[("home", &fetched), ("office", &command)]);
    let told = |words: &[&str], said: &str| {
        let mut command = atrn_fetch(&lab, words);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().expect("atrn-fetch");
        let _ = child.stdin.take().expect("a pipe").write_all(said.as_bytes());
        let output = child.wait_with_output().expect("its end");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    let password = format!("{}\n", crate::lab::fetchmail::PASSWORD);
    let (code, text) = told(&["passwd", "home", "--password-stdin"], &password);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("home has a new password in ") && !text.contains(password.trim()));
    let kept = lab.path("new");
    use std::os::unix::fs::MetadataExt;
    assert_eq!(std::fs::metadata(&kept).expect("a file").mode() & 0o777, 0o600);
    let ran = run(&lab, atrn_fetch(&lab, &["home"]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(told(&["passwd", "home", "--password-fd", "0"], "other\nmore\n").0, Some(0));
    assert_eq!(std::fs::read_to_string(&kept).expect("a password"), "other\n");
    // Not all of them at once, and not where there is no file.
    assert_eq!(told(&["passwd", "--all", "--password-stdin"], "x\n").0, Some(64));
    let (code, text) = told(&["passwd", "office", "--password-stdin"], "x\n");
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("the password comes from password command \"echo\""), "{text}");
    assert_eq!(told(&["passwd", "home", "--password-stdin"], "\n").0, Some(78));
    assert_eq!(std::fs::read_to_string(&kept).expect("a password"), "other\n");
}

/// `script` is the terminal; what was shown when these lines had been typed, and the code at the end.
fn typed(lab: &Lab, words: &str, lines: &[(&str, &str)]) -> (Option<i32>, String) {
    let fetch = atrn_fetch(lab, &[]);
    let config = lab.path("atrn-fetch.toml");
    let program = env!("CARGO_BIN_EXE_atrn-fetch");
    let line = format!("exec '{program}' {words} --config '{}'", config.display());
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("SHELL", "/bin/sh");
    fetch.get_envs().for_each(|(name, value)| {
        value.map(|value| script.env(name, value));
    });
    let mut program = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script");
    let mut keys = program.stdin.take().expect("its keys");
    let mut screen = program.stdout.take().expect("its screen");
    let mut shown = String::new();
    for (prompt, line) in lines {
        let mut octets = [0; 4096];
        while !shown.contains(prompt) {
            let read = screen.read(&mut octets).expect("the screen");
            assert!(read > 0, "{prompt:?} never came: {shown:?}");
            shown.push_str(&String::from_utf8_lossy(&octets[..read]));
        }
        keys.write_all(format!("{line}\n").as_bytes()).expect("typed");
    }
    let mut rest = Vec::new();
    screen.read_to_end(&mut rest).expect("the screen");
    drop(keys);
    let code = program.wait().expect("its end").code();
    (code, shown + &String::from_utf8_lossy(&rest))
}

#[test]
fn a_new_password_is_typed_twice_and_not_shown() {
    let lab = Lab::open();
    settings(&lab, &[("home", "password = { file = \"new\" }")]);
    let (once, again) = ("new password for home: ", "new password for home, again: ");
    let lines = [(once, "Correct-Horse"), (again, "Correct-Horse")];
    let (code, shown) = typed(&lab, "passwd home", &lines);
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("Correct-Horse"), "{shown}");
    let kept = || std::fs::read_to_string(lab.path("new")).expect("a password");
    assert_eq!(kept(), "Correct-Horse\n");
    let (code, shown) = typed(&lab, "passwd home", &[(once, "one"), (again, "other")]);
    assert_eq!(code, Some(65), "{shown}");
    assert_eq!(kept(), "Correct-Horse\n");
}

#[test]
fn show_config_tells_who_said_what() {
    let lab = Lab::open();
    settings(&lab, &[("home", "port = 2525\nserver = \"a.example\"\nmax_rounds = 7")]);
    let mut command = atrn_fetch(&lab, &["show-config", "home", "--origin", "--tls", "implicit"]);
    command.env("ODMR_PORT", "3636").env("ODMR_TLS", "require");
    let ran = run(&lab, command);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let file = lab.path("atrn-fetch.toml").display().to_string();
    for (line, origin) in [
        ("tls = \"implicit\"", "flag".to_owned()),
        ("port = 3636", "environment".to_owned()),
        ("max_rounds = 7", format!("{file} [account.home]")),
        ("clear_auth = \"plain\"", format!("{file} [defaults]")),
        ("interval = \"15m\"", "default".to_owned()),
    ] {
        let found = ran.out.lines().find(|shown| shown.starts_with(line));
        let found = found.unwrap_or_else(|| panic!("no {line} in\n{}", ran.out));
        assert!(found.ends_with(&format!("# {origin}")), "{found}");
    }
}

#[test]
fn what_is_not_safe_here_stays_at_the_provider() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    for (script, code, result) in
        [("exit 75", 1, "partial"), ("exit 1", 1, "partial"), ("exit 0", 0, "ok")]
    {
        let program = lab.write("program", format!("#!/bin/sh\n{script}\n"));
        allow(&program, 0o755);
        let into = format!("command:{}", program.display());
        AtrnFetch::new(&lab, odmrd.odmr).into(&into).run().ended(code, result);
    }
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "no_mail");
}

#[test]
fn what_happened_can_be_read_by_a_program() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let summary = lab.path("summary.json");
    settings(&lab, &[("home", &at(odmrd.odmr)), ("odd", "deliver = \"smtp:localhost:25\"")]);
    let words = ["--all", "--quiet", "--summary", summary.to_str().expect("a path")];
    run(&lab, atrn_fetch(&lab, &words));
    let text = std::fs::read_to_string(&summary).expect("a summary");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&lines[0]["result"], &lines[0]["accepted"]), (&"ok".into(), &1.into()), "{text}");
    assert_eq!(lines[1]["result"], "config", "{text}");
    assert!(
        lines[1]["reason"].as_str().is_some_and(|why| why.contains("server: not set")),
        "{text}"
    );
}

/// A hook that writes down what it hears.
fn hook(lab: &Lab) -> String {
    let said = lab.path("said");
    let script = format!(
        "#!/bin/sh\nread -r line\necho \"$1 $FETCH_ACCOUNT $FETCH_RESULT $FETCH_TELLING $FETCH_ACCEPTED $line\" >> {}\n",
        said.display()
    );
    let hook = lab.write("hook", script);
    allow(&hook, 0o755);
    hook.display().to_string()
}

#[test]
fn hooks_hear_of_mail_and_of_what_is_wrong() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let hook = hook(&lab);
    let lines = format!("on_mail = [{hook:?}, \"mail\"]\non_error = [{hook:?}, \"error\"]\n");
    let with = |address| settings(&lab, &[("home", &format!("{}\n{lines}", at(address)))]);
    let fetch = || run(&lab, atrn_fetch(&lab, &["home", "--quiet"]));
    with(lab.free());
    for _ in 0..2 {
        fetch();
    }
    with(odmrd.odmr);
    for _ in 0..2 {
        fetch();
    }
    let said = std::fs::read_to_string(lab.path("said")).expect("something");
    let said: Vec<_> = said.lines().map(|line| line.split_once(" {").expect("JSON").0).collect();
    // Another address is another provider: nothing was wrong with this one.
    assert_eq!(said, ["error home tempfail new 0", "mail home ok well 1"], "{said:#?}");
}

#[test]
fn a_hook_that_fails_changes_nothing() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let lines = format!("{}\non_mail = [\"/bin/false\"]", at(odmrd.odmr));
    settings(&lab, &[("home", &lines)]);
    let ran = run(&lab, atrn_fetch(&lab, &["home"]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.err.contains("on_mail") && ran.err.contains("ended with 1"), "{ran:#?}");
}

/// An account that has two providers.
fn with_fallback(lab: &Lab, first: &str, second: &str, more: &str) -> Ran {
    let lines = format!("{first}\n{more}\n[[account.home.fallback]]\n{second}");
    settings(lab, &[("home", &lines)]);
    run(lab, atrn_fetch(lab, &["home", "--json"]))
}

fn results(ran: &Ran) -> Vec<String> {
    let parsed = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    parsed.map(|line| line["result"].as_str().expect("a word").to_owned()).collect()
}

#[test]
fn where_one_provider_is_down_the_next_is_asked() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let nobody = lab.free();
    let ran = with_fallback(&lab, &at(nobody), &at(odmrd.odmr), "");
    assert_eq!(
        (ran.code, results(&ran)),
        (Some(0), vec!["tempfail".into(), "ok".into()]),
        "{ran:#?}"
    );
    assert!(ran.err.contains(&nobody.to_string()), "{ran:#?}");
}

/// Monitoring asks the same memory as `status` does.
#[test]
fn how_runs_went_is_told_to_monitoring() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let (good, bad) = (at(odmrd.odmr), at(lab.free()));
    settings(&lab, &[("home", &good), ("away", &bad)]);
    let status = |words: &[&str]| run(&lab, atrn_fetch(&lab, &[&["status"], words].concat()));
    run(&lab, atrn_fetch(&lab, &["home"]));
    let told = status(&["home", "--format", "nagios"]);
    assert_eq!(told.code, Some(0), "{told:#?}");
    assert!(told.out.starts_with("ATRN-FETCH OK - 1 accounts, "), "{told:#?}");
    run(&lab, atrn_fetch(&lab, &["away"]));
    let told = status(&["--format", "nagios"]);
    assert_eq!(told.code, Some(1), "{told:#?}");
    assert!(told.out.starts_with("ATRN-FETCH WARNING - away: 127."), "{told:#?}");
    let told = status(&["--format", "nagios", "--max-age", "1s", "away"]);
    assert_eq!(told.code, Some(2), "{told:#?}");
    let told = status(&["--format", "prometheus"]);
    assert_eq!(told.code, Some(0), "{told:#?}");
    assert!(told.out.contains("atrn_fetch_messages_total{account=\"home\"} 1.0"), "{told:#?}");
    if have(&[Peer::Promtool]) {
        let path = lab.write("metrics", &told.out);
        let metrics = std::fs::File::open(path).expect("metrics");
        let mut judge = Command::new(Peer::Promtool.find().expect("promtool"));
        let judged = judge.args(["check", "metrics"]).stdin(metrics).output().expect("promtool");
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    }
    assert_eq!(status(&["nowhere", "--format", "nagios"]).code, Some(3));
    let refused = run(&lab, atrn_fetch(&lab, &["check", "home", "--format", "nagios"]));
    assert_eq!(refused.code, Some(64), "{refused:#?}");
}

/// One run that fetches, and is the check as well.
#[test]
fn a_run_can_answer_monitoring_itself() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let wrong = format!("{}\npassword = {{ command = \"echo wrong\" }}", at(odmrd.odmr));
    settings(&lab, &[("home", &at(odmrd.odmr)), ("away", &at(lab.free())), ("wrong", &wrong)]);
    let told = |words: &[&str], code: i32| {
        let ran = run(&lab, atrn_fetch(&lab, words));
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        ran.out
    };
    let metrics = told(&["home", "--format", "prometheus"], 0);
    assert!(metrics.contains("atrn_fetch_messages_total{account=\"home\"} 1.0"), "{metrics}");
    assert!(metrics.contains("atrn_fetch_result{account=\"home\",result=\"ok\"} 1.0"), "{metrics}");
    assert!(!metrics.contains("account=\"away\""), "{metrics}");
    let line = told(&["home", "--format", "nagios", "--exit-codes", "fetchmail"], 0);
    assert!(
        line.starts_with("ATRN-FETCH OK - 1 accounts, ") && line.lines().count() == 1,
        "{line}"
    );
    let line = told(&["--all", "-q", "--format", "nagios"], 2);
    assert!(line.starts_with("ATRN-FETCH CRITICAL - "), "{line}");
    assert!(line.contains("| accounts=3;;;0 troubles=2;;;0 "), "{line}");
    assert!(told(&["away", "--format", "nagios"], 1).starts_with("ATRN-FETCH WARNING - "));
    assert!(told(&["nobody", "--format", "nagios"], 3).starts_with("ATRN-FETCH UNKNOWN - "));
}

/// A pipe gives a password once, and both providers want it.
#[test]
fn a_password_from_a_pipe_is_for_all_providers() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let lines = format!("{}\n[[account.home.fallback]]\n{}", at(lab.free()), at(odmrd.odmr));
    settings(&lab, &[("home", &lines)]);
    let mut command = atrn_fetch(&lab, &["home", "--json", "--password-fd", "0"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("atrn-fetch");
    let mut stdin = child.stdin.take().expect("a pipe");
    writeln!(stdin, "{}", crate::lab::fetchmail::PASSWORD).expect("a password");
    drop(stdin);
    let ran = child.wait_with_output().expect("atrn-fetch");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("\"result\":\"ok\""));
}

#[test]
fn a_refused_login_is_told_and_not_hidden_by_the_next_provider() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let wrong = lab.write("wrong", "wrong");
    allow(&wrong, 0o600);
    let first = format!("{}\npassword = {{ file = {wrong:?} }}", at(odmrd.odmr));
    let second = format!("{}\npassword = {{ file = {:?} }}", at(odmrd.odmr), lab.path("password"));
    let ran = with_fallback(&lab, &first, &second, "");
    assert_eq!((ran.code, results(&ran)), (Some(77), vec!["denied".into()]), "{ran:#?}");
    let ran = with_fallback(&lab, &first, &second, "ask = \"all\"");
    assert_eq!(
        (ran.code, results(&ran)),
        (Some(77), vec!["denied".into(), "ok".into()]),
        "{ran:#?}"
    );
}

#[test]
fn no_mail_is_an_answer_unless_all_are_to_be_asked() {
    let lab = Lab::open();
    let empty = Odmrd::named(&lab, "empty").start();
    let odmrd = laden(&lab);
    let ran = with_fallback(&lab, &at(empty.odmr), &at(odmrd.odmr), "");
    assert_eq!((ran.code, results(&ran)), (Some(0), vec!["no_mail".into()]), "{ran:#?}");
    let ran = with_fallback(&lab, &at(empty.odmr), &at(odmrd.odmr), "ask = \"all\"");
    assert_eq!(
        (ran.code, results(&ran)),
        (Some(0), vec!["no_mail".into(), "ok".into()]),
        "{ran:#?}"
    );
}

#[test]
fn a_further_provider_has_no_target_of_its_own() {
    let lab = Lab::open();
    let ran = with_fallback(&lab, &at(lab.free()), "deliver = \"smtp:localhost:25\"", "");
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("fallback: number 1: deliver: a provider has none"), "{ran:#?}");
    assert!(ran.err.contains("number 1: server: not set"), "{ran:#?}");
}

/// Mail of one account has no way to the target of another, whatever they are called.
#[test]
fn accounts_with_like_names_have_each_a_queue_of_their_own() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let own = format!("{}\nspool = {:?}", at(odmrd.odmr), lab.path("own"));
    let nobody = format!("{own}\ndeliver = \"smtp:{}\"", lab.free());
    settings(&lab, &[("\"ann/home\"", &nobody), ("ann_home", &own)]);
    assert_eq!(run(&lab, atrn_fetch(&lab, &["ann/home"])).code, Some(75));
    let other = run(&lab, atrn_fetch(&lab, &["ann_home"]));
    assert_eq!(other.code, Some(0), "{other:#?}");
    assert!(other.out.contains("0 delivered") || !other.out.contains("delivered"), "{other:#?}");
    assert_eq!(Maildir::at(lab.path("Maildir")).messages().len(), 0, "{other:#?}");
}

/// What cannot be written down of one conversation keeps nobody's mail away.
#[test]
fn a_record_that_cannot_be_kept_stops_nobody() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let server = at(odmrd.odmr);
    // A folder that root seems to be allowed to write to, and that takes no file.
    if !rustix::process::getuid().is_root() {
        return;
    }
    let first = format!("{server}\ntranscript = \"/proc\"");
    settings(&lab, &[("one", &first), ("two", &server)]);
    let summary = lab.path("summary.json");
    let words = ["--all", "--json", "--summary", summary.to_str().expect("a path")];
    let ran = run(&lab, atrn_fetch(&lab, &words));
    assert_eq!(ran.code, Some(73), "{ran:#?}");
    assert!(ran.err.contains("one: ") && ran.err.contains("/proc/one-"), "{ran:#?}");
    let told: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let results: Vec<_> = told.iter().map(|told| told["result"].as_str()).collect();
    assert_eq!(results, [Some("ok"), Some("no_mail")], "{ran:#?}");
    assert!(summary.exists());
}

/// A folder that is not there is found out before the call, and the other accounts are served.
#[test]
fn a_folder_that_is_not_there_keeps_one_account_at_home() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let server = at(odmrd.odmr);
    let first = format!("{server}\ntranscript = {:?}", lab.path("nowhere"));
    settings(&lab, &[("one", &first), ("two", &server)]);
    let ran = run(&lab, atrn_fetch(&lab, &["--all", "--json"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(
        ran.err.contains("account.one.transcript: ")
            || ran.out.contains("account.one.transcript: "),
        "{ran:#?}"
    );
    let told: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let results: Vec<_> = told.iter().map(|told| told["result"].as_str()).collect();
    assert_eq!(results, [Some("config"), Some("ok")], "{ran:#?}");
}

/// The provider is content, and nobody gets mail: it is as bad as no call at all.
#[test]
fn a_target_that_takes_nothing_is_told_of_and_not_called_a_success() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let away = "deliver = \"command:/bin/false\"\non_error = [\"/usr/bin/touch\", \"told\"]";
    let away = away.replace("\"told\"", &format!("{:?}", lab.path("told")));
    settings(&lab, &[("home", &format!("{}\n{away}", at(odmrd.odmr)))]);
    let ran = run(&lab, atrn_fetch(&lab, &["home", "--quiet"]));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.err.contains("the target puts all mail off: 451"), "{ran:#?}");
    assert!(ran.err.contains("test-target"), "{ran:#?}");
    assert!(lab.path("told").exists(), "the hook was not run");
    is_silent(&run(&lab, atrn_fetch(&lab, &["home", "--quiet"])), 1);
    let status = run(&lab, atrn_fetch(&lab, &["status", "home"]));
    assert_eq!(status.code, Some(1), "{status:#?}");
    // It is over with the first mail that lands.
    settings(&lab, &[("home", &at(odmrd.odmr))]);
    assert_eq!(run(&lab, atrn_fetch(&lab, &["home"])).code, Some(0));
    let status = run(&lab, atrn_fetch(&lab, &["status", "home"]));
    assert_eq!(status.code, Some(0), "{status:#?}");
}

/// Of two that stand in for each other both were away; one is back, and nobody needs the other.
#[test]
fn trouble_with_a_provider_that_is_not_asked_is_no_trouble() {
    let lab = Lab::open();
    let (first, second) = (lab.free(), lab.free());
    assert_eq!(with_fallback(&lab, &at(first), &at(second), "").code, Some(69));
    let status = || run(&lab, atrn_fetch(&lab, &["status", "home"])).code;
    assert_eq!(status(), Some(1));
    let nobody = lab.free();
    let odmrd = Odmrd::new(&lab).listening(nobody, first).start();
    assert_eq!(with_fallback(&lab, &at(odmrd.odmr), &at(second), "").code, Some(0));
    assert_eq!(status(), Some(0));
}
