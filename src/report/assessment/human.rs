//! For people: a picture of who gets the mail, what is wrong and what to do, and a line at the end.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Wish, Wording, amiss, counted, shown_domain};
use crate::finding::{Assessment, Class, Conclusion, Finding, Route, Severity, Status};
use crate::smtp::escape::Escaped;

pub(super) struct Human {
    wish: Wish,
    domains: usize,
    bad: usize,
}

const HEADINGS: &[(&str, &str)] = &[
    ("in", "Input"),
    ("dns", "Reaching it"),
    ("ns", "Zone and delegation"),
    ("target", "Targets"),
    ("mx", "Routing"),
    ("ptr", "Reverse names"),
    ("dnssec", "Signatures"),
    ("dane", "Signatures"),
    ("ttl", "Times to live"),
    ("spf", "Policy records"),
    ("sts", "Policy records"),
    ("tlsrpt", "Policy records"),
    ("dmarc", "Policy records"),
    ("smtp25", "Where mail arrives"),
    ("odmr", "Where mail is fetched"),
    ("prov", "At the provider"),
    ("watch", "Since before"),
    ("", OTHERS),
];

/// What stands under no heading of its own is told all the same.
const OTHERS: &str = "Others";

impl Human {
    pub(super) fn new(wish: Wish) -> Human {
        Human { wish, domains: 0, bad: 0 }
    }

    fn painted(&self, style: Style, text: &str) -> String {
        match self.wish.colour {
            true => format!("{}{text}{}", style.render(), style.render_reset()),
            false => text.to_owned(),
        }
    }

    fn severity(&self, severity: Severity) -> String {
        let colour = match severity {
            Severity::Critical | Severity::Error => AnsiColor::Red,
            Severity::Warning => AnsiColor::Yellow,
            Severity::Notice => AnsiColor::Cyan,
            Severity::Info => AnsiColor::White,
        };
        let style = Style::new().fg_color(Some(colour.into()));
        let style = if severity == Severity::Critical { style.bold() } else { style };
        self.painted(style, &format!("{:<8}", severity.word()))
    }

    fn verdict(&self, assessment: &Assessment) -> String {
        let (words, colour) = match assessment.verdict {
            Conclusion::Ok => ("ok", AnsiColor::Green),
            Conclusion::Fail => ("FAIL", AnsiColor::Red),
            Conclusion::NoDomain => ("FAIL: there is no such domain", AnsiColor::Red),
            Conclusion::Unreachable => ("UNKNOWN: nobody answered", AnsiColor::Yellow),
            Conclusion::Unknown => ("UNKNOWN", AnsiColor::Yellow),
        };
        self.painted(Style::new().fg_color(Some(colour.into())).bold(), words)
    }

