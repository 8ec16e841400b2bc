//! What the domain says about its mail in text records, as far as the DNS alone shows it.

use super::facts::{Answer, Data, Kind, Role};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

const NO_DOMAIN: &[&str] = &["dns.exists", "dns.servfail"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "spf.one",
            title: "there is one SPF record at most",
            severity: Severity::Error,
            rfc: &["RFC 7208, 3.2", "RFC 7208, 4.5"],
            why: "With two, receivers take it that the domain is misconfigured, and may refuse its mail.",
            remedy: "Merge them into one.",
            blocked_by: NO_DOMAIN,
        },
        judge: spf_one,
    },
    Check {
        about: About {
            id: "sts.record",
            title: "there is one MTA-STS record at most, and it is well-formed",
            severity: Severity::Error,
            rfc: &["RFC 8461, 3.1"],
            why: "With several, or one that cannot be read, there is no policy.",
            remedy: "Publish one record: `v=STSv1; id=20260101;`.",
            blocked_by: NO_DOMAIN,
        },
        judge: sts_record,
    },
    Check {
        about: About {
            id: "tlsrpt.record",
            title: "the TLS reporting record is well-formed",
            severity: Severity::Info,
            rfc: &["RFC 8460, 3"],
            why: "Otherwise you do not hear when senders cannot encrypt.",
            remedy: "Publish one record: `v=TLSRPTv1; rua=mailto:...`.",
            blocked_by: NO_DOMAIN,
        },
        judge: tlsrpt_record,
    },
    Check {
        about: About {
            id: "tlsrpt.with-sts",
            title: "who has MTA-STS or DANE hears about its failures",
            severity: Severity::Notice,
            rfc: &["RFC 8460, 3"],
            why: "A policy or a TLSA record that does not fit keeps mail away, and only the senders know.",
            remedy: "Add `v=TLSRPTv1; rua=mailto:...` at _smtp._tls.",
            blocked_by: &["dns.exists", "dns.servfail", "sts.record", "tlsrpt.record"],
        },
        judge: tlsrpt_with_sts,
    },
    Check {
        about: About {
            id: "dmarc.exists",
            title: "there is a DMARC record",
            severity: Severity::Info,
            rfc: &["RFC 7489, 6.6.3"],
            why: "Without one others may use the domain as a sender, and nobody tells you.",
            remedy: "Publish one, beginning with `v=DMARC1; p=none; rua=mailto:...`.",
            blocked_by: NO_DOMAIN,
        },
        judge: dmarc_exists,
    },
];

/// How a record on MTA-STS begins. Case matters: RFC 8461, section 3.1.
const STS: &str = "v=STSv1";

/// The texts at a name that begin with this word, if anybody answered, and the question.
pub(super) fn texts<'a>(
    case: &Case<'a>,
    name: &str,
    begin: &str,
) -> Result<(Vec<String>, &'a Answer), String> {
    let own = case.asked(Role::Authority, name, Kind::Txt).filter(|answer| answer.is_settled());
    let cached = case.asked(Role::Resolver, name, Kind::Txt);
    let mut all = own.chain(cached).peekable();
    let first = all.peek().copied();
    match all.find(|answer| answer.is_settled()) {
        Some(answer) => {
            let text = |record: &super::facts::Record| match &record.data {
                Data::Txt(text) => Some(text.clone()),
                _ => None,
            };
            let begins = |text: &String| {
                let rest = text.get(begin.len()..).unwrap_or_default();
                let is_whole = rest.is_empty() || rest.starts_with([' ', ';', '\t']);
                text.get(..begin.len()).is_some_and(|t| t.eq_ignore_ascii_case(begin)) && is_whole
            };
            Ok((answer.records().filter_map(text).filter(begins).collect(), answer))
        }
        None => {
            let why = first.map(|answer| match answer.reply() {
                Some(reply) => format!("{} answers {}", answer.server, reply.rcode),
                None => answer.silence().map(ToString::to_string).unwrap_or_default(),
            });
            Err(why.unwrap_or_else(|| "it was not asked for".to_owned()))
        }
    }
}

fn amiss(fault: Fault, answer: &Answer) -> Judged {
    Judged::Amiss(vec![fault.seen(std::slice::from_ref(&answer.id))])
}

fn spf_one(case: &Case) -> Judged {
    let name = &case.facts.domain;
    match texts(case, name, "v=spf1") {
        Err(why) => Judged::Unknown(format!("the text records of {name}: {why}")),
        Ok((found, answer)) if found.len() > 1 => {
            let message = format!("{name} has {} SPF records", found.len());
            amiss(Fault::of(name, message).got(found.join(" | ")), answer)
        }
        Ok((found, _)) if found.is_empty() => Judged::Nothing("there is no SPF record"),
        Ok(_) => Judged::Ok,
    }
}

