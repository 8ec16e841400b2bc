//! How much waited, minute by minute, for thirty days: a file of one size for ever, in which each minute
//! has its place and overwrites the one thirty days before.
//!
//! Each record bears its minute and a checksum. What a crash has left half written is no record, and
//! costs a minute of a picture; nothing has to be mended. The file is never waited for.
//!
//! Domains have numbers in the records, and their names in a table of their own; a number that is given
//! to another domain takes a new stamp with it, so that old records are not read as the new one's.

mod record;

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

pub use self::record::MOST;
use self::record::{NAME, Name, RECORD, Record, Slot};

/// Minutes that are remembered.
pub const MINUTES: u32 = 30 * 24 * 60;
/// Domains that have names at a time.
const NAMES: usize = 256;
const MAGIC: &[u8; 16] = b"odmr history 1\r\n";
const NAMES_AT: u64 = MAGIC.len() as u64;
const RECORDS_AT: u64 = NAMES_AT + (NAMES * NAME) as u64;
/// How large the file is, at most.
pub const SIZE: u64 = RECORDS_AT + MINUTES as u64 * RECORD as u64;

/// What waited at one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since 1970.
    pub at: u32,
    /// Messages in all.
    pub waiting: u32,
    /// Octets in all.
    pub octets: u64,
    /// The age of the oldest, in seconds.
    pub oldest: u32,
    /// The domains with most of it, at most [`MOST`], and how many messages each.
    pub domains: Vec<(String, u32)>,
}

/// The file.
#[derive(Debug)]
pub struct History {
    file: File,
    names: Vec<Option<Name>>,
}

impl History {
    /// Opens the file, or begins it; one of another make is begun anew.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<History> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path)?;
        let mut head = [0; RECORDS_AT as usize];
        let read = read_all(&file, &mut head, 0)?;
        if &head[..MAGIC.len()] != MAGIC || file.metadata()?.len() > SIZE {
            file.set_len(0)?;
            file.write_all_at(MAGIC, 0)?;
            return Ok(History { file, names: vec![None; NAMES] });
        }
        head[read..].fill(0);
        let names = head[MAGIC.len()..].chunks_exact(NAME).map(Name::read).collect();
        let mut history = History { file, names };
        history.learn_uses()?;
        Ok(history)
    }

    /// A name's own record says when it came; when it was last needed, the minutes say.
    fn learn_uses(&mut self) -> io::Result<()> {
        for record in self.records()? {
            for (slot, _) in &record.domains {
                let known = self.names[usize::from(slot.number)].as_mut();
                if let Some(known) = known.filter(|known| known.stamp == slot.stamp) {
                    known.used = known.used.max(record.at);
                }
            }
        }
        Ok(())
    }

    /// Writes a minute down.
    ///
    /// # Errors
    /// What the system says; nothing is broken by it.
    pub fn note(&mut self, minute: &Minute) -> io::Result<()> {
        let mut domains = Vec::new();
        for (name, messages) in minute.domains.iter().take(MOST) {
            domains.push((self.number(name, minute.at)?, *messages));
        }
        let Minute { at, waiting, octets, oldest, .. } = *minute;
        let record = Record { at, waiting, octets, oldest, domains };
        self.file.write_all_at(&record.write(), place(at))
    }

    /// The number of a domain: its own, a free one, or that which nobody has used for longest.
    fn number(&mut self, name: &str, now: u32) -> io::Result<Slot> {
        let own = self.names.iter_mut().enumerate().find_map(|(number, known)| {
            known.as_mut().filter(|known| known.name == name).map(|known| (number, known))
        });
        if let Some((number, known)) = own {
            known.used = now;
            return Ok(Slot { number: number as u8, stamp: known.stamp });
        }
        let stalest = self.names.iter().enumerate().min_by_key(|(_, known)| {
            // A free one first.
            known.as_ref().map(|known| known.used + 1)
        });
        let number = stalest.map_or(0, |(number, _)| number);
        let name = Name { name: name.to_owned(), stamp: now as u16, used: now };
        self.file.write_all_at(&name.write(), NAMES_AT + (number * NAME) as u64)?;
        let slot = Slot { number: number as u8, stamp: name.stamp };
        self.names[number] = Some(name);
        Ok(slot)
    }

    /// The minutes from the first to the last, those that were written down.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(&self, first: u32, last: u32) -> io::Result<Vec<Minute>> {
        let mut minutes: Vec<Minute> = self
            .records()?
            .into_iter()
            .filter(|record| (first..=last).contains(&record.at))
            .map(|record| self.minute(record))
            .collect();
        minutes.sort_unstable_by_key(|minute| minute.at);
        Ok(minutes)
    }

    /// Every record in its place.
    fn records(&self) -> io::Result<Vec<Record>> {
        let mut all = vec![0; MINUTES as usize * RECORD];
        let read = read_all(&self.file, &mut all, RECORDS_AT)?;
        let records = all[..read].chunks_exact(RECORD).map(Record::read).enumerate();
        let in_place = |(n, record): (usize, Option<Record>)| {
            record.filter(|record| record.at % MINUTES == n as u32)
        };
        Ok(records.filter_map(in_place).collect())
    }

    /// Whose number has changed hands is one of the others.
    fn minute(&self, record: Record) -> Minute {
        let Record { at, waiting, octets, oldest, domains } = record;
        let named = |(slot, messages): (Slot, u32)| {
            let known = self.names[usize::from(slot.number)].as_ref()?;
            (known.stamp == slot.stamp).then(|| (known.name.clone(), messages))
        };
        let domains = domains.into_iter().filter_map(named).collect();
        Minute { at, waiting, octets, oldest, domains }
    }
}

