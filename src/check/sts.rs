//! MTA-STS: what a domain's policy says, and whether it is about the hosts that take its mail. RFC 8461.

use std::fmt;

use super::case::listed;
use super::dnssec::targets;
use super::facts::{Fetched, Missed, Policed};
use super::policy::has_sts_record;
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

const NO_RECORD: &[&str] = &["dns.exists", "dns.servfail", "sts.record"];
const NO_POLICY: &[&str] = &["dns.exists", "dns.servfail", "sts.record", "sts.fetch", "sts.syntax"];

/// A day, seconds.
const SHORT: u64 = 86_400;
/// A year, about, seconds. RFC 8461, section 3.2.
const LONGEST: u64 = 31_557_600;
/// More mistakes in a policy are not told.
const MOST_MISTAKES: usize = 10;

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "sts.fetch",
            title: "the MTA-STS policy can be fetched",
            severity: Severity::Error,
            rfc: &["RFC 8461, 3.3"],
            why: "A policy that nobody can read protects nothing, and senders keep an old one as long as it lasts.",
            remedy: "Serve it at https://mta-sts.DOMAIN/.well-known/mta-sts.txt: a good certificate, 200, text/plain, no redirect.",
            blocked_by: NO_RECORD,
        },
        judge: fetch,
    },
    Check {
        about: About {
            id: "sts.syntax",
            title: "the MTA-STS policy is well-formed",
            severity: Severity::Error,
            rfc: &["RFC 8461, 3.2"],
            why: "Of a policy with a mistake in it senders take nothing.",
            remedy: "Write `version: STSv1`, `mode: enforce`, an `mx:` line for each host, and `max_age: 604800`.",
            blocked_by: &["dns.exists", "dns.servfail", "sts.record", "sts.fetch"],
        },
        judge: syntax,
    },
    Check {
        about: About {
            id: "sts.mx-match",
            title: "the MTA-STS policy names every target",
            severity: Severity::Critical,
            rfc: &["RFC 8461, 4.1"],
            why: "Senders that enforce it bring nothing to a host that it does not name.",
            remedy: "Add an `mx:` line for the host, and change the id of the record at _mta-sts.",
            blocked_by: &[
                "dns.exists",
                "dns.servfail",
                "target.none",
                "target.implicit",
                "target.nullmx",
                "target.dangling",
                "target.ip-literal",
                "mx.missing-dot",
                "mx.near-miss",
                "sts.record",
                "sts.fetch",
                "sts.syntax",
            ],
        },
        judge: mx_match,
    },
    Check {
        about: About {
            id: "sts.covers-new",
            title: "the MTA-STS policy names the expected server",
            severity: Severity::Warning,
            rfc: &["RFC 8461, 8.1"],
            why: "When the MX records change to it, senders that still have the policy bring it nothing.",
            remedy: "Add it, change the id, and wait for max_age before you change the MX records.",
            blocked_by: NO_POLICY,
        },
        judge: covers_new,
    },
    Check {
        about: About {
            id: "sts.max-age",
            title: "the MTA-STS policy lasts between a day and a year",
            severity: Severity::Notice,
            rfc: &["RFC 8461, 3.2", "RFC 8461, 10"],
            why: "A short one is gone when somebody keeps senders from reading it; a long one is hard to correct.",
            remedy: "Use 604800 or more once all is stable, and no more than 31557600.",
            blocked_by: NO_POLICY,
        },
        judge: max_age,
    },
];

/// What senders do with a host that does not fit. RFC 8461, section 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bring it nothing.
    Enforce,
    /// Tell the domain, and bring the mail.
    Testing,
    /// Nothing: there is no policy any more.
    None,
}

/// A host, or all that have one label more than this name. RFC 8461, section 4.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    any: bool,
    name: String,
}

impl Pattern {
    /// Reads `mail.example.org` or `*.example.org`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let (any, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        let is_label =
            |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_letter);
        match name.len() <= 253 && name.split('.').all(is_label) {
            true => Ok(Pattern { any, name: name.to_ascii_lowercase() }),
            false => Err("expected a host like mail.example.org, or *.example.org".to_owned()),
        }
    }

    /// Is this host meant?
    pub fn matches(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        match (self.any, host.split_once('.')) {
            (false, _) => host == self.name,
            (true, Some((label, rest))) => !label.is_empty() && rest == self.name,
            (true, None) => false,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.any { "*." } else { "" }, self.name)
    }
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How strict.
    pub mode: Mode,
    /// The hosts that may take the mail.
    pub mx: Vec<Pattern>,
    /// How long it may be kept, seconds.
    pub max_age: u64,
}

/// A mistake: the line, or 0 for what is not there at all, and what it is.
pub type Mistake = (usize, String);