/// The field of a record of the form `v=...; name=value; ...`.
fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.split(';').find_map(|field| {
        let (key, value) = field.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// Does the domain say that it has a policy?
pub(super) fn has_sts_record(case: &Case) -> bool {
    let name = format!("_mta-sts.{}", case.facts.domain);
    let has_some = |found: &[String]| found.iter().any(|text| text.starts_with(STS));
    texts(case, &name, STS).is_ok_and(|(found, _)| has_some(&found))
}

/// The id of its record, where there is one record and it has one.
pub(super) fn sts_id(case: &Case) -> Option<String> {
    let name = format!("_mta-sts.{}", case.facts.domain);
    match texts(case, &name, STS).ok()?.0.as_slice() {
        [one] if one.starts_with(STS) => field(one, "id").map(str::to_owned),
        _ => None,
    }
}

fn sts_record(case: &Case) -> Judged {
    let name = format!("_mta-sts.{}", case.facts.domain);
    let (found, answer) = match texts(case, &name, STS) {
        Err(why) => return Judged::Unknown(format!("the text records of {name}: {why}")),
        Ok(told) => told,
    };
    let is_id =
        |id: &str| (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    match found.as_slice() {
        [] => Judged::Nothing("there is no MTA-STS record"),
        [one] if !one.starts_with(STS) => {
            let message =
                format!("the record at {name} does not begin with {STS}, in these letters");
            amiss(Fault::of(name, message).got(one), answer)
        }
        [one] if field(one, "id").is_some_and(is_id) => Judged::Ok,
        [one] => {
            let message = format!("the record at {name} has no id of 1 to 32 letters and digits");
            amiss(Fault::of(name, message).got(one), answer)
        }
        several => {
            let message = format!("{name} has {} MTA-STS records", several.len());
            amiss(Fault::of(name, message).got(several.join(" | ")), answer)
        }
    }
}

fn tlsrpt_record(case: &Case) -> Judged {
    let name = format!("_smtp._tls.{}", case.facts.domain);
    let (found, answer) = match texts(case, &name, "v=TLSRPTv1") {
        Err(why) => return Judged::Unknown(format!("the text records of {name}: {why}")),
        Ok(told) => told,
    };
    let is_sink = |rua: &str| {
        rua.split(',').all(|uri| {
            let uri = uri.trim();
            uri.starts_with("mailto:") || uri.starts_with("https:")
        })
    };
    match found.as_slice() {
        [] => Judged::Nothing("there is no TLS reporting record"),
        [one] if field(one, "rua").is_some_and(is_sink) => Judged::Ok,
        [one] => {
            let message = format!("the record at {name} names nobody to report to");
            amiss(Fault::of(name, message).got(one), answer)
        }
        several => {
            let message = format!("{name} has {} TLS reporting records", several.len());
            amiss(Fault::of(name, message).got(several.join(" | ")), answer)
        }
    }
}

fn tlsrpt_with_sts(case: &Case) -> Judged {
    let name = &case.facts.domain;
    let what = match (has_sts_record(case), super::dane::protected(case)) {
        (true, _) => "an MTA-STS record".to_owned(),
        (false, Some(target)) => format!("a server with TLSA records, {target}"),
        (false, None) => return Judged::Nothing("there is no MTA-STS record, nor DANE"),
    };
    let at = format!("_smtp._tls.{name}");
    match texts(case, &at, "v=TLSRPTv1") {
        Err(why) => Judged::Unknown(format!("the text records of {at}: {why}")),
        Ok((found, answer)) if found.is_empty() => {
            let message = format!("{name} has {what}, and nobody is told of failures");
            amiss(Fault::of(at, message), answer)
        }
        Ok(_) => Judged::Ok,
    }
}

fn dmarc_exists(case: &Case) -> Judged {
    let name = format!("_dmarc.{}", case.facts.domain);
    match texts(case, &name, "v=DMARC1") {
        Err(why) => Judged::Unknown(format!("the text records of {name}: {why}")),
        Ok((found, answer)) if found.is_empty() && !is_covered_from_above(case) => {
            amiss(Fault::of(&name, format!("there is no DMARC record at {name}")), answer)
        }
        Ok(_) => Judged::Ok,
    }
}

/// RFC 7489, section 6.6.3: a domain that has no record goes by that of the organization's domain above it.
fn is_covered_from_above(case: &Case) -> bool {
    let has_record = |above: &str| {
        let name = format!("_dmarc.{above}");
        texts(case, &name, "v=DMARC1").is_ok_and(|(found, _)| !found.is_empty())
    };
    organizations(&case.facts.domain).any(has_record)
}

/// The names above a domain that may be an organization's: not a top-level domain.
pub fn organizations(domain: &str) -> impl Iterator<Item = &str> {
    let names = std::iter::successors(above(domain), |name| above(name));
    names.filter(|name| name.contains('.'))
}

fn above(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, above)| above)
}
