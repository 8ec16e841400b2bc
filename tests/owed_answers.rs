//! While answers are owed: what a customer does that is told to stop, or flooded, before its target
//! has made anything safe.

mod stage;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use odmr::flow::receive::{Receiver, Reception, Tally, Terms};
use odmr::mail::Recipient;
use odmr::net::Wire;
use odmr::session::{Profile, ServerSettings};
use odmr::sink::{Offer, Sink, SinkFault};
use odmr::smtp::{MailParams, Reply, ReversePath};
use stage::pure::turned;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Semaphore, watch};

const OK: Reply = Reply::new(250, (0, 0), "safe");

/// Makes all that was put by safe in one go, when it is told to.
struct Dam {
    opened: Arc<Semaphore>,
    behind: usize,
    /// It makes each safe at once instead, which lasts until it is told to.
    lasts: bool,
}

impl Sink for Dam {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        Ok(Offer::default())
    }
    async fn mail(&mut self, _: &ReversePath, _: &MailParams) -> Result<(), Reply> {
        Ok(())
    }
    async fn recipient(&mut self, _: &Recipient) -> Result<Reply, Reply> {
        Ok(OK)
    }
    async fn begin(&mut self, _: &str) -> Result<(), Reply> {
        Ok(())
    }
    async fn content(&mut self, _: Bytes) -> Result<(), Reply> {
        Ok(())
    }
    async fn finish(&mut self) -> Reply {
        self.opened.acquire().await.expect("a dam").forget();
        OK
    }
    fn put_by(&mut self) -> bool {
        self.behind += usize::from(!self.lasts);
        !self.lasts
    }
    async fn settled(&mut self) -> Vec<Reply> {
        self.opened.acquire().await.expect("a dam").forget();
        vec![OK; std::mem::take(&mut self.behind)]
    }
    async fn abort(&mut self) {}
    fn is_lost(&self) -> bool {
        false
    }
    async fn close(&mut self) {}
}

const MESSAGE: &[u8] =
    b"RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<u@example.org>\r\nBDAT 3 LAST\r\nx\r\n";

/// Serves a provider that `does` as it likes; tells what came of it.
async fn serve<F: Future<Output = String>>(
    lasts: bool,
    does: impl FnOnce(DuplexStream, watch::Sender<bool>, Arc<Semaphore>) -> F,
) -> (Reception, Tally, String) {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let (stop, stopped) = watch::channel(false);
    let opened = Arc::new(Semaphore::new(0));
    let mut sink = Dam { opened: Arc::clone(&opened), behind: 0, lasts };
    let settings = ServerSettings::new(Profile::Reversed, "mail.example.org");
    let mut session = turned(settings, false, Instant::now());
    let mut wire = Wire::from(here);
    let terms = Terms {
        domains: Default::default(),
        moved: Default::default(),
        max_message: None,
        max_messages: None,
        max_octets: None,
        until: Instant::now() + Duration::from_secs(3600),
        name: "mail.example.org".to_owned(),
    };
    let (mut tally, mut progress) = (Tally::default(), |_| {});
    let receiver = Receiver::new(&terms, &mut sink, &mut tally, &mut progress, &wire);
    let both = async {
        let served = async {
            let reception = receiver.receive(&mut wire, &mut session, stopped).await;
            wire.close().await;
            reception
        };
        tokio::join!(served, does(there, stop, opened))
    };
    let both = tokio::time::timeout(Duration::from_secs(60), both).await;
    let (reception, said) = both.expect("it comes to an end");
    (reception, tally, said)
}

async fn rest(mut there: DuplexStream) -> String {
    let mut said = Vec::new();
    there.read_to_end(&mut said).await.expect("the rest");
    String::from_utf8(said).expect("text")
}

/// Long enough for everything that can happen to have happened.
async fn a_while() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn told_to_stop_it_answers_first_and_then_says_421() {
    let (reception, tally, said) = serve(false, async |mut there, stop, opened| {
        there.write_all(b"EHLO p\r\n").await.expect("a line");
        there.write_all(&[MESSAGE, MESSAGE, MESSAGE].concat()).await.expect("a line");
        a_while().await;
        stop.send(true).expect("somebody who hears it");
        a_while().await;
        opened.add_permits(1);
        rest(there).await
    })
    .await;
    assert_eq!(said.matches("250 2.0.0 safe\r\n").count(), 3 + 3, "{said}");
    assert!(said.ends_with("\r\n421 4.3.2 the service is stopping; call again soon\r\n"), "{said}");
    assert!(reception.end.is_ok() && reception.taken == 3 && tally.accepted == 3, "{tally:?}");
}

/// The provider's own flood control: what is not answered is not read for ever.
#[tokio::test]
async fn a_flood_behind_an_owed_answer_stays_on_the_line() {
    let (_, tally, said) = serve(false, async |mut there, _stop, opened| {
        there.write_all(b"EHLO p\r\n").await.expect("a line");
        there.write_all(&[MESSAGE, MESSAGE].concat()).await.expect("a line");
        let flood = b"RSET\r\n".repeat(100_000);
        let all = tokio::time::timeout(Duration::from_secs(3600), there.write_all(&flood));
        let mut all = std::pin::pin!(all);
        for _ in 0..1000 {
            tokio::select! {
                biased;
                _ = &mut all => panic!("600,000 octets were read while two answers were owed"),
                () = tokio::task::yield_now() => {}
            }
        }
        opened.add_permits(1);
        String::new()
    })
    .await;
    assert_eq!((tally.accepted, said.as_str()), (2, ""));
}

/// Whoever waits for the answer to RCPT may give up before the content is safe. RFC 2920, section 3.2.
#[tokio::test]
async fn what_is_answered_is_said_before_content_is_made_safe() {
    let (_, tally, said) = serve(true, async |mut there, _stop, opened| {
        there.write_all(b"EHLO p\r\n").await.expect("a line");
        there.write_all(MESSAGE).await.expect("a line");
        let (mut said, mut piece) = (Vec::new(), [0; 1024]);
        while !said.ends_with(b"250 2.0.0 safe\r\n") {
            let read = there.read(&mut piece).await.expect("what it says");
            assert!(read > 0, "{}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&piece[..read]);
        }
        opened.add_permits(1);
        there.write_all(b"QUIT\r\n").await.expect("a line");
        String::from_utf8(said).expect("text") + &rest(there).await
    })
    .await;
    assert_eq!(said.matches("250 2.0.0 safe\r\n").count(), 2, "{said}");
    assert_eq!(tally.accepted, 1);
}
