//! Command lines out of a stream of bytes. RFC 5321, section 2.3.8: a line ends in CRLF and in
//! nothing else.

use bytes::{Buf, BytesMut};

/// What was found at the head of the buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line, without its CRLF.
    Whole(BytesMut),
    /// A line that ended in LF alone, stood behind one that did, or held a bare CR or a NUL. It is gone
    /// from the buffer and is to be refused, not interpreted: guessing at line ends is how mail is smuggled.
    Malformed,
    /// A line longer than the limit has ended; nothing of it was kept.
    TooLong,
    /// No line end yet.
    Incomplete,
}

/// Cuts lines, and remembers only that it is in the middle of one that is too long, or of one that an LF
/// alone has cut: that is refused piece by piece, so that whoever ends all lines so hears of it at once, and
/// nobody's text behind an LF becomes a command.
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// How much of the buffer has been searched without finding an end.
    searched: usize,
    overlong: bool,
    /// Did what was dropped of the line end in a CR?
    dropped_cr: bool,
    /// What comes next, up to a CRLF, belongs to a line with an LF in it.
    torn: bool,
}

impl LineSplitter {
    /// Takes the next line from `input`. `limit` counts octets with the CRLF.
    ///
    /// Never keeps more than `limit` octets: what exceeds it is dropped as it arrives.
    pub fn next(&mut self, input: &mut BytesMut, limit: usize) -> Line {
        let Some(offset) = memchr::memchr(b'\n', &input[self.searched..]) else {
            self.wait(input, limit);
            return Line::Incomplete;
        };
        let end = self.searched + offset + 1;
        self.searched = 0;
        let dropped_cr = std::mem::take(&mut self.dropped_cr);
        let has_cr = if end == 1 { dropped_cr } else { input[end - 2] == b'\r' };
        let was_torn = std::mem::replace(&mut self.torn, !has_cr);
        if std::mem::take(&mut self.overlong) || end > limit {
            input.advance(end);
            return Line::TooLong;
        }
        let mut line = input.split_to(end);
        if was_torn || !has_cr {
            return Line::Malformed;
        }
        line.truncate(end - 2);
        if memchr::memchr2(b'\r', 0, &line).is_some() { Line::Malformed } else { Line::Whole(line) }
    }

    fn wait(&mut self, input: &mut BytesMut, limit: usize) {
        self.searched = input.len();
        if input.len() > limit {
            self.overlong = true;
        }
        if self.overlong {
            self.dropped_cr = input.last().map_or(self.dropped_cr, |last| *last == b'\r');
            input.clear();
            self.searched = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], cut: usize, limit: usize) -> Vec<Line> {
        let (mut splitter, mut input, mut lines) =
            (LineSplitter::default(), BytesMut::new(), Vec::new());
        for piece in bytes.chunks(cut) {
            input.extend_from_slice(piece);
            loop {
                match splitter.next(&mut input, limit) {
                    Line::Incomplete => break,
                    line => lines.push(line),
                }
            }
        }
        lines
    }

    #[test]
    fn only_crlf_ends_a_line_wherever_the_bytes_are_cut() {
        let bytes = b"NOOP\r\nbare\nEHLO a\rb\r\nnul\0\r\n\r\nthis line is too long\r\nQUIT\r\n";
        let whole = |text: &str| Line::Whole(BytesMut::from(text));
        let expected = [
            whole("NOOP"),
            Line::Malformed,
            Line::Malformed,
            Line::Malformed,
            whole(""),
            Line::TooLong,
            whole("QUIT"),
        ];
        for cut in 1..bytes.len() {
            assert_eq!(all(bytes, cut, 16), expected, "cut every {cut}");
        }
    }

    #[test]
    fn nothing_behind_an_lf_alone_is_a_command() {
        let whole = |text: &str| Line::Whole(BytesMut::from(text));
        let bytes = b"NOOP a\nDATA\nRSET\r\nthis line is too long\nDATA\r\nNOOP\r\n";
        let expected = [
            Line::Malformed,
            Line::Malformed,
            Line::Malformed,
            Line::TooLong,
            Line::Malformed,
            whole("NOOP"),
        ];
        for cut in 1..bytes.len() {
            assert_eq!(all(bytes, cut, 16), expected, "cut every {cut}");
        }
        assert_eq!(all(b"\nDATA\r\n", 1, 16), [Line::Malformed, Line::Malformed]);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let (mut splitter, mut input) = (LineSplitter::default(), BytesMut::new());
        for _ in 0..1000 {
            input.extend_from_slice(&[b'x'; 1000]);
            assert_eq!(splitter.next(&mut input, 512), Line::Incomplete);
            assert!(input.is_empty());
        }
    }
}
