//! The operator sets a provider up and keeps its accounts.

use std::path::Path;

use rustix::system::uname;
use secrecy::{ExposeSecret, SecretString};

use super::{Account as Order, Add, Init, List, Passwd, Password, Remove, tell};
use crate::cli::Input;
use crate::cli::failure::told;
use crate::config::accounts::{
    Account, Accounts, AccountsError, NewAccount, derive, edit, generate_password,
};
use crate::config::init;
use crate::config::provider::{self, Settings};
use crate::config::secret::{SecretError, SecretSource};
use crate::exit::{Exit, Failure};
use crate::flow::handover::is_known;
use crate::smtp::{Domain, Mailbox};

/// Writes settings to begin with, and says what comes next.
///
/// # Errors
/// [`Failure`]; what was there is as it was.
pub fn init(config: &Path, order: &Init) -> Result<Exit, Failure> {
    if let Some(user) = &order.user {
        is_known(user).map_err(|fault| Failure::new(Exit::Usage, format!("--user: {fault}")))?;
    }
    let system = uname();
    let beginning = order.beginning(config, system.nodename().to_str().ok());
    let begun = init::begin(&beginning)
        .map_err(|fault| Failure::new(fault.exit(), &fault).hint(Some(fault.hint())))?;
    tell(&begun.next_steps())
}

/// Adds, lists, changes or removes an account.
///
/// # Errors
/// [`Failure`]; the account file is then as it was.
pub fn account(config: &Path, order: Order, input: Input) -> Result<Exit, Failure> {
    let loaded = provider::load(config).map_err(|problems| Failure::new(Exit::Config, problems))?;
    let path = loaded.settings.accounts_path();
    match order {
        Order::Add(add) => {
            has_its_place(&loaded.settings, &add)?;
            add_account(path, add, input)
        }
        Order::Passwd(passwd) => set_password(path, passwd, input),
        Order::List(list) => list_accounts(path, list),
        Order::Remove(remove) => {
            let orphaned = orphaned_postmaster(&loaded.settings, &remove.name);
            let exit = remove_account(path, remove)?;
            if let Some(postmaster) = orphaned {
                let what = format!("postmaster = \"{postmaster}\" is at no account's domain now");
                told(
                    "odmrd",
                    &Failure::new(Exit::Ok, what).hint(Some("name another in the settings")),
                );
            }
            Ok(exit)
        }
    }
}

/// What the daemon would not take up, or not as it is meant, is not written down.
fn has_its_place(settings: &Settings, add: &Add) -> Result<(), Failure> {
    let wrong = |what: &str, hint: &str| Err(Failure::new(Exit::Config, what).hint(Some(hint)));
    if add.submit && settings.smarthost.server.is_none() {
        let hint = "[smarthost] server = \"smtp.example.net\" is where such mail goes to the world";
        return wrong("--submit: smarthost.server is not set", hint);
    }
    if add.dovecot && settings.odmr.dovecot_socket.is_none() {
        let hint = "[odmr] dovecot_socket = \"/run/dovecot/auth-client\"";
        return wrong("--dovecot: odmr.dovecot_socket is not set", hint);
    }
    let told = settings.domains.values().filter_map(|special| special.delay_to.as_ref());
    let mut told = told.chain(&settings.notices.delay_to);
    let is_added = |whom: &&Mailbox| whom.domain().is_some_and(|d| add.domains.contains(d));
    match told.find(is_added) {
        None => Ok(()),
        Some(whom) => {
            let what = format!("--domain: delay_to = \"{whom}\" would wait there itself");
            wrong(&what, "name an address in delay_to that is reached when that server is not")
        }
    }
}

/// The postmaster whose mailbox goes with this account.
fn orphaned_postmaster(settings: &Settings, name: &str) -> Option<Mailbox> {
    let accounts = Accounts::load(settings.accounts_path()).ok()?;
    let postmaster = settings.postmaster.as_ref()?;
    let domain = postmaster.domain()?;
    let mut owners = accounts.iter().filter(|account| account.domains.contains(domain));
    owners.all(|account| account.name == name).then(|| postmaster.clone())
}

