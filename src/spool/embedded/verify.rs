//! Looks a spool through: every entry, every content, the counts, the folder of bodies. Looking changes
//! nothing and keeps no mail waiting; what is to be mended is mended when the spool has no owner.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::body::{self, Bodies};
use super::claims::Key;
use super::excess;
use super::lock::Lock;
use super::oversee::{Overseer, Sight, Unseen};
use super::reader::{aside, unreadable};
use super::rescue::is_damage;
use super::settle::{Damage, Noticed};
use super::writer::Work;
use super::{
    BODIES, Core, Embedded, Settings, database, lost, not_in_place_of_others, recover, remains,
    remake, schema,
};
use crate::queue::EntryId;
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// The entry, where it is one's.
    pub id: Option<EntryId>,
    /// Its domain, as far as can be told.
    pub domain: Option<Domain>,
    /// What is wrong.
    pub what: String,
}

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The database itself.
    Database,
    /// The counts of a domain.
    Counts,
    /// An entry's rows.
    Entry,
    /// An entry's content.
    Content,
    /// A file of content that nothing speaks of.
    Orphan,
    /// Octets in a file of content, behind its end.
    Excess,
    /// Who may read what is nobody else's.
    Mode,
    /// Whose files they are.
    Owner,
    /// A time that has not come yet.
    Clock,
    /// Mail that nobody can fetch.
    Domain,
}

impl Kind {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Database => "database",
            Kind::Counts => "counts",
            Kind::Entry => "entry",
            Kind::Content => "content",
            Kind::Orphan => "orphan",
            Kind::Excess => "excess",
            Kind::Mode => "mode",
            Kind::Owner => "owner",
            Kind::Clock => "clock",
            Kind::Domain => "domain",
        }
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries.
    pub entries: u64,
    /// Octets of content that proved to be what came in.
    pub octets: u64,
}

/// A file of content may be there before its row is, for as long as a message takes to come in.
const COMING: Duration = Duration::from_secs(24 * 3600);
/// Clocks of two machines differ.
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);
const ROOM: usize = 256;

/// Whoever asked no longer listens.
struct Gone;

impl Overseer {
    /// Looks the whole spool through, and gives away what it finds, as it finds it.
    ///
    /// # Errors
    /// [`SpoolError`] when it cannot even be looked at.
    pub async fn verify(
        &self,
        now: Timestamp,
        give: &mpsc::Sender<Finding>,
    ) -> Result<Verified, SpoolError> {
        let mut verified = Verified::default();
        let of_the_whole = self.of_the_whole().await?;
        match self.look_through(of_the_whole, now, give, &mut verified).await {
            Ok(Ok(())) | Err(Gone) => Ok(verified),
            Ok(Err(fault)) => Err(fault),
        }
    }

    async fn look_through(
        &self,
        of_the_whole: Vec<Finding>,
        now: Timestamp,
        give: &mpsc::Sender<Finding>,
        verified: &mut Verified,
    ) -> Result<Result<(), SpoolError>, Gone> {
        for finding in of_the_whole {
            give.send(finding).await.map_err(|_| Gone)?;
        }
        let mut place = None;
        loop {
            let page = match self.page(place, ROOM).await {
                Ok(page) => page,
                Err(fault) => return Ok(Err(fault)),
            };
            for entry in page.entries {
                verified.entries += 1;
                match entry {
                    Ok(sight) => match self.judge(&sight, now, give, verified).await? {
                        Ok(()) => {}
                        Err(fault) => return Ok(Err(fault)),
                    },
                    Err(Unseen { id, domain, what, .. }) => {
                        let finding = Finding { kind: Kind::Entry, id: Some(id), domain, what };
                        give.send(finding).await.map_err(|_| Gone)?;
                    }
                }
            }
            place = page.next;
            if place.is_none() {
                return Ok(Ok(()));
            }
        }
    }