    fn finding(&self, out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
        let message = Escaped::text(&finding.message);
        writeln!(out, "  {} {}: {message}", self.severity(finding.severity), finding.id)?;
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "           -> {}", Escaped::text(remedy))?;
        }
        Ok(())
    }

    fn findings(&self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        let amiss = amiss(assessment);
        let mut told: Vec<&str> = Vec::new();
        for (_, heading) in HEADINGS {
            if told.contains(heading) {
                continue;
            }
            told.push(heading);
            let is_of = |finding: &&&Finding| heading_of(finding) == *heading;
            let mut of_group = amiss.iter().filter(is_of).peekable();
            if of_group.peek().is_some() {
                writeln!(out, "\n{heading}")?;
            }
            for finding in of_group {
                self.finding(out, finding)?;
            }
        }
        Ok(())
    }

    fn unclear(&self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        let mut unclear = assessment.checks.iter().filter(|f| f.status == Status::Unknown);
        if let Some(first) = unclear.next() {
            writeln!(out, "\nNot found out")?;
            for finding in std::iter::once(first).chain(unclear) {
                let message = Escaped::text(&finding.message);
                writeln!(out, "  unknown  {}: {message}", finding.id)?;
            }
        }
        Ok(())
    }

    /// One line for all that a finding above explains.
    fn folded(&self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        let mut causes: Vec<(&str, usize)> = Vec::new();
        for cause in assessment.checks.iter().filter_map(|finding| finding.blocked_by) {
            match causes.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, count)) => *count += 1,
                None => causes.push((cause, 1)),
            }
        }
        if !causes.is_empty() {
            let told = causes.iter().map(|(cause, count)| format!("{count} after {cause}"));
            writeln!(out, "\nNot judged: {}", told.collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }

    fn in_order(&self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        if !self.wish.verbose {
            return Ok(());
        }
        writeln!(out, "\nThe rest")?;
        let quiet = |f: &&Finding| {
            f.status == Status::Ok || f.status == Status::Skipped && f.blocked_by.is_none()
        };
        for finding in assessment.checks.iter().filter(quiet) {
            let message = Escaped::text(&finding.message);
            writeln!(out, "  {:<8} {}: {message}", finding.status.word(), finding.id)?;
        }
        writeln!(out, "\nWho said what")?;
        for vantage in &assessment.vantages {
            let name = vantage.server.as_deref().unwrap_or("-");
            let said = match vantage.mx.is_empty() {
                true => vantage.rcode.clone(),
                false => vantage.mx.join(", "),
            };
            let (name, said) = (Escaped::text(name), Escaped::text(&said));
            writeln!(out, "  {} {name} {}: {said}", vantage.kind, vantage.addr)?;
        }
        for call in &assessment.calls {
            let (host, said) = (Escaped::text(&call.host), Escaped::text(&call.said));
            write!(out, "  {} {host} {} port {}: {said}", call.purpose, call.addr, call.port)?;
            if let Some(tls) = &call.tls {
                write!(out, "; {}", Escaped::text(tls))?;
            }
            match call.cert_days {
                Some(days) => writeln!(out, ", certificate for {days} days")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}

fn heading_of(finding: &Finding) -> &'static str {
    let group = finding.id.split('.').next().unwrap_or_default();
    HEADINGS.iter().find(|(known, _)| *known == group).map_or(OTHERS, |(_, heading)| heading)
}

/// The hosts in the order in which senders try them.
fn picture(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let routes = &assessment.mx;
    if routes.is_empty() {
        return Ok(());
    }
    let name = |route: &Route| match route.target.as_str() {
        "" => "(takes no mail)".to_owned(),
        target => Escaped::text(target).to_string(),
    };
    let addrs = |route: &Route| match route.addrs.as_slice() {
        [] if route.class == Class::Unknown => "address not known".to_owned(),
        [] => "no address".to_owned(),
        [one] => one.to_string(),
        [one, rest @ ..] => format!("{one} +{}", rest.len()),
    };
    let widest = |cell: &dyn Fn(&Route) -> String| {
        routes.iter().map(|route| cell(route).chars().count()).max().unwrap_or_default()
    };
    let (names, places) = (widest(&name), widest(&addrs));
    writeln!(out)?;
    for (n, route) in routes.iter().enumerate() {
        let lead = match (n, routes.len()) {
            (0, 1) => "senders ----",
            (0, _) => "senders --+-",
            _ => "          +-",
        };
        let share = match route.share_percent {
            0 if route.addrs.is_empty() && route.class != Class::Unknown => {
                "nobody is there".to_owned()
            }
            0 => "when those above are away".to_owned(),
            share => format!("{share}%"),
        };
        let whose = match route.class {
            Class::Any => String::new(),
            class => format!("  {}", class.word()),
        };
        let line = format!(
            "  {lead}> {:>5}  {:<names$}  {:<places$}  {share}{whose}",
            route.pref,
            name(route),
            addrs(route),
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// How far a change has come.
fn watched(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    let Some(watched) = &assessment.watch else { return Ok(()) };
    writeln!(out, "\nWho shows it")?;
    for witness in &watched.vantages {
        let name = witness.server.as_deref().map(|name| format!("{} ", Escaped::text(name)));
        let had = match &witness.old {
            Some(old) => format!(": had {}", Escaped::text(old)),
            None => String::new(),
        };
        let left = match (witness.ttl_left_s, witness.forgets_at) {
            (Some(left), Some(at)) => format!(", for {left} s more, until {at}"),
            (Some(left), None) => format!(", and gave it away for {left} s"),
            (None, _) => String::new(),
        };
        let left = if witness.old.is_some() { left } else { String::new() };
        let (state, name) = (witness.state.word(), name.unwrap_or_default());
        writeln!(out, "  {state:<8} {} {name}{}{had}{left}", witness.kind, witness.addr)?;
    }
    match watched.cache_horizon {
        Some(until) => {
            writeln!(out, "No cache that keeps the rules has the old ones after {until}")
        }
        None if watched.vantages.iter().any(|witness| witness.old.is_some()) => {
            writeln!(out, "How long caches may have the old ones is not known yet")
        }
        None => Ok(()),
    }
}

impl Wording for Human {
    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        self.domains += 1;
        let is_bad = assessment.verdict != Conclusion::Ok;
        self.bad += usize::from(is_bad);
        if self.wish.quiet && !is_bad {
            return Ok(());
        }
        if self.domains > 1 {
            writeln!(out)?;
        }
        let domain = shown_domain(&assessment.domain);
        let wanted = match assessment.expected.names.is_empty() {
            true => assessment.expected.addrs.join(", "),
            false => assessment.expected.names.join(", "),
        };
        let wanted = match wanted.as_str() {
            "" => String::new(),
            wanted => format!(", all mail to {}", Escaped::text(wanted)),
        };
        writeln!(out, "{domain}{wanted}: {}", self.verdict(assessment))?;
        picture(out, assessment)?;
        watched(out, assessment)?;
        self.findings(out, assessment)?;
        self.unclear(out, assessment)?;
        self.folded(out, assessment)?;
        self.in_order(out, assessment)?;
        writeln!(out, "\n{}", counted(assessment))
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.wish.many && !self.wish.quiet {
            let good = self.domains - self.bad;
            writeln!(out, "\n{} domains: {good} ok, {} not", self.domains, self.bad)?;
        }
        Ok(())
    }
}
