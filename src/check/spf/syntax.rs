//! Whether the terms of an SPF record are such. RFC 7208, section 12: one mistake anywhere and the whole record is
//! a permanent error (section 4.6), whatever would have been made of the rest.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The first term of a record that is none.
pub(super) fn mistake(record: &str) -> Option<&str> {
    let terms = record.get("v=spf1".len()..).unwrap_or_default();
    let mut once: Vec<String> = Vec::new();
    terms.split([' ', '\t']).filter(|term| !term.is_empty()).find(|term| {
        let name = modifier(term).map(|(name, _)| name.to_ascii_lowercase());
        // RFC 7208, section 6: each of these stands once at most.
        let is_second = name.as_ref().is_some_and(|name| once.contains(name));
        once.extend(name.filter(|name| matches!(name.as_str(), "redirect" | "exp")));
        is_second || !is_term(term)
    })
}

/// A modifier's name and value.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let at = term.find([':', '=', '/'])?;
    let (name, value) = (term.get(..at)?, term.get(at..)?.strip_prefix('=')?);
    let is_rest = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet);
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic());
    (is_name && name.bytes().all(is_rest)).then_some((name, value))
}

fn is_term(term: &str) -> bool {
    if let Some((name, value)) = modifier(term) {
        let needs_value = ["redirect", "exp"].iter().any(|word| name.eq_ignore_ascii_case(word));
        return is_macro(value) && !(needs_value && value.is_empty());
    }
    let bare = term.strip_prefix(['+', '-', '~', '?']).unwrap_or(term);
    let (name, rest) = bare.split_at(bare.find([':', '/']).unwrap_or(bare.len()));
    let spec = rest.strip_prefix(':');
    let is_spec = |spec: &str| !spec.is_empty() && is_macro(spec);
    match name.to_ascii_lowercase().as_str() {
        "all" => rest.is_empty(),
        "include" | "exists" => spec.is_some_and(is_spec),
        "ptr" => rest.is_empty() || spec.is_some_and(is_spec),
        "a" | "mx" => is_host(rest),
        "ip4" => spec.is_some_and(|spec| {
            let (address, length) = split(spec, "/");
            address.parse::<Ipv4Addr>().is_ok() && length.is_none_or(|length| is_length(length, 32))
        }),
        "ip6" => spec.is_some_and(|spec| {
            let (address, length) = split(spec, "/");
            let is_fine = length.is_none_or(|length| is_length(length, 128));
            address.parse::<Ipv6Addr>().is_ok() && is_fine
        }),
        _ => false,
    }
}

/// What follows `a` and `mx`: `:example.org`, `/24`, `:example.org/24//64`.
fn is_host(rest: &str) -> bool {
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let cut = |text| match split_last(text, "//") {
        (before, Some(length)) if is_number(&length) => (before, Some(length)),
        _ => (text, None),
    };
    let (rest, six) = cut(rest);
    let (rest, four) = match split_last(rest, "/") {
        (before, Some(length)) if is_number(&length) => (before, Some(length)),
        _ => (rest, None),
    };
    let is_name = match rest.strip_prefix(':') {
        Some(spec) => !spec.is_empty() && is_macro(spec),
        None => rest.is_empty(),
    };
    is_name
        && six.is_none_or(|length| is_length(length, 128))
        && four.is_none_or(|length| is_length(length, 32))
}

fn split<'a>(text: &'a str, at: &str) -> (&'a str, Option<&'a str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

fn split_last<'a>(text: &'a str, at: &str) -> (&'a str, Option<&'a str>) {
    text.rsplit_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// A prefix's length, without zeros before it.
fn is_length(text: &str, most: u8) -> bool {
    let is_plain = text == "0" || !text.starts_with(['0', '+']);
    is_plain && text.parse::<u8>().is_ok_and(|length| length <= most)
}

/// Letters that are seen, with macros that are such. RFC 7208, section 7.1.
fn is_macro(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some((octet, behind)) = rest.split_first() {
        rest = behind;
        if !octet.is_ascii_graphic() {
            return false;
        }
        if *octet != b'%' {
            continue;
        }
        rest = match rest.split_first() {
            Some((b'%' | b'_' | b'-', behind)) => behind,
            Some((b'{', behind)) => {
                let Some(end) = behind.iter().position(|octet| *octet == b'}') else {
                    return false;
                };
                if !is_inside(&behind[..end]) {
                    return false;
                }
                &behind[end + 1..]
            }
            _ => return false,
        };
    }
    true
}

/// What stands between the braces of a macro.
fn is_inside(text: &[u8]) -> bool {
    let Some((letter, rest)) = text.split_first() else { return false };
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let rest = &rest[digits..];
    let rest = rest.strip_prefix(b"r").or(rest.strip_prefix(b"R")).unwrap_or(rest);
    b"slodiphcrtv".contains(&letter.to_ascii_lowercase())
        && rest.iter().all(|octet| b".-+,/_=".contains(octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_term_is_taken() {
        for term in [
            "all",
            "-ALL",
            "a",
            "mx/24",
            "a//64",
            "a/24//64",
            "a:example.org/0",
            "mx:%{d2}/32//128",
            "ip4:192.0.2.1",
            "ip4:192.0.2.0/32",
            "ip6:2001:db8::/128",
            "ip6:::ffff:192.0.2.1",
            "include:_spf.example.org",
            "exists:%{ir}.%{v}._spf.%{d/}",
            "ptr",
            "ptr:example.org",
            "redirect=_spf.example.org",
            "exp=%{i}%%%_%-.example.org",
            "op=none",
            "x-y.z=",
            "a:foo_bar.example.org",
        ] {
            assert!(is_term(term), "{term}");
        }
    }

    #[test]
    fn what_is_none_is_told() {
        for term in [
            "foo:bar",
            "foo",
            "ip4",
            "ip4:",
            "ip4:1.2.3.4/33",
            "ip4:1.2.3.4/024",
            "ip4:1.2.3",
            "ip4:2001:db8::1",
            "ip6:2001:db8::/129",
            "ip6:192.0.2.1",
            "ip6:2001:db8::/",
            "a/33",
            "a:",
            "a//129",
            "a/x",
            "a/24/24",
            "mx:/24",
            "include",
            "include:",
            "exists",
            "ptr:",
            "all:x",
            "-",
            "redirect=",
            "exp=",
            "1x=y",
            "a:%{x}.org",
            "a:%{d",
            "a:%",
            "++all",
        ] {
            let record = format!("v=spf1 a {term} -all");
            assert_eq!(mistake(&record), Some(term));
        }
        let twice = "v=spf1 redirect=a.org Redirect=b.org";
        assert_eq!(mistake(twice), Some("Redirect=b.org"));
        assert_eq!(mistake("v=spf1 x=1 x=2 -all"), None);
        assert_eq!(mistake("v=spf1"), None);
    }
}
