//! The files that messages leave as and come back from.

mod archive;

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::archive::Archive;

use crate::exit::{Exit, Failure};
use crate::smtp::escape::Escaped;

/// A form of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A file for each content, and one for each envelope.
    #[default]
    Eml,
    /// A Maildir, and the envelopes beside it.
    Maildir,
    /// One file, and the envelopes beside it.
    Mbox,
    /// One file, in which are a file for each content and one for each envelope.
    Tar,
}

impl std::str::FromStr for Form {
    type Err = String;
    fn from_str(text: &str) -> Result<Form, String> {
        match text {
            "eml" => Ok(Form::Eml),
            "maildir" => Ok(Form::Maildir),
            "mbox" => Ok(Form::Mbox),
            "tar" => Ok(Form::Tar),
            _ => Err("allowed: eml, maildir, mbox or tar".to_owned()),
        }
    }
}

const ENVELOPES: &str = "envelopes.jsonl";
/// No envelope is longer: a thousand recipients with all that was said of them.
const ENVELOPE: u64 = 16 << 20;

/// Writes messages in a form.
pub struct Writer {
    form: Form,
    to: PathBuf,
    /// Mbox: the one file. It and the envelopes get their names when all is written.
    mbox: Option<BufWriter<File>>,
    /// Likewise.
    archive: Option<Archive>,
    envelopes: Option<BufWriter<File>>,
    /// Mbox: behind the last message that is whole; what stands behind that is written over.
    whole: u64,
}

/// A file's name, harmless.
fn shown<P: AsRef<Path> + ?Sized>(path: &P) -> Escaped<'_> {
    Escaped(path.as_ref().as_os_str().as_encoded_bytes())
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Failure + '_ {
    move |error| {
        let exit =
            if error.kind() == io::ErrorKind::AlreadyExists { Exit::CantCreate } else { Exit::Io };
        Failure::new(exit, format!("{}: {error}", shown(&path)))
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".jsonl");
    name.into()
}

impl Writer {
    /// Begins: a folder that is there is added to, a file that is there is left alone.
    pub fn create(form: Form, to: &Path) -> Result<Writer, Failure> {
        let (mbox, archive, envelopes) = (None, None, None);
        let mut writer = Writer { form, to: to.to_owned(), mbox, archive, envelopes, whole: 0 };
        match form {
            Form::Eml => folder(to)?,
            Form::Maildir => {
                for below in ["tmp", "new", "cur"] {
                    folder(&to.join(below))?;
                }
                let path = to.join(ENVELOPES);
                let mut options = OpenOptions::new();
                let file = options.append(true).create(true).mode(0o600).open(&path);
                writer.envelopes = Some(BufWriter::new(file.map_err(failed(&path))?));
            }
            Form::Mbox => {
                let [mbox, envelopes] = [begun(to)?, begun(&beside(to))?];
                writer.mbox = Some(BufWriter::new(mbox));
                writer.envelopes = Some(BufWriter::new(envelopes));
            }
            Form::Tar => writer.archive = Some(Archive::new(begun(to)?)),
        }
        Ok(writer)
    }

