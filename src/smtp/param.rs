//! The parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC 6531),
//! RET, ENVID, NOTIFY and ORCPT (RFC 3461), AUTH (RFC 4954).
//!
//! xtext values are kept as they came: they are passed on, not interpreted.

use std::fmt;

/// What MAIL's BODY parameter says of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Body {
    /// Lines of US-ASCII. What is meant when nothing is said.
    #[default]
    SevenBit,
    /// Lines with octets beyond 127. RFC 6152.
    EightBit,
    /// Any octets, no line structure; only BDAT can carry it. RFC 3030.
    Binary,
}

/// How much of the mail a failure notice returns. RFC 3461, section 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// All of it.
    Full,
    /// The header only.
    Headers,
}

/// When a recipient's fate is to be told. RFC 3461, section 4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Notify {
    /// Told when delivered.
    pub success: bool,
    /// Told when it failed.
    pub failure: bool,
    /// Told when it takes long.
    pub delay: bool,
}

/// MAIL's parameters.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MailParams {
    /// Declared size in octets, without dot stuffing.
    pub size: Option<u64>,
    /// What kind of content was declared.
    pub body: Body,
    /// The envelope or header may hold UTF-8.
    pub smtputf8: bool,
    /// What a failure notice should return.
    pub ret: Option<Ret>,
    /// The sender's own name for the transaction, xtext.
    pub envid: Option<Box<str>>,
}

/// RCPT's parameters.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RcptParams {
    /// When to tell the sender; `None` means the default, `Some` of all false means NEVER.
    pub notify: Option<Notify>,
    /// The recipient as first given: `type;xtext`.
    pub orcpt: Option<Box<str>>,
}

/// Why parameters were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadParam {
    /// A known parameter with a value that its RFC does not allow, or given twice: 501.
    Value(&'static str),
    /// A parameter of no extension we know: 555. RFC 5321, section 4.1.1.11.
    Unknown,
}

impl MailParams {
    /// Reads what stands behind the reverse-path.
    ///
    /// # Errors
    /// [`BadParam`] for the first parameter that cannot stand.
    pub fn parse(text: &str) -> Result<MailParams, BadParam> {
        let mut params = MailParams::default();
        let mut seen = Vec::new();
        for (key, value) in each(text) {
            let name = params.take(key, value)?;
            if seen.contains(&name) {
                return Err(BadParam::Value(name));
            }
            seen.push(name);
        }
        Ok(params)
    }

    fn take(&mut self, key: &str, value: Option<&str>) -> Result<&'static str, BadParam> {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        if is("SIZE") {
            self.size = Some(size(value)?);
            Ok("SIZE")
        } else if is("BODY") {
            self.body = body(value)?;
            Ok("BODY")
        } else if is("SMTPUTF8") {
            self.smtputf8 = value.is_none().then_some(true).ok_or(BadParam::Value("SMTPUTF8"))?;
            Ok("SMTPUTF8")
        } else if is("RET") {
            self.ret = Some(ret(value)?);
            Ok("RET")
        } else if is("ENVID") {
            self.envid = Some(xtext(value, 100).ok_or(BadParam::Value("ENVID"))?);
            Ok("ENVID")
        } else if is("AUTH") {
            // Anyone offering AUTH must accept it and may ignore it. RFC 4954, section 5.
            xtext(value, 500).ok_or(BadParam::Value("AUTH"))?;
            Ok("AUTH")
        } else {
            Err(BadParam::Unknown)
        }
    }
}

impl RcptParams {
    /// Reads what stands behind the forward-path.
    ///
    /// # Errors
    /// [`BadParam`] for the first parameter that cannot stand.
    pub fn parse(text: &str) -> Result<RcptParams, BadParam> {
        let mut params = RcptParams::default();
        for (key, value) in each(text) {
            if key.eq_ignore_ascii_case("NOTIFY") && params.notify.is_none() {
                params.notify = Some(notify(value)?);
            } else if key.eq_ignore_ascii_case("ORCPT") && params.orcpt.is_none() {
                params.orcpt = Some(orcpt(value)?);
            } else if key.eq_ignore_ascii_case("NOTIFY") || key.eq_ignore_ascii_case("ORCPT") {
                return Err(BadParam::Value("given twice"));
            } else {
                return Err(BadParam::Unknown);
            }
        }
        Ok(params)
    }
}

/// `KEY` and `KEY=value`, separated by blanks.
fn each(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.split(' ').filter(|word| !word.is_empty()).map(|word| match word.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (word, None),
    })
}

/// Up to 20 digits. RFC 1870, section 4.
fn size(value: Option<&str>) -> Result<u64, BadParam> {
    let digits =
        value.filter(|v| (1..=20).contains(&v.len()) && v.bytes().all(|b| b.is_ascii_digit()));
    // Twenty digits may pass 2^64: larger than anything we take, and refused as such.
    digits.map(|v| v.parse().unwrap_or(u64::MAX)).ok_or(BadParam::Value("SIZE"))
}

