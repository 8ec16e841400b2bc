//! Making bytes from the network fit to be read: on a terminal, in a log line, in JSON.

use std::fmt;

/// Shows bytes so that nothing in them can move a cursor, forge a log line or change a title.
///
/// Printable ASCII and well-formed, visible UTF-8 stay as they are; a control character, a bidi
/// override or a stray byte becomes `\r`, `\n`, `\t`, `\u{202e}` or `\x1b`. A backslash doubles,
/// so that the form is unambiguous.
pub struct Escaped<'a>(pub &'a [u8]);

impl<'a> Escaped<'a> {
    /// The same for text.
    pub fn text(text: &'a str) -> Escaped<'a> {
        Escaped(text.as_bytes())
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                visible(c, f)?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Is this a C1 control, or does it show nothing or change the direction of what is shown? Legal text,
/// and unsafe to display.
pub fn deceives(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

fn visible(c: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match c {
        '\\' => f.write_str("\\\\"),
        '\r' => f.write_str("\\r"),
        '\n' => f.write_str("\\n"),
        '\t' => f.write_str("\\t"),
        c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(f, "\\x{:02x}", c as u32),
        c if deceives(c) => write!(f, "\\u{{{:x}}}", c as u32),
        c => fmt::Write::write_char(f, c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_bytes_become_visible() {
        let shown = Escaped(b"a\x1b[2Jb\r\n\xff\\ \xc3\xbc\xe2\x80\xae").to_string();
        assert_eq!(shown, "a\\x1b[2Jb\\r\\n\\xff\\\\ \u{fc}\\u{202e}");
    }
}
