//! Changing the account file from a command, while people edit it by hand.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Array, DocumentMut, Item, RawString, Table, value};

use super::{Accounts, AccountsError, read};
use crate::config::{Document, Problem};
use crate::sasl::{Credentials, Fingerprint};
use crate::smtp::Domain;

/// What a new account starts with.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its own name.
    pub name: String,
    /// Other names to log in by.
    pub aliases: Vec<String>,
    /// Whose mail it may collect.
    pub domains: Vec<Domain>,
    /// In whose addresses it may send beside.
    pub send_as: Vec<Domain>,
    /// What is kept of its password.
    pub credentials: Option<Credentials>,
    /// The certificates that stand for it.
    pub certificates: Vec<Fingerprint>,
    /// Dovecot has its password.
    pub dovecot: bool,
    /// It may send mail of its own.
    pub submit: bool,
}

/// The file, held for a change.
pub struct AccountFile {
    document: DocumentMut,
    accounts: Accounts,
}

const HEAD: &str = "# The accounts of odmrd. `odmrd account` changes this file and leaves comments \
                    alone.\n# No password stands here, only what proves one. See\n# odmrd.toml(5).\n";
/// How often a lock that is held is asked for again, and how long between.
const TRIES: u32 = 250;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Changes the file: reads it, lets `change` at it, checks the outcome as a daemon would, and puts it
/// in place whole, or not at all. One change at a time; a file that is not there yet is made.
///
/// # Errors
/// [`AccountsError`]; the file is then as it was.
pub fn edit<T>(
    path: &Path,
    change: impl FnOnce(&mut AccountFile) -> Result<T, AccountsError>,
) -> Result<T, AccountsError> {
    // A link is followed first, or the new file would take the link's place.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let _lock = lock(&path)?;
    let before = match read::text(&path) {
        Err(AccountsError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            HEAD.to_owned()
        }
        read => read?,
    };
    let mut file = AccountFile::parse(&path, &before)?;
    let outcome = change(&mut file)?;
    let after = file.document.to_string();
    // The lines of what nobody will ever see are no help.
    Accounts::parse(&path, &after).map_err(|fault| match fault {
        AccountsError::Misplaced(problem) => Problem { position: None, ..problem }.into(),
        fault => fault,
    })?;
    replace(&path, &after)
        .map_err(|error| AccountsError::Io { path, doing: "write", error })
        .map(|()| outcome)
}

/// The lock is a file beside it: the file itself is replaced, and a lock on it would go with it.
fn lock(path: &Path) -> Result<File, AccountsError> {
    let lock_path = beside(path, ".lock");
    let io = |error| AccountsError::Io { path: lock_path.clone(), doing: "lock", error };
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600);
    let file = file.open(&lock_path).map_err(io)?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
    }
    Err(AccountsError::Busy(path.to_owned()))
}

/// Whoever reads the path finds the old file or the new one, after a power cut too. The new one
/// keeps owner, group and mode: a daemon that has left root behind must still be able to read it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = beside(path, ".new");
    let written = write_draft(path, &draft, text).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft); // the first error is the one to tell
    }
    written?;
    // A rename is not on disk until its folder is.
    File::open(folder(path))?.sync_all()
}

