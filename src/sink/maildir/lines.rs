//! Line ends on their way to the disk: CRLF on the wire, LF in the files that every Unix mail
//! reader expects.
//!
//! The change is exactly reversible, because only a whole CRLF is touched and an LF that stands
//! alone is reported, never written: putting a CR in front of each LF gives the content back, bit
//! for bit.

use bytes::BytesMut;

use crate::smtp::Body;

/// How lines end in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LineEnds {
    /// As qmail, Postfix and Exim write them.
    #[default]
    Lf,
    /// As they came. Dovecot and Courier read this as well.
    Crlf,
}

impl LineEnds {
    /// What suits content of this kind. A CRLF in the midst of binary content may be no line's end, and
    /// an LF may stand alone: nothing of it is changed (RFC 3030, section 3).
    pub fn of(body: Body, text: LineEnds) -> LineEnds {
        match body {
            Body::Binary => LineEnds::Crlf,
            Body::SevenBit | Body::EightBit => text,
        }
    }
}

/// Writes content that arrives in pieces.
#[derive(Clone, Debug)]
pub struct LineWriter {
    ends: LineEnds,
    /// A CR ended the last piece and has not been written yet.
    cr: bool,
    bare: bool,
}

impl LineWriter {
    /// A writer at the start of content.
    pub fn new(ends: LineEnds) -> LineWriter {
        LineWriter { ends, cr: false, bare: false }
    }

    /// Appends the next piece to `out`.
    pub fn write(&mut self, piece: &[u8], out: &mut BytesMut) {
        match self.ends {
            LineEnds::Crlf => out.extend_from_slice(piece),
            LineEnds::Lf => {
                let rest = self.settle_cr(piece, out);
                self.lines(rest, out);
            }
        }
    }

    /// Writes what is still held back at the end of the content.
    pub fn finish(&mut self, out: &mut BytesMut) {
        if std::mem::take(&mut self.cr) {
            out.extend_from_slice(b"\r");
        }
    }

    /// Did an LF stand alone? Then the file would not tell what was sent, and must not be kept.
    pub fn saw_bare_lf(&self) -> bool {
        self.bare
    }

    /// Decides what the CR before this piece was, and gives back what is left of the piece.
    fn settle_cr<'a>(&mut self, piece: &'a [u8], out: &mut BytesMut) -> &'a [u8] {
        match (self.cr, piece) {
            (true, [b'\n', rest @ ..]) => {
                self.cr = false;
                out.extend_from_slice(b"\n");
                rest
            }
            (true, [_, ..]) => {
                self.cr = false;
                out.extend_from_slice(b"\r");
                piece
            }
            _ => piece,
        }
    }

    fn lines(&mut self, mut rest: &[u8], out: &mut BytesMut) {
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(at);
            self.bare |= !line.ends_with(b"\r");
            out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            out.extend_from_slice(b"\n");
            rest = &behind[1..];
        }
        self.cr |= rest.ends_with(b"\r");
        out.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(content: &[u8], cut: usize, ends: LineEnds) -> (Vec<u8>, bool) {
        let (mut writer, mut out) = (LineWriter::new(ends), BytesMut::new());
        content.chunks(cut).for_each(|piece| writer.write(piece, &mut out));
        writer.finish(&mut out);
        (out.to_vec(), writer.saw_bare_lf())
    }

    #[test]
    fn only_a_whole_crlf_is_changed() {
        for cut in 1..9 {
            let (out, bare) = written(b"a\r\nb\rc\r\r\n\r\n.\r", cut, LineEnds::Lf);
            assert_eq!((&out[..], bare), (&b"a\nb\rc\r\n\n.\r"[..], false), "cut every {cut}");
            assert!(written(b"a\r\n\nb", cut, LineEnds::Lf).1, "cut every {cut}");
        }
        assert_eq!(written(b"a\r\n\n", 1, LineEnds::Crlf), (b"a\r\n\n".to_vec(), false));
    }

    proptest! {
        #[test]
        fn what_was_sent_can_be_told_from_the_file(content in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..60), cut in 1usize..9) {
            let (out, bare) = written(&content, cut, LineEnds::Lf);
            let lone = |i: usize| content[i] == b'\n' && (i == 0 || content[i - 1] != b'\r');
            prop_assert_eq!(bare, (0..content.len()).any(lone));
            if !bare {
                let back: Vec<u8> = out.iter().flat_map(|b| match b {
                    b'\n' => vec![b'\r', b'\n'],
                    other => vec![*other],
                }).collect();
                prop_assert_eq!(back, content);
            }
        }
    }
}
