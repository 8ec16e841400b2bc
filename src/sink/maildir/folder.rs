//! Which folder a recipient's mail goes to. Names in, names out: nothing here touches a disk.
//!
//! A recipient comes from the network, so a folder that is *derived* from one is a single plain
//! directory name or does not exist at all. Folders that the settings name may be deeper, and
//! still never leave the base.

use std::collections::HashMap;
use std::fmt;

use crate::smtp::ForwardPath;

/// A directory below the base, as `a/b`; the empty name is the base itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderName(Box<str>);

/// Why a text does not name a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFolder {
    /// `/var/mail`: only names below the base are taken.
    #[error("a folder is named relative to the base, without a leading slash")]
    Absolute,
    /// An empty component, `.` or `..`.
    #[error("a folder name has no empty, \".\" or \"..\" component")]
    Dots,
    /// `cur`, `new` and `tmp` are the insides of a Maildir.
    #[error("cur, new and tmp are parts of a Maildir, not folders")]
    Reserved,
    /// A component of more than 255 octets, or more than 8 of them.
    #[error("a folder name has at most 8 components of at most 255 octets")]
    TooLong,
    /// A control character, a NUL, or a leading hyphen.
    #[error("a folder name has no control characters and no leading hyphen")]
    Character,
    /// What the folder is for is no address, local part or @domain.
    #[error("mail is mapped by user@example.org, user or @example.org")]
    Key,
}

/// What a file name may have at most, on every file system that matters.
const COMPONENT_LIMIT: usize = 255;
const DEPTH_LIMIT: usize = 8;

impl FolderName {
    /// The base itself.
    pub fn inbox() -> FolderName {
        FolderName(Box::default())
    }

    /// Reads a name from the settings, like `lists/rust` or Maildir++'s `.Lists`.
    ///
    /// # Errors
    /// [`BadFolder`] says which rule the name breaks.
    pub fn parse(text: &str) -> Result<FolderName, BadFolder> {
        if text.starts_with('/') {
            return Err(BadFolder::Absolute);
        }
        if text.split('/').count() > DEPTH_LIMIT {
            return Err(BadFolder::TooLong);
        }
        text.split('/').try_for_each(check)?;
        Ok(FolderName(text.into()))
    }

    /// The one directory that bears a recipient's name, or `None` when a directory may not be
    /// called that. A leading dot is refused too: it would name a Maildir++ folder of somebody else.
    fn derived(name: &str) -> Option<FolderName> {
        let name = name.to_ascii_lowercase();
        let plain = !name.starts_with('.') && !name.contains(['/', '"', '\\']);
        (plain && check(&name).is_ok()).then(|| FolderName(name.into()))
    }

    /// `self/below`.
    fn join(&self, below: &FolderName) -> FolderName {
        FolderName(format!("{}/{}", self.0, below.0).into())
    }

    /// The directories to walk through, none for the base.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|component| !component.is_empty())
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(component: &str) -> Result<(), BadFolder> {
    match component {
        "" | "." | ".." => Err(BadFolder::Dots),
        "cur" | "new" | "tmp" => Err(BadFolder::Reserved),
        _ if component.len() > COMPONENT_LIMIT => Err(BadFolder::TooLong),
        _ if component.starts_with('-') => Err(BadFolder::Character),
        _ if component.chars().any(char::is_control) => Err(BadFolder::Character),
        _ => Ok(()),
    }
}

/// Where mail goes that no rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Otherwise {
    /// To the base.
    #[default]
    Inbox,
    /// To `base/local-part`, if that Maildir exists.
    LocalPart,
    /// To `base/domain/local-part`, if that Maildir exists.
    DomainAndLocalPart,
    /// Nowhere: such recipients are refused.
    Refuse,
}

/// A folder, and whether it may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Named by the settings: made when it is missing.
    Named(FolderName),
    /// Named by a recipient: has to be there, or any stranger could make directories.
    Derived(FolderName),
}

/// The whole mapping.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    rules: HashMap<String, FolderName>,
    otherwise: Otherwise,
}

impl Folders {
    /// A mapping without rules; all mail goes where `otherwise` says.
    pub fn new(otherwise: Otherwise) -> Folders {
        Folders { rules: HashMap::new(), otherwise }
    }

    /// Maps mail for `who`, which is an address, a local part, or `@` and a domain, in any case.
    /// The most particular rule wins.
    ///
    /// # Errors
    /// [`BadFolder::Key`] when `who` is none of these.
    pub fn map(&mut self, who: &str, folder: FolderName) -> Result<(), BadFolder> {
        if matches!(who, "" | "@") || who.chars().any(|c| c.is_control() || c == ' ') {
            return Err(BadFolder::Key);
        }
        self.rules.insert(who.to_lowercase(), folder);
        Ok(())
    }

