//! One line, one record: seen from outside, by the headers of the ciphertext.

use bytes::BytesMut;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::kit::{Authority, hear, line, say, serve, soon};
use crate::net::{Callers, Wire};

/// What a record costs under TLS 1.3 besides its plaintext: the content type and the tag.
const OVERHEAD: usize = 1 + 16;
/// The type octet of a record with application data.
const APPLICATION_DATA: u8 = 23;

/// A line whose ciphertext passes through our hands, and the sizes of the plaintexts in it.
struct Tapped {
    speaker: Wire,
    listener: Wire,
    tap: tokio::task::JoinHandle<Vec<usize>>,
}

/// Copies what the speaker sends after the handshake, and takes down each record's size.
async fn copy_records(mut from: DuplexStream, mut to: DuplexStream) -> Vec<usize> {
    let mut sizes = Vec::new();
    loop {
        let (mut header, mut body) = ([0; 5], Vec::new());
        tokio::select! {
            read = from.read_exact(&mut header) => if read.is_err() { return sizes },
            // The other direction is none of our business, but must get through.
            read = to.read_buf(&mut body) => {
                read.unwrap();
                from.write_all(&body).await.unwrap();
                continue;
            }
        }
        body.resize(usize::from(header[3]) << 8 | usize::from(header[4]), 0);
        from.read_exact(&mut body).await.unwrap();
        if header[0] == APPLICATION_DATA {
            sizes.push(body.len() - OVERHEAD);
        }
        to.write_all(&header).await.unwrap();
        to.write_all(&body).await.unwrap();
    }
}

async fn tapped() -> Tapped {
    let authority = Authority::new();
    let (server, client) = (serve(authority.good()), authority.client());
    let (speaker, near) = tokio::io::duplex(1 << 20);
    let (far, listener) = tokio::io::duplex(1 << 20);
    let tap = tokio::spawn(copy_records(near, far));
    let (speaker, listener) = (Wire::from(speaker), Wire::from(listener));
    let (speaker, listener) = tokio::join!(
        speaker.start_tls_client(&client, "mx.example.net", soon()),
        listener.start_tls_server(&server, Callers::Customers, soon())
    );
    Tapped { speaker: speaker.unwrap(), listener: listener.unwrap(), tap }
}

/// Sends pieces and says in records of what size they went.
async fn records(pieces: Vec<Vec<u8>>, line_per_record: bool) -> Vec<usize> {
    let mut line = tapped().await;
    line.speaker.one_line_per_record(line_per_record);
    let whole = pieces.concat();
    for piece in pieces {
        line.speaker.queue(piece);
    }
    let mut unheard = BytesMut::new();
    let (flushed, heard) = tokio::join!(
        line.speaker.flush(&mut unheard, 1 << 20, soon()),
        hear(&mut line.listener, whole.len())
    );
    flushed.unwrap();
    assert!(heard == whole);
    drop(line.speaker);
    let mut sizes = line.tap.await.unwrap();
    // The client's Finished wears the same type octet.
    sizes.remove(0);
    sizes
}

#[tokio::test]
async fn each_line_has_a_record_of_its_own() {
    let pieces =
        vec![b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 4 LAST\r\n".to_vec(), b"a\r\n".to_vec()];
    assert_eq!(records(pieces, true).await, [14, 15, 13, 3]);
}

#[tokio::test]
async fn a_line_longer_than_fetchmails_buffer_is_split() {
    let mut long = vec![b'x'; 20_000];
    long.extend_from_slice(b"\r\nshort\r\n");
    assert_eq!(records(vec![long], true).await, [8190, 8190, 3622, 7]);
}

#[tokio::test]
async fn otherwise_records_are_as_large_as_they_may_be() {
    let lines = vec![b"a line of mail\r\n".repeat(2000)];
    let sizes = records(lines, false).await;
    assert_eq!(sizes, [16384, 15616]);
}

/// In records as the law wants them: cut behind each LF, and nowhere else below the limit.
fn lawful(pieces: &[Vec<u8>]) -> Vec<usize> {
    let lines = pieces.iter().flat_map(|piece| piece.split_inclusive(|octet| *octet == b'\n'));
    lines.flat_map(|line| line.chunks(8190)).map(<[u8]>::len).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_record_goes_on_behind_a_line_end(
        lines in proptest::collection::vec((0usize..12_000, any::<bool>()), 1..300)
    ) {
        let pieces: Vec<Vec<u8>> = lines.into_iter().map(|(length, ends)| {
            // Mostly short lines, now and then a monster.
            let length = if length < 11_000 { length % 60 } else { length };
            let mut piece = vec![b'x'; length];
            piece.extend_from_slice(if ends { b"\r\n" } else { b"-" });
            piece
        }).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sizes = runtime.block_on(records(pieces.clone(), true));
        prop_assert_eq!(sizes, lawful(&pieces));
    }
}

#[tokio::test]
async fn in_clear_the_mode_changes_nothing() {
    let (mut one, mut other) = line(1024);
    one.one_line_per_record(true);
    say(&mut one, &b"a\r\nb\r\n"[..]).await;
    assert_eq!(&hear(&mut other, 6).await[..], b"a\r\nb\r\n");
}
