//! The moment between the call and the first caller: what may come then, and what is found out.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use crate::house::{House, signal};

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
