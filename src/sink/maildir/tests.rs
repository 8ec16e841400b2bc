//! Maildir sinks over directories that are really there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use rustix::io::Errno;
use tempfile::TempDir;

use super::*;
use crate::smtp::{Body, RcptParams};

const TRACE: &str = "Received: from p.example.net\r\n\tby c.example.org\r\n";

fn sink(base: &Path, folders: Folders) -> MaildirSink {
    let base = base.to_owned();
    MaildirSink::new(Settings { base, folders, line_ends: LineEnds::Lf })
}

fn derived() -> Folders {
    Folders::new(Otherwise::LocalPart)
}

fn from(address: &str) -> ReversePath {
    ReversePath::parse(address).unwrap()
}

fn to(address: &str) -> Recipient {
    Recipient { path: ForwardPath::parse(address).unwrap(), params: RcptParams::default() }
}

async fn addressed(sink: &mut MaildirSink, recipients: &[&str]) {
    sink.mail(&from("a@example.net"), &MailParams::default()).await.unwrap();
    for recipient in recipients {
        assert_eq!(sink.recipient(&to(recipient)).await.unwrap().code, 250, "{recipient}");
    }
}

async fn deliver(sink: &mut MaildirSink, recipients: &[&str], pieces: &[&[u8]]) -> Reply {
    addressed(sink, recipients).await;
    sink.begin(TRACE).await.unwrap();
    for piece in pieces {
        let _ = sink.content(Bytes::copy_from_slice(piece)).await;
    }
    sink.finish().await
}

fn names(directory: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The one mail of a Maildir; nothing may be left in tmp.
fn only_mail(maildir: impl AsRef<Path>) -> String {
    let maildir = maildir.as_ref();
    let new = names(maildir.join("new"));
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(names(maildir.join("tmp")).is_empty());
    let content = fs::read_to_string(maildir.join("new").join(&new[0])).unwrap();
    assert!(new[0].ends_with(&format!(",S={}", content.len())), "{new:?}");
    content
}

#[tokio::test]
async fn a_mail_becomes_a_file_with_its_fields_in_front() {
    let home = TempDir::new().unwrap();
    let base = home.path().join("Maildir");
    let mut sink = sink(&base, Folders::default());
    let offer = sink.open().await.unwrap();
    assert_eq!(offer, Offer { smtputf8: true, binarymime: true, ..Offer::default() });
    let pieces: [&[u8]; 3] = [b"Subject: x\r", b"\n\r\n.body\r\n", b"\xff\r\n"];
    let reply = deliver(&mut sink, &["b@example.org", "Postmaster"], &pieces[..2]).await;
    assert_eq!(reply.code, 250);
    assert_eq!(
        only_mail(&base),
        "Return-Path: <a@example.net>\nDelivered-To: b@example.org\nDelivered-To: postmaster\n\
         Received: from p.example.net\n\tby c.example.org\nSubject: x\n\n.body\n"
    );
    let file = base.join("new").join(&names(base.join("new"))[0]);
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&base).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_large_mail_streams_to_every_folder_whole() {
    let home = TempDir::new().unwrap();
    let mut folders = Folders::default();
    folders.map("@example.com", FolderName::parse("com/all").unwrap()).unwrap();
    let mut sink = sink(home.path(), folders);
    sink.open().await.unwrap();
    let piece = b"0123456789abcde\r\n".repeat(1000);
    let pieces: Vec<&[u8]> = vec![&piece; 40];
    let reply =
        deliver(&mut sink, &["b@example.org", "c@example.com", "d@example.com"], &pieces).await;
    assert_eq!(reply.code, 250);
    let body = "0123456789abcde\n".repeat(40_000);
    let (inbox, com) = (only_mail(home.path()), only_mail(home.path().join("com/all")));
    assert!(inbox.ends_with(&body) && com.ends_with(&body));
    assert_eq!(inbox.matches("Delivered-To: ").count(), 1);
    assert!(com.contains("Delivered-To: c@example.com\nDelivered-To: d@example.com\n"));
}

#[tokio::test]
async fn lines_may_keep_their_crlf() {
    let home = TempDir::new().unwrap();
    let settings =
        Settings { base: home.path().to_owned(), line_ends: LineEnds::Crlf, ..Settings::default() };
    let mut sink = MaildirSink::new(settings);
    sink.open().await.unwrap();
    sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    sink.begin("").await.unwrap();
    sink.content(Bytes::from_static(b"x\r\n")).await.unwrap();
    assert_eq!(sink.finish().await.code, 250);
    assert_eq!(only_mail(home.path()), "Return-Path: <>\r\nDelivered-To: b@example.org\r\nx\r\n");
}

#[tokio::test]
async fn a_lone_line_feed_is_never_kept() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), Folders::default());
    sink.open().await.unwrap();
    assert_eq!(deliver(&mut sink, &["b@example.org"], &[b"a\r\nb\n.\r\n"]).await.code, 554);
    assert!(names(home.path().join("new")).is_empty());
    assert_eq!(deliver(&mut sink, &["b@example.org"], &[b"a\r\n"]).await.code, 250);
}

