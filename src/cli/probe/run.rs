//! What `smtp-probe` does.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::diff::diff;
use super::emulate::emulated;
use super::page::{Page, minded};
use super::{
    Asking, Calling, Choice, Cli, Command, Customer, Identify, Output, Place, Provider, Reach,
    Script, Server, TlsMode, USUAL, no_such_rule,
};
use crate::cli::fetch::PasswordFlags;
use crate::cli::tell;
use crate::config::fetch::ClearAuth;
use crate::exit::{Exit, Failure};
use crate::flow::probe::{
    self as flow, Asked, Asks, Counter, Errand, Family, InClear, Kind, Level, ListenAddr, Login,
    Names, Probe, Role, Row, Rule, Scene, Serving, Trial, Trust, Unreached, catalogue,
    catalogue_of,
};
use crate::smtp::escape::Escaped;

/// A script may be so long, octets.
const LONGEST_SCRIPT: u64 = 16 << 20;

/// Does what the command line says.
///
/// # Errors
/// [`Failure`] with what stood in the way.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::List { json } => list(json),
        Command::Explain { id } => explain(&id),
        Command::Diff { old, new, fail_on } => {
            let minded: Vec<&str> = minded(&fail_on).map(Level::word).collect();
            diff(&old, &new, &minded)
        }
        Command::Server(server) => {
            let kind = server.profile;
            let has_login = server.user.is_some();
            let seen = |probe| kind.view(probe, has_login);
            let probes: Vec<Probe> = flow::probes().iter().map(seen).collect();
            let rules = flow::rules_for(kind);
            let trials = flow::trials();
            let what = What { probes: &probes, rules: &rules, trials, scenes: &[], errands: &[] };
            let asking = asking_a_server(&server)?;
            asked(&asking, &what, Some(&server.choice), &server.output)
        }
        Command::Provider(provider) => {
            let (probes, rules) = (flow::provider_probes(), flow::provider_rules());
            let what = What {
                probes,
                rules,
                trials: &[],
                scenes: flow::scenes(),
                errands: flow::errands(),
            };
            let asking = asking_a_provider(&provider)?;
            asked(&asking, &what, Some(&provider.choice), &provider.output)
        }
        Command::Customer(customer) => served(&customer),
        Command::Identify(identify) => identified(&identify),
        Command::Emulate(emulate) => emulated(&emulate),
        Command::Script(script) => {
            let probes = read(&script.file)?;
            let what = What { probes: &probes, rules: &[], trials: &[], scenes: &[], errands: &[] };
            let asking = asking_by(&script, &probes)?;
            asked(&asking, &what, None, &script.output)
        }
    }
}

fn list(as_json: bool) -> Result<Exit, Failure> {
    let mut text = String::new();
    for row in catalogue() {
        if as_json {
            let line = serde_json::to_string(&row);
            text.push_str(&line.map_err(|error| Failure::new(Exit::Software, error))?);
            text.push('\n');
        } else {
            text.push_str(&format!("{:<22} {:<9} {}\n", row.id, row.severity.word(), row.title));
        }
    }
    tell(&text)
}

fn explain(id: &str) -> Result<Exit, Failure> {
    let row = catalogue().into_iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| {
        Failure::new(Exit::NoInput, format!("{}: {}", Escaped::text(id), no_such_rule(id)))
    })?;
    let mut text = format!("{}: {}\n\nLevel:      {}\n", row.id, row.title, row.severity.word());
    let mut add = |name: &str, what: &str| {
        if !what.is_empty() {
            text.push_str(&format!("{name:<12}{what}\n"));
        }
    };
    add("Written in:", &row.spec.join("; "));
    add("Exchange:", row.quirk.as_deref().unwrap_or_default());
    add("Needs:", &row.needs.join(", "));
    add("What to do:", &row.fix);
    match &row.talk {
        Some(talk) => text.push_str(&format!("\n{talk}")),
        None => text.push_str("\nIt is read off what the server says in other talks.\n"),
    }
    tell(&text)
}

