//! What `mxcheck` does.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::books::Books;
use super::file::{Saved, Whole};
use super::state::{State, Was};
use super::watch::watch;
use super::{Asking, Calls, Cli, Colour, Judging, Output, Place, Wanted, calling, name};
use crate::cli::signal::{Signal, Signals};
use crate::cli::style::has_colour;
use crate::cli::{Refusal, tell};
use crate::exit::{Exit, Failure};
use crate::flow::check::evidence::{Reader, Unreadable};
use crate::flow::check::gather::{Plan, Word};
use crate::flow::check::resolver::{Lost, Named, Resolver};
use crate::flow::check::watch::Until;
use crate::flow::check::{
    About, Assessment, Conclusion, Expectation, Facts, Fetcher, Network, Policy, SCHEMAS, Severity,
    Standpoint, TlsClient, Trust, agreed, anchor_lines, checks, gather_all, is_special, judge,
    sts_remembered, system_resolvers,
};
use crate::report::assessment::{Form, Wish, Wording, plugin_exit, wording};
use crate::smtp::escape::Escaped;

/// More of a list of domains is not read, octets.
const LONGEST_LIST: u64 = 64 << 20;
/// More of a file with trust anchors is not read, octets.
const LONGEST_ANCHORS: u64 = 1 << 20;
/// More resolvers than these are not asked.
const MOST_RESOLVERS: usize = 16;
/// More mistakes in a list are only counted.
const MOST_MISTAKES: usize = 10;

/// Does what the command line says.
///
/// # Errors
/// [`Failure`] with what stood in the way.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    if let Some(id) = &cli.explain {
        return explain(id);
    }
    if cli.schema {
        return tell(SCHEMAS[0].1);
    }
    if cli.list_checks {
        return list_checks(&cli.output);
    }
    let is_plugin = cli.output.form() == Form::Nagios;
    match check(&cli) {
        // What such a check cannot find out is its fourth answer, and stands where the others do.
        Err(failure) if is_plugin => plugin_unknown(&failure.what),
        done => done,
    }
}

fn plugin_unknown(what: &str) -> Result<Exit, Failure> {
    let what =
        Escaped::text(&what.lines().next().unwrap_or_default().replace('|', "/")).to_string();
    tell(&format!("MX UNKNOWN - {what}\n"))?;
    Ok(Exit::Unknown)
}

/// Tells what is wrong with a command line, and how the program ends. Where a plugin's answer was asked for
/// it is the fourth, and stands where the others do.
pub fn refused(args: impl Iterator<Item = OsString>, refusal: &Refusal) -> Exit {
    let is_plugin = refusal.exit() == Exit::Usage && wants_plugin(args);
    let said = refusal.to_string();
    let said = said.strip_prefix("error: ").unwrap_or(&said);
    let told = is_plugin.then(|| plugin_unknown(said));
    refusal.print();
    match told {
        Some(Ok(exit)) => exit,
        _ => refusal.exit(),
    }
}

/// `--format nagios`, in any of the ways of writing it.
fn wants_plugin(args: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<String> = args.map(|word| word.to_string_lossy().into_owned()).collect();
    let is_one = |word: &String| {
        let value = word.strip_prefix("--format=").or_else(|| word.strip_prefix("-f"));
        value.is_some_and(|value| value.trim_start_matches('=') == "nagios")
    };
    let is_two =
        |two: &[String]| matches!(two[0].as_str(), "--format" | "-f") && two[1] == "nagios";
    words.iter().any(is_one) || words.windows(2).any(is_two)
}

fn explain(id: &str) -> Result<Exit, Failure> {
    let check = checks().find(|check| check.about.id == id);
    let about = &check.ok_or_else(|| Failure::new(Exit::Usage, "there is no such check"))?.about;
    let mut text = format!("{}: {}\n\n", about.id, about.title);
    text.push_str(&format!("Usually:    {}\n", about.severity));
    if !about.rfc.is_empty() {
        text.push_str(&format!("Written in: {}\n", about.rfc.join("; ")));
    }
    text.push_str(&format!("Why:        {}\nWhat to do: {}\n", about.why, about.remedy));
    if !about.blocked_by.is_empty() {
        text.push_str(&format!("Not judged: after {}\n", about.blocked_by.join(", ")));
    }
    tell(&text)
}

