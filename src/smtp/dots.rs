//! DATA's transparency: the dot that is doubled, and the lone dot that ends. RFC 5321, section
//! 4.5.2.
//!
//! Only CRLF.CRLF ends a message. A bare CR or LF never begins a line here, so none of the
//! look-alikes (`LF.LF`, `CRLF.LF`, `CR.CRLF` ...) can smuggle a second message in; the decoder
//! reports them, and the session refuses the mail once its real end has come.

use bytes::BytesMut;

/// Where in a line the decoder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    Middle,
    /// Behind a CR that has not been written yet.
    Cr,
    /// Behind the first dot of a line, which has not been written.
    Dot,
    /// Behind a dot and a CR, neither written.
    DotCr,
}

/// Undoes dot stuffing and finds the end of the message.
#[derive(Clone, Debug)]
pub struct DotDecoder {
    at: At,
    bare: bool,
    /// The last octet of this line, without its end; nought where there is none yet.
    last: u8,
    /// The line before this one ended in a dot.
    dotted: bool,
}

impl Default for DotDecoder {
    fn default() -> DotDecoder {
        // The CRLF of the DATA command itself opens the first line: a dot right away is an end.
        DotDecoder { at: At::LineStart, bare: false, last: 0, dotted: false }
    }
}

impl DotDecoder {
    /// Decodes as much of `input` as belongs to this message, appending the content to `out`.
    /// Returns how many octets were taken and whether the message has ended with them.
    pub fn decode(&mut self, input: &[u8], out: &mut BytesMut) -> (usize, bool) {
        let mut i = 0;
        while i < input.len() {
            if self.at == At::Middle {
                i += self.run(&input[i..], out);
                continue;
            }
            let byte = input[i];
            i += 1;
            if self.edge(byte, out) {
                return (i, true);
            }
        }
        (i, false)
    }

    /// Did a CR or LF stand alone anywhere in the content so far?
    pub fn saw_bare_cr_or_lf(&self) -> bool {
        self.bare
    }

    /// Is a dot and CRLF the last that came, and the dot stands behind text? Who takes that for an end waits for ever.
    pub fn ends_in_a_stray_dot(&self) -> bool {
        self.at == At::LineStart && self.dotted
    }

    /// Copies up to the next CR or LF, and past a CRLF where one is whole.
    fn run(&mut self, input: &[u8], out: &mut BytesMut) -> usize {
        let Some(at) = memchr::memchr2(b'\r', b'\n', input) else {
            self.last = input.last().copied().unwrap_or(self.last);
            out.extend_from_slice(input);
            return input.len();
        };
        self.last = input[..at].last().copied().unwrap_or(self.last);
        if input[at] == b'\n' {
            self.bare = true;
            out.extend_from_slice(&input[..=at]);
            return at + 1;
        }
        if input.get(at + 1) == Some(&b'\n') {
            self.line_ends();
            out.extend_from_slice(&input[..at + 2]);
            return at + 2;
        }
        out.extend_from_slice(&input[..at]);
        self.at = At::Cr;
        at + 1
    }

    /// One octet where a line begins or a CR is pending. True when it ends the message.
    fn edge(&mut self, byte: u8, out: &mut BytesMut) -> bool {
        match (self.at, byte) {
            (At::DotCr, b'\n') => return true,
            (At::LineStart, b'.') => self.at = At::Dot,
            (At::Dot, b'\r') => self.at = At::DotCr,
            (At::Cr, b'\n') => {
                self.line_ends();
                out.extend_from_slice(b"\r\n");
            }
            (At::Cr | At::DotCr, _) => {
                self.bare = true;
                out.extend_from_slice(b"\r");
                self.ordinary(byte, out);
            }
            (At::LineStart | At::Dot | At::Middle, _) => self.ordinary(byte, out),
        }
        false
    }

    fn ordinary(&mut self, byte: u8, out: &mut BytesMut) {
        if byte == b'\r' {
            self.at = At::Cr;
            return;
        }
        self.bare |= byte == b'\n';
        self.last = byte;
        out.extend_from_slice(&[byte]);
        self.at = At::Middle;
    }

