//! Contents: `show --raw`, `--headers` and `--body`.

use std::io::{IsTerminal, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::{Show, parsed, unwritten};
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Answer, Office, ask};
use crate::flow::desk::wire::Request;
use crate::smtp::escape::Escaped;

/// Which part of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    All,
    Headers,
    Body,
}

impl Show {
    /// The part that is asked for, if any is.
    pub(super) fn part(&self) -> Option<Part> {
        let parts =
            [(self.raw, Part::All), (self.headers, Part::Headers), (self.content, Part::Body)];
        parts.iter().find(|(wanted, _)| *wanted).map(|(_, part)| *part)
    }
}

/// Writes a part of each message's content: as it is into a pipe, harmless on a terminal.
pub(super) async fn show(office: &Office, ids: &[String], part: Part) -> Result<Exit, Failure> {
    let terminal = std::io::stdout().is_terminal();
    for id in ids {
        let mut content = Content::of(office, id).await?;
        let mut cut = Cut::new(part);
        while let Some(octets) = content.next().await? {
            let wanted = cut.of(&octets);
            let mut out = std::io::stdout().lock();
            match terminal {
                true => harmless(&mut out, wanted),
                false => out.write_all(wanted),
            }
            .map_err(unwritten)?;
        }
    }
    std::io::stdout().lock().flush().map_err(unwritten)?;
    Ok(Exit::Ok)
}

/// A stranger's text cannot steer the terminal it is shown on. Lines end as they do.
fn harmless(out: &mut impl Write, octets: &[u8]) -> std::io::Result<()> {
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        write!(out, "{}", Escaped::text(&String::from_utf8_lossy(bare)))?;
        if line.ends_with(b"\n") {
            writeln!(out)?;
        }
    }
    Ok(())
}

/// A content on its way.
pub(super) struct Content(Answer);

impl Content {
    pub(super) async fn of(office: &Office, id: &str) -> Result<Content, Failure> {
        ask(office, Request::Content { id: id.to_owned() }).await.map(Content)
    }

    /// The next octets; `None` behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(line) = self.0.next().await? else { return Ok(None) };
        let piece = parsed(line)?;
        let octets = piece["b64"].as_str().and_then(|text| BASE64.decode(text).ok());
        octets
            .map(Some)
            .ok_or_else(|| Failure::new(Exit::Protocol, "a piece of content that is none"))
    }
}

/// A digest as records have it.
pub(super) fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The SHA-256 of a content as `show --raw` writes it.
///
/// # Errors
/// [`Failure`]: it is damaged, or has gone.
pub(super) async fn digest(office: &Office, id: &str) -> Result<String, Failure> {
    let mut content = Content::of(office, id).await?;
    let mut digest = Sha256::new();
    while let Some(octets) = content.next().await? {
        digest.update(&octets);
    }
    Ok(hex(digest))
}

/// Cuts the header off, or everything else.
struct Cut {
    part: Part,
    /// The last octets of the header so far: its end may lie across two pieces.
    tail: Vec<u8>,
    in_body: bool,
}

const BLANK_LINE: &[u8] = b"\r\n\r\n";

impl Cut {
    fn new(part: Part) -> Cut {
        // A content that begins with an empty line has no header.
        Cut { part, tail: b"\r\n".to_vec(), in_body: false }
    }

    fn of<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.part == Part::All {
            return piece;
        }
        let end = if self.in_body { 0 } else { self.end_of_header(piece) };
        let (header, body) = piece.split_at(end);
        if self.part == Part::Headers { header } else { body }
    }

    fn end_of_header(&mut self, piece: &[u8]) -> usize {
        let before = self.tail.len();
        let seen = [&self.tail[..], piece].concat();
        match memchr::memmem::find(&seen, BLANK_LINE) {
            Some(at) => {
                self.in_body = true;
                (at + BLANK_LINE.len()).saturating_sub(before)
            }
            None => {
                self.tail = seen[seen.len().saturating_sub(BLANK_LINE.len() - 1)..].to_vec();
                piece.len()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(part: Part, content: &[u8], pieces: usize) -> Vec<u8> {
        let mut cut = Cut::new(part);
        content.chunks(pieces).flat_map(|piece| cut.of(piece).to_vec()).collect()
    }

    #[test]
    fn the_header_ends_at_the_first_empty_line_wherever_it_is_cut() {
        for (header, body) in
            [("a: b\r\nc: d\r\n\r\n", "x\r\n\r\ny"), ("\r\n", "x"), ("a: b\r\n", "")]
        {
            let content = format!("{header}{body}");
            for pieces in 1..=content.len() {
                assert_eq!(
                    cut(Part::Headers, content.as_bytes(), pieces),
                    header.as_bytes(),
                    "{pieces}"
                );
                assert_eq!(
                    cut(Part::Body, content.as_bytes(), pieces),
                    body.as_bytes(),
                    "{pieces}"
                );
                assert_eq!(cut(Part::All, content.as_bytes(), pieces), content.as_bytes());
            }
        }
    }

    #[test]
    fn a_terminal_is_not_steered() {
        let mut out = Vec::new();
        harmless(&mut out, b"a\x1b[2J\r\n\x9b\xff\tz\nno end").unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\r') && !shown.contains('\u{9b}'),
            "{shown:?}"
        );
        assert_eq!(shown.matches('\n').count(), 2, "{shown:?}");
    }
}
