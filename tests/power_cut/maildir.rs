//! A Maildir across a power cut: a mail that was told 250 is in `new`, whole, and nothing in `new`
//! is in pieces.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use odmr::mail::Recipient;
use odmr::sink::maildir::Settings;
use odmr::sink::{MaildirSink, Sink};
use odmr::smtp::{MailParams, Reply, ReversePath};
use tokio::runtime::Runtime;

use super::contract::{content, recipient};
use super::number;

const SINKS: u64 = 3;
/// Mails that each sink takes.
const MAILS: u64 = 12;
/// Behind the content, so that a piece cannot pass for the whole.
const END: &str = "\r\nthe end\r\n";

fn sink(root: &Path) -> MaildirSink {
    MaildirSink::new(Settings { base: root.join("Maildir"), ..Settings::default() })
}

fn octets(n: u64) -> usize {
    [50, 3_000, 200_000, 20_000][(n % 4) as usize]
}

fn mail(n: u64) -> Vec<u8> {
    let content = content(n, octets(n));
    [format!("X-Promise: {n}\r\n\r\n").as_bytes(), &content, END.as_bytes()].concat()
}

/// What is recorded: several customers at work on one Maildir.
pub fn live(root: &Path) {
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let take = |s| {
            let sink = sink(root);
            tokio::spawn(take(sink, s * 1000, number("ODMR_CUT_MAILS", MAILS)))
        };
        for customer in (0..SINKS).map(take).collect::<Vec<_>>() {
            customer.await.expect("a customer");
        }
    });
}

async fn take(mut sink: MaildirSink, first: u64, mails: u64) {
    sink.open().await.expect("a Maildir");
    let mut owed = VecDeque::new();
    for n in first..first + mails {
        bring(&mut sink, n).await;
        // Some come as a stream, and are made safe together.
        if n % 5 < 4 && sink.put_by() {
            owed.push_back(n);
        } else {
            settle(&mut sink, &mut owed).await;
            said(n, &sink.finish().await);
        }
    }
    settle(&mut sink, &mut owed).await;
}

async fn settle(sink: &mut MaildirSink, owed: &mut VecDeque<u64>) {
    while !owed.is_empty() {
        for reply in sink.settled().await {
            said(owed.pop_front().expect("an answer that is owed"), &reply);
        }
    }
}

fn said(n: u64, reply: &Reply) {
    assert!(reply.is_positive(), "{n} was refused: {reply}");
    println!("\nkept {n}");
}

/// Everything up to the end of the content.
async fn bring(sink: &mut MaildirSink, n: u64) {
    let from = ReversePath::parse("sender@example.com").expect("a path");
    let to: Recipient = recipient("user@example.org");
    sink.mail(&from, &MailParams::default()).await.expect("a transaction");
    sink.recipient(&to).await.expect("a recipient");
    sink.begin("Received: from here\r\n").await.expect("content may come");
    for piece in mail(n).chunks(50_000) {
        sink.content(piece.to_vec().into()).await.expect("a piece");
    }
}

/// Looks at what is left and holds it against what was said. `Err` says what is wrong.
pub fn judge(root: &Path, words: &[String]) -> Result<(), String> {
    let kept: BTreeSet<u64> =
        words.iter().filter_map(|line| line.strip_prefix("kept ")?.trim().parse().ok()).collect();
    let held = holds(&root.join("Maildir/new"))?;
    let lost: Vec<_> = kept.difference(&held).collect();
    if !lost.is_empty() {
        return Err(format!("lost {lost:?}"));
    }
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut sink = sink(root);
        sink.open().await.map_err(|fault| fault.to_string())?;
        bring(&mut sink, 1_000_000).await;
        let taken = sink.finish().await.is_positive();
        taken.then_some(()).ok_or_else(|| "it takes no more mail".to_owned())
    })
}

/// The mails in `new`, each of them whole.
fn holds(new: &Path) -> Result<BTreeSet<u64>, String> {
    let Ok(entries) = fs::read_dir(new) else { return Ok(BTreeSet::new()) };
    entries.map(|entry| whole(&entry.expect("an entry").path())).collect()
}

fn whole(path: &Path) -> Result<u64, String> {
    let octets = fs::read(path).expect("a mail");
    let name = path.display();
    let mark = b"X-Promise: ";
    let at = octets.windows(mark.len()).position(|window| window == mark);
    let behind = &octets[at.ok_or_else(|| format!("{name} is no mail"))? + mark.len()..];
    let digits: String = behind
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .map(|octet| *octet as char)
        .collect();
    let n = digits.parse().map_err(|_| format!("{name} is no mail"))?;
    let sent: Vec<u8> = mail(n).into_iter().filter(|octet| *octet != b'\r').collect();
    octets.ends_with(&sent).then_some(n).ok_or_else(|| format!("{name} is not whole"))
}