fn list_checks(output: &Output) -> Result<Exit, Failure> {
    let as_json = match output.form() {
        Form::Human => false,
        Form::Json | Form::Jsonl => true,
        _ => {
            let what = "--list-checks is written as human or jsonl only";
            return Err(Failure::new(Exit::Usage, what));
        }
    };
    let mut text = String::new();
    for about in checks().map(|check| &check.about) {
        if as_json {
            let line = serde_json::to_string(about);
            text.push_str(&line.map_err(|error| Failure::new(Exit::Software, error))?);
            text.push('\n');
        } else {
            let (id, severity) = (about.id, about.severity.word());
            text.push_str(&format!("{id:<24} {severity:<9} {}\n", about.title));
        }
    }
    let Some(path) = &output.output else { return tell(&text) };
    let mut whole = Whole::new(path)?;
    whole.write_all(text.as_bytes()).map_err(|error| whole.failure(&error))?;
    whole.end()?;
    Ok(Exit::Ok)
}

fn check(cli: &Cli) -> Result<Exit, Failure> {
    match &cli.replay {
        Some(file) => replay(cli, file)?.end(),
        None => ask(cli)?.end(),
    }
}

/// Judges again what was found out before.
fn replay(cli: &Cli, path: &Path) -> Result<Page, Failure> {
    let at = path.display();
    let wrong = |why: Unreadable| match why {
        Unreadable::Io(error) => Failure::new(Exit::Io, format!("{at}: {error}")),
        Unreadable::Format(line, what) => {
            let hint = "--replay reads what --save has written";
            Failure::new(Exit::Data, format!("{at}:{line}: {what}")).hint(Some(hint))
        }
    };
    let file = open(path)?;
    let mut reader = Reader::new(BufReader::new(file)).map_err(wrong)?;
    let mut expected = bounded(laid_over(reader.expected.clone(), &cli.wanted, &cli.calling))?;
    if cli.judging.trust_anchor.is_some() {
        expected.anchors = anchors(&cli.judging)?;
    }
    let mut page = Page::new(cli, reader.several)?;
    let mut count = 0;
    while let Some(facts) = reader.next_facts().map_err(wrong)? {
        count += 1;
        page.add(&facts, &expected)?;
    }
    match count {
        0 => Err(Failure::new(Exit::Data, format!("{at}: no domain is in it"))),
        _ => Ok(page),
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| {
        let exit = match error.kind() {
            io::ErrorKind::NotFound => Exit::NoInput,
            _ => Exit::Io,
        };
        Failure::new(exit, format!("{}: {error}", path.display()))
    })
}

/// Asks, and judges.
fn ask(cli: &Cli) -> Result<Page, Failure> {
    if cli.wanted.pin && cli.output.state.is_none() {
        return Err(Failure::new(Exit::Usage, "--pin needs --state FILE, where it was before"));
    }
    is_known_by_its_own_address(&cli.wanted)?;
    let books = books(cli)?;
    let domains = domains(cli, books.as_ref())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    let mut plan = plan(cli, &runtime)?;
    plan.own = books.as_ref().map(Books::own_servers).unwrap_or_default();
    let expected = with_books(expectation(&cli.wanted, &cli.calling), cli, books.as_ref())?;
    let expected = Arc::new(Expectation { anchors: anchors(&cli.judging)?, ..bounded(expected)? });
    can_be_watched(cli, &expected)?;
    let several = are_several(cli);
    let (state, save) = (cli.output.state.as_deref(), cli.output.save.as_deref());
    let mut state = state.map(|path| State::read(path, cli.wanted.pin)).transpose()?;
    let mut page = Page::new(cli, several)?;
    let mut saved = save.map(|path| Saved::new(path, &expected, several)).transpose()?;
    let wanted = Arc::clone(&expected);
    let is_kept = cli.output.save.is_some() || cli.output.state.is_some();
    let next = |mut facts: Facts| {
        facts.provision = books.as_ref().map(|books| books.of(&facts.domain));
        if let Some(state) = &mut state {
            let was = state.before(&facts.domain);
            (facts.before, facts.sts_before) = (was.mx, was.sts);
            let now = Was { mx: agreed(&facts), sts: sts_remembered(&facts) };
            state.note(&facts.domain, now);
        }
        if let Some(saved) = &mut saved {
            saved.add(&facts)?;
        }
        page.add(&facts, &wanted)?;
        match page.is_unheard() && !is_kept {
            true => Err(Failure::new(Exit::Ok, "nobody reads on")),
            false => Ok(()),
        }
    };
    let jobs = usize::from(cli.asking.jobs);
    let plan = Arc::new(plan);
    let all = async {
        if cli.watching.watch {
            let done = watch(domains, expected, plan, jobs, &cli.watching, next).await?;
            return Ok(Some(if done { Exit::Ok } else { Exit::TempFail }));
        }
        gather_all(domains, expected, plan, jobs, next).await.map(|()| None)
    };
    match runtime.block_on(unless_told_to_stop(all)) {
        Ok(ends) => page.ends = ends,
        // Nobody reads it, and nothing else is made of it.
        Err(_) if page.is_unheard() && !is_kept => {}
        Err(failure) => return Err(failure),
    }
    saved.map_or(Ok(()), Saved::end)?;
    state.map_or(Ok(()), State::end)?;
    Ok(page)
}

