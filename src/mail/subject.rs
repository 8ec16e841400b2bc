//! What a message says it is about. RFC 5322, section 3.6.5; RFC 2047.

use mail_parser::{HeaderName, MessageParser};

/// The subject, decoded, of a header or as much of one as there is; nothing where it has none.
pub fn subject(header: &[u8]) -> Option<String> {
    let parser = MessageParser::new().header_text(HeaderName::Subject);
    parser.parse_headers(header)?.subject().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_subject_is_decoded_wherever_it_stands_in_the_header() {
        let of = |text: &str| subject(text.as_bytes());
        assert_eq!(
            of("From: a\r\nSubject: two\r\n words\r\n\r\nbody").as_deref(),
            Some("two words")
        );
        let encoded = "subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?ISO-8859-1?B?/A==?=\r\n\r\n";
        assert_eq!(of(encoded).as_deref(), Some("Grüßeü"));
        assert_eq!(of("From: a\r\n\r\nSubject: body\r\n"), None);
        assert_eq!(of(""), None);
    }

    proptest::proptest! {
        #[test]
        fn no_octets_break_it(octets: Vec<u8>) {
            let _ = subject(&[b"Subject: ".as_slice(), &octets].concat());
        }
    }
}
