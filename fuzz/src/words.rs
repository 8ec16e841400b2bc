//! Words: lines, commands, replies, dots, EHLO.

use bytes::BytesMut;
use odmr::smtp::dots::{DotDecoder, DotEncoder};
use odmr::smtp::line::{Line, LineSplitter};
use odmr::smtp::{Capabilities, Domain, ForwardPath, Reply, ReplyParser, command};

/// Splits lines and parses each; a domain and a path that were read are read again as the same.
pub fn command(bytes: &[u8]) {
    let (mut input, mut splitter) = (BytesMut::from(bytes), LineSplitter::default());
    loop {
        match splitter.next(&mut input, 4096) {
            Line::Incomplete => break,
            Line::Whole(line) => one_command(&line),
            Line::Malformed | Line::TooLong => {}
        }
    }
    one_command(bytes);
}

fn one_command(line: &[u8]) {
    let _ = command::parse(line);
    let Ok(text) = std::str::from_utf8(line) else { return };
    if let Ok(domain) = Domain::parse(text) {
        assert_eq!(Domain::parse(domain.as_str()).as_ref(), Ok(&domain));
    }
    if let Ok(path) = ForwardPath::parse(text) {
        assert_eq!(ForwardPath::parse(path.as_str()).as_ref(), Ok(&path), "{path}");
        assert!(!path.as_str().contains(['\r', '\n', '\0']), "{path}");
    }
}

/// What arrives in crumbs is read as what arrives at once; what is read can be written, and cannot
/// break out of its line.
pub fn reply(bytes: &[u8]) {
    let cut = 1 + usize::from(bytes.first().copied().unwrap_or(0) % 16);
    let whole = replies(bytes, bytes.len().max(1));
    let crumbs = replies(bytes, cut);
    assert_eq!(whole.0, crumbs.0);
    assert_eq!(whole.1, crumbs.1);
    for reply in whole.0 {
        let mut wire = BytesMut::new();
        reply.write(&mut wire);
        assert!(wire.ends_with(b"\r\n"));
        let shown = reply.to_string();
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        let _ = Capabilities::from_ehlo(&reply);
    }
}

fn replies(bytes: &[u8], cut: usize) -> (Vec<Reply>, bool) {
    let (mut parser, mut input, mut replies) =
        (ReplyParser::default(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(cut) {
        input.extend_from_slice(piece);
        loop {
            match parser.next(&mut input) {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(_) => return (replies, true),
            }
        }
    }
    (replies, false)
}

/// The decoder finds the same end and the same content wherever the bytes are cut, and gives back
/// what the encoder made.
pub fn dots(bytes: &[u8]) {
    let cut = 1 + usize::from(bytes.first().copied().unwrap_or(0) % 16);
    assert_eq!(decoded(bytes, bytes.len().max(1)), decoded(bytes, cut));
    let mut wire = BytesMut::new();
    let mut encoder = DotEncoder::default();
    bytes.chunks(cut).for_each(|piece| encoder.encode(piece, &mut wire));
    encoder.finish(&mut wire);
    let (content, ended, bare) = decoded(&wire, cut);
    assert!(ended && !bare, "what goes out has CRLF only, and one end");
    if !bytes.contains(&b'\r') && !bytes.contains(&b'\n') {
        let content = content.strip_suffix(b"\r\n").unwrap_or(&content);
        assert_eq!(content, bytes);
    }
}

fn decoded(bytes: &[u8], cut: usize) -> (Vec<u8>, bool, bool) {
    let (mut decoder, mut out, mut input) =
        (DotDecoder::default(), BytesMut::new(), BytesMut::new());
    for piece in bytes.chunks(cut) {
        input.extend_from_slice(piece);
        let (taken, ended) = decoder.decode(&input, &mut out);
        let _ = input.split_to(taken);
        if ended {
            return (out.to_vec(), true, decoder.saw_bare_cr_or_lf());
        }
    }
    (out.to_vec(), false, false)
}

/// Whatever an EHLO reply says.
pub fn capability(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let offered = Capabilities::from_ehlo(&Reply::plain(250, "").saying(text));
    assert!(offered.limits.rcptmax != Some(0) && offered.limits.mailmax != Some(0));
}
