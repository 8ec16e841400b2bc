//! By what name a message goes elsewhere. RFC 5322, section 3.6.4.

/// The longest line that a message may have. RFC 5322, section 2.1.1.
const LONGEST: usize = 998;

/// What the field Message-ID of a header, or of as much of one as there is, says: `<left@right>` as a rule.
/// Nothing where it has none, or one with which nothing can be done.
pub fn message_id(header: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"message-id";
    let mut rest = header;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        if line.trim_ascii_end().is_empty() {
            return None;
        }
        let named = line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME));
        let body = line.get(NAME.len()..).filter(|_| named).unwrap_or_default();
        // Blanks before the colon are obsolete, and still seen.
        if let Some(said) = body.trim_ascii_start().strip_prefix(b":") {
            let said = said.trim_ascii();
            // A long one may have been put on a line of its own.
            let folded = || behind.split(|&octet| octet == b'\n').next().map(<[u8]>::trim_ascii);
            let is_folded =
                said.is_empty() && behind.first().is_some_and(|&c| c == b' ' || c == b'\t');
            return readable(if is_folded { folded().unwrap_or_default() } else { said });
        }
        rest = behind;
    }
    None
}

fn readable(said: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(said).ok()?;
    let fits = !text.is_empty() && text.len() <= LONGEST && !text.contains(char::is_control);
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn it_is_found_wherever_it_stands_in_the_header_and_nowhere_else() {
        for (header, found) in [
            ("From: a\r\nMessage-ID: <1@x>\r\n\r\n", Some("<1@x>")),
            ("message-id:<1@x>", Some("<1@x>")),
            ("Message-Id :  <1@x> \r\nTo: b\r\n", Some("<1@x>")),
            ("Message-ID:\r\n <1@x>\r\nTo: b\r\n", Some("<1@x>")),
            ("Message-ID:\nTo: b\n", None),
            ("Message-ID-Old: <1@x>\r\n\r\n", None),
            ("Message-ID <1@x>\r\n\r\n", None),
            ("X: y\r\n Message-ID: <1@x>\r\n\r\n", None),
            ("X: y\r\n\r\nMessage-ID: <1@x>\r\n", None),
            ("Message-ID: a\u{1b}[2J\r\n", None),
            ("", None),
        ] {
            assert_eq!(message_id(header.as_bytes()), found, "{header:?}");
        }
        let long = format!("Message-ID: <{}@x>\r\n", "a".repeat(2000));
        assert_eq!(message_id(long.as_bytes()), None);
        assert_eq!(message_id(b"Message-ID: <\xff@x>\r\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_octets_break_it(octets: Vec<u8>) {
            let found = message_id(&octets);
            proptest::prop_assert!(found.is_none_or(|id| !id.contains('\n')));
            let _ = message_id(&[b"Message-ID:".as_slice(), &octets].concat());
        }
    }
}
