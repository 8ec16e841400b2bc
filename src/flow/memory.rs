//! What a customer remembers of an account from run to run: when it ran, how it went, and what has been
//! told already, so that cron does not mail the same line every five minutes.
//!
//! A small file for each account, replaced whole. It is a convenience: one that is missing, damaged or
//! not to be written costs a line in the log and no mail.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::lock::{file_name, give_to_owner_of_folder};
use super::summary::Outcome;
use crate::config::fetch::Account;
use crate::exit::Exit;

/// No file of ours is larger.
const MOST: u64 = 1 << 20;
/// Different troubles that are remembered at a time. Of more, each is told when it comes.
const TROUBLES: usize = 16;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// When the last run began.
    pub last_run: Option<Timestamp>,
    /// What it came to.
    pub last_result: Option<Outcome>,
    /// How the program ended over it.
    pub last_exit: Option<u8>,
    /// When the last run began that was no failure.
    pub last_success: Option<Timestamp>,
    /// When the last run began that brought mail.
    pub last_mail: Option<Timestamp>,
    /// When the daemon will run next.
    pub next_run: Option<Timestamp>,
    /// Messages that were taken, since the first run that is remembered.
    pub messages: u64,
    /// Messages that had come before, and were not taken again.
    pub duplicates: u64,
    /// What is wrong, and has been since.
    pub troubles: Vec<Trouble>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// With whom; the run is over for this provider alone.
    pub server: String,
    /// What, as it was told last.
    pub what: String,
    /// The exit code it gives.
    pub exit: u8,
    /// Since when.
    pub since: Timestamp,
    /// How often it has come.
    pub times: u64,
    /// When it was told last.
    pub told: Timestamp,
    /// When it came last; not known of what was written down before it was noted.
    #[serde(default)]
    pub last: Option<Timestamp>,
}

/// What came of asking one provider.
#[derive(Clone, Copy, Debug)]
pub struct Came<'a> {
    /// Whom.
    pub server: &'a str,
    /// When that began.
    pub at: Timestamp,
    /// How it went; none where nothing could be begun.
    pub result: Option<Outcome>,
    /// How the program ends.
    pub exit: Exit,
    /// Messages that were taken.
    pub messages: u64,
    /// Messages that had come before.
    pub duplicates: u64,
    /// What is wrong, where something is.
    pub reason: Option<&'a str>,
}

/// What is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Nothing is wrong, nor was.
    Well,
    /// This is new.
    New,
    /// It has been told, and not so long ago.
    Known,
    /// It has been told long ago, and goes on.
    Again(Trouble),
    /// What was wrong is so no longer.
    Over(Trouble),
}

impl Memory {
    /// Notes what came of a run, and says what is to be told of it: the same trouble once in `interval`.
    pub fn note(&mut self, came: &Came<'_>, interval: Duration) -> Telling {
        self.last_run = Some(came.at);
        self.last_result = came.result;
        self.last_exit = Some(came.exit as u8);
        self.messages = self.messages.saturating_add(came.messages);
        self.duplicates = self.duplicates.saturating_add(came.duplicates);
        if came.messages > 0 {
            self.last_mail = Some(came.at);
        }
        match came.reason {
            Some(what) => self.trouble(came, what, interval),
            None => {
                self.last_success = Some(came.at);
                self.is_well(came.server)
            }
        }
    }