/// Is it about several domains, however many there are in the end?
fn are_several(cli: &Cli) -> bool {
    let all_of_the_books = cli.config.is_some() && cli.domains.is_empty();
    cli.from_file.is_some() || cli.domains.len() > 1 || all_of_the_books
}

/// Does it to the end, unless a signal comes; what was begun is put away then.
async fn unless_told_to_stop<T>(
    all: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut signals = Signals::new().map_err(|error| Failure::new(Exit::Os, error))?;
    tokio::select! {
        done = all => done,
        signal = signals.next() => {
            let exit = match signal {
                Signal::Interrupt => Exit::Interrupted,
                _ => Exit::Terminated,
            };
            Err(Failure::new(exit, "stopped before the end"))
        }
    }
}

/// Is there something to wait for, and somebody to show it?
fn can_be_watched(cli: &Cli, expected: &Expectation) -> Result<(), Failure> {
    let (watching, asking) = (&cli.watching, &cli.asking);
    let only_own = asking.authoritative || !asking.undelegated.is_empty();
    let what = match watching.until {
        _ if !watching.watch => return Ok(()),
        _ if expected.is_empty() => {
            "--watch waits until all mail goes somewhere: say --server NAME"
        }
        Until::Resolvers if only_own => "--until resolvers: none is asked about the domain",
        Until::Auth if asking.resolver_only => "--until auth: with --resolver-only none is asked",
        _ => return Ok(()),
    };
    Err(Failure::new(Exit::Usage, what))
}

fn books(cli: &Cli) -> Result<Option<Books>, Failure> {
    let Some(config) = &cli.config else { return Ok(None) };
    let listed = match &cli.inbound_list {
        Some(path) => listed(path)?,
        None => Vec::new(),
    };
    Ok(Some(Books::open(config, listed, cli.spool.as_deref())?))
}

/// What a provider's settings say of where mail should go, unless somebody says otherwise.
fn with_books(
    mut expected: Expectation,
    cli: &Cli,
    books: Option<&Books>,
) -> Result<Expectation, Failure> {
    let Some(books) = books else { return Ok(expected) };
    expected.role = cli.wanted.role.unwrap_or(Standpoint::Provider);
    if expected.is_empty() {
        let server = books.server().ok_or_else(|| {
            let what = "the settings do not say the server's name (hostname)";
            Failure::new(Exit::Usage, what).hint(Some("say --server NAME"))
        })?;
        expected.servers.push(server);
    }
    Ok(expected)
}

