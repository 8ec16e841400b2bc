//! `show-config`: the settings that count, as a file would write them, and where each comes from.

use std::path::PathBuf;

use serde::Serialize;

use super::table::{Account, Layer};
use super::{
    Ask, ClearAuth, Effective, ExitCodes, Family, Folder, Introduce, Judge, Lock, MappedDomain,
    Mechanism, Others, Per, Profile, TlsMin, TlsMode, Verb, quoted_if_needed,
};
use crate::config::secret::SecretSource;
use crate::config::value::{Deliver, Duration, Fingerprint, OwnAddress, Proxy, Server, Size};
use crate::smtp::Domain;

/// A setting as TOML; `None` when there is nothing to write.
pub(super) trait Shown {
    fn shown(&self) -> Option<toml::Value>;
}

macro_rules! shown {
    ($($kind:ty),*) => {$(
        impl Shown for $kind {
            fn shown(&self) -> Option<toml::Value> {
                toml::Value::try_from(self).ok()
            }
        }
    )*};
}

shown!(u16, u32, u64, bool, String, PathBuf, Duration, Size, Server, Fingerprint, Deliver, Domain);
shown!(
    OwnAddress, Proxy, TlsMin, Family, TlsMode, Mechanism, ClearAuth, Introduce, Lock, Per, Others,
    Ask, Judge, ExitCodes, Profile, Verb
);

/// Where the password comes from is no secret; a command's arguments might be, so only the program
/// is shown.
impl Shown for SecretSource {
    fn shown(&self) -> Option<toml::Value> {
        let (key, value) = match self {
            SecretSource::Command(line) => ("command", line.program().into()),
            SecretSource::File(path) => ("file", path.display().to_string().into()),
            SecretSource::Fd(n) => ("fd", i64::from(*n).into()),
            SecretSource::Credential(name) => ("credential", name.clone().into()),
            SecretSource::Netrc(path) => ("netrc", path.display().to_string().into()),
            SecretSource::Prompt(_) => return None,
        };
        Some(toml::Table::from_iter([(key.to_owned(), value)]).into())
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Option<toml::Value> {
        self.as_ref().and_then(Shown::shown)
    }
}

impl Shown for Vec<Domain> {
    fn shown(&self) -> Option<toml::Value> {
        let all = self.iter().filter_map(Shown::shown).collect();
        (!self.is_empty()).then_some(toml::Value::Array(all))
    }
}

impl Shown for Vec<String> {
    fn shown(&self) -> Option<toml::Value> {
        (!self.is_empty()).then(|| toml::Value::from(self.clone()))
    }
}

impl Shown for Vec<Folder> {
    fn shown(&self) -> Option<toml::Value> {
        let pair = |f: &Folder| (f.recipient.clone(), f.folder.display().to_string().into());
        let table = self.iter().map(pair).collect();
        (!self.is_empty()).then_some(toml::Value::Table(table))
    }
}

impl Shown for Vec<MappedDomain> {
    fn shown(&self) -> Option<toml::Value> {
        let pair = |m: &MappedDomain| (m.from.to_string(), m.to.to_string().into());
        let table = self.iter().map(pair).collect();
        (!self.is_empty()).then_some(toml::Value::Table(table))
    }
}

/// Of a further provider only what is said of it.
impl Shown for Vec<Layer> {
    fn shown(&self) -> Option<toml::Value> {
        let said = |layer: &Layer| {
            let keys = layer.keys_set();
            let all = Account::new("", layer.clone()).shown().into_iter();
            let said = all.filter(|(key, _)| keys.contains(key));
            let table = said.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
            toml::Value::Table(table)
        };
        (!self.is_empty()).then(|| toml::Value::Array(self.iter().map(said).collect()))
    }
}

/// One setting for machines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// The key.
    pub key: &'static str,
    /// Its value; `None` when nothing is set and there is no default.
    pub value: Option<toml::Value>,
    /// Where it came from, in words.
    pub origin: String,
}

impl Effective {
    /// Every setting with its value and origin, in the order of the manual page.
    pub fn settings(&self) -> Vec<Setting> {
        let shown = self.account.shown().into_iter();
        let setting = |(key, value)| Setting { key, value, origin: self.origin(key).to_string() };
        shown.map(setting).collect()
    }

    /// The account as a table of a file. What is not set is a comment.
    pub fn show(&self, with_origin: bool) -> String {
        let name = if self.account.name.is_empty() { "flags" } else { &self.account.name };
        let head = format!("[account.{}]\n", quoted_if_needed(name));
        head + &lines(self.settings(), with_origin)
    }
}

/// Settings as the lines of a table.
pub(super) fn lines(settings: Vec<Setting>, with_origin: bool) -> String {
    settings.iter().map(|setting| line(setting, with_origin)).collect()
}

fn line(setting: &Setting, with_origin: bool) -> String {
    let key = setting.key;
    match (&setting.value, with_origin) {
        (None, _) => format!("#{key} is not set\n"),
        (Some(value), false) => format!("{key} = {value}\n"),
        (Some(value), true) => format!("{:<40} # {}\n", format!("{key} = {value}"), setting.origin),
    }
}
