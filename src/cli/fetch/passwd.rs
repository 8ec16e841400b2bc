//! `atrn-fetch passwd`: a new password in the file that an account's settings name.

use secrecy::SecretString;

use super::Passwd;
use crate::cli::tell;
use crate::config::fetch::Effective;
use crate::config::secret::{SecretError, SecretSource, keep};
use crate::exit::{Exit, Failure};

/// Asks for the password, or reads it, and writes it where the account looks for it.
pub(super) fn set_password(flags: &Passwd, accounts: &[Effective]) -> Result<Exit, Failure> {
    let [effective] = accounts else {
        let what = "passwd changes the password of one account; name one";
        return Err(Failure::new(Exit::Usage, what));
    };
    let path = match &effective.account.password {
        Some(SecretSource::File(path)) => path.clone(),
        other => return Err(elsewhere(other.as_ref())),
    };
    let label = effective.account.label();
    let password = new_password(flags, &label)?;
    keep(&path, &password)
        .map_err(|error| Failure::new(Exit::CantCreate, format!("{}: {error}", path.display())))?;
    tell(&format!("{label} has a new password in {}\n", path.display()))
}

fn elsewhere(source: Option<&SecretSource>) -> Failure {
    let hint = "password = { file = \"acme.password\" } names a file for it";
    let what = match source {
        None => "password is not set: there is no file to write it to".to_owned(),
        Some(source) => format!("the password comes from {source}: change it there"),
    };
    Failure::new(Exit::Config, what).hint(source.is_none().then_some(hint))
}

fn new_password(flags: &Passwd, label: &str) -> Result<SecretString, Failure> {
    let source = match flags.password_stdin {
        true => Some(SecretSource::Fd(0)),
        false => flags.common.password.source(),
    };
    let password = match source {
        Some(source) => source.read(),
        None => flags.common.input.new_password(&format!("new password for {label}")),
    };
    password.map_err(|fault| {
        let hint = match fault {
            SecretError::NoTerminal | SecretError::NoInput => {
                Some("--password-stdin or --password-fd reads it elsewhere")
            }
            _ => fault.hint(),
        };
        Failure::new(fault.exit(), &fault).hint(hint)
    })
}
