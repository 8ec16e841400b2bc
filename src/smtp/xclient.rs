//! XCLIENT: a server that stands in front says for whom it speaks. Postfix's extension; its attributes
//! are `NAME=value`, the values xtext (RFC 3461, section 4), or `[UNAVAILABLE]` and `[TEMPUNAVAIL]`.

use std::net::IpAddr;

use super::xtext;

/// What may stand in the line, as EHLO lists it.
pub const OFFER: &str = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

/// What is said of one attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attribute<T> {
    /// Nothing: what was said of it before holds.
    #[default]
    Unsaid,
    /// That it is not known.
    Unknown,
    /// This.
    Known(T),
}

impl<T> Attribute<T> {
    /// Puts it in the place of what was known before.
    pub fn replace(self, known: &mut Option<T>) {
        match self {
            Attribute::Unsaid => {}
            Attribute::Unknown => *known = None,
            Attribute::Known(value) => *known = Some(value),
        }
    }
}

/// Whom a caller speaks for, as far as it says so. A caller may need several lines for all that it has
/// to say: what one of them leaves out stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xclient {
    /// ADDR: the address of the host that called it.
    pub address: Attribute<IpAddr>,
    /// HELO: what that host called itself.
    pub helo: Attribute<String>,
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
                        Some(value) => Attribute::Known(address(&value)?),
                        None => Attribute::Unknown,
                    };
                }
                "HELO" => {
                    let helo = value.filter(|helo| !helo.is_empty());
                    said.helo = helo.map_or(Attribute::Unknown, Attribute::Known);
                }
                "NAME" | "PORT" | "PROTO" | "LOGIN" | "DESTADDR" | "DESTPORT" => {}
                _ => return None,
            }
        }
        Some(said)
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
        use Attribute::{Known, Unknown};
        let said = Xclient::parse("NAME=spike.test ADDR=192.0.2.7 HELO=a+2Bb port=40000").unwrap();
        assert_eq!(said.address, Known("192.0.2.7".parse().unwrap()));
        assert_eq!(said.helo, Known("a+b".to_owned()));
        let sixth = Xclient::parse("ADDR=IPV6:2001:db8::7 NAME=[UNAVAILABLE]").unwrap();
        assert_eq!(sixth.address, Known("2001:db8::7".parse().unwrap()));
        let unknown = Xclient::parse("ADDR=[UNAVAILABLE] HELO=[tempunavail]").unwrap();
        assert_eq!(unknown, Xclient { address: Unknown, helo: Unknown });
        assert_eq!(Xclient::parse("PROTO=ESMTP"), Some(Xclient::default()));
        for wrong in ["ADDR", "ADDR=", "ADDR=spike.test", "WHO=me", "HELO=+4", "HELO=a+0Ab", "=x"] {
            assert_eq!(Xclient::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_not_said_stays_as_it_was() {
        let mut known = Some(1);
        Attribute::Unsaid.replace(&mut known);
        assert_eq!(known, Some(1));
        Attribute::Known(2).replace(&mut known);
        assert_eq!(known, Some(2));
        Attribute::Unknown.replace(&mut known);
        assert_eq!(known, None);
    }

    proptest! {
        #[test]
        fn what_is_said_is_read(address: IpAddr, helo in "[^\\p{Cc}]{1,80}") {
            let family = if address.is_ipv6() { "IPV6:" } else { "" };
            let line = format!("ADDR={family}{address} HELO={}", xtext::encoded(&helo));
            let said = Xclient { address: Attribute::Known(address), helo: Attribute::Known(helo) };
            prop_assert_eq!(Xclient::parse(&line), Some(said));
        }

        #[test]
        fn nothing_breaks_it(text: String) {
            let _ = Xclient::parse(&text);
        }
    }
}
