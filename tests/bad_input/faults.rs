//! Disks: full, failing, altered. Nothing is acknowledged that is not safe, and what was is served.

use std::process::Command;

use crate::house::{House, Provider, stderr};

#[test]
fn a_disk_near_to_full_takes_no_mail() {
    let house = House::new("queue.reserve = \"4096 TiB\"");
    let provider = house.serve();
    let reply = provider.bring("too much", "x");
    assert!(reply.starts_with("452 4.3.1"), "{reply}");
}

/// The provider under strace, which makes system calls of the kind fail from the nth on.
fn under_strace(house: &House, inject: &str) -> Provider {
    let mut command = Command::new("strace");
    command.args(["-f", "-q", "-o", "/dev/null", "-e"]).arg(format!("inject={inject}"));
    command.arg("-D").arg(env!("CARGO_BIN_EXE_odmrd"));
    command.arg("--config").arg(house.path("odmrd.toml")).arg("run");
    Provider::start(command)
}

fn collected(house: &House, provider: &Provider) -> Vec<String> {
    let output = house.fetch(provider.odmr, &[]).output().expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    house.landed()
}

#[test]
fn a_sync_that_fails_acknowledges_nothing_and_loses_nothing() {
    let house = House::new("queue.reserve = \"1 MiB\"");
    let provider = house.serve();
    assert!(provider.bring("safe", "safe").starts_with("250"));
    provider.stop();

    // The first syncs are those of opening; which of the later ones fails does not matter.
    let mut provider = under_strace(&house, "fdatasync,fsync:error=EIO:when=6+");
    let mut kept = 1;
    let refused = loop {
        let reply = provider.bring("perhaps", "perhaps");
        if !reply.starts_with("250") {
            break reply;
        }
        kept += 1;
        assert!(kept < 20, "no sync has failed");
    };
    assert!(refused.starts_with("451 4.3.0"), "{refused}");
    provider.until(&["\"ERROR\"", "the spool cannot be written", "restart"]);
    let next = provider.bring("no more", "no more");
    assert!(next.starts_with("451 4.3.0"), "{next}");
    drop(provider);

    let provider = house.serve();
    let landed = collected(&house, &provider);
    assert!(landed.iter().any(|mail| mail.contains("Subject: safe")), "{landed:?}");
    assert!(landed.len() == kept || landed.len() == kept + 1, "{} of {kept}", landed.len());
    assert!(!landed.iter().any(|mail| mail.contains("no more")));
}

#[test]
fn damaged_mail_is_named_and_set_aside_and_the_rest_is_served() {
    let house = House::new("queue.reserve = \"1 MiB\"");
    let provider = house.serve();
    let large = "A line of a large mail that lies in a file.\r\n".repeat(6000);
    for (subject, body) in [("sound", "sound"), ("small", "needle-in-a-page"), ("large", &large)] {
        assert!(provider.bring(subject, body).starts_with("250"), "{subject}");
    }
    provider.stop();
    alter(&house.path("state/spool/spool.db"), b"needle-in-a-page");
    let bodies = std::fs::read_dir(house.path("state/spool/bodies")).expect("a folder");
    let bodies: Vec<_> = bodies.map(|file| file.expect("a file").path()).collect();
    assert_eq!(bodies.len(), 1);
    alter(&bodies[0], b"A line of a large mail");

    let provider = house.serve();
    let landed = collected(&house, &provider);
    assert_eq!(landed.len(), 1, "{landed:?}");
    assert!(landed[0].contains("Subject: sound"));
    let log = provider.stop();
    let named = log.lines().filter(|line| line.contains("damaged and has been set aside")).count();
    assert_eq!(named, 2, "{log}");
}

/// Flips a bit of the last place where the file holds this.
fn alter(path: &std::path::Path, needle: &[u8]) {
    let mut octets = std::fs::read(path).expect("readable");
    let found = octets.windows(needle.len()).rposition(|window| window == needle);
    octets[found.expect("the needle")] ^= 1;
    std::fs::write(path, octets).expect("written");
}