fn write_draft(path: &Path, draft: &Path, text: &str) -> io::Result<()> {
    // What a crash has left there is nobody's: we hold the lock.
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    if let Ok(before) = fs::metadata(path) {
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            std::os::unix::fs::fchown(&file, Some(before.uid()), Some(before.gid()))?;
        }
        file.set_permissions(fs::Permissions::from_mode(before.mode() & 0o777))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

impl AccountFile {
    fn parse(path: &Path, text: &str) -> Result<AccountFile, AccountsError> {
        let accounts = Accounts::parse(path, text)?;
        let document = text.parse::<DocumentMut>().map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Document::new(path, text).problem_at(at, error.message())
        })?;
        Ok(AccountFile { document, accounts })
    }

    /// The accounts as they were before the change.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Adds an account behind those there are.
    ///
    /// # Errors
    /// [`AccountsError::Exists`] when somebody logs in by that name already, [`AccountsError::Taken`]
    /// when a domain is another's.
    pub fn add(&mut self, new: &NewAccount) -> Result<(), AccountsError> {
        if self.accounts.find(&new.name).is_some() {
            return Err(AccountsError::Exists(new.name.clone()));
        }
        self.accounts.are_free(&new.domains)?;
        let mut account = Table::new();
        account.insert("domains", list(new.domains.iter().map(Domain::to_string)));
        if !new.send_as.is_empty() {
            account.insert("send_as", list(new.send_as.iter().map(Domain::to_string)));
        }
        if !new.aliases.is_empty() {
            account.insert("aliases", list(new.aliases.iter().cloned()));
        }
        if !new.certificates.is_empty() {
            account.insert("certificate", list(new.certificates.iter().map(print_fingerprint)));
        }
        if new.dovecot {
            account.insert("dovecot", toml_edit::value(true));
        }
        if new.submit {
            account.insert("submit", toml_edit::value(true));
        }
        if let Some(credentials) = &new.credentials {
            put_credentials(&mut account, credentials);
        }
        // What stood at the end of the file stays in front of what is added there.
        let end = self.document.trailing().as_str().unwrap_or_default().to_owned();
        self.document.set_trailing("");
        account.decor_mut().set_prefix(format!("{end}\n"));
        self.table().insert(&new.name, Item::Table(account));
        Ok(())
    }

    /// Sets a password anew. What the old one left behind goes, its CRAM-MD5 states and NTLM hash included.
    ///
    /// # Errors
    /// [`AccountsError::Unknown`] when nobody logs in by that name.
    pub fn set_credentials(
        &mut self,
        name: &str,
        credentials: &Credentials,
    ) -> Result<(), AccountsError> {
        let name = self.own_name(name)?;
        if let Some(account) = self.table().get_mut(&name).and_then(Item::as_table_like_mut) {
            account.remove("cram_md5");
            account.remove("ntlm");
            put_credentials(account, credentials);
        }
        Ok(())
    }

    /// Takes an account out, with the comment right above it; what stands further up stays. Its
    /// waiting mail stays in the queue.
    ///
    /// # Errors
    /// [`AccountsError::Unknown`] when nobody logs in by that name.
    pub fn remove(&mut self, name: &str) -> Result<(), AccountsError> {
        let name = self.own_name(name)?;
        if let Some(Item::Table(gone)) = self.table().remove(&name) {
            let above = gone.decor().prefix().and_then(RawString::as_str).unwrap_or_default();
            let kept = above.rfind("\n\n").map_or("", |blank| &above[..=blank]);
            if !kept.trim().is_empty() {
                self.put_comment(kept, gone.position());
            }
        }
        Ok(())
    }

    /// Puts a comment in front of the next account in the file, or at its end.
    fn put_comment(&mut self, comment: &str, behind: Option<isize>) {
        let accounts = self.table().iter_mut().filter_map(|(_, item)| item.as_table_mut());
        let later = accounts.filter(|account| account.position() > behind);
        if let Some(next) = later.min_by_key(|account| account.position()) {
            let above = next.decor().prefix().and_then(RawString::as_str).unwrap_or_default();
            let above = format!("{comment}{above}");
            return next.decor_mut().set_prefix(above);
        }
        let end = self.document.trailing().as_str().unwrap_or_default();
        let end = format!("{comment}{end}");
        self.document.set_trailing(end);
    }

    fn own_name(&self, name: &str) -> Result<String, AccountsError> {
        let account = self.accounts.find(name);
        account.map(|found| found.name.clone()).ok_or(AccountsError::Unknown(name.to_owned()))
    }

    /// The table of accounts, made if there is none, without a headline of its own.
    fn table(&mut self) -> &mut dyn toml_edit::TableLike {
        let made = || {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        };
        let item = self.document.entry("account").or_insert_with(made);
        if item.as_table_like().is_none() {
            *item = made(); // cannot be: it was read as a table of accounts
        }
        item.as_table_like_mut().expect("it was just made a table")
    }
}

fn put_credentials(account: &mut dyn toml_edit::TableLike, credentials: &Credentials) {
    account.insert("scram_sha_256", value(credentials.scram.stored_form().as_str()));
    if let Some(cram) = &credentials.cram {
        account.insert("cram_md5", value(cram.stored_form().as_str()));
    }
    if let Some(ntlm) = &credentials.ntlm {
        account.insert("ntlm", value(ntlm.stored_form().as_str()));
    }
}

fn list(texts: impl Iterator<Item = String>) -> Item {
    value(texts.collect::<Array>())
}

fn print_fingerprint(fingerprint: &Fingerprint) -> String {
    let digits: Vec<String> = fingerprint.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("sha256:{}", digits.concat())
}
