use bytes::{Bytes, BytesMut};
use tokio::net::{TcpListener, TcpStream};

use super::kit::{Authority, hear, line, say, serve, shaken, soon};
use crate::net::{Callers, Wire, WireFault};

const LARGE: usize = 4 * 1024 * 1024;

/// Octets that differ enough for a lost or doubled block to show.
fn large(seed: u8) -> Bytes {
    (0..LARGE).map(|n| (n % 251) as u8 ^ seed).collect()
}

/// Writes all, reading meanwhile; then reads what is still missing.
async fn talk(mut wire: Wire, mine: Bytes, expected: usize) -> BytesMut {
    let mut input = BytesMut::new();
    for piece in mine.chunks(100_000) {
        wire.queue(mine.slice_ref(piece));
    }
    wire.flush(&mut input, expected, soon()).await.unwrap();
    while input.len() < expected {
        assert!(wire.read(&mut input, soon()).await.unwrap() > 0);
    }
    input
}

async fn both_write_first(one: Wire, other: Wire) {
    let (heard_by_one, heard_by_other) =
        tokio::join!(talk(one, large(1), LARGE), talk(other, large(2), LARGE));
    assert!(heard_by_one == large(2));
    assert!(heard_by_other == large(1));
}

async fn loopback() -> (Wire, Wire) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let called = TcpStream::connect(listener.local_addr().unwrap());
    let (accepted, called) = tokio::join!(listener.accept(), called);
    (accepted.unwrap().0.into(), called.unwrap().into())
}

#[tokio::test]
async fn two_sides_that_both_write_first_do_not_wait_for_each_other() {
    let (one, other) = line(1024);
    both_write_first(one, other).await;
    let (one, other) = loopback().await;
    both_write_first(one, other).await;
}

#[tokio::test]
async fn nor_under_tls() {
    let authority = Authority::new();
    let (server, client) = (serve(authority.good()), authority.client());
    let (one, other) = shaken(&server, &client).await;
    both_write_first(one, other).await;
    let (one, other) = loopback().await;
    let (one, other) = tokio::join!(
        one.start_tls_server(&server, Callers::Customers, soon()),
        other.start_tls_client(&client, "mx.example.net", soon())
    );
    let (mut one, mut other) = (one.unwrap(), other.unwrap());
    one.one_line_per_record(true);
    other.one_line_per_record(true);
    both_write_first(one, other).await;
}

