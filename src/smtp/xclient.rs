//! XCLIENT: a server that stands in front says for whom it speaks. Postfix's extension; its attributes
//! are `NAME=value`, the values xtext (RFC 3461, section 4), or `[UNAVAILABLE]` and `[TEMPUNAVAIL]`.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::xtext;

/// What may stand in the line, as EHLO lists it.
pub const OFFER: &str = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

/// Whom a caller speaks for, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xclient {
    /// ADDR: the address of the host that called it.
    pub address: Option<IpAddr>,
    /// HELO: what that host called itself.
    pub helo: Option<String>,
}

impl Xclient {
    /// Reads the attributes behind the verb. Those that change nothing here, NAME, PORT, PROTO,
    /// DESTADDR and DESTPORT, need only be well formed; and so LOGIN, since nobody is logged in by
    /// another's word. `None` when one of them is not.
    pub fn parse(text: &str) -> Option<Xclient> {
        let mut said = Xclient::default();
        for attribute in text.split_ascii_whitespace() {
            let (name, value) = attribute.split_once('=')?;
            let value = match value.to_ascii_uppercase().as_str() {
                "[UNAVAILABLE]" | "[TEMPUNAVAIL]" => None,
                _ => Some(xtext::decoded(value).filter(|text| !text.contains(char::is_control))?),
            };
            match name.to_ascii_uppercase().as_str() {
                "ADDR" => {
                    said.address = match value {
                        Some(value) => Some(address(&value)?),
                        None => None,
                    };
                }
                "HELO" => said.helo = value.filter(|helo| !helo.is_empty()),
                "NAME" | "PORT" | "PROTO" | "LOGIN" | "DESTADDR" | "DESTPORT" => {}
                _ => return None,
            }
        }
        Some(said)
    }

    /// What is to be said behind the verb to pass this on. Empty where nothing is known.
    pub fn attributes(&self) -> String {
        let mut text = String::new();
        if let Some(address) = self.address {
            let family = if address.is_ipv6() { "IPV6:" } else { "" };
            let _ = write!(text, " ADDR={family}{address}");
        }
        if let Some(helo) = &self.helo {
            let _ = write!(text, " HELO={}", xtext::encoded(helo));
        }
        text
    }
}

/// With or without the tag that RFC 5321 puts before one of IPv6.
fn address(value: &str) -> Option<IpAddr> {
    let bare = match value.get(..5) {
        Some(family) if family.eq_ignore_ascii_case("ipv6:") => &value[5..],
        _ => value,
    };
    bare.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn attributes_say_who_calls_or_are_refused() {
        let said = Xclient::parse("NAME=spike.test ADDR=192.0.2.7 HELO=a+2Bb port=40000").unwrap();
        assert_eq!(said.address, Some("192.0.2.7".parse().unwrap()));
        assert_eq!(said.helo.as_deref(), Some("a+b"));
        let sixth = Xclient::parse("ADDR=IPV6:2001:db8::7 NAME=[UNAVAILABLE]").unwrap();
        assert_eq!(sixth.address, Some("2001:db8::7".parse().unwrap()));
        let unknown = Xclient::parse("ADDR=[UNAVAILABLE] HELO=[tempunavail]").unwrap();
        assert_eq!(unknown, Xclient::default());
        for wrong in ["ADDR", "ADDR=", "ADDR=spike.test", "WHO=me", "HELO=+4", "HELO=a+0Ab", "=x"] {
            assert_eq!(Xclient::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_passed_on_is_read_again(
            address: Option<IpAddr>,
            helo in proptest::option::of("[^\\p{Cc}]{1,80}"),
        ) {
            let said = Xclient { address, helo };
            prop_assert_eq!(Xclient::parse(&said.attributes()), Some(said));
        }

        #[test]
        fn nothing_breaks_it(text: String) {
            let _ = Xclient::parse(&text);
        }
    }
}
