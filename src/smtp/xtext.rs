//! xtext, in which a parameter's value may be any text. RFC 3461, section 4.

use std::fmt::Write as _;

/// A text as xtext: what is not visible ASCII, `+` and `=` are spelt in hexadecimal.
pub fn encoded(text: &str) -> String {
    let mut xtext = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'+' | b'=' => _ = write!(xtext, "+{octet:02X}"),
            b'!'..=b'~' => xtext.push(char::from(octet)),
            octet => _ = write!(xtext, "+{octet:02X}"),
        }
    }
    xtext
}

/// What xtext means; `None` where that is no text.
pub fn decoded(xtext: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(xtext.len());
    let mut rest = xtext.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                octets.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
            }
            octet => octets.push(octet),
        }
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_none_is_refused() {
        assert_eq!(decoded("a+2Bb+3d"), Some("a+b=".to_owned()));
        for wrong in ["+", "+2", "+2G", "+FF"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_text_comes_back(text: String) {
            let xtext = encoded(&text);
            prop_assert!(xtext.bytes().all(|b| b.is_ascii_graphic()));
            prop_assert_eq!(decoded(&xtext), Some(text));
        }
    }
}
