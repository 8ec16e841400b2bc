//! A domain whose records change while it is watched: a resolver of our own has the old ones once.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::lab::Lab;
use crate::lab::process::run;

/// A resolver that answers the first usual question for the MX records with the old ones, and every other with
/// the new ones.
fn resolver() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let at = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut packet, mut is_old) = ([0; 1500], true);
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            let reply = answer(&packet[..length], &mut is_old);
            // Whoever is gone needs no answer.
            let _ = socket.send_to(&reply, from);
        }
    });
    at
}

/// RFC 1035, section 4.1: the record is for the name asked about (the pointer `c0 0c`).
fn answer(query: &[u8], is_old: &mut bool) -> Vec<u8> {
    let end = query[12..].iter().position(|octet| *octet == 0).expect("a name") + 12 + 5;
    let question = &query[12..end];
    let kind = u16::from_be_bytes([query[end - 4], query[end - 3]]);
    let is_usual = query[3] & 0x10 == 0;
    let is_domain = question.starts_with(b"\x08changing\x04test\0");
    let data = match kind {
        1 if question.starts_with(b"\x03old") => vec![192, 0, 3, 99],
        1 => vec![192, 0, 3, 25],
        2 => b"\x02ns\x04test\0".to_vec(),
        15 if is_domain && is_usual && std::mem::take(is_old) => {
            b"\0\x0a\x03old\x04test\0".to_vec()
        }
        15 if is_domain => b"\0\x0a\x03new\x04test\0".to_vec(),
        _ => Vec::new(),
    };
    let has_any = u8::from(!data.is_empty());
    let counts = [0, 1, 0, has_any, 0, 0, 0, 0];
    let mut reply = [&query[..2], &[0x81, 0x80], &counts, question].concat();
    if has_any == 1 {
        reply.extend([0xc0, 0x0c]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 14, 16]);
        reply.extend(u16::try_from(data.len()).expect("a short record").to_be_bytes());
        reply.extend(data);
    }
    reply
}

/// A program that hears of a change at the deadline, and does not end.
#[test]
fn whoever_hears_of_a_change_does_not_put_the_deadline_off() {
    let lab = Lab::open();
    let (resolver, alive) = (resolver().to_string(), lab.path("alive"));
    let made = Command::new("mkfifo").arg(&alive).status().expect("mkfifo");
    assert!(made.success());
    // Whoever holds the pipe open is one of those that have to go.
    let script = format!("#!/bin/sh\nexec 3>{}\nsleep 600 &\nsleep 600\n", alive.display());
    let script = lab.write("tell-me", script);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");
    let all_gone = std::thread::spawn(move || fs::read(alive).expect("the pipe"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    command.args(["changing.test", "--resolver", &resolver, "--resolver-only"]);
    command.args(["--smtp", "none", "--odmr", "none", "--server", "new.test", "--watch"]);
    command.args(["--interval", "1s", "--deadline", "2s", "--until", "resolvers", "--on-change"]);
    command.arg(script);
    let ran = run(&lab, command);
    assert_eq!(ran.code, Some(0), "it was done: {ran:#?}");
    let told = "mxcheck: --on-change ";
    assert!(ran.err.contains(told) && ran.err.contains("was killed, since it took"), "{}", ran.err);
    assert!(!ran.err.contains("60 s"), "no more than is left: {}", ran.err);
    assert!(all_gone.join().expect("the reader").is_empty());
}

#[test]
fn whoever_wants_to_hear_of_a_change_hears_of_it() {
    let lab = Lab::open();
    let (resolver, heard) = (resolver().to_string(), lab.path("heard"));
    let script = format!(
        "#!/bin/sh\n{{ echo \"$MXCHECK_DOMAIN $MXCHECK_STATE\"; cat; }} >> {}\n",
        heard.display()
    );
    let script = lab.write("tell-me", script);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    command.args(["changing.test", "--resolver", &resolver, "--resolver-only"]);
    command.args(["--smtp", "none", "--odmr", "none"]);
    command.args(["--server", "new.test", "--json", "--watch", "--interval", "1s", "--on-change"]);
    let told = run(&lab, {
        command.arg(&script).arg("--until").arg("resolvers");
        command
    });
    let told: Value = serde_json::from_str(&told.succeeded().out).expect("JSON");
    assert_eq!(told["watch"]["state"], "done");
    let witness = &told["watch"]["vantages"][0];
    assert_eq!((&witness["state"], &witness["old"]), (&"new".into(), &"10 old.test.".into()));
    assert_eq!(witness["forgets_at"], told["watch"]["cache_horizon"], "an hour after it was seen");
    let propagating = told["checks"].as_array().expect("checks").iter();
    let mut propagating = propagating.filter(|check| check["id"] == "watch.propagating");
    assert_eq!(propagating.next().expect("a check")["status"], "info");
    let heard = fs::read_to_string(&heard).expect("it was called");
    let (first, json) = heard.split_once('\n').expect("two lines");
    assert_eq!(first, "changing.test done");
    let json: Value = serde_json::from_str(json).expect("JSON, once");
    assert_eq!(json, told["watch"]);
}
