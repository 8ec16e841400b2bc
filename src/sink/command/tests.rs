//! Command sinks over programs that are really run.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::smtp::{ForwardPath, RcptParams};

const TRACE: &str = "Received: from p.example.net\r\n\tby c.example.org\r\n";

fn sink(folder: &Path, script: &str, arguments: &[&str], per: Per) -> CommandSink {
    let program = folder.join("program");
    std::fs::write(&program, format!("#!/bin/sh\ncd {}\n{script}\n", folder.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    let patience = Duration::from_secs(30);
    CommandSink::new(Settings { program, arguments, per, patience })
}

fn to(address: &str) -> Recipient {
    Recipient { path: ForwardPath::parse(address).unwrap(), params: RcptParams::default() }
}

async fn deliver(sink: &mut CommandSink, to_all: &[&str], content: &[&[u8]]) -> Reply {
    sink.open().await.unwrap();
    let from = ReversePath::parse("a@example.net").unwrap();
    sink.mail(&from, &MailParams::default()).await.unwrap();
    for address in to_all {
        sink.recipient(&to(address)).await.unwrap();
    }
    sink.begin(TRACE).await.unwrap();
    for piece in content {
        let _ = sink.content(Bytes::copy_from_slice(piece)).await;
    }
    sink.finish().await
}

#[tokio::test]
async fn a_program_gets_content_and_envelope() {
    let home = TempDir::new().unwrap();
    let script = "cat >mail; echo \"$SENDER|$RECIPIENT|$LOCAL|$EXTENSION|$DOMAIN|$*\" >said";
    let mut sink = sink(home.path(), script, &["-d", "{local}"], Per::Recipient);
    let reply = deliver(&mut sink, &["bob+x@example.org"], &[b"S: x\r", b"\n\r\n.body\r\n"]).await;
    assert_eq!(reply.to_string(), "250 2.0.0 delivered");
    let read = |name| std::fs::read_to_string(home.path().join(name)).unwrap();
    assert_eq!(
        read("mail"),
        "Return-Path: <a@example.net>\nDelivered-To: bob+x@example.org\nReceived: from p.example.net\n\
         \tby c.example.org\nS: x\n\n.body\n"
    );
    assert_eq!(read("said"), "a@example.net|bob+x@example.org|bob|x|example.org|-d bob\n");
}

#[tokio::test]
async fn one_run_may_serve_all_recipients() {
    let home = TempDir::new().unwrap();
    let script = "cat >/dev/null; echo \"$*\" >>said; echo \"$RECIPIENTS\" >>said";
    let mut sink = sink(home.path(), script, &["{recipients}"], Per::Message);
    deliver(&mut sink, &["b@example.org", "c@example.org"], &[b"x\r\n"]).await;
    let said = std::fs::read_to_string(home.path().join("said")).unwrap();
    assert_eq!(said, "b@example.org c@example.org\nb@example.org\nc@example.org\n");
}

#[tokio::test]
async fn for_each_recipient_means_one_at_a_time() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), "cat", &[], Per::Recipient);
    assert_eq!(sink.open().await.unwrap().rcptmax, Some(1));
    sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    assert_eq!(sink.recipient(&to("c@example.org")).await.unwrap_err().code, 452);
}

#[tokio::test]
async fn no_shell_reads_an_address() {
    let home = TempDir::new().unwrap();
    let mut sink =
        sink(home.path(), "cat >/dev/null; echo \"$1\" >said", &["{recipient}"], Per::Recipient);
    let hostile = "\"$(touch owned);`id`&|\"@example.org";
    assert_eq!(deliver(&mut sink, &[hostile], &[b"x\r\n"]).await.code, 250);
    let said = std::fs::read_to_string(home.path().join("said")).unwrap();
    assert_eq!(said.trim_end(), hostile);
    assert!(!home.path().join("owned").exists());
}