impl Rules {
    /// Reads a policy. Of a field that is there twice the first counts, and fields that nobody knows are passed
    /// over; RFC 8461, section 3.2.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(text: &str) -> Result<Rules, Vec<Mistake>> {
        let mut draft = Draft::default();
        // Empty lines at the end do no harm, in the middle they are none of the grammar's.
        let text = text.trim_end_matches(['\r', '\n', ' ', '\t']);
        for (at, line) in text.split('\n').enumerate() {
            draft.line(at + 1, line.strip_suffix('\r').unwrap_or(line));
        }
        draft.done()
    }
}

#[derive(Default)]
struct Draft {
    version: Option<()>,
    mode: Option<Option<Mode>>,
    mx: Vec<Pattern>,
    max_age: Option<Option<u64>>,
    mistakes: Vec<Mistake>,
}

impl Draft {
    fn line(&mut self, at: usize, line: &str) {
        let Some((key, value)) = line.split_once(':') else {
            return self.mistake(at, format!("{line:?} is no `name: value`"));
        };
        let value = value.trim_matches([' ', '\t']);
        match key {
            "version" if self.version.is_none() => {
                self.version = Some(());
                if value != "STSv1" {
                    self.mistake(at, format!("the version is {value:?}; expected STSv1"));
                }
            }
            "mode" if self.mode.is_none() => self.mode(at, value),
            "max_age" if self.max_age.is_none() => self.max_age(at, value),
            "mx" => match Pattern::parse(value) {
                Ok(pattern) => self.mx.push(pattern),
                Err(what) => self.mistake(at, format!("{value:?}: {what}")),
            },
            key if is_key(key) => {}
            key => self.mistake(at, format!("{key:?} is no name of a field")),
        }
    }

    fn mode(&mut self, at: usize, value: &str) {
        let mode = match value {
            "enforce" => Some(Mode::Enforce),
            "testing" => Some(Mode::Testing),
            "none" => Some(Mode::None),
            _ => None,
        };
        if mode.is_none() {
            self.mistake(at, format!("the mode is {value:?}; expected enforce, testing or none"));
        }
        self.mode = Some(mode);
    }

    fn max_age(&mut self, at: usize, value: &str) {
        let is_number =
            (1..=10).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        let seconds = value.parse().ok().filter(|_| is_number);
        if seconds.is_none() {
            self.mistake(at, format!("max_age is {value:?}; expected seconds, like 604800"));
        }
        self.max_age = Some(seconds);
    }

    fn mistake(&mut self, at: usize, what: String) {
        if self.mistakes.len() < MOST_MISTAKES {
            self.mistakes.push((at, what));
        }
    }

    fn done(mut self) -> Result<Rules, Vec<Mistake>> {
        let missing = [
            (self.version.is_none(), "version"),
            (self.mode.is_none(), "mode"),
            (self.max_age.is_none(), "max_age"),
        ];
        for (_, name) in missing.iter().filter(|(is_missing, _)| *is_missing) {
            self.mistake(0, format!("it has no {name}"));
        }
        let mode = self.mode.flatten();
        if self.mx.is_empty() && mode.is_some_and(|mode| mode != Mode::None) {
            self.mistake(0, "it names no mx".to_owned());
        }
        match (mode, self.max_age.flatten()) {
            (Some(mode), Some(max_age)) if self.mistakes.is_empty() => {
                Ok(Rules { mode, mx: self.mx, max_age })
            }
            _ => Err(self.mistakes),
        }
    }
}

/// RFC 8461, section 3.2: sts-policy-ext-name.
fn is_key(key: &str) -> bool {
    let is_more = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.');
    let begins = key.bytes().next().is_some_and(|octet| octet.is_ascii_alphanumeric());
    key.len() <= 32 && begins && key.bytes().all(is_more)
}

const NO_STS: &str = "there is no MTA-STS record";

/// Does the domain have a record that says that there is a policy?
pub fn is_announced(case: &Case) -> bool {
    has_sts_record(case)
}

/// The policy, where one was asked for.
fn policed<'a>(case: &Case<'a>) -> Result<&'a Policed, Judged> {
    match (&case.facts.policy, has_sts_record(case)) {
        (Some(policed), _) => Ok(policed),
        (None, true) => Err(Judged::Unknown("the MTA-STS policy was not asked for".to_owned())),
        (None, false) => Err(Judged::Nothing(NO_STS)),
    }
}

fn amiss(policed: &Policed, message: String, got: &str) -> Judged {
    Judged::Amiss(vec![Fault::of(&policed.url, message).got(got).seen(&["sts".to_owned()])])
}