#[tokio::test]
async fn the_input_limit_holds_while_we_write() {
    let (mut one, mut other) = line(64);
    other.queue(vec![b'x'; 10_000]);
    one.queue(vec![b'y'; 10_000]);
    let (mut input, mut nothing) = (BytesMut::new(), BytesMut::new());
    let long_ago = Some(std::time::Instant::now());
    for _ in 0..20 {
        // Neither can finish: each stops at its limit, and the deadline has passed already.
        let (a, b) = tokio::join!(
            one.flush(&mut input, 500, long_ago),
            other.flush(&mut nothing, 0, long_ago)
        );
        assert!(matches!(a, Err(WireFault::TimedOut { .. })));
        assert!(matches!(b, Err(WireFault::TimedOut { .. })));
    }
    assert_eq!(input.len(), 500);
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn nothing_queued_is_lost_by_a_deadline() {
    let (mut one, mut other) = line(16);
    one.queue(&b"250-a reply longer than the window\r\n"[..]);
    one.queue(&b"250 its last line\r\n"[..]);
    let stalled = one.flush(&mut BytesMut::new(), 0, Some(std::time::Instant::now())).await;
    assert!(matches!(stalled, Err(WireFault::TimedOut { .. })));
    let mut nothing = BytesMut::new();
    let (flushed, heard) = tokio::join!(one.flush(&mut nothing, 0, soon()), hear(&mut other, 55));
    flushed.unwrap();
    assert_eq!(&heard[..], b"250-a reply longer than the window\r\n250 its last line\r\n");
}

#[tokio::test]
async fn what_is_queued_is_not_shown() {
    let (mut wire, _peer) = line(16);
    wire.queue(&b"AGZvbwBzZWNyZXQ=\r\n"[..]);
    assert_eq!(wire.queued(), 18);
    assert!(!format!("{wire:?}").contains("AGZvb"));
}

#[tokio::test]
async fn tls_inside_tls_is_refused() {
    let authority = Authority::new();
    let server = serve(authority.good());
    let (served, _called) = shaken(&server, &authority.client()).await;
    let fault = served.start_tls_server(&server, Callers::Customers, soon()).await.unwrap_err();
    assert_eq!(fault.to_string(), "TLS is already active");
}

#[tokio::test]
async fn the_last_words_of_who_hangs_up_are_heard() {
    let (mut wire, mut peer) = line(64);
    say(&mut peer, &b"421 4.3.2 closing\r\n"[..]).await;
    drop(peer);
    wire.queue(&b"MAIL FROM:<>\r\n"[..]);
    let mut input = BytesMut::new();
    assert!(matches!(wire.flush(&mut input, 512, soon()).await, Err(WireFault::Io(_))));
    assert_eq!(&input[..], b"421 4.3.2 closing\r\n");
}

#[tokio::test]
async fn silence_past_the_deadline_is_told() {
    let (mut wire, _peer) = line(16);
    let fault = wire.read(&mut BytesMut::new(), Some(std::time::Instant::now())).await.unwrap_err();
    assert_eq!(fault.to_string(), "timed out while waiting for the peer to speak");
}

#[tokio::test]
async fn an_idle_wire_holds_no_input_buffer() {
    let (mut wire, mut peer) = line(1 << 20);
    say(&mut peer, vec![b'x'; 1 << 20]).await;
    let mut input = BytesMut::new();
    while input.len() < 1 << 20 {
        wire.read(&mut input, soon()).await.unwrap();
    }
    let _ = input.split_to(1 << 20);
    let silence = wire.read(&mut input, Some(std::time::Instant::now())).await;
    assert!(matches!(silence, Err(WireFault::TimedOut { .. })));
    assert_eq!(input.capacity(), 0);
}

#[tokio::test]
async fn the_end_is_zero_octets_again_and_again() {
    let (mut wire, mut peer) = line(64);
    say(&mut peer, &b"QUIT\r\n"[..]).await;
    drop(peer);
    let mut input = BytesMut::new();
    assert_eq!(wire.read(&mut input, soon()).await.unwrap(), 6);
    assert_eq!(wire.read(&mut input, soon()).await.unwrap(), 0);
    assert_eq!(wire.read(&mut input, soon()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_farewell_is_heard_under_tls() {
    let authority = Authority::new();
    let (mut served, mut called) = shaken(&serve(authority.good()), &authority.client()).await;
    served.queue(&b"221 bye\r\n"[..]);
    served.flush(&mut BytesMut::new(), 0, soon()).await.unwrap();
    let heard = async {
        let heard = hear(&mut called, 100).await;
        called.close().await;
        heard
    };
    let ((), heard) = tokio::join!(served.close(), heard);
    assert_eq!(&heard[..], b"221 bye\r\n");
}

#[tokio::test]
async fn addresses_are_known_on_sockets() {
    let (accepted, called) = loopback().await;
    assert_eq!(accepted.peer(), called.local());
    assert_eq!(accepted.local(), called.peer());
    let (memory, _other) = line(1);
    assert_eq!(memory.peer(), None);
}

#[tokio::test]
async fn clear_text_in_tls_is_named() {
    let authority = Authority::new();
    let (one, mut other) = line(1024);
    let server = serve(authority.good());
    say(&mut other, &b"EHLO early.example\r\n"[..]).await;
    let fault = one.start_tls_server(&server, Callers::Customers, soon()).await.unwrap_err();
    assert_eq!(fault.to_string(), "the peer sent something that is not TLS");
    assert!(fault.hint().is_some());
}
