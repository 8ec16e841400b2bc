//! Which settings files there are: the user's, the system's, or the one that is named.

use std::path::{Path, PathBuf};

use super::{Files, Owner};
use crate::config::document::{Document, Problems};

/// The system's file.
pub const SYSTEM_PATH: &str = "/etc/odmr/atrn-fetch.toml";

/// The user's own file: `$XDG_CONFIG_HOME/odmr/atrn-fetch.toml`, by default below `~/.config`.
/// A relative `XDG_CONFIG_HOME` is to be ignored, says the XDG specification.
pub fn user_path(xdg_config_home: Option<&Path>, home: Option<&Path>) -> Option<PathBuf> {
    let xdg = xdg_config_home.filter(|path| path.is_absolute()).map(Path::to_owned);
    let config = xdg.or_else(|| home.map(|home| home.join(".config")))?;
    Some(config.join("odmr").join("atrn-fetch.toml"))
}

/// Reads the settings files: the named one alone, else those that exist of `user` and `system`.
///
/// # Errors
/// A named file that cannot be read, and the first mistake in any.
pub fn load(named: Option<&Path>, user: Option<&Path>, system: &Path) -> Result<Files, Problems> {
    if let Some(path) = named {
        return Files::parse(vec![(Owner::User, Document::read(path)?)]);
    }
    let mut documents = Vec::new();
    for (owner, path) in
        user.map(|path| (Owner::User, path)).into_iter().chain([(Owner::System, system)])
    {
        if path.exists() {
            documents.push((owner, Document::read(path)?));
        }
    }
    Files::parse(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_s_file_is_where_xdg_says() {
        let at = |xdg: Option<&str>, home: Option<&str>| {
            user_path(xdg.map(Path::new), home.map(Path::new))
        };
        assert_eq!(at(Some("/x"), Some("/h")), Some("/x/odmr/atrn-fetch.toml".into()));
        assert_eq!(at(None, Some("/h")), Some("/h/.config/odmr/atrn-fetch.toml".into()));
        assert_eq!(at(Some("x"), Some("/h")), Some("/h/.config/odmr/atrn-fetch.toml".into()));
        assert_eq!(at(None, None), None);
    }

    #[test]
    fn files_that_are_not_there_are_no_mistake_unless_named() {
        let nowhere = Path::new("/nowhere/atrn-fetch.toml");
        assert!(load(None, Some(nowhere), nowhere).unwrap().accounts().is_empty());
        assert!(load(Some(nowhere), None, nowhere).is_err());
    }

    #[test]
    fn the_named_file_stands_alone() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (named, user) = (write("n", "[account.a]\n"), write("u", "[account.b]\n"));
        let system = write("s", "[account.c]\n");
        assert_eq!(load(None, Some(&user), &system).unwrap().accounts(), ["b", "c"]);
        assert_eq!(load(Some(&named), Some(&user), &system).unwrap().accounts(), ["a"]);
    }
}