    fn line_ends(&mut self) {
        self.dotted = std::mem::take(&mut self.last) == b'.';
        self.at = At::LineStart;
    }
}

/// Adds dot stuffing to content on its way out, and the end.
#[derive(Clone, Debug)]
pub struct DotEncoder {
    line_start: bool,
    /// The last octet was a CR, and went out as CRLF.
    cr: bool,
}

impl Default for DotEncoder {
    fn default() -> DotEncoder {
        DotEncoder { line_start: true, cr: false }
    }
}

impl DotEncoder {
    /// Appends `content` to `out`, doubling each dot that opens a line. A CR or LF that stands alone
    /// goes out as CRLF: whoever reads it as a line end must not find a lone dot behind it that we
    /// have not doubled.
    pub fn encode(&mut self, content: &[u8], out: &mut BytesMut) {
        let mut rest = content;
        if std::mem::take(&mut self.cr) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.cr = content.is_empty();
        }
        while let Some(first) = rest.first() {
            if self.line_start && *first == b'.' {
                out.extend_from_slice(b".");
            }
            rest = self.line(rest, out);
        }
    }

    /// One line, or as much of it as there is; gives what lies behind it.
    fn line<'a>(&mut self, content: &'a [u8], out: &mut BytesMut) -> &'a [u8] {
        let Some(end) = memchr::memchr2(b'\r', b'\n', content) else {
            out.extend_from_slice(content);
            self.line_start = false;
            return &[];
        };
        self.line_start = true;
        let (line, behind) = content.split_at(end);
        if let Some(next) = behind.strip_prefix(b"\r\n") {
            out.extend_from_slice(&content[..end + 2]);
            return next;
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        self.cr = behind == b"\r";
        &behind[1..]
    }

    /// Ends the message: a CRLF where the content lacks one, then the lone dot.
    pub fn finish(self, out: &mut BytesMut) {
        out.extend_from_slice(if self.line_start { b".\r\n" } else { b"\r\n.\r\n" });
    }
}

/// Watches content that arrives without dots (BDAT) for a CR or LF that stands alone.
#[derive(Clone, Debug, Default)]
pub struct LineEndWatch {
    cr: bool,
    bare: bool,
}

impl LineEndWatch {
    /// Looks at the next octets.
    pub fn watch(&mut self, bytes: &[u8]) {
        let mut i = 0;
        if self.cr && !bytes.is_empty() {
            self.cr = false;
            match bytes[0] {
                b'\n' => i = 1,
                _ => self.bare = true,
            }
        }
        while let Some(at) = memchr::memchr2(b'\r', b'\n', &bytes[i..]).map(|at| at + i) {
            i = match (bytes[at], bytes.get(at + 1)) {
                (b'\r', Some(b'\n')) => at + 2,
                (b'\r', None) => {
                    self.cr = true;
                    return;
                }
                _ => {
                    self.bare = true;
                    at + 1
                }
            };
        }
    }

    /// Has one stood alone so far? A CR at the very end may yet find its LF.
    pub fn has_seen_bare(&self) -> bool {
        self.bare
    }