fn plan(cli: &Cli, runtime: &Runtime) -> Result<Plan, Failure> {
    let asking = &cli.asking;
    let mut plan = Plan::new(asking.timeout.get(), asking.retries.saturating_add(1));
    plan.word = match (asking.authoritative, asking.resolver_only) {
        // What resolvers say of a zone that is not live is not about it.
        _ if !asking.undelegated.is_empty() => Word::Authorities,
        (true, _) => Word::Authorities,
        (_, true) => Word::Resolvers,
        (false, false) => Word::Both,
    };
    (plan.v4, plan.v6) = (!asking.ipv6, !asking.ipv4);
    plan.undelegated = asking.undelegated.clone();
    plan.sts_server = asking.sts_server;
    let tls = match &asking.ca {
        Some(path) => TlsClient::new(&Trust::Roots(path.clone()), None),
        None => TlsClient::new(&Trust::Platform, None),
    };
    // Without the system's authorities nobody is asked who would need them.
    let tls = match (tls, &asking.ca) {
        (Err(why), Some(_)) => return Err(Failure::new(Exit::Config, why)),
        (tls, _) => tls.ok(),
    };
    if let Some(tls) = tls {
        plan.fetcher = Some(Fetcher::new(tls.clone(), asking.timeout.get()));
        plan.asker = plan.asker.with_tls(tls);
    }
    let family = if plan.v4 { 4 } else { 6 };
    plan.resolvers = found(resolvers(asking)?, &plan, runtime, asking.timeout.get())?;
    if plan.resolvers.is_empty() {
        let what = format!("no resolver can be asked over IPv{family} only");
        return Err(Failure::new(Exit::Usage, what).hint(Some("name one with --resolver")));
    }
    let is_reached = |(_, addr): &(String, IpAddr)| plan.reaches(*addr);
    if !plan.undelegated.is_empty() && !plan.undelegated.iter().any(is_reached) {
        let what = format!("no server of --undelegated can be asked over IPv{family} only");
        return Err(Failure::new(Exit::Usage, what));
    }
    plan.live = calling::live(cli)?.map(Arc::new);
    Ok(plan)
}

/// The addresses of resolvers; of the system's those that can be reached.
fn found(
    named: Vec<Named>,
    plan: &Plan,
    runtime: &Runtime,
    patience: std::time::Duration,
) -> Result<Vec<Resolver>, Failure> {
    let mut all = Vec::new();
    for named in named {
        if matches!(named, Named::At(at) if !plan.reaches(at.ip())) {
            continue;
        }
        let found = runtime.block_on(named.find(plan.v4, plan.v6, patience));
        let unknown = |lost| match lost {
            Lost::Nowhere(why) => Failure::new(Exit::NoHost, format!("--resolver: {why}")),
            Lost::Untold(why) => Failure::new(Exit::Unavailable, format!("--resolver: {why}")),
        };
        let found = found.map_err(unknown)?;
        if !all.contains(&found) {
            all.push(found);
        }
    }
    Ok(all)
}

/// The resolvers that were named, or the system's; no more of these than a resolver library asks.
fn resolvers(asking: &Asking) -> Result<Vec<Named>, Failure> {
    if !asking.resolver.is_empty() {
        let mut all: Vec<Named> = Vec::new();
        for named in &asking.resolver {
            if !all.contains(named) {
                all.push(named.clone());
            }
        }
        if all.len() > MOST_RESOLVERS {
            let what = format!("{} resolvers; no more than {MOST_RESOLVERS} are asked", all.len());
            return Err(Failure::new(Exit::Usage, what));
        }
        return Ok(all);
    }
    let found = system_resolvers().map_err(|why| {
        let what = format!("/etc/resolv.conf: {why}");
        Failure::new(Exit::Config, what).hint(Some("name one with --resolver"))
    })?;
    let (v4, v6) = (!asking.ipv6, !asking.ipv4);
    let may_be_asked = |at: &SocketAddr| if at.is_ipv4() { v4 } else { v6 };
    Ok(found.into_iter().filter(may_be_asked).map(Named::At).take(3).collect())
}

fn bounded(expected: Expectation) -> Result<Expectation, Failure> {
    match expected.is_too_much() {
        Some(what) => Err(Failure::new(Exit::Usage, what)),
        None => Ok(expected),
    }
}

fn networks(place: &Place) -> Vec<Network> {
    match place {
        Place::At(network) => vec![*network],
        Place::Here => own_addresses().into_iter().map(Network::from).collect(),
    }
}

