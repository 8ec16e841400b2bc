//! A disk that keeps what was synced and, of the rest, whatever it likes.
//!
//! Pessimistic on purpose: a sync of a file says nothing of its name, a sync of a directory nothing
//! of what is in its files; writes that were not synced survive in any selection, sector by sector,
//! and so do names. Only one name's own changes keep their order, and a rename is one thing.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::dice::Dice;
use super::record::{Act, Record, Step};

/// What a disk writes in one piece.
const SECTOR: usize = 512;

type Number = usize;

/// A change that is not yet safe.
#[derive(Clone, Debug)]
struct Pending<T> {
    act: usize,
    done: bool,
    change: T,
}

#[derive(Clone, Debug)]
enum Edit {
    Write { offset: usize, octets: Vec<u8> },
    Cut(usize),
}

#[derive(Clone, Debug)]
enum Rename {
    Add(String, Number),
    Remove(String),
    Move(String, String),
}

#[derive(Clone, Debug)]
enum Node {
    File { safe: Vec<u8>, pending: Vec<Pending<Edit>> },
    Directory { safe: BTreeMap<String, Number>, pending: Vec<Pending<Rename>> },
}

/// Which syncs are believed: a test of the test takes some of them away.
pub type Honest = fn(&Path) -> bool;

pub struct Disk<'a> {
    record: &'a Record,
    honest: Honest,
    nodes: Vec<Node>,
    /// What the program sees.
    names: HashMap<PathBuf, Number>,
    descriptors: HashMap<i64, (PathBuf, Number, u64)>,
    /// What a sync that has begun will make safe.
    covered: HashMap<usize, (Number, Vec<usize>)>,
    /// What the program has said.
    pub said: Vec<String>,
}