    async fn judge(
        &self,
        sight: &Sight,
        now: Timestamp,
        give: &mpsc::Sender<Finding>,
        verified: &mut Verified,
    ) -> Result<Result<(), SpoolError>, Gone> {
        let entry = &sight.entry;
        let finding = |kind, what| Finding {
            kind,
            id: Some(entry.id),
            domain: Some(entry.domain.clone()),
            what,
        };
        if entry.arrived.duration_since(now) > AHEAD {
            let what = format!("it arrived in the future, at {}", entry.arrived);
            give.send(finding(Kind::Clock, what)).await.map_err(|_| Gone)?;
        }
        let (put, mut pieces) = mpsc::channel::<bytes::Bytes>(2);
        let counted = async move {
            let mut octets = 0;
            while let Some(piece) = pieces.recv().await {
                octets += piece.len() as u64;
            }
            octets
        };
        let (read, octets) = tokio::join!(self.content(entry.id, put), counted);
        match read {
            // Handed over or cleared away meanwhile.
            Ok(false) => {}
            Ok(true) => verified.octets += octets,
            Err(SpoolError::Damaged { what, .. }) => {
                give.send(finding(Kind::Content, what)).await.map_err(|_| Gone)?;
            }
            Err(fault) => return Ok(Err(fault)),
        }
        Ok(Ok(()))
    }

    /// What is not about one entry.
    async fn of_the_whole(&self) -> Result<Vec<Finding>, SpoolError> {
        let (path, running) = (self.database().to_owned(), self.is_of_an_owner());
        let db = self.look(|db| {
            // Nobody knows whether the owner of one that is not clean is at work or has died.
            let clean: bool = db.query_row("SELECT clean FROM spool", [], |row| row.get(0))?;
            let mut found = of_the_database(db)?;
            // Where the tables themselves are damaged, that is what there is to be told.
            let damaged = |e: rusqlite::Error| match is_damage(&e) {
                true => Ok(whole(Kind::Database, e.to_string())),
                false => Err(e),
            };
            match of_the_counts(db) {
                Ok(counts) => found.extend(counts),
                Err(e) => found.push(damaged(e)?),
            }
            match of_the_rows(db) {
                Ok(rows) => found.extend(rows),
                Err(e) => found.push(damaged(e)?),
            }
            let known = match excess::known_files(db) {
                Ok(known) => Some(known),
                Err(e) => {
                    found.push(damaged(e)?);
                    None
                }
            };
            Ok((found, known, clean))
        });
        let (mut found, known, clean) = db.await?;
        let open = running || !clean;
        if let Some(known) = known {
            found.extend(aside(move || of_the_files(&path, &known, open)).await?);
        }
        Ok(found)
    }
}

/// Rows that belong to something which is not there.
fn of_the_rows(db: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let astray = [
        (
            "message NOT INDEXED WHERE id NOT IN (SELECT message FROM entry NOT INDEXED)",
            "messages have no entry: nobody is known for whom they are",
        ),
        (
            "body WHERE message NOT IN (SELECT id FROM message NOT INDEXED)",
            "contents belong to no message",
        ),
        (
            "recipient WHERE entry NOT IN (SELECT id FROM entry NOT INDEXED)",
            "recipients belong to no entry",
        ),
        (
            "mark NOT INDEXED WHERE entry NOT IN (SELECT id FROM entry NOT INDEXED)",
            "holds or deletions belong to no entry",
        ),
        (
            "entry NOT INDEXED WHERE state = ?1 AND id NOT IN (SELECT entry FROM mark NOT INDEXED)",
            "messages are deleted, and nobody knows since when and until when that can be undone",
        ),
    ];
    let deleted = super::row::state(crate::queue::EntryState::Deleted);
    let mut found = Vec::new();
    for (which, what) in astray {
        let states: &[i64] = if which.contains("?1") { &[deleted] } else { &[] };
        let sql = format!("SELECT count(*) FROM {which}");
        let count: u64 =
            db.query_row(&sql, rusqlite::params_from_iter(states), |row| row.get(0))?;
        if count > 0 {
            found.push(whole(Kind::Database, format!("{count} {what}")));
        }
    }
    Ok(found)
}