/// The addresses from which this machine calls out. Nothing is sent to find them.
fn own_addresses() -> Vec<IpAddr> {
    let towards = |from: &str, to: &str| {
        let socket = UdpSocket::bind(from)?;
        socket.connect(to)?;
        socket.local_addr()
    };
    let found = [towards("0.0.0.0:0", "192.0.2.1:9"), towards("[::]:0", "[2001:db8::1]:9")];
    found.into_iter().flatten().map(|at| at.ip()).collect()
}

/// `--customer-addr self` is of use only where the world knows this machine by its own address.
fn is_known_by_its_own_address(wanted: &Wanted) -> Result<(), Failure> {
    if !wanted.customer_addr.contains(&Place::Here) {
        return Ok(());
    }
    let own = own_addresses();
    let hidden = own.iter().find(|address| is_special(**address));
    if hidden.is_none() && !own.is_empty() {
        return Ok(());
    }
    let what = match hidden {
        Some(address) => {
            format!(
                "--customer-addr self: this machine is {address}, by which nobody outside knows it"
            )
        }
        None => "--customer-addr self: this machine has no way out".to_owned(),
    };
    Err(Failure::new(Exit::Usage, what).hint(Some("say the public address")))
}

fn expectation(wanted: &Wanted, calling: &Calls) -> Expectation {
    Expectation {
        servers: wanted.server.iter().map(|server| server.name.clone()).collect(),
        names: wanted.expect_mx.clone(),
        networks: wanted.expect_addr.clone(),
        queues: wanted.queue_host.iter().map(|server| server.name.clone()).collect(),
        allowed: wanted.allow_mx.clone(),
        former: wanted.deny_mx.clone(),
        customer: wanted.customer_addr.iter().flat_map(networks).collect(),
        also: wanted.also.clone(),
        anchors: Vec::new(),
        lists: wanted.dnsbl.clone(),
        outbound: wanted.outbound,
        change_planned: wanted.planned_change,
        role: wanted.role.unwrap_or_default(),
        pinned: wanted.pin,
        min_size: calling.min_size.map(|size| size.0),
        poll_s: wanted.poll_interval.map(|poll| poll.get().as_secs()),
        outage_s: wanted.longest_outage.map(|outage| outage.get().as_secs()),
        max_size: calling.max_size.map(|size| size.0),
    }
}

/// The trust anchors that were named; none where none were.
fn anchors(judging: &Judging) -> Result<Vec<String>, Failure> {
    let Some(path) = &judging.trust_anchor else { return Ok(Vec::new()) };
    let at = path.display();
    let mut text = String::new();
    let read = open(path)?.take(LONGEST_ANCHORS).read_to_string(&mut text);
    read.map_err(|error| Failure::new(Exit::Io, format!("{at}: {error}")))?;
    let found = anchor_lines(&text)
        .map_err(|(line, what)| Failure::new(Exit::Data, format!("{at}:{line}: {what}")))?;
    match found.is_empty() {
        true => {
            let hint = "DS or DNSKEY records, one a line; ; begins a comment";
            Err(Failure::new(Exit::Data, format!("{at}: no trust anchor is in it"))
                .hint(Some(hint)))
        }
        false => Ok(found),
    }
}

/// What was expected when the facts were gathered, but for what is said now.
fn laid_over(before: Expectation, wanted: &Wanted, calling: &Calls) -> Expectation {
    fn said<T>(now: Vec<T>, before: Vec<T>) -> Vec<T> {
        if now.is_empty() { before } else { now }
    }
    let now = expectation(wanted, calling);
    Expectation {
        servers: said(now.servers, before.servers),
        names: said(now.names, before.names),
        networks: said(now.networks, before.networks),
        queues: said(now.queues, before.queues),
        allowed: said(now.allowed, before.allowed),
        former: said(now.former, before.former),
        customer: said(now.customer, before.customer),
        also: said(now.also, before.also),
        anchors: before.anchors,
        lists: said(now.lists, before.lists),
        outbound: now.outbound || before.outbound,
        change_planned: now.change_planned || before.change_planned,
        min_size: now.min_size.or(before.min_size),
        poll_s: now.poll_s.or(before.poll_s),
        outage_s: now.outage_s.or(before.outage_s),
        max_size: now.max_size.or(before.max_size),
        role: wanted.role.unwrap_or(before.role),
        pinned: now.pinned || before.pinned,
    }
}