    /// Every folder that a rule names, and the base where mail may fall back to it.
    pub fn named(&self) -> Vec<FolderName> {
        let inbox = (self.otherwise == Otherwise::Inbox).then(FolderName::inbox);
        let mut all: Vec<FolderName> = self.rules.values().cloned().chain(inbox).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Where the mail of one recipient goes, or `None` when it may go nowhere.
    pub fn place(&self, recipient: &ForwardPath) -> Option<Place> {
        let address = recipient.as_str().to_lowercase();
        let (local, domain) = match recipient.mailbox() {
            Some(mailbox) => {
                (mailbox.plain_local_part().to_lowercase(), mailbox.host().to_string())
            }
            None => (address.clone(), String::new()),
        };
        let rule = [address, format!("{local}@{domain}"), local.clone(), format!("@{domain}")];
        match rule.iter().find_map(|key| self.rules.get(key)) {
            Some(folder) => Some(Place::Named(folder.clone())),
            // Postmaster must never bounce. RFC 5321, section 4.5.1.
            None if local == "postmaster" => Some(Place::Named(FolderName::inbox())),
            None => self.unnamed(&local, &domain),
        }
    }

    fn unnamed(&self, local: &str, domain: &str) -> Option<Place> {
        let person = || FolderName::derived(local);
        match self.otherwise {
            Otherwise::Inbox => Some(Place::Named(FolderName::inbox())),
            Otherwise::Refuse => None,
            Otherwise::LocalPart => person().map(Place::Derived),
            Otherwise::DomainAndLocalPart => {
                Some(Place::Derived(FolderName::derived(domain)?.join(&person()?)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> ForwardPath {
        ForwardPath::parse(text).unwrap()
    }

    fn named(text: &str) -> Option<Place> {
        Some(Place::Named(FolderName(text.into())))
    }

    #[test]
    fn the_most_particular_rule_wins() {
        let mut folders = Folders::default();
        folders.map("Ann@Example.org", FolderName::parse("ann").unwrap()).unwrap();
        folders.map("ann", FolderName::parse(".Anns").unwrap()).unwrap();
        folders.map("@example.org", FolderName::parse("all/org").unwrap()).unwrap();
        assert_eq!(folders.place(&path("ANN@example.ORG")), named("ann"));
        assert_eq!(folders.place(&path("ann@example.com")), named(".Anns"));
        assert_eq!(folders.place(&path("bob@example.org")), named("all/org"));
        assert_eq!(folders.place(&path("bob@example.com")), named(""));
        assert_eq!(folders.named().len(), 4);
    }

    #[test]
    fn derived_folders_are_one_plain_directory() {
        let derived = |text: &str| Some(Place::Derived(FolderName(text.into())));
        let local = Folders::new(Otherwise::LocalPart);
        let both = Folders::new(Otherwise::DomainAndLocalPart);
        assert_eq!(local.place(&path("Ann@example.org")), derived("ann"));
        assert_eq!(both.place(&path("ann@Example.org")), derived("example.org/ann"));
        for bad in ["\"../x\"@a.org", "a/b@a.org", "-a@a.org", "new@a.org", "\".\"@a.org"] {
            assert_eq!(local.place(&path(bad)), None, "{bad}");
            assert_eq!(both.place(&path(bad)), None, "{bad}");
        }
        assert_eq!(Folders::new(Otherwise::Refuse).place(&path("a@b.org")), None);
    }

    #[test]
    fn postmaster_always_has_a_folder() {
        let folders = Folders::new(Otherwise::Refuse);
        for who in ["Postmaster", "postmaster@example.org"] {
            assert_eq!(folders.place(&path(who)), named(""), "{who}");
        }
    }

    #[test]
    fn settings_cannot_name_what_is_outside() {
        let deep = "a/".repeat(8) + "a";
        let long = "a".repeat(256);
        for bad in
            ["", "/etc", "..", "a/../b", "a//b", "./a", "a/", "new", "a/cur", "-a", "a\0", "a\n"]
        {
            assert!(FolderName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(FolderName::parse(&deep), Err(BadFolder::TooLong));
        assert_eq!(FolderName::parse(&long), Err(BadFolder::TooLong));
        assert!(Folders::default().map("a b", FolderName::inbox()).is_err());
    }

    proptest! {
        #[test]
        fn no_recipient_names_anything_but_directories_below(local in "\\PC{1,40}|\"[ -~]{0,30}\"|[./a-]{1,9}") {
            let Ok(recipient) = ForwardPath::parse(&format!("{local}@example.org")) else { return Ok(()) };
            for otherwise in [Otherwise::LocalPart, Otherwise::DomainAndLocalPart] {
                let folders = Folders::new(otherwise);
                let Some(Place::Derived(folder)) = folders.place(&recipient) else { continue };
                for component in folder.components() {
                    prop_assert!(!component.starts_with(['.', '-']) && !component.contains(['/', '\0']));
                    prop_assert!((1..=255).contains(&component.len()));
                }
            }
        }
    }
}
