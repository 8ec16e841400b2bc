//! Which mail servers are to be called, by what the command line says.

use super::{Calls, ClearAuth, Cli, Odmr, Smtp};
use crate::exit::{Exit, Failure};
use crate::flow::check::live::{InClear, Live, Login};
use crate::flow::check::{Depth, Severity};

/// Whom to call; nobody, where nobody wants to hear of it.
///
/// # Errors
/// What was said does not go together, there is no password, or TLS cannot be set up.
pub(super) fn live(cli: &Cli) -> Result<Option<Live>, Failure> {
    let calling = &cli.calling;
    let (mx, odmr) = (mx(cli), odmr(cli));
    let logs_in = odmr.is_some_and(|depth| depth >= Depth::Login);
    refuse_what_is_of_no_use(calling, mx, logs_in)?;
    if logs_in && cli.wanted.server.is_empty() && cli.wanted.queue_host.is_empty() {
        return Err(usage(
            "--odmr auth and turn need --server or --queue-host",
            "name the server to log in at",
        ));
    }
    if (mx, odmr) == (None, None) {
        return Ok(None);
    }
    let patience = calling.smtp_timeout.get();
    let mut live = Live::new(patience).map_err(|why| Failure::new(Exit::Config, why))?;
    (live.mx, live.odmr) = (mx, odmr);
    (live.mx_port, live.odmr_port) = (calling.smtp_port, calling.odmr_port);
    let named = cli.wanted.server.iter().chain(&cli.wanted.queue_host);
    live.odmr_ports = named.filter_map(|at| Some((at.name.clone(), at.port?))).collect();
    live.control = calling.smtp_control.clone();
    live.in_clear = match calling.clear_auth {
        ClearAuth::Scram => InClear::Scram,
        ClearAuth::CramMd5 => InClear::Cram,
    };
    (live.from, live.local) = (calling.from_addr.clone(), calling.rcpt.clone());
    live.login = if logs_in { Some(login(cli)?) } else { None };
    Ok(Some(live))
}

/// A zone that is not live yet has no servers that would know of it; and what nobody wants judged nobody need ask.
fn mx(cli: &Cli) -> Option<Depth> {
    match cli.calling.smtp {
        Some(Smtp::None) => None,
        Some(Smtp::Connect) => Some(Depth::Connect),
        Some(Smtp::Rcpt) => Some(Depth::Rcpt),
        Some(Smtp::Full) => Some(Depth::Full),
        None if cli.calling.rcpt.is_some() || cli.calling.from_addr.is_some() => Some(Depth::Rcpt),
        None if !cli.asking.undelegated.is_empty() => None,
        None => is_wanted(cli, &["smtp25", "ptr"]).then_some(Depth::Connect),
    }
}

fn odmr(cli: &Cli) -> Option<Depth> {
    match cli.calling.odmr {
        Some(Odmr::None) => None,
        Some(Odmr::Banner) => Some(Depth::Connect),
        Some(Odmr::Auth) => Some(Depth::Login),
        Some(Odmr::Turn) => Some(Depth::Turn),
        None if !cli.asking.undelegated.is_empty() => None,
        None => is_wanted(cli, &["odmr"]).then_some(Depth::Connect),
    }
}

/// May a finding of one of these groups be told?
fn is_wanted(cli: &Cli, groups: &[&str]) -> bool {
    let group = |word: &String| groups.contains(&word.split('.').next().unwrap_or_default());
    let only = &cli.judging.only;
    let is_told = only.is_empty() || only.iter().any(|w| group(w) || w.parse::<Severity>().is_ok());
    is_told && !groups.iter().all(|group| cli.judging.skip.iter().any(|word| word == group))
}

fn refuse_what_is_of_no_use(
    calling: &Calls,
    mx: Option<Depth>,
    logs_in: bool,
) -> Result<(), Failure> {
    let asks = mx.is_some_and(|depth| depth >= Depth::Rcpt);
    let has_password = calling.password.source().is_some();
    match () {
        () if !asks && calling.rcpt.is_some() => {
            Err(usage("--rcpt is of no use with --smtp none or connect", "say --smtp rcpt"))
        }
        () if !asks && calling.from_addr.is_some() => {
            Err(usage("--from-addr is of no use with --smtp none or connect", "say --smtp rcpt"))
        }
        () if !logs_in && calling.clear_auth != ClearAuth::Scram => {
            Err(usage("--clear-auth is of use with --odmr auth or turn only", "say --odmr auth"))
        }
        () if !logs_in && (calling.user.is_some() || has_password) => Err(usage(
            "a name and a password are of use with --odmr auth or turn only",
            "say --odmr auth",
        )),
        () => Ok(()),
    }
}

fn login(cli: &Cli) -> Result<Login, Failure> {
    let calling = &cli.calling;
    let Some(user) = calling.user.clone() else {
        return Err(usage("--odmr auth and turn need --user", "name the account"));
    };
    let Some(source) = calling.password.source() else {
        let hint = "say where it comes from: --password-file, --password-command, --password-fd, \
                    --credential or --netrc";
        return Err(usage("--odmr auth and turn need a password", hint));
    };
    let server = cli.wanted.server.first().map_or("", |server| server.name.as_str());
    let secret = source.read_for(server, &user);
    let secret = secret.map_err(|why| {
        let hint = why.hint();
        Failure::new(why.exit(), why).hint(hint)
    })?;
    Ok(Login { user, secret })
}

fn usage(what: &str, hint: &str) -> Failure {
    Failure::new(Exit::Usage, what).hint(Some(hint))
}
