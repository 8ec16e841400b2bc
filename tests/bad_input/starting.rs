//! The moment between the call and the first caller: what may come then, and what is found out.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use crate::house::{House, chmod, signal, stderr};

/// A provider whose list of recipients is a pipe: it does not get past it before it is let.
struct Reluctant {
    house: House,
    child: Child,
}

impl Reluctant {
    fn start() -> Reluctant {
        let house = House::new("[domains.\"example.org\"]\nrecipients = \"list\"");
        mknodat(CWD, house.path("list"), FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        let child = house.odmrd(&["run"]).stderr(Stdio::piped()).spawn().expect("odmrd");
        Reluctant { house, child }
    }

    /// Sends a signal while it waits, and lets it go on.
    fn told(&mut self, what: Signal) -> BufReader<ChildStderr> {
        let list = self.house.path("list");
        feed(&list, || signal(self.child.id(), what));
        // It is read when it is judged, when it is put in force, and again at a reload.
        std::thread::spawn(move || {
            loop {
                feed(&list, || {});
            }
        });
        BufReader::new(self.child.stderr.take().expect("a pipe"))
    }

    fn end(&mut self) -> Option<i32> {
        self.child.wait().expect("its end").code()
    }
}

impl Drop for Reluctant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a reader, does something, and lets it read.
fn feed(list: &Path, meanwhile: impl FnOnce()) {
    let Ok(mut pipe) = std::fs::OpenOptions::new().write(true).open(list) else { return };
    meanwhile();
    // Whether it is still there is for others to find out.
    let _ = pipe.write_all(b"bob\n");
}

#[test]
fn told_to_end_while_it_starts_it_ends_in_order() {
    for what in [Signal::TERM, Signal::INT] {
        let mut provider = Reluctant::start();
        let log: Vec<_> = provider.told(what).lines().map_while(Result::ok).collect();
        assert_eq!(provider.end(), Some(0), "{log:#?}");
        assert!(log.iter().any(|line| line.contains("stopped")), "{log:#?}");
    }
}

#[test]
fn told_to_reload_while_it_starts_it_does_so_once_it_serves() {
    let mut provider = Reluctant::start();
    let log = provider.told(Signal::HUP).lines().map_while(Result::ok).collect_until("read again");
    assert!(log.iter().any(|line| line.contains("listening")), "{log:#?}");
    signal(provider.child.id(), Signal::TERM);
    assert_eq!(provider.end(), Some(0));
}

trait CollectUntil: Iterator<Item = String> + Sized {
    /// All up to the line with this in it; panics when there is none.
    fn collect_until(self, word: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for line in self {
            lines.push(line);
            if lines.last().is_some_and(|line| line.contains(word)) {
                return lines;
            }
        }
        panic!("no {word:?} in {lines:#?}")
    }
}

impl<I: Iterator<Item = String>> CollectUntil for I {}

const USER: &str = "nobody";

/// A house whose daemon starts as root and goes on as somebody else; `None` where we are not root.
fn for_a_user(extra: &str) -> Option<House> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can give things away");
        return None;
    }
    let house = House::new(&format!("user = \"{USER}\"\nqueue.reserve = \"1 MiB\"\n{extra}"));
    chmod(&house.path("."), 0o755);
    chmod(&house.path("odmrd.toml"), 0o644);
    Some(house)
}

fn owner(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).expect("a file").uid()
}

#[test]
fn whom_it_becomes_gets_what_root_has_made() {
    let Some(house) = for_a_user("") else { return };
    for _ in 0..2 {
        let provider = house.serve();
        let large = "A line of a large mail that lies in a file.\r\n".repeat(6000);
        assert!(provider.bring("large", &large).starts_with("250"));
        provider.stop();
        let nobody = owner(&house.path("state"));
        assert_ne!(nobody, 0);
        for name in ["accounts.toml", "state/decoy.key", "state/spool/spool.db"] {
            assert_eq!(owner(&house.path(name)), nobody, "{name}");
        }
        // As after a start without `user`, by root.
        let mut chown = std::process::Command::new("chown");
        assert!(
            chown.args(["-R", "0"]).arg(house.path("state")).status().is_ok_and(|s| s.success())
        );
    }
    assert_eq!(owner(&house.path("odmrd.toml")), 0);
}

