//! Relaying to a server that follows a script.
//!
//! A script has one step a line: `C: x` hears a line that begins with x, `D:` hears content up to
//! the lone dot, `B: n` hears n octets, `S: x` says x (several in a row go out together), `H:` says nothing ever again.
//! At its end the server closes the line.

use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::*;
use crate::smtp::{Body, ForwardPath, RcptParams};

const HELLO: &str = "S: 220 mx ready\nC: EHLO c.example.org\nS: 250-mx\nS: 250-SIZE 1000\n\
                     S: 250-8BITMIME\nS: 250 DSN\n";
const MAIL: &str = "C: MAIL FROM:<a@example.net>\nS: 250 2.1.0 ok\nC: RCPT TO:<b@example.org>\n\
                    S: 250 2.1.5 welcome\nC: DATA\nS: 354 go on\nD:\nS: 250 2.0.0 kept as 42\n";

/// A server with one script for each connection, and all that it heard. Once the scripts are used
/// up nobody listens any more.
struct Server {
    home: TempDir,
    heard: Arc<Mutex<String>>,
}

impl Server {
    fn start(scripts: &[String]) -> Server {
        let home = TempDir::new().unwrap();
        let listener = UnixListener::bind(home.path().join("socket")).unwrap();
        let heard = Arc::new(Mutex::new(String::new()));
        tokio::spawn(serve(listener, scripts.to_vec(), Arc::clone(&heard)));
        Server { home, heard }
    }

    fn sink(&self, dialect: Dialect) -> RelaySink {
        self.introduced(dialect, Introduction::None)
    }