/// The domains of the command line and of the list, each once.
fn domains(cli: &Cli, books: Option<&Books>) -> Result<Vec<String>, Failure> {
    let (mut domains, mut mistakes) = (Vec::new(), Vec::new());
    for text in &cli.domains {
        match name(text) {
            Ok(domain) => domains.push(domain),
            Err(why) => mistakes.push(format!("{text:?}: {why}")),
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::new(Exit::Usage, mistakes.join("\n")));
    }
    if let Some(path) = &cli.from_file {
        domains.extend(listed(path)?);
    }
    if let (true, Some(books)) = (domains.is_empty(), books) {
        domains = books.domains();
        if domains.is_empty() {
            let what = "no account has a domain, and nothing waits";
            return Err(Failure::new(Exit::Config, what));
        }
    }
    if domains.is_empty() {
        let what = "no domain was named";
        let hint = "mxcheck example.org --server atrn.example.net; or --from-file FILE";
        return Err(Failure::new(Exit::Usage, what).hint(Some(hint)));
    }
    let mut seen = HashSet::new();
    domains.retain(|domain| seen.insert(domain.clone()));
    Ok(domains)
}

/// The domains of a list. Every mistake in it is told before anybody is asked.
fn listed(path: &Path) -> Result<Vec<String>, Failure> {
    let (shown, from): (String, Box<dyn Read>) = match path.to_str() {
        Some("-") => ("standard input".to_owned(), Box::new(io::stdin().lock())),
        _ => (path.display().to_string(), Box::new(open(path)?)),
    };
    let mut text = Vec::new();
    let read = from.take(LONGEST_LIST + 1).read_to_end(&mut text);
    read.map_err(|error| Failure::new(Exit::Io, format!("{shown}: {error}")))?;
    if text.len() as u64 > LONGEST_LIST {
        let what = format!("{shown}: longer than {} MiB", LONGEST_LIST >> 20);
        return Err(Failure::new(Exit::Data, what));
    }
    let (mut domains, mut mistakes) = (Vec::new(), Vec::new());
    for (n, line) in text.lines().enumerate() {
        let line = line.unwrap_or_else(|_| "\u{fffd}".to_owned());
        let line = line.split('#').next().unwrap_or_default().trim();
        match name(line) {
            _ if line.is_empty() => {}
            Ok(domain) => domains.push(domain),
            Err(why) => {
                let line: String = line.chars().take(80).collect();
                mistakes.push(format!("{shown}:{}: {line:?}: {why}", n + 1));
            }
        }
    }
    if mistakes.is_empty() && domains.is_empty() {
        let what = format!("{shown}: no domain is in it");
        return Err(Failure::new(Exit::Data, what).hint(Some("one a line; # begins a comment")));
    }
    if !mistakes.is_empty() {
        let more = mistakes.len().saturating_sub(MOST_MISTAKES);
        mistakes.truncate(MOST_MISTAKES);
        if more > 0 {
            mistakes.push(format!("and {more} more"));
        }
        return Err(Failure::new(Exit::Data, mistakes.join("\n")));
    }
    Ok(domains)
}

/// Where the report goes.
enum Sheet {
    Stdout(BufWriter<io::Stdout>),
    File(Whole),
    /// Whoever read it has gone away.
    Nobody,
}

/// The report being written, and what it comes to.
struct Page {
    wording: Box<dyn Wording>,
    sheet: Sheet,
    policy: Policy,
    form: Form,
    wish: Wish,
    told: Vec<(Conclusion, Option<Severity>)>,
    /// How the program ends, where that is not for the findings to say.
    ends: Option<Exit>,
}