fn body(value: Option<&str>) -> Result<Body, BadParam> {
    match value {
        Some(v) if v.eq_ignore_ascii_case("7BIT") => Ok(Body::SevenBit),
        Some(v) if v.eq_ignore_ascii_case("8BITMIME") => Ok(Body::EightBit),
        Some(v) if v.eq_ignore_ascii_case("BINARYMIME") => Ok(Body::Binary),
        _ => Err(BadParam::Value("BODY")),
    }
}

fn ret(value: Option<&str>) -> Result<Ret, BadParam> {
    match value {
        Some(v) if v.eq_ignore_ascii_case("FULL") => Ok(Ret::Full),
        Some(v) if v.eq_ignore_ascii_case("HDRS") => Ok(Ret::Headers),
        _ => Err(BadParam::Value("RET")),
    }
}

/// NEVER stands alone; the others may be combined. RFC 3461, section 4.1.
fn notify(value: Option<&str>) -> Result<Notify, BadParam> {
    let bad = BadParam::Value("NOTIFY");
    let value = value.filter(|v| v.len() <= 28).ok_or(bad)?;
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(notify);
    }
    for word in value.split(',') {
        match word {
            w if w.eq_ignore_ascii_case("SUCCESS") => notify.success = true,
            w if w.eq_ignore_ascii_case("FAILURE") => notify.failure = true,
            w if w.eq_ignore_ascii_case("DELAY") => notify.delay = true,
            _ => return Err(bad),
        }
    }
    Ok(notify)
}

/// `addr-type ";" xtext`. RFC 3461, section 4.2; RFC 6533 adds `utf-8` with UTF-8 inside.
fn orcpt(value: Option<&str>) -> Result<Box<str>, BadParam> {
    let bad = BadParam::Value("ORCPT");
    let value = value.filter(|v| v.len() <= 500).ok_or(bad)?;
    let (kind, address) = value.split_once(';').ok_or(bad)?;
    let atom = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // What needs SMTPUTF8 is told by the session: it knows whether MAIL asked for that.
    let ascii = address.is_ascii() || kind.eq_ignore_ascii_case("utf-8");
    let legal = atom && ascii && is_xtext(address);
    if legal { Ok(value.into()) } else { Err(bad) }
}

fn xtext(value: Option<&str>, limit: usize) -> Option<Box<str>> {
    value.filter(|v| v.len() <= limit && v.is_ascii() && is_xtext(v)).map(Into::into)
}

/// Visible characters, each `+` before two hexadecimal digits. RFC 3461, section 4. `=` is outside xtext
/// proper but seen in ENVID from real senders, and cannot break a command line.
fn is_xtext(text: &str) -> bool {
    let visible =
        |c: char| c.is_ascii_graphic() || (!c.is_ascii() && !c.is_control() && !c.is_whitespace());
    let hex = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    !text.is_empty() && text.chars().all(visible) && text.split('+').skip(1).all(hex)
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Body::SevenBit => "7BIT",
            Body::EightBit => "8BITMIME",
            Body::Binary => "BINARYMIME",
        })
    }
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ret::Full => "FULL",
            Ret::Headers => "HDRS",
        })
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let mut separator = "";
        for (_, word) in words.iter().filter(|(wanted, _)| *wanted) {
            write!(f, "{separator}{word}")?;
            separator = ",";
        }
        if separator.is_empty() { f.write_str("NEVER") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_parameters_are_read() {
        let p = MailParams::parse("SIZE=10 body=8bitmime SMTPUTF8 RET=HDRS ENVID=a+2Bb AUTH=<>")
            .unwrap();
        assert_eq!(
            (p.size, p.body, p.smtputf8, p.ret),
            (Some(10), Body::EightBit, true, Some(Ret::Headers))
        );
        assert_eq!(p.envid.as_deref(), Some("a+2Bb"));
    }

    #[test]
    fn mail_parameters_that_cannot_stand() {
        for bad in
            ["SIZE=", "SIZE=-1", "SIZE=1x", "SIZE", "BODY=XX", "SMTPUTF8=1", "RET=XX", "ENVID="]
        {
            assert!(matches!(MailParams::parse(bad), Err(BadParam::Value(_))), "{bad}");
        }
        assert!(matches!(MailParams::parse("SIZE=1 SIZE=1"), Err(BadParam::Value("SIZE"))));
        assert_eq!(MailParams::parse("TRANSID=<a@b>"), Err(BadParam::Unknown));
        assert_eq!(MailParams::parse("SIZE=99999999999999999999").unwrap().size, Some(u64::MAX));
    }

    #[test]
    fn never_stands_alone() {
        assert_eq!(RcptParams::parse("NOTIFY=NEVER").unwrap().notify, Some(Notify::default()));
        assert!(RcptParams::parse("NOTIFY=NEVER,SUCCESS").is_err());
        let p = RcptParams::parse("NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c").unwrap();
        assert_eq!(p.notify.unwrap().to_string(), "SUCCESS,DELAY");
        assert_eq!(p.orcpt.as_deref(), Some("rfc822;a+2Bb@c"));
        assert!(RcptParams::parse("ORCPT=abc").is_err());
        assert!(RcptParams::parse("NOTIFY=DELAY NOTIFY=DELAY").is_err());
    }
}