fn is_named(list: &[String], row: &Row) -> bool {
    list.iter().any(|one| match one.strip_suffix('*') {
        Some(start) => row.id.starts_with(start),
        None => row.id == *one,
    })
}

fn is_wanted(choice: &Choice, row: &Row) -> bool {
    let named = |list: &[String]| is_named(list, row);
    (choice.only.is_empty() || named(&choice.only))
        && !named(&choice.skip)
        && (choice.group.is_empty() || choice.group.contains(&row.group))
}

fn read(path: &Path) -> Result<Vec<Probe>, Failure> {
    let at = path.display();
    let told = |error: std::io::Error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        Failure::new(if missing { Exit::NoInput } else { Exit::Io }, format!("{at}: {error}"))
    };
    let file = std::fs::File::open(path).map_err(told)?;
    let mut text = String::new();
    let mut some = std::io::Read::take(file, LONGEST_SCRIPT + 1);
    std::io::Read::read_to_string(&mut some, &mut text).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            let hint = "other octets are written as \\xNN";
            Failure::new(Exit::Data, format!("{at}: is no text in UTF-8")).hint(Some(hint))
        }
        _ => told(error),
    })?;
    if text.len() as u64 > LONGEST_SCRIPT {
        return Err(Failure::new(Exit::Data, format!("{at}: more than {LONGEST_SCRIPT} octets")));
    }
    flow::read(&text).map_err(|why| {
        let hint = "probe-script(5) has the notation; smtp-probe explain shows talks";
        Failure::new(Exit::Data, format!("{at}:{}: {}", why.line, why.what)).hint(Some(hint))
    })
}

/// What is asked.
struct What<'a> {
    probes: &'a [Probe],
    rules: &'a [Rule],
    trials: &'a [Trial],
    scenes: &'a [Scene],
    errands: &'a [Errand],
}

impl What<'_> {
    fn rows(&self, role: Role) -> Vec<Row> {
        let rules = self.rules.iter().map(|rule| Row::of_rule(role, rule));
        let talks = self.probes.iter().map(|probe| Row::of(role, probe));
        let talks = talks.chain(self.trials.iter().map(Row::of_trial));
        let errands = self.errands.iter().map(Row::of_errand);
        rules.chain(talks).chain(self.scenes.iter().map(Row::of_scene)).chain(errands).collect()
    }
}