    /// A message begins, with this envelope as far as it is known.
    pub fn begin(&mut self, id: &str, envelope: &Value) -> Result<Writing<'_>, Failure> {
        let (path, file) = match self.form {
            Form::Eml => {
                let path = self.to.join(format!("{id}.eml"));
                let part = unfinished(&path);
                let _ = fs::remove_file(&part);
                (path, Some(private(&part).map_err(failed(&part))?))
            }
            Form::Maildir => {
                let part = self.to.join("tmp").join(id);
                let _ = fs::remove_file(&part);
                (self.to.join("new").join(id), Some(private(&part).map_err(failed(&part))?))
            }
            Form::Mbox => {
                self.go_back()?;
                let postmark = b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n";
                let mbox = self.mbox.as_mut();
                mbox.map_or(Ok(()), |mbox| mbox.write_all(postmark)).map_err(failed(&self.to))?;
                (self.to.clone(), None)
            }
            Form::Tar => {
                let size = envelope["size"].as_u64().unwrap_or_default();
                let archive = self.archive.as_mut();
                let begun = archive.map_or(Ok(()), |archive| archive.begin(id, size));
                begun.map_err(failed(&self.to))?;
                (self.to.clone(), None)
            }
        };
        let out = file.map(BufWriter::new);
        Ok(Writing { id: id.to_owned(), path, out, line: Vec::new(), writer: self })
    }

    /// Forgets the beginning of a message that was not brought to its end.
    fn go_back(&mut self) -> Result<(), Failure> {
        let Some(mbox) = &mut self.mbox else { return Ok(()) };
        let whole = self.whole;
        let mut back = || {
            if mbox.stream_position()? != whole {
                mbox.seek(SeekFrom::Start(whole))?;
                mbox.get_ref().set_len(whole)?;
            }
            Ok(())
        };
        back().map_err(failed(&self.to))
    }

    /// All messages are written.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.go_back()?;
        let to = self.to.clone();
        if let Some(envelopes) = self.envelopes.take() {
            synced(envelopes).map_err(failed(&to))?;
        }
        if let Some(mbox) = self.mbox.take() {
            synced(mbox).map_err(failed(&to))?;
            // The envelopes first: a mailbox without them could not come back.
            for path in [beside(&to), to.clone()] {
                fs::rename(unfinished(&path), &path).map_err(failed(&path))?;
            }
        }
        if let Some(archive) = self.archive.take() {
            archive.finish().map_err(failed(&to))?;
            fs::rename(unfinished(&to), &to).map_err(failed(&to))?;
        }
        let folder = match self.form {
            Form::Mbox | Form::Tar => to.parent().unwrap_or(Path::new(".")),
            Form::Eml | Form::Maildir => &to,
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
    }
}

/// The file in which another one is written, until it is whole. One that is there is left alone.
fn begun(path: &Path) -> Result<File, Failure> {
    if path.symlink_metadata().is_ok() {
        let what = format!("{}: is there already", shown(path));
        return Err(Failure::new(Exit::CantCreate, what));
    }
    let path = unfinished(path);
    // What an export that was broken off has left.
    let _ = fs::remove_file(&path);
    private(&path).map_err(failed(&path))
}

fn folder(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700);
    builder.create(path).map_err(failed(path))
}

fn synced(file: BufWriter<File>) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// A message on its way into a file.
pub struct Writing<'a> {
    id: String,
    path: PathBuf,
    /// Its own file, where it has one.
    out: Option<BufWriter<File>>,
    /// Mbox: the beginning of a line, until it is known whether to quote it.
    line: Vec<u8>,
    writer: &'a mut Writer,
}

impl Writing<'_> {
    /// More of its content.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), Failure> {
        let told = failed(&self.path);
        if let Some(out) = &mut self.out {
            return out.write_all(octets).map_err(told);
        }
        if let Some(archive) = &mut self.writer.archive {
            return archive.write(octets).map_err(told);
        }
        for part in octets.split_inclusive(|&octet| octet == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                put_line(self.writer.mbox.as_mut(), &mut self.line).map_err(&told)?;
            }
        }
        Ok(())
    }

    /// It cannot be read to its end: nothing of it stays.
    pub fn abandon(self) {
        // In one file with others it is written over.
        let part = match self.writer.form {
            Form::Eml => unfinished(&self.path),
            Form::Maildir => self.writer.to.join("tmp").join(&self.id),
            Form::Mbox | Form::Tar => return,
        };
        let _ = fs::remove_file(part);
    }

    /// Its end: from now on it is there, under its name and with its envelope.
    pub fn finish(mut self, envelope: &Value) -> Result<(), Failure> {
        let path = self.path.clone();
        let told = failed(&path);
        if let Some(out) = self.out.take() {
            synced(out).map_err(&told)?;
        }
        match self.writer.form {
            Form::Eml => {
                let json = self.writer.to.join(format!("{}.json", self.id));
                let part = unfinished(&json);
                let _ = fs::remove_file(&part);
                let mut out = private(&part).map(BufWriter::new).map_err(failed(&part))?;
                writeln!(out, "{envelope}").map_err(failed(&part))?;
                synced(out).map_err(failed(&part))?;
                fs::rename(&part, &json).map_err(failed(&json))?;
                fs::rename(unfinished(&self.path), &self.path).map_err(told)
            }
            Form::Maildir => {
                self.note(envelope)?;
                fs::rename(self.writer.to.join("tmp").join(&self.id), &self.path).map_err(told)
            }
            Form::Mbox => {
                self.line.extend_from_slice(b"\n\n");
                put_line(self.writer.mbox.as_mut(), &mut self.line).map_err(&told)?;
                self.note(envelope)?;
                let mbox = self.writer.mbox.as_mut();
                self.writer.whole =
                    mbox.map_or(Ok(0), |mbox| mbox.stream_position()).map_err(told)?;
                Ok(())
            }
            Form::Tar => {
                let archive = self.writer.archive.as_mut();
                archive.map_or(Ok(()), |archive| archive.end(envelope)).map_err(told)
            }
        }
    }

    fn note(&mut self, envelope: &Value) -> Result<(), Failure> {
        let told = failed(&self.writer.to);
        let envelopes = self.writer.envelopes.as_mut();
        envelopes
            .map_or(Ok(()), |file| writeln!(file, "{envelope}").and_then(|()| file.flush()))
            .map_err(told)
    }
}

