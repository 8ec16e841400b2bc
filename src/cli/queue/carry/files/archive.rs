//! A tar (POSIX ustar): for each message `ID.eml`, its content, and `ID.json`, its envelope.
//!
//! Nothing is ever unpacked. Of the names in an archive only the last part is looked at, whether it is one that
//! export writes; links, devices and the like are refused, and the rest is passed over.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tar::{EntryType, Header};
use ulid::Ulid;

use super::{ENVELOPE, Found, shown};
use crate::exit::{Exit, Failure};
use crate::smtp::escape::Escaped;

/// A tar is made of blocks of so many octets.
const BLOCK: u64 = 512;
/// Files that are looked at in one archive.
const FILES: usize = 10_000_000;
/// Octets of what tells the name of a file; more than any system takes.
const LONG_NAME: u64 = 64 * 1024;

/// An archive that is being written.
pub(super) struct Archive {
    out: BufWriter<File>,
    /// Behind the last message that is whole; what stands behind that is written over.
    whole: u64,
    id: String,
    /// Octets of its content that are still to come.
    left: u64,
    size: u64,
}

impl Archive {
    /// With nothing in it.
    pub(super) fn new(file: File) -> Archive {
        Archive { out: BufWriter::new(file), whole: 0, id: String::new(), left: 0, size: 0 }
    }

    /// A message begins whose content has so many octets. One that was not brought to its end is forgotten.
    pub(super) fn begin(&mut self, id: &str, size: u64) -> io::Result<()> {
        self.go_back()?;
        (self.id, self.left, self.size) = (id.to_owned(), size, size);
        self.head(&format!("{id}.eml"), size)
    }

    /// More of its content.
    pub(super) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let left = self.left.checked_sub(octets.len() as u64);
        self.left = left.ok_or_else(|| io::Error::other("it is longer than its envelope says"))?;
        self.out.write_all(octets)
    }

    /// Its end, and its envelope.
    pub(super) fn end(&mut self, envelope: &Value) -> io::Result<()> {
        if self.left > 0 {
            let what = format!("it ends {} octets before its envelope says so", self.left);
            return Err(io::Error::other(what));
        }
        self.fill(self.size)?;
        let line = format!("{envelope}\n");
        self.head(&format!("{}.json", self.id), line.len() as u64)?;
        self.out.write_all(line.as_bytes())?;
        self.fill(line.len() as u64)?;
        self.whole = self.out.stream_position()?;
        Ok(())
    }

    /// All is written.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.go_back()?;
        self.out.write_all(&[0; 2 * BLOCK as usize])?;
        super::synced(self.out)
    }

    fn go_back(&mut self) -> io::Result<()> {
        if self.out.stream_position()? != self.whole {
            self.out.seek(SeekFrom::Start(self.whole))?;
            self.out.get_ref().set_len(self.whole)?;
        }
        Ok(())
    }

    fn head(&mut self, name: &str, size: u64) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(0);
        header.set_entry_type(EntryType::Regular);
        header.set_cksum();
        self.out.write_all(header.as_bytes())
    }

    fn fill(&mut self, size: u64) -> io::Result<()> {
        let rest = (BLOCK - size % BLOCK) % BLOCK;
        self.out.write_all(&[0; BLOCK as usize][..rest as usize])
    }
}

/// By its name or by its magic, is this file a tar?
pub(super) fn is_one(path: &Path) -> io::Result<bool> {
    if path.extension().is_some_and(|extension| extension == "tar") {
        return Ok(true);
    }
    let mut head = Vec::new();
    File::open(path)?.take(BLOCK).read_to_end(&mut head)?;
    Ok(head.get(257..262) == Some(b"ustar"))
}

/// Where a file lies in an archive.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u64,
    size: u64,
}

/// The two files of a message.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    content: Option<Place>,
    envelope: Option<Place>,
}

