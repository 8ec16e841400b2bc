//! Damaged mail is told of, and what can be done about it is done; the rest is not kept from anybody.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::lab::Lab;
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::wait::until;
use crate::{LETTER, Said, judge, queuectl, run};

/// Four messages, of which the last is sound: of the first the content has changed, of the second the end is
/// missing, of the third nobody knows for whom it is. Their ids.
fn half_lost(lab: &Lab, odmrd: &mut RunningOdmrd) -> Vec<String> {
    let large = b"a line of a large mail in a file of its own\r\n".repeat(9000);
    let large = [&b"Subject: large\r\n\r\n"[..], &large].concat();
    let small = &b"Subject: small\r\n\r\nneedle-in-a-row\r\n"[..];
    let mut post = Post::open(odmrd.mx);
    for letter in [small, &large, LETTER, LETTER] {
        post.deliver("ann@sender.test", "bob@example.org", letter);
    }
    let ids = queuectl(odmrd, &["list", "--format", "ids"]).ended(0).out;
    let ids: Vec<String> = ids.lines().map(str::to_owned).collect();
    odmrd.daemon.terminate();
    let spool = lab.path("odmrd-state/spool");
    let db = rusqlite::Connection::open(spool.join("spool.db")).expect("the database");
    let sql =
        "UPDATE body SET data = CAST(replace(CAST(data AS TEXT), 'needle', 'beetle') AS BLOB)";
    db.execute(sql, []).expect("written");
    let third = ulid::Ulid::from_string(&ids[2]).expect("an id").to_bytes();
    let sql = "UPDATE recipient SET path = 'nobody@at@all' WHERE entry = ?1";
    assert_eq!(db.execute(sql, [third]).expect("written"), 1);
    drop(db);
    super::cut_a_body_short(&spool);
    at_rest(&spool, &["verify", "--repair"]).ended(1);
    odmrd.restart(lab);
    ids
}

fn at_rest(spool: &Path, words: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--spool").arg(spool);
    run(command, words)
}

#[test]
fn damaged_mail_is_told_of_and_comes_to_an_end() {
    let lab = Lab::open();
    let nobody = lab.free();
    let odmrd = Odmrd::new(&lab).set("smarthost.server", &format!("\"{}\"", nobody.ip()));
    let odmrd = odmrd.set("smarthost.port", &nobody.port().to_string());
    let mut odmrd = odmrd.set("smarthost.tls", "\"none\"").start();
    let ids = half_lost(&lab, &mut odmrd);
    let of = |words: &[&str]| queuectl(&odmrd, &[&["list", "--json"], words].concat()).ended(0);
    let all = of(&[]).records();
    judge(&odmrd, "odmr.queue.message/1", &all);
    let states: Vec<&str> = all.iter().map(|one| one["state"].as_str().expect("one")).collect();
    assert_eq!(states, ["damaged", "damaged", "damaged", "waiting"]);
    let damage = |one: &Value| one["damage"].as_str().unwrap_or_default().to_owned();
    for (one, what) in all.iter().zip(["has changed", "octets short", "forward-path", ""]) {
        assert!(damage(one).contains(what), "{what}: {one}");
    }
    assert!(all[0]["damaged_at"].is_string() && all[1]["damaged_at"].is_string(), "{all:#?}");
    assert!(all[3]["damage"].is_null() && all[3]["damaged_at"].is_null());
    assert!(all[0]["hold"]["by"].is_null(), "no operator has said anything: {}", all[0]);
    // Of what cannot be read one line tells.
    let raw = queuectl(&odmrd, &["show", &ids[2], "--raw"]).ended(74);
    assert!(raw.err.contains("is damaged: its forward-path cannot be read"), "{}", raw.err);
    assert_eq!(raw.err.lines().count(), 1, "{}", raw.err);
    let unfit = queuectl(&odmrd, &["bounce", &ids[2], "--yes"]).ended(1);
    assert!(unfit.err.contains("or not to be read"), "{}", unfit.err);
    // Called back from a deletion, it is damaged as it was.
    queuectl(&odmrd, &["delete", &ids[0], "--yes", "--reason", "away"]).ended(0);
    assert!(of(&["--id", &ids[0]]).records()[0]["damage"].is_null(), "it is deleted");
    queuectl(&odmrd, &["delete", "--undo", &ids[0], "--yes"]).ended(0);
    assert_eq!(damage(&of(&["--id", &ids[0]]).records()[0]), damage(&all[0]));
    // Its sender is told, with what is sound of it.
    queuectl(&odmrd, &["bounce", &ids[0], "--yes"]).ended(0);
    queuectl(&odmrd, &["expire", &ids[1], "--yes"]).ended(0);
    let notices = || {
        let out = of(&["--domain", "outgoing.invalid"]).records();
        (out.len() == 2).then_some(out)
    };
    let notices = until("two notices", notices);
    let text = |one: &Value| {
        let id = one["id"].as_str().expect("an id");
        queuectl(&odmrd, &["show", id, "--raw"]).ended(0).out
    };
    let texts: Vec<String> = notices.iter().map(text).collect();
    let has =
        |words: &[&str]| texts.iter().any(|text| words.iter().all(|word| text.contains(word)));
    assert!(
        has(&["damaged here, and cannot be returned", "refused by the postmaster"]),
        "{texts:?}"
    );
    assert!(has(&["Status: 4.4.7", "text/rfc822-headers", "\r\nSubject: large\r\n"]), "{texts:?}");
    assert_eq!(of(&["--damaged"]).records().len(), 1);
}

