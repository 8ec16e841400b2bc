//! Trace fields. RFC 5321, section 4.4; RFC 3848 and RFC 6531 for the `with` keywords.

use std::net::IpAddr;

use jiff::Timestamp;

/// How a mail came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// EHLO or LHLO, not HELO.
    pub extended: bool,
    /// LMTP rather than SMTP.
    pub lmtp: bool,
    /// SMTPUTF8 was asked for.
    pub utf8: bool,
    /// TLS was on.
    pub tls: bool,
    /// The sender had authenticated.
    pub authenticated: bool,
}

impl Protocol {
    /// The keyword behind `with`.
    pub fn keyword(self) -> String {
        let base = match self {
            Protocol { lmtp: true, utf8: true, .. } => "UTF8LMTP",
            Protocol { lmtp: true, .. } => "LMTP",
            Protocol { utf8: true, .. } => "UTF8SMTP",
            Protocol { extended: true, .. } => "ESMTP",
            Protocol { .. } => return "SMTP".to_owned(),
        };
        let tls = if self.tls { "S" } else { "" };
        let auth = if self.authenticated { "A" } else { "" };
        format!("{base}{tls}{auth}")
    }
}

/// What one Received field says.
#[derive(Clone, Debug)]
pub struct Received<'a> {
    /// The name the client gave, already restricted to printable ASCII by [`safe_name`].
    pub helo: &'a str,
    /// The client's address.
    pub ip: IpAddr,
    /// Our own name.
    pub by: &'a str,
    /// How it came in.
    pub protocol: Protocol,
    /// TLS version and cipher suite, for the reader's eye.
    pub tls: Option<&'a str>,
    /// The queue id.
    pub id: &'a str,
    /// The recipient, when there is only one: more would tell them of each other.
    pub recipient: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

impl Received<'_> {
    /// The field, folded, CRLF at its end.
    pub fn to_field(&self) -> String {
        let address = match self.ip {
            IpAddr::V4(ip) => format!("[{ip}]"),
            IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
        };
        let tls = self.tls.map(|tls| format!(" ({tls})")).unwrap_or_default();
        let recipient =
            self.recipient.map(|path| format!("\r\n\tfor <{path}>")).unwrap_or_default();
        format!(
            "Received: from {} ({address})\r\n\tby {} with {}{tls} id {}{recipient};\r\n\t{}\r\n",
            self.helo,
            self.by,
            self.protocol.keyword(),
            self.id,
            date(self.at),
        )
    }
}

/// A date as RFC 5322, section 3.3 writes it, in UTC.
pub fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A HELO argument made fit for a trace field: what is neither a letter, digit nor one of
/// `.-_:[]` becomes `?`, and it is cut at 255 octets.
pub fn safe_name(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    name.chars().take(255).map(|c| if legal(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_of_rfc_3848() {
        let plain =
            Protocol { extended: true, lmtp: false, utf8: false, tls: false, authenticated: false };
        assert_eq!(plain.keyword(), "ESMTP");
        assert_eq!(Protocol { tls: true, ..plain }.keyword(), "ESMTPS");
        assert_eq!(Protocol { tls: true, authenticated: true, ..plain }.keyword(), "ESMTPSA");
        assert_eq!(Protocol { utf8: true, tls: true, ..plain }.keyword(), "UTF8SMTPS");
        assert_eq!(Protocol { extended: false, ..plain }.keyword(), "SMTP");
        assert_eq!(Protocol { lmtp: true, tls: true, ..plain }.keyword(), "LMTPS");
    }

    #[test]
    fn a_field_is_folded_and_dated() {
        let field = Received {
            helo: &safe_name("mx\r\n.test"),
            ip: "192.0.2.7".parse().unwrap(),
            by: "odmr.example.net",
            protocol: Protocol {
                extended: true,
                lmtp: false,
                utf8: false,
                tls: true,
                authenticated: false,
            },
            tls: Some("TLSv1.3"),
            id: "01ABC",
            recipient: Some("a@example.org"),
            at: Timestamp::from_second(0).unwrap(),
        };
        assert_eq!(
            field.to_field(),
            "Received: from mx??.test ([192.0.2.7])\r\n\tby odmr.example.net with ESMTPS (TLSv1.3) id 01ABC\
             \r\n\tfor <a@example.org>;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n"
        );
    }
}