#[tokio::test]
async fn what_is_aborted_or_dropped_leaves_nothing() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), Folders::default());
    sink.open().await.unwrap();
    let large = Bytes::from(vec![b'x'; 300 * 1024]);
    for step in 0..3 {
        addressed(&mut sink, &["b@example.org"]).await;
        sink.begin(TRACE).await.unwrap();
        sink.content(large.clone()).await.unwrap();
        assert_eq!(names(home.path().join("tmp")).len(), 1);
        match step {
            0 => sink.abort().await,
            1 => sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap(),
            _ => sink.close().await,
        }
        assert!(names(home.path().join("tmp")).is_empty());
    }
    assert!(names(home.path().join("new")).is_empty());
}

#[tokio::test]
async fn calls_out_of_order_are_refused() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), Folders::default());
    assert_eq!(sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap_err().code, 451);
    sink.open().await.unwrap();
    assert_eq!(sink.recipient(&to("b@example.org")).await.unwrap_err().code, 451);
    sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap();
    assert_eq!(sink.begin("").await.unwrap_err().code, 451);
    assert_eq!(sink.content(Bytes::new()).await.unwrap_err().code, 451);
    assert_eq!(sink.finish().await.code, 451);
}

/// RFC 3030, section 3: what has no lines is kept octet by octet, and the next text has its lines again.
#[tokio::test]
async fn binary_content_is_kept_as_it_came() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), Folders::default());
    assert!(sink.open().await.unwrap().binarymime);
    let binary = MailParams { body: Body::Binary, ..MailParams::default() };
    for (params, content, kept) in [
        (&binary, &b"A: b\r\n\r\n\0\n\r\xff\r\n\n\r"[..], &b"A: b\r\n\r\n\0\n\r\xff\r\n\n\r"[..]),
        (&MailParams::default(), b"A: b\r\n\r\nc\r\n", b"A: b\n\nc\n"),
    ] {
        sink.mail(&ReversePath::Null, params).await.unwrap();
        sink.recipient(&to("b@example.org")).await.unwrap();
        sink.begin("").await.unwrap();
        for piece in content.chunks(3) {
            sink.content(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        assert_eq!(sink.finish().await.code, 250);
        let mail =
            std::fs::read_dir(home.path().join("new")).unwrap().next().unwrap().unwrap().path();
        assert!(std::fs::read(&mail).unwrap().ends_with(kept));
        std::fs::remove_file(mail).unwrap();
    }
}

/// One folder of two cannot be written: the other must not have the mail either, or the provider's
/// next attempt doubles it.
#[tokio::test]
async fn a_failure_midway_undoes_what_was_visible() {
    let home = TempDir::new().unwrap();
    fs::create_dir_all(home.path().join("b")).unwrap();
    fs::create_dir_all(home.path().join("c")).unwrap();
    let mut sink = sink(home.path(), derived());
    sink.open().await.unwrap();
    addressed(&mut sink, &["b@example.org", "c@example.org"]).await;
    // The directory is gone from under its handle: linking into it fails.
    fs::remove_dir(home.path().join("c/new")).unwrap();
    sink.begin(TRACE).await.unwrap();
    sink.content(Bytes::from_static(b"x\r\n")).await.unwrap();
    let reply = sink.finish().await;
    assert_eq!((reply.code, &reply.text[..]), (451, "Local storage failed"));
    for left in ["b/new", "b/tmp", "c/tmp"] {
        assert!(names(home.path().join(left)).is_empty(), "{left}");
    }
    // Not lost: the folder is made again for the next mail.
    assert!(!sink.is_lost());
    let reply = deliver(&mut sink, &["b@example.org", "c@example.org"], &[b"x\r\n"]).await;
    assert_eq!(reply.code, 250);
}

#[tokio::test]
async fn a_stranger_makes_no_directory() {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join("ann")).unwrap();
    let mut sink = sink(home.path(), derived());
    sink.open().await.unwrap();
    sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap();
    assert_eq!(sink.recipient(&to("bob@example.org")).await.unwrap_err().code, 550);
    assert_eq!(sink.recipient(&to("ANN@example.org")).await.unwrap().code, 250);
    assert_eq!(names(home.path()), ["ann"]);
}