#[test]
fn the_sound_ones_are_written_and_the_others_named() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let ids = half_lost(&lab, &mut odmrd);
    for form in ["eml", "maildir", "mbox", "tar"] {
        let to = lab.path(&format!("out-{form}"));
        let name = to.to_str().expect("a path");
        let told = queuectl(&odmrd, &["export", name, "--as", form]).ended(1);
        assert!(told.err.contains("1 written to") && told.err.contains("3 could not be read"));
        for id in &ids[..3] {
            assert!(told.err.contains(id.as_str()), "{form}: {}", told.err);
        }
        // What was begun and not brought to its end is not in the way of those behind it.
        let second = Odmrd::named(&lab, &format!("second-{form}")).start();
        let taken = queuectl(&second, &["import", name]).ended(0).records().remove(0);
        assert_eq!((taken["kept"].as_u64(), taken["refused"].as_u64()), (Some(1), Some(0)));
        let part = |path: &Path| path.extension().is_some_and(|extension| extension == "part");
        if to.is_dir() {
            let mut files = std::fs::read_dir(&to).expect("files").map(|file| file.unwrap().path());
            assert!(!files.any(|path| part(&path)), "{form}");
        }
    }
}

#[test]
fn what_cannot_be_written_is_no_damage() {
    let lab = Lab::open();
    let odmrd = crate::laden(&lab);
    let id = queuectl(&odmrd, &["list", "--format", "ids", "--limit", "1"]).ended(0).out;
    let out = lab.path("out");
    std::fs::create_dir_all(out.join("new").join(id.trim()).join("in the way")).expect("a folder");
    let name = out.to_str().expect("a path");
    let told = queuectl(&odmrd, &["export", name, "--as", "maildir"]).ended(74);
    assert!(told.err.contains(id.trim()), "{}", told.err);
}

#[test]
fn tables_that_are_none_and_a_spool_that_is_nobodys_are_told_apart() {
    let lab = Lab::open();
    let mut odmrd = crate::laden(&lab);
    odmrd.daemon.terminate();
    let spool = lab.path("odmrd-state/spool");
    at_rest(&lab.path("nowhere"), &["list"]).ended(66);
    let path = spool.join("spool.db");
    let mut octets = std::fs::read(&path).expect("the database");
    octets[100..].fill(0xee);
    std::fs::write(&path, octets).expect("written");
    let _ = std::fs::remove_file(spool.join("spool.db-wal"));
    for words in [&["verify"][..], &["list"], &["verify", "--repair"]] {
        let told = at_rest(&spool, words).ended(74);
        assert!(told.err.contains("malformed"), "{words:?}: {}", told.err);
    }
}

