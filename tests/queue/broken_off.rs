//! What is broken off, by whoever reads, by a disk that is full, or by mail that leaves meanwhile.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use crate::lab::Lab;
use crate::lab::ours::Odmrd;
use crate::{laden, queuectl, run};

/// `queuectl list | head -1`
#[test]
fn a_reader_who_has_read_enough_is_no_trouble() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    for words in [&["list", "--json"][..], &["watch", "--no-follow", "--json"], &["stats"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.arg("--config").arg(odmrd.config()).args(words);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("queuectl");
        // Gone before the first line.
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        let status = child.wait().expect("its end");
        assert!(matches!(status.code(), Some(0 | 141)), "{words:?}: {status}");
        assert_eq!(err, "", "{words:?}");
    }
}

#[test]
fn a_full_spool_takes_nothing_in_and_says_so() {
    let lab = Lab::open();
    let first = laden(&lab);
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    queuectl(&first, &["export", out]).ended(0);
    let full = Odmrd::named(&lab, "full").set("queue.reserve", "\"900000 GiB\"").start();
    let said = queuectl(&full, &["import", out]).ended(75);
    assert_eq!(said.out, "", "nothing came of it");
    assert!(said.err.contains(".eml: ") && said.err.contains("full"), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert!(queuectl(&full, &["list"]).ended(0).records().is_empty());
    let verified = queuectl(&full, &["verify", "--json"]).ended(0).records();
    assert_eq!((&verified[0]["entries"], &verified[0]["findings"]), (&0.into(), &0.into()));
    // And once there is room, all of it comes in.
    drop(full);
    let roomy = Odmrd::named(&lab, "full2").start();
    let told = queuectl(&roomy, &["import", out]).ended(0).records();
    assert_eq!(told[0]["kept"], 3);
}

/// Between the look at what is there and the look into it a customer may have fetched it.
#[test]
fn what_leaves_during_an_export_is_left_out_and_told() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let record = queuectl(&odmrd, &["list", "--json", "--limit", "1"]).ended(0).out;
    drop(odmrd);
    let socket = lab.path("desk");
    let desk = UnixListener::bind(&socket).expect("a socket");
    let end = |exit: u8, error: &str| {
        format!(
            "{{\"schema\":\"odmr.control.end/1\",\"exit\":{exit},\"error\":{error},\"hint\":null}}\n"
        )
    };
    let asked = std::thread::spawn(move || {
        let mut asked = Vec::new();
        let answers = [record + &end(0, "null"), end(66, "\"there is no such message\"")];
        // Once for each form.
        for answer in answers.iter().cycle().take(6) {
            let (mut stream, _) = desk.accept().expect("a caller");
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).expect("a request");
            asked.push(line);
            stream.write_all(answer.as_bytes()).expect("heard");
        }
        asked
    });
    for form in ["eml", "mbox", "tar"] {
        let to = lab.path(form);
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.arg("--socket").arg(&socket);
        let said = run(command, &["export", to.to_str().expect("a path"), "--as", form]).ended(0);
        assert!(said.err.contains("0 written") && said.err.contains("1 went out"), "{}", said.err);
        let written = match form {
            "eml" => std::fs::read_dir(&to).expect("a folder").count() as u64,
            // Of a tar, only its end.
            "tar" => std::fs::metadata(&to).expect("a file").len() - 1024,
            _ => std::fs::metadata(&to).expect("a file").len(),
        };
        assert_eq!(written, 0, "{form}");
    }
    let asked = asked.join().expect("six requests");
    assert!(asked[0].contains("\"list\"") && asked[1].contains("\"content\""), "{asked:?}");
}