#[tokio::test]
async fn links_below_the_base_are_not_followed() {
    let (home, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    symlink(outside.path(), home.path().join("ann")).unwrap();
    let mut sink = sink(home.path(), derived());
    sink.open().await.unwrap();
    sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap();
    assert_eq!(sink.recipient(&to("ann@example.org")).await.unwrap_err().code, 451);
    assert!(names(outside.path()).is_empty());
    fs::create_dir(home.path().join("bob")).unwrap();
    symlink(outside.path(), home.path().join("bob/new")).unwrap();
    assert_eq!(sink.recipient(&to("bob@example.org")).await.unwrap_err().code, 451);
}

#[tokio::test]
async fn a_base_that_cannot_be_is_named() {
    let home = TempDir::new().unwrap();
    let fault = sink(&home.path().join("a/b"), Folders::default()).open().await.unwrap_err();
    assert!(fault.to_string().contains("a/b: cannot be opened as a directory"), "{fault}");
    assert_eq!(fault.hint(), Some("create the parent directory first"));
    fs::write(home.path().join("new"), "").unwrap();
    let fault = sink(home.path(), Folders::default()).open().await.unwrap_err();
    assert!(fault.to_string().contains("cannot be opened as a Maildir"), "{fault}");
    assert!(fault.hint().is_some() && !fault.is_transient());
    let fault = sink(Path::new(""), Folders::default()).open().await.unwrap_err();
    assert!(matches!(fault, SinkFault::Settings { .. }), "{fault}");
}

#[tokio::test]
async fn abandoned_files_are_swept_and_no_others() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), Folders::default());
    sink.open().await.unwrap();
    let tmp = home.path().join("tmp");
    for (name, hours) in [("old", 37), ("fresh", 35)] {
        let file = fs::File::create(tmp.join(name)).unwrap();
        file.set_modified(SystemTime::now() - std::time::Duration::from_secs(hours * 3600))
            .unwrap();
    }
    fs::create_dir(tmp.join("directory")).unwrap();
    sink.open().await.unwrap();
    let mut left = names(&tmp);
    left.sort();
    assert_eq!(left, ["directory", "fresh"]);
}

/// What the disk says, what the provider hears of it, and whether it is worth going on.
#[test]
fn faults_of_the_disk_are_never_a_bounce() {
    let said = [
        (Errno::NOSPC, "452 4.3.1", false),
        (Errno::DQUOT, "452 4.2.2", false),
        (Errno::ACCESS, "451 4.3.0", false),
        (Errno::MFILE, "451 4.3.0", false),
        (Errno::ROFS, "451 4.3.0", true),
        (Errno::IO, "451 4.3.0", true),
    ];
    for (errno, told, lost) in said {
        let mut sink = sink(Path::new("/secret/place"), Folders::default());
        let fault = disk(Path::new("/secret/place"), "cannot sync the mail", errno);
        let reply = sink.failed(&fault).to_string();
        assert!(reply.starts_with(told) && !reply.contains("secret"), "{errno}: {reply}");
        assert_eq!(sink.is_lost(), lost, "{errno}");
    }
}

fn everything_below(directory: &Path, found: &mut Vec<String>) {
    for name in names(directory) {
        let path = directory.join(&name);
        if path.is_dir() {
            everything_below(&path, found);
        }
        found.push(path.display().to_string());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a recipient is called, and even where its folder may be made, nothing appears
    /// outside the base.
    #[test]
    fn nothing_is_ever_made_outside_the_base(local in "[./a\\\\-]{1,6}|\"[./a~ ]{0,8}\"|\\PC{1,12}") {
        let Ok(path) = ForwardPath::parse(&format!("{local}@example.org")) else { return Ok(()) };
        let home = TempDir::new().unwrap();
        let base = home.path().join("in/base");
        fs::create_dir_all(&base).unwrap();
        for otherwise in [Otherwise::LocalPart, Otherwise::DomainAndLocalPart] {
            let folders = Folders::new(otherwise);
            let Some(Place::Derived(folder)) = folders.place(&path) else { continue };
            let opened = Base::open(&base).unwrap();
            let _ = Maildir::open(&opened, &folder, Missing::Make);
        }
        let mut found = Vec::new();
        everything_below(home.path(), &mut found);
        let inside = format!("{}/", base.display());
        let parents = [base.display().to_string(), home.path().join("in").display().to_string()];
        for path in found {
            prop_assert!(path.starts_with(&inside) || parents.contains(&path), "{}", path);
        }
    }
}
