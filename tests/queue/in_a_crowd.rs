//! Several operators at a time, some of whom go away without a word.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::lab::Lab;
use crate::lab::ours::{Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::{LETTER, laden, queuectl};

fn begun(odmrd: &RunningOdmrd, words: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--config").arg(odmrd.config()).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("queuectl")
}

/// As many as there are seats. Nothing happens that they could be told of.
#[test]
fn who_was_killed_while_watching_keeps_no_seat() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let mut watchers: Vec<Child> = (0..16)
        .map(|_| {
            let mut watcher = begun(&odmrd, &["watch", "--from-cursor", "0", "--json"]);
            let mut heard = BufReader::new(watcher.stdout.take().expect("a pipe"));
            // It sits there.
            assert!(heard.read_line(&mut String::new()).expect("an event") > 0);
            watcher.stdout = Some(heard.into_inner());
            watcher
        })
        .collect();
    queuectl(&odmrd, &["list"]).ended(75);
    for watcher in &mut watchers {
        watcher.kill().expect("killed");
        watcher.wait().expect("its end");
    }
    // Each try takes some time, and all of them together less than a sign of life.
    let ended = |_| queuectl(&odmrd, &["list"]).code;
    let codes: Vec<_> = (0..20).map(ended).take_while(|code| *code != Some(0)).collect();
    assert!(codes.len() < 20, "{codes:?}");
}

/// What another brings in at the same time is there, and has not left.
#[test]
fn the_same_mail_may_come_by_several_ways_at_a_time() {
    let lab = Lab::open();
    let first = Odmrd::new(&lab).start();
    let mut post = Post::open(first.mx);
    for _ in 0..60 {
        post.deliver("ann@sender.test", "bob@example.org", LETTER);
    }
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    queuectl(&first, &["export", out]).ended(0);
    let second = Odmrd::named(&lab, "second").start();
    let imports: Vec<Child> = (0..4).map(|_| begun(&second, &["import", out])).collect();
    let mut kept = 0;
    for import in imports {
        let ended = import.wait_with_output().expect("queuectl");
        let told: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        let of = |key: &str| told[key].as_u64().expect("a count");
        assert_eq!((of("kept") + of("there"), of("left")), (60, 0), "{told}");
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]), "{told}");
        kept += of("kept");
    }
    assert_eq!(kept, 60);
}