/// A line that would look like the beginning of a message, or like one so quoted, gets a `>` more.
fn put_line(mbox: Option<&mut BufWriter<File>>, line: &mut Vec<u8>) -> io::Result<()> {
    let Some(mbox) = mbox else { return Ok(()) };
    if is_quotable(line) {
        mbox.write_all(b">")?;
    }
    mbox.write_all(line)?;
    line.clear();
    Ok(())
}

fn is_quotable(line: &[u8]) -> bool {
    let quotes = line.iter().take_while(|&&octet| octet == b'>').count();
    line[quotes..].starts_with(b"From ")
}

/// A message found in files.
pub struct Found {
    /// Where, for what is said of it.
    pub place: PathBuf,
    /// Its envelope.
    pub envelope: Value,
    /// Its content.
    pub content: Box<dyn Read + Send>,
}

/// Reads messages, whatever form they are in.
pub struct Reader(Box<dyn Iterator<Item = Result<Found, Failure>>>);

impl Reader {
    /// A folder of `.eml` with `.json`, a Maildir or an mbox with their envelopes, a tar, or one `.eml`.
    pub fn open(path: &Path) -> Result<Reader, Failure> {
        let facts = fs::metadata(path)
            .map_err(|error| Failure::new(Exit::NoInput, format!("{}: {error}", shown(&path))))?;
        let messages: Box<dyn Iterator<Item = Result<Found, Failure>>> = if facts.is_dir() {
            if path.join(ENVELOPES).exists() {
                Box::new(maildir(path)?)
            } else {
                Box::new(emls(path)?)
            }
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            Box::new(std::iter::once(eml(path)))
        } else if archive::is_one(path).map_err(failed(path))? {
            Box::new(archive::read(path)?)
        } else {
            Box::new(mbox(path)?)
        };
        Ok(Reader(messages))
    }
}

impl Iterator for Reader {
    type Item = Result<Found, Failure>;
    fn next(&mut self) -> Option<Result<Found, Failure>> {
        self.0.next()
    }
}

fn emls(folder: &Path) -> Result<impl Iterator<Item = Result<Found, Failure>> + use<>, Failure> {
    let unread = failed(folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(&unread)? {
        let path = entry.map_err(&unread)?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            names.push(path);
        }
    }
    if names.is_empty() {
        let what =
            format!("{}: no .eml, no {ENVELOPES}: nothing that export writes", shown(&folder));
        return Err(Failure::new(Exit::NoInput, what));
    }
    names.sort_unstable();
    Ok(names.into_iter().map(|path| eml(&path)))
}