#[tokio::test]
async fn a_recipient_that_looks_like_an_option_is_refused_by_itself() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), "cat", &["{recipients}"], Per::Message);
    sink.open().await.unwrap();
    sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap();
    let refusal = sink.recipient(&to("-oQ@example.org")).await.unwrap_err();
    assert!(refusal.to_string().starts_with("553 5.1.3 "), "{refusal}");
    assert_eq!(sink.recipient(&to("b@example.org")).await.unwrap().code, 250);
}

/// RFC 3030, section 3: content without lines reaches the program octet by octet.
#[tokio::test]
async fn binary_content_is_read_as_it_came() {
    let home = TempDir::new().unwrap();
    let kept = home.path().join("kept");
    let mut sink = sink(home.path(), &format!("cat >'{}'", kept.display()), &[], Per::Message);
    assert!(sink.open().await.unwrap().binarymime);
    let binary = MailParams { body: Body::Binary, ..MailParams::default() };
    sink.mail(&ReversePath::Null, &binary).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    sink.begin(TRACE).await.unwrap();
    sink.content(Bytes::from_static(b"A: b\r\n\r\n\0\n\r\xff")).await.unwrap();
    assert_eq!(sink.finish().await.code, 250);
    assert!(std::fs::read(kept).unwrap().ends_with(b"\r\nA: b\r\n\r\n\0\n\r\xff"));
}

#[tokio::test]
async fn its_exit_code_is_the_answer() {
    let home = TempDir::new().unwrap();
    for (script, told) in [
        ("cat >/dev/null; echo 'over quota'; exit 75", "451 4.3.0 over quota"),
        ("cat >/dev/null; exit 67", "550 5.1.1 no such user"),
        ("exit 1", "451 4.3.0 local delivery failed; please keep it"),
        ("kill -9 $$", "451 4.3.0 local delivery failed; please keep it"),
    ] {
        let mut sink = sink(home.path(), script, &[], Per::Message);
        let large = [b'x'; 300_000];
        let reply = deliver(&mut sink, &["b@example.org"], &[&large, b"\r\n"]).await;
        assert_eq!(reply.to_string(), told);
        assert!(!sink.is_lost());
    }
}

#[tokio::test]
async fn one_that_hangs_is_killed_and_the_mail_stays() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), "cat >/dev/null; sleep 600", &[], Per::Message);
    sink.settings.patience = Duration::from_millis(20);
    assert_eq!(deliver(&mut sink, &["b@example.org"], &[b"x\r\n"]).await.code, 451);
    assert!(!sink.is_lost());
    sink.mail(&ReversePath::Null, &MailParams::default()).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    sink.begin(TRACE).await.unwrap();
    assert_eq!(sink.finish().await.code, 451);
    assert!(sink.is_lost(), "twice in a row");
}

#[tokio::test]
async fn what_cannot_be_run_is_found_out_before_anything_is_asked() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), "cat", &[], Per::Message);
    let program = home.path().join("program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o600)).unwrap();
    let fault = sink.open().await.unwrap_err();
    assert!(matches!(fault, SinkFault::Program { .. }));
    assert!(fault.hint().is_some_and(|hint| hint.contains("chmod +x")), "{:?}", fault.hint());
    std::fs::remove_file(&program).unwrap();
    let fault = sink.open().await.unwrap_err();
    assert!(fault.hint().is_some_and(|hint| hint.contains("whole path")), "{:?}", fault.hint());
    let fault = fault.to_string();
    assert!(fault.contains("program: is to be run: No such file"), "{fault}");
}

#[tokio::test]
async fn a_bare_line_feed_reaches_nobody() {
    let home = TempDir::new().unwrap();
    let mut sink = sink(home.path(), "cat >mail && mv mail kept", &[], Per::Message);
    assert_eq!(deliver(&mut sink, &["b@example.org"], &[b"a\nb\r\n"]).await.code, 554);
    assert!(!home.path().join("kept").exists());
}
