//! Which host a message came from before the provider had it, as the provider's own Received field tells.
//! RFC 5321, section 4.4.

use std::net::IpAddr;

use mail_parser::{HeaderName, HeaderValue, Host, MessageParser, Protocol, Received};

/// A host that gave a message to somebody whose Received field is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its address.
    pub address: IpAddr,
    /// Its name, where that somebody had asked for it and it proved true.
    pub name: Option<String>,
    /// What it called itself.
    pub helo: Option<String>,
}

/// What one field tells.
enum Told {
    Origin(Origin),
    /// That it went from one program to another.
    Within,
    Nothing,
}

impl Origin {
    /// Reads it from a header, or as much of one as there is. The topmost `ours` Received fields are
    /// passed over, and so are those of a host's own filters, who speak to it from loopback or by LMTP.
    pub fn read(header: &[u8], ours: usize) -> Option<Origin> {
        let message =
            MessageParser::new().header_received(HeaderName::Received).parse_headers(header)?;
        let told = message.headers().iter().filter(|field| field.name == HeaderName::Received);
        let mut told = told.skip(ours).map(|field| match &field.value {
            HeaderValue::Received(received) if is_inner(received) => Told::Within,
            HeaderValue::Received(received) => {
                Origin::of(received).map_or(Told::Nothing, Told::Origin)
            }
            _ => Told::Nothing,
        });
        match told.find(|told| !matches!(told, Told::Within))? {
            Told::Origin(origin) => Some(origin),
            _ => None,
        }
    }

    fn of(received: &Received<'_>) -> Option<Origin> {
        let domain = |host: &Host<'_>| match host {
            Host::Name(name) => Some(name.to_string()),
            Host::IpAddr(_) => None,
        };
        let literal = |host: &Host<'_>| match host {
            Host::Name(_) => None,
            Host::IpAddr(address) => Some(*address),
        };
        let helo = received.helo.as_ref().or(received.from.as_ref());
        let address = received.from_ip.or_else(|| received.from.as_ref().and_then(literal))?;
        let bare = |name: &str| name.trim_end_matches('.').to_owned();
        let plain =
            |text: &String| text.len() <= 255 && text.bytes().all(|octet| octet.is_ascii_graphic());
        Some(Origin {
            address: address.to_canonical(),
            name: received.from_iprev.as_deref().map(bare).filter(plain),
            helo: helo.and_then(domain).filter(plain),
        })
    }
}

fn is_inner(received: &Received<'_>) -> bool {
    let from = received.from_ip.map(|address| address.to_canonical());
    let lmtp = received.with.is_some_and(|protocol| {
        use Protocol::*;
        matches!(
            protocol,
            LMTP | LMTPA | LMTPS | LMTPSA | UTF8LMTP | UTF8LMTPA | UTF8LMTPS | UTF8LMTPSA
        )
    });
    lmtp || from.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(fields: &str, ours: usize) -> Option<Origin> {
        Origin::read(format!("{fields}Subject: x\r\n\r\nReceived: none\r\n").as_bytes(), ours)
    }

    #[track_caller]
    fn tells(said: &str, address: &str, name: Option<&str>, helo: Option<&str>) {
        let origin = read(&format!("Received: {said}; Mon, 2 Nov 2026 10:00:00 +0000\r\n"), 0);
        let (name, helo) = (name.map(str::to_owned), helo.map(str::to_owned));
        assert_eq!(
            origin,
            Some(Origin { address: address.parse().unwrap(), name, helo }),
            "{said}"
        );
    }

    #[test]
    fn every_servers_way_of_telling_is_understood() {
        let (four, six, helo) = ("192.0.2.7", "2001:db8::7", Some("a.example"));
        let named = Some("mail.example.net");
        let by = "\r\n\tby mx.provider.test";
        let postfix = format!("{by} (Postfix) with ESMTPS id 4X\r\n\tfor <b@c.test>");
        tells(
            &format!("from a.example (mail.example.net [192.0.2.7]){postfix}"),
            four,
            named,
            helo,
        );
        tells(&format!("from a.example (unknown [192.0.2.7]){postfix}"), four, None, helo);
        tells(
            &format!("from a.example (mail.example.net [IPv6:2001:db8::7]){postfix}"),
            six,
            named,
            helo,
        );
        // The one that we are ourselves.
        tells(&format!("from a.example ([192.0.2.7]){by} with ESMTP id 01K"), four, None, helo);
        tells(&format!("from a.example ([IPv6:2001:db8::7]){by} with ESMTP"), six, None, helo);
        // Exim
        let exim = format!("{by} with esmtps (TLS1.3)\r\n\t(Exim 4.98) id 1u");
        tells(&format!("from [192.0.2.7] (helo=a.example){exim}"), four, None, helo);
        tells(
            &format!("from mail.example.net ([192.0.2.7] helo=a.example){exim}"),
            four,
            None,
            helo,
        );
        // qmail, Google, MDaemon, Exchange
        tells(
            &format!("from unknown (HELO a.example) (192.0.2.7){by} with SMTP"),
            four,
            None,
            helo,
        );
        tells(
            &format!("from a.example (mail.example.net. [192.0.2.7]){by} with ESMTPS id x"),
            four,
            named,
            helo,
        );
        tells(&format!("from [192.0.2.7]{by} (MDaemon) with ESMTP id md5"), four, None, None);
        tells(
            &format!("from a.example ([192.0.2.7]){by} with Microsoft SMTPSVC(6.0.3790.4675)"),
            four,
            None,
            helo,
        );
    }

    #[test]
    fn our_own_and_those_of_filters_are_passed_over_and_no_others() {
        let field = |from: &str| format!("Received: from h.test ([{from}]) by p.test; x\r\n");
        let address = |fields: &str, ours| read(fields, ours).map(|origin| origin.address);
        let fields = [
            field("198.51.100.1"),
            field("127.0.0.1"),
            field("::ffff:127.0.0.1"),
            field("10.0.0.9"),
        ]
        .concat();
        assert_eq!(address(&fields, 0), Some("198.51.100.1".parse().unwrap()));
        assert_eq!(address(&fields, 1), Some("10.0.0.9".parse().unwrap()));
        assert_eq!(address(&fields, 4), None);
        // What lies behind one that tells nothing could be anybody's.
        let silent = format!("Received: by p.test (Postfix, from userid 0); x\r\n{fields}");
        assert_eq!(address(&silent, 0), None);
        assert_eq!(address("", 0), None);
        let lmtp = format!("Received: from p.test by p.test with LMTP id 1; x\r\n{fields}");
        assert_eq!(address(&lmtp, 0), Some("198.51.100.1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn nothing_in_a_header_breaks_it(text in "(Received: [ -~\r\n\t]{0,200}){0,3}") {
            let _ = Origin::read(text.as_bytes(), 1);
        }
    }
}