    /// Did one stand alone? Asked when the content is complete.
    pub fn saw_bare_cr_or_lf(&self) -> bool {
        self.bare || self.cr
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(input: &[u8], cut: usize) -> (Vec<u8>, usize, bool, bool) {
        let (mut decoder, mut out, mut used) = (DotDecoder::default(), BytesMut::new(), 0);
        for piece in input.chunks(cut.max(1)) {
            let (taken, ended) = decoder.decode(piece, &mut out);
            used += taken;
            if ended {
                return (out.to_vec(), used, true, decoder.bare);
            }
        }
        (out.to_vec(), used, false, decoder.bare)
    }

    #[test]
    fn stuffed_dots_are_removed_and_the_lone_dot_ends() {
        let wire = b"a\r\n..b\r\n.\r\nQUIT\r\n";
        assert_eq!(decode(wire, 99), (b"a\r\n.b\r\n".to_vec(), 11, true, false));
        assert_eq!(decode(b".\r\n", 1), (vec![], 3, true, false));
    }

    #[test]
    fn a_dot_behind_text_is_told_from_an_end() {
        for cut in [1, 2, 3, 99] {
            let stray = |wire: &[u8]| {
                let (mut out, mut decoder) = (BytesMut::new(), DotDecoder::default());
                for piece in wire.chunks(cut) {
                    decoder.decode(piece, &mut out);
                    out.clear();
                }
                decoder.ends_in_a_stray_dot()
            };
            assert!(stray(b"binary\x00.\r\n"), "{cut}");
            for other in
                [&b"text.\r\n\r\n"[..], b"text.\r\nmore", b"text\r\n", b"text.", b"text.\r", b""]
            {
                assert!(!stray(other), "{cut}: {other:?}");
            }
        }
    }

    /// Each look-alike of the end of data, behind an ordinary line. CVE-2023-51764 and its kin.
    #[test]
    fn no_look_alike_ends_a_message() {
        let forms: [&[u8]; 13] = [
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\r\n.\r",
            b"\r\n.\r\r\n",
            b"\n.\r",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
            b"\r\r\n.\r\r\n",
            b"\r.\n",
            b"\r\n\r.\r\n",
        ];
        for form in forms {
            for cut in 1..8 {
                let wire = [b"x".as_slice(), form, b"MAIL FROM:<a@b>\r\n"].concat();
                let (_, used, ended, _) = decode(&wire, cut);
                assert!(!ended && used == wire.len(), "{:?}", form.escape_ascii().to_string());
            }
        }
    }

    /// What the encoder promises of a CR or LF that stands alone.
    fn repaired(content: &[u8]) -> Vec<u8> {
        let mut repaired = Vec::new();
        for (n, byte) in content.iter().enumerate() {
            match byte {
                b'\n' if n > 0 && content[n - 1] == b'\r' => {}
                b'\r' | b'\n' => repaired.extend_from_slice(b"\r\n"),
                other => repaired.push(*other),
            }
        }
        repaired
    }

    /// Whatever ends a line for the next hop, a dot behind it is doubled.
    #[test]
    fn no_look_alike_goes_out() {
        for form in
            [b"\n.\n".as_slice(), b"\n.\r\n", b"\r.\r", b"\r\n.\r\r\n", b"\r.\r\n", b"\r\n.\n"]
        {
            for cut in 1..7 {
                let (mut out, mut encoder) = (BytesMut::new(), DotEncoder::default());
                let wire = [b"x".as_slice(), form, b"MAIL FROM:<a@b>\r\n"].concat();
                wire.chunks(cut).for_each(|piece| encoder.encode(piece, &mut out));
                let lines = std::str::from_utf8(&out).unwrap().split("\r\n");
                assert!(
                    lines.clone().all(|line| line != "." && !line.contains(['\r', '\n'])),
                    "{out:?}"
                );
                assert!(lines.clone().any(|line| line.starts_with("..")), "{out:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn content_survives_the_wire(content in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..200), cut in 1usize..9) {
            let mut out = BytesMut::new();
            let mut encoder = DotEncoder::default();
            for piece in content.chunks(cut) {
                encoder.encode(piece, &mut out);
            }
            encoder.finish(&mut out);
            let (mut back, used, ended, bare) = decode(&out, cut);
            prop_assert!(ended && used == out.len() && !bare);
            let content = repaired(&content);
            if back != content { prop_assert!(back.ends_with(b"\r\n")); back.truncate(back.len() - 2); }
            prop_assert_eq!(back, content);
        }

        #[test]
        fn where_the_bytes_are_cut_changes_nothing(wire in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'a')], 0..60), cut in 1usize..9) {
            prop_assert_eq!(decode(&wire, cut), decode(&wire, wire.len().max(1)));
        }

        #[test]
        fn the_watch_sees_what_the_decoder_sees(content in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..40), cut in 1usize..9) {
            let mut watch = LineEndWatch::default();
            content.chunks(cut).for_each(|piece| watch.watch(piece));
            let pairs = content.windows(2).filter(|w| w == b"\r\n").count();
            let bare = content.iter().filter(|b| **b == b'\r' || **b == b'\n').count() != 2 * pairs;
            prop_assert_eq!(watch.saw_bare_cr_or_lf(), bare);
        }
    }
}