fn eml(path: &Path) -> Result<Found, Failure> {
    let json = path.with_extension("json");
    let file = File::open(&json).map_err(|error| {
        let hint = "the envelope stands in a .json beside the .eml, as export writes it";
        Failure::new(Exit::NoInput, format!("{}: {error}", shown(&json))).hint(Some(hint))
    })?;
    let envelope = serde_json::from_reader(file.take(ENVELOPE))
        .map_err(|fault| Failure::new(Exit::Data, format!("{}: {fault}", shown(&json))))?;
    let content = File::open(path).map_err(failed(path))?;
    is_no_longer(path, content.metadata().map_err(failed(path))?.len(), &envelope)?;
    Ok(Found { place: path.to_owned(), envelope, content: Box::new(content) })
}

/// The envelopes of a file of lines.
fn envelopes(path: &Path) -> Result<impl Iterator<Item = Result<Value, Failure>> + use<>, Failure> {
    let file = File::open(path).map_err(|error| {
        let hint = "the envelopes stand beside the mail, as export writes them";
        Failure::new(Exit::NoInput, format!("{}: {error}", shown(&path))).hint(Some(hint))
    })?;
    let (mut lines, place, mut n) = (BufReader::new(file), path.to_owned(), 0u64);
    Ok(std::iter::from_fn(move || {
        n += 1;
        let mut line = Vec::new();
        let data =
            |what: String| Failure::new(Exit::Data, format!("{}:{n}: {what}", shown(&place)));
        match (&mut lines).take(ENVELOPE).read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_slice(&line).map_err(|fault| data(fault.to_string()))),
            Err(error) => Some(Err(data(error.to_string()))),
        }
    }))
}

fn maildir(folder: &Path) -> Result<impl Iterator<Item = Result<Found, Failure>> + use<>, Failure> {
    let folder = folder.to_owned();
    let list = folder.join(ENVELOPES);
    let mut envelopes = Some(envelopes(&list)?);
    let mut listed = HashSet::new();
    Ok(std::iter::from_fn(move || match envelopes.as_mut()?.next() {
        Some(envelope) => Some(envelope.and_then(|envelope| {
            listed.insert(envelope["id"].as_str().unwrap_or_default().to_owned());
            of_maildir(&folder, envelope)
        })),
        None => {
            envelopes = None;
            first_of(&folder, &listed).map(|path| Err(unlisted(&path, &list)))
        }
    }))
}

/// The first message of a Maildir that is not among these.
fn first_of(folder: &Path, listed: &HashSet<String>) -> Option<PathBuf> {
    let files = ["new", "cur"].into_iter().flat_map(|below| fs::read_dir(folder.join(below)));
    let paths = files.flatten().flatten().map(|entry| entry.path());
    let is_listed = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A mail program adds its flags behind a colon.
        listed.contains(name.split(':').next().unwrap_or_default())
    };
    paths.filter(|path| !is_listed(path)).min()
}

fn of_maildir(folder: &Path, envelope: Value) -> Result<Found, Failure> {
    let id = envelope["id"].as_str().unwrap_or_default();
    // A name from a file must not lead out of the folder.
    if id.is_empty() || !id.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
        let what = format!("{}: saw id {id:?}, which is none", shown(&folder.join(ENVELOPES)));
        return Err(Failure::new(Exit::Data, what));
    }
    let path =
        ["new", "cur"].iter().map(|below| folder.join(below).join(id)).find(|path| path.exists());
    let path = path.unwrap_or_else(|| folder.join("new").join(id));
    let content = File::open(&path)
        .map_err(|error| Failure::new(Exit::NoInput, format!("{}: {error}", shown(&path))))?;
    is_no_longer(&path, content.metadata().map_err(failed(&path))?.len(), &envelope)?;
    Ok(Found { place: path, envelope, content: Box::new(content) })
}

