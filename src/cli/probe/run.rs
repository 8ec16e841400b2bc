//! What `smtp-probe` does.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::page::Page;
use super::{Asking, Cli, Command, Place, Server};
use crate::cli::tell;
use crate::exit::{Exit, Failure};
use crate::flow::probe::{self as flow, Asked, Family, Names, Probe, Row, Unreached, catalogue};

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
        Command::Server(server) => {
            let wanted = |row: &Row| is_wanted(&server, row);
            let page = Page::new(&server.output, &server.place, catalogue());
            asked(&server.place, &server.asking, page, flow::probes(), Some(&wanted))
        }
        Command::Script(script) => {
            let probes = read(&script.file)?;
            let rows = probes.iter().map(Row::of).collect();
            let page = Page::new(&script.output, &script.place, rows);
            asked(&script.place, &script.asking, page, &probes, None)
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
    let row = row.ok_or_else(|| Failure::new(Exit::Usage, "there is no such rule"))?;
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

fn is_wanted(server: &Server, row: &Row) -> bool {
    let named = |list: &[String]| {
        list.iter().any(|one| match one.strip_suffix('*') {
            Some(start) => row.id.starts_with(start),
            None => row.id == *one,
        })
    };
    (server.only.is_empty() || named(&server.only))
        && !named(&server.skip)
        && (server.group.is_empty() || server.group.contains(&row.group))
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
        let hint = "smtp-probe(1), \"Scripts\", has the notation; smtp-probe explain shows talks";
        Failure::new(Exit::Data, format!("{at}:{}: {}", why.line, why.what)).hint(Some(hint))
    })
}

/// Asks, and tells as it goes.
fn asked(
    place: &Place,
    asking: &Asking,
    mut page: Page,
    probes: &[Probe],
    rules: Option<&dyn Fn(&Row) -> bool>,
) -> Result<Exit, Failure> {
    let is_here = is_here(&place.host);
    if asking.intrusive && !is_here {
        page.warn(&format!(
            "{}: what follows may be taken for an attack; go on only if the server is yours",
            place.host
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    let asking = asking_of(place, asking, is_here);
    runtime.block_on(async {
        let mut asked = Asked::call(&asking).await.map_err(unreached)?;
        let every = |_: &Row| true;
        let mut trouble = Ok(());
        let mut tell = |record| {
            if trouble.is_ok() {
                trouble = page.add(record);
            }
        };
        let ask = asked.ask(probes, rules.unwrap_or(&every), rules.is_some(), &mut tell);
        let interrupted = tokio::select! {
            () = ask => false,
            _ = tokio::signal::ctrl_c() => true,
        };
        trouble?;
        let exit = page.end()?;
        Ok(if interrupted { Exit::Interrupted } else { exit })
    })
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn asking_of(place: &Place, asking: &Asking, is_here: bool) -> flow::Asking {
    let is_address = place.host.parse::<IpAddr>().is_ok();
    let at_home = if is_address { format!("[{}]", place.host) } else { place.host.clone() };
    let rcpt = asking.rcpt.as_ref().map(|rcpt| rcpt.as_str().to_owned());
    let rcpt = rcpt.unwrap_or_else(|| format!("postmaster@{at_home}"));
    let domain = rcpt.rsplit_once('@').map_or(at_home.clone(), |(_, domain)| domain.to_owned());
    let me = asking.ehlo.as_ref().map(|name| name.as_str().to_owned());
    let usual = if is_here { Duration::ZERO } else { Duration::from_millis(250) };
    flow::Asking {
        host: place.host.clone(),
        port: place.port,
        family: match (asking.ipv4, asking.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        },
        implicit_tls: asking.implicit_tls,
        names: Names {
            me: me.unwrap_or_else(flow::our_name),
            host: place.host.clone(),
            from: asking.from.as_ref().map_or(String::new(), |from| from.as_str().to_owned()),
            rcpt,
            domain,
            foreign: asking.foreign.as_str().to_owned(),
        },
        patience: asking.timeout.get(),
        pause: asking.pause.map_or(usual, |pause| pause.get()),
        data: asking.data,
        intrusive: asking.intrusive,
        slow: asking.slow,
    }
}

fn unreached(why: Unreached) -> Failure {
    let exit = match &why {
        Unreached::NotSmtp(_) => Exit::Protocol,
        Unreached::Tls(_) => Exit::Software,
        _ if why.is_unknown_host() => Exit::NoHost,
        Unreached::Connect(_) => Exit::Unavailable,
    };
    let hint = matches!(why, Unreached::Connect(_)).then_some(
        "is the port right? Many networks let nobody out to port 25: try from another one",
    );
    Failure::new(exit, why).hint(hint)
}