fn fetch(case: &Case) -> Judged {
    let policed = match policed(case) {
        Ok(policed) => policed,
        Err(judged) => return judged,
    };
    let page = "the MTA-STS policy";
    match &policed.outcome {
        Fetched::Page { status: 200, media, .. } if is_text(media) => Judged::Ok,
        Fetched::Page { status: 200, media, .. } => {
            let message = format!("{page} is sent as {media:?}, which is no text/plain");
            amiss(policed, message, media)
        }
        Fetched::Page { status, .. } => {
            let redirect =
                if (300..400).contains(status) { ", and no redirect is followed" } else { "" };
            amiss(
                policed,
                format!("{page} is answered with {status}{redirect}"),
                &status.to_string(),
            )
        }
        Fetched::Missed { kind: Missed::Unreached, why } => {
            Judged::Unknown(format!("{page} cannot be fetched from here: {why}"))
        }
        Fetched::Missed { why, .. } => {
            amiss(policed, format!("{page} cannot be fetched: {why}"), why)
        }
    }
}

/// RFC 8461, section 3.3: "text/plain", perhaps with its letters.
fn is_text(media: &str) -> bool {
    media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain")
}

fn rules(case: &Case) -> Result<Result<Rules, Vec<Mistake>>, Judged> {
    match &policed(case)?.outcome {
        Fetched::Page { status: 200, body, .. } => Ok(Rules::parse(body)),
        _ => Err(Judged::Nothing("there is no policy")),
    }
}

fn syntax(case: &Case) -> Judged {
    let mistakes = match rules(case) {
        Ok(Ok(_)) => return Judged::Ok,
        Ok(Err(mistakes)) => mistakes,
        Err(judged) => return judged,
    };
    let url = case.facts.policy.as_ref().map(|policed| policed.url.clone()).unwrap_or_default();
    let fault = |(line, what): Mistake| {
        let place = if line > 0 { format!("line {line}: ") } else { String::new() };
        Fault::of(&url, format!("the MTA-STS policy: {place}{what}")).seen(&["sts".to_owned()])
    };
    Judged::Amiss(mistakes.into_iter().map(fault).collect())
}

/// The rules that servers are held to; otherwise why there are none.
pub(super) fn demanded(case: &Case) -> Result<Rules, Judged> {
    match rules(case)? {
        Ok(rules) if rules.mode == Mode::None => {
            Err(Judged::Nothing("the MTA-STS policy says that there is none"))
        }
        Ok(rules) => Ok(rules),
        Err(_) => Err(Judged::Nothing("the MTA-STS policy cannot be read")),
    }
}

/// Judges a policy that is one.
fn each(case: &Case, judge: impl Fn(&Rules) -> Vec<Fault>) -> Judged {
    match demanded(case) {
        Ok(rules) => Judged::by(judge(&rules)),
        Err(judged) => judged,
    }
}

fn named(rules: &Rules) -> String {
    listed(rules.mx.iter().map(ToString::to_string))
}

fn mx_match(case: &Case) -> Judged {
    each(case, |rules| {
        let fault = |target: &str| {
            let message = format!("the MTA-STS policy does not name {target}");
            let remedy =
                format!("Add `mx: {target}`, and change the id of the record at _mta-sts.");
            let fault = Fault::of(target, message).got(named(rules)).want(target).remedy(remedy);
            let fault = fault.seen(&["sts".to_owned()]);
            match rules.mode {
                Mode::Enforce => fault,
                _ => fault.at(Severity::Warning),
            }
        };
        let is_named = |target: &&str| rules.mx.iter().any(|pattern| pattern.matches(target));
        targets(case).into_iter().filter(|target| !is_named(target)).map(fault).collect()
    })
}

fn covers_new(case: &Case) -> Judged {
    if case.expect.expected_names().next().is_none() {
        return Judged::Nothing("no server is expected by name");
    }
    let current = targets(case);
    each(case, |rules| {
        let is_named = |name: &&str| rules.mx.iter().any(|pattern| pattern.matches(name));
        // Of one that takes the mail already another check speaks.
        let new = case.expect.expected_names().filter(|name| !current.contains(name));
        // Where another name stands for the same server, that one is called.
        let is_there = |name: &&str| {
            let addrs = &case.host(name).addrs;
            let has = |target: &&str| case.host(target).addrs.iter().any(|a| addrs.contains(a));
            current.iter().any(has)
        };
        let fault = |name: &str| {
            let message =
                format!("the MTA-STS policy does not name the expected server {name} yet");
            Fault::of(name, message).got(named(rules)).want(name).seen(&["sts".to_owned()])
        };
        new.filter(|name| !is_named(name) && !is_there(name)).map(fault).collect()
    })
}

