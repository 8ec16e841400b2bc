//! What a program did to its files, read off the log of `strace -f -xx -y`.
//!
//! Each system call is two steps, its beginning and its end, because several threads are at work:
//! a write that had not ended when a sync began is not covered by that sync.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The calls that the recorder asks for. Any of them that this file does not understand fails the
/// test, or a change in the program could slip past the model.
pub const CALLS: &str = "open,openat,creat,write,writev,pwrite64,pwritev,pwritev2,lseek,ftruncate,\
    truncate,fallocate,copy_file_range,sendfile,rename,renameat,renameat2,link,linkat,unlink,\
    unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,sync_file_range,dup,dup2,dup3";

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A descriptor for a path; `create` when the call would have made it, `empty` when it emptied it.
    Open { path: PathBuf, descriptor: i64, create: bool, empty: bool },
    /// Octets at the descriptor's place, which moves on.
    Append { descriptor: i64, octets: Vec<u8> },
    /// Octets at an offset.
    Write { descriptor: i64, offset: u64, octets: Vec<u8> },
    /// The descriptor's place is set.
    Seek { descriptor: i64, to: u64 },
    /// The file ends here.
    Cut { descriptor: i64, length: u64 },
    /// A directory is made.
    MakeDirectory(PathBuf),
    /// A further name for a file.
    Link { from: PathBuf, to: PathBuf },
    /// Another name for a file.
    Rename { from: PathBuf, to: PathBuf },
    /// A name goes.
    Unlink(PathBuf),
    /// All that was written before is on disk when this ends.
    Sync { descriptor: i64 },
    /// The program says something on its standard output.
    Say(String),
}

/// A moment of the record; the number is that of the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Begins(usize),
    Ends(usize),
}

/// Everything that happened, in order.
#[derive(Debug, Default)]
pub struct Record {
    pub acts: Vec<Act>,
    pub steps: Vec<Step>,
}

impl Record {
    /// Reads a log; calls on files outside of `root` are left out.
    pub fn read(log: &str, root: &Path) -> Record {
        let mut reader = Reader { root, open: HashMap::new(), record: Record::default() };
        log.lines().for_each(|line| reader.line(line));
        reader.record
    }
}

struct Reader<'a> {
    root: &'a Path,
    /// Calls that have begun and not ended, by thread: their words, and where they began.
    open: HashMap<&'a str, (String, usize)>,
    record: Record,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) {
        let Some((thread, words)) = line.split_once(char::is_whitespace) else { return };
        let words = words.trim_start();
        if words.starts_with(['+', '-']) {
            return; // a signal, or a thread's end
        }
        if let Some(begun) = words.strip_suffix(" <unfinished ...>") {
            self.open.insert(thread, (begun.to_owned(), self.record.steps.len()));
            return;
        }
        match words.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, rest)) => {
                let (begun, at) = self.open.remove(thread).expect("a call that had begun");
                self.call(&format!("{begun}{rest}"), at);
            }
            None => self.call(words, self.record.steps.len()),
        }
    }

    /// A whole call that began before the step `at` and ends now.
    fn call(&mut self, words: &str, at: usize) {
        let Some((call, result)) = words.rsplit_once(" = ") else { return };
        let (name, words) = call.trim_end().split_once('(').expect("name(words)");
        let result = result.split(['<', ' ']).next().unwrap_or_default();
        let Some(result) = result.parse::<i64>().ok().filter(|result| *result >= 0) else { return };
        let words = words.strip_suffix(')').expect("a closed list");
        let words: Vec<&str> = words.split(", ").collect();
        let call = Call { name, words, result, root: self.root };
        if let Some(act) = call.act() {
            self.insert(act, at);
        }
    }

    fn insert(&mut self, act: Act, at: usize) {
        let number = self.record.acts.len();
        self.record.acts.push(act);
        self.record.steps.insert(at, Step::Begins(number));
        // Calls that are still under way began where they did, or one further on.
        self.open.values_mut().filter(|(_, begun)| *begun > at).for_each(|(_, begun)| *begun += 1);
        self.record.steps.push(Step::Ends(number));
    }
}

struct Call<'a> {
    name: &'a str,
    words: Vec<&'a str>,
    result: i64,
    root: &'a Path,
}