/// As on a backup, or a disk that the kernel has shut for its faults.
#[test]
fn a_spool_can_be_looked_at_where_nothing_can_be_written() {
    let lab = Lab::open();
    let mut odmrd = crate::laden(&lab);
    let spool = lab.path("odmrd-state/spool");
    let copy = lab.room("copy of 100% #1?");
    odmrd.daemon.terminate();
    let copied = |names: &[&str]| {
        for name in names {
            std::fs::copy(spool.join(name), copy.join(name)).expect("copied");
        }
    };
    let sealed = |words: &str| {
        let program = env!("CARGO_BIN_EXE_queuectl");
        let shut = format!(
            "mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}' && exec {program} --spool '{0}' {words}",
            copy.display()
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c"]);
        run(command, &[&shut])
    };
    let mut may = Command::new("unshare");
    may.args(["--mount", "true"]);
    if run(may, &[]).code != Some(0) {
        return; // whoever may not mount cannot look at that
    }
    copied(&["spool.db"]);
    assert_eq!(sealed("list --json").ended(0).records().len(), 3);
    let id = queuectl_id(&sealed("list --format ids").ended(0));
    assert!(sealed(&format!("show {id} --raw")).ended(0).out.ends_with("hello\r\n"));
    std::fs::write(copy.join("spool.db-wal"), "a log").expect("written");
    let told = sealed("list").ended(66);
    assert!(told.err.contains("copy the folder, and look at the copy"), "{}", told.err);
}

fn queuectl_id(said: &Said) -> String {
    said.out.lines().next().expect("an id").to_owned()
}

/// Whoever has lost a domain leaves its mail behind.
#[test]
fn mail_that_nobody_can_fetch_is_found() {
    let lab = Lab::open();
    let house = Odmrd::new(&lab);
    let accounts = house.accounts();
    let mut odmrd = house.start();
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    queuectl(&odmrd, &["verify"]).ended(0);
    let text = fs::read_to_string(&accounts).expect("the accounts");
    fs::write(&accounts, text.replace("example.org", "example.net")).expect("others");
    odmrd.reload();
    let found = queuectl(&odmrd, &["verify"]).ended(1).records();
    assert_eq!((&found[0]["kind"], &found[0]["domain"]), (&"domain".into(), &"example.org".into()));
    assert!(
        found[0]["what"].as_str().expect("words").starts_with("1 wait in a domain"),
        "{found:?}"
    );
    // What is none of the spool's, or open to others, is found too.
    let bodies = lab.path("odmrd-state/spool/bodies");
    fs::create_dir(bodies.join("folder")).expect("a folder");
    fs::write(bodies.join("junk"), "junk").expect("a file");
    let found = queuectl(&odmrd, &["verify"]).ended(1).out;
    assert_eq!(found.matches("is none of the spool's files").count(), 2, "{found}");
}

/// Zeroes the first page of a table in a spool at rest.
fn without_root(spool: &Path, table: &str) {
    let path = spool.join("spool.db");
    let db = rusqlite::Connection::open(&path).expect("the database");
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("folded in");
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: usize = db.query_row(sql, [table], |row| row.get(0)).expect("a page");
    drop(db);
    let mut octets = fs::read(&path).expect("the database");
    octets[(page - 1) * 4096..page * 4096].fill(0);
    fs::write(&path, octets).expect("written");
}

/// Where the mail cannot be read, nobody is told that there is none: neither an operator nor the customer.
#[test]
fn mail_that_cannot_be_read_is_not_taken_for_none() {
    let lab = Lab::open();
    let mut odmrd = crate::laden(&lab);
    odmrd.daemon.terminate();
    let spool = lab.path("odmrd-state/spool");
    without_root(&spool, "entry");
    let (out, out_of) = (lab.path("carried.mbox"), "cannot be read");
    let carried = ["export", out.to_str().expect("a path"), "--as", "mbox"];
    let looks: [&[&str]; 6] = [
        &["list"],
        &["list", "--format", "nagios"],
        &["stats"],
        &["domains"],
        &["wait", "--empty"],
        &carried,
    ];
    for words in looks {
        let code = if words.contains(&"nagios") { 3 } else { 74 };
        let told = at_rest(&spool, words).ended(code);
        assert!((told.err.clone() + &told.out).contains(out_of), "{words:?}: {told:#?}");
    }
    odmrd.restart(&lab);
    queuectl(&odmrd, &["list"]).ended(74);
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &["example.org"]).flags(&["--tls", "none"]);
    let fetched = fetch.into_maildir().run();
    assert_eq!(fetched.code, Some(75), "{fetched:#?}");
    assert!(fetched.said.contains("451 4.3.0"), "{fetched:#?}");
}