impl<'a> Disk<'a> {
    /// A disk on which only `root` exists, empty.
    pub fn new(record: &'a Record, root: &Path, honest: Honest) -> Disk<'a> {
        let directory = Node::Directory { safe: BTreeMap::new(), pending: Vec::new() };
        Disk {
            record,
            honest,
            nodes: vec![directory],
            names: HashMap::from([(root.to_owned(), 0)]),
            descriptors: HashMap::new(),
            covered: HashMap::new(),
            said: Vec::new(),
        }
    }

    /// Lets one more step happen.
    pub fn step(&mut self, step: Step) {
        let record = self.record;
        match step {
            Step::Begins(act) => self.begin(act, &record.acts[act]),
            Step::Ends(act) => self.end(act, &record.acts[act]),
        }
    }

    fn begin(&mut self, act: usize, what: &Act) {
        match what {
            Act::Write { descriptor, offset, octets } => {
                let edit = Edit::Write { offset: *offset as usize, octets: octets.clone() };
                self.edit(act, *descriptor, edit);
            }
            Act::Append { descriptor, octets } => {
                let offset = self.place(*descriptor, |at| at + octets.len() as u64);
                let edit = Edit::Write { offset: offset as usize, octets: octets.clone() };
                self.edit(act, *descriptor, edit);
            }
            Act::Cut { descriptor, length } => {
                self.edit(act, *descriptor, Edit::Cut(*length as usize));
            }
            Act::Sync { descriptor } => self.begin_sync(act, *descriptor),
            // Another task can find the folder there, open and sync it before
            // the call that made it has returned.
            Act::MakeDirectory(path) => {
                let node = Node::Directory { safe: BTreeMap::new(), pending: Vec::new() };
                self.make(act, path, node);
            }
            Act::Say(words) => self.said.extend(words.lines().map(str::to_owned)),
            _ => {}
        }
    }

    fn end(&mut self, act: usize, what: &Act) {
        match what {
            Act::Open { path, descriptor, create, empty } => {
                self.open(act, path, *descriptor, *create, *empty);
            }
            Act::Seek { descriptor, to } => drop(self.place(*descriptor, |_| *to)),
            Act::Write { descriptor, .. }
            | Act::Append { descriptor, .. }
            | Act::Cut { descriptor, .. } => self.done(act, *descriptor),
            Act::Link { from, to } => self.name(act, to, self.names[from]),
            Act::Rename { from, to } => self.rename(act, from, to),
            Act::Unlink(path) => {
                self.names.remove(path);
                self.change(act, path, Rename::Remove);
            }
            Act::Sync { .. } => self.end_sync(act),
            Act::MakeDirectory(_) | Act::Say(_) => {}
        }
    }

    fn open(&mut self, act: usize, path: &Path, descriptor: i64, create: bool, empty: bool) {
        if create && !self.names.contains_key(path) {
            self.make(act, path, Node::File { safe: Vec::new(), pending: Vec::new() });
        }
        let known = self.names.get(path).copied();
        let number = known.unwrap_or_else(|| panic!("{} came from nowhere", path.display()));
        self.descriptors.insert(descriptor, (path.to_owned(), number, 0));
        if empty {
            self.edit(act, descriptor, Edit::Cut(0));
            self.done(act, descriptor);
        }
    }

    /// Where a descriptor stands, before it is moved.
    fn place(&mut self, descriptor: i64, to: impl FnOnce(u64) -> u64) -> u64 {
        let (_, _, at) = self.descriptors.get_mut(&descriptor).expect("an open descriptor");
        let before = *at;
        *at = to(before);
        before
    }

    fn edit(&mut self, act: usize, descriptor: i64, change: Edit) {
        let number = self.descriptors[&descriptor].1;
        let Node::File { pending, .. } = &mut self.nodes[number] else { panic!("no file") };
        pending.push(Pending { act, done: false, change });
    }

    fn done(&mut self, act: usize, descriptor: i64) {
        let number = self.descriptors[&descriptor].1;
        let Node::File { pending, .. } = &mut self.nodes[number] else { panic!("no file") };
        let edits = pending.iter_mut().filter(|pending| pending.act == act);
        edits.for_each(|pending| pending.done = true);
    }

    fn make(&mut self, act: usize, path: &Path, node: Node) {
        self.nodes.push(node);
        self.name(act, path, self.nodes.len() - 1);
    }

    fn name(&mut self, act: usize, path: &Path, number: Number) {
        self.names.insert(path.to_owned(), number);
        self.change(act, path, |name| Rename::Add(name, number));
    }

    fn rename(&mut self, act: usize, from: &Path, to: &Path) {
        assert_eq!(from.parent(), to.parent(), "between directories");
        let number = self.names.remove(from).expect("a known file");
        self.names.insert(to.to_owned(), number);
        self.change(act, to, |to| Rename::Move(last(from), to));
    }

    fn change(&mut self, act: usize, path: &Path, change: impl FnOnce(String) -> Rename) {
        let parent = self.names[path.parent().expect("a directory")];
        let Node::Directory { pending, .. } = &mut self.nodes[parent] else { panic!("no folder") };
        pending.push(Pending { act, done: true, change: change(last(path)) });
    }

    fn begin_sync(&mut self, act: usize, descriptor: i64) {
        let (path, number, _) = &self.descriptors[&descriptor];
        let done: Vec<usize> = match &self.nodes[*number] {
            _ if !(self.honest)(path) => Vec::new(),
            Node::File { pending, .. } => acts(pending),
            Node::Directory { pending, .. } => acts(pending),
        };
        self.covered.insert(act, (*number, done));
    }

    fn end_sync(&mut self, act: usize) {
        let (number, covered) = self.covered.remove(&act).expect("a sync that had begun");
        match &mut self.nodes[number] {
            Node::File { safe, pending } => {
                settle(pending, &covered).for_each(|edit| apply(safe, &edit));
            }
            Node::Directory { safe, pending } => {
                settle(pending, &covered).for_each(|change| rearrange(safe, &change));
            }
        }
    }

    /// Writes to `folder` what might be found when the power comes back.
    pub fn image(&self, folder: &Path, dice: &mut Dice) {
        self.lay_out(0, folder, dice);
    }

    fn lay_out(&self, number: Number, path: &Path, dice: &mut Dice) {
        match &self.nodes[number] {
            Node::File { safe, pending } => {
                let octets = match path.to_string_lossy().ends_with("-shm") {
                    // Written through a mapping, which no record shows, and never needed again.
                    true => (0..32_768).map(|_| dice.roll(256) as u8).collect(),
                    false => some(safe, pending, dice),
                };
                fs::write(path, octets).expect("a file");
            }
            Node::Directory { safe, pending } => {
                fs::create_dir_all(path).expect("a folder");
                for (name, number) in some_names(safe, pending, dice) {
                    self.lay_out(number, &path.join(name), dice);
                }
            }
        }
    }
}

fn last(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

fn acts<T>(pending: &[Pending<T>]) -> Vec<usize> {
    let mut acts: Vec<usize> =
        pending.iter().filter(|pending| pending.done).map(|pending| pending.act).collect();
    acts.sort_unstable();
    acts
}

fn settle<T>(pending: &mut Vec<Pending<T>>, covered: &[usize]) -> impl Iterator<Item = T> + use<T> {
    let safe = pending.extract_if(.., |pending| covered.binary_search(&pending.act).is_ok());
    safe.map(|pending| pending.change).collect::<Vec<_>>().into_iter()
}

fn apply(file: &mut Vec<u8>, edit: &Edit) {
    match edit {
        Edit::Cut(length) => file.resize(*length, 0),
        Edit::Write { offset, octets } => put(file, *offset, octets),
    }
}

fn put(file: &mut Vec<u8>, offset: usize, octets: &[u8]) {
    let end = offset + octets.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(octets);
}

fn rearrange(names: &mut BTreeMap<String, Number>, change: &Rename) {
    match change {
        Rename::Add(name, number) => drop(names.insert(name.clone(), *number)),
        Rename::Remove(name) => drop(names.remove(name)),
        Rename::Move(from, to) => {
            if let Some(number) = names.remove(from) {
                names.insert(to.clone(), number);
            }
        }
    }
}

/// How much of what was not synced survives.
enum Mood {
    Nothing,
    Everything,
    /// The first so many changes.
    First(usize),
    Some,
}

impl Mood {
    fn of(dice: &mut Dice, changes: usize) -> Mood {
        match dice.roll(5) {
            0 => Mood::Nothing,
            1 => Mood::Everything,
            2 => Mood::First(dice.roll(changes as u64 + 1) as usize),
            _ => Mood::Some,
        }
    }

    fn keeps(&self, n: usize, dice: &mut Dice) -> bool {
        match self {
            Mood::Nothing => false,
            Mood::Everything => true,
            Mood::First(most) => n < *most,
            Mood::Some => dice.roll(2) == 0,
        }
    }
}

fn some(safe: &[u8], pending: &[Pending<Edit>], dice: &mut Dice) -> Vec<u8> {
    let mut file = safe.to_vec();
    let mood = Mood::of(dice, pending.len());
    for (n, edit) in pending.iter().enumerate() {
        if mood.keeps(n, dice) {
            match &edit.change {
                Edit::Write { offset, octets } if dice.roll(4) == 0 => {
                    tear(&mut file, *offset, octets, dice);
                }
                whole => apply(&mut file, whole),
            }
        }
    }
    file
}

/// Some sectors of a write reach the disk, others do not.
fn tear(file: &mut Vec<u8>, offset: usize, octets: &[u8], dice: &mut Dice) {
    let mut from = 0;
    while from < octets.len() {
        let to = octets.len().min(from + SECTOR - (offset + from) % SECTOR);
        if dice.roll(2) == 0 {
            put(file, offset + from, &octets[from..to]);
        }
        from = to;
    }
}

fn some_names(
    safe: &BTreeMap<String, Number>,
    pending: &[Pending<Rename>],
    dice: &mut Dice,
) -> BTreeMap<String, Number> {
    let mut names = safe.clone();
    let mood = Mood::of(dice, pending.len());
    for (n, change) in pending.iter().enumerate() {
        if mood.keeps(n, dice) {
            rearrange(&mut names, &change.change);
        }
    }
    names
}

#[test]
fn a_folder_is_there_before_the_call_that_made_it_returns() {
    let log = "7 mkdir(\"\\x2f\\x72\\x2f\\x61\", 0700 <unfinished ...>\n\
               8 mkdir(\"\\x2f\\x72\\x2f\\x61\", 0700) = -1 EEXIST (File exists)\n\
               8 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x72\\x2f\\x61\", O_RDONLY) = 3<\\x2f\\x72\\x2f\\x61>\n\
               7 <... mkdir resumed>) = 0\n";
    let record = Record::read(log, Path::new("/r"));
    let mut disk = Disk::new(&record, Path::new("/r"), |_| true);
    record.steps.iter().for_each(|step| disk.step(*step));
    assert!(disk.descriptors.contains_key(&3));
}