impl Call<'_> {
    fn act(&self) -> Option<Act> {
        match self.name {
            "open" => self.open(self.named(0), 1),
            "openat" => self.open(self.at(0), 2),
            "write" if self.descriptor() == 1 => {
                Some(Act::Say(String::from_utf8_lossy(&unhex(self.words[1])).into_owned()))
            }
            "mkdir" => self.ours(self.named(0)).map(Act::MakeDirectory),
            "mkdirat" => self.ours(self.at(0)).map(Act::MakeDirectory),
            "unlink" => self.ours(self.named(0)).map(Act::Unlink),
            "unlinkat" => self.ours(self.at(0)).map(Act::Unlink),
            "rename" => self.pair(self.named(0), self.named(1)).map(rename),
            "renameat" | "renameat2" => self.pair(self.at(0), self.at(2)).map(rename),
            "linkat" => self.pair(self.at(0), self.at(2)).map(link),
            _ => self.ours(self.shown(0)).map(|path| self.of_descriptor(&path)),
        }
    }

    /// A call whose first word is a descriptor of a file of ours.
    fn of_descriptor(&self, path: &Path) -> Act {
        let descriptor = self.descriptor();
        match self.name {
            "write" => Act::Append { descriptor, octets: self.written() },
            "pwrite64" => Act::Write { descriptor, offset: self.number(3), octets: self.written() },
            "lseek" => Act::Seek { descriptor, to: self.result.cast_unsigned() },
            "ftruncate" => Act::Cut { descriptor, length: self.number(1) },
            "fsync" | "fdatasync" => Act::Sync { descriptor },
            // Room and no content, in a file that is new: nobody will miss its zeros.
            "fallocate" if path.ends_with("spare") => Act::Cut { descriptor, length: 0 },
            other => panic!("{other} on {} is not understood", path.display()),
        }
    }

    fn open(&self, path: PathBuf, flags: usize) -> Option<Act> {
        let path = self.ours(path)?;
        let flag = |flag| self.words[flags].split('|').any(|one| one == flag);
        let (create, empty) = (flag("O_CREAT"), flag("O_TRUNC"));
        Some(Act::Open { path, descriptor: self.result, create, empty })
    }

    /// As much as the call has taken.
    fn written(&self) -> Vec<u8> {
        let mut octets = unhex(self.words[1]);
        octets.truncate(self.result as usize);
        assert_eq!(octets.len(), self.result as usize, "the log has cut a write short");
        octets
    }

    fn descriptor(&self) -> i64 {
        let word = self.words[0].split('<').next().unwrap_or_default();
        word.parse().unwrap_or(-1)
    }

    fn number(&self, word: usize) -> u64 {
        self.words[word].parse().expect("a number")
    }

    /// The path in quotes.
    fn named(&self, word: usize) -> PathBuf {
        String::from_utf8_lossy(&unhex(self.words[word])).into_owned().into()
    }

    /// The path behind a descriptor.
    fn shown(&self, word: usize) -> PathBuf {
        let shown = self.words[word].split_once('<').map_or("", |(_, path)| path);
        String::from_utf8_lossy(&unhex(shown)).into_owned().into()
    }

    /// A path in quotes that begins at a descriptor.
    fn at(&self, word: usize) -> PathBuf {
        let path = self.shown(word).join(self.named(word + 1));
        path.components().filter(|part| part.as_os_str() != ".").collect()
    }

    fn ours(&self, path: PathBuf) -> Option<PathBuf> {
        path.starts_with(self.root).then_some(path)
    }

    fn pair(&self, from: PathBuf, to: PathBuf) -> Option<(PathBuf, PathBuf)> {
        Some((self.ours(from)?, self.ours(to)?))
    }
}

fn rename((from, to): (PathBuf, PathBuf)) -> Act {
    Act::Rename { from, to }
}

fn link((from, to): (PathBuf, PathBuf)) -> Act {
    Act::Link { from, to }
}

/// The octets of `"\x61\x62"`, up to the closing sign.
fn unhex(word: &str) -> Vec<u8> {
    let digits = word.trim_start_matches('"').as_bytes();
    let pairs = digits.chunks_exact(4).take_while(|chunk| chunk.starts_with(br"\x"));
    pairs.map(|chunk| nibble(chunk[2]) << 4 | nibble(chunk[3])).collect()
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    }
}

#[test]
fn calls_that_overlap_are_two_steps_each() {
    let log = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x72\\x2f\\x61\", O_RDWR|O_CREAT, 0600) = 3<\\x2f\\x72\\x2f\\x61>\n\
               7 pwrite64(3<\\x2f\\x72\\x2f\\x61>, \"\\x68\\x69\", 2, 9 <unfinished ...>\n\
               8 fdatasync(3<\\x2f\\x72\\x2f\\x61>) = 0\n\
               7 <... pwrite64 resumed>) = 2\n\
               8 pwrite64(4<\\x2f\\x78>, \"\\x68\", 1, 0) = 1\n\
               8 write(1<pipe:[5]>, \"\\x6f\\x6b\\x0a\", 3) = 3\n";
    let record = Record::read(log, Path::new("/r"));
    let open = Act::Open { path: "/r/a".into(), descriptor: 3, create: true, empty: false };
    let write = Act::Write { descriptor: 3, offset: 9, octets: b"hi".to_vec() };
    let (sync, say) = (Act::Sync { descriptor: 3 }, Act::Say("ok\n".into()));
    assert_eq!(record.acts, [open, sync, write, say]);
    use Step::{Begins, Ends};
    assert_eq!(
        record.steps,
        [Begins(0), Ends(0), Begins(2), Begins(1), Ends(1), Ends(2), Begins(3), Ends(3)]
    );
}