/// Looks through an archive, and gives its messages in the order of their names. Whatever order its files are
/// in, and in whatever folder: somebody may have packed it anew.
pub(super) fn read(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Found, Failure>> + use<>, Failure> {
    let file = File::open(path).map_err(super::failed(path))?;
    let (pairs, refused) = contents(&file, path)?;
    if pairs.is_empty() && refused.is_empty() {
        let what = format!("{}: no .eml in it: nothing that export writes", shown(path));
        return Err(Failure::new(Exit::NoInput, what));
    }
    let (file, archive) = (Arc::new(file), path.to_owned());
    let refused = refused.into_iter().map(Err);
    Ok(refused.chain(pairs.into_iter().map(move |(id, pair)| found(&file, &archive, id, pair))))
}

/// The places of all messages, and what cannot be one.
fn contents(file: &File, path: &Path) -> Result<(BTreeMap<Ulid, Pair>, Vec<Failure>), Failure> {
    let data = |what: String| Failure::new(Exit::Data, format!("{}: {what}", shown(path)));
    let broken = |error: io::Error| {
        let what = error.to_string();
        data(format!("no sound tar: {}", Escaped::text(&what)))
    };
    let (mut pairs, mut refused) = (BTreeMap::new(), Vec::new());
    let mut archive = tar::Archive::new(file);
    // Raw: what tells a long name or the like is a file for us too, of which no more is read than we want.
    let entries = archive.entries_with_seek().map_err(broken)?.raw(true);
    let mut long = None;
    for (n, entry) in entries.enumerate() {
        let mut entry = entry.map_err(broken)?;
        if n >= FILES {
            return Err(data(format!("more than {FILES} files in it")));
        }
        if let Some(told) = name_of_the_next(&mut entry).map_err(broken)? {
            long = Some(told);
            continue;
        }
        let name = long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let Some((id, is_content)) = message_of(&name) else { continue };
        let place = Place { at: entry.raw_file_position(), size: entry.size() };
        let fault = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => None,
            _ => Some("is no file but a link or the like"),
        };
        let fault = match is_content {
            false if place.size > ENVELOPE => Some("is too long for an envelope"),
            _ => fault,
        };
        if let Some(fault) = fault {
            refused.push(data(format!("{} {fault}", Escaped(&name))));
            continue;
        }
        let pair: &mut Pair = pairs.entry(id).or_default();
        let kept = if is_content { &mut pair.content } else { &mut pair.envelope };
        *kept = Some(place);
    }
    Ok((pairs, refused))
}

/// What a file that is none says of the one behind it: a name too long for its own place, as GNU tar and pax write
/// it. Empty where it tells something else.
fn name_of_the_next(entry: &mut tar::Entry<'_, &File>) -> io::Result<Option<Vec<u8>>> {
    let kind = entry.header().entry_type();
    if !matches!(kind, EntryType::GNULongName | EntryType::XHeader) {
        return Ok(None);
    }
    let mut told = Vec::new();
    entry.take(LONG_NAME + 1).read_to_end(&mut told)?;
    if told.len() as u64 > LONG_NAME {
        return Err(io::Error::other("a name in it is longer than any that may be"));
    }
    if kind == EntryType::GNULongName {
        told.truncate(told.iter().position(|&octet| octet == 0).unwrap_or(told.len()));
        return Ok(Some(told));
    }
    let mut records = tar::PaxExtensions::new(&told).flatten();
    Ok(records.find(|record| record.key_bytes() == b"path").map(|path| path.value_bytes().to_vec()))
}

/// Whose file has this name, and is it the content?
fn message_of(name: &[u8]) -> Option<(Ulid, bool)> {
    let last = name.rsplit(|&octet| octet == b'/').next()?;
    let (stem, is_content) = match (last.strip_suffix(b".eml"), last.strip_suffix(b".json")) {
        (Some(stem), _) => (stem, true),
        (None, Some(stem)) => (stem, false),
        (None, None) => return None,
    };
    let id = Ulid::from_string(std::str::from_utf8(stem).ok()?).ok()?;
    Some((id, is_content))
}

fn found(file: &Arc<File>, archive: &Path, id: Ulid, pair: Pair) -> Result<Found, Failure> {
    let name = |kind: &str| -> PathBuf { archive.join(format!("{id}.{kind}")) };
    let none = |kind: &str| {
        let what = format!("{}: is not in it", shown(&name(kind)));
        Failure::new(Exit::Data, what)
    };
    let content = pair.content.ok_or_else(|| none("eml"))?;
    let envelope = pair.envelope.ok_or_else(|| none("json"))?;
    let envelope = serde_json::from_reader(io::BufReader::new(Part::of(file, envelope)));
    let envelope = envelope
        .map_err(|fault| Failure::new(Exit::Data, format!("{}: {fault}", shown(&name("json")))))?;
    super::is_no_longer(&name("eml"), content.size, &envelope)?;
    Ok(Found { place: name("eml"), envelope, content: Box::new(Part::of(file, content)) })
}