fn whole(kind: Kind, what: String) -> Finding {
    Finding { kind, id: None, domain: None, what }
}

fn of_the_database(db: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let mut check = db.prepare("PRAGMA quick_check(100)")?;
    let mut rows = check.query([])?;
    let gone = schema::missing_indexes(db)?.into_iter();
    let gone =
        gone.map(|index| format!("its index {index:?} is gone; a start, or repair, makes it anew"));
    let mut found: Vec<Finding> = gone.map(|what| whole(Kind::Database, what)).collect();
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let line: String = row.get(0)?;
                found.extend((line != "ok").then(|| whole(Kind::Database, line)));
            }
            Ok(None) => return Ok(found),
            // The check itself may stumble over what it looks for.
            Err(e) if is_damage(&e) => {
                found.push(whole(Kind::Database, e.to_string()));
                return Ok(found);
            }
            Err(e) => return Err(e),
        }
    }
}

/// Counts and octets change in the same transaction as the entries, so in one view they agree.
fn of_the_counts(db: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let counts = recover::counts();
    let counted: Vec<String> = counts
        .iter()
        .map(|(name, which)| format!("count(*) FILTER (WHERE {which}) AS {name}"))
        .collect();
    let differ: Vec<String> = counts
        .iter()
        .map(|(name, _)| format!("domain.{name} <> coalesce(seen.{name}, 0)"))
        .collect();
    let sql = format!(
        "SELECT domain.name FROM domain LEFT JOIN
           (SELECT domain, {},
                   sum(CASE WHEN state = 0 THEN size ELSE 0 END) AS octets,
                   sum(CASE WHEN state = 0 THEN 0 ELSE size END) AS aside
            FROM entry NOT INDEXED GROUP BY domain) AS seen ON seen.domain = domain.id
         WHERE {} OR domain.octets <> coalesce(seen.octets, 0) OR domain.aside <> coalesce(seen.aside, 0)",
        counted.join(", "),
        differ.join(" OR ")
    );
    let mut query = db.prepare(&sql)?;
    let names = query.query_map([], |row| row.get::<_, String>(0))?;
    names
        .map(|name| {
            let name = name?;
            let what = "what is counted for it is not what is there".to_owned();
            Ok(Finding { kind: Kind::Counts, id: None, domain: Domain::parse(&name).ok(), what })
        })
        .collect()
}

/// Who else may read it, or change it.
fn closed_to_others(file: &Path, facts: &std::fs::Metadata, owner: Option<u32>) -> Vec<Finding> {
    let (mode, uid) = (facts.mode() & 0o7777, facts.uid());
    let open = (mode & 0o077 != 0).then(|| {
        (Kind::Mode, format!("mode {mode:04o} lets others in; chmod go= {}", file.display()))
    });
    let foreign = owner.filter(|&owner| owner != uid).map(|owner| {
        let what = format!("belongs to user {uid}, and the spool's folder to {owner}");
        (Kind::Owner, format!("{what}; chown {owner} {}", file.display()))
    });
    let findings = open.into_iter().chain(foreign);
    findings.map(|(kind, what)| whole(kind, format!("{}: {what}", file.display()))).collect()
}

