//! `atrn-fetch init`: a settings file to begin with.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use secrecy::SecretString;

use super::{Cli, Init, Invocation};
use crate::cli::tell;
use crate::config::Problems;
use crate::config::fetch::begin::{account_text, file_text, write_new};
use crate::config::fetch::files::{self as settings, SYSTEM_PATH, user_path};
use crate::config::fetch::{Files, Layer};
use crate::config::secret::SecretSource;
use crate::exit::{Exit, Failure};

/// Writes the file, or shows it.
///
/// # Errors
/// [`Failure`] when there is one already, or it cannot be written; nothing is then.
pub fn init(invocation: &Invocation, flags: &Init) -> Result<Exit, Failure> {
    let name = match &flags.common.accounts[..] {
        [] => "home",
        [name] => name,
        _ => return Err(Failure::new(Exit::Usage, "init begins with one account; name one")),
    };
    let path = flags.common.config.clone().map_or_else(default_path, Ok)?;
    let mut layer = invocation.flags.clone().or(invocation.environment.clone());
    let here = std::env::current_dir().unwrap_or_default();
    layer.anchor(|path| here.join(path));
    let mut files = Vec::new();
    if flags.password_stdin {
        let secret = SecretSource::Fd(0).read();
        let secret =
            secret.map_err(|fault| Failure::new(fault.exit(), &fault).hint(fault.hint()))?;
        // Relative paths start at the settings file.
        let name = format!("{}.password", safe(name));
        layer.password = Some(SecretSource::File(PathBuf::from(&name)));
        files.push((path.with_file_name(name), secret));
    }
    let text = file_text(&[account_text(name, &layer, help())]);
    if flags.print {
        return tell(&text);
    }
    files.insert(0, (path, SecretString::from(text)));
    put(&files)?;
    tell(&next_steps(&files, name, flags.common.config.as_deref(), &layer))
}

/// Writes files that were not there.
pub(super) fn put(files: &[(PathBuf, SecretString)]) -> Result<(), Failure> {
    write_new(files).map_err(|(path, error)| {
        let there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let what = if there {
            "is there already; nothing was changed".to_owned()
        } else {
            error.to_string()
        };
        let hint =
            there.then_some("--print shows what would be written; --config names another file");
        Failure::new(Exit::CantCreate, format!("{}: {what}", path.display())).hint(hint)
    })
}

/// The settings files, as a command line that names this one would have them.
pub(in crate::cli) fn files(named: Option<&Path>) -> Result<Files, Problems> {
    let place = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let user = user_path(place("XDG_CONFIG_HOME").as_deref(), place("HOME").as_deref());
    settings::load(named, user.as_deref(), Path::new(SYSTEM_PATH))
}

/// Root's settings are the system's, everybody else's their own.
pub(super) fn default_path() -> Result<PathBuf, Failure> {
    if rustix::process::getuid().is_root() {
        return Ok(SYSTEM_PATH.into());
    }
    let place = |name: &str| std::env::var_os(name).map(PathBuf::from);
    user_path(place("XDG_CONFIG_HOME").as_deref(), place("HOME").as_deref()).ok_or_else(|| {
        Failure::new(Exit::Config, "neither HOME nor XDG_CONFIG_HOME is set")
            .hint(Some("name the file: --config FILE"))
    })
}

/// A name as a part of a file's name.
pub(super) fn safe(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' })
        .collect()
}

/// What the flags' own help says of a key.
pub(super) fn help() -> impl Fn(&str) -> Option<String> {
    let command = Cli::command();
    let run = command.find_subcommand("run").cloned();
    move |key| {
        if key == "password" {
            return Some(
                "Where the password comes from: file, command, fd, credential or netrc".to_owned(),
            );
        }
        if key == "fallback" {
            let what = "Further providers, in the order in which they are asked; each says what is different there";
            return Some(what.to_owned());
        }
        let run = run.as_ref()?;
        let arg = run.get_arguments().find(|arg| arg.get_id() == key)?;
        Some(arg.get_help()?.to_string().replace(" (repeatable)", ""))
    }
}

fn next_steps(
    files: &[(PathBuf, SecretString)],
    name: &str,
    config: Option<&Path>,
    layer: &Layer,
) -> String {
    let written = files.iter().map(|(path, _)| format!("wrote {}\n", path.display()));
    let config = config.map_or_else(String::new, |path| format!(" --config {}", path.display()));
    let missing: Vec<&str> = [
        (layer.server.is_none(), "server"),
        (layer.user.is_none(), "user"),
        (layer.password.is_none(), "password"),
        (layer.deliver.is_none(), "deliver"),
    ]
    .iter()
    .filter(|(missing, _)| *missing)
    .map(|(_, key)| *key)
    .collect();
    let first = match &missing[..] {
        [] => String::new(),
        keys => format!("  set {} there\n", keys.join(", ")),
    };
    format!(
        "{}\nNext:\n{first}  atrn-fetch check {name}{config}\n  atrn-fetch test-target {name}{config}\n  atrn-fetch run {name}{config}\n",
        written.collect::<String>()
    )
}