    fn introduced(&self, dialect: Dialect, introduction: Introduction) -> RelaySink {
        let address = Address::Unix(self.home.path().join("socket"));
        RelaySink::new(Settings {
            target: Target { dialect, address },
            name: Host::parse("c.example.org").unwrap(),
            patience: Patience::default(),
            introduction,
        })
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(listener: UnixListener, scripts: Vec<String>, heard: Arc<Mutex<String>>) {
    for script in scripts {
        let (stream, _) = listener.accept().await.unwrap();
        follow(&script, BufReader::new(stream), &heard).await;
    }
}

async fn follow(script: &str, mut stream: BufReader<UnixStream>, heard: &Mutex<String>) {
    let mut saying = String::new();
    for step in script.lines() {
        let (kind, text) = step.split_once(':').unwrap();
        if kind == "S" {
            saying.push_str(text.strip_prefix(' ').unwrap());
            saying.push_str("\r\n");
            continue;
        }
        let _ = stream.write_all(saying.as_bytes()).await;
        saying.clear();
        if kind == "H" {
            std::future::pending::<()>().await;
        }
        if kind == "B" {
            let mut octets = vec![0; text.trim().parse().unwrap()];
            stream.read_exact(&mut octets).await.unwrap();
            heard.lock().unwrap().push_str(&octets.escape_ascii().to_string());
            continue;
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            heard.lock().unwrap().push_str(&line);
            match kind {
                "D" if line != ".\r\n" => {}
                _ if kind == "D" || line.starts_with(text.trim_start()) => break,
                _ => panic!("expected {step:?}, heard {line:?}"),
            }
        }
    }
    let _ = stream.write_all(saying.as_bytes()).await;
}

fn to(address: &str) -> Recipient {
    Recipient { path: ForwardPath::parse(address).unwrap(), params: RcptParams::default() }
}

async fn open_transaction(sink: &mut RelaySink) -> Result<(), Reply> {
    let from = ReversePath::parse("a@example.net").unwrap();
    sink.mail(&from, &MailParams::default()).await
}

/// A whole transaction; the first reply that is not positive, or the last.
async fn transact(sink: &mut RelaySink) -> Reply {
    let told = async {
        open_transaction(sink).await?;
        sink.recipient(&to("b@example.org")).await?;
        sink.begin("Received: x\r\n").await?;
        let _ = sink.content(Bytes::from_static(b"\r\n.dot\r\n")).await;
        Ok(sink.finish().await)
    };
    let told = told.await.unwrap_or_else(|reply: Reply| reply);
    sink.abort().await;
    told
}

#[tokio::test]
async fn a_mail_goes_through_and_the_targets_words_come_back() {
    let server = Server::start(&[format!("{HELLO}{MAIL}C: QUIT\nS: 221 bye\n")]);
    let mut sink = server.sink(Dialect::Smtp);
    let offer = sink.open().await.unwrap();
    assert_eq!(offer, Offer { dsn: true, size: Some(1000), ..Offer::default() });
    assert_eq!(transact(&mut sink).await, Reply::new(250, (0, 0), "kept as 42"));
    sink.close().await;
    assert!(server.heard().contains("DATA\r\nReceived: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"));
}

const BINARY_HELLO: &str =
    "S: 220 mx\nC: EHLO c.example.org\nS: 250-mx\nS: 250-CHUNKING\nS: 250 BINARYMIME\n";
const BINARY_MAIL: &str =
    "C: MAIL FROM:<> BODY=BINARYMIME\nS: 250 ok\nC: RCPT TO:<b@example.org>\nS: 250 ok\n";

async fn open_binary(sink: &mut RelaySink) {
    let binary = MailParams { body: Body::Binary, ..MailParams::default() };
    sink.mail(&ReversePath::Null, &binary).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    sink.begin("X: y\r\n").await.unwrap();
}

/// RFC 3030, section 3: what has no lines goes by BDAT, in chunks, every octet as it was.
#[tokio::test]
async fn binary_content_goes_by_bdat() {
    let large = vec![b'\n'; FLIGHT];
    let first = FLIGHT + 6;
    let chunks = format!("C: BDAT {first}\nB: {first}\nS: 250 ok\nC: BDAT 3 LAST\nB: 3\n");
    let end = "S: 250 2.0.0 kept as 42\nC: QUIT\nS: 221 bye\n";
    let server = Server::start(&[format!("{BINARY_HELLO}{BINARY_MAIL}{chunks}{end}")]);
    let mut sink = server.sink(Dialect::Smtp);
    assert!(sink.open().await.unwrap().binarymime);
    open_binary(&mut sink).await;
    sink.content(large.into()).await.unwrap();
    sink.content(Bytes::from_static(b"\0\r\xff")).await.unwrap();
    assert_eq!(sink.finish().await, Reply::new(250, (0, 0), "kept as 42"));
    sink.close().await;
    assert!(server.heard().contains("BDAT 3 LAST\r\n\\x00\\r\\xffQUIT\r\n"), "{}", server.heard());
}

/// A chunk refused ends the transaction only with RSET; the next mail has the same line.
#[tokio::test]
async fn a_refused_chunk_is_the_answer_and_is_reset() {
    let first = FLIGHT + 6;
    let refused =
        format!("C: BDAT {first}\nB: {first}\nS: 552 5.3.4 too large\nC: RSET\nS: 250 ok\n");
    let again = "C: BDAT 7 LAST\nB: 7\nS: 451 4.3.1 no room\nC: RSET\nS: 250 ok\n";
    let script = format!("{BINARY_HELLO}{BINARY_MAIL}{refused}{BINARY_MAIL}{again}");
    let server = Server::start(&[script]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    open_binary(&mut sink).await;
    assert_eq!(sink.content(vec![0; FLIGHT].into()).await.unwrap_err().code, 552);
    assert_eq!(sink.finish().await.code, 552);
    open_binary(&mut sink).await;
    sink.content(Bytes::from_static(b"\n")).await.unwrap();
    assert_eq!(sink.finish().await.code, 451);
    assert!(!sink.is_lost());
}

/// Cut off between two chunks, or within one: nothing is acknowledged, and what follows starts clean.
#[tokio::test]
async fn binary_content_that_breaks_off_is_no_mail() {
    let first = FLIGHT + 6;
    let cut = format!("{BINARY_HELLO}{BINARY_MAIL}C: BDAT {first}\nB: 100\n");
    let reset =
        format!("{BINARY_HELLO}{BINARY_MAIL}C: RSET\nS: 250 ok\n{BINARY_MAIL}C: RSET\nS: 250 ok\n");
    let server = Server::start(&[cut, reset]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    open_binary(&mut sink).await;
    assert_eq!(sink.content(vec![0; FLIGHT].into()).await.unwrap_err().code, 451);
    assert_eq!(sink.finish().await.code, 451);
    open_binary(&mut sink).await;
    sink.abort().await;
    open_binary(&mut sink).await;
    sink.abort().await;
    assert!(server.heard().ends_with("RSET\r\n"), "{}", server.heard());
}

#[tokio::test]
async fn each_recipient_has_its_own_answer() {
    let script = format!(
        "{HELLO}C: MAIL\nS: 250 ok\nC: RCPT TO:<a@\nS: 550-5.1.1 no such user\nS: 550 5.1.1 really\n\
         C: RCPT TO:<b@\nS: 451 later\nC: RCPT TO:<c@\nS: 251 2.1.5 forwarding\nC: RSET\nS: 250 ok\n"
    );
    let server = Server::start(&[script]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    open_transaction(&mut sink).await.unwrap();
    let told = sink.recipient(&to("a@example.org")).await.unwrap_err();
    assert_eq!(told, Reply::new(550, (1, 1), "no such user\nreally"));
    let told = sink.recipient(&to("b@example.org")).await.unwrap_err();
    assert_eq!(told, Reply::new(451, (0, 0), "later"));
    let told = sink.recipient(&to("c@example.org")).await.unwrap();
    assert_eq!(told, Reply::new(251, (1, 5), "forwarding"));
    let odd = sink.recipient(&to("d\u{fc}@example.org")).await.unwrap_err();
    assert_eq!(odd.code, 553);
    sink.abort().await;
    assert!(server.heard().ends_with("RSET\r\n"));
}

/// Every step at which a server can leave, by a farewell or without a word: nothing is
/// acknowledged, nothing bounces, and the next mail finds a new line.
#[tokio::test]
async fn a_server_that_leaves_anywhere_costs_nothing() {
    let whole = format!("{HELLO}{MAIL}");
    let steps: Vec<&str> = whole.lines().collect();
    let hears = |step: &str| step.starts_with("C:") || step.starts_with("D:");
    for (at, step) in steps.iter().enumerate().filter(|(_, step)| hears(step)).skip(1) {
        for farewell in ["", "S: 421 4.3.2 going down\n", "S: 2\n"] {
            let cut = format!("{}\n{farewell}", steps[..=at].join("\n"));
            let server = Server::start(&[cut, format!("{HELLO}{MAIL}{MAIL}")]);
            let mut sink = server.sink(Dialect::Smtp);
            sink.open().await.unwrap();
            let first = transact(&mut sink).await;
            let idle = step.starts_with("C: MAIL") && farewell != "S: 2\n";
            assert_eq!(first.code, if idle { 250 } else { 451 }, "{step} {farewell}");
            assert!(!sink.is_lost());
            assert_eq!(transact(&mut sink).await.code, 250, "{step} {farewell}");
        }
    }
}

#[tokio::test]
async fn a_target_that_is_gone_is_told_as_lost() {
    let server = Server::start(&[HELLO.to_owned()]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    assert_eq!(open_transaction(&mut sink).await.unwrap_err().enhanced.unwrap().subject, 4);
    assert!(sink.is_lost());
    let fault = sink.open().await.unwrap_err();
    assert_eq!(fault.hint(), Some("is the MTA running, and does it listen there?"));
    assert!(fault.is_transient());
}

#[tokio::test]
async fn a_target_that_always_breaks_is_told_as_lost() {
    let broken = format!("{HELLO}C: MAIL\nS: 250 ok\nC: RCPT\n");
    let server = Server::start(&[broken.clone(), broken]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    assert_eq!(transact(&mut sink).await.code, 451);
    assert!(!sink.is_lost());
    assert_eq!(transact(&mut sink).await.code, 451);
    assert!(sink.is_lost());
}

/// A 250 too many would acknowledge the next mail before it is safe.
#[tokio::test]
async fn a_reply_to_nothing_is_no_answer() {
    let twice = MAIL.replace("S: 354 go on", "S: 354 go on\nS: 250 2.0.0 already safe");
    let server = Server::start(&[format!("{HELLO}{twice}")]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    assert_eq!(transact(&mut sink).await.code, 451);
    assert!(!server.heard().contains("\r\n.\r\n"));
}

#[tokio::test]
async fn refusals_are_passed_back_at_every_step() {
    for reply in ["250 2.1.0 ok", "354 go on", "250 2.0.0 kept as 42"] {
        let refusing = MAIL.replace(reply, "552 5.3.4 too big");
        let server = Server::start(&[format!("{HELLO}{refusing}")]);
        let mut sink = server.sink(Dialect::Smtp);
        sink.open().await.unwrap();
        let told = if reply.starts_with("354") {
            open_transaction(&mut sink).await.unwrap();
            sink.recipient(&to("b@example.org")).await.unwrap();
            sink.begin("").await.unwrap_err()
        } else {
            transact(&mut sink).await
        };
        assert_eq!(told, Reply::new(552, (3, 4), "too big"), "{reply}");
        assert!(!sink.is_lost());
    }
}

#[tokio::test]
async fn a_refusal_of_ourselves_bounces_no_mail() {
    let server = Server::start(&[format!("{HELLO}C: MAIL\nS: 530 5.7.0 log in first\n")]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    assert_eq!(open_transaction(&mut sink).await.unwrap_err().code, 451);
}

#[tokio::test]
async fn a_server_that_knows_only_helo() {
    let hello =
        "S: 220-old\nS: 220 server\nC: EHLO\nS: 502 what?\nC: HELO c.example.org\nS: 250 old\n";
    let server = Server::start(&[format!("{hello}{MAIL}")]);
    let mut sink = server.sink(Dialect::Smtp);
    assert_eq!(sink.open().await.unwrap(), Offer::default());
    let utf8 = MailParams { smtputf8: true, ..MailParams::default() };
    assert_eq!(sink.mail(&ReversePath::Null, &utf8).await.unwrap_err().code, 550);
    let binary = MailParams { body: Body::Binary, ..MailParams::default() };
    assert_eq!(sink.mail(&ReversePath::Null, &binary).await.unwrap_err().code, 451);
    assert_eq!(transact(&mut sink).await.code, 250);
}

#[tokio::test]
async fn lmtp_takes_one_recipient_at_a_time() {
    let hello = "S: 220 store\nC: LHLO c.example.org\nS: 250-store\nS: 250 SMTPUTF8\n";
    let server = Server::start(&[format!("{hello}{MAIL}")]);
    let mut sink = server.sink(Dialect::Lmtp);
    let offer = sink.open().await.unwrap();
    assert_eq!(offer, Offer { smtputf8: true, rcptmax: Some(1), ..Offer::default() });
    open_transaction(&mut sink).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    let second = sink.recipient(&to("c@example.org")).await.unwrap_err();
    assert_eq!((second.code, second.enhanced.unwrap().to_string()), (452, "4.5.3".to_owned()));
    sink.begin("").await.unwrap();
    assert_eq!(sink.finish().await.code, 250);
}

#[tokio::test]
async fn who_does_not_want_us_is_named_before_the_turn() {
    let cases = [
        ("S: 554 5.7.1 go away\n", "the connection was answered \"554 5.7.1 go away\""),
        ("S: 421 later\n", "the greeting was answered \"421 later\""),
        ("S: 220 x\nC: EHLO\nS: 451 busy\n", "EHLO was answered \"451 busy\""),
        ("S: 220 x\nC: EHLO\nS: 500 x\nC: HELO\nS: 550 no\n", "HELO was answered \"550 no\""),
        ("S: HTTP/1.1 400 Bad Request\n", "expected the greeting, heard not a reply"),
        ("S: 220 x\nC: EHLO\n", "the server closed the connection"),
    ];
    for (script, said) in cases {
        let server = Server::start(&[script.to_owned()]);
        let fault = server.sink(Dialect::Smtp).open().await.unwrap_err();
        assert!(fault.to_string().contains(said), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_silence_lasts_for_ever() {
    let whole = format!("{HELLO}{MAIL}");
    let steps: Vec<&str> = whole.lines().collect();
    for (at, step) in steps.iter().enumerate().filter(|(_, step)| !step.starts_with("S:")) {
        let silent = format!("{}\nH:\n", steps[..=at].join("\n"));
        let server = Server::start(&[silent]);
        let mut sink = server.sink(Dialect::Smtp);
        match sink.open().await {
            Ok(_) => assert_eq!(transact(&mut sink).await.code, 451, "{step}"),
            Err(fault) => assert!(fault.to_string().contains("no answer to EHLO within 60 s")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_nothing_is_given_up() {
    let start = MAIL.split("D:").next().unwrap();
    let server = Server::start(&[format!("{HELLO}{start}H:\n")]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    open_transaction(&mut sink).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    sink.begin("").await.unwrap();
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    assert_eq!(sink.content(piece.clone()).await.unwrap_err().code, 451);
    assert_eq!(sink.content(piece).await.unwrap_err().code, 451);
    assert_eq!(sink.finish().await.code, 451);
}

#[tokio::test]
async fn content_that_is_cut_off_is_no_mail() {
    let server = Server::start(&[format!("{HELLO}{MAIL}"), format!("{HELLO}{MAIL}")]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    open_transaction(&mut sink).await.unwrap();
    sink.recipient(&to("b@example.org")).await.unwrap();
    sink.begin("Received: x\r\n").await.unwrap();
    sink.abort().await;
    assert_eq!(transact(&mut sink).await.code, 250);
    assert_eq!(server.heard().matches("\r\n.\r\n").count(), 1);
}

#[tokio::test]
async fn calls_out_of_order_are_refused() {
    let server = Server::start(&[format!("{HELLO}{MAIL}")]);
    let mut sink = server.sink(Dialect::Smtp);
    sink.open().await.unwrap();
    assert_eq!(sink.recipient(&to("b@example.org")).await.unwrap_err().code, 451);
    assert_eq!(sink.begin("").await.unwrap_err().code, 451);
    assert_eq!(sink.content(Bytes::new()).await.unwrap_err().code, 451);
    assert_eq!(sink.finish().await.code, 451);
    assert_eq!(transact(&mut sink).await.code, 250);
}

#[tokio::test]
async fn a_tcp_target_and_a_name_that_is_none() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = |host: &str| Settings {
        target: Target { dialect: Dialect::Smtp, address: Address::Tcp(host.to_owned(), port) },
        name: Host::parse("c.example.org").unwrap(),
        patience: Patience::default(),
        introduction: Introduction::None,
    };
    drop(listener);
    let fault = RelaySink::new(settings("127.0.0.1")).open().await.unwrap_err();
    assert!(fault.to_string().starts_with("smtp:127.0.0.1:"), "{fault}");
    assert!(matches!(fault, SinkFault::Unreachable { .. }));
    let fault = RelaySink::new(settings("no\0host")).open().await.unwrap_err();
    assert!(matches!(fault, SinkFault::UnknownHost { .. }), "{fault}");
}

fn from(address: &str, helo: &str) -> Option<Origin> {
    Some(Origin { address: address.parse().unwrap(), name: None, helo: Some(helo.to_owned()) })
}

const TRUSTS: &str =
    "S: 220 ready\nC: EHLO c.example.org\nS: 250-t\nS: 250 XCLIENT NAME ADDR HELO\n";

#[tokio::test]
async fn a_target_is_told_by_xclient_for_whom_we_speak() {
    let told = |address: &str, helo: &str| {
        format!(
            "C: XCLIENT NAME=[UNAVAILABLE] ADDR={address} HELO={helo}\nS: 220 again\n\
             C: EHLO {helo}\nS: 250 t\n"
        )
    };
    let leave = "C: QUIT\nS: 221 bye\n";
    let server = Server::start(&[
        [TRUSTS, MAIL, &told("192.0.2.7", "a.test"), MAIL, MAIL, leave].concat(),
        [TRUSTS, &told("IPV6:2001:db8::7", "b.test"), MAIL, leave].concat(),
        [TRUSTS, MAIL].concat(),
    ]);
    let mut sink = server.introduced(Dialect::Smtp, Introduction::Xclient);
    sink.open().await.unwrap();
    let (first, second) = (from("192.0.2.7", "a.test"), from("2001:db8::7", "b.test"));
    // Once for mails of the same host, and a new line for another.
    for origin in [None, first.clone(), first, second, None] {
        sink.comes_from(origin);
        assert_eq!(transact(&mut sink).await.code, 250);
    }
    assert_eq!(server.heard().matches("XCLIENT").count(), 2);
}

#[tokio::test]
async fn mail_waits_where_the_target_will_not_have_it_in_anothers_name() {
    let refused = "C: XCLIENT\nS: 550 5.7.0 insufficient authorization\n";
    let server = Server::start(&[[TRUSTS, refused].concat(), [TRUSTS, MAIL].concat()]);
    let mut sink = server.introduced(Dialect::Smtp, Introduction::Xclient);
    sink.open().await.unwrap();
    sink.comes_from(from("192.0.2.7", "a.test"));
    assert_eq!(transact(&mut sink).await.code, 451);
    sink.comes_from(None);
    assert_eq!(transact(&mut sink).await.code, 250);

    let server = Server::start(&[HELLO.to_owned()]);
    let fault = server.introduced(Dialect::Smtp, Introduction::Xclient).open().await.unwrap_err();
    assert!(matches!(fault, SinkFault::NotOffered { .. }), "{fault}");
}

#[tokio::test]
async fn a_name_that_is_none_to_the_target_is_not_insisted_on() {
    let odd = "C: XCLIENT\nS: 220 again\nC: EHLO odd.test\nS: 501 what?\nC: HELO odd.test\nS: 501 what?\n\
               C: EHLO c.example.org\nS: 250 t\n";
    let server = Server::start(&[[TRUSTS, odd, MAIL].concat()]);
    let mut sink = server.introduced(Dialect::Smtp, Introduction::Xclient);
    sink.open().await.unwrap();
    sink.comes_from(from("192.0.2.7", "odd.test"));
    assert_eq!(transact(&mut sink).await.code, 250);
}

#[tokio::test]
async fn a_target_without_ipv6_is_told_no_address_of_that_kind() {
    let told = "C: XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::7 HELO=b.test\n\
                S: 501 5.5.4 Bad ADDR syntax: IPV6:2001:db8::7\n\
                C: XCLIENT NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=b.test\nS: 220 again\n\
                C: EHLO b.test\nS: 250 t\n";
    let server = Server::start(&[[TRUSTS, told, MAIL].concat()]);
    let mut sink = server.introduced(Dialect::Smtp, Introduction::Xclient);
    sink.open().await.unwrap();
    sink.comes_from(from("2001:db8::7", "b.test"));
    assert_eq!(transact(&mut sink).await.code, 250);
}

#[tokio::test]
async fn a_target_is_told_by_a_proxy_line_for_whom_we_speak() {
    let line = |words: &str| format!("C: PROXY {words}\n{HELLO}");
    let one = format!("{}C: QUIT\nS: 221 bye\n", line("UNKNOWN"));
    let two =
        [&line("TCP4 192.0.2.7 127.0.0.1 1 25"), MAIL, MAIL, "C: QUIT\nS: 221 bye\n"].concat();
    let three = [&line("TCP6 2001:db8::7 ::1 1 25"), MAIL].concat();
    let server = Server::start(&[one, two, three]);
    let mut sink = server.introduced(Dialect::Smtp, Introduction::Proxy);
    sink.open().await.unwrap();
    let (first, second) = (from("192.0.2.7", "a.test"), from("2001:db8::7", "b.test"));
    for origin in [first.clone(), first, second] {
        sink.comes_from(origin);
        assert_eq!(transact(&mut sink).await.code, 250);
    }
}

#[tokio::test]
async fn a_target_that_goes_at_the_sight_of_ipv6_is_told_our_own_address() {
    let ours = |rest: &[&str]| format!("C: PROXY UNKNOWN\n{HELLO}{}", rest.concat());
    let leave = "C: QUIT\nS: 221 bye\n";
    let theirs = |hears: &str| format!("C: PROXY TCP6 2001:db8::7 ::1 1 25\n{hears}");
    let server = Server::start(&[
        ours(&[leave]),
        theirs(""),
        ours(&[MAIL, MAIL, leave]),
        "C: PROXY TCP4 192.0.2.7 127.0.0.1 1 25\n".to_owned(),
        ours(&[leave]),
        theirs("S: 554 5.7.1 listed\n"),
        theirs("S: 421 4.7.0 too many of yours\n"),
        theirs("S: 421 4.3.0 Server local error\n"),
        ours(&[MAIL]),
    ]);
    let mut sink = server.introduced(Dialect::Smtp, Introduction::Proxy);
    sink.open().await.unwrap();
    for _ in 0..2 {
        sink.comes_from(from("2001:db8::7", "b.test"));
        assert_eq!(transact(&mut sink).await.code, 250);
    }
    // What it does with other addresses, and what it says, is about the host.
    sink.comes_from(from("192.0.2.7", "a.test"));
    assert_eq!(transact(&mut sink).await.code, 451);
    sink.open().await.unwrap();
    for code in [554, 451, 250] {
        sink.comes_from(from("2001:db8::7", "b.test"));
        assert_eq!(transact(&mut sink).await.code, code);
    }
}

#[tokio::test]
async fn a_host_that_the_target_will_not_have_spoils_nobody_elses_mail() {
    let told = |ip: &str, hears: &str| format!("C: PROXY TCP4 {ip} 127.0.0.1 1 25\n{hears}");
    let never = "S: 554 5.7.1 listed\n";
    let not_now = "S: 421 4.7.0 too many of yours\n";
    let server = Server::start(&[
        format!("C: PROXY UNKNOWN\n{HELLO}C: QUIT\nS: 221 bye\n"),
        told("192.0.2.1", never),
        told("192.0.2.2", not_now),
        told("192.0.2.3", &[HELLO, MAIL, "C: QUIT\nS: 221 bye\n"].concat()),
        told("192.0.2.1", never),
        format!("C: PROXY UNKNOWN\n{HELLO}"),
    ]);
    let mut sink = server.introduced(Dialect::Smtp, Introduction::Proxy);
    sink.open().await.unwrap();
    let fates = [("192.0.2.1", 554), ("192.0.2.2", 451), ("192.0.2.3", 250), ("192.0.2.1", 554)];
    for (ip, code) in fates {
        sink.comes_from(from(ip, "a.test"));
        assert_eq!(transact(&mut sink).await.code, code, "{ip}");
        assert!(!sink.is_lost(), "{ip}");
    }
    // A new beginning is in our own name, whoever was the last.
    sink.open().await.unwrap();
}
