use std::time::Duration;

use super::*;
use crate::smtp::RcptParams;

/// Takes everything, tells what it was, and answers what it was told to.
#[derive(Debug, Default)]
struct Tray {
    open: Vec<u8>,
    landed: Vec<Vec<u8>>,
    put_by: VecDeque<Reply>,
    aborted: usize,
    refuses: bool,
    groups: bool,
}

const TAKEN: Reply = Reply::new(250, (0, 0), "taken");
const NOT_NOW: Reply = Reply::new(451, (3, 0), "not now");

impl Tray {
    fn end(&mut self) -> Reply {
        let content = std::mem::take(&mut self.open);
        if self.refuses {
            return NOT_NOW;
        }
        self.landed.push(content);
        TAKEN
    }
}

impl Sink for Tray {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        Ok(Offer::default())
    }
    async fn mail(&mut self, _: &ReversePath, _: &MailParams) -> Result<(), Reply> {
        assert!(self.open.is_empty(), "the last transaction is still open");
        Ok(())
    }
    async fn recipient(&mut self, _: &Recipient) -> Result<Reply, Reply> {
        Ok(TAKEN)
    }
    async fn begin(&mut self, _: &str) -> Result<(), Reply> {
        Ok(())
    }
    async fn content(&mut self, piece: Bytes) -> Result<(), Reply> {
        self.open.extend_from_slice(&piece);
        Ok(())
    }
    async fn finish(&mut self) -> Reply {
        self.end()
    }
    fn put_by(&mut self) -> bool {
        if self.groups {
            let reply = self.end();
            self.put_by.push_back(reply);
        }
        self.groups
    }
    async fn settled(&mut self) -> Vec<Reply> {
        match self.put_by.is_empty() {
            true => std::future::pending().await,
            false => self.put_by.drain(..).collect(),
        }
    }
    fn forget(&mut self) -> usize {
        self.put_by.truncate(1);
        self.put_by.len()
    }
    async fn abort(&mut self) {
        self.aborted += 1;
        self.open.clear();
    }
    fn is_lost(&self) -> bool {
        false
    }
    async fn close(&mut self) {}
}

const LETTER: &[u8] = b"Received: by mx.example; 1\r\nSubject: x\r\n\r\nx\r\n";

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn at(folder: &tempfile::TempDir) -> Register {
    Register::open(&folder.path().join("seen"), Duration::from_secs(10), now()).unwrap()
}

fn once(folder: &tempfile::TempDir) -> Once<Tray> {
    Once::new(Tray::default(), Some(at(folder)))
}

async fn say(sink: &mut Once<Tray>, recipients: &[&str], content: &[u8]) {
    let from = ReversePath::Mailbox("a@sender.test".parse().unwrap());
    sink.mail(&from, &MailParams::default()).await.unwrap();
    for recipient in recipients {
        let path = ForwardPath::Mailbox(recipient.parse().unwrap());
        let recipient = Recipient { path, params: RcptParams::default() };
        sink.recipient(&recipient).await.unwrap();
    }
    sink.begin("").await.unwrap();
    for piece in content.chunks(7) {
        sink.content(Bytes::copy_from_slice(piece)).await.unwrap();
    }
}

async fn send(sink: &mut Once<Tray>, recipients: &[&str], content: &[u8]) -> Reply {
    say(sink, recipients, content).await;
    sink.finish().await
}

#[tokio::test]
async fn what_comes_twice_lands_once_also_in_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = once(&folder);
    assert_eq!(send(&mut sink, &["box@example.org"], LETTER).await, TAKEN);
    assert_eq!(send(&mut sink, &["box@example.org"], LETTER).await, HAVE_IT);
    assert_eq!((sink.inner.landed.len(), sink.inner.aborted), (1, 1));
    drop(sink);
    let mut sink = once(&folder);
    assert_eq!(send(&mut sink, &["box@example.org"], LETTER).await, HAVE_IT);
    assert_eq!(sink.inner.landed.len(), 0);
}

#[tokio::test]
async fn what_differs_in_anything_is_another_message() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = once(&folder);
    send(&mut sink, &["box@example.org"], LETTER).await;
    // Another recipient, or one more; another octet.
    assert_eq!(send(&mut sink, &["eve@example.org"], LETTER).await, TAKEN);
    assert_eq!(send(&mut sink, &["box@example.org", "new@example.org"], LETTER).await, TAKEN);
    assert_eq!(send(&mut sink, &["box@example.org"], &[LETTER, b"x\r\n"].concat()).await, TAKEN);
    // Nothing says that this is not a second message like the first.
    for _ in 0..2 {
        let bare = b"Subject: disk full\r\n\r\nReceived: no\r\n";
        assert_eq!(send(&mut sink, &["box@example.org"], bare).await, TAKEN);
    }
    assert_eq!(sink.inner.landed.len(), 6);
}

#[tokio::test]
async fn what_was_not_taken_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = once(&folder);
    sink.inner.refuses = true;
    assert_eq!(send(&mut sink, &["box@example.org"], LETTER).await, NOT_NOW);
    sink.inner.refuses = false;
    assert_eq!(send(&mut sink, &["box@example.org"], LETTER).await, TAKEN);
}

#[tokio::test]
async fn answers_to_what_was_put_by_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = once(&folder);
    send(&mut sink, &["box@example.org"], LETTER).await;
    sink.inner.groups = true;
    let other = [LETTER, b"more\r\n"].concat();
    for content in [LETTER, &other, LETTER, b"Subject: y\r\n\r\ny\r\n", LETTER] {
        say(&mut sink, &["box@example.org"], content).await;
        assert!(sink.put_by());
    }
    let mut replies = Vec::new();
    while replies.len() < 5 {
        replies.extend(sink.settled().await);
    }
    assert_eq!(replies, [HAVE_IT, TAKEN, HAVE_IT, TAKEN, HAVE_IT]);
    // And what was put by is known like everything else.
    assert_eq!(send(&mut sink, &["box@example.org"], &other).await, HAVE_IT);
}

#[tokio::test]
async fn who_cannot_put_by_is_asked_to_finish() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = once(&folder);
    for expected in [TAKEN, HAVE_IT] {
        say(&mut sink, &["box@example.org"], LETTER).await;
        let reply = match sink.put_by() {
            true => sink.settled().await.remove(0),
            false => sink.finish().await,
        };
        assert_eq!(reply, expected);
    }
}

#[tokio::test]
async fn what_is_forgotten_takes_its_place_in_the_row_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = once(&folder);
    send(&mut sink, &["box@example.org"], LETTER).await;
    sink.inner.groups = true;
    for content in [b"Subject: 1\r\n\r\n".as_slice(), b"Subject: 2\r\n\r\n", LETTER] {
        say(&mut sink, &["box@example.org"], content).await;
        assert!(sink.put_by());
    }
    assert_eq!(sink.forget(), 1);
    assert_eq!(sink.settled().await, [TAKEN]);
    assert!(sink.owed.is_empty());
}

#[test]
fn what_came_long_ago_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mark = [7; 32];
    at(&folder).add([mark].iter(), now()).unwrap();
    assert!(at(&folder).knows(&mark));
    let later = now() + Duration::from_secs(11);
    let path = folder.path().join("seen");
    assert!(!Register::open(&path, Duration::from_secs(10), later).unwrap().knows(&mark));
}

#[test]
fn a_register_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seen");
    std::fs::write(&path, b"something else, and long enough not to be empty").unwrap();
    let fault = Register::open(&path, Duration::from_secs(10), now()).unwrap_err();
    assert!(fault.to_string().contains("seen: "), "{fault}");
}