fn of_the_files(path: &Path, known: &HashMap<String, u64>, open: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let bodies = path.with_file_name(BODIES);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let owner = std::fs::metadata(folder).ok().map(|facts| facts.uid());
    for private in [folder, path, &bodies] {
        match std::fs::metadata(private) {
            // Others may look into the folder itself: what lies in it is closed to them.
            Ok(facts) if private != folder => {
                found.extend(closed_to_others(private, &facts, owner))
            }
            Ok(_) => {}
            Err(error) => {
                found.push(whole(Kind::Database, format!("{}: {error}", private.display())))
            }
        }
    }
    let aside = std::fs::read_dir(lost(folder));
    for file in aside.into_iter().flatten().flatten() {
        let what = "no message speaks of it; look at it, then take it away";
        found.push(whole(Kind::Orphan, format!("{}: {what}", file.path().display())));
    }
    let Ok(files) = std::fs::read_dir(&bodies) else { return found };
    for file in files.flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Ok(facts) = file.metadata() else { continue };
        if !body::is_ours(&name) || !facts.is_file() {
            let what = "is none of the spool's files; look at it, then take it away";
            found.push(whole(Kind::Orphan, format!("{}: {what}", file.path().display())));
            continue;
        }
        found.extend(closed_to_others(&file.path(), &facts, owner));
        let age = facts.modified().ok();
        let age = age.and_then(|at| SystemTime::now().duration_since(at).ok()).unwrap_or_default();
        let coming = open && age < COMING;
        let shown = file.path();
        match known.get(&name) {
            Some(octets) if facts.len() > *octets => {
                let more = facts.len() - octets;
                let what = format!("{}: {more} octets lie behind its content", shown.display());
                found.push(whole(Kind::Excess, what));
            }
            None if !coming => {
                let what = format!("{}: no message speaks of it", shown.display());
                found.push(whole(Kind::Orphan, what));
            }
            _ => {}
        }
    }
    found
}

impl Embedded {
    /// Opens a spool that may be damaged, and makes good what is not about one entry: its indexes and
    /// counts are made anew, and files that no message speaks of are moved to `lost`, as is what lies behind
    /// the end of a content.
    ///
    /// # Errors
    /// As of [`Embedded::open`]: above all when it has an owner.
    pub fn repair(folder: &Path) -> Result<Embedded, SpoolError> {
        let path = database(folder);
        if !path.exists() {
            let what = format!("{}: there is no spool", folder.display());
            return Err(SpoolError::Unusable(what));
        }
        {
            let remains = remains(folder);
            let _lock = Lock::take(folder)?;
            let unusable =
                |e: std::io::Error| SpoolError::Unusable(format!("{}: {e}", folder.display()));
            let bodies = Bodies::open(folder).map_err(unusable)?;
            not_in_place_of_others(folder, &bodies, &remains)?;
            let db = remake::mended(&path)?;
            let failed =
                |e: std::io::Error| SpoolError::Broken(format!("{}: {e}", folder.display()));
            bodies.put_aside(&db, &lost(folder)).map_err(failed)?;
            excess::put_aside(&db, &folder.join(BODIES), &lost(folder)).map_err(failed)?;
            db.execute("UPDATE spool SET clean = 0", []).map_err(|e| unreadable(&e))?;
        }
        Embedded::open(Settings::at(folder))
    }

    /// Sets an entry aside whose content has proved to be damaged: it is kept, and never handed over.
    ///
    /// # Errors
    /// When that could not be recorded.
    pub async fn set_aside(&self, id: EntryId, what: &str) -> Result<(), SpoolError> {
        let core: &Arc<Core> = &self.0;
        let _turn = core.readers.turn().await;
        let reading = Arc::clone(core);
        let domain = aside(move || {
            let sql = "SELECT domain FROM entry WHERE id = ?1";
            reading.readers.read(|db| db.query_row(sql, [id.0.to_bytes()], |row| row.get(0)))
        });
        let domain = domain.await??.map_err(|e| unreadable(&e))?;
        let noticed = Noticed { what: what.to_owned(), at: Timestamp::now() };
        let work = Work::SetAside(Key { domain, id }, Damage::Content, noticed);
        core.submit(work).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::{Kind, closed_to_others};

    #[test]
    fn files_of_others_and_open_ones_are_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let kinds = |owner, mode| -> Vec<Kind> {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file.path(), mode).unwrap();
            let facts = std::fs::metadata(file.path()).unwrap();
            let found = closed_to_others(file.path(), &facts, owner);
            found.into_iter().map(|finding| finding.kind).collect()
        };
        let owner = std::fs::metadata(file.path()).unwrap().uid();
        assert_eq!(kinds(Some(owner), 0o600), []);
        assert_eq!(kinds(None, 0o600), []);
        assert_eq!(kinds(Some(owner), 0o640), [Kind::Mode]);
        assert_eq!(kinds(Some(owner + 1), 0o666), [Kind::Mode, Kind::Owner]);
    }
}
