//! What a server has to know of a header while the content streams past: how often it has
//! travelled (RFC 5321, section 6.3).

/// Counts `Received` fields in the header of content that arrives in pieces, and stops looking at
/// the empty line that ends it.
#[derive(Clone, Debug, Default)]
pub struct HeaderWatch {
    received: u32,
    line: Vec<u8>,
    /// How much of the current line has gone by.
    seen: usize,
    done: bool,
}

const RECEIVED: &[u8] = b"received:";

impl HeaderWatch {
    /// Looks at the next octets of content.
    pub fn watch(&mut self, mut bytes: &[u8]) {
        while !self.done && !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |at| at + 1));
            self.piece(line);
            if end.is_some() {
                self.end_of_line();
            }
            bytes = rest;
        }
    }

    fn piece(&mut self, piece: &[u8]) {
        let wanted = RECEIVED.len().saturating_sub(self.line.len()).min(piece.len());
        self.line.extend_from_slice(&piece[..wanted]);
        self.seen += piece.len();
    }

    fn end_of_line(&mut self) {
        self.done = self.seen == 2 && self.line == b"\r\n" || self.seen == 1;
        if self.line.eq_ignore_ascii_case(RECEIVED) {
            self.received += 1;
        }
        self.line.clear();
        self.seen = 0;
    }

    /// `Received` fields seen so far.
    pub fn received(&self) -> u32 {
        self.received
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_in_the_header_only_wherever_it_is_cut() {
        let mail = b"Received: a\r\n folded received:\r\nRECEIVED: b\r\nX-Received: c\r\n\r\nReceived: body\r\n";
        for cut in 1..mail.len() {
            let mut watch = HeaderWatch::default();
            mail.chunks(cut).for_each(|piece| watch.watch(piece));
            assert_eq!(watch.received(), 2, "cut every {cut}");
        }
    }
}