    /// What is wrong, what came last first: that is how things stand.
    pub fn newest_first(&self) -> Vec<&Trouble> {
        let mut troubles: Vec<&Trouble> = self.troubles.iter().rev().collect();
        troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.last.unwrap_or(trouble.told)));
        troubles
    }

    /// Trouble with servers that are called no more is over: whoever has set the name right hears of the
    /// wrong one no longer.
    pub fn keep_to(&mut self, called: &[String]) {
        self.troubles.retain(|trouble| called.contains(&trouble.server));
    }

    /// Nothing waits in the account's own queue: what was wrong with its target is over, whatever else goes on.
    /// Says whether there was something.
    pub fn queue_is_empty(&mut self, folder: &Path) -> bool {
        let place = format!(" waiting in {}", folder.display());
        let before = self.troubles.len();
        self.troubles.retain(|trouble| !trouble.what.ends_with(&place));
        self.troubles.len() < before
    }

    fn trouble(&mut self, came: &Came<'_>, what: &str, interval: Duration) -> Telling {
        let Came { server, at, exit, .. } = *came;
        let same = |trouble: &&mut Trouble| {
            trouble.server == server
                && trouble.exit == exit as u8
                && shape(&trouble.what) == shape(what)
        };
        let Some(known) = self.troubles.iter_mut().find(same) else {
            let trouble = Trouble {
                server: server.to_owned(),
                what: what.to_owned(),
                exit: exit as u8,
                since: at,
                times: 1,
                told: at,
                last: Some(at),
            };
            if self.troubles.len() >= TROUBLES {
                self.troubles.remove(0);
            }
            self.troubles.push(trouble);
            return Telling::New;
        };
        known.times += 1;
        known.what = what.to_owned();
        known.last = Some(at);
        // A clock that was set back makes it new, not quiet for years.
        let quiet_for = at.duration_since(known.told);
        if quiet_for.unsigned_abs() < interval && !quiet_for.is_negative() {
            return Telling::Known;
        }
        known.told = at;
        Telling::Again(known.clone())
    }

    fn is_well(&mut self, server: &str) -> Telling {
        let (over, others) =
            std::mem::take(&mut self.troubles).into_iter().partition(|t| t.server == server);
        self.troubles = others;
        // Of several, the one that has lasted longest speaks for all.
        let over: Vec<Trouble> = over;
        over.into_iter().min_by_key(|t| t.since).map_or(Telling::Well, Telling::Over)
    }
}

/// The same complaint with another port, number or time in it is the same complaint.
fn shape(what: &str) -> String {
    let mut shape = String::with_capacity(what.len());
    for c in what.chars() {
        match c.is_ascii_digit() {
            true if shape.ends_with('#') => {}
            true => shape.push('#'),
            false => shape.push(c),
        }
    }
    shape
}

impl Telling {
    /// The word for it, for hooks.
    pub fn name(&self) -> &'static str {
        match self {
            Telling::Well => "well",
            Telling::New => "new",
            Telling::Known => "known",
            Telling::Again(_) => "again",
            Telling::Over(_) => "over",
        }
    }

    /// What stands behind the complaint: how often it has come.
    pub fn count(&self) -> Option<String> {
        match self {
            Telling::Again(trouble) => {
                Some(format!("{} times since {}", trouble.times, seconds(trouble.since)))
            }
            _ => None,
        }
    }

    /// What is said when it is over.
    pub fn relief(&self) -> Option<String> {
        match self {
            Telling::Over(Trouble { server, what, since, times, .. }) => {
                let how_often =
                    if *times == 1 { "once".to_owned() } else { format!("{times} times") };
                Some(format!(
                    "{server}: well again; it had failed {how_often} since {}: {what}",
                    seconds(*since)
                ))
            }
            _ => None,
        }
    }
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Where an account's memory lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf(PathBuf);

impl Shelf {
    /// The account's; none for one that flags alone describe, unless they name a folder.
    pub fn of(account: &Account) -> Option<Shelf> {
        let folder = account
            .state_dir
            .clone()
            .or_else(|| (!account.name.is_empty()).then(folder).flatten())?;
        Some(Shelf(folder.join(format!("{}.json", file_name(&account.identity())))))
    }

    /// What is remembered. Nothing where there is nothing that can be read.
    pub fn recall(&self) -> Memory {
        match self.read() {
            Ok(memory) => memory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Memory::default(),
            Err(error) => {
                warn!(file = %self.0.display(), %error, "what was remembered is lost; beginning anew");
                Memory::default()
            }
        }
    }