#[test]
fn what_it_could_not_read_later_is_found_out_at_the_start() {
    let list = "[domains.\"example.org\"]\nrecipients = \"list\"";
    let Some(house) = for_a_user(list) else { return };
    chmod(&house.write("list", "bob\n"), 0o644);
    let output = house.run_odmrd(&["check-config"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(owner(&house.path("accounts.toml")), 0, "it is looked at, not given");
    for name in ["list", "odmrd.toml"] {
        chmod(&house.path(name), 0o600);
        for command in ["run", "check-config"] {
            let output = house.run_odmrd(&[command]);
            let told = stderr(&output);
            assert_eq!(output.status.code(), Some(77), "{told}");
            let path = house.path(name).display().to_string();
            assert!(
                told.contains(&format!("{path}: the user \"{USER}\" cannot read it")),
                "{told}"
            );
            assert!(told.contains(&format!("hint: chown {USER} {path}")), "{told}");
        }
        chmod(&house.path(name), 0o644);
    }
}

#[test]
fn nothing_is_given_by_way_of_a_link() {
    let Some(house) = for_a_user("") else { return };
    let precious = house.write("precious", "somebody else's");
    let spool = house.path("state/spool");
    std::fs::create_dir(&spool).expect("a folder");
    std::os::unix::fs::symlink(&precious, spool.join("lock")).expect("a link");
    std::fs::hard_link(&precious, spool.join("spool.db")).expect("a link");
    let output = house.run_odmrd(&["run"]);
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
    assert_eq!(owner(&precious), 0);

    std::fs::remove_dir_all(&spool).expect("gone");
    std::os::unix::fs::symlink(house.path("."), &spool).expect("a link");
    let other = house.write("lock", "somebody else's");
    house.run_odmrd(&["run"]);
    assert_eq!(owner(&other), 0);
}

#[test]
fn a_folder_that_others_use_is_not_given() {
    let Some(house) = for_a_user("") else { return };
    house.write("state/others", "somebody else's");
    let output = house.run_odmrd(&["run"]);
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
    assert!(stderr(&output).contains("must be writable by this user"), "{}", stderr(&output));
    assert_eq!(owner(&house.path("state")), 0);
}

#[test]
fn a_user_who_is_not_there_is_told_before_anything_is_written() {
    let house = House::bare();
    for (user, words) in [("no-such-user", "there is no user"), ("root", "is root; name one")] {
        let output =
            house.run_odmrd(&["init", "--no-certificate", "--state-dir", "state", "--user", user]);
        assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(!house.path("odmrd.toml").exists());
    }
}

/// `queuectl list` of somebody who is not root, with a program that he can reach.
fn asks_as_nobody(house: &House, group: &str) -> std::process::Output {
    let program = house.path("queuectl");
    if !program.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_queuectl"), &program).expect("a copy");
        chmod(&program, 0o755);
    }
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", group, "--clear-groups", "--no-new-privs", "--"]);
    command.arg(program).arg("--socket").arg(house.path("desk/control")).arg("list");
    command.output().expect("setpriv")
}

#[test]
fn the_control_socket_answers_root_and_a_group_and_tells_others_why_not() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be somebody else");
        return;
    }
    let house = House::new("");
    for folder in [".", "desk"] {
        std::fs::create_dir_all(house.path(folder)).expect("a folder");
        chmod(&house.path(folder), 0o755);
    }
    let settings = std::fs::read_to_string(house.path("odmrd.toml")).expect("settings");
    let socket = house.path("desk/control");
    let settings = format!("{settings}control.socket = {socket:?}\n");
    house.write("odmrd.toml", &settings);
    let provider = house.serve();
    // The file keeps him out; and if it did not, the daemon would know who he is.
    for (mode, says) in [(0o600, "ermission denied"), (0o666, "neither root nor the user of odmrd")]
    {
        chmod(&socket, mode);
        let asked = asks_as_nobody(&house, "nogroup");
        let told = String::from_utf8_lossy(&asked.stderr);
        assert_eq!(asked.status.code(), Some(77), "{mode:o}: {told}");
        assert!(told.contains(says) && told.contains("control.group"), "{mode:o}: {told}");
        assert!(asked.stdout.is_empty());
    }
    provider.stop();
    house.write("odmrd.toml", &format!("{settings}control.group = \"users\"\n"));
    let provider = house.serve();
    let (member, stranger) = (asks_as_nobody(&house, "users"), asks_as_nobody(&house, "nogroup"));
    assert_eq!(member.status.code(), Some(0), "{member:?}");
    assert_eq!(stranger.status.code(), Some(77), "{stranger:?}");
    provider.stop();
}