/// Asks, and tells as it goes.
fn asked(
    asking: &flow::Asking,
    what: &What<'_>,
    choice: Option<&Choice>,
    output: &Output,
) -> Result<Exit, Failure> {
    let place = Place { host: asking.host.clone(), port: asking.port };
    let mut page = Page::new(output, &place, what.rows(asking.role));
    if asking.intrusive && !is_here(&asking.host) {
        page.warn(&format!(
            "{}: what follows may be taken for an attack; go on only if the server is yours",
            asking.host
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    runtime.block_on(async {
        let wanted = |row: &Row| choice.is_none_or(|choice| is_wanted(choice, row));
        let mut trouble = Ok(());
        let mut tell = |record| {
            if trouble.is_ok() {
                trouble = page.add(record);
            }
        };
        let ask = async {
            let mut asked = Asked::call(asking).await.map_err(unreached)?;
            asked.ask(what.probes, what.rules, &wanted, &mut tell).await;
            asked.ask_contents(what.trials, &wanted, &mut tell).await;
            asked.ask_turned(what.scenes, &wanted, &mut tell).await;
            asked.ask_posted(what.errands, &wanted, &mut tell).await;
            Ok(())
        };
        let told = tokio::select! {
            told = ask => told.map(|()| false),
            _ = tokio::signal::ctrl_c() => Ok(true),
        };
        let interrupted = told.or_else(|why| page.bail_out(why))?;
        trouble?;
        let exit = page.end()?;
        Ok(if interrupted { Exit::Interrupted } else { exit })
    })
}

/// Tells what a server is.
fn identified(identify: &Identify) -> Result<Exit, Failure> {
    let asking = calling_of(&identify.place, &identify.calling, Role::Server);
    let asks = match identify.level {
        Reach::Passive => Asks::Passive,
        Reach::Standard if identify.no_ntlm => Asks::Standard,
        Reach::Standard => Asks::Challenged,
    };
    let mut page = Page::new(&identify.output, &identify.place, flow::identity_rows());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    runtime.block_on(async {
        let told = tokio::select! {
            told = flow::identified(&asking, asks, page.place()) => Some(told.map_err(unreached)),
            _ = tokio::signal::ctrl_c() => None,
        };
        let (identity, records) = match told {
            Some(Ok(told)) => told,
            Some(Err(why)) => return page.bail_out(why),
            None => return page.end().map(|_| Exit::Interrupted),
        };
        page.identified(identity)?;
        records.into_iter().try_for_each(|record| page.add(record))?;
        page.end()
    })
}

/// Waits for customers, and tells as they call.
fn served(customer: &Customer) -> Result<Exit, Failure> {
    let at = own_address("--listen", &customer.listen)?;
    let mut serving = serving_of(customer);
    serving.target.clone_from(&customer.target);
    if let Some(ListenAddr::Tcp(at)) = &serving.target
        && !at.ip().is_loopback()
    {
        let hint = "it takes whatever is sent to it: only programs of this machine may call there";
        let what = format!("--target: {at} is not on this machine alone");
        return Err(Failure::new(Exit::Usage, what).hint(Some(hint)));
    }
    // The rules for servers are among them where they are tried.
    let rows = if customer.suite { catalogue() } else { catalogue_of(Role::Customer) };
    let mut page = Page::new(&customer.output, &customer.listen, rows);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    runtime.block_on(async {
        let opened = Counter::open(&at, &serving)
            .map_err(|why| Failure::new(Exit::Unavailable, why.to_string()));
        let mut counter = opened.or_else(|why| page.bail_out(why))?;
        if serving.program.is_empty() {
            page.warn(&format!("{}: waiting for customers", counter.address()));
        }
        let wanted = |row: &Row| is_named(&customer.scenario, row);
        let mut trouble = Ok(());
        let mut tell = |record| {
            if trouble.is_ok() {
                trouble = page.add(record);
            }
        };
        let interrupted = tokio::select! {
            () = counter.serve(&wanted, &mut tell) => false,
            _ = tokio::signal::ctrl_c() => true,
        };
        trouble?;
        let exit = page.end()?;
        Ok(if interrupted { Exit::Interrupted } else { exit })
    })
}

/// Where we listen.
fn own_address(flag: &str, place: &Place) -> Result<ListenAddr, Failure> {
    let ip: IpAddr = place.host.parse().map_err(|_| {
        let hint = "an address of this machine, such as 127.0.0.1:366 or [::]:366";
        Failure::new(Exit::Usage, format!("{flag}: {:?} is no address", place.host))
            .hint(Some(hint))
    })?;
    Ok(ListenAddr::Tcp((ip, place.port).into()))
}

fn serving_of(customer: &Customer) -> Serving {
    let domain = customer.domain.as_str().to_owned();
    let me = customer.name.as_ref().map_or_else(flow::our_name, |name| name.as_str().to_owned());
    let foreign = customer.foreign.as_str().to_owned();
    let rcpt = customer.rcpt.as_ref().map(|rcpt| rcpt.as_str().to_owned());
    let servername = customer.servername.as_ref().map_or(me.as_str(), |name| name.as_str());
    Serving {
        target: None,
        servername: servername.to_owned(),
        issuer: customer.issuer.clone().zip(customer.issuer_key.clone()),
        pinned: customer.pinned,
        domains: customer.domains,
        slow: customer.slow,
        names: Names {
            host: me.clone(),
            me,
            from: customer.from.as_ref().map_or(String::new(), |from| from.as_str().to_owned()),
            rcpt: rcpt.unwrap_or_else(|| format!("postmaster@{domain}")),
            domain,
            stranger: foreign.rsplit_once('@').map_or("example.com", |(_, at)| at).to_owned(),
            foreign,
            mech: "PLAIN".to_owned(),
        },
        patience: customer.timeout.get(),
        wait: customer.wait.get(),
        program: customer.program.clone(),
        certificate: customer.cert.clone().zip(customer.key.clone()),
        suite: customer.suite,
        data: customer.data,
        intrusive: customer.intrusive,
    }
}

/// How a server of this kind is asked.
fn asking_a_server(server: &Server) -> Result<flow::Asking, Failure> {
    let mut place = server.place.clone();
    if place.port == USUAL {
        place.port = server.profile.port();
    }
    let mut asking = asking_of(&place, &server.asking, Role::Server);
    asking.kind = server.profile;
    if let Some(at) = server.sink.filter(|at| !at.ip().is_loopback() && !server.anywhere) {
        let hint = "say --anywhere if other machines may call there; whoever does is listened to";
        let what = format!("--sink: {at} is not on this machine alone");
        return Err(Failure::new(Exit::Usage, what).hint(Some(hint)));
    }
    asking.sink = server.sink;
    asking.in_clear = in_clear(server.clear_auth);
    asking.login = login_by(server.user.as_deref(), &server.password, &place)?;
    Ok(asking)
}

/// How a server is asked what somebody has written.
fn asking_by(script: &Script, probes: &[Probe]) -> Result<flow::Asking, Failure> {
    let mut asking = asking_of(&script.place, &script.asking, Role::Server);
    if let (None, Some(probe)) = (&script.user, probes.iter().find(|probe| probe.logs_in())) {
        let what = format!("{}: {}: * login needs a login", script.file.display(), probe.id);
        return Err(Failure::new(Exit::Usage, what).hint(Some("say --user")));
    }
    asking.in_clear = in_clear(script.clear_auth);
    asking.login = login_by(script.user.as_deref(), &script.password, &script.place)?;
    asking.own_talks = true;
    Ok(asking)
}

fn in_clear(flag: ClearAuth) -> InClear {
    match flag {
        ClearAuth::None => InClear::Scram,
        ClearAuth::CramMd5 => InClear::Cram,
        ClearAuth::Plain => InClear::Password,
    }
}

/// A name and its password, where somebody logs in.
fn login_by(
    user: Option<&str>,
    password: &PasswordFlags,
    place: &Place,
) -> Result<Option<Login>, Failure> {
    match user {
        Some(user) => login_of(password, &place.host, user).map(Some),
        None if password.source().is_some() => {
            let hint = "say --user";
            let what = "there is a password, and nobody it belongs to";
            Err(Failure::new(Exit::Usage, what).hint(Some(hint)))
        }
        None => Ok(None),
    }
}

/// How a provider is asked.
fn asking_a_provider(provider: &Provider) -> Result<flow::Asking, Failure> {
    let mut asking = asking_of(&provider.place, &provider.asking, Role::Provider);
    let domain = provider.domain.as_ref().map_or("example.org", |domain| domain.as_str());
    domain.clone_into(&mut asking.names.domain);
    provider.foreign_domain.as_str().clone_into(&mut asking.names.stranger);
    if provider.asking.rcpt.is_none() {
        asking.names.rcpt = format!("postmaster@{domain}");
    }
    let is_own =
        |rcpt: &str| rcpt.rsplit_once('@').is_some_and(|(_, at)| at.eq_ignore_ascii_case(domain));
    if provider.submit.is_some() && !is_own(&asking.names.rcpt) {
        let hint = format!("letters are put in for a mailbox at {domain}, and for nobody else");
        return Err(Failure::new(
            Exit::Usage,
            "--submit: --rcpt is at another domain than --domain",
        )
        .hint(Some(&hint)));
    }
    asking.turn = provider.turn;
    asking.backend_down = provider.backend_down;
    asking.submit = provider.submit.as_ref().map(|place| (place.host.clone(), place.port));
    asking.in_clear = in_clear(provider.clear_auth);
    asking.login = login_by(provider.user.as_deref(), &provider.password, &provider.place)?;
    Ok(asking)
}

/// A name and its password.
pub(super) fn login_of(password: &PasswordFlags, host: &str, user: &str) -> Result<Login, Failure> {
    let Some(source) = password.source() else {
        let hint = "say where it comes from: --password-file, --password-command, --password-fd, \
                    --credential or --netrc";
        return Err(Failure::new(Exit::Usage, "--user needs a password").hint(Some(hint)));
    };
    let secret = source.read_for(host, user).map_err(|why| {
        let hint = why.hint();
        Failure::new(why.exit(), why).hint(hint)
    })?;
    Ok(Login { user: user.to_owned(), secret })
}

pub(super) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn asking_of(place: &Place, asking: &Asking, role: Role) -> flow::Asking {
    let mut told = calling_of(place, &asking.calling, role);
    if let Some(rcpt) = &asking.rcpt {
        let rcpt = rcpt.as_str();
        if let Some((_, domain)) = rcpt.rsplit_once('@') {
            domain.clone_into(&mut told.names.domain);
        }
        rcpt.clone_into(&mut told.names.rcpt);
    }
    if let Some(from) = &asking.from {
        from.as_str().clone_into(&mut told.names.from);
    }
    let foreign = asking.foreign.as_str();
    foreign.clone_into(&mut told.names.foreign);
    if let Some((_, domain)) = foreign.rsplit_once('@') {
        domain.clone_into(&mut told.names.stranger);
    }
    (told.data, told.intrusive, told.slow) = (asking.data, asking.intrusive, asking.slow);
    told
}

/// How a server is called, and asked no more than any.
fn calling_of(place: &Place, calling: &Calling, role: Role) -> flow::Asking {
    let is_address = place.host.parse::<IpAddr>().is_ok();
    let at_home = if is_address { format!("[{}]", place.host) } else { place.host.clone() };
    let me = calling.ehlo.as_ref().map(|name| name.as_str().to_owned());
    let usual = if is_here(&place.host) { Duration::ZERO } else { Duration::from_millis(250) };
    flow::Asking {
        host: place.host.clone(),
        port: place.port,
        family: match (calling.ipv4, calling.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        },
        role,
        kind: Kind::default(),
        implicit_tls: calling.implicit_tls || calling.tls == TlsMode::Implicit,
        starttls: calling.tls != TlsMode::None,
        servername: calling.servername.as_ref().map(|name| name.as_str().to_owned()),
        fingerprint: calling.fingerprint,
        trust: calling.ca.clone().map_or(Trust::Platform, Trust::Roots),
        login: None,
        in_clear: InClear::Scram,
        names: Names {
            me: me.unwrap_or_else(flow::our_name),
            host: place.host.clone(),
            from: String::new(),
            rcpt: format!("postmaster@{at_home}"),
            domain: at_home,
            foreign: "odmr-probe@example.com".to_owned(),
            stranger: "example.com".to_owned(),
            mech: "PLAIN".to_owned(),
        },
        patience: calling.timeout.get(),
        pause: calling.pause.map_or(usual, |pause| pause.get()),
        data: false,
        intrusive: false,
        slow: false,
        turn: false,
        sink: None,
        backend_down: false,
        submit: None,
        own_talks: false,
    }
}

fn unreached(why: Unreached) -> Failure {
    let exit = match &why {
        Unreached::NotSmtp(_) => Exit::Protocol,
        Unreached::Tls(_) => match why.is_of_a_file() {
            Some(true) => Exit::NoInput,
            Some(false) => Exit::Data,
            None => Exit::Software,
        },
        Unreached::Sink(..) => Exit::Unavailable,
        Unreached::Denied { for_now: true, .. } => Exit::TempFail,
        Unreached::Denied { .. } => Exit::NoPerm,
        _ if why.is_unknown_host() => Exit::NoHost,
        Unreached::Connect(_) => Exit::Unavailable,
    };
    let hint = match &why {
        Unreached::Connect(_) => {
            Some("is the port right? Many networks let nobody out to port 25: try from another one")
        }
        Unreached::Denied { for_now: false, .. } => Some(
            "are name and password right? What a line may see that no certificate vouches for says --clear-auth",
        ),
        _ => None,
    };
    Failure::new(exit, why).hint(hint)
}