    fn read(&self) -> io::Result<Memory> {
        let mut text = Vec::new();
        fs::File::open(&self.0)?.take(MOST).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Remembers, or says in the log that it cannot.
    pub fn keep(&self, memory: &Memory) {
        if let Err(error) = self.write(memory) {
            warn!(file = %self.0.display(), %error, "cannot remember this run");
        }
    }

    /// Where the marks of what has come lie, beside it; the folder is made.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn register(&self) -> io::Result<PathBuf> {
        self.make_folder()?;
        Ok(self.0.with_extension("came"))
    }

    /// Where the lock lies, beside it; the folder is made.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn lock(&self) -> io::Result<PathBuf> {
        self.make_folder()?;
        Ok(self.0.with_extension("lock"))
    }

    fn make_folder(&self) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn write(&self, memory: &Memory) -> io::Result<()> {
        self.make_folder()?;
        let aside = self.0.with_extension(format!("json.{}", std::process::id()));
        // What a run that was broken off has left, or somebody has laid there.
        let _ = fs::remove_file(&aside);
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&aside)?;
        give_to_owner_of_folder(&file, &aside);
        file.write_all(&serde_json::to_vec_pretty(memory)?)?;
        fs::rename(&aside, &self.0)
    }
}

/// The folder of state: what the service manager gives, root's, or the user's own.
pub fn folder() -> Option<PathBuf> {
    let place = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from)?;
        path.is_absolute().then_some(path)
    };
    if let Some(given) = std::env::var_os("STATE_DIRECTORY") {
        return std::env::split_paths(&given).next().filter(|path| path.is_absolute());
    }
    if rustix::process::getuid().is_root() {
        return Some(PathBuf::from("/var/lib/atrn-fetch"));
    }
    let home = || place("HOME").map(|home| home.join(".local/state"));
    place("XDG_STATE_HOME").or_else(home).map(|folder| folder.join("odmr"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fetch::Layer;

    const DAY: Duration = Duration::from_secs(86400);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
    }

    fn came(minute: i64, reason: Option<&'static str>) -> Came<'static> {
        let exit = if reason.is_some() { Exit::Unavailable } else { Exit::Ok };
        let result = Some(if reason.is_some() { Outcome::Tempfail } else { Outcome::NoMail });
        Came { server: "p:366", at: at(minute), result, exit, messages: 0, duplicates: 0, reason }
    }

    #[test]
    fn the_same_trouble_is_told_once_a_day_and_when_it_is_over() {
        let mut memory = Memory::default();
        let mut told = Vec::new();
        for minute in (0..3 * 1440).step_by(5) {
            match memory.note(&came(minute, Some("p:366: refused after 12 s")), DAY) {
                Telling::Known => {}
                telling => told.push((minute, telling.name(), telling.count())),
            }
        }
        let times =
            |times, at| (at, "again", Some(format!("{times} times since 2023-11-14T22:13:20Z")));
        assert_eq!(told, [(0, "new", None), times(289, 1440), times(577, 2880)]);
        let telling = memory.note(&came(4320, None), DAY);
        let relief = "p:366: well again; it had failed 864 times since 2023-11-14T22:13:20Z: \
                      p:366: refused after 12 s";
        assert_eq!(telling.relief().as_deref(), Some(relief));
        assert_eq!(memory.note(&came(4325, None), DAY), Telling::Well);
    }

    #[test]
    fn another_number_is_no_other_trouble_but_other_words_are() {
        let mut memory = Memory::default();
        assert_eq!(memory.note(&came(0, Some("after 10 s")), DAY), Telling::New);
        assert_eq!(memory.note(&came(1, Some("after 9 s")), DAY), Telling::Known);
        assert_eq!(memory.note(&came(2, Some("535 no")), DAY), Telling::New);
        assert_eq!(memory.note(&came(3, Some("after 8 s")), DAY), Telling::Known);
        // How things stand is what came last.
        let order = |memory: &Memory| -> Vec<String> {
            memory.newest_first().into_iter().map(|one| one.what.clone()).collect()
        };
        assert_eq!(order(&memory), ["after 8 s", "535 no"]);
        memory.note(&came(4, Some("535 no")), DAY);
        assert_eq!(order(&memory), ["535 no", "after 8 s"]);
    }

    #[test]
    fn one_provider_s_health_is_not_another_s() {
        let mut memory = Memory::default();
        memory.note(&came(0, Some("down")), DAY);
        let other = Came { server: "q:366", ..came(1, None) };
        assert_eq!(memory.note(&other, DAY), Telling::Well);
        assert_eq!(memory.note(&came(2, Some("down")), DAY), Telling::Known);
    }

    #[test]
    fn an_interval_of_nothing_tells_every_time() {
        let mut memory = Memory::default();
        memory.note(&came(0, Some("down")), Duration::ZERO);
        assert_eq!(memory.note(&came(0, Some("down")), Duration::ZERO).name(), "again");
    }

    #[test]
    fn a_clock_set_back_silences_nothing() {
        let mut memory = Memory::default();
        memory.note(&came(10_000, Some("down")), DAY);
        assert_eq!(memory.note(&came(0, Some("down")), DAY).name(), "again");
    }

    #[test]
    fn trouble_with_the_target_is_over_when_nothing_waits_for_it() {
        let mut memory = Memory::default();
        memory.note(&came(0, Some("the target: not reachable; 2 waiting in /q/a")), DAY);
        memory.note(&came(1, Some("not reachable")), DAY);
        assert!(!memory.queue_is_empty(Path::new("/q")), "another queue");
        assert!(memory.queue_is_empty(Path::new("/q/a")));
        let left: Vec<&str> = memory.troubles.iter().map(|t| t.what.as_str()).collect();
        assert_eq!(left, ["not reachable"]);
    }

    #[test]
    fn troubles_do_not_pile_up() {
        let mut memory = Memory::default();
        for n in 0..100 {
            let what: &'static str = Box::leak("x".repeat(n + 1).into_boxed_str());
            memory.note(&came(0, Some(what)), DAY);
        }
        assert_eq!(memory.troubles.len(), TROUBLES);
    }

    fn shelf(folder: &Path) -> Shelf {
        let layer = Layer { state_dir: Some(folder.join("state")), ..Layer::default() };
        Shelf::of(&Account::new("../home", layer)).unwrap()
    }

    #[test]
    fn what_is_kept_is_recalled_and_nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        assert_eq!(shelf.recall(), Memory::default());
        let mut memory = Memory::default();
        memory.note(&came(0, Some("down")), DAY);
        shelf.keep(&memory);
        assert_eq!(shelf.recall(), memory);
        let path = folder.path().join("state/%2e.%2fhome.json");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn trouble_with_a_server_that_is_called_no_more_is_over() {
        let mut memory = Memory::default();
        memory.note(&came(0, Some("no such host")), DAY);
        let server = came(0, None).server.to_owned();
        memory.keep_to(&["other:366".to_owned(), server]);
        assert_eq!(memory.troubles.len(), 1);
        memory.keep_to(&["other:366".to_owned()]);
        assert_eq!(memory.troubles, []);
    }

    #[test]
    fn a_damaged_memory_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        shelf.keep(&Memory::default());
        for text in ["", "{", "[]", "{\"last_run\":5}", "\u{0}\u{1b}"] {
            fs::write(&shelf.0, text).unwrap();
            assert_eq!(shelf.recall(), Memory::default(), "{text:?}");
        }
    }

    #[test]
    fn flags_alone_are_not_remembered() {
        assert_eq!(Shelf::of(&Account::new("", Layer::default())), None);
    }
}