/// A part of a file that others read too.
struct Part {
    file: Arc<File>,
    place: Place,
}

impl Part {
    fn of(file: &Arc<File>, place: Place) -> Part {
        Part { file: Arc::clone(file), place }
    }
}

impl Read for Part {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(usize::try_from(self.place.size).unwrap_or(usize::MAX));
        let read =
            std::os::unix::fs::FileExt::read_at(&*self.file, &mut into[..most], self.place.at)?;
        self.place.at += read as u64;
        self.place.size -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 3] =
        ["01M85AQA6RYMB2JKEQ85R1F64P", "01M85AQA6RYMB2JKEQ85R1F64Q", "01M85AQA6RYMB2JKEQ85R1F64R"];

    fn envelope(id: &str, size: usize) -> Value {
        serde_json::json!({"id": id, "size": size})
    }

    fn written(messages: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut archive = Archive::new(file.reopen().unwrap());
        for (id, content) in messages {
            archive.begin(id, content.len() as u64).unwrap();
            archive.write(content).unwrap();
            archive.end(&envelope(id, content.len())).unwrap();
        }
        archive.finish().unwrap();
        file
    }

    fn all(path: &Path) -> Vec<Result<(Value, Vec<u8>), String>> {
        let read = match read(path) {
            Ok(read) => read,
            Err(failure) => return vec![Err(failure.what)],
        };
        let found = |found: Result<Found, Failure>| {
            let mut found = found.map_err(|failure| failure.what)?;
            let mut content = Vec::new();
            found.content.read_to_end(&mut content).unwrap();
            Ok((found.envelope, content))
        };
        read.map(found).collect()
    }

    /// GNU tar tells a long name in a file before the file; pax in records.
    #[test]
    fn a_name_too_long_for_its_place_is_a_name() {
        let folder = "f".repeat(125);
        for pax in [false, true] {
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut builder = tar::Builder::new(file.reopen().unwrap());
            for (suffix, content) in [
                ("eml", b"x\r\n".to_vec()),
                ("json", serde_json::to_vec(&envelope(IDS[0], 3)).unwrap()),
            ] {
                let name = format!("{folder}/{}.{suffix}", IDS[0]);
                let mut header = Header::new_ustar();
                header.set_size(content.len() as u64);
                header.set_mode(0o600);
                if pax {
                    builder.append_pax_extensions([("path", name.as_bytes())]).unwrap();
                    header.set_path(&name[..90]).unwrap();
                    header.set_cksum();
                    builder.append(&header, &content[..]).unwrap();
                } else {
                    let mut header = Header::new_gnu();
                    header.set_size(content.len() as u64);
                    header.set_mode(0o600);
                    builder.append_data(&mut header, &name, &content[..]).unwrap();
                }
            }
            builder.into_inner().unwrap();
            let all = all(file.path());
            assert_eq!(all.len(), 1, "pax {pax}: {all:?}");
            let (told, content) = all[0].as_ref().unwrap();
            assert_eq!((told["id"].as_str(), &content[..]), (Some(IDS[0]), &b"x\r\n"[..]));
        }
    }

    #[test]
    fn what_was_written_is_read_to_the_octet() {
        let long = vec![0xff; 1025];
        let messages: [(&str, &[u8]); 3] =
            [(IDS[1], &long), (IDS[0], b""), (IDS[2], &[b'x'; BLOCK as usize])];
        let file = written(&messages);
        assert!(is_one(file.path()).unwrap());
        assert_eq!(file.as_file().metadata().unwrap().len() % BLOCK, 0);
        let expected = [1, 0, 2]
            .map(|n| Ok((envelope(messages[n].0, messages[n].1.len()), messages[n].1.to_vec())));
        assert_eq!(all(file.path()), expected);
        assert_eq!(
            written(&messages).path().metadata().unwrap().len(),
            file.path().metadata().unwrap().len()
        );
    }

    #[test]
    fn one_that_was_broken_off_leaves_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut archive = Archive::new(file.reopen().unwrap());
        archive.begin(IDS[0], 3).unwrap();
        archive.write(b"abc").unwrap();
        archive.end(&envelope(IDS[0], 3)).unwrap();
        archive.begin(IDS[1], 100_000).unwrap();
        archive.write(&[b'x'; 50_000]).unwrap();
        assert!(archive.end(&envelope(IDS[1], 100_000)).is_err(), "it is short");
        archive.begin(IDS[2], 2).unwrap();
        assert!(archive.write(b"abc").is_err(), "it is long");
        archive.finish().unwrap();
        assert_eq!(all(file.path()), [Ok((envelope(IDS[0], 3), b"abc".to_vec()))]);
        assert_eq!(file.path().metadata().unwrap().len(), 6 * BLOCK);
    }

    /// Names that lead elsewhere, links, sizes that cannot be.
    #[test]
    fn a_hostile_archive_is_looked_at_and_not_followed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut archive = tar::Builder::new(file.reopen().unwrap());
        let mut put = |name: &str, kind: EntryType, content: &[u8]| {
            let mut header = Header::new_ustar();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_entry_type(kind);
            if kind == EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            archive.append(&header, content).unwrap();
        };
        let json = |id| envelope(id, 3).to_string();
        put("../../etc/passwd", EntryType::Regular, b"root");
        put("/etc/cron.d/x", EntryType::Regular, b"root");
        put("./", EntryType::Directory, b"");
        put(&format!("../{}.eml", IDS[0]), EntryType::Regular, b"abc");
        put(&format!("/tmp/{}.json", IDS[0]), EntryType::Regular, json(IDS[0]).as_bytes());
        put(&format!("{}.eml", IDS[1]), EntryType::Symlink, b"");
        put(&format!("{}.json", IDS[1]), EntryType::Regular, json(IDS[1]).as_bytes());
        put(&format!("{}.json", IDS[2]), EntryType::Regular, b"{\"id\"");
        put(&format!("{}.eml", IDS[2]), EntryType::Regular, b"abc");
        put("\x1b[2J.eml", EntryType::Regular, b"abc");
        archive.finish().unwrap();
        let all = all(file.path());
        assert_eq!(all.len(), 4, "{all:?}");
        let fault = |n: usize| all[n].as_ref().unwrap_err().as_str();
        assert!(fault(0).contains("is no file but a link"), "{}", fault(0));
        assert_eq!(all[1], Ok((envelope(IDS[0], 3), b"abc".to_vec())));
        assert!(fault(2).contains("64Q.eml: is not in it"), "{}", fault(2));
        assert!(fault(3).contains("64R.json: "), "{}", fault(3));
    }

    #[test]
    fn wherever_an_archive_was_cut_or_flipped_nothing_else_is_read() {
        let file = written(&[(IDS[0], b"abc"), (IDS[1], b"de")]);
        let whole = std::fs::read(file.path()).unwrap();
        let sound = all(file.path());
        let bad = tempfile::NamedTempFile::with_suffix(".tar").unwrap();
        for cut in (0..whole.len()).step_by(97) {
            std::fs::write(bad.path(), &whole[..cut]).unwrap();
            for found in all(bad.path()).into_iter().filter(Result::is_ok) {
                // Of a content that was cut the end is missing, which is found out where it is handed in.
                let content = found.as_ref().unwrap().1.clone();
                assert!(
                    sound.iter().any(|one| one.as_ref().unwrap().1.starts_with(&content)),
                    "{cut}"
                );
            }
        }
        // The size of the first file, made as large as can be.
        let mut huge = whole.clone();
        huge[124..136]
            .copy_from_slice(&[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        let mut header = Header::new_ustar();
        header.as_mut_bytes().copy_from_slice(&huge[..BLOCK as usize]);
        header.set_cksum();
        huge[..BLOCK as usize].copy_from_slice(header.as_bytes());
        std::fs::write(bad.path(), &huge).unwrap();
        assert!(all(bad.path()).iter().all(Result::is_err), "{:?}", all(bad.path()));
    }
}