fn place(minute: u32) -> u64 {
    RECORDS_AT + u64::from(minute % MINUTES) * RECORD as u64
}

/// As much as there is.
fn read_all(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < into.len() {
        match file.read_at(&mut into[read..], at + read as u64) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Of each domain that is named in these minutes, the most that waited in each stretch of so many minutes; `None`
/// where nobody was there to see. A domain that was not among the fullest then counts as empty.
pub fn depths(
    minutes: &[Minute],
    first: u32,
    last: u32,
    stretch: u32,
) -> BTreeMap<&str, Vec<Option<u32>>> {
    let place = |at: u32| (at.saturating_sub(first) / stretch.max(1)) as usize;
    let mut empty = vec![None; place(last) + 1];
    let those = || minutes.iter().filter(|minute| (first..=last).contains(&minute.at));
    those().for_each(|minute| empty[place(minute.at)] = Some(0));
    let mut depths: BTreeMap<&str, Vec<Option<u32>>> = BTreeMap::new();
    for minute in those() {
        for (name, messages) in &minute.domains {
            let of = depths.entry(name).or_insert_with(|| empty.clone());
            let of = &mut of[place(minute.at)];
            *of = (*of).max(Some(*messages));
        }
    }
    depths
}

/// Of each stretch of so many minutes, the one when most waited; `None` where nobody was there to see.
pub fn peaks(minutes: &[Minute], first: u32, last: u32, stretch: u32) -> Vec<Option<&Minute>> {
    let mut highest: HashMap<u32, &Minute> = HashMap::new();
    for minute in minutes {
        let of = minute.at.saturating_sub(first) / stretch.max(1);
        let highest = highest.entry(of).or_insert(minute);
        if minute.waiting >= highest.waiting {
            *highest = minute;
        }
    }
    let stretches = last.saturating_sub(first) / stretch.max(1);
    (0..=stretches).map(|of| highest.get(&of).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(at: u32, domains: &[(&str, u32)]) -> Minute {
        let domains: Vec<_> = domains.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        let waiting = domains.iter().map(|(_, messages)| messages).sum();
        Minute { at, waiting, octets: u64::from(waiting) * 1000, oldest: 60, domains }
    }

    fn shelf() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        (folder, path)
    }

    #[test]
    fn what_was_noted_is_read_again_after_a_start() {
        let (_folder, path) = shelf();
        let noted = [minute(1000, &[("example.org", 3), ("example.com", 1)]), minute(1001, &[])];
        let mut history = History::open(&path).unwrap();
        noted.iter().for_each(|minute| history.note(minute).unwrap());
        assert_eq!(history.read(0, u32::MAX).unwrap(), noted);
        drop(history);
        let history = History::open(&path).unwrap();
        assert_eq!(history.read(1000, 1001).unwrap(), noted);
        assert_eq!(history.read(1001, 1001).unwrap(), noted[1..]);
    }

    #[test]
    fn the_file_never_grows_beyond_its_thirty_days() {
        let (_folder, path) = shelf();
        let mut history = History::open(&path).unwrap();
        for at in [5, MINUTES - 1, MINUTES, MINUTES + 5, 7 * MINUTES + 6] {
            history.note(&minute(at, &[("example.org", 1)])).unwrap();
        }
        assert_eq!(std::fs::metadata(&path).unwrap().len(), SIZE);
        let at: Vec<_> =
            history.read(0, u32::MAX).unwrap().iter().map(|minute| minute.at).collect();
        // The fifth minute was written over.
        assert_eq!(at, [MINUTES - 1, MINUTES, MINUTES + 5, 7 * MINUTES + 6]);
    }

    #[test]
    fn wherever_a_write_was_cut_the_others_are_read() {
        let (_folder, path) = shelf();
        let mut history = History::open(&path).unwrap();
        let (kept, torn) = (minute(1, &[("example.org", 3)]), minute(2, &[("example.org", 9)]));
        history.note(&kept).unwrap();
        history.note(&torn).unwrap();
        drop(history);
        let whole = std::fs::read(&path).unwrap();
        let end = whole.len();
        for cut in end - RECORD..end {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut history = History::open(&path).unwrap();
            assert_eq!(history.read(0, 9).unwrap(), std::slice::from_ref(&kept), "{cut}");
            history.note(&torn).unwrap();
            assert_eq!(history.read(0, 9).unwrap(), [kept.clone(), torn.clone()], "{cut}");
        }
    }

    #[test]
    fn a_flipped_bit_costs_a_minute_or_a_name_and_is_never_read() {
        let (_folder, path) = shelf();
        let mut history = History::open(&path).unwrap();
        let noted = [minute(1, &[("example.org", 3)]), minute(2, &[("example.com", 9)])];
        noted.iter().for_each(|minute| history.note(minute).unwrap());
        let whole = std::fs::read(&path).unwrap();
        let nameless = |minute: &Minute| Minute { domains: Vec::new(), ..minute.clone() };
        let names = NAMES_AT as usize..NAMES_AT as usize + 2 * NAME;
        let records = place(1) as usize..whole.len();
        for at in names.chain(records) {
            let mut bad = whole.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            for read in History::open(&path).unwrap().read(0, 9).unwrap() {
                let so = |minute: &Minute| read == *minute || read == nameless(minute);
                assert!(noted.iter().any(so), "{at}: {read:?}");
            }
        }
    }

    #[test]
    fn garbage_is_begun_anew() {
        let (_folder, path) = shelf();
        for garbage in [&b""[..], b"x", b"{\"json\":true}", &[0xff; 100_000]] {
            std::fs::write(&path, garbage).unwrap();
            let mut history = History::open(&path).unwrap();
            assert_eq!(history.read(0, u32::MAX).unwrap(), []);
            history.note(&minute(1, &[("example.org", 3)])).unwrap();
            assert_eq!(History::open(&path).unwrap().read(0, 9).unwrap().len(), 1);
        }
    }

    #[test]
    fn a_number_that_changes_hands_does_not_take_its_past_along() {
        let (_folder, path) = shelf();
        let mut history = History::open(&path).unwrap();
        let name = |n: usize| format!("d{n}.example");
        history.note(&minute(1, &[(&name(0), 7)])).unwrap();
        for n in 1..=NAMES {
            history.note(&minute(1 + n as u32, &[(&name(n), 1)])).unwrap();
        }
        let read = History::open(&path).unwrap().read(0, u32::MAX).unwrap();
        assert_eq!((read[0].waiting, read[0].domains.len()), (7, 0));
        assert_eq!(read[NAMES].domains, [(name(NAMES), 1)]);
        assert_eq!(read[1].domains, [(name(1), 1)]);
    }

    #[test]
    fn the_most_that_waited_for_each_domain_is_known_where_somebody_looked() {
        let minutes = [
            minute(10, &[("example.org", 3), ("example.com", 1)]),
            minute(11, &[("example.org", 7)]),
            minute(30, &[("example.com", 2)]),
            minute(45, &[("late.example", 2)]),
        ];
        let depths = depths(&minutes, 10, 39, 10);
        assert_eq!(depths.len(), 2);
        assert_eq!(depths["example.org"], [Some(7), None, Some(0)]);
        assert_eq!(depths["example.com"], [Some(1), None, Some(2)]);
    }

    #[test]
    fn the_peak_of_each_stretch_is_shown_and_a_gap_is_a_gap() {
        let waiting = |at, n| minute(at, &[("example.org", n)]);
        let minutes = [waiting(10, 1), waiting(11, 5), waiting(13, 2), waiting(31, 4)];
        let peaks = peaks(&minutes, 10, 39, 10);
        let seen: Vec<_> = peaks.iter().map(|peak| peak.map(|minute| minute.waiting)).collect();
        assert_eq!(seen, [Some(5), None, Some(4)]);
    }
}
