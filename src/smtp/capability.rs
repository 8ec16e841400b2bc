//! What an EHLO reply offers. RFC 5321, section 4.1.1.1, and each extension's own RFC.
//!
//! Reading is lenient, because the servers are out there: keywords in any case, `AUTH=LOGIN`, a
//! closing line that just says `OK`, keywords nobody has heard of.

use super::reply::Reply;

/// What SIZE says. RFC 1870, section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeLimit {
    /// `SIZE` alone, or `SIZE 0`: the parameter is understood, no limit is stated.
    Unstated,
    /// No content of more octets will be taken.
    Octets(u64),
}

/// RFC 9422: how much of each one session or transaction may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Limits {
    /// Transactions in a session.
    pub mailmax: Option<u64>,
    /// Recipients in a transaction.
    pub rcptmax: Option<u64>,
    /// Recipient domains in a transaction; an entry of our queue has one.
    pub rcptdomainmax: Option<u64>,
}

/// Our private keyword's parameters; see `odmr-xodmr(7)`. Unknown words are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Xodmr {
    /// Whole transactions may be streamed under a window; messages of more octets than this only
    /// once their envelope is accepted.
    pub stream: Option<u64>,
    /// The reversed session may stay open for mail yet to arrive.
    pub stay: bool,
    /// The 250 to ATRN counts what waits.
    pub count: bool,
}

/// One EHLO reply, understood.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The server's own name: the first word of the first line.
    pub name: String,
    /// RFC 2920.
    pub pipelining: bool,
    /// RFC 1870.
    pub size: Option<SizeLimit>,
    /// RFC 6152.
    pub eight_bit_mime: bool,
    /// RFC 6531.
    pub smtputf8: bool,
    /// RFC 3030.
    pub chunking: bool,
    /// RFC 3030.
    pub binarymime: bool,
    /// RFC 3461.
    pub dsn: bool,
    /// RFC 2034.
    pub enhanced_status_codes: bool,
    /// RFC 3207.
    pub starttls: bool,
    /// SASL mechanisms in capitals, in the order offered, from `AUTH` and `AUTH=`. RFC 4954.
    pub auth: Vec<String>,
    /// RFC 2645.
    pub atrn: bool,
    /// RFC 821's TURN, as Exchange lists it.
    pub turn: bool,
    /// RFC 9422.
    pub limits: Limits,
    /// RFC 1845.
    pub checkpoint: bool,
    /// The attributes of XCLIENT, Postfix's, in capitals; empty where it is not offered.
    pub xclient: Vec<String>,
    /// Our own.
    pub xodmr: Option<Xodmr>,
    /// Every keyword line as it came, for whoever wants to show them.
    pub lines: Vec<String>,
}

impl Capabilities {
    /// What a positive reply to EHLO offers.
    pub fn from_ehlo(reply: &Reply) -> Capabilities {
        let mut lines = reply.text.split('\n');
        let greeting = lines.next().unwrap_or("");
        let name = greeting.split(' ').next().unwrap_or("").to_owned();
        let mut offered = Capabilities { name, ..Capabilities::default() };
        lines.for_each(|line| offered.keyword(line));
        offered
    }

    /// What a HELO reply offers: nothing but a name.
    pub fn from_helo(reply: &Reply) -> Capabilities {
        let name = reply.text.split([' ', '\n']).next().unwrap_or("").to_owned();
        Capabilities { name, ..Capabilities::default() }
    }

    fn keyword(&mut self, line: &str) {
        let line = line.trim_end();
        self.lines.push(line.to_owned());
        let upper = line.to_ascii_uppercase();
        let mut words = upper.split([' ', '=']).filter(|word| !word.is_empty());
        match words.next().unwrap_or("") {
            "PIPELINING" => self.pipelining = true,
            "SIZE" => self.size = Some(size(words.next())),
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "CHUNKING" => self.chunking = true,
            "BINARYMIME" => self.binarymime = true,
            "DSN" => self.dsn = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "STARTTLS" => self.starttls = true,
            "AUTH" => self.mechanisms(words),
            "ATRN" => self.atrn = true,
            "TURN" => self.turn = true,
            "LIMITS" => self.limits = limits(&upper),
            "CHECKPOINT" => self.checkpoint = true,
            "XCLIENT" => self.xclient = words.map(str::to_owned).collect(),
            "XODMR" => self.xodmr = Some(xodmr(upper.split(' ').skip(1))),
            _ => {}
        }
    }