fn add_account(path: &Path, add: Add, input: Input) -> Result<Exit, Failure> {
    // Asked before the file is locked: a person may take a while.
    if let Ok(accounts) = Accounts::load(path) {
        if accounts.find(&add.name).is_some() {
            return Err(failed(AccountsError::Exists(add.name)));
        }
        accounts.are_free(&add.domains).map_err(failed)?;
    }
    let password = match add.dovecot {
        true => None,
        false => Some(new_password(&add.password, &add.name, input)?),
    };
    let with_cram = !add.password.no_cram;
    let derived =
        password.as_ref().map(|(password, _)| derive(password, with_cram, add.password.ntlm));
    let new = NewAccount {
        name: add.name.clone(),
        aliases: add.aliases,
        domains: add.domains.clone(),
        credentials: derived.transpose().map_err(unusable)?,
        certificates: Vec::new(),
        dovecot: add.dovecot,
        submit: add.submit,
    };
    edit(path, |file| file.add(&new)).map_err(failed)?;
    let domains: Vec<&str> = add.domains.iter().map(Domain::as_str).collect();
    tell(&format!(
        "account {} may fetch the mail of {}\n{}",
        add.name,
        domains.join(", "),
        password.map_or_else(String::new, |(password, shown)| shown_once(shown, &password))
    ))
}

fn set_password(path: &Path, passwd: Passwd, input: Input) -> Result<Exit, Failure> {
    let accounts = Accounts::load(path).map_err(failed)?;
    if accounts.find(&passwd.name).is_none() {
        return Err(failed(AccountsError::Unknown(passwd.name)));
    }
    let (password, shown) = new_password(&passwd.password, &passwd.name, input)?;
    let credentials =
        derive(&password, !passwd.password.no_cram, passwd.password.ntlm).map_err(unusable)?;
    edit(path, |file| file.set_credentials(&passwd.name, &credentials)).map_err(failed)?;
    tell(&format!("account {} has a new password\n{}", passwd.name, shown_once(shown, &password)))
}

fn remove_account(path: &Path, remove: Remove) -> Result<Exit, Failure> {
    edit(path, |file| file.remove(&remove.name)).map_err(failed)?;
    tell(&format!(
        "account {} is gone; mail that waits for its domains stays in the spool\n",
        remove.name
    ))
}

fn list_accounts(path: &Path, list: List) -> Result<Exit, Failure> {
    let accounts = Accounts::load(path).map_err(failed)?;
    let line = if list.json { as_json } else { as_text };
    tell(&accounts.iter().map(line).collect::<String>())
}

/// What anybody may see of an account: never its secrets.
fn as_json(account: &Account) -> String {
    let domains: Vec<&str> = account.domains.iter().map(Domain::as_str).collect();
    let value = serde_json::json!({
        "schema": "odmr.account/1",
        "account": account.name,
        "aliases": account.aliases,
        "domains": domains,
        "mechanisms": mechanisms(account),
        "submit": account.submit,
        "certificates": account.certificates.len(),
    });
    format!("{value}\n")
}

fn as_text(account: &Account) -> String {
    let domains: Vec<&str> = account.domains.iter().map(Domain::as_str).collect();
    format!("{:<20} {:<40} {}\n", account.name, domains.join(","), mechanisms(account).join(","))
}

fn mechanisms(account: &Account) -> Vec<&'static str> {
    let kept = account.credentials.as_ref();
    let ways = [
        (kept.is_some(), "scram-sha-256"),
        (kept.is_some_and(|kept| kept.cram.is_some()), "cram-md5"),
        (kept.is_some_and(|kept| kept.ntlm.is_some()), "ntlm"),
        (!account.certificates.is_empty(), "external"),
        (account.dovecot, "dovecot"),
    ];
    ways.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect()
}

/// The new password, and whether it must be shown because nobody knows it yet.
fn new_password(
    from: &Password,
    account: &str,
    input: Input,
) -> Result<(SecretString, bool), Failure> {
    let read = |source: SecretSource| source.read().map_err(unread);
    match from {
        Password { generate: true, .. } => Ok((generate_password(), true)),
        Password { password_stdin: true, .. } => Ok((read(SecretSource::Fd(0))?, false)),
        Password { password_file: Some(path), .. } => {
            Ok((read(SecretSource::File(path.clone()))?, false))
        }
        _ => input
            .new_password(&format!("password for {account}"))
            .map(|password| (password, false))
            .map_err(unread),
    }
}

fn shown_once(shown: bool, password: &SecretString) -> String {
    match shown {
        true => format!(
            "password: {}\nit is kept nowhere and shown only now\n",
            password.expose_secret()
        ),
        false => String::new(),
    }
}

fn failed(fault: AccountsError) -> Failure {
    Failure::new(fault.exit(), fault)
}

fn unread(fault: SecretError) -> Failure {
    let hint = match fault {
        SecretError::NoTerminal | SecretError::NoInput => {
            Some("--password-stdin or --password-file reads it elsewhere; --generate makes one")
        }
        _ => fault.hint(),
    };
    Failure::new(fault.exit(), fault).hint(hint)
}

fn unusable(fault: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Data, format!("that password cannot be used: {fault}"))
}
