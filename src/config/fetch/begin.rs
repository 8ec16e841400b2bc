//! A first settings file: what is set, and every other key as a comment with what holds without it.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::table::{Account, Layer};
use crate::config::document::quoted_if_needed;
use crate::config::secret::{CommandLine, SecretSource};

const HEAD: &str = "\
# atrn-fetch: collect mail from an ODMR provider. atrn-fetch.toml(5) explains each key.
#
# A line that begins with \"#\" and a key shows what holds unless you say otherwise, or with \"# \" what might stand there.
# Durations are written 90s, 10m30s, 24h; sizes 64 KiB, 50 MiB. Relative paths start here.
";

/// Keys that have no default, and what might stand there.
const EXAMPLES: [(&str, &str); 27] = [
    ("server", "\"odmr.example.net\""),
    ("ca", "\"authority.pem\""),
    ("fingerprint", "\"sha256:...\""),
    ("server_name", "\"odmr.example.net\""),
    ("certificate", "\"certificate.pem\""),
    ("key", "\"key.pem\""),
    ("ehlo", "\"mail.example.org\""),
    ("bind", "\"192.0.2.7\""),
    ("proxy", "\"socks5://127.0.0.1:9050\""),
    ("user", "\"acme\""),
    ("password", "{ file = \"acme.password\" }"),
    ("domains", "[\"example.org\"]"),
    ("accept_domains", "[\"example.org\"]"),
    ("deliver", "\"smtp:localhost:25\""),
    ("spool", "\"/var/lib/atrn-fetch/queue\""),
    ("bounces", "\"smtp:localhost:25\""),
    ("arguments", "[\"--\", \"{recipient}\"]"),
    ("max_messages", "1000"),
    ("max_bytes", "\"1 GiB\""),
    ("max_message_size", "\"10 MiB\""),
    ("transcript", "\"transcripts\""),
    ("on_mail", "[\"/usr/local/bin/mail-has-come\"]"),
    ("on_error", "[\"/usr/local/bin/mail-has-not-come\"]"),
    ("state_dir", "\"/var/lib/atrn-fetch\""),
    (
        "fallback",
        "[{ server = \"backup.example.net\", password = { file = \"backup.password\" } }]",
    ),
    ("map_domains", "{ \"example.org\" = \"mail.example.org\" }"),
    ("folders", "{ \"sales@example.org\" = \"sales\" }"),
];

/// Tables: of one that is empty, what might stand there says more.
const TABLES: [&str; 3] = ["folders", "map_domains", "fallback"];

/// An account as the text of a file. `help` says in a line what a key is for.
pub fn account_text(name: &str, layer: &Layer, help: impl Fn(&str) -> Option<String>) -> String {
    let set = layer.keys_set();
    let account = Account::new(name, layer.clone());
    let mut text = format!("[account.{}]\n", quoted_if_needed(name));
    for (key, value) in account.shown() {
        if let Some(help) = help(key) {
            let _ = writeln!(text, "# {help}");
        }
        let value = if key == "password" {
            layer.password.as_ref().map(source)
        } else {
            let says = |_: &toml::Value| !TABLES.contains(&key) || set.contains(&key);
            value.filter(says).map(|v| v.to_string())
        };
        let example = EXAMPLES.iter().find(|(known, _)| *known == key);
        let _ = match (value, example) {
            (Some(value), _) if set.contains(&key) => writeln!(text, "{key} = {value}"),
            (Some(value), _) => writeln!(text, "#{key} = {value}"),
            (None, Some((_, example))) => writeln!(text, "# {key} = {example}"),
            (None, None) => Ok(()),
        };
    }
    text
}

/// A whole file with these accounts.
pub fn file_text(accounts: &[String]) -> String {
    let mut text = HEAD.to_owned();
    for account in accounts {
        text.push('\n');
        text.push_str(account);
    }
    text
}

/// `show-config` hides a command's arguments; a file needs them.
fn source(source: &SecretSource) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let path = |path: &Path| text(&path.display().to_string());
    match source {
        SecretSource::Command(CommandLine::Shell(line)) => {
            format!("{{ command = {} }}", text(line))
        }
        SecretSource::Command(CommandLine::Words(words)) => {
            format!("{{ command = {} }}", toml::Value::from(words.clone()))
        }
        SecretSource::File(file) => format!("{{ file = {} }}", path(file)),
        SecretSource::Fd(n) => format!("{{ fd = {n} }}"),
        SecretSource::Credential(name) => format!("{{ credential = {} }}", text(name)),
        SecretSource::Netrc(file) => format!("{{ netrc = {} }}", path(file)),
        SecretSource::Prompt(_) => "{ file = \"...\" }".to_owned(),
    }
}

/// Writes files that were not there, for their owner's eyes alone; all of them, or none.
///
/// # Errors
/// Which one could not be written.
pub fn write_new(files: &[(PathBuf, SecretString)]) -> Result<(), (PathBuf, io::Error)> {
    let mut written: Vec<&Path> = Vec::new();
    for (path, text) in files {
        if let Err(error) = write_one(path, text.expose_secret()) {
            // What was there before us is not among these.
            written.iter().for_each(|path| drop(std::fs::remove_file(path)));
            return Err((path.clone(), error));
        }
        written.push(path);
    }
    Ok(())
}

fn write_one(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Document;
    use crate::config::fetch::{Files, Owner};
    use crate::config::value::read;

    fn parsed(text: &str) -> Layer {
        let document = Document::new("/etc/odmr/atrn-fetch.toml", text);
        let files = Files::parse(vec![(Owner::User, document)]).unwrap();
        let effective = files.account("home office", Vec::new()).unwrap();
        let account = effective.account;
        Layer {
            user: account.user,
            password: account.password,
            interval: Some(account.interval),
            ..Layer::default()
        }
    }

    #[test]
    fn what_is_written_reads_as_it_was_meant() {
        let command = CommandLine::Shell("pass show \"odmr/acme\"".to_owned());
        let layer = Layer {
            user: Some("ac\"me".to_owned()),
            password: Some(SecretSource::Command(command)),
            interval: Some(read("5m").unwrap()),
            ..Layer::default()
        };
        let text = file_text(&[account_text("home office", &layer, |_| Some("help".to_owned()))]);
        assert_eq!(parsed(&text), layer);
        assert!(text.contains("\n# help\n#port = 366\n"), "{text}");
        assert!(text.contains("\n# help\n# server = \"odmr.example.net\"\n"), "{text}");
    }

    /// Uncommented, each line is one that the file may have.
    #[test]
    fn every_comment_would_be_a_setting() {
        let text = account_text("home office", &Layer::default(), |_| None);
        let bare: String = text
            .lines()
            .map(|line| line.trim_start_matches('#').trim_start().to_owned() + "\n")
            .filter(|line| !line.contains("fingerprint"))
            .collect();
        parsed(&bare);
        for key in Layer::KEYS {
            assert!(text.contains(&format!("{key} = ")), "{key} is not there:\n{text}");
        }
    }

    #[test]
    fn all_files_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join("new").join(name);
        let files = |names: &[&str]| -> Vec<(PathBuf, SecretString)> {
            names.iter().map(|name| (at(name), SecretString::from("x"))).collect()
        };
        assert!(write_new(&files(&["a", "b"])).is_ok());
        let (path, error) = write_new(&files(&["c", "b"])).unwrap_err();
        assert_eq!((path, error.kind()), (at("b"), io::ErrorKind::AlreadyExists));
        assert!(at("a").exists() && !at("c").exists());
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(at("a")).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }
}