impl Page {
    fn new(cli: &Cli, many: bool) -> Result<Page, Failure> {
        let output = &cli.output;
        let colour = match output.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => output.output.is_none() && has_colour(&io::stdout()),
        };
        let wish = Wish {
            tool: "mxcheck",
            colour,
            verbose: output.verbose,
            quiet: output.quiet,
            many,
            warnings_are_ok: cli.judging.warn_as_ok,
            fail_on: cli.judging.fail_on,
            only: None,
        };
        let catalogue: Vec<&'static About> = checks().map(|check| &check.about).collect();
        let sheet = match &output.output {
            Some(path) => Sheet::File(Whole::new(path)?),
            None => Sheet::Stdout(BufWriter::new(io::stdout())),
        };
        let form = output.form();
        let wording = wording(form, wish, catalogue);
        let policy = policy(&cli.judging);
        Ok(Page { wording, sheet, policy, form, wish, told: Vec::new(), ends: None })
    }

    fn is_unheard(&self) -> bool {
        matches!(self.sheet, Sheet::Nobody)
    }

    fn add(&mut self, facts: &Facts, expected: &Expectation) -> Result<(), Failure> {
        let assessment: Assessment = judge(facts, expected, &self.policy);
        self.told.push((assessment.verdict, assessment.worst));
        self.write(|wording, out| {
            wording.add(out, &assessment)?;
            out.flush()
        })
    }

    fn write(
        &mut self,
        what: impl FnOnce(&mut dyn Wording, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let wording = self.wording.as_mut();
        match &mut self.sheet {
            Sheet::Nobody => Ok(()),
            Sheet::File(whole) => match what(wording, whole) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    self.sheet = Sheet::Nobody;
                    Ok(())
                }
                Err(error) => Err(whole.failure(&error)),
                Ok(()) => Ok(()),
            },
            Sheet::Stdout(out) => match what(wording, out) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    self.sheet = Sheet::Nobody;
                    Ok(())
                }
                Err(error) => Err(Failure::new(Exit::Io, format!("standard output: {error}"))),
                Ok(()) => Ok(()),
            },
        }
    }

    fn end(mut self) -> Result<Exit, Failure> {
        self.write(|wording, out| {
            wording.end(out)?;
            out.flush()
        })?;
        if let Sheet::File(whole) = self.sheet {
            whole.end()?;
        }
        Ok(match self.form {
            Form::Nagios => match plugin_exit(&self.told, self.wish) {
                0 => Exit::Ok,
                1 => Exit::Partial,
                2 => Exit::Critical,
                _ => Exit::Unknown,
            },
            _ => match self.ends {
                Some(exit) => exit,
                None => exit(self.told.iter().map(|(verdict, _)| *verdict)),
            },
        })
    }
}

fn policy(judging: &Judging) -> Policy {
    Policy {
        only: judging.only.clone(),
        skip: judging.skip.clone(),
        severities: judging.severity.clone(),
        fail_on: judging.fail_on,
    }
}

/// How the program ends: as the one domain says. Of several, findings come before what was not found out.
fn exit(verdicts: impl Iterator<Item = Conclusion>) -> Exit {
    let exit = |verdict| match verdict {
        Conclusion::Ok => Exit::Ok,
        Conclusion::Fail => Exit::Partial,
        Conclusion::NoDomain => Exit::NoHost,
        Conclusion::Unreachable => Exit::Unavailable,
        Conclusion::Unknown => Exit::TempFail,
    };
    let mut exits: Vec<Exit> = verdicts.map(exit).collect();
    exits.sort();
    exits.dedup();
    exits.retain(|exit| *exit != Exit::Ok);
    match exits.as_slice() {
        [] => Exit::Ok,
        [only] => *only,
        several if several.contains(&Exit::Partial) || several.contains(&Exit::NoHost) => {
            Exit::Partial
        }
        _ => Exit::TempFail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_domains_findings_come_before_doubts() {
        use Conclusion::{Fail, NoDomain, Ok, Unknown, Unreachable};
        let cases: &[(&[Conclusion], Exit)] = &[
            (&[], Exit::Ok),
            (&[Ok, Ok], Exit::Ok),
            (&[Ok, Fail], Exit::Partial),
            (&[NoDomain], Exit::NoHost),
            (&[NoDomain, Ok, NoDomain], Exit::NoHost),
            (&[NoDomain, Unknown], Exit::Partial),
            (&[Fail, Unreachable], Exit::Partial),
            (&[Unreachable, Ok], Exit::Unavailable),
            (&[Unreachable, Unknown], Exit::TempFail),
        ];
        for (verdicts, expected) in cases {
            assert_eq!(exit(verdicts.iter().copied()), *expected, "{verdicts:?}");
        }
    }
}