fn mbox(path: &Path) -> Result<impl Iterator<Item = Result<Found, Failure>> + use<>, Failure> {
    let file = BufReader::new(File::open(path).map_err(failed(path))?);
    let mut mbox = Mbox { file, place: path.to_owned(), is_open: false };
    let mut envelopes = envelopes(&beside(path))?;
    // Its first line; from then on each message ends at the next one's.
    let mut postmark = Vec::new();
    let first = (&mut mbox.file).take(ENVELOPE).read_until(b'\n', &mut postmark);
    let _ = first.map_err(failed(path))?;
    mbox.is_open = postmark.starts_with(b"From ");
    let mut broken = !mbox.is_open;
    Ok(std::iter::from_fn(move || {
        if std::mem::take(&mut broken) {
            let what = format!("{}: does not begin with \"From \": no mbox", shown(&mbox.place));
            return Some(Err(Failure::new(Exit::Data, what)));
        }
        let Some(envelope) = envelopes.next() else {
            let more = std::mem::take(&mut mbox.is_open);
            return more.then(|| Err(unlisted(&mbox.place, &beside(&mbox.place))));
        };
        Some(match envelope {
            Ok(envelope) => mbox.found(envelope),
            // Its message is passed over with it: the next line is about the next one.
            Err(failure) => mbox.passed_over().and(Err(failure)),
        })
    }))
}

/// A file of messages, at the beginning of one or at its end.
struct Mbox {
    file: BufReader<File>,
    place: PathBuf,
    /// A postmark was read, and not yet what belongs to it.
    is_open: bool,
}

impl Mbox {
    fn passed_over(&mut self) -> Result<(), Failure> {
        let next = message_of(&mut self.file, 0).map_err(failed(&self.place.clone()))?;
        self.is_open = next.1;
        Ok(())
    }

    fn found(&mut self, envelope: Value) -> Result<Found, Failure> {
        let bad = |what: String| {
            let id = envelope["id"].as_str().unwrap_or_default();
            let what = format!("{}: {}: {what}", shown(&self.place), Escaped::text(id));
            Failure::new(Exit::Data, what)
        };
        if !self.is_open {
            return Err(bad("the file ends before this message of its list".to_owned()));
        }
        let size = envelope["size"].as_u64().unwrap_or_default();
        let (content, next) =
            message_of(&mut self.file, size).map_err(failed(&self.place.clone()))?;
        self.is_open = next;
        let content = content.ok_or_else(|| bad(longer(size)))?;
        let content = Box::new(io::Cursor::new(content));
        Ok(Found { place: self.place.clone(), envelope, content })
    }
}

/// Octets of a line that are looked at together.
const PIECE: u64 = 1 << 20;

/// A message of that size up to the next postmark, its quotes taken off; none where it is longer. And
/// whether a postmark ended it. What is too long is passed over, not held.
fn message_of(mbox: &mut BufReader<File>, size: u64) -> io::Result<(Option<Vec<u8>>, bool)> {
    let (mut content, mut is_longer, mut is_fresh) = (Vec::new(), false, true);
    let next = loop {
        let mut line = Vec::new();
        let octets = (&mut *mbox).take(PIECE).read_until(b'\n', &mut line)?;
        if octets == 0 || is_fresh && line.starts_with(b"From ") {
            break octets > 0;
        }
        let quoted = is_fresh && line.starts_with(b">") && is_quotable(&line);
        is_fresh = line.ends_with(b"\n");
        let line = &line[usize::from(quoted)..];
        let room = usize::try_from(size - content.len() as u64).unwrap_or(usize::MAX);
        let (within, behind) = line.split_at(room.min(line.len()));
        content.extend_from_slice(within);
        // Behind each message stand a line end of the file's own and an empty line.
        is_longer |= behind.iter().any(|octet| !matches!(octet, b'\n' | b'\r'));
    };
    Ok(((!is_longer).then_some(content), next))
}

fn longer(size: u64) -> String {
    format!("the content goes on behind the {size} octets that its envelope says")
}

/// A content that ends where its envelope says, as far as its length is known.
fn is_no_longer(place: &Path, octets: u64, envelope: &Value) -> Result<(), Failure> {
    match envelope["size"].as_u64() {
        Some(size) if octets > size => {
            Err(Failure::new(Exit::Data, format!("{}: {}", shown(&place), longer(size))))
        }
        _ => Ok(()),
    }
}

/// Mail of which the list says nothing.
fn unlisted(place: &Path, list: &Path) -> Failure {
    let what = format!("{}: there is mail of which {} has no line", shown(&place), shown(&list));
    let hint = "without its envelope nobody knows for whom it is; export writes both together";
    Failure::new(Exit::Data, what).hint(Some(hint))
}