    fn mechanisms<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            if !self.auth.iter().any(|known| known == word) {
                self.auth.push(word.to_owned());
            }
        }
    }
}

fn size(word: Option<&str>) -> SizeLimit {
    match word.and_then(|digits| digits.parse().ok()) {
        None | Some(0) => SizeLimit::Unstated,
        Some(octets) => SizeLimit::Octets(octets),
    }
}

fn limits(line: &str) -> Limits {
    let value = |name: &str| {
        let found =
            line.split(' ').filter_map(|word| word.split_once('=')).find(|(key, _)| *key == name);
        // A limit of nought would mean "send nothing"; take it as a slip, not as an order.
        found.and_then(|(_, digits)| digits.parse().ok()).filter(|limit| *limit > 0)
    };
    Limits {
        mailmax: value("MAILMAX"),
        rcptmax: value("RCPTMAX"),
        rcptdomainmax: value("RCPTDOMAINMAX"),
    }
}

fn xodmr<'a>(words: impl Iterator<Item = &'a str>) -> Xodmr {
    let mut offered = Xodmr::default();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "STREAM" => offered.stream = Some(stream(value)),
            "STAY" => offered.stay = true,
            "COUNT" => offered.count = true,
            _ => {}
        }
    }
    offered
}

/// No value: no limit. One that nobody understands: nothing goes without being asked for.
fn stream(value: &str) -> u64 {
    if value.is_empty() { u64::MAX } else { value.parse().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ehlo(text: &'static str) -> Capabilities {
        Capabilities::from_ehlo(&Reply::plain(250, text))
    }

    #[test]
    fn an_exchange_list_with_its_oddities() {
        let offered = ehlo(
            "ex1.example.test Hello [192.0.2.7]\nTURN\nATRN\nSIZE 2097152\nETRN\nPIPELINING \nDSN\n\
            ENHANCEDSTATUSCODES\n8bitmime\nBINARYMIME\nCHUNKING\nVRFY\nX-EXPS GSSAPI NTLM LOGIN\nX-EXPS=LOGIN\n\
            AUTH GSSAPI NTLM LOGIN\nAUTH=LOGIN\nX-LINK2STATE\nXEXCH50\nOK",
        );
        assert!(
            offered.turn
                && offered.atrn
                && offered.eight_bit_mime
                && offered.pipelining
                && offered.chunking
        );
        assert_eq!(offered.auth, ["GSSAPI", "NTLM", "LOGIN"]);
        assert_eq!(offered.size, Some(SizeLimit::Octets(2_097_152)));
        assert_eq!(offered.name, "ex1.example.test");
    }

    #[test]
    fn size_without_number_or_zero_states_no_limit() {
        for text in ["x\nSIZE", "x\nSIZE 0", "x\nSIZE abc"] {
            assert_eq!(ehlo(text).size, Some(SizeLimit::Unstated));
        }
        assert_eq!(ehlo("x").size, None);
    }

    #[test]
    fn limits_and_our_keyword() {
        let offered = ehlo("x\nLIMITS MAILMAX=1000 RCPTMAX=0 RCPTDOMAINMAX=1\nXODMR STREAM FUTURE");
        assert_eq!(
            offered.limits,
            Limits { mailmax: Some(1000), rcptmax: None, rcptdomainmax: Some(1) }
        );
        assert_eq!(offered.xodmr, Some(Xodmr { stream: Some(u64::MAX), ..Xodmr::default() }));
    }
}
