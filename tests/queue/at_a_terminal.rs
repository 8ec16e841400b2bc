//! What only somebody who sits at a terminal is asked. `script` is the terminal.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::lab::Lab;
use crate::lab::ours::RunningOdmrd;
use crate::lab::post::Post;
use crate::{LETTER, laden, queuectl};

/// `queuectl` with a terminal for all three of its streams, and who sits at it.
struct Seat {
    program: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    shown: String,
}

impl Seat {
    fn of(odmrd: &RunningOdmrd, words: &str) -> Seat {
        let queuectl = env!("CARGO_BIN_EXE_queuectl");
        let line = format!("'{queuectl}' --config '{}' {words}", odmrd.config().display());
        // A terminal of a size that all has room on.
        let line = format!("stty rows 40 cols 130; exec {line}");
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.env("SHELL", "/bin/sh");
        let mut program =
            script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script");
        let keys = program.stdin.take().expect("its keys");
        let screen = program.stdout.take().expect("its screen");
        Seat { program, keys, screen, shown: String::new() }
    }

    /// Waits until these words stand on the screen.
    #[track_caller]
    fn reads(&mut self, words: &str) {
        let mut octets = [0; 4096];
        while !self.shown.contains(words) {
            let read = self.screen.read(&mut octets).expect("the screen");
            assert!(read > 0, "{words:?} never came: {:?}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&octets[..read]));
        }
    }

    /// Presses keys.
    fn presses(&mut self, keys: &str) {
        self.shown.clear();
        self.keys.write_all(keys.as_bytes()).expect("typed");
    }

    /// Types a line; the code at the end, and all that was shown.
    #[track_caller]
    fn types(mut self, line: &str) -> (Option<i32>, String) {
        self.keys.write_all(format!("{line}\n").as_bytes()).expect("typed");
        let mut rest = Vec::new();
        self.screen.read_to_end(&mut rest).expect("the screen");
        drop(self.keys);
        let code = self.program.wait().expect("its end").code();
        (code, self.shown + &String::from_utf8_lossy(&rest))
    }
}

fn states(odmrd: &RunningOdmrd) -> Vec<String> {
    let listed = queuectl(odmrd, &["list", "--json", "--include-done"]).ended(0).records();
    let mut states: Vec<String> =
        listed.iter().map(|record| record["state"].as_str().expect("a state").to_owned()).collect();
    states.sort();
    states
}

#[test]
fn whoever_sits_there_is_asked_before_anything_is_done() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let mut one = Seat::of(&odmrd, "delete --sender '<>'");
    one.reads("delete 1 message? Type y to do it: ");
    let (code, shown) = one.types("n");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("nothing was done"), "{shown}");
    assert_eq!(states(&odmrd), ["waiting"; 3]);
    // That nothing was meant is no answer to a question that was not asked.
    let mut none = Seat::of(&odmrd, "delete --sender '<>' --allow-none");
    none.reads("Type y to do it: ");
    assert_eq!(none.types("").0, Some(1));
    let mut one = Seat::of(&odmrd, "delete --sender '<>'");
    one.reads("Type y to do it: ");
    assert_eq!(one.types("Y").0, Some(0));
    assert_eq!(states(&odmrd), ["deleted", "waiting", "waiting"]);
}

#[test]
fn many_are_done_for_their_number_and_not_for_a_yes() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let mut all = Seat::of(&odmrd, "hold --all");
    all.reads("hold 3 messages? Type 3 to do it: ");
    assert_eq!(all.types("y").0, Some(1));
    assert_eq!(states(&odmrd), ["waiting"; 3]);
    let mut all = Seat::of(&odmrd, "hold --all");
    all.reads("hold 3 messages? Type 3 to do it: ");
    // What comes while somebody thinks is not among the three.
    Post::open(odmrd.mx).deliver("late@sender.test", "bob@example.org", LETTER);
    let (code, shown) = all.types("3");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(states(&odmrd), ["held", "held", "held", "waiting"]);
    let (code, shown) = Seat::of(&odmrd, "delete --sender nobody@nowhere.test").types("");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("there are no such messages"), "{shown}");
}

#[test]
fn what_waits_is_watched_and_acted_on_from_the_live_view() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let mut seat = Seat::of(&odmrd, "top --interval 1s --no-color");
    seat.reads("example.org");
    let until_all_are = |wanted: &str| {
        crate::lab::wait::until(wanted, || {
            states(&odmrd).iter().all(|state| state == wanted).then_some(())
        });
    };
    // What the keys mean is told; the key that goes back does nothing else.
    seat.presses("?");
    seat.reads("PgDn");
    seat.presses("h");
    seat.reads("MSGS");
    // An order is asked for, and not done for another key.
    seat.presses("hn");
    seat.presses("hy");
    until_all_are("held");
    seat.presses("ry");
    until_all_are("waiting");
    // Into the domain and out of it; and of a name that nothing has nothing is held.
    seat.presses("\r\r");
    seat.presses("/zzz\rhy");
    seat.presses("/\x7f\x7f\x7f\rhn");
    let (code, shown) = seat.types("q");
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(states(&odmrd), ["waiting", "waiting", "waiting"]);
    assert!(!shown.contains("\x1b[31m"), "red, though no colour is wanted");
}