fn max_age(case: &Case) -> Judged {
    each(case, |rules| {
        if (SHORT..=LONGEST).contains(&rules.max_age) {
            return Vec::new();
        }
        let message = format!("the MTA-STS policy lasts {} s", rules.max_age);
        let fault = Fault::of(&case.facts.domain, message).got(rules.max_age.to_string());
        vec![fault.want(format!("{SHORT} to {LONGEST}")).seen(&["sts".to_owned()])]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmx: *.example.net\r\n\
                        max_age: 604800\r\n";

    #[test]
    fn a_policy_is_read_as_the_rfc_has_it() {
        let rules = Rules::parse(GOOD).unwrap();
        assert_eq!((rules.mode, rules.mx.len(), rules.max_age), (Mode::Enforce, 2, 604_800));
        let unix = Rules::parse(&GOOD.replace("\r\n", "\n")).unwrap();
        assert_eq!(unix, rules);
        assert_eq!(Rules::parse(GOOD.trim_end()).unwrap(), rules, "without the last line's end");
        let more = format!("{GOOD}later.field: anything: at all\nmode: none\n\n");
        assert_eq!(Rules::parse(&more).unwrap(), rules, "the first mode counts");
        let none = Rules::parse("version:STSv1\nmode:none\nmax_age:86400").unwrap();
        assert_eq!((none.mode, none.mx.len()), (Mode::None, 0));
    }

    #[test]
    fn each_mistake_is_told_with_its_line() {
        let cases: &[(&str, &str, &[usize])] = &[
            ("version: STSv1", "version: STSv2", &[1]),
            ("version: STSv1\r\n", "", &[0]),
            ("mode: enforce", "mode: Enforce", &[2]),
            ("mode: enforce\r\n", "", &[0]),
            ("mail.example.org", "*.*.example.org", &[3]),
            ("mail.example.org", "mail.example.org.", &[3]),
            ("mail.example.org", "*", &[3]),
            ("604800", "a week", &[5]),
            ("604800", "-1", &[5]),
            ("604800", "99999999999", &[5]),
            ("mode:", "\r\nmode:", &[2]),
            ("mode:", "Mode :", &[2, 0]),
            ("mx: mail.example.org\r\nmx: *.example.net\r\n", "", &[0]),
        ];
        for (what, instead, lines) in cases {
            let mistakes = Rules::parse(&GOOD.replacen(what, instead, 1)).unwrap_err();
            let told: Vec<usize> = mistakes.iter().map(|(line, _)| *line).collect();
            assert_eq!(told, *lines, "{instead:?}: {mistakes:?}");
        }
        let page = Rules::parse(&"<html>\n".repeat(1000)).unwrap_err();
        assert_eq!(page.len(), MOST_MISTAKES);
    }

    fn host() -> impl proptest::strategy::Strategy<Value = String> {
        proptest::string::string_regex("[a-zA-Z0-9_-]{1,12}(\\.[a-zA-Z0-9-]{1,12}){0,4}").unwrap()
    }

    proptest::proptest! {
        #[test]
        fn a_name_is_itself_and_nobody_else(name in host(), other in host()) {
            let pattern = Pattern::parse(&name).unwrap();
            proptest::prop_assert!(pattern.matches(&name));
            proptest::prop_assert!(pattern.matches(&name.to_uppercase()));
            let prefixed = format!("a{}", name);
            let below = format!("a.{}", name);
            proptest::prop_assert!(!pattern.matches(&prefixed));
            proptest::prop_assert!(!pattern.matches(&below));
            proptest::prop_assert_eq!(pattern.matches(&other), name.eq_ignore_ascii_case(&other));
            proptest::prop_assert_eq!(Pattern::parse(&pattern.to_string()).unwrap(), pattern);
        }

        #[test]
        fn a_wildcard_is_one_label(name in host(), label in "[a-z0-9-]{1,9}", more in "[a-z0-9-]{1,9}") {
            let text = format!("*.{}", name);
            let pattern = Pattern::parse(&text).unwrap();
            let (one, two) = (format!("{label}.{name}"), format!("{more}.{label}.{name}"));
            proptest::prop_assert!(pattern.matches(&one));
            proptest::prop_assert!(!pattern.matches(&name));
            proptest::prop_assert!(!pattern.matches(&two));
            let without_label = format!(".{}", name);
            proptest::prop_assert!(!pattern.matches(&without_label));
            proptest::prop_assert_eq!(Pattern::parse(&pattern.to_string()).unwrap(), pattern);
        }

        #[test]
        fn any_page_is_read_or_told_what_is_wrong_with_it(text in ".{0,400}") {
            if let Err(mistakes) = Rules::parse(&text) {
                proptest::prop_assert!(!mistakes.is_empty());
            }
        }
    }
}
